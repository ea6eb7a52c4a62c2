/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ends: queues stopped, device reset, connection lost, in every state that a session can be in;
 * and the next guest, who finds a clean device.
 */
#include "test.h"

#include <linux/videodev2.h>

#include "base/fd.h"
#include "harness_peer.h"

enum end { END_RESET, END_RESTART, END_RECONNECT, ENDS };

static const uint8_t uuid[16] = { 7 };

static struct harness_req *offer(struct world *w, uint32_t nr)
{
	struct vmedia_cmd cmd;

	harness_cmd_ioctl(&cmd, w->session, nr);
	return harness_offer_cmd(&w->h, &cmd);
}

/* One state a function: what is going on when the end comes. */
static void state_idle(struct world *w)
{
	(void)w;
}

static void state_device(struct world *w)
{
	w->f.async = true;
	offer(w, VMEDIA_NR_STREAMON);
	offer(w, VMEDIA_NR_STREAMOFF);
	harness_kick(&w->h, 0);
	assert_int_equal(w->f.num_pending, 1);
}

static void state_completed(struct world *w)
{
	state_device(w);
	/* Completed, but the turn has not ended. */
	vmedia_request_complete(w->f.pending[0], 0);
	w->f.num_pending = 0;
}

static void state_mapped(struct world *w)
{
	uint64_t addr;

	assert_int_equal(harness_mmap(&w->h, w->session, 0, 1, &addr, NULL), 0);
	assert_int_equal(harness_mmap(&w->h, w->session, 0, 1, &addr, NULL), 0);
	assert_int_equal(harness_mmap(&w->h, w->session, FAKE_STRIDE, 0, &addr, NULL), 0);
}

static void state_orphan(struct world *w)
{
	state_mapped(w);
	harness_close(&w->h, w->session);
}

static void state_mapping(struct world *w)
{
	struct vmedia_cmd cmd = { .type = VMEDIA_CMD_MMAP, .session_id = w->session };

	w->h.shm_async = true;
	harness_offer_cmd(&w->h, &cmd);
	harness_kick(&w->h, 0);
	assert_int_equal(w->h.num_waiting, 1);
}

static void state_unmapping(struct world *w)
{
	struct vmedia_cmd cmd = { .type = VMEDIA_CMD_MUNMAP };

	assert_int_equal(harness_mmap(&w->h, w->session, 0, 1, &cmd.driver_addr, NULL), 0);
	w->h.shm_async = true;
	harness_offer_cmd(&w->h, &cmd);
	harness_kick(&w->h, 0);
	assert_int_equal(w->h.num_waiting, 1);
}

static void state_lookup(struct world *w)
{
	struct vmedia_cmd cmd;

	harness_add_object(&w->h, uuid, 65536);
	harness_cmd_ioctl(&cmd, w->session, VMEDIA_NR_QBUF);
	cmd.io.arg.buffer.type = VMEDIA_BUF_TYPE_VIDEO_CAPTURE;
	cmd.io.arg.buffer.memory = VMEDIA_MEMORY_DMABUF;
	cmd.io.arg.buffer.length = 4096;
	memcpy(cmd.io.uuid[0], uuid, 16);
	assert_int_equal(harness_cmd(&w->h, &cmd), 0); /* one in the cache */
	w->h.object_async = true;
	cmd.io.uuid[0][3] = 1;
	harness_offer_cmd(&w->h, &cmd);
	harness_kick(&w->h, 0);
	assert_int_equal(w->h.num_waiting, 1);
}

static void state_events(struct world *w)
{
	union vmedia_payload arg = { .buffer = { .type = VMEDIA_BUF_TYPE_VIDEO_CAPTURE,
						 .memory = 1 } };

	assert_int_equal(harness_ioctl(&w->h, w->session, VMEDIA_NR_QBUF, &arg), 0);
	assert_int_equal(harness_ioctl(&w->h, w->session, VMEDIA_NR_QBUF, &arg), 0);
}

static void state_exported(struct world *w)
{
	struct vmedia_cmd cmd;

	harness_cmd_ioctl(&cmd, w->session, VMEDIA_NR_EXPBUF);
	assert_int_equal(harness_cmd(&w->h, &cmd), 0);
}

static void state_error(struct world *w)
{
	state_device(w);
	vmedia_session_error(w->f.last, -EIO);
}

static void state_error_told(struct world *w)
{
	state_device(w);
	vmedia_session_error(w->f.last, -EIO);
	harness_step(&w->h);
}

static void (*const states[])(struct world *w) = {
	state_idle,   state_device,   state_completed, state_mapped,
	state_orphan, state_mapping,  state_unmapping, state_lookup,
	state_events, state_exported, state_error,     state_error_told,
};

