// SPDX-License-Identifier: GPL-2.0-only
#include "agent/calls/fault.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <map>
#include <mutex>
#include <set>
#include <sstream>
#include <string_view>
#include <thread>

#include "agent/calls/params.hpp"
#include "agent/calls/paths.hpp"
#include "agent/contexts/adoption.hpp"
#include "agent/undo/journal.hpp"
#include "agent/userland/tasks.hpp"
#include "base/fd.hpp"
#include "base/number.hpp"
#include "base/units.hpp"

namespace nap::agent {

using channel::Call;
using channel::Json;

namespace {

constexpr const char* kRunThatFails =
    "20";  // of an adoption: some are mapped, some gathered, most still to come

Result<> require_testing() {
    NAP_TRY(const std::string line, read_file("/proc/cmdline"));
    std::istringstream words(line);
    for (std::string word; words >> word;)
        if (word == "nap.testing") return {};
    return fail(ErrorKind::refused, "this kernel was not booted for tests");
}

// More than there is; what the kernel does about it is the test's question.
Result<> exhaust_memory(const Json&) {
    if (::fork() != 0) return {};
    for (;;) {
        void* memory = ::mmap(nullptr, 16 * kMiB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) ::pause();
        std::memset(memory, 1, 16 * kMiB);
    }
}

// The restored process of the most threads: the end of each would write into its memory.
Result<> kill_task(const Json&) {
    const std::vector<Task> tasks = list_tasks();
    const auto most = std::ranges::max_element(
        tasks, {}, [](const Task& task) { return task.pid == 1 ? 0 : task.threads; });
    if (most != tasks.end()) ::kill(most->host_pid, SIGKILL);
    return {};
}

bool signal_criu(int number) {
    bool found = false;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
        auto name = read_file(entry.path() / "comm");
        if (!name || *name != "criu\n") continue;
        ::kill(leading_number(entry.path().filename().native()), number);
        found = true;
    }
    return found;
}

// The one that restores, as soon as its tasks have adopted pages. Until then it stands still, or it would be
// faster.
Result<> kill_criu_after_adoption(const Json&) {
    NAP_TRY(AdoptionDevice device, AdoptionDevice::open());
    (void)signal_criu(SIGSTOP);
    std::thread([device = std::move(device)] {
        for (int times = 0; times < 20'000; ++times) {
            if (auto status = device.status(); status && status->adopted > 0) break;
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        (void)signal_criu(SIGKILL);
    }).detach();
    return {};
}

// For good.
Result<> lose_module(const Json&) {
    if (::syscall(SYS_delete_module, "nap", O_NONBLOCK) != 0 && errno != ENOENT)
        return fail_errno("cannot unload the module");
    if (::unlink(kAdoptionModule) != 0) return fail_errno("cannot remove the module");
    return {};
}

// The next one, somewhere in its work.
Result<> kill_criu_to_come(const Json&) {
    std::thread([] {
        for (int times = 0; times < 1000; ++times) {
            if (signal_criu(SIGKILL)) return;
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
    }).detach();
    return {};
}

// The next one, so long after its start.
Result<> kill_criu_at(const Json& params) {
    NAP_TRY(const std::uint64_t after, number(params, "after_us"));
    std::thread([after] {
        pid_t criu = 0;
        for (int times = 0; times < 40'000 && criu == 0; ++times) {
            std::this_thread::sleep_for(std::chrono::microseconds(500));
            if (auto journal = UndoJournal::open_left()) criu = journal->criu();
        }
        const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, criu, 0)));
        std::this_thread::sleep_for(std::chrono::microseconds(after));
        if (process) ::syscall(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0);
    }).detach();
    return {};
}

