// SPDX-License-Identifier: BSD-3-Clause
/*
 * Workers: order, cancelling in each state, waiting, draining, going away, sharing the pool's
 * threads. With installed headers only.
 */
#include <errno.h>
#include <semaphore.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <vmedia/worker.h>

struct work {
	struct vmedia_job job;
	sem_t started, go;
	int ran, done, err, waited, order;
	uint64_t until;		/* wait until then in run() */
	int gate;		/* wait for go in run(), as something that is computed */
	int gate_waits;		/* wait for go in run(), and say so */
	struct vmedia_worker *again;
};

static int order;

static void run(struct vmedia_worker *w, struct vmedia_job *job)
{
	struct work *me = vmedia_container_of(job, struct work, job);

	sem_post(&me->started);
	if (me->gate)
		sem_wait(&me->go);
	if (me->gate_waits) {
		assert_int_equal(vmedia_worker_wait_begin(w), 0);
		sem_post(&me->started);
		sem_wait(&me->go);
		me->waited = vmedia_worker_wait_end(w);
	}
	if (me->until)
		me->waited = vmedia_worker_wait_until(w, me->until);
	if (me->until && me->waited == 0)
		assert_true(vmedia_now_ns() >= me->until);
	if (me->waited)
		assert_true(vmedia_worker_stopping(w));
	me->ran++;
}

static void done(struct vmedia_job *job, int err)
{
	struct work *me = vmedia_container_of(job, struct work, job);

	me->done++;
	me->err = err;
	me->order = ++order;
	if (me->again) {
		struct vmedia_worker *w = me->again;

		me->again = NULL;
		me->err = vmedia_worker_submit(w, job);
	}
}

static void work_up(struct work *k)
{
	memset(k, 0, sizeof(*k));
	vmedia_worker_init_job(&k->job, run, done);
	sem_init(&k->started, 0, 0);
	sem_init(&k->go, 0, 0);
}

static void step_until(struct vmedia_loop *loop, struct work *k, int n)
{
	while (k->done < n)
		assert_true(vmedia_loop_step(loop, -1) >= 0);
}

static void test_order(void **state)
{
	struct vmedia_worker *w;
	struct vmedia_loop *loop;
	struct work k[5];

	assert_int_equal(vmedia_loop_create(&loop), 0);
	assert_int_equal(vmedia_worker_create(loop, &w), 0);
	for (int i = 0; i < 5; i++) {
		work_up(&k[i]);
		assert_int_equal(vmedia_worker_submit(w, &k[i].job), 0);
	}
	k[2].again = w;
	step_until(loop, &k[4], 1);
	for (int i = 1; i < 5; i++)
		assert_true(k[i - 1].order < k[i].order || i == 3);
	step_until(loop, &k[2], 2);
	assert_int_equal(k[2].ran, 2);
	for (int i = 0; i < 2000; i++) {
		assert_int_equal(vmedia_worker_submit(w, &k[0].job), 0);
		step_until(loop, &k[0], i + 2);
	}
	vmedia_worker_destroy(w);
	vmedia_worker_destroy(NULL);
	vmedia_loop_destroy(loop);
}

