// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of a thread writes into its memory: 0 to the word that set_tid_address(2) named, and its death to the
 * robust futexes that it holds. Until commit that memory is the older kernel's as well. So both addresses are
 * taken away before the first page is adopted, and given back before the tasks run.
 */
#include <linux/list.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>

#include "compat.h"
#include "nap.h"

struct thread {
	struct task_struct *task;
	int __user *tid;
	struct robust_list_head __user *robust;
};

struct nap_exits {
	struct list_head entry;
	unsigned int count;
	struct thread threads[];
};

static LIST_HEAD(taken);

/* The threads of a stopped process: it starts no further ones. */
struct nap_exits *nap_exits_find(struct task_struct *process)
{
	unsigned int room = get_nr_threads(process);
	struct nap_exits *exits = kvzalloc(struct_size(exits, threads, room), NAP_GFP);
	struct task_struct *task;

	if (!exits)
		return ERR_PTR(-ENOMEM);
	rcu_read_lock();
	for_each_thread(process, task) {
		if (exits->count == room)
			break;
		get_task_struct(task);
		exits->threads[exits->count++].task = task;
	}
	rcu_read_unlock();
	return exits;
}

void nap_exits_take(struct nap_exits *exits)
{
	unsigned int i;

	for (i = 0; i < exits->count; i++) {
		struct thread *thread = &exits->threads[i];

		thread->tid = xchg(&thread->task->clear_child_tid, NULL);
		thread->robust = xchg(&thread->task->robust_list, NULL);
	}
	list_add(&exits->entry, &taken);
}

void nap_exits_forget(struct nap_exits *exits)
{
	unsigned int i;

	for (i = 0; i < exits->count; i++)
		put_task_struct(exits->threads[i].task);
	kvfree(exits);
}

void nap_exits_give_back(void)
{
	struct nap_exits *exits, *next;
	unsigned int i;

	list_for_each_entry_safe(exits, next, &taken, entry) {
		for (i = 0; i < exits->count; i++) {
			struct thread *thread = &exits->threads[i];

			if (thread->tid)
				WRITE_ONCE(thread->task->clear_child_tid, thread->tid);
			if (thread->robust)
				WRITE_ONCE(thread->task->robust_list, thread->robust);
		}
		list_del(&exits->entry);
		nap_exits_forget(exits);
	}
}
