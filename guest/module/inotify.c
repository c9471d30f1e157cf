// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an inotify descriptor holds unread. The kernel lets nobody put events into its queue: those of the older kernel
 * replace the ones that recreating the processes has caused.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/fsnotify_backend.h>
#include <linux/inotify.h>
#include <linux/magic.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "nap.h"

#define MOST_BYTES (64U << 20)

/* fs/notify/inotify/inotify.h; the same from 6.1 on */
struct inotify_event_info {
	struct fsnotify_event fse;
	u32 mask;
	int wd;
	u32 sync_cookie;
	int name_len;
	char name[];
};

struct inotify_inode_mark {
	struct fsnotify_mark fsn_mark;
	int wd;
};

static bool is_inotify(const struct file *file)
{
	const struct dentry *dentry = file->f_path.dentry;

	return dentry->d_sb->s_magic == ANON_INODE_FS_MAGIC && !strcmp(dentry->d_name.name, "inotify") &&
	       file->private_data;
}

static void free_events(struct list_head *events)
{
	struct fsnotify_event *event, *next;

	list_for_each_entry_safe(event, next, events, list) {
		list_del_init(&event->list);
		kfree(container_of(event, struct inotify_event_info, fse));
	}
}

/* One event out of the request; NULL: the queue overflowed here. */
static struct inotify_event_info *make_event(const struct inotify_event *told, const char *name)
{
	struct inotify_event_info *event = kmalloc(struct_size(event, name, told->len + 1), GFP_KERNEL);

	if (!event)
		return ERR_PTR(-ENOMEM);
	fsnotify_init_event(&event->fse);
	event->mask = told->mask;
	event->wd = told->wd;
	event->sync_cookie = told->cookie;
	event->name_len = told->len;
	memcpy(event->name, name, told->len);
	event->name[told->len] = 0;
	return event;
}

/* The overflow's own event cannot be on a list of ours yet: it counts, and its place is noted. */
static int make_events(const char *bytes, u64 size, struct list_head *events, u32 *count,
		       struct list_head **overflow_after)
{
	u64 at = 0;

	while (at < size) {
		struct inotify_event told;
		struct inotify_event_info *event;

		if (size - at < sizeof(told))
			return -EINVAL;
		memcpy(&told, bytes + at, sizeof(told));
		at += sizeof(told);
		if (told.len > NAME_MAX || told.len > size - at)
			return -EINVAL;
		(*count)++;
		if (told.mask & FS_Q_OVERFLOW) {
			*overflow_after = events->prev;
			continue;
		}
		event = make_event(&told, bytes + at);
		if (IS_ERR(event))
			return PTR_ERR(event);
		list_add_tail(&event->fse.list, events);
		at += told.len;
	}
	return 0;
}

static void replace_events(struct fsnotify_group *group, struct list_head *events, u32 count,
			   struct list_head *overflow_after)
{
	LIST_HEAD(before);

	spin_lock(&group->notification_lock);
	list_del_init(&group->overflow_event->list);
	list_splice_init(&group->notification_list, &before);
	if (overflow_after)
		list_add(&group->overflow_event->list, overflow_after);
	list_splice_init(events, &group->notification_list);
	group->q_len = count;
	spin_unlock(&group->notification_lock);

	free_events(&before);
	if (count)
		wake_up(&group->notification_waitq);
}

static void set_watches(struct fsnotify_group *group, const struct nap_inotify *request, const s32 *once)
{
	struct inotify_group_private_data *data = &group->inotify_data;
	u32 i;

	spin_lock(&data->idr_lock);
	idr_set_cursor(&data->idr, request->next_watch);
	for (i = 0; i < request->once_count; i++) {
		struct inotify_inode_mark *mark = idr_find(&data->idr, once[i]);

		if (mark)
			mark->fsn_mark.flags |= FSNOTIFY_MARK_FLAG_IN_ONESHOT;
	}
	spin_unlock(&data->idr_lock);
}

static int put_back(struct fsnotify_group *group, const struct nap_inotify *request)
{
	struct list_head *overflow_after = NULL;
	void *bytes, *once;
	LIST_HEAD(events);
	u32 count = 0;
	int error = 0;

	if (request->size > MOST_BYTES || request->once_count > MOST_BYTES / sizeof(s32))
		return -E2BIG;
	bytes = vmemdup_user(u64_to_user_ptr(request->events), request->size);
	if (IS_ERR(bytes))
		return PTR_ERR(bytes);
	once = vmemdup_user(u64_to_user_ptr(request->once), request->once_count * sizeof(s32));
	if (IS_ERR(once)) {
		kvfree(bytes);
		return PTR_ERR(once);
	}

	error = make_events(bytes, request->size, &events, &count, &overflow_after);
	if (!error) {
		group->max_events = request->max_events;
		set_watches(group, request, once);
		replace_events(group, &events, count, overflow_after);
	}
	free_events(&events);
	kvfree(once);
	kvfree(bytes);
	return error;
}

int nap_inotify(const struct nap_inotify *request)
{
	struct file *file = fget(request->fd);
	int error;

	if (!file)
		return -EBADF;
	error = is_inotify(file) ? put_back(file->private_data, request) : -EINVAL;
	fput(file);
	return error;
}
