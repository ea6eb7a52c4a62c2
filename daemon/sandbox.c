/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The sandbox, in named stages. Each works with or without measures of the administrator:
 *
 *   privileges	empty the capability sets of every thread, the bounding set too if allowed, and
 *   	set PR_SET_NO_NEW_PRIVS: files opened later are opened with the plain user's rights
 *   memory	not dumpable: no core file contains guest frames, and no other process of the user
 *   	can attach
 *   syscalls	a seccomp filter on all threads: sandbox/calls.h. A first one applies while the
 *   	device is made; the filter of serving adds to it
 *
 * System calls, start: capset
 */
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <vmedia/module.h>

#include "sandbox.h"
#include "sandbox/calls.h"
#include "threads.h"

/*
 * Drop the capabilities of this thread; async-signal-safe. The bounding set can be emptied only
 * with CAP_SETPCAP; without it, there is nothing to bound.
 */
static int drop_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
			break;
	return syscall(SYS_capset, &head, none) < 0 ? -errno : 0;
}

static int privileges(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return daemon_on_every_thread(drop_capabilities);
}

/* The list of system calls of the kind for @stage; the filter of the start includes both. */
static int syscalls(enum sandbox_calls_stage stage, const struct vmedia_module *kind)
{
	char list[2048], why[256];
	int n = snprintf(list, sizeof(list), "%s %s %s",
			 kind && kind->syscalls ? kind->syscalls : "",
			 stage == SANDBOX_CALLS_START && kind && kind->syscalls_start ?
			 kind->syscalls_start : "",
			 /* the socket is made and removed by this process */
			 "bind listen fchmod chmod|fchmodat lchown|fchownat fchownat "
			 "link|linkat linkat unlink|unlinkat newfstatat:any");
	int ret = n < (int)sizeof(list) ? 0 : -E2BIG;

	if (ret == 0)
		ret = sandbox_calls_load(stage, list, why, sizeof(why));
	return ret;
}

int daemon_sandbox_start(const struct vmedia_module *kind)
{
	return syscalls(SANDBOX_CALLS_START, kind);
}

int daemon_sandbox_enter(const struct vmedia_module *kind)
{
	int ret = privileges();

	if (ret == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		ret = -errno;
	return ret < 0 ? ret : syscalls(SANDBOX_CALLS_SERVE, kind);
}
