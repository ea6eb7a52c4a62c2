/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The system calls that a process may make, by stage.
 *
 * Theory of operation: each part says in a comment beside its code which system calls it makes:
 *
 *	 * System calls, serving: recvmsg sendmsg close
 *	 * System calls, start: socket bind
 *	 * System calls, keeper: kill
 *	 * System calls, opener: sendmsg
 *
 * The list ends with the comment's paragraph. scripts/gather-calls collects these comments into one
 * table for each stage when the program is built. A module has its lists in struct vmedia_module.
 * A word of a list is
 *
 *	NAME		the call, with the checks of its arguments that args.c has for it
 *	NAME|NAME	the first of these calls that the architecture has
 *	ioctl:V		ioctl() with commands of type 'V' only
 *	mmap:exec	with PROT_EXEC too; also mprotect and pkey_mprotect
 *	openat:rw	of files that exist, for writing too; also open
 *	NAME:any	without the checks of its arguments
 *
 * A call that the architecture does not have is skipped. Where the C library may use either of two
 * calls that the architecture has (lstat() by lstat or newfstatat), both are listed. A filter of
 * the kernel allows the calls of the list in all threads. Every other call is refused:
 *   - those without which the C library continues, as clone3(), and clone() of posix_spawn(), which
 *     blocks all signals: an error, not reported;
 *   - those that only an attack makes, as execve(): the process ends by SIGSYS, after one line;
 *   - all others: EPERM, or ENOSYS for a number that is unknown here. Each is reported once.
 * The kernel raises SIGSYS for the last two, and the handler of sigsys.c does the rest. A thread
 * must not block SIGSYS. Calls of another architecture (int 0x80 on x86-64) end the process.
 */
#ifndef VMEDIA_SANDBOX_CALLS_H
#define VMEDIA_SANDBOX_CALLS_H

#include <stdbool.h>
#include <stddef.h>

enum sandbox_calls_stage {
	SANDBOX_CALLS_START,	/* the device is made; calls of SANDBOX_CALLS_SERVE are included */
	SANDBOX_CALLS_SERVE,
	SANDBOX_CALLS_KEEPER,	/* the process that waits for the one that serves */
	SANDBOX_CALLS_OPENER,	/* the process that opens a device node (opener.h) */
};

#define SANDBOX_CALLS_MAX	512	/* calls of a list */
#define SANDBOX_CALLS_FILTER	512	/* instructions of a filter */

/*
 * sandbox_calls_check - check that @list follows the grammar and names known calls. Returns 0, or
 * -EINVAL with a sentence in @why.
 */
int sandbox_calls_check(const char *list, char *why, size_t size);

/*
 * sandbox_calls_names - get the names of the allowed calls of @stage, sorted
 * @more: the list of the kind of device, NULL for none
 * @names: receives @max pointers at most; they stay valid
 *
 * Returns the number of calls, which may be more than @max, or 0 if @more is wrong.
 */
unsigned int sandbox_calls_names(enum sandbox_calls_stage stage, const char *more,
				 const char **names, unsigned int max);

/* A filter that is ready. Loading it takes no memory. */
struct sandbox_filter {
	unsigned int len;	/* instructions */
	unsigned int calls;	/* allowed */
	struct {
		unsigned short code;
		unsigned char jt, jf;
		unsigned int k;
	} code[SANDBOX_CALLS_FILTER];	/* as struct sock_filter */
};

/*
 * sandbox_calls_build - make the filter of @stage
 * @more: as above. Filters add up, so SANDBOX_CALLS_START needs those of serving here, too
 *
 * The filter lets a process signal only itself, so it is for the process that builds it. Returns 0;
 * -EINVAL: @more is wrong; another errno of libseccomp; all with a sentence in @why.
 */
int sandbox_calls_build(struct sandbox_filter *f, enum sandbox_calls_stage stage, const char *more,
			char *why, size_t size);

/*
 * sandbox_calls_enter - apply @f to all threads of the process, for ever; sets no_new_privs
 *
 * Returns 0 or negative errno with a sentence in @why. -ESRCH: a thread has another filter.
 */
int sandbox_calls_enter(const struct sandbox_filter *f, char *why, size_t size);

/* Both in one. */
int sandbox_calls_load(enum sandbox_calls_stage stage, const char *more, char *why, size_t size);

/*
 * sandbox_calls_fd - a descriptor that is readable when a call was refused since the last
 * sandbox_calls_report(); -1 before the first filter. Not to be read or closed by the caller.
 */
int sandbox_calls_fd(void);

/*
 * sandbox_calls_report - call @fn with a sentence for each call that was refused and not reported
 * yet. Context: one thread at a time.
 */
void sandbox_calls_report(void (*fn)(void *opaque, const char *text), void *opaque);

/* Whether there is something to report; makes no system call. Context: as the above. */
bool sandbox_calls_refused(void);

#endif /* VMEDIA_SANDBOX_CALLS_H */
