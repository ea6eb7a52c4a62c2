/* SPDX-License-Identifier: BSD-3-Clause */
/* vmedia-bench: the measurements, in turns with their floors, and their results. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <linux/videodev2.h>

#include "bench.h"

#define PACED_FPS  60
#define MAX_ROUNDS BENCH_MAX_ROUNDS

static const struct size {
	const char *name;
	uint32_t width, height;
} sizes[] = { { "720p", 1280, 720 }, { "1080p", 1920, 1080 } };

static const struct memory {
	const char *name, *what;
	uint32_t memory;
} memories[] = { { "mmap", "MMAP", V4L2_MEMORY_MMAP },
		 { "user", "SHARED_PAGES", V4L2_MEMORY_USERPTR } };

uint64_t bench_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

double bench_median(double *samples, size_t n)
{
	if (!n)
		return 0;
	qsort(samples, n, sizeof(*samples), by_value);
	return n % 2 ? samples[n / 2] : (samples[n / 2 - 1] + samples[n / 2]) / 2;
}

int bench_fail(const char *what, int err)
{
	fprintf(stderr, "vmedia-bench: %s: %s\n", what, strerror(-err));
	return err;
}

/* Add "mmap_1080p_fps" and its line "MMAP 1080p: frames a second". */
static int add(struct bench_report *r, const struct memory *m, const struct size *s,
	       const char *key, const char *label, double value, const char *unit)
{
	char k[96], l[96];

	snprintf(k, sizeof(k), "%s_%s_%s", m->name, s->name, key);
	snprintf(l, sizeof(l), "%s %s: %s", m->what, s->name, label);
	return bench_report_add(r, k, value, unit, l);
}

/* ---- round trips ---- */

static int trips(struct bench_peer *p, double *samples, unsigned int n)
{
	struct vmedia_format fmt = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };
	uint64_t start = bench_now_ns(), end;
	int ret;

	for (unsigned int i = 0; i < n; i++) {
		ret = vmedia_ioctl(p->f, VIDIOC_G_FMT, &fmt);
		if (ret < 0)
			return bench_fail("VIDIOC_G_FMT", ret);
		end = bench_now_ns();
		samples[i] = (double)(end - start);
		start = end;
	}
	return 0;
}

/*
 * The scheduler's choice of CPUs for two processes that wake each other has the largest effect: one
 * CPU, or two with a wake-up across. So both are measured, each time with the floor and the device
 * in the same place.
 */
static const struct place {
	const char *suffix, *title;
	unsigned int other; /* CPU of the other process, as an index into the allowed ones */
	unsigned int poll_us; /* of the device, in addition to the driver's default */
} places[] = {
	{ "", "One command, driver and device on two CPUs (median)", 1, 0 },
	{ "_one_cpu", "One command, driver and device on one CPU (median)", 0, 0 },
	{ "_poll", "One command on two CPUs, both ends look before they sleep (median)", 1, 200 },
};

#define TWO_CPUS (&places[0])
#define ONE_CPU	 (&places[1])
#define POLLING	 (&places[2])

static int add_trip(struct bench_report *r, const struct place *p, const char *key, double value,
		    const char *unit, const char *label)
{
	char k[64];

	snprintf(k, sizeof(k), "%s%s", key, p->suffix);
	return bench_report_add(r, k, value, unit, label);
}

/* The @index-th CPU that this process may use; the first one if there are fewer. */
static int nth_cpu(const cpu_set_t *may, unsigned int index)
{
	int first = -1;

	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, may))
			continue;
		if (first < 0)
			first = cpu;
		if (index-- == 0)
			return cpu;
	}
	return first;
}

static void pin(pid_t pid, int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	/* If this is forbidden, the processes run where the scheduler puts them. */
	sched_setaffinity(pid, sizeof(set), &set);
}

