// SPDX-License-Identifier: BSD-3-Clause
/*
 * done() of vmedia_submit() submits again while a call waits: for a slot, for room in the ring, for
 * its answer, for a frame. No done() may run while the waiting call holds what a command could
 * change or free.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "fake.h"

#define CAPTURE	V4L2_BUF_TYPE_VIDEO_CAPTURE
#define MMAP	V4L2_MEMORY_MMAP
#define NR_REMOVE_BUFS 104

union args {
	struct vmedia_requestbuffers rb;
	struct vmedia_create_buffers cb;
	struct vmedia_remove_buffers remove;
	struct vmedia_buffer b;
	struct vmedia_format fmt;
	uint32_t type;
};

struct scene {
	struct fake *d;
	struct vmedia_file *f, *g;	/* of the call; of the commands that fill everything */
	unsigned int nr;		/* the call */
	bool answered;			/* by the device */
	unsigned int early;		/* done() that ran before that */
	unsigned int filled, ended;
	/* what the first done() submits to f, with which result */
	unsigned long request;
	union args arg;
	bool submitted;
	int err;
	unsigned int done;
	int done_err;
};

static struct vmedia_format formats[64];
static bool indirect;		/* a command is one entry of the ring: slots end before room does */

static void on_submitted(void *opaque, int err)
{
	struct scene *s = opaque;

	s->done++;
	s->done_err = err;
}

static void on_filler(void *opaque, int err)
{
	struct scene *s = opaque;

	s->ended++;
	s->early += !s->answered;
	if (s->submitted)
		return;
	s->submitted = true;
	s->err = vmedia_submit(s->f, s->request, &s->arg, 0, on_submitted, s);
}

static void after(struct fake *d)
{
	struct scene *s = d->test;

	if (s->nr ? d->cmd.type == VMEDIA_CMD_IOCTL && d->cmd.code == s->nr
		  : d->cmd.type == VMEDIA_CMD_CLOSE)
		s->answered = true;
}

/*
 * One answer a turn: the oldest of the two that make room, then always the newest, so that the call
 * is answered before what was submitted meanwhile.
 */
static int pump(void *opaque)
{
	struct fake *d = opaque;
	struct scene *s = d->test;
	struct vmedia_chain *last;

	fake_turn(d);
	if (!d->num_held)
		return 0;
	if (d->num_held + 2 > s->filled)
		goto release;
	last = d->held[d->num_held - 1];
	memmove(d->held + 1, d->held, (d->num_held - 1) * sizeof(last));
	d->held[0] = last;
release:
	fake_release(d);
	return 0;
}

static void begin(struct scene *s, uint32_t buffers)
{
	struct vmedia_format *fmt = formats;

	vmedia_log_set_level(VMEDIA_LOG_ERR);
	s->d = fake_create(indirect ? 1ull << VMEDIA_VIRTIO_F_INDIRECT_DESC : 0, 0, 0);
	s->g = fake_session(s->d, 0, 0);
	s->f = fake_session(s->d, buffers, MMAP);
	assert_non_null(s->g);
	assert_non_null(s->f);
	s->d->test = s;
	s->d->after = after;
	s->d->hold = true;
	for (; fmt < formats + VMEDIA_ARRAY_SIZE(formats); fmt++) {
		*fmt = (struct vmedia_format){ .type = CAPTURE };
		if (vmedia_submit(s->g, VIDIOC_G_FMT, fmt, 0, on_filler, s))
			break;
		s->filled++;
	}
	assert_true(s->filled >= 8 && s->filled < VMEDIA_ARRAY_SIZE(formats));
	s->d->drv->hooks.pump = pump;
}

/* All answers come, each done() has run once. */
static void finish(struct scene *s)
{
	s->d->hold = false;
	while (s->d->num_held)
		fake_release(s->d);
	fake_turn(s->d);
	assert_int_equal(vmedia_driver_process(s->d->drv), 0);
	fake_turn(s->d);
	assert_int_equal(vmedia_driver_process(s->d->drv), 0);
	assert_int_equal(s->ended, s->filled);
	assert_true(s->submitted);
	assert_int_equal(s->done, s->err ? 0 : 1);
	assert_int_equal(fake_stats(s->d).refused_answers, 0);
}

