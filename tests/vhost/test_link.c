/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of messages and the framed socket. */
#include "rig.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"

struct pair {
	struct vmedia_vu_link link;
	int peer;
	int fds;
};

static void pair_open(struct pair *p)
{
	int sv[2];

	p->fds = rig_count_fds();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), 0);
	assert_int_equal(vmedia_vu_link_init(&p->link, sv[0]), 0);
	p->peer = sv[1];
}

static void pair_close(struct pair *p)
{
	vmedia_vu_link_finish(&p->link);
	vmedia_vu_link_finish(&p->link);
	vmedia_fd_close(&p->peer);
	assert_int_equal(rig_count_fds(), p->fds);
}

/* Sends bytes with descriptors, as a peer of any manners would. */
static void peer_send(int sock, const void *data, size_t len, const int *fds, unsigned int num)
{
	char control[CMSG_SPACE(64 * sizeof(int))] = { 0 };
	struct iovec iov = { (void *)data, len };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (num) {
		struct cmsghdr *c;

		mh.msg_control = control;
		mh.msg_controllen = CMSG_SPACE(num * sizeof(int));
		c = CMSG_FIRSTHDR(&mh);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(num * sizeof(int));
		memcpy(CMSG_DATA(c), fds, num * sizeof(int));
	}
	assert_int_equal(sendmsg(sock, &mh, 0), len);
}

static void test_bytewise(void **state)
{
	struct {
		struct vmedia_vu_hdr hdr;
		uint8_t data[264];
	} out = { { VMEDIA_VU_SET_MEM_TABLE, VMEDIA_VU_VERSION, 264 }, { 0 } };
	struct vmedia_vu_msg msg;
	struct pair p;
	size_t i;

	pair_open(&p);
	for (i = 0; i < sizeof(out.data); i++)
		out.data[i] = i;
	for (i = 0; i < sizeof(out); i++) {
		assert_int_equal(vmedia_vu_link_recv(&p.link, &msg), 0);
		/* Descriptors with any part of a message are the message's. */
		peer_send(p.peer, (uint8_t *)&out + i, 1, &p.peer, i % 50 == 0);
	}
	assert_int_equal(vmedia_vu_link_recv(&p.link, &msg), 1);
	assert_int_equal(msg.hdr.size, 264);
	assert_memory_equal(msg.p.bytes, out.data, 264);
	assert_int_equal(msg.num_fds, 6);
	vmedia_vu_msg_drop_fds(&msg);
	pair_close(&p);
}

static void test_two_at_once(void **state)
{
	struct vmedia_vu_hdr out[2] = { { VMEDIA_VU_SET_OWNER, VMEDIA_VU_VERSION, 0 },
					{ VMEDIA_VU_GET_FEATURES, VMEDIA_VU_VERSION, 0 } };
	struct vmedia_vu_msg msg;
	struct pair p;

	pair_open(&p);
	peer_send(p.peer, out, sizeof(out), NULL, 0);
	assert_int_equal(vmedia_vu_link_recv(&p.link, &msg), 1);
	assert_int_equal(msg.hdr.request, VMEDIA_VU_SET_OWNER);
	assert_int_equal(vmedia_vu_link_recv(&p.link, &msg), 1);
	assert_int_equal(msg.hdr.request, VMEDIA_VU_GET_FEATURES);
	assert_int_equal(vmedia_vu_link_recv(&p.link, &msg), 0);
	pair_close(&p);
}

static void test_bad_headers(void **state)
{
	static const struct vmedia_vu_hdr bad[] = {
		{ 1, 0, 0 },
		{ 1, 2, 0 },
		{ 1, 3, 0 },
		{ 1, VMEDIA_VU_VERSION, VMEDIA_VU_MAX_PAYLOAD + 1 },
		{ 1, VMEDIA_VU_VERSION, UINT32_MAX },
	};
	struct vmedia_vu_msg msg;
	struct pair p;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		pair_open(&p);
		peer_send(p.peer, &bad[i], sizeof(bad[i]), &p.peer, 1);
		assert_int_equal(vmedia_vu_link_recv(&p.link, &msg), -EPROTO);
		pair_close(&p);
	}
}

static void test_peer_leaves(void **state)
{
	struct vmedia_vu_hdr hdr = { 1, VMEDIA_VU_VERSION, 8 };
	struct vmedia_vu_msg msg;
	size_t cut;

	for (cut = 0; cut <= sizeof(hdr); cut++) {
		struct pair p;

		pair_open(&p);
		if (cut)
			peer_send(p.peer, &hdr, cut, (int[]){ 0 }, 1);
		vmedia_fd_close(&p.peer);
		assert_int_equal(vmedia_vu_link_recv(&p.link, &msg), -ECONNRESET);
		pair_close(&p);
	}
}

