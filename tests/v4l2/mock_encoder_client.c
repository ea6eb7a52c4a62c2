/* SPDX-License-Identifier: BSD-3-Clause */
/* The client of the mock encoder: see mock_encoder.h. */
#include "mock_encoder.h"

#include "core/core.h"
#include "v4l2/encoder.h"

extern const struct vmedia_encoder_ops mock_encoder_ops;

static const struct vmedia_frame_interval rates[] = {
	{ .min = { 1, 120 }, .max = { 1, 1 }, .step = { 1, 1 } },
};
static const struct vmedia_frame_size sizes[] = {
	{ .width = 16, .height = 16, .max_width = 4096, .max_height = 4096, .step_width = 1,
	  .step_height = 1, .intervals = rates, .num_intervals = 1 },
};
static const struct vmedia_format_config coded[] = {
	{ .pixelformat = V4L2_PIX_FMT_H264, .sizes = sizes, .num_sizes = 1 },
	{ .pixelformat = V4L2_PIX_FMT_HEVC, .sizes = sizes, .num_sizes = 1 },
	{ .pixelformat = V4L2_PIX_FMT_VP8, .sizes = sizes, .num_sizes = 1, .sizeimage = 2000 },
};
static const struct vmedia_format_config raw[] = {
	{ .pixelformat = V4L2_PIX_FMT_NV12, .sizes = sizes, .num_sizes = 1 },
	{ .pixelformat = V4L2_PIX_FMT_YUV420M, .sizes = sizes, .num_sizes = 1 },
	{ .pixelformat = V4L2_PIX_FMT_P010, .sizes = sizes, .num_sizes = 1 },
};
static const struct vmedia_ctrl_config ctrls[] = {
	{ .id = V4L2_CID_MPEG_VIDEO_BITRATE, .min = 1, .max = 1000000, .def = 1000 },
	{ .id = V4L2_CID_MPEG_VIDEO_GOP_SIZE, .max = 100, .def = 12 },
};

uint64_t enc_max_pixels;

struct enc enc_open(void)
{
	struct vmedia_encoder_config cfg = {
		.card = "mock", .coded = coded, .num_coded = 3, .raw = raw, .num_raw = 3,
		.ctrls = ctrls, .num_ctrls = 2, .max_pixels = enc_max_pixels,
		.ops = &mock_encoder_ops, .priv = &mock_encoder,
	};
	struct enc e = { 0 };
	PAYLOAD(a);

	memset(&mock_encoder, 0, sizeof(mock_encoder));
	sem_init(&mock_encoder.in_wait, 0, 0);
	sem_init(&mock_encoder.go, 0, 0);
	e.r = rig_begin();
	assert_int_equal(vmedia_encoder_create(e.r->h.loop, &cfg, &e.r->dev), 0);
	rig_open(e.r);
	a.event_subscription.type = V4L2_EVENT_EOS;
	assert_int_equal(rig_ioctl(e.r, e.r->s, VMEDIA_NR_SUBSCRIBE_EVENT, &a), 0);
	assert_int_equal(enc_s_fmt(&e, CAP, V4L2_PIX_FMT_H264, 0, 0, 0, NULL), 0);
	assert_int_equal(enc_s_fmt(&e, OUT, V4L2_PIX_FMT_NV12, 64, 48, 0, NULL), 0);
	return e;
}

void enc_begin(struct enc *e, uint32_t num_out, uint32_t num_cap)
{
	e->num_out = num_out;
	assert_int_equal(rig_reqbufs(e->r, e->r->s, CAP, MMAP, num_cap), num_cap);
	assert_int_equal(rig_reqbufs(e->r, e->r->s, OUT, MMAP, num_out), num_out);
	for (uint32_t i = 0; i < num_cap; i++)
		assert_int_equal(enc_queue_capture(e, i), 0);
	assert_int_equal(rig_stream(e->r, e->r->s, OUT, true), 0);
	assert_int_equal(rig_stream(e->r, e->r->s, CAP, true), 0);
}

struct enc enc_new(uint32_t num_out, uint32_t num_cap)
{
	struct enc e = enc_open();

	enc_begin(&e, num_out, num_cap);
	return e;
}

void enc_end(struct enc *e)
{
	rig_end(e->r);
	assert_int_equal(mock_encoder.wrong, 0);
	assert_int_equal(mock_encoder.opens, mock_encoder.closes);
	assert_int_equal(mock_encoder.destroys, 1);
}

struct vmedia_ctx *enc_ctx(struct enc *e)
{
	return vmedia_session_ctx(vmedia_session_find(e->r->dev, e->r->s));
}

static int queue(struct enc *e, uint32_t type, uint32_t i, uint32_t time)
{
	struct vmedia_buffer b = { .index = i, .type = type, .memory = MMAP };
	struct vmedia_plane planes[VMEDIA_MAX_PLANES] = { 0 };

	b.timestamp.tv_sec = time / 1000000;
	b.timestamp.tv_usec = time % 1000000;
	return rig_buf(e->r, e->r->s, VMEDIA_NR_QBUF, &b, planes, VMEDIA_MAX_PLANES);
}

int enc_queue_capture(struct enc *e, uint32_t i)
{
	return queue(e, CAP, i, 0);
}

int enc_queue_output(struct enc *e, uint32_t i)
{
	return queue(e, OUT, i, 0);
}

void enc_put(struct enc *e, const char *picture, uint32_t time)
{
	uint32_t i = 0;

	while (i < e->num_out && e->busy[i])
		i++;
	assert_true(i < e->num_out);
	e->busy[i] = true;
	memcpy(vmedia_buf_plane(vmedia_queue_buf(vmedia_m2m_src(enc_ctx(e)), i), 0), picture,
	       strlen(picture) + 1);
	assert_int_equal(queue(e, OUT, i, time), 0);
}

