/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Run vmedia-ctl-codec in the place of this program. It has the same options and can do the same,
 * and --decode and --encode besides. So only who wants these loads what libavformat and libavcodec
 * need, which is four times as many shared objects as all else.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "ctl.h"

#define NAME "vmedia-ctl-codec"

int ctl_run_codec(char **argv)
{
	char here[PATH_MAX], path[2 * PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", here, sizeof(here) - 1);
	bool absolute = VMEDIA_LIBEXEC[0] == '/';
	char *slash;

	if (n < 0) {
		ctl_fail("/proc/self/exe", -errno);
		return CTL_EXIT_FAILED;
	}
	here[n] = 0;
	slash = strrchr(here, '/');
	if (slash)
		*slash = 0;
	/* As in the build folder, then as installed. */
	snprintf(path, sizeof(path), "%s/" NAME, here);
	execv(path, argv);
	if (errno == ENOENT) {
		snprintf(path, sizeof(path), "%s%s" VMEDIA_LIBEXEC "/" NAME,
			 absolute ? "" : here, absolute ? "" : "/");
		execv(path, argv);
	}
	ctl_fail_text("--decode and --encode need the program %s: %s; install it", path,
		      strerror(errno));
	return CTL_EXIT_FAILED;
}
