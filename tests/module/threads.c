// SPDX-License-Identifier: GPL-2.0-only
/*
 * Further threads of the loner: their ends write 0 into an adopted page, once the tasks run and not before. (The
 * last thread of a process that ends writes nothing: it takes several for one to write.)
 */
#define _GNU_SOURCE
#include <sys/syscall.h>

#include "adopt_test.h"

#define COUNT 4
#define TID_WORD(i) ((volatile u32 *)(THREADS + 64 * (1 + (i))))

static int end_them[2];
static char stacks[COUNT][4 * PAGE] __attribute__((aligned(16)));
static struct {
	void *list;
	long offset;
	void *pending;
} robust = { &robust, 0, NULL };

static int wait_to_end(void *nothing)
{
	char letter;

	processes[LONER].thread = syscall(SYS_gettid);
	syscall(SYS_set_robust_list, &robust, sizeof(robust));
	(void)!read(end_them[0], &letter, 1);
	return nothing != NULL;
}

void start_threads(void)
{
	int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_CHILD_CLEARTID;

	map_at(THREADS, PAGE, PROT_READ | PROT_WRITE, -1);
	REQUIRE(!pipe(end_them), "pipe");
	for (int i = 0; i < COUNT; i++) {
		processes[LONER].thread = 0;
		REQUIRE(clone(wait_to_end, stacks[i + 1], flags, NULL, NULL, NULL, (void *)TID_WORD(i)) > 0, "clone");
		while (!has_robust_list())
			usleep(1000);
	}
}

/* As another process sees it. */
int has_robust_list(void)
{
	void *head = NULL;
	size_t length;

	return processes[LONER].thread && !syscall(SYS_get_robust_list, processes[LONER].thread, &head, &length) && head;
}

/* In the loner. */
void end_threads(void)
{
	for (int i = 0; i < COUNT; i++)
		REQUIRE(*TID_WORD(i), "a word that is not 0");
	REQUIRE(write(end_them[1], "ends", COUNT) == COUNT, "end the threads");
	for (int i = 0; i < COUNT; i++) {
		for (int tries = 0; *TID_WORD(i); tries++) {
			REQUIRE(tries < 10000, "the end of a thread does not show");
			usleep(1000);
		}
	}
}

/* Their page alone. */
void adopt_threads(void)
{
	struct nap_run run = { THREADS, first_frame + frame_count - 1, 0, 1, 0 };
	struct nap_task task = { processes[LONER].pid, 1, (uintptr_t)&run };
	struct nap_adopt request = { .tasks = (uintptr_t)&task, .task_count = 1 };

	REQUIRE(!ioctl(device, NAP_IOC_ADOPT, &request), "adopt");
}
