#!/usr/bin/env bash
# The tests on MySQL instead of MariaDB: tests/mysql.sh [ARGUMENTS OF cargo test]. Those of SQLite, which have run beside
# MariaDB already, are left out.
#
# EXPERIMENTER_MYSQL names the `mysqld` to test. Without it one comes from Debian's unstable packages, the only release
# that has any, into the target folder, where it runs with the libraries that it was built with: nothing is installed. It
# takes 330 MB there, and the tools of any Debian. `tests/run.sh` runs this; where there is no MySQL to be had it says so
# and tests nothing.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

give_up() {
    printf 'warning: not tested on MySQL: %s\n' "$1" >&2
    exit 0
}

# Downloads MySQL with all that it needs, and unpacks it below a folder.
unpack() {
    local folder=$1 mirror package
    # The one that this machine has its own packages from.
    mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' | grep '/debian/*$' | head -n 1)
    [ -n "$mirror" ] || return
    mkdir -p "$folder"/apt/{lists,archives}/partial "$folder"/root
    : >"$folder/apt/status"
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror sid main" >"$folder/apt/sources"
    # As on a machine on which nothing is installed, and without its other sources.
    cat >"$folder/apt/conf" <<CONF
Dir::State "$folder/apt";
Dir::State::status "$folder/apt/status";
Dir::Cache "$folder/apt";
Dir::Etc::sourcelist "$folder/apt/sources";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
APT::Sandbox::User "";
APT::Install-Recommends "false";
CONF
    APT_CONFIG="$folder/apt/conf" apt-get -q update &&
        APT_CONFIG="$folder/apt/conf" apt-get -q -y --download-only install mysql-server-core || return
    for package in "$folder"/apt/archives/*.deb; do dpkg-deb -x "$package" "$folder/root" || return; done
}

# A `mysqld` that takes the unpacked libraries.
install() {
    local folder=$1 libraries=$1/root/usr/lib/x86_64-linux-gnu
    unpack "$folder" || return
    rm -rf "$folder/apt"
    cat >"$folder/mysqld.new" <<SCRIPT
#!/bin/sh
exec "$libraries/ld-linux-x86-64.so.2" --library-path "$libraries:$folder/root/usr/lib/mysql/private" \\
    "$folder/root/usr/sbin/mysqld" "\$@" --basedir="$folder/root/usr"
SCRIPT
    chmod +x "$folder/mysqld.new"
    "$folder/mysqld.new" --no-defaults --version || return
    mv "$folder/mysqld.new" "$folder/mysqld"
}

if [ -z "${EXPERIMENTER_MYSQL:-}" ]; then
    folder=$(realpath -m -- "${CARGO_TARGET_DIR:-target}")/mysql
    EXPERIMENTER_MYSQL=$folder/mysqld
    if [ ! -x "$EXPERIMENTER_MYSQL" ]; then
        [ "$(uname -m)" = x86_64 ] && command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null ||
            give_up "it comes from Debian's packages for x86_64; name one by EXPERIMENTER_MYSQL=/path/to/mysqld"
        rm -rf "$folder"
        install "$folder" || give_up "Debian's packages of it cannot be had now"
    fi
fi
export EXPERIMENTER_MYSQL

if [ $# -eq 0 ]; then
    set -- --test store --test workflow --test cli --test interchange --test storm
fi
cargo test -p experimenter-tests --locked "$@" -- --skip sqlite
