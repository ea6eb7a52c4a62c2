/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The connection of a camera to a publisher, which comes and goes.
 *
 * Theory of operation: vmedia_camera_link_attend() does what can be done without waiting: it
 * connects if there is no connection and the last try is some time ago, reads messages, and starts
 * the stream when the publisher has told its format. A process in a sandbox cannot connect; its
 * opener does (<vmedia/module.h>), and answers at once.
 *
 * Context: one thread at a time.
 */
#ifndef VMEDIA_CAMERA_SHARED_LINK_H
#define VMEDIA_CAMERA_SHARED_LINK_H

#include <stdbool.h>
#include <vmedia/share.h>

#include "layout.h"

struct vmedia_camera_link {
	char *path;
	int opener;			/* -1: this process connects itself */
	struct vmedia_subscriber *sub;	/* NULL: no connection */
	bool streaming;
	char reported[256];		/* why there is no connection, as logged; "": there is */
	uint64_t retry_ns;		/* not before */
	struct vmedia_camera_format format;	/* of the publisher, if streaming */
};

/* @path is copied; @opener is owned. Returns 0 or -ENOMEM. */
int vmedia_camera_link_init(struct vmedia_camera_link *l, const char *path, int opener);
void vmedia_camera_link_finish(struct vmedia_camera_link *l);

/*
 * vmedia_camera_link_first - connect for the first time, and learn what the publisher has
 * @format, @interval: receive it; unchanged without a publisher
 *
 * Waits for the publisher's answer, for two seconds at most. Returns 0, also if nobody listens (a
 * line of the log says so); negative errno with a sentence in @why for what no waiting would mend:
 * another version, a socket or file of another kind, no permission. Context: before serving.
 */
int vmedia_camera_link_first(struct vmedia_camera_link *l, struct vmedia_camera_format *format,
			     struct vmedia_fract *interval, char *why, size_t size);

/* Connect, read and start, as far as possible now. True if the stream is started. */
bool vmedia_camera_link_attend(struct vmedia_camera_link *l);

/* Nanoseconds between the publisher's pictures; 0: it does not tell, or there is no connection. */
uint64_t vmedia_camera_link_interval(const struct vmedia_camera_link *l);

/* End the stream; the connection stays. */
void vmedia_camera_link_stop(struct vmedia_camera_link *l);

#endif
