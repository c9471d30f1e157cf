# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# A machine with redis, in a network namespace of its own, and a client outside that counts over one connection.
#
# use_machine NAME NAMESPACE TAP NETWORK WORK comes first; release_machine ends all of it, whatever has been begun.
# shellcheck source-path=SCRIPTDIR source=build.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/build.sh"

# use_machine NAME NAMESPACE TAP NETWORK WORK: NETWORK as in 10.77.0: .1 is outside, .2 inside; WORK: folder for files.
# shellcheck disable=SC2034 # for the scripts that source this
use_machine() {
    machine=$1 namespace=$2 tap=$3 outside=$4.1 inside=$4.2 work=$5
    mkdir -p "$work"
    disk=$work/$machine.img
    export NAP_ROOT=$build/nap
    nap=$build/bin/nap
    client=$repository/scripts/demo-client
    counter_pid=
    update_pid=
    trap release_machine EXIT
    trap 'exit 130' INT TERM
}

in_namespace() { ip netns exec "$namespace" "$@"; }
in_machine() { timeout 120 "$nap" exec "$machine" -- "$@"; }
tell() { timeout 180 "$client" "$inside" --patience 170 tell "$work/counter.sock" "$@" >/dev/null; }
step() { printf '\n== %s\n' "$*"; }

# build_for_machine TARGET...: programs, a root disk, and the two kernels farthest apart: $older and $newer.
build_for_machine() {
    "$repository/scripts/install-dependencies"
    build_nap "$@"
    make_for_machines "$NAP_ROOT"
    # shellcheck disable=SC2034 # for the scripts that source this
    older=${kernels[0]} newer=${kernels[1]}
}

# A machine of an earlier run included, should that one have been killed. No stop is taken while an update is under way.
remove_machine() {
    local tries
    timeout 30 "$nap" log "$machine" >"$work/$machine.log" 2>/dev/null || true
    timeout 30 "$nap" console "$machine" >"$work/$machine.console" 2>/dev/null || true
    for tries in $(seq 120); do
        [[ -e $NAP_ROOT/lib/machines/$machine ]] || return 0
        timeout 120 "$nap" stop "$machine" >/dev/null 2>&1 || true
        timeout 60 "$nap" rm "$machine" >/dev/null 2>&1 || sleep 5
    done
    say "machine $machine could not be removed in $tries tries; see $nap log $machine"
}

release_machine() {
    local pid
    trap - EXIT
    for pid in $update_pid $counter_pid; do
        kill "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    [[ ! -x $nap ]] || remove_machine
    ip netns delete "$namespace" 2>/dev/null || true
}

# start_machine KERNEL MEMORY [IMAGE [OPTION...]]: on a fresh copy of the root disk; options of `nap create`. redis answers
# when it returns.
start_machine() {
    remove_machine
    rm -f -- "$work"/*.json "$work"/*.jsonl "$work"/*.txt "$work"/counter.sock*
    cp --reflink=auto --sparse=always -- "${3:-$build/disk/root.img}" "$disk"
    ip netns delete "$namespace" 2>/dev/null || true
    ip netns add "$namespace"
    ip -n "$namespace" link set lo up
    "$nap" create "$machine" --disk "$disk" --kernel "$1" --memory "$2" --net "tap=$tap,netns=$namespace" \
        --address "$inside/24" --gateway "$outside" "${@:4}"
    "$nap" start "$machine"
    ip -n "$namespace" address add "$outside/24" dev "$tap"
    ip -n "$namespace" link set "$tap" up
    wait_for_redis
}

wait_for_redis() {
    local tries
    for tries in $(seq 60); do
        [[ $(in_machine redis-cli ping 2>/dev/null) != PONG ]] || return 0
        sleep 1
    done
    die "redis does not answer inside the machine after $tries tries; see $nap log $machine"
}

# fill_redis MIB: and a second one, on 2 MiB pages, with a quarter as much.
fill_redis() {
    in_namespace "$client" "$inside" fill "$1"
    in_namespace "$client" "$inside:6380" fill "$(($1 / 4))"
}

# digest_redis MIB WHEN: of both, into digest-WHEN.json and huge-WHEN.json.
digest_redis() {
    in_namespace "$client" "$inside" digest "$1" >"$work/digest-$2.json" &&
        in_namespace "$client" "$inside:6380" digest "$(($1 / 4))" >"$work/huge-$2.json"
}

# start_counter [OPTION...]: options of the client.
start_counter() {
    local tries
    # Not through a function: its subshell would be what $! names, and the client would outlive it
    ip netns exec "$namespace" "$client" "$inside" --patience 170 "$@" count "$work/counter.sock" "$work/client.json" &
    counter_pid=$!
    for tries in $(seq 120); do
        [[ ! -S $work/counter.sock ]] || return 0
        sleep 1
    done
    die "the counting client did not start after $tries tries"
}

# Its account is in client.json afterwards.
stop_counter() {
    tell stop || true
    wait "$counter_pid" || true
    counter_pid=
}

# update_machine KERNEL: status of `nap update`, whose report is in update.json. Waited for, so that a signal is heard.
update_machine() {
    local updated=0
    timeout 1200 "$nap" --json update "$machine" --max-pause 300s --kernel "$1" >"$work/update.json" &
    update_pid=$!
    wait "$update_pid" || updated=$?
    update_pid=
    return "$updated"
}

# What must be the same after an update, one fact per line: PIDs and names of the daemons, redis' own id, its clients.
facts() {
    in_machine ps -e -o pid=,comm= | awk '$2 ~ /^(init|redis-server|busybox|cron|ticker)$/ { print "pid", $1, $2 }'
    in_machine redis-cli info server | tr -d '\r' | sed -n 's/^\(run_id\|process_id\):/redis \1 /p'
    in_machine redis-cli client list type normal | tr -d '\r' |
        sed -n "s/^id=\([0-9]*\) addr=\($outside:[0-9]*\) .*cmd=incr.*/connection \1 \2/p"
}
