// SPDX-License-Identifier: BSD-3-Clause
/*
 * Access units of a byte stream: a packet has one, several, or a piece of one.
 *
 * libavcodec's parser ends a unit when it sees the next one begin, which is late by a picture. Most
 * packets are one unit. So at the end of a packet the parser gets a terminator, a few bytes that
 * begin the next unit and mean nothing; unless the stream seems to be cut anywhere:
 *
 *	- the packet fills its buffer to the last byte;
 *	- the packet behind it is known, and does not begin a unit;
 *	- a packet before did not begin a unit. If that was not foreseen, a picture is damaged.
 *
 * A packet that proves to be one unit is given to the decoder as it is, not as the parser has it:
 * between terminators. libavcodec reads a damaged slice on behind its end, so what it makes of it,
 * and whether it finds the damage, depends on what is there.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <vmedia/log.h>

#include "split.h"

/* A packet can be smaller than a start code, so several may hold one. */
#define NUM_STARTS 16
/* A unit does not become larger: what has no end is no stream. */
#define MAX_UNIT   (64 << 20)

struct kind {
	enum AVCodecID id;
	/* libavcodec reads further than it is told, as with packets. */
	uint8_t terminator[8 + AV_INPUT_BUFFER_PADDING_SIZE];
	size_t size;
	/* True if the part of the stream behind a start code cannot be the first of a unit. */
	bool (*continues)(const uint8_t *p);
	/* Several pictures of a packet stay together until the stream is known to be cut. */
	bool packed;
};

struct span {
	const uint8_t *data;
	size_t size;
};

struct vmedia_libav_split {
	const struct kind *kind;	/* NULL: each packet is a unit */
	AVCodecContext *av;		/* the parser's own */
	AVCodecParserContext *parser;
	bool begun, cut;		/* there was a packet; the stream is cut anywhere */
	struct span packet, terminator;	/* not parsed yet */
	struct span whole;		/* the last packet, if it may be a unit */
	bool terminated;		/* the parser has a terminator, and nothing else */
	/* Tag of the unit that the parser is in. 0: that of the next packet. */
	uint64_t tag;
	struct {
		int64_t offset;		/* in what was parsed */
		uint64_t tag;
	} starts[NUM_STARTS];		/* of the last packets, the newest first */
};

/* ---- Streams ---- */

/* first_mb_in_slice of all slices but the first is not 0; partitions B and C follow A. */
static bool continues_h264(const uint8_t *p)
{
	unsigned int type = p[0] & 31;

	return type == 3 || type == 4 || ((type == 1 || type == 2 || type == 5) && p[1] < 0x80);
}

/* first_slice_segment_in_pic_flag */
static bool continues_hevc(const uint8_t *p)
{
	return p[0] >> 1 < 32 && p[2] < 0x80;
}

/* Slices, and extensions of headers. */
static bool continues_mpeg(const uint8_t *p)
{
	return (p[0] >= 1 && p[0] <= 0xaf) || p[0] == 0xb5;
}

static bool continues_mpeg4(const uint8_t *p)
{
	(void)p;
	return false;
}

/*
 * Terminators: access unit delimiters, and user data without data. H.264's parser takes one zero
 * before a start code for a part of it. So the terminator has its own, and does not begin with a
 * zero that ends the packet.
 */
static const struct kind kinds[] = {
	{ AV_CODEC_ID_H264, { 0, 0, 0, 1, 9, 0xf0 }, 6, continues_h264, false },
	{ AV_CODEC_ID_HEVC, { 0, 0, 1, 0x46, 1, 0x50 }, 6, continues_hevc, false },
	{ AV_CODEC_ID_MPEG2VIDEO, { 0, 0, 1, 0xb2 }, 4, continues_mpeg, false },
	{ AV_CODEC_ID_MPEG1VIDEO, { 0, 0, 1, 0xb2 }, 4, continues_mpeg, false },
	/* In AVI files a B picture is behind another, and a later packet has its time. */
	{ AV_CODEC_ID_MPEG4, { 0, 0, 1, 0xb2 }, 4, continues_mpeg4, true },
};

/* True if a packet that begins with @data is not the beginning of a unit. */
static bool continues(const struct kind *k, const uint8_t *data, size_t size)
{
	size_t i = 0;

	while (i < size && !data[i])
		i++;
	/* Three bytes behind the start code are looked at. A shorter packet says nothing. */
	if (i + 4 > size)
		return i < 2 && i < size;
	return i < 2 || data[i] != 1 || k->continues(data + i + 1);
}

/* ---- Creation and end ---- */

int vmedia_libav_split_create(enum AVCodecID id, struct vmedia_libav_split **out)
{
	struct vmedia_libav_split *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].id == id)
			s->kind = &kinds[i];
	*out = s;
	return vmedia_libav_split_reset(s);
}

static void close_parser(struct vmedia_libav_split *s)
{
	av_parser_close(s->parser);
	s->parser = NULL;
	avcodec_free_context(&s->av);
}

void vmedia_libav_split_destroy(struct vmedia_libav_split *s)
{
	if (!s)
		return;
	close_parser(s);
	free(s);
}

