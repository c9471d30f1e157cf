// SPDX-License-Identifier: GPL-2.0-only
#include "agent/kernel_memory/unix_backlogs.hpp"

#include <netinet/tcp.h>

#include <cstring>

#include "agent/kernel_memory/buffers.hpp"
#include "agent/kernel_memory/kernel_tasks.hpp"

namespace nap::agent {

namespace {

constexpr std::uint64_t kBuckets = 512;                  // UNIX_HASH_SIZE
constexpr std::uint64_t kMostBytes = 64 << 20;           // of one message
constexpr int kSocketsLimit = 1 << 20, kLimit = 65'536;  // in a queue; groups (NGROUPS_MAX)

// Its number in the innermost of its namespaces.
Result<std::int32_t> number_of(const RunningKernel& kernel, std::uint64_t pid) {
    if (pid == 0) return 0;
    NAP_TRY(const auto level, kernel.field<std::uint32_t>(pid, "pid", "level"));
    NAP_TRY(const std::uint64_t numbers, kernel.fields().offset("pid", "numbers"));
    NAP_TRY(const std::uint64_t size, kernel.fields().size("upid"));
    if (level > 32) return fail(ErrorKind::protocol, "a process in too many namespaces");
    return kernel.field<std::int32_t>(pid + numbers + level * size, "upid", "nr");
}

Result<std::uint32_t> inode_of(const RunningKernel& kernel, std::uint64_t sock) {
    if (sock == 0) return 0;
    NAP_TRY(const std::uint64_t socket, kernel.field(sock, "sock", "sk_socket"));
    if (socket == 0) return 0;
    NAP_TRY(const std::uint64_t within, kernel.fields().offset("socket_alloc", "socket"));
    NAP_TRY(const std::uint64_t inode, kernel.fields().offset("socket_alloc", "vfs_inode"));
    return kernel.field<std::uint32_t>(socket - within + inode, "inode", "i_ino");
}

Result<> read_peer(const RunningKernel& kernel, std::uint64_t sock, BacklogConnection& connection) {
    NAP_TRY(const std::uint64_t pid, kernel.field(sock, "sock", "sk_peer_pid"));
    NAP_TRY(connection.peer.pid, number_of(kernel, pid));
    NAP_TRY(const std::uint64_t cred, kernel.field(sock, "sock", "sk_peer_cred"));
    if (cred == 0) return fail(ErrorKind::protocol, "a connection of nobody");
    NAP_TRY(connection.peer.uid, kernel.field<std::uint32_t>(cred, "cred", "euid"));
    NAP_TRY(connection.peer.gid, kernel.field<std::uint32_t>(cred, "cred", "egid"));
    NAP_TRY(const std::uint64_t groups, kernel.field(cred, "cred", "group_info"));
    NAP_TRY(const auto count, kernel.field<std::int32_t>(groups, "group_info", "ngroups"));
    if (count < 0 || count > kLimit) return fail(ErrorKind::protocol, "a process of too many groups");
    NAP_TRY(const std::uint64_t first, kernel.fields().offset("group_info", "gid"));
    connection.groups.resize(static_cast<std::size_t>(count));
    return kernel.read(groups + first, std::as_writable_bytes(std::span(connection.groups)));
}

Result<BacklogMessage> read_message(const RunningKernel& kernel, std::uint64_t buffer,
                                    const char*& obstacle) {
    BacklogMessage message;
    NAP_TRY(const std::uint64_t control, kernel.fields().offset("sk_buff", "cb"));
    NAP_TRY(const std::uint64_t pid, kernel.field(buffer + control, "unix_skb_parms", "pid"));
    NAP_TRY(message.sender.pid, number_of(kernel, pid));
    NAP_TRY(message.sender.uid, kernel.field<std::uint32_t>(buffer + control, "unix_skb_parms", "uid"));
    NAP_TRY(message.sender.gid, kernel.field<std::uint32_t>(buffer + control, "unix_skb_parms", "gid"));
    NAP_TRY(const std::uint64_t files, kernel.field(buffer + control, "unix_skb_parms", "fp"));
    if (files != 0) obstacle = "descriptors under way";
    NAP_TRY(message.text, read_buffer(kernel, buffer, kMostBytes));
    return message;
}

Result<BacklogConnection> read_connection(const RunningKernel& kernel, std::uint64_t sock) {
    BacklogConnection connection;
    NAP_TRY(const std::uint64_t client, kernel.field(sock, "unix_sock", "peer"));
    NAP_TRY(connection.client, inode_of(kernel, client));
    if (connection.client == 0 && client != 0) {
        NAP_TRY(const std::uint64_t name, kernel.field(client, "unix_sock", "addr"));
        if (name != 0) connection.obstacle = "a client that is gone and was bound to a name";
    }
    NAP_CHECK(read_peer(kernel, sock, connection));
    NAP_TRY(const auto buffers, read_queue(kernel, sock));
    for (const std::uint64_t buffer : buffers) {
        NAP_TRY(BacklogMessage message, read_message(kernel, buffer, connection.obstacle));
        connection.messages.push_back(std::move(message));
    }
    if (const auto urgent = kernel.field(sock, "unix_sock", "oob_skb"); urgent && *urgent != 0)
        connection.obstacle = "urgent data";
    return connection;
}

Result<> read_listener(const RunningKernel& kernel, std::uint64_t sock,
                       std::vector<BacklogConnection>& connections) {
    NAP_TRY(const auto waiting, read_queue(kernel, sock));
    if (waiting.empty()) return {};
    NAP_TRY(const std::uint32_t listener, inode_of(kernel, sock));
    for (const std::uint64_t buffer : waiting) {
        NAP_TRY(const std::uint64_t embryo, kernel.field(buffer, "sk_buff", "sk"));
        NAP_TRY(BacklogConnection connection, read_connection(kernel, embryo));
        connection.listener = listener;
        connections.push_back(std::move(connection));
    }
    return {};
}

}  // namespace

Result<std::vector<BacklogConnection>> read_unix_backlogs(const RunningKernel& kernel, pid_t host_pid) {
    NAP_TRY(const KernelTask task, find_kernel_task(kernel, host_pid));
    NAP_TRY(const std::uint64_t namespaces, task.field("nsproxy"));
    NAP_TRY(const std::uint64_t net, kernel.field(namespaces, "nsproxy", "net_ns"));
    NAP_TRY(const std::uint64_t within, kernel.fields().offset("net", "unx"));
    NAP_TRY(const std::uint64_t table, kernel.fields().offset("netns_unix", "table"));
    NAP_TRY(const std::uint64_t first, kernel.field(net + within + table, "unix_table", "buckets"));
    NAP_TRY(const std::uint64_t node, kernel.fields().offset("sock_common", "skc_node"));
    NAP_TRY(const std::string buckets, kernel.bytes(first, kBuckets * sizeof(std::uint64_t)));
    std::vector<BacklogConnection> connections;
    int left = kSocketsLimit;
    for (std::uint64_t bucket = 0; bucket < kBuckets; ++bucket) {
        std::uint64_t at = 0;
        std::memcpy(&at, buckets.data() + bucket * sizeof at, sizeof at);
        while (at != 0) {
            if (left-- == 0) return fail(ErrorKind::protocol, "the table of unix sockets has no end");
            NAP_TRY(const auto state, kernel.field<std::uint8_t>(at - node, "sock_common", "skc_state"));
            if (state == TCP_LISTEN) NAP_CHECK(read_listener(kernel, at - node, connections));
            NAP_TRY(at, kernel.value<std::uint64_t>(at));
        }
    }
    return connections;
}

}  // namespace nap::agent
