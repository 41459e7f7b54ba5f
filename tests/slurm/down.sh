#!/usr/bin/env bash
# Ends what tests/slurm/up.sh has started in this folder, with all jobs, and removes the folder.
set -uo pipefail

folder=$(cd "${1:?usage: tests/slurm/down.sh FOLDER}" 2>/dev/null && pwd -P) || exit 0

# Processes that have this line in their environment: daemons with our mark, and jobs, which get their Slurm's file.
marked() {
    local process
    for process in /proc/[0-9]*; do
        if tr '\0' '\n' 2>/dev/null <"$process/environ" | grep -qxF -e "SLURM_TESTS=$folder" -e "SLURM_CONF=$folder/etc/slurm.conf"; then
            # Not the shell that runs us.
            if [ "${process#/proc/}" != $$ ] && grep -qE '^(slurm|munged)' "$process/comm"; then echo "${process#/proc/}"; fi
        fi
    done
}

export SLURM_CONF=$folder/etc/slurm.conf
if [ -e "$folder/run/slurmctld.pid" ]; then
    timeout 10 scancel -Q -b -s KILL -u "$(id -un)" 2>/dev/null
    timeout 10 scancel -Q -u "$(id -un)" 2>/dev/null
    for _ in $(seq 100); do
        if [ -z "$(timeout 5 squeue -h -o %A 2>/dev/null)" ]; then break; fi
        sleep 0.1
    done
fi
for signal in TERM KILL; do
    mapfile -t left < <(marked)
    if [ ${#left[@]} -eq 0 ]; then break; fi
    kill -$signal "${left[@]}" 2>/dev/null
    for _ in $(seq 50); do
        if [ -z "$(marked)" ]; then break; fi
        sleep 0.1
    done
done
# What proctrack/cgroup has made for our nodes is empty by now.
find /sys/fs/cgroup/*/slurm_tests[0-9] -depth -type d -exec rmdir {} \; 2>/dev/null
rm -rf -- "$folder"
