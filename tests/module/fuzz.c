// SPDX-License-Identifier: GPL-2.0-only
/* Requests at random. */
#define _GNU_SOURCE
#include "adopt_test.h"

static u64 random_state = 88172645463325252ULL;

static u64 roll(u64 below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % below;
}

/* Ranges at random; none may harm. */
void fuzz_touches(void)
{
	unsigned int accepted = 0, refusals = 0;

	for (int round = 0; round < 20000; round++) {
		struct nap_range ranges[8];
		struct nap_touch request = { .ranges = (uintptr_t)ranges, .count = 1 + roll(8) };

		for (u32 i = 0; i < request.count; i++)
			ranges[i] = (struct nap_range){ first_frame + roll(frame_count), 1 + roll(16) };
		if (!roll(4))
			ranges[roll(request.count)].first = roll(1ull << (1 + roll(63)));
		if (!roll(4))
			ranges[roll(request.count)].frames = roll(1ull << (1 + roll(63)));
		if (!roll(100))
			request.count = roll(1ull << 32);
		if (!roll(100))
			request.ranges = roll(1ull << 47);
		if (ioctl(device, NAP_IOC_TOUCH, &request))
			refusals++;
		else
			accepted++;
		REQUIRE(request.pages <= frame_count, "round %d: %llu pages", round, request.pages);
	}
	printf("fuzz: %u touches accepted, %u refused\n", accepted, refusals);
	REQUIRE(accepted > 1000 && refusals > 1000, "too few of either");
}

/* Requests half right: some pass, none may harm. */
void fuzz(void)
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
