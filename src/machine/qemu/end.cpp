// SPDX-License-Identifier: GPL-2.0-only
#include "machine/qemu/end.hpp"

#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "base/text.hpp"
#include "channel/json.hpp"
#include "machine/qemu/last_words.hpp"

namespace nap::machine {

namespace {

constexpr std::size_t kSaidLines = 5, kConsoleLines = 40, kConsoleBytes = 6000, kEventBytes = 300;

std::string name_of(int signal) {
    const char* name = ::sigabbrev_np(signal);
    return "signal " + std::to_string(signal) + (name != nullptr ? std::string(" (SIG") + name + ")" : "");
}

// The reason that QEMU gave for its end; empty where it gave none.
std::string shutdown_reason(const std::vector<QmpEvent>& events) {
    for (auto event = events.rbegin(); event != events.rend(); ++event)
        if (event->name == "SHUTDOWN") {
            const auto* reason = channel::text_in(event->data, "reason");
            return reason != nullptr ? channel::printable(*reason) : "";
        }
    return {};
}

struct Kind {
    EndKind kind;
    std::string how;
};

Kind by_signal(int signal, bool host_killed_it) {
    if (signal == SIGKILL && host_killed_it)
        return {EndKind::host_memory,
                "QEMU was killed by the host's kernel, which had no memory left (OOM killer)"};
    if (signal == SIGKILL)
        return {EndKind::killed, "QEMU was killed by signal 9 (SIGKILL), which nap did not send"};
    if (signal == SIGBUS)
        return {EndKind::no_room,
                "QEMU was killed by signal 7 (SIGBUS): the tmpfs of the machine's memory had no page left"};
    return {EndKind::crashed, "QEMU crashed, by " + name_of(signal)};
}

Kind kind_of(const Remains& remains, bool panicked) {
    const auto& status = remains.status;
    if (remains.stands_still)
        return {EndKind::internal_error,
                "its processors stand still at what KVM cannot execute (internal error)"};
    if (status && WIFSIGNALED(*status)) return by_signal(WTERMSIG(*status), remains.host_killed_it);
    const auto reason = shutdown_reason(remains.events);
    if (reason == "guest-shutdown") return {EndKind::power_off, "its kernel powered the machine off"};
    if (reason == "host-signal") return {EndKind::asked, "QEMU was asked to end by a signal"};
    if (reason.starts_with("host-qmp")) return {EndKind::asked, "QEMU was asked to end by a command (QMP)"};
    if (panicked) return {EndKind::panic, "its kernel panicked"};
    if (reason.starts_with("guest-"))
        return {EndKind::reset,
                "its kernel reset the machine without a panic: a triple fault, or a reboot that was forced"};
    if (!status)
        return {EndKind::unknown,
                "QEMU ended; nobody was there who could be told how (nap's supervisor had died)"};
    const auto ended = "QEMU ended with status " + std::to_string(WEXITSTATUS(*status));
    return {WEXITSTATUS(*status) != 0 ? EndKind::failed : EndKind::unknown, ended};
}

// Local time, as in the supervisor's log.
std::string time_of_day(std::int64_t ms) {
    const std::time_t seconds = ms / 1000;
    std::tm parts{};
    ::localtime_r(&seconds, &parts);
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%02d:%02d:%02d.%03d", parts.tm_hour, parts.tm_min, parts.tm_sec,
                  static_cast<int>(ms % 1000));
    return text.data();
}

// A processor model that is emulated lacks some features, which QEMU says at each start.
std::string without_missing_features(std::string_view log) {
    std::string others;
    while (!log.empty()) {
        const auto line = take_until(log, '\n');
        if (!line.contains("support requested feature")) others.append(line).append("\n");
    }
    return others;
}

// Else its console knows nothing of it.
bool is_of_the_guest(EndKind kind) {
    return kind == EndKind::panic || kind == EndKind::reset || kind == EndKind::power_off ||
           kind == EndKind::failed || kind == EndKind::unknown;
}

std::string line_of(const QmpEvent& event) {
    auto line = event.name + " " + event.data.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
    if (line.size() > kEventBytes) line.resize(kEventBytes);
    return time_of_day(event.time_ms) + " " + line;
}

}  // namespace

std::string_view to_string(EndKind kind) {
    switch (kind) {
        case EndKind::panic:
            return "panic";
        case EndKind::reset:
            return "reset";
        case EndKind::power_off:
            return "power-off";
        case EndKind::killed:
            return "killed";
        case EndKind::host_memory:
            return "killed-for-memory";
        case EndKind::no_room:
            return "no-room";
        case EndKind::crashed:
            return "crashed";
        case EndKind::asked:
            return "asked";
        case EndKind::failed:
            return "failed";
        case EndKind::internal_error:
            return "internal-error";
        case EndKind::unknown:
            break;
    }
    return "unknown";
}

std::string last_lines(std::string_view log, std::size_t lines, std::size_t bytes) {
    std::string text;
    for (char c : without_control_sequences(log))
        if (c != '\n' || (!text.empty() && text.back() != '\n')) text += c;
    while (text.ends_with('\n')) text.pop_back();
    auto from = text.size();
    for (std::size_t line = 0; line < lines && from != text.npos && from != 0; ++line)
        from = text.rfind('\n', from - 1);
    text.erase(0, from == text.npos || from == 0 ? 0 : from + 1);
    if (text.size() > bytes) text.erase(0, text.size() - bytes);
    return text;
}

End end_from(const Remains& remains) {
    End end;
    end.machine = remains.machine;
    end.generation = remains.generation;
    end.kernel = remains.kernel;
    end.words = last_words(remains.console);
    const bool told =
        std::ranges::find(remains.events, "GUEST_PANICKED", &QmpEvent::name) != remains.events.end();
    auto [kind, how] =
        kind_of(remains, told || shutdown_reason(remains.events) == "guest-panic" || is_panic(end.words));
    end.kind = kind;
    end.how = std::move(how);
    end.qemu_said = last_lines(without_missing_features(remains.qemu_log), kSaidLines);
    end.console = last_lines(remains.console, kConsoleLines, kConsoleBytes);
    for (const auto& event : remains.events) end.events.push_back(line_of(event));
    return end;
}

std::string sentence(const End& end) {
    auto text = "Generation " + std::to_string(end.generation) + " of " + end.machine;
    if (!end.kernel.empty()) text += ", kernel " + end.kernel;
    text += ": " + end.how;
    if (!end.qemu_said.empty()) text += ", saying: " + end.qemu_said;
    if (!end.words.empty() && is_of_the_guest(end.kind))
        text += "; its console says: " + end.words + " (`nap console " + end.machine + "` has the rest)";
    return text;
}

std::vector<std::string> details(const End& end) {
    std::vector<std::string> lines;
    for (const auto& event : end.events) lines.push_back("QMP: " + event);
    for (std::string_view rest = end.console; !rest.empty();)
        lines.push_back("console: " + std::string(take_until(rest, '\n')));
    return lines;
}

std::string advice(const std::string& machine) {
    return "its disk image is as after a power loss, and its file system recovers when `nap start " +
           machine + "` starts it";
}

nlohmann::json to_json(const End& end) {
    return {{"kind", to_string(end.kind)}, {"generation", end.generation},
            {"kernel", end.kernel},        {"how", end.how},
            {"qemu_log", end.qemu_said},   {"words", end.words},
            {"console", end.console},      {"events", end.events}};
}

}  // namespace nap::machine
