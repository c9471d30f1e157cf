// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files that have lost their name. For the time of an update each gets one, out of sight, so that the other kernel
 * finds it on the disk; and there it is opened again as what it is: a file without one.
 */
#include <linux/dcache.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/namei.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "compat.h"
#include "nap.h"

#define FOLDER_MODE 0700

/* What a change of a name would leave behind on an inode. */
struct times {
	struct inode *inode;
	struct timespec64 modified, changed;
};

static struct times times_of(struct inode *inode)
{
	return (struct times){ inode, nap_modified(inode), nap_changed(inode) };
}

static void put_back(const struct times *times)
{
	nap_set_times(times->inode, times->modified, times->changed);
	mark_inode_dirty(times->inode);
}

/* The folder of names, which may not be there; of the root, which is locked. */
static struct dentry *find_folder(struct dentry *root)
{
	struct dentry *folder = lookup_one_len(NAP_NAMES_FOLDER, root, strlen(NAP_NAMES_FOLDER));

	if (!IS_ERR(folder) && d_is_positive(folder) && !d_is_dir(folder)) {
		dput(folder);
		return ERR_PTR(-ENOTDIR);
	}
	return folder;
}

static struct dentry *make_folder(struct dentry *root)
{
	struct inode *inode = d_inode(root);
	struct times times = times_of(inode);
	struct dentry *folder;
	int error;

	inode_lock_nested(inode, I_MUTEX_PARENT);
	folder = find_folder(root);
	if (!IS_ERR(folder) && d_is_negative(folder)) {
		error = inode->i_op->mkdir ? nap_mkdir(inode, folder, FOLDER_MODE) : -EPERM;
		put_back(&times);
		if (error) {
			dput(folder);
			folder = ERR_PTR(error);
		}
	}
	inode_unlock(inode);
	return folder;
}

static struct dentry *find_name(struct dentry *folder, u64 number)
{
	char name[24];

	snprintf(name, sizeof(name), "%llu", number);
	return lookup_one_len(name, folder, strlen(name));
}

/* Past vfs_link(), which refuses a file without a name, and tells those who watch. */
static int link_file(struct dentry *folder, struct dentry *name, struct file *file)
{
	struct inode *inode = file_inode(file);
	struct times times = times_of(inode);
	bool linkable;
	int error;

	if (d_is_positive(name))
		return -EEXIST;
	inode_lock(inode);
	spin_lock(&inode->i_lock);
	linkable = inode->i_state & I_LINKABLE;
	inode->i_state |= I_LINKABLE;
	spin_unlock(&inode->i_lock);
	error = d_inode(folder)->i_op->link(file->f_path.dentry, d_inode(folder), name);
	spin_lock(&inode->i_lock);
	if (!linkable)
		inode->i_state &= ~I_LINKABLE;
	spin_unlock(&inode->i_lock);
	if (!error)
		put_back(&times);
	inode_unlock(inode);
	return error;
}

static int give(struct dentry *root, const struct nap_name *request)
{
	struct dentry *folder, *name;
	struct file *file = fget_raw(request->file);
	int error = -EXDEV;

	if (!file)
		return -EBADF;
	if (!S_ISREG(file_inode(file)->i_mode) || file_inode(file)->i_sb != root->d_sb ||
	    file->f_path.dentry->d_sb != root->d_sb)
		goto out;
	folder = make_folder(root);
	error = PTR_ERR_OR_ZERO(folder);
	if (error)
		goto out;
	inode_lock_nested(d_inode(folder), I_MUTEX_PARENT);
	name = find_name(folder, request->number);
	error = PTR_ERR_OR_ZERO(name);
	if (!error) {
		error = d_inode(folder)->i_op->link ? link_file(folder, name, file) : -EPERM;
		dput(name);
	}
	inode_unlock(d_inode(folder));
	dput(folder);
out:
	fput(file);
	return error;
}

static int unlink_file(struct dentry *folder, struct dentry *name)
{
	struct inode *inode = d_inode(name);
	struct times times;
	int error;

	if (!inode)
		return -ENOENT;
	if (!S_ISREG(inode->i_mode))
		return -EINVAL;
	ihold(inode);
	times = times_of(inode);
	inode_lock(inode);
	error = d_inode(folder)->i_op->unlink(d_inode(folder), name);
	if (!error)
		put_back(&times);
	inode_unlock(inode);
	if (!error)
		d_delete(name);
	iput(inode);
	return error;
}

