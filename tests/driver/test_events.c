// SPDX-License-Identifier: BSD-3-Clause
/*
 * Events that do not fit the state of a buffer, a queue or a session: each is ignored, counted, and
 * changes nothing. (The reference driver's defects: duplicate, unsolicited and late DQBUF, waiters
 * that nothing wakes, poll of decoders.)
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
#include <string.h>

#include "fake.h"

#define MMAP V4L2_MEMORY_MMAP

static int setup(void **state)
{
	vmedia_log_set_level(VMEDIA_LOG_ERR);
	*state = fake_create(1ull << VMEDIA_VIRTIO_F_EVENT_IDX, 0, 0);
	return 0;
}

static int teardown(void **state)
{
	fake_destroy(*state);
	return 0;
}

static void send(struct fake *d, const struct vmedia_evt *evt)
{
	assert_true(fake_event(d, evt));
	assert_int_equal(vmedia_driver_process(d->drv), 0);
}

/* @evt must be ignored. */
static void refused(struct fake *d, const struct vmedia_evt *evt)
{
	uint64_t before = fake_stats(d).refused_events;

	send(d, evt);
	assert_int_equal(fake_stats(d).refused_events, before + 1);
}

static struct vmedia_file *streaming(struct fake *d, uint32_t num)
{
	struct vmedia_file *f = fake_session(d, num, MMAP);
	uint32_t i;

	assert_non_null(f);
	for (i = 0; i < num; i++)
		assert_int_equal(fake_qbuf(f, i, MMAP, NULL), 0);
	assert_int_equal(fake_stream(f, true), 0);
	return f;
}

static void in_order(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = streaming(d, 3);
	struct vmedia_evt evt;
	struct vmedia_buffer b;
	uint32_t round, i;

	assert_int_equal(fake_dq(f, MMAP, &b), -EAGAIN);
	assert_int_equal(vmedia_poll_mask(f), 0);
	for (round = 0; round < 100; round++) {
		for (i = 0; i < 3; i++) {
			evt = fake_dqbuf(1, (i + round) % 3, MMAP);
			evt.buffer.m.userptr = 0xdeadbeef;	/* means nothing */
			evt.buffer.flags = V4L2_BUF_FLAG_DONE | V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
			send(d, &evt);
		}
		assert_int_equal(vmedia_poll_mask(f), POLLIN);
		for (i = 0; i < 3; i++) {
			assert_int_equal(fake_dq(f, MMAP, &b), 0);
			assert_int_equal(b.index, (i + round) % 3);
			assert_int_equal(b.bytesused, 1000 + b.index);
			assert_int_equal(b.length, FAKE_BUF_LEN);
			assert_int_equal(b.m.offset, b.index * 0x10000);
			assert_int_equal(b.flags, V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC);
			assert_int_equal(fake_qbuf(f, b.index, MMAP, NULL), 0);
		}
	}
	assert_int_equal(fake_stats(d).refused_events, 0);
	assert_int_equal(fake_stats(d).events, 300);
	assert_int_equal(vmedia_close(f), 0);
}

static void not_queued(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = fake_session(d, 3, MMAP);
	struct vmedia_evt evt = fake_dqbuf(1, 0, MMAP);
	struct vmedia_buffer b;

	refused(d, &evt);	/* unsolicited */
	assert_int_equal(fake_qbuf(f, 0, MMAP, NULL), 0);
	assert_int_equal(fake_stream(f, true), 0);
	send(d, &evt);
	refused(d, &evt);	/* twice, while it waits for the program */
	assert_int_equal(fake_dq(f, MMAP, &b), 0);
	refused(d, &evt);	/* and after */
	assert_int_equal(fake_dq(f, MMAP, &b), -EAGAIN);
	evt.buffer.index = 1;
	refused(d, &evt);
	evt.buffer.index = 3;
	refused(d, &evt);
	evt.buffer.index = 1023;
	refused(d, &evt);
	evt.buffer.index = 0;
	evt.buffer.type = V4L2_BUF_TYPE_VIDEO_OUTPUT;
	refused(d, &evt);
	evt = fake_dqbuf(99, 0, MMAP);
	refused(d, &evt);	/* no such session */
	vmedia_close(f);
	evt = fake_dqbuf(1, 0, MMAP);
	refused(d, &evt);	/* no longer */
}