static int take_turns(const struct bench_options *o, const struct place *place,
		      const cpu_set_t *may, double *floor, double *ours)
{
	struct bench_pingpong pp = { 0 };
	struct bench_device device = { .poll_us = place->poll_us };
	struct bench_peer peer;
	int ret = bench_pingpong_start(&pp);

	if (ret == 0)
		ret = bench_peer_start(&peer, o, &device);
	if (ret < 0)
		goto stop;
	pin(0, nth_cpu(may, 0));
	pin(pp.pid, nth_cpu(may, place->other));
	pin(peer.pid, nth_cpu(may, place->other));
	for (unsigned int i = 0; ret == 0 && i < o->rounds; i++) {
		ret = bench_pingpong_run(&pp, floor + (size_t)i * o->trips, o->trips);
		if (ret == 0)
			ret = trips(&peer, ours + (size_t)i * o->trips, o->trips);
	}
	if (bench_peer_stop(&peer, NULL) < 0 && ret == 0)
		ret = -EIO;
	sched_setaffinity(0, sizeof(*may), may);
stop:
	if (pp.pid > 0)
		bench_pingpong_stop(&pp);
	return ret;
}

static int round_trips(const struct bench_options *o, struct bench_report *r,
		       const struct place *place, double *floor_ns)
{
	size_t total = (size_t)o->rounds * o->trips;
	double *floor = calloc(total, sizeof(*floor)), *ours = calloc(total, sizeof(*ours));
	cpu_set_t may;
	int ret = -ENOMEM;

	if (floor && ours && sched_getaffinity(0, sizeof(may), &may) == 0)
		ret = take_turns(o, place, &may, floor, ours);
	if (ret == 0) {
		double median = bench_median(ours, total);

		*floor_ns = bench_median(floor, total);
		bench_report_section(r, CPU_COUNT(&may) > 1 ? place->title : ONE_CPU->title);
		add_trip(r, place, "eventfd_rtt_us", *floor_ns / 1e3, "us",
			 "floor: eventfd ping-pong of two processes");
		add_trip(r, place, "g_fmt_rtt_us", median / 1e3, "us",
			 "VIDIOC_G_FMT, question to answer");
		add_trip(r, place, "g_fmt_rtt_vs_eventfd", median / *floor_ns, "x",
			 "ratio to the floor");
	}
	free(floor);
	free(ours);
	return ret;
}

/* ---- frames: their cost beside the bare source ---- */

/* One round: the floor, then its measurement. */
struct pair {
	double source_cpu, device_cpu, driver_cpu, source_fps, fps;
};

enum figure { SOURCE_CPU, DEVICE_CPU, DRIVER_CPU, SOURCE_FPS, FPS };

static double figure_of(const struct pair *p, enum figure f)
{
	switch (f) {
	case SOURCE_CPU:
		return p->source_cpu / 1e3;
	case DEVICE_CPU:
		return p->device_cpu / 1e3;
	case DRIVER_CPU:
		return p->driver_cpu / 1e3;
	case SOURCE_FPS:
		return p->source_fps;
	case FPS:
		return p->fps;
	}
	return 0;
}

static double median_of(const struct pair *pairs, unsigned int n, enum figure f)
{
	double samples[MAX_ROUNDS];

	for (unsigned int i = 0; i < n; i++)
		samples[i] = figure_of(&pairs[i], f);
	return bench_median(samples, n);
}

/* The ratio of the medians, so that rounds in which the machine was busy do not count. */
static double cpu_ratio(const struct pair *pairs, unsigned int n)
{
	return median_of(pairs, n, DEVICE_CPU) / median_of(pairs, n, SOURCE_CPU);
}

/* With a pace, both run at the same time, under the same conditions. */
static int run_beside(const struct bench_options *o, const struct bench_stream *how,
		      struct bench_source_result *bare, struct bench_stream_result *res)
{
	struct bench_beside *beside;
	int ret = bench_source_beside(o, how, &beside), end;

	if (ret < 0)
		return ret;
	ret = bench_stream_run(o, how, res);
	end = bench_source_beside_end(beside, bare);
	return ret < 0 ? ret : end;
}

static int run_in_turn(const struct bench_options *o, const struct bench_stream *how,
		       struct bench_source_result *bare, struct bench_stream_result *res)
{
	int ret = bench_source_run(o, how, bare);

	return ret < 0 ? ret : bench_stream_run(o, how, res);
}

