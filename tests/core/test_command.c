/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Commands: every row of the wire's sizes, what is refused and how, framing, and the rules about
 * pointers. Bytes are written by hand where the byte is the point.
 */
#include "test.h"

#include <linux/videodev2.h>

/* ---- Sizes ---- */

static void test_open_close_bytes(void **state)
{
	struct world *w = world_new(NULL);
	uint8_t open[8] = { 1 }, close[16] = { 2 }, resp[32];

	assert_int_equal(harness_raw(&w->h, open, 8, resp, 16), 16);
	assert_int_equal(le32(resp), 0);
	assert_int_equal(le32(resp + 4), 0);
	assert_int_not_equal(le32(resp + 8), 0);
	assert_int_equal(le32(resp + 12), 0);
	assert_int_equal(w->f.opens, 1);
	memcpy(close + 8, resp + 8, 4);
	assert_int_equal(harness_raw(&w->h, close, 16, NULL, 0), 0);
	assert_int_equal(w->f.closes, 1);
	/* Again, and for an id that never was: accepted and ignored. */
	assert_int_equal(harness_raw(&w->h, close, 16, NULL, 0), 0);
	/* A driver that gives room: nothing is written into it. */
	assert_int_equal(harness_raw(&w->h, close, 16, resp, 16), 0);
	assert_int_equal(resp[0], 0xee);
	assert_int_equal(w->f.closes, 1);
	world_end(w);
}

static void test_room_before_effect(void **state)
{
	struct world *w = world_new(NULL);
	uint8_t open[8] = { 1 }, resp[16];

	/* No room for the whole answer: EINVAL, and no session was opened. */
	assert_int_equal(harness_raw(&w->h, open, 8, resp, 15), 8);
	assert_int_equal(le32(resp), EINVAL);
	assert_int_equal(harness_raw(&w->h, open, 8, resp, 8), 8);
	assert_int_equal(le32(resp), EINVAL);
	/* Not even for a header. */
	assert_int_equal(harness_raw(&w->h, open, 8, resp, 7), 0);
	assert_int_equal(harness_raw(&w->h, open, 8, NULL, 0), 0);
	assert_int_equal(w->f.opens, 0);
	assert_int_equal(stats_of(w).bad_chains, 4);
	world_end(w);
}

static void test_ioctl_bytes(void **state)
{
	struct world *w = world_open();
	uint8_t req[16 + 208] = { 3 }, resp[8 + 208];

	put32(req + 8, w->session);
	put32(req + 12, VMEDIA_NR_G_FMT);
	put32(req + 16, VMEDIA_BUF_TYPE_VIDEO_CAPTURE);
	assert_int_equal(harness_raw(&w->h, req, sizeof(req), resp, sizeof(resp)), 216);
	assert_int_equal(le32(resp), 0);
	assert_int_equal(le32(resp + 8), VMEDIA_BUF_TYPE_VIDEO_CAPTURE);
	assert_int_equal(le32(resp + 16), 1280);
	/* W: a header. STREAMON, as of a driver that posts just that. */
	put32(req + 12, VMEDIA_NR_STREAMON);
	assert_int_equal(harness_raw(&w->h, req, 20, resp, 8), 8);
	assert_int_equal(le32(resp), 0);
	/* R: the payload comes only from the device. */
	put32(req + 12, VMEDIA_NR_G_INPUT);
	assert_int_equal(harness_raw(&w->h, req, 16, resp, 12), 12);
	/* The reference driver sends 4 bytes too many with it. */
	assert_int_equal(harness_raw(&w->h, req, 20, resp, 12), 12);
	assert_int_equal(le32(resp), 0);
	world_end(w);
}

static void test_mmap_bytes(void **state)
{
	struct world *w = world_open();
	uint8_t req[20] = { 4 }, unmap[16] = { 5 }, resp[24];

	put32(req + 8, w->session);
	put32(req + 12, 1);
	put32(req + 16, FAKE_STRIDE);
	assert_int_equal(harness_raw(&w->h, req, 20, resp, 24), 24);
	assert_int_equal(le32(resp), 0);
	assert_int_equal(le32(resp + 16), FAKE_LENGTH);
	memcpy(unmap + 8, resp + 8, 8);
	assert_int_equal(harness_raw(&w->h, unmap, 16, resp, 8), 8);
	assert_int_equal(le32(resp), 0);
	assert_int_equal(harness_raw(&w->h, unmap, 16, resp, 8), 8);
	assert_int_equal(le32(resp), EINVAL);
	/* 20 bytes, not 19. */
	assert_int_equal(harness_raw(&w->h, req, 19, resp, 24), 8);
	assert_int_equal(le32(resp), EINVAL);
	world_end(w);
}

