/* SPDX-License-Identifier: BSD-3-Clause */
/* The encoder of the mock: see mock_encoder.h. Its client is in mock_encoder_client.c. */
#include "mock_encoder.h"

struct mock_encoder mock_encoder;

#define HELD 16
#define BIG  9999

struct held {
	uint64_t tag;
	uint32_t flags, size;
	char shows;
	bool header;
};

struct codec {
	struct vmedia_encoder_params params;
	bool ended, begun;
	uint64_t last_tag;
	unsigned int reorder, num, burst;
	struct held held[HELD];
	char packet[BIG + 1];
};

static void note_params(const struct vmedia_encoder_params *p)
{
	mock_encoder.params = *p;
	mock_encoder.bitrate = vmedia_encoder_ctrl(p, V4L2_CID_MPEG_VIDEO_BITRATE);
	mock_encoder.wrong += vmedia_encoder_ctrl(p, V4L2_CID_BRIGHTNESS) != 0;
}

static int open(void *priv, const struct vmedia_encoder_params *p, void **enc)
{
	struct codec *c;

	assert_ptr_equal(priv, &mock_encoder);
	note_params(p);
	if (mock_encoder.open_err)
		return mock_encoder.open_err;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	mock_encoder.opens++;
	c->params = *p;
	*enc = c;
	return 0;
}

static void close(void *enc)
{
	if (mock_encoder.slow_close)
		sem_wait(&mock_encoder.go);
	mock_encoder.closes++;
	free(enc);
}

static int update(void *enc, const struct vmedia_encoder_params *p)
{
	struct codec *c = enc;

	if (p->width != c->params.width || p->height != c->params.height ||
	    p->raw != c->params.raw || p->interval.denominator != c->params.interval.denominator ||
	    p->colours.colorspace != c->params.colours.colorspace ||
	    vmedia_encoder_ctrl(p, V4L2_CID_MPEG_VIDEO_BITRATE) == mock_encoder.bitrate)
		return -EINVAL;
	mock_encoder.updates++;
	note_params(p);
	return 0;
}

static void add(struct codec *c, const struct vmedia_encoder_picture *p, struct held *h)
{
	bool key = p->key || !c->begun;

	h->tag = p->tag;
	h->flags = key ? V4L2_BUF_FLAG_KEYFRAME : V4L2_BUF_FLAG_PFRAME;
	if (!h->size)
		h->size = 1;
	mock_encoder.wrong += c->num == HELD;
	c->held[c->num++] = *h;
	c->begun = true;
}

static int send(void *enc, const struct vmedia_encoder_picture *p)
{
	struct codec *c = enc;
	struct held h = { .shows = 0 };
	const char *text = (const char *)p->colour[0];

	mock_encoder.sent++;
	mock_encoder.wrong += c->last_tag && p->tag != c->last_tag + 1;
	c->last_tag = p->tag;
	mock_encoder.wrong += c->burst != 0;
	for (unsigned int i = 0; i < 3; i++)
		mock_encoder.corner[i] = p->colour[i ? 1 : 0] ? p->colour[i ? 1 : 0][i / 2] : 0;
	if (c->ended && mock_encoder.ends)
		c->begun = false;
	c->ended = false;
	for (; text[0] && text[1]; text += 2) {
		unsigned int n = (unsigned int)(text[1] - '0');

		switch (text[0]) {
		case 'R':
			c->reorder = n;
			break;
		case 'Z':
			h.size = n * 1000;
			break;
		case 'H':
			h.header = true;
			break;
		case 'E':
			return -EBADMSG;
		case 'F':
			return -EIO;
		case 'W':
			sem_post(&mock_encoder.in_wait);
			while (sem_wait(&mock_encoder.go))
				;
			break;
		case 'P':
			h.shows = text[1];
			break;
		default:
			mock_encoder.wrong++;
		}
	}
	if (h.shows)
		add(c, p, &h);
	return 0;
}

static int receive(void *enc, struct vmedia_encoder_packet *p)
{
	struct codec *c = enc;
	struct held h;

	if (c->num > c->reorder || (c->ended && c->num && !c->burst)) {
		unsigned int newest = c->num - 1;

		/* The newest comes first, then those before it. */
		if (!c->burst && newest) {
			h = c->held[newest];
			memmove(&c->held[1], &c->held[0], newest * sizeof(h));
			c->held[0] = h;
			for (unsigned int i = 1; i < c->num; i++)
				if (c->held[i].flags == V4L2_BUF_FLAG_PFRAME)
					c->held[i].flags = V4L2_BUF_FLAG_BFRAME;
		}
		c->burst = c->num;
	}
	if (!c->burst)
		return c->ended ? -ENODATA : -EAGAIN;
	h = c->held[0];
	memmove(&c->held[0], &c->held[1], --c->num * sizeof(h));
	c->burst--;
	memset(c->packet, h.shows, h.size);
	*p = (struct vmedia_encoder_packet){ .data = (const uint8_t *)c->packet, .size = h.size,
					     .tag = h.tag, .flags = h.flags };
	if (h.header) {
		p->header = (const uint8_t *)"h";
		p->header_size = 1;
	}
	return 0;
}

static int drain(void *enc)
{
	struct codec *c = enc;

	mock_encoder.drains++;
	c->ended = true;
	return 0;
}

static bool accepts(void *priv, uint32_t coded, uint32_t raw)
{
	assert_ptr_equal(priv, &mock_encoder);
	return coded == V4L2_PIX_FMT_HEVC || raw != V4L2_PIX_FMT_P010;
}

static void coded_size(void *priv, uint32_t coded, uint32_t *w, uint32_t *h)
{
	assert_ptr_equal(priv, &mock_encoder);
	if (coded != V4L2_PIX_FMT_H264)
		return;
	*w = (*w + 15) / 16 * 16;
	*h = (*h + 15) / 16 * 16;
}

static void destroy(void *priv)
{
	assert_ptr_equal(priv, &mock_encoder);
	mock_encoder.destroys++;
}

extern const struct vmedia_encoder_ops mock_encoder_ops;
const struct vmedia_encoder_ops mock_encoder_ops = {
	.accepts = accepts,
	.coded_size = coded_size,
	.open = open,
	.close = close,
	.update = update,
	.send = send,
	.receive = receive,
	.drain = drain,
	.destroy = destroy,
};
