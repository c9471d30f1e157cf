// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/module_build.hpp"

#include "base/fd.hpp"
#include "kernel/image/modules.hpp"
#include "kernel/tool.hpp"

namespace nap::kernel {

namespace {
namespace fs = std::filesystem;
constexpr std::chrono::minutes kLimit{10};
}  // namespace

Result<std::string> build_module(const fs::path& source, const fs::path& headers, const std::string& version,
                                 const fs::path& work) {
    const std::string what = "cannot build the adoption module for kernel " + version;
    std::error_code error;
    fs::copy(source, work, fs::copy_options::recursive, error);
    if (error) return fail_errno(what + ": cannot copy its source " + source.string(), error.value());
    Command make{.argv = {"make", "-C", headers.string(), "M=" + work.string(), "modules",
                          // 6.12's headers come with a vmlinux, for which the build would want pahole.
                          "CONFIG_DEBUG_INFO_BTF_MODULES="},
                 // Ours may be a make's child.
                 .environment_additions = {"MAKEFLAGS=", "MFLAGS=", "MAKELEVEL="}};
    NAP_CHECK(run_tool(what, std::move(make), kLimit));
    const fs::path module = work / "nap.ko";
    Command strip{.argv = {"strip", "--strip-debug", module.string()}};
    NAP_CHECK(run_tool(what, std::move(strip), kLimit));
    NAP_TRY(auto content, read_file(module));
    auto built_for = module_info(content, "vermagic");
    if (!built_for) return std::unexpected(built_for.error().within(what));
    if (!built_for->starts_with(version + " "))
        return fail(ErrorKind::refused, what + ": the headers in " + headers.string() +
                                            " are those of another kernel, " +
                                            built_for->substr(0, built_for->find(' ')));
    return content;
}

}  // namespace nap::kernel
