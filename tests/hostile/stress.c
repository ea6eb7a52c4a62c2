/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Everything at once: threads that make all V4L2 calls in any order while the device lies in every
 * way that does not end it, until it has lied often enough.
 *
 * What counts: no call takes longer than the watchdog's patience, no call returns an error that is
 * none for programs (above 511), and nothing that videobuf2 promises is broken (indexes, lengths).
 * Signals end calls that wait for frames that were lost.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "client.h"

#define CAPTURE		V4L2_BUF_TYPE_VIDEO_CAPTURE
#define MAX_THREADS	8
#define PATIENCE_MS	90000u
#define CALLS_A_SESSION 120

struct worker {
	struct client *c;
	pthread_t thread;
	pid_t tid;
	uint64_t random;
	_Atomic uint64_t since; /* of the call under way, ms; 0: none */
	_Atomic(const char *) call;
	uint64_t calls, failed, frames, sessions;
	unsigned int row; /* calls that failed, one after another */
	const char *fault;
	int fd;
	uint32_t num, type; /* buffers, and their memory */
	void *map[CLIENT_BUFFERS];
	size_t map_len[CLIENT_BUFFERS];
	uint8_t *pool;
};

static _Atomic bool stop;

static uint32_t below(struct worker *w, uint32_t n)
{
	w->random ^= w->random >> 12;
	w->random ^= w->random << 25;
	w->random ^= w->random >> 27;
	return (uint32_t)((w->random * 0x2545f4914f6cdd1dull >> 32) * n >> 32);
}

static void begin(struct worker *w, const char *name)
{
	atomic_store(&w->call, name);
	atomic_store(&w->since, client_now_ms());
}

static int end(struct worker *w, int err)
{
	atomic_store(&w->since, 0);
	w->calls++;
	w->row = err < 0 ? w->row + 1 : 0;
	if (err < 0)
		w->failed++;
	if (err < -511 && !w->fault)
		w->fault = "an error that no program should see";
	return err;
}

static int call(struct worker *w, const char *name, unsigned long request, void *arg)
{
	begin(w, name);
	return end(w, client_ioctl(w->fd, request, arg));
}

#define CALL(w, request, arg) call(w, #request, request, arg)

/* ---- Buffers ---- */

static void unmap(struct worker *w)
{
	unsigned int i;

	for (i = 0; i < CLIENT_BUFFERS; i++) {
		if (w->map[i])
			munmap(w->map[i], w->map_len[i]);
		w->map[i] = NULL;
	}
}

static void reqbufs(struct worker *w)
{
	struct v4l2_requestbuffers r = {
		.count = below(w, 5),
		.type = CAPTURE,
		.memory = below(w, 2) ? V4L2_MEMORY_MMAP : V4L2_MEMORY_USERPTR,
	};

	if (below(w, 4))
		unmap(w);
	if (CALL(w, VIDIOC_REQBUFS, &r))
		return;
	if (r.count > VIDEO_MAX_FRAME)
		w->fault = "REQBUFS made more buffers than there can be";
	w->num = r.count;
	w->type = r.memory;
}

static void create(struct worker *w)
{
	struct v4l2_create_buffers b = { .count = 1 + below(w, 3), .memory = w->type };

	b.format.type = CAPTURE;
	if (CALL(w, VIDIOC_G_FMT, &b.format) || CALL(w, VIDIOC_CREATE_BUFS, &b))
		return;
	if (b.count && b.index + b.count > VIDEO_MAX_FRAME)
		w->fault = "CREATE_BUFS made more buffers than there can be";
	w->num = b.index + b.count;
}

static void mapping(struct worker *w)
{
	struct v4l2_buffer b = { .type = CAPTURE, .memory = V4L2_MEMORY_MMAP };
	int prot = PROT_READ | (below(w, 2) ? PROT_WRITE : 0);
	void *p;

	b.index = below(w, CLIENT_BUFFERS);
	if (w->type != V4L2_MEMORY_MMAP || w->map[b.index] || CALL(w, VIDIOC_QUERYBUF, &b))
		return;
	begin(w, "mmap");
	p = mmap(NULL, b.length, prot, MAP_SHARED, w->fd, b.m.offset);
	end(w, p == MAP_FAILED ? -errno : 0);
	if (p == MAP_FAILED)
		return;
	w->map[b.index] = p;
	w->map_len[b.index] = b.length;
	if (prot & PROT_WRITE)
		memset(p, (int)b.index, b.length < 8192 ? b.length : 8192);
	else
		w->random += *(volatile uint8_t *)p;
}