/* ---- Refusals ---- */

static void expect_status(struct world *w, const void *req, size_t len, int status)
{
	uint8_t resp[4096];

	assert_true(harness_raw(&w->h, req, len, resp, sizeof(resp)) >= 8);
	assert_int_equal(le32(resp), status);
}

static void test_short_and_unknown(void **state)
{
	struct world *w = world_open();
	uint8_t req[64] = { 0 };
	unsigned int len, type;

	for (type = 1; type <= 5; type++) {
		static const uint8_t need[] = { 0, 8, 16, 16, 20, 16 };

		put32(req, type);
		for (len = 1; len < need[type]; len++)
			expect_status(w, req, len, EINVAL);
	}
	put32(req, 0);
	expect_status(w, req, 8, ENOTTY);
	put32(req, 6);
	expect_status(w, req, 16, ENOTTY);
	put32(req, 0xffffffff);
	expect_status(w, req, 64, ENOTTY);
	world_end(w);
}

static void test_not_carried(void **state)
{
	static const uint32_t nrs[] = {
		VMEDIA_NR_QUERYCAP,
		VMEDIA_NR_DQBUF,
		VMEDIA_NR_DQEVENT,
		VMEDIA_NR_G_JPEGCOMP,
		VMEDIA_NR_S_JPEGCOMP,
		VMEDIA_NR_LOG_STATUS,
		VMEDIA_NR_G_FBUF,
		VMEDIA_NR_S_FBUF,
		VMEDIA_NR_OVERLAY,
		1,
		3,
		105,
		200,
		0x80000000,
	};
	struct world *w = world_open();
	uint8_t req[1024] = { 3 };
	unsigned int i;

	put32(req + 8, w->session);
	for (i = 0; i < VMEDIA_ARRAY_SIZE(nrs); i++) {
		put32(req + 12, nrs[i]);
		expect_status(w, req, sizeof(req), ENOTTY);
	}
	assert_int_equal(w->f.ioctls, 0);
	/* The device's own ENOTTY. */
	w->f.ioctl_err = -ENOTTY;
	put32(req + 12, VMEDIA_NR_G_STD);
	expect_status(w, req, sizeof(req), ENOTTY);
	world_end(w);
}

static void test_unknown_session(void **state)
{
	struct world *w = world_open();
	uint8_t req[1024] = { 3 };

	put32(req + 8, w->session + 1);
	put32(req + 12, VMEDIA_NR_G_FMT);
	expect_status(w, req, sizeof(req), EINVAL);
	/* The session is looked at before the ioctl's number. */
	put32(req + 12, VMEDIA_NR_DQBUF);
	expect_status(w, req, sizeof(req), EINVAL);
	put32(req, VMEDIA_CMD_MMAP);
	expect_status(w, req, sizeof(req), EINVAL);
	assert_int_equal(w->f.ioctls, 0);
	world_end(w);
}

static void test_every_ioctl_reaches_the_device(void **state)
{
	struct world *w = world_open();
	const struct vmedia_ioctl_info *const *table;
	struct vmedia_cmd cmd;
	unsigned int i, n, carried = 0;

	w->f.ioctl_err = -EBUSY;
	table = vmedia_ioctl_table(&n);
	for (i = 0; i < n; i++) {
		if (!(table[i]->flags & VMEDIA_IOCTL_CARRIED))
			continue;
		harness_cmd_ioctl(&cmd, w->session, table[i]->nr);
		assert_int_equal(harness_cmd(&w->h, &cmd), -EBUSY);
		assert_int_equal(w->f.ioctls, ++carried);
	}
	assert_true(carried > 60);
	world_end(w);
}

static void test_status_range(void **state)
{
	static const int answers[][2] = {
		{ 1, EIO }, { -4096, EIO }, { -4095, 4095 }, { -100000, EIO }, { 0, 0 }
	};
	struct world *w = world_open();
	uint8_t req[20] = { 3 }, resp[8];
	unsigned int i;

	vmedia_log_set_level(-1);
	put32(req + 8, w->session);
	put32(req + 12, VMEDIA_NR_STREAMON);
	for (i = 0; i < VMEDIA_ARRAY_SIZE(answers); i++) {
		w->f.ioctl_err = answers[i][0];
		assert_int_equal(harness_raw(&w->h, req, 20, resp, 8), 8);
		assert_int_equal(le32(resp), answers[i][1]);
	}
	world_end(w);
}

