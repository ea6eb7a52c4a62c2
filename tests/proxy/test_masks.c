/* SPDX-License-Identifier: BSD-3-Clause */
/* What of the guest's payloads reaches the host, and what does not. */
#include "fake_host.h"

#define GUEST_POINTER 0x7fdeadbeef00ull

static struct fake_host *opened(uint32_t *session)
{
	struct fake_host *f = fake_host_new(NULL);

	assert_int_equal(ask_open(f, session), 0);
	return f;
}

static void test_config(void **state)
{
	struct fake_host *f = fake_host_new(NULL);
	const struct vmedia_config *config = vmedia_device_config(f->dev);

	assert_int_equal(config->device_caps, V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING);
	assert_int_equal(config->device_type, 0);
	assert_string_equal((const char *)config->card, "Fake camera");
	fake_host_end(f);
}

/* Blocks of RDS come by read(), which the guest has not: it sees RDS only by controls. */
static void test_radio(void **state)
{
	const uint32_t radio = V4L2_CAP_RADIO | V4L2_CAP_TUNER, rds = V4L2_CAP_RDS_CAPTURE;
	struct fake_host *f = fake_host_new_caps(NULL, radio | rds | V4L2_CAP_READWRITE);

	assert_int_equal(vmedia_device_config(f->dev)->device_caps, radio);
	assert_int_equal(vmedia_device_config(f->dev)->device_type, 2);
	fake_host_end(f);
	f = fake_host_new_caps(NULL, radio | rds);
	assert_int_equal(vmedia_device_config(f->dev)->device_caps, radio | rds);
	fake_host_end(f);
}

/* The numbers of the ioctls are the kernel's. */
static void test_numbers(void **state)
{
	static const struct {
		uint32_t nr;
		unsigned long cmd;
	} some[] = {
		{ VMEDIA_NR_QUERYCAP, VIDIOC_QUERYCAP },
		{ VMEDIA_NR_S_FMT, VIDIOC_S_FMT },
		{ VMEDIA_NR_QBUF, VIDIOC_QBUF },
		{ VMEDIA_NR_DQBUF, VIDIOC_DQBUF },
		{ VMEDIA_NR_STREAMON, VIDIOC_STREAMON },
		{ VMEDIA_NR_S_STD, VIDIOC_S_STD },
		{ VMEDIA_NR_G_INPUT, VIDIOC_G_INPUT },
		{ VMEDIA_NR_S_EXT_CTRLS, VIDIOC_S_EXT_CTRLS },
		{ VMEDIA_NR_G_EDID, VIDIOC_G_EDID },
		{ VMEDIA_NR_S_TUNER, VIDIOC_S_TUNER },
		{ VMEDIA_NR_CREATE_BUFS, VIDIOC_CREATE_BUFS },
		{ VMEDIA_NR_S_DV_TIMINGS, VIDIOC_S_DV_TIMINGS },
		{ VMEDIA_NR_DQEVENT, VIDIOC_DQEVENT },
		{ VMEDIA_NR_QUERY_EXT_CTRL, VIDIOC_QUERY_EXT_CTRL },
		{ VMEDIA_NR_DECODER_CMD, VIDIOC_DECODER_CMD },
		{ VMEDIA_NR_G_ENC_INDEX, VIDIOC_G_ENC_INDEX },
	};

	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++)
		assert_int_equal(vmedia_proxy_cmd(vmedia_ioctl_info(some[i].nr)), some[i].cmd);
}

/* Every ioctl that the protocol carries is in the table, and no other. */
static void test_table(void **state)
{
	const struct vmedia_ioctl_info *const *table;
	unsigned int count;

	table = vmedia_ioctl_table(&count);
	for (unsigned int i = 0; i < count; i++)
		assert_int_equal(vmedia_proxy_rule(table[i]->nr) != NULL,
				 (table[i]->flags & VMEDIA_IOCTL_CARRIED) != 0);
	assert_null(vmedia_proxy_rule(VMEDIA_NR_END));
}

