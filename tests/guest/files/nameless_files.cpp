// SPDX-License-Identifier: GPL-2.0-only
// A file whose name is gone while another one is left, and shared memory of the oldest kind.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

#include "harness.hpp"

namespace guest {
namespace {

int open_at(const std::string& path, int flags) {
    return static_cast<int>(check(open(path.c_str(), flags | O_CLOEXEC, 0640), "open " + path));
}

std::string content(int fd) {
    std::string text(4096, '\0');
    text.resize(static_cast<std::size_t>(check(pread(fd, text.data(), text.size(), 0), "pread")));
    return text;
}

// Opened by one name, which is gone; another one is left, in another folder.
class OtherName : public State {
  public:
    void set_up() override {
        folder_ = disk_directory("other_name");
        check(mkdir((folder_ + "/elsewhere").c_str(), 0700), "mkdir");
        fd_ = open_at(folder_ + "/first", O_RDWR | O_CREAT);
        write_exactly(fd_, "one file", "file");
        mapped_ = static_cast<char*>(mmap(nullptr, 4096, PROT_READ, MAP_SHARED, fd_, 0));
        require(mapped_ != MAP_FAILED, "mmap");
        check(link((folder_ + "/first").c_str(), other().c_str()), "link");
        check(unlink((folder_ + "/first").c_str()), "unlink");
    }
    void verify() override {
        struct stat open {
        }, named{};
        check(fstat(fd_, &open), "fstat");
        check(stat(other().c_str(), &named), "stat");
        require(open.st_ino == named.st_ino && open.st_nlink == 1, "it is not the file with that name");
        require(content(fd_) == read_text(other()) && content(fd_) == "one file", "the content changed");
        check(pwrite(fd_, "a", 1, 0), "pwrite");
        require(read_text(other()) == "ane file" && mapped_[0] == 'a', "a change is not seen by name");
        check(pwrite(fd_, "o", 1, 0), "pwrite");
        require(access((folder_ + "/first").c_str(), F_OK) != 0, "the name that was gone is back");
        std::string link(4096, '\0');
        link.resize(static_cast<std::size_t>(
            check(readlink(("/proc/self/fd/" + std::to_string(fd_)).c_str(), link.data(), link.size()),
                  "readlink")));
    }
    void damage() override { check(unlink(other().c_str()), "unlink"); }

  private:
    [[nodiscard]] std::string other() const { return folder_ + "/elsewhere/second"; }
    std::string folder_;
    int fd_ = -1;
    char* mapped_ = nullptr;
};

// Shared memory of the oldest kind.
class SharedZero : public State {
  public:
    void set_up() override {
        const int fd = open_at("/dev/zero", O_RDWR);
        at_ = static_cast<char*>(mmap(nullptr, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
        require(at_ != MAP_FAILED, "mmap");
        close(fd);
        std::strcpy(at_ + 5000, "shared");
        line_ = maps_line();
    }
    void verify() override {
        require(std::strcmp(at_ + 5000, "shared") == 0, "shared memory changed");
        require(maps_line() == line_, "it shows as ", maps_line());
    }
    void damage() override { at_[5000] = 'x'; }

  private:
    // Without device and inode, which are numbers of each kernel.
    std::string maps_line() const {
        std::ostringstream range;
        range << std::hex << reinterpret_cast<std::uintptr_t>(at_) << "-";
        std::istringstream maps(read_text("/proc/self/maps"));
        for (std::string line; std::getline(maps, line);)
            if (line.starts_with(range.str())) return line.substr(0, 32) + line.substr(line.rfind("  "));
        return "";
    }
    char* at_ = nullptr;
    std::string line_;
};

NAP_GUEST_STATE("file_other_name", OtherName);
NAP_GUEST_STATE("shared_zero", SharedZero);

}  // namespace
}  // namespace guest
