// SPDX-License-Identifier: GPL-2.0-only
#include "sockets/message.hpp"

#include <array>
#include <cstring>

#include "harness.hpp"

namespace guest {
namespace {

std::string hexadecimal(const void* data, std::size_t size) {
    std::ostringstream text;
    text << std::hex;
    const auto* const bytes = static_cast<const unsigned char*>(data);
    for (std::size_t i = 0; i < size; ++i) text << (bytes[i] < 16 ? "0" : "") << static_cast<int>(bytes[i]);
    return text.str();
}

}  // namespace

Message receive(int fd, int flags) {
    std::string data(70'000, '\0');
    sockaddr_storage from{};
    std::array<char, 1024> control{};
    iovec vector{data.data(), data.size()};
    msghdr header{};
    header.msg_name = &from;
    header.msg_namelen = sizeof from;
    header.msg_iov = &vector;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    const long size = check(recvmsg(fd, &header, MSG_DONTWAIT | flags), "recvmsg");
    data.resize(static_cast<std::size_t>(size));
    Message message{data, std::string(reinterpret_cast<const char*>(&from), header.msg_namelen), {}, {}};
    for (const cmsghdr* note = CMSG_FIRSTHDR(&header); note != nullptr;
         note = CMSG_NXTHDR(&header, const_cast<cmsghdr*>(note))) {
        const std::size_t length = note->cmsg_len - CMSG_LEN(0);
        message.notes += std::to_string(note->cmsg_level) + ":" + std::to_string(note->cmsg_type) + ":" +
                         hexadecimal(CMSG_DATA(note), length) + " ";
        if (note->cmsg_level == SOL_SOCKET && note->cmsg_type == SCM_CREDENTIALS)
            std::memcpy(&message.credentials, CMSG_DATA(note), sizeof message.credentials);
    }
    return message;
}

void send_descriptor(int socket, int fd) {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    char byte = 'd';
    iovec part{&byte, 1};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fd);
    std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
    check(sendmsg(socket, &message, 0), "sendmsg");
}

std::string difference(const Message& now, const Message& before) {
    if (now.data != before.data) return "its content changed";
    if (now.sender != before.sender)
        return "it comes from " + hexadecimal(now.sender.data(), now.sender.size()) + ", came from " +
               hexadecimal(before.sender.data(), before.sender.size());
    if (now.notes != before.notes) return "it comes with " + now.notes + ", came with " + before.notes;
    return {};
}

}  // namespace guest
