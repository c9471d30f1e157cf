// SPDX-License-Identifier: GPL-2.0-only
/* The tasks of a request: their runs are copied in, their memory maps held and locked. */
#include <linux/pid.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "nap.h"

#define MOST_TASKS (1U << 20)

/* Runs of all tasks together: every frame of U small and scattered, shared by 16 on average. */
static u64 most_runs(void)
{
	return 16ULL * nap_frames() + 65536;
}

static int get_process(struct nap_target *target, pid_t number)
{
	struct pid *pid = find_get_pid(number);
	struct task_struct *task = get_pid_task(pid, PIDTYPE_PID);
	int error = -ESRCH;

	put_pid(pid);
	if (!task)
		return error;
	target->mm = get_task_mm(task);
	if (target->mm) {
		struct nap_exits *exits = nap_exits_find(task);

		error = PTR_ERR_OR_ZERO(exits);
		target->exits = error ? NULL : exits;
	}
	put_task_struct(task);
	return error;
}

static int get_target(struct nap_target *target, const struct nap_task *task)
{
	size_t bytes = array_size(task->run_count, sizeof(struct nap_run));
	int error = task->pid > 0 ? get_process(target, task->pid) : -ESRCH;

	if (error)
		return error;
	/* Its lock would be held while we fault in the caller's buffers. */
	if (target->mm == current->mm)
		return -EINVAL;
	if (!task->run_count)
		return 0;
	if (bytes > INT_MAX)
		return -E2BIG;
	target->runs = kvmalloc(bytes, NAP_GFP);
	if (!target->runs)
		return -ENOMEM;
	target->run_count = task->run_count;
	if (copy_from_user(target->runs, u64_to_user_ptr(task->runs), bytes))
		return -EFAULT;
	return 0;
}

static int by_mm(const void *a, const void *b)
{
	const struct nap_target *x = a, *y = b;

	return x->mm < y->mm ? -1 : x->mm > y->mm;
}

/* Two tasks that share their memory would have each page adopted twice, and its lock taken twice. */
static int refuse_same_mm(const struct nap_adoption *adoption)
{
	struct nap_target *sorted;
	bool twice = false;
	u32 i;

	sorted = kvmalloc_array(adoption->target_count, sizeof(*sorted), NAP_GFP);
	if (!sorted)
		return -ENOMEM;
	memcpy(sorted, adoption->targets, adoption->target_count * sizeof(*sorted));
	sort(sorted, adoption->target_count, sizeof(*sorted), by_mm, NULL);
	for (i = 1; i < adoption->target_count; i++)
		twice |= sorted[i].mm == sorted[i - 1].mm;
	kvfree(sorted);
	return twice ? -EINVAL : 0;
}

/* In any order: nobody else holds the locks of two existing maps at once. */
static int lock_all(struct nap_adoption *adoption)
{
	u32 i;

	for (i = 0; i < adoption->target_count; i++) {
		if (mmap_write_lock_killable(adoption->targets[i].mm)) {
			while (i--)
				mmap_write_unlock(adoption->targets[i].mm);
			return -EINTR;
		}
	}
	adoption->locked = true;
	return 0;
}

int nap_targets_get(struct nap_adoption *adoption)
{
	struct nap_adopt *report = adoption->report;
	u64 runs = 0;
	u32 i;
	int error;

	if (!report->task_count)
		return -EINVAL;
	if (report->task_count > MOST_TASKS)
		return -E2BIG;
	adoption->targets = kvcalloc(report->task_count, sizeof(*adoption->targets), NAP_GFP);
	if (!adoption->targets)
		return -ENOMEM;

	for (i = 0; i < report->task_count; i++) {
		struct nap_task task;

		report->error_task = i;
		if (copy_from_user(&task, u64_to_user_ptr(report->tasks) + i * sizeof(task), sizeof(task)))
			return -EFAULT;
		runs += task.run_count;
		if (runs > most_runs())
			return -E2BIG;
		adoption->target_count = i + 1;
		error = get_target(&adoption->targets[i], &task);
		if (error)
			return error;
		cond_resched();
	}
	report->error_task = U32_MAX;
	error = refuse_same_mm(adoption);
	return error ?: lock_all(adoption);
}

void nap_targets_put(struct nap_adoption *adoption)
{
	u32 i;

	for (i = 0; adoption->locked && i < adoption->target_count; i++)
		mmap_write_unlock(adoption->targets[i].mm);
	for (i = 0; i < adoption->target_count; i++) {
		if (adoption->targets[i].mm)
			mmput(adoption->targets[i].mm);
		if (adoption->targets[i].exits)
			nap_exits_forget(adoption->targets[i].exits);
		kvfree(adoption->targets[i].runs);
	}
	kvfree(adoption->targets);
}

void nap_targets_take_exits(struct nap_adoption *adoption)
{
	u32 i;

	for (i = 0; i < adoption->target_count; i++) {
		nap_exits_take(adoption->targets[i].exits);
		adoption->targets[i].exits = NULL;
	}
}

bool nap_next_piece(struct mm_struct *mm, struct nap_piece *piece)
{
	const struct nap_run *run = piece->run;

	piece->done += piece->pages;
	if (piece->done == run->pages)
		return false;
	piece->address = run->address + (piece->done << PAGE_SHIFT);
	if (!piece->vma || piece->address >= piece->vma->vm_end || piece->address < piece->vma->vm_start)
		piece->vma = find_vma(mm, piece->address);
	if (!piece->vma || piece->address < piece->vma->vm_start)
		return false;
	piece->pages = min_t(u64, run->pages - piece->done, (piece->vma->vm_end - piece->address) >> PAGE_SHIFT);
	return true;
}

u64 nap_identity(const struct nap_run *run)
{
	if (run->flags & NAP_RUN_SPILLED)
		return nap_frames() + (run->source >> PAGE_SHIFT);
	return run->frame - nap_first_frame();
}

struct page *nap_frame_page(u64 identity)
{
	return pfn_to_page(nap_first_frame() + identity);
}