static void qbuf(struct worker *w)
{
	struct v4l2_buffer b = { .type = CAPTURE, .memory = w->type };

	b.index = below(w, CLIENT_BUFFERS);
	if (w->type == V4L2_MEMORY_USERPTR) {
		b.m.userptr = (unsigned long)(w->pool + b.index * CLIENT_BYTES);
		b.length = CLIENT_BYTES;
	}
	if (below(w, 8))
		CALL(w, VIDIOC_QBUF, &b);
	else
		CALL(w, VIDIOC_PREPARE_BUF, &b);
}

static void dqbuf(struct worker *w)
{
	struct v4l2_buffer b = { .type = CAPTURE, .memory = w->type };

	if (CALL(w, VIDIOC_DQBUF, &b))
		return;
	w->frames++;
	if (b.index >= VIDEO_MAX_FRAME)
		w->fault = "DQBUF gave an index that there is not";
	if (b.bytesused > b.length)
		w->fault = "DQBUF gave more bytes than the buffer has";
}

static void waiting(struct worker *w)
{
	struct pollfd p = { .fd = w->fd, .events = POLLIN | POLLPRI };

	begin(w, "poll");
	end(w, poll(&p, 1, (int)below(w, 20)) < 0 ? -errno : 0);
	if (p.revents & POLLIN)
		dqbuf(w);
	if (p.revents & POLLPRI) {
		struct v4l2_event e;

		CALL(w, VIDIOC_DQEVENT, &e);
	}
}

static void streaming(struct worker *w)
{
	int type = CAPTURE;

	if (below(w, 4))
		CALL(w, VIDIOC_STREAMON, &type);
	else
		CALL(w, VIDIOC_STREAMOFF, &type);
}

/* As a program does that wants pictures. */
static void pictures(struct worker *w)
{
	int type = CAPTURE, flags = fcntl(w->fd, F_GETFL);
	unsigned int i;

	unmap(w);
	reqbufs(w);
	for (i = 0; i < CLIENT_BUFFERS; i++) {
		mapping(w);
		qbuf(w);
	}
	fcntl(w->fd, F_SETFL, flags ^ O_NONBLOCK);
	if (CALL(w, VIDIOC_STREAMON, &type))
		return;
	for (i = 0; i < 20 && w->row < 5; i++) {
		waiting(w);
		qbuf(w);
		qbuf(w);
	}
	CALL(w, VIDIOC_STREAMOFF, &type);
}

static void reading(struct worker *w)
{
	begin(w, "read");
	end(w, read(w->fd, w->pool, CLIENT_BYTES) < 0 ? -errno : 0);
}

static void exporting(struct worker *w)
{
	struct v4l2_exportbuffer e = { .type = CAPTURE };

	e.index = below(w, CLIENT_BUFFERS);
	e.flags = O_CLOEXEC;
	if (!CALL(w, VIDIOC_EXPBUF, &e))
		close(e.fd);
}

/* ---- What changes no buffer ---- */

static void events(struct worker *w)
{
	struct v4l2_event_subscription s = { .type = V4L2_EVENT_CTRL, .id = w->c->ctrl };

	s.flags = below(w, 2) ? V4L2_EVENT_SUB_FL_SEND_INITIAL : 0;
	if (below(w, 3))
		CALL(w, VIDIOC_SUBSCRIBE_EVENT, &s);
	else
		CALL(w, VIDIOC_UNSUBSCRIBE_EVENT, &s);
}

static void simple(struct worker *w)
{
	static client_op *const ops[] = {
		op_enum_fmt,  op_g_fmt,	  op_s_fmt,   op_try_fmt, op_framesizes, op_intervals,
		op_enuminput, op_g_input, op_s_input, op_g_parm,  op_s_parm,	 op_g_ctrl,
		op_s_ctrl,    op_g_ext,	  op_s_ext,   op_try_ext, op_querymenu,
	};

	begin(w, "an ioctl that changes no buffer");
	end(w, ops[below(w, sizeof(ops) / sizeof(ops[0]))](w->c, w->fd));
}

static void controls(struct worker *w)
{
	struct v4l2_query_ext_ctrl q = { .id = V4L2_CTRL_FLAG_NEXT_CTRL };
	unsigned int n = 0;

	/* A device may invent controls; the driver sees to it that each comes after the last. */
	while (n++ < 20 && !CALL(w, VIDIOC_QUERY_EXT_CTRL, &q))
		q.id |= V4L2_CTRL_FLAG_NEXT_CTRL;
}

