/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Measures codecs: the kinds decoder and encoder beside libavcodec, which gets the same stream, as
 * many threads and the same pixel format, and does the same number of pictures in turns with them.
 *
 * Frames a second depend on what else the machine does, and on how many CPUs it has: the device's
 * loop and the driver can work beside a decoder that has one thread. So the CPU time of a picture
 * is compared too, that of the device's process and of the driver's together.
 */
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include <linux/videodev2.h>

#include "bench.h"
#include "codec/job.h"

#define PICTURES       60 /* of a stream */
#define QUICK_PICTURES 8
#define RAW_PICTURES   16 /* to encode: a buffer each */
#define FRAME_MS       (1000.0 / 30)

/* The media of all figures. */
struct films {
	struct bench_film hd, small, pictures;
	unsigned int threads; /* of one decoder: the device's default */
};

static const struct figure {
	const char *key, *title;
	bool encode, small;
	uint32_t raw;
	unsigned int sessions;
} figures[] = {
	{ "decode_1080p_ym12", "Decoding 1080p to YM12", false, false, V4L2_PIX_FMT_YUV420M, 1 },
	{ "decode_1080p_nv12", "Decoding 1080p to NV12", false, false, V4L2_PIX_FMT_NV12, 1 },
	{ "decode_8_720p_ym12", "Decoding 720p to YM12, 8 sessions at once", false, true,
	  V4L2_PIX_FMT_YUV420M, BENCH_SESSIONS },
	{ "encode_720p_nv12", "Encoding 720p of NV12 as H.264", true, true, V4L2_PIX_FMT_NV12, 1 },
};

#define NUM (sizeof(figures) / sizeof(figures[0]))

/* The samples of one figure. */
struct samples {
	double direct_fps[BENCH_MAX_ROUNDS], fps[BENCH_MAX_ROUNDS];
	double direct_cpu[BENCH_MAX_ROUNDS], cpu[BENCH_MAX_ROUNDS], driver[BENCH_MAX_ROUNDS];
	double copied; /* the most of all rounds */
	double differ; /* bytes of an encoder's packets, more than the floor's */
};

static int add(struct bench_report *r, const char *prefix, const char *key, double value,
	       const char *unit, const char *label)
{
	char k[96];

	snprintf(k, sizeof(k), "codec_%s_%s", prefix, key);
	return bench_report_add(r, k, value, unit, label);
}

/* ---- The media ---- */

static int make(struct bench_film *film, uint32_t verb, uint32_t num, uint32_t width,
		uint32_t height)
{
	struct bench_job job = { .verb = verb, .num = num, .width = width, .height = height };

	return bench_film_make(film, &job);
}

static void free_films(struct films *f)
{
	bench_film_free(&f->hd);
	bench_film_free(&f->small);
	bench_film_free(&f->pictures);
}

static int make_films(const struct bench_options *o, struct films *f)
{
	uint32_t num = o->quick ? QUICK_PICTURES : PICTURES;
	cpu_set_t may;
	int ret;

	*f = (struct films){ .threads = 1 };
	if (sched_getaffinity(0, sizeof(may), &may) == 0)
		f->threads = (unsigned int)CPU_COUNT(&may);
	ret = make(&f->hd, BENCH_JOB_STREAM, num, 1920, 1080);
	if (ret == 0)
		ret = make(&f->small, BENCH_JOB_STREAM, num, 1280, 720);
	if (ret == 0)
		ret = make(&f->pictures, BENCH_JOB_PICTURES, RAW_PICTURES, 1280, 720);
	if (ret < 0)
		free_films(f);
	return ret;
}

static const struct bench_film *film_of(const struct films *f, const struct figure *fig)
{
	return fig->encode ? &f->pictures : fig->small ? &f->small : &f->hd;
}

/* ---- One figure ---- */

static struct bench_job job_of(const struct films *f, const struct figure *fig, unsigned int loops)
{
	return (struct bench_job){
		.verb = fig->encode ? BENCH_JOB_ENCODE : BENCH_JOB_DECODE,
		.raw = fig->raw,
		.sessions = fig->sessions,
		.threads = f->threads,
		.loops = loops,
	};
}

