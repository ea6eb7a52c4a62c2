/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Streams that are not what they should be: the contract's answer, a line in the log with numbers,
 * and the next stream works.
 */
#include "stream.h"

#include "decoder.h"

static const struct recipe h264 = {
	"libx264", V4L2_PIX_FMT_H264, 96, 80, AV_PIX_FMT_YUV420P, 12, 6, 2, false
};
static const struct recipe deep = {
	"libx264", V4L2_PIX_FMT_H264, 96, 80, AV_PIX_FMT_YUV420P10, 12, 6, 0, false
};
static const struct recipe mjpeg = {
	"mjpeg", V4L2_PIX_FMT_MJPEG, 96, 80, AV_PIX_FMT_YUVJ420P, 6, 6, 0, false
};

/* ---- The log ---- */

static char lines[4096];

static void on_message(void *opaque, int level, const char *text)
{
	size_t at = strlen(lines);

	(void)opaque;
	if (level <= VMEDIA_LOG_DEBUG)
		snprintf(lines + at, sizeof(lines) - at, "%s\n", text);
}

static void listen(void)
{
	lines[0] = '\0';
	vmedia_log_set_level(VMEDIA_LOG_DEBUG);
	vmedia_log_set(on_message, NULL);
}

/* Each of the words, which end with NULL, is in the log. */
static void check_log(const char *const *words)
{
	for (; *words; words++)
		if (!strstr(lines, *words))
			fail_msg("\"%s\" is not in the log:\n%s", *words, lines);
	lines[0] = '\0';
}

#define LOGGED(...) check_log((const char *const[]){ __VA_ARGS__, NULL })

/* ---- Streams ---- */

static void make(struct stream *s, const struct recipe *r)
{
	s->num = 0;
	assert_true(stream_make(s, r));
}

/* After both queues were off, a whole stream is decoded. */
static void check_works(struct player *p, const struct recipe *r)
{
	struct pictures want;
	struct stream s;

	make(&s, r);
	stream_decode(&s, r->pixelformat, &want);
	player_seek(p, true);
	p->got.num = 0;
	player_play(p, &s, 0, s.num, true);
	assert_false(p->failed);
	pictures_compare(&p->got, &want);
	stream_free(&s);
}

/* Another codec's packets: no pictures, and none of them ends the stream for others. */
static void test_another_codec(void **state)
{
	struct player p;
	struct stream s;

	(void)state;
	make(&s, &mjpeg);
	player_begin(&p, V4L2_PIX_FMT_H264, 0);
	listen();
	player_play(&p, &s, 0, s.num, false);
	assert_int_equal(p.got.num, 0);
	assert_int_equal(p.changes, 0);
	LOGGED("is damaged");
	check_works(&p, &h264);
	player_end(&p);
	stream_free(&s);
	make(&s, &h264);
	player_begin(&p, V4L2_PIX_FMT_MJPEG, 0);
	listen();
	player_play(&p, &s, 0, s.num, false);
	assert_int_equal(p.got.num, 0);
	check_works(&p, &mjpeg);
	player_end(&p);
	stream_free(&s);
}

/* Packets of zero bytes, and packets that are all zero. */
static void test_zeros(void **state)
{
	struct player p;
	struct stream s;

	(void)state;
	make(&s, &h264);
	for (unsigned int i = 0; i < s.num; i++) {
		memset(s.packets[i]->data, 0, (size_t)s.packets[i]->size);
		if (i % 2)
			s.packets[i]->size = 0;
	}
	player_begin(&p, V4L2_PIX_FMT_H264, 0);
	player_play(&p, &s, 0, s.num, false);
	assert_int_equal(p.got.num, 0);
	assert_int_equal(p.changes, 0);
	check_works(&p, &h264);
	player_end(&p);
	stream_free(&s);
}

/* A picture that is larger than the device's limit: EIO, and the next stream works. */
static void test_too_large(void **state)
{
	struct vmedia_decoder_options opts = { .libav.region_size = 64 << 20, .libav.max_width = 96,
					       .libav.max_height = 80 };
	struct recipe wide = h264;
	struct player p;
	struct stream s;
	PAYLOAD(a);

	(void)state;
	wide.width = 112;
	make(&s, &wide);
	player_begin_with(&p, &opts, V4L2_PIX_FMT_H264, 0);
	/* which a client can see */
	a.frmsizeenum.pixel_format = V4L2_PIX_FMT_H264;
	assert_int_equal(rig_ioctl(p.r, p.r->s, VMEDIA_NR_ENUM_FRAMESIZES, &a), 0);
	assert_int_equal(a.frmsizeenum.stepwise.max_width, 96);
	assert_int_equal(a.frmsizeenum.stepwise.max_height, 80);
	listen();
	player_play(&p, &s, 0, s.num, false);
	assert_true(p.failed);
	assert_int_equal(p.got.num, 0);
	LOGGED("112x80", "96x80 is the largest size of the device");
	check_works(&p, &h264);
	/* in mid-stream: what was before it is shown, if the client waits for it */
	stream_free(&s);
	make(&s, &h264);
	assert_true(stream_make(&s, &wide));
	player_seek(&p, true);
	p.got.num = 0;
	player_play(&p, &s, 0, s.num, true);
	assert_true(p.failed);
	assert_in_range(p.got.num, h264.pictures - 2, h264.pictures);
	LOGGED("112x80", "96x80 is the largest size of the device");
	check_works(&p, &h264);
	player_end(&p);
	stream_free(&s);
}

