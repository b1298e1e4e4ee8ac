#!/bin/sh
# Makes or refreshes the virtual environment: exact versions with hashes, then the project itself.
# usage: deploy/venv.sh PYTHON VENV REQUIREMENTS
set -eu
python=$1 venv=$2 requirements=$3

if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
    found=$("$python" --version 2>&1 || echo "no $python")
    echo "yueqingling needs Python 3.11 or newer; found: $found." >&2
    echo "Install it (Debian: apt-get install python3.11 python3.11-venv) or name it: make PYTHON=/path/to/python3.11" >&2
    exit 1
fi
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    if [ "$(id -u)" = 0 ] && [ -f /etc/debian_version ]; then
        apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null
    else
        echo "The Python module venv is missing. Install it: apt-get install python3-venv" >&2
        exit 1
    fi
fi
echo "Setting up $venv from $requirements (the first time takes a minute or two) …"
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$requirements"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