static void test_many_fds(void **state)
{
	struct vmedia_vu_hdr hdr = { 1, VMEDIA_VU_VERSION, 0 };
	int fds[64];
	struct vmedia_vu_msg msg;
	unsigned int n;

	for (n = 1; n <= 64; n += 7) {
		struct pair p;
		unsigned int i;

		pair_open(&p);
		for (i = 0; i < n; i++)
			fds[i] = p.peer;
		peer_send(p.peer, &hdr, sizeof(hdr), fds, n);
		assert_int_equal(vmedia_vu_link_recv(&p.link, &msg), n <= 8 ? 1 : -EPROTO);
		if (n <= 8) {
			assert_int_equal(msg.num_fds, n);
			vmedia_vu_msg_drop_fds(&msg);
		}
		pair_close(&p);
	}
}

static void test_fds_over_several_parts(void **state)
{
	struct vmedia_vu_hdr hdr = { 1, VMEDIA_VU_VERSION, 0 };
	struct vmedia_vu_msg msg;
	struct pair p;
	int fds[5], i;

	pair_open(&p);
	for (i = 0; i < 5; i++)
		fds[i] = p.peer;
	peer_send(p.peer, &hdr, 6, fds, 5);
	peer_send(p.peer, (uint8_t *)&hdr + 6, 6, fds, 5);
	assert_int_equal(vmedia_vu_link_recv(&p.link, &msg), -EPROTO);
	pair_close(&p);
}

/* A peer that does not read: messages queue up to the bound, in order, descriptors with them. */
static void test_queue(void **state)
{
	struct vmedia_vu_hdr hdr = { VMEDIA_VU_GET_SHMEM_CONFIG, VMEDIA_VU_VERSION, 2056 };
	union vmedia_vu_payload payload;
	struct vmedia_vu_link other;
	struct vmedia_vu_msg msg;
	unsigned int sent = 0, got = 0;
	struct pair p;
	int err, ret;

	pair_open(&p);
	memset(&payload, 0, sizeof(payload));
	for (;;) {
		payload.u64 = sent;
		err = vmedia_vu_link_send(&p.link, &hdr, &payload, &p.peer, sent % 64 == 0);
		if (err)
			break;
		sent++;
	}
	assert_int_equal(err, -ENOBUFS);
	assert_true(vmedia_vu_link_wants_write(&p.link));
	assert_int_equal(p.link.out_count, VMEDIA_VU_OUT_MAX);
	assert_int_equal(vmedia_vu_link_init(&other, p.peer), 0);
	while (got < sent) {
		ret = vmedia_vu_link_recv(&other, &msg);
		assert_true(ret >= 0);
		if (!ret) {
			assert_true(vmedia_vu_link_flush(&p.link) >= 0);
			continue;
		}
		assert_int_equal(msg.hdr.size, 2056);
		assert_int_equal(msg.p.u64, got);
		assert_int_equal(msg.num_fds, got % 64 == 0);
		vmedia_vu_msg_drop_fds(&msg);
		got++;
	}
	assert_false(vmedia_vu_link_wants_write(&p.link));
	assert_int_equal(vmedia_vu_link_flush(&p.link), 0);
	p.peer = -1;
	vmedia_vu_link_finish(&other);
	assert_int_equal(vmedia_vu_link_send(&p.link, &hdr, &payload, NULL, 0), -ECONNRESET);
	pair_close(&p);
}

static void test_no_socket(void **state)
{
	struct vmedia_vu_link link;
	int pipefd[2], udp = socket(AF_UNIX, SOCK_DGRAM, 0), inet = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(pipe(pipefd), 0);
	assert_int_equal(vmedia_vu_link_init(&link, pipefd[0]), -ENOTSOCK);
	assert_int_equal(vmedia_vu_link_init(&link, udp), -ENOTSOCK);
	if (inet >= 0)
		assert_int_equal(vmedia_vu_link_init(&link, inet), -ENOTSOCK);
	assert_int_equal(vmedia_vu_link_init(&link, -1), -ENOTSOCK);
	close(pipefd[0]);
	close(pipefd[1]);
	close(udp);
	close(inet);
}

