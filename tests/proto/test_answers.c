// SPDX-License-Identifier: BSD-3-Clause
/*
 * Driver end: a device that answers another question than the one asked, or with numbers that would
 * lead the driver astray, is refused by name; one that is merely lazy is understood.
 */
#include "answers.h"

static void test_headers(void **state)
{
	uint32_t type;

	(void)state;
	memset(wire, 0, 64);
	for (type = VMEDIA_CMD_OPEN; type <= VMEDIA_CMD_MUNMAP; type++) {
		if (type == VMEDIA_CMD_CLOSE)
			continue;
		expect(type == VMEDIA_CMD_IOCTL ? ask(VMEDIA_NR_G_FMT) : ask_simple(type), 7, -EIO,
		       "answer shorter than its header");
	}
	expect(ask_simple(VMEDIA_CMD_CLOSE), 0, 0, NULL);
	expect(ask_simple(VMEDIA_CMD_MUNMAP), 8, 0, NULL);
	expect(ask_simple(VMEDIA_CMD_OPEN), 15, -EIO, "answer to OPEN shorter than 16 bytes");
	expect(ask_simple(VMEDIA_CMD_OPEN), 16, 0, NULL);
	put32(0, 4096);
	expect(ask_simple(VMEDIA_CMD_OPEN), 16, -EIO, "status that is no errno");
	put32(0, 0xffffffea);				/* -EINVAL, as a negative number */
	expect(ask_simple(VMEDIA_CMD_OPEN), 16, -EIO, "status that is no errno");
	put32(0, 4095);
	expect(ask_simple(VMEDIA_CMD_OPEN), 16, -4095, NULL);
	put32(0, EIO);
	expect(ask_simple(VMEDIA_CMD_OPEN), 8, -EIO, NULL);
	expect(ask(VMEDIA_NR_G_FMT), 8, -EIO, NULL);
	expect(ask_simple(VMEDIA_CMD_IOCTL), 8, -EIO, "answer to an ioctl that was not asked");
}

static void test_mmap(void **state)
{
	(void)state;
	memset(wire, 0, 64);
	expect(ask_simple(VMEDIA_CMD_MMAP), 23, -EIO, "answer to MMAP shorter than 24 bytes");
	expect(ask_simple(VMEDIA_CMD_MMAP), 24, -EIO, "mapping of zero bytes at");
	put32(8, 0xffffffff);
	put32(12, 0xffffffff);
	put32(16, 1);
	expect(ask_simple(VMEDIA_CMD_MMAP), 24, -EIO, "mapping wraps round the address space");
	put32(8, 0xfffffffe);
	expect(ask_simple(VMEDIA_CMD_MMAP), 24, 0, NULL);
}

static void test_write_only(void **state)
{
	(void)state;
	memset(wire, 0, 64);
	expect(ask(VMEDIA_NR_STREAMON), 8, 0, NULL);
	/* a device that writes more than it should */
	expect(ask(VMEDIA_NR_S_STD), 16, 0, NULL);
}

static void test_short(void **state)
{
	const struct vmedia_ioctl_info *const *table;
	unsigned int i, count;

	(void)state;
	memset(wire, 0, sizeof(wire));
	table = vmedia_ioctl_table(&count);
	for (i = 0; i < count; i++)
		if ((table[i]->flags & VMEDIA_IOCTL_CARRIED) && (table[i]->dir & VMEDIA_DIR_R)) {
			expect(ask(table[i]->nr), 8, -EIO, "answer shorter than its structure");
			expect(ask(table[i]->nr), 7 + table[i]->size, -EIO,
			       "answer shorter than its structure");
		}
}

/* ---- Structures, one field at a time ---- */

static void ask_mplane_format(union vmedia_payload *arg)
{
	arg->format.type = VMEDIA_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
}

static void ask_mplane_create(union vmedia_payload *arg)
{
	arg->create_buffers.format.type = VMEDIA_BUF_TYPE_VIDEO_OUTPUT_MPLANE;
	arg->create_buffers.count = 4;
}

static void ask_four(union vmedia_payload *arg)
{
	arg->requestbuffers.count = 4;
}

static void ask_next(union vmedia_payload *arg)
{
	arg->queryctrl.id = 0x80980900;
}

static void mend_next(union vmedia_payload *arg)
{
	arg->queryctrl.id = 0x980901;
}

