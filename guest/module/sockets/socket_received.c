// SPDX-License-Identifier: GPL-2.0-only
/* Datagrams that wait at UDP sockets: put into the queue as they came in, past routing, filters and checksums. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/net.h>
#include <linux/skbuff.h>
#include <linux/uaccess.h>
#include <linux/udp.h>
#include <net/ip.h>
#include <net/ipv6.h>
#include <net/sock.h>
#include <net/udp.h>

#include "sockets.h"

#define NAP_HEADERS (sizeof(struct ipv6hdr) + sizeof(struct udphdr))

static void put_ipv4(struct sk_buff *skb, const struct nap_socket_received *request)
{
	struct iphdr *header = ip_hdr(skb);

	header->version = 4;
	header->ihl = 5;
	header->ttl = request->ttl;
	header->tos = request->tos;
	header->protocol = IPPROTO_UDP;
	memcpy(&header->saddr, request->source, 4);
	memcpy(&header->daddr, request->destination, 4);
	skb->protocol = htons(ETH_P_IP);
	PKTINFO_SKB_CB(skb)->ipi_ifindex = request->ifindex;
	memcpy(&PKTINFO_SKB_CB(skb)->ipi_spec_dst, &request->specific, 4);
}

static void put_ipv6(struct sk_buff *skb, const struct nap_socket_received *request)
{
	struct ipv6hdr *header = ipv6_hdr(skb);

	ip6_flow_hdr(header, request->tos, 0);
	header->hop_limit = request->ttl;
	header->nexthdr = IPPROTO_UDP;
	memcpy(&header->saddr, request->source, 16);
	memcpy(&header->daddr, request->destination, 16);
	skb->protocol = htons(ETH_P_IPV6);
	IP6CB(skb)->iif = request->ifindex;
	IP6CB(skb)->nhoff = offsetof(struct ipv6hdr, nexthdr);
}

static struct sk_buff *datagram(const struct nap_socket_received *request)
{
	struct iov_iter from;
	struct sk_buff *skb;
	int error;
	struct iovec vector = { u64_to_user_ptr(request->data), request->size };

	skb = alloc_skb_with_frags(NAP_HEADERS, request->size, PAGE_ALLOC_COSTLY_ORDER, &error, GFP_KERNEL);
	if (!skb)
		return ERR_PTR(error);
	skb_reserve(skb, NAP_HEADERS);
	skb->data_len = request->size;
	skb->len = request->size;
	iov_iter_init(&from, WRITE, &vector, 1, request->size);
	if (skb_copy_datagram_from_iter(skb, 0, &from, request->size)) {
		kfree_skb(skb);
		return ERR_PTR(-EFAULT);
	}
	skb_set_transport_header(skb, -(int)sizeof(struct udphdr));
	skb_set_network_header(skb, -(int)(sizeof(struct udphdr) + (request->family == AF_INET ? sizeof(struct iphdr) :
									       sizeof(struct ipv6hdr))));
	memset(skb->head, 0, NAP_HEADERS);
	udp_hdr(skb)->source = request->source_port;
	udp_hdr(skb)->dest = request->destination_port;
	udp_hdr(skb)->len = htons(request->size + sizeof(struct udphdr));
	request->family == AF_INET ? put_ipv4(skb, request) : put_ipv6(skb, request);
	UDP_SKB_CB(skb)->cscov = request->size;
	skb->ip_summed = CHECKSUM_UNNECESSARY;
	skb->skb_iif = request->ifindex;
	skb->tstamp = ns_to_ktime(request->timestamp);
	if (request->segment) {
		skb_shinfo(skb)->gso_size = request->segment;
		skb_shinfo(skb)->gso_type = SKB_GSO_UDP_L4;
	}
	return skb;
}

static long received(struct sock *sk, const struct nap_socket_received *request)
{
	struct sk_buff *skb;
	int error;

	if (sk->sk_type != SOCK_DGRAM || sk->sk_protocol != IPPROTO_UDP)
		return -EOPNOTSUPP;
	if (request->size > U16_MAX || (request->family != AF_INET && request->family != AF_INET6) ||
	    (request->family == AF_INET6 && sk->sk_family != AF_INET6))
		return -EINVAL;
	skb = datagram(request);
	if (IS_ERR(skb))
		return PTR_ERR(skb);
	local_bh_disable();
	error = __udp_enqueue_schedule_skb(sk, skb);
	local_bh_enable();
	if (error)
		kfree_skb(skb);
	return error;
}

long nap_socket_received(struct nap_socket_received __user *argument)
{
	struct nap_socket_received request;
	struct socket *socket;
	long result;
	int error;

	if (copy_from_user(&request, argument, sizeof(request)))
		return -EFAULT;
	socket = sockfd_lookup(request.fd, &error);
	if (!socket)
		return error;
	result = received(socket->sk, &request);
	sockfd_put(socket);
	return result;
}
