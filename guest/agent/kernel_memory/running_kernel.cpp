// SPDX-License-Identifier: GPL-2.0-only
#include "agent/kernel_memory/running_kernel.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <mutex>
#include <optional>

#include "agent/machine/symbols.hpp"

namespace nap::agent {

namespace {

constexpr std::size_t kHeadSize = 16 << 10;  // header and program headers: a few, of 56 bytes each
constexpr std::array<std::string_view, 15> kSymbols = {
    "init_task",        "landlock_blob_sizes", "key_serial_tree", "inotify_fops", "proc_reg_file_ops",
    "kernfs_file_fops", "udp_table",           "tcp_hashinfo",    "vmemmap_base", "page_offset_base",
    "dnotify_group",    "timerfd_fops",        "socket_file_ops", "ip6_ra_chain", "jiffies"};
constexpr std::array<std::string_view, 4> kFunctions = {"security_bpf", "bpf_iter_task", "bpf_iter_task_file",
                                                        "bpf_iter_task_vma"};

std::string hexadecimal(std::uint64_t value) {
    std::array<char, 16> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr;
    return "0x" + std::string(digits.data(), end);
}

}  // namespace

std::map<std::string, std::uint64_t, std::less<>> find_addresses(std::string_view kallsyms,
                                                                 std::span<const std::string_view> wanted) {
    std::map<std::string, std::uint64_t, std::less<>> found;
    while (!kallsyms.empty() && found.size() < wanted.size()) {
        const std::string_view line = kallsyms.substr(0, kallsyms.find('\n'));
        kallsyms.remove_prefix(std::min(kallsyms.size(), line.size() + 1));
        const auto name = line.find(' ') == std::string_view::npos ? "" : line.substr(line.rfind(' ') + 1);
        if (std::ranges::find(wanted, name) == wanted.end()) continue;
        std::uint64_t address = 0;
        std::from_chars(line.data(), line.data() + line.size(), address, 16);
        if (address != 0) found.emplace(name, address);
    }
    return found;
}

Result<RunningKernel> RunningKernel::open() {
    RunningKernel kernel;
    NAP_TRY(kernel.core_, open_file("/proc/kcore", O_RDONLY));
    std::string head(kHeadSize, '\0');
    const ssize_t got = ::pread(kernel.core_.get(), head.data(), head.size(), 0);
    if (got < 0) return fail_errno("cannot read /proc/kcore");
    head.resize(static_cast<std::size_t>(got));
    NAP_TRY(kernel.segments_, parse_segments(as_bytes(head)));
    NAP_TRY(const std::string types, read_file("/sys/kernel/btf/vmlinux"));
    NAP_TRY(const walk::Btf btf, walk::Btf::parse(as_bytes(types)));
    kernel.fields_ = Fields::resolve(btf);
    for (const auto name : kFunctions)
        if (const auto id = btf.function_id(name)) kernel.functions_.emplace(name, *id);
    NAP_TRY(const std::string kallsyms, read_symbols());
    kernel.symbols_ = find_addresses(kallsyms, kSymbols);
    return kernel;
}

Result<const RunningKernel*> RunningKernel::get() {
    static std::mutex opening;
    static std::optional<RunningKernel> kept;
    const std::lock_guard lock(opening);
    if (!kept) {
        auto opened = open();
        if (!opened)
            return std::unexpected(opened.error().within("cannot look into the running kernel's memory"));
        kept.emplace(std::move(*opened));
    }
    return &*kept;
}

Result<> RunningKernel::read(std::uint64_t address, std::span<std::byte> into) const {
    const auto at = find_in_segments(segments_, address, into.size());
    if (!at) return fail(ErrorKind::protocol, hexadecimal(address) + " is no address of the kernel's memory");
    const ssize_t got = ::pread(core_.get(), into.data(), into.size(), static_cast<off_t>(*at));
    if (got < 0) return fail_errno("cannot read the kernel's memory at " + hexadecimal(address));
    if (static_cast<std::size_t>(got) != into.size())
        return fail(ErrorKind::protocol,
                    "the kernel's memory ends within what lies at " + hexadecimal(address));
    return {};
}

Result<std::string> RunningKernel::bytes(std::uint64_t address, std::uint64_t size) const {
    std::string found(size, '\0');
    NAP_CHECK(read(address, std::as_writable_bytes(std::span(found))));
    return found;
}

Result<std::uint64_t> RunningKernel::symbol(std::string_view name) const {
    const auto found = symbols_.find(name);
    if (found == symbols_.end())
        return fail(ErrorKind::unsupported, "/proc/kallsyms does not name " + std::string(name));
    return found->second;
}

Result<std::uint32_t> RunningKernel::function_id(std::string_view name) const {
    const auto found = functions_.find(name);
    if (found == functions_.end())
        return fail(ErrorKind::unsupported, "this kernel's BTF tells of no function " + std::string(name));
    return found->second;
}

}  // namespace nap::agent