/* Each row refuses a byte too few, a byte too many, a descriptor too many, the feature missing. */
static void check_row(enum vmedia_vu_dir dir, uint32_t req, const struct vmedia_vu_row *row)
{
	struct vmedia_vu_limits all = { .offered = ~0ull, .negotiated = ~0ull, .num_rings = 1 };
	struct vmedia_vu_limits less = all;
	struct vmedia_vu_msg msg = { .hdr = { req, VMEDIA_VU_VERSION, row->min } };
	unsigned int nofd = row->ring == VMEDIA_VU_RING_U8 ? VMEDIA_VU_VRING_NOFD : 0;

	msg.num_fds = row->fds_min;
	msg.p.u64 = nofd;
	assert_int_equal(vmedia_vu_check(dir, &msg, &all), 0);
	msg.hdr.size = row->max;
	assert_int_equal(vmedia_vu_check(dir, &msg, &all), 0);
	msg.hdr.size = row->max + 1;
	assert_int_equal(vmedia_vu_check(dir, &msg, &all), -EMSGSIZE);
	if (row->min) {
		msg.hdr.size = row->min - 1;
		assert_int_equal(vmedia_vu_check(dir, &msg, &all), -EMSGSIZE);
	}
	msg.hdr.size = row->min;
	msg.num_fds = row->fds_max + 1;
	assert_int_equal(vmedia_vu_check(dir, &msg, &all), -EBADF);
	if (row->fds_min) {
		msg.num_fds = row->fds_min - 1;
		assert_int_equal(vmedia_vu_check(dir, &msg, &all), -EBADF);
	}
	msg.num_fds = row->fds_min;
	if (row->ring != VMEDIA_VU_RING_NONE) {
		msg.p.u64 = nofd + 1;
		assert_int_equal(vmedia_vu_check(dir, &msg, &all), -ERANGE);
	}
	if (nofd) {
		msg.p.u64 = 0;
		assert_int_equal(vmedia_vu_check(dir, &msg, &all), -EBADF);
		msg.num_fds = 1;
		assert_int_equal(vmedia_vu_check(dir, &msg, &all), 0);
	}
	if (row->feature >= 0) {
		less.negotiated &= ~(1ull << row->feature);
		if (row->offered)
			less.offered &= ~(1ull << row->feature);
		assert_int_equal(vmedia_vu_check(dir, &msg, &less), -EOPNOTSUPP);
	}
}

static void test_table(void **state)
{
	struct vmedia_vu_limits all = { .offered = ~0ull, .negotiated = ~0ull, .num_rings = 1 };
	enum vmedia_vu_dir dir;
	unsigned int rows = 0;
	uint32_t req;

	for (dir = VMEDIA_VU_FRONT; dir <= VMEDIA_VU_BACK; dir++) {
		for (req = 0; req < 100; req++) {
			const struct vmedia_vu_row *row = vmedia_vu_row(dir, req);
			struct vmedia_vu_msg msg = { .hdr = { req, VMEDIA_VU_VERSION, 0 } };

			assert_non_null(vmedia_vu_name(dir, req));
			if (row) {
				rows++;
				assert_true(row->max <= VMEDIA_VU_MAX_PAYLOAD);
				assert_true(row->reply_max <= VMEDIA_VU_MAX_PAYLOAD);
				check_row(dir, req, row);
			} else {
				assert_int_equal(vmedia_vu_check(dir, &msg, &all), -EOPNOTSUPP);
			}
		}
		assert_null(vmedia_vu_row(dir, UINT32_MAX));
	}
	assert_int_equal(rows, 29 + 6);
}

static void test_replies(void **state)
{
	struct vmedia_vu_msg m = { .hdr = { VMEDIA_VU_GET_FEATURES,
					    VMEDIA_VU_VERSION | VMEDIA_VU_FLAG_REPLY, 8 } };
	const enum vmedia_vu_dir dir = VMEDIA_VU_FRONT;

	assert_int_equal(vmedia_vu_check_reply(dir, VMEDIA_VU_GET_FEATURES, false, &m), 0);
	assert_int_equal(vmedia_vu_check_reply(dir, VMEDIA_VU_GET_STATUS, false, &m), -EPROTO);
	m.num_fds = 1;
	assert_int_equal(vmedia_vu_check_reply(dir, VMEDIA_VU_GET_FEATURES, false, &m), -EPROTO);
	m.num_fds = 0;
	m.hdr.size = 7;
	assert_int_equal(vmedia_vu_check_reply(dir, VMEDIA_VU_GET_FEATURES, false, &m), -EPROTO);
	m.hdr.size = 9;
	assert_int_equal(vmedia_vu_check_reply(dir, VMEDIA_VU_GET_FEATURES, false, &m), -EPROTO);
	m.hdr.size = 8;
	m.hdr.flags = VMEDIA_VU_VERSION;
	assert_int_equal(vmedia_vu_check_reply(dir, VMEDIA_VU_GET_FEATURES, false, &m), -EPROTO);
	m.hdr = (struct vmedia_vu_hdr){ VMEDIA_VU_SET_OWNER,
					VMEDIA_VU_VERSION | VMEDIA_VU_FLAG_REPLY, 8 };
	assert_int_equal(vmedia_vu_check_reply(dir, VMEDIA_VU_SET_OWNER, true, &m), 0);
	m.hdr.size = 0;
	assert_int_equal(vmedia_vu_check_reply(dir, VMEDIA_VU_SET_OWNER, true, &m), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytewise),    cmocka_unit_test(test_two_at_once),
		cmocka_unit_test(test_bad_headers), cmocka_unit_test(test_peer_leaves),
		cmocka_unit_test(test_many_fds),    cmocka_unit_test(test_fds_over_several_parts),
		cmocka_unit_test(test_queue),	    cmocka_unit_test(test_no_socket),
		cmocka_unit_test(test_table),	    cmocka_unit_test(test_replies),
	};

	vmedia_log_set_level(VMEDIA_LOG_ERR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
