// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/package/apt.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <ranges>

#include "kernel/package/digest.hpp"
#include "kernel/tool.hpp"

namespace nap::kernel {

namespace {

namespace fs = std::filesystem;

constexpr std::chrono::minutes kLookupLimit{1};
constexpr std::chrono::minutes kDownloadLimit{30};
constexpr int kMostMetapackages = 4;  // linux-image-amd64 -> linux-image-6.1.0-47-amd64 is one
constexpr std::size_t kMostSuggestions = 12;
constexpr std::string_view kImage = "linux-image-", kHeaders = "linux-headers-", kUnsigned = "-unsigned";

// How apt-get download names the file: the version's ':' is quoted.
std::string file_name(const Paragraph& paragraph) {
    std::string version = paragraph.get("Version");
    for (auto at = version.find(':'); at != std::string::npos; at = version.find(':'))
        version.replace(at, 1, "%3a");
    return paragraph.get("Package") + '_' + version + '_' + paragraph.get("Architecture") + ".deb";
}

Result<AptPackage> package_of(const Paragraph& paragraph) {
    AptPackage package{.name = paragraph.get("Package"),
                       .version = paragraph.get("Version"),
                       .file = file_name(paragraph),
                       .sha256 = paragraph.get("SHA256")};
    const std::string size = paragraph.get("Size");
    std::from_chars(size.data(), size.data() + size.size(), package.size);
    if (package.name.empty() || package.version.empty() || package.sha256.empty())
        return fail(ErrorKind::refused, "apt knows the package " + package.name +
                                            " but cannot download it: no archive on this host offers it");
    return package;
}

// The kernel image a metapackage stands for; empty for an image itself.
std::string image_behind(const Paragraph& paragraph) {
    for (const auto& name : paragraph.depends())
        if (name.starts_with(kImage)) return name;
    return {};
}

bool is_wanted_beside(std::string_view name) {
    return name.starts_with(kHeaders) || name.starts_with("linux-kbuild-") ||
           name.starts_with("linux-modules-");
}

// Adds what `paragraph` depends on of headers and modules, and what those depend on.
Result<> follow(const Paragraph& paragraph, const AptLookup& lookup, std::vector<AptPackage>& others) {
    for (const auto& name : paragraph.depends()) {
        if (!is_wanted_beside(name)) continue;
        if (std::ranges::find(others, name, &AptPackage::name) != others.end()) continue;
        auto found = lookup(name);
        if (!found) return std::unexpected(found.error().within("needed by " + paragraph.get("Package")));
        NAP_TRY(auto package, package_of(*found));
        others.push_back(std::move(package));
        NAP_CHECK(follow(*found, lookup, others));
    }
    return {};
}

// Kernels that apt does know, for the sentence that one is not among them.
std::string known_images() {
    auto out = run_tool("cannot ask apt", Command{.argv = {"apt-cache", "pkgnames", std::string(kImage)}},
                        kLookupLimit);
    if (!out) return {};
    std::vector<std::string> names;
    for (std::string_view rest = *out; !rest.empty();) {
        auto end = rest.find('\n');
        auto name = rest.substr(0, end);
        rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
        bool real = name.size() > kImage.size() && name[kImage.size()] >= '0' && name[kImage.size()] <= '9';
        if (real && name.find("cloud") != name.npos && !name.ends_with("-dbg") && !name.ends_with(kUnsigned))
            names.emplace_back(name);
    }
    if (names.empty()) return " It knows no kernel packages at all.";
    std::ranges::sort(names,
                      [](const auto& a, const auto& b) { return ::strverscmp(a.c_str(), b.c_str()) > 0; });
    std::string sentence = " It knows, among others:";
    for (const auto& name : names | std::views::take(kMostSuggestions)) sentence += ' ' + name;
    return sentence + '.';
}

}  // namespace

bool is_package_name(std::string_view name) {
    const auto is_letter_or_digit = [](unsigned char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    };
    return !name.empty() && is_letter_or_digit(name.front()) && std::ranges::all_of(name, [&](char c) {
        return is_letter_or_digit(c) || c == '+' || c == '-' || c == '.';
    });
}

Result<Paragraph> apt_show(const std::string& package) {
    // It exits with 100 where it knows none: not run_tool's error, but an answer.
    Command show{.argv = {"apt-cache", "show", "--no-all-versions", package},
                 .environment_additions = {"LC_ALL=C"}};
    auto output = run(show, kLookupLimit);
    if (!output) return std::unexpected(output.error().within("cannot ask apt for " + package));
    auto paragraphs = parse_control(output->out);
    auto found =
        std::ranges::find_if(paragraphs, [&](const auto& each) { return each.get("Package") == package; });
    if (found == paragraphs.end())
        return fail(ErrorKind::not_found, "apt does not know the package " + package +
                                              "; its lists may be old (apt-get update)." +
                                              (package.starts_with(kImage) ? known_images() : ""));
    return std::move(*found);
}

Result<Paragraph> find_image(const std::string& package, const AptLookup& lookup) {
    NAP_TRY(auto image, lookup(package));
    int steps = 0;
    for (auto behind = image_behind(image); !behind.empty(); behind = image_behind(image)) {
        if (++steps > kMostMetapackages)
            return fail(ErrorKind::refused, "the package " + package + " leads to no kernel image");
        NAP_TRY(image, lookup(behind));
    }
    const std::string name = image.get("Package");
    if (!name.starts_with(kImage) || name.ends_with("-dbg"))
        return fail(ErrorKind::refused,
                    "the package " + name + " is not a kernel image (linux-image-VERSION)");
    return image;
}

Result<AptPlan> plan_packages(const Paragraph& image, const AptLookup& lookup) {
    const std::string name = image.get("Package");
    AptPlan plan;
    NAP_TRY(plan.image, package_of(image));
    NAP_CHECK(follow(image, lookup, plan.others));
    std::string version = name.substr(kImage.size());
    if (version.ends_with(kUnsigned)) version.resize(version.size() - kUnsigned.size());
    auto headers = lookup(std::string(kHeaders) + version);
    if (!headers)
        return std::unexpected(headers.error().within("the adoption module cannot be built for " + name));
    if (headers->get("Version") != plan.image.version)
        return fail(ErrorKind::refused, "apt offers " + name + " in version " + plan.image.version +
                                            " but its headers in version " + headers->get("Version"));
    NAP_TRY(auto headers_package, package_of(*headers));
    plan.others.push_back(std::move(headers_package));
    NAP_CHECK(follow(*headers, lookup, plan.others));
    return plan;
}

Result<std::vector<AptPackage>> plan_headers(const std::string& version, const AptLookup& lookup) {
    NAP_TRY(const auto headers, lookup(std::string(kHeaders) + version));
    std::vector<AptPackage> packages;
    NAP_TRY(auto package, package_of(headers));
    packages.push_back(std::move(package));
    NAP_CHECK(follow(headers, lookup, packages));
    return packages;
}

Result<std::vector<fs::path>> fetch_packages(const std::string& what, const std::vector<AptPackage>& packages,
                                             const fs::path& cache) {
    std::error_code error;
    fs::create_directories(cache, error);
    if (error) return fail_errno("cannot make the directory " + cache.string(), error.value());
    std::vector<fs::path> files;
    // As root apt would download as _apt, which may not write here.
    Command download{.argv = {"apt-get", "--quiet", "-o", "APT::Sandbox::User=root", "download"},
                     .working_directory = cache.string()};
    const std::size_t fixed = download.argv.size();
    for (const auto& package : packages) {
        files.push_back(cache / package.file);
        auto present = digest_files({{package.name, files.back()}});
        if (present && present->at(package.name) == package.sha256) continue;
        fs::remove(files.back(), error);
        download.argv.push_back(package.name + '=' + package.version);
    }
    if (download.argv.size() > fixed)
        NAP_CHECK(run_tool("cannot download " + what, std::move(download), kDownloadLimit));
    for (const auto& file : files)
        if (!fs::exists(file, error))
            return fail(ErrorKind::io,
                        "cannot download " + what + ": apt-get did not leave " + file.string());
    return files;
}

}  // namespace nap::kernel
