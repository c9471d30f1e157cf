// SPDX-License-Identifier: GPL-2.0-only
/* What pages hold. */
#define _GNU_SOURCE
#include "adopt_test.h"

#define TOUCHED (1ULL << 42)	/* + whatever a process wrote */

u64 word(u64 content, unsigned int i)
{
	return content ? (content * 512 + i) * 0x9E3779B97F4A7C15ULL : 0;
}

void write_page(void *page, u64 content)
{
	for (unsigned int i = 0; i < 512; i++)
		((volatile u64 *)page)[i] = word(content, i);
}

int page_holds(const void *page, u64 content)
{
	for (unsigned int i = 0; i < 512; i++)
		if (((volatile const u64 *)page)[i] != word(content, i))
			return 0;
	return 1;
}

u64 content_of_frame(u64 index)
{
	return index + 1;
}

int host(const char *path, int fill)
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
