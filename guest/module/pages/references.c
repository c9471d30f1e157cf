// SPDX-License-Identifier: GPL-2.0-only
/*
 * The references that outlast an adoption: one on every adopted page of U, so that it cannot be freed
 * before settle, and one on every page adopted outside U, so that settle can bring it back.
 */
#include <linux/bitmap.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/swap.h>
#include <linux/vmalloc.h>

#include "nap.h"

static unsigned long *referenced;	/* a bit for each frame of U: head pages */
static unsigned long *unlisted;		/* of these, the ones that are to be put on the LRU */
static unsigned long referenced_count;

struct outside {
	struct list_head node;
	unsigned int used;
	struct page *pages[500];
};

static LIST_HEAD(outsiders);
static unsigned long outside_count;

int nap_references_start(unsigned long frames)
{
	referenced = vzalloc(BITS_TO_LONGS(frames) * sizeof(long));
	unlisted = vzalloc(BITS_TO_LONGS(frames) * sizeof(long));
	if (referenced && unlisted)
		return 0;
	nap_references_stop();
	return -ENOMEM;
}

void nap_references_stop(void)
{
	vfree(referenced);
	vfree(unlisted);
}

void nap_reference(struct page *page, unsigned int count)
{
	bitmap_set(referenced, page_to_pfn(page) - nap_first_frame(), count);
	referenced_count += count;
}

void nap_leave_unlisted(struct page *page, unsigned int count)
{
	bitmap_set(unlisted, page_to_pfn(page) - nap_first_frame(), count);
}

unsigned long nap_references_drop(void)
{
	unsigned long bit, dropped = 0;

	for_each_set_bit(bit, referenced, nap_frames()) {
		struct page *page = pfn_to_page(nap_first_frame() + bit);

		__clear_bit(bit, referenced);
		/* A page that was unmapped meanwhile goes with our reference. */
		if (__test_and_clear_bit(bit, unlisted) && page_mapped(page))
			folio_add_lru(page_folio(page));
		put_page(page);
		dropped++;
		cond_resched();
	}
	referenced_count -= dropped;
	return dropped;
}

unsigned long nap_references_count(void)
{
	return referenced_count;
}

int nap_remember(struct page *page)
{
	struct outside *last = list_first_entry_or_null(&outsiders, struct outside, node);

	if (!last || last->used == ARRAY_SIZE(last->pages)) {
		last = kzalloc(sizeof(*last), NAP_GFP);
		if (!last)
			return -ENOMEM;
		list_add(&last->node, &outsiders);
	}
	get_page(page);
	last->pages[last->used++] = page;
	outside_count++;
	return 0;
}

struct page *nap_recall(void)
{
	struct outside *last = list_first_entry_or_null(&outsiders, struct outside, node);
	struct page *page;

	if (!last)
		return NULL;
	page = last->pages[--last->used];
	outside_count--;
	if (!last->used) {
		list_del(&last->node);
		kfree(last);
	}
	return page;
}

unsigned long nap_remembered_count(void)
{
	return outside_count;
}
