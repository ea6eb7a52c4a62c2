/* SPDX-License-Identifier: BSD-3-Clause */
/* Virtio objects: exports and their UUIDs, look-ups that take their time, the cache, limits. */
#include "test.h"

#include <sys/stat.h>
#include <unistd.h>

static const uint8_t uuid_a[16] = { 1, 2, 3 }, uuid_b[16] = { 4, 5, 6 }, uuid_none[16] = { 9 };

static int expbuf(struct world *w, uint32_t index, uint8_t *uuid)
{
	struct vmedia_cmd cmd;
	int err;

	harness_cmd_ioctl(&cmd, w->session, VMEDIA_NR_EXPBUF);
	cmd.io.arg.exportbuffer.index = index;
	err = harness_cmd(&w->h, &cmd);
	memcpy(uuid, cmd.io.uuid[0], 16);
	return err;
}

static struct harness_req *offer_qbuf(struct world *w, uint32_t nr, const uint8_t *uuid,
				      uint32_t length)
{
	struct vmedia_cmd cmd;

	harness_cmd_ioctl(&cmd, w->session, nr);
	cmd.io.arg.buffer.type = VMEDIA_BUF_TYPE_VIDEO_CAPTURE;
	cmd.io.arg.buffer.memory = VMEDIA_MEMORY_DMABUF;
	cmd.io.arg.buffer.length = length;
	cmd.io.arg.buffer.m.fd = -1;
	memcpy(cmd.io.uuid[0], uuid, 16);
	return harness_offer_cmd(&w->h, &cmd);
}

static int qbuf(struct world *w, uint32_t nr, const uint8_t *uuid, uint32_t length)
{
	struct harness_req *req = offer_qbuf(w, nr, uuid, length);
	int status;

	harness_kick(&w->h, 0);
	assert_true(req->used);
	status = (int)le32(req->resp);
	harness_put(&w->h, req);
	return -status;
}

static struct vmedia_backing *imported(struct world *w)
{
	struct fake_session *fs = vmedia_session_priv(w->f.last);

	return fs->imported;
}

