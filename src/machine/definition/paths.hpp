// SPDX-License-Identifier: GPL-2.0-only
// Where one machine's files lie on the host.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace nap::machine {

struct MachinePaths {
    std::filesystem::path state = {};   // LIB/machines/NAME: survives a host reboot
    std::filesystem::path run = {};     // RUN/NAME: sockets
    std::filesystem::path memory = {};  // MEM/NAME: U, K, images; on tmpfs

    [[nodiscard]] std::filesystem::path config() const { return state / "machine.json"; }
    [[nodiscard]] std::filesystem::path journal() const { return state / "journal"; }
    [[nodiscard]] std::filesystem::path history() const { return state / "history.jsonl"; }
    [[nodiscard]] std::filesystem::path last_end() const { return state / "last-end.json"; }
    [[nodiscard]] std::filesystem::path kernels() const { return state / "kernels"; }  // from its own /boot
    [[nodiscard]] std::filesystem::path log() const { return state / "log"; }
    [[nodiscard]] std::filesystem::path console_log() const { return state / "console.log"; }
    [[nodiscard]] std::filesystem::path control_socket() const { return run / "control.sock"; }
    [[nodiscard]] std::filesystem::path user_memory() const { return memory / "u"; }
    [[nodiscard]] std::filesystem::path kernel_memory(int generation) const {
        return memory / ("k-" + std::to_string(generation));
    }
    // What a newer generation wrote since its commit lies here alone until it is merged: it must survive the
    // host.
    [[nodiscard]] std::filesystem::path overlay(int generation) const {
        return state / ("overlay-" + std::to_string(generation) + ".qcow2");
    }
    [[nodiscard]] std::filesystem::path images() const { return memory / "images"; }
    static constexpr std::string_view kGeneration = "gen-";
    [[nodiscard]] std::filesystem::path generation(int number) const {
        return run / (std::string(kGeneration) + std::to_string(number));
    }
};

}  // namespace nap::machine
