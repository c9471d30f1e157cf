// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel says: page frames, memory, its log; and what the host says of U. */
#define _GNU_SOURCE
#include "adopt_test.h"

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
void check_frames(void)
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

u64 outside_user_memory(int which, u64 address, u64 pages)
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

long number_in(const char *path, const char *key)
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

void check_kernel_log(void)
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

void host_checks(const char *when)
{
	char line[16];

	printf("@CHECK %s\n", when);
	fflush(stdout);
	REQUIRE(fgets(line, sizeof(line), stdin) && line[0] == 'y', "the host found U changed: %s", when);
}

void write_to(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	REQUIRE(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), "%s", path);
	close(fd);
}
