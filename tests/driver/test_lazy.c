// SPDX-License-Identifier: BSD-3-Clause
/*
 * VMEDIA_SUBMIT_LAZY: commands whose answers are not interrupted for, until somebody turns out to
 * wait for one. In most tests the driver sleeps as on a real machine: only an interrupt that it
 * asked for wakes it, and where none comes the wait is over. Nothing here takes time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "fake.h"

#define MMAP V4L2_MEMORY_MMAP
#define NUM 8

static unsigned int ring;

/* The device's part while the driver sleeps: one thing a step, in order. */
enum scene { NOTHING, EVENT, RELEASE };
static struct {
	enum scene step[4];
	unsigned int at, index;
} play;

static struct vmedia_buffer qbuf[NUM];
static struct {
	unsigned int n;
	int err;
} done;

static void on_done(void *opaque, int err)
{
	done.n++;
	done.err = err;
}

static bool scene(struct fake *d)
{
	struct vmedia_evt evt;

	switch (play.at < VMEDIA_ARRAY_SIZE(play.step) ? play.step[play.at++] : NOTHING) {
	case EVENT:
		evt = fake_dqbuf(1, play.index, MMAP);
		assert_true(fake_event(d, &evt));
		return true;
	case RELEASE:
		d->hold = false;
		while (d->num_held)
			fake_release(d);
		return true;
	default:
		return false;
	}
}

static int sleeping(void *opaque)
{
	return fake_sleep(opaque, scene);
}

static void plan(enum scene a, enum scene b, enum scene c)
{
	play.step[0] = a;
	play.step[1] = b;
	play.step[2] = c;
	play.at = 0;
}

static int setup(void **state)
{
	struct fake *d;

	vmedia_log_set_level(VMEDIA_LOG_ERR);
	d = fake_create(fake_rings[ring].features | 1ull << VMEDIA_VIRTIO_F_INDIRECT_DESC, 0, 0);
	memset(&play, 0, sizeof(play));
	memset(&done, 0, sizeof(done));
	d->drv->hooks.pump = sleeping;
	*state = d;
	return 0;
}

static int teardown(void **state)
{
	fake_destroy(*state);
	return 0;
}

/* The counter is what it says it counts. */
static void balanced(const struct fake *d)
{
	const struct vmedia_drv_cmd *c;
	unsigned int n = 0;

	vmedia_list_for_each(c, &d->drv->flight, node)
		n += !c->lazy;
	assert_int_equal(d->drv->urgent, n);
}

static int put(struct vmedia_file *f, uint32_t index, uint32_t flags)
{
	qbuf[index] = (struct vmedia_buffer){ .index = index,
					      .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
					      .memory = MMAP };
	return vmedia_submit(f, VIDIOC_QBUF, &qbuf[index], flags, on_done, NULL);
}

static struct vmedia_file *streaming(struct fake *d, uint32_t num)
{
	struct vmedia_file *f = fake_session(d, num, MMAP);

	assert_non_null(f);
	assert_int_equal(vmedia_file_session_id(f), 1);
	vmedia_set_nonblock(f, false);
	assert_int_equal(fake_stream(f, true), 0);
	return f;
}

/* A stream: one interrupt a frame, and one more only for who is not lazy. */
static void interrupts(struct fake *d, uint32_t flags, unsigned int per_frame)
{
	struct vmedia_file *f = streaming(d, 4);
	unsigned int i, calls, events;
	struct vmedia_buffer b;

	for (i = 0; i < 4; i++)
		assert_int_equal(fake_qbuf(f, i, MMAP, NULL), 0);
	calls = d->calls[0];
	events = d->calls[1];
	for (i = 0; i < 100; i++) {
		play.index = i % 4;
		plan(EVENT, NOTHING, NOTHING);
		assert_int_equal(fake_dq(f, MMAP, &b), 0);
		assert_int_equal(b.index, i % 4);
		assert_int_equal(put(f, b.index, flags), 0);
	}
	assert_int_equal(d->calls[1], events + 100);
	/* the answer to the last one is not asked for */
	assert_int_equal(d->calls[0], calls + per_frame * 99);
	assert_int_equal(done.n, 99);
	assert_int_equal(done.err, 0);
	balanced(d);
	/* a call that waits is woken, whatever was off before, and finds the lazy ones too */
	assert_int_equal(vmedia_ioctl(f, VIDIOC_G_FMT, &(struct vmedia_format){ .type = 1 }), 0);
	assert_int_equal(done.n, 100);
	assert_int_equal(d->drv->urgent, 0);
	assert_int_equal(fake_stats(d).timeouts, 0);
	assert_int_equal(vmedia_close(f), 0);
}

