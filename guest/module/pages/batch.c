// SPDX-License-Identifier: GPL-2.0-only
/* Makes the next small pages of a run ready to be mapped, at most a page table's worth: adopted, shared, or made. */
#include <linux/highmem.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "nap.h"

/* The page of U is already mapped where it cannot be shared with this VMA: its contents, in a new page. */
static int batch_copy(struct nap_adoption *adoption, unsigned int i, struct vm_area_struct *vma, struct page *page)
{
	struct page *copy = nap_page_fresh();

	if (!copy)
		return -ENOMEM;
	copy_highpage(copy, page);
	adoption->batch[i] = copy;
	adoption->batch_kind[i] = NAP_EXCLUSIVE;
	adoption->report->pages_copied++;
	return nap_page_adopt(copy, vma->vm_mm);
}

static int batch_further(struct nap_adoption *adoption, unsigned int i, struct vm_area_struct *vma,
			 unsigned long address, struct page *page)
{
	if (PageCompound(page) || !nap_can_share(page, vma, address))
		return batch_copy(adoption, i, vma, page);
	adoption->batch[i] = page;
	adoption->batch_kind[i] = NAP_FURTHER;
	adoption->report->pages_shared++;
	return 0;
}

static int batch_spilled(struct nap_adoption *adoption, unsigned int i, struct vm_area_struct *vma, u64 identity)
{
	u64 offset = (identity - nap_frames()) << PAGE_SHIFT;
	struct page *page = nap_page_fresh();
	unsigned long left;
	void *to;

	if (!page)
		return -ENOMEM;
	to = kmap_local_page(page);
	left = copy_from_user(to, u64_to_user_ptr(adoption->report->spilled + offset), PAGE_SIZE);
	kunmap_local(to);
	if (left) {
		put_page(page);
		return -EFAULT;
	}
	adoption->batch[i] = page;
	adoption->report->pages_spilled++;
	return nap_page_adopt(page, vma->vm_mm);
}

static int batch_user_memory(struct nap_adoption *adoption, unsigned int i, struct vm_area_struct *vma, u64 identity)
{
	adoption->batch[i] = nap_frame_page(identity);
	adoption->report->pages_small++;
	return nap_page_adopt_small(adoption->batch[i], vma->vm_mm);
}

/* Makes one page of a shared run ready: the first who comes adopts it, the others map it further. */
static int batch_shared(struct nap_adoption *adoption, unsigned int i, struct vm_area_struct *vma,
			unsigned long address, u64 identity)
{
	struct page *page;
	int error;

	adoption->batch_kind[i] = NAP_FIRST_OF_SHARED;
	if (identity < nap_frames()) {
		page = nap_frame_page(identity);
		if (!nap_withheld(page_to_pfn(page), 1))
			return batch_further(adoption, i, vma, address, page);
		nap_take(page_to_pfn(page), 1);
		return batch_user_memory(adoption, i, vma, identity);
	}
	page = adoption->spilled[identity - nap_frames()];
	if (page)
		return batch_further(adoption, i, vma, address, page);
	error = batch_spilled(adoption, i, vma, identity);
	if (!error)
		adoption->spilled[identity - nap_frames()] = adoption->batch[i];
	return error;
}

/* nap_take() and charging may sleep: all is done before the page table is locked. */
int nap_batch_fill(struct nap_adoption *adoption, const struct nap_run *run, struct vm_area_struct *vma,
		   unsigned long address, u64 identity, unsigned int count)
{
	bool spilled = run->flags & NAP_RUN_SPILLED, shared = run->flags & NAP_RUN_SHARED;
	unsigned int i;
	int error = 0;

	if (!spilled && !shared)
		nap_take(nap_first_frame() + identity, count);
	for (i = 0; i < count && !error; i++) {
		adoption->batch_kind[i] = NAP_EXCLUSIVE;
		if (shared)
			error = batch_shared(adoption, i, vma, address + ((unsigned long)i << PAGE_SHIFT), identity + i);
		else if (spilled)
			error = batch_spilled(adoption, i, vma, identity + i);
		else
			error = batch_user_memory(adoption, i, vma, identity + i);
	}
	return error;
}
