/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files about sockets share: the device's calls, and processes by number. */
#ifndef NAP_SOCKETS_H
#define NAP_SOCKETS_H

#include <linux/types.h>

#include "nap_uapi.h"

struct pid;

struct pid *nap_pid_of(pid_t number);	/* in the caller's namespace, dead or alive; may be an error */

long nap_socket_sent(struct nap_socket_sent __user *argument);		/* socket_sent.c */
long nap_socket_received(struct nap_socket_received __user *argument);	/* socket_received.c */

#endif
