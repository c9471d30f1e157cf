// SPDX-License-Identifier: GPL-2.0-only
/* Refuses a bad request before anything is changed. The caller holds the locks of all maps. */
#include <linux/bitmap.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "nap.h"

/* No anonymous page of ours has a place there, or faults are somebody else's to answer. */
#define VMA_REFUSED (VM_SHARED | VM_PFNMAP | VM_MIXEDMAP | VM_IO | VM_HUGETLB | VM_SHADOW_STACK | \
		     VM_UFFD_MISSING | VM_UFFD_WP | VM_UFFD_MINOR)

/* What is known of the request so far. */
struct survey {
	unsigned long *alone;		/* identities named by a run that is not shared */
	unsigned long *shared;		/* identities named by shared runs */
	unsigned long *split;		/* 2 MiB blocks of U that must be mapped small by all who share them */
	u64 tables;			/* page tables that may be needed, at most */
	u64 spilled;			/* pages of runs whose contents come from the spilled bytes */
};

static bool any_set(const unsigned long *bits, u64 first, u64 count)
{
	return find_next_bit(bits, first + count, first) < first + count;
}

static int check_form(const struct nap_run *run, u64 lowest, u64 spilled_size)
{
	u64 bytes = (u64)run->pages << PAGE_SHIFT;

	if (run->flags & ~(NAP_RUN_HUGE | NAP_RUN_SHARED | NAP_RUN_SPILLED) || !run->pages)
		return -EINVAL;
	if (!PAGE_ALIGNED(run->address) || run->address < lowest)
		return -EINVAL;
	if (run->address > TASK_SIZE_MAX || bytes > TASK_SIZE_MAX - run->address)
		return -EINVAL;
	if (run->flags & NAP_RUN_SPILLED) {
		if (run->flags & NAP_RUN_HUGE || !PAGE_ALIGNED(run->source))
			return -EINVAL;
		if (bytes > spilled_size || run->source > spilled_size - bytes)
			return -EINVAL;
		return 0;
	}
	if (run->flags & NAP_RUN_HUGE && (run->pages != HPAGE_PMD_NR || !IS_ALIGNED(run->address, HPAGE_PMD_SIZE) ||
					  !IS_ALIGNED(run->frame, HPAGE_PMD_NR)))
		return -EINVAL;
	return nap_in_user_memory(run->frame, run->pages) ? 0 : -ENXIO;
}

static int check_vmas(struct mm_struct *mm, struct nap_run *run, bool *huge, struct vm_area_struct **vma)
{
	struct nap_piece piece = { .run = run, .vma = *vma };

	*huge = run->flags & NAP_RUN_HUGE;
	while (nap_next_piece(mm, &piece)) {
		if (piece.vma->vm_flags & VMA_REFUSED)
			return -EOPNOTSUPP;
		if (piece.pages < run->pages || !vma_is_anonymous(piece.vma))
			*huge = false;
	}
	*vma = piece.vma;
	return piece.done == run->pages ? 0 : -EFAULT;
}

static int check_identities(struct survey *survey, const struct nap_run *run)
{
	u64 first = nap_identity(run);
	bool shared = run->flags & NAP_RUN_SHARED;

	if (!(run->flags & NAP_RUN_SPILLED) && !nap_withheld(run->frame, run->pages))
		return -EBUSY;
	if (any_set(survey->alone, first, run->pages))
		return -EEXIST;
	if (!shared && any_set(survey->shared, first, run->pages))
		return -EEXIST;
	bitmap_set(shared ? survey->shared : survey->alone, first, run->pages);
	return 0;
}

/* A run that cannot be huge becomes small; if its frames are shared, then for all who share them. */
static void settle_size(struct survey *survey, struct nap_run *run, bool huge)
{
	u64 first = nap_identity(run) / HPAGE_PMD_NR, last = (nap_identity(run) + run->pages - 1) / HPAGE_PMD_NR;

	if (huge || run->flags & NAP_RUN_SPILLED)
		return;
	run->flags &= ~NAP_RUN_HUGE;
	if (run->flags & NAP_RUN_SHARED)
		bitmap_set(survey->split, first, last - first + 1);
}

