// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests nap.ko for real: adopts pages of a pre-filled U into a tree of processes of every kind the
 * module knows, lets them verify, write, fork and exit, settles, and checks what the kernel says of it.
 *
 *   adopt_test fill FILE             on the host: fills U's file with a pattern
 *   adopt_test check FILE            on the host: every byte of it as filled?
 *   adopt_test run|fuzz|measure FIRST FRAMES
 *                                    in a guest whose U is withheld; prints PASS or what failed
 *
 * `run` prints "@CHECK name" and waits for a line where the host should check the file.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nap_uapi.h"

typedef uint64_t u64;
typedef uint32_t u32;

#define PAGE 4096UL
#define HUGE_PAGES 512UL
#define HUGE (HUGE_PAGES * PAGE)

#define REQUIRE(condition, ...)                                          \
	do {                                                             \
		if (!(condition)) {                                      \
			printf("FAIL %s:%d: ", __func__, __LINE__);      \
			printf(__VA_ARGS__);                             \
			printf(" (errno %d)\n", errno);                  \
			fflush(stdout);                                  \
			_exit(1);                                        \
		}                                                        \
	} while (0)

/* Contents --------------------------------------------------------------------------------------- */

/* What a page holds: the pattern of this number; frames of U have theirs, 0 means zeros. */
#define SPILLED (1ULL << 40)	/* + page of the spilled bytes */
#define FILED (1ULL << 41)	/* + page of the file */
#define TOUCHED (1ULL << 42)	/* + whatever a process wrote */

static u64 word(u64 content, unsigned int i)
{
	return content ? (content * 512 + i) * 0x9E3779B97F4A7C15ULL : 0;
}

static void write_page(void *page, u64 content)
{
	for (unsigned int i = 0; i < 512; i++)
		((volatile u64 *)page)[i] = word(content, i);
}

static int page_holds(const void *page, u64 content)
{
	for (unsigned int i = 0; i < 512; i++)
		if (((volatile const u64 *)page)[i] != word(content, i))
			return 0;
	return 1;
}

static u64 content_of_frame(u64 index)
{
	return index + 1;
}

static int host(const char *path, int fill)
{
	int fd = open(path, O_RDWR);
	struct stat stat;
	char *memory;

	if (fd < 0 || fstat(fd, &stat))
		return perror(path), 2;
	memory = mmap(NULL, stat.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return perror("mmap"), 2;
	for (u64 i = 0; i < stat.st_size / PAGE; i++) {
		if (fill) {
			write_page(memory + i * PAGE, content_of_frame(i));
		} else if (!page_holds(memory + i * PAGE, content_of_frame(i))) {
			printf("page %lu of U changed\n", i);
			return 1;
		}
	}
	return 0;
}

/* Processes -------------------------------------------------------------------------------------- */

enum { LONER, PARENT, CHILD, GRANDCHILD, PROCESSES };

#define MOST_PAGES 120000
#define MOST_RUNS 20000

struct page {
	u64 address, content;
	u64 frame;		/* where it must lie in U; 0: somewhere else */
	int writable;
};

struct process {
	pid_t pid;
	int command[2], answer[2];
	unsigned int page_count, run_count;
	struct page pages[MOST_PAGES];
	struct nap_run runs[MOST_RUNS];
};

static struct process *processes;	/* shared memory */
static int device;
static u64 first_frame, frame_count, next_frame;
static char *spilled;
static u64 spilled_pages;

static char *map_at(u64 address, u64 bytes, int protection, int fd)
{
	char *at = mmap((void *)address, bytes, protection,
			MAP_PRIVATE | MAP_FIXED_NOREPLACE | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);

	REQUIRE(at == (char *)address, "mmap at %lx", address);
	return at;
}

static void verify(const struct process *process)
{
	for (unsigned int i = 0; i < process->page_count; i++) {
		const struct page *page = &process->pages[i];

		REQUIRE(page_holds((void *)page->address, page->content), "process %ld: address %lx holds %lx, not %lx",
			(long)(process - processes), page->address, *(u64 *)page->address, word(page->content, 0));
	}
}

static void write_all(struct process *process)
{
	for (unsigned int i = 0; i < process->page_count; i++) {
		struct page *page = &process->pages[i];

		if (!page->writable)
			continue;
		page->content = TOUCHED + ((u64)(process - processes + 1) << 32) + (page->address >> 12 & 0xfffffff);
		write_page((void *)page->address, page->content);
	}
}

static void fork_and_write(struct process *process)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		verify(process);
		for (unsigned int i = 0; i < process->page_count; i += 3)
			if (process->pages[i].writable)
				write_page((void *)process->pages[i].address, TOUCHED + 7);
		_exit(0);
	}
	REQUIRE(pid > 0 && waitpid(pid, &status, 0) == pid && !status, "child of process");
	verify(process);
}

