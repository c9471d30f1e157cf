// SPDX-License-Identifier: GPL-2.0-only
// Numbered lines appended to a file that is open throughout, and read back: no gap, no repeat, none torn.
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <sstream>

#include "guest/harness.hpp"
#include "worker.hpp"

namespace soak {
namespace {

class Lines : public Worker {
  public:
    void set_up() override {
        path_ = guest::disk_directory("soak-lines") + "/lines";
        open_anew();
    }

    void round() override {
        for (int i = 0; i < kLinesPerRound; ++i)
            guest::write_exactly(file_, std::to_string(++written_) + "\n", "append to " + path_);
        if (written_ % kLinesPerSync == 0) guest::check(fsync(file_), "fsync " + path_);
        require_whole();
        if (written_ - first_ + 1 >= kLinesPerFile) rotate();
    }

    [[nodiscard]] std::uint64_t done() const override { return written_; }

  private:
    static constexpr int kLinesPerRound = 10;
    static constexpr std::uint64_t kLinesPerSync = 200, kLinesPerFile = 2000;

    void open_anew() {
        file_ = static_cast<int>(guest::check(
            open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600), "open " + path_));
        first_ = written_ + 1;
    }

    void rotate() {
        guest::check(close(file_), "close " + path_);
        guest::check(rename(path_.c_str(), (path_ + ".1").c_str()), "rename " + path_);
        open_anew();
    }

    void require_whole() const {
        std::istringstream text(guest::read_text(path_));
        std::uint64_t expected = first_;
        for (std::string line; std::getline(text, line); ++expected)
            guest::require(line == std::to_string(expected), path_, ": line ", expected, " reads '", line,
                           "'");
        guest::require(expected == written_ + 1, path_, " ends with line ", expected - 1, ", not ", written_);
    }

    std::string path_;
    int file_ = -1;
    std::uint64_t first_ = 1, written_ = 0;
};

}  // namespace

std::unique_ptr<Worker> make_lines() {
    return std::make_unique<Lines>();
}

}  // namespace soak
