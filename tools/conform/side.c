/* SPDX-License-Identifier: BSD-3-Clause */
/* Which side a path is: a socket is a device's, a character device a node. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "side.h"

int conform_side_open(const char *path, struct conform_side **side)
{
	struct stat st;
	int ret;

	if (stat(path, &st) < 0) {
		ret = -errno;
		fprintf(stderr, "vmedia-conform: %s: %s\n", path, strerror(-ret));
		return ret;
	}
	if (S_ISSOCK(st.st_mode))
		return conform_side_device(path, side);
	if (S_ISCHR(st.st_mode))
		return conform_side_node(path, side);
	fprintf(stderr, "vmedia-conform: %s: give a V4L2 node (/dev/video0) or the socket of a "
			"device\n", path);
	return -EINVAL;
}

void conform_side_destroy(struct conform_side *side)
{
	if (side)
		side->ops->destroy(side);
}
