// SPDX-License-Identifier: GPL-2.0-only
/*
 * What of a socket no call of the kernel sets: whose its peer is, what waits in its queues, and what else it is
 * about to say; through a descriptor that CRIU's tasks have while they recreate sockets, inside of the machine's PID namespace.
 * By the same one files are opened that have no name any more (nameless.c).
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/anon_inodes.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/net.h>
#include <linux/pid_namespace.h>
#include <linux/uaccess.h>
#include <net/af_unix.h>
#include <net/sock.h>

#include "nap.h"
#include "sockets.h"

static bool open;	/* until the tasks run */

/* A process that has ended: it has its number in the namespace still, and cannot be found by it. */
static struct pid *pid_of_dead(pid_t number)
{
	struct pid_namespace *ns = task_active_pid_ns(current), *upper = ns;
	struct pid *pid = kmem_cache_zalloc(ns->pid_cachep, GFP_KERNEL);
	int i;

	if (!pid)
		return NULL;
	refcount_set(&pid->count, 1);
	pid->level = ns->level;
	spin_lock_init(&pid->lock);
	for (i = 0; i < PIDTYPE_MAX; i++)
		INIT_HLIST_HEAD(&pid->tasks[i]);
	init_waitqueue_head(&pid->wait_pidfd);
	for (i = ns->level; i >= 0; i--, upper = upper->parent)
		pid->numbers[i].ns = upper;
	pid->numbers[ns->level].nr = number;
	get_pid_ns(ns);
	return pid;
}

/* With a reference; NULL where number is 0. */
struct pid *nap_pid_of(pid_t number)
{
	struct pid *pid;

	if (number == 0)
		return NULL;
	if (number < 0)
		return ERR_PTR(-EINVAL);
	pid = find_get_pid(number);
	if (!pid)
		pid = pid_of_dead(number);
	return pid ?: ERR_PTR(-ENOMEM);
}

static struct group_info *groups_of(const struct nap_socket_peer *request)
{
	struct group_info *groups;
	u32 i, number;

	if (request->group_count > NGROUPS_MAX)
		return ERR_PTR(-EINVAL);
	groups = groups_alloc(request->group_count);
	if (!groups)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < request->group_count; i++) {
		if (get_user(number, (u32 __user *)u64_to_user_ptr(request->groups) + i)) {
			put_group_info(groups);
			return ERR_PTR(-EFAULT);
		}
		groups->gid[i] = make_kgid(current_user_ns(), number);
	}
	return groups;
}

static struct cred *credentials_of(const struct nap_socket_peer *request)
{
	struct group_info *groups = groups_of(request);
	struct cred *cred;

	if (IS_ERR(groups))
		return ERR_CAST(groups);
	cred = prepare_creds();
	if (!cred) {
		put_group_info(groups);
		return ERR_PTR(-ENOMEM);
	}
	cred->uid = cred->suid = cred->euid = cred->fsuid = make_kuid(current_user_ns(), request->uid);
	cred->gid = cred->sgid = cred->egid = cred->fsgid = make_kgid(current_user_ns(), request->gid);
	set_groups(cred, groups);
	put_group_info(groups);
	return cred;
}

/* As the kernel does at listen(2), connect(2), socketpair(2). */
static long set_peer(struct sock *sk, const struct nap_socket_peer *request)
{
	const struct cred *cred = credentials_of(request), *old_cred;
	struct pid *pid, *old_pid;

	if (IS_ERR(cred))
		return PTR_ERR(cred);
	pid = nap_pid_of(request->pid);
	if (IS_ERR(pid)) {
		put_cred(cred);
		return PTR_ERR(pid);
	}
	spin_lock(&sk->sk_peer_lock);
	old_pid = sk->sk_peer_pid;
	old_cred = sk->sk_peer_cred;
	sk->sk_peer_pid = pid;
	sk->sk_peer_cred = cred;
	spin_unlock(&sk->sk_peer_lock);
	put_pid(old_pid);
	put_cred(old_cred);
	return 0;
}

static long set_peer_of(struct sock *sk, const struct nap_socket_peer *request)
{
	struct sock *other;
	long result;

	if (!(request->flags & NAP_PEER_OTHER))
		return set_peer(sk, request);
	other = unix_peer_get(sk);
	if (!other)
		return -ENOTCONN;
	result = set_peer(other, request);
	sock_put(other);
	return result;
}

static long peer(struct socket *socket, const void *request)
{
	return socket->sk->sk_family == AF_UNIX ? set_peer_of(socket->sk, request) : -EOPNOTSUPP;
}

static const struct socket_call {
	unsigned int command;
	size_t fd;
	long (*call)(struct socket *socket, const void *request);
} calls[] = {
	{ NAP_SOCKET_PEER, offsetof(struct nap_socket_peer, fd), peer },
	{ NAP_SOCKET_SENT, offsetof(struct nap_socket_sent, fd), nap_socket_sent },
	{ NAP_SOCKET_BUFFER, offsetof(struct nap_socket_buffer, fd), nap_socket_buffer },
	{ NAP_SOCKET_STATE, offsetof(struct nap_socket_state, fd), nap_socket_state },
};

static long call_socket(const struct socket_call *call, void __user *argument)
{
	struct socket *socket;
	void *request;
	long result;
	int error;

	request = memdup_user(argument, _IOC_SIZE(call->command));
	if (IS_ERR(request))
		return PTR_ERR(request);
	socket = sockfd_lookup(*(int *)(request + call->fd), &error);
	if (socket) {
		result = call->call(socket, request);
		sockfd_put(socket);
	} else {
		result = error;
	}
	kfree(request);
	return result;
}

static long nameless(const struct nap_nameless __user *argument)
{
	struct nap_nameless request;

	return copy_from_user(&request, argument, sizeof(request)) ? -EFAULT : nap_nameless(&request);
}

static long sockets_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	int i;

	if (!capable(CAP_SYS_ADMIN) || !READ_ONCE(open))
		return -EPERM;
	if (command == NAP_FILE_NAMELESS)
		return nameless((void __user *)argument);
	for (i = 0; i < ARRAY_SIZE(calls); i++)
		if (calls[i].command == command)
			return call_socket(&calls[i], (void __user *)argument);
	return -ENOTTY;
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = sockets_ioctl,
	.llseek = noop_llseek,
};

int nap_sockets_open(void)
{
	WRITE_ONCE(open, true);
	return anon_inode_getfd("[nap-sockets]", &operations, NULL, O_RDWR | O_CLOEXEC);
}

void nap_sockets_close(void)
{
	WRITE_ONCE(open, false);
}
