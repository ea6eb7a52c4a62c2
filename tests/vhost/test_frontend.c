/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The front-end against back-ends that lie, stall, or leave: the test plays the back-end byte by
 * byte.
 */
#include "rig.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "virtq/ring.h"

#define BIT(n) (1ull << (n))
#define PF(n)  BIT(VMEDIA_VU_PF_##n)
#define ALL_PF                                                                          \
	(PF(MQ) | PF(REPLY_ACK) | PF(BACKEND_REQ) | PF(CONFIG) | PF(BACKEND_SEND_FD) |  \
	 PF(INFLIGHT_SHMFD) | PF(RESET_DEVICE) | PF(CONFIGURE_MEM_SLOTS) | PF(STATUS) | \
	 PF(SHARED_OBJECT) | PF(SHMEM))

/*
 * A back-end without manners: answers well until a request that the test wants to be answered
 * otherwise.
 */
struct fake {
	struct vmedia_vu_link link;
	struct vmedia_vu_link chan;
	struct vmedia_vuf *vuf;
	int fds;
	uint32_t lie_on; /* a request */
	void (*lie)(struct fake *f, struct vmedia_vu_msg *answer);
	bool silent;
	bool leave;
	int file;
	unsigned int requests, maps;
	uint64_t pf;
};

static void good_answer(struct fake *f, const struct vmedia_vu_msg *q, struct vmedia_vu_msg *a)
{
	memset(a, 0, sizeof(*a));
	a->hdr = (struct vmedia_vu_hdr){ q->hdr.request, VMEDIA_VU_VERSION | VMEDIA_VU_FLAG_REPLY,
					 8 };
	switch (q->hdr.request) {
	case VMEDIA_VU_GET_FEATURES:
		a->p.u64 = BIT(VMEDIA_VIRTIO_F_VERSION_1) | BIT(VMEDIA_VU_F_PROTOCOL);
		break;
	case VMEDIA_VU_GET_PROTOCOL_FEATURES:
		a->p.u64 = f->pf;
		break;
	case VMEDIA_VU_GET_QUEUE_NUM:
		a->p.u64 = 2;
		break;
	case VMEDIA_VU_GET_SHMEM_CONFIG:
		a->hdr.size = sizeof(a->p.shmem);
		a->p.shmem.num = 1;
		a->p.shmem.size[0] = RIG_SHMEM;
		break;
	case VMEDIA_VU_GET_CONFIG:
		a->hdr.size = q->hdr.size;
		a->p.config = q->p.config;
		break;
	case VMEDIA_VU_GET_VRING_BASE:
		a->p.state = q->p.state;
		break;
	case VMEDIA_VU_GET_INFLIGHT_FD:
		a->hdr.size = 24;
		a->p.inflight = q->p.inflight;
		a->p.inflight.mmap_size = 4096;
		a->fd[a->num_fds++] = f->file;
		break;
	case VMEDIA_VU_GET_SHARED_OBJECT:
		a->hdr.size = 16;
		a->fd[a->num_fds++] = f->file;
		break;
	}
}

static int fake_pump(void *opaque)
{
	struct fake *f = opaque;
	struct vmedia_vu_msg q, a;
	const struct vmedia_vu_row *row;
	int ret = vmedia_vu_link_recv(&f->link, &q);

	if (ret <= 0)
		return 0;
	f->requests++;
	row = vmedia_vu_row(VMEDIA_VU_FRONT, q.hdr.request);
	assert_non_null(row);
	if (q.hdr.request == VMEDIA_VU_SET_BACKEND_REQ_FD) {
		vmedia_vu_link_finish(&f->chan);
		assert_int_equal(vmedia_vu_link_init(&f->chan, q.fd[0]), 0);
		vmedia_vu_take_fd(&q, 0);
	}
	vmedia_vu_msg_drop_fds(&q);
	if (f->leave && q.hdr.request == f->lie_on) {
		vmedia_vu_link_finish(&f->link);
		return 0;
	}
	if (f->silent && q.hdr.request == f->lie_on)
		return 0;
	if (row->reply != VMEDIA_VU_REPLY_OWN && !(q.hdr.flags & VMEDIA_VU_FLAG_NEED_REPLY))
		return 0;
	good_answer(f, &q, &a);
	if (f->lie && q.hdr.request == f->lie_on)
		f->lie(f, &a);
	assert_int_equal(vmedia_vu_link_send(&f->link, &a.hdr, &a.p, a.fd, a.num_fds), 0);
	return 0;
}

