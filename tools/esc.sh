#!/bin/sh
# Make sure that there is Pulumi's own evaluator of environments, for the tests of the fake: tools/esc.sh VERSION FOLDER
set -eu
version=$1 folder=$2
if ! command -v go >/dev/null 2>&1; then
    echo "go is not on PATH: install Go 1.25 or later (https://go.dev/dl/)." >&2
    exit 1
fi
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
cd "$(dirname "$0")"
if [ ! -x "$folder/esc" ] || [ esc/main.go -nt "$folder/esc" ]; then
    echo "Building Pulumi's evaluator of environments ($version) into $folder. This takes about a minute on two cores"
    echo "when Go's cache has the engine, 5 when it has not."
    # The engine's own flags, so that Go's cache serves both. Built under another name and moved, so that an
    # interrupted build leaves nothing half-made.
    go build -tags osusergo,grpcnotrace -trimpath -ldflags "-w -s" -o "$folder/esc.new" ./esc
    mv "$folder/esc.new" "$folder/esc"
fi
