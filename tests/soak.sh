#!/usr/bin/env bash
# Storms that last: tests/soak.sh [HOURS], 1 by default. Each prints what it has done; a failure tells the seed that brings
# the same storm again, as EXPERIMENTER_STORM_SEED.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

hours=${1:-1}
[[ $hours =~ ^[0-9]+(\.[0-9]+)?$ ]] || { echo "usage: tests/soak.sh [HOURS]" >&2; exit 2; }
# On each database there is a storm for either way to run rows, one after the other.
EXPERIMENTER_STORM_SECONDS=$(awk "BEGIN { print int($hours * 3600 / 2) }")
export EXPERIMENTER_STORM_SECONDS
exec bash tests/run.sh -p experimenter-tests --test storm -- --nocapture breaks_no_promise
