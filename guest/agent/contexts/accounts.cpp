// SPDX-License-Identifier: GPL-2.0-only
#include "agent/contexts/accounts.hpp"

#include <algorithm>
#include <array>

#include "guest/module/nap_account.h"

namespace nap::agent {

namespace {

constexpr std::array<const char*, NAP_REFUSALS> kRefused = {
    "CPU affinity", "I/O priority", "NUMA memory policy", "speculation control (prctl)",
    "nice of its session"};

std::int32_t inside(const HostPids& pids, std::int32_t host_pid) {
    const auto found = std::ranges::find(pids, host_pid, [](const auto& pair) { return pair.second; });
    return found == pids.end() ? 0 : found->first;
}

}  // namespace

Result<std::vector<std::uint64_t>> with_host_pids(std::vector<std::uint64_t> words, const HostPids& pids) {
    constexpr std::uint64_t kProcess = NAP_PROCESS_HEAD + NAP_PROCESS_WORDS;
    constexpr std::uint64_t kThread = NAP_THREAD_HEAD + NAP_THREAD_WORDS;
    for (std::uint64_t at = 0; at < words.size();) {
        const std::uint64_t left = words.size() - at;
        if (left < kProcess || words[at + 1] > (left - kProcess) / kThread)
            return fail(ErrorKind::protocol, "the tasks' accounts are cut off");
        const auto host_pid = pids.find(static_cast<std::int32_t>(words[at]));
        if (host_pid == pids.end())
            return fail(ErrorKind::guest,
                        "the accounts name pid " + std::to_string(words[at]) + ", which was not recreated");
        words[at] = static_cast<std::uint64_t>(host_pid->second);
        at += kProcess + words[at + 1] * kThread;
    }
    return words;
}

std::vector<std::string> refusals(const nap_accounts& report, const HostPids& pids) {
    std::vector<std::string> sentences;
    for (std::size_t i = 0; i < kRefused.size(); ++i) {
        if (report.refused[i] == 0) continue;
        std::string sentence = "this kernel refuses the " + std::string(kRefused[i]) + " that pid " +
                               std::to_string(inside(pids, report.refused_pid[i])) + " had";
        if (report.refused[i] > 1)
            sentence += ", and that of " + std::to_string(report.refused[i] - 1) + " other threads";
        sentences.push_back(std::move(sentence));
    }
    return sentences;
}

Result<> put_back_accounts(const AdoptionDevice& device, std::vector<std::uint64_t> words,
                           const HostPids& pids, std::vector<std::string>& warnings) {
    NAP_TRY(words, with_host_pids(std::move(words), pids));
    NAP_TRY(const nap_accounts report, device.set_accounts(words));
    for (auto& sentence : refusals(report, pids)) warnings.push_back(std::move(sentence));
    return {};
}

}  // namespace nap::agent
