// SPDX-License-Identifier: GPL-2.0-only
#include "agent/calls/serve.hpp"

#include <fcntl.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <string>
#include <thread>

#include "agent/calls/agent.hpp"
#include "agent/calls/calls.hpp"
#include "agent/calls/log.hpp"
#include "agent/calls/paths.hpp"
#include "base/fd.hpp"
#include "channel/link.hpp"

namespace nap::agent {

namespace fs = std::filesystem;

namespace {

// Without udev there is no /dev/virtio-ports; the port's name stands in sysfs.
Result<fs::path> find_port() {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/sys/class/virtio-ports", error)) {
        auto name = read_file(entry.path() / "name");
        if (name && *name == std::string(kPortName) + "\n") return fs::path("/dev") / entry.path().filename();
    }
    return fail(ErrorKind::not_found, std::string("no virtio-serial port is named ") + kPortName);
}

Result<> serve_port(Agent& agent) {
    NAP_TRY(const fs::path path, find_port());
    NAP_TRY(UniqueFd port, open_file(path, O_RDWR));
    channel::LinkOptions options;
    options.starts_even = true;
    options.reconnects = true;
    options.on_down = [](const Error& error) { log("the host went away: " + error.message); };
    const channel::Link link(
        std::move(port),
        [&agent](const std::string& method, const channel::Json& params, channel::Call& call) {
            return answer(agent, method, params, call);
        },
        options);
    while (link.up()) std::this_thread::sleep_for(std::chrono::seconds(1));
    return {};
}

}  // namespace

void serve() {
    std::signal(SIGPIPE, SIG_IGN);
    ::setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);  // CRIU runs tar
    static Agent agent;  // outlives every link: a call may still run when the host is gone
    for (std::string last;;) {
        try {
            auto served = serve_port(agent);
            const std::string message = served ? "" : served.error().message;
            if (message != last) log(message);
            last = message;
        } catch (const std::exception& error) {
            log(error.what());
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
}

}  // namespace nap::agent
