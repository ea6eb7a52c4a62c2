/* SPDX-License-Identifier: BSD-3-Clause */
/* The options of the command line of vmedia-source. */
#ifndef VMEDIA_SOURCE_OPTIONS_H
#define VMEDIA_SOURCE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <vmedia/camera.h>
#include <vmedia/serve.h>

enum source_action {
	SOURCE_SERVE,
	SOURCE_HELP,
	SOURCE_VERSION,
};

struct source_options {
	enum source_action action;
	struct vmedia_camera_options camera;	/* the kind, its size, rate and threads */
	uint32_t pixelformat;
	struct vmedia_server_options socket;	/* path, mode, group */
	gid_t socket_group;			/* socket.socket_group points here or is NULL */
	uint32_t max_subscribers;		/* 0: the default */
	int log_level;				/* enum vmedia_log_level */
	bool sandbox, strict;
	const char *user;
};

/*
 * Parse argv into @o. Returns 0, or -EINVAL with a sentence in @why that tells the user what is
 * wrong and what to do.
 */
int source_options_parse(struct source_options *o, int argc, char **argv, char *why,
			 size_t why_size);
void source_options_help(void);

#endif /* VMEDIA_SOURCE_OPTIONS_H */
