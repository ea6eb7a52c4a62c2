/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One source of pictures, shared with several devices: the age of a picture when a program of a
 * guest gets it, and what one more guest costs the process that owns the source.
 *
 * vmedia-source runs with the pattern, in its sandbox. Each device is a process of its own, as a
 * daemon is, with the camera's source shared:. The age is the time from the picture's time stamp,
 * which the source gives it when it begins to draw, to DQBUF. Its floor is the age at a program
 * that subscribes itself, to the same pictures at the same time.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/videodev2.h>
#include <vmedia/share.h>

#include "bench.h"

#define WIDTH	    1280
#define HEIGHT	    720
#define FPS	    60
#define BUFFERS	    4
#define MAX_VIEWERS 8
#define WARM_FRAMES 8 /* of each, before measuring */
#define MAX_SAMPLES 65536
#define TIMEOUT_MS  10000

extern char **environ;

/* What was seen of the pictures' ages, by all of one kind. */
struct ages {
	double *ns;
	unsigned int num;
};

/* A guest's program and its device. */
struct viewer {
	struct bench_peer peer;
	uint64_t frames, lost, cpu_before;
	uint32_t next_sequence;
};

struct shared {
	const struct bench_options *o;
	char folder[32], path[64];
	pid_t source;
	struct vmedia_subscriber *sub; /* the floor */
	bool subscribed;
	uint64_t pictures; /* that it has seen */
	unsigned int num;
	struct viewer viewers[MAX_VIEWERS];
	struct ages own, guests;
	bool measuring;
};

static void add_age(const struct shared *s, struct ages *a, uint64_t timestamp_ns)
{
	if (s->measuring && a->num < MAX_SAMPLES)
		a->ns[a->num++] = (double)(bench_now_ns() - timestamp_ns);
}

/* ---- The source ---- */

static int find_source(char *path, size_t size)
{
	if (bench_program(path, size, "/vmedia-source") == 0)
		return 0;
	return bench_program(path, size, "/../source/vmedia-source");
}

int bench_shared_check(const struct bench_options *o)
{
	char path[PATH_MAX];
	int err = 0;

	if (o->only && strcmp(o->only, "shared") == 0)
		err = find_source(path, sizeof(path));
	if (err)
		fprintf(stderr,
			"vmedia-bench: --only=shared needs the program %s: %s; install it\n",
			path, strerror(-err));
	return err;
}

static int start_source(struct shared *s, const char *program)
{
	char publish[80], size[32], fps[32];
	char *argv[] = { (char *)"vmedia-source", (char *)"pattern", size, fps, publish, NULL };
	int err;

	snprintf(s->folder, sizeof(s->folder), "/tmp/vmedia-bench-XXXXXX");
	if (!mkdtemp(s->folder))
		return bench_fail(s->folder, -errno);
	snprintf(s->path, sizeof(s->path), "%s/socket", s->folder);
	snprintf(publish, sizeof(publish), "--publish=%s", s->path);
	snprintf(size, sizeof(size), "--size=%ux%u", WIDTH, HEIGHT);
	snprintf(fps, sizeof(fps), "--fps=%u", FPS);
	err = -posix_spawn(&s->source, program, NULL, NULL, argv, environ);
	return err ? bench_fail(program, err) : 0;
}

static int stop_source(struct shared *s)
{
	int status = 0, err = 0;

	if (s->source > 0) {
		kill(s->source, SIGTERM);
		waitpid(s->source, &status, 0);
	}
	unlink(s->path);
	if (*s->folder)
		rmdir(s->folder);
	if (status)
		err = bench_fail("vmedia-source did not end well", -EIO);
	return err;
}

/* ---- The floor: a program that subscribes ---- */

/* It listens some time after its start. */
static int connect_source(const struct shared *s)
{
	uint64_t until = bench_now_ns() + TIMEOUT_MS * 1000000ull;
	int fd;

	while ((fd = vmedia_subscriber_connect(s->path)) == -ENOENT || fd == -ECONNREFUSED) {
		if (bench_now_ns() > until || waitpid(s->source, NULL, WNOHANG))
			break;
		poll(NULL, 0, 1);
	}
	return fd;
}

static int subscribe(struct shared *s)
{
	int fd = connect_source(s), err = fd < 0 ? fd : vmedia_subscriber_create(fd, &s->sub);

	return err ? bench_fail("connecting to vmedia-source", err) : 0;
}

