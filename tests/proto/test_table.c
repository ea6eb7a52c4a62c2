// SPDX-License-Identifier: BSD-3-Clause
/*
 * The table of ioctls against an independent list (VIDIOC_* of <linux/videodev2.h> where its
 * structures are the 64-bit ones) and our structures against V4L2's, field by field, at compile
 * time.
 */
#include "support.h"

#include <linux/videodev2.h>

#define STR(n) #n

/* Every ioctl of the header. REMOVE_BUFS is newer than Debian 12's. */
#define ALL(X) \
	X(QUERYCAP) X(ENUM_FMT) X(G_FMT) X(S_FMT) X(REQBUFS) X(QUERYBUF) X(G_FBUF) X(S_FBUF) X(OVERLAY) X(QBUF) \
	X(EXPBUF) X(DQBUF) X(STREAMON) X(STREAMOFF) X(G_PARM) X(S_PARM) X(G_STD) X(S_STD) X(ENUMSTD) X(ENUMINPUT) \
	X(G_CTRL) X(S_CTRL) X(G_TUNER) X(S_TUNER) X(G_AUDIO) X(S_AUDIO) X(QUERYCTRL) X(QUERYMENU) X(G_INPUT) \
	X(S_INPUT) X(G_EDID) X(S_EDID) X(G_OUTPUT) X(S_OUTPUT) X(ENUMOUTPUT) X(G_AUDOUT) X(S_AUDOUT) X(G_MODULATOR) \
	X(S_MODULATOR) X(G_FREQUENCY) X(S_FREQUENCY) X(CROPCAP) X(G_CROP) X(S_CROP) X(G_JPEGCOMP) X(S_JPEGCOMP) \
	X(QUERYSTD) X(TRY_FMT) X(ENUMAUDIO) X(ENUMAUDOUT) X(G_PRIORITY) X(S_PRIORITY) X(G_SLICED_VBI_CAP) \
	X(LOG_STATUS) X(G_EXT_CTRLS) X(S_EXT_CTRLS) X(TRY_EXT_CTRLS) X(ENUM_FRAMESIZES) X(ENUM_FRAMEINTERVALS) \
	X(G_ENC_INDEX) X(ENCODER_CMD) X(TRY_ENCODER_CMD) X(DBG_S_REGISTER) X(DBG_G_REGISTER) X(S_HW_FREQ_SEEK) \
	X(S_DV_TIMINGS) X(G_DV_TIMINGS) X(DQEVENT) X(SUBSCRIBE_EVENT) X(UNSUBSCRIBE_EVENT) X(CREATE_BUFS) \
	X(PREPARE_BUF) X(G_SELECTION) X(S_SELECTION) X(DECODER_CMD) X(TRY_DECODER_CMD) X(ENUM_DV_TIMINGS) \
	X(QUERY_DV_TIMINGS) X(DV_TIMINGS_CAP) X(ENUM_FREQ_BANDS) \
	X(DBG_G_CHIP_INFO) X(QUERY_EXT_CTRL)

/*
 * Sizes on the wire: the list of the research notes, typed again here so that it also holds on
 * 32-bit hosts.
 */
static const struct {
	const char *name;
	uint32_t code;
	unsigned int nr, size;
} kernel[] = {
#define KERNEL(n) { STR(VIDIOC_##n), VIDIOC_##n, _IOC_NR(VIDIOC_##n), _IOC_SIZE(VIDIOC_##n) },
	ALL(KERNEL)
	{ "VIDIOC_REMOVE_BUFS", _IOC(_IOC_READ | _IOC_WRITE, 'V', 104, 64), 104, 64 },
};

