/* SPDX-License-Identifier: BSD-3-Clause */
/* The client: see stream.h. */
#include "stream.h"

#include "core/core.h"
#include "decoder.h"
#include "v4l2/decoder.h"

#define OUT  V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE
#define CAP  V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE
#define MMAP V4L2_MEMORY_MMAP
#define NUM_OUT 8

static struct vmedia_ctx *context(struct player *p)
{
	return vmedia_session_ctx(vmedia_session_find(p->r->dev, p->r->s));
}

static void s_fmt(struct player *p, uint32_t type, uint32_t pixelformat)
{
	PAYLOAD(a);

	a.format.type = type;
	if (type == CAP)
		a.format = rig_format(p->r, p->r->s, CAP);
	a.format.fmt.pix_mp.pixelformat = pixelformat;
	assert_int_equal(rig_ioctl(p->r, p->r->s, VMEDIA_NR_S_FMT, &a), 0);
	assert_int_equal(a.format.fmt.pix_mp.pixelformat, pixelformat);
}

static void begin_session(struct player *p, uint32_t coded)
{
	PAYLOAD(a);

	a.event_subscription.type = V4L2_EVENT_SOURCE_CHANGE;
	assert_int_equal(rig_ioctl(p->r, p->r->s, VMEDIA_NR_SUBSCRIBE_EVENT, &a), 0);
	s_fmt(p, OUT, coded);
	assert_int_equal(rig_reqbufs(p->r, p->r->s, OUT, MMAP, NUM_OUT), NUM_OUT);
}

static void begin(struct player *p, const struct vmedia_decoder_options *opts, uint32_t coded,
		  uint32_t raw)
{
	memset(p, 0, sizeof(*p));
	p->raw = raw;
	p->r = rig_begin();
	assert_int_equal(vmedia_libav_decoder_create(p->r->h.loop, opts, &p->r->dev), 0);
	rig_open(p->r);
	begin_session(p, coded);
}

static void stream_on(struct player *p)
{
	assert_int_equal(rig_stream(p->r, p->r->s, OUT, true), 0);
}

void player_begin_with(struct player *p, const struct vmedia_decoder_options *opts, uint32_t coded,
		       uint32_t raw)
{
	begin(p, opts, coded, raw);
	stream_on(p);
}

static struct vmedia_decoder_options options(uint32_t coded)
{
	return (struct vmedia_decoder_options){
		.libav.region_size = 256 << 20,
		.libav.codecs = coded == V4L2_PIX_FMT_MJPEG ? "mjpeg" : NULL,
	};
}

void player_begin(struct player *p, uint32_t coded, uint32_t raw)
{
	struct vmedia_decoder_options opts = options(coded);

	player_begin_with(p, &opts, coded, raw);
}

void player_join(struct player *p, uint32_t coded)
{
	rig_open2(p->r);
	p->r->s = p->r->s2;
	p->setup = p->failed = false;
	p->got.num = 0;
	memset(p->busy, 0, sizeof(p->busy));
	begin_session(p, coded);
	stream_on(p);
}

void player_end(struct player *p)
{
	rig_end(p->r);
}

uint64_t player_copied(const struct player *p)
{
	struct vmedia_device_stats stats;

	vmedia_device_stats(p->r->dev, &stats);
	return stats.bytes_copied;
}

void player_command(struct player *p, uint32_t cmd)
{
	PAYLOAD(a);

	a.decoder_cmd.cmd = cmd;
	assert_int_equal(rig_ioctl(p->r, p->r->s, VMEDIA_NR_DECODER_CMD, &a), 0);
}

static bool put(struct player *p, const AVPacket *packet)
{
	struct vmedia_buffer b = { .type = OUT, .memory = MMAP };
	struct vmedia_plane plane = { .bytesused = (uint32_t)packet->size };
	struct vmedia_buf *buf;
	int err;

	while (b.index < NUM_OUT && p->busy[b.index])
		b.index++;
	if (b.index == NUM_OUT)
		return false;
	p->busy[b.index] = true;
	buf = vmedia_queue_buf(vmedia_m2m_src(context(p)), b.index);
	assert_true(buf->planes[0].length >= plane.bytesused);
	memcpy(vmedia_buf_plane(buf, 0), packet->data, plane.bytesused);
	b.timestamp.tv_usec = packet->pts;
	err = rig_buf(p->r, p->r->s, VMEDIA_NR_QBUF, &b, &plane, 1);
	p->failed |= err == -EIO;
	assert_true(!err || err == -EIO);
	return true;
}

void player_begin_late(struct player *p, uint32_t coded, uint32_t raw, const struct stream *s)
{
	struct vmedia_decoder_options opts = options(coded);

	begin(p, &opts, coded, raw);
	assert_true(put(p, s->packets[0]) && put(p, s->packets[1]));
	stream_on(p);
}

void player_seek(struct player *p, bool both)
{
	struct vmedia_evt evt;

	assert_int_equal(rig_stream(p->r, p->r->s, OUT, false), 0);
	if (both && p->setup) {
		assert_int_equal(rig_stream(p->r, p->r->s, CAP, false), 0);
		assert_int_equal(rig_reqbufs(p->r, p->r->s, CAP, MMAP, 0), 0);
		p->setup = false;
	}
	while (both && rig_poll(p->r, &evt))
		;
	memset(p->busy, 0, sizeof(p->busy));
	p->failed = false;
	assert_int_equal(rig_stream(p->r, p->r->s, OUT, true), 0);
}

/* ---- CAPTURE ---- */