void enc_restart(struct enc *e)
{
	uint32_t n = vmedia_queue_num_buffers(vmedia_m2m_dst(enc_ctx(e)));

	assert_int_equal(rig_stream(e->r, e->r->s, CAP, false), 0);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(enc_queue_capture(e, i), 0);
	assert_int_equal(rig_stream(e->r, e->r->s, CAP, true), 0);
}

void enc_seek(struct enc *e)
{
	assert_int_equal(rig_stream(e->r, e->r->s, OUT, false), 0);
	memset(e->busy, 0, sizeof(e->busy));
	assert_int_equal(rig_stream(e->r, e->r->s, OUT, true), 0);
}

int enc_command(struct enc *e, uint32_t cmd)
{
	PAYLOAD(a);

	a.encoder_cmd.cmd = cmd;
	return rig_ioctl(e->r, e->r->s, VMEDIA_NR_ENCODER_CMD, &a);
}

int enc_set(struct enc *e, uint32_t id, int32_t value)
{
	PAYLOAD(a);

	a.control = (struct vmedia_control){ .id = id, .value = value };
	return rig_ioctl(e->r, e->r->s, VMEDIA_NR_S_CTRL, &a);
}

/* ---- What comes ---- */

__attribute__((format(printf, 2, 3))) static void note(char text[1024], const char *fmt, ...)
{
	size_t at = strlen(text);
	va_list ap;

	va_start(ap, fmt);
	assert_true(vsnprintf(text + at, 1024 - at, fmt, ap) < (int)(1024 - at));
	va_end(ap);
}

static unsigned int time_of(const struct vmedia_buffer *b)
{
	return (unsigned int)(b->timestamp.tv_sec * 1000000 + b->timestamp.tv_usec);
}

static void note_packet(struct enc *e, const struct vmedia_buffer *b, uint32_t size)
{
	const char *at = vmedia_buf_plane(vmedia_queue_buf(vmedia_m2m_dst(enc_ctx(e)), b->index),
					  0);
	bool error = b->flags & V4L2_BUF_FLAG_ERROR;

	if (!size) {
		note(e->cap, "%s%s", b->flags & V4L2_BUF_FLAG_LAST ? " LAST" : " EMPTY",
		     error ? "!" : "");
		return;
	}
	assert_false(b->flags & V4L2_BUF_FLAG_LAST);
	assert_int_equal(b->field, V4L2_FIELD_NONE);
	note(e->cap, " %.*s@%u%s%s%s%s", at[0] == 'h' ? 2 : 1, at, time_of(b),
	     b->flags & V4L2_BUF_FLAG_KEYFRAME ? "k" : "",
	     b->flags & V4L2_BUF_FLAG_PFRAME ? "p" : "",
	     b->flags & V4L2_BUF_FLAG_BFRAME ? "b" : "", error ? "!" : "");
}

static void on_buffer(struct enc *e, const struct vmedia_evt *evt)
{
	const struct vmedia_buffer *b = &evt->buffer;

	if (b->type == OUT) {
		e->busy[b->index] = false;
		note(e->out, " %u%s", time_of(b), b->flags & V4L2_BUF_FLAG_ERROR ? "!" : "");
		return;
	}
	note_packet(e, b, evt->planes[0].bytesused);
	if (evt->planes[0].bytesused)
		assert_int_equal(enc_queue_capture(e, b->index), 0);
}

void enc_settle(struct enc *e)
{
	struct vmedia_encoder *enc = vmedia_encoder_of(enc_ctx(e));
	struct vmedia_evt evt;

	for (;;) {
		if (rig_poll(e->r, &evt)) {
			if (evt.type == VMEDIA_EVT_DQBUF)
				on_buffer(e, &evt);
			else
				note(e->cap, evt.event.type == V4L2_EVENT_EOS ? " EOS" : " WRONG");
		} else if (enc->s.running) {
			assert_true(vmedia_loop_step(e->r->h.loop, -1) >= 0);
		} else {
			return;
		}
	}
}

void enc_await(struct enc *e)
{
	/* a job begins at the end of the loop's round */
	harness_step(&e->r->h);
	while (sem_wait(&mock_encoder.in_wait))
		;
}

void enc_expect(struct enc *e, const char *out, const char *cap)
{
	enc_settle(e);
	assert_string_equal(e->out, out);
	assert_string_equal(e->cap, cap);
	e->out[0] = e->cap[0] = '\0';
}

int enc_s_fmt(struct enc *e, uint32_t type, uint32_t pixelformat, uint32_t w, uint32_t h,
	      uint32_t sizeimage, struct vmedia_pix_format_mplane *got)
{
	PAYLOAD(a);
	int err;

	a.format.type = type;
	a.format.fmt.pix_mp.pixelformat = pixelformat;
	a.format.fmt.pix_mp.width = w;
	a.format.fmt.pix_mp.height = h;
	a.format.fmt.pix_mp.num_planes = 1;
	a.format.fmt.pix_mp.plane_fmt[0].sizeimage = sizeimage;
	err = rig_ioctl(e->r, e->r->s, VMEDIA_NR_S_FMT, &a);
	if (got)
		*got = a.format.fmt.pix_mp;
	return err;
}

struct vmedia_pix_format_mplane enc_g_fmt(struct enc *e, uint32_t type)
{
	return rig_format(e->r, e->r->s, type).fmt.pix_mp;
}
