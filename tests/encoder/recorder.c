/* SPDX-License-Identifier: BSD-3-Clause */
/* The client: see clip.h. */
#include "clip.h"

#include "core/core.h"
#include "encoder.h"
#include "v4l2/encoder.h"

#define OUT  V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE
#define CAP  V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE
#define MMAP V4L2_MEMORY_MMAP
#define NUM_OUT 4
#define NUM_CAP 4

static struct vmedia_ctx *context(struct recorder *c)
{
	return vmedia_session_ctx(vmedia_session_find(c->r->dev, c->r->s));
}

static void s_fmt(struct recorder *c, uint32_t type, uint32_t pixelformat, int width, int height)
{
	PAYLOAD(a);

	a.format.type = type;
	a.format.fmt.pix_mp.pixelformat = pixelformat;
	a.format.fmt.pix_mp.width = (uint32_t)width;
	a.format.fmt.pix_mp.height = (uint32_t)height;
	assert_int_equal(rig_ioctl(c->r, c->r->s, VMEDIA_NR_S_FMT, &a), 0);
	assert_int_equal(a.format.fmt.pix_mp.pixelformat, pixelformat);
}

void recorder_open(struct recorder *c, uint32_t coded, uint32_t raw, int width, int height)
{
	struct vmedia_libav_options opts = {
		.region_size = 256 << 20,
		.threads = 1,	/* more make other streams, of slices */
		.codecs = coded == V4L2_PIX_FMT_MJPEG ? "mjpeg" : NULL,
	};

	memset(c, 0, sizeof(*c));
	c->raw = raw;
	c->width = width;
	c->height = height;
	c->r = rig_begin();
	assert_int_equal(vmedia_libav_encoder_create(c->r->h.loop, &opts, &c->r->dev), 0);
	av_log_set_level(AV_LOG_ERROR);
	rig_open(c->r);
	s_fmt(c, CAP, coded, 0, 0);
	s_fmt(c, OUT, raw, width, height);
}

void recorder_set(struct recorder *c, uint32_t id, int32_t value)
{
	PAYLOAD(a);

	a.control = (struct vmedia_control){ .id = id, .value = value };
	assert_int_equal(rig_ioctl(c->r, c->r->s, VMEDIA_NR_S_CTRL, &a), 0);
}

static void queue_capture(struct recorder *c, uint32_t i)
{
	assert_int_equal(rig_queue(c->r, c->r->s, CAP, i), 0);
}

void recorder_begin(struct recorder *c)
{
	assert_int_equal(rig_reqbufs(c->r, c->r->s, OUT, MMAP, NUM_OUT), NUM_OUT);
	assert_int_equal(rig_reqbufs(c->r, c->r->s, CAP, MMAP, NUM_CAP), NUM_CAP);
	for (uint32_t i = 0; i < NUM_CAP; i++)
		queue_capture(c, i);
	assert_int_equal(rig_stream(c->r, c->r->s, OUT, true), 0);
	assert_int_equal(rig_stream(c->r, c->r->s, CAP, true), 0);
}

/* ---- Pictures ---- */

static enum AVPixelFormat format_of(uint32_t raw)
{
	switch (raw) {
	case V4L2_PIX_FMT_YUV420:
	case V4L2_PIX_FMT_YUV420M:
		return AV_PIX_FMT_YUV420P;
	case V4L2_PIX_FMT_P010:
		return AV_PIX_FMT_P010LE;
	case V4L2_PIX_FMT_NV16:
		return AV_PIX_FMT_NV16;
	case V4L2_PIX_FMT_YUV422P:
		return AV_PIX_FMT_YUV422P;
	case V4L2_PIX_FMT_YUV444M:
		return AV_PIX_FMT_YUV444P;
	default:
		return AV_PIX_FMT_NV12;
	}
}