/* How often the media are done in a run of o->seconds. */
static int calibrate(const struct bench_options *o, const struct films *f, const struct figure *fig,
		     unsigned int *loops)
{
	struct bench_job job = job_of(f, fig, 1);
	int ret = bench_codec_floor(&job, film_of(f, fig)->fd);
	double n = o->seconds * 1e9;

	if (ret < 0)
		return ret;
	n /= job.wall_ns * (double)job.frames;
	*loops = n < 1 ? 1 : (unsigned int)(n + 0.5);
	return 0;
}

static int measure(const struct bench_options *o, const struct films *f, const struct figure *fig,
		   struct samples *s)
{
	const struct bench_film *film = film_of(f, fig);
	struct bench_codec_how how = { .kind = fig->encode ? "encoder" : "decoder",
				       .media = film->m,
				       .raw = fig->raw,
				       .sessions = fig->sessions };
	int ret = calibrate(o, f, fig, &how.loops);

	s->copied = 0;
	for (unsigned int i = 0; ret == 0 && i < o->rounds; i++) {
		struct bench_job job = job_of(f, fig, how.loops);
		struct bench_codec_result res;

		ret = bench_codec_floor(&job, film->fd);
		if (ret == 0)
			ret = bench_codec_run(o, &how, &res);
		if (ret < 0)
			break;
		s->direct_fps[i] = 1e9 / job.wall_ns;
		s->direct_cpu[i] = job.cpu_ns / 1e3;
		s->fps[i] = res.fps;
		s->cpu[i] = (res.device_cpu_ns + res.driver_cpu_ns) / 1e3;
		s->driver[i] = res.driver_cpu_ns / 1e3;
		s->copied = res.copied > s->copied ? res.copied : s->copied;
		s->differ = (double)res.coded_bytes - (double)job.coded_bytes;
	}
	return ret;
}

static int report(struct bench_report *r, const struct figure *fig, struct samples *s,
		  unsigned int n)
{
	double direct = bench_median(s->direct_fps, n), fps = bench_median(s->fps, n);
	double direct_cpu = bench_median(s->direct_cpu, n), cpu = bench_median(s->cpu, n);

	bench_report_section(r, fig->title);
	add(r, fig->key, "direct_fps", direct, "frames/s", "floor: libavcodec alone");
	add(r, fig->key, "fps", fps, "frames/s", "device");
	add(r, fig->key, "vs_direct", fps / direct, "x", "ratio to the floor");
	add(r, fig->key, "direct_cpu_us", direct_cpu, "us", "floor: CPU of libavcodec, a picture");
	add(r, fig->key, "cpu_us", cpu, "us", "CPU of the device and driver processes, a picture");
	add(r, fig->key, "cpu_vs_direct", cpu / direct_cpu, "x", "ratio to the floor");
	add(r, fig->key, "driver_cpu_us", bench_median(s->driver, n), "us",
	    "of these the driver process");
	if (fig->encode)
		return add(r, fig->key, "bytes_more", s->differ, "",
			   "bytes of packets more than the floor's (0: same work)");
	return add(r, fig->key, "bytes_copied_per_frame", s->copied, "",
		   "bytes copied behind the decoder, a picture");
}

/* ---- The first picture ---- */

