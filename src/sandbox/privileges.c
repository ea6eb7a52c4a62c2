/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Capabilities, and new privileges by execve(). They are dropped before any thread is made, so that
 * no thread has them.
 */
#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/impl.h"

void sandbox_empty_bounding_set(void)
{
	unsigned long cap = 0;

	/* EPERM: CAP_SETPCAP is not there, so nothing is to be bound. EINVAL: the last one was. */
	while (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) == 0)
		cap++;
}

static int get(struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3])
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };

	return syscall(SYS_capget, &head, data) < 0 ? -errno : 0;
}

int sandbox_keep_capabilities(uint64_t kept)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
	int ret = get(data);

	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	for (int i = 0; ret == 0 && i < _LINUX_CAPABILITY_U32S_3; i++) {
		data[i].permitted &= (uint32_t)(kept >> (32 * i));
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	if (ret == 0 && syscall(SYS_capset, &head, data) < 0)
		ret = -errno;
	return ret;
}

int sandbox_privileges_enter(struct sandbox *sb)
{
	int ret;

	/* Filters and Landlock need it in a process without capabilities. */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	sandbox_empty_bounding_set();
	ret = sandbox_keep_capabilities(0);
	if (ret == 0)
		sandbox_set(sb, SANDBOX_PRIVILEGES, SANDBOX_ENTERED,
			    "no capabilities, and none to be had by executing a program");
	return ret;
}
