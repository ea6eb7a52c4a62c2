/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What other drivers of this device are known to get wrong, and what one lie or one row of exact.c
 * does not show: who waits, for how long, and whose memory it is meanwhile.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <vmedia/proto.h>

#include "client.h"

#define CAPTURE V4L2_BUF_TYPE_VIDEO_CAPTURE

static int failures;

static void check(bool good, const char *what)
{
	printf("%s: %s\n", good ? "right" : "WRONG", what);
	failures += !good;
}

static void check_err(int err, int want, const char *what)
{
	printf("%s: %s (%s)\n", err == -want ? "right" : "WRONG", what,
	       strerror(err < 0 ? -err : 0));
	failures += err != -want;
}

static bool until(struct client *c, bool (*good)(struct client *c, void *arg), void *arg)
{
	const struct timespec nap = { .tv_nsec = 10000000 };
	uint64_t end = client_now_ms() + 20000 * c->slow;

	while (!good(c, arg)) {
		if (client_now_ms() > end)
			return false;
		nanosleep(&nap, NULL);
	}
	return true;
}

static bool nothing_held(struct client *c, void *arg)
{
	uint64_t value = 0;

	return !client_door(c, HOSTILE_CID_HELD, &value) && !value;
}

/* ---- A thread that is in one call ---- */

struct waiter {
	pthread_t thread;
	struct client *c;
	int fd;
	client_op *op;
	_Atomic bool entered, left;
	int err;
};

static void *waits(void *arg)
{
	struct waiter *w = arg;

	atomic_store(&w->entered, true);
	w->err = w->op(w->c, w->fd);
	atomic_store(&w->left, true);
	return NULL;
}

static bool has_left(struct client *c, void *arg)
{
	return atomic_load(&((struct waiter *)arg)->left);
}

/* Is every thread of ours but the caller asleep, in the kernel? */
static bool asleep(struct client *c, void *arg)
{
	return atomic_load(&((struct waiter *)arg)->entered);
}

static void begin(struct client *c, struct waiter *w, int fd, client_op *op)
{
	const struct timespec nap = { .tv_nsec = 50000000 };

	*w = (struct waiter){ .c = c, .fd = fd, .op = op };
	if (pthread_create(&w->thread, NULL, waits, w))
		exit(1);
	until(c, asleep, w);
	/* It is about to sleep; should it not be yet, the test is weaker, not wrong. */
	nanosleep(&nap, NULL);
}

static void end(struct client *c, struct waiter *w, int want, const char *what)
{
	if (!until(c, has_left, w)) {
		check(false, what);
		printf("    it waits for ever\n");
		fflush(stdout);
		_exit(1);
	}
	pthread_join(w->thread, NULL);
	check_err(w->err, want, what);
}

static int dqbuf(struct client *c, int fd)
{
	struct v4l2_buffer b = { .type = CAPTURE, .memory = V4L2_MEMORY_USERPTR };

	return client_ioctl(fd, VIDIOC_DQBUF, &b);
}

/* Streaming, with buffers, none of them queued: a frame never comes. */
static int idle_stream(struct client *c)
{
	int fd = client_open(c, 0);

	if (fd < 0 || op_s_fmt(c, fd) || op_reqbufs(c, fd) || op_streamon(c, fd)) {
		printf("WRONG: no stream\n");
		exit(1);
	}
	return fd;
}

/* ---- 1 ---- */

/*
 * Answers that come when nobody waits any more: the memory they were to be in is not the caller's
 * stack, nor was it freed. The device holds them for longer than the driver's timeout.
 */
