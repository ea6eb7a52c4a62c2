/* SPDX-License-Identifier: BSD-3-Clause */
/* The codec and its client: see mock_codec.h. The client is in mock_client.c. */
#include "mock_codec.h"

#include <sched.h>

struct mock mock;

#define HELD 16

struct held {
	struct vmedia_codec_picture picture;
	uint8_t shows;
};

/* A buffer of the pool, and how often it is in use. */
struct use {
	struct vmedia_codec_raw *raw;
	unsigned int n;
};

struct codec {
	struct vmedia_codec_header header;
	struct vmedia_codec_pool *pool;
	struct use uses[HELD];
	struct vmedia_codec_raw *refs[HELD];
	unsigned int num_refs, max_refs;
	bool has_header, ended, forgot;
	unsigned int reorder, num;
	struct held held[HELD], out;
};

const struct mock_size mock_sizes[10] = {
	{ 64, 48, { 0, 0, 64, 48 } },
	{ 32, 32, { 0, 0, 29, 17 } },
	{ 128, 96, { 0, 0, 128, 96 } },
	{ 64, 64, { 2, 4, 40, 30 } },
	{ 8192, 8192, { 0, 0, 8192, 8192 } },
	{ 64, 64, { 0, 0, 64, 48 } },
	{ 64, 48, { 60, 0, 64, 48 } },
};

static int open(void *priv, uint32_t coded, struct vmedia_codec_pool *pool, void **dec)
{
	struct codec *c;

	assert_ptr_equal(priv, &mock);
	mock.wrong += coded != V4L2_PIX_FMT_H264 && coded != V4L2_PIX_FMT_VP8;
	if (mock.open_err)
		return mock.open_err;
	mock.opens++;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->pool = pool;
	c->header = (struct vmedia_codec_header){ .bit_depth = 8, .hsub = 2, .vsub = 2,
						  .min_buffers = 1 };
	*dec = c;
	return 0;
}

/* ---- Decoding in place ---- */

static void use(struct codec *c, struct vmedia_codec_raw *raw)
{
	struct use *free_one = NULL;

	for (unsigned int i = 0; raw && i < HELD; i++) {
		if (c->uses[i].raw == raw) {
			c->uses[i].n++;
			return;
		}
		if (!c->uses[i].raw)
			free_one = &c->uses[i];
	}
	mock.wrong += raw && !free_one;
	if (raw && free_one)
		*free_one = (struct use){ raw, 1 };
}

static void unuse(struct codec *c, struct vmedia_codec_raw *raw)
{
	for (unsigned int i = 0; raw && i < HELD; i++) {
		if (c->uses[i].raw != raw || --c->uses[i].n)
			continue;
		c->uses[i].raw = NULL;
		vmedia_codec_release(raw);
	}
}

static void limit_refs(struct codec *c, unsigned int max)
{
	while (c->num_refs > max) {
		unuse(c, c->refs[0]);
		memmove(c->refs, c->refs + 1, --c->num_refs * sizeof(c->refs[0]));
	}
}

static void paint(const struct vmedia_codec_raw *raw, uint8_t shows)
{
	unsigned int i, y;

	for (i = 0; i < raw->layout.num_colour; i++)
		for (y = 0; y < raw->layout.colour[i].lines; y++)
			memset(raw->colour[i] + (size_t)y * raw->layout.colour[i].stride,
			       shows + (int)i, raw->layout.colour[i].width);
}

static void place(struct codec *c, struct held *h)
{
	struct vmedia_codec_raw *raw = vmedia_codec_take(c->pool);

	if (raw && (raw->width < c->header.visible.width ||
		    raw->height < c->header.visible.height)) {
		vmedia_codec_release(raw);
		raw = NULL;
	}
	h->picture.raw = raw;
	if (!raw)
		return;
	for (unsigned int i = 0; i < HELD; i++)
		mock.wrong += c->uses[i].raw == raw;
	paint(raw, h->shows);
	use(c, raw);
	if (!c->max_refs)
		return;
	limit_refs(c, c->max_refs - 1);
	use(c, raw);
	c->refs[c->num_refs++] = raw;
}

static void take_unused(struct codec *c)
{
	struct vmedia_codec_raw *raw = vmedia_codec_take(c->pool);

	if (raw)
		vmedia_codec_release(raw);
}

/* ---- Operations ---- */

static void drop_all(struct codec *c)
{
	for (unsigned int i = 0; i < c->num; i++)
		unuse(c, c->held[i].picture.raw);
	c->num = 0;
	unuse(c, c->out.picture.raw);
	c->out.picture.raw = NULL;
	limit_refs(c, 0);
}

static void close(void *dec)
{
	mock.closes++;
	drop_all(dec);
	free(dec);
}

static void add(struct codec *c, char kind, char shows, uint64_t tag)
{
	struct held *h = &c->held[c->num];

	if (kind == 'K')
		c->forgot = false;
	if (c->forgot)
		return;
	mock.wrong += c->num == HELD;
	*h = (struct held){ .picture = { .header = c->header, .tag = tag },
			    .shows = (uint8_t)shows };
	h->picture.flags = kind == 'K' ? V4L2_BUF_FLAG_KEYFRAME : V4L2_BUF_FLAG_PFRAME;
	h->picture.damaged = kind == 'X';
	h->picture.field = kind == 'I' ? V4L2_FIELD_INTERLACED_TB : 0;
	if (kind == 'D')
		place(c, h);
	if (kind == 'Y') {
		h->picture.raw = c->out.picture.raw;
		use(c, h->picture.raw);
	}
	c->num++;
}

