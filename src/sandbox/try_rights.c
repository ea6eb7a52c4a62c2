/* SPDX-License-Identifier: BSD-3-Clause */
/* Tries: get rights back, and undo the sandbox. */
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/numbers.h"
#include "sandbox/tries.h"

/* ---- Users and capabilities ---- */

SANDBOX_TRY(be_root, syscall(SYS_setuid, 0))
SANDBOX_TRY(be_root_res, syscall(SYS_setresuid, 0, 0, 0))
SANDBOX_TRY(root_group, syscall(SYS_setgid, 0))
SANDBOX_TRY(no_groups, syscall(SYS_setgroups, 0, NULL))
SANDBOX_TRY(file_user, syscall(SYS_setfsuid, 0))

static int take_capability(const struct sandbox_bait *bait)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
		{ .effective = 1u << CAP_SYS_ADMIN, .permitted = 1u << CAP_SYS_ADMIN },
	};

	(void)bait;
	return sandbox_try_ret(syscall(SYS_capset, &head, data));
}

/* ---- What the sandbox set ---- */

SANDBOX_TRY(be_dumpable, prctl(PR_SET_DUMPABLE, 1, 0, 0, 0))
SANDBOX_TRY(outlive, prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0))
SANDBOX_TRY(let_trace, prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0))
SANDBOX_TRY(subreaper, prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
SANDBOX_TRY(own_memory_map, prctl(PR_SET_MM, PR_SET_MM_BRK, 0, 0, 0))
SANDBOX_TRY(other_rules, syscall(NR_LANDLOCK_CREATE_RULESET, NULL, 0, 1))
SANDBOX_TRY(other_personality, personality(ADDR_NO_RANDOMIZE))

static int other_filter(const struct sandbox_bait *bait)
{
	unsigned int action = SECCOMP_RET_ALLOW;

	(void)bait;
	return sandbox_try_ret(syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action));
}

static int core_files(const struct sandbox_bait *bait)
{
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	(void)bait;
	return sandbox_try_ret(setrlimit(RLIMIT_CORE, &all));
}

static int larger_files(const struct sandbox_bait *bait)
{
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	(void)bait;
	return sandbox_try_ret(setrlimit(RLIMIT_FSIZE, &all));
}

/* The handler of refused calls reports them. */
static int hide_refused(const struct sandbox_bait *bait)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	(void)bait;
	return sandbox_try_ret(sigaction(SIGSYS, &ignore, NULL));
}

/* A fault, which no filter sees, has the process write a core file where it may. */
static int write_core(const struct sandbox_bait *bait)
{
	(void)bait;
	__builtin_trap();
}

/* ---- Namespaces and mounts ---- */

SANDBOX_TRY(new_user_space, unshare(CLONE_NEWUSER))
SANDBOX_TRY(new_mount_space, unshare(CLONE_NEWNS))
SANDBOX_TRY(own_files, unshare(CLONE_FS))
SANDBOX_TRY(enter_space, setns(bait->uts_fd, CLONE_NEWUTS))
SANDBOX_TRY(other_root, chroot("/"))
SANDBOX_TRY(swap_root, syscall(SYS_pivot_root, "/", "/"))
SANDBOX_TRY(mount_one, mount(NULL, "/", "no file system", 0, NULL))
SANDBOX_TRY(unmount, umount2(bait->folder, MNT_DETACH))
SANDBOX_TRY(open_tree_of, syscall(NR_OPEN_TREE, AT_FDCWD, "/", 1 /* OPEN_TREE_CLONE */))
SANDBOX_TRY(open_tree_attr_of, syscall(NR_OPEN_TREE_ATTR, AT_FDCWD, "/", 0, NULL, 0))
SANDBOX_TRY(open_file_system, syscall(NR_FSOPEN, "tmpfs", 0))
SANDBOX_TRY(pick_file_system, syscall(NR_FSPICK, AT_FDCWD, "/", 0))
SANDBOX_TRY(configure_file_system, syscall(NR_FSCONFIG, -1, 6, NULL, NULL, 0))
SANDBOX_TRY(make_mount, syscall(NR_FSMOUNT, -1, 0, 0))
SANDBOX_TRY(move_mount_to, syscall(NR_MOVE_MOUNT, -1, "", AT_FDCWD, "/", 4))
SANDBOX_TRY(mount_attributes, syscall(NR_MOUNT_SETATTR, -1, "", AT_EMPTY_PATH, NULL, 0))
SANDBOX_TRY(list_mounts, syscall(NR_LISTMOUNT, NULL, NULL, 0, 0))

