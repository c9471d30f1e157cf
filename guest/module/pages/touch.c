// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads pages of U before anybody waits for them: the first access of a kernel to a page of its machine's is a fault that
 * the host answers, and the pages of tasks are all new to this kernel.
 */
#include <linux/ktime.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "nap.h"

#define CHECK_EVERY 64		/* a fault may take a millisecond */

static int check_ranges(const struct nap_range *ranges, u32 count)
{
	u64 pages = 0;
	u32 i;

	for (i = 0; i < count; i++) {
		if (!ranges[i].frames)
			return -EINVAL;
		if (!nap_in_user_memory(ranges[i].first, ranges[i].frames))
			return -ENXIO;
		if (!nap_withheld(ranges[i].first, ranges[i].frames))
			return -EBUSY;
		pages += ranges[i].frames;
		if (pages > nap_frames())
			return -E2BIG;
	}
	return 0;
}

static int read_range(const struct nap_range *range, u64 *pages)
{
	u64 i;

	for (i = 0; i < range->frames; i++) {
		READ_ONCE(*(const u8 *)page_address(pfn_to_page(range->first + i)));
		(*pages)++;
		if (*pages % CHECK_EVERY)
			continue;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

int nap_touch(struct nap_touch *request)
{
	u64 started = ktime_get_ns();
	struct nap_range *ranges;
	int error;
	u32 i;

	if (!request->count || request->count > NAP_TOUCH_MOST)
		return request->count ? -E2BIG : -EINVAL;
	ranges = kvmalloc_array(request->count, sizeof(*ranges), NAP_GFP);
	if (!ranges)
		return -ENOMEM;
	error = -EFAULT;
	if (copy_from_user(ranges, u64_to_user_ptr(request->ranges), request->count * sizeof(*ranges)))
		goto out;
	error = check_ranges(ranges, request->count);
	for (i = 0; i < request->count && !error; i++)
		error = read_range(&ranges[i], &request->pages);
	request->ns = ktime_get_ns() - started;
out:
	kvfree(ranges);
	return error;
}
