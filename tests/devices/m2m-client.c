/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a memory-to-memory device does, call by call, as a transcript: the kernel's own test devices
 * (vim2m, vicodec) and ours behind the driver must say the same.
 *
 *	m2m-client pair NODE			buffers, poll, stops, errors
 *	m2m-client content NODE			does CAPTURE have OUTPUT's bytes, inverted
 *	m2m-client encode ENCODER		drains of an encoder, each ended by STREAMOFF
 *	m2m-client restart ENCODER		the same, each ended by START (after which
 *						vicodec of Linux 6.1 still says EPIPE)
 *	m2m-client decode ENCODER DECODER	of a decoder, and changes of resolution
 *	m2m-client gone NODE			calls that wait when the device goes away
 *	m2m-client failing NODE			a metadata device whose queue fails
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "m2m-client.h"

/* ---- A call that waits, in a thread ---- */

struct waiter {
	pthread_t thread;
	int (*call)(struct client_queue *q);
	struct client_queue q;
	pid_t tid;
	int err;
};

static void *wait_thread(void *arg)
{
	struct waiter *w = arg;

	__atomic_store_n(&w->tid, (pid_t)syscall(SYS_gettid), __ATOMIC_RELEASE);
	w->err = w->call(&w->q) ? errno : 0;
	return NULL;
}

static bool sleeps(pid_t tid)
{
	char path[64], line[256] = "";
	FILE *f;
	char *p;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	f = fopen(path, "r");
	if (!f)
		return false;
	p = fgets(line, sizeof(line), f);
	fclose(f);
	p = p ? strrchr(line, ')') : NULL;
	return p && p[2] == 'S';
}

/* Begin @call on @q, and return when it sleeps in it. */
static void wait_begin(struct waiter *w, const struct client_queue *q,
		       int (*call)(struct client_queue *q))
{
	unsigned int times = 0;

	memset(w, 0, sizeof(*w));
	w->call = call;
	w->q = *q;
	if (pthread_create(&w->thread, NULL, wait_thread, w))
		client_die("pthread_create");
	/* Asleep, and not only in a lock on the way: several times in a row. */
	while (times < 20) {
		pid_t tid = __atomic_load_n(&w->tid, __ATOMIC_ACQUIRE);

		times = tid && sleeps(tid) ? times + 1 : 0;
		poll(NULL, 0, 1);
	}
}

static void wait_end(struct waiter *w, const char *what)
{
	pthread_join(w->thread, NULL);
	client_say("%s: %s\n", what, w->err ? strerrorname_np(w->err) : "0");
}

static void set_nonblock(int fd, bool on)
{
	int flags = fcntl(fd, F_GETFL);

	if (fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK))
		client_die("F_SETFL");
}

/* ---- pair ---- */

static void refusals(struct client_queue *out, struct client_queue *cap)
{
	struct v4l2_format f = { .type = out->type };
	struct client_queue odd = *out;

	client_say("-- refusals\n");
	client_queue_buf(out, 99);
	odd.used = out->len[0][0] + 1;
	client_queue_buf(&odd, 0);
	client_queue_buf(cap, 0);
	client_queue_buf(cap, 0);
	ioctl(out->fd, VIDIOC_G_FMT, &f);
	f.fmt.pix.width /= 2;
	client_result("S_FMT with buffers", ioctl(out->fd, VIDIOC_S_FMT, &f));
	client_stream(cap, true);
	client_state(cap, 0);
	client_stream(cap, false);
	client_state(cap, 0);
	client_stream(cap, false);
}

static void polls(struct client_queue *out, struct client_queue *cap)
{
	client_say("-- poll\n");
	client_poll(out->fd, "nothing streams", IO);
	client_poll(out->fd, "only PRI is asked for", POLLPRI);
	client_stream(out, true);
	client_poll(out->fd, "OUTPUT streams, empty", IO);
	client_queue_buf(out, 0);
	client_poll(out->fd, "OUTPUT has a buffer", IO);
	client_stream(cap, true);
	client_poll(out->fd, "CAPTURE streams, empty", IO);
	client_queue_buf(cap, 1);
	client_await(out->fd, "both done", IO);
	client_poll(out->fd, "only IN is asked for", POLLIN);
	client_poll(out->fd, "only OUT is asked for", POLLOUT);
	client_dequeue(cap);
	client_poll(out->fd, "OUTPUT left", IO);
	client_dequeue(cap);
	client_dequeue(out);
	client_dequeue(out);
	client_poll(out->fd, "both empty", IO);
	client_queue_buf(cap, 2);
	client_poll(out->fd, "CAPTURE has a buffer", IO);
	client_stream(cap, false);
	client_poll(out->fd, "CAPTURE off", IO);
	client_dequeue(cap);
	client_stream(cap, true);
	client_state(cap, 2);
	client_queue_buf(out, 1);
	client_stream(out, false);
	client_poll(out->fd, "OUTPUT off", IO);
	client_state(out, 1);
	client_stream(out, true);
	m2m_both(out, cap, 0);
}

