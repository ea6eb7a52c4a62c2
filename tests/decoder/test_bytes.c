/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Byte streams: a buffer has a picture, several, or a piece of one; it begins and ends anywhere.
 */
#include "stream.h"

#include <string.h>
#include <time.h>

#include "split.h"

#define MAX_BYTES (256 << 10)

static const struct recipe recipes[] = {
	{ "libx264", V4L2_PIX_FMT_H264, 96, 80, AV_PIX_FMT_YUV420P, 20, 8, 3, false },
	{ "libx264", V4L2_PIX_FMT_H264, 96, 96, AV_PIX_FMT_YUV420P, 20, 8, 0, false },
	{ "libx264", V4L2_PIX_FMT_H264, 96, 96, AV_PIX_FMT_YUV420P, 20, 8, 0, true },
	{ "libx265", V4L2_PIX_FMT_HEVC, 96, 80, AV_PIX_FMT_YUV420P, 20, 8, 3, false },
	{ "mpeg1video", V4L2_PIX_FMT_MPEG1, 96, 80, AV_PIX_FMT_YUV420P, 20, 8, 2, false },
	{ "mpeg2video", V4L2_PIX_FMT_MPEG2, 96, 80, AV_PIX_FMT_YUV420P, 20, 8, 2, false },
	{ "mpeg4", V4L2_PIX_FMT_MPEG4, 96, 80, AV_PIX_FMT_YUV420P, 20, 8, 2, false },
};

#define NUM_RECIPES (sizeof(recipes) / sizeof(recipes[0]))

static unsigned int seed;

/* A stream as bytes, and where its units begin. */
struct bytes {
	uint8_t *data;
	size_t size, starts[128];
	unsigned int num;
};

static void join(struct bytes *b, const struct stream *s)
{
	*b = (struct bytes){ .data = calloc(1, MAX_BYTES + VMEDIA_CODEC_PADDING) };
	for (unsigned int i = 0; i < s->num; i++) {
		assert_true(b->size + (size_t)s->packets[i]->size <= MAX_BYTES);
		memcpy(b->data + b->size, s->packets[i]->data, (size_t)s->packets[i]->size);
		b->starts[b->num++] = b->size;
		b->size += (size_t)s->packets[i]->size;
	}
}

static size_t unit_size(const struct bytes *b, unsigned int i)
{
	return (i + 1 < b->num ? b->starts[i + 1] : b->size) - b->starts[i];
}

/* Append a packet: the piece of @size bytes at @at. */
static void piece(struct stream *s, const struct bytes *b, size_t at, size_t size)
{
	AVPacket *p = av_packet_alloc();

	assert_true(s->num < 128);
	assert_int_equal(av_new_packet(p, (int)size), 0);
	memcpy(p->data, b->data + at, size);
	p->pts = ++s->num;
	s->packets[s->num - 1] = p;
}

/*
 * Cut the stream at @cuts places, anywhere. @where: piece i begins there. The first cut is in the
 * first picture, and not before a start code: the client queues two pieces before the decoder
 * begins, which so sees that the stream is cut.
 */
static void cut_anywhere(struct stream *s, const struct bytes *b, unsigned int cuts,
			 size_t where[128])
{
	size_t at = unit_size(b, 0) / 4 * 3;

	while (!b->data[at])
		at++;
	where[0] = 0;
	piece(s, b, 0, at);
	for (unsigned int i = 1; i <= cuts; i++) {
		size_t left = b->size - at, max = 2 * left / (cuts - i + 1);
		size_t size = i == cuts ? left : 1 + (size_t)rand_r(&seed) % max;

		where[s->num] = at;
		piece(s, b, at, size);
		at += size;
		if (at == b->size)
			break;
	}
}

/* The number of the piece that has the byte at @at. */
static int64_t piece_at(const struct stream *s, const size_t where[128], size_t at)
{
	unsigned int i = 0;

	while (i + 1 < s->num && where[i + 1] <= at)
		i++;
	return i + 1;
}

/*
 * The pictures are those of the whole stream. Each has the time of the piece in which it begins: at
 * its start code, which may have zeros before it.
 */
