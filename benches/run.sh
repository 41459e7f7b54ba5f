#!/usr/bin/env bash
# The benchmarks: builds what is measured, measures it beside bare clients and PyExperimenter, writes BENCHMARKS.md.
#
#   benches/run.sh [quick|full] [SUBJECT…]    quick takes five minutes, full twenty; all subjects unless some are named
#
# It needs what the tests need, see tests/run.sh. The servers are private ones of MariaDB in temporary folders.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
exec </dev/null
scale=${1:-quick}
target=${CARGO_TARGET_DIR:-target}
unset EXPERIMENTER_MYSQL

bash tests/pyexperimenter/install.sh "$target/pyexperimenter"
# One after the other: the rig of the tests has `experimenter` with its faults on purpose, and what is measured does not.
cargo build --release --locked -p experimenter-bench-programs
cargo build --release --locked -p experimenter-benches
"$target/release/experimenter-benches" "$scale" . "${@:2}"
