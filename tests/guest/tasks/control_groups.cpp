// SPDX-License-Identifier: GPL-2.0-only
// Control groups made inside: their tree, limits, members, a frozen one.
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <vector>

#include "child.hpp"
#include "harness.hpp"

namespace guest {
namespace {

namespace fs = std::filesystem;

// Where control groups can be written; it is mounted read-only at its usual place.
class Groups {
  public:
    explicit Groups(const std::string& kind) : mounted_(disk_directory(kind)) {
        check(mount("cgroup2", mounted_.c_str(), "cgroup2", 0, nullptr), "mount cgroup2");
        std::istringstream lines(read_text("/proc/self/cgroup"));
        std::string line;
        while (std::getline(lines, line))
            if (line.starts_with("0::")) own_ = mounted_.string() + line.substr(3);
        require(!own_.empty(), "no control group of version 2");
        root_ = own_ / kind;
        remove();
        make("");
    }
    [[nodiscard]] fs::path at(const std::string& path) const { return root_ / path; }
    void make(const std::string& path) const { check(mkdir(at(path).c_str(), 0755), "mkdir " + path); }
    void set(const std::string& path, const std::string& value) const {
        std::ofstream file(at(path));
        file << value << std::flush;
        require(file.good(), "cannot write ", value, " to ", path);
    }
    [[nodiscard]] std::string get(const std::string& path) const {
        std::string text = read_text(at(path));
        while (!text.empty() && text.back() == '\n') text.pop_back();
        return text;
    }
    void require_setting(const std::string& path, const std::string& value) const {
        const std::string now = get(path);
        require(now == value, path, " is '", now, "', was '", value, "'");
    }

  private:
    void remove() const {
        std::error_code none;
        std::vector<fs::path> groups;
        if (fs::exists(root_, none)) groups.push_back(root_);
        for (std::size_t i = 0; i < groups.size(); ++i)
            for (const auto& entry : fs::directory_iterator(groups[i], none))
                if (entry.is_directory(none)) groups.push_back(entry.path());
        for (; !groups.empty(); groups.pop_back()) rmdir(groups.back().c_str());
    }
    fs::path mounted_, own_, root_;
};

std::string group_of(pid_t pid) {
    std::istringstream lines(read_text("/proc/" + std::to_string(pid) + "/cgroup"));
    std::string line;
    while (std::getline(lines, line))
        if (line.starts_with("0::")) return fs::path(line.substr(3)).filename();
    return "";
}

class ControlGroups : public State {
  public:
    void set_up() override {
        groups_ = std::make_unique<Groups>("control_groups");
        groups_->make("limited");
        groups_->make("limited/inner");
        groups_->make("frozen");
        groups_->make("empty");
        member_ = fork_sleeper();
        frozen_ = fork_sleeper();
        groups_->set("limited/inner/cgroup.procs", std::to_string(member_));
        groups_->set("frozen/cgroup.procs", std::to_string(frozen_));
        groups_->set("limited/cgroup.max.descendants", "7");
        groups_->set("frozen/cgroup.freeze", "1");
        check(chown(groups_->at("empty").c_str(), 1234, 1235), "chown");
        check(setxattr(groups_->at("empty").c_str(), "trusted.nap", "kept", 4, 0), "setxattr");
        sleep_ms(50);
    }
    void verify() override {
        require(group_of(member_) == "inner", "the member is in ", group_of(member_));
        require(group_of(frozen_) == "frozen", "the frozen process is in ", group_of(frozen_));
        require(group_of(getpid()) != "inner", "another process is in the group");
        groups_->require_setting("limited/cgroup.max.descendants", "7");
        groups_->require_setting("frozen/cgroup.freeze", "1");
        const std::string events = groups_->get("frozen/cgroup.events");
        require(events.find("frozen 1") != std::string::npos, "the frozen group is not frozen: ", events);
        groups_->require_setting("limited/inner/cgroup.freeze", "0");
        struct stat empty {};
        check(stat(groups_->at("empty").c_str(), &empty), "stat");
        require(empty.st_uid == 1234 && empty.st_gid == 1235, "the empty group has another owner");
        std::string value(4, ' ');
        check(getxattr(groups_->at("empty").c_str(), "trusted.nap", value.data(), 4), "getxattr");
        require(value == "kept", "the attribute is ", value);
    }
    void damage() override { groups_->set("frozen/cgroup.freeze", "0"); }

  private:
    std::unique_ptr<Groups> groups_;
    pid_t member_ = 0, frozen_ = 0;
};

NAP_GUEST_STATE("control_groups", ControlGroups);

}  // namespace
}  // namespace guest
