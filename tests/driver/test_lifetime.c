// SPDX-License-Identifier: BSD-3-Clause
/*
 * Memory that the device holds: commands that time out, answers that come late, sessions that are
 * closed meanwhile, several commands under way, full rings, broken rings. (The reference driver's
 * defects: use after time-out, one command in flight under one lock, sessions freed under an open
 * file.)
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
#include <unistd.h>

#include "fake.h"

#define USERPTR V4L2_MEMORY_USERPTR

static uint64_t variant;	/* ring features of this round */
static uint32_t variant_flags;

static int setup(void **state)
{
	vmedia_log_set_level(VMEDIA_LOG_ERR);
	*state = fake_create(variant, variant_flags, 0);
	return 0;
}

static int teardown(void **state)
{
	fake_destroy(*state);
	return 0;
}

static void time_out(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = fake_session(d, 0, 0), *g = fake_session(d, 0, 0);
	struct vmedia_format fmt = { .type = 1 }, other = { .type = 1 };
	uint8_t before[sizeof(fmt)];

	d->hold = true;
	memcpy(before, &fmt, sizeof(fmt));
	assert_int_equal(vmedia_ioctl(f, VIDIOC_G_FMT, &fmt), -ETIMEDOUT);
	assert_int_equal(fake_stats(d).quarantined, 1);
	assert_int_equal(fake_stats(d).timeouts, 1);
	d->hold = false;
	/* That session is lost, the other one is not. */
	assert_int_equal(vmedia_ioctl(f, VIDIOC_G_FMT, &fmt), -EIO);
	assert_int_equal(vmedia_poll_mask(f), POLLERR);
	assert_int_equal(vmedia_ioctl(g, VIDIOC_G_FMT, &other), 0);
	/* The answer comes: nobody's structure is written, and the memory is ours again. */
	fake_release(d);
	assert_int_equal(vmedia_driver_process(d->drv), 0);
	assert_memory_equal(&fmt, before, sizeof(fmt));
	assert_int_equal(fake_stats(d).quarantined, 0);
	assert_int_equal(vmedia_close(f), 0);
	assert_int_equal(vmedia_close(g), 0);
}

static void late_open(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f;

	d->hold = true;
	assert_int_equal(vmedia_open(d->drv, 0, &f), -ETIMEDOUT);
	d->hold = false;
	fake_release(d);
	assert_int_equal(vmedia_driver_process(d->drv), 0);
	fake_turn(d);
	/* A session that nobody wants is closed. */
	assert_int_equal(d->closes, 1);
	assert_int_equal(d->last_close, 1);
	assert_int_equal(vmedia_open(d->drv, 0, &f), 0);
	vmedia_close(f);
}

static void late_close(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f, *g;
	struct vmedia_evt evt = { .type = VMEDIA_EVT_ERROR, .session_id = 1, .err = 5 };

	assert_int_equal(vmedia_open(d->drv, 0, &f), 0);
	d->hold = true;
	assert_int_equal(vmedia_close(f), -ETIMEDOUT);
	assert_int_equal(fake_stats(d).open_files, 0);
	d->hold = false;
	/*
	 * Its id is still taken: an OPEN that names it is a lie, an event that names it means
	 * nobody.
	 */
	d->next_id = 1;
	assert_int_equal(vmedia_open(d->drv, 0, &g), -EIO);
	assert_true(fake_event(d, &evt));
	assert_int_equal(vmedia_driver_process(d->drv), 0);
	assert_int_equal(fake_stats(d).refused_events, 1);
	fake_release(d);
	assert_int_equal(vmedia_driver_process(d->drv), 0);
	d->next_id = 1;
	assert_int_equal(vmedia_open(d->drv, 0, &g), 0);
	vmedia_close(g);
}

static void never_answered(void **state)
{
	struct fake *d = *state;
	struct vmedia_format fmt = { .type = 1 };
	struct vmedia_file *f;
	unsigned int i;
	int err = 0;

	/*
	 * Each takes its slot with it; at last there is none, and the driver says so instead of
	 * reusing one.
	 */
	for (i = 0; i < 8; i++) {
		err = vmedia_open(d->drv, 0, &f);
		if (err)
			break;
		d->hold = true;
		assert_true(vmedia_ioctl(f, VIDIOC_G_FMT, &fmt) < 0);
		assert_true(vmedia_close(f) < 0);
		d->hold = false;
	}
	assert_in_range(i, 4, 8);
	assert_true(err == 0 || err == -EAGAIN || err == -ETIMEDOUT);
	assert_int_equal(fake_stats(d).quarantined, d->num_held);
	assert_in_range(d->num_held, 8, 16);
}

