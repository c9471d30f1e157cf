// SPDX-License-Identifier: GPL-2.0-only
// Connections that a unix listener has not accepted: of clients that wait, have sent little, much or with an
// end, are gone, were somebody else; in their order, with whose they are and who has sent what.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string>
#include <vector>

#include "child.hpp"
#include "harness.hpp"

namespace guest {
namespace {

constexpr std::size_t kMuch = 70'000;  // bytes
constexpr uid_t kOther = 1410;

struct Heard {
    std::string text;
    ucred sender{};
};

Heard hear(int fd, std::size_t room) {
    const int on = 1;
    check(setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on), "SO_PASSCRED");
    Heard heard{std::string(room, 0), {}};
    iovec into{heard.text.data(), room};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(ucred))> control{};
    msghdr message{};
    message.msg_iov = &into, message.msg_iovlen = 1;
    message.msg_control = control.data(), message.msg_controllen = control.size();
    heard.text.resize(static_cast<std::size_t>(check(recvmsg(fd, &message, MSG_DONTWAIT), "recvmsg")));
    if (const cmsghdr* header = CMSG_FIRSTHDR(&message); header && header->cmsg_type == SCM_CREDENTIALS)
        std::memcpy(&heard.sender, CMSG_DATA(header), sizeof heard.sender);
    return heard;
}

class Queue {
  public:
    Queue(int type, const std::string& name) : type_(type) {
        address_.sun_family = AF_UNIX;
        name.copy(address_.sun_path + (name[0] == '/' ? 0 : 1), sizeof address_.sun_path - 2);
        size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() + 1);
        listener_ = open_socket();
        if (name[0] == '/') unlink(name.c_str());
        check(bind(listener_, to(), size_), "bind");
        if (name[0] == '/') check(chmod(name.c_str(), 0777), "chmod");
        check(listen(listener_, 16), "listen");
        fill();
    }

    void fill() {
        for (const int client : clients_) close(client);
        clients_.clear();
        gone_ = in_process([this] { say(connected(), "last words"); });
        clients_.push_back(connected());  // waits
        clients_.push_back(connected());
        say(clients_[1], "first"), say(clients_[1], "second");
        other_ = in_process([this] {
            check(setresgid(kOther, kOther, kOther), "setresgid");
            check(setresuid(kOther, kOther, kOther), "setresuid");
            (void)connected();
        });
        clients_.push_back(connected());
        say(clients_[2], std::string(type_ == SOCK_STREAM ? kMuch : kMuch / 2, 'm'));
        check(shutdown(clients_[2], SHUT_WR), "shutdown");
    }

    void verify() {
        const int gone = accepted(gone_, 0);
        Heard heard = hear(gone, 100);
        require(heard.text == "last words", "a client that is gone has said: ", heard.text);
        require(heard.sender.pid == gone_, "the words of ", gone_, " are those of ", heard.sender.pid);
        require(hear(gone, 1).text.empty(), "it does not end");

        const int waits = accepted(getpid(), 0);
        say(clients_[0], "late"), say(waits, "answer");
        require(hear(waits, 100).text == "late", "another word came");
        require(hear(clients_[0], 100).text == "answer", "another answer came");

        const int sent = accepted(getpid(), 0);
        std::string all = hear(sent, 100).text;
        if (all == "first") all += hear(sent, 100).text;  // of a stream they may come as one
        require(all == "firstsecond", "what was sent is ", all);

        const int other = accepted(other_, kOther);
        require(hear(other, 1).text.empty(), "of one that is gone");

        const int much = accepted(getpid(), 0);
        std::string text;
        for (std::string more; !(more = hear(much, kMuch).text).empty();) text += more;
        require(text == std::string(type_ == SOCK_STREAM ? kMuch : kMuch / 2, 'm'), "much has become ",
                text.size(), " bytes");
        say(much, "thanks");
        require(hear(clients_[2], 100).text == "thanks", "another answer came");
        for (const int fd : {gone, waits, sent, other, much}) close(fd);
    }

    void damage() const { close(static_cast<int>(check(accept(listener_, nullptr, nullptr), "accept"))); }

  private:
    [[nodiscard]] int open_socket() const {
        return static_cast<int>(check(socket(AF_UNIX, type_ | SOCK_CLOEXEC, 0), "socket"));
    }
    [[nodiscard]] const sockaddr* to() const { return reinterpret_cast<const sockaddr*>(&address_); }
    [[nodiscard]] int connected() const {
        const int fd = open_socket();
        check(connect(fd, to(), size_), "connect");
        return fd;
    }
    static void say(int fd, const std::string& text) {
        require(send(fd, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()),
                "send: ", std::strerror(errno));
    }
    [[nodiscard]] int accepted(pid_t pid, uid_t uid) const {
        const int fd = static_cast<int>(check(accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC), "accept"));
        ucred peer{};
        socklen_t size = sizeof peer;
        check(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size), "SO_PEERCRED");
        require(peer.pid == pid && peer.uid == uid, "a connection of process ", pid, ", user ", uid,
                " is one of process ", peer.pid, ", user ", peer.uid);
        return fd;
    }

    int type_, listener_ = -1;
    sockaddr_un address_{};
    socklen_t size_ = 0;
    std::vector<int> clients_;
    pid_t gone_ = 0, other_ = 0;
};

class UnixBacklog : public State {
  public:
    void set_up() override {
        std::signal(SIGPIPE, SIG_IGN);
        directory_ = disk_directory("unix_backlog");
        check(chmod(directory_.c_str(), 0777), "chmod");
        queues_.emplace_back(SOCK_STREAM, directory_ + "/stream");
        queues_.emplace_back(SOCK_SEQPACKET, directory_ + "/packets");
        queues_.emplace_back(SOCK_STREAM, "nap-test-unix-backlog");
    }
    void verify() override {
        for (auto& queue : queues_) queue.verify(), queue.fill();
    }
    void damage() override { queues_[0].damage(); }

  private:
    std::string directory_;
    std::vector<Queue> queues_;
};

NAP_GUEST_STATE("unix_backlog", UnixBacklog);

}  // namespace
}  // namespace guest
