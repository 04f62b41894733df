#!/bin/sh
# Take the definition of ExternalSecret out of External Secrets Operator's Go module: tools/definitions.sh VERSION FOLDER
# It is the operator's and not carried here. Without Go, or without the module, what needs it is skipped and says so.
set -eu
version=$1 folder=$2
name=external-secrets.io_externalsecrets.yaml
if [ -f "$folder/$name" ]; then
    exit 0
fi
mkdir -p "$folder"
if ! command -v go >/dev/null 2>&1; then
    echo "Go is not on PATH: manifests of ExternalSecret are not compared with their definition (https://go.dev/dl/)." >&2
    exit 0
fi
module=github.com/external-secrets/external-secrets
# Outside of any module, so that this project's own go.mod files stay as they are.
found=$(cd "$folder" && GOFLAGS=-mod=mod GO111MODULE=on go mod download -json "$module@$version" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
if [ ! -f "$found/config/crds/bases/$name" ]; then
    echo "$module $version could not be had: manifests of ExternalSecret are not compared with their definition." >&2
    exit 0
fi
cp "$found/config/crds/bases/$name" "$folder/$name.new"
chmod u+w "$folder/$name.new"
mv "$folder/$name.new" "$folder/$name"