/* What the next guest does, from nothing. */
static void expect_clean(struct world *w)
{
	uint32_t old = w->session, i, id[128];
	struct vmedia_evt evt;
	uint64_t addr;

	w->f.async = false;
	w->h.shm_async = w->h.object_async = false;
	assert_int_equal(stats_of(w).sessions_open, 0);
	assert_int_equal(stats_of(w).mappings, 0);
	assert_int_equal(stats_of(w).bytes_held, 0);
	assert_int_equal(w->h.num_maps, 0);
	assert_int_equal(w->f.opens, w->f.closes);
	assert_int_equal(harness_ioctl(&w->h, old, VMEDIA_NR_G_INPUT, NULL), -EINVAL);
	for (i = 0; i < 128; i++) {
		assert_int_equal(harness_open(&w->h, &id[i]), 0);
		assert_int_not_equal(id[i], old);
	}
	harness_post_events(&w->h, 4, 608);
	assert_int_equal(harness_event(&w->h, &evt, NULL), 0);
	w->session = id[5];
	state_events(w);
	assert_int_equal(harness_event(&w->h, &evt, NULL), 1);
	assert_int_equal(evt.session_id, id[5]);
	assert_int_equal(harness_mmap(&w->h, id[0], 0, 1, &addr, NULL), 0);
	assert_int_equal(addr, 0);
}

static void test_every_end_in_every_state(void **state)
{
	unsigned int i, end;

	for (i = 0; i < VMEDIA_ARRAY_SIZE(states); i++) {
		for (end = 0; end < ENDS; end++) {
			struct world *w = world_open();
			unsigned int resets;

			states[i](w);
			resets = w->f.resets;
			if (end == END_RESET)
				vmedia_device_reset(w->f.dev, true);
			else if (end == END_RESTART)
				harness_restart(&w->h);
			else
				harness_reconnect(&w->h);
			assert_int_equal(w->f.resets, resets + 1);
			harness_step(&w->h);
			assert_int_equal(w->f.closes, 1);
			harness_answer(&w->h, -1, 0); /* late ones hit nothing */
			harness_answer(&w->h, -1, 0); /* and unmap what was just mapped */
			expect_clean(w);
			world_end(w);
		}
	}
}

/* And the device may go in each of them. */
static void test_destroy_in_every_state(void **state)
{
	unsigned int i;

	for (i = 0; i < VMEDIA_ARRAY_SIZE(states); i++) {
		struct world *w = world_open();

		states[i](w);
		world_end(w);
	}
}

/* Chains in flight come back: empty at reset, all with one notification. */
static void test_reset_gives_back(void **state)
{
	struct world *w = world_open();
	struct harness_req *r[3];
	unsigned int i, before;

	w->f.async = true;
	r[0] = offer(w, VMEDIA_NR_STREAMON);
	r[1] = offer(w, VMEDIA_NR_STREAMON);
	r[2] = offer(w, VMEDIA_NR_STREAMOFF);
	harness_kick(&w->h, 0);
	before = w->h.notifies[0];
	vmedia_device_reset(w->f.dev, true);
	harness_collect(&w->h);
	for (i = 0; i < 3; i++) {
		assert_true(r[i]->used);
		assert_int_equal(r[i]->len, 0);
		harness_put(&w->h, r[i]);
	}
	assert_int_equal(w->h.notifies[0], before + 1);
	world_end(w);
}

/*
 * QEMU undoes mappings itself when the guest resets the device, and then refuses to undo them once
 * more. The region is whole again all the same, however often.
 */
static void test_peer_unmaps_at_reset(void **state)
{
	struct world *w = world_open();
	const uint64_t room = vmedia_align_up(FAKE_LENGTH, vmedia_page_size());
	struct vmedia_device_stats stats;
	unsigned int i, n;
	uint64_t addr;

	for (n = 0; n < 4; n++) {
		for (i = 0; i < 3; i++) {
			assert_int_equal(harness_mmap(&w->h, w->session, i * FAKE_STRIDE, 1, &addr,
						      NULL),
					 0);
			assert_int_equal(addr, i * room);
		}
		w->h.shm_async = n & 1;
		harness_peer_reset(&w->h);
		harness_restart(&w->h);
		harness_answer(&w->h, -1, -EIO);
		w->h.shm_async = false;
		vmedia_device_stats(w->f.dev, &stats);
		assert_int_equal(stats.mappings, 0);
		assert_int_equal(harness_open(&w->h, &w->session), 0);
	}
	world_end(w);
}