int vmedia_libav_split_reset(struct vmedia_libav_split *s)
{
	s->packet = s->terminator = s->whole = (struct span){ NULL, 0 };
	s->tag = 0;
	s->begun = false;
	s->terminated = false;
	memset(s->starts, 0, sizeof(s->starts));
	if (!s->kind)
		return 0;
	close_parser(s);
	s->parser = av_parser_init(s->kind->id);
	s->av = avcodec_alloc_context3(NULL);
	if (!s->parser || !s->av) {
		s->kind = NULL;
		return -ENOMEM;
	}
	s->av->codec_id = s->kind->id;
	return 0;
}

/* ---- Packets ---- */

/* The packets that begin at @offset have @tag. What had none belongs to this one, too. */
static void remember(struct vmedia_libav_split *s, int64_t offset, uint64_t tag)
{
	memmove(&s->starts[1], &s->starts[0], sizeof(s->starts) - sizeof(s->starts[0]));
	s->starts[0].offset = offset;
	s->starts[0].tag = tag;
	if (!tag)
		return;
	for (size_t i = 0; i < NUM_STARTS; i++)
		if (!s->starts[i].tag)
			s->starts[i].tag = tag;
	if (!s->tag)
		s->tag = tag;
}

static void terminate(struct vmedia_libav_split *s)
{
	s->terminator = (struct span){ s->kind->terminator, s->kind->size };
}

size_t vmedia_libav_split_held(const struct vmedia_libav_split *s)
{
	return s->kind ? (size_t)(s->parser->cur_offset - s->parser->next_frame_offset) : 0;
}

/* True if the stream is cut at the end of @p. */
static bool cut_behind(struct vmedia_libav_split *s, const struct vmedia_codec_packet *p)
{
	return s->cut || p->full || (p->num_next && continues(s->kind, p->next, p->num_next));
}

void vmedia_libav_split_add(struct vmedia_libav_split *s, const struct vmedia_codec_packet *p)
{
	s->packet = (struct span){ p->data, p->size };
	if (vmedia_libav_split_held(s) > MAX_UNIT) {
		vmedia_warn("a stream has a picture of more than %u bytes: it is dropped",
			    MAX_UNIT);
		vmedia_libav_split_reset(s);
	}
	if (!s->kind) {
		s->tag = p->tag;
		return;
	}
	remember(s, s->parser->cur_offset, p->tag);
	s->whole = s->terminated || !vmedia_libav_split_held(s) ? s->packet : (struct span){ 0 };
	if (!s->cut && s->begun && continues(s->kind, p->data, p->size)) {
		vmedia_dbg("a packet of a stream does not begin with a picture or a header: from "
			   "now on each picture is decoded when the next one begins");
		s->cut = true;
	}
	s->terminator = (struct span){ NULL, 0 };
	if (cut_behind(s, p))
		s->cut |= s->kind->packed;
	else
		terminate(s);
	s->begun = true;
}

void vmedia_libav_split_end(struct vmedia_libav_split *s)
{
	if (s->kind)
		terminate(s);
}

/* The tag of the packet that has the byte at @offset. */
static uint64_t tag_at(const struct vmedia_libav_split *s, int64_t offset)
{
	size_t i = 0;

	while (i + 1 < NUM_STARTS && s->starts[i].offset > offset)
		i++;
	return s->starts[i].tag;
}

/* Parse some of @in. Returns true if a unit ended. */
static bool parse(struct vmedia_libav_split *s, struct span *in, struct vmedia_libav_unit *unit)
{
	uint8_t *data;
	int n, size;

	n = av_parser_parse2(s->parser, s->av, &data, &size, in->data, (int)in->size,
			     AV_NOPTS_VALUE, AV_NOPTS_VALUE, 0);
	in->data += n;
	in->size -= (size_t)n;
	if (!size)
		return false;
	*unit = (struct vmedia_libav_unit){ data, (size_t)size, s->tag };
	s->tag = tag_at(s, s->parser->next_frame_offset);
	return true;
}

/* The terminator has ended @unit, and with it the last packet. */
static void use_whole(struct vmedia_libav_split *s, struct vmedia_libav_unit *unit)
{
	if (s->whole.size && (unit->size == s->whole.size ||
			      unit->size == s->whole.size + s->kind->size)) {
		unit->data = s->whole.data;
		unit->size = s->whole.size;
	}
	s->whole = (struct span){ NULL, 0 };
}

bool vmedia_libav_split_next(struct vmedia_libav_split *s, struct vmedia_libav_unit *unit)
{
	if (!s->kind || (s->kind->packed && !s->cut)) {
		*unit = (struct vmedia_libav_unit){ s->packet.data, s->packet.size, s->tag };
		s->packet = s->terminator = (struct span){ NULL, 0 };
		s->tag = 0;
		return unit->size;
	}
	while (s->packet.size)
		if (parse(s, &s->packet, unit)) {
			s->whole = (struct span){ NULL, 0 };
			return true;
		}
	if (s->terminator.size == s->kind->size)
		remember(s, s->parser->cur_offset, 0);
	while (s->terminator.size)
		if (parse(s, &s->terminator, unit)) {
			use_whole(s, unit);
			return true;
		}
	s->terminated = s->terminator.data && vmedia_libav_split_held(s) == s->kind->size;
	return false;
}
