// SPDX-License-Identifier: GPL-2.0-only
/*
 * Session key rings: a thread gets one by its own calls only, so each installs it itself, on its way to user mode.
 * And the serial number of a key, by which programs know it.
 */
#include <linux/cred.h>
#include <linux/key.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/task_work.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "nap.h"

#define MOST_THREADS (1U << 22)

struct change {
	struct callback_head work;
	struct key *ring;
};

static void install(struct callback_head *work)
{
	struct change *change = container_of(work, struct change, work);
	struct cred *cred = prepare_creds();

	if (cred) {
		key_put(cred->session_keyring);
		cred->session_keyring = change->ring;
		commit_creds(cred);
	} else {
		key_put(change->ring);
	}
	kfree(change);
}

static int give(struct task_struct *task, struct key *ring)
{
	struct change *change = kmalloc(sizeof(*change), NAP_GFP);
	int error;

	if (!change)
		return -ENOMEM;
	change->ring = key_get(ring);
	init_task_work(&change->work, install);
	error = nap_call(task_work_add)(task, &change->work, TWA_RESUME);
	if (error) {
		key_put(ring);
		kfree(change);
	}
	return error;
}

static int give_each(const s32 *tids, u32 count, struct pid_namespace *userland, struct key *ring)
{
	struct task_struct *task;
	int error = 0;
	u32 i;

	for (i = 0; i < count && !error; i++) {
		task = nap_thread_of(tids[i], userland);
		if (!task)
			return -ESRCH;
		error = give(task, ring);
		put_task_struct(task);
	}
	return error;
}

/* As the kernel's own tree has it: ascending by serial number. Where another key has that number, it keeps its own. */
static void renumber(struct key *key, s32 serial)
{
	struct rb_root *tree = (struct rb_root *)nap_symbol_address("key_serial_tree");
	spinlock_t *lock = (spinlock_t *)nap_symbol_address("key_serial_lock");
	struct rb_node **link, *parent = NULL;

	if (!tree || !lock || serial < 3)
		return;
	spin_lock(lock);
	for (link = &tree->rb_node; *link;) {
		struct key *other = rb_entry(*link, struct key, serial_node);

		if (serial == other->serial)
			goto taken;
		link = serial < other->serial ? &(*link)->rb_left : &(*link)->rb_right;
	}
	rb_erase(&key->serial_node, tree);
	key->serial = serial;
	for (link = &tree->rb_node; *link;) {
		parent = *link;
		link = serial < rb_entry(parent, struct key, serial_node)->serial ? &parent->rb_left : &parent->rb_right;
	}
	rb_link_node(&key->serial_node, parent, link);
	rb_insert_color(&key->serial_node, tree);
taken:
	spin_unlock(lock);
}

int nap_session_ring(const struct nap_session_ring *request)
{
	struct pid_namespace *userland;
	struct key *ring;
	s32 *tids;
	int error;

	if (request->init <= 0 || request->ring <= 0)
		return -EINVAL;
	if (request->count > MOST_THREADS)
		return -E2BIG;
	tids = vmemdup_user(u64_to_user_ptr(request->tids), request->count * sizeof(*tids));
	if (IS_ERR(tids))
		return PTR_ERR(tids);
	userland = nap_namespace_of(request->init);
	if (!userland) {
		error = -ESRCH;
		goto free;
	}
	ring = nap_call(key_lookup)(request->ring);
	if (IS_ERR(ring)) {
		error = PTR_ERR(ring);
		goto namespace;
	}
	renumber(ring, request->serial);
	error = give_each(tids, request->count, userland, ring);
	key_put(ring);
namespace:
	put_pid_ns(userland);
free:
	kvfree(tids);
	return error;
}
