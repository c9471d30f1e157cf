// SPDX-License-Identifier: GPL-2.0-only
// A directory of a test's own, gone with it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace nap::test {

struct Scratch {
    explicit Scratch(const std::string& parent = "/tmp") {
        auto name = parent + "/nap-test-XXXXXX";
        path = ::mkdtemp(name.data());
    }
    ~Scratch() { std::filesystem::remove_all(path); }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    std::filesystem::path path;
};

}  // namespace nap::test
