/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a frame costs through the proxy, beside the node itself, for tests/proxy/figures.
 *
 * usage: costs NODE SOCKET PID LOG OUTPUT FRAMES ROUNDS [WAYS]
 * PID is that of the daemon which proxies NODE on SOCKET, and writes LOG, with --log-level=info.
 * OUTPUT is a node of the same format that exports dma-bufs. Formats and rates are as they are set.
 * Each way of memory (the first WAYS of them) streams ROUNDS times, and so does the node, in turns:
 * with a program that copies all bytes of each frame, and with one that looks at none. Prints a row
 * for each:
 *
 *	way | read or not | us of CPU a frame: the node's program, ours, the daemon
 *	| times the node's | bytes that the daemon copied a frame | lost frames: the node, the way
 *
 * Middle values of the rounds. The CPU time is that of processes: threads of the kernel, in which
 * the driver makes frames, do not count. Exit status 1 if something fails; lost frames are no
 * failure.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "costs.h"

#define FIRST 8 /* frames before it is measured */
#define MAX_ROUNDS 32

struct sums {
	double own[MAX_ROUNDS], daemon[MAX_ROUNDS]; /* us a frame */
	long lost;
};

struct test {
	clockid_t daemon;
	const char *log;
	unsigned int closed; /* sessions so far */
	unsigned long long copied;
	unsigned int frames, rounds, ways;
	bool reads;
	char *copy;
	size_t size;
};

int costs_fail(const char *what, int err)
{
	fprintf(stderr, "costs: %s: %s\n", what, strerror(-err));
	return err;
}

static double cpu_us(clockid_t clock)
{
	struct timespec t = { 0 };

	clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* As a program that shows it, or sends it on. */
static int consume(struct test *t, const struct costs_way *way, const struct costs_frame *f)
{
	if (!t->reads)
		return 0;
	if (f->bytes > t->size) {
		char *copy = realloc(t->copy, f->bytes);

		if (!copy)
			return -ENOMEM;
		t->copy = copy;
		t->size = f->bytes;
	}
	memcpy(t->copy, way->memory(f->index), f->bytes);
	return 0;
}

static int stream(struct test *t, const struct costs_way *way, struct sums *s, unsigned int round)
{
	double own = 0, daemon = 0;
	struct costs_frame f;
	uint32_t next = 0;
	int err = 0;

	for (unsigned int i = 0; i < FIRST + t->frames && !err; i++) {
		if (i == FIRST) {
			own = cpu_us(CLOCK_PROCESS_CPUTIME_ID);
			daemon = cpu_us(t->daemon);
		}
		err = way->take(&f);
		if (err)
			break;
		if (i > FIRST)
			s->lost += (int32_t)(f.sequence - next);
		next = f.sequence + 1;
		err = consume(t, way, &f);
		if (!err)
			err = way->give(f.index);
	}
	s->own[round] = (cpu_us(CLOCK_PROCESS_CPUTIME_ID) - own) / t->frames;
	s->daemon[round] = (cpu_us(t->daemon) - daemon) / t->frames;
	return err;
}

static int run(struct test *t, const struct costs_way *way, struct sums *s, unsigned int round)
{
	int err = way->start();

	if (!err)
		err = stream(t, way, s, round);
	way->stop();
	return err;
}

/* What the daemon says when a session was closed: wait for that, and get the number. */
static int read_log(struct test *t)
{
	static const char words[] = " bytes were copied so far";
	const time_t end = time(NULL) + 30;
	unsigned int lines = 0;

	t->closed++;
	while (lines < t->closed && time(NULL) < end) {
		FILE *f = fopen(t->log, "r");
		char line[512], *at;

		lines = 0;
		while (f && fgets(line, sizeof(line), f)) {
			at = strstr(line, words);
			if (!at)
				continue;
			lines++;
			while (at > line && at[-1] != ' ')
				at--;
			t->copied = strtoull(at, NULL, 10);
		}
		if (f)
			fclose(f);
	}
	return lines < t->closed ? costs_fail(t->log, -ENODATA) : 0;
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double middle(const double *values, unsigned int num)
{
	double sorted[MAX_ROUNDS];

	memcpy(sorted, values, num * sizeof(sorted[0]));
	qsort(sorted, num, sizeof(sorted[0]), compare);
	return num % 2 ? sorted[num / 2] : (sorted[num / 2 - 1] + sorted[num / 2]) / 2;
}

/* Stream @way and the node in turns, and print both. */
static int measure(struct test *t, const struct costs_way *way)
{
	const unsigned long long before = t->copied, all = t->rounds * (t->frames + FIRST);
	struct sums node = { 0 }, proxy = { 0 };
	double times[MAX_ROUNDS];

	for (unsigned int i = 0; i < t->rounds; i++) {
		int err = run(t, &costs_native, &node, i);

		if (!err)
			err = run(t, way, &proxy, i);
		if (!err)
			err = read_log(t);
		if (err)
			return err;
		times[i] = (proxy.own[i] + proxy.daemon[i]) / node.own[i];
	}
	printf("| %s, %s | %s | %.0f | %.0f | %.0f | %.2f | %llu | %ld | %ld |\n", way->name,
	       way->what, t->reads ? "yes" : "no", middle(node.own, t->rounds),
	       middle(proxy.own, t->rounds), middle(proxy.daemon, t->rounds),
	       middle(times, t->rounds), (t->copied - before) / all, node.lost, proxy.lost);
	fflush(stdout);
	return 0;
}

int main(int argc, char **argv)
{
	struct test t = { 0 };
	int err;

	if (argc < 8 || argc > 9 || strtoul(argv[7], NULL, 0) > MAX_ROUNDS ||
	    clock_getcpuclockid((pid_t)strtol(argv[3], NULL, 0), &t.daemon)) {
		fprintf(stderr, "usage: costs NODE SOCKET PID LOG OUTPUT FRAMES ROUNDS [WAYS]; "
			"ROUNDS: at most %d\n", MAX_ROUNDS);
		return 2;
	}
	t.log = argv[4];
	t.frames = (unsigned int)strtoul(argv[6], NULL, 0);
	t.rounds = (unsigned int)strtoul(argv[7], NULL, 0);
	err = costs_native_open(argv[1]);
	if (!err)
		err = costs_proxied_open(argv[2], argv[5]);
	t.ways = argc > 8 ? (unsigned int)strtoul(argv[8], NULL, 0) : ~0u;
	for (const struct costs_way *way = costs_proxied; way->name && t.ways-- && !err; way++) {
		for (unsigned int reads = 0; reads < 2 && !err; reads++) {
			t.reads = reads;
			err = measure(&t, way);
		}
	}
	costs_proxied_close();
	free(t.copy);
	return err != 0;
}
