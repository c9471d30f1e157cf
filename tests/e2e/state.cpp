// SPDX-License-Identifier: GPL-2.0-only
#include "e2e/state.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <fstream>

#include "base/units.hpp"
#include "channel/unix_socket.hpp"
#include "kernel/record.hpp"
#include "machine/definition/config.hpp"

namespace nap::e2e {

namespace fs = std::filesystem;

State::State() {
    static int made = 0;
    // A short path: sockets lie below it
    root_ =
        fs::temp_directory_path() / ("nap-state-" + std::to_string(getpid()) + "-" + std::to_string(made++));
    fs::create_directories(root_);
    paths_ = supervisor::Paths::from(root_.string()).value();
}

State::~State() {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
    if (paths_.memory != paths_.run) fs::remove_all(paths_.memory, ignored);
}

void State::add_machine(const std::string& name, const std::string& kernel) const {
    const auto machine = paths_.machine(name);
    fs::create_directories(machine.state);
    machine::Config config;
    config.name = name;
    config.disk = "/dev/null";
    config.disk_format = "raw";
    config.kernel = kernel;
    config.memory = kGiB;
    config.kernel_memory = 512 * kMiB;
    ASSERT_TRUE(machine::save_config(machine.config(), config));
}

void State::add_kernel(const std::string& version) const {
    kernel::Record record;
    record.version = version;
    record.source = "linux-image-" + version + " 1";
    record.layout.task_mm = 2272;
    record.socket_layout.listening_bucket_size = 16;
    record.layout.page_size = 64;
    record.layout.page_compound_head = 8;
    record.layout.page_mapping = 24;
    record.layout.upid_size = 16;
    record.layout.upid_ns = 8;
    fs::create_directories(paths_.kernels() / version);
    ASSERT_TRUE(kernel::write_record(paths_.kernels() / version, record));
}

Output State::nap(const Arguments& arguments) const {
    Arguments argv{(build_directory() / "bin/nap").string(), "--root", root_.string()};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return call(argv);
}

void write(const fs::path& path, const std::string& content) {
    fs::create_directories(path.parent_path());
    std::ofstream(path) << content;
}

StandIn::StandIn(const supervisor::MachinePaths& machine, channel::Handler handler)
    : handler_(std::move(handler)) {
    fs::create_directories(machine.run);
    auto listener = channel::listen_unix(machine.control_socket());
    if (!listener) throw std::runtime_error(listener.error().message);
    listener_ = std::move(*listener);
    thread_ = std::thread([this] { serve(listener_.get()); });
}

StandIn::~StandIn() {
    over_ = true;
    thread_.join();
}

void StandIn::serve(int listener) {
    std::vector<std::unique_ptr<channel::Link>> clients;
    while (!over_) {
        pollfd waiting{listener, POLLIN, 0};
        if (::poll(&waiting, 1, 20) <= 0) continue;
        if (auto client = channel::accept_unix(listener))
            clients.push_back(std::make_unique<channel::Link>(std::move(*client), handler_,
                                                              channel::LinkOptions{.starts_even = true}));
    }
}

}  // namespace nap::e2e