static int fake_map(void *opaque, uint8_t shmid, int fd, uint64_t fd_off, uint64_t shm_off,
		    uint64_t len, bool rw)
{
	((struct fake *)opaque)->maps++;
	return 0;
}

static const struct vmedia_vuf_ops fake_ops = { .shmem_map = fake_map };

static void fake_open(struct fake *f)
{
	struct vmedia_vuf_config cfg = { .pump = fake_pump, .pump_opaque = f };
	int sv[2];

	memset(f, 0, sizeof(*f));
	f->fds = rig_count_fds();
	f->pf = ALL_PF;
	f->chan.fd = -1;
	f->file = vmedia_memfd("file", 65536);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	assert_int_equal(vmedia_vu_link_init(&f->link, sv[0]), 0);
	assert_int_equal(vmedia_vuf_create(sv[1], &cfg, &fake_ops, f, &f->vuf), 0);
}

static void fake_close(struct fake *f)
{
	vmedia_vuf_destroy(f->vuf);
	vmedia_vu_link_finish(&f->link);
	vmedia_vu_link_finish(&f->chan);
	vmedia_fd_close(&f->file);
	assert_int_equal(rig_count_fds(), f->fds);
}

/* ---- lies about the form ---- */

static void lie_request(struct fake *f, struct vmedia_vu_msg *a)
{
	a->hdr.request++;
}

static void lie_flags(struct fake *f, struct vmedia_vu_msg *a)
{
	a->hdr.flags = VMEDIA_VU_VERSION;
}

static void lie_version(struct fake *f, struct vmedia_vu_msg *a)
{
	a->hdr.flags = 2 | VMEDIA_VU_FLAG_REPLY;
}

static void lie_shorter(struct fake *f, struct vmedia_vu_msg *a)
{
	a->hdr.size -= a->hdr.size > 16 ? a->hdr.size - 7 : 1;
}

static void lie_longer(struct fake *f, struct vmedia_vu_msg *a)
{
	if (a->hdr.size < VMEDIA_VU_MAX_PAYLOAD)
		a->hdr.size = a->hdr.size < 268 ? 272 : 2056;
	else
		a->hdr.size = 4;
}

static void lie_fds(struct fake *f, struct vmedia_vu_msg *a)
{
	a->fd[a->num_fds++] = f->file;
	a->fd[a->num_fds++] = f->file;
}

static int ask(struct fake *f, uint32_t request)
{
	static const uint8_t uuid[VMEDIA_VU_UUID_SIZE];
	struct vmedia_vu_inflight info = { 0 };
	uint8_t buf[40];
	uint32_t base;
	uint64_t val;
	int err, fd;

	switch (request) {
	case VMEDIA_VU_GET_CONFIG:
		return vmedia_vuf_get_config(f->vuf, 4, buf, 16);
	case VMEDIA_VU_GET_VRING_BASE:
		return vmedia_vuf_get_vring_base(f->vuf, 1, &base);
	case VMEDIA_VU_GET_STATUS:
		return vmedia_vuf_get_status(f->vuf, buf);
	case VMEDIA_VU_GET_MAX_MEM_SLOTS:
		return vmedia_vuf_get_max_mem_slots(f->vuf, &val);
	case VMEDIA_VU_SET_VRING_NUM:
		return vmedia_vuf_set_vring_num(f->vuf, 0, 16);
	case VMEDIA_VU_GET_INFLIGHT_FD:
		err = vmedia_vuf_get_inflight_fd(f->vuf, 2, 16, &info, &fd);
		if (!err)
			close(fd);
		return err;
	case VMEDIA_VU_GET_SHARED_OBJECT:
		err = vmedia_vuf_get_shared_object(f->vuf, uuid, &fd);
		if (!err)
			close(fd);
		return err;
	default:
		return vmedia_vuf_negotiate(f->vuf);
	}
}

