// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/package/compressed.hpp"

#include <archive.h>
#include <archive_entry.h>

#include "base/fd.hpp"
#include "kernel/package/archive.hpp"

namespace nap::kernel {

namespace {
constexpr std::size_t kStep = 1 << 20;
}

Result<std::string> decompress(std::span<const std::byte> bytes, std::size_t limit) {
    // libarchive's raw format knows no empty file.
    if (bytes.empty()) return std::string();
    ArchiveReader reader(archive_read_new());
    if (!reader) return fail(ErrorKind::resources, "cannot decompress: out of memory");
    archive_read_support_format_raw(reader.get());
    archive_read_support_filter_gzip(reader.get());
    archive_read_support_filter_xz(reader.get());
    archive_read_support_filter_lzma(reader.get());
    archive_read_support_filter_zstd(reader.get());
    archive_read_support_filter_lz4(reader.get());
    archive_read_support_filter_bzip2(reader.get());
    archive_entry* entry = nullptr;
    if (archive_read_open_memory(reader.get(), bytes.data(), bytes.size()) != ARCHIVE_OK ||
        archive_read_next_header(reader.get(), &entry) != ARCHIVE_OK)
        return fail_archive("cannot decompress", reader.get());
    std::string content;
    for (;;) {
        std::size_t old = content.size();
        content.resize(old + kStep);
        la_ssize_t got = archive_read_data(reader.get(), content.data() + old, kStep);
        if (got < 0) return fail_archive("cannot decompress", reader.get());
        content.resize(old + static_cast<std::size_t>(got));
        if (content.size() > limit)
            return fail(ErrorKind::protocol, "cannot decompress: there are more than the " +
                                                 std::to_string(limit) + " bytes expected");
        if (got == 0) return content;
    }
}

Result<std::string> read_decompressed(const std::filesystem::path& path, std::size_t limit) {
    NAP_TRY(auto raw, read_file(path, limit));
    auto content = decompress(as_bytes(raw), limit);
    if (!content) return std::unexpected(content.error().within(path.string()));
    return content;
}

}  // namespace nap::kernel
