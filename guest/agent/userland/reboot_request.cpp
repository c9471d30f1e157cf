// SPDX-License-Identifier: GPL-2.0-only
#include "agent/userland/reboot_request.hpp"

#include <sched.h>
#include <sys/utsname.h>

#include <sstream>
#include <string>

#include "agent/userland/namespaces.hpp"
#include "agent/userland/tasks.hpp"
#include "base/fd.hpp"
#include "base/version_order.hpp"

namespace nap::agent {

namespace {

constexpr const char* kRequest = "/run/reboot-required";
constexpr const char* kPackages = "/run/reboot-required.pkgs";
constexpr std::string_view kImage = "linux-image-", kUnsigned = "-unsigned";
constexpr std::string_view kAlongside = "linux-base";  // its hook runs with each kernel's

}  // namespace

bool is_met_by(std::string_view packages, std::string_view release) {
    bool kernels = false;
    std::istringstream lines{std::string(packages)};
    for (std::string line; std::getline(lines, line);) {
        if (line.empty() || line == kAlongside) continue;
        if (!line.starts_with(kImage)) return false;
        auto version = std::string_view(line).substr(kImage.size());
        if (version.ends_with(kUnsigned)) version.remove_suffix(kUnsigned.size());
        const bool named = !version.empty() && version.front() >= '0' && version.front() <= '9';
        if (named && compare_versions(without_flavour(version), without_flavour(release)) > 0) return false;
        kernels = true;
    }
    return kernels;
}

Result<> withdraw_reboot_request() {
    const auto init = find_init();
    if (!init) return {};
    return in_own_thread([&]() -> Result<> {
        NAP_CHECK(join_namespaces(init->host_pid, CLONE_NEWNS));
        const auto packages = read_file(kPackages);
        if (!packages && packages.error().kind == ErrorKind::not_found) return {};
        if (!packages) return std::unexpected(packages.error());
        utsname names{};
        if (::uname(&names) != 0) return fail_errno("cannot read the kernel's name");
        if (!is_met_by(*packages, names.release)) return {};
        NAP_CHECK(remove_file(kRequest));
        return remove_file(kPackages);
    });
}

}  // namespace nap::agent