static void one_interrupt_a_frame(void **state)
{
	interrupts(*state, VMEDIA_SUBMIT_LAZY, 0);
}

static void two_without(void **state)
{
	interrupts(*state, 0, 1);
}

/* Held back: one command that is not held takes all along with one kick; so does a close. */
static void held(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = streaming(d, 4);
	uint64_t kicks = fake_stats(d).kicks;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		assert_int_equal(put(f, i, i < 2 ? VMEDIA_SUBMIT_HELD : VMEDIA_SUBMIT_LAZY), 0);
		assert_int_equal(fake_stats(d).kicks, kicks + (i == 2));
	}
	assert_int_equal(put(f, 3, VMEDIA_SUBMIT_HELD), 0);
	assert_int_equal(vmedia_close(f), 0);
	assert_int_equal(done.n, 4);
	assert_int_equal(done.err, 0);
	assert_int_equal(fake_stats(d).timeouts, 0);
}

/* The event comes first: the frame is there when the answer is, which must wake the driver. */
static void event_before_answer(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = streaming(d, 2);
	struct vmedia_buffer b;

	d->hold = true;
	assert_int_equal(put(f, 1, VMEDIA_SUBMIT_LAZY), 0);
	assert_int_equal(d->drv->urgent, 0);
	play.index = 1;
	plan(EVENT, RELEASE, NOTHING);
	assert_int_equal(fake_dq(f, MMAP, &b), 0);
	assert_int_equal(b.index, 1);
	assert_int_equal(done.n, 1);
	assert_int_equal(d->drv->urgent, 0);
	/* only that one: the other's answer is still nobody's business */
	d->hold = true;
	assert_int_equal(put(f, 0, VMEDIA_SUBMIT_LAZY), 0);
	assert_int_equal(put(f, 1, VMEDIA_SUBMIT_LAZY), 0);
	assert_int_equal(vmedia_driver_process(d->drv), 0);
	fake_turn(d);
	plan(EVENT, NOTHING, NOTHING);
	assert_true(scene(d));
	assert_int_equal(vmedia_driver_process(d->drv), 0);
	assert_int_equal(d->drv->urgent, 1);
	balanced(d);
	plan(RELEASE, NOTHING, NOTHING);
	assert_true(scene(d));
	assert_int_equal(fake_dq(f, MMAP, &b), 0);
	assert_int_equal(vmedia_close(f), 0);
	assert_int_equal(done.n, 3);
}

static void release_now(void *opaque, const struct vmedia_trace *t)
{
	struct fake *d = opaque;

	if (!t->event || !d->num_held)
		return;
	d->hold = false;
	fake_release(d);
}

/* The answer comes when the driver has looked for answers but not for events: seen all the same. */
static void answer_between_looks(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = streaming(d, 2);
	struct vmedia_buffer b;

	d->drv->opts.trace = release_now;
	d->drv->opts.trace_opaque = d;
	d->hold = true;
	assert_int_equal(put(f, 0, VMEDIA_SUBMIT_LAZY), 0);
	plan(EVENT, NOTHING, NOTHING);
	assert_int_equal(fake_dq(f, MMAP, &b), 0);
	assert_int_equal(done.n, 1);
	d->drv->opts.trace = NULL;
	assert_int_equal(vmedia_close(f), 0);
}

/* Every QBUF is refused: a wait with an end ends, one without has none to wait for. */
static void all_refused(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = streaming(d, 2);
	struct vmedia_buffer b;
	unsigned int calls;

	d->err = -EINVAL;
	calls = d->calls[0];
	assert_int_equal(put(f, 0, VMEDIA_SUBMIT_LAZY), 0);
	assert_int_equal(fake_dq(f, MMAP, &b), -ETIMEDOUT);
	assert_int_equal(d->calls[0], calls);
	assert_int_equal(vmedia_driver_process(d->drv), 0);
	assert_int_equal(done.n, 1);
	assert_int_equal(done.err, -EINVAL);
	d->drv->opts.wait_ms = -1;
	assert_int_equal(fake_dq(f, MMAP, &b), -EDEADLK);
	assert_int_equal(put(f, 0, VMEDIA_SUBMIT_LAZY), 0);
	assert_int_equal(put(f, 1, VMEDIA_SUBMIT_LAZY), 0);
	assert_int_equal(fake_dq(f, MMAP, &b), -EDEADLK);
	assert_int_equal(done.n, 3);
	/* with a buffer that the device has, its event is enough */
	d->err = 0;
	assert_int_equal(fake_qbuf(f, 1, MMAP, NULL), 0);
	d->err = -EINVAL;
	assert_int_equal(put(f, 0, VMEDIA_SUBMIT_LAZY), 0);
	calls = d->calls[0];
	play.index = 1;
	plan(EVENT, NOTHING, NOTHING);
	assert_int_equal(fake_dq(f, MMAP, &b), 0);
	assert_int_equal(d->calls[0], calls);
	assert_int_equal(d->drv->urgent, 0);
	d->err = 0;
	assert_int_equal(vmedia_close(f), 0);
	assert_int_equal(done.n, 4);
}

