#!/bin/sh
# Make the project's virtual environment: tools/venv.sh PYTHON FOLDER CONSTRAINTS
# CONSTRAINTS is a file of pinned versions, or empty: then everything is the newest that pyproject.toml allows.
set -eu
python=$1 venv=$2 constraints=$3
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
    echo "infra-secrets needs Python 3.11 or later as '$python'. Name another one: make PYTHON=python3.12 ..." >&2
    exit 1
}
echo "Installing Pulumi, three provider SDKs and the test tools into $venv (about 700 MB, one to three minutes, once)."
"$python" -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check ${constraints:+--constraint "$constraints"} --editable '.[dev]'
