// SPDX-License-Identifier: GPL-2.0-only
#include "kernel/image/modules.hpp"

#include <algorithm>
#include <set>

#include "base/fd.hpp"
#include "base/units.hpp"
#include "kernel/image/elf.hpp"
#include "kernel/package/compressed.hpp"

namespace nap::kernel {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostModule = 64 * kMiB;

// ext4 asks for crc32c by an alias, which nobody in the initramfs could look up: it is loaded beforehand.
constexpr WantedModule kWanted[] = {
    {"virtio_pci", true},     {"virtio_blk", true},      {"virtio_net", true},
    {"virtio_console", true}, {"crc32c_generic", false}, {"ext4", true},
    {"unix_diag", true},      {"inet_diag", true},       {"tcp_diag", true},
    {"udp_diag", true},       {"raw_diag", true},        {"af_packet_diag", true},
    {"netlink_diag", true},   {"nf_tables", true},       {"nf_conntrack_netlink", true},
    {"pvpanic_mmio", false},
};

class LoadOrder {
  public:
    static Result<LoadOrder> open(const fs::path& directory);
    Result<> add(const std::string& name, bool required, const std::string& needed_by);
    std::vector<Module> take() { return std::move(modules_); }

  private:
    fs::path directory_;
    std::map<std::string, fs::path> files_;
    std::set<std::string> built_in_, visited_;
    std::vector<Module> modules_;
};

Result<LoadOrder> LoadOrder::open(const fs::path& directory) {
    LoadOrder order;
    order.directory_ = directory;
    NAP_TRY(auto built_in, read_file(directory / "modules.builtin"));
    for (std::string_view rest = built_in; !rest.empty();) {
        auto end = rest.find('\n');
        order.built_in_.insert(module_name(rest.substr(0, end)));
        rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    }
    std::error_code error;
    for (fs::recursive_directory_iterator entry(directory, error), end; !error && entry != end;
         entry.increment(error))
        if (auto name = module_name(entry->path()); !name.empty()) order.files_.emplace(name, entry->path());
    if (error) return fail_errno("cannot read the modules in " + directory.string(), error.value());
    return order;
}

Result<> LoadOrder::add(const std::string& name, bool required, const std::string& needed_by) {
    if (built_in_.contains(name) || !visited_.insert(name).second) return {};
    auto file = files_.find(name);
    if (file == files_.end()) {
        if (!required) return {};
        return fail(ErrorKind::refused, "the module " + name + ", needed by " + needed_by +
                                            ", is neither built into the kernel nor in " +
                                            directory_.string());
    }
    NAP_TRY(auto content, read_decompressed(file->second, kMostModule));
    auto depends = module_info(content, "depends");
    if (!depends) return std::unexpected(depends.error().within("cannot read " + file->second.string()));
    for (std::string_view rest = *depends; !rest.empty();) {
        auto end = rest.find(',');
        std::string dependency(rest.substr(0, end));
        std::ranges::replace(dependency, '-', '_');
        if (!dependency.empty()) NAP_CHECK(add(dependency, true, name));
        rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
    }
    modules_.push_back({name, std::move(content)});
    return {};
}

}  // namespace

std::string module_name(const fs::path& path) {
    std::string name = path.filename();
    auto end = name.find(".ko");
    if (end == std::string::npos) return {};
    auto suffix = std::string_view(name).substr(end);
    if (suffix != ".ko" && suffix != ".ko.xz" && suffix != ".ko.gz" && suffix != ".ko.zst") return {};
    name.resize(end);
    std::ranges::replace(name, '-', '_');
    return name;
}

std::span<const WantedModule> wanted_modules() {
    return kWanted;
}

Result<std::vector<Module>> modules_in_load_order(const fs::path& directory,
                                                  std::span<const WantedModule> wanted) {
    NAP_TRY(auto order, LoadOrder::open(directory));
    for (const auto& module : wanted) NAP_CHECK(order.add(std::string(module.name), module.required, "Nap"));
    return order.take();
}

Result<std::string> module_info(std::string_view content, std::string_view key) {
    NAP_TRY(auto section, elf_section(as_bytes(content), ".modinfo"));
    std::string_view rest(reinterpret_cast<const char*>(section.data()), section.size());
    while (!rest.empty()) {
        auto end = rest.find('\0');
        auto line = rest.substr(0, end);
        rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
        if (line.size() > key.size() && line.starts_with(key) && line[key.size()] == '=')
            return std::string(line.substr(key.size() + 1));
    }
    return fail(ErrorKind::protocol, "the module does not say its " + std::string(key));
}

}  // namespace nap::kernel