/* Paint the rectangle of the buffer. */
static void paint(struct recorder *c, uint32_t index)
{
	struct vmedia_queue *q = vmedia_m2m_src(context(c));
	const struct vmedia_pixfmt *pf = vmedia_queue_pixfmt(q);
	const struct vmedia_buf *b = vmedia_queue_buf(q, index);
	struct vmedia_picture_layout l;
	AVFrame *f = av_frame_alloc();

	vmedia_queue_layout(q, &l);
	f->format = format_of(c->raw);
	f->width = c->width;
	f->height = c->height;
	for (unsigned int i = 0; i < l.num_colour; i++) {
		int left = c->left / (i ? pf->hsub : 1) * pf->bits[i] / 8;
		int top = c->top / (i ? pf->vsub : 1);

		f->linesize[i] = (int)l.colour[i].stride;
		f->data[i] = (uint8_t *)vmedia_buf_plane(b, l.colour[i].mem) + l.colour[i].offset +
			     top * f->linesize[i] + left;
	}
	clip_paint(f, c->next, c->noisy);
	for (uint32_t v = 1, i = 0; c->pure_noise && i < b->planes[0].length; i++) {
		v = v * 1664525 + 1013904223;
		((uint8_t *)vmedia_buf_plane(b, 0))[i] = (uint8_t)(v >> 24);
	}
	av_frame_free(&f);
}

uint32_t recorder_memory(struct recorder *c, uint8_t *at[8], uint32_t *size)
{
	struct vmedia_buf *b;

	for (uint32_t i = 0; i < NUM_OUT; i++) {
		b = vmedia_queue_buf(vmedia_m2m_src(context(c)), i);
		at[i] = vmedia_buf_plane(b, 0);
		*size = b->planes[0].length;
	}
	return NUM_OUT;
}

static bool put(struct recorder *c)
{
	struct vmedia_buffer b = { .type = OUT, .memory = MMAP };
	struct vmedia_plane planes[VMEDIA_MAX_PLANES] = { 0 };

	while (b.index < NUM_OUT && c->busy[b.index])
		b.index++;
	if (b.index == NUM_OUT)
		return false;
	c->busy[b.index] = true;
	paint(c, b.index);
	c->next++;
	b.timestamp.tv_sec = c->next;
	assert_int_equal(rig_buf(c->r, c->r->s, VMEDIA_NR_QBUF, &b, planes, VMEDIA_MAX_PLANES), 0);
	return true;
}

/* ---- What comes ---- */

static void on_event(struct recorder *c, const struct vmedia_evt *evt)
{
	const struct vmedia_buffer *b = &evt->buffer;
	const struct vmedia_buf *buf;

	assert_int_equal(evt->type, VMEDIA_EVT_DQBUF);
	assert_int_equal(b->flags & V4L2_BUF_FLAG_ERROR, 0);
	if (b->type == OUT) {
		c->busy[b->index] = false;
		return;
	}
	buf = vmedia_queue_buf(vmedia_m2m_dst(context(c)), b->index);
	if (evt->planes[0].bytesused)
		clip_add(&c->got, vmedia_buf_plane(buf, 0), evt->planes[0].bytesused, b->flags,
			 b->timestamp.tv_sec);
	c->last |= !!(b->flags & V4L2_BUF_FLAG_LAST);
	queue_capture(c, b->index);
}

static bool any_busy(const struct recorder *c)
{
	for (unsigned int i = 0; i < NUM_OUT; i++)
		if (c->busy[i])
			return true;
	return false;
}

static void wait_event(struct recorder *c)
{
	struct vmedia_evt evt;

	while (!rig_poll(c->r, &evt))
		assert_true(vmedia_loop_step(c->r->h.loop, -1) >= 0);
	on_event(c, &evt);
}

void recorder_settle(struct recorder *c)
{
	const struct vmedia_encoder *e = vmedia_encoder_of(context(c));
	struct vmedia_evt evt;

	for (;;) {
		if (rig_poll(c->r, &evt))
			on_event(c, &evt);
		else if (e->s.running)
			assert_true(vmedia_loop_step(c->r->h.loop, -1) >= 0);
		else
			return;
	}
}

void recorder_put(struct recorder *c, unsigned int num)
{
	while (num || any_busy(c)) {
		while (num && put(c))
			num--;
		wait_event(c);
	}
	recorder_settle(c);
}

static void command(struct recorder *c, uint32_t cmd)
{
	PAYLOAD(a);

	a.encoder_cmd.cmd = cmd;
	assert_int_equal(rig_ioctl(c->r, c->r->s, VMEDIA_NR_ENCODER_CMD, &a), 0);
}

void recorder_drain(struct recorder *c)
{
	c->last = false;
	command(c, V4L2_ENC_CMD_STOP);
	while (!c->last)
		wait_event(c);
}

void recorder_resume(struct recorder *c)
{
	command(c, V4L2_ENC_CMD_START);
}

void recorder_end(struct recorder *c)
{
	rig_end(c->r);
	clip_free(&c->got);
}
