// SPDX-License-Identifier: GPL-2.0-only
/* Who may not use the device. */
#define _GNU_SOURCE
#include "adopt_test.h"

/* What the device says to a task that has it open already: everything is refused, before it is looked at. */
int all_refused(void)
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

void outsiders(void)
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