/* Bytes of a payload that must reach the host as zeros, whatever the guest wrote. */
static void test_reserved(void **state)
{
#define ROW(ioctl, type_off, type, tag, field)                                        \
	{ VMEDIA_NR_##ioctl, type_off, type, offsetof(struct vmedia_##tag, field),    \
	  sizeof(((struct vmedia_##tag *)0)->field) }
#define NONE 0xffff
	static const struct {
		uint32_t nr;
		size_t type_off;
		uint32_t type;
		size_t off, len;
	} rows[] = {
		ROW(ENUM_FMT, 4, 1, fmtdesc, reserved),
		ROW(ENUM_FMT, 4, 1, fmtdesc, mbus_code),
		ROW(S_FMT, 0, 9, format, fmt.pix_mp.reserved),
		ROW(S_FMT, 0, 9, format, fmt.pix_mp.plane_fmt[3].reserved),
		ROW(TRY_FMT, 0, 4, format, fmt.vbi.reserved),
		ROW(G_FMT, 0, 11, format, fmt.sdr.reserved),
		{ VMEDIA_NR_S_FMT, 0, 1, offsetof(struct vmedia_format, fmt) + 48, 152 },
		{ VMEDIA_NR_S_FMT, 0, 13, offsetof(struct vmedia_format, fmt) + 20, 180 },
		ROW(REQBUFS, 4, 1, requestbuffers, reserved),
		ROW(REQBUFS, 4, 1, requestbuffers, flags),
		ROW(CREATE_BUFS, 16, 1, create_buffers, reserved),
		ROW(CREATE_BUFS, 16, 1, create_buffers, flags),
		ROW(S_PARM, 0, 1, streamparm, parm.capture.reserved),
		{ VMEDIA_NR_S_PARM, 0, 1, offsetof(struct vmedia_streamparm, parm) + 40, 160 },
		ROW(ENUMINPUT, NONE, 0, input, reserved),
		ROW(G_TUNER, NONE, 0, tuner, reserved),
		ROW(S_AUDIO, NONE, 0, audio, reserved),
		ROW(QUERYCTRL, NONE, 0, queryctrl, reserved),
		ROW(QUERY_EXT_CTRL, NONE, 0, query_ext_ctrl, reserved),
		ROW(QUERYMENU, NONE, 0, querymenu, reserved),
		ROW(G_SELECTION, 0, 1, selection, reserved),
		ROW(ENUM_FRAMESIZES, NONE, 0, frmsizeenum, reserved),
		ROW(ENUM_FRAMEINTERVALS, NONE, 0, frmivalenum, reserved),
		ROW(S_DV_TIMINGS, 0, 0, dv_timings, bt.reserved),
		ROW(SUBSCRIBE_EVENT, NONE, 0, event_subscription, reserved),
		ROW(S_FREQUENCY, NONE, 0, frequency, reserved),
	};
	static const uint8_t zeros[256];
	struct fake_host *f;
	uint32_t session;

	f = opened(&session);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		union vmedia_payload arg;

		memset(&arg, 0xa5, sizeof(arg));
		if (rows[i].type_off != NONE)
			memcpy(arg.raw + rows[i].type_off, &rows[i].type, 4);
		if (rows[i].nr == VMEDIA_NR_REQBUFS)
			arg.requestbuffers.memory = V4L2_MEMORY_MMAP;
		if (rows[i].nr == VMEDIA_NR_CREATE_BUFS) {
			arg.create_buffers.memory = V4L2_MEMORY_MMAP;
			arg.create_buffers.format.fmt.pix.sizeimage = HOST_LENGTH;
			/* the buffers are asked for afterwards */
			arg.create_buffers.count = 0;
		}
		if (rows[i].nr == VMEDIA_NR_REQBUFS)
			arg.requestbuffers.count = 0;
		f->last_nr = 0;
		ask_ioctl(f, session, rows[i].nr, &arg);
		assert_int_equal(f->last_nr, rows[i].nr);
		assert_memory_equal(f->last_arg.raw + rows[i].off, zeros, rows[i].len);
	}
	ask_close(f, session);
	fake_host_end(f);
}

/* Types that the host does not get to see, and what is refused before the host is asked. */
static void test_refused(void **state)
{
	static const uint32_t types[] = { V4L2_BUF_TYPE_VIDEO_OVERLAY,
					  V4L2_BUF_TYPE_VIDEO_OUTPUT_OVERLAY, 0, 15, 0x80000001 };
	struct fake_host *f;
	union vmedia_payload arg;
	unsigned int calls;
	uint32_t session;

	f = opened(&session);
	for (uint32_t nr = VMEDIA_NR_G_FMT; nr <= VMEDIA_NR_S_FMT; nr++) {
		for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
			memset(&arg, 0xa5, sizeof(arg));
			arg.format.type = types[i];
			/* This host takes any type, which a guest must not see. */
			assert_int_equal(ask_ioctl(f, session, nr, &arg), -EINVAL);
			assert_int_equal(f->last_arg.format.type, 0);
			assert_true(f->last_arg.format.fmt.win.clips == 0);
		}
	}
	calls = f->calls;
	arg = (union vmedia_payload){ .ext_controls = { .which = V4L2_CTRL_WHICH_REQUEST_VAL,
							.request_fd = 3 } };
	assert_int_equal(ask_ioctl(f, session, VMEDIA_NR_G_EXT_CTRLS, &arg), -EINVAL);
	assert_int_equal(f->calls, calls);
	ask_close(f, session);
	fake_host_end(f);
}

/*
 * Memory that V4L2 has not: the host is asked for none of it, so that the errno is its own. Even if
 * it agrees the guest gets none.
 */
static int host_err;

static int see_memory(struct fake_host *f, uint32_t nr, void *arg)
{
	const struct vmedia_create_buffers *b = arg;
	const struct vmedia_requestbuffers *r = arg;

	if (nr == VMEDIA_NR_REQBUFS) {
		assert_int_equal(r->memory, 0);
		assert_int_equal(r->count, 0);
		return host_err;
	}
	if (nr != VMEDIA_NR_CREATE_BUFS)
		return HOST_DEFAULT;
	assert_int_equal(b->memory, 0);
	assert_int_equal(b->count, 0);
	return host_err;
}

static void test_no_memory(void **state)
{
	static const uint32_t memories[] = { 0, V4L2_MEMORY_OVERLAY, 5, 0xffffffff };
	static const int answers[] = { -ENOTTY, -EBUSY, -EINVAL, 0 };
	union vmedia_payload arg;
	struct fake_host *f;
	uint32_t session, count = 2;
	unsigned int calls;

	f = opened(&session);
	assert_int_equal(reqbufs(f, session, V4L2_BUF_TYPE_VIDEO_CAPTURE, V4L2_MEMORY_MMAP, &count),
			 0);
	fake_script(f, see_memory);
	for (size_t i = 0; i < 16; i++) {
		host_err = answers[i % 4];
		calls = f->calls;
		arg = (union vmedia_payload){ .requestbuffers = { .count = 1, .type = 1,
								  .memory = memories[i / 4] } };
		assert_int_equal(ask_ioctl(f, session, VMEDIA_NR_REQBUFS, &arg),
				 host_err ? host_err : -EINVAL);
		arg = (union vmedia_payload){ .create_buffers = { .count = 1,
								  .memory = memories[i / 4] } };
		arg.create_buffers.format.type = 1;
		assert_int_equal(ask_ioctl(f, session, VMEDIA_NR_CREATE_BUFS, &arg),
				 host_err ? host_err : -EINVAL);
		assert_true(f->calls >= calls + 2);
	}
	/* Another memory than the queue has. */
	host_err = -EBUSY;
	arg = (union vmedia_payload){ .create_buffers = { .count = 1,
							  .memory = V4L2_MEMORY_USERPTR } };
	arg.create_buffers.format.type = 1;
	assert_int_equal(ask_ioctl(f, session, VMEDIA_NR_CREATE_BUFS, &arg), -EBUSY);
	host_err = 0;
	assert_int_equal(ask_ioctl(f, session, VMEDIA_NR_CREATE_BUFS, &arg), -EINVAL);
	fake_script(f, NULL);
	/* The buffers that the session has stay. */
	assert_int_equal(qbuf(f, session, 1, 1, V4L2_MEMORY_MMAP, NULL, 0), 0);
	ask_close(f, session);
	fake_host_end(f);
}

/* What V4L2 refuses before it looks at the controls leaves error_idx as it was. */
static int busy(struct fake_host *f, uint32_t nr, void *arg)
{
	return nr == VMEDIA_NR_S_EXT_CTRLS ? -EBUSY : HOST_DEFAULT;
}

static void test_error_idx(void **state)
{
	struct vmedia_ext_control ctrl = { .id = V4L2_CID_GAIN };
	struct vmedia_cmd cmd;
	struct fake_host *f;
	uint32_t session;

	f = opened(&session);
	fake_script(f, busy);
	harness_cmd_ioctl(&cmd, session, VMEDIA_NR_S_EXT_CTRLS);
	cmd.io.arg.ext_controls = (struct vmedia_ext_controls){ .count = 1, .error_idx = 7 };
	cmd.io.ctrls = &ctrl;
	cmd.io.max_ctrls = 1;
	assert_int_equal(ask(f, &cmd), -EBUSY);
	assert_int_equal(cmd.io.arg.ext_controls.error_idx, 7);
	cmd.io.arg.ext_controls.which = V4L2_CTRL_WHICH_REQUEST_VAL;
	assert_int_equal(ask(f, &cmd), -EINVAL);
	assert_int_equal(cmd.io.arg.ext_controls.error_idx, 1);
	ask_close(f, session);
	fake_host_end(f);
}

/* Controls: the host's pointer is not the guest's, its bytes are. */
static uint8_t seen[16];

static int see_ctrl(struct fake_host *f, uint32_t nr, void *arg)
{
	const struct vmedia_ext_controls *e = arg;
	struct vmedia_ext_control *c = (struct vmedia_ext_control *)(uintptr_t)e->controls;

	if (nr != VMEDIA_NR_S_EXT_CTRLS && nr != VMEDIA_NR_G_EXT_CTRLS)
		return HOST_DEFAULT;
	assert_int_equal(e->request_fd, 0);
	assert_int_equal(e->count, 2);
	assert_true(e->controls != GUEST_POINTER);
	assert_int_equal(c[0].reserved2[0], 0);
	assert_int_equal(c[0].value, 42);
	assert_true(c[1].ptr != GUEST_POINTER);
	memcpy(seen, (const void *)(uintptr_t)c[1].ptr, sizeof(seen));
	memset((void *)(uintptr_t)c[1].ptr, 0x77, sizeof(seen));
	c[0].value = 43;
	((struct vmedia_ext_controls *)arg)->which = V4L2_CTRL_ID2WHICH(e->which);
	return 0;
}

static void test_ctrl_pointers(void **state)
{
	static const uint8_t guest[16] = "fifteen letters";
	struct vmedia_ext_control ctrls[2] = { { .id = 1, .value = 42 },
					       { .id = 2, .size = 16, .ptr = GUEST_POINTER } };
	struct vmedia_sg sg[2] = { { 0 } };
	uint8_t raw[VMEDIA_SG_ENTRY_SIZE];
	struct vmedia_cmd cmd;
	struct fake_host *f;
	uint32_t session;
	uint8_t *data;

	f = opened(&session);
	data = harness_alloc(&f->h, 16, 16);
	memcpy(data, guest, 16);
	vmedia_sg_put(raw, 0, &(struct vmedia_sg_entry){ harness_gpa(&f->h, data), 16 });
	sg[1] = (struct vmedia_sg){ raw, 1 };
	fake_script(f, see_ctrl);
	harness_cmd_ioctl(&cmd, session, VMEDIA_NR_S_EXT_CTRLS);
	cmd.io.arg.ext_controls = (struct vmedia_ext_controls){ .which = 0xf0000003,
								.count = 2,
								.request_fd = 9,
								.controls = GUEST_POINTER };
	ctrls[0].reserved2[0] = 7;
	cmd.io.ctrls = ctrls;
	cmd.io.ctrl_sg = sg;
	cmd.io.max_ctrls = 2;
	assert_int_equal(ask(f, &cmd), 0);
	assert_memory_equal(seen, guest, 16);
	assert_int_equal(ctrls[0].value, 43);
	assert_int_equal(cmd.io.arg.ext_controls.which, 0xf0000003);
	/* Pointers come back as they went. */
	assert_true(ctrls[1].ptr == GUEST_POINTER);
	assert_true(cmd.io.arg.ext_controls.controls == GUEST_POINTER);
	assert_int_equal(data[0], 0x77);
	fake_script(f, NULL);
	ask_close(f, session);
	fake_host_end(f);
}

/* Buffers: neither request nor pointer, descriptor or memory type of the guest. */
static void test_buffers(void **state)
{
	struct vmedia_evt evt;
	struct vmedia_cmd cmd;
	struct fake_host *f;
	uint32_t session, count = 2;
	unsigned int calls;

	f = opened(&session);
	assert_int_equal(reqbufs(f, session, V4L2_BUF_TYPE_VIDEO_OUTPUT, V4L2_MEMORY_MMAP, &count),
			 0);
	harness_cmd_ioctl(&cmd, session, VMEDIA_NR_QBUF);
	cmd.io.arg.buffer = (struct vmedia_buffer){
		.type = V4L2_BUF_TYPE_VIDEO_OUTPUT, .memory = V4L2_MEMORY_MMAP, .bytesused = 10,
		.flags = V4L2_BUF_FLAG_REQUEST_FD, .request_fd = 5,
	};
	calls = f->calls;
	assert_int_equal(ask(f, &cmd), -EBADR);
	assert_int_equal(f->calls, calls);
	cmd.io.arg.buffer.flags = 0xffffffff & ~(uint32_t)V4L2_BUF_FLAG_REQUEST_FD;
	cmd.io.arg.buffer.request_fd = 5;
	cmd.io.arg.buffer.reserved2 = 5;
	cmd.io.arg.buffer.m.userptr = GUEST_POINTER;
	cmd.io.arg.buffer.length = 77;
	cmd.io.arg.buffer.sequence = 99;
	cmd.io.arg.buffer.timestamp.tv_sec = 88;
	assert_int_equal(ask(f, &cmd), 0);
	/* Bits without meaning come back and do not get there. */
	assert_int_equal(cmd.io.arg.buffer.flags & 0xff680000u, 0xff680000u);
	assert_int_equal(f->file[0].last.request_fd, 0);
	assert_int_equal(f->file[0].last.reserved2, 0);
	assert_true(f->file[0].last.m.userptr == 0);
	assert_int_equal(f->file[0].last.length, 0);
	assert_int_equal(f->file[0].last.sequence, 0);
	assert_int_equal(f->file[0].last.bytesused, 10);
	assert_int_equal(f->file[0].last.timestamp.tv_sec, 88);
	assert_int_equal(f->file[0].last.flags,
			 V4L2_BUF_FLAG_KEYFRAME | V4L2_BUF_FLAG_PFRAME | V4L2_BUF_FLAG_BFRAME |
			 V4L2_BUF_FLAG_TIMECODE | V4L2_BUF_FLAG_TSTAMP_SRC_MASK);
	/* They stay with the buffer until the next QBUF. */
	assert_int_equal(stream(f, session, V4L2_BUF_TYPE_VIDEO_OUTPUT, true), 0);
	fake_done(f, 0, V4L2_BUF_TYPE_VIDEO_OUTPUT, 0);
	assert_int_equal(next_event(f, &evt), 1);
	assert_int_equal(evt.buffer.flags & 0xff780000u, 0xff780000u);
	assert_int_equal(qbuf(f, session, V4L2_BUF_TYPE_VIDEO_OUTPUT, 0, V4L2_MEMORY_MMAP, NULL, 0),
			 0);
	fake_done(f, 0, V4L2_BUF_TYPE_VIDEO_OUTPUT, 0);
	assert_int_equal(next_event(f, &evt), 1);
	assert_int_equal(evt.buffer.flags & 0xff780000u, 0);
	ask_close(f, session);
	fake_host_end(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_config),
		cmocka_unit_test(test_radio),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_reserved),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_error_idx),
		cmocka_unit_test(test_ctrl_pointers),
		cmocka_unit_test(test_buffers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
