#!/bin/sh
# Install the wheel in an environment of its own, and run there, in a copy of tests/consumer, what a user would:
#   tools/consumer.sh PYTHON FOLDER [arguments of pytest]
# With arguments only those tests run; without, the type checkers too. WHEEL names a wheel that is there; else it is built.
set -eu
python=$1 folder=$2
shift 2
unset PYTHONPATH
wheel=${WHEEL:-}
if [ -n "$wheel" ] && [ ! -f "$wheel" ]; then
    echo "There is no wheel '$wheel': name one file, as in make test-consumer WHEEL=dist/infra_secrets-1.2.3-py3-none-any.whl." >&2
    exit 1
fi
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
bin=$folder/venv/bin

if [ ! -x "$bin/python" ]; then
    echo "Installing the wheel with all its extras, pytest, mypy and pyright into $folder/venv (about 1 GB, one to three minutes, once)."
    "$python" -m venv "$folder/venv"
fi
PIP_CONSTRAINT=$(pwd)/tools/constraints.txt
export PIP_CONSTRAINT PIP_DISABLE_PIP_VERSION_CHECK=1
if [ -z "$wheel" ]; then
    rm -rf "$folder/dist"
    "$bin/python" -m pip wheel --quiet --no-deps --wheel-dir "$folder/dist" .
    wheel=$(ls "$folder"/dist/*.whl)
fi
# Twice: pip takes a wheel of the same version for the one that is installed.
"$bin/python" -m pip install --quiet "$wheel[aws,gcp,azure,kubernetes,cli,runtime]" pytest mypy 'pyright[nodejs]'
"$bin/python" -m pip install --quiet --force-reinstall --no-deps "$wheel"

# As an activated environment: its commands come first.
PATH=$bin:$PATH
export PATH
rm -rf "$folder/project"
cp -R tests/consumer "$folder/project"
cd "$folder/project"
python -m pytest "$@"
[ $# -eq 0 ] || exit 0
mypy
pyright
