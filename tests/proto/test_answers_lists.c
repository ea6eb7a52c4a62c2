// SPDX-License-Identifier: BSD-3-Clause
/*
 * Driver end, answers with planes, controls or EDID blocks behind the structure; and questions that
 * are refused before they are asked.
 */
#include "answers.h"

static void ask_edid_blocks(union vmedia_payload *arg)
{
	arg->edid.blocks = 2;
	arg->edid.edid = 0x100;
}

/* ---- Buffers ---- */

static struct end *ask_buffer(uint32_t nr, uint32_t type, uint32_t memory, uint32_t length)
{
	struct end *e = ask(nr);
	struct vmedia_buffer *b = &e->cmd.io.arg.buffer;

	b->type = type;
	b->memory = memory;
	b->length = length;
	b->m.userptr = 0x700000000;
	if (memory == VMEDIA_MEMORY_USERPTR)
		e->cmd.io.plane_sg[0] = end_sg1(e, 0x1000, length);
	return e;
}

static struct end *ask_planes(uint32_t nr, uint32_t memory, uint32_t planes)
{
	struct end *e = ask_buffer(nr, VMEDIA_BUF_TYPE_VIDEO_CAPTURE_MPLANE, memory, planes);
	uint32_t i;

	e->cmd.io.num_planes = planes;
	for (i = 0; i < planes; i++) {
		e->cmd.io.planes[i].length = 4096;
		e->cmd.io.planes[i].m.userptr = 0x800000000 + i;
		if (memory == VMEDIA_MEMORY_USERPTR)
			e->cmd.io.plane_sg[i] = end_sg1(e, 0x1000, 4096);
		else
			e->cmd.io.planes[i].m.fd = 10 + (int)i;
	}
	return e;
}

static void test_own_memory(void **state)
{
	const uint32_t user = VMEDIA_MEMORY_USERPTR, object = VMEDIA_MEMORY_DMABUF;
	struct end *e = ask_buffer(VMEDIA_NR_QBUF, VMEDIA_BUF_TYPE_VIDEO_CAPTURE, user, 4096);

	(void)state;
	good_answer(e, NULL, 0);
	put32(8 + OFF(buffer, length), 4097);
	expect(end_copy(e), wire_len, -EIO, "buffer longer than its pages");
	put32(8 + OFF(buffer, length), 4000);
	expect(end_copy(e), wire_len, 0, NULL);
	put32(8 + OFF(buffer, m), 1);
	expect(e, wire_len, -EIO, "answer changes userptr");

	/* without a pointer: that of PREPARE_BUF */
	e = ask_buffer(VMEDIA_NR_QBUF, VMEDIA_BUF_TYPE_VIDEO_CAPTURE, user, 4096);
	e->cmd.io.arg.buffer.m.userptr = 0;
	good_answer(e, NULL, 0);
	put32(8 + OFF(buffer, m), 0x1000);
	expect(e, wire_len, 0, NULL);
	e = ask_buffer(VMEDIA_NR_PREPARE_BUF, VMEDIA_BUF_TYPE_VIDEO_CAPTURE, user, 4096);
	e->cmd.io.arg.buffer.m.userptr = 0;
	good_answer(e, NULL, 0);
	put32(8 + OFF(buffer, m), 0x1000);
	expect(e, wire_len, -EIO, "answer changes userptr");

	e = ask_buffer(VMEDIA_NR_PREPARE_BUF, VMEDIA_BUF_TYPE_VIDEO_CAPTURE, object, 0);
	e->cmd.io.arg.buffer.m.fd = 9;
	good_answer(e, NULL, 0);
	put32(8 + OFF(buffer, length), 4096);			/* nought asked for all of it */
	expect(end_copy(e), wire_len, 0, NULL);
	put32(8 + OFF(buffer, m), 8);
	expect(e, wire_len, -EIO, "answer changes fd");

	e = ask_planes(VMEDIA_NR_QBUF, user, 3);
	good_answer(e, NULL, 0);
	put32(8 + 88 + 2 * 64 + OFF(plane, m), 1);
	expect(end_copy(e), wire_len, -EIO, "answer changes userptr");
	good_answer(e, NULL, 0);
	put32(8 + 88 + 1 * 64 + OFF(plane, length), 0xffffffff);
	expect(end_copy(e), wire_len, -EIO, "buffer longer than its pages");
	good_answer(e, NULL, 0);
	put32(8 + OFF(buffer, m) + 4, 1);
	expect(e, wire_len, -EIO, "answer changes the planes pointer");

	e = ask_planes(VMEDIA_NR_QBUF, object, 2);
	good_answer(e, NULL, 0);
	put32(8 + 88 + 64 + OFF(plane, m), 12);
	expect(e, wire_len, -EIO, "answer changes fd");
}

