// SPDX-License-Identifier: GPL-2.0-only
/*
 * What System V IPC objects remember of their use: process ids, times, creators. Their structs are private to the
 * kernel's ipc/: as they are there in 6.1 to 6.12. Each is touched only where its times are those that IPC_STAT
 * shows, in the place where they are sought.
 */
#include <linux/ipc.h>
#include <linux/ipc_namespace.h>
#include <linux/nsproxy.h>
#include <linux/pid.h>
#include <linux/pid_namespace.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "nap.h"

#define MOST_OBJECTS (1U << 20)
#define INDEX_BITS 15	/* of an id; the rest is its sequence number */

enum { SEM_IDS, MSG_IDS, SHM_IDS, ALL_IDS };

struct shm_segment {
	struct kern_ipc_perm perm;
	struct file *file;
	unsigned long attached;
	unsigned long size;
	time64_t times[3];	/* attached, detached, changed */
	struct pid *pids[2];	/* creator, last */
};

struct queue {
	struct kern_ipc_perm perm;
	time64_t times[3];	/* sent, received, changed */
	unsigned long bytes, messages, most_bytes;
	struct pid *pids[2];	/* sender, receiver */
};

struct semaphore_of_set {
	int value;
	struct pid *pid;
	spinlock_t lock;
	struct list_head pending_alter, pending_const;
	time64_t time;		/* of the last operation */
} ____cacheline_aligned_in_smp;

struct semaphore_set {
	struct kern_ipc_perm perm;
	time64_t changed;
	struct list_head pending_alter, pending_const, undo;
	int count;
	int complex_count;
	unsigned int use_global_lock;
	struct semaphore_of_set semaphores[];
};

static int set_pid(struct pid **at, pid_t number, struct pid_namespace *pids)
{
	struct pid *pid = number ? get_pid(find_pid_ns(number, pids)) : NULL;

	if (number && !pid)
		return -ESRCH;
	swap(*at, pid);
	put_pid(pid);
	return 0;
}

static int set_used(struct pid **used_by, time64_t *times, const struct nap_ipc_object *object,
		    struct pid_namespace *pids)
{
	int error;

	if (memcmp(times, object->seen, sizeof(object->seen)))
		return -EINVAL;
	error = set_pid(&used_by[0], object->pids[0], pids);
	if (!error)
		error = set_pid(&used_by[1], object->pids[1], pids);
	if (!error)
		memcpy(times, object->times, sizeof(object->times));
	return error;
}

static int set_semaphores(struct semaphore_set *set, const struct nap_ipc_object *object)
{
	time64_t last = 0;
	int i;

	if (set->changed != object->seen[1] || set->count <= 0)
		return -EINVAL;
	for (i = 0; i < set->count; i++)
		last = max(last, set->semaphores[i].time);
	if (last != object->seen[0])
		return -EINVAL;
	for (i = 0; i < set->count; i++)
		set->semaphores[i].time = object->times[0];
	set->changed = object->times[1];
	return 0;
}

static int set_semaphore(struct semaphore_set *set, const struct nap_ipc_object *object, struct pid_namespace *pids)
{
	if (set->changed != object->seen[1] || object->index >= set->count)
		return -EINVAL;
	return set_pid(&set->semaphores[object->index].pid, object->pids[0], pids);
}

static int set_found(struct kern_ipc_perm *perm, const struct nap_ipc_object *object, struct pid_namespace *pids)
{
	struct shm_segment *segment = container_of(perm, struct shm_segment, perm);
	struct queue *queue = container_of(perm, struct queue, perm);
	struct semaphore_set *set = container_of(perm, struct semaphore_set, perm);
	int error;

	switch (object->kind) {
	case NAP_IPC_SHM:
		error = set_used(segment->pids, segment->times, object, pids);
		break;
	case NAP_IPC_QUEUE:
		error = set_used(queue->pids, queue->times, object, pids);
		break;
	case NAP_IPC_SET:
		error = set_semaphores(set, object);
		break;
	default:
		return set_semaphore(set, object, pids);
	}
	if (!error) {
		perm->cuid = KUIDT_INIT(object->cuid);
		perm->cgid = KGIDT_INIT(object->cgid);
	}
	return error;
}

static int set_counter(struct ipc_namespace *ns, const struct nap_ipc_object *object)
{
	if (object->id < 0 || object->id >= ALL_IDS)
		return -EINVAL;
	ns->ids[object->id].seq = object->times[0];
	ns->ids[object->id].last_idx = object->times[1];
	return 0;
}

static int set_object(struct ipc_namespace *ns, struct pid_namespace *pids, const struct nap_ipc_object *object)
{
	static const int kinds[] = {
		[NAP_IPC_SHM] = SHM_IDS,
		[NAP_IPC_QUEUE] = MSG_IDS,
		[NAP_IPC_SET] = SEM_IDS,
		[NAP_IPC_SEMAPHORE] = SEM_IDS,
	};
	struct kern_ipc_perm *perm;
	int error = -EINVAL;

	if (object->kind == NAP_IPC_COUNTER)
		return set_counter(ns, object);
	if (object->kind < NAP_IPC_SHM || object->kind > NAP_IPC_SEMAPHORE)
		return -EINVAL;
	rcu_read_lock();
	perm = idr_find(&ns->ids[kinds[object->kind]].ipcs_idr, object->id & (BIT(INDEX_BITS) - 1));
	if (perm) {
		spin_lock(&perm->lock);
		if (!perm->deleted && perm->id == object->id)
			error = set_found(perm, object, pids);
		spin_unlock(&perm->lock);
	}
	rcu_read_unlock();
	return error;
}

static int set_objects(struct nap_ipc *request, const struct nap_ipc_object *objects)
{
	struct task_struct *task;
	struct pid *pid = find_get_pid(request->pid);
	int error = -ESRCH;

	task = get_pid_task(pid, PIDTYPE_PID);
	put_pid(pid);
	if (!task)
		return -ESRCH;
	task_lock(task);	/* its namespaces stay */
	if (task->nsproxy)
		for (error = 0; request->error_object < request->count; request->error_object++) {
			error = set_object(task->nsproxy->ipc_ns, task_active_pid_ns(task),
					   &objects[request->error_object]);
			if (error)
				break;
		}
	task_unlock(task);
	put_task_struct(task);
	return error;
}

int nap_ipc(struct nap_ipc *request)
{
	struct nap_ipc_object *objects;
	int error;

	request->error_object = 0;
	if (request->count > MOST_OBJECTS)
		return -E2BIG;
	objects = kvmalloc_array(request->count, sizeof(*objects), NAP_GFP);
	if (!objects)
		return -ENOMEM;
	if (copy_from_user(objects, u64_to_user_ptr(request->objects), array_size(request->count, sizeof(*objects))))
		error = -EFAULT;
	else
		error = set_objects(request, objects);
	kvfree(objects);
	return error;
}
