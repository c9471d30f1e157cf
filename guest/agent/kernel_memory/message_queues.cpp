// SPDX-License-Identifier: GPL-2.0-only
#include "agent/kernel_memory/message_queues.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <csignal>

#include "agent/kernel_memory/struct_copy.hpp"

namespace nap::agent {

namespace {

constexpr std::uint64_t kPage = 4096;
constexpr int kQueuesLimit = 1 << 20, kMessagesLimit = 1 << 20, kDepthLimit = 64;
constexpr std::uint64_t kCookieSize = 32;  // NOTIFY_COOKIE_LEN

// A message lies in pieces of a page each, the first behind a msg_msg, the others behind a msg_msgseg.
Result<QueueMessage> read_message(const RunningKernel& kernel, std::uint64_t at) {
    QueueMessage message;
    NAP_TRY(const auto copy, StructCopy::read(kernel, "msg_msg", at));
    NAP_TRY(const auto type, copy.field<std::int64_t>("m_type"));
    NAP_TRY(std::uint64_t left, copy.field("m_ts"));
    NAP_TRY(std::uint64_t next, copy.field("next"));
    NAP_TRY(const std::uint64_t head, kernel.fields().size("msg_msg"));
    NAP_TRY(const std::uint64_t segment_head, kernel.fields().size("msg_msgseg"));
    message.priority = static_cast<std::uint32_t>(type);
    NAP_TRY(message.text, kernel.bytes(at + head, std::min(left, kPage - head)));
    left -= message.text.size();
    while (left > 0 && next != 0) {
        NAP_TRY(const std::string piece,
                kernel.bytes(next + segment_head, std::min(left, kPage - segment_head)));
        NAP_TRY(next, kernel.field(next, "msg_msgseg", "next"));
        message.text += piece;
        left -= piece.size();
    }
    if (left > 0) return fail(ErrorKind::protocol, "a message is shorter than the kernel says");
    return message;
}

// The messages of one priority.
Result<> read_leaf(const RunningKernel& kernel, std::uint64_t leaf, std::vector<QueueMessage>& messages) {
    NAP_TRY(const std::uint64_t list, kernel.fields().offset("posix_msg_tree_node", "msg_list"));
    NAP_TRY(const std::uint64_t node, kernel.fields().offset("msg_msg", "m_list"));
    NAP_TRY(std::uint64_t at, kernel.value<std::uint64_t>(leaf + list));
    for (int i = 0; i < kMessagesLimit && at != leaf + list; ++i) {
        NAP_TRY(QueueMessage message, read_message(kernel, at - node));
        messages.push_back(std::move(message));
        NAP_TRY(at, kernel.value<std::uint64_t>(at));
    }
    return {};
}

// From the highest priority to the lowest.
Result<> read_tree(const RunningKernel& kernel, std::uint64_t node, int depth,
                   std::vector<QueueMessage>& messages) {
    if (node == 0) return {};
    if (depth > kDepthLimit) return fail(ErrorKind::protocol, "a queue's tree of messages has no end");
    NAP_TRY(const std::uint64_t right, kernel.field(node, "rb_node", "rb_right"));
    NAP_TRY(const std::uint64_t left, kernel.field(node, "rb_node", "rb_left"));
    NAP_TRY(const std::uint64_t within, kernel.fields().offset("posix_msg_tree_node", "rb_node"));
    NAP_CHECK(read_tree(kernel, right, depth + 1, messages));
    NAP_CHECK(read_leaf(kernel, node - within, messages));
    return read_tree(kernel, left, depth + 1, messages);
}

Result<std::uint64_t> socket_inode(const RunningKernel& kernel, std::uint64_t sock) {
    NAP_TRY(const std::uint64_t socket, kernel.field(sock, "sock", "sk_socket"));
    NAP_TRY(const std::uint64_t within, kernel.fields().offset("socket_alloc", "socket"));
    NAP_TRY(const std::uint64_t inode, kernel.fields().offset("socket_alloc", "vfs_inode"));
    return kernel.field(socket - within + inode, "inode", "i_ino");
}

Result<std::optional<QueueNotification>> read_notification(const StructCopy& queue) {
    NAP_TRY(const std::uint64_t owner, queue.field("notify_owner"));
    if (owner == 0) return std::nullopt;
    const RunningKernel& kernel = queue.kernel();
    struct Event {  // as in the kernel's sigevent
        std::uint64_t value;
        std::int32_t signal, method;
    };
    NAP_TRY(const auto event, queue.field<Event>("notify"));
    NAP_TRY(const std::uint64_t numbers, kernel.fields().offset("pid", "numbers"));
    QueueNotification notification;
    notification.method = event.method;
    notification.signal = event.signal;
    notification.value = event.value;
    NAP_TRY(notification.host_pid, kernel.field<std::int32_t>(owner + numbers, "upid", "nr"));
    if (event.method == SIGEV_THREAD) {
        NAP_TRY(const std::uint64_t sock, queue.field("notify_sock"));
        NAP_TRY(const std::uint64_t cookie, queue.field("notify_cookie"));
        NAP_TRY(const std::uint64_t data, kernel.field(cookie, "sk_buff", "data"));
        NAP_TRY(notification.socket_inode, socket_inode(kernel, sock));
        NAP_TRY(notification.cookie, kernel.bytes(data, kCookieSize));
    }
    return notification;
}

Result<KernelQueue> read_queue(const RunningKernel& kernel, const StructCopy& inode, std::uint64_t info) {
    KernelQueue queue;
    NAP_TRY(queue.inode, inode.field("i_ino"));
    NAP_TRY(queue.uid, inode.field<std::uint32_t>("i_uid"));
    NAP_TRY(queue.gid, inode.field<std::uint32_t>("i_gid"));
    struct Attributes {  // as in the kernel's mq_attr
        std::int64_t flags, most_messages, message_size, messages;
    };
    NAP_TRY(const auto copy, StructCopy::read(kernel, "mqueue_inode_info", info));
    NAP_TRY(const auto attributes, copy.field<Attributes>("attr"));
    queue.most_messages = attributes.most_messages;
    queue.message_size = attributes.message_size;
    NAP_TRY(const std::uint64_t root, copy.field("msg_tree"));
    NAP_CHECK(read_tree(kernel, root, 0, queue.messages));
    if (static_cast<std::int64_t>(queue.messages.size()) != attributes.messages)
        return fail(ErrorKind::protocol, "a queue has " + std::to_string(attributes.messages) +
                                             " messages, of which " + std::to_string(queue.messages.size()) +
                                             " were found");
    NAP_TRY(queue.notification, read_notification(copy));
    return queue;
}

}  // namespace

Result<std::vector<KernelQueue>> read_message_queues(const RunningKernel& kernel,
                                                     std::uint64_t ipc_namespace) {
    std::vector<KernelQueue> queues;
    NAP_TRY(const std::uint64_t mount, kernel.field(ipc_namespace, "ipc_namespace", "mq_mnt"));
    NAP_TRY(const std::uint64_t file_system, kernel.field(mount, "vfsmount", "mnt_sb"));
    NAP_TRY(const std::uint64_t list, kernel.fields().offset("super_block", "s_inodes"));
    NAP_TRY(const std::uint64_t node, kernel.fields().offset("inode", "i_sb_list"));
    NAP_TRY(const std::uint64_t within, kernel.fields().offset("mqueue_inode_info", "vfs_inode"));
    NAP_TRY(std::uint64_t at, kernel.value<std::uint64_t>(file_system + list));
    for (int i = 0; i < kQueuesLimit && at != file_system + list; ++i) {
        const std::uint64_t address = at - node;
        NAP_TRY(const auto inode, StructCopy::read(kernel, "inode", address));
        NAP_TRY(at, inode.field("i_sb_list"));
        NAP_TRY(const auto mode, inode.field<std::uint16_t>("i_mode"));
        if (!S_ISREG(mode)) continue;  // the root
        NAP_TRY(KernelQueue queue, read_queue(kernel, inode, address - within));
        queue.mode = mode;
        queues.push_back(std::move(queue));
    }
    return queues;
}

}  // namespace nap::agent
