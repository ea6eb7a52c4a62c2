// SPDX-License-Identifier: BSD-3-Clause
/*
 * Device end: each thing that a command can get wrong is refused by name, and each thing that is
 * tolerated is.
 */
#include "support.h"

static uint8_t wire[VMEDIA_MAX_REQ_SIZE];

static void put32(size_t at, uint32_t v)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		wire[at + i] = (uint8_t)(v >> (8 * i));
}

static void put64(size_t at, uint64_t v)
{
	put32(at, (uint32_t)v);
	put32(at + 4, (uint32_t)(v >> 32));
}

/* A command of session 5 with the code @nr and zeroes behind. */
static void ioctl_header(uint32_t nr)
{
	memset(wire, 0, 8192);
	put32(0, VMEDIA_CMD_IOCTL);
	put32(8, 5);
	put32(12, nr);
}

static void expect(size_t len, int err, const char *what)
{
	struct end *e = end_new();
	uint8_t *copy = exact(wire, len);
	uint8_t answer[8];
	int got = vmedia_cmd_decode(&e->cmd, copy, len);

	CHECK(got == err, "%d (%s), not %d (%s)", got, e->cmd.why.what ? e->cmd.why.what : "-", err,
	      what);
	assert_string_equal(e->cmd.why.what ? e->cmd.why.what : "-", what ? what : "-");
	if (err) {
		/* Whatever it was, the answer is a header: 8 bytes, with the errno. */
		if (e->cmd.type == VMEDIA_CMD_IOCTL && len >= 16)
			assert_null(e->cmd.io.info);
		if (e->cmd.type != VMEDIA_CMD_CLOSE) {
			assert_int_equal(vmedia_resp_encode(&e->cmd, err, answer, sizeof(answer)),
					 8);
			assert_int_equal(answer[0], -err);
		}
	}
	free(copy);
	free(e);
}

static void test_headers(void **state)
{
	static const uint8_t sizes[] = { 0, 8, 16, 16, 20, 16 };
	uint32_t type;
	size_t len;

	(void)state;
	for (type = VMEDIA_CMD_OPEN; type <= VMEDIA_CMD_MUNMAP; type++) {
		memset(wire, 0, 64);
		put32(0, type);
		for (len = 4; len < sizes[type]; len++)
			expect(len, -EINVAL, "command shorter than its type needs");
		if (type != VMEDIA_CMD_IOCTL) {
			expect(sizes[type], 0, NULL);
			expect(64, 0, NULL);		/* more than there should be */
		}
	}
	for (len = 0; len < 4; len++)
		expect(len, -EINVAL, "command shorter than its type needs");
	put32(0, 0);
	expect(8, -ENOTTY, "unknown command");
	put32(0, 6);
	expect(8, -ENOTTY, "unknown command");
	put32(0, 0xffffffff);
	expect(64, -ENOTTY, "unknown command");
	expect(7, -EINVAL, "command shorter than its type needs");
}

static void test_reserved_ignored(void **state)
{
	struct end *e = end_new();

	(void)state;
	memset(wire, 0xff, 32);
	put32(0, VMEDIA_CMD_CLOSE);
	put32(8, 77);
	assert_int_equal(vmedia_cmd_decode(&e->cmd, wire, 16), 0);
	assert_int_equal(e->cmd.session_id, 77);
	free(e);
}

static void test_unsupported(void **state)
{
	static const uint8_t unknown[] = { 1,  3,  6,  7,  12, 13,  20,	 31,
					   35, 51, 81, 83, 86, 105, 192, 255 };
	static const uint8_t not_carried[] = { 0, 10, 11, 14, 17, 61, 62, 70, 79, 80, 89, 102 };
	struct end *e = end_new();
	unsigned int i;

	(void)state;
	for (i = 0; i < COUNT(unknown); i++) {
		ioctl_header(unknown[i]);
		expect(16 + 256, -ENOTTY, "unknown ioctl");
	}
	for (i = 0; i < COUNT(not_carried); i++) {
		ioctl_header(not_carried[i]);
		expect(16 + 256, -ENOTTY, "ioctl that virtio-media does not carry");
		/* before its length matters */
		expect(16, -ENOTTY, "ioctl that virtio-media does not carry");
	}
	/* The code as it came is there for the log. */
	ioctl_header(0x12345);
	assert_int_equal(vmedia_cmd_decode(&e->cmd, wire, 16), -ENOTTY);
	assert_int_equal(e->cmd.code, 0x12345);
	assert_int_equal(e->cmd.session_id, 5);
	free(e);
}

