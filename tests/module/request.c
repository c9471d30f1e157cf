// SPDX-License-Identifier: GPL-2.0-only
/* The request the plan makes. */
#define _GNU_SOURCE
#include "adopt_test.h"

static int by_address(const void *a, const void *b)
{
	const struct nap_run *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

struct nap_task tasks[PROCESSES];

struct nap_adopt request_of_all(void)
{
	for (int i = 0; i < PROCESSES; i++) {
		qsort(processes[i].runs, processes[i].run_count, sizeof(struct nap_run), by_address);
		tasks[i] = (struct nap_task){ processes[i].pid, processes[i].run_count, (uintptr_t)processes[i].runs };
	}
	return (struct nap_adopt){ .tasks = (uintptr_t)tasks, .task_count = PROCESSES,
		.spilled = (uintptr_t)spilled, .spilled_size = spilled_pages * PAGE };
}

u64 pages_of(int huge, int is_spilled)
{
	u64 pages = 0;

	for (int i = 0; i < PROCESSES; i++)
		for (unsigned int j = 0; j < processes[i].run_count; j++)
			if (!!(processes[i].runs[j].flags & NAP_RUN_HUGE) == huge &&
			    !!(processes[i].runs[j].flags & NAP_RUN_SPILLED) == is_spilled)
				pages += processes[i].runs[j].pages;
	return pages;
}