static void selects(struct client_queue *out, struct client_queue *cap)
{
	struct epoll_event ev = { .events = EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLET };
	int fd = out->fd, ep = epoll_create1(0);
	struct timeval none = { 0 };
	uint32_t seen = 0;
	fd_set r, w;

	client_say("-- epoll, select\n");
	client_queue_buf(out, 0);
	client_queue_buf(cap, 0);
	if (epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev))
		client_die("epoll_ctl");
	while ((seen & (EPOLLIN | EPOLLOUT)) != (EPOLLIN | EPOLLOUT)) {
		if (epoll_wait(ep, &ev, 1, 20000) <= 0)
			client_die("epoll_wait");
		seen |= ev.events;
	}
	client_say("epoll, edges: %s\n", seen & EPOLLERR ? "with ERR" : "IN OUT");
	FD_ZERO(&r);
	FD_ZERO(&w);
	FD_SET(fd, &r);
	FD_SET(fd, &w);
	client_result("select", select(fd + 1, &r, &w, NULL, &none));
	client_say("select: %s %s\n", FD_ISSET(fd, &r) ? "read" : "-",
		   FD_ISSET(fd, &w) ? "write" : "-");
	close(ep);
	client_dequeue(out);
	client_dequeue(cap);
}

static void waits(struct client_queue *out, struct client_queue *cap)
{
	struct waiter w;

	client_say("-- waiting\n");
	client_dequeue(cap);		/* opened with O_NONBLOCK, and so it is */
	set_nonblock(cap->fd, false);
	wait_begin(&w, cap, client_take_buf);
	client_queue_buf(out, 0);
	client_queue_buf(cap, 0);
	wait_end(&w, "DQBUF that waits for a frame");
	client_dequeue(out);
	client_queue_buf(cap, 0);
	wait_begin(&w, cap, client_take_buf);
	client_stream(cap, false);
	wait_end(&w, "DQBUF that waits when its queue stops");
	client_stream(cap, true);
	wait_begin(&w, cap, client_take_buf);
	client_stream(out, false);
	client_stream(out, true);
	client_queue_buf(out, 1);
	client_queue_buf(cap, 1);
	wait_end(&w, "DQBUF that waits while the other queue stops");
	client_dequeue(out);
	set_nonblock(cap->fd, true);
	client_dequeue(cap);
}

static int pair(const char *node)
{
	struct client_queue out, cap;

	m2m_queues(node, &out, &cap);
	client_say("-- without buffers\n");
	client_poll(out.fd, "fresh", IO);
	client_queue_buf(&out, 0);
	client_dequeue(&cap);
	client_stream(&out, true);
	client_stream(&out, false);
	client_request(&out, 3);
	client_request(&cap, 3);
	refusals(&out, &cap);
	polls(&out, &cap);
	selects(&out, &cap);
	waits(&out, &cap);
	client_say("-- end\n");
	client_request(&out, 0);
	client_poll(out.fd, "OUTPUT gone", IO);
	client_stream(&cap, false);
	client_stream(&out, false);
	client_request(&cap, 0);
	close(out.fd);
	return 0;
}

/* ---- content ---- */

