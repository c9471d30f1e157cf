// SPDX-License-Identifier: GPL-2.0-only
// Unix sockets: bytes and messages that wait, names, listeners, half closed, a descriptor on its way.
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "harness.hpp"
#include "sockets/message.hpp"

namespace guest {
namespace {

sockaddr_un address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    require(path.size() < sizeof address.sun_path, "path too long: ", path);
    path.copy(address.sun_path, path.size());
    return address;
}

int make_socket(int type) {
    return static_cast<int>(check(socket(AF_UNIX, type | SOCK_CLOEXEC, 0), "socket"));
}

void bind_to(int fd, const std::string& path) {
    const auto address = address_of(path);
    check(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), "bind " + path);
}

void connect_to(int fd, const std::string& path) {
    const auto address = address_of(path);
    check(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), "connect " + path);
}

// A message whose size shows where it ends.
std::string receive_message(int fd) {
    std::string text(4096, '\0');
    text.resize(static_cast<std::size_t>(check(recv(fd, text.data(), text.size(), MSG_DONTWAIT), "recv")));
    return text;
}

class UnixSockets : public State {
  public:
    void set_up() override {
        directory_ = disk_directory("unix_sockets");
        check(socketpair(AF_UNIX, SOCK_STREAM, 0, stream_.data()), "socketpair");
        check(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, packets_.data()), "socketpair");
        check(socketpair(AF_UNIX, SOCK_STREAM, 0, half_.data()), "socketpair");
        write_exactly(half_[1], "still there", "half closed socket");
        check(shutdown(half_[1], SHUT_WR), "shutdown");
        datagram_ = make_socket(SOCK_DGRAM);
        bind_to(datagram_, directory_ + "/datagram");
        sender_ = make_socket(SOCK_DGRAM);
        connect_to(sender_, directory_ + "/datagram");
        listener_ = make_socket(SOCK_STREAM);
        bind_to(listener_, directory_ + "/listener");
        check(listen(listener_, 5), "listen");
        client_ = make_socket(SOCK_STREAM);
        connect_to(client_, directory_ + "/listener");
        server_ = static_cast<int>(check(accept(listener_, nullptr, nullptr), "accept"));
        queue();
    }

    void verify() override {
        require(read_exactly(stream_[0], kBytes, "stream") == pattern_text(kBytes, 20),
                "the stream's content changed");
        require(read_exactly(stream_[1], 100, "stream") == pattern_text(100, 21),
                "the stream's content changed");
        for (const auto& message : kMessages) {
            require(receive_message(packets_[0]) == message, "a packet changed");
            require(receive_message(datagram_) == message, "a datagram changed");
        }
        require(read_exactly(server_, 100, "connection") == pattern_text(100, 22),
                "the connection's content changed");
        verify_half();
        verify_listener();
        queue();
    }

    void damage() override {
        write_exactly(packets_[1], "one more", "packet"), (void)receive_message(packets_[0]);
    }

  private:
    static constexpr std::size_t kBytes = 50'000;
    inline static const std::vector<std::string> kMessages = {"one", "the second", std::string(3000, '3')};

    void queue() const {
        write_exactly(stream_[1], pattern_text(kBytes, 20), "stream");
        write_exactly(stream_[0], pattern_text(100, 21), "stream");
        for (const auto& message : kMessages) {
            write_exactly(packets_[1], message, "packet");
            write_exactly(sender_, message, "datagram");
        }
        write_exactly(client_, pattern_text(100, 22), "connection");
    }

    void verify_half() {
        if (!half_read_)
            require(read_exactly(half_[0], 11, "half closed") == "still there",
                    "half closed content changed");
        half_read_ = true;
        char byte = 0;
        require(recv(half_[0], &byte, 1, MSG_DONTWAIT) == 0, "the half closed socket does not end");
        write_exactly(half_[0], "x", "half closed socket");
        require(read_exactly(half_[1], 1, "half closed socket") == "x", "its other direction is broken");
    }

    void verify_listener() const {
        ucred credentials{};
        socklen_t size = sizeof credentials;
        check(getsockopt(server_, SOL_SOCKET, SO_PEERCRED, &credentials, &size), "SO_PEERCRED");
        require(credentials.pid == getpid(), "the peer is process ", credentials.pid);
        const int client = make_socket(SOCK_STREAM);
        connect_to(client, directory_ + "/listener");
        const int server = static_cast<int>(check(accept(listener_, nullptr, nullptr), "accept"));
        write_exactly(server, "hello", "new connection");
        require(read_exactly(client, 5, "new connection") == "hello",
                "a new connection carries something else");
        close(client);
        close(server);
    }

    std::string directory_;
    std::array<int, 2> stream_{}, packets_{}, half_{};
    int datagram_ = -1, sender_ = -1, listener_ = -1, client_ = -1, server_ = -1;
    bool half_read_ = false;
};

// A pipe's end sent over a socket and not received yet.
class PassedDescriptor : public State {
  public:
    void set_up() override {
        check(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets_.data()), "socketpair");
        send();
    }
    void verify() override {
        const int end = receive();
        require(read_exactly(end, 9, "passed pipe") == "in flight", "the passed pipe carries something else");
        close(end);
        send();
    }
    void damage() override { close(receive()); }

  private:
    union Control {
        char bytes[CMSG_SPACE(sizeof(int))];
        cmsghdr align;
    };

    void send() const {
        std::array<int, 2> pipe_ends{};
        check(pipe(pipe_ends.data()), "pipe");
        write_exactly(pipe_ends[1], "in flight", "pipe");
        send_descriptor(sockets_[0], pipe_ends[0]);
        close(pipe_ends[0]);
        close(pipe_ends[1]);
    }

    int receive() const {
        char byte = 0;
        iovec part{&byte, 1};
        Control control{};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof control.bytes;
        require(check(recvmsg(sockets_[1], &message, MSG_DONTWAIT), "recvmsg") == 1 && byte == 'd',
                "no message");
        const cmsghdr* header = CMSG_FIRSTHDR(&message);
        require(header != nullptr && header->cmsg_type == SCM_RIGHTS, "the message carries no descriptor");
        int fd = -1;
        std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
        return fd;
    }

    std::array<int, 2> sockets_{};
};

NAP_GUEST_STATE("unix_sockets", UnixSockets);
NAP_GUEST_STATE("unix_passed_descriptor", PassedDescriptor);

}  // namespace
}  // namespace guest
