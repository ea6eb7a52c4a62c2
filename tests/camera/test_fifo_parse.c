// SPDX-License-Identifier: BSD-3-Clause
/*
 * Pictures in a stream of bytes: where each begins and ends, in pieces of any size; streams that
 * break the rules, and the next picture after them.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "devices/camera/fifo_parse.h"

/* What came out of a stream: a letter and the size of each picture, and e or b for an error. */
struct outcome {
	char text[512];
	size_t len;
	uint8_t first[32], last[32];	/* bytes of the pictures */
	unsigned int pictures;
};

static void note(struct outcome *o, const struct vmedia_fifo_parser *p, int ret)
{
	static const char letters[] = "?rYJ";
	size_t room = sizeof(o->text) - o->len;

	if (ret == 1) {
		o->first[o->pictures % 32] = p->picture[0];
		o->last[o->pictures++ % 32] = p->picture[p->bytes - 1];
		for (size_t i = 0; i < VMEDIA_FIFO_SLACK; i++)
			assert_int_equal(p->picture[p->bytes + i], 0);
		o->len += (size_t)snprintf(o->text + o->len, room, "%c%zu ", letters[p->kind],
					   p->bytes);
	} else {
		assert_non_null(p->why);
		o->len += (size_t)snprintf(o->text + o->len, room, "%s ",
					   ret == -EINVAL ? "e" : ret == -E2BIG ? "b" : "?");
	}
}

static void feed(struct vmedia_fifo_parser *p, const uint8_t *bytes, size_t size, size_t piece,
		 struct outcome *o)
{
	size_t at = 0, used;

	while (at < size) {
		size_t n = size - at < piece ? size - at : piece;
		/* Exactly as large, so that a sanitizer sees what is read behind it. */
		uint8_t *copy = malloc(n);
		int ret;

		memcpy(copy, bytes + at, n);
		ret = vmedia_fifo_parse(p, copy, n, &used);
		assert_true(used <= n && (used == n || ret));
		assert_true(used || ret);
		free(copy);
		at += used;
		if (ret)
			note(o, p, ret);
	}
}

/* The outcome is the same in pieces of any size. */
static void check(const void *bytes, size_t size, size_t raw_size, const char *expected)
{
	static const size_t pieces[] = { 1, 2, 3, 7, 64, 4096 };

	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct vmedia_fifo_parser p;
		struct outcome o = { 0 };

		vmedia_fifo_parser_init(&p, raw_size);
		feed(&p, bytes, size, pieces[i], &o);
		vmedia_fifo_parser_finish(&p);
		if (strcmp(o.text, expected))
			fail_msg("pieces of %zu: \"%s\" instead of \"%s\"", pieces[i], o.text,
				 expected);
	}
}

/* A stream is made of texts, and of bytes of one value. */
struct stream {
	uint8_t bytes[16384];
	size_t len;
};

static void text(struct stream *s, const char *t)
{
	memcpy(s->bytes + s->len, t, strlen(t));
	s->len += strlen(t);
}

static void fill(struct stream *s, int value, size_t n)
{
	memset(s->bytes + s->len, value, n);
	s->len += n;
}

#define BYTES(s, ...) do { \
	static const uint8_t some[] = { __VA_ARGS__ }; \
	memcpy((s)->bytes + (s)->len, some, sizeof(some)); \
	(s)->len += sizeof(some); \
} while (0)

static void picture(struct stream *s, int value, size_t n)
{
	text(s, "FRAME\n");
	fill(s, value, n);
}

/* ---- Y4M ---- */

static void test_y4m(void **state)
{
	struct stream s = { .len = 0 };

	text(&s, "YUV4MPEG2 W4 H4 F30000:1001 Ip A1:1 C420jpeg XYSCSS=420JPEG XCOLORRANGE=FULL\n");
	picture(&s, 'a', 24);
	text(&s, "FRAME Ixyz\n");
	fill(&s, '\n', 24);
	picture(&s, 0xff, 24);
	check(s.bytes, s.len, 0, "Y24 Y24 Y24 ");
	check(s.bytes, s.len, 100, "Y24 Y24 Y24 ");
}