/* What changes buffers waits, and done() queues one of them. */
static void restructuring(void **state)
{
	static const struct {
		unsigned long request;
		union args arg;
	} calls[] = {
		{ VIDIOC_REQBUFS, { .rb = { .count = 1, .type = CAPTURE, .memory = MMAP } } },
		{ VIDIOC_REQBUFS, { .rb = { .count = 0, .type = CAPTURE, .memory = MMAP } } },
		{ NR_REMOVE_BUFS, { .remove = { .index = 0, .count = 2, .type = CAPTURE } } },
		{ VIDIOC_CREATE_BUFS, { .cb = { .index = 2, .count = 2, .memory = MMAP,
						.format = { .type = CAPTURE } } } },
		{ VIDIOC_STREAMOFF, { .type = CAPTURE } },
	};
	unsigned int i;

	for (i = 0; i < VMEDIA_ARRAY_SIZE(calls); i++) {
		struct scene s = { .nr = _IOC_NR(calls[i].request), .request = VIDIOC_QBUF };
		union args arg = calls[i].arg;

		s.arg.b = (struct vmedia_buffer){ .type = CAPTURE, .memory = MMAP };
		begin(&s, 2);
		assert_int_equal(vmedia_ioctl(s.f, calls[i].request, &arg), 0);
		assert_int_equal(s.early, 0);
		if (i == 1 || i == 2)	/* there is no such buffer: the device would say so */
			s.d->err = -EINVAL;
		finish(&s);
		assert_int_equal(s.err, 0);
		assert_int_equal(s.done_err, s.d->err);
		fake_destroy(s.d);
	}
}

/* QBUF, PREPARE_BUF and QUERYBUF wait, and done() takes the buffers away. */
static void about_a_buffer(void **state)
{
	static const unsigned long calls[] = { VIDIOC_QBUF, VIDIOC_PREPARE_BUF, VIDIOC_QUERYBUF };
	unsigned int i;

	for (i = 0; i < VMEDIA_ARRAY_SIZE(calls); i++) {
		struct scene s = { .nr = _IOC_NR(calls[i]), .request = VIDIOC_REQBUFS };
		struct vmedia_buffer b = { .type = CAPTURE, .memory = MMAP };

		s.arg.rb = (struct vmedia_requestbuffers){ .type = CAPTURE, .memory = MMAP };
		begin(&s, 2);
		assert_int_equal(vmedia_ioctl(s.f, calls[i], &b), 0);
		assert_int_equal(s.early, 0);
		finish(&s);
		assert_int_equal(s.err, 0);
		fake_destroy(s.d);
	}
}

/* A session that is being closed takes no more commands, and is there until done() has run. */
static void closing(void **state)
{
	struct scene s = { .request = VIDIOC_QBUF };

	s.arg.b = (struct vmedia_buffer){ .type = CAPTURE, .memory = MMAP };
	begin(&s, 1);
	assert_int_equal(vmedia_close(s.f), 0);
	assert_int_equal(s.early, 0);
	assert_int_equal(s.err, -EBADF);
	finish(&s);
	fake_destroy(s.d);
}

/* The same when the commands under way are its own. */
static void closing_itself(void **state)
{
	struct scene s = { .request = VIDIOC_G_FMT };

	s.arg.fmt.type = CAPTURE;
	begin(&s, 1);
	vmedia_close(s.f);
	s.f = s.g;
	s.submitted = false;
	assert_int_equal(vmedia_close(s.g), 0);
	assert_int_equal(s.ended, s.filled);
	assert_int_equal(s.err, -EBADF);
	fake_destroy(s.d);
}

static int pump_nothing(void *opaque)
{
	return 0;
}

/* A session whose CLOSE gets no slot in time is nobody's any more, and done() runs all the same. */
static void closing_without_answer(void **state)
{
	struct scene s = { .request = VIDIOC_QBUF };

	s.arg.b = (struct vmedia_buffer){ .type = CAPTURE, .memory = MMAP };
	begin(&s, 1);
	s.d->drv->hooks.pump = pump_nothing;
	assert_int_equal(vmedia_close(s.f), -ETIMEDOUT);
	assert_true(vmedia_close(s.g) < 0);
	assert_int_equal(s.ended, s.filled);
	assert_true(s.err < 0);
	fake_turn(s.d);
	fake_destroy(s.d);
}

/* Disconnect ends all sessions: done() of one finds the others closing, not freed. */
static void disconnecting(void **state)
{
	struct scene s = { .request = VIDIOC_QBUF };
	unsigned int i;

	s.arg.b = (struct vmedia_buffer){ .type = CAPTURE, .memory = MMAP };
	begin(&s, 1);
	vmedia_driver_disconnect(s.d->drv);
	s.d->drv = NULL;
	assert_int_equal(s.ended, s.filled);
	assert_int_equal(s.err, -ENODEV);
	for (i = 0; i < 2; i++)
		vmedia_vqd_destroy(s.d->vq[i]);
	vmedia_mem_put(s.d->mem);
	free(s.d);
}

/* ---- One command's end, and another's ---- */

struct chain {
	struct fake *d;
	struct vmedia_file *f;
	struct vmedia_buffer b;
	unsigned int ended;
};

static void processes(void *opaque, int err)
{
	struct chain *c = opaque;

	c->ended++;
	vmedia_driver_process(c->d->drv);
}

