// SPDX-License-Identifier: GPL-2.0-only
#include "channel/link.hpp"

#include "channel/connection.hpp"

namespace nap::channel {

Link::Link(UniqueFd connection, Handler handler, LinkOptions options)
    : connection_(
          std::make_shared<Connection>(std::move(connection), std::move(handler), std::move(options))) {
    connection_->run();
}

Link::~Link() {
    connection_->shut_down();
    connection_->join();
}

Result<std::unique_ptr<Call>> Link::start(const std::string& method, const Json& params) {
    return connection_->start(method, params);
}

Result<Json> Link::call(const std::string& method, const Json& params, Milliseconds limit) {
    NAP_TRY(auto call, connection_->start(method, params));
    auto result = call->finish(limit);
    if (!result && result.error().kind == ErrorKind::timeout)
        return fail(ErrorKind::timeout,
                    method + ": " + result.error().message + " (the link: " + connection_->activity() + ")");
    return result;
}

bool Link::up() const {
    return connection_->up();
}

bool Link::finished() {
    return connection_->finished();
}

void Link::shut_down() {
    connection_->shut_down();
}

void Link::lose_peer(Error why) {
    connection_->lose_peer(std::move(why));
}

}  // namespace nap::channel
