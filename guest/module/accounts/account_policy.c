// SPDX-License-Identifier: GPL-2.0-only
/* The NUMA memory policy of a thread (set_mempolicy(2)), which only the thread itself could set. */
#include <linux/mempolicy.h>
#include <linux/nodemask.h>
#include <linux/sched/task.h>

#include "accounts.h"

#ifdef CONFIG_NUMA

/* The first word of a mask: no machine of ours has more nodes. */
static nodemask_t mask_of(u64 word)
{
	nodemask_t mask = NODE_MASK_NONE;

	mask.bits[0] = word;
	return mask;
}

/* Those a thread can have; others the kernel keeps for the policies of memory that is shared. */
#define GIVEN_FLAGS (MPOL_MODE_FLAGS | MPOL_F_MOF | MPOL_F_MORON)

bool nap_set_memory_policy(struct task_struct *thread, const u64 *words)
{
	struct mempolicy given = {
		.mode = words[NAP_POLICY_MODE],
		.flags = words[NAP_POLICY_FLAGS] & GIVEN_FLAGS,
		.home_node = words[NAP_POLICY_HOME_NODE],
		.nodes = mask_of(words[NAP_POLICY_NODES]),
	}, *policy, *old;

	if (words[NAP_POLICY_MODE] == NAP_UNKNOWN || given.mode == MPOL_DEFAULT)
		return true;
	given.w.user_nodemask = mask_of(words[NAP_POLICY_GIVEN_NODES]);
	nodes_and(given.nodes, given.nodes, node_states[N_MEMORY]);
	if (given.mode >= MPOL_MAX || (given.mode != MPOL_LOCAL && nodes_empty(given.nodes)))
		return false;
	if (given.home_node != NUMA_NO_NODE &&
	    (given.home_node < 0 || given.home_node >= MAX_NUMNODES || !node_state(given.home_node, N_MEMORY)))
		return false;
	policy = nap_call(__mpol_dup)(&given);
	if (IS_ERR(policy))
		return false;
	task_lock(thread);
	old = thread->mempolicy;
	thread->mempolicy = policy;
	task_unlock(thread);
	if (old)
		nap_call(__mpol_put)(old);
	return true;
}

#else

bool nap_set_memory_policy(struct task_struct *thread, const u64 *words)
{
	return words[NAP_POLICY_MODE] == NAP_UNKNOWN || !(u16)words[NAP_POLICY_MODE];
}

#endif