static void test_y4m_header(void **state)
{
	static const char line[] = "YUV4MPEG2 W4 H4 F30000:1001 C422p10 XCOLORRANGE=FULL\n";
	struct vmedia_fifo_parser p;
	struct outcome o = { 0 };

	vmedia_fifo_parser_init(&p, 0);
	assert_true(vmedia_fifo_parser_between(&p));
	feed(&p, (const uint8_t *)line, strlen(line), 5, &o);
	assert_true(vmedia_fifo_parser_between(&p));
	assert_string_equal(o.text, "");
	assert_int_equal(p.kind, VMEDIA_FIFO_Y4M);
	assert_int_equal(p.y4m.width, 4);
	assert_int_equal(p.y4m.height, 4);
	assert_int_equal(p.y4m.planes, 3);
	assert_int_equal(p.y4m.bits, 10);
	assert_int_equal(p.y4m.hshift, 1);
	assert_int_equal(p.y4m.vshift, 0);
	assert_true(p.y4m.full);
	assert_false(p.y4m.limited);
	assert_int_equal(p.y4m.rate_num, 30000);
	assert_int_equal(p.y4m.rate_den, 1001);
	feed(&p, (const uint8_t *)"FRAME\nx", 7, 7, &o);
	assert_false(vmedia_fifo_parser_between(&p));
	vmedia_fifo_parser_restart(&p);
	assert_true(vmedia_fifo_parser_between(&p));
	vmedia_fifo_parser_finish(&p);
}

