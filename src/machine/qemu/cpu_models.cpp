// SPDX-License-Identifier: GPL-2.0-only
#include "machine/qemu/cpu_models.hpp"

#include <sstream>

#include "base/process.hpp"
#include "machine/definition/config.hpp"
#include "machine/qemu/qemu_command.hpp"

namespace nap::machine {

namespace {
constexpr std::chrono::milliseconds kLimit{20'000};
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
    NAP_TRY(const auto help, run({.argv = {kQemu, "-machine", "none", "-cpu", "help"}}, kLimit));
    const auto models = models_in(help.out);
    if (models.empty())
        return fail(ErrorKind::io, std::string(kQemu) + " -cpu help names no processor: " + help.out);
    if (models.contains(model)) return {};
    return fail(ErrorKind::usage, "there is no processor model '" + model + "': `" + kQemu +
                                      " -cpu help` lists them, `host` is this host's");
}

}  // namespace nap::machine
