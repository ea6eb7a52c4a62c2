/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Streams of others, beside libavcodec: the files of the folder that VMEDIA_VECTORS names, in
 * folders by codec (h264, hevc, vp8, vp9, av1). The first packets of each. Without the variable
 * there is nothing to do.
 */
#include "stream.h"

#include <dirent.h>
#include <libavformat/avformat.h>
#include <stdio.h>

#define MOST 100

/* The packets of @path, each a whole picture. */
static bool load(struct stream *s, const char *path)
{
	AVFormatContext *demuxer = NULL;
	AVPacket *p = av_packet_alloc();
	int video = -1;

	if (!avformat_open_input(&demuxer, path, NULL, NULL) &&
	    avformat_find_stream_info(demuxer, NULL) >= 0)
		video = av_find_best_stream(demuxer, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
	while (video >= 0 && s->num < MOST && !av_read_frame(demuxer, p)) {
		if (p->stream_index != video) {
			av_packet_unref(p);
			continue;
		}
		p->pts = s->num + 1;
		p->dts = AV_NOPTS_VALUE;
		s->packets[s->num++] = p;
		p = av_packet_alloc();
	}
	av_packet_free(&p);
	avformat_close_input(&demuxer);
	return s->num;
}

/* Play @s as @raw. Returns true if it can also be played in place. */
static bool play(const char *path, uint32_t pixelformat, uint32_t raw, const struct stream *s,
		 const struct pictures *want)
{
	struct player p;
	bool planar;

	player_begin(&p, pixelformat, raw);
	p.buffers = raw ? 16 : 0;
	player_play(&p, s, 0, s->num, true);
	print_message("%s%s: %u packets, %u pictures of %u%s\n", path, raw ? " in place" : "",
		      s->num, p.got.num, want->num, p.failed ? ", refused" : "");
	assert_false(p.failed);
	pictures_compare(&p.got, want);
	planar = p.pf && p.pf->bits[0] == 8 && p.pf->hsub == 2 && p.pf->vsub == 2;
	player_end(&p);
	return planar;
}

static void check(const char *path, uint32_t pixelformat)
{
	struct stream s = { .num = 0 };
	struct pictures want;

	if (!load(&s, path)) {
		print_message("%s: libavformat finds no packets\n", path);
		return;
	}
	stream_decode(&s, pixelformat, &want);
	if (play(path, pixelformat, 0, &s, &want))
		play(path, pixelformat, V4L2_PIX_FMT_YUV420M, &s, &want);
	stream_free(&s);
}

static void test_vectors(void **state)
{
	static const struct {
		const char *folder;
		uint32_t pixelformat;
	} codecs[] = { { "h264", V4L2_PIX_FMT_H264 }, { "hevc", V4L2_PIX_FMT_HEVC },
		       { "vp8", V4L2_PIX_FMT_VP8 }, { "vp9", V4L2_PIX_FMT_VP9 },
		       { "av1", V4L2_PIX_FMT_AV1 } };
	const char *folder = getenv("VMEDIA_VECTORS"), *only = getenv("VMEDIA_VECTOR");

	(void)state;
	if (!folder)
		skip();
	for (size_t i = 0; i < 5; i++) {
		char path[1024];
		struct dirent **names;
		int n;

		snprintf(path, sizeof(path), "%s/%s", folder, codecs[i].folder);
		n = scandir(path, &names, NULL, alphasort);
		for (int j = 0; j < n; j++) {
			snprintf(path, sizeof(path), "%s/%s/%s", folder, codecs[i].folder,
				 names[j]->d_name);
			if (names[j]->d_name[0] != '.' && (!only || strstr(path, only)))
				check(path, codecs[i].pixelformat);
			free(names[j]);
		}
		if (n >= 0)
			free(names);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_vectors) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