static void mend_frmsize(union vmedia_payload *arg)
{
	arg->frmsizeenum.type = 1;
}

static void mend_frmival(union vmedia_payload *arg)
{
	arg->frmivalenum.type = 1;
}

static void mend_query(union vmedia_payload *arg)
{
	arg->query_ext_ctrl.nr_of_dims = 2;
	arg->query_ext_ctrl.dims[0] = 0x10000;
	arg->query_ext_ctrl.dims[1] = 2;
	arg->query_ext_ctrl.elems = 10;
	arg->query_ext_ctrl.elem_size = 4;
}

static void mend_memory(union vmedia_payload *arg)
{
	arg->buffer.memory = VMEDIA_MEMORY_MMAP;
}

static void ask_edid_blocks(union vmedia_payload *arg)
{
	arg->edid.blocks = 2;
	arg->edid.edid = 0x100;
}

static void ask_edid_count(union vmedia_payload *arg)
{
	(void)arg;
}

struct wrong {
	uint8_t nr;
	void (*question)(union vmedia_payload *arg);
	void (*mend)(union vmedia_payload *arg);
	size_t at;
	uint32_t value;
	const char *what;
};

#define ECHO(n, tag, field)                                                              \
	{                                                                                \
		VMEDIA_NR_##n, NULL, NULL, OFF(tag, field), 77, "answer changes " #field \
	}

