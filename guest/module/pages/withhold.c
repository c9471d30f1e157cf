// SPDX-License-Identifier: GPL-2.0-only
/* Withholds the pages of U from the allocator when they are onlined, until they are taken or released. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/bitmap.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/vmalloc.h>

#include "compat.h"
#include "nap.h"

static unsigned long first, count;
static unsigned long *withheld;		/* a bit for each frame of U */
static unsigned long withheld_count;
static bool released;			/* from then on blocks of U are onlined as any other */
static bool pinned;
static DEFINE_SPINLOCK(lock);		/* the callback runs outside our mutex */

static void withhold(struct page *page, unsigned int order)
{
	unsigned long frame = page_to_pfn(page), pages = 1UL << order;

	/* U is a multiple of the largest order: a chunk lies inside or outside. */
	if (!nap_in_user_memory(frame, pages) || READ_ONCE(released)) {
		generic_online_page(page, order);
		return;
	}
	spin_lock(&lock);
	if (!pinned) {
		pinned = true;
		__module_get(THIS_MODULE);
	}
	bitmap_set(withheld, frame - first, pages);
	withheld_count += pages;
	spin_unlock(&lock);
}

static bool any_online(void)
{
	unsigned long frame;

	for (frame = first; frame < first + count; frame += 1UL << NAP_TOP_ORDER)
		if (pfn_to_online_page(frame))
			return true;
	return false;
}

int nap_withhold_start(unsigned long first_frame, unsigned long frames)
{
	unsigned long top = 1UL << NAP_TOP_ORDER;
	int error;

	if (!frames || !IS_ALIGNED(first_frame | frames, top) || first_frame + frames < first_frame ||
	    first_frame + frames > PHYS_PFN(MAXMEM)) {
		pr_err("u_first_frame=%lu u_frames=%lu: not a range of page frames in multiples of %lu\n",
		       first_frame, frames, top);
		return -EINVAL;
	}
	first = first_frame;
	count = frames;
	if (any_online()) {
		pr_err("part of U, frames %lu to %lu, is online already\n", first, first + count - 1);
		return -EBUSY;
	}
	withheld = vzalloc(BITS_TO_LONGS(count) * sizeof(long));
	if (!withheld)
		return -ENOMEM;
	error = set_online_page_callback(withhold);
	if (error) {
		pr_err("another module decides about onlined pages (%d)\n", error);
		vfree(withheld);
	}
	return error;
}

void nap_withhold_stop(void)
{
	restore_online_page_callback(withhold);
	vfree(withheld);
}

unsigned long nap_first_frame(void)
{
	return first;
}

unsigned long nap_frames(void)
{
	return count;
}

unsigned long nap_withheld_count(void)
{
	return READ_ONCE(withheld_count);
}

bool nap_in_user_memory(u64 frame, u64 pages)
{
	return frame >= first && pages <= count && frame - first <= count - pages;
}

bool nap_withheld(unsigned long frame, unsigned long pages)
{
	unsigned long end = frame - first + pages;

	return find_next_zero_bit(withheld, end, frame - first) >= end;
}

void nap_take(unsigned long frame, unsigned long pages)
{
	unsigned long i;

	spin_lock(&lock);
	bitmap_clear(withheld, frame - first, pages);
	withheld_count -= pages;
	spin_unlock(&lock);

	for (i = 0; i < pages; i++)
		nap_clear_offline_mark(pfn_to_page(frame + i));
	adjust_managed_page_count(pfn_to_page(frame), pages);
}

/* Next chunk of withheld frames in the largest order that fits, no longer withheld; false: none left. */
static bool next_chunk(unsigned long *position, unsigned int *order)
{
	unsigned long start, end;
	bool found;

	spin_lock(&lock);
	start = find_next_bit(withheld, count, *position);
	found = start < count;
	if (found) {
		end = find_next_zero_bit(withheld, min(count, start + (1UL << NAP_TOP_ORDER)), start);
		*order = min_t(unsigned int, NAP_TOP_ORDER, __ffs(first + start));
		while (start + (1UL << *order) > end)
			(*order)--;
		bitmap_clear(withheld, start, 1UL << *order);
		withheld_count -= 1UL << *order;
	}
	spin_unlock(&lock);
	*position = start;
	return found;
}

unsigned long nap_release(void)
{
	unsigned long position = 0, pages = 0;
	unsigned int order;

	WRITE_ONCE(released, true);
	while (next_chunk(&position, &order)) {
		generic_online_page(pfn_to_page(first + position), order);
		position += 1UL << order;
		pages += 1UL << order;
		cond_resched();
	}
	if (pinned) {
		pinned = false;
		module_put(THIS_MODULE);
	}
	return pages;
}
