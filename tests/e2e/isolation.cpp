// SPDX-License-Identifier: GPL-2.0-only
#include "e2e/isolation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <map>
#include <sstream>

namespace nap::e2e {

namespace {
namespace fs = std::filesystem;

constexpr const char* kNoCapabilities = "0000000000000000";
constexpr uid_t kFirstUser = 0x7000'0000;  // see machine/definition/user.hpp

// /proc/PID/status: the values of a field, with one space in between.
std::map<std::string, std::string> status_of(const fs::path& process) {
    auto text = read_file(process / "status", 1 << 16);
    EXPECT_TRUE(text);
    std::map<std::string, std::string> fields;
    std::istringstream lines(text ? *text : "");
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line.substr(line.find(':') + 1));
        auto& value = fields[line.substr(0, line.find(':'))];
        for (std::string word; words >> word;) value += (value.empty() ? "" : " ") + word;
    }
    return fields;
}

// Paths of the process's open files.
std::vector<fs::path> open_files_of(const fs::path& process) {
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(process / "fd")) {
        std::error_code closed;
        paths.push_back(fs::read_symlink(entry, closed));
    }
    return paths;
}

void expect_private(const fs::path& file, uid_t owner) {
    struct stat status {};
    ASSERT_EQ(::stat(file.c_str(), &status), 0) << file;
    EXPECT_EQ(status.st_uid, owner) << file;
    EXPECT_EQ(status.st_mode & 07777, 0600U) << file;
}

}  // namespace

void expect_without_rights(const Machine& machine) {
    const auto process = fs::path("/proc") / std::to_string(machine.status().value("qemu_pid", 0));
    uid_t user = 0;
    for (const auto& task : fs::directory_iterator(process / "task")) {
        auto status = status_of(task);
        user = static_cast<uid_t>(std::stoul(status["Uid"]));
        const auto name = std::to_string(user);
        EXPECT_GE(user, kFirstUser);
        for (const char* ids : {"Uid", "Gid"})
            EXPECT_EQ(status[ids], name + " " + name + " " + name + " " + name) << ids;
        for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapAmb"})
            EXPECT_EQ(status[set], kNoCapabilities) << set;
        EXPECT_EQ(status["NoNewPrivs"], "1");
        EXPECT_EQ(status["Seccomp"], "2");
    }
    int memory_files = 0;
    for (const auto& file : open_files_of(process)) {
        const auto name = file.filename().string();
        if (name != "u" && !name.starts_with("k-")) continue;
        ++memory_files;
        expect_private(file, user);
        struct stat folder {};
        ASSERT_EQ(::stat(file.parent_path().c_str(), &folder), 0);
        EXPECT_EQ(folder.st_mode & 0077, 0U) << file.parent_path();
    }
    EXPECT_GE(memory_files, 2);
    struct stat disk {};
    ASSERT_EQ(::stat(machine.disk().c_str(), &disk), 0);
    EXPECT_EQ(disk.st_uid, 0U) << "the disk image was given away";
}

}  // namespace nap::e2e
