// SPDX-License-Identifier: GPL-2.0-only
/*
 * Small pages of U that one task has to itself: most of all pages. They are gathered from run after run
 * until a page table is full or left, then adopted and mapped together, with one charge, one lock and one
 * update of statistics.
 */
#include <linux/memcontrol.h>

#include "compat.h"
#include "nap.h"

static int charge(struct nap_gathered *gathered)
{
	struct page **pages = gathered->pages;
	/* As if they were one large folio: charging each would cost more than all the rest. */
	struct folio whole = { .flags = pages[0]->flags | BIT(PG_head), ._folio_nr_pages = gathered->count };
	struct mem_cgroup *memcg;
	unsigned int i;
	int error;

	if (mem_cgroup_disabled())
		return 0;
	error = nap_call(__mem_cgroup_charge)(&whole, gathered->vma->vm_mm, NAP_GFP);
	if (error)
		return error;
	rcu_read_lock();
	memcg = folio_memcg(&whole);
	if (memcg)
		css_get_many(&memcg->css, gathered->count - 1);	/* each page holds one */
	rcu_read_unlock();
	for (i = 0; i < gathered->count; i++)
		pages[i]->memcg_data = whole.memcg_data;
	return 0;
}

/* What the kernel's own functions do to a new anonymous page's first mapping, but for the statistics. */
static void map_page(struct nap_gathered *gathered, struct page *page, unsigned long address, pte_t *pte)
{
	struct vm_area_struct *vma = gathered->vma;

	page->mapping = (struct address_space *)((unsigned long)vma->anon_vma | PAGE_MAPPING_ANON);
	page->index = linear_page_index(vma, address);
	atomic_set(&page->_mapcount, 0);
	page->flags |= BIT(PG_anon_exclusive);
	set_pte_at(vma->vm_mm, address, pte, nap_entry_of(page, vma, true));
}

/* Maps from page number `from` until something is in the way; the number it ended at, or an error. */
static int map_until_occupied(struct nap_gathered *gathered, unsigned int from)
{
	struct mm_struct *mm = gathered->vma->vm_mm;
	unsigned int i = from;
	spinlock_t *lock;
	pte_t *table = nap_lock_table(mm, gathered->table, &lock);

	if (IS_ERR_OR_NULL(table))
		return table ? PTR_ERR(table) : from;
	for (; i < gathered->count && pte_none(table[gathered->slots[i]]); i++)
		map_page(gathered, gathered->pages[i], gathered->table + gathered->slots[i] * PAGE_SIZE,
			 table + gathered->slots[i]);
	if (i > from)
		nap_add_anon_mapped(gathered->pages[from], i - from);
	pte_unmap_unlock(table, lock);
	nap_add_anon_rss(mm, i - from);
	return i;
}

/* What is in the way is zapped, page for page: it is rare. */
static int map_all(struct nap_adoption *adoption)
{
	struct nap_gathered *gathered = &adoption->gathered;
	int zapped_at = -1, done = 0;

	for (;;) {
		unsigned long address;

		done = map_until_occupied(gathered, done);
		if (done < 0)
			return done;
		if (done == gathered->count)
			return 0;
		if (zapped_at == done)
			return -EBUSY;
		zapped_at = done;
		address = gathered->table + gathered->slots[done] * PAGE_SIZE;
		adoption->report->pages_replaced +=
			nap_count_present(gathered->vma, address, address + PAGE_SIZE, NULL);
		nap_zap(gathered->vma, address, PAGE_SIZE);
	}
}

int nap_gather_flush(struct nap_adoption *adoption)
{
	struct nap_gathered *gathered = &adoption->gathered;
	unsigned int i;
	int error;

	if (!gathered->count)
		return 0;
	/* Nobody else knows these pages yet: plain stores do. A reference of the mapping's, and ours. */
	for (i = 0; i < gathered->count; i++) {
		gathered->pages[i]->flags |= BIT(PG_uptodate) | BIT(PG_swapbacked);
		set_page_count(gathered->pages[i], 2);
	}
	error = charge(gathered);
	if (!error)
		error = map_all(adoption);
	gathered->count = 0;
	cond_resched();
	return error;
}

bool nap_can_gather(const struct nap_piece *piece)
{
	/* Locked pages the LRU keeps apart at once; gathered ones get there at settle. */
	return !(piece->run->flags & (NAP_RUN_SHARED | NAP_RUN_SPILLED)) &&
	       !(piece->vma->vm_flags & (VM_LOCKED | VM_DROPPABLE));
}

int nap_gather(struct nap_adoption *adoption, const struct nap_piece *piece)
{
	struct nap_gathered *gathered = &adoption->gathered;
	struct page *page = nap_frame_page(nap_identity(piece->run) + piece->done);
	unsigned long address = piece->address, left = piece->pages;

	nap_take(page_to_pfn(page), left);
	nap_reference(page, left);
	nap_leave_unlisted(page, left);
	adoption->report->pages_small += left;
	for (; left; left--, page++, address += PAGE_SIZE) {
		if (gathered->vma != piece->vma || gathered->table != (address & PMD_MASK)) {
			int error = nap_gather_flush(adoption);

			if (error)
				return error;
			gathered->vma = piece->vma;
			gathered->table = address & PMD_MASK;
		}
		gathered->slots[gathered->count] = pte_index(address);
		gathered->pages[gathered->count++] = page;
	}
	return 0;
}