static const uint32_t asked[] = {
	VMEDIA_VU_SET_OWNER,	    VMEDIA_VU_GET_FEATURES,	  VMEDIA_VU_GET_PROTOCOL_FEATURES,
	VMEDIA_VU_GET_QUEUE_NUM,    VMEDIA_VU_SET_BACKEND_REQ_FD, VMEDIA_VU_SET_FEATURES,
	VMEDIA_VU_GET_SHMEM_CONFIG, VMEDIA_VU_GET_CONFIG,	  VMEDIA_VU_GET_VRING_BASE,
	VMEDIA_VU_GET_STATUS,	    VMEDIA_VU_GET_MAX_MEM_SLOTS,  VMEDIA_VU_SET_VRING_NUM,
	VMEDIA_VU_GET_INFLIGHT_FD,  VMEDIA_VU_GET_SHARED_OBJECT,
};

#define ASKED (sizeof(asked) / sizeof(asked[0]))

static void run_lie(uint32_t request, void (*lie)(struct fake *, struct vmedia_vu_msg *), int want)
{
	struct fake f;
	uint8_t status;
	int err;

	fake_open(&f);
	assert_int_equal(vmedia_vuf_negotiate(f.vuf), 0);
	f.lie_on = request;
	f.lie = lie;
	err = ask(&f, request);
	assert_int_equal(err, want);
	/* Dead, and nothing is sent any more. */
	f.lie = NULL;
	f.requests = 0;
	assert_int_equal(vmedia_vuf_get_status(f.vuf, &status), want);
	assert_int_equal(vmedia_vuf_handle_backend_req(f.vuf), want);
	assert_int_equal(f.requests, 0);
	fake_close(&f);
}

static void test_form(void **state)
{
	static void (*const lies[])(struct fake *, struct vmedia_vu_msg *) = {
		lie_request, lie_flags, lie_version, lie_shorter, lie_longer, lie_fds,
	};
	size_t i, j;

	for (i = 0; i < ASKED; i++)
		for (j = 0; j < sizeof(lies) / sizeof(lies[0]); j++)
			/* Back-ends differ in what they put beside the descriptor. */
			if (asked[i] != VMEDIA_VU_GET_SHARED_OBJECT || lies[j] != lie_shorter)
				run_lie(asked[i], lies[j], -EPROTO);
}

static void test_stall_and_leave(void **state)
{
	size_t i;

	for (i = 0; i < ASKED; i++) {
		struct fake f;

		fake_open(&f);
		assert_int_equal(vmedia_vuf_negotiate(f.vuf), 0);
		f.lie_on = asked[i];
		f.silent = true;
		assert_int_equal(ask(&f, asked[i]), -ETIMEDOUT);
		assert_int_equal(ask(&f, asked[i]), -ETIMEDOUT);
		fake_close(&f);

		fake_open(&f);
		assert_int_equal(vmedia_vuf_negotiate(f.vuf), 0);
		f.lie_on = asked[i];
		f.leave = true;
		assert_int_equal(ask(&f, asked[i]), -ECONNRESET);
		fake_close(&f);
	}
}

/* ---- lies about values ---- */

static void lie_zero(struct fake *f, struct vmedia_vu_msg *a)
{
	a->p.u64 = 0;
}

static void lie_huge(struct fake *f, struct vmedia_vu_msg *a)
{
	a->p.u64 = UINT64_MAX;
}

static void lie_odd_region(struct fake *f, struct vmedia_vu_msg *a)
{
	a->p.shmem.size[0]++;
}

static void lie_config_range(struct fake *f, struct vmedia_vu_msg *a)
{
	a->p.config.offset++;
}

static void lie_config_size(struct fake *f, struct vmedia_vu_msg *a)
{
	a->p.config.size = UINT32_MAX;
}

static void lie_inflight_size(struct fake *f, struct vmedia_vu_msg *a)
{
	a->p.inflight.mmap_size = 65537;
}

static void lie_inflight_offset(struct fake *f, struct vmedia_vu_msg *a)
{
	a->p.inflight.mmap_offset = UINT64_MAX - 4095;
}

static void lie_inflight_queues(struct fake *f, struct vmedia_vu_msg *a)
{
	a->p.inflight.num_queues++;
}

