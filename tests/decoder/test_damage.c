/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Seeks to anywhere, and damaged streams: what libavcodec makes of the same bytes, or less, but
 * nothing else; and the session decodes a whole stream afterwards.
 */
#include "stream.h"

static const struct recipe recipes[] = {
	{ "libx264", V4L2_PIX_FMT_H264, 96, 80, AV_PIX_FMT_YUV420P, 24, 8, 2, false },
	{ "libx265", V4L2_PIX_FMT_HEVC, 96, 80, AV_PIX_FMT_YUV420P, 24, 8, 2, false },
	{ "libvpx", V4L2_PIX_FMT_VP8, 96, 80, AV_PIX_FMT_YUV420P, 24, 8, 0, false },
	{ "libvpx-vp9", V4L2_PIX_FMT_VP9, 96, 80, AV_PIX_FMT_YUV420P, 24, 8, 0, false },
	{ "libvpx", V4L2_PIX_FMT_VP8, 96, 80, AV_PIX_FMT_YUV420P, 24, 8, 0, false },
	{ "libvpx-vp9", V4L2_PIX_FMT_VP9, 512, 64, AV_PIX_FMT_YUV420P, 24, 8, 0, false },
	{ "mpeg2video", V4L2_PIX_FMT_MPEG2, 96, 80, AV_PIX_FMT_YUV420P, 24, 8, 2, false },
	{ "mpeg4", V4L2_PIX_FMT_MPEG4, 96, 80, AV_PIX_FMT_YUV420P, 24, 8, 2, false },
};
#define HEAD 16
#define NUM_RECIPES (sizeof(recipes) / sizeof(recipes[0]))

/* From packet 10, which is no key picture, to another that is none. */
static void test_seek(void **state)
{
	(void)state;
	for (size_t i = 0; i < NUM_RECIPES; i++) {
		struct stream s = { .num = 0 };
		struct pictures want;
		struct player p;

		if (!stream_make(&s, &recipes[i]))
			continue;
		print_message("%s\n", recipes[i].encoder);
		stream_decode(&s, recipes[i].pixelformat, &want);
		player_begin(&p, recipes[i].pixelformat, 0);
		player_play(&p, &s, 0, 10, false);
		player_seek(&p, false);
		player_play(&p, &s, 13, s.num, true);
		assert_int_equal(p.changes, 1);
		pictures_part(&p.got, &want);
		/* the last group of pictures is there */
		assert_true(p.got.num >= 6);
		assert_int_equal(p.got.p[p.got.num - 1].pts, want.p[want.num - 1].pts);
		player_end(&p);
		stream_free(&s);
	}
}

/* True if a start code is at @at, or less than HEAD bytes before it. */
static bool in_head(const AVPacket *p, unsigned int at)
{
	unsigned int first = at > HEAD ? at - HEAD : 0, size = (unsigned int)p->size;

	for (unsigned int i = first; i <= at && i + 3 <= size; i++)
		if (!p->data[i] && !p->data[i + 1] && p->data[i + 2] == 1)
			return true;
	return false;
}

static void flip(AVPacket *p, unsigned int at)
{
	uint8_t bit = (uint8_t)(1u << rig_random() % 8);
	bool head = in_head(p, at);

	p->data[at] ^= bit;
	if (head || in_head(p, at))
		p->data[at] ^= bit;
}

/*
 * Not the first bytes of a packet or of a slice, nor new start codes: they say where a picture
 * begins. With them a decoder of a stream divides and joins packets, which libavcodec does not.
 */
static void damage(struct stream *s)
{
	AVPacket *p = s->packets[rig_random() % s->num];
	unsigned int flips = 1 + rig_random() % 8, room = (unsigned int)p->size - HEAD, size;

	if (p->size <= HEAD)
		return;
	if (rig_random() % 4 == 0) {
		size = HEAD + rig_random() % room;
		if (in_head(p, size))
			return;
		p->size = (int)size;
		memset(p->data + size, 0, AV_INPUT_BUFFER_PADDING_SIZE);
		return;
	}
	while (flips--)
		flip(p, HEAD + rig_random() % room);
}

static void copy(struct stream *to, const struct stream *from)
{
	for (to->num = 0; to->num < from->num; to->num++) {
		to->packets[to->num] = av_packet_clone(from->packets[to->num]);
		assert_non_null(to->packets[to->num]);
		assert_int_equal(av_packet_make_writable(to->packets[to->num]), 0);
	}
}

/* A damaged stream in a session of its own, and then the whole one. */
static void play_damaged(const struct stream *s, uint32_t pixelformat, unsigned int damages)
{
	struct pictures want, after;
	struct stream bad;
	struct player p;

	copy(&bad, s);
	while (damages--)
		damage(&bad);
	stream_decode_two(&bad, s, pixelformat, &want, &after);
	player_begin(&p, pixelformat, 0);
	player_play(&p, &bad, 0, bad.num, true);
	if (p.failed)
		print_message("refused after %u pictures of %u\n", p.got.num, want.num);
	else
		pictures_compare_times(&p.got, &want);
	player_seek(&p, true);
	p.got.num = 0;
	player_play(&p, s, 0, s->num, true);
	assert_false(p.failed);
	pictures_compare(&p.got, &after);
	player_end(&p);
	stream_free(&bad);
}

/*
 * One slice a picture, and several. With threads for these, libavcodec shows nothing of a damaged
 * picture of VP8 or VP9, and something else of one of H.264.
 */
static void test_damage(void **state)
{
	(void)state;
	rig_seed();
	for (size_t i = 0; i < NUM_RECIPES * 2; i++) {
		const struct recipe *r = &recipes[i / 2];
		struct stream s = { .num = 0 };

		if (!stream_make_sliced(&s, r, i % 2 ? 4 : 0))
			continue;
		print_message("%s\n", r->encoder);
		for (unsigned int damages = 1; damages <= 10; damages++)
			play_damaged(&s, r->pixelformat, damages);
		stream_free(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seek),
		cmocka_unit_test(test_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
