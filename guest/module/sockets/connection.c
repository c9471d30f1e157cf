// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections that a listener has not accepted: the agent makes each anew by sending its listener the packets that
 * its peer once sent. What our side had said then is put right here, before the peer's next packet: our sequence
 * number, our timestamps, the scale of our window.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/inet.h>
#include <linux/ktime.h>
#include <net/inet_connection_sock.h>
#include <net/inet_hashtables.h>
#include <net/inet6_hashtables.h>
#include <net/net_namespace.h>
#include <net/request_sock.h>
#include <net/tcp.h>

#include "compat.h"
#include "nap.h"
#include "nap_connection_uapi.h"

/* A socket of any kind, with a reference; NULL: there is none. */
static struct sock *find(struct net *net, const struct nap_connection *connection)
{
	struct inet_hashinfo *tables = net->ipv4.tcp_death_row.hashinfo;
	const struct in6_addr *local = (const struct in6_addr *)connection->local;
	const struct in6_addr *remote = (const struct in6_addr *)connection->remote;
	__be16 remote_port = htons(connection->remote_port);
	int device = connection->device ?: LOOPBACK_IFINDEX;

	if (ipv6_addr_v4mapped(remote))
		return __inet_lookup_established(net, tables, remote->s6_addr32[3], remote_port, local->s6_addr32[3],
						 connection->local_port, device, 0);
#if IS_ENABLED(CONFIG_IPV6)
	return __inet6_lookup_established(net, tables, remote, remote_port, local, connection->local_port,
					  device, 0);
#else
	return NULL;
#endif
}

/* Half open, and nobody but us speaks to it: the network is locked. */
static int amend(struct sock *sock, const struct nap_connection *connection)
{
	struct request_sock *request = inet_reqsk(sock);

	if (sock->sk_state != TCP_NEW_SYN_RECV || connection->receive_scale > TCP_MAX_WSCALE ||
	    connection->timeouts > 127)
		return -EINVAL;
	tcp_rsk(request)->snt_isn = connection->send_initial;
	tcp_rsk(request)->ts_off = connection->timestamp - (u32)ktime_to_ms(ktime_get());
	inet_rsk(request)->rcv_wscale = connection->receive_scale;
	inet_rsk(request)->acked = !!connection->acknowledged;
	/* Its listener counts those that have not timed out yet. */
	if (!request->num_timeout && connection->timeouts)
		atomic_dec(&inet_csk(request->rsk_listener)->icsk_accept_queue.young);
	if (connection->timeouts)
		request->num_timeout = connection->timeouts;
	return 0;
}

static int tell(struct sock *sock, struct nap_connection *connection)
{
	connection->state = sock->sk_state;
	if (sk_fullsock(sock))
		connection->receive_next = READ_ONCE(tcp_sk(sock)->rcv_nxt);
	return 0;
}

int nap_connection(struct nap_connection *connection)
{
	struct net *net = get_net_ns_by_fd(connection->network);
	struct sock *sock;
	int error = -ENOENT;

	if (IS_ERR(net))
		return PTR_ERR(net);
	local_bh_disable();
	sock = find(net, connection);
	if (sock) {
		error = connection->amend ? amend(sock, connection) : tell(sock, connection);
		sock_gen_put(sock);
	}
	local_bh_enable();
	put_net(net);
	return error;
}
