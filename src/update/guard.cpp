// SPDX-License-Identifier: GPL-2.0-only
#include "update/guard.hpp"

#include <exception>

namespace nap::update {

void Guard::give_back() noexcept {
    auto action = std::exchange(give_back_, {});
    if (!action) return;
    try {
        if (auto done = action(); !done && problem_) problem_(done.error());
    } catch (const std::exception& exception) {
        if (problem_) problem_(Error{ErrorKind::internal, exception.what()});
    }
}

}  // namespace nap::update