static void test_cancel(void **state)
{
	struct vmedia_worker *w;
	struct vmedia_loop *loop;
	struct work a, b;

	assert_int_equal(vmedia_loop_create(&loop), 0);
	assert_int_equal(vmedia_worker_create(loop, &w), 0);
	work_up(&a);
	work_up(&b);
	assert_int_equal(vmedia_worker_cancel(w, &a.job), -ENOENT);
	a.until = UINT64_MAX / 2;	/* centuries */
	assert_int_equal(vmedia_worker_submit(w, &a.job), 0);
	assert_int_equal(vmedia_worker_submit(w, &a.job), -EBUSY);
	sem_wait(&a.started);
	assert_int_equal(vmedia_worker_submit(w, &b.job), 0);
	assert_int_equal(vmedia_worker_cancel(w, &b.job), 0);
	assert_int_equal(vmedia_worker_cancel(w, &b.job), -ENOENT);
	/* it has begun to wait, or is about to: both are asked to stop */
	assert_true(vmedia_worker_cancel(w, &a.job) < 0);
	step_until(loop, &a, 1);
	assert_int_equal(a.waited, -ECANCELED);
	assert_int_equal(a.err, 0);
	assert_int_equal(b.ran + b.done, 0);
	/* the next job does not inherit the cancelling; a past time does not wait */
	b.until = 1;
	assert_int_equal(vmedia_worker_submit(w, &b.job), 0);
	step_until(loop, &b, 1);
	assert_int_equal(b.waited, 0);
	/* finished, not yet told */
	b.until = vmedia_now_ns() + 1000000;
	assert_int_equal(vmedia_worker_submit(w, &b.job), 0);
	sem_wait(&b.started);
	sem_wait(&b.started);	/* the run before, and this */
	assert_int_equal(vmedia_worker_wait(w, &b.job, UINT64_MAX / 2), 0);
	while (vmedia_worker_cancel(w, &b.job) != -EALREADY)
		;
	assert_int_equal(vmedia_worker_cancel(w, &b.job), -EALREADY);
	assert_int_equal(b.done, 1);
	vmedia_worker_drain(w);
	assert_int_equal(b.done, 2);
	assert_int_equal(vmedia_worker_cancel(w, &b.job), -ENOENT);
	assert_true(vmedia_loop_step(loop, 0) >= 0);
	assert_int_equal(b.done, 2);
	vmedia_worker_destroy(w);
	vmedia_loop_destroy(loop);
}

static void test_drain(void **state)
{
	struct vmedia_worker *w;
	struct vmedia_loop *loop;
	struct work k[8];

	assert_int_equal(vmedia_loop_create(&loop), 0);
	assert_int_equal(vmedia_worker_create(loop, &w), 0);
	vmedia_worker_drain(w);
	for (int i = 0; i < 8; i++) {
		work_up(&k[i]);
		k[i].until = vmedia_now_ns() + 200000;
		assert_int_equal(vmedia_worker_submit(w, &k[i].job), 0);
	}
	vmedia_worker_drain(w);
	for (int i = 0; i < 8; i++)
		assert_true(k[i].ran == 1 && k[i].done == 1 && k[i].waited == 0);
	vmedia_worker_destroy(w);
	vmedia_loop_destroy(loop);
}

/*
 * Gone with one finished, one running and one waiting: all are told, and one that asks for more is
 * refused.
 */
static void test_destroy(void **state)
{
	struct vmedia_worker *w;
	struct vmedia_loop *loop;
	struct work k[3];

	assert_int_equal(vmedia_loop_create(&loop), 0);
	for (int round = 0; round < 100; round++) {
		assert_int_equal(vmedia_worker_create(loop, &w), 0);
		for (int i = 0; i < 3; i++)
			work_up(&k[i]);
		k[1].until = UINT64_MAX / 2;
		k[0].again = w;
		for (int i = 0; i < 3; i++)
			assert_int_equal(vmedia_worker_submit(w, &k[i].job), 0);
		sem_wait(&k[1].started);
		vmedia_worker_destroy(w);
		assert_true(k[0].done == 1 && k[0].err == -ESHUTDOWN);
		assert_true(k[1].done == 1 && k[1].err == 0 && k[1].waited == -ECANCELED);
		assert_true(k[2].done == 1 && k[2].err == -ECANCELED && k[2].ran == 0);
		assert_int_equal(vmedia_loop_step(loop, 0), 0);
	}
	vmedia_loop_destroy(loop);
}

/*
 * Cancelled while it waits: it is told, and does nothing from then on. Cancelled while it runs: it
 * may still write, until it ends.
 */
