/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A guest that writes into its CAPTURE buffers while the decoder does: it gets wrong pictures and
 * nothing else. The next stream, which it leaves alone, is right.
 */
#include "stream.h"

#include <pthread.h>
#include <stdatomic.h>

#include "core/core.h"
#include "v4l2/decoder.h"

#define CAP V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE

struct scribbler {
	struct vmedia_backing *mem[32 * VMEDIA_MAX_PLANES];
	size_t size[32 * VMEDIA_MAX_PLANES];
	unsigned int num;
	atomic_bool stop;
	pthread_t id;
};

/* As a guest's processor does, without the locks that ThreadSanitizer would like. */
__attribute__((no_sanitize("thread"))) static void *scribble(void *arg)
{
	struct scribbler *s = arg;
	uint32_t random = 1;

	while (!atomic_load(&s->stop))
		for (unsigned int i = 0; i < s->num; i++) {
			volatile uint8_t *at = vmedia_backing_addr(s->mem[i]);

			for (size_t j = random >> 16 & 63; j < s->size[i]; j += 61) {
				random = random * 1103515245u + 12345u;
				at[j] = (uint8_t)(random >> 16);
			}
		}
	return NULL;
}

static void begin(struct scribbler *s, const struct player *p)
{
	struct vmedia_ctx *ctx = vmedia_session_ctx(vmedia_session_find(p->r->dev, p->r->s));
	struct vmedia_queue *q = vmedia_m2m_dst(ctx);

	memset(s, 0, sizeof(*s));
	for (uint32_t i = 0; i < vmedia_queue_num_buffers(q); i++) {
		const struct vmedia_buf *b = vmedia_queue_buf(q, i);

		for (uint32_t j = 0; j < b->num_planes; j++) {
			s->size[s->num] = b->planes[j].length;
			s->mem[s->num++] = vmedia_backing_get(b->planes[j].mem);
		}
	}
	assert_true(s->num > 0);
	assert_int_equal(pthread_create(&s->id, NULL, scribble, s), 0);
}

static void end(struct scribbler *s)
{
	atomic_store(&s->stop, true);
	assert_int_equal(pthread_join(s->id, NULL), 0);
	while (s->num)
		vmedia_backing_put(s->mem[--s->num]);
}

static void write_while_decoding(const struct recipe *r, uint32_t raw)
{
	struct stream s = { .num = 0 };
	struct pictures want;
	struct scribbler guest;
	struct player p;
	unsigned int wrong = 0;

	if (!stream_make(&s, r))
		return;
	stream_decode(&s, r->pixelformat, &want);
	player_begin(&p, r->pixelformat, raw);
	/* CAPTURE is set up by the first packets. */
	player_play(&p, &s, 0, 8, false);
	assert_true(p.setup);
	begin(&guest, &p);
	player_play(&p, &s, 8, s.num, true);
	end(&guest);
	assert_false(p.failed);
	pictures_compare_times(&p.got, &want);
	for (unsigned int i = 0; i < want.num; i++)
		wrong += p.got.p[i].hash != want.p[i].hash;
	print_message("%s: %u of %u pictures are wrong\n", r->encoder, wrong, want.num);
	player_seek(&p, true);
	p.got.num = 0;
	player_play(&p, &s, 0, s.num, true);
	pictures_compare(&p.got, &want);
	player_end(&p);
	stream_free(&s);
}

static void test_scribble(void **state)
{
	static const struct recipe recipes[] = {
		{ "libx264", V4L2_PIX_FMT_H264, 128, 96, AV_PIX_FMT_YUV420P, 60, 30, 3, false },
		{ "libx264", V4L2_PIX_FMT_H264, 128, 96, AV_PIX_FMT_YUV420P, 60, 30, 0, true },
		{ "libx265", V4L2_PIX_FMT_HEVC, 128, 96, AV_PIX_FMT_YUV420P, 60, 30, 2, false },
		{ "libvpx", V4L2_PIX_FMT_VP8, 128, 96, AV_PIX_FMT_YUV420P, 60, 30, 0, false },
		{ "libvpx-vp9", V4L2_PIX_FMT_VP9, 128, 96, AV_PIX_FMT_YUV420P, 60, 30, 0, false },
		{ "mpeg2video", V4L2_PIX_FMT_MPEG2, 128, 96, AV_PIX_FMT_YUV420P, 60, 30, 2, false },
		{ "mpeg4", V4L2_PIX_FMT_MPEG4, 128, 96, AV_PIX_FMT_YUV420P, 60, 30, 2, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(recipes) / sizeof(recipes[0]); i++) {
		write_while_decoding(&recipes[i], V4L2_PIX_FMT_YUV420M);
		write_while_decoding(&recipes[i], V4L2_PIX_FMT_NV12);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scribble),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
