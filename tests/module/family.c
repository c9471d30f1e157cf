// SPDX-License-Identifier: GPL-2.0-only
/* The family: parent, child and grandchild share pages copy-on-write. */
#define _GNU_SOURCE
#include "adopt_test.h"

static void map_family(void)
{
	char *at;

	map_at(COW_SMALL, 2200 * PAGE, PROT_READ | PROT_WRITE, -1);
	map_at(COW_BIG, 4 * HUGE, PROT_READ | PROT_WRITE, -1);
	map_at(COW_TOUCHED, 64 * PAGE, PROT_READ | PROT_WRITE, -1);
	map_at(COW_FOREIGN, 64 * PAGE, PROT_READ | PROT_WRITE, -1);
	map_at(COW_MOVED, 64 * PAGE, PROT_READ | PROT_WRITE, -1);
	map_at(COW_MOVED_TO, 64 * PAGE, PROT_READ | PROT_WRITE, -1);
	map_at(COW_OUTSIDE, 64 * PAGE, PROT_READ | PROT_WRITE, -1);
	at = map_at(COW_RELATED, 64 * PAGE, PROT_READ | PROT_WRITE, -1);
	write_page(at, TOUCHED);
	map_at(COW_SPLIT, HUGE, PROT_READ | PROT_WRITE, -1);
	map_at(COW_JOINED, 64 * PAGE, PROT_READ | PROT_WRITE, -1);
	map_at(COW_FILE, 16 * PAGE, PROT_READ | PROT_WRITE, file);
}

void family(int which)
{
	if (which == PARENT)
		map_family();
	while (which < GRANDCHILD && !fork())
		which++;
	processes[which].pid = getpid();
	write_page((char *)COW_TOUCHED + 5 * PAGE, TOUCHED);
	if (which == PARENT || which == GRANDCHILD)
		write_page((char *)COW_FOREIGN + 63 * PAGE, TOUCHED + 63);
	/* One VMA in the grandchild, several in the others. */
	if (which != GRANDCHILD) {
		REQUIRE(!mprotect((char *)COW_JOINED, 16 * PAGE, PROT_READ), "mprotect");
		REQUIRE(!mprotect((char *)COW_JOINED + 24 * PAGE, 8 * PAGE, PROT_READ), "mprotect");
	}
	if (which == CHILD)
		REQUIRE(!mprotect((char *)COW_SPLIT + 7 * PAGE, PAGE, PROT_READ), "mprotect");
	obey(&processes[which]);
}

/* Once they may be written alike the VMAs are one again: mremap takes only one. */
void join_again(int which)
{
	char *at = (char *)(which == LONER ? JOINED : COW_JOINED);

	REQUIRE(!mprotect(at, 64 * PAGE, PROT_READ | PROT_WRITE), "mprotect");
	REQUIRE(mremap(at, 64 * PAGE, 80 * PAGE, 0) == at, "process %d: mremap of what was one VMA", which);
}

void plan_family(void)
{
	u64 index;

	adopt_in_all(COW_SMALL, 2048, 0);
	for (int i = PARENT; i <= GRANDCHILD; i++)
		adopt_fresh(i, COW_SMALL + (2050 + 10 * i) * PAGE, 10, 0);
	for (u64 i = 0; i < 4; i++)
		adopt_in_all(COW_BIG + i * HUGE, HUGE_PAGES, NAP_RUN_HUGE);
	adopt_in_all(COW_TOUCHED, 64, 0);
	replaced += 3;

	/* The grandchild's VMA has a page of its own that stays: it cannot be linked. */
	index = take(63, 1);
	adopt_at(PARENT, COW_FOREIGN, index, 63, NAP_RUN_SHARED);
	adopt_at(CHILD, COW_FOREIGN, index, 63, NAP_RUN_SHARED);
	adopt_at(GRANDCHILD, COW_FOREIGN, index, 63, NAP_RUN_SHARED | COPIED);
	expect(PARENT, COW_FOREIGN + 63 * PAGE, TOUCHED + 63, 0, 1);
	expect(GRANDCHILD, COW_FOREIGN + 63 * PAGE, TOUCHED + 63, 0, 1);

	index = take(64, 1);
	adopt_at(PARENT, COW_MOVED, index, 64, NAP_RUN_SHARED);
	adopt_at(CHILD, COW_MOVED, index, 64, NAP_RUN_SHARED);
	adopt_at(GRANDCHILD, COW_MOVED_TO, index, 64, NAP_RUN_SHARED | COPIED);

	for (int i = PARENT; i <= GRANDCHILD; i++)
		spill_at(i, COW_OUTSIDE, 300, 40, NAP_RUN_SHARED);
	adopt_in_all(COW_RELATED, 64, 0);
	replaced += 3;
	adopt_in_all(COW_SPLIT, HUGE_PAGES, NAP_RUN_HUGE | NO_WRITE);
	/* Pages of all in the first and the last part, of two in the middle, none in the fourth. */
	adopt_in_all(COW_JOINED, 12, NO_WRITE);
	index = take(8, 1);
	adopt_at(CHILD, COW_JOINED + 16 * PAGE, index, 8, NAP_RUN_SHARED | NO_WRITE);
	adopt_at(GRANDCHILD, COW_JOINED + 16 * PAGE, index, 8, NAP_RUN_SHARED | NO_WRITE);
	adopt_in_all(COW_JOINED + 40 * PAGE, 20, NO_WRITE);
	adopt_in_all(COW_FILE, 9, 0);
	for (int i = PARENT; i <= GRANDCHILD; i++)
		for (u64 j = 9; j < 16; j++)
			expect(i, COW_FILE + j * PAGE, FILED + j, 0, 1);
}
