// SPDX-License-Identifier: GPL-2.0-only
/* One ACCOUNTS call: the words are copied in, every process and thread is found, then each is given its account. */
#include <linux/ktime.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "accounts.h"

#define MOST_WORDS (1ULL << 26)

/* What is left of the request. */
struct reader {
	const u64 *at;
	u64 left;
};

static const u64 *take(struct reader *reader, u64 words)
{
	const u64 *at = reader->at;

	if (words > reader->left)
		return NULL;
	reader->at += words;
	reader->left -= words;
	return at;
}

static struct task_struct *find_process(u64 number)
{
	struct pid *pid = number <= PID_MAX_LIMIT ? find_get_pid(number) : NULL;
	struct task_struct *task = get_pid_task(pid, PIDTYPE_TGID);

	put_pid(pid);
	return task;
}

static struct task_struct *find_thread(struct task_struct *process, u64 number)
{
	struct task_struct *thread = NULL;
	struct pid_namespace *space;

	rcu_read_lock();
	space = task_active_pid_ns(process);
	if (space && number <= PID_MAX_LIMIT)
		thread = pid_task(find_pid_ns(number, space), PIDTYPE_PID);
	if (thread && same_thread_group(thread, process))
		get_task_struct(thread);
	else
		thread = NULL;
	rcu_read_unlock();
	return thread;
}

/* Calls `do_thread` for each thread of one process; it drops no reference. */
static int each_thread(struct nap_account *account, struct reader *reader, u64 threads,
		       void (*do_thread)(struct nap_account *account, struct task_struct *thread, const u64 *words))
{
	for (; threads; threads--) {
		const u64 *head = take(reader, NAP_THREAD_HEAD + NAP_THREAD_WORDS);
		struct task_struct *thread;
		int error;

		if (!head)
			return -EINVAL;
		thread = find_thread(account->process, head[0]);
		if (!thread)
			return -ESRCH;
		error = nap_wait_until_still(thread);
		if (!error && do_thread)
			do_thread(account, thread, head + NAP_THREAD_HEAD);
		put_task_struct(thread);
		if (error)
			return error;
	}
	return 0;
}

/* Words of one process and its threads; nothing is changed unless `write`. */
static int one_process(struct nap_accounts *report, struct reader *reader, bool write)
{
	const u64 *head = take(reader, NAP_PROCESS_HEAD + NAP_PROCESS_WORDS);
	struct nap_account account = { .report = report };
	int error;

	if (!head || !head[1])
		return -EINVAL;
	account.process = find_process(head[0]);
	if (!account.process)
		return -ESRCH;
	account.words = head + NAP_PROCESS_HEAD;
	if (!write) {
		error = each_thread(&account, reader, head[1], NULL);
		if (!error && head[1] != get_nr_threads(account.process))
			error = -EINVAL;
	} else {
		struct reader again = *reader;

		nap_account_begin(&account);
		error = each_thread(&account, reader, head[1], nap_account_count);
		nap_account_end(&account);
		nap_account_set_process(&account);
		if (!error)
			error = each_thread(&account, &again, head[1], nap_account_set);
		report->processes++;
		report->threads += head[1];
	}
	put_task_struct(account.process);
	return error;
}

static int all_processes(struct nap_accounts *report, const u64 *words, bool write)
{
	struct reader reader = { words, report->word_count };
	int error = 0;

	while (!error && reader.left) {
		error = one_process(report, &reader, write);
		cond_resched();
	}
	return error;
}

void nap_account_refused(struct nap_account *account, struct task_struct *thread, enum nap_refusal what)
{
	struct nap_accounts *report = account->report;

	if (report->refused[what]++)
		return;
	report->refused_pid[what] = task_tgid_vnr(thread);
	report->refused_tid[what] = task_pid_vnr(thread);
}

int nap_accounts(struct nap_accounts *report)
{
	u64 started = ktime_get_ns();
	size_t bytes;
	u64 *words;
	int error;

	if (report->word_count > MOST_WORDS)
		return -E2BIG;
	bytes = array_size(report->word_count, sizeof(*words));
	words = kvmalloc(bytes ?: 1, NAP_GFP);
	if (!words)
		return -ENOMEM;
	error = copy_from_user(words, u64_to_user_ptr(report->words), bytes) ? -EFAULT : 0;
	if (!error)
		error = all_processes(report, words, false);
	if (!error)
		error = all_processes(report, words, true);
	kvfree(words);
	report->ns = ktime_get_ns() - started;
	return error;
}
