// SPDX-License-Identifier: BSD-3-Clause
/*
 * Waits that look at the rings before they sleep. The device acts when the test says so: while the
 * driver looks, at the moment when it stops looking, or while it sleeps; a sleep ends by an
 * interrupt that was asked for, or the wait is over. Nothing here takes time.
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

static unsigned int ring;

/*
 * When the device acts. LAST: the driver looks no more, and has not asked for interrupts yet. HALF:
 * the answer while it looks, the frame while it sleeps.
 */
enum when { LOOKING, LAST, SLEEPING, HALF };
static enum when when;
static unsigned int looks, sleeps, frames;

static bool frame(struct fake *d)
{
	struct vmedia_evt evt = fake_dqbuf(1, 0, MMAP);

	return frames-- ? fake_event(d, &evt) : false;
}

static bool nothing(struct fake *d)
{
	(void)d;
	return false;
}

static int sleeping(void *opaque)
{
	sleeps++;
	return fake_sleep(opaque, when == HALF ? frame : nothing);
}

static bool looking(void *opaque)
{
	looks++;
	if (when != SLEEPING)
		fake_turn(opaque);
	return when == LOOKING || (when == HALF && looks < 3);
}

static int setup(void **state)
{
	struct fake *d;

	vmedia_log_set_level(VMEDIA_LOG_ERR);
	d = fake_create(fake_rings[ring].features | 1ull << VMEDIA_VIRTIO_F_INDIRECT_DESC, 0, 0);
	assert_int_equal(d->drv->spin.ns, 0);
	d->drv->spin.ns = VMEDIA_DRV_SPIN_NS;
	d->drv->hooks.pump = sleeping;
	d->drv->hooks.spin = looking;
	when = LOOKING;
	looks = 0;
	sleeps = 0;
	*state = d;
	return 0;
}

static int teardown(void **state)
{
	fake_destroy(*state);
	return 0;
}

static int command(struct vmedia_file *f)
{
	struct vmedia_format fmt = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };

	return vmedia_ioctl(f, VIDIOC_G_FMT, &fmt);
}

/* Answered while the driver looks: no sleep, and no interrupt either. */
static void found(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = fake_session(d, 1, MMAP);
	unsigned int calls, i;
	uint64_t spins;

	assert_int_equal(command(f), 0);
	calls = d->calls[0] + d->calls[1];
	spins = fake_stats(d).spins;
	looks = 0;
	for (i = 0; i < 200; i++)
		assert_int_equal(command(f), 0);
	assert_int_equal(looks, 200);
	assert_int_equal(sleeps, 0);
	assert_int_equal(d->calls[0] + d->calls[1], calls);
	assert_int_equal(fake_stats(d).spins, spins + 200);
	assert_int_equal(vmedia_close(f), 0);
}

/* Answered when the driver has just looked for the last time: it looks once more, and goes on. */
static void at_the_end(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = fake_session(d, 1, MMAP);
	unsigned int before;

	looks = 0;
	when = LAST;
	before = sleeps;
	assert_int_equal(command(f), 0);
	assert_int_equal(looks, 1);
	assert_int_equal(sleeps, before);
	/* It was a miss all the same: the next wait does not look, and is woken. */
	when = SLEEPING;
	assert_int_equal(command(f), 0);
	assert_int_equal(looks, 1);
	assert_int_equal(sleeps, before + 1);
	assert_int_equal(vmedia_close(f), 0);
}

/* Looked in vain: interrupts are asked for, and the waits that look become rare. */
static void in_vain(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = fake_session(d, 1, MMAP);
	unsigned int i, calls = d->calls[0], before;

	looks = 0;
	before = sleeps;
	when = SLEEPING;
	for (i = 0; i < 2047; i++)
		assert_int_equal(command(f), 0);
	/* waits 0, 2, 6, 14, ..., 2046 */
	assert_int_equal(looks, 11);
	assert_int_equal(sleeps, before + 2047);
	assert_int_equal(d->calls[0], calls + 2047);
	assert_int_equal(vmedia_close(f), 0);
}

static void on_done(void *opaque, int err)
{
	*(int *)opaque = err;
}

/* Of two things one comes while the driver looks: it looks on, then it sleeps for the other. */
static void half(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = fake_session(d, 2, MMAP);
	struct vmedia_buffer b = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = MMAP };
	uint64_t spins;
	int err = 1;

	vmedia_set_nonblock(f, false);
	assert_int_equal(fake_stream(f, true), 0);
	spins = fake_stats(d).spins;
	assert_int_equal(vmedia_submit(f, VIDIOC_QBUF, &b, VMEDIA_SUBMIT_LAZY, on_done, &err), 0);
	when = HALF;
	looks = 0;
	frames = 1;
	assert_int_equal(fake_dq(f, MMAP, &b), 0);
	assert_int_equal(looks, 3);
	assert_int_equal(sleeps, 1);
	assert_int_equal(err, 0);
	assert_int_equal(fake_stats(d).spins, spins);
	assert_int_equal(vmedia_close(f), 0);
}

static uint64_t random_state;

