// SPDX-License-Identifier: GPL-2.0-only
/* What an open file remembers of how it was opened, and no call sets afterwards. */
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>

#include "compat.h"
#include "nap.h"

#define SETTABLE ((unsigned int)(O_LARGEFILE | O_DIRECTORY | __O_TMPFILE))

int nap_file(const struct nap_file *request)
{
	struct file *file;
	struct inode *inode;

	if (request->flags & ~SETTABLE || request->linkable > 1)
		return -EINVAL;
	file = fget_raw(request->fd);
	if (!file)
		return -EBADF;

	spin_lock(&file->f_lock);
	file->f_flags = (file->f_flags & ~SETTABLE) | request->flags;
	spin_unlock(&file->f_lock);

	/* As of a file that O_TMPFILE has made: linkat(2) gives it a name. */
	inode = file_inode(file);
	if (request->linkable && S_ISREG(inode->i_mode)) {
		spin_lock(&inode->i_lock);
		inode->i_state |= I_LINKABLE;
		spin_unlock(&inode->i_lock);
	}
	fput(file);
	return 0;
}
