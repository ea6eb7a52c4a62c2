/* SPDX-License-Identifier: BSD-3-Clause */
/* Requests of the back-end: mappings, objects, their answers, and what ends them. */
#include "rig.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"

#define PF(n) (1ull << VMEDIA_VU_PF_##n)
#define PAGE  vmedia_page_size()

struct done {
	unsigned int calls;
	int err;
	int fd;
	struct rig *destroy; /* its back-end, in the callback */
	unsigned int order, *clock;
};

static void on_done(void *opaque, int err)
{
	struct done *d = opaque;

	d->calls++;
	d->err = err;
	if (d->clock)
		d->order = ++*d->clock;
	if (d->destroy) {
		vmedia_vub_destroy(d->destroy->vub);
		d->destroy->vub = NULL;
	}
}

static void on_fd(void *opaque, int err, int fd)
{
	struct done *d = opaque;

	assert_int_equal(err == 0, fd >= 0);
	d->calls++;
	d->err = err;
	d->fd = fd;
}

/* The front-end's owner looks, then the back-end. */
static void serve(struct rig *r)
{
	assert_int_equal(vmedia_vuf_handle_backend_req(r->vuf), 0);
	rig_settle(r);
}

static int make_file(char first)
{
	int fd = vmedia_memfd("buffer", 4 * PAGE);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, &first, 1, PAGE), 1);
	return fd;
}

static void test_map_unmap(void **state)
{
	struct rig_options no_ack = { .mask_protocol = PF(REPLY_ACK) };
	int pass;

	for (pass = 0; pass < 2; pass++) {
		struct done d = { 0 };
		int fd = make_file('m');
		struct rig r;

		rig_start(&r, pass ? &no_ack : NULL);
		assert_int_equal(
			vmedia_vub_shmem_map(r.vub, 0, fd, PAGE, 2 * PAGE, PAGE, true, on_done, &d),
			0);
		/* Without acknowledgements it is done when it is sent. */
		assert_int_equal(d.calls, pass);
		serve(&r);
		assert_int_equal(d.calls, 1);
		assert_int_equal(d.err, 0);
		assert_int_equal(r.maps, 1);
		assert_int_equal(r.map.first, 'm');
		assert_int_equal(r.map.fd_off, PAGE);
		assert_int_equal(r.map.shm_off, 2 * PAGE);
		assert_int_equal(r.map.len, PAGE);
		assert_true(r.map.rw);
		assert_int_equal(
			vmedia_vub_shmem_map(r.vub, 2, fd, PAGE, 0, 2 * PAGE, false, NULL, NULL),
			0);
		assert_int_equal(vmedia_vub_shmem_unmap(r.vub, 0, 2 * PAGE, PAGE, on_done, &d), 0);
		serve(&r);
		assert_int_equal(r.map.shmid, 2);
		assert_false(r.map.rw);
		assert_int_equal(r.unmaps, 1);
		assert_int_equal(d.calls, 2);
		/* The front-end's refusal arrives if it was asked for. */
		r.op_result = -EBUSY;
		assert_int_equal(vmedia_vub_shmem_unmap(r.vub, 0, 0, PAGE, on_done, &d), 0);
		serve(&r);
		assert_int_equal(d.calls, 3);
		assert_int_equal(d.err, pass ? 0 : -EIO);
		rig_close(&r);
		close(fd);
	}
}