static const uint16_t wire_sizes[][2] = {
	{ 0, 104 },   { 2, 64 },   { 4, 208 },	 { 5, 208 },   { 8, 20 },   { 9, 88 },
	{ 10, 48 },   { 11, 48 },  { 14, 4 },	 { 15, 88 },   { 16, 64 },  { 17, 88 },
	{ 18, 4 },    { 19, 4 },   { 21, 204 },	 { 22, 204 },  { 23, 8 },   { 24, 8 },
	{ 25, 72 },   { 26, 80 },  { 27, 8 },	 { 28, 8 },    { 29, 84 },  { 30, 84 },
	{ 33, 52 },   { 34, 52 },  { 36, 68 },	 { 37, 44 },   { 38, 4 },   { 39, 4 },
	{ 40, 40 },   { 41, 40 },  { 46, 4 },	 { 47, 4 },    { 48, 72 },  { 49, 52 },
	{ 50, 52 },   { 54, 68 },  { 55, 68 },	 { 56, 44 },   { 57, 44 },  { 58, 44 },
	{ 59, 20 },   { 60, 20 },  { 61, 140 },	 { 62, 140 },  { 63, 8 },   { 64, 208 },
	{ 65, 52 },   { 66, 52 },  { 67, 4 },	 { 68, 4 },    { 69, 116 }, { 70, 0 },
	{ 71, 32 },   { 72, 32 },  { 73, 32 },	 { 74, 44 },   { 75, 52 },  { 76, 2072 },
	{ 77, 40 },   { 78, 40 },  { 79, 56 },	 { 80, 56 },   { 82, 48 },  { 87, 132 },
	{ 88, 132 },  { 89, 136 }, { 90, 32 },	 { 91, 32 },   { 92, 256 }, { 93, 88 },
	{ 94, 64 },   { 95, 64 },  { 96, 72 },	 { 97, 72 },   { 98, 148 }, { 99, 132 },
	{ 100, 144 }, { 101, 64 }, { 102, 200 }, { 103, 232 }, { 104, 64 },
};

/* Where the kernel's own structures have the 64-bit layout. */
#define HAS_64BIT_V4L2 (sizeof(long) == 8)

static void test_rows(void **state)
{
	const struct vmedia_ioctl_info *const *table;
	unsigned int i, count;

	(void)state;
	table = vmedia_ioctl_table(&count);
	assert_int_equal(count, 83);
	assert_int_equal(COUNT(kernel), 83);
	assert_int_equal(COUNT(wire_sizes), 83);
	for (i = 0; i < count; i++) {
		unsigned int dir = kernel[i].code >> _IOC_DIRSHIFT & 3;

		assert_true(table[i] == vmedia_ioctl_info(table[i]->nr));
		assert_string_equal(table[i]->name, kernel[i].name);
		assert_int_equal(table[i]->nr, kernel[i].nr);
		assert_int_equal(!!(table[i]->dir & VMEDIA_DIR_R), !!(dir & _IOC_READ));
		assert_int_equal(!!(table[i]->dir & VMEDIA_DIR_W), !!(dir & _IOC_WRITE));
		assert_int_equal(table[i]->nr, wire_sizes[i][0]);
		assert_int_equal(table[i]->size, wire_sizes[i][1]);
		if (HAS_64BIT_V4L2)
			CHECK(table[i]->size == kernel[i].size, "%s: %u, not %u", kernel[i].name,
			      table[i]->size, kernel[i].size);
		assert_true(table[i]->size <= sizeof(union vmedia_payload));
	}
}

static void test_unknown(void **state)
{
	unsigned int nr, known = 0;

	(void)state;
	for (nr = 0; nr < 256; nr++)
		known += vmedia_ioctl_info(nr) != NULL;
	assert_int_equal(known, 83);
	assert_null(vmedia_ioctl_info(1));
	assert_null(vmedia_ioctl_info(105));
	assert_null(vmedia_ioctl_info(256));
	assert_null(vmedia_ioctl_info(0xffffffff));
	assert_null(vmedia_ioctl_info(VIDIOC_G_FMT));	/* the number counts, not the code */
}

static bool one_of(unsigned int nr, const uint8_t *list, size_t count)
{
	while (count--)
		if (list[count] == nr)
			return true;
	return false;
}