static int take_picture(struct shared *s)
{
	struct vmedia_subscriber_frame frame;
	char why[256];
	int err = vmedia_subscriber_process(s->sub, why, sizeof(why));

	if (err)
		return bench_fail(why, err);
	if (!s->subscribed) {
		if (!vmedia_subscriber_info(s->sub))
			return 0;
		s->subscribed = true;
		err = vmedia_subscriber_start(s->sub);
		return err ? err : vmedia_subscriber_next(s->sub);
	}
	if (!vmedia_subscriber_take(s->sub, &frame))
		return 0;
	add_age(s, &s->own, frame.timestamp_ns);
	s->pictures++;
	err = vmedia_subscriber_release(s->sub, frame.slot);
	return err ? err : vmedia_subscriber_next(s->sub);
}

/* ---- Guests ---- */

static int start_stream(struct vmedia_file *f)
{
	struct vmedia_format fmt = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };
	struct vmedia_requestbuffers rb = { .count = BUFFERS, .type = fmt.type,
					    .memory = V4L2_MEMORY_MMAP };
	struct vmedia_buffer b = { .type = fmt.type, .memory = rb.memory };
	uint32_t type = fmt.type;
	int err;

	fmt.fmt.pix.width = WIDTH;
	fmt.fmt.pix.height = HEIGHT;
	fmt.fmt.pix.pixelformat = V4L2_PIX_FMT_NV12;
	err = vmedia_ioctl(f, VIDIOC_S_FMT, &fmt);
	if (!err)
		err = vmedia_ioctl(f, VIDIOC_REQBUFS, &rb);
	for (b.index = 0; !err && b.index < rb.count; b.index++)
		err = vmedia_ioctl(f, VIDIOC_QBUF, &b);
	if (!err)
		err = vmedia_ioctl(f, VIDIOC_STREAMON, &type);
	vmedia_set_nonblock(f, true);
	return err;
}

static int start_viewer(struct shared *s, struct viewer *v)
{
	const struct bench_device device = { .fps = FPS };
	struct bench_options o = *s->o;
	char source[80];
	int err;

	snprintf(source, sizeof(source), "shared:%s", s->path);
	o.source = source;
	*v = (struct viewer){ .next_sequence = 0 };
	err = bench_peer_start(&v->peer, &o, &device);
	if (err)
		return err;
	s->num++;
	err = start_stream(v->peer.f);
	return err ? bench_fail("starting to stream", err) : 0;
}

static int take_frames(struct shared *s, struct viewer *v)
{
	struct vmedia_buffer b;
	int err = vmedia_driver_process(v->peer.drv);

	while (!err) {
		b = (struct vmedia_buffer){ .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
					    .memory = V4L2_MEMORY_MMAP };
		err = vmedia_ioctl(v->peer.f, VIDIOC_DQBUF, &b);
		if (err)
			break;
		add_age(s, &s->guests, (uint64_t)b.timestamp.tv_sec * 1000000000u +
					       (uint64_t)b.timestamp.tv_usec * 1000u);
		v->frames++;
		if (s->measuring)
			v->lost += b.sequence - v->next_sequence;
		v->next_sequence = b.sequence + 1;
		err = vmedia_ioctl(v->peer.f, VIDIOC_QBUF, &b);
	}
	return err == -EAGAIN ? 0 : err;
}

/* ---- All of them ---- */

/* Take what there is, and wait for more. A driver's descriptor tells of what comes after that. */
static int turn(struct shared *s)
{
	struct pollfd fds[MAX_VIEWERS + 1] = { { .fd = vmedia_subscriber_fd(s->sub),
						 .events = POLLIN } };
	int err = take_picture(s), ready;

	for (unsigned int i = 0; i < s->num && !err; i++) {
		fds[i + 1] = (struct pollfd){ .fd = vmedia_driver_fd(s->viewers[i].peer.drv),
					      .events = POLLIN };
		err = take_frames(s, &s->viewers[i]);
	}
	if (err)
		return err;
	ready = poll(fds, s->num + 1, TIMEOUT_MS);
	return ready > 0 ? 0 : bench_fail("waiting for pictures", ready ? -errno : -ETIMEDOUT);
}

/* Until all have had @frames. */
static int run_frames(struct shared *s, uint64_t frames)
{
	uint64_t least;
	int err = 0;

	do {
		err = turn(s);
		least = s->pictures;
		for (unsigned int i = 0; i < s->num; i++)
			if (s->viewers[i].frames < least)
				least = s->viewers[i].frames;
	} while (!err && least < frames);
	return err ? bench_fail("shared pictures", err) : 0;
}

