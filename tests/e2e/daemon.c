// SPDX-License-Identifier: BSD-3-Clause
/* The real daemon for a test program, see daemon.h. */
#include "daemon.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TRIES	 1000 /* of 20 ms */
#define MAX_ARGS 16

static void run(const struct daemon_process *d, const char *program, const char *const *args)
{
	const char *argv[MAX_ARGS + 3];
	char socket[96];
	unsigned int n = 0;

	snprintf(socket, sizeof(socket), "--socket-path=%s", d->path);
	argv[n++] = program;
	argv[n++] = socket;
	while (*args && n < MAX_ARGS + 2)
		argv[n++] = *args++;
	argv[n] = NULL;
	if (!freopen(d->log, "w", stderr))
		_exit(126);
	execv(program, (char *const *)argv);
	_exit(127);
}

int daemon_start(struct daemon_process *d, const char *program, const char *const *args)
{
	struct timespec moment = { .tv_nsec = 20 * 1000 * 1000 };
	int tries;

	snprintf(d->folder, sizeof(d->folder), "/tmp/vmedia-e2e.XXXXXX");
	if (!mkdtemp(d->folder))
		return -1;
	snprintf(d->path, sizeof(d->path), "%s/a.sock", d->folder);
	snprintf(d->log, sizeof(d->log), "%s/log", d->folder);
	d->pid = fork();
	if (d->pid < 0)
		return -1;
	if (!d->pid)
		run(d, program, args);
	for (tries = TRIES; tries && access(d->path, F_OK); tries--) {
		if (waitpid(d->pid, NULL, WNOHANG))
			return -1;
		nanosleep(&moment, NULL);
	}
	return tries ? 0 : -1;
}

int daemon_start_pattern(struct daemon_process *d, const char *program, char *const *options)
{
	const char *args[MAX_ARGS + 1];
	unsigned int n = 0;

	while (*options && n < MAX_ARGS - 3)
		args[n++] = *options++;
	args[n++] = "camera";
	args[n++] = "--source=pattern";
	args[n++] = "--fps=max";
	args[n] = NULL;
	return daemon_start(d, program, args);
}

/* Show what the daemon said. Returns -1 if it was refused a system call. */
static int show_log(const struct daemon_process *d)
{
	FILE *f = fopen(d->log, "r");
	char line[512];
	int ret = 0;

	while (f && fgets(line, sizeof(line), f)) {
		fputs(line, stderr);
		if (strstr(line, "refused system call"))
			ret = -1;
	}
	if (f)
		fclose(f);
	unlink(d->log);
	return f ? ret : -1;
}

int daemon_stop(struct daemon_process *d)
{
	int status, ok;

	kill(d->pid, SIGTERM);
	ok = waitpid(d->pid, &status, 0) == d->pid && WIFEXITED(status) && !WEXITSTATUS(status);
	if (!ok)
		fprintf(stderr, "the daemon did not end well: wait status %#x\n", status);
	if (!access(d->path, F_OK)) {
		fprintf(stderr, "the daemon left its socket behind\n");
		ok = 0;
		unlink(d->path);
	}
	if (show_log(d) < 0)
		ok = 0;
	rmdir(d->folder);
	return ok ? 0 : -1;
}
