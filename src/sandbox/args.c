/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The arguments that an allowed call may have.
 *
 * A filter sees numbers and no memory. Where a call is given a path, the filter cannot tell which:
 * the stages before (an empty root, Landlock) leave none. A mask covers the lower 32 bits, which is
 * all that the kernel looks at where the argument is an int.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/calls_impl.h"

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

/* The argument of clone() with the flags; on s390 the stack is first. */
#ifdef __s390__
#define CLONE_FLAGS 1
#else
#define CLONE_FLAGS 0
#endif

/* A thread of this process, which shares all with it, in no new namespace. */
#define THREAD	   (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)
#define NAMESPACES (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | \
		    CLONE_NEWPID | CLONE_NEWNET)

/* O_TMPFILE makes a file, too. It is more bits than one, and this one is its own. */
#define MAKES	(O_TMPFILE & ~O_DIRECTORY)
#define CHANGES (O_CREAT | O_TRUNC | MAKES)
/* Landlock does not look at O_PATH, which opens what may not be read, as a place to go on from. */
#define NEVER	(CHANGES | O_PATH)

/* One argument of one call: (argument & mask) == value. A call with more lines has alternatives. */
struct check {
	const char *name;
	unsigned int arg;
	scmp_datum_t mask, value;
};

#define SETXID 33 /* the C library's, for setuid() of all threads */
#define WHOLE  ((scmp_datum_t)-1)

static const struct check checks[] = {
	{ "mmap", 2, PROT_EXEC, 0 },
	{ "mmap2", 2, PROT_EXEC, 0 },
	{ "mprotect", 2, PROT_EXEC, 0 },
	{ "pkey_mprotect", 2, PROT_EXEC, 0 },
	{ "clone", CLONE_FLAGS, THREAD | NAMESPACES, THREAD },
	{ "socket", 0, WHOLE, AF_UNIX },
	{ "socketpair", 0, WHOLE, AF_UNIX },
	{ "sendto", 4, WHOLE, 0 },
	{ "open", 1, O_ACCMODE | NEVER, O_RDONLY },
	{ "openat", 2, O_ACCMODE | NEVER, O_RDONLY },
	{ "newfstatat", 3, AT_EMPTY_PATH, AT_EMPTY_PATH },
	{ "fstatat64", 3, AT_EMPTY_PATH, AT_EMPTY_PATH },
	{ "statx", 2, AT_EMPTY_PATH, AT_EMPTY_PATH }, /* and see stat_takes_null() */
	{ "memfd_create", 1, WHOLE, MFD_CLOEXEC | MFD_ALLOW_SEALING },
	{ "prlimit64", 0, WHOLE, 0 },
	{ "sched_getaffinity", 0, WHOLE, 0 },
	{ "sched_setaffinity", 0, WHOLE, 0 },
	{ "prctl", 0, WHOLE, PR_SET_NAME },
	{ "prctl", 0, WHOLE, PR_SET_VMA },
	{ "fcntl", 1, WHOLE, F_GETFD },
	{ "fcntl", 1, WHOLE, F_SETFD },
	{ "fcntl", 1, WHOLE, F_GETFL },
	{ "fcntl", 1, WHOLE, F_SETFL },
	{ "fcntl", 1, WHOLE, F_DUPFD },
	{ "fcntl", 1, WHOLE, F_DUPFD_CLOEXEC },
	{ "fcntl", 1, WHOLE, F_ADD_SEALS },
	{ "fcntl", 1, WHOLE, F_GET_SEALS },
	{ "fcntl64", 1, WHOLE, F_GETFD },
	{ "fcntl64", 1, WHOLE, F_SETFD },
	{ "fcntl64", 1, WHOLE, F_GETFL },
	{ "fcntl64", 1, WHOLE, F_SETFL },
	{ "fcntl64", 1, WHOLE, F_DUPFD },
	{ "fcntl64", 1, WHOLE, F_DUPFD_CLOEXEC },
	{ "fcntl64", 1, WHOLE, F_ADD_SEALS },
	{ "fcntl64", 1, WHOLE, F_GET_SEALS },
	/* not SIGSYS: the handler of refused calls stays */
	{ "rt_sigaction", 0, WHOLE, SIGBUS },
	{ "rt_sigaction", 0, WHOLE, SIGABRT },
	{ "rt_sigaction", 0, WHOLE, SIGPIPE },
	{ "rt_sigaction", 0, WHOLE, SETXID }, /* by the first pthread_create() */
};

/* What a process needs that has not entered all stages. It stays not dumpable. */
static const struct check before_serving[] = {
	{ "prctl", 0, WHOLE, PR_SET_NAME },
	{ "prctl", 0, WHOLE, PR_SET_VMA },
	{ "prctl", 0, WHOLE, PR_SET_PDEATHSIG },
	{ "prctl", 0, WHOLE, PR_SET_NO_NEW_PRIVS },
};