/* shared_age_us is with one device, shared_age_us_8 with eight. */
static int add(struct bench_report *r, unsigned int num, const char *key, const char *label,
	       double value, const char *unit)
{
	char k[64], count[16] = "";

	if (num > 1)
		snprintf(count, sizeof(count), "_%u", num);
	snprintf(k, sizeof(k), "shared_%s%s", key, count);
	return bench_report_add(r, k, value, unit, label);
}

static void section(struct bench_report *r, unsigned int num)
{
	char title[96];

	snprintf(title, sizeof(title), "A source shared by %u device%s, %ux%u NV12, %u pictures a "
		 "second", num, num == 1 ? "" : "s", WIDTH, HEIGHT, FPS);
	bench_report_section(r, title);
}

/* The age that 99 of 100 do not have. bench_median() has sorted them. */
static double p99(const struct ages *a)
{
	return a->num ? a->ns[(size_t)a->num * 99 / 100] : 0;
}

static int report(struct shared *s, struct bench_report *r, double source_ns, uint64_t pictures)
{
	double own = bench_median(s->own.ns, s->own.num);
	double age = bench_median(s->guests.ns, s->guests.num);
	uint64_t lost = 0, device = 0;

	for (unsigned int i = 0; i < s->num; i++) {
		const struct viewer *v = &s->viewers[i];

		lost += v->lost;
		device += bench_peer_cpu_ns(&v->peer) - v->cpu_before;
	}
	section(r, s->num);
	add(r, s->num, "subscriber_age_us", "floor: age of a picture in a program that subscribes",
	    own / 1e3, "us");
	add(r, s->num, "age_us", "age of a picture at DQBUF", age / 1e3, "us");
	add(r, s->num, "age_vs_subscriber", "ratio to the floor", age / own, "x");
	add(r, s->num, "age_p99_us", "age that 1 of 100 pictures exceeds",
	    p99(&s->guests) / 1e3, "us");
	add(r, s->num, "source_cpu_us", "CPU of the source, a picture",
	    source_ns / (double)pictures / 1e3, "us");
	add(r, s->num, "device_cpu_us", "CPU of one device, a frame",
	    (double)device / (double)s->guests.num / 1e3, "us");
	return add(r, s->num, "lost", "frames that all devices lost", (double)lost, "");
}

/* With one viewer more than there are, up to @num. */
static int measure(struct shared *s, struct bench_report *r, unsigned int num)
{
	const double seconds = s->o->quick ? s->o->seconds : 4 * s->o->seconds;
	uint64_t from, pictures;
	int err = 0;
	pid_t pid;

	while (!err && s->num < num)
		err = start_viewer(s, &s->viewers[s->num]);
	s->pictures = 0;
	for (unsigned int i = 0; i < s->num; i++)
		s->viewers[i].frames = 0;
	if (!err)
		err = run_frames(s, WARM_FRAMES);
	if (err)
		return err;
	for (unsigned int i = 0; i < s->num; i++) {
		s->viewers[i].cpu_before = bench_peer_cpu_ns(&s->viewers[i].peer);
		s->viewers[i].lost = 0;
	}
	s->own.num = s->guests.num = 0;
	s->measuring = true;
	pictures = s->pictures;
	pid = bench_serving(s->source);
	from = bench_cpu_ns(pid);
	err = run_frames(s, pictures + (uint64_t)(seconds * FPS) + 1);
	s->measuring = false;
	return err ? err
		   : report(s, r, (double)(bench_cpu_ns(pid) - from), s->pictures - pictures);
}

/* The last one first: it holds the connections of those that were there when it was forked. */
static int stop_viewers(struct shared *s)
{
	int err = 0;

	while (s->num > 0)
		if (bench_peer_stop(&s->viewers[--s->num].peer, NULL))
			err = -EIO;
	return err;
}

int bench_shared(const struct bench_options *o, struct bench_report *r)
{
	struct shared s = { .o = o };
	int err = -ENOMEM, end;
	char path[PATH_MAX];

	if (find_source(path, sizeof(path))) {
		bench_report_section(r, "Shared sources: not measured without vmedia-source");
		return 0;
	}
	s.own.ns = calloc(MAX_SAMPLES, sizeof(double));
	s.guests.ns = calloc(MAX_SAMPLES, sizeof(double));
	if (s.own.ns && s.guests.ns)
		err = start_source(&s, path);
	if (!err)
		err = subscribe(&s);
	for (unsigned int num = 1; !err && num <= MAX_VIEWERS; num *= 2)
		err = measure(&s, r, num);
	end = stop_viewers(&s);
	vmedia_subscriber_destroy(s.sub);
	if (stop_source(&s))
		end = -EIO;
	free(s.own.ns);
	free(s.guests.ns);
	return err ? err : end;
}
