# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What ends a QEMU is on record in the outer kernel: a virtual processor that shut down (a triple fault), or a signal.
record_ends() {
    local tracing=/sys/kernel/tracing
    mount -t tracefs tracefs "$tracing"
    echo 'exit_reason == 0x7f' >"$tracing/events/kvm/kvm_exit/filter"
    echo 'reason == 8 || reason == 17' >"$tracing/events/kvm/kvm_userspace_exit/filter"
    echo 'sig == 4 || sig == 6 || sig == 7 || sig == 9 || sig == 11 || sig == 15' >"$tracing/events/signal/signal_generate/filter"
    echo 1 | tee "$tracing/events/kvm/kvm_exit/enable" "$tracing/events/kvm/kvm_userspace_exit/enable" \
        "$tracing/events/signal/signal_generate/enable" >/dev/null
}
