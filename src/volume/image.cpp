// SPDX-License-Identifier: GPL-2.0-only
#include "volume/image.hpp"

#include <fcntl.h>
#include <libnbd.h>
#include <unistd.h>

#include <algorithm>

#include "base/fd.hpp"

namespace nap::volume {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostAtOnce = 1 << 20;  // what every NBD server takes

class RawImage : public Image {
  public:
    RawImage(UniqueFd fd, std::uint64_t size, fs::path file)
        : fd_(std::move(fd)), size_(size), file_(std::move(file)) {}

    [[nodiscard]] std::uint64_t size() const override { return size_; }
    Result<> read(std::uint64_t offset, std::span<std::byte> bytes) override {
        while (!bytes.empty()) {
            const auto got = ::pread(fd_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
            if (got < 0) return fail_errno("cannot read the disk image " + file_.string());
            if (got == 0)
                return fail(ErrorKind::protocol, "the disk image " + file_.string() + " is too short");
            offset += static_cast<std::uint64_t>(got);
            bytes = bytes.subspan(static_cast<std::size_t>(got));
        }
        return {};
    }

  private:
    UniqueFd fd_;
    std::uint64_t size_;
    fs::path file_;
};

class NbdImage : public Image {
  public:
    NbdImage(nbd_handle* nbd, std::uint64_t size, fs::path file)
        : nbd_(nbd), size_(size), file_(std::move(file)) {}
    NbdImage(const NbdImage&) = delete;
    NbdImage& operator=(const NbdImage&) = delete;
    ~NbdImage() override { ::nbd_close(nbd_); }

    [[nodiscard]] std::uint64_t size() const override { return size_; }
    Result<> read(std::uint64_t offset, std::span<std::byte> bytes) override {
        while (!bytes.empty()) {
            const auto part = bytes.first(std::min(bytes.size(), kMostAtOnce));
            if (::nbd_pread(nbd_, part.data(), part.size(), offset, 0) != 0)
                return fail(ErrorKind::io,
                            "cannot read the disk image " + file_.string() + ": " + ::nbd_get_error());
            offset += part.size();
            bytes = bytes.subspan(part.size());
        }
        return {};
    }

  private:
    nbd_handle* nbd_;
    std::uint64_t size_;
    fs::path file_;
};

// A comma would end it.
std::string option_value(const std::string& value) {
    std::string quoted;
    for (const char each : value) quoted += each == ',' ? ",," : std::string(1, each);
    return quoted;
}

Result<std::unique_ptr<Image>> open_by_nbd(const fs::path& file, const std::string& format) {
    const auto failed = [&] {
        return fail(ErrorKind::io, "cannot read the disk image " + file.string() +
                                       " by qemu-nbd: " + std::string(::nbd_get_error()));
    };
    nbd_handle* nbd = ::nbd_create();
    if (nbd == nullptr) return failed();
    // The caller may hold QEMU's own locks on it, which would keep qemu-nbd away, too
    std::error_code ignored;
    const std::string driver = fs::is_block_file(file, ignored) ? "host_device" : "file";
    std::string words[] = {"qemu-nbd", "--read-only", "--image-opts",
                           "driver=" + format + ",file.driver=" + driver +
                               ",file.locking=off,file.filename=" + option_value(file)};
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const bool connected = ::nbd_connect_systemd_socket_activation(nbd, argv.data()) == 0;
    const auto size = connected ? ::nbd_get_size(nbd) : -1;
    if (size < 0) {
        auto error = failed();
        ::nbd_close(nbd);
        return error;
    }
    return std::make_unique<NbdImage>(nbd, static_cast<std::uint64_t>(size), file);
}

}  // namespace

Result<std::unique_ptr<Image>> Image::open(const fs::path& file, const std::string& format) {
    if (format != "raw") return open_by_nbd(file, format);
    NAP_TRY(UniqueFd fd, open_file(file, O_RDONLY));
    const auto end = ::lseek(fd.get(), 0, SEEK_END);
    if (end < 0) return fail_errno("cannot find the size of the disk image " + file.string());
    return std::make_unique<RawImage>(std::move(fd), static_cast<std::uint64_t>(end), file);
}

}  // namespace nap::volume