static void test_too_long(void **state)
{
	struct vmedia_limits limits;
	struct world *w;
	static uint8_t req[70000];
	uint8_t resp[8];

	vmedia_limits_default(&limits);
	limits.max_request = 65536;
	w = world_new(&limits);
	req[0] = 1;
	assert_int_equal(harness_raw(&w->h, req, 65537, resp, 8), 8);
	assert_int_equal(le32(resp), E2BIG);
	/* Bytes behind a command are tolerated up to there. */
	expect_status(w, req, 65536, 0);
	world_end(w);
}

/* ---- Chains that are none ---- */

static void test_bad_chains(void **state)
{
	struct world *w = world_open();
	struct vmedia_gpa_range nowhere = { 0x1000, 16 }, wrap = { UINT64_MAX - 7, 16 };
	struct vmedia_gpa_range edge = { HARNESS_GPA + HARNESS_RAM - 8, 16 };
	struct vmedia_gpa_range in = { HARNESS_GPA + HARNESS_RAM - 4096, 64 };
	struct harness_req *req[5];
	unsigned int i;

	req[0] = harness_offer_sg(&w->h, 0, &nowhere, 1, &in, 1);
	req[1] = harness_offer_sg(&w->h, 0, &wrap, 1, &in, 1);
	req[2] = harness_offer_sg(&w->h, 0, &edge, 1, &in, 1);
	req[3] = harness_offer_sg(&w->h, 0, &in, 1, &nowhere, 1);
	req[4] = harness_offer_sg(&w->h, 0, NULL, 0, &in, 1); /* nothing to read: EINVAL */
	harness_kick(&w->h, 0);
	for (i = 0; i < 5; i++) {
		assert_true(req[i]->used);
		assert_int_equal(req[i]->len, i == 4 ? 8 : 0);
		harness_put(&w->h, req[i]);
	}
	assert_int_equal(w->h.notifies[0], 2); /* OPEN, and one for the five */
	assert_int_equal(harness_close(&w->h, w->session), 0);
	world_end(w);
}

/* The very first command of all has no bytes. */
static void test_nothing_first(void **state)
{
	struct world *w = world_new(NULL);
	struct vmedia_gpa_range in = { HARNESS_GPA + HARNESS_RAM - 4096, 64 };
	struct harness_req *req = harness_offer_sg(&w->h, 0, NULL, 0, &in, 1);

	harness_kick(&w->h, 0);
	assert_true(req->used);
	assert_int_equal(req->len, 8);
	assert_int_equal(le32(w->h.ram + HARNESS_RAM - 4096), EINVAL);
	harness_put(&w->h, req);
	world_end(w);
}

/* ---- Framing ---- */

static void test_split_anywhere(void **state)
{
	struct world *w = world_open();
	uint8_t req[16 + 208] = { 3 };
	size_t piece;

	put32(req + 8, w->session);
	put32(req + 12, VMEDIA_NR_G_FMT);
	put32(req + 16, 1);
	for (piece = 14; piece < 230; piece += 3) { /* 32 descriptors in an indirect table */
		struct harness_req *r = harness_offer(&w->h, req, sizeof(req), 216, piece);

		harness_kick(&w->h, 0);
		assert_true(r->used);
		assert_int_equal(r->len, 216);
		assert_int_equal(le32(r->resp), 0);
		assert_int_equal(le32(r->resp + 16), 1280);
		harness_put(&w->h, r);
	}
	world_end(w);
}

/* The specification allows both payload descriptors to be the same memory. */
static void test_alias(void **state)
{
	struct world *w = world_open();
	uint8_t *m = harness_alloc(&w->h, 4096, 64);
	uint64_t gpa = harness_gpa(&w->h, m);
	/* cmd at 0, response header at 64, payload at 128, shared */
	struct vmedia_gpa_range out[2] = { { gpa, 16 }, { gpa + 128, 208 } },
				in[2] = { { gpa + 64, 8 }, { gpa + 128, 208 } };
	struct harness_req *r;

	memset(m, 0, 4096);
	m[0] = 3;
	put32(m + 8, w->session);
	put32(m + 12, VMEDIA_NR_S_FMT);
	put32(m + 128, 1);
	put32(m + 136, 640);
	memset(m + 200, 0x5a, 100);
	r = harness_offer_sg(&w->h, 0, out, 2, in, 2);
	harness_kick(&w->h, 0);
	assert_true(r->used);
	assert_int_equal(r->len, 216);
	assert_int_equal(le32(m + 64), 0);
	assert_int_equal(le32(m + 128), 1);
	assert_int_equal(le32(m + 136), 640);
	harness_put(&w->h, r);
	world_end(w);
}

