// SPDX-License-Identifier: GPL-2.0-only
#include "channel/unix_socket.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace nap::channel {

namespace {

Result<sockaddr_un> address_of(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    static_assert(sizeof address.sun_path == kMaxSocketPath + 1);
    if (path.empty() || path.size() > kMaxSocketPath)
        return fail(ErrorKind::usage, "the path of a socket must have 1 to " +
                                          std::to_string(kMaxSocketPath) + " bytes: " + path);
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

Result<UniqueFd> new_socket() {
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd) return fail_errno("cannot make a unix socket");
    return fd;
}

const sockaddr* generic(const sockaddr_un& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

}  // namespace

Result<UniqueFd> listen_unix(const std::string& path) {
    NAP_TRY(sockaddr_un address, address_of(path));
    // A socket nobody answers on is left over from a process that is gone
    if (struct stat status{}; ::lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode)) {
        if (connect_unix(path)) return fail(ErrorKind::busy, "somebody else listens on " + path);
        ::unlink(path.c_str());
    }
    NAP_TRY(UniqueFd fd, new_socket());
    ::fchmod(fd.get(), 0600);  // the file that bind makes takes the socket's mode
    if (::bind(fd.get(), generic(address), sizeof address) != 0 || ::listen(fd.get(), 64) != 0)
        return fail_errno("cannot listen on " + path);
    return fd;
}

Result<UniqueFd> connect_unix(const std::string& path) {
    NAP_TRY(sockaddr_un address, address_of(path));
    NAP_TRY(UniqueFd fd, new_socket());
    int connected;
    do connected = ::connect(fd.get(), generic(address), sizeof address);
    while (connected != 0 && errno == EINTR);
    if (connected != 0 && errno == ECONNREFUSED)
        return fail(ErrorKind::not_found, "nobody listens on " + path);
    if (connected != 0) return fail_errno("cannot connect to " + path);
    return fd;
}

Result<UniqueFd> accept_unix(int listener) {
    int fd;
    do fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
    if (fd < 0) return fail_errno("cannot accept a connection");
    return UniqueFd(fd);
}

}  // namespace nap::channel
