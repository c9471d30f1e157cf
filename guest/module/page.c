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

/*
 * Charges many small pages as if they were one large folio: the kernel's way for each would cost more than
 * all the rest of an adoption.
 */
static int charge_bulk(struct page *page, unsigned int count, struct mm_struct *mm)
{
	struct folio whole = { .flags = page->flags | BIT(PG_head), ._folio_nr_pages = count };
	struct mem_cgroup *memcg;
	unsigned int i;
	int error;

	if (mem_cgroup_disabled())
		return 0;
	error = nap_call(__mem_cgroup_charge)(&whole, mm, NAP_GFP);
	if (error)
		return error;
	rcu_read_lock();
	memcg = folio_memcg(&whole);
	if (memcg)
		css_get_many(&memcg->css, count - 1);	/* each page holds one */
	rcu_read_unlock();
	for (i = 0; i < count; i++)
		page[i].memcg_data = whole.memcg_data;
	return 0;
}

/*
 * Nobody else knows these pages yet, so plain stores do. With a reference of the mapping and ours; the LRU
 * takes them at settle (references.c): until then the kernel cannot reclaim or migrate them.
 */
int nap_page_adopt_bulk(struct page *page, unsigned int count, struct mm_struct *mm)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		page[i].flags |= BIT(PG_uptodate) | BIT(PG_swapbacked);
		set_page_count(page + i, 2);
	}
	nap_reference(page, count);
	nap_leave_unlisted(page, count);
	return charge_bulk(page, count, mm);
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

/* As nap_rmap_first for an exclusive page, without its statistics. */
void nap_rmap_unlisted(struct page *page, struct vm_area_struct *vma, unsigned long address)
{
	page->mapping = (struct address_space *)((unsigned long)vma->anon_vma | PAGE_MAPPING_ANON);
	page->index = linear_page_index(vma, address);
	atomic_set(&page->_mapcount, 0);
	page->flags |= BIT(PG_anon_exclusive);
}

void nap_rmap_further(struct page *page, struct vm_area_struct *vma, unsigned long address)
{
	get_page(page);
	nap_add_rmap_further(page, vma, address);
}
