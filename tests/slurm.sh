#!/usr/bin/env bash
# The test on a real Slurm, which it starts and ends. `tests/run.sh` runs it; where there cannot be a Slurm (it takes root
# and Debian's packages) it says so and tests nothing.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

folder=$(mktemp -d "${TMPDIR:-/tmp}/slurm-XXXXXX")
trap 'bash tests/slurm/down.sh "$folder"' EXIT
settings=$(bash tests/slurm/up.sh "$folder") || {
    code=$?
    if [ $code -ne 77 ]; then exit $code; fi
    echo "warning: not tested on Slurm, see above" >&2
    exit 0
}
eval "$settings"
cargo test -p experimenter-tests --test slurm --locked
