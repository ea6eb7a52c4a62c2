/* SPDX-License-Identifier: BSD-3-Clause */
/* The camera's row in the table of kinds; see kinds.h for the contracts. */
#ifndef VMEDIA_DAEMON_CAMERA_H
#define VMEDIA_DAEMON_CAMERA_H

#include "kinds.h"

void daemon_camera_help(void);
int daemon_camera_create(struct vmedia_loop *loop, const struct daemon_options *o, char *why,
			 size_t why_size, struct vmedia_device **dev);

#endif /* VMEDIA_DAEMON_CAMERA_H */
