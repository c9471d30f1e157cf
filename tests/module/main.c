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
#include "adopt_test.h"

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
		adopt_threads();
		fuzz_touches();
		fuzz();
		fuzz_accounts();
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
