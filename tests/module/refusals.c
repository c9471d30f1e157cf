// SPDX-License-Identifier: GPL-2.0-only
/* Wrong requests, one by one. */
#define _GNU_SOURCE
#include "adopt_test.h"

/* A refused request: this errno, at this task and run, nothing changed. */
void refused(struct nap_adopt request, int error, const char *what)
{
	struct nap_status before, after;
	int result;

	REQUIRE(!ioctl(device, NAP_IOC_STATUS, &before), "status");
	errno = 0;
	request.changed = 7;
	result = ioctl(device, NAP_IOC_ADOPT, &request);
	REQUIRE(result == -1 && errno == error, "%s: %d, not %d", what, errno, error);
	REQUIRE(!request.changed, "%s: changed", what);
	REQUIRE(!ioctl(device, NAP_IOC_STATUS, &after) && !memcmp(&before, &after, sizeof(after)), "%s: state", what);
}

static void refused_run(struct nap_run run, int error, const char *what)
{
	struct nap_task task = { processes[LONER].pid, 1, (uintptr_t)&run };
	struct nap_adopt request = { .tasks = (uintptr_t)&task, .task_count = 1,
		.spilled = (uintptr_t)spilled, .spilled_size = spilled_pages * PAGE };

	refused(request, error, what);
}

static void refused_call(struct nap_call call, pid_t init, int error, const char *what)
{
	struct nap_calls request = { .calls = (uintptr_t)&call, .call_count = 1, .init = init };
	int result;

	errno = 0;
	result = ioctl(device, NAP_IOC_CALLS, &request);
	REQUIRE(result == -1 && errno == error, "%s: %d, not %d", what, errno, error);
}

static void refusals_of_calls(void)
{
	pid_t init = getpid(), waiting = processes[LONER].pid;
	struct nap_calls nowhere = { .calls = 8, .call_count = 1, .init = init };

	refused_call((struct nap_call){ waiting, NAP_CALL_SLEEP }, 0, EINVAL, "no init");
	refused_call((struct nap_call){ waiting, NAP_CALL_SLEEP }, 999999, ESRCH, "no such init");
	refused_call((struct nap_call){ waiting, 0 }, init, EINVAL, "no kind");
	refused_call((struct nap_call){ waiting, NAP_CALL_POLL + 1 }, init, EINVAL, "unknown kind");
	refused_call((struct nap_call){ 0, NAP_CALL_POLL }, init, EINVAL, "no thread");
	refused_call((struct nap_call){ 999999, NAP_CALL_POLL }, init, ESRCH, "no such thread");
	refused_call((struct nap_call){ init, NAP_CALL_POLL }, init, EBUSY, "a thread that runs");
	refused_call((struct nap_call){ waiting, NAP_CALL_POLL }, init, EBUSY, "a thread within a call");
	refused_call((struct nap_call){ 2, NAP_CALL_POLL }, init, EBUSY, "a kernel thread");
	REQUIRE(ioctl(device, NAP_IOC_CALLS, &nowhere) == -1 && errno == EFAULT, "calls nowhere: %d", errno);
	nowhere.call_count = ~0u;
	REQUIRE(ioctl(device, NAP_IOC_CALLS, &nowhere) == -1 && errno == E2BIG, "too many calls: %d", errno);
}