/*
 * From Linux 6.11 on statx() takes NULL for "this descriptor". Otherwise it takes an empty string,
 * which a filter cannot tell from a path below the descriptor of a folder.
 */
static bool stat_takes_null(void)
{
	struct statx st;

	return syscall(SYS_statx, STDIN_FILENO, NULL, AT_EMPTY_PATH, STATX_TYPE, &st) == 0;
}

/*
 * Bits that the argument behind that of @c must not have. A descriptor must not signal anybody: by
 * O_ASYNC alone, a terminal signals the process group that reads it, which is that of a shell and
 * in no namespace of this process.
 */
static scmp_datum_t never_next(const struct check *c)
{
	return c->value == F_SETFL && !strncmp(c->name, "fcntl", strlen("fcntl")) ? O_ASYNC : 0;
}

static int allow_if(scmp_filter_ctx ctx, int nr, const struct check *c)
{
	const scmp_datum_t never = never_next(c);
	struct scmp_arg_cmp cmp[] = {
		SCMP_CMP(c->arg, SCMP_CMP_EQ, c->value, 0),
		SCMP_CMP(c->arg + 1, SCMP_CMP_MASKED_EQ, never, 0),
	};

	if (c->mask != WHOLE)
		cmp[0] = (struct scmp_arg_cmp)SCMP_CMP(c->arg, SCMP_CMP_MASKED_EQ, c->mask,
						       c->value);
	return seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, nr, never ? 2 : 1, cmp);
}

static int allow_stat(scmp_filter_ctx ctx, int nr, const struct check *c)
{
	const struct scmp_arg_cmp cmp[] = {
		SCMP_CMP(c->arg, SCMP_CMP_MASKED_EQ, c->mask, c->value),
		SCMP_CMP(1, SCMP_CMP_EQ, 0, 0),
	};

	return seccomp_rule_add_array(ctx, SCMP_ACT_ALLOW, nr, stat_takes_null() ? 2 : 1, cmp);
}

static int allow_before_serving(scmp_filter_ctx ctx, int nr, const char *name)
{
	const size_t num = sizeof(before_serving) / sizeof(before_serving[0]);
	int ret = 0;

	if (strcmp(name, before_serving[0].name))
		return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 0);
	for (size_t i = 0; ret == 0 && i < num; i++)
		ret = allow_if(ctx, nr, &before_serving[i]);
	return ret;
}

static int allow_checked(scmp_filter_ctx ctx, int nr, const char *name)
{
	bool found = false;
	int ret = 0;

	/*
	 * posix_spawn() blocks all signals before it makes a process, and so SIGSYS would end this
	 * one: it just fails.
	 */
	if (!strcmp(name, "clone")) {
		struct scmp_arg_cmp spawn = SCMP_CMP(CLONE_FLAGS, SCMP_CMP_MASKED_EQ,
						     CLONE_VFORK | CLONE_THREAD, CLONE_VFORK);

		ret = seccomp_rule_add_array(ctx, SCMP_ACT_ERRNO(EPERM), nr, 1, &spawn);
	}
	/* A signal goes to this process only, by tgkill() and not by tkill(). */
	if (!strcmp(name, "tgkill"))
		return allow_if(ctx, nr, &(struct check){ name, 0, WHOLE, (scmp_datum_t)getpid() });
	for (size_t i = 0; ret == 0 && i < sizeof(checks) / sizeof(checks[0]); i++) {
		if (strcmp(checks[i].name, name))
			continue;
		found = true;
		ret = strcmp(name, "statx") ? allow_if(ctx, nr, &checks[i])
					    : allow_stat(ctx, nr, &checks[i]);
	}
	return found ? ret : seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, 0);
}

int sandbox_args_allow(scmp_filter_ctx ctx, const struct sandbox_word *word)
{
	const char *name = sandbox_names_get(word->nr);

	if (!name)
		return -EOPNOTSUPP; /* an architecture whose numbers names.c does not expect */
	switch (word->args) {
	case SANDBOX_ARGS_CHECKED:
		return allow_checked(ctx, word->nr, name);
	case SANDBOX_ARGS_ANY:
		return allow_before_serving(ctx, word->nr, name);
	case SANDBOX_ARGS_WRITE:
		return allow_if(ctx, word->nr,
				&(struct check){ name, !strcmp(name, "open") ? 1 : 2, NEVER, 0 });
	case SANDBOX_ARGS_TYPE:
		return allow_if(ctx, word->nr,
				&(struct check){ name, 1, 0xff00, (scmp_datum_t)word->type << 8 });
	}
	return -EINVAL;
}
