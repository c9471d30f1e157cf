// SPDX-License-Identifier: GPL-2.0-only
// What lies in a tmpfs: names of sockets that are closed, hard links, holes, special files, attributes,
// flags, times; how much the file system may hold.
#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <map>

#include "harness.hpp"

namespace guest {
namespace {

constexpr const char* kFolder = "/dev/shm/nap-test-tmpfs";
constexpr off_t kSparse = off_t{3} << 30;

std::string at(const std::string& name) {
    return std::string(kFolder) + "/" + name;
}

int bound_socket(const std::string& name, int type) {
    const int fd = static_cast<int>(check(socket(AF_UNIX, type | SOCK_CLOEXEC, 0), "socket"));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    at(name).copy(address.sun_path, sizeof address.sun_path - 1);
    check(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), "bind");
    return fd;
}

// Ages a name: what is made anew then shows.
void age(const std::string& name, time_t seconds) {
    const std::array<timespec, 2> times = {timespec{seconds, 123456789}, timespec{seconds + 1, 987654321}};
    check(utimensat(AT_FDCWD, at(name).c_str(), times.data(), AT_SYMLINK_NOFOLLOW), "utimensat");
}

// All that stat tells of a file but its inode's number, and when that changed.
std::string described(const std::string& name) {
    struct stat st {};
    check(lstat(at(name).c_str(), &st), "stat " + name);
    std::ostringstream text;
    text << std::oct << st.st_mode << std::dec << ' ' << st.st_uid << ':' << st.st_gid << ' ' << st.st_nlink
         << ' ' << st.st_rdev << ' ' << (S_ISDIR(st.st_mode) ? 0 : st.st_size) << ' ' << st.st_mtim.tv_sec
         << '.' << st.st_mtim.tv_nsec;
    if (!S_ISDIR(st.st_mode))
        text << ' ' << st.st_atim.tv_sec << '.' << st.st_atim.tv_nsec << ' ' << st.st_blocks;
    return text.str();
}

class Tmpfs : public State {
  public:
    ~Tmpfs() override {
        set_flags("flagged", 0);
        std::error_code ignored;
        std::filesystem::remove_all(kFolder, ignored);
    }
    void set_up() override {
        std::filesystem::create_directories(at("folder/deep"));
        write_text(at("file"), "contents");
        check(link(at("file").c_str(), at("linked").c_str()), "link");
        check(setxattr(at("file").c_str(), "trusted.nap", "value", 5, 0), "setxattr");
        check(chown(at("file").c_str(), 1234, 4321), "chown");
        check(chmod(at("file").c_str(), 06750), "chmod");
        check(mkfifo(at("fifo").c_str(), 0620), "mkfifo");
        check(mknod(at("null").c_str(), S_IFCHR | 0640, makedev(1, 3)), "mknod");
        check(mknod(at("whiteout").c_str(), S_IFCHR, makedev(0, 0)), "mknod");
        check(symlink("/nowhere", at("dangling").c_str()), "symlink");
        write_text(at("sparse"), "");
        check(truncate(at("sparse").c_str(), kSparse), "truncate");
        write_text(at("flagged"), "for ever");
        close(bound_socket("left", SOCK_STREAM));
        check(chmod(at("left").c_str(), 0600), "chmod");
        check(chown(at("left").c_str(), 33, 44), "chown");
        bound_socket("folder/held", SOCK_DGRAM);
        time_t seconds = 1'000'000'000;
        for (const char* name : kNames) age(name, ++seconds);
        flags_ = set_flags("flagged", FS_APPEND_FL | FS_NODUMP_FL);
        for (const char* name : kNames) before_[name] = described(name);
        limits_ = limits();
    }
    void verify() override {
        for (const auto& [name, before] : before_)
            require(described(name) == before, name, " is ", described(name), ", was ", before);
        std::array<char, 16> value{};
        check(getxattr(at("linked").c_str(), "trusted.nap", value.data(), value.size()), "getxattr");
        if (flags_ != 0)
            require(get_flags("flagged") == flags_, "flags are ", get_flags("flagged"), ", were ", flags_);
        require(limits() == limits_, "the file system may hold ", limits(), ", before ", limits_);
    }
    void damage() override { check(unlink(at("left").c_str()), "unlink"); }

  private:
    static constexpr std::array kNames = {"file",        "fifo",        "null",    "whiteout",
                                          "dangling",    "sparse",      "flagged", "left",
                                          "folder/held", "folder/deep", "folder"};

    static std::string limits() {
        struct statvfs file_system {};
        check(statvfs(kFolder, &file_system), "statvfs");
        return std::to_string(file_system.f_blocks) + " blocks, " + std::to_string(file_system.f_files) +
               " inodes";
    }
    static int get_flags(const std::string& name) {
        const int fd = open(at(name).c_str(), O_RDONLY | O_CLOEXEC);
        int flags = 0;
        if (ioctl(fd, FS_IOC_GETFLAGS, &flags) != 0) flags = 0;  // before Linux 6.0
        close(fd);
        return flags;
    }
    static int set_flags(const std::string& name, int flags) {
        const int fd = open(at(name).c_str(), O_RDONLY | O_CLOEXEC);
        ioctl(fd, FS_IOC_SETFLAGS, &flags);
        close(fd);
        return get_flags(name);
    }

    std::map<std::string, std::string> before_;
    std::string limits_;
    int flags_ = 0;
};

NAP_GUEST_STATE("tmpfs", Tmpfs);

}  // namespace
}  // namespace guest
