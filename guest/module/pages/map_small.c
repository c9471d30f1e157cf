// SPDX-License-Identifier: GPL-2.0-only
/* Page table entries of small pages. */
#include <linux/sched.h>

#include "compat.h"
#include "nap.h"

pte_t nap_entry_of(struct page *page, struct vm_area_struct *vma, bool exclusive)
{
	pte_t entry = pte_mkyoung(mk_pte(page, vma->vm_page_prot));

	if (vma->vm_flags & VM_WRITE) {
		entry = pte_mkdirty(entry);
		if (exclusive)
			entry = nap_pte_mkwrite(entry);
	}
	return entry;
}

static void map_page(struct vm_area_struct *vma, unsigned long address, pte_t *pte, struct page *page,
		     enum nap_kind kind)
{
	if (kind == NAP_FURTHER)
		nap_rmap_further(page, vma, address);
	else
		nap_rmap_first(page, vma, address, kind == NAP_FIRST_OF_SHARED);
	set_pte_at(vma->vm_mm, address, pte, nap_entry_of(page, vma, kind == NAP_EXCLUSIVE));
}

/* Maps from the batch until it ends or something is in the way; the count mapped, or an error. */
static int map_until_occupied(struct nap_adoption *adoption, struct vm_area_struct *vma, unsigned long address,
			      unsigned int from, unsigned int count)
{
	struct mm_struct *mm = vma->vm_mm;
	unsigned int i = from;
	spinlock_t *lock;
	pte_t *pte = nap_lock_table(mm, address, &lock);

	if (IS_ERR_OR_NULL(pte))
		return PTR_ERR(pte);
	for (; i < count && pte_none(pte[i - from]); i++)
		map_page(vma, address + ((i - from) << PAGE_SHIFT), pte + (i - from), adoption->batch[i],
			 adoption->batch_kind[i]);
	pte_unmap_unlock(pte, lock);
	nap_add_anon_rss(mm, i - from);
	return i - from;
}

/* Maps the batch. What is in the way is zapped, at these pages and nowhere else. */
static int map_batch(struct nap_adoption *adoption, struct vm_area_struct *vma, unsigned long address,
		     unsigned int count)
{
	unsigned int done = 0, zapped_at = UINT_MAX;

	for (;;) {
		unsigned long here = address + ((unsigned long)done << PAGE_SHIFT);
		unsigned long end = address + ((unsigned long)count << PAGE_SHIFT);
		int mapped = map_until_occupied(adoption, vma, here, done, count);

		if (mapped < 0)
			return mapped;
		done += mapped;
		if (done == count)
			return 0;
		if (zapped_at == done)
			return -EBUSY;
		zapped_at = done;
		here += (unsigned long)mapped << PAGE_SHIFT;
		adoption->report->pages_replaced += nap_count_present(vma, here, end, NULL);
		nap_zap(vma, here, end - here);
	}
}

int nap_map_small(struct nap_adoption *adoption, const struct nap_piece *piece)
{
	u64 identity = nap_identity(piece->run) + piece->done;
	unsigned long address = piece->address, left = piece->pages;
	int error;

	while (left) {
		unsigned long table_end = (address & PMD_MASK) + PMD_SIZE;
		unsigned int count = min(left, (table_end - address) >> PAGE_SHIFT);

		error = nap_batch_fill(adoption, piece->run, piece->vma, address, identity, count);
		if (!error)
			error = map_batch(adoption, piece->vma, address, count);
		if (error)
			return error;
		address += (unsigned long)count << PAGE_SHIFT;
		identity += count;
		left -= count;
		cond_resched();
	}
	return 0;
}