static void obey(struct process *process)
{
	char command, done = 'k';

	/* So that the others notice when one of them dies. */
	for (int i = 0; i < PROCESSES; i++)
		if (&processes[i] != process)
			close(processes[i].answer[1]);
	REQUIRE(write(process->answer[1], &done, 1) == 1, "ready");
	while (read(process->command[0], &command, 1) == 1) {
		if (command == 'v')
			verify(process);
		if (command == 'w')
			write_all(process);
		if (command == 'f')
			fork_and_write(process);
		if (command == 'p')
			REQUIRE(!mprotect((void *)0x140000000000, 32 * PAGE, PROT_READ | PROT_WRITE), "mprotect");
		if (command == 'x')
			_exit(0);
		REQUIRE(write(process->answer[1], &done, 1) == 1, "done");
	}
	_exit(3);
}

static void await(int which)
{
	char done;

	REQUIRE(read(processes[which].answer[0], &done, 1) == 1, "process %d is gone", which);
}

static void tell(int which, char command)
{
	REQUIRE(write(processes[which].command[1], &command, 1) == 1, "command");
	if (command != 'x')
		await(which);
}

static void tell_all(char command)
{
	for (int i = 0; i < PROCESSES; i++)
		tell(i, command);
}

/* The plan --------------------------------------------------------------------------------------- */

static void expect(int which, u64 address, u64 content, u64 frame, int writable)
{
	struct process *process = &processes[which];

	REQUIRE(process->page_count < MOST_PAGES, "too many pages");
	process->pages[process->page_count++] = (struct page){ address, content, frame, writable };
}

static void add_run(int which, u64 address, u64 frame, u64 source, u32 pages, u32 flags)
{
	struct process *process = &processes[which];

	REQUIRE(process->run_count < MOST_RUNS, "too many runs");
	process->runs[process->run_count++] = (struct nap_run){ address, frame, source, pages, flags };
}

#define COPIED 0x100	/* of this test: the module cannot share these here */
#define NO_WRITE 0x200

/* Pages of U from `index` on, at `address`. */
static void adopt_at(int which, u64 address, u64 index, u32 pages, u32 flags)
{
	add_run(which, address, first_frame + index, 0, pages, flags & 0xff);
	for (u32 i = 0; i < pages; i++)
		expect(which, address + i * PAGE, content_of_frame(index + i),
		       flags & COPIED ? 0 : first_frame + index + i, !(flags & NO_WRITE));
}

static u64 take(u32 pages, u64 alignment)
{
	u64 index = (next_frame + alignment - 1) / alignment * alignment;

	next_frame = index + pages;
	REQUIRE(next_frame <= frame_count, "U is too small for this test");
	return index;
}

static void adopt_fresh(int which, u64 address, u32 pages, u32 flags)
{
	adopt_at(which, address, take(pages, flags & NAP_RUN_HUGE ? HUGE_PAGES : 1), pages, flags);
}

static void adopt_in_all(u64 address, u32 pages, u32 flags)
{
	u64 index = take(pages, flags & NAP_RUN_HUGE ? HUGE_PAGES : 1);

	for (int i = PARENT; i <= GRANDCHILD; i++)
		adopt_at(i, address, index, pages, flags | NAP_RUN_SHARED);
}

static void spill_at(int which, u64 address, u64 source, u32 pages, u32 flags)
{
	add_run(which, address, 0x1000 + source, source * PAGE, pages, NAP_RUN_SPILLED | flags);
	for (u32 i = 0; i < pages; i++)
		expect(which, address + i * PAGE, SPILLED + source + i, 0, 1);
}

