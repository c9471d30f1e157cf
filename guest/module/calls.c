// SPDX-License-Identifier: GPL-2.0-only
/*
 * System calls that the freeze interrupted in the older kernel go on in this one: the thread's restart block says what
 * it waits for, and its registers make it call restart_syscall(2) first thing when it runs.
 */
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <asm/syscall.h>

#include "compat.h"
#include "nap.h"

#define MOST_CALLS (1U << 22)
#define SYSCALL_INSTRUCTION 2	/* bytes */

typedef long (*restart_fn)(struct restart_block *block);

static const char *const names[] = {
	[NAP_CALL_SLEEP] = "hrtimer_nanosleep_restart",
	[NAP_CALL_PROCESSOR_SLEEP] = "posix_cpu_nsleep_restart",
	[NAP_CALL_ALARM_SLEEP] = "alarm_timer_nsleep_restart",
	[NAP_CALL_FUTEX_WAIT] = "futex_wait_restart",
	[NAP_CALL_POLL] = "do_restart_poll",
};
static restart_fn functions[ARRAY_SIZE(names)];

void nap_calls_find(void)
{
	unsigned int kind;

	for (kind = NAP_CALL_SLEEP; kind < ARRAY_SIZE(names); kind++)
		functions[kind] = (restart_fn)nap_symbol_address(names[kind]);
}

/* CLOCK_BOOTTIME is the same: a kernel that has just booted has not slept. */
static u64 deadline(s64 left)
{
	return ktime_get_ns() + max_t(s64, left, 0);
}

static void set_sleep(struct restart_block *block, const struct nap_call *call)
{
	bool absolute = call->kind == NAP_CALL_PROCESSOR_SLEEP || call->clock == CLOCK_REALTIME ||
			call->clock == CLOCK_TAI;

	block->nanosleep.clockid = call->clock;
	block->nanosleep.type = call->address ? TT_NATIVE : TT_NONE;
	block->nanosleep.rmtp = (void __user *)call->address;
	block->nanosleep.expires = absolute ? call->time : deadline(call->time);
}

static void set_futex(struct restart_block *block, const struct nap_call *call)
{
	block->futex.uaddr = (u32 __user *)call->address;
	block->futex.val = call->value;
	block->futex.bitset = call->bitset;
	block->futex.flags = NAP_FUTEX_SIZE_32;
	if (call->flags & NAP_CALL_SHARED)
		block->futex.flags |= NAP_FUTEX_SHARED;
	if (call->flags & NAP_CALL_TIMED)
		block->futex.flags |= NAP_FUTEX_TIMED;
	if (call->flags & NAP_CALL_REALTIME)
		block->futex.flags |= NAP_FUTEX_CLOCKRT;
	block->futex.time = call->flags & NAP_CALL_REALTIME ? call->time : deadline(call->time);
}

static void set_poll(struct restart_block *block, const struct nap_call *call)
{
	block->poll.ufds = (struct pollfd __user *)call->address;
	block->poll.nfds = call->value;
	block->poll.has_timeout = !!(call->flags & NAP_CALL_TIMED);
	if (block->poll.has_timeout) {
		u32 nanoseconds;

		block->poll.tv_sec = div_u64_rem(deadline(call->time), NSEC_PER_SEC, &nanoseconds);
		block->poll.tv_nsec = nanoseconds;
	}
}

/*
 * A thread that its tracer has let go counts as frozen from the tracer's stop on, and may still be on its way into the
 * freezer; one that is there may be awake for an instant, a signal having come.
 */
int nap_wait_until_still(struct task_struct *task)
{
	unsigned long limit = jiffies + HZ;

	while (task_is_running(task)) {
		if (time_after(jiffies, limit))
			return -EBUSY;
		usleep_range(100, 1000);
	}
	return 0;
}

/*
 * It is frozen, and its last system call ended with EINTR: that is how CRIU leaves it. Or it was frozen just before it
 * went on by itself.
 */
static int set_call(struct task_struct *task, const struct nap_call *call)
{
	struct restart_block *block = &task->restart_block;
	struct pt_regs *registers = task_pt_regs(task);

	bool goes_on = registers->ax == __NR_restart_syscall;

	if (!task->frozen || registers->cs != __USER_CS ||
	    (!goes_on && (registers->ax != (unsigned long)-EINTR || syscall_get_nr(task, registers) != -1)))
		return -EBUSY;
	block->arch_data = 0;
	switch (call->kind) {
	case NAP_CALL_FUTEX_WAIT:
		set_futex(block, call);
		break;
	case NAP_CALL_POLL:
		set_poll(block, call);
		break;
	default:
		set_sleep(block, call);
	}
	block->fn = functions[call->kind];
	if (goes_on)
		return 0;
	registers->ax = __NR_restart_syscall;
	registers->ip -= SYSCALL_INSTRUCTION;
	return 0;
}

struct pid_namespace *nap_namespace_of(pid_t init)
{
	struct pid_namespace *found = NULL;
	struct task_struct *task;

	rcu_read_lock();
	task = pid_task(find_vpid(init), PIDTYPE_PID);
	if (task && task_active_pid_ns(task))
		found = get_pid_ns(task_active_pid_ns(task));
	rcu_read_unlock();
	return found;
}

struct task_struct *nap_thread_of(pid_t number, struct pid_namespace *pids)
{
	struct task_struct *task;

	rcu_read_lock();
	task = pid_task(find_pid_ns(number, pids), PIDTYPE_PID);
	if (task)
		get_task_struct(task);
	rcu_read_unlock();
	return task;
}

static int go_on(struct pid_namespace *userland, const struct nap_call *call)
{
	struct task_struct *task;
	int error;

	if (call->tid <= 0 || call->kind < NAP_CALL_SLEEP || call->kind >= ARRAY_SIZE(functions))
		return -EINVAL;
	if (!functions[call->kind])
		return -ENOENT;
	task = nap_thread_of(call->tid, userland);
	if (!task)
		return -ESRCH;
	error = nap_wait_until_still(task);
	if (!error)
		error = set_call(task, call);
	put_task_struct(task);
	return error;
}

int nap_calls_set(struct nap_calls *request)
{
	struct pid_namespace *userland;
	struct nap_call *calls;
	int error = 0;
	u32 i;

	if (request->init <= 0)
		return -EINVAL;
	if (request->call_count > MOST_CALLS)
		return -E2BIG;
	calls = kvmalloc_array(request->call_count, sizeof(*calls), NAP_GFP);
	if (!calls)
		return -ENOMEM;
	userland = nap_namespace_of(request->init);
	if (!userland)
		error = -ESRCH;
	else if (copy_from_user(calls, u64_to_user_ptr(request->calls), array_size(request->call_count, sizeof(*calls))))
		error = -EFAULT;
	for (i = 0; !error && i < request->call_count; i++) {
		error = go_on(userland, &calls[i]);
		if (error)
			request->error_call = i;
	}
	if (userland)
		put_pid_ns(userland);
	kvfree(calls);
	return error;
}
