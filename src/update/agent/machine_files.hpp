// SPDX-License-Identifier: GPL-2.0-only
// The files of a running machine, asked of its agent.
#pragma once

#include <filesystem>

#include "base/files.hpp"
#include "channel/link.hpp"

namespace nap::update::agent {

// A folder of `state` that nobody else uses: checks and an update may look at the same time. Not made.
std::filesystem::path new_scratch(const std::filesystem::path& state);

class MachineFiles : public Files {
  public:
    // `scratch`: a folder, made here, for what is under way; gone with it.
    MachineFiles(channel::Link& agent, std::filesystem::path scratch);
    MachineFiles(const MachineFiles&) = delete;
    MachineFiles& operator=(const MachineFiles&) = delete;
    ~MachineFiles() override;

    Result<std::vector<std::string>> list(const std::string& folder) override;
    Result<std::string> read(const std::string& path, std::size_t limit) override;

  private:
    Result<> receive(const std::string& path, std::size_t limit, const std::filesystem::path& into);
    channel::Link& agent_;
    std::filesystem::path scratch_;
};

}  // namespace nap::update::agent
