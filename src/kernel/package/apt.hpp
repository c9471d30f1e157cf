// SPDX-License-Identifier: GPL-2.0-only
// Kernels from the distribution's archive: which packages one needs, and fetching them, through apt and its
// own lists, keys and proxies.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "kernel/package/control.hpp"

namespace nap::kernel {

struct AptPackage {
    std::string name, version, file, sha256;  // file: its name as apt stores it
    std::uint64_t size = 0;                   // bytes
};

struct AptPlan {
    AptPackage image;
    std::vector<AptPackage> others;  // modules packaged apart, headers and what they need
};

// What the command line and apt agree to be a package's name (Debian policy 5.6.7).
bool is_package_name(std::string_view name);

// What apt would install of `package`; not_found where apt does not know it.
using AptLookup = std::function<Result<Paragraph>(const std::string& package)>;
Result<Paragraph> apt_show(const std::string& package);

// The image a package name stands for: itself, or what a metapackage (linux-image-cloud-amd64) leads to.
Result<Paragraph> find_image(const std::string& package, const AptLookup& lookup);

// The image with what Depends says of its headers and of modules packaged apart.
Result<AptPlan> plan_packages(const Paragraph& image, const AptLookup& lookup);

// The headers of a kernel alone (linux-headers-VERSION), with what Depends says of them.
Result<std::vector<AptPackage>> plan_headers(const std::string& version, const AptLookup& lookup);

// Downloads to `cache` what is not there already; the files, in the order of the packages. `what`: for
// errors.
Result<std::vector<std::filesystem::path>> fetch_packages(const std::string& what,
                                                          const std::vector<AptPackage>& packages,
                                                          const std::filesystem::path& cache);

}  // namespace nap::kernel
