// SPDX-License-Identifier: GPL-2.0-only
/* The processes whose pages are adopted: they obey one letter at a time. */
#define _GNU_SOURCE
#include "adopt_test.h"

struct process *processes;	/* shared memory */
int device;
u64 first_frame, frame_count, next_frame;
char *spilled;
u64 spilled_pages;

char *map_at(u64 address, u64 bytes, int protection, int fd)
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

void obey(struct process *process)
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
		if (command == 'j')
			join_again(process - processes);
		if (command == 'e')
			end_threads();
		if (command == 'x')
			_exit(0);
		REQUIRE(write(process->answer[1], &done, 1) == 1, "done");
	}
	_exit(3);
}

void await(int which)
{
	char done;

	REQUIRE(read(processes[which].answer[0], &done, 1) == 1, "process %d is gone", which);
}

void tell(int which, char command)
{
	REQUIRE(write(processes[which].command[1], &command, 1) == 1, "command");
	if (command != 'x')
		await(which);
}

void tell_all(char command)
{
	for (int i = 0; i < PROCESSES; i++)
		tell(i, command);
}
