/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A driver that sends whatever ioctl with whatever payload, on devices of every kind. Nothing may
 * crash, leak or hang (run it under the sanitizers), and afterwards the device must be as good as
 * new.
 */
#include "rig.h"

static const struct vmedia_frame_interval ivs[] = {
	{ .min = { 1, 60 }, .max = { 1, 1 }, .step = { 1, 60 } },
};
static const struct vmedia_frame_size sizes[] = {
	{ .width = 16, .height = 16, .max_width = 256, .step_width = 2, .max_height = 256,
	  .step_height = 2, .intervals = ivs, .num_intervals = 1 },
};
static const struct vmedia_format_config flat[] = {
	{ .pixelformat = V4L2_PIX_FMT_YUYV, .sizes = sizes, .num_sizes = 1 },
	{ .pixelformat = V4L2_PIX_FMT_YUV420, .sizes = sizes, .num_sizes = 1 },
};
static const struct vmedia_format_config multi[] = {
	{ .pixelformat = V4L2_PIX_FMT_NV12M, .sizes = sizes, .num_sizes = 1 },
	{ .pixelformat = V4L2_PIX_FMT_YUV420M, .sizes = sizes, .num_sizes = 1 },
};
static const struct vmedia_format_config meta[] = {
	{ .pixelformat = V4L2_META_FMT_UVC, .sizeimage = 1000 },
};
static const struct vmedia_format vbi = {
	.fmt.vbi = { .samples_per_line = 1440, .count = { 12, 12 } },
};

