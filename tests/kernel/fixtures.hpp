// SPDX-License-Identifier: GPL-2.0-only
// Small kernels, packages and ELF files, made where a test needs them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace nap::kernel::testing {

// A directory that goes with the test.
class TemporaryDirectory {
  public:
    TemporaryDirectory();
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    ~TemporaryDirectory();
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

void write(const std::filesystem::path& file, const std::string& content);
std::string read(const std::filesystem::path& file);

struct TarEntry {
    std::string path;
    unsigned type;        // AE_IFREG, AE_IFDIR, AE_IFLNK, ...
    std::string content;  // or the link's target
    unsigned permissions = 0644;
    bool hard_link = false;
};

enum class Compression { none, gzip, xz, zstd, lz4 };

std::string compressed(const std::string& content, Compression how);

void write_deb(const std::filesystem::path& file, const std::string& control,
               const std::vector<TarEntry>& entries, Compression how = Compression::xz);

// An ELF file with these sections.
std::string elf(const std::vector<std::pair<std::string, std::string>>& sections);

// A kernel module as modules.cpp sees it.
std::string module_file(const std::string& depends, const std::string& vermagic = "6.1.0-test SMP");

// A bzImage of one setup sector with this payload (compressed kernel and appended size).
std::string boot_image(const std::string& version, const std::string& payload);
std::string little_endian(std::uint64_t value, std::size_t bytes);

}  // namespace nap::kernel::testing
