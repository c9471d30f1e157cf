// SPDX-License-Identifier: GPL-2.0-only
/* Settings of a process and its threads: those this kernel has a function for, and flags. */
#include <linux/cpumask.h>
#include <linux/ioprio.h>
#include <linux/nospec.h>
#include <linux/prctl.h>
#include <linux/sched/autogroup.h>
#include <linux/sched/coredump.h>
#include <linux/sched/mm.h>
#include <linux/sched/rt.h>
#include <linux/sched/signal.h>
#include <linux/signal.h>

#include "accounts.h"

/* prctl's PR_SET_IO_FLUSHER and PR_MCE_KILL; whether it has called exec, and used privileges. */
#define CARRIED_FLAGS (PF_FORKNOEXEC | PF_SUPERPRIV | PF_RANDOMIZE | PF_MEMALLOC_NOIO | PF_LOCAL_THROTTLE | \
		       PF_MCE_PROCESS | PF_MCE_EARLY)

static void set_cpus(struct nap_account *account, struct task_struct *thread, const u64 *words)
{
	cpumask_var_t mask;
	unsigned int i;

	if (words[NAP_CPUS_0] == NAP_UNKNOWN || !zalloc_cpumask_var(&mask, GFP_KERNEL))
		return;
	for (i = 0; i < 4 * 64 && i < nr_cpu_ids; i++)
		if (words[NAP_CPUS_0 + i / 64] >> i % 64 & 1)
			cpumask_set_cpu(i, mask);
	/* All there are is all there will be. */
	if (!cpumask_subset(cpu_online_mask, mask) && nap_call(sched_setaffinity)(task_pid_nr(thread), mask))
		nap_account_refused(account, thread, NAP_REFUSED_CPUS);
	free_cpumask_var(mask);
}

static void set_io_priority(struct nap_account *account, struct task_struct *thread, const u64 *words)
{
	u16 priority = words[NAP_IO_PRIORITY];

	if (words[NAP_IO_PRIORITY] == NAP_UNKNOWN || IOPRIO_PRIO_CLASS(priority) == IOPRIO_CLASS_NONE)
		return;
	if (set_task_ioprio(thread, priority))
		nap_account_refused(account, thread, NAP_REFUSED_IO_PRIORITY);
}

static bool set_speculation(struct task_struct *thread, unsigned long which, bool disabled, bool forced, bool until_exec)
{
	unsigned long control = forced ? PR_SPEC_FORCE_DISABLE : until_exec ? PR_SPEC_DISABLE_NOEXEC : PR_SPEC_DISABLE;

	return (!disabled && !forced && !until_exec) ||
	       !nap_call(arch_prctl_spec_ctrl_set)(thread, which, control);
}

#define HAS(flags, flag) ((flags) >> PFA_##flag & 1)

static void set_atomic_flags(struct nap_account *account, struct task_struct *thread, u64 flags)
{
	bool done;

	if (flags == NAP_UNKNOWN)
		return;
	if (HAS(flags, NO_NEW_PRIVS))
		task_set_no_new_privs(thread);
	done = set_speculation(thread, PR_SPEC_STORE_BYPASS, HAS(flags, SPEC_SSB_DISABLE),
			       HAS(flags, SPEC_SSB_FORCE_DISABLE), HAS(flags, SPEC_SSB_NOEXEC));
	done &= set_speculation(thread, PR_SPEC_INDIRECT_BRANCH, HAS(flags, SPEC_IB_DISABLE),
				HAS(flags, SPEC_IB_FORCE_DISABLE), false);
	if (!done)
		nap_account_refused(account, thread, NAP_REFUSED_SPECULATION);
}

/* PR_SET_TSC and ARCH_SET_CPUID, where both kernels number them alike; the next switch to the thread looks. */
static void set_thread_flags(struct task_struct *thread, u64 flags)
{
#if TIF_NOTSC == 16 && TIF_NOCPUID == 15
	if (flags == NAP_UNKNOWN)
		return;
	assign_bit(TIF_NOTSC, &task_thread_info(thread)->flags, flags >> TIF_NOTSC & 1);
	assign_bit(TIF_NOCPUID, &task_thread_info(thread)->flags, flags >> TIF_NOCPUID & 1);
#endif
}

static void set_priority(struct task_struct *thread, u64 word)
{
	int priority = word;

	/* Of others CRIU has set nice; of a real-time thread it is what it goes back to. */
	if (word != NAP_UNKNOWN && rt_task(thread) && priority >= MAX_RT_PRIO && priority < MAX_PRIO)
		thread->static_prio = priority;
}

void nap_account_set(struct nap_account *account, struct task_struct *thread, const u64 *words)
{
	int exit_signal = words[NAP_EXIT_SIGNAL];

	if (thread_group_leader(thread) && words[NAP_EXIT_SIGNAL] != NAP_UNKNOWN && valid_signal(exit_signal))
		thread->exit_signal = exit_signal;
	if (thread->exit_state)
		return;
	if (words[NAP_FLAGS] != NAP_UNKNOWN)
		thread->flags = (thread->flags & ~CARRIED_FLAGS) | (words[NAP_FLAGS] & CARRIED_FLAGS);
	set_atomic_flags(account, thread, words[NAP_ATOMIC_FLAGS]);
	set_thread_flags(thread, words[NAP_THREAD_FLAGS]);
	set_priority(thread, words[NAP_STATIC_PRIORITY]);
	set_cpus(account, thread, words);
	set_io_priority(account, thread, words);
	if (!nap_set_memory_policy(thread, words))
		nap_account_refused(account, thread, NAP_REFUSED_MEMORY_POLICY);
}

static void set_memory_flags(struct nap_account *account)
{
	unsigned long carried = MMF_DUMP_FILTER_MASK | 1UL << MMF_DISABLE_THP;
	struct mm_struct *mm = get_task_mm(account->process);

#ifdef MMF_HAS_MDWE
	carried |= 1UL << MMF_HAS_MDWE;
#endif
#ifdef MMF_HAS_MDWE_NO_INHERIT
	carried |= 1UL << MMF_HAS_MDWE_NO_INHERIT;
#endif
	if (!mm)
		return;
	if (account->words[NAP_MEMORY_FLAGS] != NAP_UNKNOWN)
		set_mask_bits((unsigned long *)&mm->flags, carried, account->words[NAP_MEMORY_FLAGS] & carried);
	mmput(mm);
}

void nap_account_set_process(struct nap_account *account)
{
	int nice = account->words[NAP_AUTOGROUP_NICE];

	set_memory_flags(account);
#ifdef CONFIG_SCHED_AUTOGROUP
	if (account->words[NAP_AUTOGROUP_NICE] == NAP_UNKNOWN || !nice || !account->process->signal->leader)
		return;
	if (nap_call(proc_sched_autogroup_set_nice)(account->process, nice))
		nap_account_refused(account, account->process, NAP_REFUSED_AUTOGROUP);
#endif
}
