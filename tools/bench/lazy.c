/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Measures the cost of carrying a frame alone: frames are not filled, and buffers are queued
 * without waiting for the answer (VMEDIA_SUBMIT_LAZY).
 *
 * The floor is the same with one buffer, in step: each frame costs a sleep and a wake-up on both
 * sides. With several buffers neither side has to sleep, and the ratio shows how often they still
 * do. Each is measured without and with the driver polling its rings before it sleeps, which is its
 * default.
 */
#include <stdio.h>

#include <linux/videodev2.h>

#include "bench.h"

static const struct variant {
	unsigned int buffers;
	bool spin;
	const char *suffix, *title;
} variants[] = {
	{ 1, false, "step", "in step" }, /* the floor, first */
	{ 4, false, "4", "4 buffers" },
	{ 8, false, "8", "8 buffers" },
	{ 4, true, "4_spin", "4 buffers, the driver looks first" },
	{ 8, true, "8_spin", "8 buffers, the driver looks first" },
};

#define NUM (sizeof(variants) / sizeof(variants[0]))

struct figures {
	double fps[BENCH_MAX_ROUNDS], device_cpu[BENCH_MAX_ROUNDS], kicks[BENCH_MAX_ROUNDS],
		interrupts[BENCH_MAX_ROUNDS];
};

/* Measure in turns, so that all run under the same conditions. */
static int measure(const struct bench_options *o, struct figures *f)
{
	struct bench_stream_result res;
	int ret;

	for (unsigned int i = 0; i < o->rounds; i++) {
		for (size_t v = 0; v < NUM; v++) {
			struct bench_stream how = {
				.width = BENCH_NOFILL_WIDTH,
				.height = BENCH_NOFILL_HEIGHT,
				.memory = V4L2_MEMORY_MMAP,
				.buffers = variants[v].buffers,
				.seconds = o->seconds,
				.nofill = true,
				.no_spin = !variants[v].spin,
			};

			ret = bench_stream_run(o, &how, &res);
			if (ret < 0)
				return ret;
			f[v].fps[i] = res.fps;
			f[v].device_cpu[i] = res.device_cpu_ns;
			f[v].kicks[i] = res.kicks;
			f[v].interrupts[i] = res.interrupts;
		}
	}
	return 0;
}

static int add(struct bench_report *r, const struct variant *v, const char *key, const char *label,
	       double value, const char *unit)
{
	char k[96], l[96];

	snprintf(k, sizeof(k), "nofill_%s_%s", key, v->suffix);
	snprintf(l, sizeof(l), "%s: %s", v->title, label);
	return bench_report_add(r, k, value, unit, l);
}

int bench_lazy(const struct bench_options *o, struct bench_report *r, double rtt_ns)
{
	static struct figures f[NUM];
	int ret = measure(o, f);
	double step, cpu;

	if (ret < 0)
		return ret;
	bench_report_section(r, "Frames that nobody writes, 640x480 NV12, MMAP, lazy QBUF");
	step = bench_median(f[0].fps, o->rounds);
	for (size_t v = 0; ret == 0 && v < NUM; v++) {
		double fps = bench_median(f[v].fps, o->rounds);

		cpu = bench_median(f[v].device_cpu, o->rounds);
		add(r, &variants[v], "lazy_fps", "frames a second", fps, "frames/s");
		if (v)
			add(r, &variants[v], "lazy_fps_vs_step", "ratio to frames in step",
			    fps / step, "x");
		add(r, &variants[v], "lazy_device_cpu_us", "CPU of the device process, a frame",
		    cpu / 1e3, "us");
		add(r, &variants[v], "lazy_device_cpu_vs_eventfd",
		    "ratio of that to an eventfd round trip", cpu / rtt_ns, "x");
		add(r, &variants[v], "lazy_kicks_per_frame", "kicks, a frame",
		    bench_median(f[v].kicks, o->rounds), "");
		ret = add(r, &variants[v], "lazy_interrupts_per_frame", "interrupts, a frame",
			  bench_median(f[v].interrupts, o->rounds), "");
	}
	return ret;
}