static void test_values(void **state)
{
	run_lie(VMEDIA_VU_GET_QUEUE_NUM, lie_zero, -EPROTO);
	run_lie(VMEDIA_VU_GET_QUEUE_NUM, lie_huge, -EPROTO);
	run_lie(VMEDIA_VU_GET_SHMEM_CONFIG, lie_huge, -EPROTO);
	run_lie(VMEDIA_VU_GET_SHMEM_CONFIG, lie_odd_region, -EPROTO);
	run_lie(VMEDIA_VU_GET_CONFIG, lie_config_range, -EPROTO);
	run_lie(VMEDIA_VU_GET_CONFIG, lie_config_size, -EPROTO);
	run_lie(VMEDIA_VU_GET_VRING_BASE, lie_zero, -EPROTO);
	run_lie(VMEDIA_VU_GET_STATUS, lie_huge, -EPROTO);
	run_lie(VMEDIA_VU_GET_INFLIGHT_FD, lie_inflight_size, -EPROTO);
	run_lie(VMEDIA_VU_GET_INFLIGHT_FD, lie_inflight_offset, -EPROTO);
	run_lie(VMEDIA_VU_GET_INFLIGHT_FD, lie_inflight_queues, -EPROTO);
}

/* A refusal is not the end. */
static void lie_refuse(struct fake *f, struct vmedia_vu_msg *a)
{
	a->hdr.size = a->hdr.request == VMEDIA_VU_GET_CONFIG ? 0 : 8;
	a->p.u64 = 22;
}

static void lie_no_fd(struct fake *f, struct vmedia_vu_msg *a)
{
	a->num_fds = 0;
}

static void test_refusals(void **state)
{
	struct fake f;

	fake_open(&f);
	assert_int_equal(vmedia_vuf_negotiate(f.vuf), 0);
	f.lie = lie_refuse;
	f.lie_on = VMEDIA_VU_SET_VRING_NUM;
	assert_int_equal(ask(&f, f.lie_on), -EIO);
	f.lie_on = VMEDIA_VU_GET_CONFIG;
	assert_int_equal(ask(&f, f.lie_on), -EIO);
	f.lie = lie_no_fd;
	f.lie_on = VMEDIA_VU_GET_SHARED_OBJECT;
	assert_int_equal(ask(&f, f.lie_on), -ENOENT);
	f.lie_on = VMEDIA_VU_GET_INFLIGHT_FD;
	assert_int_equal(ask(&f, f.lie_on), -EIO);
	f.lie = NULL;
	assert_int_equal(ask(&f, VMEDIA_VU_GET_STATUS), 0);
	fake_close(&f);
}

/* A message that nobody asked for is not the answer to the next question. */
static void test_stray(void **state)
{
	struct vmedia_vu_hdr hdr = { VMEDIA_VU_GET_STATUS, VMEDIA_VU_VERSION | VMEDIA_VU_FLAG_REPLY,
				     8 };
	uint64_t val = 3;
	uint8_t status;
	struct fake f;

	fake_open(&f);
	assert_int_equal(vmedia_vuf_negotiate(f.vuf), 0);
	assert_int_equal(vmedia_vu_link_send(&f.link, &hdr, &val, &f.file, 1), 0);
	assert_int_equal(vmedia_vuf_get_status(f.vuf, &status), -EPROTO);
	fake_close(&f);
}

/* ---- requests of a back-end that lies ---- */

/*
 * Sends a request on the channel; returns the answer's value, -1 without one, -2 if the front-end
 * gave up.
 */
static int64_t request(struct fake *f, uint32_t req, uint32_t flags, const void *payload,
		       uint32_t size, unsigned int num_fds)
{
	struct vmedia_vu_hdr hdr = { req, flags, size };
	struct vmedia_vu_msg a;
	int fds[8], i, ret;

	for (i = 0; i < 8; i++)
		fds[i] = f->file;
	assert_int_equal(vmedia_vu_link_send(&f->chan, &hdr, payload, fds, num_fds), 0);
	if (vmedia_vuf_handle_backend_req(f->vuf))
		return -2;
	ret = vmedia_vu_link_recv(&f->chan, &a);
	if (!ret)
		return -1;
	assert_int_equal(ret, 1);
	assert_int_equal(a.hdr.request, req);
	assert_int_equal(a.hdr.flags, VMEDIA_VU_VERSION | VMEDIA_VU_FLAG_REPLY);
	assert_int_equal(a.hdr.size, 8);
	vmedia_vu_msg_drop_fds(&a);
	return a.p.u64;
}