static void test_flags(void **state)
{
	static const uint8_t not_carried[] = { 0, 10, 11, 14, 17, 61, 62, 70, 79, 80, 89, 102 };
	static const uint8_t err_payload[] = { 40, 41, 71, 72, 73, 99 };
	static const uint8_t queue[] = { 8, 9, 15, 16, 17, 18, 19, 92, 93, 104 };
	static const uint8_t planes[] = { 9, 15, 17, 93 }, ctrls[] = { 71, 72, 73 },
			     edid[] = { 40, 41 };
	const struct vmedia_ioctl_info *const *table;
	unsigned int i, count, follow;

	(void)state;
	table = vmedia_ioctl_table(&count);
	for (i = 0; i < count; i++) {
		unsigned int nr = table[i]->nr;

		assert_int_equal(!!(table[i]->flags & VMEDIA_IOCTL_CARRIED),
				 !one_of(nr, not_carried, COUNT(not_carried)));
		assert_int_equal(!!(table[i]->flags & VMEDIA_IOCTL_ERR_PAYLOAD),
				 one_of(nr, err_payload, COUNT(err_payload)));
		assert_int_equal(!!(table[i]->flags & VMEDIA_IOCTL_QUEUE),
				 one_of(nr, queue, COUNT(queue)));
		follow = VMEDIA_FOLLOW_NONE;
		if (one_of(nr, planes, COUNT(planes)))
			follow = VMEDIA_FOLLOW_PLANES;
		else if (one_of(nr, ctrls, COUNT(ctrls)))
			follow = VMEDIA_FOLLOW_CTRLS;
		else if (one_of(nr, edid, COUNT(edid)))
			follow = VMEDIA_FOLLOW_EDID;
		else if (nr == 16)
			follow = VMEDIA_FOLLOW_UUID;
		assert_int_equal(table[i]->follow, follow);
	}
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(vmedia_cmd_name(VMEDIA_CMD_OPEN), "OPEN");
	assert_string_equal(vmedia_cmd_name(VMEDIA_CMD_MUNMAP), "MUNMAP");
	assert_string_equal(vmedia_cmd_name(0), "?");
	assert_string_equal(vmedia_cmd_name(6), "?");
	assert_string_equal(vmedia_cmd_name(UINT32_MAX), "?");
	assert_string_equal(vmedia_evt_name(VMEDIA_EVT_ERROR), "ERROR");
	assert_string_equal(vmedia_evt_name(VMEDIA_EVT_DQBUF), "DQBUF");
	assert_string_equal(vmedia_evt_name(3), "?");
	assert_string_equal(vmedia_buf_type_name(V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE),
			    "VIDEO_CAPTURE_MPLANE");
	assert_string_equal(vmedia_buf_type_name(V4L2_BUF_TYPE_META_OUTPUT), "META_OUTPUT");
	assert_string_equal(vmedia_buf_type_name(0), "?");
	assert_string_equal(vmedia_buf_type_name(0x80), "?");
	assert_string_equal(vmedia_memory_name(V4L2_MEMORY_USERPTR), "SHARED_PAGES");
	assert_string_equal(vmedia_memory_name(0), "?");
	assert_string_equal(vmedia_memory_name(5), "?");
}

/* ---- Our structures against V4L2's ---- */