static void out_of_bounds(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = streaming(d, 2);
	struct vmedia_evt evt = fake_dqbuf(1, 0, MMAP);
	struct vmedia_buffer b;

	evt.buffer.bytesused = FAKE_BUF_LEN + 1;
	evt.buffer.length = FAKE_BUF_LEN + 1;	/* consistent in itself */
	refused(d, &evt);
	evt.buffer.bytesused = FAKE_BUF_LEN + 1;
	evt.buffer.length = FAKE_BUF_LEN;
	refused(d, &evt);
	evt = fake_dqbuf(1, 0, V4L2_MEMORY_USERPTR);
	refused(d, &evt);
	evt = fake_dqbuf(1, 0, MMAP);
	evt.buffer.bytesused = FAKE_BUF_LEN;
	send(d, &evt);		/* the honest one still counts */
	assert_int_equal(fake_dq(f, MMAP, &b), 0);
	vmedia_close(f);
}

static void malformed(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = streaming(d, 2);
	struct vmedia_evt evt = fake_dqbuf(1, 0, MMAP);
	uint8_t raw[VMEDIA_EVT_MAX_SIZE] = { 0 };
	uint64_t before = fake_stats(d).refused_events;
	unsigned int n = 0;
	uint32_t len;

	vmedia_evt_encode(&evt, raw, sizeof(raw));
	for (len = 0; len < 96; len += 5, n++) {
		assert_true(fake_event_raw(d, raw, len));
		assert_int_equal(vmedia_driver_process(d->drv), 0);
	}
	raw[0] = 77;
	assert_true(fake_event_raw(d, raw, sizeof(raw)));
	assert_int_equal(vmedia_driver_process(d->drv), 0);
	assert_int_equal(fake_stats(d).refused_events, before + n + 1);
	vmedia_close(f);
}

/* The event of the buffer goes out before the answer to its QBUF. */
static void event_first(struct fake *d)
{
	struct vmedia_evt evt = fake_dqbuf(1, 0, MMAP);

	if (d->cmd.code != 15)
		return;
	assert_true(fake_event(d, &evt));
	assert_true(fake_event(d, &evt));	/* and once more: that is one too many */
	vmedia_drv_events(d->drv);
}

static void event_before_answer(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = fake_session(d, 2, MMAP);
	struct vmedia_buffer b;

	assert_int_equal(fake_stream(f, true), 0);
	d->seen = event_first;
	assert_int_equal(fake_qbuf(f, 0, MMAP, NULL), 0);
	d->seen = NULL;
	assert_int_equal(fake_stats(d).refused_events, 1);
	assert_int_equal(fake_dq(f, MMAP, &b), 0);
	/* A QBUF that the device then refuses: nothing came back. */
	d->seen = event_first;
	d->err = -EINVAL;
	assert_int_equal(fake_qbuf(f, 0, MMAP, NULL), -EINVAL);
	d->seen = NULL;
	d->err = 0;
	assert_int_equal(fake_dq(f, MMAP, &b), -EAGAIN);
	assert_int_equal(fake_qbuf(f, 0, MMAP, NULL), 0);
	vmedia_close(f);
}

static void event_at_streamoff(struct fake *d)
{
	struct vmedia_evt evt = fake_dqbuf(1, 0, MMAP);

	if (d->cmd.code == 19)
		assert_true(fake_event(d, &evt));
}

static void late_after_streamoff(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = streaming(d, 2);
	struct vmedia_evt evt = fake_dqbuf(1, 1, MMAP);
	struct vmedia_buffer b;

	/*
	 * One that was on its way when STREAMOFF was answered must not be taken for the next
	 * round's.
	 */
	d->seen = event_at_streamoff;
	assert_int_equal(fake_stream(f, false), 0);
	d->seen = NULL;
	assert_int_equal(fake_qbuf(f, 0, MMAP, NULL), 0);
	assert_int_equal(fake_stream(f, true), 0);
	assert_int_equal(fake_dq(f, MMAP, &b), -EAGAIN);
	refused(d, &evt);	/* buffer 1 is not queued any more */
	assert_int_equal(fake_stream(f, false), 0);
	assert_int_equal(fake_dq(f, MMAP, &b), -EINVAL);
	vmedia_close(f);
}

static void last_buffer(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = streaming(d, 2);
	struct vmedia_evt evt = fake_dqbuf(1, 0, MMAP);
	struct vmedia_decoder_cmd start = { .cmd = V4L2_DEC_CMD_START };
	struct vmedia_buffer b;

	evt.buffer.flags = V4L2_BUF_FLAG_LAST;
	evt.buffer.bytesused = 0;
	send(d, &evt);
	assert_int_equal(fake_dq(f, MMAP, &b), 0);
	assert_true(b.flags & V4L2_BUF_FLAG_LAST);
	vmedia_set_nonblock(f, false);
	assert_int_equal(fake_dq(f, MMAP, &b), -EPIPE);
	assert_int_equal(vmedia_poll_mask(f), POLLIN);
	vmedia_set_nonblock(f, true);
	assert_int_equal(vmedia_ioctl(f, VIDIOC_DECODER_CMD, &start), 0);
	assert_int_equal(fake_dq(f, MMAP, &b), -EAGAIN);
	vmedia_close(f);
}