static const struct wrong wrongs[] = {
	{ VMEDIA_NR_ENUM_FMT, NULL, NULL, OFF(fmtdesc, index), 1, "answer changes index" },
	{ VMEDIA_NR_ENUM_FMT, NULL, NULL, OFF(fmtdesc, index), V4L2_FMTDESC_FLAG_ENUM_ALL, NULL },
	ECHO(ENUM_FMT, fmtdesc, type),
	ECHO(G_FMT, format, type),
	ECHO(S_FMT, format, type),
	ECHO(TRY_FMT, format, type),
	{ VMEDIA_NR_G_FMT, ask_mplane_format, NULL, 188, 9, "format of too many planes" },
	{ VMEDIA_NR_TRY_FMT, ask_mplane_format, NULL, 188, 255, "format of too many planes" },
	{ VMEDIA_NR_S_FMT, ask_mplane_format, NULL, 188, 8, NULL },
	ECHO(REQBUFS, requestbuffers, type),
	ECHO(REQBUFS, requestbuffers, memory),
	{ VMEDIA_NR_REQBUFS, NULL, NULL, 0, 1, "buffers granted where none were asked for" },
	{ VMEDIA_NR_REQBUFS, ask_four, NULL, 0, 1025, "more buffers than a queue can have" },
	{ VMEDIA_NR_REQBUFS, ask_four, NULL, 0, 1024, NULL },
	{ VMEDIA_NR_REQBUFS, ask_four, NULL, 0, 0, NULL },
	{ VMEDIA_NR_CREATE_BUFS, NULL, NULL, OFF(create_buffers, count), 1,
	  "buffers created where none were asked for" },
	{ VMEDIA_NR_CREATE_BUFS, ask_mplane_create, NULL, OFF(create_buffers, index), 1021,
	  "buffers beyond the last index" },
	{ VMEDIA_NR_CREATE_BUFS, ask_mplane_create, NULL, OFF(create_buffers, index), 0xffffffff,
	  "buffers beyond the last index" },
	{ VMEDIA_NR_CREATE_BUFS, ask_mplane_create, NULL, OFF(create_buffers, count), 0xffffffff,
	  "buffers beyond the last index" },
	{ VMEDIA_NR_CREATE_BUFS, ask_mplane_create, NULL, OFF(create_buffers, index), 1020, NULL },
	{ VMEDIA_NR_CREATE_BUFS, ask_mplane_create, NULL, 16 + 188, 9,
	  "format of too many planes" },
	ECHO(CREATE_BUFS, create_buffers, memory),
	ECHO(CREATE_BUFS, create_buffers, format.type),
	ECHO(REMOVE_BUFS, remove_buffers, index),
	ECHO(REMOVE_BUFS, remove_buffers, count),
	ECHO(REMOVE_BUFS, remove_buffers, type),
	ECHO(EXPBUF, exportbuffer, type),
	ECHO(EXPBUF, exportbuffer, index),
	ECHO(EXPBUF, exportbuffer, plane),
	ECHO(EXPBUF, exportbuffer, fd),
	ECHO(G_PARM, streamparm, type),
	ECHO(S_PARM, streamparm, type),
	ECHO(ENUMSTD, standard, index),
	ECHO(ENUMINPUT, input, index),
	ECHO(ENUMOUTPUT, output, index),
	ECHO(ENUMAUDIO, audio, index),
	ECHO(ENUMAUDOUT, audioout, index),
	ECHO(G_CTRL, control, id),
	ECHO(S_CTRL, control, id),
	ECHO(G_TUNER, tuner, index),
	ECHO(QUERYMENU, querymenu, id),
	ECHO(QUERYMENU, querymenu, index),
	{ VMEDIA_NR_S_INPUT, NULL, NULL, 0, 1, "answer changes the input" },
	{ VMEDIA_NR_S_OUTPUT, NULL, NULL, 0, 1, "answer changes the output" },
	ECHO(G_MODULATOR, modulator, index),
	ECHO(G_FREQUENCY, frequency, tuner),
	ECHO(CROPCAP, cropcap, type),
	ECHO(G_CROP, crop, type),
	ECHO(G_SLICED_VBI_CAP, sliced_vbi_cap, type),
	{ VMEDIA_NR_ENUM_FRAMESIZES, NULL, mend_frmsize, OFF(frmsizeenum, index), 1,
	  "answer changes index" },
	{ VMEDIA_NR_ENUM_FRAMESIZES, NULL, mend_frmsize, OFF(frmsizeenum, pixel_format), 1,
	  "answer changes pixel_format" },
	{ VMEDIA_NR_ENUM_FRAMESIZES, NULL, mend_frmsize, OFF(frmsizeenum, type), 0,
	  "enumeration of unknown kind" },
	{ VMEDIA_NR_ENUM_FRAMESIZES, NULL, mend_frmsize, OFF(frmsizeenum, type), 4,
	  "enumeration of unknown kind" },
	{ VMEDIA_NR_ENUM_FRAMEINTERVALS, NULL, mend_frmival, OFF(frmivalenum, width), 1,
	  "answer changes width" },
	{ VMEDIA_NR_ENUM_FRAMEINTERVALS, NULL, mend_frmival, OFF(frmivalenum, height), 1,
	  "answer changes height" },
	{ VMEDIA_NR_ENUM_FRAMEINTERVALS, NULL, mend_frmival, OFF(frmivalenum, type), 9,
	  "enumeration of unknown kind" },
	{ VMEDIA_NR_G_ENC_INDEX, NULL, NULL, 0, 65, "more index entries than there is room for" },
	{ VMEDIA_NR_G_ENC_INDEX, NULL, NULL, 0, 64, NULL },
	ECHO(ENCODER_CMD, encoder_cmd, cmd),
	ECHO(TRY_ENCODER_CMD, encoder_cmd, cmd),
	ECHO(DECODER_CMD, decoder_cmd, cmd),
	ECHO(TRY_DECODER_CMD, decoder_cmd, cmd),
	ECHO(G_SELECTION, selection, type),
	ECHO(G_SELECTION, selection, target),
	ECHO(S_SELECTION, selection, type),
	ECHO(S_SELECTION, selection, target),
	ECHO(ENUM_DV_TIMINGS, enum_dv_timings, index),
	ECHO(ENUM_DV_TIMINGS, enum_dv_timings, pad),
	{ VMEDIA_NR_DV_TIMINGS_CAP, NULL, NULL, OFF(dv_timings_cap, pad), 7, NULL },
	ECHO(ENUM_FREQ_BANDS, frequency_band, tuner),
	ECHO(ENUM_FREQ_BANDS, frequency_band, index),
	/* vivid: a program may ask for a band of an ADC of the tuner that is none. */
	{ VMEDIA_NR_ENUM_FREQ_BANDS, NULL, NULL, OFF(frequency_band, type), 5, NULL },
	{ VMEDIA_NR_QUERYCTRL, NULL, NULL, 0, 1, "answer changes a control's id" },
	{ VMEDIA_NR_QUERYCTRL, ask_next, mend_next, 0, 0x80980901, "next control's id has flags" },
	{ VMEDIA_NR_QUERYCTRL, ask_next, mend_next, 0, 0x980900,
	  "next control does not come after" },
	{ VMEDIA_NR_QUERYCTRL, ask_next, mend_next, 0, 0x0fffffff, NULL },
	{ VMEDIA_NR_QUERY_EXT_CTRL, ask_next, mend_next, 0, 0, "next control does not come after" },
	{ VMEDIA_NR_QUERY_EXT_CTRL, NULL, mend_query, OFF(query_ext_ctrl, nr_of_dims), 5,
	  "control of too many dimensions" },
	{ VMEDIA_NR_QUERY_EXT_CTRL, NULL, mend_query, OFF(query_ext_ctrl, elem_size), 0x40000000,
	  "control larger than 4 GiB" },
	{ VMEDIA_NR_QUERY_EXT_CTRL, NULL, mend_query, OFF(query_ext_ctrl, dims[1]), 0x10000,
	  "control of too many elements" },
	{ VMEDIA_NR_QUERY_EXT_CTRL, NULL, mend_query, OFF(query_ext_ctrl, elems), 0x20001,
	  "control of more elements than its dimensions hold" },
	{ VMEDIA_NR_QUERY_EXT_CTRL, NULL, mend_query, OFF(query_ext_ctrl, elems), 0x20000, NULL },
	ECHO(QUERYBUF, buffer, index),
	ECHO(QUERYBUF, buffer, type),
	{ VMEDIA_NR_QUERYBUF, NULL, mend_memory, OFF(buffer, memory), 3,
	  "buffer of unknown memory type" },
	{ VMEDIA_NR_QUERYBUF, NULL, mend_memory, OFF(buffer, memory), 4, NULL },
	ECHO(QBUF, buffer, index),
	ECHO(QBUF, buffer, type),
	ECHO(QBUF, buffer, memory),
	ECHO(PREPARE_BUF, buffer, index),
	ECHO(PREPARE_BUF, buffer, type),
	ECHO(PREPARE_BUF, buffer, memory),
	{ VMEDIA_NR_G_EDID, ask_edid_blocks, NULL, OFF(edid, blocks), 3,
	  "more EDID blocks than asked for" },
	{ VMEDIA_NR_G_EDID, ask_edid_blocks, NULL, OFF(edid, blocks), 1, NULL },
	{ VMEDIA_NR_G_EDID, ask_edid_blocks, NULL, OFF(edid, start_block), 1,
	  "answer changes start_block" },
	{ VMEDIA_NR_S_EDID, ask_edid_blocks, NULL, OFF(edid, edid), 1,
	  "answer changes the edid pointer" },
	{ VMEDIA_NR_S_EDID, ask_edid_blocks, NULL, OFF(edid, pad), 1, "answer changes pad" },
	{ VMEDIA_NR_G_EDID, ask_edid_count, NULL, OFF(edid, blocks), 256, NULL },
	{ VMEDIA_NR_G_EDID, ask_edid_count, NULL, OFF(edid, blocks), 257,
	  "more EDID blocks than asked for" },
};