static void test_short_payload(void **state)
{
	const struct vmedia_ioctl_info *const *table;
	unsigned int i, count;

	(void)state;
	table = vmedia_ioctl_table(&count);
	for (i = 0; i < count; i++) {
		if (!(table[i]->flags & VMEDIA_IOCTL_CARRIED))
			continue;
		ioctl_header(table[i]->nr);
		if (table[i]->dir & VMEDIA_DIR_W) {
			expect(16, -EINVAL, "payload shorter than its structure");
			expect(16 + table[i]->size - 1u, -EINVAL,
			       "payload shorter than its structure");
		} else {
			expect(16, 0, NULL);
			expect(20, 0, NULL);
		}
		expect(16 + table[i]->size + 16u, 0, NULL);
	}
}

/* ---- Buffers ---- */

#define BUF 16			/* the structure */
#define PLANE(i) (BUF + 88 + 64 * (i))

static void buffer_header(uint32_t nr, uint32_t type, uint32_t memory, uint32_t length)
{
	ioctl_header(nr);
	put32(BUF + 4, type);
	put32(BUF + 60, memory);
	put32(BUF + 72, length);
}

static void put_sg(size_t at, uint64_t start, uint32_t len)
{
	put64(at, start);
	put32(at + 8, len);
	put32(at + 12, 0xdeadbeef);		/* reserved: may be anything */
}

static void test_planes(void **state)
{
	(void)state;
	buffer_header(VMEDIA_NR_QBUF, VMEDIA_BUF_TYPE_VIDEO_CAPTURE_MPLANE, VMEDIA_MEMORY_MMAP, 9);
	expect(16 + 88 + 9 * 64, -EINVAL, "more planes than V4L2 has");
	put32(BUF + 72, 0xffffffff);
	expect(16 + 88 + 9 * 64, -EINVAL, "more planes than V4L2 has");
	put32(BUF + 72, 8);
	expect(16 + 88 + 8 * 64, 0, NULL);
	expect(16 + 88 + 8 * 64 - 1, -EINVAL, "command ends before its planes do");
	expect(16 + 88, -EINVAL, "command ends before its planes do");
	put32(BUF + 72, 0);
	expect(16 + 88, 0, NULL);
	/* A single-planar buffer's length is bytes. */
	buffer_header(VMEDIA_NR_QBUF, VMEDIA_BUF_TYPE_VIDEO_CAPTURE, VMEDIA_MEMORY_MMAP,
		      0xffffffff);
	expect(16 + 88, 0, NULL);
}

static void test_sg(void **state)
{
	const size_t sg = BUF + 88;

	(void)state;
	buffer_header(VMEDIA_NR_QBUF, VMEDIA_BUF_TYPE_VIDEO_CAPTURE, VMEDIA_MEMORY_USERPTR, 0);
	expect(sg, 0, NULL);				/* no memory, no list */
	put32(BUF + 72, 4096);
	expect(sg, -EINVAL, "SG list ends before its memory is covered");
	put_sg(sg, 0x1000, 4096);
	expect(sg + 16, 0, NULL);
	expect(sg + 15, -EINVAL, "SG list ends before its memory is covered");
	put_sg(sg, 0x1000, 4095);
	expect(sg + 16, -EINVAL, "SG list ends before its memory is covered");
	put_sg(sg + 16, 0x3000, 1);
	expect(sg + 32, 0, NULL);
	put_sg(sg + 16, 0x3000, 2);
	expect(sg + 32, -EINVAL, "SG list covers more than its memory");
	put_sg(sg, 0x1000, 0xffffffff);
	expect(sg + 32, -EINVAL, "SG list covers more than its memory");
	put_sg(sg, 0x1000, 0);
	expect(sg + 32, -EINVAL, "SG entry of zero bytes, covered so far");
	put_sg(sg, UINT64_MAX - 4094, 4096);
	expect(sg + 16, -EINVAL, "SG entry wraps round the address space");
	put_sg(sg, UINT64_MAX - 4096, 4096);
	expect(sg + 16, 0, NULL);
}

