/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The real daemon for a test program: started on a socket in a folder of its own, ended by SIGTERM.
 */
#ifndef TESTS_E2E_DAEMON_H
#define TESTS_E2E_DAEMON_H

#include <sys/types.h>

struct daemon_process {
	pid_t pid;
	char folder[48];
	char path[64];
	char log[64]; /* its standard error */
};

/*
 * Serves with @args, which end with NULL: options, kind, options of the kind; 16 at most. Waits
 * until the daemon listens. 0 or -1.
 */
int daemon_start(struct daemon_process *d, const char *program, const char *const *args);
/* The same with the pattern as fast as the guest takes it; @options: NULL-terminated. */
int daemon_start_pattern(struct daemon_process *d, const char *program, char *const *options);
/*
 * 0 if it ended by itself with status 0, its socket is gone, and the sandbox refused it nothing.
 * What it said goes to standard error.
 */
int daemon_stop(struct daemon_process *d);

#endif
