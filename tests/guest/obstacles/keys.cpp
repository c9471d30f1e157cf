// SPDX-License-Identifier: GPL-2.0-only
// Keys in a process's own key ring, which ends with it.
#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "harness.hpp"

namespace guest {
namespace {

void add(const char* type, const char* description, const char* payload, std::size_t size) {
    check(syscall(SYS_add_key, type, description, payload, size, KEY_SPEC_PROCESS_KEYRING), "add_key");
}

void hold_key() {
    add("user", "nap-test-user", "secret", 6);
}

void hold_logon_key() {
    add("logon", "nap-test:logon", "secret", 6);
}

void hold_key_ring() {
    add("keyring", "nap-test-ring", nullptr, 0);
}

NAP_GUEST_HOLDER("key", hold_key);
NAP_GUEST_HOLDER("key_logon", hold_logon_key);
NAP_GUEST_HOLDER("key_ring", hold_key_ring);

}  // namespace
}  // namespace guest
