// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/image/cpio.hpp"

#include <sys/stat.h>

#include <set>

#include "kernel/package/archive.hpp"

namespace nap::kernel {

namespace {

namespace fs = std::filesystem;

class CpioWriter {
  public:
    explicit CpioWriter(const fs::path& file) : file_(file), writer_(archive_write_new()) {}
    Result<> open();
    Result<> put(const CpioEntry& entry);
    Result<> close();

  private:
    Result<> put_directories_to(const fs::path& path);
    [[nodiscard]] std::unexpected<Error> failure() const {
        return fail_archive("cannot write " + file_.string(), writer_.get());
    }

    fs::path file_;
    ArchiveWriter writer_;
    std::set<fs::path> directories_;
    la_int64_t inode_ = 0;
};

Result<> CpioWriter::open() {
    if (!writer_) return fail(ErrorKind::resources, "cannot write " + file_.string() + ": out of memory");
    if (archive_write_set_format_cpio_newc(writer_.get()) != ARCHIVE_OK ||
        // Not compressed: see write_initramfs.
        archive_write_add_filter_none(writer_.get()) != ARCHIVE_OK ||
        archive_write_open_filename(writer_.get(), file_.c_str()) != ARCHIVE_OK)
        return failure();
    return {};
}

Result<> CpioWriter::put_directories_to(const fs::path& path) {
    fs::path parent = path.parent_path();
    if (parent.empty() || directories_.contains(parent)) return {};
    return put({parent, S_IFDIR | 0755, {}});
}

Result<> CpioWriter::put(const CpioEntry& entry) {
    NAP_CHECK(put_directories_to(entry.path));
    if (S_ISDIR(entry.mode) && !directories_.insert(entry.path).second) return {};
    ArchiveEntry header(archive_entry_new());
    if (!header) return fail(ErrorKind::resources, "cannot write " + file_.string() + ": out of memory");
    archive_entry_set_pathname(header.get(), entry.path.c_str());
    archive_entry_set_mode(header.get(), entry.mode);
    archive_entry_set_ino64(header.get(), ++inode_);
    archive_entry_set_nlink(header.get(), 1);
    archive_entry_set_rdev(header.get(), entry.device);
    archive_entry_set_size(header.get(), static_cast<la_int64_t>(entry.content.size()));
    if (S_ISLNK(entry.mode)) {
        archive_entry_set_symlink(header.get(), entry.content.c_str());
        archive_entry_set_size(header.get(), 0);
    }
    if (archive_write_header(writer_.get(), header.get()) != ARCHIVE_OK) return failure();
    if (!S_ISREG(entry.mode)) return {};
    la_ssize_t put = archive_write_data(writer_.get(), entry.content.data(), entry.content.size());
    if (put < 0 || static_cast<std::size_t>(put) != entry.content.size()) return failure();
    return {};
}

Result<> CpioWriter::close() {
    if (archive_write_close(writer_.get()) != ARCHIVE_OK) return failure();
    return {};
}

}  // namespace

CpioEntry cpio_file(std::string path, std::string content, unsigned permissions) {
    return {std::move(path), S_IFREG | (permissions & 0777U), std::move(content)};
}

Result<> write_cpio(const fs::path& file, const std::vector<CpioEntry>& entries) {
    CpioWriter writer(file);
    NAP_CHECK(writer.open());
    for (const auto& entry : entries) NAP_CHECK(writer.put(entry));
    return writer.close();
}

}  // namespace nap::kernel
