// SPDX-License-Identifier: GPL-2.0-only
// A message with all that the kernel tells of it.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <string>

namespace guest {

struct Message {
    std::string data;
    std::string sender;  // the address as it comes, empty where there is none
    std::string notes;   // control messages, level:type:content in hexadecimal, in their order
    ucred credentials{};

    bool operator==(const Message& other) const {
        return data == other.data && sender == other.sender && notes == other.notes;
    }
};

Message receive(int fd, int flags = 0);
// Beside one byte, "d".
void send_descriptor(int socket, int fd);
std::string difference(const Message& now, const Message& before);

}  // namespace guest
