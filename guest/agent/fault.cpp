// SPDX-License-Identifier: GPL-2.0-only
#include "agent/fault.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <thread>

#include "agent/adoption.hpp"
#include "agent/params.hpp"
#include "agent/paths.hpp"
#include "agent/tasks.hpp"
#include "base/fd.hpp"
#include "base/units.hpp"

namespace nap::agent {

using channel::Call;
using channel::Json;

namespace {

Result<> require_testing() {
    NAP_TRY(const std::string line, read_file("/proc/cmdline"));
    std::istringstream words(line);
    for (std::string word; words >> word;)
        if (word == "nap.testing") return {};
    return fail(ErrorKind::refused, "this kernel was not booted for tests");
}

// More than there is; what the kernel does about it is the test's question.
void exhaust_memory() {
    if (::fork() != 0) return;
    for (;;) {
        void* memory = ::mmap(nullptr, 16 * kMiB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) ::pause();
        std::memset(memory, 1, 16 * kMiB);
    }
}

// The restored process of the most threads: the end of each would write into its memory.
void kill_task() {
    const std::vector<Task> tasks = list_tasks();
    const auto most = std::ranges::max_element(
        tasks, {}, [](const Task& task) { return task.pid == 1 ? 0 : task.threads; });
    if (most != tasks.end()) ::kill(most->host_pid, SIGKILL);
}

bool kill_criu() {
    bool killed = false;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
        auto name = read_file(entry.path() / "comm");
        if (!name || *name != "criu\n") continue;
        ::kill(std::atoi(entry.path().filename().c_str()), SIGKILL);
        killed = true;
    }
    return killed;
}

// The one that restores, as soon as its tasks have adopted pages.
Result<> kill_criu_after_adoption() {
    NAP_TRY(AdoptionDevice device, AdoptionDevice::open());
    std::thread([device = std::move(device)] {
        for (int times = 0; times < 20'000; ++times) {
            if (auto status = device.status(); status && status->adopted > 0) break;
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        (void)kill_criu();
    }).detach();
    return {};
}

// For good.
Result<> lose_module() {
    if (::syscall(SYS_delete_module, "nap", O_NONBLOCK) != 0 && errno != ENOENT)
        return fail_errno("cannot unload the module");
    if (::unlink(kAdoptionModule) != 0) return fail_errno("cannot remove the module");
    return {};
}

// The next one, somewhere in its work.
void kill_criu_to_come() {
    std::thread([] {
        for (int times = 0; times < 1000; ++times) {
            if (kill_criu()) return;
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
    }).detach();
}

// khugepaged and compaction, as busy as they can be.
Result<> move_pages() {
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

}  // namespace

Result<Json> fault(Agent&, const Json& params, Call&) {
    NAP_CHECK(require_testing());
    NAP_TRY(const std::string kind, text_or(params, "kind", ""));
    if (kind == "panic") {
        NAP_CHECK(write_file("/proc/sysrq-trigger", "c"));
    } else if (kind == "die") {
        ::_exit(1);
    } else if (kind == "hang") {
        ::raise(SIGSTOP);
    } else if (kind == "exhaust") {
        exhaust_memory();
    } else if (kind == "kill-task") {
        kill_task();
    } else if (kind == "kill-criu") {
        kill_criu();
    } else if (kind == "kill-criu-after-adoption") {
        NAP_CHECK(kill_criu_after_adoption());
    } else if (kind == "kill-criu-to-come") {
        kill_criu_to_come();
    } else if (kind == "lose-module") {
        NAP_CHECK(lose_module());
    } else if (kind == "move-pages") {
        NAP_CHECK(move_pages());
    } else {
        return fail(ErrorKind::usage, "there is no fault named " + kind);
    }
    return Json::object();
}

}  // namespace nap::agent
