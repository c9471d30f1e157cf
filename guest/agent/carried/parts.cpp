// SPDX-License-Identifier: GPL-2.0-only
// The table of all parts.
#include <vector>

#include "agent/areas/area_settings.hpp"
#include "agent/carried/boot_id.hpp"
#include "agent/carried/clock.hpp"
#include "agent/carried/control_groups.hpp"
#include "agent/carried/device_files.hpp"
#include "agent/carried/firewall.hpp"
#include "agent/carried/inotify.hpp"
#include "agent/carried/ipc/message_queues.hpp"
#include "agent/carried/ipc/sysv_objects.hpp"
#include "agent/carried/ipc/undo_values.hpp"
#include "agent/carried/kernel_settings.hpp"
#include "agent/carried/modules.hpp"
#include "agent/carried/namespaces/ipc_namespaces.hpp"
#include "agent/carried/namespaces/user_namespaces.hpp"
#include "agent/carried/network.hpp"
#include "agent/carried/part.hpp"
#include "agent/carried/pressure.hpp"
#include "agent/carried/session_rings.hpp"
#include "agent/carried/swap.hpp"
#include "agent/carried/unix_backlogs.hpp"
#include "agent/files/file_flags.hpp"
#include "agent/sockets/carried_sockets.hpp"

namespace nap::agent {

std::span<const Part> parts() {
    static const std::vector<Part> all = {
        {"modules", capture_modules, make_sure_of_modules, nullptr},
        kKernelSettings,
        kNetwork,
        kFirewall,
        kClock,
        kSwap,
        kBootId,
        kDeviceFiles,
        {"control-groups", capture_control_groups, make_control_groups, set_control_groups},
        {"message-queues", capture_message_queues, hand_message_queues_to_criu, nullptr},
        {"unix-backlogs", capture_unix_backlogs, nullptr, nullptr},
        {"undo-values", capture_undo_values, hand_undo_values_to_criu, nullptr},
        {"area-settings", capture_area_settings, hand_area_settings_to_criu, nullptr},
        {"sysv-objects", capture_sysv_objects, nullptr, put_back_sysv_objects},
        {"ipc-namespaces", capture_ipc_namespaces, nullptr, put_back_ipc_namespaces},
        {"file-flags", capture_file_flags, nullptr, put_back_file_flags},
        {"session-rings", capture_session_rings, nullptr, put_back_session_rings},
        {"user-namespaces", capture_user_namespaces, nullptr, put_back_user_namespaces},
        {"pressure", capture_pressure, nullptr, put_back_pressure},
        {"sockets", capture_sockets, nullptr, put_back_sockets},
        // The last: what others put back may cause events.
        {"inotify", capture_inotify, nullptr, put_back_inotify},
    };
    return all;
}

}  // namespace nap::agent
