// SPDX-License-Identifier: GPL-2.0-only
// Whose the other end of a unix socket was when it connected or listened, with its groups; dead, or somebody
// else since.
#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <vector>

#include "child.hpp"
#include "harness.hpp"

namespace guest {
namespace {

constexpr int kPeerGroups = 59;  // SO_PEERGROUPS

struct Peer {
    ucred credentials{};
    std::vector<gid_t> groups;
};

Peer peer_of(int fd) {
    Peer peer;
    socklen_t size = sizeof peer.credentials;
    check(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer.credentials, &size), "SO_PEERCRED");
    peer.groups.resize(64);
    size = static_cast<socklen_t>(peer.groups.size() * sizeof(gid_t));
    check(getsockopt(fd, SOL_SOCKET, kPeerGroups, peer.groups.data(), &size), "SO_PEERGROUPS");
    peer.groups.resize(size / sizeof(gid_t));
    return peer;
}

std::string text_of(const Peer& peer) {
    std::string text = "process " + std::to_string(peer.credentials.pid) + " user " +
                       std::to_string(peer.credentials.uid) + " group " +
                       std::to_string(peer.credentials.gid);
    for (const gid_t group : peer.groups) text += " " + std::to_string(group);
    return text;
}

void become(uid_t user) {
    const gid_t groups[] = {1400, 1500, 1600};
    check(setgroups(std::size(groups), groups), "setgroups");
    check(setresgid(user + 1, user + 1, user + 1), "setresgid");
    check(setresuid(user, user, user), "setresuid");
}

class PeerCredentials : public State {
  public:
    void set_up() override {
        const std::string directory = disk_directory("peer_credentials");
        address_.sun_family = AF_UNIX;
        (directory + "/socket").copy(address_.sun_path, sizeof address_.sun_path);
        listener_ = open_socket(SOCK_STREAM);
        check(bind(listener_, to(), sizeof address_), "bind");
        check(chmod(directory.c_str(), 0777), "chmod");
        check(chmod(address_.sun_path, 0777), "chmod");
        in_process([this] { become(1310), check(listen(listener_, 8), "listen"); });
        keep("a listener whose process is gone", listener_);
        in_process([this] { become(1320), connect_kept(); });
        keep("somebody who is gone", accept_one());
        const Child changed([this] {
            connect_kept(), become(1330);
            return [](const std::string&) { return std::string("yes"); };
        });
        require(changed.ask("connected?") == "yes", "no connection");
        keep("somebody who became another", accept_one());
        keep("a connection of ours", client_ = connect_one());
        keep("our own end of it", accept_one());
        check(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair_), "socketpair");
        keep("a pair", pair_[0]);
    }

    void verify() override {
        for (const Kept& kept : kept_) {
            const std::string now = text_of(peer_of(kept.fd));
            require(now == kept.peer, kept.name, " is ", now, ", was ", kept.peer);
        }
        const int client = connect_one();
        const std::string server = text_of(peer_of(client));
        close(accept_one()), close(client);
        require(server == kept_[0].peer, "who listens is ", server, ", was ", kept_[0].peer);
    }

    void damage() override { check(listen(listener_, 9), "listen"); }

  private:
    struct Kept {
        std::string name;
        int fd;
        std::string peer;
    };

    static int open_socket(int type) { return static_cast<int>(check(socket(AF_UNIX, type, 0), "socket")); }
    [[nodiscard]] const sockaddr* to() const { return reinterpret_cast<const sockaddr*>(&address_); }
    [[nodiscard]] int connect_one() const {
        const int fd = open_socket(SOCK_STREAM);
        check(connect(fd, to(), sizeof address_), "connect");
        return fd;
    }
    void connect_kept() const { (void)connect_one(); }
    [[nodiscard]] int accept_one() const {
        return static_cast<int>(check(accept(listener_, nullptr, nullptr), "accept"));
    }
    void keep(const std::string& name, int fd) { kept_.push_back({name, fd, text_of(peer_of(fd))}); }

    sockaddr_un address_{};
    int listener_ = -1, client_ = -1, pair_[2]{};
    std::vector<Kept> kept_;
};

NAP_GUEST_STATE("peer_credentials", PeerCredentials);

}  // namespace
}  // namespace guest
