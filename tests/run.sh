#!/usr/bin/env bash
# The one test command.
#
#   tests/run.sh                                          everything: formatting, lints, docs, all tests
#   tests/run.sh -p experimenter-tests --test workflow    only these tests; the arguments go to `cargo test`
#
# It needs Rust (with rustfmt and clippy), a C compiler, MariaDB, OpenSSL, and Python 3.10 or later. On Debian and its
# like it installs all but Rust when they are missing, as root or through a sudo that asks no password; elsewhere it says
# what to install. PyExperimenter comes from the Python package index, into a virtual environment in the target folder.
# The tests start private servers in temporary folders: a MariaDB that runs on this machine is neither needed nor touched.
# A MySQL and a Slurm of our own come last, where Debian's packages of them can be had.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
exec </dev/null
# Where servers are, and Rust, when the PATH of a bare shell lacks them.
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin:/opt/homebrew/bin:${CARGO_HOME:-${HOME:-/root}/.cargo}/bin"
export PATH
SECONDS=0

headline() {
    printf '\n==> %s\n' "$*"
}

stop() {
    printf 'error: %s\n' "$1" >&2
    shift
    for line in "$@"; do printf '%s\n' "$line" >&2; done
    exit 1
}

has() {
    command -v "$1" >/dev/null 2>&1
}

# How to install MariaDB, a C compiler, OpenSSL and Python on this kind of machine.
installation() {
    if has apt-get; then
        echo "apt-get install $*"
    elif has dnf; then
        echo "dnf install mariadb-server mariadb gcc openssl python3"
    elif has zypper; then
        echo "zypper install mariadb mariadb-client gcc openssl python3"
    elif has pacman; then
        echo "pacman -S mariadb gcc openssl python"
    elif has apk; then
        echo "apk add mariadb mariadb-client gcc musl-dev openssl python3"
    elif has brew; then
        echo "brew install mariadb python (and xcode-select --install for a C compiler)"
    else
        echo "the MariaDB server with its client, a C compiler, OpenSSL, and Python with venv, from your distribution"
    fi
}

is_mariadb() {
    has mariadbd || { has mysqld && mysqld --no-defaults --version 2>/dev/null | grep -q MariaDB; }
}

makes_venvs() {
    has python3 && python3 -I -c 'import ensurepip, venv' 2>/dev/null
}

install_missing() {
    local missing=()
    if ! is_mariadb; then
        if has mysqld; then
            stop "the \`mysqld\` of this machine is MySQL, and the tests need MariaDB" \
                "note: nothing was installed, since a package of MariaDB may replace that of MySQL" \
                "help: run the tests where MariaDB is installed, in a container for example"
        fi
        missing+=(mariadb-server)
    elif ! has mariadb-install-db && ! has mysql_install_db; then
        missing+=(mariadb-server)
    elif ! has mariadb && ! has mysql; then
        missing+=(mariadb-client)
    fi
    has cc || missing+=(gcc libc6-dev)
    has openssl || missing+=(openssl)
    makes_venvs || missing+=(python3 python3-venv)
    if [ ${#missing[@]} -eq 0 ]; then return; fi

    headline "install ${missing[*]}"
    local root=()
    if [ "$(id -u)" -ne 0 ]; then root=(sudo -n); fi
    if ! has apt-get || { [ ${#root[@]} -gt 0 ] && ! sudo -n true 2>/dev/null; }; then
        stop "not installed: ${missing[*]}" "help: as root, $(installation "${missing[@]}")"
    fi
    # An old list of packages may do, so the update alone stops nothing.
    ${root[@]+"${root[@]}"} apt-get update -q || echo "warning: the lists of packages could not be updated" >&2
    ${root[@]+"${root[@]}"} env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends "${missing[@]}" ||
        stop "apt-get could not install ${missing[*]}" "help: as root, $(installation "${missing[@]}")"
    if ! is_mariadb || ! has cc || ! has openssl || ! makes_venvs; then stop "still missing after the installation: ${missing[*]}"; fi
}

check_rust() {
    has cargo || stop "\`cargo\` is not installed" "help: https://rustup.rs, or the packages of your distribution"
    cargo fmt --version >/dev/null 2>&1 || stop "rustfmt is not installed" "help: rustup component add rustfmt"
    cargo clippy --version >/dev/null 2>&1 || stop "clippy is not installed" "help: rustup component add clippy"
}

run_tests() {
    local argument scope=(--workspace)
    # What comes after `--` is for the test programs.
    for argument in "$@"; do
        case $argument in
            --) break ;;
            -p* | --package | --package=* | --workspace | --all | --manifest-path*) scope=() ;;
        esac
    done
    bash tests/pyexperimenter/install.sh "${CARGO_TARGET_DIR:-target}/pyexperimenter"
    headline "cargo test ${scope[*]+${scope[*]} }--locked $*"
    cargo test ${scope[@]+"${scope[@]}"} --locked "$@"
}

install_missing
if [ $# -gt 0 ]; then
    has cargo || check_rust
    run_tests "$@"
else
    check_rust
    headline "cargo fmt --all --check"
    cargo fmt --all --check
    headline "tests/lints.sh"
    bash tests/lints.sh
    headline "cargo clippy"
    cargo clippy --workspace --all-targets --locked -- -D warnings
    headline "cargo doc"
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked
    run_tests
    headline "tests/mysql.sh"
    bash tests/mysql.sh
    headline "tests/slurm.sh"
    bash tests/slurm.sh
fi
printf '\nall passed in %d min %02d s\n' $((SECONDS / 60)) $((SECONDS % 60))
