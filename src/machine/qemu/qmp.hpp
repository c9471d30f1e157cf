// SPDX-License-Identifier: GPL-2.0-only
// QMP: QEMU's control protocol, JSON lines over a unix socket (docs/interop/qmp-spec of QEMU).
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/fd.hpp"
#include "machine/qemu/qmp_message.hpp"

namespace nap::machine {

// Thread-safe; one reading thread. Lines over 4 MiB are a protocol error, after which the connection is down.
class Qmp {
  public:
    // Tries until the limit while nobody listens there yet; then greets and negotiates.
    static Result<std::unique_ptr<Qmp>> connect(const std::string& socket_path,
                                                std::chrono::milliseconds limit);
    ~Qmp();
    Qmp(const Qmp&) = delete;
    Qmp& operator=(const Qmp&) = delete;

    // Errors name the command; ErrorKind::io once the connection is down (QEMU ended, or another client took
    // over).
    // `descriptor`: goes along, for add-fd; stays ours.
    Result<nlohmann::json> execute(const std::string& command, const nlohmann::json& arguments = nullptr,
                                   std::chrono::milliseconds limit = std::chrono::seconds(10),
                                   int descriptor = -1);
    // The next event of that name not yet taken (events are kept, the 256 newest), with its data.
    Result<nlohmann::json> wait_event(const std::string& name, std::chrono::milliseconds limit);
    void forget_events();  // those that arrived up to now
    // Calls `heard` with the data of every event of that name from now on, from the reading thread: it may
    // not execute(). Once at most.
    void listen(std::string name, std::function<void(const nlohmann::json& data)> heard);
    [[nodiscard]] bool up() const;
    // False: it is up, and the limit passed.
    [[nodiscard]] bool wait_down(std::chrono::milliseconds limit) const;
    // The last ones that came, at most 16, taken or not.
    [[nodiscard]] std::vector<QmpEvent> last_events() const;

  private:
    struct State;
    explicit Qmp(std::shared_ptr<State> state);
    std::shared_ptr<State> state_;
};

}  // namespace nap::machine