static void test_sg_limit(void **state)
{
	const size_t sg = BUF + 88;
	uint32_t i;

	(void)state;
	buffer_header(VMEDIA_NR_QBUF, VMEDIA_BUF_TYPE_VIDEO_CAPTURE, VMEDIA_MEMORY_USERPTR,
		      VMEDIA_MAX_SG_ENTRIES);
	for (i = 0; i <= VMEDIA_MAX_SG_ENTRIES; i++)
		put_sg(sg + 16 * i, 0x1000 * i, 1);
	expect(sg + 16 * VMEDIA_MAX_SG_ENTRIES, 0, NULL);
	put32(BUF + 72, VMEDIA_MAX_SG_ENTRIES + 1);
	expect(sg + 16 * (VMEDIA_MAX_SG_ENTRIES + 1), -E2BIG,
	       "more SG entries than allowed in a command");
	/* The budget is the command's, not the plane's. */
	buffer_header(VMEDIA_NR_QBUF, VMEDIA_BUF_TYPE_VIDEO_CAPTURE_MPLANE, VMEDIA_MEMORY_USERPTR,
		      2);
	put32(PLANE(0) + 4, VMEDIA_MAX_SG_ENTRIES);
	put32(PLANE(1) + 4, 1);
	for (i = 0; i <= VMEDIA_MAX_SG_ENTRIES; i++)
		put_sg(PLANE(2) + 16 * i, 0x1000 * i, 1);
	expect(PLANE(2) + 16 * (VMEDIA_MAX_SG_ENTRIES + 1), -E2BIG,
	       "more SG entries than allowed in a command");
}

static void test_sg_planes(void **state)
{
	struct end *e = end_new();

	(void)state;
	buffer_header(VMEDIA_NR_PREPARE_BUF, VMEDIA_BUF_TYPE_VIDEO_OUTPUT_MPLANE,
		      VMEDIA_MEMORY_USERPTR, 3);
	put32(PLANE(0) + 4, 100);
	put32(PLANE(2) + 4, 50);
	put_sg(PLANE(3), 0x1000, 100);
	put_sg(PLANE(3) + 16, 0x2000, 30);
	put_sg(PLANE(3) + 32, 0x3000, 20);
	expect(PLANE(3) + 48, 0, NULL);
	expect(PLANE(3) + 47, -EINVAL, "SG list ends before its memory is covered");
	assert_int_equal(vmedia_cmd_decode(&e->cmd, wire, PLANE(3) + 48), 0);
	assert_int_equal(e->cmd.io.num_planes, 3);
	assert_int_equal(e->cmd.io.plane_sg[0].count, 1);
	assert_int_equal(e->cmd.io.plane_sg[1].count, 0);
	assert_int_equal(e->cmd.io.plane_sg[2].count, 2);
	assert_int_equal(vmedia_sg_at(&e->cmd.io.plane_sg[2], 1).start, 0x3000);
	assert_int_equal(vmedia_sg_at(&e->cmd.io.plane_sg[2], 1).len, 20);
	free(e);
}

/* QUERYBUF asks about memory: what it brings of it is not looked at. */
static void test_querybuf(void **state)
{
	struct end *e = end_new();

	(void)state;
	buffer_header(VMEDIA_NR_QUERYBUF, VMEDIA_BUF_TYPE_VIDEO_CAPTURE, VMEDIA_MEMORY_USERPTR,
		      4096);
	expect(BUF + 88, 0, NULL);
	put_sg(BUF + 88, 0, 0);				/* an entry that QBUF would refuse */
	expect(BUF + 88 + 16, 0, NULL);
	assert_int_equal(vmedia_cmd_decode(&e->cmd, wire, BUF + 88 + 16), 0);
	assert_int_equal(e->cmd.io.plane_sg[0].count, 0);
	/* OBJECT: UUIDs in the answer if and only if there were some in the question. */
	put32(BUF + 60, VMEDIA_MEMORY_DMABUF);
	assert_int_equal(vmedia_cmd_decode(&e->cmd, wire, BUF + 88), 0);
	assert_int_equal(vmedia_resp_size(&e->cmd), 8 + 88);
	assert_int_equal(vmedia_cmd_decode(&e->cmd, wire, BUF + 88 + 16), 0);
	assert_int_equal(vmedia_resp_size(&e->cmd), 8 + 88 + 16);
	free(e);
}

