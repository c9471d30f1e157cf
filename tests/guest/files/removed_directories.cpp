// SPDX-License-Identifier: GPL-2.0-only
// Directories that were removed while they are open: with a successor of their name, in one another, below
// one that is gone.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <set>
#include <vector>

#include "harness.hpp"

namespace guest {
namespace {

class RemovedDirectories : public State {
  public:
    void set_up() override {
        folder_ = disk_directory("removed_directories");
        removed({"again"});
        removed({"again"});
        check(mkdir((folder_ + "/again").c_str(), 0750), "mkdir");
        write_text(folder_ + "/again/file", "in the successor");
        removed({"outer", "outer/inner"});
        removed({"far", "far/deep"});
        close(open_[open_.size() - 2]);  // only what was deep in it is open
        open_.erase(open_.end() - 2);
        check(chdir(("/proc/self/fd/" + std::to_string(open_.front())).c_str()), "chdir");
    }

    void verify() override {
        std::set<ino_t> inodes{status(AT_FDCWD).st_ino};
        require(status(AT_FDCWD).st_ino == status(open_.front()).st_ino,
                "the working directory is another one");
        for (int fd : open_) {
            const struct stat now = status(fd);
            require(S_ISDIR(now.st_mode) && (now.st_mode & 0777) == 0710, "mode ", now.st_mode);
            require(now.st_nlink == 0, "a removed directory has ", now.st_nlink, " links");
            inodes.insert(now.st_ino);
            require(openat(fd, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) < 0 && errno == ENOENT,
                    "a file can be made in a removed directory");
        }
        require(inodes.size() == open_.size(), open_.size(), " directories have become ", inodes.size());
        for (const auto& entry : std::filesystem::directory_iterator(folder_))
            require(entry.path().filename() == "again", "there is ", entry.path());
        require(read_text(folder_ + "/again/file") == "in the successor", "the successor's file changed");
    }

    void damage() override { check(mkdir((folder_ + "/far").c_str(), 0700), "mkdir"); }

  private:
    // Each in the one before it; opened, then all are removed.
    void removed(const std::vector<std::string>& names) {
        for (const auto& name : names) {
            check(mkdir((folder_ + "/" + name).c_str(), 0710), "mkdir");
            open_.push_back(static_cast<int>(
                check(open((folder_ + "/" + name).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open")));
        }
        for (auto name = names.rbegin(); name != names.rend(); ++name)
            check(rmdir((folder_ + "/" + *name).c_str()), "rmdir");
    }

    static struct stat status(int fd) {
        struct stat now {};
        check(fstatat(fd, "", &now, AT_EMPTY_PATH), "fstatat");
        return now;
    }

    std::string folder_;
    std::vector<int> open_;
};

NAP_GUEST_STATE("removed_directories", RemovedDirectories);

}  // namespace
}  // namespace guest
