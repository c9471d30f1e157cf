// SPDX-License-Identifier: GPL-2.0-only
/*
 * Held network: nothing leaves a network namespace, the answers to SYNs of IPv6 included, which a BPF program on a
 * control group does not see. While connections are made anew by their peers' packets, an answer to a peer on this
 * machine, or to one that is gone, would come back as a reset. Whoever sends is told that it was sent: a half open
 * connection whose answer cannot be repeated would be given up.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <net/net_namespace.h>

#include "compat.h"
#include "nap.h"
#include "nap_connection_uapi.h"

static unsigned int only_marked(void *context, struct sk_buff *buffer, const struct nf_hook_state *hook)
{
	if (buffer->mark == NAP_PASSES)
		return NF_ACCEPT;
	kfree_skb(buffer);
	return NF_STOLEN;
}

static const struct nf_hook_ops hooks[] = {
	{ .hook = only_marked, .pf = NFPROTO_IPV4, .hooknum = NF_INET_LOCAL_OUT, .priority = INT_MIN },
#if IS_ENABLED(CONFIG_IPV6)
	{ .hook = only_marked, .pf = NFPROTO_IPV6, .hooknum = NF_INET_LOCAL_OUT, .priority = INT_MIN },
#endif
};

static int let_go(struct inode *inode, struct file *file)
{
	struct net *net = file->private_data;

	nf_unregister_net_hooks(net, hooks, ARRAY_SIZE(hooks));
	put_net(net);
	return 0;
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.release = let_go,
	.llseek = noop_llseek,
};

int nap_hold_network(int network)
{
	struct net *net = get_net_ns_by_fd(network);
	int error;

	if (IS_ERR(net))
		return PTR_ERR(net);
	error = nf_register_net_hooks(net, hooks, ARRAY_SIZE(hooks));
	if (error)
		goto put;
	error = anon_inode_getfd("[nap-held-network]", &operations, net, O_CLOEXEC);
	if (error >= 0)
		return error;
	nf_unregister_net_hooks(net, hooks, ARRAY_SIZE(hooks));
put:
	put_net(net);
	return error;
}
