/* SPDX-License-Identifier: BSD-3-Clause */
/* The client of the mock codec: see mock_codec.h. */
#include "mock_codec.h"

#include "core/core.h"
#include "v4l2/decoder.h"

extern const struct vmedia_decoder_ops mock_ops, mock_ops_no_header;

static const struct vmedia_frame_size sizes[] = {
	{ .width = 16, .height = 16, .max_width = 4096, .max_height = 4096, .step_width = 1,
	  .step_height = 1 },
};
static const struct vmedia_format_config coded[] = {
	{ .pixelformat = V4L2_PIX_FMT_H264, .sizes = sizes, .num_sizes = 1 },
	{ .pixelformat = V4L2_PIX_FMT_VP8, .sizes = sizes, .num_sizes = 1 },
};
static const struct vmedia_format_config raw[] = {
	{ .pixelformat = V4L2_PIX_FMT_NV12, .sizes = sizes, .num_sizes = 1 },
	{ .pixelformat = V4L2_PIX_FMT_YUV420M, .sizes = sizes, .num_sizes = 1 },
	{ .pixelformat = V4L2_PIX_FMT_P010, .sizes = sizes, .num_sizes = 1 },
};

static void subscribe(struct rig *r, uint32_t type)
{
	PAYLOAD(a);

	a.event_subscription.type = type;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_SUBSCRIBE_EVENT, &a), 0);
}

struct client client_open(bool no_header, bool forgets)
{
	struct vmedia_decoder_config cfg = {
		.card = "mock", .coded = coded, .num_coded = 2, .raw = raw, .num_raw = 3,
		.ops = no_header ? &mock_ops_no_header : &mock_ops, .priv = &mock,
	};
	struct client c = { 0 };

	memset(&mock, 0, sizeof(mock));
	mock.forgets = forgets;
	sem_init(&mock.in_wait, 0, 0);
	sem_init(&mock.go, 0, 0);
	c.r = rig_begin();
	assert_int_equal(vmedia_decoder_create(c.r->h.loop, &cfg, &c.r->dev), 0);
	rig_open(c.r);
	subscribe(c.r, V4L2_EVENT_SOURCE_CHANGE);
	subscribe(c.r, V4L2_EVENT_EOS);
	return c;
}

void client_hurry(struct client *c)
{
	struct vmedia_decoder *d = vmedia_decoder_of(client_ctx(c));

	d->dev->soon_ns = 0;
	d->dev->turn_ns = 0;
}

void client_begin(struct client *c, uint32_t num_out)
{
	c->num_out = num_out;
	assert_int_equal(rig_reqbufs(c->r, c->r->s, OUT, MMAP, num_out), num_out);
	assert_int_equal(rig_stream(c->r, c->r->s, OUT, true), 0);
}

struct client client_new(bool no_header, bool forgets)
{
	struct client c = client_open(no_header, forgets);

	client_begin(&c, 8);
	return c;
}

void client_end(struct client *c)
{
	rig_end(c->r);
	assert_int_equal(mock.wrong, 0);
	assert_int_equal(mock.opens, mock.closes);
	assert_int_equal(mock.destroys, 1);
}

struct vmedia_ctx *client_ctx(struct client *c)
{
	return vmedia_session_ctx(vmedia_session_find(c->r->dev, c->r->s));
}

void client_put(struct client *c, const char *packet, uint32_t time)
{
	struct vmedia_buffer b = { .type = OUT, .memory = MMAP };
	struct vmedia_plane plane = { .bytesused = (uint32_t)strlen(packet) };
	uint32_t i = 0;

	while (i < c->num_out && c->busy[i])
		i++;
	assert_true(i < c->num_out);
	c->busy[i] = true;
	memcpy(vmedia_buf_plane(vmedia_queue_buf(vmedia_m2m_src(client_ctx(c)), i), 0), packet,
	       plane.bytesused);
	b.index = i;
	b.timestamp.tv_sec = time / 1000000;
	b.timestamp.tv_usec = time % 1000000;
	assert_int_equal(rig_buf(c->r, c->r->s, VMEDIA_NR_QBUF, &b, &plane, 1), 0);
}

int client_queue_capture(struct client *c, uint32_t i)
{
	struct vmedia_buffer b = { .index = i, .type = CAP, .memory = MMAP };
	struct vmedia_plane planes[VMEDIA_MAX_PLANES] = { 0 };

	return rig_buf(c->r, c->r->s, VMEDIA_NR_QBUF, &b, planes, VMEDIA_MAX_PLANES);
}

uint32_t client_setup(struct client *c, uint32_t n)
{
	int got = rig_reqbufs(c->r, c->r->s, CAP, MMAP, n);

	assert_true(got > 0);
	for (int i = 0; i < got; i++)
		assert_int_equal(client_queue_capture(c, (uint32_t)i), 0);
	assert_int_equal(rig_stream(c->r, c->r->s, CAP, true), 0);
	return (uint32_t)got;
}