static struct end *ask_wrong(const struct wrong *w)
{
	struct end *e = ask(w->nr);

	if (w->question)
		w->question(&e->cmd.io.arg);
	return e;
}

static void test_fields(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < COUNT(wrongs); i++) {
		const struct wrong *w = &wrongs[i];
		struct end *e = ask_wrong(w);

		good_answer(e, w->nr == VMEDIA_NR_QUERYBUF ? mend_memory : w->mend, 0);
		expect(end_copy(e), wire_len, 0, NULL);
		put32(8 + w->at, w->value);
		if (w->what && vmedia_resp_decode(&e->cmd, wire, (size_t)wire_len) != -EIO)
			fail_msg("%s at %zu: accepted %u, which is \"%s\"", e->cmd.io.info->name,
				 w->at, w->value, w->what);
		free(e);
		expect(ask_wrong(w), wire_len, w->what ? -EIO : 0, w->what);
	}
}

static void test_names_end(void **state)
{
	struct end *e = ask(VMEDIA_NR_ENUM_FMT);

	(void)state;
	good_answer(e, NULL, 0);
	memset(wire + 8 + OFF(fmtdesc, description), 'x', 32);
	assert_int_equal(vmedia_resp_decode(&e->cmd, wire, (size_t)wire_len), 0);
	assert_int_equal(strlen((char *)e->cmd.io.arg.fmtdesc.description), 31);
	free(e);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_mmap),
		cmocka_unit_test(test_write_only),
		cmocka_unit_test(test_short),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_names_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
