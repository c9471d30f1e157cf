// SPDX-License-Identifier: GPL-2.0-only
/* Adopts, lets the processes verify, write, fork and exit, settles. */
#define _GNU_SOURCE
#include "adopt_test.h"

void start(void)
{
	make_file();
	spilled_pages = 340;
	spilled = mmap(NULL, spilled_pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (u64 i = 0; i < spilled_pages; i++)
		write_page(spilled + i * PAGE, SPILLED + i);
	processes = mmap(NULL, PROCESSES * sizeof(*processes), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (int i = 0; i < PROCESSES; i++)
		REQUIRE(!pipe(processes[i].command) && !pipe(processes[i].answer), "pipe");
	if (!fork()) {
		write_to("/sys/fs/cgroup/test/cgroup.procs", "0");
		processes[LONER].pid = getpid();
		loner();
	}
	if (!fork()) {
		write_to("/sys/fs/cgroup/test/cgroup.procs", "0");
		family(PARENT);
	}
	for (int i = 0; i < PROCESSES; i++) {
		close(processes[i].answer[1]);
		await(i);
	}
}

static void adopt_all(void)
{
	struct nap_adopt request = request_of_all();
	u64 pages = pages_of(0, 0) + pages_of(1, 0) + pages_of(0, 1);
	int result = ioctl(device, NAP_IOC_ADOPT, &request);

	REQUIRE(!result, "adopt: task %u, run %u, changed %u", request.error_task, request.error_run, request.changed);
	printf("small %llu huge %llu shared %llu spilled %llu copied %llu replaced %llu, us: validate %llu small %llu huge %llu "
	       "spilled %llu total %llu\n", request.pages_small, request.pages_huge, request.pages_shared,
	       request.pages_spilled, request.pages_copied, request.pages_replaced, request.ns_validate / 1000,
	       request.ns_small / 1000, request.ns_huge / 1000, request.ns_spilled / 1000, request.ns_total / 1000);
	REQUIRE(request.pages_small + request.pages_huge + request.pages_shared + request.pages_spilled +
		request.pages_copied == pages, "counts do not add up to %lu", pages);
	REQUIRE(request.pages_spilled == spilled_pages, "spilled");
	REQUIRE(request.pages_copied == 63 + 64, "copied");
	/* Two pages of a huge zero page, a huge page, two small pages, a huge zero page. */
	REQUIRE(request.pages_replaced == replaced + 2 + 512 + 2 + 512, "replaced");
}

void run(void)
{
	long total = number_in("/proc/meminfo", "MemTotal:"), free_kib;
	struct nap_settle settle = {};
	struct nap_status status;

	start();
	refusals();
	touch();
	plan_loner();
	plan_family();
	adopt_all();
	host_checks("adopted");
	REQUIRE(!ioctl(device, NAP_IOC_STATUS, &status), "status");
	printf("withheld %llu adopted %llu references %llu waiting %llu\n", status.withheld, status.adopted,
	       status.extra_references, status.spilled_waiting);
	REQUIRE(status.adopted == next_frame - 0 || status.adopted < next_frame, "adopted");
	REQUIRE(status.withheld + status.adopted == frame_count, "every frame withheld or adopted");
	REQUIRE(status.spilled_waiting == spilled_pages + 63 + 64, "waiting");
	REQUIRE(ioctl(device, NAP_IOC_TOUCH, &(struct nap_touch){ .ranges = (uintptr_t)&(struct nap_range){ first_frame, frame_count },
		.count = 1 }) == -1 && errno == EBUSY, "touch of adopted pages");
	check_frames();
	printf("memory.current %ld KiB\n", number_in("/sys/fs/cgroup/test/memory.current", "") / 1024);
	REQUIRE(number_in("/sys/fs/cgroup/test/memory.current", "") >= (long)(status.adopted * PAGE), "memory charged");
	REQUIRE(!has_robust_list(), "a robust list between adoption and commit");
	tell(LONER, 'p');
	tell_all('v');
	host_checks("verified");

	accounts();
	host_checks("accounts given");

	/* Committed: the tasks run before settle is done. */
	REQUIRE(!ioctl(device, NAP_IOC_RESUME), "resume");
	tell_all('j');
	REQUIRE(has_robust_list(), "the robust list is not back");
	REQUIRE(ioctl(device, NAP_IOC_ADOPT, &(struct nap_adopt){}) == -1 && errno == EALREADY, "adopt after resume");
	REQUIRE(ioctl(device, NAP_IOC_TOUCH, &(struct nap_touch){}) == -1 && errno == EALREADY, "touch after resume");
	REQUIRE(ioctl(device, NAP_IOC_ACCOUNTS, &(struct nap_accounts){}) == -1 && errno == EALREADY, "accounts after resume");
	tell(CHILD, 'w');
	tell_all('v');
	tell_all('f');
	REQUIRE(!ioctl(device, NAP_IOC_SETTLE, &settle), "settle");
	printf("settle: references %llu released %llu returned %llu left %llu us %llu\n", settle.references_dropped,
	       settle.pages_released, settle.spilled_returned, settle.spilled_left, settle.ns / 1000);
	REQUIRE(settle.references_dropped == status.extra_references, "references");
	REQUIRE(settle.pages_released == status.withheld, "released");
	REQUIRE(!settle.spilled_left && settle.spilled_returned >= 300, "returned");
	REQUIRE(!outside_user_memory(LONER, OUTSIDE, 300), "spilled pages lie in U");
	REQUIRE(!outside_user_memory(GRANDCHILD, COW_OUTSIDE, 40), "spilled pages lie in U");
	tell_all('v');
	write_to("/proc/sys/vm/compact_memory", "1");
	tell_all('v');
	tell(PARENT, 'x');
	tell(GRANDCHILD, 'w');
	tell(CHILD, 'v');
	tell(GRANDCHILD, 'v');
	tell(LONER, 'w');
	tell(LONER, 'f');
	tell(CHILD, 'f');
	tell(LONER, 'e');
	for (int i = 0; i < PROCESSES; i++)
		if (i != PARENT)
			tell(i, 'x');
	sleep(1);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	printf("MemTotal %ld -> %ld KiB, MemFree %ld KiB\n", total, number_in("/proc/meminfo", "MemTotal:"),
	       free_kib = number_in("/proc/meminfo", "MemFree:"));
	REQUIRE(number_in("/proc/meminfo", "MemTotal:") == total + (long)(frame_count * 4), "MemTotal");
	REQUIRE(free_kib > (long)(frame_count * 4), "MemFree");
	REQUIRE(number_in("/sys/fs/cgroup/test/memory.current", "") < (4 << 20), "memory uncharged");
	REQUIRE(ioctl(device, NAP_IOC_ADOPT, &(struct nap_adopt){}) == -1 && errno == EALREADY, "adopt after settle");

	/* All of U serves as memory now. */
	if (!fork()) {
		u64 bytes = frame_count * PAGE / 10 * 9;
		char *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

		REQUIRE(at != MAP_FAILED, "mmap");
		_exit(0);
	} else {
		int result;

		wait(&result);
		REQUIRE(!result, "most of U as memory");
	}
}