static void test_wait(void **state)
{
	struct vmedia_worker *w;
	struct vmedia_loop *loop;
	struct work a, b;

	assert_int_equal(vmedia_loop_create(&loop), 0);
	assert_int_equal(vmedia_worker_create(loop, &w), 0);
	work_up(&a);
	work_up(&b);
	assert_int_equal(vmedia_worker_wait(w, &a.job, 0), 0);
	a.gate_waits = 1;
	assert_int_equal(vmedia_worker_submit(w, &a.job), 0);
	sem_wait(&a.started);
	sem_wait(&a.started);	/* it waits */
	assert_int_equal(vmedia_worker_wait(w, &a.job, 0), -ETIMEDOUT);
	assert_int_equal(vmedia_worker_cancel(w, &a.job), -ECANCELED);
	assert_int_equal(vmedia_worker_cancel(w, &a.job), -ECANCELED);
	assert_int_equal(vmedia_worker_wait(w, &a.job, 0), 0);
	sem_post(&a.go);
	step_until(loop, &a, 1);
	assert_int_equal(a.waited, -ECANCELED);

	b.gate = 1;
	assert_int_equal(vmedia_worker_submit(w, &b.job), 0);
	assert_int_equal(vmedia_worker_submit(w, &a.job), 0);
	sem_wait(&b.started);
	assert_int_equal(vmedia_worker_wait(w, &a.job, 0), 0);
	assert_int_equal(vmedia_worker_cancel(w, &a.job), 0);
	assert_int_equal(vmedia_worker_cancel(w, &b.job), -EINPROGRESS);
	assert_int_equal(vmedia_worker_wait(w, &b.job, vmedia_now_ns() + 1000), -ETIMEDOUT);
	sem_post(&b.go);
	assert_int_equal(vmedia_worker_wait(w, &b.job, UINT64_MAX / 2), 0);
	assert_int_equal(b.done, 0);
	step_until(loop, &b, 1);
	assert_int_equal(a.done, 1);
	vmedia_worker_destroy(w);
	vmedia_loop_destroy(loop);
}

/* No more jobs run at a time than were asked for; the worker that is ready longest is next. */
static void test_bound(void **state)
{
	struct vmedia_worker *w[4];
	struct vmedia_loop *loop;
	struct work k[4], again;
	int i;

	assert_int_equal(vmedia_loop_create(&loop), 0);
	vmedia_worker_set_threads(loop, 2);
	for (i = 0; i < 4; i++) {
		assert_int_equal(vmedia_worker_create(loop, &w[i]), 0);
		work_up(&k[i]);
		k[i].gate = 1;
		assert_int_equal(vmedia_worker_submit(w[i], &k[i].job), 0);
	}
	work_up(&again);
	assert_int_equal(vmedia_worker_submit(w[0], &again.job), 0);
	sem_wait(&k[0].started);
	sem_wait(&k[1].started);
	/* the others have not begun: each can be taken back */
	for (i = 2; i < 4; i++) {
		assert_int_equal(vmedia_worker_cancel(w[i], &k[i].job), 0);
		assert_int_equal(vmedia_worker_submit(w[i], &k[i].job), 0);
	}
	sem_post(&k[0].go);
	sem_wait(&k[2].started);
	assert_int_equal(again.ran, 0);
	assert_int_equal(vmedia_worker_cancel(w[3], &k[3].job), 0);
	assert_int_equal(vmedia_worker_submit(w[3], &k[3].job), 0);
	/* one more from now on: the worker that waited longer has its turn before the newer one */
	vmedia_worker_set_threads(loop, 3);
	step_until(loop, &again, 1);
	sem_wait(&k[3].started);
	for (i = 1; i < 4; i++)
		sem_post(&k[i].go);
	for (i = 0; i < 4; i++)
		step_until(loop, &k[i], 1);
	for (i = 0; i < 4; i++)
		vmedia_worker_destroy(w[i]);
	vmedia_loop_destroy(loop);
}

/* Jobs that wait keep nobody from running, by which kind of waiting ever. */
static void test_waiting_is_free(void **state)
{
	enum { SLEEPERS = 6 };
	struct vmedia_worker *w[SLEEPERS + 1];
	struct vmedia_loop *loop;
	struct work k[SLEEPERS + 1];
	int i;

	assert_int_equal(vmedia_loop_create(&loop), 0);
	vmedia_worker_set_threads(loop, 1);
	for (i = 0; i <= SLEEPERS; i++) {
		assert_int_equal(vmedia_worker_create(loop, &w[i]), 0);
		work_up(&k[i]);
	}
	for (i = 0; i < SLEEPERS; i++) {
		if (i % 2)
			k[i].gate_waits = 1;
		else
			k[i].until = UINT64_MAX / 2;
		assert_int_equal(vmedia_worker_submit(w[i], &k[i].job), 0);
	}
	for (i = 0; i < SLEEPERS; i++)
		sem_wait(&k[i].started);
	for (i = 0; i < 50; i++) {
		assert_int_equal(vmedia_worker_submit(w[SLEEPERS], &k[SLEEPERS].job), 0);
		step_until(loop, &k[SLEEPERS], i + 1);
	}
	for (i = 0; i < SLEEPERS; i++)
		assert_int_equal(k[i].done, 0);
	/* one whose wait is over goes on, and is told apart from one that was cancelled */
	sem_post(&k[1].go);
	step_until(loop, &k[1], 1);
	assert_int_equal(k[1].waited, 0);
	for (i = 0; i < SLEEPERS; i++)
		if (i != 1) {
			assert_true(vmedia_worker_cancel(w[i], &k[i].job) < 0);
			sem_post(&k[i].go);
			step_until(loop, &k[i], 1);
			assert_int_equal(k[i].waited, -ECANCELED);
		}
	for (i = 0; i <= SLEEPERS; i++)
		vmedia_worker_destroy(w[i]);
	vmedia_loop_destroy(loop);
}