static int content(const char *node)
{
	struct client_queue out, cap;
	uint32_t i, p, wrong = 0;

	m2m_queues(node, &out, &cap);
	client_request(&out, 2);
	client_request(&cap, 2);
	client_stream(&out, true);
	client_stream(&cap, true);
	for (p = 0; p < out.num_planes; p++)
		for (i = 0; i < out.len[0][p]; i++)
			((uint8_t *)out.mem[0][p])[i] = (uint8_t)(i * 7 + i / 256 + p);
	client_queue_buf(&out, 0);
	client_queue_buf(&cap, 0);
	client_frame(&cap);
	for (p = 0; p < cap.num_planes; p++) {
		const uint8_t *from = out.mem[0][p], *to = cap.mem[0][p];

		for (i = 0; i < cap.len[0][p] && i < out.len[0][p]; i++)
			wrong += (from[i] ^ to[i]) != 255;
	}
	client_say("%u planes, %u bytes wrong\n", cap.num_planes, wrong);
	return wrong || cap.num_planes != out.num_planes;
}

/* ---- gone ---- */

static int take_event(struct client_queue *q)
{
	struct v4l2_event ev;

	return ioctl(q->fd, VIDIOC_DQEVENT, &ev);
}

/* A poll() that ends otherwise than by the device's end is no error, and shows. */
static int await_end(struct client_queue *q)
{
	struct pollfd p = { .fd = q->fd, .events = POLLIN };

	if (poll(&p, 1, -1) == 1 && p.revents & POLLERR && p.revents & POLLHUP) {
		errno = ENODEV;
		return -1;
	}
	return 0;
}

/* Waits in every way that there is, says "ready", and goes on when the device is taken away. */
static int gone(const char *node)
{
	struct client_queue out, cap;
	struct waiter buffer, event, polls;

	m2m_queues(node, &out, &cap);
	client_subscribe(out.fd, V4L2_EVENT_EOS);
	client_request(&out, 1);
	client_request(&cap, 1);
	client_stream(&out, true);
	client_stream(&cap, true);
	client_queue_buf(&cap, 0);
	set_nonblock(cap.fd, false);
	wait_begin(&buffer, &cap, client_take_buf);
	wait_begin(&event, &cap, take_event);
	wait_begin(&polls, &cap, await_end);
	client_say("ready\n");
	wait_end(&buffer, "DQBUF that waited");
	wait_end(&event, "DQEVENT that waited");
	wait_end(&polls, "poll that waited");
	client_poll(cap.fd, "gone", IO | POLLPRI);
	client_dequeue(&cap);
	client_event(cap.fd);
	client_queue_buf(&out, 0);
	client_stream(&cap, false);
	close(out.fd);
	return 0;
}

/* ---- failing ---- */

/* A metadata device whose queue is in error after two frames, until it is stopped. */
static int failing(const char *node)
{
	struct client_queue q;
	unsigned int i;

	client_setup(&q, client_open(node, O_NONBLOCK), V4L2_BUF_TYPE_META_CAPTURE);
	client_request(&q, 3);
	for (i = 0; i < 3; i++)
		client_queue_buf(&q, i);
	client_stream(&q, true);
	for (i = 0; i < 3; i++) {
		client_await(q.fd, "frame", POLLIN);
		client_result("DQBUF", client_take_buf(&q));
		client_say("%u%s\n", q.last.index,
			   q.last.flags & V4L2_BUF_FLAG_ERROR ? ", ERROR" : "");
	}
	/* Its answer is not waited for; what it says is found by the next call. */
	client_queue_buf(&q, 0);
	client_await(q.fd, "refused", POLLIN);
	client_dequeue(&q);
	client_queue_buf(&q, 1);
	client_stream(&q, false);
	client_say("-- and again\n");
	client_queue_buf(&q, 1);
	client_stream(&q, true);
	client_await(q.fd, "frame", POLLIN);
	client_result("DQBUF", client_take_buf(&q));
	close(q.fd);
	return 0;
}

int main(int argc, char **argv)
{
	/* Nothing here may hang: what does ends by this. */
	alarm(120);
	if (argc == 3 && !strcmp(argv[1], "pair"))
		return pair(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "content"))
		return content(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "encode"))
		return m2m_encode(argv[2], false);
	if (argc == 3 && !strcmp(argv[1], "gone"))
		return gone(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "failing"))
		return failing(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "restart"))
		return m2m_encode(argv[2], true);
	if (argc == 4 && !strcmp(argv[1], "decode"))
		return m2m_decode(argv[2], argv[3]);
	fprintf(stderr, "usage: m2m-client pair|content|encode|restart|gone|failing NODE, "
			"or decode ENCODER DECODER\n");
	return 2;
}