static struct vmedia_format formats[64];

static int ask(struct vmedia_file *f, unsigned int i, uint32_t flags)
{
	formats[i].type = 1;
	return vmedia_submit(f, VIDIOC_G_FMT, &formats[i], flags, on_done, NULL);
}

/* Everything is in use by lazy commands: who has to wait for one to end is told of it. */
static void full(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = fake_session(d, 0, 0);
	unsigned int n = 0, calls;
	int err;

	while (!(err = ask(f, n, VMEDIA_SUBMIT_LAZY)))
		assert_true(++n < 64);
	assert_int_equal(err, -EAGAIN);
	/* as a program that polls does */
	assert_int_equal(vmedia_driver_process(d->drv), 0);
	calls = d->calls[0];
	fake_turn(d);
	assert_true(d->calls[0] > calls);
	balanced(d);
	assert_int_equal(vmedia_driver_process(d->drv), 0);
	assert_int_equal(done.n, n);
	assert_int_equal(d->drv->urgent, 0);
	/* and a call that blocks finds room by itself */
	for (n = 0; !ask(f, n, VMEDIA_SUBMIT_LAZY); n++)
		;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_G_FMT, &(struct vmedia_format){ .type = 1 }), 0);
	assert_int_equal(vmedia_close(f), 0);
	assert_int_equal(done.n, 2 * n);
}

static void out_of_turn(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = streaming(d, 2);
	uint32_t type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	unsigned int calls;

	assert_int_equal(put(f, 0, VMEDIA_SUBMIT_LAZY), 0);
	assert_int_equal(vmedia_submit(f, VIDIOC_STREAMOFF, &type, 0, on_done, NULL), -EBUSY);
	assert_int_equal(vmedia_driver_process(d->drv), 0);
	calls = d->calls[0];
	fake_turn(d);
	assert_int_equal(d->calls[0], calls + 1);
	assert_int_equal(vmedia_driver_process(d->drv), 0);
	assert_int_equal(done.n, 1);
	/* a lazy STREAMOFF is waited for by the others */
	assert_int_equal(vmedia_submit(f, VIDIOC_STREAMOFF, &type, VMEDIA_SUBMIT_LAZY, on_done,
				       NULL),
			 0);
	assert_int_equal(put(f, 1, 0), -EBUSY);
	assert_int_equal(fake_stream(f, false), 0);
	assert_int_equal(done.n, 2);
	assert_int_equal(vmedia_close(f), 0);
}

/* From lazy to not and back, by the contract of vmedia_driver_fd(): process, then sleep. */
static void by_polling(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = fake_session(d, 0, 0);
	unsigned int i, calls;

	for (i = 0; i < 40; i++) {
		calls = d->calls[0];
		assert_int_equal(ask(f, 0, VMEDIA_SUBMIT_LAZY), 0);
		if (i & 1)	/* its answer lies in the ring already */
			fake_turn(d);
		assert_int_equal(ask(f, 1, 0), 0);
		assert_int_equal(vmedia_driver_process(d->drv), 0);
		fake_turn(d);
		assert_true(d->calls[0] > calls);
		assert_int_equal(vmedia_driver_process(d->drv), 0);
		assert_int_equal(done.n, 2 * (i + 1));
		/* all quiet: a lazy one stays so */
		calls = d->calls[0];
		assert_int_equal(ask(f, 0, VMEDIA_SUBMIT_LAZY | VMEDIA_SUBMIT_MORE), 0);
		assert_int_equal(vmedia_driver_process(d->drv), 0);
		fake_turn(d);
		assert_int_equal(d->calls[0], calls);
		assert_int_equal(vmedia_driver_process(d->drv), 0);
		assert_int_equal(done.n -= 1, 2 * (i + 1));
		assert_int_equal(d->drv->urgent, 0);
	}
	assert_int_equal(vmedia_close(f), 0);
}

