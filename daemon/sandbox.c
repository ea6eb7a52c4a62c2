/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The sandbox, in named stages, each independent of what the administrator did around it:
 *
 *   privileges	PR_SET_NO_NEW_PRIVS, empty capability sets: what is exec'ed or opened later is the
 *   	plain user's
 *   memory	not dumpable: guest frames reach no core file, and no other process of the user
 *   	attaches
 *   syscalls	a seccomp filter on all threads: no execve, ptrace, modules, mounts, keys,
 *   	namespaces, new sockets but UNIX
 *
 * The filter refuses with EPERM rather than killing, so that a library's exotic probe costs a
 * feature and not the guest's camera; what it refuses cannot be needed by a decoder or by the
 * transport.
 */
#include <errno.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <cap-ng.h>
#include <seccomp.h>
#include <vmedia/log.h>

#include "sandbox.h"

/* System calls that serving a device never needs, and that a hijacked process would want. */
static const int refused[] = {
	SCMP_SYS(execve),
	SCMP_SYS(execveat),
	SCMP_SYS(ptrace),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev),
	SCMP_SYS(pidfd_getfd),
	SCMP_SYS(kcmp),
	SCMP_SYS(init_module),
	SCMP_SYS(finit_module),
	SCMP_SYS(delete_module),
	SCMP_SYS(kexec_load),
	SCMP_SYS(kexec_file_load),
	SCMP_SYS(reboot),
	SCMP_SYS(mount),
	SCMP_SYS(umount2),
	SCMP_SYS(pivot_root),
	SCMP_SYS(chroot),
	SCMP_SYS(open_tree),
	SCMP_SYS(move_mount),
	SCMP_SYS(fsopen),
	SCMP_SYS(fsmount),
	SCMP_SYS(unshare),
	SCMP_SYS(setns),
	SCMP_SYS(bpf),
	SCMP_SYS(perf_event_open),
	SCMP_SYS(userfaultfd),
	SCMP_SYS(keyctl),
	SCMP_SYS(add_key),
	SCMP_SYS(request_key),
	SCMP_SYS(swapon),
	SCMP_SYS(swapoff),
	SCMP_SYS(acct),
	SCMP_SYS(quotactl),
	SCMP_SYS(settimeofday),
	SCMP_SYS(clock_settime),
	SCMP_SYS(adjtimex),
	SCMP_SYS(sethostname),
	SCMP_SYS(setdomainname),
	SCMP_SYS(name_to_handle_at),
	SCMP_SYS(open_by_handle_at),
	SCMP_SYS(io_uring_setup),
	SCMP_SYS(personality),
	SCMP_SYS(mknod),
	SCMP_SYS(mknodat),
	SCMP_SYS(setuid),
	SCMP_SYS(setgid),
	SCMP_SYS(setresuid),
	SCMP_SYS(setresgid),
	SCMP_SYS(capset),
	SCMP_SYS(listen),
	SCMP_SYS(fork),
	SCMP_SYS(vfork),
	SCMP_SYS(syslog),
	SCMP_SYS(vhangup),
	SCMP_SYS(iopl),
	SCMP_SYS(ioperm),
};

static int privileges(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	capng_clear(CAPNG_SELECT_BOTH);
	/*
	 * The bounding set can only be emptied with CAP_SETPCAP; without it there is nothing to
	 * bound.
	 */
	if (capng_apply(CAPNG_SELECT_BOUNDS) < 0)
		vmedia_dbg(
			"the capability bounding set stays as it is: not privileged to change it");
	return capng_apply(CAPNG_SELECT_CAPS) < 0 ? -EPERM : 0;
}

static int syscalls(void)
{
	scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ALLOW);
	int ret = 0;

	if (!ctx)
		return -ENOMEM;
	/* Threads that libraries made during set-up get the filter too. */
	ret = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
	for (size_t i = 0; ret == 0 && i < sizeof(refused) / sizeof(refused[0]); i++)
		ret = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), refused[i], 0);
	if (ret == 0)
		ret = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(socket), 1,
				       SCMP_A0(SCMP_CMP_NE, AF_UNIX));
	if (ret == 0)
		ret = seccomp_load(ctx);
	seccomp_release(ctx);
	return ret;
}

int daemon_sandbox_enter(void)
{
	int ret = privileges();

	if (ret == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		ret = -errno;
	return ret < 0 ? ret : syscalls();
}
