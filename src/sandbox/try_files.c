/* SPDX-License-Identifier: BSD-3-Clause */
/* Tries: read, change, make and watch files. */
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "sandbox/numbers.h"
#include "sandbox/tries.h"

SANDBOX_TRY(read_file, openat(AT_FDCWD, bait->file, O_RDONLY))
SANDBOX_TRY(read_below, openat(bait->folder_fd, "file", O_RDONLY))
SANDBOX_TRY(read_folder, openat(AT_FDCWD, "/", O_RDONLY | O_DIRECTORY))
SANDBOX_TRY(open_path, openat(AT_FDCWD, "/", O_PATH))
SANDBOX_TRY(open_own_memory, openat(AT_FDCWD, "/proc/self/mem", O_RDWR))
SANDBOX_TRY(write_file, openat(AT_FDCWD, bait->file, O_WRONLY))
SANDBOX_TRY(truncate_by_open, openat(AT_FDCWD, bait->file, O_RDONLY | O_TRUNC))
SANDBOX_TRY(create_file, openat(AT_FDCWD, bait->absent, O_RDONLY | O_CREAT, 0600))
SANDBOX_TRY(unnamed_file, openat(AT_FDCWD, bait->folder, O_WRONLY | O_TMPFILE, 0600))
SANDBOX_TRY(truncate_file, truncate(bait->file, 0))
SANDBOX_TRY(remove_file, unlinkat(AT_FDCWD, bait->other, 0))
SANDBOX_TRY(remove_below, unlinkat(bait->folder_fd, "other", 0))
SANDBOX_TRY(rename_file, renameat(AT_FDCWD, bait->other, AT_FDCWD, bait->absent))
SANDBOX_TRY(link_file, linkat(AT_FDCWD, bait->file, AT_FDCWD, bait->absent, 0))
SANDBOX_TRY(link_symbolic, symlinkat("/", AT_FDCWD, bait->absent))
SANDBOX_TRY(make_folder, mkdirat(AT_FDCWD, bait->absent, 0700))
SANDBOX_TRY(make_fifo, mknodat(AT_FDCWD, bait->absent, S_IFIFO | 0600, 0))
SANDBOX_TRY(make_device, mknodat(AT_FDCWD, bait->absent, S_IFBLK | 0600, 0x801))
SANDBOX_TRY(mode_of_open, fchmod(bait->memory_fd, 0600))
SANDBOX_TRY(mode_of_file, syscall(SYS_fchmodat, AT_FDCWD, bait->file, 0600))
SANDBOX_TRY(mode_of_file_2, syscall(NR_FCHMODAT2, AT_FDCWD, bait->file, 0600, 0))
SANDBOX_TRY(owner_of_file, fchownat(AT_FDCWD, bait->file, geteuid(), (gid_t)-1, 0))
SANDBOX_TRY(owner_of_open, fchown(bait->memory_fd, geteuid(), (gid_t)-1))
SANDBOX_TRY(attribute, setxattr(bait->file, "user.vmedia", "a", 1, 0))
SANDBOX_TRY(no_attribute, removexattr(bait->file, "user.vmedia"))
SANDBOX_TRY(times, utimensat(AT_FDCWD, bait->file, NULL, 0))
SANDBOX_TRY(go_to, chdir("/"))
SANDBOX_TRY(go_to_open, fchdir(bait->folder_fd))
SANDBOX_TRY(watch, inotify_init1(IN_CLOEXEC))
SANDBOX_TRY(watch_all, fanotify_init(FAN_CLOEXEC | FAN_CLASS_NOTIF, O_RDONLY))
SANDBOX_TRY(watch_folder, fcntl(bait->folder_fd, F_NOTIFY, DN_CREATE))

static int attribute_at(const struct sandbox_bait *bait)
{
	struct {
		uint64_t value;
		uint32_t size, flags;
	} args = { (uint64_t)(uintptr_t)"a", 1, 0 };

	return sandbox_try_ret(syscall(NR_SETXATTRAT, AT_FDCWD, bait->file, 0, "user.vmedia", &args,
				       sizeof(args)));
}

static int open_how(const struct sandbox_bait *bait)
{
	struct open_how how = { .flags = O_RDONLY };

	return sandbox_try_ret(syscall(NR_OPENAT2, AT_FDCWD, bait->file, &how, sizeof(how)));
}

static int see_file(const struct sandbox_bait *bait)
{
	struct stat st;

	return sandbox_try_ret(fstatat(AT_FDCWD, bait->file, &st, 0));
}

static int see_file_more(const struct sandbox_bait *bait)
{
	struct statx stx;

	return sandbox_try_ret(statx(AT_FDCWD, bait->file, 0, STATX_MODE, &stx));
}

static int read_link(const struct sandbox_bait *bait)
{
	char target[PATH_MAX];

	(void)bait;
	return sandbox_try_ret(readlinkat(AT_FDCWD, "/proc/self/exe", target, sizeof(target)));
}

static int list_open(const struct sandbox_bait *bait)
{
	char entries[1024];

	return sandbox_try_ret(syscall(SYS_getdents64, bait->folder_fd, entries, sizeof(entries)));
}