static void test_uuids(void **state)
{
	(void)state;
	buffer_header(VMEDIA_NR_QBUF, VMEDIA_BUF_TYPE_VIDEO_CAPTURE, VMEDIA_MEMORY_DMABUF, 4096);
	expect(BUF + 88 + 16, 0, NULL);
	expect(BUF + 88 + 15, -EINVAL, "command ends before its UUIDs do");
	buffer_header(VMEDIA_NR_PREPARE_BUF, VMEDIA_BUF_TYPE_VIDEO_CAPTURE_MPLANE,
		      VMEDIA_MEMORY_DMABUF, 2);
	expect(PLANE(2) + 32, 0, NULL);
	expect(PLANE(2) + 16, -EINVAL, "command ends before its UUIDs do");
}

/* ---- Controls and EDID ---- */

static void ctrls_header(uint32_t count)
{
	ioctl_header(VMEDIA_NR_S_EXT_CTRLS);
	put32(16 + 4, count);
}

static void test_ctrls(void **state)
{
	const size_t array = 16 + 32;
	struct end *e = end_new();

	(void)state;
	ctrls_header(0);
	expect(array, 0, NULL);
	ctrls_header(VMEDIA_MAX_CTRLS + 1);
	expect(sizeof(wire), -E2BIG, "more controls than allowed");
	ctrls_header(0xffffffff);
	expect(sizeof(wire), -E2BIG, "more controls than allowed");
	ctrls_header(END_CTRLS + 1);
	expect(array + 20 * (END_CTRLS + 1), -E2BIG, "more controls than there is room for");
	ctrls_header(2);
	expect(array + 39, -EINVAL, "command ends before its controls do");
	expect(array + 40, 0, NULL);
	put32(array + 20 + 4, 6);
	expect(array + 40, -EINVAL, "SG list ends before its memory is covered");
	put_sg(array + 40, 0x1000, 6);
	expect(array + 56, 0, NULL);
	put_sg(array + 40, 0x1000, 7);
	expect(array + 56, -EINVAL, "SG list covers more than its memory");
	/* Lists are checked also for one who does not want them. */
	e->cmd.io.ctrl_sg = NULL;
	assert_int_equal(vmedia_cmd_decode(&e->cmd, wire, array + 56), -EINVAL);
	put_sg(array + 40, 0x1000, 6);
	assert_int_equal(vmedia_cmd_decode(&e->cmd, wire, array + 56), 0);
	free(e);
}

static void test_edid(void **state)
{
	const size_t data = 16 + 40;

	(void)state;
	ioctl_header(VMEDIA_NR_S_EDID);
	put32(16 + 8, VMEDIA_MAX_EDID_BLOCKS + 1);
	expect(sizeof(wire), -E2BIG, "more EDID blocks than allowed");
	put32(16 + 8, END_BLOCKS + 1);
	expect(sizeof(wire), -E2BIG, "more EDID blocks than there is room for");
	put32(16 + 8, 2);
	expect(data + 256, 0, NULL);
	expect(data + 255, -EINVAL, "command ends before its EDID does");
	put32(16 + 8, 0);
	expect(data, 0, NULL);
	ioctl_header(VMEDIA_NR_G_EDID);
	put32(16 + 8, 2);
	expect(data, 0, NULL);				/* nothing in them to read */
}

/* ---- Answers ---- */

/*
 * A device that changes what it should not: the answer still has the shape and the pointers of the
 * question.
 */
