// SPDX-License-Identifier: BSD-3-Clause
/*
 * Check who can write to a module; see trust.h.
 */
#include "module/trust.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int check(const char *path, bool sticky_is_enough, char *why, size_t why_size)
{
	struct stat st;
	int err;

	if (lstat(path, &st) < 0) {
		err = errno;
		snprintf(why, why_size, "%s: %s; give a folder of modules that can be read", path,
			 strerror(err));
		return -err;
	}
	/* Links were followed before, so this one is new. Its owner can point it elsewhere. */
	if (S_ISLNK(st.st_mode)) {
		snprintf(why, why_size,
			 "%s became a link just now; use a folder that nobody changes", path);
		return -EPERM;
	}
	if (st.st_uid != 0 && st.st_uid != geteuid()) {
		snprintf(why, why_size,
			 "%s belongs to user %u: modules are loaded only from what belongs to root "
			 "or to user %u, who runs this; change its owner, or move the module",
			 path, (unsigned int)st.st_uid, (unsigned int)geteuid());
		return -EPERM;
	}
	if (!(st.st_mode & (S_IWGRP | S_IWOTH)) || (sticky_is_enough && (st.st_mode & S_ISVTX)))
		return 0;
	snprintf(why, why_size,
		 "%s may be written by others (mode %03o), and modules with it; use chmod go-w %s, "
		 "or move the module",
		 path, (unsigned int)st.st_mode & 0777, path);
	return -EPERM;
}

int vmedia_trust_path(const char *path, char *why, size_t why_size)
{
	return check(path, false, why, why_size);
}

int vmedia_trust_parents(const char *path, char *why, size_t why_size)
{
	char above[PATH_MAX];
	const char *slash;
	int ret = 0;

	for (slash = strchr(path, '/'); slash && slash[1]; slash = strchr(slash + 1, '/')) {
		snprintf(above, sizeof(above), "%.*s", slash == path ? 1 : (int)(slash - path),
			 path);
		ret = check(above, true, why, why_size);
		if (ret < 0)
			break;
	}
	return ret;
}
