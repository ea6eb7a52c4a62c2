/* SPDX-License-Identifier: BSD-3-Clause */
/* Openers for the tries that talk to one, with what is to be found where they look. */
#include <errno.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "sandbox/tries.h"

/* Its soft limit of descriptors is low. */
static int start_with_few(sandbox_bait_start *start, const char *path, int *fd)
{
	struct rlimit old, few;
	int ret;

	if (getrlimit(RLIMIT_NOFILE, &old) < 0)
		return -errno;
	few = (struct rlimit){ SANDBOX_OPENER_FEW, old.rlim_max };
	if (setrlimit(RLIMIT_NOFILE, &few) < 0)
		return -errno;
	ret = start(path, fd);
	setrlimit(RLIMIT_NOFILE, &old);
	return ret;
}

/* A link to @to, which leads to the bait's file once an opener of it has started. */
static int start_swapped(sandbox_bait_start *start, const char *link, const char *to,
			 const struct sandbox_bait *bait, int *fd)
{
	int ret;

	if (symlink(to, link) < 0)
		return -errno;
	ret = start(link, fd);
	if (ret == 0 && (unlink(link) < 0 || symlink(bait->file, link) < 0))
		ret = -errno;
	return ret;
}

static const char *path_of(const struct sandbox_bait *bait, unsigned int which, const char *node,
			   const char *link)
{
	switch (which) {
	case SANDBOX_OPENER_FILE:
		return bait->file;
	case SANDBOX_OPENER_LINKED:
		return link;
	default:
		return node;
	}
}

int sandbox_bait_openers(struct sandbox_bait *bait, const char *node, sandbox_bait_start *start)
{
	char linked[sizeof(bait->top) + 16], swapped[sizeof(bait->top) + 16];
	int ret = 0;

	/* Beside the folder that a try may write to. */
	snprintf(linked, sizeof(linked), "%s/linked", bait->top);
	snprintf(swapped, sizeof(swapped), "%s/swapped", bait->top);
	if (symlink("/dev/null", linked) < 0)
		return -errno;
	for (unsigned int i = 0; i < SANDBOX_OPENERS && ret == 0; i++) {
		const char *path = path_of(bait, i, node, linked);
		int *fd = &bait->openers[i];

		if (i == SANDBOX_OPENER_SWAPPED)
			ret = start_swapped(start, swapped, node, bait, fd);
		else if (i == SANDBOX_OPENER_FILLED)
			ret = start_with_few(start, path, fd);
		else
			ret = start(path, fd);
	}
	return ret;
}
