# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What every script here shares: where the repository is, how to speak, how to give up.

repository=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
# A build directory elsewhere serves tries that must not disturb the usual one.
# shellcheck disable=SC2034 # for the scripts that source this
build=${NAP_BUILD:-$repository/build}

say() { printf '%s\n' "$*"; }
die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# quietly WHAT LOG COMMAND...: says WHAT and how long it took; shows the end of LOG where it failed.
quietly() {
    local what=$1 log=$2 begin=$SECONDS
    shift 2
    printf '%s ... ' "$what"
    mkdir -p -- "$(dirname -- "$log")"
    if "$@" >"$log" 2>&1; then
        say "$((SECONDS - begin)) s"
    else
        local status=$?
        say "failed with status $status; the end of $log:"
        tail -n 40 -- "$log"
        return "$status"
    fi
}

require_root() { [[ $(id -u) == 0 ]] || die "must run as root: it makes network namespaces and installs packages"; }