static void session_error(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = streaming(d, 2), *g = fake_session(d, 0, 0);
	struct vmedia_evt evt = { .type = VMEDIA_EVT_ERROR, .session_id = 1, .err = ENODEV };
	struct vmedia_format fmt = { .type = 1 };
	struct vmedia_buffer b;
	unsigned int n;

	send(d, &evt);
	send(d, &evt);
	assert_int_equal(vmedia_poll_mask(f), POLLERR);
	n = d->commands;
	assert_int_equal(fake_dq(f, MMAP, &b), -EIO);
	assert_int_equal(vmedia_ioctl(f, VIDIOC_G_FMT, &fmt), -EIO);
	assert_int_equal(d->commands, n);
	assert_int_equal(vmedia_ioctl(g, VIDIOC_G_FMT, &fmt), 0);
	assert_int_equal(vmedia_close(f), 0);	/* the driver must close it */
	assert_int_equal(d->last_close, 1);
	vmedia_close(g);
}

static void v4l2_events(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = fake_session(d, 0, 0);
	struct vmedia_evt evt = { .type = VMEDIA_EVT_EVENT, .session_id = 1 };
	struct vmedia_event_subscription sub = { .type = V4L2_EVENT_CTRL, .id = 7 };
	struct vmedia_event ev;
	uint32_t i;

	evt.event.type = V4L2_EVENT_CTRL;
	evt.event.id = 7;
	refused(d, &evt);
	assert_int_equal(vmedia_ioctl(f, VIDIOC_SUBSCRIBE_EVENT, &sub), 0);
	evt.event.id = 8;
	refused(d, &evt);
	evt.event.id = 7;
	for (i = 0; i < VMEDIA_DRV_MAX_EVENTS + 10; i++) {
		evt.event.sequence = i;
		send(d, &evt);
	}
	assert_int_equal(fake_stats(d).dropped_events, 10);
	assert_int_equal(vmedia_poll_mask(f) & POLLPRI, POLLPRI);
	assert_int_equal(vmedia_wait(f, POLLPRI, 0), POLLPRI);
	for (i = 0; i < VMEDIA_DRV_MAX_EVENTS; i++) {
		assert_int_equal(vmedia_ioctl(f, VIDIOC_DQEVENT, &ev), 0);
		assert_int_equal(ev.sequence, i + 10);
		assert_int_equal(ev.pending, VMEDIA_DRV_MAX_EVENTS - 1 - i);
	}
	assert_int_equal(vmedia_ioctl(f, VIDIOC_DQEVENT, &ev), -EAGAIN);
	send(d, &evt);
	/* To subscribe to all is refused, and takes no subscription and no event back. */
	sub.type = 0;	/* V4L2_EVENT_ALL */
	d->err = -EINVAL;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_SUBSCRIBE_EVENT, &sub), -EINVAL);
	d->err = 0;
	send(d, &evt);
	assert_int_equal(vmedia_ioctl(f, VIDIOC_DQEVENT, &ev), 0);
	assert_int_equal(ev.pending, 1);
	assert_int_equal(vmedia_ioctl(f, VIDIOC_UNSUBSCRIBE_EVENT, &sub), 0);
	assert_int_equal(vmedia_ioctl(f, VIDIOC_DQEVENT, &ev), -EAGAIN);
	refused(d, &evt);
	d->err = -EINVAL;
	sub.type = V4L2_EVENT_CTRL;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_SUBSCRIBE_EVENT, &sub), -EINVAL);
	refused(d, &evt);
	d->err = 0;
	vmedia_close(f);
}

static void initial_event(struct fake *d)
{
	struct vmedia_evt evt = { .type = VMEDIA_EVT_EVENT, .session_id = 1 };

	evt.event.type = V4L2_EVENT_CTRL;
	evt.event.id = 7;
	if (d->cmd.code == 90)
		assert_true(fake_event(d, &evt));
}

/* "The initial event is on the eventq before the response." */
static void initial_before_answer(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = fake_session(d, 0, 0);
	struct vmedia_event_subscription sub = { .type = V4L2_EVENT_CTRL,
						 .id = 7,
						 .flags = V4L2_EVENT_SUB_FL_SEND_INITIAL };
	struct vmedia_event ev;

	d->seen = initial_event;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_SUBSCRIBE_EVENT, &sub), 0);
	assert_int_equal(vmedia_ioctl(f, VIDIOC_DQEVENT, &ev), 0);
	assert_int_equal(ev.id, 7);
	vmedia_close(f);
}

static void after_send(struct fake *d)
{
	struct vmedia_evt evt = fake_dqbuf(1, 1, MMAP);

	if (d->cmd.type == VMEDIA_CMD_IOCTL && d->cmd.code == 4)
		assert_true(fake_event(d, &evt));
}

