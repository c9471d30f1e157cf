// SPDX-License-Identifier: GPL-2.0-only
#include "tests/kernel/fixtures.hpp"

#include <elf.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cstring>
#include <fstream>
#include <sstream>

#include "kernel/package/archive.hpp"

namespace nap::kernel::testing {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kSpace = 1 << 20;  // for what a test archives

void add_filter(archive* writer, Compression how) {
    switch (how) {
        case Compression::none:
            archive_write_add_filter_none(writer);
            break;
        case Compression::gzip:
            archive_write_add_filter_gzip(writer);
            break;
        case Compression::xz:
            archive_write_add_filter_xz(writer);
            break;
        case Compression::zstd:
            archive_write_add_filter_zstd(writer);
            break;
        case Compression::lz4:
            archive_write_add_filter_lz4(writer);
            break;
    }
}

class MemoryArchive {
  public:
    MemoryArchive(int (*format)(archive*), Compression how)
        : writer_(archive_write_new()), space_(kSpace, '\0') {
        format(writer_.get());
        add_filter(writer_.get(), how);
        archive_write_set_bytes_in_last_block(writer_.get(), 1);
        EXPECT_EQ(archive_write_open_memory(writer_.get(), space_.data(), space_.size(), &used_), ARCHIVE_OK);
    }
    void put(const TarEntry& entry) {
        ArchiveEntry header(archive_entry_new());
        archive_entry_set_pathname(header.get(), entry.path.c_str());
        archive_entry_set_filetype(header.get(), entry.type);
        archive_entry_set_perm(header.get(), entry.permissions);
        bool file = entry.type == AE_IFREG && !entry.hard_link;
        archive_entry_set_size(header.get(), file ? static_cast<la_int64_t>(entry.content.size()) : 0);
        if (entry.hard_link) archive_entry_set_hardlink(header.get(), entry.content.c_str());
        if (entry.type == AE_IFLNK) archive_entry_set_symlink(header.get(), entry.content.c_str());
        EXPECT_EQ(archive_write_header(writer_.get(), header.get()), ARCHIVE_OK)
            << archive_error_string(writer_.get());
        if (file) archive_write_data(writer_.get(), entry.content.data(), entry.content.size());
    }
    std::string finish() {
        archive_write_close(writer_.get());
        return space_.substr(0, used_);
    }

  private:
    ArchiveWriter writer_;
    std::string space_;
    std::size_t used_ = 0;
};

std::string tar(const std::vector<TarEntry>& entries, Compression how) {
    MemoryArchive archive(archive_write_set_format_gnutar, how);
    for (const auto& entry : entries) archive.put(entry);
    return archive.finish();
}

}  // namespace

TemporaryDirectory::TemporaryDirectory() {
    std::string name = (fs::temp_directory_path() / "nap-kernel-XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::runtime_error("mkdtemp");
    path_ = name;
}

TemporaryDirectory::~TemporaryDirectory() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

void write(const fs::path& file, const std::string& content) {
    fs::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << content;
}

std::string read(const fs::path& file) {
    std::ostringstream content;
    content << std::ifstream(file, std::ios::binary).rdbuf();
    return content.str();
}

std::string compressed(const std::string& content, Compression how) {
    MemoryArchive archive(archive_write_set_format_raw, how);
    archive.put({"content", AE_IFREG, content});
    return archive.finish();
}

void write_deb(const fs::path& file, const std::string& control, const std::vector<TarEntry>& entries,
               Compression how) {
    MemoryArchive deb(archive_write_set_format_ar_svr4, Compression::none);
    deb.put({"debian-binary", AE_IFREG, "2.0\n"});
    deb.put({"control.tar.gz", AE_IFREG, tar({{"./control", AE_IFREG, control}}, Compression::gzip)});
    deb.put({"data.tar.x", AE_IFREG, tar(entries, how)});
    write(file, deb.finish());
}

std::string elf(const std::vector<std::pair<std::string, std::string>>& sections) {
    std::string names("\0.shstrtab\0", 11), data;
    std::vector<Elf64_Shdr> headers(2);
    for (const auto& [name, content] : sections) {
        Elf64_Shdr header{};
        header.sh_name = static_cast<Elf64_Word>(names.size());
        header.sh_type = SHT_PROGBITS;
        header.sh_offset = sizeof(Elf64_Ehdr) + data.size();
        header.sh_size = content.size();
        names += name + '\0';
        data += content;
        headers.push_back(header);
    }
    headers[1].sh_name = 1;
    headers[1].sh_type = SHT_STRTAB;
    headers[1].sh_offset = sizeof(Elf64_Ehdr) + data.size();
    headers[1].sh_size = names.size();
    data += names;

    Elf64_Ehdr header{};
    std::memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_shoff = sizeof(Elf64_Ehdr) + data.size();
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shnum = static_cast<Elf64_Half>(headers.size());
    header.e_shstrndx = 1;
    std::string file(reinterpret_cast<const char*>(&header), sizeof header);
    file += data;
    file.append(reinterpret_cast<const char*>(headers.data()), headers.size() * sizeof(Elf64_Shdr));
    return file;
}

std::string module_file(const std::string& depends, const std::string& vermagic) {
    using namespace std::string_literals;
    return elf({{".modinfo", "license=GPL\0depends="s + depends + "\0vermagic="s + vermagic + "\0"s}});
}

std::string little_endian(std::uint64_t value, std::size_t bytes) {
    std::string text;
    for (std::size_t i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i));
    return text;
}

std::string boot_image(const std::string& version, const std::string& payload) {
    std::string image(1024, '\0');  // boot sector and one setup sector
    image[0x1f1] = 1;
    image.replace(0x202, 4, "HdrS");
    image.replace(0x206, 2, little_endian(0x020f, 2));
    image.replace(0x20e, 2, little_endian(0x300 - 0x200, 2));
    image.replace(0x300, version.size(), version);
    image.replace(0x248, 4, little_endian(16, 4));
    image.replace(0x24c, 4, little_endian(payload.size(), 4));
    return image + std::string(16, 'x') + payload + "checksum";
}

}  // namespace nap::kernel::testing