/* Bytes of a picture of each chroma, also with odd sides. */
static void test_y4m_sizes(void **state)
{
	static const struct {
		const char *words;
		size_t bytes;
	} rows[] = {
		{ "W6 H4", 36 },	   { "W6 H4 C420mpeg2", 36 }, { "W6 H4 C411", 40 },
		{ "W6 H4 C422", 48 },	   { "W6 H4 C444", 72 },      { "W6 H4 Cmono", 24 },
		{ "W6 H4 C420p10", 72 },   { "W6 H4 C444p10", 144 },  { "W5 H3 C420", 27 },
		{ "W5 H3 C422", 33 },	   { "W1 H1 C420", 3 },	      { "W5 H3 C411", 27 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct stream s = { .len = 0 };
		char expected[32];

		text(&s, "YUV4MPEG2 ");
		text(&s, rows[i].words);
		text(&s, "\n");
		picture(&s, 1, rows[i].bytes);
		picture(&s, 2, rows[i].bytes);
		snprintf(expected, sizeof(expected), "Y%zu Y%zu ", rows[i].bytes, rows[i].bytes);
		check(s.bytes, s.len, 0, expected);
	}
}

static void test_wrong_y4m_headers(void **state)
{
	static const struct {
		const char *words, *expected;
	} rows[] = {
		{ "W4", "e Y24 " },	       { "H4", "e Y24 " },
		{ "W0 H4", "e Y24 " },	       { "W-4 H4", "e Y24 " },
		{ "W4x H4", "e Y24 " },	       { "W4 H4 C420p16", "e Y24 " },
		{ "W4 H", "e Y24 " },	       { "W8193 H4", "b Y24 " },
		{ "W4 H999999999", "b Y24 " }, { "W4 H9999999999", "e Y24 " },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct stream s = { .len = 0 };

		text(&s, "YUV4MPEG2 ");
		text(&s, rows[i].words);
		text(&s, "\n");
		picture(&s, 1, 24);
		text(&s, "YUV4MPEG2 W4 H4\n");
		picture(&s, 1, 24);
		check(s.bytes, s.len, 0, rows[i].expected);
	}
}

/* A rate that makes no sense is none; the pictures are read. */
static void test_wrong_rates(void **state)
{
	static const char *const words[] = { "F0:1", "F30:0", "F30", "F1001:1", "F1:61", "Fx:1",
					     "F30:1x" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct vmedia_fifo_parser p;
		struct outcome o = { 0 };
		struct stream s = { .len = 0 };

		text(&s, "YUV4MPEG2 W4 H4 ");
		text(&s, words[i]);
		text(&s, "\n");
		picture(&s, 1, 24);
		vmedia_fifo_parser_init(&p, 0);
		feed(&p, s.bytes, s.len, 100, &o);
		assert_string_equal(o.text, "Y24 ");
		assert_int_equal(p.y4m.rate_num, 0);
		vmedia_fifo_parser_finish(&p);
	}
}

static void test_a_line_without_end(void **state)
{
	struct stream s = { .len = 0 };

	text(&s, "YUV4MPEG2 W4 H4");
	fill(&s, ' ', 2 * VMEDIA_FIFO_MAX_LINE);
	text(&s, "\nYUV4MPEG2 W4 H4\n");
	picture(&s, 1, 24);
	check(s.bytes, s.len, 0, "e Y24 ");
}

/* A picture that is too long or too short: the next FRAME is found. */
static void test_y4m_out_of_step(void **state)
{
	struct stream s = { .len = 0 };

	text(&s, "YUV4MPEG2 W4 H4\n");
	picture(&s, 1, 24);
	picture(&s, 2, 30);
	picture(&s, 3, 24);
	picture(&s, 4, 24);
	check(s.bytes, s.len, 0, "Y24 Y24 e Y24 Y24 ");
}

/* The last picture of a producer is cut, and another one follows at once, of any kind. */
static void test_another_producer(void **state)
{
	struct stream s = { .len = 0 };

	text(&s, "YUV4MPEG2 W4 H4\n");
	picture(&s, 1, 24);
	text(&s, "YUV4MPEG2 W8 H4\n");
	picture(&s, 1, 48);
	picture(&s, 1, 10);
	text(&s, "YUV4MPEG2 W4 H8 F25:1\n");
	for (int i = 0; i < 3; i++)
		picture(&s, 1, 48);
	/* The picture that was cut takes the first bytes of the next one. */
	check(s.bytes, s.len, 0, "Y24 Y48 Y48 e Y48 Y48 ");
}

/* ---- JPEG ---- */

/* The least that has the structure of one: a segment, a scan with stuffed bytes and a restart. */
static void jpeg(struct stream *s)
{
	BYTES(s, 0xff, 0xd8, 0xff, 0xe0, 0, 6, 0xff, 0xd9, 0xff, 0xd8);	/* an end inside */
	BYTES(s, 0xff, 0xff, 0xc4, 0, 2);		/* fill, and a segment of no bytes */
	BYTES(s, 0xff, 0xda, 0, 3, 0xff, 1, 2, 0xff, 0, 3, 0xff, 0xd0, 4, 0xff, 0xff, 0xd9);
}

#define JPEG_BYTES 31

static void test_jpeg(void **state)
{
	struct stream s = { .len = 0 };

	jpeg(&s);
	assert_int_equal(s.len, JPEG_BYTES);
	jpeg(&s);
	text(&s, "\r\n--boundary\r\n");	/* what is between two is skipped */
	jpeg(&s);
	check(s.bytes, s.len, 0, "J31 J31 J31 ");
	check(s.bytes, s.len, 100, "J31 J31 J31 ");
}

/* Several scans, as in a progressive one. */
static void test_scans(void **state)
{
	struct stream s = { .len = 0 };

	BYTES(&s, 0xff, 0xd8, 0xff, 0xda, 0, 2, 1, 2, 3, 0xff, 0xc4, 0, 4, 0xff, 0xd9);
	BYTES(&s, 0xff, 0xda, 0, 2, 1, 2, 3, 0xff, 0xd9);
	check(s.bytes, s.len, 0, "J24 ");
}

static void test_broken_jpegs(void **state)
{
	struct stream s = { .len = 0 };

	BYTES(&s, 0xff, 0xd8, 0xff, 0xe0, 0, 1);	/* a length of 1 */
	jpeg(&s);
	BYTES(&s, 0xff, 0xd8, 0xff, 0x02);		/* there is no such marker */
	jpeg(&s);
	BYTES(&s, 0xff, 0xd8, 0xff, 0xe0, 0, 2, 7);	/* no marker behind a segment */
	jpeg(&s);
	BYTES(&s, 0xff, 0xd8, 0xff, 0xda, 0, 2, 1, 2);	/* cut, and the next one follows */
	jpeg(&s);
	check(s.bytes, s.len, 0, "e J31 e J31 e J31 J31 ");
}

static void test_a_jpeg_without_end(void **state)
{
	struct vmedia_fifo_parser p;
	struct outcome o = { 0 };
	struct stream s = { .len = 0 };
	uint8_t *junk = calloc(1, 1 << 20);

	vmedia_fifo_parser_init(&p, 0);
	BYTES(&s, 0xff, 0xd8, 0xff, 0xda, 0, 2);
	feed(&p, s.bytes, s.len, 100, &o);
	for (int i = 0; i < 65; i++)
		feed(&p, junk, 1 << 20, 1 << 20, &o);
	assert_string_equal(o.text, "b ");
	s.len = 0;
	jpeg(&s);
	feed(&p, s.bytes, s.len, 100, &o);
	assert_string_equal(o.text, "b J31 ");
	vmedia_fifo_parser_finish(&p);
	free(junk);
}

/* ---- Raw ---- */

static void test_raw(void **state)
{
	struct stream s = { .len = 0 };

	fill(&s, 0x10, 24);
	text(&s, "YUV4 ... no magic number");	/* of 24 bytes */
	BYTES(&s, 0xff, 0xd8, 0xff);		/* in the middle it means nothing */
	fill(&s, 0, 21);
	check(s.bytes, s.len, 24, "r24 r24 r24 ");
	check(s.bytes, s.len, 36, "r36 r36 ");
}

/* A raw picture may begin as Y4M or a JPEG does, for some bytes. */
static void test_raw_that_looks_like_others(void **state)
{
	struct stream s = { .len = 0 };

	text(&s, "YUV4MPEG3 ");
	fill(&s, 1, 14);
	check(s.bytes, s.len, 24, "r24 ");
	s.len = 0;
	BYTES(&s, 0xff, 0xd8, 0xfe);
	fill(&s, 1, 21);
	check(s.bytes, s.len, 24, "r24 ");
}

static void test_raw_of_unknown_size(void **state)
{
	struct stream s = { .len = 0 };

	fill(&s, 0x10, 1000);
	text(&s, "YUV4MPEG2 W4 H4\n");
	picture(&s, 1, 24);
	check(s.bytes, s.len, 0, "e Y24 ");
}

static void test_restart(void **state)
{
	struct vmedia_fifo_parser p;
	struct outcome o = { 0 };
	struct stream s = { .len = 0 };

	vmedia_fifo_parser_init(&p, 24);
	fill(&s, 5, 30);
	feed(&p, s.bytes, s.len, 100, &o);
	vmedia_fifo_parser_restart(&p);
	fill(&s, 6, 24);
	feed(&p, s.bytes + 30, 24, 100, &o);
	assert_string_equal(o.text, "r24 r24 ");
	assert_int_equal(o.first[1], 6);
	vmedia_fifo_parser_restart(&p);
	s.len = 0;
	jpeg(&s);
	feed(&p, s.bytes, s.len, 100, &o);
	assert_string_equal(o.text, "r24 r24 J31 ");
	vmedia_fifo_parser_finish(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_y4m),
		cmocka_unit_test(test_y4m_header),
		cmocka_unit_test(test_y4m_sizes),
		cmocka_unit_test(test_wrong_y4m_headers),
		cmocka_unit_test(test_wrong_rates),
		cmocka_unit_test(test_a_line_without_end),
		cmocka_unit_test(test_y4m_out_of_step),
		cmocka_unit_test(test_another_producer),
		cmocka_unit_test(test_jpeg),
		cmocka_unit_test(test_scans),
		cmocka_unit_test(test_broken_jpegs),
		cmocka_unit_test(test_a_jpeg_without_end),
		cmocka_unit_test(test_raw),
		cmocka_unit_test(test_raw_that_looks_like_others),
		cmocka_unit_test(test_raw_of_unknown_size),
		cmocka_unit_test(test_restart),
	};

	return cmocka_run_group_tests_name("camera-fifo_parse", tests, NULL, NULL);
}
