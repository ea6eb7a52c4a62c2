/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Outputs for frames. Y4M holds planar 4:2:0: YU12 is written byte for byte, other formats are
 * converted. --stream-to-hdr writes what source.c reads.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sink.h"
#include "source.h"

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

/* Y4M's letter for the field order; '?' if it has none. */
static char y4m_interlacing(uint32_t field)
{
	switch (field) {
	case V4L2_FIELD_ANY:
	case V4L2_FIELD_NONE:
		return 'p';
	case V4L2_FIELD_INTERLACED_TB:
		return 't';
	case V4L2_FIELD_INTERLACED_BT:
		return 'b';
	default:
		return '?';
	}
}

int ctl_y4m_header(char *buf, size_t size, const struct ctl_picture *pic, struct vmedia_fract rate)
{
	if (!rate.numerator || !rate.denominator)
		rate = (struct vmedia_fract){ 30, 1 };
	return snprintf(buf, size, "YUV4MPEG2 W%u H%u F%u:%u I%c A1:1 C420jpeg XCOLORRANGE=%s\n",
			pic->width, pic->height, rate.numerator, rate.denominator,
			y4m_interlacing(pic->field),
			ctl_picture_yuv420_full(pic) ? "FULL" : "LIMITED");
}

static FILE *open_output(const struct ctl_sink *s, const char *path)
{
	FILE *file = NULL;
	int fd;

	if (strcmp(path, "-") != 0)
		return fopen(path, "wb");
	fd = dup(s->o->stdout_fd);
	if (fd >= 0)
		file = fdopen(fd, "wb");
	if (!file && fd >= 0) {
		close(fd);
		errno = EBADF; /* it was closed, and stands for reading */
	}
	return file;
}

static const char *name_of(const char *path)
{
	return strcmp(path, "-") == 0 ? "standard output" : path;
}

static int cannot_open(const char *option, const char *path)
{
	return ctl_usage_text("--%s=%s: %s; give a file that can be written", option, path,
			      strerror(errno));
}

static int cannot_convert(const struct ctl_picture *pic, const char *option)
{
	char fcc[8];

	return ctl_fail_text("--%s: frames of '%s', %ux%u, cannot be converted; choose another "
			     "--set-fmt-video",
			     option, ctl_fourcc(pic->pixelformat, fcc), pic->width, pic->height);
}

static int open_file(struct ctl_sink *s, const struct ctl_picture *pic, struct vmedia_fract rate)
{
	const char *to = s->o->to;
	char header[160];
	int n;

	s->y4m = !s->o->to_hdr && ends_with(to, ".y4m");
	if (s->y4m && !ctl_picture_known(pic))
		return cannot_convert(pic, "stream-to");
	s->file = open_output(s, to);
	if (!s->file)
		return cannot_open(s->o->to_hdr ? "stream-to-hdr" : "stream-to", to);
	if (!s->y4m)
		return 0;
	s->scratch = malloc(ctl_picture_yuv420_size(pic));
	if (!s->scratch)
		return ctl_fail(name_of(to), -ENOMEM);
	n = ctl_y4m_header(header, sizeof(header), pic, rate);
	if (fwrite(header, 1, (size_t)n, s->file) != (size_t)n)
		return ctl_fail(name_of(to), -errno);
	s->bytes += (uint64_t)n;
	return 0;
}

static int open_snapshot(struct ctl_sink *s, const struct ctl_picture *pic)
{
	if (!ctl_picture_known(pic))
		return cannot_convert(pic, "snapshot");
	s->png = open_output(s, s->o->snapshot);
	return s->png ? 0 : cannot_open("snapshot", s->o->snapshot);
}

static int open_preview(struct ctl_sink *s, const struct ctl_picture *pic)
{
	int ret;

	if (!ctl_picture_known(pic))
		return cannot_convert(pic, "preview");
	ret = ctl_preview_init(&s->preview, stdout, pic->width, pic->height);
	if (ret < 0)
		return ctl_fail("--preview", ret);
	s->previewing = true;
	return 0;
}

int ctl_sink_open(struct ctl_sink *s, const struct ctl_stream_options *o,
		  const struct ctl_picture *pic, struct vmedia_fract rate)
{
	int ret = 0;

	*s = (struct ctl_sink){ .o = o, .width = pic->width, .height = pic->height };
	if (o->to)
		ret = open_file(s, pic, rate);
	if (ret == 0 && o->snapshot)
		ret = open_snapshot(s, pic);
	return ret < 0 || !o->preview ? ret : open_preview(s, pic);
}

