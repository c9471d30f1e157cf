// SPDX-License-Identifier: GPL-2.0-only
// Files of the disk that have no name any more, as an upgrade of packages leaves libraries and programs:
// mapped, executed, open, large, with a successor, without their folder, in a mount that is read-only.
#include <fcntl.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <memory>
#include <vector>

#include "child.hpp"
#include "harness.hpp"

namespace guest {
namespace {

constexpr std::size_t kLarge = 100 << 20;  // bytes

std::string link_of(const std::string& place) {
    std::string text(4096, '\0');
    text.resize(
        static_cast<std::size_t>(check(readlink(place.c_str(), text.data(), text.size()), "readlink")));
    return text;
}

struct stat status_of(const std::string& place) {
    struct stat now {};
    check(stat(place.c_str(), &now), "stat " + place);
    return now;
}

bool same(const timespec& a, const timespec& b) {
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

// What may be known of a deleted file by a place in /proc.
struct Known {
    std::string place, link;
    struct stat status {};

    static Known of(const std::string& place) { return {place, link_of(place), status_of(place)}; }
    void verify() const {
        const struct stat now = status_of(place);
        require(link_of(place) == link, link, " shows as ", link_of(place));
        require(now.st_nlink == 0, link, " has ", now.st_nlink, " names");
        require(now.st_ino == status.st_ino && now.st_size == status.st_size && now.st_mode == status.st_mode,
                link, " is another file");
        require(same(now.st_mtim, status.st_mtim) && same(now.st_ctim, status.st_ctim), "times of ", link,
                " changed");
    }
};

std::string place_of(int fd) {
    return "/proc/self/fd/" + std::to_string(fd);
}

std::string made(const std::string& path, const std::string& text) {
    write_text(path, text);
    return path;
}

int opened(const std::string& path, int flags) {
    return static_cast<int>(check(open(path.c_str(), flags | O_CLOEXEC, 0640), "open " + path));
}

class DeletedFiles : public State {
  public:
    void set_up() override {
        folder_ = disk_directory("deleted_files");
        check(mkdir((folder_ + "/gone").c_str(), 0700), "mkdir");
        successor_ = open_deleted("again", O_RDWR | O_NOFOLLOW);
        made(folder_ + "/again", "the successor");
        const int without = open_deleted("gone/file", O_RDONLY);
        check(rmdir((folder_ + "/gone").c_str()), "rmdir");
        map_deleted();
        execute_deleted();
        large_ = open_deleted("large", O_RDWR | O_APPEND);
        require(posix_fallocate(large_, 0, kLarge) == 0, "posix_fallocate");
        check(write(large_, "last", 4), "write");
        behind_read_only();
        known_.push_back(Known::of(place_of(successor_)));
        known_.push_back(Known::of(place_of(without)));
        folder_status_ = status_of(folder_);
    }

    void verify() override {
        for (const Known& each : known_) each.verify();
        require(read_only_->ask("?") == "as it was", read_only_->ask("?"));
        require(text_of(successor_) == "again", "the content of a deleted file changed");
        require(read_text(folder_ + "/again") == "the successor", "the successor changed");
        require(std::string(mapped_) == "library", "what is mapped changed");
        require(std::string(shared_) == "library", "what is mapped to be shared changed");
        require_in_maps();
        char last[5] = {};
        check(pread(large_, last, 4, kLarge), "pread");
        require(std::string(last) == "last", "a large file's content changed");
        check(write(large_, "more", 4), "write");
        require(status_of(place_of(large_)).st_nlink == 0, "the large file has a name");
        const struct stat now = status_of(folder_);
        require(same(now.st_mtim, folder_status_.st_mtim) && same(now.st_ctim, folder_status_.st_ctim),
                "times of the folder changed");
        for (const auto& entry : std::filesystem::directory_iterator(folder_))
            require(entry.path().filename() == "again", "there is ", entry.path());
        require(!std::filesystem::exists("/.nap-nameless"), "names are left on the disk");
    }

    void damage() override { write_text(folder_ + "/library", "it is back"); }

    ~DeletedFiles() override {
        if (program_ > 0) kill(program_, SIGKILL);
    }

  private:
    // Of its own name
    int open_deleted(const std::string& name, int flags) {
        const auto path = made(folder_ + "/" + name, name);
        const int fd = opened(path, flags);
        check(unlink(path.c_str()), "unlink");
        return fd;
    }

    static std::string text_of(int fd) {
        std::string text(64, '\0');
        text.resize(static_cast<std::size_t>(check(pread(fd, text.data(), text.size(), 0), "pread")));
        return text;
    }

    void map_deleted() {
        const int fd = open_deleted("library", O_RDWR);
        void* at = mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
        void* shared = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        require(at != MAP_FAILED && shared != MAP_FAILED, "mmap");
        library_ = status_of(place_of(fd)).st_ino;
        close(fd);
        mapped_ = static_cast<const char*>(at);
        shared_ = static_cast<const char*>(shared);
    }

    void require_in_maps() const {
        const auto maps = read_text("/proc/self/maps");
        const auto line = " " + std::to_string(library_) + " ";
        const auto at = maps.find(line);
        require(at != std::string::npos, "the library has another inode");
        require(maps.find(folder_ + "/library (deleted)\n", at) != std::string::npos,
                "the library has another name");
    }

    void execute_deleted() {
        const std::string path = folder_ + "/program";
        std::filesystem::copy_file("/bin/sleep", path);
        program_ = static_cast<pid_t>(check(fork(), "fork"));
        if (program_ == 0) {
            Child::end_with_parent();
            execl(path.c_str(), path.c_str(), "1000000", nullptr);
            _exit(1);
        }
        const std::string place = "/proc/" + std::to_string(program_) + "/exe";
        while (link_of(place) != path) sleep_ms(10);
        check(unlink(path.c_str()), "unlink");
        known_.push_back(Known::of(place));
    }

    // As a unit's with ProtectSystem=
    void behind_read_only() {
        made(folder_ + "/sandboxed", "sandboxed");
        read_only_ = std::make_unique<Child>([folder = folder_]() -> Child::Answer {
            check(unshare(CLONE_NEWNS), "unshare");
            check(mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), "mount");
            check(mount(folder.c_str(), folder.c_str(), nullptr, MS_BIND, nullptr), "mount");
            check(mount(nullptr, folder.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr),
                  "mount");
            const int fd = opened(folder + "/sandboxed", O_RDONLY);
            return [fd, known = std::make_shared<Known>()](const std::string&) -> std::string {
                if (known->place.empty()) *known = Known::of(place_of(fd));
                known->verify();
                struct statvfs mounted {};
                check(fstatvfs(fd, &mounted), "fstatvfs");
                require((mounted.f_flag & ST_RDONLY) != 0, "it is in another mount");
                return "as it was";
            };
        });
        check(unlink((folder_ + "/sandboxed").c_str()), "unlink");
        require(read_only_->ask("?") == "as it was", "the child");
    }

    std::string folder_;
    std::vector<Known> known_;
    struct stat folder_status_ {};
    std::unique_ptr<Child> read_only_;
    const char *mapped_ = nullptr, *shared_ = nullptr;
    ino_t library_ = 0;
    int successor_ = -1, large_ = -1;
    pid_t program_ = -1;
};

NAP_GUEST_STATE("deleted_files", DeletedFiles);

}  // namespace
}  // namespace guest
