// SPDX-License-Identifier: GPL-2.0-only
/* One page on its way from withheld (or fresh) to mapped: mark, reference, charge, reverse map, LRU. */
#include <linux/memcontrol.h>
#include <linux/swap.h>

#include "compat.h"
#include "nap.h"

struct page *nap_page_fresh(void)
{
	/* U is withheld: this comes from K. */
	return alloc_page(GFP_HIGHUSER_MOVABLE | __GFP_RETRY_MAYFAIL | __GFP_NOWARN);
}

static int ready(struct page *page, struct mm_struct *mm)
{
	__SetPageUptodate(page);
	if (mem_cgroup_disabled())
		return 0;
	return nap_call(__mem_cgroup_charge)(page_folio(page), mm, NAP_GFP);
}

int nap_page_adopt(struct page *page, struct mm_struct *mm)
{
	int error = nap_remember(page);

	return error ?: ready(page, mm);
}

int nap_page_adopt_small(struct page *page, struct mm_struct *mm)
{
	get_page(page);
	nap_reference(page, 1);
	return ready(page, mm);
}

int nap_page_adopt_huge(struct page *page, struct mm_struct *mm)
{
	int i;

	for (i = 1; i < HPAGE_PMD_NR; i++)
		set_page_count(page + i, 0);
	nap_prep_huge(page);
	get_page(page);
	nap_reference(page, 1);
	return ready(page, mm);
}

/* The first mapping of a page; shared: others will follow, none may write. Page table lock held. */
void nap_rmap_first(struct page *page, struct vm_area_struct *vma, unsigned long address, bool shared)
{
	nap_add_rmap_first(page, vma, address, shared);
	nap_call(folio_add_lru_vma)(page_folio(page), vma);
}

void nap_rmap_further(struct page *page, struct vm_area_struct *vma, unsigned long address)
{
	get_page(page);
	nap_add_rmap_further(page, vma, address);
}