/* Time is up for two commands, one of which has its answer: done() of the other takes it. */
static void expiry(void **state)
{
	struct fake *d = fake_create(0, 0, 0);
	struct vmedia_file *f = fake_session(d, 0, 0);
	struct chain c = { .d = d };
	struct vmedia_format fmt[3] = { { .type = CAPTURE }, { .type = CAPTURE },
					{ .type = CAPTURE } };
	unsigned int i;

	d->hold = true;
	for (i = 0; i < 3; i++)
		assert_int_equal(vmedia_submit(f, VIDIOC_G_FMT, &fmt[i], 0, processes, &c), 0);
	fake_turn(d);
	d->held[0] = d->held[1];	/* the second one is answered */
	d->held[1] = d->held[2];
	d->num_held = 2;
	fake_release(d);
	d->drv->opts.timeout_ms = 0;
	vmedia_drv_cmd_expire(d->drv);
	d->drv->opts.timeout_ms = 5000;
	assert_int_equal(vmedia_driver_process(d->drv), 0);
	assert_int_equal(c.ended, 3);
	fake_destroy(d);
}

/* Both answers in one look, the newer one first. */
static int pump_both(void *opaque)
{
	struct fake *d = opaque;
	struct vmedia_chain *first = d->held[0];

	fake_turn(d);
	if (d->num_held < 2)
		return 0;
	d->held[0] = d->held[1];
	d->held[1] = first;
	fake_release(d);
	fake_release(d);
	return 0;
}

/* The answer to a raw command is its caller's before another one is taken. */
static void raw_answer(void **state)
{
	struct fake *d = fake_create(0, 0, 0);
	struct vmedia_file *f = fake_session(d, 0, 0);
	struct vmedia_format fmt = { .type = CAPTURE };
	uint8_t req[8] = { VMEDIA_CMD_OPEN }, resp[16] = { 0 };
	struct chain c = { .d = d };
	size_t used = 0;

	d->hold = true;
	d->next_id = 77;
	assert_int_equal(vmedia_submit(f, VIDIOC_G_FMT, &fmt, 0, processes, &c), 0);
	fake_turn(d);
	d->drv->hooks.pump = pump_both;
	assert_int_equal(vmedia_raw_command(d->drv, req, sizeof(req), resp, sizeof(resp), &used),
			 0);
	assert_int_equal(c.ended, 1);
	assert_int_equal(used, 16);
	assert_int_equal(resp[8], 77);
	fake_destroy(d);
}

/* ---- Waits for a frame ---- */

static void ends_nothing(void *opaque, int err)
{
	struct chain *c = opaque;

	assert_int_equal(err, 0);
	c->ended++;
}

static void queues_next(void *opaque, int err)
{
	struct chain *c = opaque;

	c->ended++;
	c->b = (struct vmedia_buffer){ .index = 1, .type = CAPTURE, .memory = MMAP };
	assert_int_equal(vmedia_submit(c->f, VIDIOC_QBUF, &c->b, 0, ends_nothing, c), 0);
}

static void frame_of_second(struct fake *d)
{
	struct vmedia_evt evt = fake_dqbuf(1, 1, MMAP);

	if (d->cmd.code == _IOC_NR(VIDIOC_QBUF) && d->cmd.io.arg.buffer.index == 1)
		assert_true(fake_event(d, &evt));
}

/* done() queues the only buffer whose frame comes: the wait for it goes on to call done(). */
static void waiting_for_a_frame(void **state)
{
	struct fake *d = fake_create(0, 0, 0);
	struct chain c = { .d = d, .f = fake_session(d, 2, MMAP) };
	struct vmedia_buffer first = { .type = CAPTURE, .memory = MMAP }, b;
	unsigned int round;

	d->after = frame_of_second;
	vmedia_set_nonblock(c.f, false);
	for (round = 0; round < 2; round++) {
		assert_int_equal(fake_stream(c.f, true), 0);
		c.ended = 0;
		assert_int_equal(vmedia_submit(c.f, VIDIOC_QBUF, &first, 0, queues_next, &c), 0);
		if (round)
			assert_int_equal(vmedia_wait(c.f, POLLIN, -1), POLLIN);
		assert_int_equal(fake_dq(c.f, MMAP, &b), 0);
		assert_int_equal(b.index, 1);
		assert_int_equal(c.ended, 2);
		assert_int_equal(fake_stream(c.f, false), 0);
	}
	fake_destroy(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(restructuring),
		cmocka_unit_test(about_a_buffer),
		cmocka_unit_test(closing),
		cmocka_unit_test(closing_itself),
		cmocka_unit_test(closing_without_answer),
		cmocka_unit_test(disconnecting),
		cmocka_unit_test(expiry),
		cmocka_unit_test(raw_answer),
		cmocka_unit_test(waiting_for_a_frame),
	};
	int failed = 0, i;

	for (i = 0; i < 2; i++) {
		indirect = i;
		failed += cmocka_run_group_tests(tests, NULL, NULL);
	}
	return failed;
}