static void queue_capture(struct player *p, uint32_t i)
{
	struct vmedia_buffer b = { .index = i, .type = CAP, .memory = MMAP };
	struct vmedia_plane planes[VMEDIA_MAX_PLANES] = { 0 };

	if (!p->failed)
		p->failed = rig_buf(p->r, p->r->s, VMEDIA_NR_QBUF, &b, planes, VMEDIA_MAX_PLANES);
}

static void set_up(struct player *p)
{
	PAYLOAD(a);
	int n;

	if (p->setup)
		assert_int_equal(rig_stream(p->r, p->r->s, CAP, false), 0);
	assert_int_equal(rig_reqbufs(p->r, p->r->s, CAP, MMAP, 0), 0);
	if (p->raw)
		s_fmt(p, CAP, p->raw);
	a.selection.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	a.selection.target = V4L2_SEL_TGT_COMPOSE;
	assert_int_equal(rig_ioctl(p->r, p->r->s, VMEDIA_NR_G_SELECTION, &a), 0);
	p->visible = a.selection.r;
	p->pf = vmedia_queue_pixfmt(vmedia_m2m_dst(context(p)));
	vmedia_queue_layout(vmedia_m2m_dst(context(p)), &p->layout);
	n = rig_reqbufs(p->r, p->r->s, CAP, MMAP, p->buffers ? (uint32_t)p->buffers : 1);
	/* What a damaged header says may be more than the region has. */
	if (n < 2 && (uint64_t)p->visible.width * p->visible.height > 1u << 22) {
		p->failed = true;
		return;
	}
	assert_in_range(n, 2, 32);
	p->got_buffers = (uint32_t)n;
	while (n--)
		queue_capture(p, (uint32_t)n);
	assert_int_equal(rig_stream(p->r, p->r->s, CAP, true), 0);
	p->setup = true;
}

/* One sample of a colour plane; @part: of those that share a place (Cb and Cr of NV12). */
static uint16_t sample(const struct player *p, const uint8_t *at, uint32_t x, unsigned int parts,
		       unsigned int part)
{
	uint32_t i = x * parts + part;

	return p->pf->bits[0] == 16 ? ((const uint16_t *)at)[i] >> 6 : at[i];
}

void player_record(struct player *p, const struct vmedia_buffer *b)
{
	const struct vmedia_buf *buf = vmedia_queue_buf(vmedia_m2m_dst(context(p)), b->index);
	unsigned int planes = p->pf->colour_planes == 2 ? 3 : p->pf->colour_planes;
	struct picture pic = { .width = p->visible.width, .height = p->visible.height,
			       .flags = b->flags, .field = b->field,
			       .pts = b->timestamp.tv_usec };

	for (unsigned int i = 0; i < planes; i++) {
		bool paired = i && p->pf->colour_planes == 2;
		const struct vmedia_layout_plane *l = &p->layout.colour[paired ? 1 : i];
		uint32_t w = i ? (pic.width + p->pf->hsub - 1) / p->pf->hsub : pic.width;
		uint32_t h = i ? (pic.height + p->pf->vsub - 1) / p->pf->vsub : pic.height;
		const uint8_t *at = (const uint8_t *)vmedia_buf_plane(buf, l->mem) + l->offset;

		for (uint32_t y = 0; y < h; y++)
			for (uint32_t x = 0; x < w; x++)
				pic.hash = hash_sample(pic.hash,
						       sample(p, at + (size_t)y * l->stride, x,
							      paired ? 2 : 1, paired ? i - 1 : 0));
	}
	picture_add(&p->got, &pic);
}

/* Returns true at the LAST of a drain. */
static bool on_capture(struct player *p, const struct vmedia_evt *evt, bool change)
{
	if (evt->planes[0].bytesused) {
		player_record(p, &evt->buffer);
		queue_capture(p, evt->buffer.index);
		return false;
	}
	if (evt->buffer.flags & V4L2_BUF_FLAG_ERROR)
		p->failed = true;
	if (p->failed)
		return true;
	assert_true(evt->buffer.flags & V4L2_BUF_FLAG_LAST);
	if (change) {
		set_up(p);
		return false;
	}
	queue_capture(p, evt->buffer.index);
	assert_true(p->stopping);
	return true;
}

static bool all_taken(const struct player *p)
{
	for (unsigned int i = 0; i < NUM_OUT; i++)
		if (p->busy[i])
			return false;
	return true;
}

/* Returns false if no event comes: nothing that the decoder got was a stream. */
static bool next_event(struct player *p, struct vmedia_evt *evt)
{
	const struct vmedia_decoder *d = vmedia_decoder_of(context(p));

	while (!rig_poll(p->r, evt)) {
		if (!p->setup && !d->s.running)
			return false;
		assert_true(vmedia_loop_step(p->r->h.loop, -1) >= 0);
	}
	return true;
}

void player_play(struct player *p, const struct stream *s, unsigned int from, unsigned int to,
		 bool drain)
{
	struct vmedia_evt evt;
	bool change = false, last = false;

	p->stopping = false;
	while (!last && !p->failed && (drain || from < to || !all_taken(p))) {
		while (from < to && !p->failed && put(p, s->packets[from]))
			from++;
		if (p->failed)
			return;
		if (drain && from == to && p->setup && !p->stopping) {
			player_command(p, V4L2_DEC_CMD_STOP);
			p->stopping = true;
		}
		if (!next_event(p, &evt))
			return;
		if (evt.type == VMEDIA_EVT_EVENT) {
			p->changes++;
			change = p->setup;
			if (!p->setup)
				set_up(p);
		} else if (evt.buffer.type == OUT) {
			p->busy[evt.buffer.index] = false;
		} else {
			last = on_capture(p, &evt, change);
			change = change && evt.planes[0].bytesused;
		}
	}
}
