// SPDX-License-Identifier: BSD-3-Clause
/*
 * What a device that is not of this project does with a loop, with installed headers only: it
 * watches a descriptor, it has a timer, a thread of its own wakes it, and what computes for long
 * goes to a worker. One receiver of packets does all of it.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <vmedia/loop.h>
#include <vmedia/worker.h>

enum { PACKETS = 40 };

struct receiver {
	struct vmedia_loop *loop;
	/* packets come here, and each is decoded by the worker */
	struct vmedia_source src;
	int sock;
	unsigned int received, decoded, closed;
	struct vmedia_worker *worker;
	struct vmedia_job job;
	unsigned char packet, sum;
	/* every millisecond */
	struct vmedia_timer tick;
	unsigned int ticks;
	uint64_t first;
	/* a thread that knows nothing of the loop but this */
	pthread_t thread;
	struct vmedia_post post;
	atomic_uint sent;
	unsigned int told;
};

static void decode(struct vmedia_worker *w, struct vmedia_job *job)
{
	struct receiver *r = vmedia_container_of(job, struct receiver, job);

	assert_false(vmedia_worker_stopping(w));
	r->sum = (unsigned char)(r->sum + r->packet);
}

static void decoded(struct vmedia_job *job, int err)
{
	struct receiver *r = vmedia_container_of(job, struct receiver, job);

	assert_int_equal(err, 0);
	r->decoded++;
	/* the next packet may come */
	assert_int_equal(vmedia_loop_mod_fd(&r->src, EPOLLIN), 0);
}

static void on_packet(struct vmedia_source *src, uint32_t revents)
{
	struct receiver *r = vmedia_container_of(src, struct receiver, src);
	ssize_t n;

	(void)revents;
	/* EPOLLHUP comes whatever is asked for: one job at a time */
	if (r->received != r->decoded)
		return;
	n = recv(src->fd, &r->packet, 1, 0);
	if (!n) {
		r->closed++;
		vmedia_loop_del_fd(src);
		return;
	}
	assert_int_equal(n, 1);
	r->received++;
	assert_int_equal(vmedia_worker_submit(r->worker, &r->job), 0);
	assert_int_equal(vmedia_loop_mod_fd(src, 0), 0);
}

static void on_tick(struct vmedia_timer *t)
{
	struct receiver *r = vmedia_container_of(t, struct receiver, tick);

	assert_true(vmedia_now_ns() >= t->deadline_ns);
	assert_true(t->deadline_ns == r->first + r->ticks * 1000000ull);
	r->ticks++;
	vmedia_timer_arm(t, t->deadline_ns + 1000000);
}

static void on_post(struct vmedia_post *p)
{
	struct receiver *r = vmedia_container_of(p, struct receiver, post);

	r->told = r->sent;
}

static void *send_all(void *arg)
{
	struct receiver *r = arg;
	unsigned char i;

	for (i = 1; i <= PACKETS; i++) {
		assert_int_equal(send(r->sock, &i, 1, 0), 1);
		r->sent++;
		vmedia_loop_post(r->loop, &r->post);
	}
	close(r->sock);
	return NULL;
}

static void start(struct receiver *r)
{
	int pair[2];

	memset(r, 0, sizeof(*r));
	assert_int_equal(vmedia_loop_create(&r->loop), 0);
	assert_int_equal(vmedia_worker_create(r->loop, &r->worker), 0);
	vmedia_worker_init_job(&r->job, decode, decoded);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(vmedia_loop_add_fd(r->loop, &r->src, pair[0], EPOLLIN, on_packet), 0);
	r->sock = pair[1];
	vmedia_timer_init(r->loop, &r->tick, on_tick);
	r->first = vmedia_now_ns() + 1000000;
	vmedia_timer_arm(&r->tick, r->first);
	vmedia_post_init(&r->post, on_post);
	assert_int_equal(pthread_create(&r->thread, NULL, send_all, r), 0);
}

static bool all(const struct receiver *r)
{
	return r->closed && r->decoded == PACKETS && r->told == PACKETS && r->ticks >= 5;
}

static void finish(struct receiver *r)
{
	int fd = r->src.fd;

	assert_int_equal(r->sum, PACKETS * (PACKETS + 1) / 2 % 256);
	assert_null(r->src.loop);
	close(fd);
	vmedia_timer_cancel(&r->tick);
	pthread_join(r->thread, NULL);
	assert_false(vmedia_loop_unpost(r->loop, &r->post));
	vmedia_worker_destroy(r->worker);
	vmedia_loop_destroy(r->loop);
}

static void test_stepped(void **state)
{
	struct receiver r;

	(void)state;
	start(&r);
	while (!all(&r))
		assert_true(vmedia_loop_step(r.loop, -1) >= 0);
	finish(&r);
}

/* By a program that has a poll loop of its own: the loop's descriptor tells of all of it. */
static void test_embedded(void **state)
{
	struct receiver r;

	(void)state;
	start(&r);
	while (!all(&r)) {
		struct pollfd p = { .fd = vmedia_loop_fd(r.loop), .events = POLLIN };

		assert_int_equal(poll(&p, 1, -1), 1);
		assert_true(vmedia_loop_step(r.loop, 0) >= 0);
	}
	finish(&r);
}

/* vmedia_loop_run() on a thread, ended from outside: timers and the like are as in steps. */
static void *serve(void *arg)
{
	assert_int_equal(vmedia_loop_run(arg), 0);
	return arg;
}

struct stopper {
	struct vmedia_post post;
	struct vmedia_loop *loop;
	unsigned int calls;
};

static void on_stop(struct vmedia_post *p)
{
	struct stopper *s = vmedia_container_of(p, struct stopper, post);

	s->calls++;
	vmedia_loop_stop(s->loop);
}

static void test_run(void **state)
{
	struct stopper s = { .calls = 0 };
	void *ret = NULL;
	pthread_t t;

	(void)state;
	assert_int_equal(vmedia_loop_create(&s.loop), 0);
	vmedia_post_init(&s.post, on_stop);
	assert_int_equal(pthread_create(&t, NULL, serve, s.loop), 0);
	assert_true(vmedia_loop_post(s.loop, &s.post));
	assert_int_equal(pthread_join(t, &ret), 0);
	assert_ptr_equal(ret, s.loop);
	assert_int_equal(s.calls, 1);
	vmedia_loop_destroy(s.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stepped),
		cmocka_unit_test(test_embedded),
		cmocka_unit_test(test_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