static void test_plane_count(void **state)
{
	struct end *e = ask_planes(VMEDIA_NR_QUERYBUF, VMEDIA_MEMORY_MMAP, 3), *got;

	(void)state;
	good_answer(e, NULL, 0);
	put32(8 + OFF(buffer, length), 4);
	expect(end_copy(e), wire_len, -EIO, "more planes than asked for");
	put32(8 + OFF(buffer, length), 0xffffffff);
	expect(end_copy(e), wire_len, -EIO, "more planes than asked for");
	put32(8 + OFF(buffer, length), 2);
	got = end_copy(e);
	assert_int_equal(vmedia_resp_decode(&got->cmd, wire, (size_t)wire_len), 0);
	assert_int_equal(got->cmd.io.num_planes, 2);
	assert_int_equal(got->cmd.io.arg.buffer.length, 2);
	free(got);
	/* A device that writes two planes only, having two. */
	expect(end_copy(e), 8 + 88 + 2 * 64, 0, NULL);
	expect(end_copy(e), 8 + 88 + 2 * 64 - 1, -EIO,
	       "answer ends before what follows its structure");
	put32(8 + OFF(buffer, length), 3);
	expect(e, 8 + 88 + 2 * 64, -EIO, "answer ends before what follows its structure");
}

/* ---- Controls ---- */

static struct end *ask_ctrls(uint32_t nr)
{
	struct end *e = ask(nr);

	e->cmd.io.arg.ext_controls.count = 2;
	e->cmd.io.arg.ext_controls.controls = 0x900000000;
	e->ctrls[0].id = 0x980900;
	e->ctrls[1].id = 0x98f005;
	e->ctrls[1].size = 8;
	e->ctrls[1].ptr = 0xa00000000;
	e->ctrl_sg[1] = end_sg1(e, 0x1000, 8);
	return e;
}

#define CTRL(i, field) (8 + 32 + 20 * (i) + OFF(ext_control, field))

static void test_ctrls(void **state)
{
	struct end *e = ask_ctrls(VMEDIA_NR_G_EXT_CTRLS), *got;

	(void)state;
	good_answer(e, NULL, 0);
	expect(end_copy(e), wire_len, 0, NULL);
	expect(end_copy(e), wire_len - 1, -EIO, "answer ends before what follows its structure");
	put32(8 + OFF(ext_controls, error_idx), 1000);	/* means nothing on success: put right */
	got = end_copy(e);
	assert_int_equal(vmedia_resp_decode(&got->cmd, wire, (size_t)wire_len), 0);
	assert_int_equal(got->cmd.io.arg.ext_controls.error_idx, 2);
	free(got);
	good_answer(e, NULL, 0);
	put32(8 + OFF(ext_controls, count), 1);
	expect(end_copy(e), wire_len, -EIO, "answer changes count");
	good_answer(e, NULL, 0);
	put32(8 + OFF(ext_controls, which), 1);
	expect(end_copy(e), wire_len, -EIO, "answer changes which");
	good_answer(e, NULL, 0);
	put32(8 + OFF(ext_controls, controls), 1);
	expect(end_copy(e), wire_len, -EIO, "answer changes the controls pointer");
	good_answer(e, NULL, 0);
	put32(CTRL(1, id), 1);
	expect(end_copy(e), wire_len, -EIO, "answer changes a control's id");
	good_answer(e, NULL, 0);
	put32(CTRL(1, size), 9);
	expect(end_copy(e), wire_len, -EIO, "control longer than its memory");
	put32(CTRL(1, size), 7);
	expect(end_copy(e), wire_len, 0, NULL);
	put32(CTRL(1, ptr), 7);
	expect(end_copy(e), wire_len, -EIO, "answer changes a control's pointer");
	good_answer(e, NULL, 0);
	put32(CTRL(0, ptr), 7);					/* a value, not a pointer */
	expect(e, wire_len, 0, NULL);
}