/*
 * Measure rounds of both. @last: the last round, with the largest number of bytes copied in any
 * round.
 */
static int run_pairs(const struct bench_options *o, const struct bench_stream *how,
		     struct pair *pairs, struct bench_stream_result *last)
{
	struct bench_source_result bare;
	double copied = 0, dropped = 0;
	int ret;

	for (unsigned int i = 0; i < o->rounds; i++) {
		ret = how->fps ? run_beside(o, how, &bare, last) : run_in_turn(o, how, &bare, last);
		if (ret < 0)
			return ret;
		pairs[i] = (struct pair){
			.source_cpu = bare.cpu_ns,
			.device_cpu = last->device_cpu_ns,
			.driver_cpu = last->driver_cpu_ns,
			.source_fps = 1e9 / bare.wall_ns,
			.fps = last->fps,
		};
		copied = last->copied > copied ? last->copied : copied;
		dropped += last->dropped;
	}
	last->copied = copied;
	last->dropped = dropped;
	return 0;
}

/* Four buffers, as players use them; guest pages are scattered as in a guest. */
static struct bench_stream player(const struct bench_options *o, const struct memory *m,
				  const struct size *s, unsigned int fps)
{
	return (struct bench_stream){
		.width = s->width,
		.height = s->height,
		.memory = m->memory,
		.buffers = 4,
		.fps = fps,
		.seconds = o->seconds,
		.scattered = m->memory == V4L2_MEMORY_USERPTR,
	};
}

/* Measure frames as fast as possible. */
static int free_run(const struct bench_options *o, struct bench_report *r, const struct memory *m,
		    const struct size *s)
{
	struct bench_stream how = player(o, m, s, 0);
	struct pair p[MAX_ROUNDS];
	struct bench_stream_result last;
	int ret = run_pairs(o, &how, p, &last);

	if (ret < 0)
		return ret;
	add(r, m, s, "free_source_fps", "bare source as fast as it can",
	    median_of(p, o->rounds, SOURCE_FPS), "frames/s");
	add(r, m, s, "fps", "device as fast as it can", median_of(p, o->rounds, FPS), "frames/s");
	return add(r, m, s, "free_cpu_vs_source", "CPU a frame then, ratio to the bare source",
		   cpu_ratio(p, o->rounds), "x");
}

/* Measure a camera's pace: the cost of each frame, and its commands, events and signals. */
static int paced(const struct bench_options *o, struct bench_report *r, const struct memory *m,
		 const struct size *s)
{
	struct bench_stream how = player(o, m, s, PACED_FPS);
	struct pair p[MAX_ROUNDS];
	struct bench_stream_result res;
	int ret = run_pairs(o, &how, p, &res);

	if (ret < 0)
		return ret;
	add(r, m, s, "source_cpu_us", "floor: CPU of the bare source, a frame",
	    median_of(p, o->rounds, SOURCE_CPU), "us");
	add(r, m, s, "device_cpu_us", "CPU of the device process, a frame",
	    median_of(p, o->rounds, DEVICE_CPU), "us");
	add(r, m, s, "cpu_vs_source", "ratio to the floor", cpu_ratio(p, o->rounds), "x");
	add(r, m, s, "driver_cpu_us", "CPU of the driver process, a frame",
	    median_of(p, o->rounds, DRIVER_CPU), "us");
	add(r, m, s, "bytes_copied_per_frame", "bytes copied once the source wrote them, a frame",
	    res.copied, "");
	add(r, m, s, "commands_per_frame", "commands, a frame", res.commands, "");
	add(r, m, s, "events_per_frame", "events, a frame", res.events, "");
	add(r, m, s, "kicks_per_frame", "kicks, a frame", res.kicks, "");
	add(r, m, s, "interrupts_per_frame", "interrupts, a frame", res.interrupts, "");
	add(r, m, s, "paced_fps", "frames a second where 60 are asked for", res.fps, "");
	return add(r, m, s, "paced_dropped", "frames dropped in all", res.dropped, "");
}

