// SPDX-License-Identifier: GPL-2.0-only
#include "snapshot.hpp"

#include <fcntl.h>
#include <linux/kcmp.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <sstream>
#include <vector>

namespace compare {

namespace {

namespace fs = std::filesystem;

std::string read_text(const fs::path& path) {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return {};
    std::string text;
    std::array<char, 65536> buffer{};
    for (ssize_t got = 0; (got = read(fd, buffer.data(), buffer.size())) > 0;)
        text.append(buffer.data(), static_cast<std::size_t>(got));
    close(fd);
    return text;
}

std::string link_of(const fs::path& path) {
    std::error_code error;
    const auto target = fs::read_symlink(path, error);
    return error ? "?" : target.string();
}

std::vector<pid_t> numbers_in(const fs::path& folder) {
    std::vector<pid_t> numbers;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        const std::string name = entry.path().filename();
        if (name.find_first_not_of("0123456789") == std::string::npos) numbers.push_back(std::stoi(name));
    }
    std::ranges::sort(numbers);
    return numbers;
}

std::string stat_field(pid_t pid, int number) {
    Snapshot fields;
    add_stat(fields, "", read_text("/proc/" + std::to_string(pid) + "/stat"));
    return fields[(number < 10 ? "/0" : "/") + std::to_string(number)];
}

// This process and those it stems from, up to the userland's init.
std::set<pid_t> own_line() {
    std::set<pid_t> line;
    for (pid_t pid = getpid(); pid > 1; pid = std::atoi(stat_field(pid, 4).c_str())) line.insert(pid);
    return line;
}

class Camera {
  public:
    Snapshot take() {
        const auto own = own_line();
        for (const pid_t pid : numbers_in("/proc"))
            if (!own.contains(pid)) process(pid);
        return std::move(all_);
    }

  private:
    void whole(const std::string& key, const fs::path& path) { all_[key] = read_text(path); }

    void process(pid_t pid) {
        const fs::path folder = "/proc/" + std::to_string(pid);
        std::string name = read_text(folder / "comm");
        name.resize(std::min(name.find('\n'), name.size()));
        if (name.empty()) return;  // it has ended meanwhile
        const std::string key = std::to_string(pid) + " " + name;
        // Of one that has ended its parent can learn how, and what it used.
        if (stat_field(pid, 3) == "Z") {
            add_stat(all_, key + "/zombie/stat", read_text(folder / "stat"));
            return;
        }
        for (const char* file :
             {"cmdline",       "environ",         "auxv",          "cgroup",     "limits",      "timers",
              "timerslack_ns", "coredump_filter", "oom_score_adj", "oom_adj",    "personality", "loginuid",
              "sessionid",     "uid_map",         "gid_map",       "projid_map", "setgroups",   "cpuset",
              "attr/current",  "attr/exec",       "attr/fscreate", "attr/prev"})
            whole(key + "/" + file, folder / file);
        const auto autogroup = read_text(folder / "autogroup");
        all_[key + "/autogroup"] = autogroup.substr(std::min(autogroup.find(' '), autogroup.size()));
        for (const char* link : {"exe", "cwd", "root"}) all_[key + "/" + link] = link_of(folder / link);
        for (const auto& space : sorted(folder / "ns"))
            all_[key + "/ns/" + space] = with_ordinal(link_of(folder / "ns" / space), ordinals_);
        mounts(key + "/mountinfo", folder / "mountinfo");
        areas(key, folder);
        descriptors(key, pid, folder);
        for (const pid_t tid : numbers_in(folder / "task"))
            thread(key + "/task " + std::to_string(tid), pid, tid, folder / "task" / std::to_string(tid));
    }

    static std::string in_order(const std::string& numbers) {
        std::istringstream words(numbers);
        std::set<int> all;
        for (int number = 0; words >> number;) all.insert(number);
        std::string text;
        for (const int number : all) text += std::to_string(number) + " ";
        return text;
    }

    static std::vector<std::string> sorted(const fs::path& folder) {
        std::vector<std::string> names;
        std::error_code error;
        for (const auto& entry : fs::directory_iterator(folder, error))
            names.push_back(entry.path().filename());
        std::ranges::sort(names, {}, [](const std::string& name) { return std::pair(name.size(), name); });
        return names;
    }

    // By where each is mounted: in which order they were is not shown by anything else.
    void mounts(const std::string& key, const fs::path& path) {
        std::istringstream text(read_text(path));
        std::map<std::string, int> times;
        for (std::string line; std::getline(text, line);) {
            std::istringstream words(line);
            std::string place;
            for (int i = 0; i < 5; ++i) words >> place;
            all_[key + place + "(" + std::to_string(times[place]++) + ")"] = mount_line(line);
        }
    }

