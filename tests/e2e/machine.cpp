// SPDX-License-Identifier: GPL-2.0-only
#include "e2e/machine.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <thread>

namespace nap::e2e {

namespace {
namespace fs = std::filesystem;

constexpr const char* kHost = "10.78.0.1";

Arguments in_namespace(const std::string& netns, const Arguments& argv) {
    Arguments all{"ip", "netns", "exec", netns};
    all.insert(all.end(), argv.begin(), argv.end());
    return all;
}

void must(const Output& output, const std::string& what) {
    if (output.status != 0)
        throw std::runtime_error(what + " gave status " + std::to_string(output.status) + ": " + output.out);
}

}  // namespace

supervisor::Paths nap_paths() {
    return supervisor::Paths::from((build_directory() / "nap").string()).value();
}

fs::path build_directory() {
    return NAP_TEST_BUILD;
}

Output call(const Arguments& argv, std::chrono::milliseconds limit, const Arguments& environment) {
    Command command;
    command.argv = argv;
    command.environment_additions = environment;
    auto output = run(command, limit);
    if (!output) {
        ADD_FAILURE() << argv.front() << ": " << output.error().message;
        return {.status = -1, .out = output.error().message};
    }
    return *std::move(output);
}

Arguments nap_argv(const Arguments& arguments) {
    Arguments argv{(build_directory() / "bin/nap").string(), "--root", (build_directory() / "nap").string()};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    return argv;
}

Output nap(const Arguments& arguments, std::chrono::milliseconds limit, const Arguments& environment) {
    return call(nap_argv(arguments), limit, environment);
}

nlohmann::json json_of(const Output& output) {
    auto whole = nlohmann::json::parse(output.out, nullptr, false);
    if (!whole.is_discarded()) return whole;
    const auto last = output.out.find_last_not_of('\n');
    const auto line = output.out.rfind('\n', last);
    auto parsed =
        nlohmann::json::parse(output.out.substr(line == std::string::npos ? 0 : line + 1), nullptr, false);
    if (!parsed.is_discarded()) return parsed;
    ADD_FAILURE() << "not JSON: " << output.out;
    return nullptr;
}

Kernels kernels() {
    std::ifstream file(build_directory() / "test/kernels");
    Kernels kernels;
    if (!(file >> kernels.older >> kernels.newer))
        throw std::runtime_error("no kernels to test with; run scripts/test");
    return kernels;
}

bool eventually(const std::function<bool()>& condition, std::chrono::seconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
    return true;
}

Machine::Machine(const Options& options) {
    static int made = 0;
    const std::string number = std::to_string(getpid()) + (made++ == 0 ? "" : "-" + std::to_string(made));
    name_ = "test-" + number;
    netns_ = "nap-test-" + number;
    tap_ = "tap" + number;
    disk_ = build_directory() / "test" / (name_ + ".img");
    paths_ = nap_paths().machine(name_);
    fs::create_directories(disk_.parent_path());
    must(call({"qemu-img", "convert", "-f", "raw", "-O", options.disk_format,
               (build_directory() / "disk" / options.root_disk).string(), disk_.string()},
              kLong),
         "copying the root disk");
    must(call({"ip", "netns", "add", netns_}), "ip netns add");
    must(call({"ip", "-n", netns_, "link", "set", "lo", "up"}), "ip link set lo up");
    must(nap({"create", name_, "--disk", disk_.string(), "--kernel",
              options.kernel.empty() ? kernels().older : options.kernel, "--memory", options.memory, "--cpus",
              std::to_string(options.cpus), "--net", "tap=" + tap_ + ",netns=" + netns_, "--address",
              std::string(kAddress) + "/24", "--gateway", kHost}),
         "nap create");
    must(nap({"start", name_}, kLong, options.testing ? Arguments{"NAP_TESTING=1"} : Arguments{}),
         "nap start");
    must(call({"ip", "-n", netns_, "address", "add", std::string(kHost) + "/24", "dev", tap_}),
         "ip address add");
    must(call({"ip", "-n", netns_, "link", "set", tap_, "up"}), "ip link set up");
    if (!eventually([this] { return exec({"redis-cli", "ping"}).out == "PONG\n"; }, std::chrono::seconds(60)))
        throw std::runtime_error("redis does not answer in " + name_);
}

Machine::~Machine() {
    if (testing::Test::HasFailure()) std::cerr << "log of " << name_ << ":\n" << nap({"log", name_}).out;
    (void)nap({"stop", name_}, kLong);
    (void)nap({"rm", name_});
    (void)call({"ip", "netns", "delete", netns_});
    std::error_code ignored;
    fs::remove(disk_, ignored);
}

Output Machine::exec(const Arguments& argv, std::chrono::milliseconds limit) const {
    Arguments all{"exec", name_, "--"};
    all.insert(all.end(), argv.begin(), argv.end());
    return nap(all, limit);
}

Output Machine::update(const std::string& kernel, const Arguments& environment) const {
    // Emulated, with every state, on a busy host: that takes longer than a machine is meant to stand still.
    return nap({"--json", "update", name_, "--kernel", kernel, "--max-pause", "120s"}, kLong, environment);
}

std::string Machine::kernel() const {
    std::string version = exec({"uname", "-r"}).out;
    while (!version.empty() && version.back() == '\n') version.pop_back();
    return version;
}

nlohmann::json Machine::status() const {
    return json_of(nap({"--json", "status", name_}));
}

void Machine::install_states() const {
    must(exec({"mkdir", "-p", "/opt/nap-test"}), "mkdir");
    must(nap({"cp", (build_directory() / "guest-tests/guest-states").string(),
              name_ + ":/opt/nap-test/guest-states"},
             kLong),
         "nap cp");
}

Output Machine::states(const std::string& verb, const Arguments& names) const {
    Arguments argv{"/opt/nap-test/guest-states", verb};
    argv.insert(argv.end(), names.begin(), names.end());
    return exec(argv, kLong);
}

Arguments Machine::states_a_rollback_keeps() const {
    std::istringstream names(states("list").out);
    Arguments all;
    for (std::string name; names >> name;)
        if (!name.starts_with("sysv_remembered") && name != "tmpfs" && name != "tcp-half-open")
            all.push_back(name);
    EXPECT_GT(all.size(), 80u);
    return all;
}

Counter::Counter(const Machine& machine)
    : machine_(machine),
      socket_(build_directory() / "test" / (machine.name() + ".sock")),
      report_(build_directory() / "test" / (machine.name() + ".json")) {
    fs::remove(report_);
    fs::remove(socket_);
    Command command;
    command.argv =
        client({"--patience", "300", "--limit", "86400", "count", socket_.string(), report_.string()});
    auto process = Process::start(command);
    if (!process) throw std::runtime_error(process.error().message);
    process_ = std::make_unique<Process>(*std::move(process));
    if (!eventually([this] { return fs::exists(socket_); }, std::chrono::seconds(20)))
        throw std::runtime_error("the counting client does not start");
}

Counter::~Counter() = default;

Arguments Counter::client(const Arguments& words) const {
    Arguments argv{NAP_TEST_SOURCE "/scripts/demo-client", Machine::kAddress};
    argv.insert(argv.end(), words.begin(), words.end());
    return in_namespace(machine_.netns(), argv);
}

long Counter::replies() const {
    const auto told = call(client({"tell", socket_.string(), "mark", "asked"}), kLong);
    EXPECT_EQ(told.status, 0) << told.out;
    return std::atol(told.out.c_str());
}

nlohmann::json Counter::stop() {
    (void)call(client({"tell", socket_.string(), "stop"}), kLong);
    (void)process_->wait(kShort);
    std::ifstream file(report_);
    auto report = nlohmann::json::parse(file, nullptr, false);
    EXPECT_FALSE(report.is_discarded()) << "the counting client left no report";
    return report;
}

}  // namespace nap::e2e