#ifdef __LP64__
#define SAME_SIZE(tag) \
	_Static_assert(sizeof(struct vmedia_##tag) == sizeof(struct v4l2_##tag), "size of " #tag)
#define SAME(tag, field)									\
	_Static_assert(offsetof(struct vmedia_##tag, field) ==					\
		       offsetof(struct v4l2_##tag, field), "offset of " #tag "." #field);	\
	_Static_assert(sizeof(((struct vmedia_##tag *)0)->field) ==				\
		       sizeof(((struct v4l2_##tag *)0)->field), "size of " #tag "." #field)
#define SAME2(tag, a, b) SAME(tag, a); SAME(tag, b)
#define SAME4(tag, a, b, c, d) SAME2(tag, a, b); SAME2(tag, c, d)

SAME_SIZE(rect); SAME4(rect, left, top, width, height);
SAME_SIZE(fract); SAME2(fract, numerator, denominator);
SAME_SIZE(timecode); SAME4(timecode, type, flags, frames, hours); SAME(timecode, userbits);
SAME_SIZE(capability); SAME4(capability, card, bus_info, version, device_caps);
SAME_SIZE(fmtdesc); SAME4(fmtdesc, flags, description, pixelformat, mbus_code);
SAME_SIZE(pix_format); SAME4(pix_format, bytesperline, priv, ycbcr_enc, xfer_func);
SAME_SIZE(plane_pix_format); SAME2(plane_pix_format, bytesperline, reserved);
SAME_SIZE(pix_format_mplane); SAME4(pix_format_mplane, plane_fmt, num_planes, ycbcr_enc, xfer_func);
SAME_SIZE(window); SAME4(window, clips, clipcount, bitmap, global_alpha);
SAME_SIZE(vbi_format); SAME4(vbi_format, start, count, flags, reserved);
SAME_SIZE(sliced_vbi_format); SAME2(sliced_vbi_format, service_lines, io_size);
SAME_SIZE(sdr_format); SAME2(sdr_format, pixelformat, buffersize);
SAME2(meta_format, dataformat, buffersize);
SAME_SIZE(format); SAME4(format, fmt.pix, fmt.pix_mp, fmt.raw_data, fmt.win);
SAME_SIZE(sliced_vbi_cap); SAME2(sliced_vbi_cap, service_lines, type);
SAME_SIZE(frmsizeenum); SAME4(frmsizeenum, type, discrete.height, stepwise.step_height, reserved);
SAME_SIZE(frmivalenum); SAME4(frmivalenum, type, discrete, stepwise.step, reserved);
SAME_SIZE(captureparm); SAME2(captureparm, timeperframe, readbuffers);
SAME_SIZE(outputparm); SAME2(outputparm, timeperframe, writebuffers);
SAME_SIZE(streamparm); SAME2(streamparm, parm.capture, parm.raw_data);
SAME_SIZE(selection); SAME2(selection, flags, r);
SAME_SIZE(cropcap); SAME2(cropcap, defrect, pixelaspect);
SAME_SIZE(crop); SAME(crop, c);
SAME_SIZE(requestbuffers); SAME4(requestbuffers, type, memory, capabilities, flags);
SAME_SIZE(plane); SAME4(plane, length, m, m.userptr, data_offset);
SAME_SIZE(buffer); SAME4(buffer, field, timestamp, timecode, sequence);
SAME4(buffer, memory, m, m.userptr, length); SAME2(buffer, reserved2, request_fd);
SAME_SIZE(exportbuffer); SAME4(exportbuffer, index, plane, flags, fd);
SAME_SIZE(create_buffers); SAME4(create_buffers, memory, format, capabilities, flags);
SAME_SIZE(framebuffer); SAME2(framebuffer, base, fmt);
SAME_SIZE(control); SAME2(control, id, value);
SAME_SIZE(queryctrl); SAME4(queryctrl, name, minimum, default_value, flags);
SAME_SIZE(query_ext_ctrl);
SAME4(query_ext_ctrl, minimum, step, flags, elem_size);
SAME(query_ext_ctrl, dims);
SAME_SIZE(querymenu); SAME2(querymenu, name, reserved);
SAME_SIZE(ext_control); SAME4(ext_control, size, reserved2, value64, ptr);
SAME_SIZE(ext_controls); SAME4(ext_controls, count, error_idx, request_fd, controls);
SAME_SIZE(input); SAME4(input, tuner, std, status, capabilities);
SAME_SIZE(output); SAME2(output, std, capabilities);
SAME_SIZE(standard); SAME4(standard, id, name, frameperiod, framelines);
SAME_SIZE(audio); SAME2(audio, capability, mode);
SAME_SIZE(audioout); SAME2(audioout, capability, mode);
SAME_SIZE(tuner); SAME4(tuner, rangelow, rxsubchans, signal, afc);
SAME_SIZE(modulator); SAME2(modulator, txsubchans, type);
SAME_SIZE(frequency); SAME(frequency, frequency);
SAME_SIZE(frequency_band); SAME2(frequency_band, index, modulation);
SAME_SIZE(hw_freq_seek); SAME2(hw_freq_seek, spacing, rangehigh);
SAME_SIZE(bt_timings); SAME4(bt_timings, pixelclock, standards, picture_aspect, hdmi_vic);
SAME_SIZE(dv_timings); SAME(dv_timings, bt);
SAME_SIZE(enum_dv_timings); SAME(enum_dv_timings, timings);
SAME_SIZE(bt_timings_cap);
SAME4(bt_timings_cap, min_pixelclock, max_pixelclock, standards, reserved);
SAME_SIZE(dv_timings_cap); SAME2(dv_timings_cap, bt, raw_data);
SAME_SIZE(edid); SAME4(edid, start_block, blocks, reserved, edid);
SAME_SIZE(enc_idx_entry); SAME2(enc_idx_entry, pts, flags);
SAME_SIZE(enc_idx); SAME2(enc_idx, entries_cap, entry);
SAME_SIZE(encoder_cmd); SAME(encoder_cmd, raw);
SAME_SIZE(decoder_cmd); SAME4(decoder_cmd, stop.pts, start.speed, start.format, raw);
SAME_SIZE(jpegcompression); SAME4(jpegcompression, APP_data, COM_len, COM_data, jpeg_markers);
SAME_SIZE(event_ctrl); SAME4(event_ctrl, type, value64, flags, default_value);
SAME_SIZE(event_motion_det);
SAME_SIZE(event); SAME4(event, u, pending, sequence, timestamp); SAME(event, id);
SAME_SIZE(event_subscription); SAME2(event_subscription, id, flags);
SAME_SIZE(dbg_register); SAME4(dbg_register, match, size, reg, val);
SAME_SIZE(dbg_chip_info); SAME2(dbg_chip_info, name, flags);
#endif

/* ---- Our numbers against V4L2's ---- */

_Static_assert((int)VMEDIA_BUF_TYPE_VIDEO_CAPTURE == V4L2_BUF_TYPE_VIDEO_CAPTURE, "buffer types");
_Static_assert((int)VMEDIA_BUF_TYPE_VIDEO_OUTPUT_OVERLAY == V4L2_BUF_TYPE_VIDEO_OUTPUT_OVERLAY,
	       "buffer types");
_Static_assert((int)VMEDIA_BUF_TYPE_VIDEO_CAPTURE_MPLANE == V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE,
	       "buffer types");
_Static_assert((int)VMEDIA_BUF_TYPE_META_OUTPUT == V4L2_BUF_TYPE_META_OUTPUT, "buffer types");
_Static_assert((int)VMEDIA_MEMORY_MMAP == V4L2_MEMORY_MMAP, "memory types");
_Static_assert((int)VMEDIA_MEMORY_USERPTR == V4L2_MEMORY_USERPTR, "memory types");
_Static_assert((int)VMEDIA_MEMORY_DMABUF == V4L2_MEMORY_DMABUF, "memory types");
_Static_assert((int)VMEDIA_CTRL_TYPE_INTEGER64 == V4L2_CTRL_TYPE_INTEGER64, "control types");
_Static_assert(VMEDIA_MAX_PLANES == VIDEO_MAX_PLANES, "planes");
_Static_assert((V4L2_CTRL_FLAG_NEXT_CTRL | V4L2_CTRL_FLAG_NEXT_COMPOUND) == 0xc0000000,
	       "as check.c has them");
_Static_assert(V4L2_CTRL_ID_MASK == 0x0fffffff, "as check.c has it");
_Static_assert(V4L2_DEC_CMD_STOP == 1 && V4L2_DEC_CMD_START == 0, "as layout.c has them");
_Static_assert(V4L2_EVENT_CTRL == 3 && V4L2_EVENT_FRAME_SYNC == 4 &&
		       V4L2_EVENT_SOURCE_CHANGE == 5 && V4L2_EVENT_MOTION_DET == 6,
	       "as layout.c has them");
_Static_assert(V4L2_DV_BT_656_1120 == 0, "as layout.c has it");

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
