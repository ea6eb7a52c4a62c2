/* SPDX-License-Identifier: BSD-3-Clause */
/* Floors: the time of bare operations on this machine, without any of our code. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define LAST	    1000 /* added to the counter: ends the other process */
#define COPY_ROUNDS 60
#define COPY_SET    8 /* buffers of each side, so that none stays in the cache */

static void answer(int there, int back)
{
	uint64_t v, one = 1;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (read(there, &v, sizeof(v)) == sizeof(v) && v < LAST)
		if (write(back, &one, sizeof(one)) != sizeof(one))
			break;
	_exit(0);
}

int bench_pingpong_start(struct bench_pingpong *p)
{
	p->there = eventfd(0, EFD_CLOEXEC);
	p->back = eventfd(0, EFD_CLOEXEC);
	if (p->there < 0 || p->back < 0)
		return bench_fail("eventfd", -errno);
	p->pid = fork();
	if (p->pid < 0)
		return bench_fail("fork", -errno);
	if (p->pid == 0)
		answer(p->there, p->back);
	return 0;
}

int bench_pingpong_run(struct bench_pingpong *p, double *samples, unsigned int n)
{
	uint64_t v, one = 1, start, end;

	start = bench_now_ns();
	for (unsigned int i = 0; i < n; i++) {
		if (write(p->there, &one, sizeof(one)) != sizeof(one) ||
		    read(p->back, &v, sizeof(v)) != sizeof(v))
			return bench_fail("eventfd ping-pong", -errno);
		end = bench_now_ns();
		samples[i] = (double)(end - start);
		start = end;
	}
	return 0;
}

void bench_pingpong_stop(struct bench_pingpong *p)
{
	uint64_t last = LAST;

	if (p->pid > 0) {
		if (write(p->there, &last, sizeof(last)) != sizeof(last))
			kill(p->pid, SIGKILL);
		waitpid(p->pid, NULL, 0);
	}
	close(p->there);
	close(p->back);
}

double bench_memcpy_ns(size_t bytes)
{
	uint8_t *from = mmap(NULL, bytes * COPY_SET, PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint8_t *to = mmap(NULL, bytes * COPY_SET, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	double samples[COPY_ROUNDS], result = 0;

	if (from != MAP_FAILED && to != MAP_FAILED) {
		memset(from, 1, bytes * COPY_SET);
		memset(to, 1, bytes * COPY_SET);
		for (unsigned int i = 0; i < COPY_ROUNDS; i++) {
			size_t at = bytes * (i % COPY_SET);
			uint64_t start = bench_now_ns();

			memcpy(to + at, from + at, bytes);
			samples[i] = (double)(bench_now_ns() - start);
		}
		result = bench_median(samples, COPY_ROUNDS);
	}
	if (from != MAP_FAILED)
		munmap(from, bytes * COPY_SET);
	if (to != MAP_FAILED)
		munmap(to, bytes * COPY_SET);
	return result;
}