/* There is no such user in a user namespace of one's own. */
#define NO_USER { EINVAL }

static const struct sandbox_try tries[] = {
	{ "setuid", "be root", be_root, SANDBOX_TRY_NEEDS_ROOT, NO_USER },
	{ "setresuid", "be root", be_root_res, SANDBOX_TRY_NEEDS_ROOT, NO_USER },
	{ "setfsuid", "open files as root", file_user, 0, { 0 } },
	{ "setgid", "be in root's group", root_group, SANDBOX_TRY_NEEDS_ROOT, NO_USER },
	{ "setgroups", "change its groups", no_groups, SANDBOX_TRY_NEEDS_ROOT, { 0 } },
	{ "capset", "take a capability", take_capability, SANDBOX_TRY_NEEDS_ROOT, { 0 } },
	{ "prctl PR_SET_DUMPABLE", "be dumpable again", be_dumpable, 0, { 0 } },
	{ "prctl PR_SET_PDEATHSIG", "outlive its keeper", outlive, 0, { 0 } },
	{ "prctl PR_SET_PTRACER", "let others trace it", let_trace, 0, { 0 } },
	{ "prctl PR_SET_MM", "change its memory map", own_memory_map, SANDBOX_TRY_SETTING, { 0 } },
	{ "prctl PR_SET_CHILD_SUBREAPER", "be others' parent", subreaper, 0, { 0 } },
	{ "setrlimit RLIMIT_CORE", "have core files again", core_files,
	  SANDBOX_TRY_SETTING, { 0 } },
	{ "setrlimit RLIMIT_FSIZE", "write larger files", larger_files,
	  SANDBOX_TRY_SETTING, { 0 } },
	{ "a fault", "write a core file", write_core, SANDBOX_TRY_DIES, { 0 } },
	{ "seccomp", "add a filter", other_filter, 0, { 0 } },
	{ "landlock_create_ruleset", "make rules of its own", other_rules, 0, { 0 } },
	{ "rt_sigaction SIGSYS", "hide that calls are refused", hide_refused, 0, { 0 } },
	{ "personality", "have known addresses", other_personality, 0, { 0 } },
	{ "unshare CLONE_NEWUSER", "be root in a namespace of its own", new_user_space,
	  SANDBOX_TRY_SETTING, { ENOSPC, EUSERS } },
	{ "unshare CLONE_NEWNS", "have mounts of its own", new_mount_space,
	  SANDBOX_TRY_NEEDS_ROOT, { 0 } },
	{ "unshare CLONE_FS", "have a root folder of its own", own_files, 0, { 0 } },
	{ "setns", "enter a namespace", enter_space, SANDBOX_TRY_NEEDS_ROOT, { 0 } },
	{ "chroot", "leave its root folder", other_root, SANDBOX_TRY_NEEDS_ROOT, { 0 } },
	{ "pivot_root", "swap its root folder", swap_root, SANDBOX_TRY_NEEDS_ROOT, { 0 } },
	{ "mount", "mount a file system", mount_one, SANDBOX_TRY_NEEDS_ROOT, { 0 } },
	{ "umount2", "unmount a file system", unmount, SANDBOX_TRY_NEEDS_ROOT, { ENOENT } },
	{ "open_tree", "copy a mount", open_tree_of, SANDBOX_TRY_NEEDS_ROOT, { 0 } },
	{ "open_tree_attr", "open a mount, the new way", open_tree_attr_of, 0, { 0 } },
	{ "fsopen", "make a file system", open_file_system, SANDBOX_TRY_NEEDS_ROOT, { 0 } },
	{ "fspick", "change a file system", pick_file_system, SANDBOX_TRY_NEEDS_ROOT, { 0 } },
	{ "fsconfig", "configure a file system", configure_file_system, 0, { 0 } },
	{ "fsmount", "make a mount", make_mount, SANDBOX_TRY_NEEDS_ROOT, { 0 } },
	{ "move_mount", "move a mount", move_mount_to, SANDBOX_TRY_NEEDS_ROOT, { 0 } },
	{ "mount_setattr", "make a mount writable", mount_attributes,
	  SANDBOX_TRY_NEEDS_ROOT, { 0 } },
	{ "listmount", "list mounts", list_mounts, 0, { 0 } },
};

const struct sandbox_try_group sandbox_tries_rights = {
	"rights", tries, sizeof(tries) / sizeof(tries[0])
};
