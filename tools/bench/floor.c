/* SPDX-License-Identifier: BSD-3-Clause */
/* Floors: what the machine takes for the bare operation, without any of our code in between. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/videodev2.h>

#include "bench.h"

#define LAST	     1000 /* added to the counter: the other process ends */
#define WARM_SECONDS 0.2  /* pages are touched before anything counts */
#define COPY_ROUNDS  60
#define COPY_SET     8 /* buffers of each side, so that none stays in the cache */

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

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void sleep_until(uint64_t ns)
{
	struct timespec ts = { .tv_sec = (time_t)(ns / 1000000000u),
			       .tv_nsec = (long)(ns % 1000000000u) };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL);
}

static int fill_for(struct vmedia_camera_source *src, const struct vmedia_camera_format *fmt,
		    uint8_t *memory, const struct bench_stream *how, double seconds,
		    struct bench_source_result *r)
{
	struct vmedia_camera_frame frame = { .size = fmt->sizeimage };
	uint64_t start = bench_now_ns(), end = start + (uint64_t)(seconds * 1e9), now = start,
		 cpu = cpu_ns();
	int ret = 0;

	r->frames = 0;
	while (ret == 0 && now < end) {
		frame.data = memory + (size_t)fmt->sizeimage * (r->frames % how->buffers);
		frame.sequence = r->frames++;
		frame.time_ns = now - start;
		ret = vmedia_camera_source_fill(src, &frame);
		if (how->fps)
			sleep_until(start + r->frames * 1000000000u / how->fps);
		now = bench_now_ns();
	}
	r->cpu_ns = (double)(cpu_ns() - cpu) / (double)r->frames;
	r->wall_ns = (double)(now - start) / (double)r->frames;
	return ret;
}

int bench_source_run(const struct bench_options *o, const struct bench_stream *how,
		     struct bench_source_result *r)
{
	struct vmedia_camera_format fmt = { .pixelformat = V4L2_PIX_FMT_NV12,
					    .width = how->width,
					    .height = how->height };
	struct vmedia_fract interval = { 1, 30 };
	struct vmedia_camera_options opts;
	struct vmedia_camera_source *src;
	struct bench_source_result warm;
	char why[256] = "";
	uint8_t *memory;
	int ret;

	vmedia_camera_options_init(&opts);
	opts.source = o->source;
	ret = vmedia_camera_source_open(&opts, why, sizeof(why), &src);
	if (ret < 0)
		return bench_fail(why, ret);
	vmedia_camera_source_try(src, &fmt);
	vmedia_camera_source_interval(src, 0, &interval);
	memory = mmap(NULL, (size_t)fmt.sizeimage * how->buffers, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ret = memory == MAP_FAILED ? -errno : vmedia_camera_source_start(src, &fmt, &interval);
	if (ret == 0) {
		ret = fill_for(src, &fmt, memory, how, WARM_SECONDS, &warm);
		if (ret == 0)
			ret = fill_for(src, &fmt, memory, how, how->seconds, r);
		vmedia_camera_source_stop(src);
	}
	if (memory != MAP_FAILED)
		munmap(memory, (size_t)fmt.sizeimage * how->buffers);
	vmedia_camera_source_close(src);
	return ret < 0 ? bench_fail("the bare source", ret) : 0;
}