static void test_bad_arguments(void **state)
{
	struct rig_options no_shmem = { .mask_protocol = PF(SHMEM) };
	struct done d = { 0 };
	int fd = make_file('m');
	struct rig r;

	rig_start(&r, NULL);
	assert_int_equal(vmedia_vub_shmem_map(r.vub, 1, fd, 0, 0, PAGE, 1, on_done, &d), -EINVAL);
	assert_int_equal(vmedia_vub_shmem_map(r.vub, 0, fd, 1, 0, PAGE, 1, on_done, &d), -EINVAL);
	assert_int_equal(vmedia_vub_shmem_map(r.vub, 0, fd, 0, 1, PAGE, 1, on_done, &d), -EINVAL);
	assert_int_equal(vmedia_vub_shmem_map(r.vub, 0, fd, 0, 0, 1, 1, on_done, &d), -EINVAL);
	assert_int_equal(vmedia_vub_shmem_map(r.vub, 0, fd, 0, 0, 0, 1, on_done, &d), -EINVAL);
	assert_int_equal(vmedia_vub_shmem_map(r.vub, 0, -1, 0, 0, PAGE, 1, on_done, &d), -EINVAL);
	assert_int_equal(vmedia_vub_shmem_map(r.vub, 0, fd, 0, RIG_SHMEM, PAGE, 1, on_done, &d),
			 -EINVAL);
	assert_int_equal(vmedia_vub_shmem_unmap(r.vub, 0, PAGE, 0 - 2 * PAGE, on_done, &d),
			 -EINVAL);
	assert_int_equal(vmedia_vub_object_lookup(r.vub, (uint8_t[16]){ 0 }, NULL, NULL), -EINVAL);
	serve(&r);
	assert_int_equal(d.calls, 0);
	/* A file that is shorter than it should be: the front-end looks. */
	assert_int_equal(vmedia_vub_shmem_map(r.vub, 0, fd, PAGE, 0, 4 * PAGE, 1, on_done, &d), 0);
	serve(&r);
	assert_int_equal(d.err, -EIO);
	assert_int_equal(r.maps, 0);
	rig_close(&r);

	rig_start(&r, &no_shmem);
	assert_false(vmedia_vub_has_shmem(r.vub));
	assert_int_equal(vmedia_vub_shmem_map(r.vub, 0, fd, 0, 0, PAGE, 1, on_done, &d), -ENOTCONN);
	rig_close(&r);

	rig_open(&r, NULL);
	assert_int_equal(vmedia_vub_config_changed(r.vub), -ENOTCONN);
	rig_close(&r);
	close(fd);
}

static void test_objects(void **state)
{
	static const uint8_t known[VMEDIA_VU_UUID_SIZE] = { 7 }, unknown[VMEDIA_VU_UUID_SIZE];
	struct rig_options no_ack = { .mask_protocol = PF(REPLY_ACK) };
	int pass;

	for (pass = 0; pass < 2; pass++) {
		struct done d = { 0 };
		struct rig r;
		char c = 0;

		rig_start(&r, pass ? &no_ack : NULL);
		r.object_fd = vmedia_memfd("object", 4096);
		assert_int_equal(pwrite(r.object_fd, "o", 1, 0), 1);
		assert_int_equal(vmedia_vub_object_add(r.vub, known, on_done, &d), 0);
		assert_int_equal(vmedia_vub_object_remove(r.vub, known, on_done, &d), 0);
		assert_int_equal(vmedia_vub_config_changed(r.vub), 0);
		serve(&r);
		assert_int_equal(d.calls, 2);
		assert_int_equal(r.adds + r.removes + r.config_changes, 3);
		/* A lookup is always answered. */
		assert_int_equal(vmedia_vub_object_lookup(r.vub, known, on_fd, &d), 0);
		assert_int_equal(d.calls, 2);
		serve(&r);
		assert_int_equal(d.calls, 3);
		assert_int_equal(d.err, 0);
		assert_int_equal(pread(d.fd, &c, 1, 0), 1);
		assert_int_equal(c, 'o');
		close(d.fd);
		assert_int_equal(vmedia_vub_object_lookup(r.vub, unknown, on_fd, &d), 0);
		serve(&r);
		assert_int_equal(d.err, -ENOENT);
		rig_close(&r);
	}
}

/* Many in flight, answered in order; bounded. */
static void test_many(void **state)
{
	static struct done d[VMEDIA_VUB_MAX_PENDING + 1];
	unsigned int clock = 0, i;
	int fd = make_file('m');
	struct rig r;

	rig_start(&r, NULL);
	memset(d, 0, sizeof(d));
	for (i = 0; i < VMEDIA_VUB_MAX_PENDING; i++) {
		d[i].clock = &clock;
		assert_int_equal(vmedia_vub_shmem_map(r.vub, 0, fd, PAGE, i * PAGE, PAGE, true,
						      on_done, &d[i]),
				 0);
	}
	assert_int_equal(vmedia_vub_shmem_unmap(r.vub, 0, 0, PAGE, on_done, &d[i]), -EBUSY);
	while (clock < VMEDIA_VUB_MAX_PENDING)
		serve(&r);
	for (i = 0; i < VMEDIA_VUB_MAX_PENDING; i++) {
		assert_int_equal(d[i].calls, 1);
		assert_int_equal(d[i].order, i + 1);
	}
	assert_int_equal(d[i].calls, 0);
	assert_int_equal(r.maps, VMEDIA_VUB_MAX_PENDING);
	assert_int_equal(vmedia_vub_shmem_unmap(r.vub, 0, 0, PAGE, on_done, &d[i]), 0);
	serve(&r);
	assert_int_equal(d[i].calls, 1);
	rig_close(&r);
	close(fd);
}