static void split_shared(struct nap_adoption *adoption, const struct survey *survey)
{
	u32 i, j;

	for (i = 0; i < adoption->target_count; i++) {
		for (j = 0; j < adoption->targets[i].run_count; j++) {
			struct nap_run *run = &adoption->targets[i].runs[j];

			if (run->flags & NAP_RUN_HUGE && run->flags & NAP_RUN_SHARED &&
			    test_bit(nap_identity(run) / HPAGE_PMD_NR, survey->split))
				run->flags &= ~NAP_RUN_HUGE;
		}
	}
}

static int check_target(struct nap_adoption *adoption, struct survey *survey, u32 index)
{
	struct nap_target *target = &adoption->targets[index];
	u64 lowest = 0, last_table = U64_MAX, table;
	struct vm_area_struct *vma = NULL;
	bool huge;
	u32 i;
	int error;

	for (i = 0; i < target->run_count; i++) {
		struct nap_run *run = &target->runs[i];

		adoption->report->error_run = i;
		error = check_form(run, lowest, adoption->report->spilled_size);
		if (!error)
			error = check_vmas(target->mm, run, &huge, &vma);
		if (!error)
			error = check_identities(survey, run);
		if (error)
			return error;
		settle_size(survey, run, huge);
		adoption->sharing |= run->flags & NAP_RUN_SHARED;
		survey->spilled += run->flags & NAP_RUN_SPILLED ? run->pages : 0;

		table = run->address >> PMD_SHIFT;
		lowest = run->address + ((u64)run->pages << PAGE_SHIFT);
		survey->tables += ((lowest - 1) >> PMD_SHIFT) - table + (table != last_table);
		last_table = (lowest - 1) >> PMD_SHIFT;
		cond_resched();
	}
	adoption->report->error_run = U32_MAX;
	return 0;
}

/* Running out of K half-way would be fatal to the update: better refused now. */
static int check_room(struct nap_adoption *adoption, const struct survey *survey)
{
	u64 fresh = min(survey->spilled, adoption->report->spilled_size >> PAGE_SHIFT);
	u64 tables = survey->tables + survey->tables / PTRS_PER_PMD + 3 * adoption->target_count;

	return fresh + tables < si_mem_available() ? 0 : -ENOMEM;
}

static int check_spilled(const struct nap_adopt *report)
{
	u64 size = report->spilled_size;

	if (!PAGE_ALIGNED(size))
		return -EINVAL;
	if (size > PFN_PHYS(totalram_pages()))
		return -E2BIG;
	if (size && fault_in_readable(u64_to_user_ptr(report->spilled), size))
		return -EFAULT;
	return 0;
}

int nap_validate(struct nap_adoption *adoption)
{
	struct survey survey = {};
	u32 i;
	int error;

	error = check_spilled(adoption->report);
	if (error)
		return error;
	adoption->identities = nap_frames() + (adoption->report->spilled_size >> PAGE_SHIFT);

	error = -ENOMEM;
	survey.alone = kvcalloc(BITS_TO_LONGS(adoption->identities), sizeof(long), NAP_GFP);
	survey.shared = kvcalloc(BITS_TO_LONGS(adoption->identities), sizeof(long), NAP_GFP);
	survey.split = kvcalloc(BITS_TO_LONGS(nap_frames() / HPAGE_PMD_NR), sizeof(long), NAP_GFP);
	if (!survey.alone || !survey.shared || !survey.split)
		goto out;

	for (i = 0; i < adoption->target_count; i++) {
		adoption->report->error_task = i;
		error = check_target(adoption, &survey, i);
		if (error)
			goto out;
	}
	adoption->report->error_task = U32_MAX;
	split_shared(adoption, &survey);
	error = check_room(adoption, &survey);
out:
	kvfree(survey.alone);
	kvfree(survey.shared);
	kvfree(survey.split);
	return error;
}