static int take(struct dentry *root, u64 number)
{
	struct dentry *folder, *name;
	int error;

	inode_lock_nested(d_inode(root), I_MUTEX_PARENT);
	folder = find_folder(root);
	inode_unlock(d_inode(root));
	if (IS_ERR(folder))
		return PTR_ERR(folder);
	if (d_is_negative(folder)) {
		dput(folder);
		return -ENOENT;
	}
	inode_lock_nested(d_inode(folder), I_MUTEX_PARENT);
	name = find_name(folder, number);
	error = PTR_ERR_OR_ZERO(name);
	if (!error) {
		error = unlink_file(folder, name);
		dput(name);
	}
	inode_unlock(d_inode(folder));
	dput(folder);
	return error;
}

/* Where it is not there, nothing is to be done. */
static int remove_folder(struct dentry *root)
{
	struct inode *inode = d_inode(root);
	struct times times = times_of(inode);
	struct dentry *folder;
	int error;

	inode_lock_nested(inode, I_MUTEX_PARENT);
	folder = find_folder(root);
	error = PTR_ERR_OR_ZERO(folder);
	if (!error && d_is_positive(folder)) {
		struct inode *gone = d_inode(folder);

		inode_lock(gone);
		shrink_dcache_parent(folder);
		error = inode->i_op->rmdir(inode, folder);
		if (!error)
			gone->i_flags |= S_DEAD;
		inode_unlock(gone);
		if (!error) {
			put_back(&times);
			d_delete(folder);
		}
	}
	if (!IS_ERR(folder))
		dput(folder);
	inode_unlock(inode);
	return error;
}

int nap_name(const struct nap_name *request)
{
	struct file *root = fget_raw(request->root);
	int error;

	if (!root)
		return -EBADF;
	error = -ENOTDIR;
	if (!d_is_dir(root->f_path.dentry))
		goto out;
	error = mnt_want_write(root->f_path.mnt);
	if (error)
		goto out;
	switch (request->operation) {
	case NAP_NAME_GIVE:
		error = give(root->f_path.dentry, request);
		break;
	case NAP_NAME_TAKE:
		error = take(root->f_path.dentry, request->number);
		break;
	case NAP_NAME_END:
		error = remove_folder(root->f_path.dentry);
		break;
	default:
		error = -EINVAL;
	}
	mnt_drop_write(root->f_path.mnt);
out:
	fput(root);
	return error;
}

/*
 * A name that was removed is an entry that no look-up finds; its parents, where they are gone, too, are part of it. So
 * nothing changes on the disk, nor is anybody in the way: a mount that is read-only, or a successor of the name.
 */
static int open_without_name(const struct file *folder, const struct file *file, char *name, int flags)
{
	struct inode *inode = file_inode(file);
	struct path path = { .mnt = folder->f_path.mnt };
	struct qstr text = QSTR_INIT(name, strlen(name));
	struct file *opened;
	int fd;

	if (!d_is_dir(folder->f_path.dentry) || d_is_dir(file->f_path.dentry) || inode->i_sb != path.mnt->mnt_sb ||
	    folder->f_path.dentry->d_sb != inode->i_sb)
		return -EXDEV;
	fd = get_unused_fd_flags(flags & O_CLOEXEC);
	if (fd < 0)
		return fd;
	path.dentry = d_alloc(folder->f_path.dentry, &text);
	if (!path.dentry) {
		put_unused_fd(fd);
		return -ENOMEM;
	}
	ihold(inode);
	d_instantiate(path.dentry, inode);
	opened = dentry_open(&path, flags & ~(O_CREAT | O_EXCL | O_TRUNC | O_DIRECTORY | __O_TMPFILE), current_cred());
	dput(path.dentry);
	if (IS_ERR(opened)) {
		put_unused_fd(fd);
		return PTR_ERR(opened);
	}
	fd_install(fd, opened);
	return fd;
}

long nap_nameless(const struct nap_nameless *request)
{
	struct file *folder, *file;
	char *name;
	long result = -EBADF;

	name = strndup_user(u64_to_user_ptr(request->name), PATH_MAX);
	if (IS_ERR(name))
		return PTR_ERR(name);
	folder = fget_raw(request->folder);
	file = fget_raw(request->file);
	if (folder && file)
		result = *name ? open_without_name(folder, file, name, request->flags) : -EINVAL;
	if (file)
		fput(file);
	if (folder)
		fput(folder);
	kfree(name);
	return result;
}
