/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The file system: an empty root that cannot be written.
 *
 * Mounting takes CAP_SYS_ADMIN, which the process that serves shall not have while it opens what
 * its user named. So the process that has made the namespaces mounts. It makes the new root on top
 * of the old one, where no path leads to it, and waits. When it is told to, it puts the new root in
 * the old one's place, and ends. The kernel changes the root and the current folder of every
 * process in the namespace that has the old root there.
 *
 * Landlock comes on top: the one measure for paths where no namespace is to be had, and the second
 * one otherwise. Nobody else can have entered this stage: a root in which the program was started
 * has the program in it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "sandbox/impl.h"

static int configure(int fs)
{
	if (fsconfig(fs, FSCONFIG_SET_STRING, "nr_inodes", "2", 0) < 0 ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "size", "4096", 0) < 0 ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "mode", "555", 0) < 0 ||
	    fsconfig(fs, FSCONFIG_SET_FLAG, "ro", NULL, 0) < 0 ||
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	return 0;
}

static int make_empty(void)
{
	const int attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
			       MOUNT_ATTR_NOEXEC;
	int fs = fsopen("tmpfs", FSOPEN_CLOEXEC), fd, ret;

	if (fs < 0)
		return -errno;
	ret = configure(fs);
	if (ret == 0) {
		fd = fsmount(fs, FSMOUNT_CLOEXEC, attributes);
		ret = fd < 0 ? -errno : fd;
	}
	close(fs);
	return ret;
}

/* Returns a descriptor of the new root, or negative errno. */
static int prepare(void)
{
	int fd, ret;

	/* Otherwise what is mounted here would be mounted in the host too. */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	fd = make_empty();
	if (fd < 0 || move_mount(fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) == 0)
		return fd;
	ret = -errno;
	close(fd);
	return ret;
}

static int pivot(int fd)
{
	if (fchdir(fd) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
	    umount2(".", MNT_DETACH) < 0)
		return -errno;
	return 0;
}

int sandbox_root_mount(bool may_mount, int sock)
{
	int fd, ret;
	char go;

	sandbox_keep_capabilities(1ull << CAP_SYS_ADMIN);
	fd = may_mount ? prepare() : -EPERM;
	if (sandbox_recv(sock, &go, sizeof(go)) < 0)
		return 1;
	ret = fd < 0 ? fd : pivot(fd);
	return send(sock, &ret, sizeof(ret), MSG_NOSIGNAL) < 0;
}

/*
 * Have the new root put in its place, and enter Landlock meanwhile: the threads are found in a
 * folder of the old root. Threads have root and current folder in common.
 *
 * System calls, start: chdir sendto recvfrom
 */
static int enter(struct sandbox *sb, int *landlock)
{
	DIR *threads = opendir("/proc/self/task");
	int no_proc = -errno, result, ret = 0;

	if (sb->mounter_fd < 0)
		ret = -EPERM;
	else if (chdir("/") < 0 || send(sb->mounter_fd, "", 1, MSG_NOSIGNAL) < 0)
		ret = -errno;
	*landlock = threads ? sandbox_landlock_enter(threads) : no_proc;
	if (threads)
		closedir(threads);
	if (ret == 0)
		ret = sandbox_recv(sb->mounter_fd, &result, sizeof(result));
	if (ret == 0)
		ret = result;
	vmedia_fd_close(&sb->mounter_fd);
	return ret;
}

void sandbox_root_enter(struct sandbox *sb)
{
	int landlock, ret = enter(sb, &landlock);

	if (ret == 0 && landlock > 0)
		sandbox_set(sb, SANDBOX_ROOT, SANDBOX_ENTERED,
			    "empty and read-only, and Landlock %d allows no path", landlock);
	else if (ret == 0)
		sandbox_set(sb, SANDBOX_ROOT, SANDBOX_ENTERED, "empty and read-only");
	else if (landlock > 0)
		sandbox_set(sb, SANDBOX_ROOT, SANDBOX_ENTERED, "Landlock %d allows no path",
			    landlock);
	else
		sandbox_set(sb, SANDBOX_ROOT, SANDBOX_MISSING,
			    "the host's files can be reached: no empty root: %s; no Landlock: %s",
			    strerror(-ret), strerror(-landlock));
}
