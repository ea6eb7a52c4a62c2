/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Internals of the sandbox.
 *
 *   sandbox.c		the stages in order
 *   result.c		their names and results
 *   identity.c		the user
 *   namespaces.c	namespaces
 *   root.c		the empty root
 *   landlock.c		no path, whatever the root
 *   limits.c		resource limits
 *   privileges.c	capabilities
 *   keeper.c		the process that stays outside
 *   pair.c		messages between it and the others
 *   terminal.c		the terminal that it was started at
 *   threads.c		a function on every thread
 *   calls.h		the filter of system calls
 *
 * A stage records its result by sandbox_set(); it returns an error only if the program must not go
 * on.
 */
#ifndef VMEDIA_SANDBOX_IMPL_H
#define VMEDIA_SANDBOX_IMPL_H

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "sandbox/sandbox.h"

/* Record the result of @stage, with a sentence. */
void sandbox_set(struct sandbox *sb, enum sandbox_stage stage, enum sandbox_state state,
		 const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* ---- identity.c ---- */

#define SANDBOX_MAX_GROUPS 256

/* The user that the process becomes. Looked up before the process forks: that may take time. */
struct sandbox_identity {
	bool change; /* false: the process keeps its user */
	uid_t uid;
	gid_t gid;
	int num_groups;
	gid_t groups[SANDBOX_MAX_GROUPS];
};

/* Find the user of @sb. Returns 0, or -EINVAL with a sentence in @why. */
int sandbox_identity_find(struct sandbox *sb, struct sandbox_identity *id, char *why, size_t size);

/* Become that user, with the capabilities that the next stages need. */
void sandbox_identity_enter(struct sandbox *sb, const struct sandbox_identity *id);

/* ---- namespaces.c ---- */

/*
 * Make what namespaces the kernel allows, or look whether somebody else has. Of a pid namespace,
 * the next child of the process is the first member.
 */
void sandbox_ns_enter(struct sandbox *sb);

/* ---- root.c, landlock.c ---- */

/*
 * sandbox_root_mount - make the empty root; when a byte comes from @sock, enter it, with all
 * processes of the mount namespace, and answer with an int: 0 or negative errno
 *
 * Returns the exit status of the process that mounts.
 */
int sandbox_root_mount(bool may_mount, int sock);
/* Have that process do so, and enter Landlock. */
void sandbox_root_enter(struct sandbox *sb);

/*
 * sandbox_landlock_enter - no thread can open or change a path, connect by TCP, or reach an
 * abstract socket of others
 *
 * Returns the version of the kernel's interface, or negative errno (-EOPNOTSUPP, -ENOSYS: the
 * kernel has none). Context: no_new_privs is set in all threads.
 */
int sandbox_landlock_enter(DIR *threads);

/* ---- limits.c, privileges.c ---- */

void sandbox_limits_enter(struct sandbox *sb);

/* Keep no capabilities but those of the bit mask @kept in this thread; async-signal-safe. */
int sandbox_keep_capabilities(uint64_t kept);
/* The bounding set: what no program that is executed can have. Does what it is allowed to. */
void sandbox_empty_bounding_set(void);
int sandbox_privileges_enter(struct sandbox *sb);

/* ---- pair.c ---- */

/* Receive one message of @size bytes. Returns 0, -EPIPE if the other end is gone, or -errno. */
int sandbox_recv(int fd, void *data, size_t size);

/* ---- keeper.c ---- */

/*
 * sandbox_keeper_fork - split the process in two
 *
 * Returns 0 in the new process, 1 in the keeper when the process that serves has ended (its status
 * is in sb->status), or negative errno without a new process.
 */
int sandbox_keeper_fork(struct sandbox *sb);

/* In the new process: it is the one that serves, and dies with the keeper. Returns 0 or -errno. */
int sandbox_keeper_stay(struct sandbox *sb);

/*
 * sandbox_keeper_split - in the new process: fork the one that serves, and mount for it
 *
 * Returns 0 in the process that serves, which dies with the new process and so with the keeper; or
 * negative errno in the new process, which else ends here.
 */
int sandbox_keeper_split(struct sandbox *sb);

/*
 * The process that mounts is about to end: do not die with it. Then wait until the keeper is the
 * parent, and die with that. Nothing happens after sandbox_keeper_stay(). Return 0 or -errno.
 */
int sandbox_keeper_release(struct sandbox *sb);
int sandbox_keeper_await(struct sandbox *sb);

/* ---- terminal.c ---- */

/*
 * Standard descriptors that are a terminal are open for writing only, from now on. Context: the
 * process is in the terminal's session, as the user who started it.
 */
void sandbox_terminal_leave(void);

#endif /* VMEDIA_SANDBOX_IMPL_H */
