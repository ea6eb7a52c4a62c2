/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where frames go. Y4M holds planar 4:2:0: what comes in another format is converted, YU12 is
 * written byte for byte.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sink.h"

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

static int open_file(struct ctl_sink *s, const struct ctl_picture *pic, struct vmedia_fract rate)
{
	const char *to = s->o->to;

	s->file = strcmp(to, "-") == 0 ? stdout : fopen(to, "wb");
	if (!s->file)
		return ctl_fail(to, -errno);
	s->y4m = ends_with(to, ".y4m");
	if (!s->y4m)
		return 0;
	s->scratch = malloc(ctl_picture_yuv420_size(pic));
	if (!s->scratch)
		return ctl_fail(to, -ENOMEM);
	if (!rate.numerator || !rate.denominator)
		rate = (struct vmedia_fract){ 30, 1 };
	fprintf(s->file, "YUV4MPEG2 W%u H%u F%u:%u Ip A1:1 C420jpeg\n", pic->width, pic->height,
		rate.numerator, rate.denominator);
	return 0;
}

int ctl_sink_open(struct ctl_sink *s, const struct ctl_stream_options *o,
		  const struct ctl_picture *pic, struct vmedia_fract rate)
{
	int ret;

	*s = (struct ctl_sink){ .o = o };
	if (o->to) {
		ret = open_file(s, pic, rate);
		if (ret < 0)
			return ret;
	}
	if (!o->preview)
		return 0;
	/* The terminal is standard output, unless frames go there. */
	ret = ctl_preview_init(&s->preview, s->file == stdout ? stderr : stdout, pic->width,
			       pic->height);
	if (ret < 0)
		return ctl_fail("--preview", ret);
	s->previewing = true;
	return 0;
}

static int write_bytes(struct ctl_sink *s, const void *data, size_t size)
{
	if (fwrite(data, 1, size, s->file) != size)
		return ctl_fail(s->o->to, errno ? -errno : -EIO);
	s->bytes += size;
	return 0;
}

static int put_file(struct ctl_sink *s, const struct ctl_picture *pic)
{
	int ret;

	errno = 0;
	if (s->y4m) {
		ret = ctl_picture_yuv420(&s->conv, pic, s->scratch);
		if (ret < 0)
			return ctl_fail("cannot convert the frame to Y4M", ret);
		ret = write_bytes(s, "FRAME\n", 6);
		return ret < 0 ? ret : write_bytes(s, s->scratch, ctl_picture_yuv420_size(pic));
	}
	for (unsigned int i = 0; i < pic->num_planes; i++) {
		ret = write_bytes(s, pic->data[i], pic->bytesused[i]);
		if (ret < 0)
			return ret;
	}
	return 0;
}

static int put_snapshot(struct ctl_sink *s, const struct ctl_picture *pic)
{
	uint8_t *rgb = malloc((size_t)pic->width * pic->height * 3);
	struct ctl_converter conv = { 0 };
	int ret;

	if (!rgb)
		return ctl_fail(s->o->snapshot, -ENOMEM);
	ret = ctl_picture_rgb(&conv, pic, rgb, pic->width, pic->height);
	if (ret == 0)
		ret = ctl_png_write(s->o->snapshot, rgb, pic->width, pic->height);
	ctl_converter_finish(&conv);
	free(rgb);
	s->snapped = true;
	return ret < 0 ? ctl_fail(s->o->snapshot, ret) : 0;
}

int ctl_sink_put(struct ctl_sink *s, const struct ctl_picture *pic, const char *status)
{
	int ret = 0;

	if (s->o->snapshot && !s->snapped)
		ret = put_snapshot(s, pic);
	if (ret == 0 && s->file)
		ret = put_file(s, pic);
	if (ret == 0 && s->previewing) {
		ret = ctl_preview_draw(&s->preview, pic, status);
		if (ret < 0)
			ctl_fail("--preview", ret);
	}
	return ret;
}

int ctl_sink_close(struct ctl_sink *s, int ret)
{
	if (s->previewing)
		ctl_preview_finish(&s->preview);
	if (s->file && s->file != stdout && fclose(s->file) != 0 && ret == 0)
		ret = ctl_fail(s->o->to, -errno);
	free(s->scratch);
	ctl_converter_finish(&s->conv);
	*s = (struct ctl_sink){ 0 };
	return ret;
}