int ctl_sink_change(struct ctl_sink *s, const struct ctl_picture *pic)
{
	bool same = pic->width == s->width && pic->height == s->height;

	if ((s->y4m || (s->png && !s->snapped)) && !ctl_picture_known(pic))
		return cannot_convert(pic, s->y4m ? "stream-to" : "snapshot");
	if (s->y4m && !same)
		return ctl_fail_text("--stream-to=%s: the size of the frames changes from %ux%u to "
				     "%ux%u, and Y4M has one size; write them as they come, to a "
				     "file of another name", s->o->to, s->width, s->height,
				     pic->width, pic->height);
	s->width = pic->width;
	s->height = pic->height;
	if (!s->previewing || same)
		return 0;
	ctl_preview_finish(&s->preview);
	s->previewing = false;
	return open_preview(s, pic);
}

/* An interruption by a signal is no failure and prints nothing. */
static int written(const char *path, bool ok)
{
	if (ok)
		return 0;
	return errno == EINTR ? -EINTR : ctl_fail(name_of(path), errno ? -errno : -EIO);
}

static int write_bytes(struct ctl_sink *s, const void *data, size_t size)
{
	if (fwrite(data, 1, size, s->file) != size)
		return written(s->o->to, false);
	s->bytes += size;
	return 0;
}

static int write_u32(struct ctl_sink *s, uint32_t v)
{
	const uint8_t b[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8),
			       (uint8_t)v };

	return write_bytes(s, b, sizeof(b));
}

/* The frame as it came. */
static int write_planes(struct ctl_sink *s, const struct ctl_picture *pic)
{
	int ret = s->o->to_hdr ? write_u32(s, CTL_FRAME_HEADER) : 0;

	for (unsigned int i = 0; ret == 0 && i < pic->num_planes; i++) {
		if (s->o->to_hdr)
			ret = write_u32(s, (uint32_t)pic->bytesused[i]);
		if (ret == 0)
			ret = write_bytes(s, pic->data[i], pic->bytesused[i]);
	}
	return ret;
}

/* A conversion that fails, except for lack of memory, means that the frame is damaged. */
static int converted(const char *what, int ret)
{
	return ret == -EINVAL ? -EBADMSG : ret < 0 ? ctl_fail(what, ret) : 0;
}

/* Flush each whole frame, so that a program at the other end of a pipe gets it at once. */
static int put_file(struct ctl_sink *s, const struct ctl_picture *pic)
{
	int ret = 0;

	errno = 0;
	if (s->y4m) {
		ret = converted(s->o->to, ctl_picture_yuv420(&s->conv, pic, s->scratch));
		if (ret == 0)
			ret = write_bytes(s, "FRAME\n", 6);
		if (ret == 0)
			ret = write_bytes(s, s->scratch, ctl_picture_yuv420_size(pic));
	} else {
		ret = write_planes(s, pic);
	}
	return ret < 0 ? ret : written(s->o->to, fflush(s->file) == 0);
}

static int put_snapshot(struct ctl_sink *s, const struct ctl_picture *pic)
{
	uint8_t *rgb = malloc((size_t)pic->width * pic->height * 3);
	struct ctl_converter conv = { 0 };
	int ret;

	if (!rgb)
		return ctl_fail(name_of(s->o->snapshot), -ENOMEM);
	ret = converted(s->o->snapshot, ctl_picture_rgb(&conv, pic, rgb, pic->width, pic->height));
	if (ret == 0) {
		ret = ctl_png_write(s->png, rgb, pic->width, pic->height);
		s->snapped = ret == 0;
		if (ret < 0)
			ctl_fail(name_of(s->o->snapshot), ret);
	}
	ctl_converter_finish(&conv);
	free(rgb);
	return ret;
}

static int put_preview(struct ctl_sink *s, const struct ctl_picture *pic, const char *status)
{
	int ret = ctl_preview_draw(&s->preview, pic, status);

	if (ret == -EINVAL)
		return -EBADMSG;
	return ret < 0 && ret != -EINTR ? ctl_fail("--preview", ret) : ret;
}

int ctl_sink_put(struct ctl_sink *s, const struct ctl_picture *pic, const char *status)
{
	int ret = 0;

	if (s->png && !s->snapped)
		ret = put_snapshot(s, pic);
	if (ret == 0 && s->file)
		ret = put_file(s, pic);
	if (ret == 0 && s->previewing)
		ret = put_preview(s, pic, status);
	return ret;
}

int ctl_sink_close(struct ctl_sink *s, int ret)
{
	if (s->previewing)
		ctl_preview_finish(&s->preview);
	if (s->file && fclose(s->file) != 0 && ret == 0)
		ret = ctl_fail(name_of(s->o->to), -errno);
	if (s->png && fclose(s->png) != 0 && ret == 0)
		ret = ctl_fail(name_of(s->o->snapshot), -errno);
	if (s->png && !s->snapped && ret == 0)
		ret = ctl_fail_text("--snapshot=%s: no whole frame came", s->o->snapshot);
	free(s->scratch);
	ctl_converter_finish(&s->conv);
	*s = (struct ctl_sink){ 0 };
	return ret;
}