/* The first reset could not say all, as too much waited; the rest follows, or the next one does. */
static void test_reset_unmaps_in_portions(void **state)
{
	struct world *w = world_open();
	struct vmedia_device_stats stats;
	unsigned int i, n;
	uint64_t addr;

	for (n = 0; n < 2; n++) {
		w->h.shm_room = 0;
		for (i = 0; i < 8; i++)
			assert_int_equal(harness_mmap(&w->h, w->session, i / 2 * FAKE_STRIDE, i & 1,
						      &addr, NULL),
					 0);
		w->h.shm_async = true;
		w->h.shm_room = 2;
		if (n) {
			w->h.shm_unmap_err = -EBUSY;
			w->h.shm_async = false;
			harness_restart(&w->h);
			assert_int_equal(w->h.num_maps, 8);
			w->h.shm_unmap_err = 0;
			w->h.shm_async = true;
		}
		harness_restart(&w->h);
		for (i = 0; i < 8 && w->h.num_waiting; i++)
			harness_answer(&w->h, 1, 0);
		assert_int_equal(w->h.num_maps, 0);
		w->h.shm_async = false;
		vmedia_device_stats(w->f.dev, &stats);
		assert_int_equal(stats.mappings, 0);
		assert_int_equal(harness_open(&w->h, &w->session), 0);
	}
	world_end(w);
}

/* A virtual machine that pauses: commands in flight are answered, sessions and mappings stay. */
static void test_queue_stop(void **state)
{
	struct world *w = world_open();
	struct harness_req *r[3], *c;
	uint8_t close[16] = { 2 };
	uint32_t other;
	uint64_t addr;
	unsigned int i;

	assert_int_equal(harness_open(&w->h, &other), 0);
	put32(close + 8, other);
	assert_int_equal(harness_mmap(&w->h, w->session, 0, 1, &addr, NULL), 0);
	w->f.async = true;
	for (i = 0; i < 3; i++)
		r[i] = offer(w, VMEDIA_NR_STREAMON);
	c = harness_offer(&w->h, close, 16, 0, HARNESS_PART);
	harness_kick(&w->h, 0);
	vmedia_device_queue_stop(w->f.dev, VMEDIA_QUEUE_COMMAND);
	vmedia_device_queue_stop(w->f.dev, VMEDIA_QUEUE_EVENT);
	harness_collect(&w->h);
	for (i = 0; i < 3; i++) {
		assert_true(r[i]->used);
		assert_int_equal(le32(r[i]->resp), ECANCELED);
		harness_put(&w->h, r[i]);
	}
	assert_true(c->used);
	harness_put(&w->h, c);
	/* It goes on: the session first waits for what the device was doing. */
	r[0] = offer(w, VMEDIA_NR_G_INPUT);
	harness_kick(&w->h, 0);
	assert_false(r[0]->used);
	w->f.async = false;
	fake_complete(&w->f, 0);
	assert_true(r[0]->used);
	assert_int_equal(le32(r[0]->resp), 0);
	harness_put(&w->h, r[0]);
	assert_int_equal(w->f.ioctls, 2);
	assert_int_equal(harness_munmap(&w->h, addr), 0);
	world_end(w);
}

/* Queued CLOSE at a stop is obeyed, for the driver will not say it again. */
static void test_queue_stop_close(void **state)
{
	struct world *w = world_open();
	struct harness_req *r, *c;
	uint8_t close[16] = { 2 };

	put32(close + 8, w->session);
	w->f.async = true;
	r = offer(w, VMEDIA_NR_STREAMON);
	c = harness_offer(&w->h, close, 16, 0, HARNESS_PART);
	harness_kick(&w->h, 0);
	vmedia_device_queue_stop(w->f.dev, VMEDIA_QUEUE_COMMAND);
	harness_collect(&w->h);
	assert_true(r->used && c->used);
	assert_int_equal(w->f.closes, 1);
	assert_int_equal(w->f.num_pending, 0);
	harness_put(&w->h, r);
	harness_put(&w->h, c);
	world_end(w);
}

/* All sessions are suspended before the first ends, whatever ends it; later ones are not. */
static void test_suspended_first(void **state)
{
	unsigned int end;

	for (end = 0; end < 4; end++) {
		struct world *w = world_open();
		uint8_t close[16] = { 2 };
		uint32_t other;

		assert_int_equal(harness_open(&w->h, &other), 0);
		put32(close + 8, w->session);
		w->f.async = true;
		offer(w, VMEDIA_NR_STREAMON);
		harness_offer(&w->h, close, 16, 0, HARNESS_PART);
		harness_kick(&w->h, 0);
		w->f.async = false;
		if (end == 0)
			vmedia_device_queue_stop(w->f.dev, VMEDIA_QUEUE_COMMAND);
		else if (end == 1)
			vmedia_device_reset(w->f.dev, true);
		else if (end == 2)
			harness_reconnect(&w->h);
		else
			harness_restart(&w->h);
		assert_int_equal(w->f.closes, end ? 2 : 1);
		assert_int_equal(w->f.suspends, 2);
		assert_int_equal(w->f.closed_awake, 0);
		harness_step(&w->h);
		harness_forget(&w->h);
		assert_int_equal(harness_open(&w->h, &w->session), 0);
		assert_int_equal(w->f.resumes, end ? 0 : 1);
		assert_int_equal(w->f.awake, end ? 1 : 2);
		assert_int_equal(harness_ioctl(&w->h, w->session, VMEDIA_NR_G_INPUT, NULL), 0);
		world_end(w);
	}
}

