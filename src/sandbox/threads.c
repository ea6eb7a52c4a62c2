/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Run a function on all threads. A Landlock domain belongs to a thread, and only the thread itself
 * can enter one. Threads that a library made (decoders) get a signal, one after another, until
 * /proc shows no new thread. glibc does so for setuid(), libpsx for capset().
 *
 * /proc may be that of an outer pid namespace and have other numbers than this process. The status
 * file of a thread has its numbers in all namespaces, the innermost last.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "sandbox/threads.h"

#define MAX_THREADS	1024
#define PATIENCE_S	5
#define ASKING		SIGURG /* ignored by default, so a late one has no effect */

/* The call under way. A signal handler has no other argument. */
static struct {
	int (*fn)(void);
	atomic_int err;
	sem_t done;
} asked;

static void on_asked(int sig)
{
	int saved = errno, err = asked.fn();

	if (err < 0)
		atomic_store(&asked.err, err);
	sem_post(&asked.done);
	errno = saved;
}

static bool known(const pid_t *tids, unsigned int count, pid_t tid)
{
	for (unsigned int i = 0; i < count; i++)
		if (tids[i] == tid)
			return true;
	return false;
}

static int ask(pid_t tid)
{
	struct timespec until;

	if (syscall(SYS_tgkill, getpid(), tid, ASKING) < 0)
		return errno == ESRCH ? 0 : -errno; /* it has ended */
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE_S;
	while (sem_timedwait(&asked.done, &until) < 0)
		if (errno != EINTR)
			return -errno;
	return atomic_load(&asked.err);
}

/*
 * The number of the thread @name of /proc/self/task in its own namespace; 0: it has ended. *@deaf:
 * it blocks the signal.
 */
static pid_t own_number(int dir, const char *name, bool *deaf)
{
	char path[64], line[256];
	const char *last;
	pid_t tid = 0;
	FILE *f;
	int fd;

	snprintf(path, sizeof(path), "%.32s/status", name);
	fd = openat(dir, path, O_RDONLY | O_CLOEXEC);
	f = fd < 0 ? NULL : fdopen(fd, "r");
	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f)) {
		if (strncmp(line, "SigBlk:", 7) == 0)
			*deaf = strtoull(line + 7, NULL, 16) >> (ASKING - 1) & 1;
		/* A kernel without pid namespaces has only the first line. */
		if (strncmp(line, "Pid:", 4) != 0 && strncmp(line, "NSpid:", 6) != 0)
			continue;
		last = strrchr(line, '\t');
		if (last)
			tid = (pid_t)strtol(last, NULL, 10);
	}
	fclose(f);
	return tid;
}

/* Signal the threads that are not in @tids yet. Returns their number. *@err: one did not run it. */
static int ask_new(DIR *dir, pid_t *tids, unsigned int *count, int *err)
{
	int found = 0, ret = 0;
	struct dirent *e;

	rewinddir(dir);
	while (ret == 0 && (e = readdir(dir)) != NULL) {
		bool deaf = false;
		pid_t tid = e->d_name[0] == '.' ? 0 : own_number(dirfd(dir), e->d_name, &deaf);

		if (tid <= 0 || tid == gettid() || known(tids, *count, tid))
			continue;
		if (*count == MAX_THREADS) {
			ret = -E2BIG;
			break;
		}
		tids[(*count)++] = tid;
		found++;
		if (deaf)
			*err = -ETIMEDOUT;
		else
			ret = ask(tid);
	}
	return ret < 0 ? ret : found;
}

int sandbox_on_every_thread(DIR *threads, int (*fn)(void))
{
	struct sigaction sa = { .sa_handler = on_asked, .sa_flags = SA_RESTART }, old;
	pid_t *tids = calloc(MAX_THREADS, sizeof(*tids));
	unsigned int count = 0;
	int ret, err = 0;

	if (!tids)
		return -ENOMEM;
	asked.fn = fn;
	atomic_store(&asked.err, 0);
	sem_init(&asked.done, 0, 0);
	sigaction(ASKING, &sa, &old);
	do {
		ret = ask_new(threads, tids, &count, &err);
	} while (ret > 0);
	sigaction(ASKING, &old, NULL);
	sem_destroy(&asked.done);
	free(tids);
	if (ret == 0)
		ret = fn();
	return ret < 0 ? ret : err;
}
