/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The process's own limits; see limits.h.
 *
 * System calls, start: prlimit64 openat read close
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <vmedia/log.h>

#include "limits.h"

#define MAP_COUNT "/proc/sys/vm/max_map_count"

static void apply_files(uint64_t need)
{
	struct rlimit rl, want;

	if (getrlimit(RLIMIT_NOFILE, &rl))
		return;
	want = rl;
	want.rlim_cur = (rlim_t)need;
	if (want.rlim_max < want.rlim_cur)
		want.rlim_max = want.rlim_cur;
	if (!setrlimit(RLIMIT_NOFILE, &want))
		return;
	want = rl;
	want.rlim_cur = rl.rlim_max;
	setrlimit(RLIMIT_NOFILE, &want);
	vmedia_warn("the limits on a guest take %llu open files, and this process may have %llu: "
		    "raise the hard limit (ulimit -Hn %llu), or lower --max-sessions or "
		    "--max-buffers",
		    (unsigned long long)need, (unsigned long long)rl.rlim_max,
		    (unsigned long long)need);
}

static void check_mappings(uint64_t need)
{
	int fd = open(MAP_COUNT, O_RDONLY | O_CLOEXEC);
	unsigned long long have;
	char text[24] = "";

	if (fd < 0)
		return;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = 0;
	close(fd);
	have = strtoull(text, NULL, 10);
	if (have && have < need)
		vmedia_warn("the limits on a guest take %llu memory mappings, and a process may "
			    "have %llu: raise that (sysctl vm.max_map_count=%llu), or lower "
			    "--max-sessions or --max-buffers",
			    (unsigned long long)need, have, (unsigned long long)need);
}

void daemon_limits_apply(const struct vmedia_limits *limits)
{
	struct vmedia_needs needs;

	vmedia_limits_needs(limits, &needs);
	apply_files(needs.files);
	check_mappings(needs.mappings);
}