static int first_picture(const struct bench_options *o, struct bench_report *r,
			 const struct films *f)
{
	const struct figure fig = { .small = true, .raw = V4L2_PIX_FMT_YUV420M, .sessions = 1 };
	struct bench_codec_how how = { .kind = "decoder", .media = f->small.m, .raw = fig.raw,
				       .sessions = 1 };
	double direct[BENCH_MAX_ROUNDS], ours[BENCH_MAX_ROUNDS], floor, first;
	int ret = 0;

	for (unsigned int i = 0; ret == 0 && i < o->rounds; i++) {
		struct bench_job job = job_of(f, &fig, 0);
		struct bench_codec_result res = { 0 };

		ret = bench_codec_floor(&job, f->small.fd);
		if (ret == 0)
			ret = bench_codec_run(o, &how, &res);
		direct[i] = job.first_ns / 1e6;
		ours[i] = res.first_ns / 1e6;
	}
	if (ret < 0)
		return ret;
	floor = bench_median(direct, o->rounds);
	first = bench_median(ours, o->rounds);
	bench_report_section(r, "From the first packet of a 720p stream to the first picture");
	add(r, "first", "direct_ms", floor, "ms", "floor: libavcodec alone");
	add(r, "first", "ms", first, "ms", "device");
	return add(r, "first", "later_frames", (first - floor) / FRAME_MS, "",
		   "later than the floor, in frame times of 1/30 s");
}

/* ---- Threads: libavcodec alone ---- */

static int threads(const struct bench_options *o, struct bench_report *r, const struct films *f)
{
	double slices[BENCH_MAX_ROUNDS], frames[BENCH_MAX_ROUNDS];
	const struct figure *fig = &figures[0];
	unsigned int loops;
	int ret = calibrate(o, f, fig, &loops);

	for (unsigned int i = 0; ret == 0 && i < o->rounds; i++) {
		struct bench_job a = job_of(f, fig, loops), b = a;

		b.frame_threads = 1;
		ret = bench_codec_floor(&a, f->hd.fd);
		if (ret == 0)
			ret = bench_codec_floor(&b, f->hd.fd);
		slices[i] = 1e9 / a.wall_ns;
		frames[i] = 1e9 / b.wall_ns;
	}
	if (ret < 0)
		return ret;
	bench_report_section(r, "libavcodec alone: threads of frames instead of slices");
	add(r, "threads", "count", f->threads, "", "threads of frames");
	return add(r, "threads", "frames_vs_slices",
		   bench_median(frames, o->rounds) / bench_median(slices, o->rounds), "x",
		   "frames a second, beside the floor of decoding");
}

static int memory(const struct bench_options *o, struct bench_report *r)
{
	double kb;
	int ret = bench_start_session(o, "decoder", &kb);

	if (ret < 0)
		return ret;
	bench_report_section(r, "vhost-user-media with a decoder");
	return add(r, "rss", "per_session_kb", kb, "kB", "resident memory of one session more");
}

static int run(const struct bench_options *o, struct bench_report *r, const struct films *f)
{
	static struct samples s;
	char title[96];
	int ret = memory(o, r);

	snprintf(title, sizeof(title), "Codecs: streams of %s, %u pictures", f->hd.m->encoder,
		 f->hd.m->num);
	bench_report_section(r, title);
	for (size_t i = 0; ret == 0 && i < NUM; i++) {
		/* The encoder of H.264 is libx264. */
		if (figures[i].encode && f->hd.m->coded != V4L2_PIX_FMT_H264)
			continue;
		ret = measure(o, f, &figures[i], &s);
		if (ret == 0)
			ret = report(r, &figures[i], &s, o->rounds);
	}
	if (ret == 0)
		ret = first_picture(o, r, f);
	return ret < 0 ? ret : threads(o, r, f);
}

int bench_codec_check(const struct bench_options *o)
{
	char path[PATH_MAX];
	int ret = 0;

	if (o->only && strcmp(o->only, "codec") == 0)
		ret = bench_codec_find(path, sizeof(path));
	if (ret < 0)
		fprintf(stderr, "vmedia-bench: --only=codec needs the program %s: %s; install it\n",
			path, strerror(-ret));
	return ret;
}

int bench_codec(const struct bench_options *o, struct bench_report *r)
{
	char path[PATH_MAX];
	struct films f;
	int ret = bench_codec_find(path, sizeof(path));

	if (ret < 0) {
		bench_report_section(r, "Codecs: not measured without vmedia-bench-codec");
		return 0;
	}
	ret = make_films(o, &f);
	if (ret < 0)
		return ret;
	ret = run(o, r, &f);
	free_films(&f);
	return ret;
}