static void test_answer_shape(void **state)
{
	struct end *e = end_new();
	uint8_t answer[1024];

	(void)state;
	buffer_header(VMEDIA_NR_QUERYBUF, VMEDIA_BUF_TYPE_VIDEO_CAPTURE_MPLANE, VMEDIA_MEMORY_MMAP,
		      3);
	put64(BUF + 64, 0x1122334455667788);
	assert_int_equal(vmedia_cmd_decode(&e->cmd, wire, PLANE(3)), 0);
	e->cmd.io.arg.buffer.m.planes = 0xbadbadbad;
	e->cmd.io.arg.buffer.length = 1;
	e->cmd.io.num_planes = 77;
	e->cmd.io.arg.buffer.type = 1;
	e->cmd.io.arg.buffer.memory = VMEDIA_MEMORY_DMABUF;
	assert_int_equal(vmedia_resp_encode(&e->cmd, 0, answer, sizeof(answer)), 8 + 88 + 3 * 64);
	assert_int_equal(answer[8 + 64], 0x88);
	assert_int_equal(answer[8 + 71], 0x11);

	ctrls_header(1);
	put64(16 + 24, 0x99);
	assert_int_equal(vmedia_cmd_decode(&e->cmd, wire, 16 + 32 + 20), 0);
	e->cmd.io.arg.ext_controls.count = 1000;
	e->cmd.io.arg.ext_controls.controls = 1;
	assert_int_equal(vmedia_resp_encode(&e->cmd, 0, answer, sizeof(answer)), 8 + 32 + 20);
	assert_int_equal(answer[8 + 24], 0x99);

	ioctl_header(VMEDIA_NR_EXPBUF);
	put32(16 + 16, 0xffffffff);
	assert_int_equal(vmedia_cmd_decode(&e->cmd, wire, 16 + 64 + 16), 0);
	e->cmd.io.arg.exportbuffer.fd = 3;
	assert_int_equal(vmedia_resp_encode(&e->cmd, 0, answer, sizeof(answer)), 8 + 64 + 16);
	assert_int_equal(answer[8 + 16], 0xff);

	ioctl_header(VMEDIA_NR_G_EDID);
	put32(16 + 8, 2);
	put64(16 + 32, 0x77);
	assert_int_equal(vmedia_cmd_decode(&e->cmd, wire, 16 + 40), 0);
	e->cmd.io.arg.edid.blocks = 1000;
	e->cmd.io.arg.edid.edid = 0;
	assert_int_equal(vmedia_resp_encode(&e->cmd, 0, answer, sizeof(answer)), 8 + 40 + 256);
	assert_int_equal(answer[8 + 32], 0x77);
	free(e);
}

/* What the device has left over from another command does not reach this one's answer. */
static void test_no_leftovers(void **state)
{
	struct end *e = end_new();
	uint8_t answer[2080];
	unsigned int i;

	(void)state;
	memset(&e->cmd.io.arg, 0x5a, sizeof(e->cmd.io.arg));
	memset(e->cmd.io.planes, 0x5a, sizeof(e->cmd.io.planes));
	memset(e->cmd.io.uuid, 0x5a, sizeof(e->cmd.io.uuid));
	ioctl_header(VMEDIA_NR_G_ENC_INDEX);
	assert_int_equal(vmedia_cmd_decode(&e->cmd, wire, 16), 0);
	assert_int_equal(vmedia_resp_encode(&e->cmd, 0, answer, sizeof(answer)), sizeof(answer));
	for (i = 0; i < sizeof(answer); i++)
		assert_int_equal(answer[i], 0);
	ioctl_header(VMEDIA_NR_EXPBUF);
	assert_int_equal(vmedia_cmd_decode(&e->cmd, wire, 16 + 64), 0);
	assert_int_equal(vmedia_resp_encode(&e->cmd, 0, answer, sizeof(answer)), 88);
	for (i = 0; i < 88; i++)
		assert_int_equal(answer[i], 0);
	free(e);
}

static void test_status(void **state)
{
	struct end *e = end_new();
	uint8_t answer[16];

	(void)state;
	e->cmd.type = VMEDIA_CMD_OPEN;
	assert_int_equal(vmedia_resp_encode(&e->cmd, -ENOMEM, answer, sizeof(answer)), 8);
	assert_int_equal(answer[0], ENOMEM);
	assert_int_equal(vmedia_resp_encode(&e->cmd, -5000, answer, sizeof(answer)), 8);
	assert_int_equal(answer[0], EIO);
	assert_int_equal(answer[1], 0);
	assert_int_equal(vmedia_resp_encode(&e->cmd, 1, answer, sizeof(answer)), 8);
	assert_int_equal(answer[0], EIO);
	assert_int_equal(vmedia_resp_encode(&e->cmd, 0, answer, 15), -ENOSPC);
	e->cmd.type = VMEDIA_CMD_CLOSE;
	assert_int_equal(vmedia_resp_encode(&e->cmd, 0, NULL, 0), 0);
	free(e);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_reserved_ignored),
		cmocka_unit_test(test_unsupported),
		cmocka_unit_test(test_short_payload),
		cmocka_unit_test(test_planes),
		cmocka_unit_test(test_sg),
		cmocka_unit_test(test_sg_limit),
		cmocka_unit_test(test_sg_planes),
		cmocka_unit_test(test_querybuf),
		cmocka_unit_test(test_uuids),
		cmocka_unit_test(test_ctrls),
		cmocka_unit_test(test_edid),
		cmocka_unit_test(test_answer_shape),
		cmocka_unit_test(test_no_leftovers),
		cmocka_unit_test(test_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