static void one(struct worker *w)
{
	switch (below(w, 32)) {
	case 0:
		reqbufs(w);
		break;
	case 1:
		create(w);
		break;
	case 2:
	case 3:
		mapping(w);
		break;
	case 4 ... 10:
		qbuf(w);
		break;
	case 11 ... 15:
		waiting(w);
		break;
	case 16 ... 18:
		streaming(w);
		break;
	case 19:
		if (!w->num)
			reading(w);
		break;
	case 20:
		exporting(w);
		break;
	case 21:
		events(w);
		break;
	case 22:
		controls(w);
		break;
	case 23:
		dqbuf(w);
		break;
	case 24:
		pictures(w);
		break;
	default:
		simple(w);
	}
}

static void session(struct worker *w)
{
	struct v4l2_format f = { .type = CAPTURE };
	unsigned int i;

	begin(w, "open");
	w->fd = end(w, client_open(w->c, below(w, 4) ? O_NONBLOCK : 0));
	if (w->fd < 0)
		return;
	w->sessions++;
	w->num = 0;
	w->type = V4L2_MEMORY_MMAP;
	f.fmt.pix.width = 160;
	f.fmt.pix.height = 120;
	f.fmt.pix.pixelformat = V4L2_PIX_FMT_YUYV;
	CALL(w, VIDIOC_S_FMT, &f);
	if (below(w, 4))
		reqbufs(w);
	/* A session that has failed says so for ever. */
	for (i = 0; i < CALLS_A_SESSION && w->row < 12 && !atomic_load(&stop); i++)
		one(w);
	if (below(w, 2))
		unmap(w);
	begin(w, "close");
	close(w->fd);
	end(w, 0);
	unmap(w);
}

static void on_alarm(int sig)
{
}

/* Something to end waits for what never comes. */
static void start_alarm(struct worker *w, timer_t *timer)
{
	struct itimerspec it = { .it_interval.tv_nsec = 20000000, .it_value.tv_nsec = 20000000 };
	struct sigevent ev = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1 };

	ev._sigev_un._tid = w->tid;
	if (!timer_create(CLOCK_MONOTONIC, &ev, timer))
		timer_settime(*timer, 0, &it, NULL);
}

static void *work(void *arg)
{
	struct worker *w = arg;
	timer_t timer;

	w->tid = (pid_t)syscall(SYS_gettid);
	start_alarm(w, &timer);
	while (!atomic_load(&stop))
		session(w);
	timer_delete(timer);
	return NULL;
}

/* ---- The watch ---- */

static void show_stack(const struct worker *w)
{
	char path[64], line[256];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stack", (int)w->tid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		printf("    %s", line);
	if (f)
		fclose(f);
}

static bool stuck(struct worker *w, unsigned int threads)
{
	uint64_t now = client_now_ms();
	bool any = false;
	unsigned int i;

	for (i = 0; i < threads; i++) {
		uint64_t since = atomic_load(&w[i].since);

		if (!since || now < since + (uint64_t)PATIENCE_MS * w[i].c->slow)
			continue;
		printf("FAIL: thread %u is in %s for %" PRIu64 " ms\n", i, atomic_load(&w[i].call),
		       now - since);
		show_stack(&w[i]);
		any = true;
	}
	return any;
}

/* All, or those that @only names. */
static void arm_all(struct client *c, uint32_t rate, const char *only)
{
	uint32_t f, every;

	for (f = 0; f < HOSTILE_NUM_FAULTS; f++) {
		every = rate;
		if (only && client_named(only, f))
			client_arm(c, f, HOSTILE_ANY, every, 0);
		if (only)
			continue;
		if (f >= HOSTILE_DOUBLE && f <= HOSTILE_JUMP)
			continue;
		if (f == HOSTILE_NEVER)
			every = rate * 200;
		if (f == HOSTILE_LATE)
			every = rate * 4;
		if (f == HOSTILE_EV_ERROR || f == HOSTILE_EV_FLOOD)
			every = rate * 50;
		/* There are fewer events than answers. */
		if (f >= HOSTILE_EV_BITS && f <= HOSTILE_EV_DOUBLE)
			every = rate / 2 + 1;
		client_arm(c, f, HOSTILE_ANY, every, 0);
	}
}