/* One notification for all commands of a kick. */
static void test_batch(void **state)
{
	struct world *w = world_open();
	unsigned int i, before = w->h.notifies[0];
	struct harness_req *r[20];
	uint8_t req[20] = { 3 };

	put32(req + 8, w->session);
	put32(req + 12, VMEDIA_NR_STREAMON);
	for (i = 0; i < 20; i++)
		r[i] = harness_offer(&w->h, req, 20, 8, HARNESS_PART);
	harness_kick(&w->h, 0);
	for (i = 0; i < 20; i++) {
		assert_true(r[i]->used);
		harness_put(&w->h, r[i]);
	}
	assert_int_equal(w->h.notifies[0], before + 1);
	world_end(w);
}

/* More than one turn takes: the loop gets its share in between, and all are answered. */
static void test_large_batch(void **state)
{
	struct harness_options opts = { .num = 2048 };
	struct world *w = calloc(1, sizeof(*w));
	static struct harness_req *r[1000];
	uint8_t open[8] = { 1 };
	unsigned int i, now = 0;

	assert_int_equal(harness_init(&w->h, &opts), 0);
	fake_create(&w->f, &w->h, NULL, 0);
	for (i = 0; i < 1000; i++)
		r[i] = harness_offer(&w->h, open, 8, 16, HARNESS_PART);
	vmedia_device_kick(w->f.dev, 0);
	harness_collect(&w->h);
	for (i = 0; i < 1000; i++)
		now += r[i]->used;
	assert_in_range(now, 1, 999);
	harness_step(&w->h);
	for (i = 0; i < 1000; i++) {
		assert_true(r[i]->used);
		assert_int_equal(le32(r[i]->resp), i < 128 ? 0 : EMFILE);
		harness_put(&w->h, r[i]);
	}
	assert_in_range(w->h.notifies[0], 2, 10);
	world_end(w);
}

/* ---- Answers of failures ---- */

static int ctrls_enospc(struct fake *f, struct vmedia_session *s, struct vmedia_request *req)
{
	struct vmedia_ioctl *io = vmedia_request_ioctl(req);

	io->arg.ext_controls.error_idx = 0;
	if (io->arg.ext_controls.count)
		io->ctrls[0].size = 4096;
	return -ENOSPC;
}

/* The reference driver needs 40 bytes even on errors to see them. */
static void test_ctrls_error_has_payload(void **state)
{
	struct world *w = world_open();
	uint8_t req[16 + 32 + 20] = { 3 }, resp[8 + 32 + 20];

	w->f.ioctl = ctrls_enospc;
	put32(req + 8, w->session);
	put32(req + 12, VMEDIA_NR_G_EXT_CTRLS);
	put32(req + 20, 1);
	put32(req + 24, 99);
	put32(req + 48, 0x00990001);
	assert_int_equal(harness_raw(&w->h, req, sizeof(req), resp, sizeof(resp)), 60);
	assert_int_equal(le32(resp), ENOSPC);
	assert_int_equal(le32(resp + 16), 0);	 /* error_idx */
	assert_int_equal(le32(resp + 44), 4096); /* size */
	put32(req + 20, 0);
	assert_int_equal(harness_raw(&w->h, req, 48, resp, 40), 40);
	assert_int_equal(le32(resp), ENOSPC);
	world_end(w);
}

static int scribble(struct fake *f, struct vmedia_session *s, struct vmedia_request *req)
{
	struct vmedia_ioctl *io = vmedia_request_ioctl(req);
	unsigned int i;

	if (io->info->follow == VMEDIA_FOLLOW_CTRLS) {
		io->arg.ext_controls.controls = 0xbad;
		for (i = 0; i < io->arg.ext_controls.count; i++)
			io->ctrls[i].ptr = 0xbad;
	} else if (io->info->follow == VMEDIA_FOLLOW_UUID) {
		io->arg.exportbuffer.fd = 77;
	} else {
		io->arg.buffer.m.planes = 0xbad;
		for (i = 0; i < VMEDIA_MAX_PLANES; i++)
			io->planes[i].m.userptr = 0xbad;
	}
	return 0;
}

