// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPU timers and interval timers expire at a CPU time. They were armed in this kernel, against the times its tasks had
 * spent here; when those become the times of the whole life, expiries move along, so that as much is left as before.
 */
#include <linux/posix-timers.h>
#include <linux/rbtree.h>
#include <linux/sched/signal.h>
#include <linux/timerqueue.h>

#include "accounts.h"

/* By how much the clocks of posix-cpu-timers.c moved. */
struct moves {
	u64 by[CPUCLOCK_MAX];
};

struct nap_times nap_times_of(struct task_struct *thread)
{
	return (struct nap_times){ thread->utime, thread->stime, thread->se.sum_exec_runtime };
}

struct nap_times nap_times_of_group(struct task_struct *process)
{
	struct signal_struct *signal = process->signal;
	struct nap_times times = { signal->utime, signal->stime, signal->sum_sched_runtime };
	struct task_struct *thread;

	rcu_read_lock();
	for_each_thread(process, thread) {
		times.user += thread->utime;
		times.system += thread->stime;
		times.runtime += thread->se.sum_exec_runtime;
	}
	rcu_read_unlock();
	return times;
}

static struct moves moves_between(const struct nap_times *before, const struct nap_times *now)
{
	struct moves moves;

	moves.by[CPUCLOCK_PROF] = now->user + now->system - before->user - before->system;
	moves.by[CPUCLOCK_VIRT] = now->user - before->user;
	moves.by[CPUCLOCK_SCHED] = now->runtime - before->runtime;
	return moves;
}

static void move_timers(struct posix_cputimers *timers, const struct moves *moves)
{
	unsigned int clock;

	for (clock = 0; clock < CPUCLOCK_MAX; clock++) {
		struct posix_cputimer_base *base = &timers->bases[clock];
		struct rb_node *node;

		for (node = rb_first_cached(&base->tqhead.rb_root); node; node = rb_next(node))
			rb_entry(node, struct timerqueue_node, node)->expires += moves->by[clock];
		/* What comes next depends on interval timers and RLIMIT_CPU too: the kernel looks at the next tick. */
		if (base->nextevt != U64_MAX)
			base->nextevt = 0;
	}
}

void nap_timers_move_thread(struct task_struct *thread, const struct nap_times *before)
{
	struct nap_times now = nap_times_of(thread);
	struct moves moves = moves_between(before, &now);

	move_timers(&thread->posix_cputimers, &moves);
}

void nap_timers_move_group(struct task_struct *process, const struct nap_times *before)
{
	struct signal_struct *signal = process->signal;
	struct task_cputime_atomic *sampled = &signal->cputimer.cputime_atomic;
	struct nap_times now = nap_times_of_group(process);
	struct moves moves = moves_between(before, &now);
	unsigned int clock;

	move_timers(&signal->posix_cputimers, &moves);
	for (clock = 0; clock < ARRAY_SIZE(signal->it); clock++)
		if (signal->it[clock].expires)
			signal->it[clock].expires += moves.by[clock];
	atomic64_set(&sampled->utime, now.user);
	atomic64_set(&sampled->stime, now.system);
	atomic64_set(&sampled->sum_exec_runtime, now.runtime);
}