uint32_t client_restart(struct client *c, uint32_t n)
{
	assert_int_equal(rig_stream(c->r, c->r->s, CAP, false), 0);
	return client_setup(c, n);
}

int client_command(struct client *c, uint32_t cmd)
{
	PAYLOAD(a);

	a.decoder_cmd.cmd = cmd;
	return rig_ioctl(c->r, c->r->s, VMEDIA_NR_DECODER_CMD, &a);
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

static void note_picture(struct client *c, const struct vmedia_buffer *b,
			 const struct vmedia_plane *p)
{
	struct vmedia_queue *q = vmedia_m2m_dst(client_ctx(c));
	const uint8_t *at = vmedia_buf_plane(vmedia_queue_buf(q, b->index), 0);
	bool error = b->flags & V4L2_BUF_FLAG_ERROR;

	if (!p[0].bytesused) {
		note(c->cap, "%s%s", b->flags & V4L2_BUF_FLAG_LAST ? " LAST" : " EMPTY",
		     error ? "!" : "");
		return;
	}
	assert_false(b->flags & V4L2_BUF_FLAG_LAST);
	note(c->cap, " %c@%u%s%s%s%s", at[0],
	     (unsigned int)(b->timestamp.tv_sec * 1000000 + b->timestamp.tv_usec),
	     b->flags & V4L2_BUF_FLAG_KEYFRAME ? "k" : "",
	     b->flags & V4L2_BUF_FLAG_PFRAME ? "p" : "",
	     b->field == V4L2_FIELD_INTERLACED_TB ? "i" : "", error ? "!" : "");
}

static void on_buffer(struct client *c, const struct vmedia_evt *evt)
{
	const struct vmedia_buffer *b = &evt->buffer;

	if (b->type == OUT) {
		c->busy[b->index] = false;
		note(c->out, " %u%s",
		     (unsigned int)(b->timestamp.tv_sec * 1000000 + b->timestamp.tv_usec),
		     b->flags & V4L2_BUF_FLAG_ERROR ? "!" : "");
		return;
	}
	note_picture(c, b, evt->planes);
	if (!c->keep && evt->planes[0].bytesused)
		assert_int_equal(client_queue_capture(c, b->index), 0);
}

void client_note(struct client *c, const struct vmedia_evt *evt)
{
	if (evt->type == VMEDIA_EVT_DQBUF)
		on_buffer(c, evt);
	else if (evt->event.type == V4L2_EVENT_EOS)
		note(c->cap, " EOS");
	else if (evt->event.u.src_change.changes == V4L2_EVENT_SRC_CH_RESOLUTION)
		note(c->cap, " CHANGE");
	else
		note(c->cap, " WRONG");
}

void client_settle(struct client *c)
{
	struct vmedia_decoder *d = vmedia_decoder_of(client_ctx(c));
	struct vmedia_evt evt;

	for (;;) {
		if (rig_poll(c->r, &evt)) {
			client_note(c, &evt);
		} else if (d->s.running) {
			assert_true(vmedia_loop_step(c->r->h.loop, -1) >= 0);
		} else {
			return;
		}
	}
}

void client_await(struct client *c)
{
	/* a job begins at the end of the loop's round */
	harness_step(&c->r->h);
	while (sem_wait(&mock.in_wait))
		;
}

void client_expect(struct client *c, const char *out, const char *cap)
{
	client_settle(c);
	assert_string_equal(c->out, out);
	assert_string_equal(c->cap, cap);
	c->out[0] = c->cap[0] = '\0';
}

int client_s_fmt(struct client *c, uint32_t type, uint32_t pixelformat, uint32_t w, uint32_t h,
		 struct vmedia_format *got)
{
	PAYLOAD(a);
	int err;

	a.format.type = type;
	a.format.fmt.pix_mp.pixelformat = pixelformat;
	a.format.fmt.pix_mp.width = w;
	a.format.fmt.pix_mp.height = h;
	err = rig_ioctl(c->r, c->r->s, VMEDIA_NR_S_FMT, &a);
	if (got)
		*got = a.format;
	return err;
}

struct vmedia_rect client_selection(struct client *c, uint32_t target)
{
	PAYLOAD(a);

	a.selection.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	a.selection.target = target;
	assert_int_equal(rig_ioctl(c->r, c->r->s, VMEDIA_NR_G_SELECTION, &a), 0);
	return a.selection.r;
}

void client_seek(struct client *c)
{
	assert_int_equal(rig_stream(c->r, c->r->s, OUT, false), 0);
	memset(c->busy, 0, sizeof(c->busy));
	assert_int_equal(rig_stream(c->r, c->r->s, OUT, true), 0);
}