    // Header, protection key and flags of each area; where its pages lie is the page map's to verify.
    void areas(const std::string& key, const fs::path& folder) {
        std::istringstream text(read_text(folder / "smaps"));
        std::string area;
        for (std::string line; std::getline(text, line);) {
            const auto first = line.substr(0, line.find(' '));
            if (!first.ends_with(':')) {
                area = key + "/smaps/" + first;
                all_[area] = area_line(line, ordinals_);
            } else if (first == "VmFlags:" || first == "ProtectionKey:") {
                std::istringstream words(line);
                std::string flags;
                for (std::string word; words >> word;)
                    if (word != "sd") flags += word + " ";  // soft-dirty: newly mapped
                all_[area + "/" + first] = flags;
            }
        }
        std::istringstream numa(read_text(folder / "numa_maps"));
        for (std::string address, policy, rest; numa >> address >> policy; std::getline(numa, rest))
            all_[key + "/numa_maps/" + address] = policy;
    }

    void descriptors(const std::string& key, pid_t pid, const fs::path& folder) {
        std::map<std::string, int> first;  // by link: descriptors that may share one open file
        for (const auto& number : sorted(folder / "fd")) {
            const std::string link = link_of(folder / "fd" / number), at = key + "/fd/" + number;
            all_[at] = with_ordinal(link, ordinals_);
            add_fields(all_, key + "/fdinfo/" + number, read_text(folder / "fdinfo" / number));
            const auto info = key + "/fdinfo/" + number;
            all_.erase(info + "/mnt_id");
            all_.erase(info + "/ino");
            const int fd = std::stoi(number);
            const auto [other, fresh] = first.try_emplace(link, fd);
            if (!fresh)
                all_[at + "/same file as " + std::to_string(other->second)] =
                    kcmp(pid, pid, KCMP_FILE, static_cast<unsigned long>(other->second),
                         static_cast<unsigned long>(fd));
        }
    }

    static std::string kcmp(pid_t one, pid_t other, int what, unsigned long a = 0, unsigned long b = 0) {
        const long result = syscall(SYS_kcmp, one, other, what, a, b);
        return result < 0 ? "?" : result == 0 ? "yes" : "no";
    }

    void thread(const std::string& key, pid_t pid, pid_t tid, const fs::path& folder) {
        all_[key + "/children"] = in_order(read_text(folder / "children"));
        for (const char* file : {"comm", "schedstat", "timerslack_ns"})
            whole(key + "/" + file, std::string(file) == "timerslack_ns"
                                        ? "/proc/" + std::to_string(tid) + "/" + file
                                        : (folder / file).string());
        add_fields(all_, key + "/status", read_text(folder / "status"));
        add_fields(all_, key + "/io", read_text(folder / "io"));
        std::string sched = read_text(folder / "sched");
        sched.erase(0, std::min(sched.find('\n'), sched.size()));
        add_fields(all_, key + "/sched", sched);
        add_stat(all_, key + "/stat", read_text(folder / "stat"));
        calls(key + "/call", tid);
        for (const auto& [what, name] : {std::pair{KCMP_VM, "vm"},
                                         {KCMP_FILES, "files"},
                                         {KCMP_FS, "fs"},
                                         {KCMP_SIGHAND, "sighand"},
                                         {KCMP_IO, "io"},
                                         {KCMP_SYSVSEM, "sysvsem"}})
            if (pid != tid) all_[key + "/shares/" + name] = kcmp(pid, tid, what);
    }

    void calls(const std::string& key, pid_t tid) {
        struct {
            std::uint32_t size, policy;
            std::uint64_t flags;
            std::int32_t nice;
            std::uint32_t priority;
            std::uint64_t runtime, deadline, period;
            std::uint32_t least, most;
        } attributes{};
        if (syscall(SYS_sched_getattr, tid, &attributes, sizeof attributes, 0) == 0) {
            std::ostringstream text;
            text << attributes.policy << ' ' << attributes.flags << ' ' << attributes.nice << ' '
                 << attributes.priority << ' ' << attributes.least << ' ' << attributes.most;
            all_[key + "/sched_getattr"] = text.str();
        }
        cpu_set_t cpus;
        std::string text;
        if (sched_getaffinity(tid, sizeof cpus, &cpus) == 0)
            for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu)
                if (CPU_ISSET(cpu, &cpus)) text += std::to_string(cpu) + " ";
        all_[key + "/sched_getaffinity"] = text;
        all_[key + "/ioprio_get"] = std::to_string(syscall(SYS_ioprio_get, 1, tid));
        all_[key + "/getpriority"] = std::to_string(getpriority(PRIO_PROCESS, static_cast<id_t>(tid)));
        void* head = nullptr;
        std::size_t size = 0;
        syscall(SYS_get_robust_list, tid, &head, &size);
        all_[key + "/get_robust_list"] = std::to_string(reinterpret_cast<std::uintptr_t>(head));
    }

    Snapshot all_;
    Ordinals ordinals_;
};

}  // namespace

Snapshot take_snapshot() {
    return Camera().take();
}

}  // namespace compare
