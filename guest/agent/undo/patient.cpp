// SPDX-License-Identifier: GPL-2.0-only
#include "agent/undo/patient.hpp"

#include <fcntl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "agent/calls/paths.hpp"
#include "agent/undo/parasite.hpp"
#include "agent/undo/traced.hpp"
#include "base/fd.hpp"
#include "base/number.hpp"

namespace nap::agent {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kAllSignals = ~0ULL;
constexpr std::size_t kMaskSize = sizeof(std::uint64_t);

fs::path undo_cgroup() {
    return fs::path(kRootCgroup) / "undo";
}

// 0: no such thread.
pid_t process_of(pid_t thread) {
    auto status = read_file("/proc/" + std::to_string(thread) + "/status");
    const auto at = status ? status->find("\nTgid:\t") : std::string::npos;
    return at == std::string::npos ? 0 : leading_number<pid_t>(status->substr(at + 7));
}

// A cgroup that is not frozen, for a process whose threads we hold: what we have it do, it does there.
class OutOfTheFreezer {
  public:
    static Result<OutOfTheFreezer> move(pid_t process) {
        NAP_TRY(std::string line, read_file("/proc/" + std::to_string(process) + "/cgroup"));
        const auto at = line.find("0::/");
        if (at == std::string::npos)
            return fail(ErrorKind::guest, "process " + std::to_string(process) + " is in no control group");
        line = line.substr(at + 4, line.find('\n', at) - at - 4);
        std::error_code error;
        fs::create_directory(undo_cgroup(), error);
        NAP_CHECK(enter(undo_cgroup(), process));
        return OutOfTheFreezer(process, fs::path(kRootCgroup) / line);
    }
    Result<> back() { return enter(std::exchange(home_, {}), process_); }
    ~OutOfTheFreezer() {
        if (!home_.empty()) (void)enter(home_, process_);
        std::error_code ignored;
        fs::remove(undo_cgroup(), ignored);
    }
    OutOfTheFreezer(OutOfTheFreezer&& other) noexcept
        : process_(other.process_), home_(std::exchange(other.home_, {})) {}
    OutOfTheFreezer& operator=(OutOfTheFreezer&&) = delete;
    OutOfTheFreezer(const OutOfTheFreezer&) = delete;
    OutOfTheFreezer& operator=(const OutOfTheFreezer&) = delete;

  private:
    OutOfTheFreezer(pid_t process, fs::path home) : process_(process), home_(std::move(home)) {}
    static Result<> enter(const fs::path& cgroup, pid_t process) {
        return write_file(cgroup / "cgroup.procs", std::to_string(process));
    }
    pid_t process_;
    fs::path home_;
};

class Patient {
  public:
    // All its threads stopped: none of them runs before the whole process is right again.
    static Result<Patient> hold(pid_t process) {
        Patient patient(process);
        std::error_code error;
        const fs::path tasks = "/proc/" + std::to_string(process) + "/task";
        for (const auto& entry : fs::directory_iterator(tasks, error)) {
            NAP_TRY(Traced thread, Traced::seize(leading_number<pid_t>(entry.path().filename().native())));
            const pid_t id = thread.thread();
            patient.threads_.emplace(id, std::move(thread));
        }
        if (!patient.threads_.contains(process))
            return fail(ErrorKind::not_found, "process " + std::to_string(process) + " is not there");
        return patient;
    }

    Result<> put_back(const OpenAct& act) {
        const auto found = threads_.find(act.pid);
        if (found == threads_.end()) return {};
        const Traced& thread = found->second;
        switch (act.act) {
            case Act::code:
                return thread.overwrite(act.a, act.data);
            case Act::extended_state:
                return thread.set_extended_state(act.data);
            case Act::registers:
                return put_back_registers(thread, act);
            default:
                return {};
        }
    }

    Result<> remove_parasite(const OpenAct& infection) {
        const auto first_free =
            infection.b == 0 ? std::nullopt : std::optional(static_cast<int>(infection.b) - 1);
        NAP_TRY(const Parasite parasite, find_parasite(process_, first_free));
        if (parasite.gone()) return {};
        const Traced& leader = threads_.at(process_);
        NAP_CHECK(leader.set_signal_mask(kAllSignals));
        NAP_TRY(OutOfTheFreezer outside, OutOfTheFreezer::move(process_));
        for (const int descriptor : parasite.descriptors)
            NAP_CHECK(call(leader, infection.a, SYS_close, static_cast<std::uint64_t>(descriptor), 0));
        for (const auto& area : parasite.areas)
            NAP_CHECK(call(leader, infection.a, SYS_munmap, area.begin, area.end - area.begin));
        NAP_CHECK(outside.back());
        return masks_.contains(process_) ? leader.set_signal_mask(masks_[process_]) : Result<>{};
    }

  private:
    explicit Patient(pid_t process) : process_(process) {}

    Result<> put_back_registers(const Traced& thread, const OpenAct& act) {
        user_regs_struct registers{};
        if (act.data.size() != kMaskSize + sizeof registers)
            return fail(ErrorKind::internal, "a note of registers has the wrong size");
        std::uint64_t mask = 0;
        std::memcpy(&mask, act.data.data(), kMaskSize);
        std::memcpy(&registers, act.data.data() + kMaskSize, sizeof registers);
        masks_[thread.thread()] = mask;
        NAP_CHECK(thread.set_registers(registers));
        return thread.set_signal_mask(mask);
    }

    static Result<> call(const Traced& leader, std::uint64_t where, long number, std::uint64_t first,
                         std::uint64_t second) {
        NAP_TRY(const std::int64_t returned, leader.system_call(where, number, {first, second, 0}));
        if (returned == 0) return {};
        return fail_errno("a process of the userland cannot remove what CRIU left in it",
                          static_cast<int>(-returned));
    }

    pid_t process_;
    std::map<pid_t, Traced> threads_;
    std::map<pid_t, std::uint64_t> masks_;
};

// Of one process. First its threads get back what is theirs; the parasite goes last.
Result<> cure(pid_t process, const std::vector<const OpenAct*>& acts) {
    NAP_TRY(Patient patient, Patient::hold(process));
    for (const OpenAct* act : acts) NAP_CHECK(patient.put_back(*act));
    for (const OpenAct* act : acts)
        if (act->act == Act::infected) NAP_CHECK(patient.remove_parasite(*act));
    return {};
}

}  // namespace

void undo_tasks(const std::vector<OpenAct>& acts, Problems& problems) {
    std::map<pid_t, std::vector<const OpenAct*>> by_process;
    for (const OpenAct& act : acts) {
        if (act.act == Act::option || act.act == Act::counter) continue;
        if (const pid_t process = process_of(act.pid)) by_process[process].push_back(&act);
    }
    for (const auto& [process, its] : by_process) {
        const bool only_stopped =
            std::ranges::all_of(its, [](const OpenAct* act) { return act->act == Act::stop_signal; });
        if (only_stopped) continue;
        if (auto cured = cure(process, its); !cured)
            problems.push_back(cured.error().within("process " + std::to_string(process)).message);
    }
    for (const OpenAct& act : acts)
        if (act.act == Act::stop_signal) ::kill(act.pid, static_cast<int>(act.a));
}

}  // namespace nap::agent