struct done {
	unsigned int n;
	int err[64];
};

static void on_done(void *opaque, int err)
{
	struct done *done = opaque;

	done->err[done->n++] = err;
}

static void many_under_way(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = fake_session(d, 0, 0);
	struct vmedia_format fmt[64];
	struct done done = { 0 };
	unsigned int i, n = 0, kicks = d->kicks;
	int err = 0;

	memset(fmt, 0, sizeof(fmt));
	d->hold = true;
	for (i = 0; i < 64 && !err; i++) {
		fmt[i].type = 1;
		fmt[i].fmt.pix.width = i;
		err = vmedia_submit(f, VIDIOC_S_FMT, &fmt[i], VMEDIA_SUBMIT_MORE, on_done, &done);
		n += !err;
	}
	assert_int_equal(err, -EAGAIN);
	assert_true(n >= 2);
	assert_int_equal(vmedia_driver_process(d->drv), 0);
	assert_int_equal(d->kicks, kicks + 1);	/* one for all */
	fake_turn(d);
	assert_int_equal(d->num_held, n);
	assert_int_equal(done.n, 0);
	while (d->num_held)
		fake_release(d);
	assert_int_equal(vmedia_driver_process(d->drv), 0);
	assert_int_equal(done.n, n);
	for (i = 0; i < n; i++) {
		assert_int_equal(done.err[i], 0);
		assert_int_equal(fmt[i].fmt.pix.width, i);
	}
	d->hold = false;
	assert_int_equal(vmedia_submit(f, VIDIOC_DQBUF, &fmt[0], 0, on_done, &done), -EINVAL);
	assert_int_equal(vmedia_submit(f, VIDIOC_G_FMT, &fmt[0], 0, NULL, NULL), -EINVAL);
	vmedia_close(f);
}

/* An answer that nobody waits for interrupts nobody; one that somebody waits for does. */
static void lazy(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = fake_session(d, 0, 0);
	struct vmedia_format fmt[2] = { { .type = 1 }, { .type = 1 } };
	struct done done = { 0 };
	unsigned int calls;
	int err;

	assert_int_equal(vmedia_driver_process(d->drv), 0);
	calls = d->calls[0];
	err = vmedia_submit(f, VIDIOC_G_FMT, &fmt[0], VMEDIA_SUBMIT_LAZY, on_done, &done);
	assert_int_equal(err, 0);
	assert_int_equal(vmedia_driver_process(d->drv), 0);
	fake_turn(d);
	assert_int_equal(d->calls[0], calls);
	assert_int_equal(done.n, 0);
	assert_int_equal(vmedia_driver_process(d->drv), 0);
	assert_int_equal(done.n, 1);
	/* Together with one that is waited for. */
	err = vmedia_submit(f, VIDIOC_G_FMT, &fmt[0], VMEDIA_SUBMIT_LAZY, on_done, &done);
	assert_int_equal(err, 0);
	assert_int_equal(vmedia_submit(f, VIDIOC_G_FMT, &fmt[1], 0, on_done, &done), 0);
	assert_int_equal(vmedia_driver_process(d->drv), 0);
	fake_turn(d);
	assert_true(d->calls[0] > calls);
	assert_int_equal(vmedia_driver_process(d->drv), 0);
	assert_int_equal(done.n, 3);
	/* Left to close() it is answered too. */
	err = vmedia_submit(f, VIDIOC_G_FMT, &fmt[0], VMEDIA_SUBMIT_LAZY, on_done, &done);
	assert_int_equal(err, 0);
	assert_int_equal(vmedia_close(f), 0);
	assert_int_equal(done.n, 4);
	assert_int_equal(d->drv->urgent, 0);
}

static int pump_release(void *opaque)
{
	struct fake *d = opaque;

	fake_turn(d);
	if (d->num_held)
		fake_release(d);
	return 0;
}

