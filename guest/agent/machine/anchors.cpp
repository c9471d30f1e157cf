// SPDX-License-Identifier: GPL-2.0-only
#include "agent/machine/anchors.hpp"

#include <array>
#include <charconv>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

#include "agent/machine/symbols.hpp"
#include "base/fd.hpp"

namespace nap::agent {

using channel::Call;
using channel::Json;

namespace {

Result<std::uint64_t> hexadecimal(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    if (error != std::errc{} || end == text.data())
        return fail(ErrorKind::protocol, "\"" + std::string(text) + "\" is not a hexadecimal number");
    return value;
}

// What goes on with a system call that a freeze interrupted; a kernel may lack one.
constexpr std::array kRestarts = {"hrtimer_nanosleep_restart", "posix_cpu_nsleep_restart",
                                  "alarm_timer_nsleep_restart", "futex_wait_restart", "do_restart_poll"};

// That of the line in which `at` lies.
Result<std::uint64_t> address_before(std::string_view kallsyms, std::size_t at) {
    const auto line = at == 0 ? 0 : kallsyms.rfind('\n', at - 1) + 1;  // npos + 1 is 0: the first line
    return hexadecimal(kallsyms.substr(line, 16));
}

}  // namespace

Result<Json> find_symbols(std::string_view kallsyms) {
    constexpr std::array wanted = {
        std::pair<std::string_view, const char*>{" init_task\n", "init_task"},
        std::pair<std::string_view, const char*>{" _text\n", "text"},
        std::pair<std::string_view, const char*>{" page_offset_base\n", "page_offset_base"},
        std::pair<std::string_view, const char*>{" vmemmap_base\n", "vmemmap_base"},
    };
    Json found = Json::object();
    for (const auto& [suffix, name] : wanted) {
        const auto at = kallsyms.find(suffix);
        if (at == std::string_view::npos)
            return fail(ErrorKind::unsupported, std::string("/proc/kallsyms does not name ") + name);
        NAP_TRY(found[name], address_before(kallsyms, at));
    }
    for (const char* name : kRestarts) {
        const auto at = kallsyms.find(" " + std::string(name) + "\n");
        if (at == std::string_view::npos) continue;
        NAP_TRY(found[name], address_before(kallsyms, at));
    }
    return found;
}

Result<std::uint64_t> find_kernel_code(std::string_view iomem) {
    const auto at = iomem.find(" : Kernel code");
    if (at == std::string_view::npos)
        return fail(ErrorKind::unsupported, "/proc/iomem does not name the kernel's code");
    const auto line = iomem.rfind('\n', at) + 1;
    const auto begin = iomem.find_first_not_of(' ', line);
    return hexadecimal(iomem.substr(begin, iomem.find('-', begin) - begin));
}

Result<Json> anchors(Agent&, const Json&, Call&) {
    NAP_TRY(const std::string kallsyms, read_symbols());
    NAP_TRY(Json reply, find_symbols(kallsyms));
    NAP_TRY(const std::string iomem, read_file("/proc/iomem"));
    NAP_TRY(reply["kernel_code"], find_kernel_code(iomem));
    NAP_TRY(const std::string processor, read_file("/proc/cpuinfo"));
    std::istringstream words(processor.substr(0, processor.find("\n\n")));
    bool la57 = false;
    for (std::string word; words >> word;) la57 = la57 || word == "la57";
    reply["la57"] = la57;
    return reply;
}

}  // namespace nap::agent