static void compare(const struct player *p, const struct pictures *want, const struct bytes *b,
		    const struct stream *pieces, const size_t where[128])
{
	assert_int_equal(p->got.num, want->num);
	for (unsigned int i = 0; i < want->num; i++) {
		const struct picture *g = &p->got.p[i], *w = &want->p[i];
		size_t start = b->starts[w->pts - 1];

		if (g->hash != w->hash || g->flags & V4L2_BUF_FLAG_ERROR)
			fail_msg("picture %u of format %08x is another one, flags %08x", i,
				 p->pf->pixelformat, g->flags);
		assert_in_range(g->pts, piece_at(pieces, where, start),
				piece_at(pieces, where, start + 4));
	}
}

static void test_anywhere(void **state)
{
	(void)state;
	for (size_t i = 0; i < NUM_RECIPES * 6; i++) {
		const struct recipe *r = &recipes[i / 6];
		struct stream s = { .num = 0 }, pieces = { .num = 0 };
		size_t where[128];
		struct pictures want;
		struct bytes b;
		struct player p;

		/* One slice a picture, or more. */
		if (!stream_make_sliced(&s, r, i % 3 ? 4 : 0))
			continue;
		stream_decode(&s, r->pixelformat, &want);
		join(&b, &s);
		cut_anywhere(&pieces, &b, i % 2 ? 100 : 12, where);
		print_message("%s: %u pieces\n", r->encoder, pieces.num);
		player_begin_late(&p, r->pixelformat, 0, &pieces);
		player_play(&p, &pieces, 2, pieces.num, true);
		compare(&p, &want, &b, &pieces, where);
		player_end(&p);
		stream_free(&s);
		stream_free(&pieces);
		free(b.data);
	}
}

/* Three pictures a buffer. */
static void test_several(void **state)
{
	(void)state;
	for (size_t i = 0; i < NUM_RECIPES; i++) {
		const struct recipe *r = &recipes[i];
		struct stream s = { .num = 0 }, pieces = { .num = 0 };
		size_t where[128];
		struct pictures want;
		struct bytes b;
		struct player p;

		/* Its pictures of one packet belong together. */
		if (r->pixelformat == V4L2_PIX_FMT_MPEG4 || !stream_make(&s, r))
			continue;
		stream_decode(&s, r->pixelformat, &want);
		join(&b, &s);
		for (unsigned int j = 0; j < b.num; j += 3) {
			where[pieces.num] = b.starts[j];
			piece(&pieces, &b, b.starts[j],
			      (j + 3 < b.num ? b.starts[j + 3] : b.size) - b.starts[j]);
		}
		player_begin_late(&p, r->pixelformat, 0, &pieces);
		player_play(&p, &pieces, 2, pieces.num, true);
		compare(&p, &want, &b, &pieces, where);
		player_end(&p);
		stream_free(&s);
		stream_free(&pieces);
		free(b.data);
	}
}

/* ---- When a unit comes ---- */

static struct vmedia_codec_packet packet(const struct bytes *b, size_t at, size_t size,
					 uint64_t tag)
{
	return (struct vmedia_codec_packet){ .data = b->data + at, .size = (uint32_t)size,
					     .tag = tag };
}

/* A packet that is a unit is decoded at once, as it is. */
static void test_at_once(void **state)
{
	(void)state;
	for (size_t i = 0; i < NUM_RECIPES; i++) {
		const struct recipe *r = &recipes[i];
		struct stream s = { .num = 0 };
		struct vmedia_libav_split *split;
		struct vmedia_libav_unit u;
		struct bytes b;

		if (!stream_make(&s, r))
			continue;
		join(&b, &s);
		assert_int_equal(vmedia_libav_split_create(
					 vmedia_libav_codec_find(r->pixelformat)->id, &split), 0);
		for (unsigned int j = 0; j < b.num; j++) {
			struct vmedia_codec_packet p = packet(&b, b.starts[j], unit_size(&b, j),
							      100 + j);

			vmedia_libav_split_add(split, &p);
			assert_true(vmedia_libav_split_next(split, &u));
			assert_ptr_equal(u.data, p.data);
			assert_int_equal(u.size, p.size);
			assert_int_equal(u.tag, 100 + j);
			assert_false(vmedia_libav_split_next(split, &u));
		}
		vmedia_libav_split_end(split);
		assert_false(vmedia_libav_split_next(split, &u));
		vmedia_libav_split_destroy(split);
		stream_free(&s);
		free(b.data);
	}
}

