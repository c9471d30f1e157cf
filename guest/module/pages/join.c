// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMAs that were one, and may be one again: mprotect(2) splits a VMA and joins its parts where they share an
 * anon_vma, as they do even if only one of them has pages. So a VMA gives its links to those beside it which the
 * kernel would join with it: for a program that calls mremap(2), one VMA and two are not the same.
 */
#include <linux/mempolicy.h>

#include "compat.h"
#include "nap.h"

/* But for what mprotect(2) changes. `b` may be NULL. */
static bool joinable(const struct vm_area_struct *a, const struct vm_area_struct *b)
{
	return b && a->vm_end == b->vm_start && a->vm_file == b->vm_file && vma_policy(a) == vma_policy(b) &&
	       !((a->vm_flags ^ b->vm_flags) & ~(VM_ACCESS_FLAGS | VM_SOFTDIRTY)) &&
	       a->vm_pgoff + vma_pages((struct vm_area_struct *)a) == b->vm_pgoff;
}

bool nap_may_join(struct mm_struct *mm, struct vm_area_struct *a, const struct vm_area_struct *b)
{
	while (a != b) {
		struct vm_area_struct *next = find_vma(mm, a->vm_end);

		if (!joinable(a, next) || next->vm_start > b->vm_start)
			return false;
		a = next;
	}
	return true;
}

static int give_links(struct vm_area_struct *from, struct vm_area_struct *to)
{
	int error;

	nap_vma_lock(to);
	to->anon_vma = from->anon_vma;	/* as where a VMA is split */
	error = nap_call(anon_vma_clone)(to, from);
	if (error)
		to->anon_vma = NULL;
	return error;
}

int nap_join(struct mm_struct *mm, struct vm_area_struct *vma)
{
	struct vm_area_struct *last = vma, *next = find_vma(mm, vma->vm_end);
	int error = 0;

	for (; !error && joinable(last, next) && !next->anon_vma; next = find_vma(mm, next->vm_end)) {
		error = give_links(last, next);
		last = next;
	}
	last = vma;
	next = find_vma(mm, vma->vm_start - 1);
	for (; !error && next && joinable(next, last) && !next->anon_vma; next = find_vma(mm, next->vm_start - 1)) {
		error = give_links(last, next);
		last = next;
	}
	return error;
}