/* Many workers on few threads: each keeps its own order, and nothing is lost or told twice. */
static void test_many(void **state)
{
	enum { WORKERS = 5, JOBS = 8, ROUNDS = 200 };
	static struct work k[WORKERS][JOBS];
	struct vmedia_worker *w[WORKERS];
	struct vmedia_loop *loop;
	int i, j, round;

	assert_int_equal(vmedia_loop_create(&loop), 0);
	for (i = 0; i < WORKERS; i++) {
		assert_int_equal(vmedia_worker_create(loop, &w[i]), 0);
		for (j = 0; j < JOBS; j++)
			work_up(&k[i][j]);
	}
	for (round = 0; round < ROUNDS; round++) {
		for (j = 0; j < JOBS; j++)
			for (i = 0; i < WORKERS; i++) {
				k[i][j].until = j == i ? vmedia_now_ns() + 20000 : 0;
				assert_int_equal(vmedia_worker_submit(w[i], &k[i][j].job), 0);
			}
		for (i = 0; i < WORKERS; i++) {
			step_until(loop, &k[i][JOBS - 1], round + 1);
			for (j = 0; j < JOBS; j++) {
				assert_int_equal(k[i][j].ran, round + 1);
				assert_int_equal(k[i][j].done, round + 1);
				assert_true(!j || k[i][j - 1].order < k[i][j].order);
			}
		}
	}
	for (i = 0; i < WORKERS; i++)
		vmedia_worker_destroy(w[i]);
	vmedia_loop_destroy(loop);
}

/* What a round submits begins at its end: until then all of it can be taken back. */
struct in_round {
	struct vmedia_post post;
	struct vmedia_worker *w;
	struct work *k;
	int told;
};

static void on_round(struct vmedia_post *p)
{
	struct in_round *r = vmedia_container_of(p, struct in_round, post);

	assert_int_equal(vmedia_worker_submit(r->w, &r->k[0].job), 0);
	assert_int_equal(vmedia_worker_submit(r->w, &r->k[1].job), 0);
	assert_int_equal(vmedia_worker_cancel(r->w, &r->k[1].job), 0);
	r->told++;
}

static void test_round(void **state)
{
	struct in_round r = { .told = 0 };
	struct vmedia_loop *loop;
	struct work k[2];

	assert_int_equal(vmedia_loop_create(&loop), 0);
	assert_int_equal(vmedia_worker_create(loop, &r.w), 0);
	work_up(&k[0]);
	work_up(&k[1]);
	r.k = k;
	k[0].gate = 1;
	vmedia_post_init(&r.post, on_round);
	for (int i = 0; i < 100; i++) {
		assert_true(vmedia_loop_post(loop, &r.post));
		while (r.told <= i)
			assert_true(vmedia_loop_step(loop, -1) >= 0);
		sem_post(&k[0].go);
		step_until(loop, &k[0], i + 1);
	}
	assert_int_equal(k[1].ran + k[1].done, 0);
	/* a wait, a drain and an end do not rely on a round that comes */
	assert_int_equal(vmedia_worker_submit(r.w, &k[1].job), 0);
	vmedia_worker_drain(r.w);
	assert_int_equal(k[1].done, 1);
	vmedia_worker_destroy(r.w);
	vmedia_loop_destroy(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_drain),
		cmocka_unit_test(test_destroy),
		cmocka_unit_test(test_wait),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_waiting_is_free),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