static void test_ctrls_error(void **state)
{
	struct end *e = ask_ctrls(VMEDIA_NR_S_EXT_CTRLS), *got;

	(void)state;
	good_answer(e, NULL, -ENOSPC);
	put32(CTRL(1, size), 64);
	put32(8 + OFF(ext_controls, error_idx), 1);
	got = end_copy(e);
	assert_int_equal(vmedia_resp_decode(&got->cmd, wire, (size_t)wire_len), -ENOSPC);
	assert_int_equal(got->ctrls[1].size, 64);
	assert_int_equal(got->cmd.io.arg.ext_controls.error_idx, 1);
	free(got);
	put32(0, ERANGE);
	expect(end_copy(e), wire_len, -EIO, "control longer than its memory");
	/* The array may be missing, and so may everything. */
	expect(end_copy(e), 40, -ERANGE, NULL);
	expect(end_copy(e), 39, -ERANGE, NULL);
	expect(end_copy(e), 8, -ERANGE, NULL);
	put32(8 + OFF(ext_controls, error_idx), 3);
	expect(end_copy(e), 40, -EIO, "error_idx beyond the controls");
	/* A device that has no controls leaves what the program left there. */
	e->cmd.io.arg.ext_controls.error_idx = 3;
	expect(e, 40, -ERANGE, NULL);
}

/* ---- EDID: an error says how many blocks there could have been ---- */

static void test_edid_error(void **state)
{
	struct end *e = ask(VMEDIA_NR_S_EDID), *got;

	(void)state;
	ask_edid_blocks(&e->cmd.io.arg);
	good_answer(e, NULL, -E2BIG);
	put32(8 + OFF(edid, blocks), 1);
	got = end_copy(e);
	assert_int_equal(vmedia_resp_decode(&got->cmd, wire, 8 + 40), -E2BIG);
	assert_int_equal(got->cmd.io.arg.edid.blocks, 1);
	free(got);
	put32(8 + OFF(edid, blocks), 257);
	expect(e, 8 + 40, -EIO, "more EDID blocks than asked for");
}

/* ---- Questions that no device could take ---- */

static void refused_question(struct end *e, int err)
{
	uint8_t buf[4096];

	assert_int_equal(vmedia_cmd_encode(&e->cmd, buf, sizeof(buf)), err);
	assert_int_equal(vmedia_cmd_size(&e->cmd), 0);
	free(e);
}

static void test_questions(void **state)
{
	struct end *e;

	(void)state;
	refused_question(ask_simple(0), -EINVAL);
	refused_question(ask_simple(6), -EINVAL);
	refused_question(ask_simple(VMEDIA_CMD_IOCTL), -EINVAL);
	refused_question(ask(VMEDIA_NR_QUERYCAP), -ENOTTY);
	refused_question(ask(VMEDIA_NR_DQBUF), -ENOTTY);
	e = ask_planes(VMEDIA_NR_QBUF, VMEDIA_MEMORY_MMAP, 3);
	e->cmd.io.arg.buffer.length = 9;
	refused_question(e, -EINVAL);
	e = ask_planes(VMEDIA_NR_QBUF, VMEDIA_MEMORY_MMAP, 3);
	e->cmd.io.num_planes = 2;
	refused_question(e, -EINVAL);
	e = ask_buffer(VMEDIA_NR_QBUF, VMEDIA_BUF_TYPE_VIDEO_CAPTURE, VMEDIA_MEMORY_MMAP, 4096);
	e->cmd.io.num_planes = 1;
	refused_question(e, -EINVAL);
	e = ask_buffer(VMEDIA_NR_QBUF, VMEDIA_BUF_TYPE_VIDEO_CAPTURE, VMEDIA_MEMORY_USERPTR, 4096);
	e->cmd.io.arg.buffer.length = 4097;
	refused_question(e, -EINVAL);
	e = ask_buffer(VMEDIA_NR_QBUF, VMEDIA_BUF_TYPE_VIDEO_CAPTURE, VMEDIA_MEMORY_USERPTR, 4096);
	e->cmd.io.plane_sg[0].count = 0;
	refused_question(e, -EINVAL);
	e = ask_ctrls(VMEDIA_NR_S_EXT_CTRLS);
	e->cmd.io.arg.ext_controls.count = END_CTRLS + 1;
	refused_question(e, -EINVAL);
	e = ask_ctrls(VMEDIA_NR_S_EXT_CTRLS);
	e->cmd.io.ctrl_sg = NULL;
	refused_question(e, -EINVAL);
	e = ask_ctrls(VMEDIA_NR_S_EXT_CTRLS);
	e->ctrls[1].size = 9;
	refused_question(e, -EINVAL);
	e = ask(VMEDIA_NR_G_EDID);
	e->cmd.io.arg.edid.blocks = END_BLOCKS + 1;
	refused_question(e, -EINVAL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_memory),
		cmocka_unit_test(test_plane_count),
		cmocka_unit_test(test_ctrls),
		cmocka_unit_test(test_ctrls_error),
		cmocka_unit_test(test_edid_error),
		cmocka_unit_test(test_questions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
