// SPDX-License-Identifier: BSD-3-Clause
/* The real vmedia-source for a test program, see publisher.h. */
#include "publisher.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TRIES	 1500 /* of 20 ms */
#define MAX_ARGS 12

static void moment(void)
{
	const struct timespec ts = { .tv_nsec = 20 * 1000 * 1000 };

	nanosleep(&ts, NULL);
}

int publisher_prepare(struct publisher_process *p)
{
	p->pid = -1;
	snprintf(p->folder, sizeof(p->folder), "/tmp/vmedia-source.XXXXXX");
	if (!mkdtemp(p->folder))
		return -1;
	snprintf(p->path, sizeof(p->path), "%s/a.sock", p->folder);
	snprintf(p->log, sizeof(p->log), "%s/log", p->folder);
	return 0;
}

static void run(const struct publisher_process *p, const char *program, const char *const *args)
{
	const char *argv[MAX_ARGS + 4];
	char publish[96];
	unsigned int n = 0;

	snprintf(publish, sizeof(publish), "--publish=%s", p->path);
	argv[n++] = program;
	argv[n++] = publish;
	argv[n++] = "--log-level=info";
	while (*args && n < MAX_ARGS + 3)
		argv[n++] = *args++;
	argv[n] = NULL;
	if (!freopen(p->log, "w", stderr))
		_exit(126);
	execv(program, (char *const *)argv);
	_exit(127);
}

int publisher_start(struct publisher_process *p, const char *program, const char *const *args)
{
	unlink(p->log);
	p->pid = fork();
	if (p->pid < 0)
		return -1;
	if (!p->pid)
		run(p, program, args);
	return publisher_says(p, "publishing ") ? 0 : -1;
}

/* The number of lines that have @words. */
static int log_has(const struct publisher_process *p, const char *words)
{
	FILE *f = fopen(p->log, "r");
	char line[512];
	int found = 0;

	while (f && fgets(line, sizeof(line), f))
		found += strstr(line, words) != NULL;
	if (f)
		fclose(f);
	return found;
}

bool publisher_says(struct publisher_process *p, const char *words)
{
	return publisher_says_again(p, words, 1);
}

bool publisher_says_again(struct publisher_process *p, const char *words, int times)
{
	for (int tries = TRIES; tries; tries--) {
		if (log_has(p, words) >= times)
			return true;
		if (waitpid(p->pid, NULL, WNOHANG)) {
			p->pid = -1;
			return false;
		}
		moment();
	}
	return false;
}

static void show_log(const struct publisher_process *p)
{
	FILE *f = fopen(p->log, "r");
	char line[512];

	while (f && fgets(line, sizeof(line), f))
		fputs(line, stderr);
	if (f)
		fclose(f);
}

int publisher_stop(struct publisher_process *p)
{
	int status, ok;

	kill(p->pid, SIGTERM);
	ok = waitpid(p->pid, &status, 0) == p->pid && WIFEXITED(status) && !WEXITSTATUS(status);
	if (!ok)
		fprintf(stderr, "vmedia-source did not end well: wait status %#x\n", status);
	if (!access(p->path, F_OK)) {
		fprintf(stderr, "vmedia-source left its socket behind\n");
		ok = 0;
	}
	p->pid = -1;
	show_log(p);
	if (log_has(p, "refused system call"))
		ok = 0;
	return ok ? 0 : -1;
}

void publisher_kill(struct publisher_process *p)
{
	int fd;

	kill(p->pid, SIGKILL);
	waitpid(p->pid, NULL, 0);
	p->pid = -1;
	/* The process that serves ends a little later. */
	for (int tries = TRIES; tries; tries--) {
		fd = vmedia_subscriber_connect(p->path);
		if (fd < 0)
			return;
		close(fd);
		moment();
	}
}

void publisher_forget(struct publisher_process *p)
{
	if (p->pid > 0)
		publisher_kill(p); /* the test failed */
	unlink(p->log);
	unlink(p->path);
	rmdir(p->folder);
}

/* ---- A subscriber ---- */

/* Wait for messages and read them. */
static int process(struct vmedia_subscriber *sub)
{
	struct pollfd fd = { .fd = vmedia_subscriber_fd(sub), .events = POLLIN };
	char why[256];

	if (poll(&fd, 1, 30000) <= 0) {
		fprintf(stderr, "the publisher says nothing\n");
		return -1;
	}
	if (!vmedia_subscriber_process(sub, why, sizeof(why)))
		return 0;
	fprintf(stderr, "%s\n", why);
	return -1;
}

struct vmedia_subscriber *publisher_join(const struct publisher_process *p)
{
	int fd = vmedia_subscriber_connect(p->path);
	struct vmedia_subscriber *sub;

	if (fd < 0 || vmedia_subscriber_create(fd, &sub))
		return NULL;
	while (!vmedia_subscriber_info(sub))
		if (process(sub))
			goto fail;
	if (!vmedia_subscriber_start(sub))
		return sub;
fail:
	vmedia_subscriber_destroy(sub);
	return NULL;
}

int publisher_frame(struct vmedia_subscriber *sub, struct vmedia_subscriber_frame *frame)
{
	if (vmedia_subscriber_next(sub))
		return -1;
	while (!vmedia_subscriber_take(sub, frame))
		if (process(sub))
			return -1;
	return 0;
}

bool publisher_signals(struct vmedia_subscriber *sub, bool signal)
{
	while (vmedia_subscriber_signal(sub, NULL) != signal)
		if (process(sub))
			return false;
	return true;
}
