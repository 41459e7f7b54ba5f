#!/usr/bin/env bash
# Rules that no compiler checks. Comments, and a test module at the end of a file, are free of the first two.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."
failed=0

# The code of Rust files as `file:line:text`, without comment lines, and up to the test module.
product_code() {
    find "$@" -name '*.rs' -type f -print0 | sort -z | xargs -0 awk '
        FNR == 1 { tests = 0 }
        /^#\[cfg\(test\)\]/ { tests = 1 }
        tests || /^[[:space:]]*\/\// { next }
        { sub(/[[:space:]]\/\/ .*$/, ""); print FILENAME ":" FNR ":" $0 }
    '
}

# The rule, and the lines on standard input that break it.
forbid() {
    local lines
    lines=$(cat)
    if [ -n "$lines" ]; then
        printf 'error: %s\n%s\n' "$1" "$lines" >&2
        return 1
    fi
}

product=(experimenter/src experimenter-diesel/src experimenter-macros/src)
sources=("${product[@]}")
for folder in examples tests/src tests/suites tests/programs experimenter*/tests; do
    if [ -d "$folder" ]; then sources+=("$folder"); fi
done

sql='"[^"]*(SELECT |INSERT INTO|UPDATE |DELETE FROM|CREATE TABLE)|^[^:]*:[0-9]*:[[:space:]]*(SELECT |INSERT INTO|UPDATE |DELETE FROM|CREATE TABLE)'
product_code experimenter/src experimenter-macros/src examples | { grep -E "$sql" || true; } |
    forbid "SQL belongs in experimenter-diesel/src" || failed=1

product_code "${product[@]}" | { grep -E '\be?print(ln)?!' || true; } |
    { grep -Ev '^experimenter/src/(report|cli)(\.rs|/)' || true; } |
    forbid "printing belongs in experimenter/src/report or experimenter/src/cli" || failed=1

{ grep -rnE --include='*.rs' '^[[:space:]]*#\[(ignore|cfg_attr\(.*ignore)' "${sources[@]}" || true; } |
    forbid "no test is ignored: repair it or remove it" || failed=1

product_code "${sources[@]}" | { grep -E '\b(todo|unimplemented)!' || true; } |
    forbid "nothing is left to do in code: write it, or open an issue" || failed=1

if [ "$failed" -ne 0 ]; then exit 1; fi
echo "no rule is broken"
