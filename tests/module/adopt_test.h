/* SPDX-License-Identifier: GPL-2.0-only */
/* What the parts of adopt_test share. */
#pragma once

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

/* What a page holds: the pattern of this number; frames of U have theirs, 0 means zeros. */
#define SPILLED (1ULL << 40)	/* + page of the spilled bytes */
#define FILED (1ULL << 41)	/* + page of the file */
#define TOUCHED (1ULL << 42)	/* + whatever a process wrote */

enum { LONER, PARENT, CHILD, GRANDCHILD, PROCESSES };

#define MOST_PAGES 120000
#define MOST_RUNS 20000

struct page {
	u64 address, content;
	u64 frame;		/* where it must lie in U; 0: somewhere else */
	int writable;
};

struct process {
	pid_t pid, thread;
	int command[2], answer[2];
	unsigned int page_count, run_count;
	struct page pages[MOST_PAGES];
	struct nap_run runs[MOST_RUNS];
};

#define COPIED 0x100	/* of this test: the module cannot share these here */
#define NO_WRITE 0x200

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
#define THREADS 0x178000000000
#define JOINED 0x179000000000
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
#define COW_JOINED 0x210000000000

#define SMALL_PAGES 16384
#define SCATTERED_PAGES 4096
#define BIG_COUNT 64

/* contents.c */
u64 word(u64 content, unsigned int i);
void write_page(void *page, u64 content);
int page_holds(const void *page, u64 content);
u64 content_of_frame(u64 index);
int host(const char *path, int fill);

/* processes.c */
char *map_at(u64 address, u64 bytes, int protection, int fd);
void obey(struct process *process);
void await(int which);
void tell(int which, char command);
void tell_all(char command);
extern struct process *processes;	/* shared memory */
extern int device;
extern u64 first_frame;
extern u64 frame_count;
extern u64 next_frame;
extern char *spilled;
extern u64 spilled_pages;

/* plan.c */
void expect(int which, u64 address, u64 content, u64 frame, int writable);
void add_run(int which, u64 address, u64 frame, u64 source, u32 pages, u32 flags);
void adopt_at(int which, u64 address, u64 index, u32 pages, u32 flags);
u64 take(u32 pages, u64 alignment);
void adopt_fresh(int which, u64 address, u32 pages, u32 flags);
void adopt_in_all(u64 address, u32 pages, u32 flags);
void spill_at(int which, u64 address, u64 source, u32 pages, u32 flags);

/* loner.c */
void make_file(void);
void loner(void);
void plan_loner(void);
extern u64 replaced;	/* what the module should count */
extern int file;

/* threads.c */
void start_threads(void);
void end_threads(void);
int has_robust_list(void);
void adopt_threads(void);

/* family.c */
void family(int which);
void join_again(int which);
void plan_family(void);

/* kernel_view.c */
void check_frames(void);
u64 outside_user_memory(int which, u64 address, u64 pages);
long number_in(const char *path, const char *key);
void check_kernel_log(void);
void host_checks(const char *when);
void write_to(const char *path, const char *text);

/* outsiders.c */
int all_refused(void);
void outsiders(void);

/* request.c */
struct nap_adopt request_of_all(void);
u64 pages_of(int huge, int is_spilled);
extern struct nap_task tasks[PROCESSES];

/* refusals.c */
void refused(struct nap_adopt request, int error, const char *what);
void refusals(void);

/* touch.c */
void refusals_of_touches(void);
void touch(void);
void fuzz_touches(void);

/* accounts.c */
void accounts(void);
void fuzz_accounts(void);

/* fuzz.c */
void fuzz(void);

/* run.c */
void start(void);
void run(void);

/* measure.c */
void measure(void);
