/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Write lines to standard error; see log.h. The lock is never held during a write.
 *
 * System calls, serving: write poll|ppoll ppoll_time64
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <vmedia/log.h>

#include "base/thread.h"
#include "log.h"

#ifndef PROGRAM /* another program that uses this file gives its own */
#define PROGRAM	 "vhost-user-media"
#endif
#define MAX_LINE (VMEDIA_LOG_MAX + 64) /* below PIPE_BUF */

static struct {
	pthread_mutex_t lock;
	pthread_cond_t work; /* wakes the thread */
	pthread_cond_t idle; /* the thread has written all lines */
	pthread_t thread;
	bool running, quit, writing;
	uint64_t dropped;	     /* lines for which there was no room */
	size_t first, used;	     /* of the ring, which has whole lines with their newlines */
	char ring[DAEMON_LOG_BYTES];
} sink = { .lock = PTHREAD_MUTEX_INITIALIZER, .work = PTHREAD_COND_INITIALIZER };

/* Write all of @line and block as needed. Returns false if it cannot be written. */
static bool write_line(const char *line, size_t len)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };
	ssize_t n;

	while (len) {
		n = write(STDERR_FILENO, line, len);
		if (n > 0) {
			line += n;
			len -= (size_t)n;
		} else if (n < 0 && errno == EAGAIN) {
			poll(&p, 1, -1); /* another process has made it non-blocking */
		} else if (n == 0 || errno != EINTR) {
			return false;
		}
	}
	return true;
}

/* Take a line; the caller holds the lock, and there is one. */
static size_t take_line(char *line)
{
	size_t n = 0;

	do {
		line[n] = sink.ring[sink.first];
		sink.first = (sink.first + 1) % sizeof(sink.ring);
		sink.used--;
	} while (line[n++] != '\n');
	return n;
}

/*
 * Add a line; the caller holds the lock. After a drop no line is added before the reader gets the
 * number of dropped ones.
 */
static void put_line(const char *line, size_t len)
{
	size_t at = (sink.first + sink.used) % sizeof(sink.ring), head = sizeof(sink.ring) - at;

	if (sink.dropped || len > sizeof(sink.ring) - sink.used) {
		sink.dropped++;
		return;
	}
	if (head > len)
		head = len;
	memcpy(sink.ring + at, line, head);
	memcpy(sink.ring, line + head, len - head);
	sink.used += len;
}

static bool write_lost(uint64_t lost)
{
	char line[MAX_LINE];
	int n = snprintf(line, sizeof(line),
			 PROGRAM ": warning: %llu lines dropped: standard error took no more\n",
			 (unsigned long long)lost);

	return write_line(line, (size_t)n);
}

static void *log_main(void *arg)
{
	char line[MAX_LINE];
	uint64_t lost = 0; /* dropped lines to be reported */
	size_t len;

	vmedia_thread_name("vmedia-log");
	pthread_mutex_lock(&sink.lock);
	for (;;) {
		sink.writing = false;
		if (!sink.used && !sink.dropped) {
			pthread_cond_broadcast(&sink.idle);
			if (sink.quit)
				break;
			pthread_cond_wait(&sink.work, &sink.lock);
			continue;
		}
		sink.writing = true;
		len = sink.used ? take_line(line) : 0;
		if (!len) {
			lost += sink.dropped;
			sink.dropped = 0;
		}
		pthread_mutex_unlock(&sink.lock);
		if (lost && write_lost(lost))
			lost = 0;
		if (len && (lost || !write_line(line, len)))
			lost++;
		pthread_mutex_lock(&sink.lock);
	}
	pthread_mutex_unlock(&sink.lock);
	return NULL;
}

int daemon_log_start(void)
{
	pthread_condattr_t attr;
	int err;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&sink.idle, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_lock(&sink.lock);
	sink.quit = false;
	err = vmedia_thread_start(&sink.thread, 0, log_main, NULL);
	sink.running = !err;
	pthread_mutex_unlock(&sink.lock);
	return err;
}

/*
 * Wait until all is written or the time limit ends; the caller holds the lock. Returns true if all
 * is written.
 */
static bool drain(void)
{
	struct timespec until;
	int err = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += DAEMON_LOG_PATIENCE_MS * 1000000l;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	while (!err && (sink.used || sink.dropped || sink.writing))
		err = pthread_cond_timedwait(&sink.idle, &sink.lock, &until);
	return !err;
}

void daemon_log_finish(void)
{
	bool all;

	pthread_mutex_lock(&sink.lock);
	if (!sink.running) {
		pthread_mutex_unlock(&sink.lock);
		return;
	}
	all = drain();
	sink.quit = true;
	sink.running = !all;
	pthread_cond_signal(&sink.work);
	pthread_mutex_unlock(&sink.lock);
	/* A thread that is blocked in write() ends with the process. */
	if (all)
		pthread_join(sink.thread, NULL);
	else
		pthread_detach(sink.thread);
}

void daemon_log_line(const char *text)
{
	char line[MAX_LINE];
	int len = snprintf(line, sizeof(line), PROGRAM ": %s\n", text);
	bool queued;

	if (len < 0)
		return;
	if ((size_t)len >= sizeof(line)) {
		len = sizeof(line) - 1;
		line[len - 1] = '\n';
	}
	pthread_mutex_lock(&sink.lock);
	queued = sink.running;
	if (queued) {
		put_line(line, (size_t)len);
		pthread_cond_signal(&sink.work);
	}
	pthread_mutex_unlock(&sink.lock);
	if (!queued)
		write_line(line, (size_t)len);
}

void daemon_log(void *opaque, int level, const char *msg)
{
	static const char *const names[] = { "error", "warning", "info", "debug" };
	char line[MAX_LINE];

	snprintf(line, sizeof(line), "%s: %s", names[level], msg);
	daemon_log_line(line);
}

void daemon_log_last(const char *line)
{
	struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };
	bool running;

	pthread_mutex_lock(&sink.lock);
	running = sink.running;
	pthread_mutex_unlock(&sink.lock);
	/* Without the thread daemon_log_line() writes at once and may block. */
	if (!running && poll(&p, 1, 0) <= 0)
		return;
	daemon_log_line(line);
	pthread_mutex_lock(&sink.lock);
	if (running)
		drain();
	pthread_mutex_unlock(&sink.lock);
}