/* A blocking call waits for room in the ring and for a slot. */
static void full_ring(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = fake_session(d, 0, 0);
	struct vmedia_format fmt[64] = { { .type = 1 } }, one = { .type = 1 };
	struct done done = { 0 };
	unsigned int n = 0;

	d->hold = true;
	while (!vmedia_submit(f, VIDIOC_G_FMT, &fmt[n], 0, on_done, &done))
		n++;
	d->drv->hooks.pump = pump_release;
	assert_int_equal(vmedia_ioctl(f, VIDIOC_G_FMT, &one), 0);
	assert_true(done.n > 0);
	assert_int_equal(vmedia_close(f), 0);
	assert_int_equal(done.n, n);
}

static void close_with_commands_under_way(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = fake_session(d, 0, 0);
	struct vmedia_format fmt = { .type = 1 };
	struct done done = { 0 };

	assert_int_equal(vmedia_submit(f, VIDIOC_G_FMT, &fmt, 0, on_done, &done), 0);
	assert_int_equal(vmedia_close(f), 0);
	assert_int_equal(done.n, 1);
	assert_int_equal(done.err[0], 0);
	f = fake_session(d, 0, 0);
	d->hold = true;
	assert_int_equal(vmedia_submit(f, VIDIOC_G_FMT, &fmt, 0, on_done, &done), 0);
	assert_int_equal(vmedia_close(f), -ETIMEDOUT);
	assert_int_equal(done.n, 2);
	assert_int_equal(done.err[1], -ETIMEDOUT);
	assert_int_equal(fake_stats(d).quarantined, 2);
	d->hold = false;
	fake_release(d);
	fake_release(d);
	assert_int_equal(vmedia_driver_process(d->drv), 0);
	assert_int_equal(fake_stats(d).quarantined, 0);
	assert_int_equal(done.n, 2);
}

static void restructuring_alone(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = fake_session(d, 2, V4L2_MEMORY_MMAP);
	struct vmedia_buffer b = { .type = 1, .memory = 1 };
	struct vmedia_requestbuffers rb = { .count = 2, .type = 1, .memory = 1 };
	struct done done = { 0 };

	d->hold = true;
	assert_int_equal(vmedia_submit(f, VIDIOC_QBUF, &b, 0, on_done, &done), 0);
	assert_int_equal(vmedia_submit(f, VIDIOC_REQBUFS, &rb, 0, on_done, &done), -EBUSY);
	fake_turn(d);
	d->hold = false;
	fake_release(d);
	assert_int_equal(vmedia_driver_process(d->drv), 0);
	d->hold = true;
	assert_int_equal(vmedia_submit(f, VIDIOC_REQBUFS, &rb, 0, on_done, &done), 0);
	assert_int_equal(vmedia_submit(f, VIDIOC_QBUF, &b, 0, on_done, &done), -EBUSY);
	fake_turn(d);
	d->hold = false;
	fake_release(d);
	assert_int_equal(vmedia_ioctl(f, VIDIOC_QBUF, &b), 0);
	assert_int_equal(done.n, 2);
	vmedia_close(f);
}

static void pins(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = fake_session(d, 2, USERPTR);
	uint64_t free_pages = d->drv->arena.free;
	struct vmedia_evt evt;
	struct vmedia_buffer b;
	void *a, *c;

	assert_int_equal(vmedia_pages_alloc(d->drv, FAKE_BUF_LEN, 0, &a), 0);
	assert_int_equal(vmedia_pages_alloc(d->drv, FAKE_BUF_LEN, VMEDIA_PAGES_SCATTERED, &c), 0);
	assert_int_equal(fake_qbuf(f, 0, USERPTR, a), 0);
	assert_int_equal(fake_qbuf(f, 1, USERPTR, c), 0);
	assert_int_equal(fake_stream(f, true), 0);
	assert_int_equal(vmedia_pages_free(d->drv, a), 0);
	assert_int_equal(vmedia_pages_free(d->drv, a), -EINVAL);
	assert_int_equal(vmedia_pages_free(d->drv, c), 0);
	assert_int_equal(d->drv->arena.free, free_pages - 6); /* still written to */
	evt = fake_dqbuf(1, 0, USERPTR);
	assert_true(fake_event(d, &evt));
	assert_int_equal(vmedia_driver_process(d->drv), 0);
	assert_int_equal(d->drv->arena.free, free_pages - 4);
	assert_int_equal(fake_dq(f, USERPTR, &b), 0);
	assert_ptr_equal((void *)(uintptr_t)b.m.userptr, a);
	assert_int_equal(fake_qbuf(f, 0, USERPTR, a), -EFAULT);
	assert_int_equal(fake_stream(f, false), 0);
	assert_int_equal(d->drv->arena.free, free_pages - 2); /* the lists stay */
	assert_int_equal(fake_stats(d).pages_bytes, 0);
	vmedia_close(f);
	assert_int_equal(d->drv->arena.free, free_pages);
}