static int name_to_handle(const struct sandbox_bait *bait)
{
	struct {
		struct file_handle head;
		char bytes[MAX_HANDLE_SZ];
	} handle = { .head.handle_bytes = MAX_HANDLE_SZ };
	int mount;

	return sandbox_try_ret(name_to_handle_at(bait->folder_fd, "file", &handle.head, &mount, 0));
}

/* A handle of a type that no file system has: ESTALE or EINVAL if the permission check passes. */
static int open_handle(const struct sandbox_bait *bait)
{
	struct {
		struct file_handle head;
		char bytes[8];
	} handle = { .head = { .handle_bytes = 8, .handle_type = 1 } };

	return sandbox_try_ret(open_by_handle_at(bait->folder_fd, &handle.head, O_RDONLY));
}

#ifdef SYS_open
SANDBOX_TRY(open_old, syscall(SYS_open, bait->file, O_RDONLY))
#else
SANDBOX_TRY(open_old, ((void)bait, errno = -SANDBOX_TRY_NOT_HERE, -1))
#endif

/* The empty root has none of the paths; a folder in it cannot be written to. */
#define NO_PATH		{ ENOENT, EROFS }
/* The descriptor was closed, or its folder is no longer there. */
#define NO_FOLDER	{ EBADF, ENOENT }

static const struct sandbox_try tries[] = {
	{ "openat", "read a file", read_file, 0, NO_PATH },
	{ "open", "read a file, the old way", open_old, 0, NO_PATH },
	{ "openat2", "read a file, the new way", open_how, 0, NO_PATH },
	{ "openat", "read a file through an open folder", read_below, 0, NO_FOLDER },
	{ "openat", "list the root folder", read_folder, 0, { 0 } },
	{ "getdents64", "list an open folder", list_open, 0, NO_FOLDER },
	{ "openat O_PATH", "hold on to the root folder", open_path, 0, { 0 } },
	{ "openat", "write its own memory through /proc", open_own_memory, 0, NO_PATH },
	{ "openat O_WRONLY", "write to a file", write_file, 0, NO_PATH },
	{ "openat O_TRUNC", "empty a file, opened for reading", truncate_by_open, 0, NO_PATH },
	{ "openat O_CREAT", "make a file, opened for reading", create_file, 0, NO_PATH },
	{ "openat O_TMPFILE", "make a file without a name", unnamed_file, 0, NO_PATH },
	{ "truncate", "empty a file", truncate_file, 0, NO_PATH },
	{ "unlinkat", "remove a file", remove_file, 0, NO_PATH },
	{ "unlinkat", "remove a file through an open folder", remove_below, 0, NO_FOLDER },
	{ "renameat", "rename a file", rename_file, 0, NO_PATH },
	{ "linkat", "give a file a second name", link_file, 0, NO_PATH },
	{ "symlinkat", "make a symbolic link", link_symbolic, 0, NO_PATH },
	{ "mkdirat", "make a folder", make_folder, 0, NO_PATH },
	{ "mknodat", "make a FIFO", make_fifo, 0, NO_PATH },
	{ "mknodat", "make a disk's device file", make_device, SANDBOX_TRY_NEEDS_ROOT, NO_PATH },
	{ "fchmod", "change the mode of an open file", mode_of_open, 0, { 0 } },
	{ "fchmodat", "change the mode of a file", mode_of_file, SANDBOX_TRY_NEEDS_ROOT, NO_PATH },
	{ "fchmodat2", "change the mode of a file, the new way", mode_of_file_2, 0, NO_PATH },
	{ "fchownat", "change the owner of a file", owner_of_file, 0, NO_PATH },
	{ "fchown", "change the owner of an open file", owner_of_open, 0, { 0 } },
	{ "setxattr", "give a file an attribute", attribute, 0, NO_PATH },
	{ "setxattrat", "give a file an attribute, the new way", attribute_at, 0, NO_PATH },
	{ "removexattr", "take an attribute from a file", no_attribute, 0, NO_PATH },
	{ "utimensat", "change the times of a file", times, 0, NO_PATH },
	{ "newfstatat", "look whether a file is there", see_file, SANDBOX_TRY_OPENS, NO_PATH },
	{ "statx", "look whether a file is there, the new way", see_file_more,
	  SANDBOX_TRY_OPENS, NO_PATH },
	{ "readlinkat", "ask where its program is", read_link, 0, NO_PATH },
	{ "name_to_handle_at", "get a handle of a file", name_to_handle, 0, NO_FOLDER },
	{ "open_by_handle_at", "open a file by a handle", open_handle,
	  SANDBOX_TRY_NEEDS_ROOT, { 0 } },
	{ "chdir", "change its folder", go_to, 0, { 0 } },
	{ "fchdir", "change to an open folder", go_to_open, 0, NO_FOLDER },
	{ "fcntl F_NOTIFY", "watch an open folder", watch_folder, 0, NO_FOLDER },
	{ "inotify_init1", "watch files", watch, 0, { 0 } },
	{ "fanotify_init", "watch all files", watch_all, SANDBOX_TRY_NEEDS_ROOT, { 0 } },
};

const struct sandbox_try_group sandbox_tries_files = {
	"files", tries, sizeof(tries) / sizeof(tries[0])
};
