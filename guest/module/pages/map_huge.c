// SPDX-License-Identifier: GPL-2.0-only
/* Page table entries of 2 MiB pages. */
#include "compat.h"
#include "nap.h"

/*
 * Takes the empty page table out from under the pmd, to be deposited with the huge page. It is not
 * freed, so a lockless walker that still sees it finds it empty.
 */
static pgtable_t detach_empty_table(struct vm_area_struct *vma, pmd_t *pmd, unsigned long address, spinlock_t *held)
{
	spinlock_t *lock = pte_lockptr(vma->vm_mm, pmd);
	pte_t *pte = pte_offset_kernel(pmd, address);
	pgtable_t table = pmd_pgtable(*pmd);
	int i;

	if (lock != held)
		spin_lock_nested(lock, SINGLE_DEPTH_NESTING);
	for (i = 0; i < PTRS_PER_PTE && pte_none(pte[i]); i++)
		;
	if (i == PTRS_PER_PTE)
		pmdp_huge_get_and_clear(vma->vm_mm, address, pmd);
	if (lock != held)
		spin_unlock(lock);
	if (i < PTRS_PER_PTE)
		return NULL;
	nap_call(flush_tlb_mm_range)(vma->vm_mm, address, address + PMD_SIZE, PAGE_SHIFT, true);
	return table;
}

static pmd_t huge_entry_of(struct page *page, struct vm_area_struct *vma, enum nap_kind kind)
{
	pmd_t entry = pmd_mkyoung(pmd_mkhuge(mk_pmd(page, vma->vm_page_prot)));

	if (vma->vm_flags & VM_WRITE) {
		entry = pmd_mkdirty(entry);
		if (kind == NAP_EXCLUSIVE)
			entry = nap_pmd_mkwrite(entry);
	}
	return entry;
}

static int map_huge_page(struct nap_adoption *adoption, struct vm_area_struct *vma, unsigned long address,
			 struct page *page, enum nap_kind kind)
{
	struct mm_struct *mm = vma->vm_mm;
	pmd_t *pmd = nap_find_pmd(mm, address);
	pgtable_t table = NULL;
	spinlock_t *lock;
	int error = 0;

	if (!pmd)
		return -ENOMEM;
	if (!pmd_none(*pmd)) {
		adoption->report->pages_replaced += nap_count_present(vma, address, address + PMD_SIZE, NULL);
		nap_zap(vma, address, PMD_SIZE);
	}
	if (pmd_none(*pmd)) {
		table = nap_call(pte_alloc_one)(mm);
		if (!table)
			return -ENOMEM;
		mm_inc_nr_ptes(mm);
	}
	lock = pmd_lock(mm, pmd);
	if (!table)
		table = detach_empty_table(vma, pmd, address, lock);
	if (table && pmd_none(*pmd)) {
		if (kind == NAP_FURTHER)
			nap_rmap_further(page, vma, address);
		else
			nap_rmap_first(page, vma, address, kind == NAP_FIRST_OF_SHARED);
		nap_call(pgtable_trans_huge_deposit)(mm, pmd, table);
		set_pmd_at(mm, address, pmd, huge_entry_of(page, vma, kind));
		nap_add_anon_rss(mm, HPAGE_PMD_NR);
	} else {
		error = -EBUSY;
	}
	spin_unlock(lock);
	return error;
}

int nap_map_huge(struct nap_adoption *adoption, const struct nap_piece *piece)
{
	struct page *page = nap_frame_page(nap_identity(piece->run));
	bool shared = piece->run->flags & NAP_RUN_SHARED;
	enum nap_kind kind = shared ? NAP_FIRST_OF_SHARED : NAP_EXCLUSIVE;
	int error = 0;

	if (nap_withheld(page_to_pfn(page), HPAGE_PMD_NR)) {
		nap_take(page_to_pfn(page), HPAGE_PMD_NR);
		error = nap_page_adopt_huge(page, piece->vma->vm_mm);
		adoption->report->pages_huge += HPAGE_PMD_NR;
	} else if (nap_can_share(page, piece->vma, piece->address)) {
		kind = NAP_FURTHER;
		adoption->report->pages_shared += HPAGE_PMD_NR;
	} else {
		return nap_map_small(adoption, piece);	/* copies */
	}
	return error ?: map_huge_page(adoption, piece->vma, piece->address, page, kind);
}
