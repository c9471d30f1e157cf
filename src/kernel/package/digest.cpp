// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/package/digest.hpp"

#include "kernel/tool.hpp"

namespace nap::kernel {

namespace {
namespace fs = std::filesystem;
constexpr std::size_t kDigits = 64;
constexpr std::chrono::minutes kLimit{2};
}  // namespace

Result<Digests> digest_files(const std::map<std::string, fs::path>& files) {
    Digests digests;
    if (files.empty()) return digests;
    Command command{.argv = {"sha256sum", "--zero", "--"}};
    for (const auto& [name, path] : files) command.argv.push_back(path.string());
    NAP_TRY(auto out, run_tool("cannot compute checksums", std::move(command), kLimit));
    // --zero: "<digits>  <path>\0" in the order asked for, paths as they are.
    std::string_view rest = out;
    for (const auto& [name, path] : files) {
        auto end = rest.find('\0');
        if (end < kDigits || end == std::string_view::npos)
            return fail(ErrorKind::internal,
                        "cannot compute checksums: sha256sum has no answer for " + path.string());
        digests.emplace(name, rest.substr(0, kDigits));
        rest.remove_prefix(end + 1);
    }
    return digests;
}

Result<Digests> digest_tree(const fs::path& directory) {
    std::map<std::string, fs::path> files;
    std::error_code error;
    for (fs::recursive_directory_iterator entry(directory, error), end; !error && entry != end;
         entry.increment(error))
        if (entry->is_regular_file(error))
            files.emplace(entry->path().lexically_relative(directory), entry->path());
    if (error) return fail_errno("cannot read " + directory.string(), error.value());
    return digest_files(files);
}

}  // namespace nap::kernel
