/* SPDX-License-Identifier: BSD-3-Clause */
/* A process that enters the sandbox, and its keeper, for a test that looks at both from outside. */
#ifndef TESTS_SANDBOX_CONFINED_H
#define TESTS_SANDBOX_CONFINED_H

#include <sys/types.h>

#include "sandbox/sandbox.h"

/* What a process tells that did not get into the sandbox. */
#define CONFINED_FAILED 42

struct confined {
	pid_t keeper, child;
	int sock;		/* to the child */
	int paths;		/* negative errno of opening a path in stage root; 0: it opened */
	struct sandbox sb;	/* the results, as the child has them */
	char why[512];		/* if it failed */
	int status;		/* of the keeper: confined_end() */
};

/* What the place is like in which the process starts; called in it. Returns 0 or -1. */
typedef int confined_place_fn(void);

/* Whose process it is: root's, or that of a user without rights. Root becomes one. */
int confined_as_root(void);
int confined_as_user(void);
/* Refuse namespaces: user namespaces only, all. Refuse Landlock. */
int confined_without_user_ns(void);
int confined_without_ns(void);
int confined_without_landlock(void);

/*
 * Start a process in all places of @places, which ends with NULL, and wait until it is in the
 * sandbox, or has failed: then c->why says it.
 */
void confined_start(struct confined *c, const struct sandbox *options,
		    confined_place_fn *const places[]);

/*
 * What the child does next: 'x' exit with status 7, 'a' abort(), 's' a bad address, 'r' read a
 * terminal.
 */
void confined_tell(struct confined *c, char what);
/* Wait until the keeper has ended. Returns its wait status. */
int confined_end(struct confined *c);
/* Wait until the child has ended: its end of the socket is closed. */
void confined_gone(struct confined *c);

/* The line of /proc/PID/status or of /proc/PID/limits that begins with @key, behind it. */
const char *confined_status(pid_t pid, const char *file, const char *key);

#endif /* TESTS_SANDBOX_CONFINED_H */