/*
 * "MUST return the value initially passed by the driver", of pointers, userptr and fd placeholders.
 */
static void test_pointers_unchanged(void **state)
{
	struct world *w = world_open();
	struct vmedia_ext_control ctrl = { .id = 1, .size = 8, .ptr = 0x1122334455667788 };
	uint8_t raw[VMEDIA_SG_ENTRY_SIZE] = { 0 };
	struct vmedia_sg_entry e = { HARNESS_GPA, 4096 };
	struct vmedia_sg sg = { raw, 1 };
	struct vmedia_cmd cmd;

	w->f.ioctl = scribble;
	vmedia_sg_put(raw, 0, &e);
	harness_cmd_ioctl(&cmd, w->session, VMEDIA_NR_QBUF);
	cmd.io.arg.buffer.type = VMEDIA_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
	cmd.io.arg.buffer.memory = VMEDIA_MEMORY_USERPTR;
	cmd.io.arg.buffer.length = cmd.io.num_planes = 1;
	cmd.io.arg.buffer.m.planes = 0x7fff12345678;
	cmd.io.planes[0].length = 4096;
	cmd.io.planes[0].m.userptr = 0x7f0011112222;
	cmd.io.plane_sg[0] = sg;
	assert_int_equal(harness_cmd(&w->h, &cmd), 0); /* the driver's decoder checks all of them */
	assert_int_equal(cmd.io.planes[0].m.userptr, 0x7f0011112222);

	harness_cmd_ioctl(&cmd, w->session, VMEDIA_NR_PREPARE_BUF);
	cmd.io.arg.buffer.type = VMEDIA_BUF_TYPE_VIDEO_CAPTURE;
	cmd.io.arg.buffer.memory = VMEDIA_MEMORY_USERPTR;
	cmd.io.arg.buffer.length = 4096;
	cmd.io.arg.buffer.m.userptr = 0x7f0033334444;
	cmd.io.plane_sg[0] = sg;
	assert_int_equal(harness_cmd(&w->h, &cmd), 0);
	assert_int_equal(cmd.io.arg.buffer.m.userptr, 0x7f0033334444);

	harness_cmd_ioctl(&cmd, w->session, VMEDIA_NR_EXPBUF);
	cmd.io.arg.exportbuffer.fd = -1;
	assert_int_equal(harness_cmd(&w->h, &cmd), 0);
	assert_int_equal(cmd.io.arg.exportbuffer.fd, -1);

	e.len = 8;
	vmedia_sg_put(raw, 0, &e);
	harness_cmd_ioctl(&cmd, w->session, VMEDIA_NR_S_EXT_CTRLS);
	cmd.io.arg.ext_controls.count = cmd.io.max_ctrls = 1;
	cmd.io.arg.ext_controls.controls = 0x1000;
	cmd.io.ctrls = &ctrl;
	cmd.io.ctrl_sg = &sg;
	assert_int_equal(harness_cmd(&w->h, &cmd), 0);
	assert_int_equal(ctrl.ptr, 0x1122334455667788);
	assert_int_equal(cmd.io.arg.ext_controls.controls, 0x1000);
	world_end(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open_close_bytes),
		cmocka_unit_test(test_room_before_effect),
		cmocka_unit_test(test_ioctl_bytes),
		cmocka_unit_test(test_mmap_bytes),
		cmocka_unit_test(test_short_and_unknown),
		cmocka_unit_test(test_not_carried),
		cmocka_unit_test(test_unknown_session),
		cmocka_unit_test(test_every_ioctl_reaches_the_device),
		cmocka_unit_test(test_status_range),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_bad_chains),
		cmocka_unit_test(test_nothing_first),
		cmocka_unit_test(test_split_anywhere),
		cmocka_unit_test(test_alias),
		cmocka_unit_test(test_batch),
		cmocka_unit_test(test_large_batch),
		cmocka_unit_test(test_ctrls_error_has_payload),
		cmocka_unit_test(test_pointers_unchanged),
	};

	return cmocka_run_group_tests_name("core command", tests, NULL, NULL);
}