static void no_answer(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = streaming(d, 4), *g = fake_session(d, 0, 0);
	struct vmedia_format fmt = { .type = 1 };

	/* time is up for a call that waits, then for the lazy ones */
	d->hold = true;
	assert_int_equal(put(f, 0, VMEDIA_SUBMIT_LAZY), 0);
	assert_int_equal(put(f, 1, VMEDIA_SUBMIT_LAZY), 0);
	assert_int_equal(put(f, 2, 0), 0);
	assert_int_equal(d->drv->urgent, 1);
	assert_int_equal(vmedia_ioctl(g, VIDIOC_G_FMT, &fmt), -ETIMEDOUT);
	assert_int_equal(d->drv->urgent, 1);
	d->drv->opts.timeout_ms = 0;
	vmedia_drv_cmd_expire(d->drv);
	d->drv->opts.timeout_ms = 5000;
	vmedia_drv_complete(d->drv);
	assert_int_equal(done.n, 3);
	assert_int_equal(done.err, -ETIMEDOUT);
	assert_int_equal(d->drv->urgent, 0);
	assert_int_equal(fake_stats(d).quarantined, 4);
	/* the answers come after all */
	plan(RELEASE, NOTHING, NOTHING);
	assert_true(scene(d));
	assert_int_equal(vmedia_driver_process(d->drv), 0);
	assert_int_equal(fake_stats(d).quarantined, 0);
	assert_int_equal(d->drv->urgent, 0);
	assert_int_equal(done.n, 3);
	assert_int_equal(vmedia_close(f), 0);
	assert_int_equal(vmedia_close(g), 0);
	assert_int_equal(d->drv->urgent, 0);
}

static void close_with_lazy(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = streaming(d, 4);

	/* answered meanwhile */
	d->hold = true;
	assert_int_equal(put(f, 0, VMEDIA_SUBMIT_LAZY), 0);
	assert_int_equal(put(f, 1, VMEDIA_SUBMIT_LAZY), 0);
	plan(RELEASE, NOTHING, NOTHING);
	assert_int_equal(vmedia_close(f), 0);
	assert_int_equal(done.n, 2);
	assert_int_equal(done.err, 0);
	assert_int_equal(d->drv->urgent, 0);
	/* never answered, nor is the CLOSE */
	f = fake_session(d, 0, 0);
	d->hold = true;
	assert_int_equal(ask(f, 0, VMEDIA_SUBMIT_LAZY), 0);
	assert_int_equal(ask(f, 1, 0), 0);
	plan(NOTHING, NOTHING, NOTHING);
	assert_int_equal(vmedia_close(f), -ETIMEDOUT);
	assert_int_equal(done.n, 4);
	assert_int_equal(done.err, -ETIMEDOUT);
	assert_int_equal(d->drv->urgent, 0);
	plan(RELEASE, NOTHING, NOTHING);
	assert_true(scene(d));
	assert_int_equal(vmedia_driver_process(d->drv), 0);
	assert_int_equal(fake_stats(d).quarantined, 0);
	assert_int_equal(d->drv->num_files, 0);
	assert_int_equal(d->drv->urgent, 0);
}

static void device_dies(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = fake_session(d, 0, 0);
	unsigned int i;

	d->hold = true;
	for (i = 0; i < 6; i++)
		assert_int_equal(ask(f, i, i & 1 ? VMEDIA_SUBMIT_LAZY : 0), 0);
	balanced(d);
	vmedia_drv_die(d->drv, -ENODEV);
	vmedia_drv_complete(d->drv);
	assert_int_equal(done.n, 6);
	assert_int_equal(done.err, -ENODEV);
	assert_int_equal(d->drv->urgent, 0);
	assert_int_equal(ask(f, 0, VMEDIA_SUBMIT_LAZY), -ENODEV);
	assert_int_equal(vmedia_close(f), -ENODEV);
}

