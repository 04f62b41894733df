#!/bin/sh
# Make sure that there is a Pulumi engine: tools/engine.sh VERSION FOLDER
# One on PATH is used as it is; otherwise the module in this folder is built with Go, once.
set -eu
version=$1 folder=$2
package=github.com/pulumi/pulumi/pkg/v3/cmd/pulumi

found=$(command -v pulumi || true)
if [ -n "$found" ] && pulumi version >/dev/null 2>&1; then
    exit 0
fi
if ! command -v go >/dev/null 2>&1; then
    echo "Neither pulumi nor go is on PATH: install Pulumi (https://www.pulumi.com/docs/install/), or Go 1.25 or later (https://go.dev/dl/) and let this build Pulumi $version." >&2
    exit 1
fi
echo "No pulumi on PATH: building Pulumi $version from its Go module into $folder. This takes about 7 minutes on two"
echo "cores and 1.5 GB of downloads and build cache the first time, and half a minute when Go's cache has it."
mkdir -p "$folder"
output=$(cd "$folder" && pwd)/pulumi
cd "$(dirname "$0")"
# Built under another name and moved, so that an interrupted build leaves nothing half-made.
go build -tags osusergo,grpcnotrace -trimpath \
    -ldflags "-w -s -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=$version" \
    -o "$output.new" "$package"
mv "$output.new" "$output"
"$output" version >/dev/null
echo "Built $folder/pulumi."
