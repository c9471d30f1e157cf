// SPDX-License-Identifier: GPL-2.0-only
/* Pages that are read in advance: which requests are refused, and that nothing changes. */
#define _GNU_SOURCE
#include "adopt_test.h"

static void refused_ranges(const struct nap_range *ranges, u32 count, int error, const char *what)
{
	struct nap_touch request = { .ranges = (uintptr_t)ranges, .count = count, .pages = 7, .ns = 7 };
	int result;

	errno = 0;
	result = ioctl(device, NAP_IOC_TOUCH, &request);
	REQUIRE(result == -1 && errno == error, "touch, %s: %d, not %d", what, errno, error);
	REQUIRE(!request.pages, "touch, %s: %llu pages were read", what, request.pages);
}

void refusals_of_touches(void)
{
	struct nap_range good = { first_frame, 1 }, all = { first_frame, frame_count };
	struct nap_range pair[2] = { good, { first_frame + 1, 0 } }, twice[2] = { all, good };

	refused_ranges(&good, 0, EINVAL, "no ranges");
	refused_ranges(&good, NAP_TOUCH_MOST + 1, E2BIG, "too many ranges");
	refused_ranges(&good, ~0u, E2BIG, "far too many ranges");
	refused_ranges((void *)8, 1, EFAULT, "ranges nowhere");
	refused_ranges(pair, 2, EINVAL, "an empty range");
	refused_ranges(twice, 2, E2BIG, "more frames than there are");
	refused_ranges(&(struct nap_range){ first_frame - 1, 2 }, 1, ENXIO, "below U");
	refused_ranges(&(struct nap_range){ first_frame, frame_count + 1 }, 1, ENXIO, "beyond U");
	refused_ranges(&(struct nap_range){ first_frame + frame_count, 1 }, 1, ENXIO, "behind U");
	refused_ranges(&(struct nap_range){ 0, ~0ull }, 1, ENXIO, "everything");
	refused_ranges(&(struct nap_range){ ~0ull, 2 }, 1, ENXIO, "wrapping");
	refused_ranges(&(struct nap_range){ first_frame + 1, ~0ull }, 1, ENXIO, "wrapping within U");
}

/* All of U; some of it twice. */
void touch(void)
{
	struct nap_range ranges[3] = { { first_frame, 4096 }, { first_frame + 100, 1 },
				       { first_frame + 5000, frame_count - 5000 } };
	struct nap_touch request = { .ranges = (uintptr_t)ranges, .count = 3 };
	struct nap_status before, after;

	REQUIRE(!ioctl(device, NAP_IOC_STATUS, &before), "status");
	REQUIRE(!ioctl(device, NAP_IOC_TOUCH, &request), "touch");
	REQUIRE(request.pages == 4096 + 1 + frame_count - 5000, "%llu pages were read", request.pages);
	REQUIRE(!ioctl(device, NAP_IOC_STATUS, &after) && !memcmp(&before, &after, sizeof(after)), "state");
	printf("touched %llu pages in %llu us\n", request.pages, request.ns / 1000);
}