/* The loner: everything that is its own. */
#define SMALL 0x100000000000
#define SCATTERED 0x110000000000
#define BIG 0x120000000000
#define FILE_MAPPED 0x130000000000
#define NO_ACCESS 0x140000000000
#define READ_ONLY 0x148000000000
#define REPLACED 0x150000000000
#define SPANNING 0x160000000000
#define OUTSIDE 0x170000000000
/* The family: copy-on-write. */
#define COW_SMALL 0x180000000000
#define COW_BIG 0x190000000000
#define COW_TOUCHED 0x1a0000000000
#define COW_FOREIGN 0x1b0000000000
#define COW_MOVED 0x1b8000000000
#define COW_MOVED_TO 0x1c0000000000
#define COW_OUTSIDE 0x1d0000000000
#define COW_RELATED 0x1e0000000000
#define COW_SPLIT 0x1f0000000000
#define COW_FILE 0x200000000000

#define SMALL_PAGES 16384
#define SCATTERED_PAGES 4096
#define BIG_COUNT 64

static u64 replaced;	/* what the module should count */

static int file;

static void make_file(void)
{
	static char page[PAGE];

	file = open("/file", O_RDWR | O_CREAT | O_TRUNC, 0600);
	for (u64 i = 0; i < 16; i++) {
		write_page(page, FILED + i);
		REQUIRE(write(file, page, PAGE) == (ssize_t)PAGE, "write file");
	}
}

static void loner(void)
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
	obey(&processes[LONER]);
}

static void plan_loner(void)
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
}

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
	map_at(COW_FILE, 16 * PAGE, PROT_READ | PROT_WRITE, file);
}

static void family(int which)
{
	if (which == PARENT)
		map_family();
	while (which < GRANDCHILD && !fork())
		which++;
	processes[which].pid = getpid();
	write_page((char *)COW_TOUCHED + 5 * PAGE, TOUCHED);
	if (which == PARENT || which == GRANDCHILD)
		write_page((char *)COW_FOREIGN + 63 * PAGE, TOUCHED + 63);
	if (which == CHILD)
		REQUIRE(!mprotect((char *)COW_SPLIT + 7 * PAGE, PAGE, PROT_READ), "mprotect");
	obey(&processes[which]);
}

static void plan_family(void)
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
	adopt_in_all(COW_FILE, 9, 0);
	for (int i = PARENT; i <= GRANDCHILD; i++)
		for (u64 j = 9; j < 16; j++)
			expect(i, COW_FILE + j * PAGE, FILED + j, 0, 1);
}

/* What the kernel says --------------------------------------------------------------------------- */

static u64 frame_at(int fd, u64 address)
{
	u64 entry = 0;

	REQUIRE(pread(fd, &entry, 8, address / PAGE * 8) == 8, "pagemap");
	return entry >> 63 ? entry & ((1ULL << 55) - 1) : 0;
}

static int open_pagemap(int which)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", processes[which].pid);
	fd = open(path, O_RDONLY);
	REQUIRE(fd >= 0, "%s", path);
	return fd;
}

/* Each page lies where the plan says. */
static void check_frames(void)
{
	for (int i = 0; i < PROCESSES; i++) {
		int fd = open_pagemap(i);

		for (unsigned int j = 0; j < processes[i].page_count; j++) {
			const struct page *page = &processes[i].pages[j];
			u64 frame = frame_at(fd, page->address);

			REQUIRE(!page->frame || frame == page->frame, "process %d: %lx in frame %lx, not %lx", i,
				page->address, frame, page->frame);
		}
		close(fd);
	}
}

static u64 outside_user_memory(int which, u64 address, u64 pages)
{
	int fd = open_pagemap(which);
	u64 count = 0;

	for (u64 i = 0; i < pages; i++) {
		u64 frame = frame_at(fd, address + i * PAGE);

		count += frame < first_frame || frame >= first_frame + frame_count;
	}
	close(fd);
	return count;
}

static long number_in(const char *path, const char *key)
{
	FILE *file = fopen(path, "r");
	char line[256];
	long value = -1;

	REQUIRE(file, "%s", path);
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, key, strlen(key)))
			sscanf(line + strlen(key), " %ld", &value);
	fclose(file);
	return value;
}

static void check_kernel_log(void)
{
	static const char *const bad[] = { "WARNING", "BUG", "Oops", "Bad page", "Bad rss", "Call Trace", "general protection" };
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	char line[2048];
	ssize_t length;

	REQUIRE(fd >= 0, "/dev/kmsg");
	while ((length = read(fd, line, sizeof(line) - 1)) > 0) {
		line[length] = 0;
		for (unsigned int i = 0; i < sizeof(bad) / sizeof(*bad); i++)
			REQUIRE(!strstr(line, bad[i]), "kernel log: %s", line);
	}
	close(fd);
}