void refusals(void)
{
	u64 frame = first_frame + 4096, page = SMALL;
	struct nap_run run = { page, frame, 0, 1, 0 };
	struct nap_run two[2] = { { page, frame, 0, 2, 0 }, { page + PAGE, frame + 2, 0, 1, 0 } };
	struct nap_task task = { processes[LONER].pid, 1, (uintptr_t)&run };
	struct nap_task twice[2] = { task, task };
	struct nap_adopt request = { .tasks = (uintptr_t)&task, .task_count = 1 };
	char *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	refused_run((struct nap_run){ page, frame, 0, 0, 0 }, EINVAL, "no pages");
	refused_run((struct nap_run){ page, frame, 0, 1, 8 }, EINVAL, "unknown flag");
	refused_run((struct nap_run){ page + 1, frame, 0, 1, 0 }, EINVAL, "unaligned");
	refused_run((struct nap_run){ 0xffff888000000000, frame, 0, 1, 0 }, EINVAL, "kernel address");
	refused_run((struct nap_run){ 0xfffffffffff000, frame, 0, 1, 0 }, EINVAL, "last page");
	refused_run((struct nap_run){ page, frame, 0, ~0u, 0 }, ENXIO, "many pages");
	refused_run((struct nap_run){ 0, frame, 0, 1, 0 }, EFAULT, "no vma");
	refused_run((struct nap_run){ page + (SMALL_PAGES - 1) * PAGE, frame, 0, 2, 0 }, EFAULT, "beyond the vma");
	refused_run((struct nap_run){ page, first_frame - 1, 0, 1, 0 }, ENXIO, "below U");
	refused_run((struct nap_run){ page, first_frame + frame_count - 1, 0, 2, 0 }, ENXIO, "above U");
	refused_run((struct nap_run){ page, ~0ull, 0, 2, 0 }, ENXIO, "no frame");
	refused_run((struct nap_run){ page, frame, 0, 511, NAP_RUN_HUGE }, EINVAL, "short huge");
	refused_run((struct nap_run){ page + PAGE, frame, 0, 512, NAP_RUN_HUGE }, EINVAL, "huge address");
	refused_run((struct nap_run){ page, frame + 1, 0, 512, NAP_RUN_HUGE }, EINVAL, "huge frame");
	refused_run((struct nap_run){ page, frame, 0, 512, NAP_RUN_HUGE | NAP_RUN_SPILLED }, EINVAL, "huge spilled");
	refused_run((struct nap_run){ page, 0, 7, 1, NAP_RUN_SPILLED }, EINVAL, "source unaligned");
	refused_run((struct nap_run){ page, 0, spilled_pages * PAGE, 1, NAP_RUN_SPILLED }, EINVAL, "source beyond");
	refused_run((struct nap_run){ page, 0, -PAGE, 2, NAP_RUN_SPILLED }, EINVAL, "source wraps");
	refused_run((struct nap_run){ (uintptr_t)processes, frame, 0, 1, 0 }, EOPNOTSUPP, "shared memory");

	task.runs = (uintptr_t)two;
	task.run_count = 2;
	refused(request, EINVAL, "overlapping addresses");
	two[1].address = page - PAGE;
	refused(request, EINVAL, "descending addresses");
	two[1] = (struct nap_run){ page + 2 * PAGE, frame + 1, 0, 1, 0 };
	refused(request, EEXIST, "frame twice");
	two[1].flags = NAP_RUN_SHARED;
	refused(request, EEXIST, "frame twice, once shared");
	task.runs = 1;
	refused(request, EFAULT, "runs nowhere");
	task.run_count = ~0u;
	refused(request, E2BIG, "too many runs");
	task = (struct nap_task){ 999999, 1, (uintptr_t)&run };
	refused(request, ESRCH, "no such pid");
	task.pid = -1;
	refused(request, ESRCH, "negative pid");
	task.pid = 2;
	refused(request, ESRCH, "kernel thread");
	task.pid = getpid();
	refused(request, EINVAL, "own memory");
	request.tasks = (uintptr_t)twice;
	request.task_count = 2;
	refused(request, EINVAL, "same memory twice");
	request.task_count = ~0u;
	refused(request, E2BIG, "too many tasks");
	request.task_count = 0;
	refused(request, EINVAL, "no tasks");
	request = (struct nap_adopt){ .tasks = 8, .task_count = 1 };
	refused(request, EFAULT, "tasks nowhere");
	task = twice[0];
	request = (struct nap_adopt){ .tasks = (uintptr_t)&task, .task_count = 1, .spilled = 8, .spilled_size = PAGE };
	refused(request, EFAULT, "spilled nowhere");
	request.spilled_size = 1ull << 60;
	refused(request, E2BIG, "too much spilled");
	munmap(shared, PAGE);
	refusals_of_calls();
	refusals_of_touches();
}