static unsigned int pick(unsigned int n)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned int)(random_state >> 33) % n;
}

/* In any order of the three: nothing is missed, and no sleep is without its interrupt. */
static void any(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = fake_session(d, 1, MMAP);
	const char *text = getenv("VMEDIA_TEST_SEED");
	unsigned int i;

	random_state = text ? strtoull(text, NULL, 0) : 20261130;
	print_message("seed %llu\n", (unsigned long long)random_state);
	/* more than 65536, after which an event index has been everywhere */
	for (i = 0; i < 70000; i++) {
		when = pick(4) ? LOOKING : pick(2) ? LAST : SLEEPING;
		assert_int_equal(command(f), 0);
	}
	assert_int_equal(fake_stats(d).timeouts, 0);
	assert_true(fake_stats(d).spins > 1000 && sleeps > 1000);
	assert_int_equal(vmedia_close(f), 0);
}

static unsigned int floods;

/* The device has all event buffers back before the driver looks again. */
static void flood(void *opaque, unsigned int q)
{
	struct vmedia_evt evt = fake_dqbuf(77, 0, MMAP);
	struct fake *d = opaque;

	(void)q;
	assert_true(++floods < 10 * VMEDIA_DRV_PUMPS);
	while (fake_event(d, &evt))
		;
	vmedia_vqd_enable_kick(d->vq[1]);
}

/* A device that always has something more makes no wait longer. */
static void flooded(void **state)
{
	struct fake *d = *state;
	struct vmedia_file *f = fake_session(d, 1, MMAP);
	void (*kick)(void *opaque, unsigned int q) = d->drv->hooks.kick;
	struct vmedia_buffer b;

	vmedia_log_set_level(-1);
	vmedia_set_nonblock(f, false);
	assert_int_equal(fake_qbuf(f, 0, MMAP, NULL), 0);
	assert_int_equal(fake_stream(f, true), 0);
	floods = 0;
	d->drv->hooks.kick = flood;
	flood(d, 1);
	assert_int_equal(vmedia_wait(f, POLLIN, 1), 0);
	assert_int_equal(fake_dq(f, MMAP, &b), -ETIMEDOUT);
	d->hold = true;
	assert_int_equal(command(f), -ETIMEDOUT);
	d->drv->hooks.kick = kick;
	d->hold = false;
	while (d->num_held)
		fake_release(d);
	vmedia_close(f);
}

static bool readable(const struct fake *d)
{
	struct pollfd p = { .fd = vmedia_driver_fd(d->drv), .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

static void no_kick(void *opaque, unsigned int q)
{
	(void)opaque;
	(void)q;
}

/* Nor does it keep a program that polls: that has its turn, and comes back for the rest. */
static void flooded_program(void **state)
{
	struct fake *d = fake_create_polled(fake_rings[ring].features, 0);

	(void)state;
	vmedia_log_set_level(-1);
	assert_int_equal(vmedia_driver_process(d->drv), 0);
	assert_false(readable(d));
	floods = 0;
	d->drv->hooks.kick = flood;
	flood(d, 1);
	assert_int_equal(vmedia_driver_process(d->drv), 0);
	assert_true(readable(d));
	d->drv->hooks.kick = no_kick;
	assert_int_equal(vmedia_driver_process(d->drv), 0);
	assert_false(readable(d));
	fake_destroy(d);
}

/* For programs it is on, and has an option. */
static void option(void **state)
{
	struct vmedia_driver_options opts = { .fd = -1, .memory_size = 8 << 20 };
	struct vmedia_drv_hooks hooks = { 0 };
	struct vmedia_config config = { .card = "fake" };
	struct vmedia_driver *drv;

	(void)state;
	assert_int_equal(vmedia_drv_create_bare(&opts, &hooks, 1ull << VMEDIA_VIRTIO_F_VERSION_1,
						&config, 0, &drv),
			 0);
	assert_int_equal(drv->spin.ns, VMEDIA_DRV_SPIN_NS);
	vmedia_driver_disconnect(drv);
	opts.flags = VMEDIA_DRIVER_NO_SPIN;
	assert_int_equal(vmedia_drv_create_bare(&opts, &hooks, 1ull << VMEDIA_VIRTIO_F_VERSION_1,
						&config, 0, &drv),
			 0);
	assert_int_equal(drv->spin.ns, 0);
	vmedia_driver_disconnect(drv);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(found, setup, teardown),
		cmocka_unit_test_setup_teardown(at_the_end, setup, teardown),
		cmocka_unit_test_setup_teardown(in_vain, setup, teardown),
		cmocka_unit_test_setup_teardown(half, setup, teardown),
		cmocka_unit_test_setup_teardown(any, setup, teardown),
		cmocka_unit_test_setup_teardown(flooded, setup, teardown),
		cmocka_unit_test(flooded_program),
		cmocka_unit_test(option),
	};
	int failed = 0;

	for (ring = 0; ring < FAKE_RINGS; ring++) {
		print_message("%s\n", fake_rings[ring].name);
		failed += cmocka_run_group_tests(tests, NULL, NULL);
	}
	return failed;
}