static void test_bad_maps(void **state)
{
	const uint32_t need = VMEDIA_VU_VERSION | VMEDIA_VU_FLAG_NEED_REPLY;
	const uint64_t page = vmedia_page_size();
	const struct vmedia_vu_mmap bad[] = {
		{ .shmid = 1, .len = page },
		{ .len = 0 },
		{ .len = page + 1 },
		{ .len = page, .shm_offset = 1 },
		{ .len = page, .fd_offset = 1 },
		{ .len = page, .shm_offset = RIG_SHMEM },
		{ .len = RIG_SHMEM + page },
		{ .len = 2 * page, .shm_offset = 0 - page },
		{ .len = 0 - page, .shm_offset = page },
		{ .len = 0 - page, .fd_offset = page },
		{ .len = page, .flags = 2 },
		{ .len = page, .fd_offset = 65536 },
		{ .len = 65536 + page },
		{ .len = page, .fd_offset = 0 - page },
	};
	struct vmedia_vu_mmap good = { .len = page, .flags = VMEDIA_VU_MMAP_RW };
	struct fake f;
	size_t i;

	fake_open(&f);
	assert_int_equal(vmedia_vuf_negotiate(f.vuf), 0);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(request(&f, VMEDIA_VU_B_SHMEM_MAP, need, &bad[i], 40, 1), EINVAL);
		assert_int_equal(
			request(&f, VMEDIA_VU_B_SHMEM_MAP, VMEDIA_VU_VERSION, &bad[i], 40, 1), -1);
	}
	assert_int_equal(f.maps, 0);
	assert_int_equal(request(&f, VMEDIA_VU_B_SHMEM_MAP, need, &good, 40, 1), 0);
	assert_int_equal(f.maps, 1);
	/* Not implemented by the owner. */
	assert_true(request(&f, VMEDIA_VU_B_SHMEM_UNMAP, need, &good, 40, 0) > 0);
	assert_true(request(&f, VMEDIA_VU_B_SHARED_OBJECT_ADD, need, &good, 16, 0) > 0);
	assert_true(request(&f, VMEDIA_VU_B_SHARED_OBJECT_LOOKUP, need, &good, 16, 0) > 0);
	assert_int_equal(request(&f, VMEDIA_VU_B_CONFIG_CHANGE, need, NULL, 0, 0), 0);
	/* Wrong form, but an answer is wanted. */
	assert_true(request(&f, VMEDIA_VU_B_SHMEM_MAP, need, &good, 40, 0) > 0);
	assert_true(request(&f, VMEDIA_VU_B_SHMEM_MAP, need, &good, 40, 2) > 0);
	assert_true(request(&f, VMEDIA_VU_B_SHMEM_MAP, need, &good, 39, 1) > 0);
	assert_true(request(&f, VMEDIA_VU_B_SHMEM_UNMAP, need, &good, 40, 1) > 0);
	assert_true(request(&f, 3, need, &good, 40, 8) > 0);
	assert_true(request(&f, UINT32_MAX, need, &good, 0, 0) > 0);
	fake_close(&f);
}

static void test_fatal_requests(void **state)
{
	struct vmedia_vu_mmap m = { .len = vmedia_page_size() };
	const uint32_t reply = VMEDIA_VU_VERSION | VMEDIA_VU_FLAG_REPLY;
	int i;

	for (i = 0; i < 5; i++) {
		struct fake f;
		int64_t ret = 0;

		fake_open(&f);
		assert_int_equal(vmedia_vuf_negotiate(f.vuf), 0);
		switch (i) {
		case 0:
			ret = request(&f, 3, VMEDIA_VU_VERSION, &m, 40, 1);
			break;
		case 1:
			ret = request(&f, VMEDIA_VU_B_SHMEM_MAP, VMEDIA_VU_VERSION, &m, 40, 0);
			break;
		case 2:
			ret = request(&f, VMEDIA_VU_B_SHMEM_MAP, reply, &m, 40, 1);
			break;
		case 3:
			ret = request(&f, VMEDIA_VU_B_SHARED_OBJECT_LOOKUP, VMEDIA_VU_VERSION, &m,
				      40, 1);
			break;
		case 4:
			ret = request(&f, VMEDIA_VU_B_SHMEM_MAP, 2, &m, 40, 1);
			break;
		}
		assert_int_equal(ret, -2);
		assert_int_equal(ask(&f, VMEDIA_VU_GET_STATUS), -EPROTO);
		fake_close(&f);
	}
}

