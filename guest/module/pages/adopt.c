// SPDX-License-Identifier: GPL-2.0-only
/* One ADOPT call from request to report: hold, validate, link, map. */
#include <linux/ktime.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "compat.h"
#include "nap.h"

static uint fail_at_run;
module_param(fail_at_run, uint, 0600);
MODULE_PARM_DESC(fail_at_run, "for tests: the run, counted from 1, at which an adoption fails half-way (0: none)");

static u64 *clock_of(struct nap_adopt *report, const struct nap_run *run)
{
	if (run->flags & NAP_RUN_SPILLED)
		return &report->ns_spilled;
	return run->flags & NAP_RUN_HUGE ? &report->ns_huge : &report->ns_small;
}

static int map_target(struct nap_adoption *adoption, struct nap_target *target)
{
	struct nap_adopt *report = adoption->report;
	struct vm_area_struct *vma = NULL;
	u64 started = ktime_get_ns();
	u32 i;
	int error;

	for (i = 0; i < target->run_count; i++) {
		struct nap_run *run = &target->runs[i];
		bool last = i + 1 == target->run_count || clock_of(report, run) != clock_of(report, run + 1);

		error = ++adoption->runs == fail_at_run ? -EIO : nap_map_run(adoption, target, run, &vma);
		if (!error && last)
			error = nap_gather_flush(adoption);
		if (error) {
			report->error_run = i;
			return error;
		}
		/* Reading the clock for each run would cost as much as mapping a page. */
		if (last) {
			u64 now = ktime_get_ns();

			*clock_of(report, run) += now - started;
			started = now;
		}
	}
	return 0;
}

static int map_all(struct nap_adoption *adoption)
{
	u32 i;
	int error;

	for (i = 0; i < adoption->target_count; i++) {
		error = map_target(adoption, &adoption->targets[i]);
		if (error) {
			adoption->report->error_task = i;
			return error;
		}
	}
	return 0;
}

static int prepare(struct nap_adoption *adoption, struct nap_groups **groups)
{
	int error = nap_targets_get(adoption);

	if (!error)
		error = nap_validate(adoption);
	if (error)
		return error;
	if (adoption->sharing) {
		adoption->spilled = kvcalloc(adoption->identities - nap_frames() + 1, sizeof(*adoption->spilled), NAP_GFP);
		if (!adoption->spilled)
			return -ENOMEM;
	}
	*groups = nap_groups_find(adoption);
	return PTR_ERR_OR_ZERO(*groups);
}

int nap_adopt(struct nap_adopt *report)
{
	struct nap_adoption *adoption = kzalloc(sizeof(*adoption), GFP_KERNEL);
	struct nap_groups *groups = NULL;
	u64 started = ktime_get_ns();
	int error;

	if (!adoption)
		return -ENOMEM;
	adoption->report = report;
	error = prepare(adoption, &groups);
	report->ns_validate = ktime_get_ns() - started;
	if (!error) {
		report->changed = 1;
		nap_targets_take_exits(adoption);
		error = nap_groups_link(adoption, groups);
		if (!error)
			error = map_all(adoption);
	}
	nap_targets_put(adoption);
	nap_groups_free(groups);
	kvfree(adoption->spilled);
	kfree(adoption);
	report->ns_total = ktime_get_ns() - started;
	return error;
}
