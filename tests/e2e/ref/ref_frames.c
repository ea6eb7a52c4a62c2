// SPDX-License-Identifier: BSD-3-Clause
/*
 * ref-frames VIDEO CLIP.y4m: are the clip's frames, byte for byte, those that libavcodec gives for
 * the video?
 *
 * Theory of operation: both are read forward, one frame in memory at a time. Each frame of the clip
 * must equal some frame of the video that comes after the one before: a capture may start anywhere
 * and may skip frames, since a camera goes on when nobody takes its picture, and it starts again
 * when the video ends. What it may not do is to change a byte. Frames skipped are counted and said.
 *
 * Exit status: 0 equal; 1 different, or a file that cannot be read; 2 wrong usage.
 */
#include <errno.h>
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/imgutils.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The video, decoded frame by frame into tightly packed planes. */
struct video {
	const char *path;
	AVFormatContext *format;
	AVCodecContext *codec;
	AVPacket *packet;
	AVFrame *frame;
	int stream;
	bool flushing;
	uint8_t *bytes;
	int size;
};

struct clip {
	const char *path;
	FILE *file;
	int width, height;
	uint8_t *bytes;
	size_t size;
};

static int fail(const char *what, const char *path, int err)
{
	char text[AV_ERROR_MAX_STRING_SIZE] = "";

	av_strerror(err, text, sizeof(text));
	fprintf(stderr, "ref-frames: %s: %s: %s\n", path, what, text);
	return -1;
}

static void video_finish(struct video *v)
{
	av_frame_free(&v->frame);
	av_packet_free(&v->packet);
	avcodec_free_context(&v->codec);
	avformat_close_input(&v->format);
	free(v->bytes);
	v->bytes = NULL;
	v->flushing = false;
}

static int video_init(struct video *v, const char *path)
{
	const AVCodec *decoder = NULL;
	int err;

	v->path = path;
	err = avformat_open_input(&v->format, path, NULL, NULL);
	if (err < 0)
		return fail("cannot open", path, err);
	err = avformat_find_stream_info(v->format, NULL);
	if (err < 0)
		return fail("cannot read", path, err);
	v->stream = av_find_best_stream(v->format, AVMEDIA_TYPE_VIDEO, -1, -1, &decoder, 0);
	if (v->stream < 0)
		return fail("has no video", path, v->stream);
	v->codec = avcodec_alloc_context3(decoder);
	v->packet = av_packet_alloc();
	v->frame = av_frame_alloc();
	if (!v->codec || !v->packet || !v->frame)
		return fail("cannot decode", path, AVERROR(ENOMEM));
	err = avcodec_parameters_to_context(v->codec, v->format->streams[v->stream]->codecpar);
	if (err >= 0)
		err = avcodec_open2(v->codec, decoder, NULL);
	if (err < 0)
		return fail("cannot decode", path, err);
	return 0;
}

/* Gives the decoder one more packet, or the end. */
static int video_feed(struct video *v)
{
	int err;

	if (v->flushing)
		return AVERROR_EOF;
	do {
		av_packet_unref(v->packet);
		err = av_read_frame(v->format, v->packet);
	} while (err >= 0 && v->packet->stream_index != v->stream);
	v->flushing = err == AVERROR_EOF;
	if (err < 0 && !v->flushing)
		return err;
	/* A packet that does not decode loses its frame, for a player as for a camera. */
	avcodec_send_packet(v->codec, v->flushing ? NULL : v->packet);
	av_packet_unref(v->packet);
	return 0;
}

static int video_pack(struct video *v)
{
	enum AVPixelFormat format = v->frame->format;
	int err;

	if (format != AV_PIX_FMT_YUV420P && format != AV_PIX_FMT_YUVJ420P)
		return fail("is not 8-bit 4:2:0, so no clip can have its bytes", v->path,
			    AVERROR(EINVAL));
	if (!v->bytes) {
		v->size = av_image_get_buffer_size(format, v->frame->width, v->frame->height, 1);
		v->bytes = v->size > 0 ? malloc(v->size) : NULL;
		if (!v->bytes)
			return fail("has frames of a size that does not fit", v->path,
				    AVERROR(ENOMEM));
	}
	err = av_image_copy_to_buffer(v->bytes, v->size, (const uint8_t *const *)v->frame->data,
				      v->frame->linesize, format, v->frame->width,
				      v->frame->height, 1);
	return err < 0 ? fail("changes its size", v->path, err) : 0;
}

