// SPDX-License-Identifier: BSD-3-Clause
/* Makes the clips for the script "media" (tests/e2e) and prints the name of their folder. */
#include <stdio.h>
#include <string.h>

#include "../camera/clips.h"

/* Grey, which JPEG keeps as it is. */
static void paint_grey(AVFrame *f, int n)
{
	for (int i = 0; i < 3; i++)
		memset(f->data[i], 128, (size_t)f->linesize[i] * (i ? f->height / 2 : f->height));
}

int main(void)
{
	static const struct clip_spec clips[] = {
		{ "h264.mp4", "libx264", AV_PIX_FMT_YUV420P, 178, 98, 25, 24, 2, 0 },
		{ "h264.ts", "libx264", AV_PIX_FMT_YUV420P, 178, 98, 25, 24, 2, 0 },
		{ "small.h264", "libx264", AV_PIX_FMT_YUV420P, 96, 80, 25, 12, 2, 0 },
		{ "large.h264", "libx264", AV_PIX_FMT_YUV420P, 160, 96, 25, 12, 2, 0 },
		{ "h264-10bit.mkv", "libx264", AV_PIX_FMT_YUV420P10, 96, 80, 25, 12, 0, 0 },
		{ "h264-422.mkv", "libx264", AV_PIX_FMT_YUV422P, 96, 80, 25, 12, 0, 0 },
		{ "h264-422-10bit.mkv", "libx264", AV_PIX_FMT_YUV422P10, 96, 80, 25, 12, 0, 0 },
		{ "hevc.mkv", "libx265", AV_PIX_FMT_YUV420P, 98, 82, 25, 12, 2, 0 },
		{ "vp8.webm", "libvpx", AV_PIX_FMT_YUV420P, 97, 81, 25, 12, 0, 0 },
		{ "vp9.webm", "libvpx-vp9", AV_PIX_FMT_YUV420P, 97, 81, 25, 12, 0, 0 },
		{ "av1.mkv", "libaom-av1", AV_PIX_FMT_YUV420P, 96, 80, 25, 4, 0, 0 },
		{ "av1.obu", "libaom-av1", AV_PIX_FMT_YUV420P, 96, 80, 25, 4, 0, 0 },
		{ "av1-large.obu", "libaom-av1", AV_PIX_FMT_YUV420P, 160, 96, 25, 4, 0, 0 },
		{ "av1-444.mkv", "libaom-av1", AV_PIX_FMT_YUV444P, 96, 80, 25, 4, 0, 0 },
		{ "mpeg2.ts", "mpeg2video", AV_PIX_FMT_YUV420P, 98, 82, 25, 12, 2, 0 },
		{ "mpeg4.mp4", "mpeg4", AV_PIX_FMT_YUV420P, 98, 82, 25, 12, 2, 0 },
		{ "ffv1.mkv", "ffv1", AV_PIX_FMT_YUV420P, 96, 80, 25, 4, 0, 0 },
	};
	static const struct clip_spec grey = {
		"grey.avi", "mjpeg", AV_PIX_FMT_YUVJ420P, 64, 48, 25, 8, 0, 0
	};
	const struct clip_look look = { .paint = paint_grey };

	clips_init();
	for (size_t i = 0; i < sizeof(clips) / sizeof(clips[0]); i++)
		if (!clip_make(&clips[i]))
			fprintf(stderr, "no %s here\n", clips[i].codec);
	clip_make_as(&grey, &look);
	clip_make_sound("sound.wav");
	puts(clip_path(""));
	return 0;
}