static void late(struct client *c)
{
	static const struct {
		client_op *op;
		uint32_t which;
		const char *what;
	} calls[] = {
		{ op_g_fmt, VMEDIA_NR_G_FMT, "G_FMT ends without its answer" },
		{ op_g_ext, VMEDIA_NR_G_EXT_CTRLS, "G_EXT_CTRLS ends without its answer" },
		{ op_reqbufs, VMEDIA_NR_REQBUFS, "REQBUFS ends without its answer" },
		{ op_open, HOSTILE_CMD + VMEDIA_CMD_OPEN, "open() ends without its answer" },
	};
	int fds[sizeof(calls) / sizeof(calls[0])];
	unsigned int i, round;

	for (round = 0; round < 3; round++) {
		for (i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
			fds[i] = client_open(c, O_NONBLOCK);
			client_arm(c, HOSTILE_LATE, calls[i].which, 1, 1);
			check_err(calls[i].op(c, fds[i]), ETIMEDOUT, calls[i].what);
		}
		/* Two of the files are closed before the answers come, two after. */
		close(fds[0]);
		close(fds[1]);
		check(until(c, nothing_held, NULL), "the answers come");
		close(fds[2]);
		close(fds[3]);
	}
}

/*
 * close() returns when the device has closed the session, and not before: the driver's timeout is
 * longer than any answer takes.
 */
static void closing(struct client *c)
{
	uint64_t before = client_count(c, HOSTILE_CID_COUNT, HOSTILE_LATE), held = 1;
	int fd = client_open(c, 0);

	client_arm(c, HOSTILE_LATE, HOSTILE_CMD + VMEDIA_CMD_CLOSE, 1, 1);
	close(fd);
	check(client_count(c, HOSTILE_CID_COUNT, HOSTILE_LATE) == before + 1,
	      "the answer of CLOSE is late");
	check_err(client_door(c, HOSTILE_CID_HELD, &held), 0, "the device tells");
	check(!held, "close() waits for it");
}

/* A CLOSE that is never answered holds one close() up, for the driver's timeout. */
static void unclosed(struct client *c)
{
	long long refused = client_counter(c, "refused");
	int fd = client_open(c, 0);

	client_arm(c, HOSTILE_NEVER, HOSTILE_CMD + VMEDIA_CMD_CLOSE, 1, 1);
	close(fd);
	check(client_counter(c, "refused") == refused + 1, "close() ends, and the log says why");
}

/* ---- 6 ---- */

/*
 * videobuf2 lets one caller of a queue wait and tells others EBUSY; who waits is woken by whatever
 * ends the stream.
 */
static void waiters(struct client *c)
{
	int fd = idle_stream(c);
	struct waiter w;

	begin(c, &w, fd, dqbuf);
	check_err(dqbuf(c, fd), EBUSY, "a second that would wait is told that one does");
	check_err(op_streamoff(c, fd), 0, "STREAMOFF does not wait for who waits in DQBUF");
	end(c, &w, EINVAL, "STREAMOFF wakes it");
	close(fd);

	fd = idle_stream(c);
	begin(c, &w, fd, dqbuf);
	client_arm(c, HOSTILE_EV_ERROR, VMEDIA_NR_G_INPUT, 1, 1);
	op_g_input(c, fd);
	end(c, &w, EIO, "the session's error wakes it");
	check_err(op_g_fmt(c, fd), EIO, "every other call gets it too");
	close(fd);

	fd = idle_stream(c);
	begin(c, &w, fd, dqbuf);
	check_err(op_qbuf_only(c, fd), 0, "QBUF");
	end(c, &w, 0, "a buffer wakes it");
	close(fd);

	fd = idle_stream(c);
	begin(c, &w, fd, dqbuf);
	client_arm(c, HOSTILE_SHORT, VMEDIA_NR_QBUF, 1, 1);
	check_err(op_qbuf_only(c, fd), 0, "QBUF");
	end(c, &w, EIO, "an answer to QBUF that makes no sense wakes it");
	check_err(op_g_fmt(c, fd), EIO, "every other call gets it too");
	close(fd);
}

/* Two that wait by other means for one buffer: poll wakes both, one gets it. */
static int poll_and_take(struct client *c, int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 20000 * (int)c->slow) == 1 ? dqbuf(c, fd) : -ETIME;
}

