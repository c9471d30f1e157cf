// SPDX-License-Identifier: GPL-2.0-only
/* Times and counters of a process and its threads, start times, and other words that are written as they are. */
#include <linux/nsproxy.h>
#include <linux/pid_namespace.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "accounts.h"

struct field {
	u16 word, offset, size;
};

#define NAP_FIELD(name, structure, path, more) \
	{ NAP_##name, offsetof(struct structure, path) + (more), sizeof_field(struct structure, path) },
static const struct field of_thread[] = { NAP_PLAIN_OF_THREAD(NAP_FIELD) };
static const struct field of_signal[] = { NAP_PLAIN_OF_SIGNAL(NAP_FIELD) };
static const struct field of_memory[] = { NAP_PLAIN_OF_MEMORY(NAP_FIELD) };
#undef NAP_FIELD

static void write_fields(void *structure, const struct field *fields, unsigned int count, const u64 *words)
{
	for (; count--; fields++) {
		u64 word = words[fields->word];

		/* Little-endian: the lower bytes are the narrower field. */
		if (word != NAP_UNKNOWN)
			memcpy(structure + fields->offset, &word, fields->size);
	}
}

/* As the init of its PID namespace has them: a zombie has no namespaces any more. */
static struct timens_offsets offsets_of(struct task_struct *process)
{
	struct task_struct *init = task_active_pid_ns(process)->child_reaper;
	struct timens_offsets offsets = {};

	task_lock(init);
	if (init->nsproxy)
		offsets = init->nsproxy->time_ns->offsets;
	task_unlock(init);
	return offsets;
}

/* Before this kernel booted, where the task is older: the kernel's sums wrap, and come out right. */
static void set_start(struct task_struct *thread, const struct timens_offsets *offsets, const u64 *words)
{
	if (words[NAP_START] != NAP_UNKNOWN)
		thread->start_time = words[NAP_START] - timespec64_to_ns(&offsets->monotonic);
	if (words[NAP_START_SINCE_BOOT] != NAP_UNKNOWN)
		thread->start_boottime = words[NAP_START_SINCE_BOOT] - timespec64_to_ns(&offsets->boottime);
}

static void write_memory(struct nap_account *account)
{
	struct mm_struct *mm = get_task_mm(account->process);

	if (!mm)
		return;
	write_fields(mm, of_memory, ARRAY_SIZE(of_memory), account->words);
	mmput(mm);
}

/* CRIU found the default action where there was another. */
static void set_trap_action(struct nap_account *account)
{
	struct k_sigaction *trap = &account->process->sighand->action[SIGTRAP - 1];
	const u64 *words = account->words;

	BUILD_BUG_ON(sizeof(*trap) != 4 * sizeof(u64) || SIGTRAP != 5);
	if (words[NAP_TRAP_HANDLER] == NAP_UNKNOWN || !words[NAP_TRAP_HANDLER] || trap->sa.sa_handler != SIG_DFL)
		return;
	trap->sa.sa_handler = (__sighandler_t)words[NAP_TRAP_HANDLER];
	trap->sa.sa_flags = words[NAP_TRAP_FLAGS];
	trap->sa.sa_restorer = (__sigrestore_t)words[NAP_TRAP_RETURN];
	trap->sa.sa_mask.sig[0] = words[NAP_TRAP_MASK];
}

void nap_account_begin(struct nap_account *account)
{
	struct task_struct *process = account->process;

	write_memory(account);
	account->offsets = offsets_of(process);
	spin_lock_irq(&process->sighand->siglock);
	write_seqlock(&process->signal->stats_lock);
	account->before = nap_times_of_group(process);
	set_trap_action(account);
	write_fields(process->signal, of_signal, ARRAY_SIZE(of_signal), account->words);
}

void nap_account_count(struct nap_account *account, struct task_struct *thread, const u64 *words)
{
	struct nap_times before = nap_times_of(thread);

	write_fields(thread, of_thread, ARRAY_SIZE(of_thread), words);
	thread->se.prev_sum_exec_runtime = thread->se.sum_exec_runtime;
	set_start(thread, &account->offsets, words);
	nap_timers_move_thread(thread, &before);
}

void nap_account_end(struct nap_account *account)
{
	struct task_struct *process = account->process;

	nap_timers_move_group(process, &account->before);
	write_sequnlock(&process->signal->stats_lock);
	spin_unlock_irq(&process->sighand->siglock);
}
