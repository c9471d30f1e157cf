// SPDX-License-Identifier: GPL-2.0-only
/*
 * After commit: the machine is this kernel's. Extra references go, what nobody adopted goes to the
 * allocator, and pages that were adopted outside U move into U. The tasks run meanwhile.
 */
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/migrate.h>
#include <linux/sched.h>

#include "compat.h"
#include "nap.h"

#define MOVE_AT_ONCE 256

/* A page for migration in U, nowhere else. */
static nap_migrated *page_in_user_memory(nap_migrated *old, unsigned long private)
{
	struct page *page = alloc_page(GFP_HIGHUSER_MOVABLE | __GFP_NORETRY | __GFP_NOWARN);

	if (page && !nap_in_user_memory(page_to_pfn(page), 1)) {
		__free_page(page);
		page = NULL;
	}
	return (nap_migrated *)page;
}

/* Off the LRU and onto the list, unless it was freed, unmapped or became something else meanwhile. */
static bool isolate(struct page *page, struct list_head *pages)
{
	bool isolated = PageAnon(page) && !PageCompound(page) && page_mapped(page) && nap_isolate_lru(page);

	if (isolated) {
		list_add_tail(&page->lru, pages);
		mod_node_page_state(page_pgdat(page), NR_ISOLATED_ANON, 1);
	}
	return isolated;
}

static unsigned int move(struct list_head *pages)
{
	unsigned int moved = 0;

	if (list_empty(pages))
		return 0;
	nap_call(migrate_pages)(pages, page_in_user_memory, NULL, 0, MIGRATE_SYNC, MR_SYSCALL, &moved);
	nap_call(putback_movable_pages)(pages);
	return moved;
}

static void bring_back(struct nap_settle *report)
{
	unsigned int mapped = 0, batch = 0;
	LIST_HEAD(pages);
	struct page *page;

	if (!nap_remembered_count())
		return;
	/* Pages newly mapped wait for the LRU in per-CPU batches. */
	nap_call(lru_add_drain_all)();
	while ((page = nap_recall())) {
		mapped += page_mapped(page);
		batch += isolate(page, &pages);
		/* Isolation took a reference of its own; ours would keep the page from moving. */
		put_page(page);
		if (batch == MOVE_AT_ONCE || !nap_remembered_count()) {
			report->spilled_returned += move(&pages);
			batch = 0;
		}
		cond_resched();
	}
	report->spilled_left = mapped - min_t(u64, mapped, report->spilled_returned);
}

void nap_settle(struct nap_settle *report)
{
	u64 started = ktime_get_ns();

	report->references_dropped = nap_references_drop();
	report->pages_released = nap_release();
	/* The watermarks were computed while U's zone managed no page. */
	nap_call(init_per_zone_wmark_min)();
	bring_back(report);
	report->ns = ktime_get_ns() - started;
}