static void pins_of_lost_qbuf(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = fake_session(d, 2, USERPTR);
	uint64_t free_pages = d->drv->arena.free;
	void *a;

	assert_int_equal(vmedia_pages_alloc(d->drv, FAKE_BUF_LEN, 0, &a), 0);
	/* Refused: not the device's. */
	d->err = -EINVAL;
	assert_int_equal(fake_qbuf(f, 0, USERPTR, a), -EINVAL);
	d->err = -EIO;
	assert_int_equal(fake_qbuf(f, 0, USERPTR, a), -EIO);
	d->err = 0;
	assert_int_equal(fake_qbuf(f, 0, USERPTR, a), 0);
	assert_int_equal(fake_stream(f, false), 0);
	d->hold = true;
	assert_int_equal(fake_qbuf(f, 0, USERPTR, a), -ETIMEDOUT);
	assert_int_equal(vmedia_pages_free(d->drv, a), 0);
	assert_int_equal(d->drv->arena.free, free_pages - 3);
	assert_int_equal(vmedia_close(f), -ETIMEDOUT);
	assert_int_equal(d->drv->arena.free, free_pages - 3);	/* CLOSE was not answered either */
	d->hold = false;
	fake_release(d);
	fake_release(d);
	assert_int_equal(vmedia_driver_process(d->drv), 0);
	assert_int_equal(d->drv->arena.free, free_pages);
}

/* CLOSE cannot even be sent: what is queued stays the device's. */
static void pins_without_close(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = fake_session(d, 2, USERPTR), *g = fake_session(d, 0, 0);
	struct vmedia_format fmt[64] = { { .type = 1 } };
	struct done done = { 0 };
	uint64_t free_pages;
	unsigned int n = 0;
	void *a;

	assert_int_equal(vmedia_pages_alloc(d->drv, FAKE_BUF_LEN, 0, &a), 0);
	assert_int_equal(fake_qbuf(f, 0, USERPTR, a), 0);
	d->hold = true;
	while (!vmedia_submit(g, VIDIOC_G_FMT, &fmt[n], 0, on_done, &done))
		n++;
	assert_int_equal(vmedia_pages_free(d->drv, a), 0);
	free_pages = d->drv->arena.free;
	assert_true(vmedia_close(f) < 0);
	assert_int_equal(d->drv->arena.free, free_pages);
	assert_true(vmedia_close(g) < 0);
	assert_int_equal(done.n, n);
	d->hold = false;
}

/* Everything is used, by an id that nobody gave out. */
static int pump_scribble(void *opaque)
{
	struct fake *d = opaque;
	const struct vmedia_drv_vq *vq = &d->drv->vq[0];
	struct vmedia_packed_desc *desc;
	unsigned int i;

	desc = (void *)((uint8_t *)vmedia_arena_ptr(&d->drv->arena, vq->page) + vq->layout.desc);
	for (i = 0; i < vq->layout.num; i++) {
		desc[i].id = htole16(999);
		desc[i].flags = htole16(VMEDIA_PACKED_F_AVAIL | VMEDIA_PACKED_F_USED);
	}
	return 0;
}

static void broken_ring(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = fake_session(d, 0, 0);
	struct vmedia_drv_vq *vq = &d->drv->vq[0];
	uint8_t *base = vmedia_arena_ptr(&d->drv->arena, vq->page);
	struct vmedia_format fmt = { .type = 1 };
	bool packed = d->drv->features >> VMEDIA_VIRTIO_F_RING_PACKED & 1;

	if (packed) {
		d->drv->hooks.pump = pump_scribble;
	} else {	/* the used index jumps */
		((struct vmedia_vring_used *)(base + vq->layout.device))->idx ^= 0x4000;
	}
	assert_int_equal(vmedia_ioctl(f, VIDIOC_G_FMT, &fmt), -EIO);
	assert_int_equal(vmedia_driver_process(d->drv), -EIO);
	assert_int_equal(vmedia_ioctl(f, VIDIOC_G_FMT, &fmt), -EIO);
	assert_int_not_equal(vmedia_close(f), 0);
	assert_int_equal(vmedia_open(d->drv, 0, &f), -EIO);
}