static bool watch(struct client *c, struct worker *w, unsigned int threads, uint64_t target,
		  uint64_t deadline)
{
	const struct timespec nap = { .tv_nsec = 200000000 };
	uint64_t first = client_count(c, HOSTILE_CID_COUNT, HOSTILE_ALL), done = 0;

	while (done < target) {
		if (stuck(w, threads))
			return false;
		if (client_now_ms() > deadline) {
			printf("FAIL: %" PRIu64 " lies of %" PRIu64 ", and no time left\n", done,
			       target);
			return false;
		}
		nanosleep(&nap, NULL);
		done = client_count(c, HOSTILE_CID_COUNT, HOSTILE_ALL);
		if (done == UINT64_MAX) {
			printf("FAIL: the device does not obey any more\n");
			return false;
		}
		done -= first;
	}
	return true;
}

static bool all_ended(struct worker *w, unsigned int threads)
{
	const struct timespec nap = { .tv_nsec = 50000000 };
	unsigned int i;

	atomic_store(&stop, true);
	for (i = 0; i < threads; i++)
		while (pthread_tryjoin_np(w[i].thread, NULL)) {
			if (stuck(w, threads))
				return false;
			nanosleep(&nap, NULL);
		}
	return true;
}

static bool sum_up(struct client *c, const struct worker *w, unsigned int threads)
{
	uint64_t calls = 0, failed = 0, frames = 0, sessions = 0;
	bool good = true;
	unsigned int i;

	for (i = 0; i < threads; i++) {
		calls += w[i].calls;
		failed += w[i].failed;
		frames += w[i].frames;
		sessions += w[i].sessions;
		if (w[i].fault) {
			printf("FAIL: %s\n", w[i].fault);
			good = false;
		}
	}
	for (i = 0; i < HOSTILE_NUM_FAULTS; i++)
		printf("    %-18s %8" PRIu64 ", of which to be refused %8" PRIu64 "\n",
		       client_fault_names[i], client_count(c, HOSTILE_CID_COUNT, i),
		       client_count(c, HOSTILE_CID_MUST, i));
	printf("%" PRIu64 " calls, %" PRIu64 " of them failed; %" PRIu64 " sessions, %" PRIu64
	       " frames; refused %lld\n",
	       calls, failed, sessions, frames, client_counter(c, "refused"));
	printf("%" PRIu64 " mutated answers and events\n",
	       client_count(c, HOSTILE_CID_COUNT, HOSTILE_ALL));
	return good;
}

static bool start(struct client *c, struct worker *w, unsigned int threads, uint64_t seed)
{
	struct sigaction sa = { .sa_handler = on_alarm };
	unsigned int i;

	sigaction(SIGUSR1, &sa, NULL);
	for (i = 0; i < threads; i++) {
		w[i].c = c;
		w[i].random = (seed + i + 1) * 0x9e3779b97f4a7c15ull;
		w[i].pool = mmap(NULL, CLIENT_BUFFERS * CLIENT_BYTES, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (w[i].pool == MAP_FAILED || pthread_create(&w[i].thread, NULL, work, &w[i]))
			return false;
	}
	return true;
}

/* stress COUNT [THREADS [SEED [ONE-IN [SECONDS [FAULT,FAULT...]]]]] */
int client_stress(struct client *c, int argc, char **argv)
{
	uint64_t target = argc > 0 ? strtoull(argv[0], NULL, 0) : 1000;
	unsigned int threads = argc > 1 ? (unsigned int)atoi(argv[1]) : 4;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)time(NULL);
	uint32_t rate = argc > 3 ? (uint32_t)atoi(argv[3]) : 60;
	uint64_t seconds = argc > 4 ? strtoull(argv[4], NULL, 0) : 600;
	static struct worker workers[MAX_THREADS];
	bool good;
	int fd = client_open(c, O_NONBLOCK);

	if (fd < 0 || op_query_ext(c, fd) || threads > MAX_THREADS || !rate)
		return 1;
	close(fd);
	printf("seed %" PRIu64 "\n", seed);
	arm_all(c, rate, argc > 5 ? argv[5] : NULL);
	good = start(c, workers, threads, seed) &&
	       watch(c, workers, threads, target, client_now_ms() + seconds * 1000);
	client_arm(c, HOSTILE_ALL, HOSTILE_ANY, 0, 0);
	if (!all_ended(workers, threads)) {
		fflush(stdout);
		_exit(3);
	}
	return sum_up(c, workers, threads) && good ? 0 : 1;
}
