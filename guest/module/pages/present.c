// SPDX-License-Identifier: GPL-2.0-only
/* What is mapped in a range already. */
#include "compat.h"
#include "nap.h"

struct present {
	unsigned long all, anonymous;
};

static int count_pmd(pmd_t *pmd, unsigned long address, unsigned long next, struct mm_walk *walk)
{
	struct present *present = walk->private;
	pmd_t entry = READ_ONCE(*pmd);

	if (pmd_none(entry) || (pmd_present(entry) && !pmd_trans_huge(entry)))
		return 0;
	present->all += (next - address) >> PAGE_SHIFT;
	if (!pmd_present(entry) || PageAnon(pmd_page(entry)))
		present->anonymous += (next - address) >> PAGE_SHIFT;
	walk->action = ACTION_CONTINUE;
	return 0;
}

static int count_pte(pte_t *pte, unsigned long address, unsigned long next, struct mm_walk *walk)
{
	struct present *present = walk->private;
	pte_t entry = READ_ONCE(*pte);

	if (pte_none(entry))
		return 0;
	present->all++;
	if (!pte_present(entry) || PageAnon(pte_page(entry)))
		present->anonymous++;
	return 0;
}

/* Swapped out and migrating pages count as present and anonymous. */
unsigned long nap_count_present(struct vm_area_struct *vma, unsigned long start, unsigned long end,
				unsigned long *anonymous)
{
	static const struct mm_walk_ops ops = { .pmd_entry = count_pmd, .pte_entry = count_pte, NAP_WALK_LOCK };
	struct present present = {};

	nap_call(walk_page_range)(vma->vm_mm, start, end, &ops, &present);
	if (anonymous)
		*anonymous = present.anonymous;
	return present.all;
}
