// SPDX-License-Identifier: GPL-2.0-only
/* What a socket is about to tell: errors that nobody has asked for yet, numbers of notices, how its connection ended. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/net.h>
#include <linux/skbuff.h>
#include <net/ipv6.h>
#include <net/sock.h>
#include <net/tcp.h>

#include "sockets.h"

/* What has come since the socket was recreated. */
static long empty(struct sock *sk)
{
	if (sk->sk_family != AF_PACKET && sk->sk_family != AF_NETLINK && sk->sk_type != SOCK_RAW)
		return -EOPNOTSUPP;
	skb_queue_purge(&sk->sk_receive_queue);
	return 0;
}

/* CRIU ends every connection by a FIN, which counts as a byte that was received; this one has had none, or one. */
static void set_done(struct sock *sk, bool done)
{
	struct tcp_sock *tp = tcp_sk(sk);
	bool was = sock_flag(sk, SOCK_DONE);

	if (was != done && tp->rcv_nxt != tp->copied_seq)
		WRITE_ONCE(tp->rcv_nxt, done ? tp->rcv_nxt + 1 : tp->rcv_nxt - 1);
	/* Nor has it been acknowledged */
	if (after(tp->rcv_wup, tp->rcv_nxt))
		tp->rcv_wup = tp->rcv_nxt;
	if (after(tp->snd_wl1, tp->rcv_nxt))
		tp->snd_wl1 = tp->rcv_nxt;
	sock_valbool_flag(sk, SOCK_DONE, done);
}

static long set_closed(struct socket *socket, const struct nap_socket_state *request)
{
	struct sock *sk = socket->sk;

	if (sk->sk_type != SOCK_STREAM || sk->sk_protocol != IPPROTO_TCP || sk->sk_state != TCP_CLOSE)
		return -EINVAL;
	if (request->connecting < SS_UNCONNECTED || request->connecting > SS_DISCONNECTING ||
	    request->shutdown & ~SHUTDOWN_MASK)
		return -EINVAL;
	WRITE_ONCE(sk->sk_shutdown, request->shutdown);
	set_done(sk, request->done);
	socket->state = request->connecting;
	return 0;
}

static void set_keys(struct sock *sk, const struct nap_socket_state *request)
{
	atomic_set(&sk->sk_tskey, request->timestamp_key);
	atomic_set(&sk->sk_zckey, request->zero_copy_key);
	atomic_set(&sk->sk_drops, request->drops);
}

static void set_errors(struct sock *sk, const struct nap_socket_state *request)
{
	bool signals = sock_flag(sk, SOCK_FASYNC);

	WRITE_ONCE(sk->sk_err, request->error);
	WRITE_ONCE(sk->sk_err_soft, request->soft_error);
	if (!request->error)
		return;
	sock_reset_flag(sk, SOCK_FASYNC);
	sk_error_report(sk);
	sock_valbool_flag(sk, SOCK_FASYNC, signals);
}

long nap_socket_state(struct socket *socket, const void *argument)
{
	const struct nap_socket_state *request = argument;
	long result = 0;

	if (request->error < 0 || request->error > MAX_ERRNO || request->soft_error < 0 ||
	    request->soft_error > MAX_ERRNO)
		return -EINVAL;
	if (request->flags & NAP_SOCKET_EMPTY)
		result = empty(socket->sk);
	if (!result && request->flags & NAP_SOCKET_CLOSED)
		result = set_closed(socket, request);
	if (result)
		return result;
	set_keys(socket->sk, request);
	if (request->flow_label && socket->sk->sk_family == AF_INET6)
		WRITE_ONCE(inet6_sk(socket->sk)->flow_label, request->flow_label & IPV6_FLOWINFO_MASK);
	set_errors(socket->sk, request);
	return 0;
}
