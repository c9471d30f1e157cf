// SPDX-License-Identifier: GPL-2.0-only
/* Accounts of tasks: refused, given, and what the kernel shows of them then. */
#define _GNU_SOURCE
#include <dirent.h>
#include <sys/syscall.h>

#include "adopt_test.h"
#include "nap_account.h"

#define MOST_THREADS 16
#define PROCESS (NAP_PROCESS_HEAD + NAP_PROCESS_WORDS)
#define THREAD (NAP_THREAD_HEAD + NAP_THREAD_WORDS)
#define TICK 10000000ULL

static u64 words[PROCESS + MOST_THREADS * THREAD];
static u64 word_count;

/* An account that changes nothing. */
static void account_of(pid_t pid)
{
	char path[64];
	struct dirent *entry;
	DIR *folder;

	for (unsigned int i = 0; i < sizeof(words) / sizeof(*words); i++)
		words[i] = NAP_UNKNOWN;
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	folder = opendir(path);
	REQUIRE(folder, "%s", path);
	words[0] = pid;
	words[1] = 0;
	while ((entry = readdir(folder)))
		if (entry->d_name[0] != '.')
			words[PROCESS + words[1]++ * THREAD] = atoi(entry->d_name);
	closedir(folder);
	word_count = PROCESS + words[1] * THREAD;
}

static u64 *process_word(int word)
{
	return &words[NAP_PROCESS_HEAD + word];
}

static u64 *thread_word(int word)
{
	return &words[PROCESS + NAP_THREAD_HEAD + word];
}

static struct nap_accounts request(void)
{
	return (struct nap_accounts){ .words = (uintptr_t)words, .word_count = word_count };
}

static void refused_accounts(struct nap_accounts accounts, int error, const char *what)
{
	int result;

	errno = 0;
	result = ioctl(device, NAP_IOC_ACCOUNTS, &accounts);
	REQUIRE(result == -1 && errno == error, "%s: %d, not %d", what, errno, error);
}

static void refusals_of_accounts(pid_t pid)
{
	struct nap_accounts accounts;

	account_of(pid);
	accounts = request();
	accounts.word_count = 1ULL << 40;
	refused_accounts(accounts, E2BIG, "too many words");
	accounts = request();
	accounts.words = 8;
	refused_accounts(accounts, EFAULT, "words nowhere");
	accounts = request();
	accounts.word_count--;
	refused_accounts(accounts, EINVAL, "cut off");
	words[1]++;
	refused_accounts(request(), EINVAL, "a thread more than words");
	words[1] = 0;
	refused_accounts(request(), EINVAL, "no thread");
	account_of(pid);
	words[PROCESS] = 1;
	refused_accounts(request(), ESRCH, "another process' thread");
	words[PROCESS] = ~0ULL;
	refused_accounts(request(), ESRCH, "no such thread");
	account_of(pid);
	words[0] = 999999;
	refused_accounts(request(), ESRCH, "no such process");
	words[0] = ~0ULL;
	refused_accounts(request(), ESRCH, "a process of no number");
	account_of(getpid());
	refused_accounts(request(), EBUSY, "a thread that runs");
}

/* Field of /proc/PID/stat, as proc(5) numbers them. */
static u64 stat_field(pid_t pid, int number)
{
	char path[64], text[2048], *at;
	int fd, size;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY);
	size = read(fd, text, sizeof(text) - 1);
	close(fd);
	REQUIRE(size > 0, "%s", path);
	text[size] = 0;
	at = strrchr(text, ')') + 2;
	for (int i = 3; i < number; i++)
		at = strchr(at, ' ') + 1;
	return strtoull(at, NULL, 10);
}

static int near(u64 is, u64 expected)
{
	return is + 20 > expected && is < expected + 20;
}

static long number_of(pid_t pid, const char *file, const char *key)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	return number_in(path, key);
}

