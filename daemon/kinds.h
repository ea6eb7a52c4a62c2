/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kinds of device that vhost-user-media can serve: one row each, and the only place that knows
 * them all.
 */
#ifndef VMEDIA_DAEMON_KINDS_H
#define VMEDIA_DAEMON_KINDS_H

#include <stddef.h>

#include "options.h"

struct daemon_kind {
	const char *name;    /* as on the command line: "camera" */
	const char *summary; /* one line of --help */
	void (*help)(void);  /* options of the kind, to stdout */
	/*
	 * Parse the kind's options and make the device. Returns 0; or negative errno with a
	 * sentence in @why, -EINVAL for a bad option.
	 */
	int (*create)(struct vmedia_loop *loop, const struct daemon_options *o, char *why,
		      size_t why_size, struct vmedia_device **dev);
};

const struct daemon_kind *daemon_kind_find(const char *name);
/* Rows in order, NULL after the last. */
const struct daemon_kind *daemon_kind_at(unsigned int index);

#endif /* VMEDIA_DAEMON_KINDS_H */
