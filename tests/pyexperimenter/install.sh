#!/usr/bin/env bash
# PyExperimenter in a virtual environment of its own, for the tests that share tables with it.
#
#   tests/pyexperimenter/install.sh DESTINATION
#
# A destination that has it already is left alone, in a few milliseconds; one that is older or unfinished is made anew.
# It needs Python 3.10 or later with `venv`, and the network for some 45 MB of wheels, which become some 200 MB.
set -euo pipefail
exec </dev/null

headline() {
    printf '\n==> %s\n' "$*"
}

stop() {
    printf 'error: %s\n' "$1" >&2
    shift
    for line in "$@"; do printf '%s\n' "$line" >&2; done
    exit 1
}

if [ $# -ne 1 ] || [ -z "$1" ]; then
    echo "usage: tests/pyexperimenter/install.sh DESTINATION" >&2
    exit 2
fi
here=${BASH_SOURCE[0]%/*}
if [ "$here" = "${BASH_SOURCE[0]}" ]; then here=.; fi
requirements=$here/requirements.txt
# An absolute path, so that no command takes it for an option.
case $1 in
    /*) destination=${1%/} ;;
    *) destination=$PWD/${1%/} ;;
esac
python=$destination/bin/python
# Made empty at the start: the folder is ours. Filled at the end: the folder is complete.
stamp=$destination/requirements.txt

is_installed() {
    cmp -s -- "$requirements" "$stamp" && [ -x "$python" ]
}

check_python() {
    local help="help: \`tests/run.sh\` installs Python, or says how"
    command -v python3 >/dev/null 2>&1 || stop "\`python3\` is not installed" "$help"
    python3 -I -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
        stop "PyExperimenter needs Python 3.10 or later, and \`python3\` is $(python3 --version 2>&1)" \
            "help: put a later \`python3\` first in the PATH"
    python3 -I -c 'import ensurepip, venv' 2>/dev/null ||
        stop "\`python3\` lacks its modules venv and ensurepip" "$help"
}

# Removes what an earlier attempt left, but nothing else.
clear_destination() {
    if [ ! -e "$destination" ] || rmdir "$destination" 2>/dev/null; then return; fi
    [ -e "$stamp" ] || stop "$destination is there, and was not made by this script" "help: remove it, or name another"
    rm -rf "$destination"
}

install() {
    local output
    python3 -I -m venv "$destination" || stop "no virtual environment could be made in $destination"
    # The isolated mode and `--no-user` keep out what the user has set up for programs of their own.
    output=$("$python" -I -m pip --disable-pip-version-check install --no-user --no-deps --no-compile \
        --only-binary=:all: -r "$requirements" 2>&1) && return
    printf '%s\n' "$output" >&2
    case $output in
        *'Retrying ('* | *'Could not fetch URL'* | *'HTTP error'*)
            stop "pip cannot reach its package index" \
                "help: connect this machine to the network, or name a mirror in PIP_INDEX_URL, and repeat" ;;
        *'from versions: none'*)
            stop "pip finds no package index, or one without wheels for this machine" \
                "note: $("$python" --version) on $(uname -sm); there are wheels for Python 3.10 to 3.14 on Linux" ;;
        *) stop "pip could not install PyExperimenter, see above" ;;
    esac
}

if is_installed; then exit 0; fi
check_python
mkdir -p "${destination%/*}"
# Held until this process ends, however it does. Python takes it, since not every system has a command for that.
exec 9>>"$destination.lock"
python3 -I -c 'import fcntl; fcntl.flock(9, fcntl.LOCK_EX)' || stop "$destination.lock cannot be locked"
if is_installed; then exit 0; fi

clear_destination
headline "install PyExperimenter"
mkdir "$destination"
: >"$stamp"
install
# It must work, and writes the byte code of all that it imports, where Python may not be allowed to do so later.
"$python" -I -c 'import py_experimenter.experimenter' ||
    stop "PyExperimenter is installed but cannot be imported, see above"
cp "$requirements" "$stamp"
