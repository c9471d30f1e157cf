/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/* The module's call for connections that no process has (connection.c), of /dev/nap as those of nap_uapi.h. */
#ifndef NAP_CONNECTION_UAPI_H
#define NAP_CONNECTION_UAPI_H

#include <linux/ioctl.h>
#include <linux/types.h>

/*
 * A TCP connection that a listener has not accepted, found by its addresses. Before the tasks run only.
 * ENOENT: there is none; EINVAL: not half open, or a number that TCP does not know; EALREADY: resumed or settled.
 */
struct nap_connection {
	__s32 network;		/* descriptor of its network namespace */
	__u32 device;		/* index of the one it is bound to; 0: none */
	__u32 amend;		/* != 0: it is half open, and gets the next five; 0: it is told of */
	__u32 send_initial;	/* our first sequence number */
	__u32 timestamp;	/* our timestamp, now */
	__u32 receive_scale;	/* of the windows we tell, a shift */
	__u32 timeouts;		/* so often the peer has not answered in time, up to 127 */
	__u32 acknowledged;	/* != 0: it has, and data is waited for (TCP_DEFER_ACCEPT) */
	__u16 local_port, remote_port;	/* in the host's order */
	__u8 local[16], remote[16];	/* IPv6, or IPv4 mapped into it */
	/* out, where it is told of */
	__u32 state;		/* TCP_ESTABLISHED, ...; 12: half open */
	__u32 receive_next;	/* the peer's sequence number */
};

#define NAP_IOC_CONNECTION	_IOWR('N', 6, struct nap_connection)

/*
 * In the network namespace of the descriptor that is given, nothing is sent but packets with the mark NAP_PASSES,
 * until the descriptor that is returned is closed. Before the tasks run only.
 */
#define NAP_IOC_HOLD_NETWORK	_IOW('N', 80, __s32)
#define NAP_PASSES		0xc114	/* SOCCR_MARK of CRIU */

#endif