/* A device that makes the kick eventfd blocking and fills it: who waits is ended by the alarm. */
static void full_kick(void **state)
{
	struct fake *d = fake_create_polled(variant, variant_flags);
	struct vmedia_file *f = fake_session(d, 0, 0);
	int fd = d->drv->vq[VMEDIA_QUEUE_COMMAND].kick_fd;
	struct vmedia_format fmt = { .type = 1 };
	const uint64_t full = UINT64_MAX - 1;
	uint64_t kicks = d->drv->stats.kicks;

	assert_int_equal(vmedia_eventfd_clear(fd), 1);
	assert_int_equal(write(fd, &full, sizeof(full)), sizeof(full));
	assert_int_equal(vmedia_fd_set_nonblock(fd, false), 0);
	alarm(20);
	assert_int_equal(vmedia_ioctl(f, VIDIOC_G_FMT, &fmt), 0);
	alarm(0);
	assert_true(d->drv->stats.kicks > kicks);
	fake_destroy(d);
}

static void close_all_at_disconnect(void **state)
{
	struct fake *d = *state;

	fake_session(d, 4, V4L2_MEMORY_MMAP);
	fake_session(d, 0, 0);	/* teardown under a leak checker is the test */
}

static void many_sessions(void **state)
{
	struct fake *d = *state;
	uint64_t free_pages = d->drv->arena.free;
	struct vmedia_file *f[300];
	unsigned int i, round;

	for (round = 0; round < 3; round++) {
		for (i = 0; i < 300; i++)
			assert_int_equal(vmedia_open(d->drv, 0, &f[i]), 0);
		for (i = 0; i < 300; i++)
			assert_int_equal(vmedia_close(f[(i * 7) % 300]), 0);
	}
	assert_int_equal(d->drv->arena.free, free_pages);
	assert_int_equal(fake_stats(d).open_files, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(time_out, setup, teardown),
		cmocka_unit_test_setup_teardown(late_open, setup, teardown),
		cmocka_unit_test_setup_teardown(late_close, setup, teardown),
		cmocka_unit_test_setup_teardown(never_answered, setup, teardown),
		cmocka_unit_test_setup_teardown(many_under_way, setup, teardown),
		cmocka_unit_test_setup_teardown(lazy, setup, teardown),
		cmocka_unit_test_setup_teardown(full_ring, setup, teardown),
		cmocka_unit_test_setup_teardown(close_with_commands_under_way, setup, teardown),
		cmocka_unit_test_setup_teardown(restructuring_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(pins, setup, teardown),
		cmocka_unit_test_setup_teardown(pins_of_lost_qbuf, setup, teardown),
		cmocka_unit_test_setup_teardown(pins_without_close, setup, teardown),
		cmocka_unit_test_setup_teardown(broken_ring, setup, teardown),
		cmocka_unit_test(full_kick),
		cmocka_unit_test_setup_teardown(close_all_at_disconnect, setup, teardown),
		cmocka_unit_test_setup_teardown(many_sessions, setup, teardown),
	};
	const uint64_t idx = 1ull << VMEDIA_VIRTIO_F_EVENT_IDX,
		       ind = 1ull << VMEDIA_VIRTIO_F_INDIRECT_DESC;
	const uint64_t packed = 1ull << VMEDIA_VIRTIO_F_RING_PACKED;
	const struct {
		uint64_t features;
		uint32_t flags;
	} variants[] = {
		{ 0, 0 },
		{ idx, 0 },
		{ ind, 0 },
		{ idx | ind, VMEDIA_DRIVER_SPLIT },
		{ packed, 0 },
		{ packed | idx, 0 },
		{ packed | ind, 0 },
		{ packed | idx | ind, VMEDIA_DRIVER_SPLIT },
	};
	unsigned int i;
	int failed = 0;

	for (i = 0; i < VMEDIA_ARRAY_SIZE(variants); i++) {
		variant = variants[i].features;
		variant_flags = variants[i].flags;
		failed += cmocka_run_group_tests(tests, NULL, NULL);
	}
	return failed;
}