// khugepaged and compaction, as busy as they can be.
Result<> move_pages(const Json&) {
    const std::string khugepaged = "/sys/kernel/mm/transparent_hugepage/khugepaged/";
    NAP_CHECK(write_file(khugepaged + "pages_to_scan", "100000"));
    NAP_CHECK(write_file(khugepaged + "scan_sleep_millisecs", "0"));
    std::thread([] {
        for (int times = 0; times < 20; ++times) {
            (void)write_file("/proc/sys/vm/compact_memory", "1");
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
    }).detach();
    return {};
}

// A frame of U that is withheld no longer when the plan names it: a process that never runs has it.
Result<> adopt_frame(const Json& params) {
    NAP_TRY(const std::uint64_t frame, number(params, "frame"));
    NAP_TRY(const AdoptionDevice device, AdoptionDevice::open());
    void* page = ::mmap(nullptr, kPageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED) return fail_errno("cannot map a page");
    const pid_t holder = ::fork();
    if (holder < 0) return fail_errno("cannot fork");
    if (holder == 0) {
        ::raise(SIGSTOP);
        ::_exit(0);
    }
    if (::waitpid(holder, nullptr, WUNTRACED) != holder)
        return fail_errno("cannot wait for a process to stop");
    const context::TaskPlan plan{
        .pid = holder,
        .runs = {{.address = reinterpret_cast<std::uintptr_t>(page), .frame = frame, .pages = 1}}};
    NAP_CHECK(device.adopt({&plan, 1}, {}, {{holder, holder}}));
    return {};
}

// An interrupt without a table of handlers: what x86's kernels do where nothing else resets the machine.
Result<> triple_fault(const Json&) {
    NAP_CHECK(write_file("/sys/kernel/reboot/type", "triple"));
    return write_file("/proc/sysrq-trigger", "b");
}

constexpr std::chrono::milliseconds kHalfSlow{300};

struct Slow {
    std::mutex mutex;
    bool asked = false;
    std::set<std::string> methods;  // that have been
};

Slow& slow() {
    static Slow state;
    return state;
}

Result<> be_slow(const Json&) {
    const std::lock_guard lock(slow().mutex);
    slow().asked = true;
    return {};
}

using Fault = Result<> (*)(const Json& params);

const std::map<std::string_view, Fault>& faults() {
    static const std::map<std::string_view, Fault> known = {
        {"panic", [](const Json&) { return write_file("/proc/sysrq-trigger", "c"); }},
        {"triple-fault", triple_fault},
        {"power-off", [](const Json&) { return write_file("/proc/sysrq-trigger", "o"); }},
        {"die", [](const Json&) -> Result<> { ::_exit(1); }},
        {"hang",
         [](const Json&) -> Result<> {
             ::raise(SIGSTOP);
             return {};
         }},
        {"exhaust", exhaust_memory},
        {"kill-task", kill_task},
        {"kill-criu",
         [](const Json&) -> Result<> {
             (void)signal_criu(SIGKILL);
             return {};
         }},
        {"kill-criu-after-adoption", kill_criu_after_adoption},
        {"kill-criu-to-come", kill_criu_to_come},
        {"kill-criu-at", kill_criu_at},
        {"lose-module", lose_module},
        {"fail-adoption",
         [](const Json&) { return write_file("/sys/module/nap/parameters/fail_at_run", kRunThatFails); }},
        {"adopt-frame", adopt_frame},
        {"move-pages", move_pages},
        {"slow", be_slow},
    };
    return known;
}

}  // namespace

Slowness::Slowness(const std::string& method) {
    {
        const std::lock_guard lock(slow().mutex);
        slow_ = slow().asked && slow().methods.insert(method).second;
    }
    if (slow_) std::this_thread::sleep_for(kHalfSlow);
}

Slowness::~Slowness() {
    if (slow_) std::this_thread::sleep_for(kHalfSlow);
}

Result<Json> fault(Agent&, const Json& params, Call&) {
    NAP_CHECK(require_testing());
    NAP_TRY(const std::string kind, text_or(params, "kind", ""));
    const auto known = faults().find(kind);
    if (known == faults().end()) return fail(ErrorKind::usage, "there is no fault named " + kind);
    NAP_CHECK(known->second(params));
    return Json::object();
}

}  // namespace nap::agent