/* Sessions that are open at disconnect, with lazy commands under way: each is told. */
static void disconnect(void **state)
{
	struct fake *d = fake_create(fake_rings[ring].features, 0, 0);
	struct vmedia_file *f = fake_session(d, 4, MMAP), *g = fake_session(d, 0, 0);

	assert_int_equal(put(f, 0, VMEDIA_SUBMIT_LAZY), 0);
	assert_int_equal(put(f, 1, VMEDIA_SUBMIT_LAZY | VMEDIA_SUBMIT_MORE), 0);
	assert_int_equal(ask(g, 0, VMEDIA_SUBMIT_LAZY), 0);
	fake_destroy(d);
	assert_int_equal(done.n, 3);
	assert_int_equal(done.err, 0);
	/* also where the device says nothing, and one session more than it is asked about */
	d = fake_create(fake_rings[ring].features, 0, 0);
	f = fake_session(d, 0, 0);
	g = fake_session(d, 0, 0);
	d->deaf = true;
	assert_int_equal(ask(f, 0, VMEDIA_SUBMIT_LAZY), 0);
	assert_int_equal(ask(g, 1, VMEDIA_SUBMIT_LAZY), 0);
	fake_destroy(d);
	assert_int_equal(done.n, 5);
	assert_true(done.err < 0);
}

/* Answers that lie in the ring when the timer comes are answers. */
static void timer(void **state)
{
	struct fake *d = fake_create_polled(fake_rings[ring].features, 0);
	struct vmedia_file *f = fake_session(d, 0, 0);
	struct pollfd p = { .fd = vmedia_driver_fd(d->drv), .events = POLLIN };
	int (*pump)(void *opaque) = d->drv->hooks.pump;

	assert_int_equal(vmedia_driver_process(d->drv), 0);
	d->drv->hooks.pump = NULL;
	d->drv->opts.timeout_ms = 1;
	assert_int_equal(ask(f, 0, VMEDIA_SUBMIT_LAZY), 0);
	fake_turn(d);
	assert_int_equal(poll(&p, 1, -1), 1);	/* nothing but the timer wakes us */
	assert_int_equal(vmedia_driver_process(d->drv), 0);
	assert_int_equal(done.n, 1);
	assert_int_equal(done.err, 0);
	/* and one that has none is given up */
	d->hold = true;
	assert_int_equal(ask(f, 1, VMEDIA_SUBMIT_LAZY), 0);
	while (done.n < 2) {
		assert_int_equal(poll(&p, 1, -1), 1);
		assert_int_equal(vmedia_driver_process(d->drv), 0);
		fake_turn(d);
	}
	assert_int_equal(done.err, -ETIMEDOUT);
	assert_int_equal(d->drv->urgent, 0);
	d->drv->opts.timeout_ms = 5000;
	d->drv->hooks.pump = pump;
	fake_destroy(d);
}

static void random_order(void **state)
{
	const char *text = getenv("VMEDIA_TEST_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 0) : 20261121, x = seed + ring;
	struct fake *d = *state;
	struct vmedia_file *f = streaming(d, NUM);
	unsigned int i, asked = 0;
	struct vmedia_buffer b;

	print_message("seed %llu\n", (unsigned long long)seed);
	for (i = 0; i < 3000; i++) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		play.index = (x >> 40) % NUM;
		switch ((x >> 33) % 8) {
		case 0:
		case 1:
			asked += !put(f, play.index, VMEDIA_SUBMIT_LAZY);
			break;
		case 2:
			asked += !put(f, play.index, (x >> 50) & VMEDIA_SUBMIT_MORE);
			break;
		case 3:
			d->hold = d->num_held < 8;
			fake_turn(d);
			break;
		case 4:
			plan(EVENT, NOTHING, NOTHING);
			assert_true(scene(d));
			break;
		case 5:
			assert_int_equal(vmedia_driver_process(d->drv), 0);
			break;
		case 6:
			vmedia_set_nonblock(f, true);
			fake_dq(f, MMAP, &b);
			break;
		default:
			plan(RELEASE, NOTHING, NOTHING);
			assert_int_equal(vmedia_ioctl(f, VIDIOC_G_FMT,
						      &(struct vmedia_format){ .type = 1 }),
					 0);
			break;
		}
		balanced(d);
	}
	plan(RELEASE, NOTHING, NOTHING);
	assert_int_equal(vmedia_close(f), 0);
	assert_int_equal(done.n, asked);
	assert_int_equal(d->drv->urgent, 0);
	assert_int_equal(fake_stats(d).timeouts, 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(one_interrupt_a_frame), T(two_without),     T(event_before_answer),
		T(answer_between_looks),  T(all_refused),     T(full),
		T(out_of_turn),           T(by_polling),      T(no_answer),
		T(close_with_lazy),       T(device_dies),     T(disconnect),
		T(timer),                 T(random_order),    T(held),
	};
	int failed = 0;

	for (ring = 0; ring < FAKE_RINGS; ring++) {
		print_message("%s\n", fake_rings[ring].name);
		failed += cmocka_run_group_tests(tests, NULL, NULL);
	}
	return failed;
}
