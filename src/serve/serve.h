/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Internals of serve: one device, one socket, one guest at a time.
 *
 *   listen.c     the listening socket and its path
 *   guest.c      core's transport over one vhost-user connection
 *   server.c     the current guest, and the next one
 *
 * States of a server: listening (no guest, the listening socket is polled) -> connected (a guest;
 * others wait in the kernel's backlog) -> listening, or, with `once' or `fd', ended (the loop is
 * stopped).
 */
#ifndef VMEDIA_SERVE_SERVE_H
#define VMEDIA_SERVE_SERVE_H

#include <sys/stat.h>
#include <vmedia/serve.h>

#include "base/loop.h"
#include "core/transport.h"
#include "vhost/backend.h"
#include "virtq/dev.h"

/* ---- One guest ---- */

struct vmedia_server;

struct vmedia_guest {
	struct vmedia_transport transport; /* the interface for core */
	struct vmedia_transport_ops ops;   /* objects only once they are negotiated */
	struct vmedia_device *dev;
	struct vmedia_vub *vub;	     /* NULL: no guest */
	struct vmedia_vqd *command_vq, *event_vq; /* NULL: stopped */
	struct vmedia_poller poller;		  /* polls the command ring */
	void (*gone)(struct vmedia_guest *g, int reason);
};

/*
 * Serve the connected socket @fd, which belongs to the guest on success. gone() is called when the
 * connection ends by itself.
 */
int vmedia_guest_start(struct vmedia_guest *g, struct vmedia_device *dev, int fd,
		       const struct vmedia_server_options *opts,
		       void (*gone)(struct vmedia_guest *g, int reason));
/* End the connection and return the device to its initial state. Does nothing without a guest. */
void vmedia_guest_stop(struct vmedia_guest *g);

#endif /* VMEDIA_SERVE_SERVE_H */
