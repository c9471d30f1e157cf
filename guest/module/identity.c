// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the machine's programs know their machine by: the boot ID, and a root control group that looks like one. That
 * it is below another shows by its file cgroup.type alone, by which systemd takes a machine for a container.
 */
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kernfs.h>
#include <linux/magic.h>
#include <linux/string.h>
#include <linux/stat.h>
#include <linux/uuid.h>

#include "compat.h"
#include "nap.h"

int nap_set_boot_id(const struct nap_boot_id *request)
{
	u8 *id = (u8 *)nap_symbol_address("sysctl_bootid");

	if (!id)
		return -ENOENT;
	BUILD_BUG_ON(sizeof(request->id) != UUID_SIZE);
	memcpy(id, request->id, UUID_SIZE);
	return 0;
}

int nap_root_group(int group)
{
	struct file *file = fget(group);
	struct inode *inode;
	int error = -EINVAL;

	if (!file)
		return -EBADF;
	inode = file_inode(file);
	if (inode->i_sb->s_magic == CGROUP2_SUPER_MAGIC && S_ISDIR(inode->i_mode))
		error = nap_call(kernfs_remove_by_name_ns)(inode->i_private, "cgroup.type", NULL);
	fput(file);
	return error;
}
