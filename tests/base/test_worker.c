// SPDX-License-Identifier: BSD-3-Clause
/*
 * The worker thread: order, cancelling in each state, waiting, draining, going away.
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

#include "base/fd.h"
#include "base/worker.h"

struct work {
	struct vmedia_job job;
	sem_t started, go;
	int ran, done, err, waited, order;
	uint64_t until;		/* wait until then in run() */
	int gate;		/* wait for go in run() */
	struct vmedia_worker *again;
};

static int order;

static void run(struct vmedia_worker *w, struct vmedia_job *job)
{
	struct work *me = vmedia_container_of(job, struct work, job);

	sem_post(&me->started);
	if (me->gate)
		sem_wait(&me->go);
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
	assert_int_equal(vmedia_worker_create(loop, "a name that is too long", &w), 0);
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
	assert_int_equal(vmedia_worker_create(loop, "cancel", &w), 0);
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
	assert_int_equal(vmedia_worker_cancel(w, &a.job), -EINPROGRESS);
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
	while (vmedia_worker_cancel(w, &b.job) == -EINPROGRESS)
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
	assert_int_equal(vmedia_worker_create(loop, "drain", &w), 0);
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
		assert_int_equal(vmedia_worker_create(loop, "destroy", &w), 0);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_drain),
		cmocka_unit_test(test_destroy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