#define QUEUE(t, f) \
	{ .type = V4L2_BUF_TYPE_##t, .formats = (f), .num_formats = VMEDIA_ARRAY_SIZE(f) }
static const struct vmedia_queue_config queues[] = {
	QUEUE(VIDEO_CAPTURE, flat), QUEUE(VIDEO_OUTPUT_MPLANE, multi), QUEUE(META_CAPTURE, meta),
	{ .type = V4L2_BUF_TYPE_VBI_CAPTURE, .initial = &vbi },
};
static const char *const menu[] = { "a", "b" };
static const struct vmedia_ctrl_config ctrls[] = {
	{ .id = V4L2_CID_BRIGHTNESS, .min = -100, .max = 100, .step = 7, .def = 5 },
	{ .id = V4L2_CID_USER_BASE + 0x1000, .name = "M", .type = V4L2_CTRL_TYPE_MENU, .max = 1,
	  .menu = menu },
	{ .id = V4L2_CID_USER_BASE + 0x1001, .name = "S", .type = V4L2_CTRL_TYPE_STRING,
	  .max = 8 },
	{ .id = V4L2_CID_USER_BASE + 0x1002, .name = "G", .type = V4L2_CTRL_TYPE_U8, .max = 9,
	  .dims = { 4 } },
	{ .id = V4L2_CID_USER_BASE + 0x1003, .name = "L", .type = V4L2_CTRL_TYPE_INTEGER64,
	  .min = INT64_MIN, .max = INT64_MAX },
};
static const struct vmedia_video_config shared = {
	.card = "h", .queues = queues, .num_queues = 4, .ctrls = ctrls, .num_ctrls = 5,
	.crop = true, .source_change = true,
};

static void job(struct vmedia_ctx *ctx)
{
	vmedia_buf_done(vmedia_m2m_take_src(ctx), VMEDIA_BUF_DONE);
	vmedia_buf_done(vmedia_m2m_take_dst(ctx), VMEDIA_BUF_DONE);
	vmedia_m2m_job_done(ctx);
}

static const struct vmedia_m2m_ops m2m = {
	.decoder_cmd = true, .encoder_cmd = true, .job_run = job,
};
static const struct vmedia_queue_config pair[] = {
	QUEUE(VIDEO_OUTPUT, flat), QUEUE(VIDEO_CAPTURE_MPLANE, multi),
};
static const struct vmedia_video_config codec = {
	.card = "h", .queues = pair, .num_queues = 2, .ctrls = ctrls, .num_ctrls = 5,
	.per_session = true, .m2m = &m2m,
};

static const uint32_t types[] = {
	V4L2_BUF_TYPE_VIDEO_CAPTURE, V4L2_BUF_TYPE_VIDEO_OUTPUT,
	V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE, V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE,
	V4L2_BUF_TYPE_META_CAPTURE, V4L2_BUF_TYPE_VBI_CAPTURE, 0, 77,
};

static uint32_t some(const uint32_t *v, unsigned int n)
{
	return v[rig_random() % n];
}

/* Words that mean something half of the time; anything the other half. */
static uint32_t word(void)
{
	static const uint32_t good[] = {
		0, 1, 2, 3, 4, 5, 6, 8, 16, 64, 255, 256, 0x7fffffff, 0x80000000, 0xffffffff,
		V4L2_CID_BRIGHTNESS, V4L2_CID_USER_BASE + 0x1001, V4L2_CID_USER_BASE + 0x1002,
		V4L2_CTRL_CLASS_USER, V4L2_CTRL_FLAG_NEXT_CTRL, V4L2_CTRL_WHICH_DEF_VAL,
		V4L2_PIX_FMT_YUYV, V4L2_PIX_FMT_NV12M, V4L2_META_FMT_UVC, 0x10000, 0x20000,
	};

	if (rig_random() & 1)
		return some(good, VMEDIA_ARRAY_SIZE(good));
	return rig_random() & 1 ? some(types, VMEDIA_ARRAY_SIZE(types)) : rig_random();
}

static void scramble(struct vmedia_cmd *cmd)
{
	unsigned int i;
	uint32_t w;

	for (i = 0; i + 4 <= cmd->io.info->size; i += 4) {
		w = word();
		memcpy(cmd->io.arg.raw + i, &w, 4);
	}
}

/* The calls that change most. */
static uint32_t favourite(void)
{
	static const uint32_t nrs[] = {
		VMEDIA_NR_REQBUFS, VMEDIA_NR_QBUF, VMEDIA_NR_QBUF, VMEDIA_NR_QBUF, VMEDIA_NR_QBUF,
		VMEDIA_NR_STREAMON, VMEDIA_NR_STREAMON, VMEDIA_NR_STREAMOFF, VMEDIA_NR_S_EXT_CTRLS,
		VMEDIA_NR_G_EXT_CTRLS, VMEDIA_NR_DECODER_CMD, VMEDIA_NR_PREPARE_BUF,
	};

	return some(nrs, VMEDIA_ARRAY_SIZE(nrs));
}

/* What makes a call likely to get past the first check. */
static void sharpen(const struct vmedia_video_config *cfg, struct vmedia_cmd *cmd)
{
	union vmedia_payload *a = &cmd->io.arg;
	uint32_t type = cfg->queues[rig_random() % cfg->num_queues].type;

	switch (cmd->code) {
	case VMEDIA_NR_REQBUFS:
		a->requestbuffers.type = type;
		a->requestbuffers.memory = rig_random() & 7 ? 1 : word();
		a->requestbuffers.count = rig_random() % 8;
		break;
	case VMEDIA_NR_CREATE_BUFS:
		a->create_buffers.format.type = type;
		a->create_buffers.memory = 1;
		a->create_buffers.count = rig_random() % 4;
		break;
	case VMEDIA_NR_QUERYBUF:
	case VMEDIA_NR_QBUF:
	case VMEDIA_NR_PREPARE_BUF:
		a->buffer.type = type;
		a->buffer.memory = V4L2_MEMORY_MMAP;
		a->buffer.index = rig_random() % 8;
		a->buffer.flags &= ~(uint32_t)V4L2_BUF_FLAG_REQUEST_FD;
		a->buffer.length = V4L2_TYPE_IS_MULTIPLANAR(type) ? rig_random() % 9 : word();
		break;
	case VMEDIA_NR_REMOVE_BUFS:
		a->remove_buffers.type = type;
		a->remove_buffers.index = rig_random() % 8;
		a->remove_buffers.count = rig_random() % 3;
		break;
	case VMEDIA_NR_STREAMON:
	case VMEDIA_NR_STREAMOFF:
		a->u32 = type;
		break;
	case VMEDIA_NR_G_EXT_CTRLS:
	case VMEDIA_NR_S_EXT_CTRLS:
	case VMEDIA_NR_TRY_EXT_CTRLS:
		a->ext_controls.count = rig_random() % 5;
		a->ext_controls.which = rig_random() & 3 ? 0 : word();
		break;
	case VMEDIA_NR_DECODER_CMD:
		a->decoder_cmd.cmd = rig_random() & 1;
		break;
	case VMEDIA_NR_G_EDID:
	case VMEDIA_NR_S_EDID:
		a->edid.blocks = 0;
		break;
	}
}

static void shoot(const struct vmedia_video_config *cfg, struct rig *r, uint32_t s)
{
	static struct vmedia_ext_control c[4];
	static struct vmedia_sg sg[4];
	static uint8_t raw[VMEDIA_SG_ENTRY_SIZE];
	struct vmedia_sg_entry e = { .start = HARNESS_GPA + 64, .len = 16 };
	struct vmedia_cmd cmd;
	unsigned int i;

	harness_cmd_ioctl(&cmd, s, rig_random() & 1 ? favourite() : rig_random() % VMEDIA_NR_END);
	if (!cmd.io.info || !(cmd.io.info->flags & VMEDIA_IOCTL_CARRIED))
		return;
	scramble(&cmd);
	sharpen(cfg, &cmd);
	cmd.io.num_planes = cmd.io.arg.buffer.length % 9;
	for (i = 0; i < VMEDIA_MAX_PLANES; i++)
		if (rig_random() & 1)
			cmd.io.planes[i] = (struct vmedia_plane){ .bytesused = word(),
								  .length = word(),
								  .data_offset = word() };
	vmedia_sg_put(raw, 0, &e);
	for (i = 0; i < 4; i++) {
		c[i] = (struct vmedia_ext_control){ .id = word(), .value64 = rig_random() };
		if (rig_random() & 3)
			c[i].id = ctrls[rig_random() % 5].id;
		c[i].size = rig_random() & 1 ? 16 : 0;
		sg[i] = (struct vmedia_sg){ raw, c[i].size ? 1 : 0 };
	}
	cmd.io.ctrls = c;
	cmd.io.ctrl_sg = sg;
	cmd.io.max_ctrls = 4;
	if (vmedia_cmd_size(&cmd))
		rig_cmd(r, &cmd);
}

/* A device without ops keeps its buffers ACTIVE: finish some, as hardware would. */
static void hardware(struct rig *r, const uint32_t *all, unsigned int n)
{
	struct vmedia_ctx *ctx = vmedia_video_ctx(vmedia_video_of(r->dev));
	struct vmedia_queue *q = ctx ? vmedia_ctx_queue(ctx, some(all, n)) : NULL;
	struct vmedia_buf *b = q ? vmedia_queue_buf(q, rig_random() % 8) : NULL;

	if (b && vmedia_buf_state(b) == VMEDIA_BUF_ACTIVE)
		vmedia_buf_done(b, rig_random() & 1 ? VMEDIA_BUF_DONE : VMEDIA_BUF_ERROR);
}

static void attack(const struct vmedia_video_config *cfg, unsigned int rounds)
{
	struct rig *r = rig_new(cfg);
	struct vmedia_evt evt;
	uint64_t addr, len;
	unsigned int i;

	vmedia_log_set_level(-1);
	rig_open2(r);
	for (i = 0; i < rounds; i++) {
		shoot(cfg, r, rig_random() & 3 ? r->s : r->s2);
		hardware(r, types, VMEDIA_ARRAY_SIZE(types));
		if (rig_random() % 8 == 0)
			harness_mmap(&r->h, r->s, (rig_random() % 64) << 16, 0, &addr, &len);
		if (rig_random() % 4 == 0)
			while (rig_poll(r, &evt))
				;
		if (rig_random() % 1000 == 0) {
			harness_restart(&r->h);
			harness_forget(&r->h);
			harness_post_events(&r->h, 32, VMEDIA_EVT_DQBUF_SIZE);
			assert_int_equal(harness_open(&r->h, &r->s), 0);
			assert_int_equal(harness_open(&r->h, &r->s2), 0);
		}
	}
	/* as good as new */
	harness_restart(&r->h);
	harness_forget(&r->h);
	assert_int_equal(harness_open(&r->h, &r->s), 0);
	assert_int_equal(rig_reqbufs(r, r->s, cfg->queues[0].type, V4L2_MEMORY_MMAP, 3), 3);
	assert_int_equal(rig_queue(r, r->s, cfg->queues[0].type, 2), 0);
	assert_int_equal(rig_stream(r, r->s, cfg->queues[0].type, true), 0);
	rig_end(r);
}

static void test_shared(void **state)
{
	(void)state;
	rig_seed();
	attack(&shared, 150000);
}

static void test_codec(void **state)
{
	(void)state;
	rig_seed();
	attack(&codec, 150000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shared),
		cmocka_unit_test(test_codec),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