/*
 * Requests that come while the front-end waits, and a back-end that floods the channel without
 * reading.
 */
static void test_flood(void **state)
{
	struct vmedia_vu_mmap m = { .len = vmedia_page_size() };
	struct vmedia_vu_hdr hdr = { VMEDIA_VU_B_SHMEM_MAP,
				     VMEDIA_VU_VERSION | VMEDIA_VU_FLAG_NEED_REPLY, 40 };
	unsigned int i, sent = 0;
	struct fake f;

	fake_open(&f);
	assert_int_equal(vmedia_vuf_negotiate(f.vuf), 0);
	for (i = 0; i < 20000; i++) {
		if (!vmedia_vu_link_wants_write(&f.chan)) {
			assert_int_equal(vmedia_vu_link_send(&f.chan, &hdr, &m, &f.file, 1), 0);
			sent++;
		}
		if (i % 100 == 0)
			assert_int_equal(vmedia_vuf_handle_backend_req(f.vuf), 0);
	}
	assert_true(sent > 200);
	assert_true(f.maps <= sent);
	assert_int_equal(ask(&f, VMEDIA_VU_GET_STATUS), 0);
	/* The front-end stopped reading when its answers were not read. */
	assert_true(vmedia_vuf_wants_write(f.vuf));
	fake_close(&f);
}

static void test_connect(void **state)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	char dir[] = "/tmp/vmedia-test-XXXXXX", path[64], longer[200];
	struct vmedia_vuf *vuf;
	int sock, fds = rig_count_fds();

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/s", dir);
	assert_int_equal(vmedia_vuf_connect(path, NULL, NULL, NULL, &vuf), -ENOENT);
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = 0;
	assert_int_equal(vmedia_vuf_connect(longer, NULL, NULL, NULL, &vuf), -ENAMETOOLONG);
	sock = socket(AF_UNIX, SOCK_STREAM, 0);
	memcpy(addr.sun_path, path, sizeof(path));
	assert_int_equal(bind(sock, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(vmedia_vuf_connect(path, NULL, NULL, NULL, &vuf), -ECONNREFUSED);
	assert_int_equal(listen(sock, 1), 0);
	assert_int_equal(vmedia_vuf_connect(path, NULL, NULL, NULL, &vuf), 0);
	assert_true(vmedia_vuf_socket(vuf) >= 0);
	vmedia_vuf_destroy(vuf);
	close(sock);
	unlink(path);
	rmdir(dir);
	assert_int_equal(rig_count_fds(), fds);
}

/* Without a pump the deadline is real; a peer that never answers cannot hold us. */
static void test_deadline(void **state)
{
	struct vmedia_vuf_config cfg = { .timeout_ms = 1 };
	struct vmedia_vuf *vuf;
	int sv[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	assert_int_equal(vmedia_vuf_create(sv[1], &cfg, NULL, NULL, &vuf), 0);
	assert_int_equal(vmedia_vuf_negotiate(vuf), -ETIMEDOUT);
	assert_int_equal(vmedia_vuf_negotiate(vuf), -ETIMEDOUT);
	vmedia_vuf_destroy(vuf);
	close(sv[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_form),	       cmocka_unit_test(test_stall_and_leave),
		cmocka_unit_test(test_values),	       cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_stray),	       cmocka_unit_test(test_bad_maps),
		cmocka_unit_test(test_fatal_requests), cmocka_unit_test(test_flood),
		cmocka_unit_test(test_connect),	       cmocka_unit_test(test_deadline),
	};

	vmedia_log_set_level(VMEDIA_LOG_ERR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