static void host_checks(const char *when)
{
	char line[16];

	printf("@CHECK %s\n", when);
	fflush(stdout);
	REQUIRE(fgets(line, sizeof(line), stdin) && line[0] == 'y', "the host found U changed: %s", when);
}

static void write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	REQUIRE(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), "%s", path);
	close(fd);
}

/* What the device says to a task that has it open already: everything is refused, before it is looked at. */
static int all_refused(void)
{
	static const unsigned long commands[] = { NAP_IOC_ADOPT, NAP_IOC_STATUS, NAP_IOC_SETTLE, ~0UL };

	for (unsigned int i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (ioctl(device, commands[i], NULL) != -1 || errno != EPERM)
			return 0;
	return 1;
}

/* Root of a user namespace owns the node, so may open it. */
static int refused_if_opened(void)
{
	int fd = open("/dev/nap", O_RDWR);
	int refused = fd < 0 ? errno == EACCES || errno == EPERM
			     : ioctl(fd, NAP_IOC_STATUS, NULL) == -1 && errno == EPERM;

	if (fd >= 0)
		close(fd);
	return refused;
}

static void as_user(void)
{
	REQUIRE(!setgid(65534) && !setuid(65534), "becoming nobody");
	REQUIRE(open("/dev/nap", O_RDWR) == -1 && errno == EACCES, "nobody opens the device");
	REQUIRE(open("/dev/nap", O_RDONLY) == -1 && errno == EACCES, "nobody opens the device to read");
	REQUIRE(all_refused(), "nobody uses a device that was opened for him");
}

static void as_root_of_user_namespace(void)
{
	REQUIRE(!unshare(CLONE_NEWUSER), "user namespace");
	write_to("/proc/self/uid_map", "0 0 1");
	REQUIRE(!setuid(0), "root there");
	REQUIRE(all_refused() && refused_if_opened(), "root of a user namespace");
}

static void as_root_of_pid_namespace(void)
{
	int result;

	REQUIRE(!unshare(CLONE_NEWPID), "PID namespace");
	if (!fork()) {
		REQUIRE(getpid() == 1 && all_refused() && refused_if_opened(), "root of a PID namespace");
		_exit(0);
	}
	wait(&result);
	REQUIRE(!result, "root of a PID namespace");
}

static void as_root_without_capabilities(void)
{
	REQUIRE(!prctl(PR_CAPBSET_DROP, 21 /* CAP_SYS_ADMIN */, 0, 0, 0), "dropping CAP_SYS_ADMIN");
	execl("/proc/self/exe", "adopt_test", "refused", "0", "0", NULL);
	REQUIRE(0, "exec");
}

static void outsiders(void)
{
	static void (*const as[])(void) = { as_user, as_root_of_user_namespace, as_root_of_pid_namespace,
					    as_root_without_capabilities };

	for (unsigned int i = 0; i < sizeof(as) / sizeof(*as); i++) {
		int result;

		if (!fork()) {
			as[i]();
			_exit(0);
		}
		wait(&result);
		REQUIRE(!result, "outsider %u", i);
	}
	printf("outsiders refused\n");
}

/* The calls -------------------------------------------------------------------------------------- */

static int by_address(const void *a, const void *b)
{
	const struct nap_run *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

static struct nap_task tasks[PROCESSES];

static struct nap_adopt request_of_all(void)
{
	for (int i = 0; i < PROCESSES; i++) {
		qsort(processes[i].runs, processes[i].run_count, sizeof(struct nap_run), by_address);
		tasks[i] = (struct nap_task){ processes[i].pid, processes[i].run_count, (uintptr_t)processes[i].runs };
	}
	return (struct nap_adopt){ .tasks = (uintptr_t)tasks, .task_count = PROCESSES,
		.spilled = (uintptr_t)spilled, .spilled_size = spilled_pages * PAGE };
}

static u64 pages_of(int huge, int is_spilled)
{
	u64 pages = 0;

	for (int i = 0; i < PROCESSES; i++)
		for (unsigned int j = 0; j < processes[i].run_count; j++)
			if (!!(processes[i].runs[j].flags & NAP_RUN_HUGE) == huge &&
			    !!(processes[i].runs[j].flags & NAP_RUN_SPILLED) == is_spilled)
				pages += processes[i].runs[j].pages;
	return pages;
}

/* A refused request: this errno, at this task and run, nothing changed. */
static void refused(struct nap_adopt request, int error, const char *what)
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

static void refusals(void)
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
}

static u64 random_state = 88172645463325252ULL;

static u64 roll(u64 below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % below;
}

/* Requests half right: some pass, none may harm. */
static void fuzz(void)
{
	static const u64 areas[] = { SMALL, SCATTERED, BIG, FILE_MAPPED, NO_ACCESS, REPLACED, SPANNING, OUTSIDE, COW_SMALL,
				     COW_BIG, COW_TOUCHED, COW_FOREIGN, COW_RELATED, COW_SPLIT, COW_FILE };
	unsigned int accepted = 0, refusals = 0;

	for (int round = 0; round < 3000; round++) {
		static struct nap_run runs[PROCESSES][16];
		struct nap_task some[PROCESSES];
		struct nap_adopt request = { .tasks = (uintptr_t)some, .task_count = 1 + roll(PROCESSES),
			.spilled = (uintptr_t)spilled, .spilled_size = spilled_pages * PAGE };
		u64 base = areas[roll(15)], index = roll(frame_count);

		for (unsigned int i = 0; i < request.task_count; i++) {
			u64 at = base + roll(4) * PAGE;
			u32 count = 1 + roll(4);

			for (u32 j = 0; j < count; j++) {
				struct nap_run *run = &runs[i][j];

				*run = (struct nap_run){ at, first_frame + (roll(3) ? index + roll(64) : roll(frame_count)),
					roll(spilled_pages) * PAGE, 1 + roll(16), roll(3) ? NAP_RUN_SHARED : roll(8) };
				if (!roll(20))
					run->pages = roll(1u << 31);
				if (!roll(30))
					run->frame = roll(1ull << 60);
				if (!roll(30))
					run->address = roll(1ull << 47);
				if (!roll(6)) {
					*run = (struct nap_run){ (at + HUGE - 1) / HUGE * HUGE, first_frame + index / 512 * 512,
						0, 512, NAP_RUN_HUGE | (roll(3) ? NAP_RUN_SHARED : 0) };
				}
				at = run->address + run->pages * PAGE + roll(3) * PAGE;
			}
			some[i] = (struct nap_task){ processes[(i + round) % PROCESSES].pid, count, (uintptr_t)runs[i] };
		}
		if (!ioctl(device, NAP_IOC_ADOPT, &request)) {
			accepted++;
		} else {
			refusals++;
			REQUIRE(!request.changed, "round %d failed half-way, task %u, run %u", round, request.error_task,
				request.error_run);
		}
	}
	printf("fuzz: %u accepted, %u refused\n", accepted, refusals);
	REQUIRE(accepted > 100, "too few accepted");
}

static void start(void)
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

static void measure(void)
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

static void run(void)
{
	long total = number_in("/proc/meminfo", "MemTotal:"), free_kib;
	struct nap_settle settle = {};
	struct nap_status status;

	start();
	refusals();
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
	check_frames();
	printf("memory.current %ld KiB\n", number_in("/sys/fs/cgroup/test/memory.current", "") / 1024);
	REQUIRE(number_in("/sys/fs/cgroup/test/memory.current", "") >= (long)(status.adopted * PAGE), "memory charged");
	tell(LONER, 'p');
	tell_all('v');
	host_checks("verified");

	/* Committed: the tasks run before settle is done. */
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

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc == 3)
		return host(argv[2], !strcmp(argv[1], "fill"));
	REQUIRE(argc == 4, "usage: see the source");
	first_frame = strtoull(argv[2], NULL, 0);
	frame_count = strtoull(argv[3], NULL, 0);
	device = open("/dev/nap", O_RDWR | O_CLOEXEC);
	REQUIRE(device >= 0, "/dev/nap");
	if (!strcmp(argv[1], "refused")) {
		REQUIRE(all_refused(), "root without CAP_SYS_ADMIN");
		return 0;
	}
	outsiders();
	host_checks("onlined");
	if (!strcmp(argv[1], "fuzz")) {
		start();
		refusals();
		fuzz();
		host_checks("fuzzed");
		tell_all('x');
		sleep(1);
		host_checks("exited");
		REQUIRE(!ioctl(device, NAP_IOC_SETTLE, &(struct nap_settle){}), "settle");
		REQUIRE(number_in("/proc/meminfo", "MemFree:") > (long)(frame_count * 4), "MemFree");
	} else if (!strcmp(argv[1], "measure")) {
		measure();
	} else {
		run();
	}
	check_kernel_log();
	printf("PASS %s\n", argv[1]);
	return 0;
}
