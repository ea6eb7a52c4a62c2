/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Internals of the sandbox.
 *
 *   sandbox.c		stages and their results, in order
 *   identity.c		the user
 *   namespaces.c	namespaces
 *   root.c		the empty root
 *   landlock.c		no path, whatever the root
 *   limits.c		resource limits
 *   privileges.c	capabilities
 *   keeper.c		the process that stays outside
 *   threads.c		a function on every thread
 *   calls.h		the filter of system calls
 *
 * A stage records its result by sandbox_set(); it returns an error only if the program must not go
 * on.
 */
#ifndef VMEDIA_SANDBOX_IMPL_H
#define VMEDIA_SANDBOX_IMPL_H

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

/* Become that user. CAP_SYS_ADMIN stays if it was there: namespaces may need it. */
void sandbox_identity_enter(struct sandbox *sb, const struct sandbox_identity *id);

/* ---- namespaces.c ---- */

/*
 * Make what namespaces the kernel allows, or look whether somebody else has. Of a pid namespace,
 * the next child of the process is the first member.
 */
void sandbox_ns_enter(struct sandbox *sb);

/* ---- root.c, landlock.c ---- */

/*
 * sandbox_root_prepare - make the empty root, in a process of its own that keeps CAP_SYS_ADMIN
 *
 * The caller can drop its capabilities then. Nothing happens without a mount namespace.
 */
void sandbox_root_prepare(struct sandbox *sb);
/* Enter it, and Landlock. */
int sandbox_root_enter(struct sandbox *sb);

/*
 * sandbox_landlock_enter - no thread can open or change a path, connect by TCP, or reach an
 * abstract socket of others
 *
 * Returns the version of the kernel's interface, or negative errno (-EOPNOTSUPP, -ENOSYS: the
 * kernel has none). Context: no_new_privs is set in all threads.
 */
int sandbox_landlock_enter(void);

/* ---- limits.c, privileges.c ---- */

void sandbox_limits_enter(struct sandbox *sb);

/* Keep no capabilities but those of the bit mask @kept in this thread; async-signal-safe. */
int sandbox_keep_capabilities(uint64_t kept);
/* The bounding set: what no program that is executed can have. Does what it is allowed to. */
void sandbox_empty_bounding_set(void);
int sandbox_privileges_enter(struct sandbox *sb);

/* ---- keeper.c ---- */

struct sandbox_keeper {
	int fd;		/* to the other process */
};

/*
 * sandbox_keeper_fork - split the process in two
 *
 * Returns 0 in the new process, 1 in the keeper when the new process has ended (its status is in
 * sb->status), or negative errno without a new process.
 */
int sandbox_keeper_fork(struct sandbox *sb, struct sandbox_keeper *k);

/*
 * sandbox_keeper_tell - in the new process: tell the keeper whom to keep
 * @again: a child, which is made here and in which this returns
 */
int sandbox_keeper_tell(struct sandbox_keeper *k, bool again);
/* Wait until the keeper is the parent, and die with it from then on. Returns 0 or negative errno. */
int sandbox_keeper_await(struct sandbox_keeper *k);

#endif /* VMEDIA_SANDBOX_IMPL_H */
