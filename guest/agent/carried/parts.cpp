// SPDX-License-Identifier: GPL-2.0-only
// The table of all parts.
#include <vector>

#include "agent/carried/message_queues.hpp"
#include "agent/carried/part.hpp"
#include "agent/carried/sysv_objects.hpp"
#include "agent/carried/undo_values.hpp"

namespace nap::agent {

std::span<const Part> parts() {
    static const std::vector<Part> all = {
        {"message-queues", capture_message_queues, hand_message_queues_to_criu, nullptr},
        {"undo-values", capture_undo_values, hand_undo_values_to_criu, nullptr},
        {"sysv-objects", capture_sysv_objects, nullptr, put_back_sysv_objects},
    };
    return all;
}

}  // namespace nap::agent