/* The pictures of all sessions are limited; one that ends, or takes another stream, makes room. */
static void test_too_many(void **state)
{
	struct vmedia_decoder_options opts = { .libav.region_size = 64 << 20,
					       .libav.max_pixels = 20000 };
	struct recipe small = h264;
	uint32_t first, second;
	struct player p;
	struct stream s;

	(void)state;
	make(&s, &h264);
	player_begin_with(&p, &opts, V4L2_PIX_FMT_H264, 0);
	listen();
	first = p.r->s;
	player_play(&p, &s, 0, s.num, true);
	assert_false(p.failed);
	player_join(&p, V4L2_PIX_FMT_H264);
	second = p.r->s;
	player_play(&p, &s, 0, s.num, true);
	assert_false(p.failed);
	/* 96x80 pixels, twice, of 20000 */
	player_join(&p, V4L2_PIX_FMT_H264);
	player_play(&p, &s, 0, s.num, false);
	assert_true(p.failed);
	LOGGED("96x80", "15360", "20000");
	small.width = 64;
	small.height = 64;
	check_works(&p, &small);
	assert_int_equal(harness_close(&p.r->h, first), 0);
	check_works(&p, &h264);
	assert_int_equal(harness_close(&p.r->h, second), 0);
	player_end(&p);
	stream_free(&s);
}

/* 10 bits where CAPTURE was set up for 8: a change, and then all pictures. */
static void test_other_depth(void **state)
{
	struct pictures want;
	struct player p;
	struct stream s;

	(void)state;
	make(&s, &h264);
	player_begin(&p, V4L2_PIX_FMT_H264, 0);
	player_play(&p, &s, 0, s.num, true);
	stream_free(&s);
	make(&s, &deep);
	stream_decode(&s, V4L2_PIX_FMT_H264, &want);
	player_command(&p, V4L2_DEC_CMD_START);
	p.got.num = 0;
	player_play(&p, &s, 0, s.num, true);
	assert_false(p.failed);
	assert_int_equal(p.changes, 2);
	pictures_compare(&p.got, &want);
	player_end(&p);
	stream_free(&s);
}

/* A JPEG's size is in its frame header. */
static void set_jpeg_size(AVPacket *p, unsigned int w, unsigned int h)
{
	for (int i = 0; i + 9 < p->size; i++)
		if (p->data[i] == 0xff && p->data[i + 1] == 0xc0) {
			p->data[i + 5] = (uint8_t)(h >> 8);
			p->data[i + 6] = (uint8_t)h;
			p->data[i + 7] = (uint8_t)(w >> 8);
			p->data[i + 8] = (uint8_t)w;
			return;
		}
	fail_msg("the JPEG has no frame header");
}

/* The size changes to 16384x16384: the packet is damaged. */
static void test_huge_change(void **state)
{
	struct player p;
	struct stream s;

	(void)state;
	make(&s, &mjpeg);
	set_jpeg_size(s.packets[4], 16384, 16384);
	player_begin(&p, V4L2_PIX_FMT_MJPEG, 0);
	listen();
	player_play(&p, &s, 0, s.num, true);
	assert_false(p.failed);
	assert_int_equal(p.got.num, s.num - 1);
	LOGGED("16384x16384", "is damaged");
	assert_int_equal(p.changes, 1);
	check_works(&p, &mjpeg);
	player_end(&p);
	stream_free(&s);
}

/* Parameter sets alone: nothing to show, and a drain ends. */
static void test_header_only(void **state)
{
	struct player p;
	struct stream s;
	int i;

	(void)state;
	make(&s, &h264);
	/* up to the first slice */
	for (i = 0; i + 4 < s.packets[0]->size; i++)
		if (!s.packets[0]->data[i] && !s.packets[0]->data[i + 1] &&
		    s.packets[0]->data[i + 2] == 1 && (s.packets[0]->data[i + 3] & 0x1f) == 5)
			break;
	assert_true(i > 8 && i + 4 < s.packets[0]->size);
	s.packets[0]->size = i;
	player_begin(&p, V4L2_PIX_FMT_H264, 0);
	player_play(&p, &s, 0, 1, false);
	assert_int_equal(p.got.num, 0);
	check_works(&p, &h264);
	/* after a stream, where CAPTURE is there */
	player_command(&p, V4L2_DEC_CMD_START);
	p.got.num = 0;
	player_play(&p, &s, 0, 1, true);
	assert_int_equal(p.got.num, 0);
	check_works(&p, &h264);
	player_end(&p);
	stream_free(&s);
}

static int teardown(void **state)
{
	(void)state;
	vmedia_log_set(NULL, NULL);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_another_codec, teardown),
		cmocka_unit_test_teardown(test_zeros, teardown),
		cmocka_unit_test_teardown(test_too_large, teardown),
		cmocka_unit_test_teardown(test_too_many, teardown),
		cmocka_unit_test_teardown(test_other_depth, teardown),
		cmocka_unit_test_teardown(test_huge_change, teardown),
		cmocka_unit_test_teardown(test_header_only, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
