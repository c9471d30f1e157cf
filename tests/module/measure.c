// SPDX-License-Identifier: GPL-2.0-only
/* What a page costs, by kind, in one task each. */
#define _GNU_SOURCE
#include "adopt_test.h"

/* What a page costs, by kind, in one task each. */
static void measure_kind(const char *name, u64 address, u32 pages, u32 step, u32 flags, int scattered)
{
	struct process *process = &processes[LONER];
	struct nap_task task = { 0, 0, (uintptr_t)process->runs };
	struct nap_adopt request = { .tasks = (uintptr_t)&task, .task_count = 1, .spilled = (uintptr_t)spilled,
		.spilled_size = spilled_pages * PAGE };
	u64 index = take(pages, HUGE_PAGES);
	int done[2];
	char byte;

	REQUIRE(!pipe(done), "pipe");
	task.pid = fork();
	if (!task.pid) {
		map_at(address, pages * PAGE, PROT_READ | PROT_WRITE, -1);
		REQUIRE(write(done[1], "k", 1) == 1, "ready");
		pause();
	}
	REQUIRE(read(done[0], &byte, 1) == 1, "ready");
	process->run_count = 0;
	for (u32 i = 0; i < pages; i += step)
		add_run(LONER, address + i * PAGE, first_frame + index + (scattered ? pages - step - i : i), i * PAGE, step,
			flags);
	task.run_count = process->run_count;
	REQUIRE(!ioctl(device, NAP_IOC_ADOPT, &request), "adopt %s", name);
	printf("measure %-20s %6u pages: %6llu ns per page, validate %4llu\n", name, pages,
	       (request.ns_total - request.ns_validate) / pages, request.ns_validate / pages);
}

void measure(void)
{
	struct nap_settle settle = {};

	spilled_pages = 8192;
	spilled = mmap(NULL, spilled_pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	processes = mmap(NULL, PROCESSES * sizeof(*processes), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	measure_kind("small", SMALL, 65536, 65536, 0, 0);
	measure_kind("small, again", SMALL, 32768, 32768, 0, 0);
	measure_kind("small, scattered", SMALL, 16384, 1, 0, 1);
	measure_kind("small, to be shared", SMALL, 16384, 16384, NAP_RUN_SHARED, 0);
	measure_kind("huge", SMALL, 65536, 512, NAP_RUN_HUGE, 0);
	measure_kind("spilled", SMALL, 8192, 8192, NAP_RUN_SPILLED, 0);
	REQUIRE(!ioctl(device, NAP_IOC_SETTLE, &settle), "settle");
	printf("measure settle: references %llu released %llu returned %llu left %llu us %llu\n", settle.references_dropped,
	       settle.pages_released, settle.spilled_returned, settle.spilled_left, settle.ns / 1000);
}