static int late_event_turns;

static int pump_then_event(void *opaque)
{
	struct fake *d = opaque;
	struct vmedia_evt evt = fake_dqbuf(1, 0, MMAP);

	fake_turn(d);
	if (++late_event_turns == 50)
		fake_event(d, &evt);
	return 0;
}

static void blocking(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = streaming(d, 2);
	struct vmedia_format fmt = { .type = 1 };
	struct vmedia_buffer b;

	vmedia_set_nonblock(f, false);
	late_event_turns = 0;
	d->drv->hooks.pump = pump_then_event;
	assert_int_equal(fake_dq(f, MMAP, &b), 0);
	assert_int_equal(b.index, 0);
	/* Nothing comes: patience has an end. */
	assert_int_equal(fake_dq(f, MMAP, &b), -ETIMEDOUT);
	assert_int_equal(vmedia_wait(f, POLLIN, 10), 0);
	/* Nothing is queued and patience has none: that would be for ever. */
	d->after = after_send;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_G_FMT, &fmt), 0);
	assert_int_equal(fake_dq(f, MMAP, &b), 0);
	assert_int_equal(vmedia_ioctl(f, VIDIOC_DQEVENT, &(struct vmedia_event){ 0 }), -ETIMEDOUT);
	d->drv->opts.wait_ms = -1;
	assert_int_equal(fake_dq(f, MMAP, &b), -EDEADLK);
	d->drv->opts.wait_ms = 1000;
	vmedia_close(f);
}

static void poll_of_decoders(void **state)
{
	struct fake *d = *state;
	struct vmedia_requestbuffers rb = { .count = 1,
					    .type = V4L2_BUF_TYPE_VIDEO_OUTPUT,
					    .memory = MMAP };
	struct vmedia_buffer b = { .type = rb.type, .memory = MMAP };
	struct vmedia_evt evt = fake_dqbuf(1, 0, MMAP);
	uint32_t type = rb.type;
	struct vmedia_file *f;

	assert_int_equal(vmedia_open(d->drv, O_NONBLOCK, &f), 0);
	assert_int_equal(vmedia_poll_mask(f), POLLERR);
	assert_int_equal(vmedia_wait(f, POLLPRI, 0), 0);
	assert_int_equal(vmedia_ioctl(f, VIDIOC_REQBUFS, &rb), 0);
	assert_int_equal(vmedia_ioctl(f, VIDIOC_QBUF, &b), 0);
	assert_int_equal(vmedia_ioctl(f, VIDIOC_STREAMON, &type), 0);
	/* CAPTURE does not stream: that is no error while OUTPUT does. */
	assert_int_equal(vmedia_poll_mask(f), 0);
	evt.buffer.type = rb.type;
	send(d, &evt);
	assert_int_equal(vmedia_poll_mask(f), POLLOUT);
	b = (struct vmedia_buffer){ .type = rb.type, .memory = MMAP };
	assert_int_equal(vmedia_ioctl(f, VIDIOC_DQBUF, &b), 0);
	vmedia_close(f);
}

static void batches(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = streaming(d, 2);
	struct vmedia_evt evt = fake_dqbuf(77, 0, MMAP);
	unsigned int kicks = d->kicks, i;

	/* With EVENT_IDX a device that still has buffers needs no kick for more of them. */
	for (i = 0; i < 64; i++) {
		send(d, &evt);
		vmedia_vqd_enable_kick(d->vq[1]);
	}
	assert_int_equal(d->kicks, kicks);
	/* One that has run out of them gets one kick for all. */
	while (fake_event(d, &evt))
		;
	vmedia_vqd_enable_kick(d->vq[1]);
	assert_int_equal(vmedia_driver_process(d->drv), 0);
	assert_int_equal(d->kicks, kicks + 1);
	assert_true(fake_event(d, &evt));
	vmedia_close(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(not_queued, setup, teardown),
		cmocka_unit_test_setup_teardown(out_of_bounds, setup, teardown),
		cmocka_unit_test_setup_teardown(malformed, setup, teardown),
		cmocka_unit_test_setup_teardown(event_before_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(late_after_streamoff, setup, teardown),
		cmocka_unit_test_setup_teardown(last_buffer, setup, teardown),
		cmocka_unit_test_setup_teardown(session_error, setup, teardown),
		cmocka_unit_test_setup_teardown(v4l2_events, setup, teardown),
		cmocka_unit_test_setup_teardown(initial_before_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(blocking, setup, teardown),
		cmocka_unit_test_setup_teardown(poll_of_decoders, setup, teardown),
		cmocka_unit_test_setup_teardown(batches, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
