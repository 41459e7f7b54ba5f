#!/usr/bin/env bash
# A real Slurm on this one machine, for the tests: four nodes, on the loopback interface alone, all of it in one folder.
#
#   eval "$(tests/slurm/up.sh FOLDER)"    # prints `export SLURM_CONF=…`, and what it does to the standard error
#   tests/slurm/down.sh FOLDER
#
# It needs root, and Debian's packages, which it installs. It exits with 77 where there cannot be a Slurm.
set -euo pipefail

readonly nodes=4 packages=(munge slurmctld slurmd slurm-client)
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

say() {
    printf 'slurm: %s\n' "$*" >&2
}

stop() {
    say "$1"
    exit "${2:-1}"
}

is_installed() {
    dpkg-query -W -f='${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed
}

install_missing() {
    local package missing=() policy=/usr/sbin/policy-rc.d
    for package in "${packages[@]}"; do is_installed "$package" || missing+=("$package"); done
    if [ ${#missing[@]} -eq 0 ]; then return; fi
    say "apt-get install ${missing[*]}"
    # The packages start daemons of their own unless this forbids it.
    if [ -e "$policy" ]; then policy=; else printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy"; fi
    local install=(env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}")
    local installed=0
    "${install[@]}" >&2 || { apt-get update -q >&2 && "${install[@]}" >&2; } || installed=$?
    if [ -n "$policy" ]; then rm -f "$policy"; fi
    [ "$installed" -eq 0 ] || stop "apt-get could not install ${missing[*]}" 77
}

# Starts a daemon that goes to the background by itself. The folder in its environment tells it from others.
start() {
    local name=$1
    shift
    env -i PATH="$PATH" HOME=/root LANG=C.UTF-8 SLURM_TESTS="$folder" SLURM_CONF="$conf" "$@" </dev/null >>"$folder/log/$name.out" 2>&1 ||
        { tail -n 5 "$folder/log/$name.out" >&2; stop "$name does not start" 77; }
}

wait_for() {
    local tries=300
    until "$@" >/dev/null 2>&1; do
        tries=$((tries - 1))
        [ $tries -gt 0 ] || return 1
        sleep 0.1
    done
}

is_taken() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

free_ports() {
    local first port
    for ((first = 17820; first < 26000; first += 20)); do
        for ((port = first; port <= first + nodes; port++)); do
            if is_taken "$port"; then continue 2; fi
        done
        echo "$first"
        return
    done
    stop "no free ports"
}

# Who of a job gets SIGTERM depends on this. With cgroups, as on real clusters, it is the batch script alone.
tracking() {
    if [ -w /sys/fs/cgroup/freezer/cgroup.procs ]; then echo cgroup; else echo pgid; fi
}

configure() {
    local port node host
    port=$(free_ports)
    host=$(hostname -s)
    if [ "$(tracking)" = cgroup ]; then
        printf 'CgroupPlugin=cgroup/v1\nCgroupMountpoint=/sys/fs/cgroup\nCgroupAutomount=no\n' >"$folder/etc/cgroup.conf"
    fi
    cat >"$conf" <<CONF
ClusterName=tests
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
# A job that is queued again waits for cred_expire and a second more.
AuthInfo=socket=$socket,cred_expire=5
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool/%n
SlurmctldPidFile=$folder/run/slurmctld.pid
SlurmdPidFile=$folder/run/slurmd-%n.pid
SlurmctldLogFile=$folder/log/slurmctld.log
SlurmdLogFile=$folder/log/slurmd-%n.log
TmpFS=$folder/tmp
MailProg=/bin/true
ProctrackType=proctrack/$(tracking)
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
DefMemPerCPU=100
# Each node tells four processors, whatever the machine has.
SlurmdParameters=config_overrides
ReturnToService=2
PropagateResourceLimits=NONE
KillWait=30
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1
AccountingStorageType=accounting_storage/none
JobAcctGatherType=jobacct_gather/none
JobCompType=jobcomp/none
CONF
    for ((node = 1; node <= nodes; node++)); do
        echo "NodeName=tests$node NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + node)) CPUs=4 RealMemory=8000" >>"$conf"
    done
    echo "PartitionName=all Nodes=ALL Default=YES DefaultTime=10 MaxTime=INFINITE" >>"$conf"
}

is_ready() {
    [ "$(sinfo -h -N -o %T | grep -cxE 'idle|mixed|allocated')" = $nodes ]
}

[ "$(id -u)" = 0 ] || stop "a Slurm of our own needs root" 77
command -v apt-get >/dev/null || stop "a Slurm of our own needs the packages of Debian" 77
[ $# -eq 1 ] || stop "usage: tests/slurm/up.sh FOLDER"
mkdir -p "$1"
folder=$(cd "$1" && pwd -P)
[ ${#folder} -le 70 ] || stop "the name of the folder is too long for sockets: $folder"
conf=$folder/etc/slurm.conf socket=$folder/run/munge.socket
install_missing
mkdir -p "$folder"/{etc,run,log,state,tmp,munge}
for ((node = 1; node <= nodes; node++)); do mkdir -p "$folder/spool/tests$node"; done
chmod 755 "$folder" "$folder/run"
chmod 700 "$folder/munge"
(umask 077 && head -c 1024 /dev/urandom >"$folder/munge/key")
start munged munged --key-file="$folder/munge/key" --socket="$socket" --pid-file="$folder/run/munged.pid" \
    --seed-file="$folder/munge/seed" --log-file="$folder/log/munged.log"
configure
export SLURM_CONF=$conf
start slurmctld slurmctld -f "$conf"
wait_for scontrol ping || stop "slurmctld does not answer: $(tail -n 3 "$folder/log/slurmctld.log")" 77
for ((node = 1; node <= nodes; node++)); do start "slurmd-$node" slurmd -f "$conf" -N "tests$node"; done
wait_for is_ready || { sinfo -N -l >&2; stop "the nodes are not up" 77; }
say "$nodes nodes, in $folder"
printf 'export SLURM_CONF=%q\n' "$conf"
