// SPDX-License-Identifier: GPL-2.0-only
/* Messages that wait at unix sockets: who has sent them, from which address, and when. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/net.h>
#include <linux/pid.h>
#include <linux/skbuff.h>
#include <net/af_unix.h>
#include <net/sock.h>

#include "sockets.h"

static struct unix_address *address_of(const struct nap_socket_sent *request)
{
	struct unix_address *address;

	if (request->address_size == 0)
		return NULL;
	if (request->address_size <= sizeof(sa_family_t) || request->address_size > sizeof(request->address))
		return ERR_PTR(-EINVAL);
	address = kzalloc(sizeof(*address) + sizeof(request->address) + 1, GFP_KERNEL);
	if (!address)
		return ERR_PTR(-ENOMEM);
	refcount_set(&address->refcnt, 1);
	address->len = request->address_size;
	memcpy(address->name, request->address, request->address_size);
	return address;
}

/* The sender as if it had closed its socket since: messages keep its address. */
static struct socket *sender_with(const struct nap_socket_sent *request, struct sock *receiver)
{
	struct unix_address *address = address_of(request);
	struct socket *sender;
	int error;

	if (IS_ERR(address))
		return ERR_CAST(address);
	error = sock_create_kern(sock_net(receiver), AF_UNIX, receiver->sk_type, 0, &sender);
	if (error) {
		kfree(address);
		return ERR_PTR(error);
	}
	smp_store_release(&unix_sk(sender->sk)->addr, address);
	return sender;
}

static void change_sender(struct sk_buff *skb, struct sock *sender)
{
	struct sock *before = skb->sk;

	refcount_add(skb->truesize, &sender->sk_wmem_alloc);
	skb->sk = sender;
	/* Whoever sends has the socket open: this was not the last. */
	WARN_ON_ONCE(refcount_sub_and_test(skb->truesize, &before->sk_wmem_alloc));
}

static void change(struct sk_buff *skb, const struct nap_socket_sent *request, struct pid *pid, struct sock *sender)
{
	put_pid(UNIXCB(skb).pid);
	UNIXCB(skb).pid = get_pid(pid);
	if (request->flags & NAP_SENT_CREDENTIALS) {
		UNIXCB(skb).uid = make_kuid(current_user_ns(), request->uid);
		UNIXCB(skb).gid = make_kgid(current_user_ns(), request->gid);
	} else {
		UNIXCB(skb).uid = INVALID_UID;
		UNIXCB(skb).gid = INVALID_GID;
	}
	skb->tstamp = ns_to_ktime(request->timestamp);
	if (sender)
		change_sender(skb, sender);
}

/* The last message of a queue; of a stream, as many as hold the last bytes. */
static long change_last(struct sock *receiver, const struct nap_socket_sent *request, struct pid *pid,
			struct sock *sender)
{
	struct sk_buff_head *queue = &receiver->sk_receive_queue;
	u64 left = max(request->bytes, 1U);
	struct sk_buff *skb;

	spin_lock_irq(&queue->lock);
	skb_queue_reverse_walk(queue, skb) {
		change(skb, request, pid, sender);
		if (receiver->sk_type != SOCK_STREAM || skb->len >= left) {
			left = 0;
			break;
		}
		left -= skb->len;
	}
	spin_unlock_irq(&queue->lock);
	return left ? -ENODATA : 0;
}

static long sent(struct sock *sk, const struct nap_socket_sent *request)
{
	struct sock *receiver = unix_peer_get(sk);
	struct socket *sender = NULL;
	struct pid *pid;
	long result;

	if (!receiver)
		return -ENOTCONN;
	pid = nap_pid_of(request->flags & NAP_SENT_CREDENTIALS ? request->pid : 0);
	if (IS_ERR(pid)) {
		result = PTR_ERR(pid);
		goto put;
	}
	if (request->flags & NAP_SENT_ADDRESS) {
		sender = sender_with(request, receiver);
		if (IS_ERR(sender)) {
			result = PTR_ERR(sender);
			put_pid(pid);
			goto put;
		}
	}
	result = change_last(receiver, request, pid, sender ? sender->sk : NULL);
	put_pid(pid);
	if (sender)
		sock_release(sender);
put:
	sock_put(receiver);
	return result;
}

long nap_socket_sent(struct socket *socket, const void *request)
{
	return socket->sk->sk_family == AF_UNIX ? sent(socket->sk, request) : -EOPNOTSUPP;
}