/* Measure one buffer at a time: from QBUF to its event. */
static int latency(const struct bench_options *o, struct bench_report *r, const struct memory *m,
		   const struct size *s, double rtt_ns)
{
	struct bench_stream how = {
		.width = s->width,
		.height = s->height,
		.memory = m->memory,
		.buffers = 1,
		.seconds = o->seconds,
	};
	struct bench_source_result bare;
	struct bench_stream_result res;
	int ret = bench_source_run(o, &how, &bare);

	if (ret == 0)
		ret = bench_stream_run(o, &how, &res);
	if (ret < 0)
		return ret;
	add(r, m, s, "qbuf_to_event_us", "QBUF to its event, one buffer at a time",
	    res.qbuf_to_event_ns / 1e3, "us");
	return add(r, m, s, "qbuf_to_event_vs_floor",
		   "ratio to an eventfd round trip + the bare source",
		   res.qbuf_to_event_ns / (rtt_ns + bare.wall_ns), "x");
}

static int run(const struct bench_options *o, struct bench_report *r)
{
	double other_ns, rtt_ns = 0;
	int ret = bench_start_run(o, r);

	if (ret == 0)
		ret = round_trips(o, r, TWO_CPUS, &rtt_ns);
	if (ret == 0)
		ret = round_trips(o, r, ONE_CPU, &other_ns);
	if (ret == 0)
		ret = round_trips(o, r, POLLING, &other_ns);
	if (ret == 0 && (!o->only || strcmp(o->only, "nofill") == 0))
		ret = bench_lazy(o, r, rtt_ns);
	if (ret == 0 && (!o->only || strcmp(o->only, "codec") == 0))
		ret = bench_codec(o, r);
	if (ret == 0 && (!o->only || strcmp(o->only, "shared") == 0))
		ret = bench_shared(o, r);
	bench_report_section(r, "Copying one NV12 frame, for comparison");
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char key[32], label[64];

		snprintf(key, sizeof(key), "memcpy_%s_us", sizes[i].name);
		snprintf(label, sizeof(label), "memcpy of a %s frame", sizes[i].name);
		bench_report_add(r, key,
				 bench_memcpy_ns((size_t)sizes[i].width * sizes[i].height * 3 / 2) /
					 1e3,
				 "us", label);
	}
	for (size_t m = 0; m < sizeof(memories) / sizeof(memories[0]); m++) {
		for (size_t s = 0; ret == 0 && s < sizeof(sizes) / sizeof(sizes[0]); s++) {
			char title[64];

			snprintf(title, sizeof(title), "%s_%s", memories[m].name, sizes[s].name);
			if (o->only && strcmp(o->only, title) != 0)
				continue;
			snprintf(title, sizeof(title), "%s, %s NV12", memories[m].what,
				 sizes[s].name);
			bench_report_section(r, title);
			ret = paced(o, r, &memories[m], &sizes[s]);
			if (ret == 0)
				ret = latency(o, r, &memories[m], &sizes[s], rtt_ns);
			if (ret == 0)
				ret = free_run(o, r, &memories[m], &sizes[s]);
		}
	}
	return ret;
}

/* Check before measuring that the source can be opened and the figures can be written. */
static int check(const struct bench_options *o, struct bench_report *r)
{
	int ret = bench_source_check(o);

	if (ret == 0)
		ret = bench_start_check(o);
	if (ret == 0)
		ret = bench_codec_check(o);
	if (ret == 0)
		ret = bench_shared_check(o);
	if (ret == 0 && o->json)
		ret = bench_report_open(r, o->json);
	return ret;
}

int main(int argc, char **argv)
{
	struct bench_options o;
	struct bench_report *r;
	int ret;

	if (bench_options_parse(&o, argc, argv) < 0)
		return 2;
	if (o.help) {
		bench_options_help();
		return fflush(stdout) != 0;
	}
	/* If the JSON goes to standard output, nothing else does. */
	r = bench_report_new(o.json && strcmp(o.json, "-") == 0 ? stderr : stdout);
	if (!r)
		return 1;
	if (check(&o, r) < 0) {
		bench_report_free(r);
		return 2;
	}
	ret = run(&o, r);
	if (ret == 0 && o.json)
		ret = bench_report_json(r);
	bench_report_free(r);
	return ret < 0;
}
