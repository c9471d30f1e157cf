// SPDX-License-Identifier: GPL-2.0-only
/*
 * Held network: nothing leaves a network namespace, the answers to SYNs of IPv6 included, which a BPF program on a
 * control group does not see. While connections are made anew by their peers' packets, an answer to a peer on this
 * machine, or to one that is gone, would come back as a reset. Whoever sends is told that it was sent: a half open
 * connection whose answer cannot be repeated would be given up.
 *
 * Let go, it passes everything at once; its hooks go later, since each waits for a grace period of RCU.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>

#include "compat.h"
#include "nap.h"
#include "nap_connection_uapi.h"

static struct workqueue_struct *ends;

struct held_network {
	struct net *net;
	bool let_go;
	struct nf_hook_ops hooks[2]; /* of IPv4 and IPv6 */
	struct work_struct end;
};

static unsigned int only_marked(void *context, struct sk_buff *buffer, const struct nf_hook_state *hook)
{
	const struct held_network *held = context;

	if (buffer->mark == NAP_PASSES || READ_ONCE(held->let_go))
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

static void end(struct work_struct *work)
{
	struct held_network *held = container_of(work, struct held_network, end);

	nf_unregister_net_hooks(held->net, held->hooks, ARRAY_SIZE(hooks));
	put_net(held->net);
	kfree(held);
}

static int let_go(struct inode *inode, struct file *file)
{
	struct held_network *held = file->private_data;

	WRITE_ONCE(held->let_go, true);
	queue_work(ends, &held->end);
	return 0;
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.release = let_go,
	.llseek = noop_llseek,
};

int nap_held_networks_start(void)
{
	ends = alloc_workqueue("nap-held-networks", 0, 0);
	return ends ? 0 : -ENOMEM;
}

void nap_held_networks_stop(void)
{
	destroy_workqueue(ends);
}

int nap_hold_network(int network)
{
	struct net *net = get_net_ns_by_fd(network);
	struct held_network *held;
	unsigned int i;
	int result = -ENOMEM;

	if (IS_ERR(net))
		return PTR_ERR(net);
	held = kzalloc(sizeof(*held), GFP_KERNEL);
	if (!held)
		goto put;
	held->net = net;
	INIT_WORK(&held->end, end);
	for (i = 0; i < ARRAY_SIZE(hooks); i++) {
		held->hooks[i] = hooks[i];
		held->hooks[i].priv = held;
	}
	result = nf_register_net_hooks(net, held->hooks, ARRAY_SIZE(hooks));
	if (result)
		goto free;
	result = anon_inode_getfd("[nap-held-network]", &operations, held, O_CLOEXEC);
	if (result >= 0)
		return result;
	nf_unregister_net_hooks(net, held->hooks, ARRAY_SIZE(hooks));
free:
	kfree(held);
put:
	put_net(net);
	return result;
}
