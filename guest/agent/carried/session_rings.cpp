// SPDX-License-Identifier: GPL-2.0-only
#include "agent/carried/session_rings.hpp"

#include <fcntl.h>
#include <linux/keyctl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <set>
#include <span>

#include "agent/calls/paths.hpp"
#include "agent/carried/part_file.hpp"
#include "agent/kernel_memory/session_rings.hpp"
#include "agent/userland/namespaces.hpp"
#include "base/fd.hpp"
#include "guest/module/nap_uapi.h"

namespace nap::agent {

namespace {

using channel::Json;

constexpr unsigned kAll = 0x3f3f3f3f;  // to possessor, owner, group and others

long keyctl(int operation, unsigned long first, unsigned long second = 0, unsigned long third = 0) {
    return ::syscall(SYS_keyctl, operation, first, second, third, 0);
}

// As its user, whose ring shows to nobody else.
Result<> link_user_ring(long ring, uid_t user) {
    return in_own_thread([&]() -> Result<> {
        if (::syscall(SYS_setresuid, user, user, user) != 0) return fail_errno("cannot become its user");
        if (keyctl(KEYCTL_LINK, static_cast<unsigned long>(KEY_SPEC_USER_KEYRING),
                   static_cast<unsigned long>(ring)) != 0)
            return fail_errno("cannot link its user's ring");
        return {};
    });
}

// The numbers of keys that are there again: several rings may link to one.
using Made = std::set<std::int32_t>;

Json to_json(const UserKey& key) {
    return {{"serial", key.serial},
            {"description", to_binary(key.description)},
            {"payload", to_binary(key.payload)},
            {"uid", key.uid},
            {"gid", key.gid},
            {"permissions", key.permissions},
            {"expires", key.expires}};
}

// A key or ring is given its number of before and, where it is a session's, to its threads.
Result<> hand_out(int module, long made, std::int32_t serial, pid_t init,
                  std::span<const std::int32_t> tids = {}) {
    nap_session_ring request{};
    request.ring = static_cast<std::int32_t>(made);
    request.serial = serial;
    request.init = init;
    request.count = static_cast<std::uint32_t>(tids.size());
    request.tids = reinterpret_cast<std::uintptr_t>(tids.data());
    if (::ioctl(module, NAP_IOC_SESSION_RING, &request) != 0)
        return fail_errno("the adoption module cannot hand it out");
    return {};
}

Result<> add_key(int module, const Json& captured, long ring, pid_t init, Made& made) {
    const auto serial = captured.at("serial").get<std::int32_t>();
    if (made.contains(serial)) {
        if (keyctl(KEYCTL_LINK, static_cast<unsigned long>(serial), static_cast<unsigned long>(ring)) != 0)
            return fail_errno("cannot link a key");
        return {};
    }
    NAP_TRY(const std::string description, from_binary(captured.at("description")));
    NAP_TRY(const std::string payload, from_binary(captured.at("payload")));
    const long added =
        ::syscall(SYS_add_key, "user", description.c_str(), payload.data(), payload.size(), ring);
    if (added < 0) return fail_errno("cannot add the key \"" + description + "\"");
    const auto key = static_cast<unsigned long>(added);
    if (const auto expires = captured.at("expires").get<std::int64_t>(); expires != 0)
        (void)keyctl(KEYCTL_SET_TIMEOUT, key,
                     static_cast<unsigned long>(std::max<std::int64_t>(expires - std::time(nullptr), 1)));
    if (keyctl(KEYCTL_CHOWN, key, captured.at("uid").get<uid_t>(), captured.at("gid").get<gid_t>()) != 0 ||
        keyctl(KEYCTL_SETPERM, key, captured.at("permissions").get<unsigned>()) != 0)
        return fail_errno("cannot give the key \"" + description + "\" to its owner");
    NAP_CHECK(hand_out(module, added, serial, init));
    made.insert(serial);
    return {};
}

// The new ring hangs on this thread's own until the threads have it.
Result<> make_ring(int module, const Json& captured, pid_t init, Made& keys) {
    NAP_TRY(const std::string name, from_binary(captured.at("name")));
    const long made = ::syscall(SYS_add_key, "keyring", name.c_str(), nullptr, 0, KEY_SPEC_THREAD_KEYRING);
    if (made < 0) return fail_errno("cannot make it");
    const auto ring = static_cast<unsigned long>(made);
    const auto uid = captured.at("uid").get<uid_t>();
    if (keyctl(KEYCTL_CHOWN, ring, uid, captured.at("gid").get<gid_t>()) != 0 ||
        keyctl(KEYCTL_SETPERM, ring, kAll) != 0)
        return fail_errno("cannot give it to its owner");
    if (captured.at("links").get<bool>()) NAP_CHECK(link_user_ring(made, uid));
    for (const Json& key : captured.at("keys")) NAP_CHECK(add_key(module, key, made, init, keys));
    if (keyctl(KEYCTL_SETPERM, ring, captured.at("permissions").get<unsigned>()) != 0)
        return fail_errno("cannot set its permissions");
    const auto tids = captured.at("tids").get<std::vector<std::int32_t>>();
    return hand_out(module, made, captured.at("serial").get<std::int32_t>(), init, tids);
}

}  // namespace

Result<> prepare_session_rings() {
    NAP_CHECK(SessionRingSearch::get());
    return {};
}

Result<Json> capture_session_rings(Agent&, const Task&) {
    NAP_TRY(const SessionRingSearch* search, SessionRingSearch::get());
    NAP_TRY(const auto rings, search->run());
    Json captured = Json::array();
    for (const SessionRing& ring : rings) {
        Json keys = Json::array();
        for (const UserKey& key : ring.links.keys) keys.push_back(to_json(key));
        captured.push_back({{"name", to_binary(ring.name)},
                            {"serial", ring.serial},
                            {"uid", ring.uid},
                            {"gid", ring.gid},
                            {"permissions", ring.permissions},
                            {"links", ring.links.others},
                            {"keys", std::move(keys)},
                            {"tids", ring.tids}});
    }
    return captured;
}

Result<> put_back_session_rings(Agent&, const Json& captured, const HostPids& pids, Warnings& warnings) {
    if (captured.empty()) return {};
    const auto init = pids.find(1);
    if (init == pids.end()) return fail(ErrorKind::guest, "the userland's init was not recreated");
    NAP_TRY(const UniqueFd module, open_file(kAdoptionDevice, O_RDWR));
    return in_own_thread([&]() -> Result<> {
        Made keys;
        for (const Json& ring : captured)
            if (auto made = make_ring(module.get(), ring, init->second, keys); !made)
                warnings.push_back("The session key ring of pid " +
                                   std::to_string(ring.at("tids").at(0).get<int>()) +
                                   " is lost: " + made.error().message + ".");
        return {};
    });
}

}  // namespace nap::agent
