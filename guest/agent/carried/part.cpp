// SPDX-License-Identifier: GPL-2.0-only
#include "agent/carried/part.hpp"

#include "agent/carried/part_file.hpp"

namespace nap::agent {

namespace {

namespace fs = std::filesystem;
using channel::Json;

fs::path file_of(const Part& part, const fs::path& images) {
    return images / ("nap-" + std::string(part.name) + ".cbor");
}

std::string putting_back(const Part& part) {
    return "putting back the machine's " + std::string(part.name);
}

using PutBack = Result<> (*)(Agent&, const Json& captured, Warnings&);

Result<> put_back_by(PutBack Part::*put_back, Agent& agent, const fs::path& images, Warnings& warnings,
                     StepTimes& times) {
    for (const Part& part : parts()) {
        if (part.*put_back == nullptr) continue;
        NAP_TRY(const Json captured, read_part_file(file_of(part, images)));
        if (auto done = (part.*put_back)(agent, captured, warnings); !done)
            return std::unexpected(done.error().within(putting_back(part)));
        times.ended("put back " + std::string(part.name));
    }
    return {};
}

}  // namespace

Result<> capture_parts(Agent& agent, const Task& init, const fs::path& images, StepTimes& times) {
    for (const Part& part : parts()) {
        auto captured = part.capture(agent, init);
        if (!captured)
            return std::unexpected(
                captured.error().within("capturing the machine's " + std::string(part.name)));
        NAP_CHECK(write_part_file(file_of(part, images), *captured));
        times.ended("capture " + std::string(part.name));
    }
    return {};
}

Result<> put_back_before_tasks(Agent& agent, const fs::path& images, Warnings& warnings, StepTimes& times) {
    return put_back_by(&Part::before_tasks, agent, images, warnings, times);
}

Result<> put_back_before_network(Agent& agent, const fs::path& images, Warnings& warnings, StepTimes& times) {
    return put_back_by(&Part::before_network, agent, images, warnings, times);
}

Result<> put_back_after_tasks(Agent& agent, const fs::path& images, const HostPids& pids, Warnings& warnings,
                              StepTimes& times) {
    for (const Part& part : parts()) {
        if (part.after_tasks == nullptr) continue;
        NAP_TRY(const Json captured, read_part_file(file_of(part, images)));
        if (auto done = part.after_tasks(agent, captured, pids, warnings); !done)
            return std::unexpected(done.error().within(putting_back(part)));
        times.ended("put back, tasks there: " + std::string(part.name));
    }
    return {};
}

}  // namespace nap::agent
