#!/usr/bin/env bash
# Runs once, when Gradescope builds the image. It needs Python 3.11 or newer and NumPy, no more:
# the newest Python that is there is taken, and NumPy comes from pip into an environment of its
# own. Images with Ubuntu 24.04 or Debian 12 have such a Python. Ubuntu 22.04 has 3.10, and there
# 3.11 is installed from Ubuntu's own packages.
set -euo pipefail

ROOT="${AUTOGRADER_ROOT:-/autograder}"
export DEBIAN_FRONTEND=noninteractive

find_python() {
    local name
    for name in python3.14 python3.13 python3.12 python3.11 python3; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$name"
            return
        fi
    done
    return 1
}

install() {
    apt-get update -q && apt-get install -y -q --no-install-recommends "$@"
}

PYTHON="$(find_python)" || {
    install python3.11 python3.11-venv && PYTHON="$(find_python)"
} || {
    echo "This image has no Python 3.11 or newer, and its packages offer none: choose Ubuntu 24.04" >&2
    echo "as the base image in the assignment's autograder settings, and upload again." >&2
    exit 1
}
VERSION="$("$PYTHON" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')"
"$PYTHON" -m venv "$ROOT/venv" || { install "$VERSION-venv" && "$PYTHON" -m venv "$ROOT/venv"; }
"$ROOT/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    -r "$ROOT/source/requirements.txt"

# The engine is compiled here, once: what grades a submission writes nothing beside it.
"$ROOT/venv/bin/python" -m compileall -q "$ROOT/source/autograder"

# The solution, the hidden checks and the secret: for the grader alone.
chmod -R go-rwx "$ROOT/source"
"$ROOT/venv/bin/python" --version
