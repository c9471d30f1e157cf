// SPDX-License-Identifier: GPL-2.0-only
/*
 * What waits at internet, packet and netlink sockets, received or as a notice of an error: put into the queue as it
 * came in.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/if_vlan.h>
#include <linux/net.h>
#include <linux/netlink.h>
#include <linux/skbuff.h>
#include <linux/uaccess.h>
#include <net/sock.h>
#include <net/udp.h>

#include "sockets.h"

#define MOST_HEADROOM 1024
#define MOST_BYTES (512 << 10)

static bool well_formed(const struct nap_socket_buffer *request)
{
	const s32 headers[] = { request->mac, request->network, request->transport };
	int i;

	for (i = 0; i < ARRAY_SIZE(headers); i++)
		if (headers[i] != NAP_NO_HEADER &&
		    (headers[i] < -(s32)request->headroom || headers[i] > (s32)request->size))
			return false;
	return request->headroom <= MOST_HEADROOM && request->size <= MOST_BYTES &&
	       request->linear <= min_t(u32, request->size, NAP_LINEAR) && request->packet_type < 8 &&
	       request->checksum < 4;
}

static int copy_bytes(struct sk_buff *skb, const struct nap_socket_buffer *request)
{
	void __user *data = u64_to_user_ptr(request->data);
	struct iovec vector = { data + request->headroom, request->size };
	struct iov_iter from;

	if (copy_from_user(skb->data - request->headroom, data, request->headroom))
		return -EFAULT;
	iov_iter_init(&from, WRITE, &vector, 1, request->size);
	return skb_copy_datagram_from_iter(skb, 0, &from, request->size) ? -EFAULT : 0;
}

static void set_headers(struct sk_buff *skb, const struct nap_socket_buffer *request)
{
	if (request->mac != NAP_NO_HEADER)
		skb_set_mac_header(skb, request->mac);
	if (request->network != NAP_NO_HEADER)
		skb_set_network_header(skb, request->network);
	if (request->transport != NAP_NO_HEADER)
		skb_set_transport_header(skb, request->transport);
	skb->protocol = request->protocol;
	skb->pkt_type = request->packet_type;
}

/* A sum that is still to be made is told to packet sockets only: the others' was checked, or needs not be. */
static void set_checksum(struct sk_buff *skb, const struct nap_socket_buffer *request, bool packet)
{
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	if (!packet)
		return;
	if (request->checksum == CHECKSUM_NONE || request->checksum == CHECKSUM_PARTIAL)
		skb->ip_summed = request->checksum;
	skb->csum_start = skb_headroom(skb) + request->checksum_start;
	skb->csum_offset = request->checksum_offset;
}

static void set_notes(struct sk_buff *skb, const struct nap_socket_buffer *request)
{
	skb->skb_iif = request->interface;
	skb->mark = request->mark;
	skb->priority = request->priority;
	skb->tstamp = ns_to_ktime(request->timestamp);
	skb_hwtstamps(skb)->hwtstamp = ns_to_ktime(request->hardware_timestamp);
	if (request->segment) {
		skb_shinfo(skb)->gso_size = request->segment;
		skb_shinfo(skb)->gso_type = request->segment_type;
	}
	if (request->vlan_protocol)
		__vlan_hwaccel_put_tag(skb, request->vlan_protocol, request->vlan);
	memcpy(skb->cb, request->control, sizeof(skb->cb));
}

static struct sk_buff *buffer(const struct nap_socket_buffer *request, bool packet)
{
	u32 apart = request->size - request->linear;
	struct sk_buff *skb;
	int error;

	skb = alloc_skb_with_frags(request->headroom + request->linear, apart, PAGE_ALLOC_COSTLY_ORDER, &error,
				   GFP_KERNEL);
	if (!skb)
		return ERR_PTR(error);
	skb_reserve(skb, request->headroom);
	skb_put(skb, request->linear);
	skb->data_len = apart;
	skb->len += apart;
	error = copy_bytes(skb, request);
	if (error) {
		kfree_skb(skb);
		return ERR_PTR(error);
	}
	set_headers(skb, request);
	set_checksum(skb, request, packet);
	set_notes(skb, request);
	return skb;
}

static int queue_datagram(struct sock *sk, struct sk_buff *skb)
{
	int error;

	local_bh_disable();
	error = __udp_enqueue_schedule_skb(sk, skb);
	local_bh_enable();
	return error;
}

static int queue_message(struct sock *sk, struct sk_buff *skb)
{
	u32 drops = SOCK_SKB_CB(skb)->dropcount;
	int error = __sock_queue_rcv_skb(sk, skb);

	if (!error)	/* as it was when it came */
		SOCK_SKB_CB(skb)->dropcount = drops;
	return error;
}

static int queue(struct sock *sk, struct sk_buff *skb, bool errors)
{
	if (errors)
		return sk->sk_family == AF_UNIX ? -EOPNOTSUPP : sock_queue_err_skb(sk, skb);
	switch (sk->sk_family) {
	case AF_NETLINK:
		NETLINK_CB(skb).sk = NULL;
		return queue_message(sk, skb);
	case AF_PACKET:
		return queue_message(sk, skb);
	case AF_INET:
	case AF_INET6:
		if (sk->sk_type == SOCK_RAW)
			return queue_message(sk, skb);
		if (sk->sk_type == SOCK_DGRAM && sk->sk_prot->memory_allocated)
			return queue_datagram(sk, skb);
		return -EOPNOTSUPP;
	default:
		return -EOPNOTSUPP;
	}
}

long nap_socket_buffer(struct socket *socket, const void *argument)
{
	const struct nap_socket_buffer *request = argument;
	struct sock *sk = socket->sk;
	bool signals = sock_flag(sk, SOCK_FASYNC);
	int room = READ_ONCE(sk->sk_rcvbuf), error;
	struct sk_buff *skb;

	if (!well_formed(request))
		return -EINVAL;
	skb = buffer(request, sk->sk_family == AF_PACKET);
	if (IS_ERR(skb))
		return PTR_ERR(skb);
	/* It had room; and who wants a signal has got one when it came. */
	WRITE_ONCE(sk->sk_rcvbuf, INT_MAX);
	sock_reset_flag(sk, SOCK_FASYNC);
	error = queue(sk, skb, request->errors);
	sock_valbool_flag(sk, SOCK_FASYNC, signals);
	WRITE_ONCE(sk->sk_rcvbuf, room);
	if (error)
		kfree_skb(skb);
	return error;
}
