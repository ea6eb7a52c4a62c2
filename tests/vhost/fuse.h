/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A file on FUSE whose server falls silent once it is open: from then on whoever asks for its
 * attributes, maps or closes it waits.
 */
#ifndef TESTS_VHOST_FUSE_H
#define TESTS_VHOST_FUSE_H

#include <stdbool.h>
#include <sys/types.h>

struct silent_file {
	pid_t server, opener;
	int fd;
};

/* False where FUSE cannot be mounted, which needs /dev/fuse and a user namespace or root. */
bool silent_file_open(struct silent_file *f);

/* Ends the server, which lets go of all who wait, and closes the file. */
void silent_file_end(struct silent_file *f);

#endif