/* A command that ends in ->suspend() is answered with that; what it forbids does not come. */
static void test_ends_in_suspend(void **state)
{
	struct world *w = world_open();
	struct harness_req *r;
	struct vmedia_cmd cmd;

	state_events(w);
	harness_step(&w->h);
	w->f.async = true;
	w->f.complete_suspended = true;
	harness_cmd_ioctl(&cmd, w->session, VMEDIA_NR_STREAMOFF);
	cmd.io.arg.u32 = VMEDIA_BUF_TYPE_VIDEO_CAPTURE;
	r = harness_offer_cmd(&w->h, &cmd);
	harness_kick(&w->h, 0);
	/* of the two events core holds the first, for want of a buffer; the other is the fake's */
	((struct fake_session *)vmedia_session_priv(w->f.last))->num = 0;
	vmedia_device_queue_stop(w->f.dev, VMEDIA_QUEUE_COMMAND);
	harness_collect(&w->h);
	assert_true(r->used);
	assert_int_equal(le32(r->resp), 0);
	harness_put(&w->h, r);
	w->f.async = false;
	harness_kick(&w->h, 0);
	harness_post_events(&w->h, 2, 608);
	assert_int_equal(harness_event(&w->h, NULL, NULL), 0);
	world_end(w);
}

static void test_attach_twice(void **state)
{
	struct world *w = world_new(NULL);
	struct vmedia_transport t = { .ops = &w->h.ops };

	assert_int_equal(vmedia_device_attach(w->f.dev, &t), -EBUSY);
	vmedia_device_detach(w->f.dev);
	vmedia_device_detach(w->f.dev);
	vmedia_device_kick(w->f.dev, 0);
	vmedia_device_reset(w->f.dev, true);
	vmedia_device_queue_stop(w->f.dev, 0);
	assert_int_equal(vmedia_device_attach(w->f.dev, &w->h.transport), 0);
	world_end(w);
}

static void test_create_refuses(void **state)
{
	struct vmedia_device_ops ops = { 0 };
	struct vmedia_device_config cfg = { .region_size = 4096 };
	struct vmedia_device *dev = NULL;
	struct harness h;

	harness_init(&h, NULL);
	assert_int_equal(vmedia_device_create(h.loop, &cfg, &dev), -EINVAL);
	cfg.ops = &ops;
	cfg.region_size = 4097;
	assert_int_equal(vmedia_device_create(h.loop, &cfg, &dev), -EINVAL);
	vmedia_device_destroy(NULL);
	harness_finish(&h);
}

/* A thousand guests leave what the first found. */
static void test_thousand_guests(void **state)
{
	struct world *w = world_new(NULL);
	unsigned int i, fds = 0;
	size_t heap = 0;

	for (i = 0; i < 1000; i++) {
		if (i == 100) {
			fds = harness_count_fds();
			heap = harness_heap_bytes();
		}
		w->f.async = w->h.shm_async = w->h.object_async = false;
		assert_int_equal(harness_open(&w->h, &w->session), 0);
		harness_post_events(&w->h, 4, 608);
		states[i % VMEDIA_ARRAY_SIZE(states)](w);
		if (i & 1)
			harness_restart(&w->h);
		harness_reconnect(&w->h);
		harness_forget(&w->h);
	}
	assert_int_equal(harness_count_fds(), fds);
	assert_int_equal(harness_heap_bytes(), heap);
	assert_int_equal(stats_of(w).bytes_held, 0);
	world_end(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_end_in_every_state),
		cmocka_unit_test(test_destroy_in_every_state),
		cmocka_unit_test(test_reset_gives_back),
		cmocka_unit_test(test_peer_unmaps_at_reset),
		cmocka_unit_test(test_reset_unmaps_in_portions),
		cmocka_unit_test(test_queue_stop),
		cmocka_unit_test(test_queue_stop_close),
		cmocka_unit_test(test_suspended_first),
		cmocka_unit_test(test_ends_in_suspend),
		cmocka_unit_test(test_attach_twice),
		cmocka_unit_test(test_create_refuses),
		cmocka_unit_test(test_thousand_guests),
	};

	return cmocka_run_group_tests_name("core reset", tests, NULL, NULL);
}
