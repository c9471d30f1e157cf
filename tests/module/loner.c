// SPDX-License-Identifier: GPL-2.0-only
/* The loner: everything that is its own. */
#define _GNU_SOURCE
#include "adopt_test.h"

u64 replaced;	/* what the module should count */

int file;

void make_file(void)
{
	static char page[PAGE];

	file = open("/file", O_RDWR | O_CREAT | O_TRUNC, 0600);
	for (u64 i = 0; i < 16; i++) {
		write_page(page, FILED + i);
		REQUIRE(write(file, page, PAGE) == (ssize_t)PAGE, "write file");
	}
}

void loner(void)
{
	char *at;

	map_at(SMALL, SMALL_PAGES * PAGE, PROT_READ | PROT_WRITE, -1);
	map_at(SCATTERED, SCATTERED_PAGES * PAGE, PROT_READ | PROT_WRITE, -1);
	map_at(BIG, BIG_COUNT * HUGE, PROT_READ | PROT_WRITE, -1);
	at = map_at(FILE_MAPPED, 16 * PAGE, PROT_READ | PROT_WRITE, file);
	for (int i = 0; i < 16; i++)
		(void)*(volatile char *)(at + i * PAGE);
	map_at(NO_ACCESS, 32 * PAGE, PROT_NONE, -1);
	map_at(READ_ONLY, 32 * PAGE, PROT_READ, -1);
	at = map_at(REPLACED, 4 * HUGE, PROT_READ | PROT_WRITE, -1);
	(void)*(volatile char *)at;			/* huge zero page, where THP is on */
	write_page(at + HUGE, TOUCHED);			/* huge page */
	REQUIRE(!madvise(at + 2 * HUGE, HUGE, MADV_NOHUGEPAGE), "madvise");
	write_page(at + 2 * HUGE, TOUCHED);		/* a page table with two pages */
	write_page(at + 3 * HUGE - PAGE, TOUCHED);
	(void)*(volatile char *)(at + 3 * HUGE);
	at = map_at(SPANNING, 2 * HUGE, PROT_READ | PROT_WRITE, -1);
	REQUIRE(!mprotect(at + 32 * PAGE, 32 * PAGE, PROT_READ), "mprotect");
	REQUIRE(!mprotect(at + HUGE + 100 * PAGE, PAGE, PROT_READ), "mprotect");
	map_at(OUTSIDE, 300 * PAGE, PROT_READ | PROT_WRITE, -1);
	map_at(JOINED, 64 * PAGE, PROT_READ | PROT_WRITE, -1);
	REQUIRE(!mprotect((char *)JOINED, 16 * PAGE, PROT_READ), "mprotect");
	start_threads();
	obey(&processes[LONER]);
}

void plan_loner(void)
{
	u64 index;

	adopt_fresh(LONER, SMALL, SMALL_PAGES, 0);
	index = take(SCATTERED_PAGES, 1);
	for (u64 i = 0; i < SCATTERED_PAGES; i++)
		adopt_at(LONER, SCATTERED + i * PAGE, index + SCATTERED_PAGES - 1 - i, 1, 0);
	for (u64 i = 0; i < BIG_COUNT; i++)
		adopt_fresh(LONER, BIG + i * HUGE, HUGE_PAGES, NAP_RUN_HUGE);
	for (u64 i = 0; i < 16; i++) {
		if (i % 2)
			adopt_fresh(LONER, FILE_MAPPED + i * PAGE, 1, 0);
		else
			expect(LONER, FILE_MAPPED + i * PAGE, FILED + i, 0, 1);
		replaced += i % 2;
	}
	adopt_fresh(LONER, NO_ACCESS, 32, 0);
	adopt_fresh(LONER, READ_ONLY, 32, NO_WRITE);
	adopt_fresh(LONER, REPLACED + 3 * PAGE, 2, 0);
	for (u64 i = 0; i < 8; i++)
		if (i != 3 && i != 4)
			expect(LONER, REPLACED + i * PAGE, 0, 0, 1);
	for (u64 i = 1; i < 4; i++)
		adopt_fresh(LONER, REPLACED + i * HUGE, HUGE_PAGES, NAP_RUN_HUGE);
	adopt_fresh(LONER, SPANNING + 16 * PAGE, 64, NO_WRITE);
	adopt_fresh(LONER, SPANNING + HUGE, HUGE_PAGES, NAP_RUN_HUGE | NO_WRITE);
	spill_at(LONER, OUTSIDE, 0, 300, 0);
	adopt_fresh(LONER, THREADS, 1, NO_WRITE);
	adopt_fresh(LONER, JOINED, 12, NO_WRITE);	/* none in its second part */
}
