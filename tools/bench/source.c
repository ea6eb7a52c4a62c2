/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The bare source, the floor for frames: their cost without a device.
 *
 * At a camera's pace most of a frame's cost is memory that has left the caches since the last
 * frame, and that depends on the machine's other work at the time. So a paced source runs in a
 * separate process, at the same time as the device that it is compared with.
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <linux/videodev2.h>

#include "bench.h"

#define WARM_SECONDS 0.2 /* before measuring, to touch the pages */

/* Shared with the process that runs the source. */
struct bench_beside {
	atomic_bool stop;
	pid_t pid;
	int err;
	struct bench_source_result result;
};

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

/* A started source and the destination of its frames. */
struct filler {
	struct vmedia_camera_source *src;
	struct vmedia_camera_format fmt;
	const struct bench_stream *how;
	const atomic_bool *stop; /* NULL: stop by the time alone */
	uint8_t *memory;
};

static int fill_for(const struct filler *f, double seconds, struct bench_source_result *r)
{
	struct vmedia_camera_frame frame = { .size = f->fmt.sizeimage };
	uint64_t start = bench_now_ns(), end = start + (uint64_t)(seconds * 1e9), now = start,
		 cpu = cpu_ns();
	int ret = 0;

	r->frames = 0;
	do {
		frame.data = f->memory + (size_t)f->fmt.sizeimage * (r->frames % f->how->buffers);
		frame.sequence = r->frames++;
		frame.time_ns = now - start;
		ret = vmedia_camera_source_fill(f->src, &frame);
		if (f->how->fps)
			sleep_until(start + r->frames * 1000000000u / f->how->fps);
		now = bench_now_ns();
	} while (ret == 0 && now < end && !(f->stop && atomic_load(f->stop)));
	r->cpu_ns = (double)(cpu_ns() - cpu) / (double)r->frames;
	r->wall_ns = (double)(now - start) / (double)r->frames;
	return ret;
}

static int fill(struct filler *f, double seconds, struct bench_source_result *r)
{
	struct vmedia_fract interval = { 1, 30 };
	struct bench_source_result warm;
	size_t size;
	int ret;

	f->fmt = (struct vmedia_camera_format){ .pixelformat = V4L2_PIX_FMT_NV12,
						.width = f->how->width,
						.height = f->how->height };
	vmedia_camera_source_try(f->src, &f->fmt);
	vmedia_camera_source_interval(f->src, 0, &interval);
	size = (size_t)f->fmt.sizeimage * f->how->buffers;
	f->memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (f->memory == MAP_FAILED)
		return -errno;
	ret = vmedia_camera_source_start(f->src, &f->fmt, &interval);
	if (ret == 0) {
		ret = fill_for(f, WARM_SECONDS, &warm);
		if (ret == 0)
			ret = fill_for(f, seconds, r);
		vmedia_camera_source_stop(f->src);
	}
	munmap(f->memory, size);
	return ret;
}

int bench_source_check(const struct bench_options *o)
{
	struct vmedia_camera_source *src;
	struct vmedia_camera_options opts;
	char why[256] = "";
	int ret;

	vmedia_camera_options_init(&opts);
	opts.source = o->source;
	ret = vmedia_camera_source_open(&opts, why, sizeof(why), &src);
	if (ret == 0)
		vmedia_camera_source_close(src);
	else if (*why)
		fprintf(stderr, "vmedia-bench: %s\n", why);
	else
		bench_fail(o->source, ret);
	return ret;
}

static int run(const struct bench_options *o, const struct bench_stream *how,
	       const atomic_bool *stop, double seconds, struct bench_source_result *r)
{
	struct filler f = { .how = how, .stop = stop };
	struct vmedia_camera_options opts;
	char why[256] = "";
	int ret;

	vmedia_camera_options_init(&opts);
	opts.source = o->source;
	ret = vmedia_camera_source_open(&opts, why, sizeof(why), &f.src);
	if (ret < 0)
		return bench_fail(why, ret);
	ret = fill(&f, seconds, r);
	vmedia_camera_source_close(f.src);
	return ret < 0 ? bench_fail("the bare source", ret) : 0;
}

int bench_source_run(const struct bench_options *o, const struct bench_stream *how,
		     struct bench_source_result *r)
{
	return run(o, how, NULL, how->seconds, r);
}

int bench_source_beside(const struct bench_options *o, const struct bench_stream *how,
			struct bench_beside **beside)
{
	struct bench_beside *b = mmap(NULL, sizeof(*b), PROT_READ | PROT_WRITE,
				      MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (b == MAP_FAILED)
		return bench_fail("mmap", -errno);
	fflush(NULL);
	b->pid = fork();
	if (b->pid < 0) {
		int err = -errno;

		munmap(b, sizeof(*b));
		return bench_fail("fork", err);
	}
	if (b->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* The parent stops it; the time limit is for a parent that does not. */
		b->err = run(o, how, &b->stop, 10 * how->seconds + 60, &b->result);
		_exit(b->err < 0);
	}
	*beside = b;
	return 0;
}

int bench_source_beside_end(struct bench_beside *b, struct bench_source_result *r)
{
	int status, ret;

	atomic_store(&b->stop, true);
	if (waitpid(b->pid, &status, 0) < 0 || !WIFEXITED(status))
		ret = bench_fail("the bare source's process did not end well", -EIO);
	else
		ret = b->err;
	*r = b->result;
	munmap(b, sizeof(*b));
	return ret;
}
