/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A child process for each filter of system calls, since a filter stays for ever. What a child says
 * on standard error is compared.
 */
#ifndef TESTS_SANDBOX_CHILD_H
#define TESTS_SANDBOX_CHILD_H

#include <errno.h>
#include <stddef.h>
#include <stdio.h>

#include "sandbox/calls.h"

/* In a child: leave with status 1 and a line, unless @cond holds. */
#define EXPECT(cond)                                                                  \
	do {                                                                          \
		errno = 0;                                                            \
		if (!(cond)) {                                                        \
			fprintf(stderr, "%s:%d: not so: %s (errno %d)\n", __FILE__,   \
				__LINE__, #cond, errno);                              \
			return 1;                                                     \
		}                                                                     \
	} while (0)

/* True if the call failed as those do that a filter refuses. */
#define REFUSED(call) ((call) == -1 && (errno == EPERM || errno == ENOSYS))

/* In a child: load the filter, or leave with status 99. */
void child_enter(enum sandbox_calls_stage stage, const char *more);

/* In a child: write what was refused to standard error, a line each. */
void child_report(void);

/* Run @fn in a child, which exits with its result. @said gets its standard error. */
int child_run(int (*fn)(void), char *said, size_t size);

/* Assert that a child that runs @fn exits with status 0, or dies of @sig, and says @wanted. */
void child_is_well(int (*fn)(void), const char *wanted);
void child_dies(int (*fn)(void), int sig, const char *wanted);

#endif