/* 1: the next frame is in v->bytes; 0: the video has ended; -1: said why not. */
static int video_next(struct video *v)
{
	int err;

	for (;;) {
		err = avcodec_receive_frame(v->codec, v->frame);
		if (!err)
			return video_pack(v) ? -1 : 1;
		if (err == AVERROR_EOF)
			return 0;
		if (err == AVERROR(EAGAIN))
			err = video_feed(v);
		if (err == AVERROR_EOF)
			return 0;
		if (err < 0)
			return fail("cannot decode", v->path, err);
	}
}

static int clip_init(struct clip *c, const char *path)
{
	char line[256], *word, *rest = NULL;

	c->path = path;
	c->file = fopen(path, "rb");
	if (!c->file)
		return fail("cannot open", path, AVERROR(errno));
	if (!fgets(line, sizeof(line), c->file) || strncmp(line, "YUV4MPEG2 ", 10))
		return fail("is not a Y4M file", path, AVERROR_INVALIDDATA);
	for (word = strtok_r(line, " \n", &rest); word; word = strtok_r(NULL, " \n", &rest)) {
		if (*word == 'W')
			c->width = atoi(word + 1);
		else if (*word == 'H')
			c->height = atoi(word + 1);
		else if (*word == 'C' && (strncmp(word, "C420", 4) || !strncmp(word, "C420p1", 6)))
			return fail("is not 8-bit 4:2:0", path, AVERROR(EINVAL));
	}
	if (c->width <= 0 || c->height <= 0 || c->width > 32768 || c->height > 32768)
		return fail("names no size", path, AVERROR_INVALIDDATA);
	c->size = (size_t)c->width * c->height +
		  2 * (size_t)((c->width + 1) / 2) * ((c->height + 1) / 2);
	c->bytes = malloc(c->size);
	return c->bytes ? 0 : fail("cannot be read", path, AVERROR(ENOMEM));
}

/* As video_next(). */
static int clip_next(struct clip *c)
{
	char line[256];

	if (!fgets(line, sizeof(line), c->file))
		return 0;
	if (strncmp(line, "FRAME", 5))
		return fail("has something else where a frame should begin", c->path,
			    AVERROR_INVALIDDATA);
	if (fread(c->bytes, 1, c->size, c->file) != c->size)
		return fail("ends within a frame", c->path, AVERROR_INVALIDDATA);
	return 1;
}

static bool same(const struct video *v, const struct clip *c)
{
	return (size_t)v->size == c->size && !memcmp(v->bytes, c->bytes, c->size);
}

/*
 * Finds the clip's present frame in the video from here on, going round its end once.
 * 1: found, *skipped frames later; 0: it is not in the video; -1: said why not.
 */
static int find(struct video *v, const struct clip *c, unsigned long *skipped)
{
	const char *path = v->path;
	int rounds = 0, got;

	for (*skipped = 0;; (*skipped)++) {
		got = video_next(v);
		if (!got && rounds++ < 2) {
			video_finish(v);
			got = video_init(v, path) ? -1 : video_next(v);
		}
		if (got <= 0)
			return got;
		if (same(v, c))
			return 1;
	}
}

static int compare(struct video *v, struct clip *c)
{
	unsigned long frames = 0, gaps = 0, first = 0, skipped;
	int got;

	while ((got = clip_next(c)) == 1) {
		got = find(v, c, &skipped);
		if (got < 0)
			return 1;
		if (!got) {
			fprintf(stderr, "ref-frames: frame %lu of %s is no frame of %s\n", frames,
				c->path, v->path);
			return 1;
		}
		if (frames++)
			gaps += skipped;
		else
			first = skipped;
	}
	if (got < 0)
		return 1;
	if (!frames) {
		fprintf(stderr, "ref-frames: %s has no frame\n", c->path);
		return 1;
	}
	printf("%lu frames of %dx%d, byte for byte libavcodec's, from frame %lu on, %lu skipped\n",
	       frames, c->width, c->height, first, gaps);
	return 0;
}

int main(int argc, char **argv)
{
	struct video video = { 0 };
	struct clip clip = { 0 };
	int status = 1;

	if (argc != 3) {
		fprintf(stderr, "usage: ref-frames VIDEO CLIP.y4m\n");
		return 2;
	}
	av_log_set_level(AV_LOG_FATAL);
	if (!video_init(&video, argv[1]) && !clip_init(&clip, argv[2]))
		status = compare(&video, &clip);
	video_finish(&video);
	free(clip.bytes);
	if (clip.file)
		fclose(clip.file);
	return status;
}
