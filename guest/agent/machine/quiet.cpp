// SPDX-License-Identifier: GPL-2.0-only
#include "agent/machine/quiet.hpp"

#include "agent/areas/area_settings.hpp"
#include "agent/calls/params.hpp"
#include "agent/carried/control_groups.hpp"
#include "agent/carried/inotify.hpp"
#include "agent/carried/namespaces/ipc_namespaces.hpp"
#include "agent/carried/pressure.hpp"
#include "agent/carried/session_rings.hpp"
#include "agent/contexts/criu.hpp"
#include "agent/files/file_flags.hpp"
#include "agent/files/hidden_names.hpp"
#include "agent/kernel_memory/undo_values.hpp"
#include "agent/sockets/seen_socket.hpp"

namespace nap::agent {

using channel::Call;

Result<Json> quiet(Agent& agent, const Json& params, Call&) {
    NAP_TRY(const bool on, truth_or(params, "on", true));
    if (!on) {
        const std::lock_guard lock(agent.lifecycle);
        agent.settings_seen.reset();
        agent.groups_seen.reset();
        NAP_CHECK(agent.quiet.restore());
        NAP_CHECK(end_hidden_names());
        return Json::object();
    }
    // A change of the pause wakes khugepaged for one more scan, of one page; then it sleeps for 24 days.
    // Turning huge pages off instead would slow the userland down while it still runs.
    const std::string khugepaged = "/sys/kernel/mm/transparent_hugepage/khugepaged/";
    NAP_CHECK(agent.quiet.set(khugepaged + "pages_to_scan", "1"));
    NAP_CHECK(agent.quiet.set(khugepaged + "scan_sleep_millisecs", "2147483647"));
    NAP_CHECK(agent.quiet.set("/sys/kernel/mm/ksm/run", "0"));
    NAP_CHECK(agent.quiet.set("/proc/sys/vm/compaction_proactiveness", "0"));
    // The same moment: the dump is next.
    NAP_CHECK(warm_criu());
    NAP_CHECK(prepare_inotify());
    NAP_CHECK(prepare_pressure());
    NAP_CHECK(prepare_area_settings());
    NAP_CHECK(prepare_file_flags());
    NAP_CHECK(prepare_hidden_names());
    NAP_CHECK(prepare_session_rings());
    NAP_CHECK(prepare_ipc_namespaces());
    NAP_CHECK(prepare_undo_lists());
    NAP_CHECK(look_at_control_groups(agent));
    NAP_CHECK(SocketSearch::get());
    return Json::object();
}

}  // namespace nap::agent