static void set_size(struct codec *c, unsigned int n)
{
	c->header.coded_width = mock_sizes[n].width;
	c->header.coded_height = mock_sizes[n].height;
	c->header.visible = mock_sizes[n].visible;
	c->has_header = true;
}

static void wait_for_word(void)
{
	sem_post(&mock.in_wait);
	while (sem_wait(&mock.go))
		;
}

static int send(void *dec, const struct vmedia_codec_packet *p)
{
	struct codec *c = dec;
	int err = 0;

	for (unsigned int i = 0; i < VMEDIA_CODEC_PADDING; i++)
		mock.wrong += p->data[p->size + i] != 0;
	mock.sent++;
	if (c->ended && mock.forgets)
		c->forgot = true;
	c->ended = false;
	for (uint32_t i = 0; i + 1 < p->size; i += 2) {
		unsigned int n = p->data[i + 1] - '0';

		switch (p->data[i]) {
		case 'S':
			set_size(c, n);
			break;
		case 'B':
			c->header.min_buffers = n;
			break;
		case 'T':
			c->header.bit_depth = n ? 10 : 8;
			break;
		case 'C':
			c->header.colours = (struct vmedia_codec_colours){
				V4L2_COLORSPACE_REC709, V4L2_YCBCR_ENC_709,
				V4L2_QUANTIZATION_FULL_RANGE, V4L2_XFER_FUNC_709 };
			break;
		case 'R':
			c->reorder = n;
			break;
		case 'H':
			c->max_refs = n;
			limit_refs(c, n);
			break;
		case 'G':
			c->header.stride[0] = n ? 256 : 0;
			c->header.stride[1] = n ? 128 : 0;
			c->header.lines = 64;
			c->header.keeps = 3;
			break;
		case 'U':
			take_unused(c);
			break;
		case 'E':
			err = -EBADMSG;
			break;
		case 'F':
			return -EIO;
		case 'Z':
			while (n--)
				sched_yield();
			break;
		case 'W':
			wait_for_word();
			break;
		default:
			add(c, (char)p->data[i], (char)p->data[i + 1], p->tag);
		}
	}
	return err;
}

static int header(void *dec, struct vmedia_codec_header *h)
{
	struct codec *c = dec;

	if (!c->has_header)
		return -EAGAIN;
	*h = c->num ? c->held[0].picture.header : c->header;
	return 0;
}

static int receive(void *dec, struct vmedia_codec_picture *p)
{
	struct codec *c = dec;
	unsigned int first = 0, i;

	if (c->num <= (c->ended ? 0 : c->reorder))
		return c->ended ? -ENODATA : -EAGAIN;
	/* Pictures of another size begin a sequence of their own. */
	for (i = 1; i < c->num; i++)
		if (c->held[i].shows < c->held[first].shows &&
		    !memcmp(&c->held[i].picture.header, &c->held[0].picture.header,
			    sizeof(c->header)))
			first = i;
	unuse(c, c->out.picture.raw);
	c->out = c->held[first];
	memmove(&c->held[first], &c->held[first + 1], (c->num - first - 1) * sizeof(c->held[0]));
	c->num--;
	*p = c->out.picture;
	if (mock.receive_waits)
		wait_for_word();
	if (mock.yields)
		sched_yield();
	return 0;
}

static int write(void *dec, const struct vmedia_codec_raw *raw)
{
	struct codec *c = dec;
	const struct vmedia_codec_raw *from = c->out.picture.raw;

	mock.copies++;
	mock.wrong += raw->width < c->out.picture.header.visible.width ||
		      raw->height < c->out.picture.header.visible.height;
	mock.wrong += from && from->colour[0][0] != c->out.shows;
	for (unsigned int i = 0; i < HELD; i++)
		mock.wrong += c->uses[i].raw == raw;
	paint(raw, c->out.shows);
	return mock.write_err;
}

static int drain(void *dec)
{
	struct codec *c = dec;

	mock.drains++;
	c->ended = true;
	return 0;
}

static void reset(void *dec)
{
	struct codec *c = dec;

	mock.resets++;
	drop_all(c);
	c->ended = false;
}

static bool can_write(void *priv, uint32_t coded, const struct vmedia_codec_header *h, uint32_t raw)
{
	assert_ptr_equal(priv, &mock);
	if (coded == V4L2_PIX_FMT_VP8 && raw == V4L2_PIX_FMT_P010)
		return false;
	return !h || (h->hsub == 2 && h->vsub == 2 &&
		      h->bit_depth == (raw == V4L2_PIX_FMT_P010 ? 10 : 8));
}

static void destroy(void *priv)
{
	assert_ptr_equal(priv, &mock);
	mock.destroys++;
}

const struct vmedia_decoder_ops mock_ops = {
	.can_write = can_write,
	.open = open,
	.close = close,
	.send = send,
	.header = header,
	.receive = receive,
	.write = write,
	.drain = drain,
	.reset = reset,
	.destroy = destroy,
};
const struct vmedia_decoder_ops mock_ops_no_header = {
	.can_write = can_write,
	.open = open,
	.close = close,
	.send = send,
	.receive = receive,
	.write = write,
	.drain = drain,
	.reset = reset,
	.destroy = destroy,
};
