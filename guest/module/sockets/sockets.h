/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files about sockets share: the device's calls, and processes by number. */
#ifndef NAP_SOCKETS_H
#define NAP_SOCKETS_H

#include <linux/types.h>

#include "nap_uapi.h"

struct pid;
struct socket;

struct pid *nap_pid_of(pid_t number);	/* in the caller's namespace, dead or alive; may be an error */

/* The requests, copied in, and the socket their descriptor is. */
long nap_socket_sent(struct socket *socket, const void *request);	/* socket_sent.c */
long nap_socket_buffer(struct socket *socket, const void *request);	/* socket_buffer.c */
long nap_socket_state(struct socket *socket, const void *request);	/* socket_state.c */

#endif
