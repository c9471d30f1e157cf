// SPDX-License-Identifier: GPL-2.0-only
// Session key rings: who shares which, and by which name and number it is known.
#include <linux/keyctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <memory>

#include "child.hpp"
#include "harness.hpp"

namespace guest {
namespace {

long keyctl(int operation, long first, const void* second = nullptr, long third = 0) {
    return syscall(SYS_keyctl, operation, first, second, third, 0);
}

std::string session() {
    std::string text(4096, '\0');
    const long size = keyctl(KEYCTL_DESCRIBE, KEY_SPEC_SESSION_KEYRING, text.data(), 4096);
    if (size < 1) return "none";
    text.resize(static_cast<std::size_t>(size) - 1);
    return std::to_string(keyctl(KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING)) + " " + text;
}

// More than a node of the kernel's tree has room for.
constexpr int kKeys = 40;

// Each key of this thread's session: number, description and owners, payload.
std::string keys() {
    std::string all;
    for (int i = 0; i < kKeys; ++i) {
        const std::string name = "nap-test: " + std::to_string(i);
        const long key = check(
            syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user", name.c_str(), 0), "search");
        std::string told(256, '\0'), payload(256, '\0');
        told.resize(
            static_cast<std::size_t>(check(keyctl(KEYCTL_DESCRIBE, key, told.data(), 256), "describe")) - 1);
        payload.resize(
            static_cast<std::size_t>(check(keyctl(KEYCTL_READ, key, payload.data(), 256), "read")));
        all += std::to_string(key) + " " + told + " " + payload + "\n";
    }
    return all;
}

void add_keys() {
    for (int i = 0; i < kKeys; ++i) {
        const std::string name = "nap-test: " + std::to_string(i),
                          payload = std::string(i, 'x') + '\xff' + '\0';
        const long key = check(syscall(SYS_add_key, "user", name.c_str(), payload.data(), payload.size(),
                                       KEY_SPEC_SESSION_KEYRING),
                               "add_key");
        check(syscall(SYS_keyctl, KEYCTL_SETPERM, key, i % 2 != 0 ? 0x3f1f0000 : 0x3f010000 | 0x3f0b),
              "setperm");
    }
}

class SessionRings : public State {
  public:
    void set_up() override {
        check(keyctl(KEYCTL_JOIN_SESSION_KEYRING, reinterpret_cast<long>("nap-test: shared")), "join");
        add_keys();
        keys_ = keys();
        sharing_ = std::make_unique<Child>([] { return answers(); });
        apart_ = std::make_unique<Child>([] {
            check(keyctl(KEYCTL_JOIN_SESSION_KEYRING, 0), "join");
            check(keyctl(KEYCTL_LINK, KEY_SPEC_USER_KEYRING,
                         reinterpret_cast<const void*>(static_cast<long>(KEY_SPEC_SESSION_KEYRING))),
                  "link");
            return answers();
        });
        ours_ = session();
        theirs_ = apart_->ask("session");
        require(ours_ != theirs_, "one ring for both");
    }
    void verify() override {
        require(keys() == keys_, "the keys are now\n", keys(), "and were\n", keys_);
        require(session() == ours_, ours_, " became ", session());
        require(sharing_->ask("session") == ours_, "who shared it has ", sharing_->ask("session"));
        require(apart_->ask("session") == theirs_, theirs_, " became ", apart_->ask("session"));
        require(apart_->ask("links") == "4", "a ring with one link has ", apart_->ask("links"),
                " bytes of them");
        const long key =
            check(syscall(SYS_add_key, "user", "nap-test", "x", 1, KEY_SPEC_SESSION_KEYRING), "add_key");
        check(keyctl(KEYCTL_UNLINK, key,
                     reinterpret_cast<const void*>(static_cast<long>(KEY_SPEC_SESSION_KEYRING))),
              "unlink");
    }
    void damage() override { check(keyctl(KEYCTL_JOIN_SESSION_KEYRING, 0), "join"); }

  private:
    static Child::Answer answers() {
        return [](const std::string& question) {
            if (question == "session") return session();
            return std::to_string(keyctl(KEYCTL_READ, KEY_SPEC_SESSION_KEYRING));
        };
    }
    std::unique_ptr<Child> sharing_, apart_;
    std::string ours_, theirs_, keys_;
};

NAP_GUEST_STATE("session_rings", SessionRings);

}  // namespace
}  // namespace guest
