/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Landlock without any rule: no path is allowed.
 *
 * The interface has grown with versions, and the kernel refuses bits that it does not know. Headers
 * of the C library may be older than the kernel, so the bits stand here.
 */
#include <errno.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "sandbox/impl.h"
#include "sandbox/sanitizer.h"
#include "sandbox/threads.h"

struct ruleset {
	uint64_t fs, net, scoped;
};

#define GET_VERSION (1u << 0)
#define GET_ERRATA  (1u << 1)

#define FS_VERSION_1	((1ull << 13) - 1)
#define FS_REFER	(1ull << 13) /* version 2 */
#define FS_TRUNCATE	(1ull << 14) /* version 3 */
#define NET_TCP		3ull	     /* version 4: bind, connect */
#define FS_IOCTL_DEV	(1ull << 15) /* version 5 */
#define SCOPE_ABSTRACT	(1ull << 0)  /* version 6 */
#define SCOPE_SIGNAL	(1ull << 1)
/* Threads can signal each other, although each has entered by itself. */
#define ERRATUM_SIGNAL	(1 << 1)

static int create(const struct ruleset *r, size_t size, unsigned int flags)
{
	long ret = syscall(SYS_landlock_create_ruleset, r, size, flags);

	return ret < 0 ? -errno : (int)ret;
}

static int create_for(int version)
{
	struct ruleset r = { .fs = FS_VERSION_1 };

	if (version >= 2)
		r.fs |= FS_REFER;
	if (version >= 3)
		r.fs |= FS_TRUNCATE;
	if (version >= 4)
		r.net = NET_TCP;
	if (version >= 5)
		r.fs |= FS_IOCTL_DEV;
	if (version >= 6)
		r.scoped = SCOPE_ABSTRACT;
	if (version >= 6 && create(NULL, 0, GET_ERRATA) > 0 &&
	    create(NULL, 0, GET_ERRATA) & ERRATUM_SIGNAL)
		r.scoped |= SCOPE_SIGNAL;
	return create(&r, sizeof(r), 0);
}

/* What every thread needs for restrict_self(). A signal handler has no other argument. */
static int ruleset_fd;

static int restrict_self(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return syscall(SYS_landlock_restrict_self, ruleset_fd, 0) < 0 ? -errno : 0;
}

/* System calls, start: landlock_create_ruleset landlock_restrict_self */
int sandbox_landlock_enter(DIR *threads)
{
	int version = create(NULL, 0, GET_VERSION), ret;

	if (version <= 0)
		return version < 0 ? version : -EOPNOTSUPP;
#ifdef SANDBOX_THREAD_SANITIZER
	/* It keeps a signal back until the thread does not wait any more, and has a deaf thread. */
	return -EOPNOTSUPP;
#endif
	ruleset_fd = create_for(version);
	if (ruleset_fd < 0)
		return ruleset_fd;
	ret = sandbox_on_every_thread(threads, restrict_self);
	vmedia_fd_close(&ruleset_fd);
	return ret < 0 ? ret : version;
}
