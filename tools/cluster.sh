#!/bin/sh
# Make sure that there are kube-apiserver and etcd: tools/cluster.sh VERSION FOLDER
# kube-apiserver is built once from the module in cluster/; an etcd on PATH is used as it is, else Debian's is unpacked.
set -eu
version=$1 folder=$2
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
cd "$(dirname "$0")/cluster"

# Reads package lists of its own: that needs no root and leaves the machine's as they are.
apt_in() {
    place=$1
    shift
    mkdir -p "$place/lists/partial" "$place/cache/archives/partial"
    apt-get -qq -o "Dir::State::Lists=$place/lists" -o "Dir::Cache=$place/cache" \
        -o "APT::Sandbox::User=$(id -un)" "$@"
}

fetch_etcd() {
    cd "$1"
    apt-get -qq download etcd-server 2>/dev/null \
        || { apt_in "$1" update && apt_in "$1" download etcd-server; } || return 1
    dpkg-deb -x etcd-server_*.deb unpacked
    mv unpacked/usr/bin/etcd ../etcd
}

if ! command -v etcd >/dev/null 2>&1 && [ ! -x "$folder/etcd" ]; then
    if command -v apt-get >/dev/null 2>&1 && command -v dpkg-deb >/dev/null 2>&1; then
        echo "No etcd on PATH: unpacking the Debian package etcd-server (8 MB) into $folder, without installing it."
        rm -rf "$folder/package"
        (mkdir "$folder/package" && fetch_etcd "$folder/package") || true
        rm -rf "$folder/package"
    fi
    if [ ! -x "$folder/etcd" ]; then
        echo "etcd is not on PATH and could not be had from the package etcd-server: install etcd 3.4 or later (https://etcd.io/docs/latest/install/)." >&2
        exit 1
    fi
fi

if [ -x "$folder/kube-apiserver" ]; then
    exit 0
fi
if ! command -v go >/dev/null 2>&1; then
    echo "Go is not on PATH: install Go 1.26 or later (https://go.dev/dl/); kube-apiserver $version is built with it." >&2
    exit 1
fi
echo "Building kube-apiserver $version from its Go module into $folder. This takes about 5 minutes on two cores"
echo "and 2.5 GB of downloads and build cache the first time, and half a minute when Go's cache has it."
stamp=k8s.io/component-base/version
rest=${version#v}
minor=${rest#*.}
# Built under another name and moved, so that an interrupted build leaves nothing half-made.
go build -trimpath \
    -ldflags "-w -s -X $stamp.gitVersion=$version -X $stamp.gitMajor=${rest%%.*} -X $stamp.gitMinor=${minor%%.*}" \
    -o "$folder/kube-apiserver.new" k8s.io/kubernetes/cmd/kube-apiserver
mv "$folder/kube-apiserver.new" "$folder/kube-apiserver"
"$folder/kube-apiserver" --version >/dev/null
echo "Built $folder/kube-apiserver."
