// SPDX-License-Identifier: GPL-2.0-only
#include "agent/contexts/prepare.hpp"

#include <string>

#include "agent/calls/params.hpp"
#include "agent/calls/paths.hpp"
#include "agent/carried/firewall.hpp"
#include "agent/connections/rehearse.hpp"
#include "agent/contexts/adoption.hpp"
#include "agent/contexts/criu.hpp"
#include "agent/kernel_settings/baseline.hpp"
#include "agent/machine/boot.hpp"
#include "agent/machine/memory_blocks.hpp"
#include "agent/userland/identity.hpp"
#include "agent/userland/namespaces.hpp"

namespace nap::agent {

using channel::Call;

Result<Json> prepare(Agent& agent, const Json& params, Call&) {
    const std::lock_guard lock(agent.lifecycle);
    NAP_TRY(const std::uint64_t first, number(params, "first_frame"));
    NAP_TRY(const std::uint64_t frames, number(params, "frames"));
    const FrameRange user{{first}, frames};
    NAP_CHECK(load_module(kAdoptionModule,
                          "u_first_frame=" + std::to_string(first) + " u_frames=" + std::to_string(frames)));
    NAP_CHECK(online_blocks(user));
    NAP_TRY(const AdoptionDevice device, AdoptionDevice::open());
    NAP_TRY(const nap_status status, device.status());
    if (status.withheld != frames)
        return fail(ErrorKind::guest, "the module withholds " + std::to_string(status.withheld) + " of the " +
                                          std::to_string(frames) + " page frames of U");
    NAP_CHECK(record_baseline());
    // A huge zero page where a small one is to be adopted would have to be split first.
    NAP_CHECK(agent.huge_pages.set("/sys/kernel/mm/transparent_hugepage/enabled", "never"));
    // Before commit nobody may be killed for memory: a task that ends writes to U. Rather this kernel ends.
    NAP_CHECK(agent.out_of_memory.set("/proc/sys/vm/panic_on_oom", "2"));
    NAP_CHECK(disguise_root_group());
    NAP_CHECK(make_cgroup_namespace());
    // It reads the kernel's types and symbols, which takes longer than a pause may
    NAP_TRY(agent.bpf_refusal, BpfRefusal::attach());
    NAP_CHECK(warm_criu());
    NAP_CHECK(rehearse_connections());
    rehearse_putting_firewall();
    return Json{{"withheld", status.withheld}};
}

}  // namespace nap::agent