/* Buffers that are full are pieces, however small, also where a unit ends with them. */
static void test_full(void **state)
{
	static const size_t sizes[] = { 1, 2, 3, 7, 64, 1000 };

	(void)state;
	for (size_t i = 0; i < NUM_RECIPES * 6; i++) {
		const struct recipe *r = &recipes[i / 6];
		struct stream s = { .num = 0 };
		struct vmedia_libav_split *split;
		struct vmedia_libav_unit u;
		unsigned int n = 0;
		struct bytes b;

		if (!stream_make(&s, r))
			continue;
		join(&b, &s);
		assert_int_equal(vmedia_libav_split_create(
					 vmedia_libav_codec_find(r->pixelformat)->id, &split), 0);
		for (size_t at = 0, size; at < b.size; at += size) {
			struct vmedia_codec_packet p;

			size = b.size - at < sizes[i % 6] ? b.size - at : sizes[i % 6];
			p = packet(&b, at, size, 1 + at);
			p.full = true;
			vmedia_libav_split_add(split, &p);
			while (vmedia_libav_split_next(split, &u)) {
				/* The first of four bytes of a start code is the last unit's. */
				assert_true(!memcmp(u.data, b.data + b.starts[n], u.size) ||
					    !memcmp(u.data, b.data + b.starts[n] + 1, u.size));
				/* The tag says where the piece begins. Parsers differ by a byte. */
				assert_in_range(b.starts[n] + 2, u.tag, u.tag + size + 4);
				n++;
			}
		}
		vmedia_libav_split_end(split);
		assert_true(vmedia_libav_split_next(split, &u));
		assert_int_equal(n + 1, b.num);
		vmedia_libav_split_destroy(split);
		stream_free(&s);
		free(b.data);
	}
}

/* What never ends is dropped. */
static void test_endless(void **state)
{
	struct vmedia_codec_packet p = { .size = 1 << 20, .tag = 1, .full = true };
	struct vmedia_libav_split *split;
	struct vmedia_libav_unit u;
	uint8_t *data = malloc((1 << 20) + VMEDIA_CODEC_PADDING);

	(void)state;
	memset(data, 0xff, (1 << 20) + VMEDIA_CODEC_PADDING);
	p.data = data;
	assert_int_equal(vmedia_libav_split_create(AV_CODEC_ID_H264, &split), 0);
	for (int i = 0; i < 200; i++) {
		vmedia_libav_split_add(split, &p);
		assert_false(vmedia_libav_split_next(split, &u));
		assert_in_range(vmedia_libav_split_held(split), 0, 66 << 20);
	}
	vmedia_libav_split_destroy(split);
	free(data);
}

/* Packets that end with zeros, as cameras have them: each picture has its own packet's time. */
static void test_zeros(void **state)
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
		for (unsigned int n = 0; n < s.num; n++) {
			int zeros = (int)n % 4, size = s.packets[n]->size;

			assert_int_equal(av_grow_packet(s.packets[n], zeros), 0);
			memset(s.packets[n]->data + size, 0, (size_t)zeros);
		}
		player_begin(&p, recipes[i].pixelformat, 0);
		player_play(&p, &s, 0, s.num, true);
		pictures_compare(&p.got, &want);
		player_end(&p);
		stream_free(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_at_once),
		cmocka_unit_test(test_zeros),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_endless),
		cmocka_unit_test(test_several),
		cmocka_unit_test(test_anywhere),
	};
	const char *text = getenv("VMEDIA_TEST_SEED");

	seed = text ? (unsigned int)strtoul(text, NULL, 0) : (unsigned int)time(NULL);
	print_message("VMEDIA_TEST_SEED=%u\n", seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
