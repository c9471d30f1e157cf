// SPDX-License-Identifier: GPL-2.0-only
#include "machine/qemu/cpu_models.hpp"

#include <sstream>

#include "base/process.hpp"
#include "machine/definition/config.hpp"

namespace nap::machine {

namespace {
constexpr std::chrono::milliseconds kLimit{20'000};
constexpr const char* kProgram = "qemu-system-x86_64";
}  // namespace

std::set<std::string> models_in(std::string_view help) {
    std::set<std::string> models;
    std::istringstream lines{std::string(help)};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string architecture, model;
        if (words >> architecture >> model && architecture == "x86") models.insert(model);
    }
    return models;
}

Result<> check_cpu_model(const std::string& model) {
    if (model == kHostCpu) return {};
    NAP_TRY(const auto help, run({.argv = {kProgram, "-machine", "none", "-cpu", "help"}}, kLimit));
    const auto models = models_in(help.out);
    if (models.empty())
        return fail(ErrorKind::io, std::string(kProgram) + " -cpu help names no processor: " + help.out);
    if (models.contains(model)) return {};
    return fail(ErrorKind::usage, "there is no processor model '" + model + "': `" + kProgram +
                                      " -cpu help` lists them, `host` is this host's");
}

}  // namespace nap::machine
