// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads that lived in a user namespace of their own go back into one: unshare(2) and setns(2) refuse processes with
 * threads, and what recreates threads with their numbers needs the initial namespace. So each thread changes its
 * credentials itself on its way to user mode, before its first own instruction.
 */
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <linux/pid_namespace.h>
#include <linux/proc_ns.h>
#include <linux/sched/coredump.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/task_work.h>
#include <linux/uaccess.h>
#include <linux/user_namespace.h>

#include "compat.h"
#include "nap.h"

#define MOST_THREADS (1U << 22)

struct change {
	struct callback_head work;
	struct user_namespace *ns;
};

/* It gains nothing by that: what commit_creds() takes away, for fear that it does, is given back. */
static bool enter(struct user_namespace *ns)
{
	struct mm_struct *mm = current->mm;
	unsigned long dumpable = mm ? READ_ONCE(mm->flags) & MMF_DUMPABLE_MASK : 0;
	int death_signal = current->pdeath_signal;
	struct cred *cred = prepare_creds();

	if (!cred)
		return false;
	put_user_ns(cred->user_ns);
	cred->user_ns = get_user_ns(ns);
	if (nap_call(set_cred_ucounts)(cred)) {
		abort_creds(cred);
		return false;
	}
	commit_creds(cred);
	current->pdeath_signal = death_signal;
	if (mm)
		set_mask_bits(&mm->flags, MMF_DUMPABLE_MASK, dumpable);
	return true;
}

/* A thread that cannot leave the initial namespace must not run there, with the capabilities of the other. */
static void change_credentials(struct callback_head *work)
{
	struct change *change = container_of(work, struct change, work);

	if (!enter(change->ns))
		send_sig(SIGKILL, current, 1);
	put_user_ns(change->ns);
	kfree(change);
}

static int change_thread(struct task_struct *task, struct user_namespace *ns)
{
	struct change *change = kmalloc(sizeof(*change), NAP_GFP);
	int error;

	if (!change)
		return -ENOMEM;
	init_task_work(&change->work, change_credentials);
	change->ns = get_user_ns(ns);
	error = nap_call(task_work_add)(task, &change->work, TWA_RESUME);
	if (error) {
		put_user_ns(ns);
		kfree(change);
	}
	return error;
}

static void change_memory(struct task_struct *task, struct user_namespace *ns)
{
	struct mm_struct *mm = get_task_mm(task);
	struct user_namespace *old;

	if (!mm)
		return;
	task_lock(task);
	old = mm->user_ns;
	mm->user_ns = get_user_ns(ns);
	task_unlock(task);
	put_user_ns(old);
	mmput(mm);
}

static int change_each(const struct nap_user_ns_thread *threads, u32 count, struct pid_namespace *userland,
		       struct user_namespace *ns)
{
	struct task_struct *task;
	int error = 0;
	u32 i;

	for (i = 0; i < count && !error; i++) {
		if (threads[i].memory > 1)
			return -EINVAL;
		task = nap_thread_of(threads[i].tid, userland);
		if (!task)
			return -ESRCH;
		error = change_thread(task, ns);
		if (!error && threads[i].memory)
			change_memory(task, ns);
		put_task_struct(task);
	}
	return error;
}

/* With a reference. Only what lies just below the initial one. */
static struct user_namespace *namespace_behind(int fd)
{
	struct user_namespace *ns = ERR_PTR(-EINVAL);
	struct file *file = fget(fd);
	struct ns_common *common;

	if (!file)
		return ERR_PTR(-EBADF);
	if (file_inode(file)->i_sb->s_magic != NSFS_MAGIC)
		goto out;
	common = get_proc_ns(file_inode(file));
	if (common->ops->type != CLONE_NEWUSER)
		goto out;
	ns = container_of(common, struct user_namespace, ns);
	ns = ns->parent == &init_user_ns ? get_user_ns(ns) : ERR_PTR(-EINVAL);
out:
	fput(file);
	return ns;
}

int nap_user_ns(const struct nap_user_ns *request)
{
	struct nap_user_ns_thread *threads;
	struct pid_namespace *userland;
	struct user_namespace *ns;
	int error;

	if (request->init <= 0 || request->unused)
		return -EINVAL;
	if (request->count > MOST_THREADS)
		return -E2BIG;
	threads = vmemdup_user(u64_to_user_ptr(request->threads), array_size(request->count, sizeof(*threads)));
	if (IS_ERR(threads))
		return PTR_ERR(threads);
	ns = namespace_behind(request->ns);
	if (IS_ERR(ns)) {
		error = PTR_ERR(ns);
		goto free;
	}
	userland = nap_namespace_of(request->init);
	if (userland) {
		error = change_each(threads, request->count, userland, ns);
		put_pid_ns(userland);
	} else {
		error = -ESRCH;
	}
	put_user_ns(ns);
free:
	kvfree(threads);
	return error;
}
