// SPDX-License-Identifier: GPL-2.0-only
// libarchive's handles, owned, and its errors as ours.
#pragma once

#include <archive.h>
#include <archive_entry.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace nap::kernel {

struct FreeReader {
    void operator()(archive* handle) const { archive_read_free(handle); }
};
struct FreeWriter {
    void operator()(archive* handle) const { archive_write_free(handle); }
};
struct FreeEntry {
    void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};
using ArchiveReader = std::unique_ptr<archive, FreeReader>;
using ArchiveWriter = std::unique_ptr<archive, FreeWriter>;
using ArchiveEntry = std::unique_ptr<archive_entry, FreeEntry>;

// "<what>: <what libarchive says>"
inline std::unexpected<Error> fail_archive(std::string_view what, archive* handle) {
    const char* reason = archive_error_string(handle);
    return fail(ErrorKind::protocol,
                std::string(what) + ": " + (reason ? reason : "libarchive gives no reason"));
}

}  // namespace nap::kernel
