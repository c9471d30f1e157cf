// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/headers.hpp"

#include <fcntl.h>

#include <vector>

#include "base/fd.hpp"

namespace nap::kernel {

namespace {

namespace fs = std::filesystem;

// Debian's Makefile of one flavour: "include /usr/src/linux-headers-6.1.0-47-common/Makefile".
constexpr std::string_view kReferences[] = {"/usr/src/linux-", "/usr/lib/linux-kbuild-"};

std::string turned(std::string text, const fs::path& tree) {
    const std::string root = tree.string();
    for (auto reference : kReferences)
        for (auto at = text.find(reference); at != std::string::npos;
             at = text.find(reference, at + root.size() + reference.size()))
            text.insert(at, root);
    return text;
}

Result<> turn_file(const fs::path& file, const fs::path& tree) {
    NAP_TRY(auto text, read_file(file));
    auto content = turned(text, tree);
    if (content == text) return {};
    NAP_TRY(auto out, open_file(file, O_WRONLY | O_TRUNC));
    return write_all(out.get(), content);
}

Result<> turn_link(const fs::path& link, const fs::path& tree) {
    std::error_code error;
    auto target = fs::read_symlink(link, error);
    if (!error && target.is_absolute()) {
        fs::remove(link, error);
        if (!error) fs::create_symlink(tree / target.relative_path(), link, error);
    }
    if (error) return fail_errno("cannot redirect the link " + link.string(), error.value());
    return {};
}

// References occur in the files and links of the top of each headers directory, not further below.
Result<> turn_directory(const fs::path& directory, const fs::path& tree) {
    std::error_code error;
    std::vector<fs::path> files, links;
    for (fs::directory_iterator entry(directory, error), end; !error && entry != end;
         entry.increment(error)) {
        auto name = entry->path().filename();
        if (entry->is_symlink(error))
            links.push_back(entry->path());
        else if (name == "Makefile" || name == ".kernelvariables")
            files.push_back(entry->path());
    }
    if (error) return fail_errno("cannot read " + directory.string(), error.value());
    for (const auto& file : files) NAP_CHECK(turn_file(file, tree));
    for (const auto& link : links) NAP_CHECK(turn_link(link, tree));
    return {};
}

}  // namespace

Result<fs::path> settle_headers(const fs::path& unpacked, const std::string& version) {
    std::error_code error;
    const fs::path tree = fs::canonical(unpacked, error);  // make runs somewhere else
    if (error) return fail_errno("cannot use the headers in " + unpacked.string(), error.value());
    const fs::path sources = tree / "usr/src";
    const fs::path build = sources / ("linux-headers-" + version);
    if (!fs::exists(build / "Makefile", error))
        return fail(ErrorKind::not_found,
                    "the headers packages of kernel " + version + " have no /usr/src/linux-headers-" +
                        version + ": give linux-headers-" + version + " and the packages it depends on");
    for (fs::directory_iterator entry(sources, error), end; !error && entry != end; entry.increment(error))
        if (entry->is_directory(error) && !entry->is_symlink(error))
            NAP_CHECK(turn_directory(entry->path(), tree));
    if (error) return fail_errno("cannot read " + sources.string(), error.value());
    return build;
}

}  // namespace nap::kernel