static void one_frame(struct client *c)
{
	struct waiter w[2];
	int fd = idle_stream(c), i;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	check_err(op_qbuf_only(c, fd), 0, "QBUF");
	for (i = 0; i < 2; i++)
		begin(c, &w[i], fd, poll_and_take);
	while (!atomic_load(&w[0].left) && !atomic_load(&w[1].left))
		poll(NULL, 0, 5);
	op_streamoff(c, fd);
	for (i = 0; i < 2; i++)
		pthread_join(w[i].thread, NULL);
	check((w[0].err == 0) + (w[1].err == 0) == 1, "one of two got the one buffer");
	close(fd);
}

/* The device goes while somebody waits: the cases unbind it when "ready" is said. */
static void gone(struct client *c)
{
	int fd = idle_stream(c);
	struct waiter w;

	begin(c, &w, fd, dqbuf);
	printf("ready\n");
	end(c, &w, ENODEV, "removal wakes it");
	check_err(op_g_fmt(c, fd), ENODEV, "every other call gets it too");
	close(fd);
}

/* ---- 7 ---- */

static long pinned(void)
{
	long acquired = 0, released = 0, n;
	char name[64];
	FILE *f = fopen("/proc/sys/vm/stat_refresh", "r");

	/* Each processor has some that it has not told of yet: reading this makes them. */
	if (f) {
		fgetc(f);
		fclose(f);
	}
	f = fopen("/proc/vmstat", "r");
	while (f && fscanf(f, "%63s %ld", name, &n) == 2) {
		if (!strcmp(name, "nr_foll_pin_acquired"))
			acquired = n;
		if (!strcmp(name, "nr_foll_pin_released"))
			released = n;
	}
	if (f)
		fclose(f);
	return acquired - released;
}

static bool pins_are(struct client *c, void *arg)
{
	return pinned() == *(long *)arg;
}

/*
 * Pages that a program queued stay pinned as long as the device might write them: though STREAMOFF
 * was not answered and the file is closed, until CLOSE comes back.
 */
static void pins(struct client *c)
{
	long before = pinned(), more;
	int fd = client_open(c, O_NONBLOCK);

	/* It says that it wrote nothing: so it may still. */
	client_arm(c, HOSTILE_EV_LOST, HOSTILE_ANY, 1, 0);
	check_err(op_stream(c, fd), 0, "a buffer of the program's is queued");
	more = pinned() - before;
	check(more > 0, "its pages are pinned");
	client_arm(c, HOSTILE_SHORT, VMEDIA_NR_STREAMOFF, 1, 1);
	client_arm(c, HOSTILE_LATE, HOSTILE_CMD + VMEDIA_CMD_CLOSE, 1, 1);
	op_streamoff(c, fd);
	check(pinned() - before == more, "they still are when STREAMOFF's answer made no sense");
	close(fd);
	check(pinned() - before == more, "and when the file is closed and CLOSE is on its way");
	check(until(c, nothing_held, NULL), "CLOSE comes back");
	check(until(c, pins_are, &before), "then they are released");
}

/*
 * After an answer to QBUF that makes no sense the device may have the buffer: its memory stays lent
 * until CLOSE. A device that answers so for ever costs one session, not memory for each QBUF.
 */
static void loans(struct client *c)
{
	int fd = client_open(c, O_NONBLOCK), err = op_stream(c, fd), i;

	client_arm(c, HOSTILE_SHORT, VMEDIA_NR_QBUF, 1, 0);
	for (i = 0; i < 2000 && !err; i++) {
		err = poll_and_take(c, fd);
		if (!err)
			err = op_qbuf_only(c, fd);
	}
	printf("    the stream took %d buffers back\n", i);
	check_err(err, EIO, "the first such answer ends the session");
	close(fd);
}

/* ---- 9 ---- */

static void on_signal(int sig)
{
}