/* A front-end that waits for an answer serves requests meanwhile. */
static void test_served_while_waiting(void **state)
{
	struct done d = { 0 };
	struct rig r;
	uint8_t status;

	rig_start(&r, NULL);
	assert_int_equal(vmedia_vub_shmem_unmap(r.vub, 0, 0, PAGE, on_done, &d), 0);
	assert_int_equal(vmedia_vuf_get_status(r.vuf, &status), 0);
	assert_int_equal(vmedia_vuf_get_status(r.vuf, &status), 0);
	assert_int_equal(r.unmaps, 1);
	assert_int_equal(d.calls, 1);
	rig_close(&r);
}

static void test_disconnect(void **state)
{
	struct done d[3] = { 0 }, lookup = { 0 };
	static const uint8_t uuid[VMEDIA_VU_UUID_SIZE];
	int fd = make_file('m');
	struct rig r;
	unsigned int i;

	rig_start(&r, NULL);
	for (i = 0; i < 3; i++)
		assert_int_equal(vmedia_vub_shmem_map(r.vub, 0, fd, 0, 0, PAGE, 0, on_done, &d[i]),
				 0);
	assert_int_equal(vmedia_vub_object_lookup(r.vub, uuid, on_fd, &lookup), 0);
	rig_close(&r);
	for (i = 0; i < 3; i++) {
		assert_int_equal(d[i].calls, 1);
		assert_int_equal(d[i].err, -ECONNRESET);
	}
	assert_int_equal(lookup.err, -ECONNRESET);
	assert_int_equal(lookup.calls, 1);

	/* A new channel ends what was asked on the old one; the connection goes on. */
	rig_start(&r, NULL);
	memset(d, 0, sizeof(d));
	assert_int_equal(vmedia_vub_shmem_map(r.vub, 0, fd, 0, 0, PAGE, 0, on_done, &d[0]), 0);
	assert_int_equal(vmedia_vuf_negotiate(r.vuf), 0);
	assert_int_equal(r.channels, 2);
	assert_int_equal(d[0].calls, 1);
	assert_int_equal(vmedia_vub_shmem_map(r.vub, 0, fd, 0, 0, PAGE, 0, on_done, &d[1]), 0);
	serve(&r);
	assert_int_equal(d[1].err, 0);
	/* Destroying in a callback. */
	d[2].destroy = &r;
	assert_int_equal(vmedia_vub_shmem_map(r.vub, 0, fd, 0, 0, PAGE, 0, on_done, &d[2]), 0);
	assert_int_equal(vmedia_vub_shmem_map(r.vub, 0, fd, 0, 0, PAGE, 0, on_done, &d[0]), 0);
	assert_int_equal(vmedia_vuf_handle_backend_req(r.vuf), 0);
	rig_settle(&r);
	assert_int_equal(d[2].err, 0);
	assert_int_equal(d[0].calls, 2);
	assert_int_equal(d[0].err, -ECONNRESET);
	rig_close(&r);
	close(fd);
}

