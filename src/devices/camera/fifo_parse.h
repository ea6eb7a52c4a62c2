/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pictures in a stream of bytes that a program writes to a FIFO: Y4M, JPEG pictures one after the
 * other, or raw pictures of a known size.
 *
 * Theory of operation: the first bytes tell which. A Y4M stream begins with "YUV4MPEG2 ", a JPEG
 * with FF D8 FF; anything else is a raw picture, if their size is known. Bytes are given in pieces
 * of any size, and copied once, to the picture that they belong to. A stream that breaks the rules
 * is an error; the parser then searches for the next picture: a Y4M header, a FRAME line, the
 * beginning of a JPEG. So a producer that follows another one, whose last picture was cut, is
 * understood without a gap between the two.
 *
 * The end of a JPEG is found by its structure: segments with lengths, and scans. An end marker
 * within a segment (a thumbnail) is not the picture's.
 *
 * Security model: the producer is foreign. The side of a picture is limited, and with it the memory
 * that it takes; a JPEG is limited in bytes; lines are limited. Each byte is looked at a limited
 * number of times. What is in a JPEG is the decoder's affair.
 *
 * Context: one thread at a time for each parser. No system call.
 */
#ifndef VMEDIA_CAMERA_FIFO_PARSE_H
#define VMEDIA_CAMERA_FIFO_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VMEDIA_FIFO_MAX_LINE	1024u
#define VMEDIA_FIFO_MAX_JPEG	(64u << 20)
/* Zeros behind a picture, for libraries that read a little past the end. */
#define VMEDIA_FIFO_SLACK	128u

enum vmedia_fifo_kind {
	VMEDIA_FIFO_UNKNOWN,
	VMEDIA_FIFO_RAW,
	VMEDIA_FIFO_Y4M,
	VMEDIA_FIFO_JPEG,
};

/* The planes of a picture of Y4M, each without padding, one behind the other. */
struct vmedia_fifo_y4m {
	uint32_t width, height;
	uint8_t planes;			/* 1 or 3 */
	uint8_t bits;			/* of a sample: 8, or 10 in two bytes, the low one first */
	uint8_t hshift, vshift;		/* of chroma */
	bool full;			/* range, if the header tells it */
	bool limited;
	uint32_t rate_num, rate_den;	/* pictures a second; 0/0: not told, or not sensible */
};

struct vmedia_fifo_parser {
	/* What has come */
	enum vmedia_fifo_kind kind;
	struct vmedia_fifo_y4m y4m;
	uint8_t *picture;		/* after vmedia_fifo_parse() returned 1 */
	size_t bytes;			/* of the picture, so far */
	const char *why;		/* after an error: a sentence for people */
	/* private */
	unsigned int state;
	size_t raw_size;
	size_t room;			/* bytes that @picture has, without the slack */
	size_t want;			/* of the picture, or of a segment, that are to come */
	bool scan;			/* a scan follows the segment */
	size_t line_len;
	char line[VMEDIA_FIFO_MAX_LINE];
};

/* @raw_size: bytes of a raw picture, 16 at least; 0: raw pictures are an error. */
void vmedia_fifo_parser_init(struct vmedia_fifo_parser *p, size_t raw_size);
void vmedia_fifo_parser_finish(struct vmedia_fifo_parser *p);

/* What comes now is of another producer. The memory stays. */
void vmedia_fifo_parser_restart(struct vmedia_fifo_parser *p);

/* True if no picture has begun, so that what comes may be of another producer. */
bool vmedia_fifo_parser_between(const struct vmedia_fifo_parser *p);

/*
 * vmedia_fifo_parse - read bytes, until a picture is complete
 * @used: receives the number of bytes that were read
 *
 * Returns 1: p->picture has p->bytes bytes of p->kind, until the next call; 0: more bytes are
 * needed; -EINVAL: bytes were wrong and were dropped, p->why says what; -E2BIG: a picture is too
 * large, in the same way; -ENOMEM. It can be called again after each error.
 */
int vmedia_fifo_parse(struct vmedia_fifo_parser *p, const uint8_t *bytes, size_t size,
		      size_t *used);

#endif