static void test_export(void **state)
{
	struct world *w = world_open();
	uint8_t a[16], b[16], c[16];
	struct stat st;
	int fd;

	assert_int_equal(expbuf(w, 0, a), 0);
	assert_int_equal(a[6] >> 4, 4); /* version 4 */
	assert_int_equal(a[8] >> 6, 2); /* variant */
	assert_int_equal(expbuf(w, 1, b), 0);
	assert_memory_not_equal(a, b, 16);
	assert_int_equal(expbuf(w, 0, c), 0);
	assert_memory_equal(a, c, 16);
	assert_int_equal(w->h.adds, 2);
	assert_int_equal(expbuf(w, 99, c), -EINVAL);

	fd = vmedia_device_shared_object(w->f.dev, b);
	assert_true(fd >= 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true(st.st_size >= FAKE_LENGTH);
	close(fd);
	assert_int_equal(vmedia_device_shared_object(w->f.dev, uuid_none), -ENOENT);

	/* Lives past its session, until the device is reset. */
	harness_close(&w->h, w->session);
	fd = vmedia_device_shared_object(w->f.dev, b);
	assert_true(fd >= 0);
	close(fd);
	assert_int_not_equal(stats_of(w).bytes_held, 0);
	harness_restart(&w->h);
	assert_int_equal(w->h.removes, 2);
	assert_int_equal(vmedia_device_shared_object(w->f.dev, b), -ENOENT);
	assert_int_equal(stats_of(w).bytes_held, 0);

	assert_int_equal(harness_open(&w->h, &w->session), 0);
	w->h.ops.object_add = NULL;
	assert_int_equal(expbuf(w, 0, a), -ENOTTY);
	world_end(w);
}

static void test_export_limit(void **state)
{
	struct vmedia_limits limits;
	struct world *w;
	uint8_t uuid[16];

	vmedia_limits_default(&limits);
	limits.max_objects = 2;
	w = world_new(&limits);
	assert_int_equal(harness_open(&w->h, &w->session), 0);
	assert_int_equal(expbuf(w, 0, uuid), 0);
	assert_int_equal(expbuf(w, 1, uuid), 0);
	assert_int_equal(expbuf(w, 2, uuid), -ENOMEM);
	assert_int_equal(expbuf(w, 1, uuid), 0);
	world_end(w);
}

static void test_import(void **state)
{
	struct world *w = world_open();
	struct vmedia_backing *first;
	uint32_t other;
	uint8_t own[16];

	harness_add_object(&w->h, uuid_a, 65536);
	assert_int_equal(qbuf(w, VMEDIA_NR_QBUF, uuid_a, 65536), 0);
	assert_int_equal(w->h.lookups, 1);
	first = imported(w);
	assert_int_equal(vmedia_backing_length(first), 65536);
	memset(vmedia_backing_addr(first), 0x5c, 65536);
	/* Round and round: no more look-ups, the same mapping. */
	assert_int_equal(qbuf(w, VMEDIA_NR_QBUF, uuid_a, 65536), 0);
	assert_int_equal(qbuf(w, VMEDIA_NR_PREPARE_BUF, uuid_a, 65536), 0);
	assert_int_equal(w->h.lookups, 1);
	assert_ptr_equal(imported(w), first);
	/* Too short, unknown. */
	assert_int_equal(qbuf(w, VMEDIA_NR_QBUF, uuid_a, 65537), -EINVAL);
	assert_int_equal(qbuf(w, VMEDIA_NR_QBUF, uuid_none, 4096), -ENOENT);
	/* Another session asks for itself. */
	other = w->session;
	assert_int_equal(harness_open(&w->h, &w->session), 0);
	assert_int_equal(qbuf(w, VMEDIA_NR_QBUF, uuid_a, 4096), 0);
	assert_int_equal(w->h.lookups, 3);
	assert_int_equal(((uint8_t *)vmedia_backing_addr(imported(w)))[9], 0x5c);
	/* One of our own needs nobody. */
	assert_int_equal(expbuf(w, 1, own), 0);
	assert_int_equal(qbuf(w, VMEDIA_NR_QBUF, own, FAKE_LENGTH), 0);
	assert_int_equal(w->h.lookups, 3);
	assert_int_equal(*(uint8_t *)vmedia_backing_addr(imported(w)), 0x11);
	harness_close(&w->h, other);
	world_end(w);
}

static void test_no_objects(void **state)
{
	struct world *w = world_open();

	w->h.ops.object_lookup = NULL;
	assert_int_equal(qbuf(w, VMEDIA_NR_QBUF, uuid_a, 4096), -EINVAL);
	world_end(w);
}

/*
 * A look-up takes its time: its session waits, others do not, and the device hears of nothing
 * before.
 */
static void test_late(void **state)
{
	struct world *w = world_open();
	struct harness_req *a, *b;
	struct vmedia_cmd cmd;
	uint32_t other;

	assert_int_equal(harness_open(&w->h, &other), 0);
	harness_add_object(&w->h, uuid_a, 65536);
	w->h.object_async = true;
	a = offer_qbuf(w, VMEDIA_NR_QBUF, uuid_a, 4096);
	harness_cmd_ioctl(&cmd, w->session, VMEDIA_NR_G_INPUT);
	b = harness_offer_cmd(&w->h, &cmd);
	harness_kick(&w->h, 0);
	assert_int_equal(w->f.ioctls, 0);
	assert_int_equal(harness_ioctl(&w->h, other, VMEDIA_NR_G_INPUT, NULL), 0);
	harness_answer(&w->h, 1, 0);
	assert_true(a->used && b->used);
	assert_int_equal(le32(a->resp), 0);
	assert_int_equal(w->f.codes[1], VMEDIA_NR_QBUF);
	assert_int_equal(w->f.codes[2], VMEDIA_NR_G_INPUT);
	harness_put(&w->h, a);
	harness_put(&w->h, b);
	/* In error meanwhile. */
	harness_add_object(&w->h, uuid_b, 65536);
	a = offer_qbuf(w, VMEDIA_NR_QBUF, uuid_b, 4096);
	harness_kick(&w->h, 0);
	vmedia_session_error(w->f.last, -EIO);
	harness_answer(&w->h, 1, 0);
	assert_true(a->used);
	assert_int_equal(le32(a->resp), EIO);
	harness_put(&w->h, a);
	assert_int_equal(w->f.ioctls, 3);
	world_end(w);
}

/* Everything ends while a look-up is out: its descriptor is not leaked, its answer hits nothing. */
static void test_end_while_out(void **state)
{
	unsigned int fds = 0;
	int how;

	for (how = 0; how < 4; how++) {
		struct world *w = world_open();
		struct harness_req *a;

		if (!how)
			fds = harness_count_fds();
		harness_add_object(&w->h, uuid_a, 4096);
		w->h.object_async = true;
		a = offer_qbuf(w, VMEDIA_NR_QBUF, uuid_a, 4096);
		harness_kick(&w->h, 0);
		if (how == 0)
			vmedia_device_reset(w->f.dev, true);
		else if (how == 1)
			harness_restart(&w->h);
		else if (how == 2)
			vmedia_device_queue_stop(w->f.dev, 0);
		else
			vmedia_device_detach(w->f.dev);
		harness_answer(&w->h, 1, 0);
		assert_int_equal(w->f.ioctls, 0);
		if (how == 0)
			assert_true(a->used && !a->len);
		if (how == 2) {
			assert_true(a->used);
			assert_int_equal(le32(a->resp), ECANCELED);
			w->h.object_async = false;
			assert_int_equal(qbuf(w, VMEDIA_NR_QBUF, uuid_a, 4096), 0);
		}
		world_end(w);
	}
	/* Four worlds later: as in the first. */
	struct world *w = world_open();

	assert_int_equal(harness_count_fds(), fds);
	world_end(w);
}

static void test_cache_limit(void **state)
{
	struct vmedia_limits limits;
	uint8_t uuid[16] = { 0 };
	unsigned int i, fds = 0;
	struct world *w;

	vmedia_limits_default(&limits);
	limits.max_objects = limits.session_objects = 4;
	w = world_new(&limits);
	assert_int_equal(harness_open(&w->h, &w->session), 0);
	w->f.no_events = true;
	for (i = 0; i < 32; i++) {
		uuid[0] = (uint8_t)i;
		harness_add_object(&w->h, uuid, 4096);
		assert_int_equal(qbuf(w, VMEDIA_NR_QBUF, uuid, 4096), 0);
		if (i == 8)
			fds = harness_count_fds();
	}
	/* The harness has one more each, core keeps four and the one in use. */
	assert_int_equal(harness_count_fds(), fds + 23);
	assert_int_equal(w->h.lookups, 32);
	for (i = 28; i < 32; i++) {
		uuid[0] = (uint8_t)i;
		assert_int_equal(qbuf(w, VMEDIA_NR_QBUF, uuid, 4096), 0);
	}
	assert_int_equal(w->h.lookups, 32);
	uuid[0] = 0;
	assert_int_equal(qbuf(w, VMEDIA_NR_QBUF, uuid, 4096), 0);
	assert_int_equal(w->h.lookups, 33);
	world_end(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_export),	    cmocka_unit_test(test_export_limit),
		cmocka_unit_test(test_import),	    cmocka_unit_test(test_no_objects),
		cmocka_unit_test(test_late),	    cmocka_unit_test(test_end_while_out),
		cmocka_unit_test(test_cache_limit),
	};

	return cmocka_run_group_tests_name("core object", tests, NULL, NULL);
}
