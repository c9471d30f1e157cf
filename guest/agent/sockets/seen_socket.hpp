// SPDX-License-Identifier: GPL-2.0-only
// Seen socket: what the kernel has of a program's socket and no system call tells, or only by taking it away;
// of all sockets in one pass.
#pragma once

#include <cstdint>
#include <vector>

#include "agent/kernel_memory/open_files.hpp"
#include "agent/kernel_memory/running_kernel.hpp"
#include "base/error.hpp"

namespace nap::agent {

// Words of struct socket, struct sock, and what these are the beginning of. What belongs to a family means
// nothing for others.
enum class SocketWord : std::uint8_t {
    inode,
    connecting,  // enum socket_state
    sock,
    family,
    state,
    type,
    protocol,
    flags,
    shutdown,
    error,
    soft_error,
    unread,
    unread_errors,
    timestamp_key,
    zero_copy_key,
    drops,
    policy_in,
    policy_out,
    reuseport,
    count_of_general,
    // Internet
    multicast_index = count_of_general,
    multicast_address,
    alerts,  // whom a network namespace tells of IPv4 packets with the router alert option
    six,     // struct ipv6_pinfo
    flow_label,
    fragment_size,
    sticky_address_high,
    sticky_address_low,
    sticky_index,
    flow_labels,
    flow_labels_of_inet,  // where they are from 6.8 on
    anycast,
    // UDP
    unread_aside,
    // TCP
    urgent,
    urgent_sent,
    unacknowledged,
    written,
    signing_keys,
    // unix
    out_of_band,
    // netlink
    answering,
    // packet
    fanout,
    count,
};

class SeenSocket {
  public:
    explicit SeenSocket(OpenFile file) : file_(std::move(file)) {}

    [[nodiscard]] const OpenFile& file() const { return file_; }
    [[nodiscard]] std::uint64_t operator[](SocketWord word) const;  // as wide as the field is
    [[nodiscard]] std::uint32_t number(SocketWord word) const {
        return static_cast<std::uint32_t>((*this)[word]);
    }
    [[nodiscard]] bool is_internet() const;
    [[nodiscard]] bool is_udp() const;
    [[nodiscard]] bool is_tcp() const;

  private:
    OpenFile file_;
};

class SocketSearch {
  public:
    // In the running kernel. The first call takes a while; later ones find it kept.
    static Result<const SocketSearch*> get();

    // Of all processes; one that several have once. Unless nobody uses them, what is told of one is of
    // instants.
    [[nodiscard]] Result<std::vector<SeenSocket>> run() const;
    [[nodiscard]] const RunningKernel& kernel() const { return *kernel_; }

  private:
    static Result<SocketSearch> load(const RunningKernel& kernel);
    SocketSearch(const RunningKernel& kernel, OpenFileSearch files)
        : kernel_(&kernel), files_(std::move(files)) {}

    const RunningKernel* kernel_;
    OpenFileSearch files_;
};

// Where the words lie in a kernel with these fields.
Result<std::vector<WordPath>> socket_words(const Fields& fields);

}  // namespace nap::agent
