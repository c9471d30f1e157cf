// SPDX-License-Identifier: GPL-2.0-only
// Inspects, locks and overlays disk images.
#include "machine/disk/disk.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>
#include <span>

#include "base/process.hpp"
#include "machine/disk/qcow2.hpp"

namespace nap::machine {

namespace {

constexpr std::chrono::seconds kImageToolLimit{30};
// QEMU holds byte 100 + n for each permission it uses, 200 + n for each it denies to others
// (block/file-posix.c).
constexpr off_t kFirstQemuLock = 100;
constexpr off_t kQemuLocks = 200;

Result<std::string> run_image_tool(std::vector<std::string> arguments, const std::string& purpose) {
    arguments.insert(arguments.begin(), "qemu-img");
    NAP_TRY(auto output, run(Command{.argv = std::move(arguments)}, kImageToolLimit));
    if (output.status != 0) {
        while (output.out.ends_with('\n')) output.out.pop_back();
        return fail(ErrorKind::io, purpose + " failed: " + output.out + ".");
    }
    return std::move(output.out);
}

// Virtual size, bytes.
Result<std::uint64_t> size_of(const std::filesystem::path& image, const std::string& format) {
    NAP_TRY(auto file, open_file(image, O_RDONLY));
    if (format == "raw") {
        auto end = ::lseek(file.get(), 0, SEEK_END);
        if (end < 0) return fail_errno("cannot find the size of the disk image " + image.string());
        return (static_cast<std::uint64_t>(end) + 511) / 512 * 512;  // as QEMU rounds it
    }
    std::array<std::byte, kQcow2Header> header;
    auto got = ::pread(file.get(), header.data(), header.size(), 0);
    if (got < 0) return fail_errno("cannot read the disk image " + image.string());
    return qcow2_size(std::span(header).first(static_cast<std::size_t>(got)), image);
}

}  // namespace

Result<std::string> disk_format_from(const std::string& qemu_img_output, const std::filesystem::path& image) {
    auto json = nlohmann::json::parse(qemu_img_output, nullptr, false);
    if (!json.is_object() || !json["format"].is_string())
        return fail(ErrorKind::protocol,
                    "qemu-img's description of " + image.string() + " is not understood.");
    std::string format = json["format"];
    if (format != "raw" && format != "qcow2")
        return fail(ErrorKind::unsupported,
                    "The disk image " + image.string() + " is of format " + format +
                        "; Nap uses raw and qcow2. Convert it with qemu-img convert.");
    return format;
}

Result<DiskInfo> inspect_disk(const std::filesystem::path& image, const std::string& format) {
    struct stat status {};
    if (::stat(image.c_str(), &status) != 0) return fail_errno("cannot use the disk image " + image.string());
    if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode))
        return fail(ErrorKind::usage,
                    "The disk image " + image.string() + " is neither a file nor a block device.");
    DiskInfo info{.format = format, .is_device = S_ISBLK(status.st_mode)};
    if (info.format.empty()) {
        NAP_TRY(auto output, run_image_tool({"info", "--output=json", "--force-share", image},
                                            "Inspecting the disk image " + image.string()));
        NAP_TRY(info.format, disk_format_from(output, image));
    }
    NAP_TRY(info.size, size_of(image, info.format));
    if (info.size == 0 || info.size % 512 != 0)
        return fail(ErrorKind::usage, "The disk image " + image.string() + " has " +
                                          std::to_string(info.size) + " bytes, not a multiple of 512.");
    return info;
}

namespace {

bool is_same_file(const std::string& path, const struct stat& as) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 && status.st_dev == as.st_dev && status.st_ino == as.st_ino;
}

}  // namespace

Result<> refuse_used_by_host(const std::filesystem::path& image) {
    struct stat status {};
    if (::stat(image.c_str(), &status) != 0) return fail_errno("cannot use the disk image " + image.string());
    auto in_use = [&image](const std::string& how) {
        return fail(ErrorKind::busy,
                    "The disk image " + image.string() + " is in use on this host: " + how + ".");
    };
    if (S_ISBLK(status.st_mode)) {
        const UniqueFd claimed(::open(image.c_str(), O_RDONLY | O_EXCL | O_CLOEXEC));
        if (!claimed && errno == EBUSY) return in_use("it is mounted, or part of another device");
        return {};
    }
    std::error_code ignored;
    for (const auto& device : std::filesystem::directory_iterator("/sys/block", ignored)) {
        auto backing = read_file(device.path() / "loop/backing_file");
        if (!backing) continue;
        while (backing->ends_with('\n')) backing->pop_back();
        if (is_same_file(*backing, status)) return in_use("it is /dev/" + device.path().filename().string());
    }
    return {};
}

Result<UniqueFd> lock_disk(const std::filesystem::path& image) {
    NAP_TRY(auto fd, open_file(image, O_RDWR));
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = kFirstQemuLock;
    lock.l_len = kQemuLocks;
    if (::fcntl(fd.get(), F_OFD_SETLK, &lock) == 0) return fd;
    if (errno == EAGAIN || errno == EACCES)
        return fail(ErrorKind::busy,
                    "The disk image " + image.string() + " is in use by another machine or program.");
    return fail_errno("cannot lock the disk image " + image.string());
}

Result<> create_overlay(const std::filesystem::path& overlay, std::uint64_t size) {
    NAP_CHECK(run_image_tool({"create", "-q", "-f", "qcow2", overlay, std::to_string(size)},
                             "Creating the overlay " + overlay.string()));
    if (::chmod(overlay.c_str(), 0600) != 0) return fail_errno("cannot protect " + overlay.string());
    return {};
}

}  // namespace nap::machine
