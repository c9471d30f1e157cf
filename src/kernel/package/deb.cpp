// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/package/deb.hpp"

#include <sys/stat.h>

#include <functional>
#include <string>

#include "base/units.hpp"
#include "kernel/package/archive.hpp"

namespace nap::kernel {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kBlock = 128 << 10;
constexpr std::size_t kMostControl = 1 << 20;
constexpr std::uint64_t kMostUnpacked = 8 * kGiB;  // a kernel with all its modules has 0.1 to 0.5 GiB

// Hands the member's bytes on to the archive inside of it.
la_ssize_t read_member(archive* inner, void* outer, const void** buffer) {
    std::size_t size = 0;
    la_int64_t offset = 0;
    int status = archive_read_data_block(static_cast<archive*>(outer), buffer, &size, &offset);
    if (status == ARCHIVE_EOF) return 0;
    if (status == ARCHIVE_OK) return static_cast<la_ssize_t>(size);
    archive_set_error(inner, archive_errno(static_cast<archive*>(outer)), "%s",
                      archive_error_string(static_cast<archive*>(outer)));
    return -1;
}

// Calls `visit` for each entry of the tar archive `member`.tar.* in `deb` until it returns false.
using Visit = std::function<Result<bool>(archive* tar, archive_entry* entry)>;

Result<> visit_member(const fs::path& deb, const std::string& member, const Visit& visit) {
    const std::string what = "cannot read " + member + " of the package " + deb.string();
    ArchiveReader outer(archive_read_new());
    ArchiveReader tar(archive_read_new());
    if (!outer || !tar) return fail(ErrorKind::resources, what + ": out of memory");
    archive_read_support_format_ar(outer.get());
    if (archive_read_open_filename(outer.get(), deb.c_str(), kBlock) != ARCHIVE_OK)
        return fail_archive(what, outer.get());
    for (;;) {
        archive_entry* entry = nullptr;
        int status = archive_read_next_header(outer.get(), &entry);
        if (status == ARCHIVE_EOF) return fail(ErrorKind::protocol, what + ": there is no " + member);
        if (status != ARCHIVE_OK) return fail_archive(what, outer.get());
        const char* name = archive_entry_pathname(entry);
        if (name && std::string_view(name).starts_with(member)) break;
    }
    archive_read_support_format_tar(tar.get());
    archive_read_support_filter_gzip(tar.get());
    archive_read_support_filter_xz(tar.get());
    archive_read_support_filter_zstd(tar.get());
    archive_read_support_filter_bzip2(tar.get());
    if (archive_read_open(tar.get(), outer.get(), nullptr, read_member, nullptr) != ARCHIVE_OK)
        return fail_archive(what, tar.get());
    for (;;) {
        archive_entry* entry = nullptr;
        int status = archive_read_next_header(tar.get(), &entry);
        if (status == ARCHIVE_EOF) return {};
        if (status != ARCHIVE_OK) return fail_archive(what, tar.get());
        NAP_TRY(bool on, visit(tar.get(), entry));
        if (!on) return {};
    }
}

// "./usr/src/x" as a relative path; an error where it is absolute or climbs.
Result<fs::path> inside(const char* name) {
    fs::path path = name ? fs::path(name).lexically_normal() : fs::path();
    if (path.empty() || path.is_absolute() || *path.begin() == "..")
        return fail(ErrorKind::protocol,
                    "the package has an entry that leads outside of it: " + path.string());
    return path;
}

// Prepares an entry for `root`, a path without symbolic links.
Result<> redirect(archive_entry* entry, const fs::path& root) {
    NAP_TRY(auto path, inside(archive_entry_pathname(entry)));
    archive_entry_set_pathname(entry, (root / path).c_str());
    if (const char* target = archive_entry_hardlink(entry)) {
        NAP_TRY(auto linked, inside(target));
        archive_entry_set_hardlink(entry, (root / linked).c_str());
        return {};
    }
    auto type = archive_entry_filetype(entry);
    if (type != AE_IFREG && type != AE_IFDIR && type != AE_IFLNK)
        return fail(ErrorKind::protocol,
                    "the package has an entry that is no file, directory or link: " + path.string());
    // Readable and removable by us whatever the package says.
    archive_entry_set_perm(entry, (archive_entry_perm(entry) & 0777U) | (type == AE_IFDIR ? 0700U : 0600U));
    return {};
}

}  // namespace

Result<Paragraph> deb_control(const fs::path& deb) {
    std::string text;
    NAP_CHECK(visit_member(deb, "control.tar", [&](archive* tar, archive_entry* entry) -> Result<bool> {
        const char* name = archive_entry_pathname(entry);
        if (!name || fs::path(name).lexically_normal() != "control") return true;
        text.resize(kMostControl);
        la_ssize_t got = archive_read_data(tar, text.data(), text.size());
        if (got < 0) return fail_archive("cannot read the control file of " + deb.string(), tar);
        text.resize(static_cast<std::size_t>(got));
        return false;
    }));
    auto paragraphs = parse_control(text);
    if (paragraphs.empty() || paragraphs[0].get("Package").empty() || paragraphs[0].get("Version").empty())
        return fail(ErrorKind::protocol,
                    deb.string() + " is no Debian package: it names no package and version");
    return paragraphs[0];
}

Result<> deb_unpack(const fs::path& deb, const fs::path& directory) {
    std::error_code error;
    // SECURE_SYMLINKS refuses every link on the way, also those above `directory`.
    auto root = fs::canonical(directory, error);
    if (error) return fail_errno("cannot unpack to " + directory.string(), error.value());
    ArchiveWriter disk(archive_write_disk_new());
    if (!disk) return fail(ErrorKind::resources, "cannot unpack " + deb.string() + ": out of memory");
    archive_write_disk_set_options(disk.get(), ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_TIME |
                                                   ARCHIVE_EXTRACT_SECURE_SYMLINKS |
                                                   ARCHIVE_EXTRACT_SECURE_NODOTDOT);
    const std::string what = "cannot unpack " + deb.string();
    std::uint64_t total = 0;
    auto unpack_entry = [&](archive* tar, archive_entry* entry) -> Result<bool> {
        if (auto redirected = redirect(entry, root); !redirected)
            return std::unexpected(redirected.error().within(what));
        if (archive_write_header(disk.get(), entry) != ARCHIVE_OK) return fail_archive(what, disk.get());
        const void* block = nullptr;
        std::size_t size = 0;
        la_int64_t offset = 0;
        for (;;) {
            int status = archive_read_data_block(tar, &block, &size, &offset);
            if (status == ARCHIVE_EOF) break;
            if (status != ARCHIVE_OK) return fail_archive(what, tar);
            total += size;
            if (total > kMostUnpacked)
                return fail(ErrorKind::protocol, what + ": it has more than 8 GiB of files");
            if (archive_write_data_block(disk.get(), block, size, offset) < 0)
                return fail_archive(what, disk.get());
        }
        if (archive_write_finish_entry(disk.get()) != ARCHIVE_OK) return fail_archive(what, disk.get());
        return true;
    };
    NAP_CHECK(visit_member(deb, "data.tar", unpack_entry));
    if (archive_write_close(disk.get()) != ARCHIVE_OK) return fail_archive(what, disk.get());
    return {};
}

}  // namespace nap::kernel
