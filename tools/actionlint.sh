#!/bin/sh
# Make sure that there is actionlint: tools/actionlint.sh VERSION FOLDER
# Built once from the module in actionlint/: its package on PyPI would download a binary from elsewhere.
set -eu
version=$1 folder=$2
if [ -x "$folder/actionlint" ]; then
    exit 0
fi
if ! command -v go >/dev/null 2>&1; then
    echo "Go is not on PATH: install Go 1.25 or later (https://go.dev/dl/); actionlint $version, which checks the workflows, is built with it." >&2
    exit 1
fi
echo "Building actionlint $version from its Go module into $folder (half a minute, once)."
mkdir -p "$folder"
output=$(cd "$folder" && pwd)/actionlint
cd "$(dirname "$0")/actionlint"
# Built under another name and moved, so that an interrupted build leaves nothing half-made.
go build -trimpath -ldflags "-w -s -X github.com/rhysd/actionlint.version=$version" -o "$output.new" github.com/rhysd/actionlint/cmd/actionlint
mv "$output.new" "$output"
