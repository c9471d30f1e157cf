// SPDX-License-Identifier: GPL-2.0-only
#include "agent/contexts/criu.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <sstream>

#include "agent/calls/log.hpp"
#include "agent/calls/paths.hpp"
#include "agent/modules/autoload.hpp"
#include "base/fd.hpp"
#include "base/process.hpp"

namespace nap::agent {

namespace fs = std::filesystem;

namespace {
constexpr std::size_t kErrorLines = 12;
constexpr std::size_t kLastWords = 600;
constexpr std::size_t kLogKept = 24 << 10;  // in JSON less than an event may have
constexpr std::chrono::seconds kCheckLimit{60};
}  // namespace

fs::path images_folder() {
    return fs::path(kCriuFolder) / "images";
}

Result<CriuFolders> CriuFolders::make() {
    std::error_code error;
    fs::remove_all(kCriuFolder, error);
    CriuFolders folders{images_folder(), log().parent_path()};
    for (const auto& folder : {folders.images, folders.logs})
        if (fs::create_directories(folder, error); error)
            return fail_errno("cannot make the folder " + folder.string(), error.value());
    return folders;
}

std::vector<std::string> criu_command(std::string_view action, const CriuFolders& folders,
                                      Verbosity verbosity) {
    const char* level = verbosity == Verbosity::everything ? "-v4"
                        : verbosity == Verbosity::warnings ? "-v2"
                                                           : "-v1";
    return {kCriu,          std::string(action),
            "-D",           folders.images,
            "-W",           folders.logs,
            "-o",           CriuFolders::log().filename(),
            level,          "--tcp-established",
            "--file-locks", "--network-lock",
            "skip",         "--manage-cgroups=ignore",
            "--enable-fs",  "hugetlbfs",
            "--enable-fs",  "bpf",
            "--enable-fs",  "configfs"};
}

Result<> warm_criu() {
    Command command;
    command.argv = {kCriu, "check"};
    const LoadsNothing loads_nothing;
    NAP_TRY(const Output output, run(command, kCheckLimit));
    if (output.status != 0) log("CRIU's check: " + errors_of(output.out));
    return {};
}

std::string errors_of(std::string_view log) {
    std::deque<std::string> errors;
    std::istringstream lines{std::string(log)};
    for (std::string line; std::getline(lines, line);) {
        if (line.find("Error (") == std::string::npos) continue;
        // The first ones name the cause, the last ones what came of it.
        if (errors.size() == kErrorLines) errors.erase(errors.begin() + kErrorLines / 2);
        errors.push_back(line.substr(line.find("Error (")));
    }
    std::string text;
    for (const auto& line : errors) text += (text.empty() ? "" : "\n") + line;
    return text.empty() ? "its log names no error" : text;
}

bool names_reason(std::string_view log) {
    std::istringstream lines{std::string(log)};
    for (std::string line; std::getline(lines, line);)
        if (line.find("Error (") != std::string::npos && line.find(" FAILED.") == std::string::npos)
            return true;
    return false;
}

bool names_something_in_flight(std::string_view log) {
    constexpr std::string_view kSigns[] = {"n-flight", "Dangling connection", "has data to read",
                                           "with unreachable peer", "without peer"};
    const std::string errors = errors_of(log);
    return std::ranges::any_of(kSigns,
                               [&](std::string_view sign) { return errors.find(sign) != std::string::npos; });
}

std::string end_of_log(std::string_view log, std::size_t most) {
    if (log.size() > most) {
        log.remove_prefix(log.size() - most);
        log.remove_prefix(std::min(log.size(), log.find('\n') + 1));
    }
    return std::string(log);
}

Error criu_error(std::string_view what, const CriuFolders& folders) {
    auto log = read_file(folders.log());
    std::string why = log ? errors_of(*log) : log.error().message;
    // What it did last says where to look.
    if (log && !names_reason(*log) && !log->empty())
        why += "; it ended with\n" + end_of_log(*log, kLastWords);
    return Error{ErrorKind::guest, std::string(what) + ": " + why};
}

void send_log(const CriuFolders& folders, channel::Call& call) {
    if (auto text = read_file(folders.log()))
        (void)call.send_event({{"log", channel::printable(end_of_log(*text, kLogKept))}});
}

}  // namespace nap::agent
