/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pictures to a file: Y4M, or their samples alone, as "ffmpeg -f rawvideo" writes them (I420 if
 * they are 4:2:0). What CAPTURE's pixel format was makes no difference to the file.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "media.h"

static const char *name_of(const struct media_writer *w)
{
	return strcmp(w->path, "-") == 0 ? "standard output" : w->path;
}

static int written(const struct media_writer *w, bool ok)
{
	if (ok)
		return 0;
	return errno == EINTR ? -EINTR : ctl_fail(name_of(w), errno ? -errno : -EIO);
}

int media_writer_open(struct media_writer *w, const char *path, int fd)
{
	size_t n = strlen(path);

	w->path = path;
	w->y4m = n >= 4 && strcmp(path + n - 4, ".y4m") == 0;
	w->fmt = AV_PIX_FMT_NONE;
	if (strcmp(path, "-") != 0) {
		w->file = fopen(path, "wb");
	} else {
		fd = dup(fd);
		w->file = fd < 0 ? NULL : fdopen(fd, "wb");
		if (!w->file && fd >= 0)
			close(fd);
	}
	return w->file ? 0
		       : ctl_usage_text("--to=%s: %s; give a file that can be written", path,
					strerror(errno));
}

static const char *chroma(enum AVPixelFormat fmt)
{
	switch (fmt) {
	case AV_PIX_FMT_YUV420P:
		return "420jpeg";
	case AV_PIX_FMT_YUV422P:
		return "422";
	case AV_PIX_FMT_YUV444P:
		return "444";
	case AV_PIX_FMT_GRAY8:
		return "mono";
	case AV_PIX_FMT_YUV420P10LE:
		return "420p10 XYSCSS=420P10";
	case AV_PIX_FMT_YUV422P10LE:
		return "422p10 XYSCSS=422P10";
	default:
		return "444p10 XYSCSS=444P10";
	}
}

static char interlacing(uint32_t field)
{
	return field == V4L2_FIELD_INTERLACED_TB || field == V4L2_FIELD_INTERLACED ? 't'
	       : field == V4L2_FIELD_INTERLACED_BT				   ? 'b'
										   : 'p';
}

static int y4m_header(struct media_writer *w, const struct media_samples *s,
		      const struct ctl_picture *pic)
{
	int n;

	if (w->fmt != AV_PIX_FMT_NONE && w->fmt == s->fmt && w->width == s->width &&
	    w->height == s->height)
		return 0;
	if (w->fmt != AV_PIX_FMT_NONE)
		return ctl_fail_text("--to=%s: the pictures change from %ux%u to %ux%u, and Y4M "
				     "has one size and format; write them to a file of another "
				     "name", w->path, w->width, w->height, s->width, s->height);
	w->fmt = s->fmt;
	w->width = s->width;
	w->height = s->height;
	n = fprintf(w->file, "YUV4MPEG2 W%u H%u F%d:%d I%c A%d:%d C%s XCOLORRANGE=%s\n", s->width,
		    s->height, w->rate.num, w->rate.den, interlacing(pic->field), w->aspect.num,
		    w->aspect.den, chroma(s->fmt), pic->full_range ? "FULL" : "LIMITED");
	w->bytes += n > 0 ? (uint64_t)n : 0;
	return written(w, n > 0);
}

int media_writer_put(struct media_writer *w, const struct media_samples *s,
		     const struct ctl_picture *pic)
{
	int ret = w->y4m ? y4m_header(w, s, pic) : 0;

	errno = 0;
	if (ret == 0 && w->y4m) {
		ret = written(w, fwrite("FRAME\n", 1, 6, w->file) == 6);
		w->bytes += 6;
	}
	if (ret == 0)
		ret = written(w, fwrite(s->data, 1, s->size, w->file) == s->size);
	w->bytes += s->size;
	/* So that a program at the other end of a pipe gets it at once. */
	return ret < 0 ? ret : written(w, fflush(w->file) == 0);
}

int media_writer_close(struct media_writer *w, int ret)
{
	if (w->file && fclose(w->file) != 0 && ret == 0)
		ret = ctl_fail(name_of(w), -errno);
	w->file = NULL;
	return ret;
}