/* The driver is patient in these two: only the answer, or death, ends a wait. */
static void beside(struct client *c)
{
	struct sigaction sa = { .sa_handler = on_signal };
	int fd = client_open(c, 0), other = client_open(c, 0), err = 0, i;
	uint64_t commands;
	struct waiter w;

	sigaction(SIGUSR1, &sa, NULL);
	client_arm(c, HOSTILE_LATE, VMEDIA_NR_G_FMT, 1, 1);
	begin(c, &w, fd, op_g_fmt);
	pthread_kill(w.thread, SIGUSR1);
	commands = (uint64_t)client_counter(c, "commands");
	/* One round may be under way when the answer comes: the others passed before it. */
	for (i = 0; i < 20 && !err && !atomic_load(&w.left); i++) {
		err = op_g_input(c, i & 1 ? fd : other);
		if (!err)
			err = op_g_fmt(c, other);
	}
	check(!err && i > 2, "commands pass while one waits, also of its session");
	check((uint64_t)client_counter(c, "commands") >= commands + 2 * (uint64_t)i,
	      "and the device had them");
	end(c, &w, 0, "its answer ends the wait, a signal does not");
	check_err(op_g_fmt(c, fd), 0, "and costs the session nothing");
	close(fd);
	close(other);
}

static bool asked(struct client *c, void *arg)
{
	return client_counter(c, "commands") > *(long long *)arg;
}

static bool died(struct client *c, void *arg)
{
	int status;

	return waitpid(*(pid_t *)arg, &status, WNOHANG) > 0 && WIFSIGNALED(status);
}

/* A child that shares @fd is killed while it waits for the answer of @nr. */
static void kill_in(struct client *c, int fd, uint32_t nr, client_op *op)
{
	long long commands;
	pid_t child;

	client_arm(c, HOSTILE_NEVER, nr, 1, 1);
	commands = client_counter(c, "commands");
	child = fork();
	if (!child)
		_exit(op(c, fd) ? 1 : 0);
	check(until(c, asked, &commands), "a child waits for an answer");
	kill(child, SIGKILL);
	check(until(c, died, &child), "SIGKILL ends that");
}

static void killed(struct client *c)
{
	int fd = client_open(c, 0);

	kill_in(c, fd, VMEDIA_NR_G_FMT, op_g_fmt);
	check_err(op_g_fmt(c, fd), 0, "and costs the session nothing");
	check(!op_s_fmt(c, fd) && !op_reqbufs(c, fd) && !op_qbuf_only(c, fd), "a buffer is queued");
	kill_in(c, fd, VMEDIA_NR_STREAMON, op_streamon);
	check_err(op_g_fmt(c, fd), EIO, "in STREAMON it costs the session");
	close(fd);

	fd = client_open(c, 0);
	/* The device keeps the buffer. */
	client_arm(c, HOSTILE_EV_LOST, HOSTILE_ANY, 1, 0);
	check_err(op_stream(c, fd), 0, "a buffer is lent");
	kill_in(c, fd, VMEDIA_NR_STREAMOFF, op_streamoff);
	check_err(op_g_fmt(c, fd), EIO, "in STREAMOFF, too");
	close(fd);
	client_arm(c, HOSTILE_EV_LOST, HOSTILE_ANY, 0, 0);

	fd = client_open(c, 0);
	check_err(op_more_streams(c, fd), 0, "the next session streams");
	close(fd);
}

/* ---- 10 ---- */

static void nonblock(struct client *c)
{
	int fd = idle_stream(c);
	struct waiter w;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	check_err(dqbuf(c, fd), EAGAIN, "opened to block, O_NONBLOCK since: DQBUF does not wait");
	fcntl(fd, F_SETFL, 0);
	begin(c, &w, fd, dqbuf);
	check(!atomic_load(&w.left), "and not since: it waits");
	op_streamoff(c, fd);
	end(c, &w, EINVAL, "until STREAMOFF");
	close(fd);
}