/* Gives the back-end a channel whose other end the test plays. */
static int own_channel(struct rig *r)
{
	int sv[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	assert_int_equal(rig_raw(r, VMEDIA_VU_SET_BACKEND_REQ_FD, true, NULL, 0, &sv[1], 1), 0);
	close(sv[1]);
	return sv[0];
}

static void test_bad_answers(void **state)
{
	static const struct {
		struct vmedia_vu_hdr hdr;
		uint64_t val;
	} bad[] = {
		{ { VMEDIA_VU_B_SHMEM_MAP, 5, 8 }, 0 },	     /* another request */
		{ { VMEDIA_VU_B_SHMEM_UNMAP, 1, 8 }, 0 },    /* no answer at all */
		{ { VMEDIA_VU_B_SHMEM_UNMAP, 5, 0 }, 0 },    /* empty */
		{ { VMEDIA_VU_B_SHMEM_UNMAP, 5, 16 }, 0 },   /* too long */
		{ { VMEDIA_VU_B_SHMEM_UNMAP, 6, 8 }, 0 },    /* version 2 */
		{ { VMEDIA_VU_B_SHMEM_UNMAP, 5, 5000 }, 0 }, /* longer than anything */
		{ { 77, 5, 8 }, 0 },
	};
	size_t i;

	for (i = 0; i <= sizeof(bad) / sizeof(bad[0]); i++) {
		uint8_t buf[12 + 16] = { 0 };
		struct done d = { 0 };
		struct rig r;
		int peer;

		rig_start(&r, NULL);
		peer = own_channel(&r);
		if (i < sizeof(bad) / sizeof(bad[0])) {
			assert_int_equal(vmedia_vub_shmem_unmap(r.vub, 0, 0, PAGE, on_done, &d), 0);
			memcpy(buf, &bad[i].hdr, 12);
		} else {
			/* A good answer that nobody asked for. */
			memcpy(buf, &(struct vmedia_vu_hdr){ VMEDIA_VU_B_SHMEM_UNMAP, 5, 8 }, 12);
		}
		assert_int_equal(write(peer, buf, 12 + (i == 3 ? 16 : 8)), 12 + (i == 3 ? 16 : 8));
		rig_settle(&r);
		assert_int_equal(r.closed, 1);
		assert_int_equal(r.reason, -EPROTO);
		assert_int_equal(d.calls, i < sizeof(bad) / sizeof(bad[0]));
		if (d.calls)
			assert_int_equal(d.err, -ECONNRESET);
		close(peer);
		rig_close(&r);
	}
}

static void test_channel_closes(void **state)
{
	struct done d = { 0 };
	struct rig r;
	uint8_t status;
	int peer, pipefd[2];

	rig_start(&r, NULL);
	assert_int_equal(pipe(pipefd), 0);
	assert_true(rig_raw(&r, VMEDIA_VU_SET_BACKEND_REQ_FD, true, NULL, 0, &pipefd[1], 1) > 0);
	close(pipefd[0]);
	close(pipefd[1]);
	peer = own_channel(&r);
	assert_int_equal(vmedia_vub_shmem_unmap(r.vub, 0, 0, PAGE, on_done, &d), 0);
	close(peer);
	rig_settle(&r);
	assert_int_equal(d.err, -ECONNRESET);
	assert_int_equal(r.closed, 0);
	assert_int_equal(vmedia_vub_shmem_unmap(r.vub, 0, 0, PAGE, on_done, &d), -ENOTCONN);
	/* To the front-end, whose own end of it was closed, that is the end. */
	assert_int_equal(vmedia_vuf_get_status(r.vuf, &status), -ECONNRESET);
	rig_close(&r);
}

/* A channel that nobody reads fills, then says so; descriptors are not lost. */
static void test_channel_full(void **state)
{
	struct rig_options no_ack = { .mask_protocol = PF(REPLY_ACK) };
	struct done d = { 0 };
	struct rig r;
	unsigned int sent = 0;
	int peer, err;

	rig_start(&r, &no_ack);
	assert_int_equal(r.channels, 1);
	{
		int sv[2];

		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
		rig_raw(&r, VMEDIA_VU_SET_BACKEND_REQ_FD, false, NULL, 0, &sv[1], 1);
		close(sv[1]);
		peer = sv[0];
	}
	do {
		err = vmedia_vub_shmem_unmap(r.vub, 0, 0, PAGE, on_done, &d);
		sent += !err;
	} while (!err);
	assert_int_equal(err, -ENOBUFS);
	assert_int_equal(d.calls, sent);
	assert_true(sent >= VMEDIA_VU_OUT_MAX);
	close(peer);
	rig_settle(&r);
	assert_int_equal(r.closed, 0);
	rig_close(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_map_unmap),
		cmocka_unit_test(test_bad_arguments),
		cmocka_unit_test(test_objects),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_served_while_waiting),
		cmocka_unit_test(test_disconnect),
		cmocka_unit_test(test_bad_answers),
		cmocka_unit_test(test_channel_closes),
		cmocka_unit_test(test_channel_full),
	};

	vmedia_log_set_level(VMEDIA_LOG_ERR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
