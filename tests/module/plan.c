// SPDX-License-Identifier: GPL-2.0-only
/* What the module is asked to do, and what the processes must find. */
#define _GNU_SOURCE
#include "adopt_test.h"

void expect(int which, u64 address, u64 content, u64 frame, int writable)
{
	struct process *process = &processes[which];

	REQUIRE(process->page_count < MOST_PAGES, "too many pages");
	process->pages[process->page_count++] = (struct page){ address, content, frame, writable };
}

void add_run(int which, u64 address, u64 frame, u64 source, u32 pages, u32 flags)
{
	struct process *process = &processes[which];

	REQUIRE(process->run_count < MOST_RUNS, "too many runs");
	process->runs[process->run_count++] = (struct nap_run){ address, frame, source, pages, flags };
}

/* Pages of U from `index` on, at `address`. */
void adopt_at(int which, u64 address, u64 index, u32 pages, u32 flags)
{
	add_run(which, address, first_frame + index, 0, pages, flags & 0xff);
	for (u32 i = 0; i < pages; i++)
		expect(which, address + i * PAGE, content_of_frame(index + i),
		       flags & COPIED ? 0 : first_frame + index + i, !(flags & NO_WRITE));
}

u64 take(u32 pages, u64 alignment)
{
	u64 index = (next_frame + alignment - 1) / alignment * alignment;

	next_frame = index + pages;
	REQUIRE(next_frame <= frame_count, "U is too small for this test");
	return index;
}

void adopt_fresh(int which, u64 address, u32 pages, u32 flags)
{
	adopt_at(which, address, take(pages, flags & NAP_RUN_HUGE ? HUGE_PAGES : 1), pages, flags);
}

void adopt_in_all(u64 address, u32 pages, u32 flags)
{
	u64 index = take(pages, flags & NAP_RUN_HUGE ? HUGE_PAGES : 1);

	for (int i = PARENT; i <= GRANDCHILD; i++)
		adopt_at(i, address, index, pages, flags | NAP_RUN_SHARED);
}

void spill_at(int which, u64 address, u64 source, u32 pages, u32 flags)
{
	add_run(which, address, 0x1000 + source, source * PAGE, pages, NAP_RUN_SPILLED | flags);
	for (u32 i = 0; i < pages; i++)
		expect(which, address + i * PAGE, SPILLED + source + i, 0, 1);
}
