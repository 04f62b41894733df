#!/bin/sh
# Make sure that there is what programs in other languages are tested with: tools/languages.sh VERSION FOLDER
# Pulumi's own generators of SDKs and its YAML host are built once with Go; npm brings Pulumi's SDK and the TypeScript
# compiler. The hosts of TypeScript and Go are not on the module proxy: tests/languages/host.py stands in for them.
set -eu
version=$1 folder=$2
for tool in go node npm; do
    if ! command -v $tool >/dev/null 2>&1; then
        echo "$tool is not on PATH: install Go 1.25 or later (https://go.dev/dl/) and Node.js 20 or later (https://nodejs.org/)." >&2
        exit 1
    fi
done
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
cd "$(dirname "$0")"

# The engine's own flags, so that Go's cache serves both. Built under another name and moved, so that an interrupted
# build leaves nothing half-made.
build() {
    go build -tags osusergo,grpcnotrace -trimpath -ldflags "-w -s" -o "$folder/$1.new" "$2"
    mv "$folder/$1.new" "$folder/$1"
}

if [ ! -x "$folder/pulumi-language-yaml" ] || [ ! -x "$folder/sdks" ] || [ sdks/main.go -nt "$folder/sdks" ]; then
    echo "Building Pulumi's generators of SDKs ($version) and its YAML host into $folder. This takes about 4 minutes on"
    echo "two cores when Go's cache has the engine, 8 when it has not, and half a minute when it has all of it."
    build sdks ./sdks
    (cd yaml && build pulumi-language-yaml github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml)
fi
if ! cmp -s languages/package.json "$folder/package.json"; then
    echo "Installing Pulumi's SDK for TypeScript and the compiler into $folder (155 MB, half a minute)."
    cp languages/package.json "$folder/package.json.new"
    rm -rf "$folder/node_modules"
    (cd "$folder" && mv package.json.new package.json && npm install --silent --no-audit --no-fund --no-package-lock) \
        || { rm -f "$folder/package.json"; exit 1; }
fi
