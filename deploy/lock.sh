#!/bin/sh
# Writes requirements.txt and requirements-dev.txt: exact versions with hashes, no index address.
# usage: deploy/lock.sh BIN (the folder of an environment; pip-tools is added to a throw-away one)
set -eu
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
"$1/python" -m venv "$tools"
"$tools/bin/python" -m pip install --quiet --disable-pip-version-check pip-tools
compile() {
    CUSTOM_COMPILE_COMMAND="make lock" "$tools/bin/pip-compile" --quiet --strip-extras --allow-unsafe \
        --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
        --no-emit-options --all-build-deps "$@" pyproject.toml
}
compile --output-file requirements.txt
compile --extra dev --output-file requirements-dev.txt
