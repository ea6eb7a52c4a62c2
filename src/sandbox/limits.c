/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Resource limits. What is soft today is hard from now on.
 *
 *   CORE	0
 *   NOFILE	what it was; buffers are counted by it (limits of <vmedia/device.h>)
 *   FSIZE	the largest memory file: the kernel counts these too (ftruncate())
 *   NPROC	threads that serving makes. Only in a user namespace of the process's own: elsewhere
 *		the user's other processes count
 *   MSGQUEUE, MEMLOCK	0
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "sandbox/impl.h"

/* Lower the limit to @value, unless it is lower already. Returns 0 or negative errno. */
static int lower(int what, rlim_t value, const char *name, const char **failed)
{
	struct rlimit rl;

	if (getrlimit(what, &rl) == 0) {
		if (rl.rlim_cur > value)
			rl.rlim_cur = value;
		rl.rlim_max = rl.rlim_cur;
		if (setrlimit(what, &rl) == 0)
			return 0;
	}
	*failed = name;
	return -errno;
}

#define LOWER(what, value) lower(RLIMIT_##what, value, #what, &failed)

void sandbox_limits_enter(struct sandbox *sb)
{
	const rlim_t threads = sb->entered_ns & CLONE_NEWUSER && sb->threads ? sb->threads :
									       RLIM_INFINITY;
	const rlim_t largest = sb->largest_file ? sb->largest_file : RLIM_INFINITY;
	const char *failed = NULL;
	struct rlimit rl = { 0 };
	int ret = LOWER(CORE, 0);

	/* A standard error that is a file may be longer than that: writing then fails. */
	signal(SIGXFSZ, SIG_IGN);
	if (ret == 0)
		ret = LOWER(NOFILE, RLIM_INFINITY);
	if (ret == 0)
		ret = LOWER(FSIZE, largest);
	if (ret == 0)
		ret = LOWER(NPROC, threads);
	if (ret == 0)
		ret = LOWER(MSGQUEUE, 0);
	if (ret == 0)
		ret = LOWER(MEMLOCK, 0);
	getrlimit(RLIMIT_NOFILE, &rl);
	if (ret < 0)
		sandbox_set(sb, SANDBOX_LIMITS, SANDBOX_MISSING, "RLIMIT_%s: %s", failed,
			    strerror(-ret));
	else
		sandbox_set(sb, SANDBOX_LIMITS, SANDBOX_ENTERED,
			    "no core file, %llu descriptors, files of at most %llu bytes",
			    (unsigned long long)rl.rlim_cur, (unsigned long long)largest);
}
