// SPDX-License-Identifier: GPL-2.0-only
// Open files: offsets, shared descriptions, flags, a file without a name, a directory, a file that goes on
// growing.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <thread>

#include "child.hpp"
#include "harness.hpp"

namespace guest {
namespace {

int open_for(const std::string& path, int flags) {
    return static_cast<int>(check(open(path.c_str(), flags, 0644), "open " + path));
}

class Offsets : public State {
  public:
    void set_up() override {
        directory_ = disk_directory("file_offsets");
        write_text(directory_ + "/data", pattern_text(10'000, 10));
        reader_ = open_for(directory_ + "/data", O_RDONLY | O_CLOEXEC);
        check(lseek(reader_, 1234, SEEK_SET), "lseek");
        twin_ = static_cast<int>(check(fcntl(reader_, F_DUPFD, 700), "dup"));
        other_ = open_for(directory_ + "/data", O_RDWR | O_NONBLOCK);
        log_ = open_for(directory_ + "/log", O_WRONLY | O_CREAT | O_APPEND);
        write_exactly(log_, "0\n", "log");
        directory_fd_ = open_for(directory_, O_RDONLY | O_DIRECTORY);
        path_only_ = open_for(directory_ + "/data", O_PATH);
        nameless_ = open_for(directory_ + "/nameless", O_RDWR | O_CREAT);
        check(unlink((directory_ + "/nameless").c_str()), "unlink");
        write_exactly(nameless_, pattern_text(100'000, 11), "nameless file");
        child_ = std::make_unique<Child>([this] {
            return [this](const std::string& by) {
                return std::to_string(lseek(reader_, std::stol(by), SEEK_CUR));
            };
        });
    }

    void verify() override {
        require(twin_ == 700 && fcntl(twin_, F_GETFD) == 0, "a descriptor's number or flags changed");
        require(fcntl(reader_, F_GETFD) == FD_CLOEXEC, "close-on-exec is lost");
        require((fcntl(other_, F_GETFL) & (O_NONBLOCK | O_ACCMODE)) == (O_NONBLOCK | O_RDWR),
                "file flags changed");
        require((fcntl(log_, F_GETFL) & O_APPEND) != 0, "O_APPEND is lost");
        require((fcntl(path_only_, F_GETFL) & O_PATH) != 0, "O_PATH is lost");
        require(lseek(reader_, 0, SEEK_CUR) == 1234 && lseek(other_, 0, SEEK_CUR) == 0, "an offset changed");
        require(child_->ask("100") == "1334" && lseek(twin_, -100, SEEK_CUR) == 1234,
                "descriptors no longer share their offset");
        require(read_exactly(twin_, 100, "read") == pattern_text(10'000, 10).substr(1234, 100),
                "the file changed");
        check(lseek(twin_, -100, SEEK_CUR), "lseek");
        verify_log();
        verify_nameless();
        require(faccessat(directory_fd_, "data", F_OK, 0) == 0, "the open directory is another one");
    }

    void damage() override { check(lseek(reader_, 1, SEEK_CUR), "lseek"); }

  private:
    void verify_log() {
        std::string expected;
        for (int line = 0; line < lines_; ++line) expected += std::to_string(line) + "\n";
        require(read_text(directory_ + "/log") == expected, "the log is not what was written");
        check(lseek(log_, 0, SEEK_SET), "lseek");
        write_exactly(log_, std::to_string(lines_++) + "\n", "log");
    }
    void verify_nameless() const {
        struct stat status {};
        check(fstat(nameless_, &status), "fstat");
        require(status.st_nlink == 0 && status.st_size == 100'000,
                "the nameless file has links or another size");
        std::string bytes(100'000, '\0');
        require(
            pread(nameless_, bytes.data(), bytes.size(), 0) == 100'000 && bytes == pattern_text(100'000, 11),
            "the nameless file changed");
    }

    std::string directory_;
    int reader_ = -1, twin_ = -1, other_ = -1, log_ = -1, directory_fd_ = -1, path_only_ = -1, nameless_ = -1;
    int lines_ = 1;
    std::unique_ptr<Child> child_;
};

// Numbered lines written without stop: none lost, none twice, and it goes on.
class Growing : public State {
  public:
    void set_up() override {
        path_ = disk_directory("file_growing") + "/lines";
        fd_ = open_for(path_, O_WRONLY | O_CREAT | O_TRUNC);
        std::thread([this] {
            for (long number = 0;; ++number) {
                write_exactly(fd_, std::to_string(number) + "\n", "write line");
                sleep_ms(20);
            }
        }).detach();
        sleep_ms(100);
    }
    void verify() override {
        const long before = lines();
        sleep_ms(300);
        require(lines() > before, "the file no longer grows");
        require(before >= seen_, "the file had ", seen_, " lines and has ", before);
        seen_ = before;
    }
    void damage() override { write_exactly(fd_, "0\n", "write line"); }

  private:
    long lines() const {
        std::istringstream text(read_text(path_));
        long expected = 0;
        for (std::string line; std::getline(text, line) && !text.eof(); ++expected)
            require(line == std::to_string(expected), "line ", expected, " reads '", line, "'");
        return expected;
    }

    std::string path_;
    int fd_ = -1;
    long seen_ = 0;
};

NAP_GUEST_STATE("file_offsets", Offsets);
NAP_GUEST_STATE("file_growing", Growing);

}  // namespace
}  // namespace guest