static void gives_accounts(pid_t pid)
{
	struct nap_accounts accounts;

	account_of(pid);
	*process_word(NAP_CHILDREN_UTIME) = 700 * TICK;
	*process_word(NAP_CHILDREN_MAJOR_FAULTS) = 77;
	*process_word(NAP_OOM_SCORE) = 123;
	*process_word(NAP_MEMORY_FLAGS) = 0x73 << 2 | 1UL << 24;
	*process_word(NAP_GROUP_SHOWN_UTIME) = *process_word(NAP_GROUP_SHOWN_STIME) = 0;
	*thread_word(NAP_SHOWN_UTIME) = *thread_word(NAP_SHOWN_STIME) = 0;
	*thread_word(NAP_UTIME) = 3000 * TICK;
	*thread_word(NAP_STIME) = 1000 * TICK;
	*thread_word(NAP_RUNTIME) = 4000 * TICK;
	*thread_word(NAP_START_SINCE_BOOT) = 12345 * TICK;
	*thread_word(NAP_MAJOR_FAULTS) = 4711;
	*thread_word(NAP_READ_CHARS) = 1ULL << 40;
	*thread_word(NAP_VOLUNTARY_SWITCHES) = 990099;
	*thread_word(NAP_TIMER_SLACK) = 3000000;
	*thread_word(NAP_LOGIN_USER) = 1234;
	*thread_word(NAP_IO_PRIORITY) = 3 << 13;
	*thread_word(NAP_POLICY_MODE) = 2;
	*thread_word(NAP_POLICY_FLAGS) = 0;
	*thread_word(NAP_POLICY_NODES) = *thread_word(NAP_POLICY_GIVEN_NODES) = 1;
	*thread_word(NAP_POLICY_HOME_NODE) = -1;
	accounts = request();
	REQUIRE(!ioctl(device, NAP_IOC_ACCOUNTS, &accounts), "accounts");
	printf("accounts: %u processes, %u threads, us %llu\n", accounts.processes, accounts.threads, accounts.ns / 1000);
	REQUIRE(accounts.processes == 1 && accounts.threads == words[1], "processes and threads");
	for (int i = 0; i < NAP_REFUSALS; i++)
		REQUIRE(!accounts.refused[i], "refused %d", i);
	/* Of its other threads too, which have used little. */
	REQUIRE(near(stat_field(pid, 14), 3000) && near(stat_field(pid, 15), 1000), "CPU times");
	REQUIRE(stat_field(pid, 16) == 700 && stat_field(pid, 13) == 77, "of children");
	REQUIRE(stat_field(pid, 22) == 12345, "start");
	REQUIRE(stat_field(pid, 12) == 4711, "major faults");
	REQUIRE(number_of(pid, "oom_score_adj", "") == 123, "OOM score");
	REQUIRE(number_of(pid, "io", "rchar:") == 1L << 40, "characters read");
	REQUIRE(number_of(pid, "status", "voluntary_ctxt_switches:") == 990099, "switches");
	REQUIRE(number_of(pid, "status", "THP_enabled:") == 0, "huge pages");
	REQUIRE(number_of(pid, "timerslack_ns", "") == 3000000, "timer slack");
	REQUIRE(number_of(pid, "loginuid", "") == 1234, "login");
	REQUIRE(syscall(SYS_ioprio_get, 1, pid) == 3 << 13, "I/O priority");
	/* What it was, so that it goes on to be as the rest expects. */
	account_of(pid);
	*process_word(NAP_MEMORY_FLAGS) = 0x33 << 2;
	REQUIRE(!ioctl(device, NAP_IOC_ACCOUNTS, &(struct nap_accounts){ .words = (uintptr_t)words, .word_count = word_count }), "accounts");
	REQUIRE(number_of(pid, "status", "THP_enabled:") == 1, "huge pages again");
}

/* Nodes and processors this kernel does not have: said, and the rest is done. */
static void says_what_it_refuses(pid_t pid)
{
	struct nap_accounts accounts;

	account_of(pid);
	*thread_word(NAP_POLICY_MODE) = 2;
	*thread_word(NAP_POLICY_FLAGS) = 0;
	*thread_word(NAP_POLICY_NODES) = 1ULL << 40;
	*thread_word(NAP_POLICY_HOME_NODE) = -1;
	*thread_word(NAP_CPUS_0) = 1ULL << 62;
	*thread_word(NAP_CPUS_1) = *thread_word(NAP_CPUS_2) = *thread_word(NAP_CPUS_3) = 0;
	accounts = request();
	REQUIRE(!ioctl(device, NAP_IOC_ACCOUNTS, &accounts), "accounts");
	REQUIRE(accounts.refused[NAP_REFUSED_MEMORY_POLICY] == 1, "memory policy");
	REQUIRE(accounts.refused[NAP_REFUSED_CPUS] == 1 && accounts.refused_pid[NAP_REFUSED_CPUS] == pid, "processors");
}

void accounts(void)
{
	refusals_of_accounts(processes[LONER].pid);
	gives_accounts(processes[LONER].pid);
	says_what_it_refuses(processes[LONER].pid);
}

/* Words at random: none may harm. */
void fuzz_accounts(void)
{
	u64 state = 88172645463325252ULL;

	for (int round = 0; round < 2000; round++) {
		account_of(processes[round % PROCESSES].pid);
		for (u64 i = 2; i < word_count; i++) {
			state ^= state << 13;
			state ^= state >> 7;
			state ^= state << 17;
			/* Not the settings that would slow the others: flags and priority. */
			if (i >= PROCESS && (i - PROCESS) % THREAD == 0)
				continue;
			if (state % 3 == 0)
				words[i] = state % 5 ? state >> 17 % (state % 64 + 1) : state;
		}
		for (u64 i = 0; i < words[1]; i++) {
			u64 *thread = &words[PROCESS + i * THREAD + NAP_THREAD_HEAD];

			thread[NAP_FLAGS] = thread[NAP_THREAD_FLAGS] = thread[NAP_ATOMIC_FLAGS] = NAP_UNKNOWN;
			thread[NAP_EXIT_SIGNAL] = NAP_UNKNOWN;
		}
		REQUIRE(!ioctl(device, NAP_IOC_ACCOUNTS, &(struct nap_accounts){ .words = (uintptr_t)words, .word_count = word_count }),
			"accounts at random, round %d", round);
	}
}
