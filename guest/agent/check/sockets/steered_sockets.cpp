// SPDX-License-Identifier: GPL-2.0-only
#include "agent/check/sockets/steered_sockets.hpp"

#include <cstring>
#include <filesystem>
#include <set>
#include <string>

#include "agent/calls/log.hpp"

namespace nap::agent {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kBucketsLimit = 1 << 20;
constexpr int kChainLimit = 1 << 20;  // a chain that goes on has changed under us

using Inodes = std::set<std::uint64_t>;

// An array of chains of sockets: `head` lies so far in each bucket; `node` links the sockets.
struct Table {
    std::uint64_t buckets, count;
    std::string_view bucket, head, node;
};

Result<Table> udp_table(const RunningKernel& kernel) {
    NAP_TRY(const std::uint64_t table, kernel.symbol("udp_table"));
    NAP_TRY(const std::uint64_t buckets, kernel.field(table, "udp_table", "hash"));
    NAP_TRY(const auto mask, kernel.field<std::uint32_t>(table, "udp_table", "mask"));
    return Table{buckets, std::uint64_t{mask} + 1, "udp_hslot", "head", "skc_node"};
}

Result<Table> listening_table(const RunningKernel& kernel) {
    NAP_TRY(const std::uint64_t table, kernel.symbol("tcp_hashinfo"));
    NAP_TRY(const std::uint64_t buckets, kernel.field(table, "inet_hashinfo", "lhash2"));
    NAP_TRY(const auto mask, kernel.field<std::uint32_t>(table, "inet_hashinfo", "lhash2_mask"));
    return Table{buckets, std::uint64_t{mask} + 1, "inet_listen_hashbucket", "nulls_head", "skc_nulls_node"};
}

// The inode of a socket whose group has a program; 0 otherwise.
Result<std::uint64_t> steered(const RunningKernel& kernel, std::uint64_t sock) {
    NAP_TRY(const std::uint64_t group, kernel.field(sock, "sock", "sk_reuseport_cb"));
    if (group == 0) return 0;
    NAP_TRY(const std::uint64_t program, kernel.field(group, "sock_reuseport", "prog"));
    if (program == 0) return 0;
    NAP_TRY(const std::uint64_t socket, kernel.field(sock, "sock", "sk_socket"));
    if (socket == 0) return 0;
    NAP_TRY(const std::uint64_t within, kernel.fields().offset("socket_alloc", "socket"));
    NAP_TRY(const std::uint64_t inode, kernel.fields().offset("socket_alloc", "vfs_inode"));
    return kernel.field(socket - within + inode, "inode", "i_ino");
}

Result<> look_through(const RunningKernel& kernel, const Table& table, Inodes& inodes) {
    NAP_TRY(const std::uint64_t size, kernel.fields().size(table.bucket));
    NAP_TRY(const std::uint64_t head, kernel.fields().offset(table.bucket, table.head));
    NAP_TRY(const std::uint64_t node, kernel.fields().offset("sock_common", table.node));
    if (table.count > kBucketsLimit) return fail(ErrorKind::protocol, "a table of too many buckets");
    NAP_TRY(const std::string buckets, kernel.bytes(table.buckets, table.count * size));
    int left = kChainLimit;
    for (std::uint64_t i = 0; i < table.count; ++i) {
        std::uint64_t at = 0;
        std::memcpy(&at, buckets.data() + i * size + head, sizeof at);
        // Chains end with null, or with a number that is odd.
        while (at != 0 && (at & 1) == 0 && left-- > 0) {
            NAP_TRY(const std::uint64_t inode, steered(kernel, at - node));
            if (inode != 0) inodes.insert(inode);
            NAP_TRY(at, kernel.value<std::uint64_t>(at));
        }
    }
    return {};
}

Result<Inodes> steered_inodes(const RunningKernel& kernel) {
    Inodes inodes;
    NAP_TRY(const Table udp, udp_table(kernel));
    NAP_CHECK(look_through(kernel, udp, inodes));
    NAP_TRY(const Table listening, listening_table(kernel));
    NAP_CHECK(look_through(kernel, listening, inodes));
    return inodes;
}

bool has_one_of(const Task& task, const Inodes& inodes) {
    std::error_code error;
    const fs::path folder = "/proc/" + std::to_string(task.host_pid) + "/fd";
    for (fs::directory_iterator each(folder, error), end; !error && each != end; each.increment(error)) {
        std::error_code gone;
        const std::string target = fs::read_symlink(*each, gone).string();
        constexpr std::string_view kSocket = "socket:[";
        if (gone || !target.starts_with(kSocket)) continue;
        if (inodes.contains(std::strtoull(target.c_str() + kSocket.size(), nullptr, 10))) return true;
    }
    return false;
}

}  // namespace

void find_steered_sockets(const RunningKernel& kernel, const std::vector<Task>& tasks, Obstacles& obstacles) {
    const auto inodes = steered_inodes(kernel);
    if (!inodes) {
        log("cannot look for programs of SO_REUSEPORT: " + inodes.error().message);
        return;
    }
    if (inodes->empty()) return;
    for (const Task& task : tasks)
        if (task.state != 'Z' && has_one_of(task, *inodes))
            add(obstacles, task,
                {"a group of sockets steered by a program (SO_ATTACH_REUSEPORT_CBPF or _EBPF)",
                 "The kernel does not give the program out.",
                 "Let the program do without (SO_REUSEPORT alone is carried), or stop it."});
}

}  // namespace nap::agent
