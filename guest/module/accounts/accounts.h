/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files that write accounts (nap_account.h) share. */
#ifndef NAP_ACCOUNTS_H
#define NAP_ACCOUNTS_H

#include <linux/sched.h>
#include <linux/time_namespace.h>

#include "compat.h"
#include "nap.h"
#include "nap_account.h"

/* What CPU timers go by, in ns. */
struct nap_times {
	u64 user, system, runtime;
};

struct nap_account {
	struct nap_accounts *report;
	struct task_struct *process;
	const u64 *words;		/* of the process */
	struct nap_times before;	/* of all its threads, those that have ended too */
	struct timens_offsets offsets;	/* of the clocks it sees */
};

/* account_counters.c: what only this module can set. Between begin and end nobody else looks at the process' times */
void nap_account_begin(struct nap_account *account);
void nap_account_count(struct nap_account *account, struct task_struct *thread, const u64 *words);
void nap_account_end(struct nap_account *account);

/* account_timers.c: timers that were armed against the times before expire against those that are now */
struct nap_times nap_times_of(struct task_struct *thread);
struct nap_times nap_times_of_group(struct task_struct *process);
void nap_timers_move_thread(struct task_struct *thread, const struct nap_times *before);
void nap_timers_move_group(struct task_struct *process, const struct nap_times *before);

/* account_settings.c: what the kernel has functions for; may sleep */
void nap_account_set_process(struct nap_account *account);
void nap_account_set(struct nap_account *account, struct task_struct *thread, const u64 *words);
void nap_account_refused(struct nap_account *account, struct task_struct *thread, enum nap_refusal what);

/* account_policy.c: NUMA memory policy of a thread; false: this machine has not the nodes */
bool nap_set_memory_policy(struct task_struct *thread, const u64 *words);

#endif