/* A queue that is none of pictures can be polled, and its buffers come. */
static void poll_kind(struct client *c, uint32_t type)
{
	struct v4l2_requestbuffers r = { .count = 2, .type = type, .memory = V4L2_MEMORY_MMAP };
	struct v4l2_buffer b = { .type = type, .memory = V4L2_MEMORY_MMAP };
	int fd = client_open(c, O_NONBLOCK), i;
	struct pollfd p = { .fd = fd, .events = POLLIN };

	check_err(client_ioctl(fd, VIDIOC_REQBUFS, &r), 0, "REQBUFS");
	check(poll(&p, 1, 0) == 1 && p.revents & POLLERR, "poll before the stream: an error");
	for (i = 0; i < 2; i++) {
		b.index = (uint32_t)i;
		check_err(client_ioctl(fd, VIDIOC_QBUF, &b), 0, "QBUF");
	}
	check_err(client_ioctl(fd, VIDIOC_STREAMON, &type), 0, "STREAMON");
	for (i = 0; i < 5; i++) {
		check(poll(&p, 1, 10000 * (int)c->slow) == 1 && p.revents & POLLIN,
		      "poll: a buffer");
		check_err(client_ioctl(fd, VIDIOC_DQBUF, &b), 0, "DQBUF");
		check(b.bytesused && b.bytesused == b.length, "full");
		check_err(client_ioctl(fd, VIDIOC_QBUF, &b), 0, "QBUF");
	}
	close(fd);
}

static void meta(struct client *c)
{
	poll_kind(c, V4L2_BUF_TYPE_META_CAPTURE);
}

static void vbi(struct client *c)
{
	poll_kind(c, V4L2_BUF_TYPE_VBI_CAPTURE);
}

static void sliced(struct client *c)
{
	poll_kind(c, V4L2_BUF_TYPE_SLICED_VBI_CAPTURE);
}

static void sdr(struct client *c)
{
	poll_kind(c, V4L2_BUF_TYPE_SDR_CAPTURE);
}

/* ---- 8 ---- */

static void mappings(struct client *c)
{
	struct v4l2_buffer b = { .type = CAPTURE, .memory = V4L2_MEMORY_MMAP };
	int fd = client_open(c, O_NONBLOCK);
	long long before, after;
	size_t half;
	uint8_t *p;

	if (op_s_fmt(c, fd) || op_reqbufs_mmap(c, fd) || client_ioctl(fd, VIDIOC_QUERYBUF, &b)) {
		check(false, "there is a buffer to map");
		return;
	}
	half = b.length / 2 & ~4095ul;
	p = mmap(NULL, b.length, PROT_READ, MAP_SHARED, fd, b.m.offset);
	check(p != MAP_FAILED, "a mapping for reading");
	check(mprotect(p, half, PROT_READ | PROT_WRITE) < 0 && errno == EACCES,
	      "can never be written to");
	before = client_counter(c, "commands");
	munmap(p + half, half);
	check(client_counter(c, "commands") == before, "a part of it goes: it stays mapped");
	printf("    its first byte is %u\n", p[0]);
	munmap(p, b.length);
	op_streamoff(c, fd);
	close(fd);
	after = client_counter(c, "commands");
	/* STREAMOFF, CLOSE, and one MUNMAP. */
	check(after - before <= 3, "one MUNMAP for one MMAP, though it was split");
}

int client_defect(struct client *c, const char *name)
{
	static const struct {
		const char *name;
		void (*test)(struct client *c);
	} tests[] = {
		{ "late", late },	  { "closing", closing },   { "unclosed", unclosed },
		{ "waiters", waiters },	  { "one-frame", one_frame },
		{ "gone", gone },	  { "pins", pins },	    { "loans", loans },
		{ "beside", beside },	  { "killed", killed },	    { "nonblock", nonblock },
		{ "mappings", mappings }, { "meta", meta },	    { "vbi", vbi },
		{ "sliced", sliced },	  { "sdr", sdr },
	};
	unsigned int i;
	int fd = client_open(c, O_NONBLOCK);

	if (fd < 0)
		return 1;
	/* An honest device has neither controls nor a side door. */
	op_query_ext(c, fd);
	close(fd);
	for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
		if (strcmp(tests[i].name, name) != 0)
			continue;
		tests[i].test(c);
		if (c->door >= 0)
			client_arm(c, HOSTILE_ALL, HOSTILE_ANY, 0, 0);
		return failures ? 1 : 0;
	}
	fprintf(stderr, "there is no test %s\n", name);
	return 2;
}
