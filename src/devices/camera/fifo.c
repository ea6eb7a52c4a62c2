// SPDX-License-Identifier: BSD-3-Clause
/*
 * The source "fifo:PATH": pictures that another program writes to a FIFO.
 *
 * Theory of operation: the FIFO is open from start() to stop(). A producer that opens it for
 * writing waits until then, and can so be a shell's loop around one program, which works only while
 * somebody looks. When a producer has closed the FIFO, it is opened again, since the kernel tells
 * the end of the old writers until somebody does. The new descriptor is there before the old one is
 * closed, so a producer that comes meanwhile is not cut off, and what it wrote is kept. While
 * nothing comes the FIFO is opened again each second, too, as it may have been replaced.
 *
 * The pace is the producer's. One that is faster than --fps, or than the rate of its own Y4M
 * header, is not read before its picture's time, and has to wait: a film plays at its speed.
 *
 * Pictures of Y4M and JPEG are converted to the format and size of the stream; raw ones have both.
 *
 * Security model: the producer is foreign, see fifo_parse.h. Each turn of next() reads one piece of
 * a limited size, so a producer that floods does not keep next() from ending. Pictures are in
 * private memory.
 *
 * System calls, serving: poll|ppoll preadv2 close
 */
#include <errno.h>
#include <fcntl.h>
#include <libavcodec/avcodec.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <vmedia/log.h>
#include <vmedia/loop.h>

#include "ask.h"
#include "avlog.h"
#include "copy.h"
#include "fifo_parse.h"
#include "live.h"
#include "render.h"
#include "source.h"

#define SECOND	 1000000000ull
#define PATIENCE SECOND		/* without a picture, until there is "no signal" */
#define RETRY	 (SECOND / 2)	/* after the FIFO could not be opened */
#define PIECE	 65536

struct fifo {
	struct vmedia_camera_source base;
	char *path;
	int opener;			/* -1: this process opens the FIFO itself */
	int wake_fd;			/* written by interrupt() */
	bool sized;			/* --size was given */
	struct vmedia_fract interval;	/* --fps, or 0/0 */
	/* Of a stream */
	int fd;				/* -1: it could not be opened */
	uint64_t retry;			/* when to try again */
	struct vmedia_camera_format format;
	struct vmedia_camera_render render;
	struct vmedia_fifo_parser parser;
	AVFrame *frame;			/* the picture; raw ones are in the parser */
	AVPacket *packet;
	AVCodecContext *jpeg;		/* made when it is needed */
	uint8_t *piece;			/* what was read */
	size_t piece_len, piece_at;	/* the part of it that was used */
	uint64_t due;			/* time of the next picture; 0: as soon as there is one */
	bool told;			/* the log knows that there is no signal */
	bool complained;		/* of this producer's bytes */
};

/* ---- Opening and closing ---- */

static void fifo_close(struct vmedia_camera_source *src)
{
	struct fifo *f = (struct fifo *)src;

	if (f->wake_fd >= 0)
		close(f->wake_fd);
	if (f->opener >= 0)
		close(f->opener);
	free(f->path);
	free(f);
}

/* What is wrong with the path, as far as this user can see. */
static int check(const char *path, bool has_opener, char *why, size_t size)
{
	struct stat st;
	int err;

	if (stat(path, &st) < 0) {
		err = errno;
		/* The opener is another user. */
		if (err == EACCES && has_opener)
			return 0;
		snprintf(why, size, "fifo:%.200s: %s; make it by mkfifo, and let this user read it",
			 path, strerror(err));
		return -err;
	}
	if (S_ISFIFO(st.st_mode))
		return 0;
	snprintf(why, size, "fifo:%.200s is no FIFO; make one by mkfifo, or play a file by file:",
		 path);
	return -EINVAL;
}

static int fifo_open(const struct vmedia_camera_options *opts, const char *arg, char *why,
		     size_t why_size, struct vmedia_camera_source **src)
{
	struct fifo *f;
	int err;

	if (!arg || !*arg) {
		snprintf(why, why_size, "fifo: which FIFO? Give fifo:PATH");
		return -EINVAL;
	}
	err = check(arg, opts->opener >= 0, why, why_size);
	if (err)
		return err;
	f = calloc(1, sizeof(*f));
	if (!f)
		goto no_memory;
	f->base.ops = &vmedia_camera_fifo_ops;
	f->fd = -1;
	f->opener = opts->opener;
	f->sized = opts->num_sizes;
	f->interval = opts->interval;
	f->wake_fd = vmedia_camera_wake_create();
	f->path = strdup(arg);
	if (f->wake_fd < 0 || !f->path) {
		f->opener = -1;		/* it stays the caller's */
		fifo_close(&f->base);
		goto no_memory;
	}
	vmedia_camera_log_libav();
	snprintf(f->base.name, sizeof(f->base.name), "vmedia fifo");
	vmedia_camera_live_lists(&f->base, opts);
	*src = &f->base;
	return 0;
no_memory:
	snprintf(why, why_size, "no memory for fifo:%.200s", arg);
	return -ENOMEM;
}

/* ---- The FIFO ---- */

static int open_fifo(const struct fifo *f)
{
	int fd = f->opener >= 0 ? vmedia_camera_ask(f->opener)
				: open(f->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

	return fd < 0 && f->opener < 0 ? -errno : fd;
}

/* One line until there are pictures again. */
static void tell(struct fifo *f, const char *why)
{
	if (!f->told)
		vmedia_warn("fifo:%s: %s; there is \"no signal\" until somebody writes pictures",
			    f->path, why);
	f->told = true;
}

/* Open it, or open it again: first the new descriptor, then the end of the old one. */
static void attach(struct fifo *f, uint64_t now)
{
	int fd = open_fifo(f);

	if (fd < 0) {
		f->retry = now + RETRY;
		tell(f, strerror(-fd));
	}
	if (f->fd >= 0)
		close(f->fd);
	f->fd = fd < 0 ? -1 : fd;
}

/* ---- Start and stop ---- */

static void fifo_stop(struct vmedia_camera_source *src)
{
	struct fifo *f = (struct fifo *)src;

	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
	vmedia_camera_render_stop(&f->render);
	vmedia_fifo_parser_finish(&f->parser);
	avcodec_free_context(&f->jpeg);
	av_frame_free(&f->frame);
	av_packet_free(&f->packet);
	free(f->piece);
	f->piece = NULL;
}

static int fifo_start(struct vmedia_camera_source *src, const struct vmedia_camera_format *fmt,
		      const struct vmedia_fract *interval)
{
	struct fifo *f = (struct fifo *)src;
	int err;

	(void)interval;
	f->format = *fmt;
	/* Rows of raw pictures have no padding. */
	f->format.bytesperline = 0;
	vmedia_camera_format_fill(&f->format);
	vmedia_fifo_parser_init(&f->parser, f->sized ? f->format.sizeimage : 0);
	f->frame = av_frame_alloc();
	f->packet = av_packet_alloc();
	f->piece = malloc(PIECE);
	f->piece_len = f->piece_at = 0;
	f->retry = f->due = 0;
	f->told = f->complained = false;
	vmedia_camera_wake_clear(f->wake_fd);
	err = -ENOMEM;
	if (f->frame && f->packet && f->piece)
		err = vmedia_camera_render_start(&f->render, fmt, SWS_CS_ITU601);
	if (err)
		fifo_stop(src);
	else
		attach(f, vmedia_now_ns());
	return err;
}

static void fifo_interrupt(struct vmedia_camera_source *src)
{
	vmedia_camera_wake_up(((struct fifo *)src)->wake_fd);
}

/* ---- Bytes ---- */

static void producer_ended(struct fifo *f, uint64_t now)
{
	vmedia_fifo_parser_restart(&f->parser);
	f->complained = false;
	f->due = 0;
	attach(f, now);
}

/* Read a piece, if there is one. */
static void read_piece(struct fifo *f, uint64_t now)
{
	struct pollfd fd = { .fd = f->fd, .events = POLLIN };
	struct iovec iov = { f->piece, PIECE };
	ssize_t n;

	/* Without a writer, read() is at the end; poll() tells whether there was one. */
	if (poll(&fd, 1, 0) <= 0)
		return;
	n = preadv2(f->fd, &iov, 1, -1, 0);
	f->piece_at = 0;
	f->piece_len = n > 0 ? (size_t)n : 0;
	if (n == 0)
		producer_ended(f, now);
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		attach(f, now);
}

/* ---- Pictures ---- */

/* Point the frame to the planes of a picture of Y4M. */
static int view_y4m(struct fifo *f)
{
	static const enum AVPixelFormat of_8_bits[3][2] = {
		{ AV_PIX_FMT_YUV444P, AV_PIX_FMT_NONE },
		{ AV_PIX_FMT_YUV422P, AV_PIX_FMT_YUV420P },
		{ AV_PIX_FMT_YUV411P, AV_PIX_FMT_NONE },
	};
	static const enum AVPixelFormat of_10_bits[2][2] = {
		{ AV_PIX_FMT_YUV444P10LE, AV_PIX_FMT_NONE },
		{ AV_PIX_FMT_YUV422P10LE, AV_PIX_FMT_YUV420P10LE },
	};
	const struct vmedia_fifo_y4m *y = &f->parser.y4m;
	const uint32_t bytes = y->bits > 8 ? 2 : 1;
	uint32_t w = (y->width + (1u << y->hshift) - 1) >> y->hshift;
	uint32_t h = (y->height + (1u << y->vshift) - 1) >> y->vshift;
	AVFrame *v = f->frame;

	av_frame_unref(v);
	v->width = (int)y->width;
	v->height = (int)y->height;
	v->format = y->planes == 1 ? AV_PIX_FMT_GRAY8
		    : bytes == 2   ? of_10_bits[y->hshift][y->vshift]
				   : of_8_bits[y->hshift][y->vshift];
	v->color_range = y->full      ? AVCOL_RANGE_JPEG
			 : y->limited ? AVCOL_RANGE_MPEG
				      : AVCOL_RANGE_UNSPECIFIED;
	v->data[0] = f->parser.picture;
	v->linesize[0] = (int)(y->width * bytes);
	for (int i = 1; i < y->planes; i++) {
		v->data[i] = i == 1 ? v->data[0] + (size_t)y->width * bytes * y->height
				    : v->data[1] + (size_t)w * bytes * h;
		v->linesize[i] = (int)(w * bytes);
	}
	return 0;
}

static int make_decoder(struct fifo *f)
{
	const AVCodec *codec = avcodec_find_decoder(AV_CODEC_ID_MJPEG);

	f->jpeg = codec ? avcodec_alloc_context3(codec) : NULL;
	if (!f->jpeg)
		return -ENOMEM;
	f->jpeg->thread_count = 1;
	f->jpeg->max_pixels = (int64_t)VMEDIA_CAMERA_MAX_DIMENSION * VMEDIA_CAMERA_MAX_DIMENSION;
	if (!avcodec_open2(f->jpeg, codec, NULL))
		return 0;
	avcodec_free_context(&f->jpeg);
	return -ENOMEM;
}

static int decode_jpeg(struct fifo *f)
{
	int err = f->jpeg ? 0 : make_decoder(f);

	if (err)
		return err;
	av_frame_unref(f->frame);
	f->packet->data = f->parser.picture;
	f->packet->size = (int)f->parser.bytes;
	err = avcodec_send_packet(f->jpeg, f->packet);
	if (!err)
		err = avcodec_receive_frame(f->jpeg, f->frame);
	if (!err && f->frame->width <= VMEDIA_CAMERA_MAX_DIMENSION &&
	    f->frame->height <= VMEDIA_CAMERA_MAX_DIMENSION)
		return 0;
	avcodec_flush_buffers(f->jpeg);
	av_frame_unref(f->frame);
	f->parser.why = "a JPEG cannot be decoded";
	return -EINVAL;
}

/* Make the parser's picture the next one. */
static int take(struct fifo *f)
{
	switch (f->parser.kind) {
	case VMEDIA_FIFO_Y4M:
		return view_y4m(f);
	case VMEDIA_FIFO_JPEG:
		return decode_jpeg(f);
	default:
		return 0;
	}
}

/* One line for each producer. */
static void complain(struct fifo *f, int err)
{
	if (!f->complained)
		vmedia_warn("fifo:%s: %s", f->path,
			    err == -ENOMEM ? "no memory for a picture" : f->parser.why);
	f->complained = true;
}

/* Use what was read. True if there is a picture. */
static bool use_piece(struct fifo *f)
{
	while (f->piece_at < f->piece_len) {
		size_t used = 0;
		int ret = vmedia_fifo_parse(&f->parser, f->piece + f->piece_at,
					    f->piece_len - f->piece_at, &used);

		f->piece_at += used;
		if (ret == 1)
			ret = take(f);
		else if (!ret)
			continue;
		if (!ret)
			return true;
		complain(f, ret);
		if (vmedia_camera_interrupted(&f->base))
			break;
	}
	return false;
}

static uint64_t interval_of(const struct fifo *f)
{
	if (f->interval.numerator)
		return SECOND * f->interval.numerator / f->interval.denominator;
	if (f->parser.kind == VMEDIA_FIFO_Y4M && f->parser.y4m.rate_num)
		return SECOND * f->parser.y4m.rate_den / f->parser.y4m.rate_num;
	return 0;
}

/* When the next picture may be read. A producer that was late does not hurry afterwards. */
static void pace(struct fifo *f, uint64_t now)
{
	uint64_t interval = interval_of(f);

	f->due = interval ? (f->due + interval > now ? f->due : now) + interval : 0;
	if (f->told)
		vmedia_info("fifo:%s: there are pictures", f->path);
	f->told = false;
}

static uint64_t patience(const struct fifo *f)
{
	uint64_t twice = 2 * interval_of(f);

	return twice > PATIENCE ? twice : PATIENCE;
}

/* Nothing came for a while. */
static int no_picture(struct fifo *f, uint64_t now)
{
	if (f->fd >= 0) {
		tell(f, "no pictures come");
		if (f->piece_at == f->piece_len && vmedia_fifo_parser_between(&f->parser))
			attach(f, now);
	}
	return -EAGAIN;
}

static int fifo_next(struct vmedia_camera_source *src, uint64_t *when)
{
	struct fifo *f = (struct fifo *)src;
	uint64_t until = vmedia_now_ns() + patience(f);

	while (!vmedia_camera_interrupted(src)) {
		uint64_t now = vmedia_now_ns(), wake = until;
		bool early = now < f->due;

		if (f->fd < 0 && now >= f->retry)
			attach(f, now);
		if (f->fd >= 0 && !early) {
			if (f->piece_at == f->piece_len)
				read_piece(f, now);
			if (use_piece(f)) {
				*when = vmedia_now_ns();
				pace(f, *when);
				return 0;
			}
		}
		if (now >= until)
			return no_picture(f, now);
		if (early && f->due < wake)
			wake = f->due;
		if (f->fd < 0 && f->retry < wake)
			wake = f->retry;
		vmedia_camera_wake_wait(f->wake_fd, early ? -1 : f->fd, wake);
	}
	return -ECANCELED;
}

static int fifo_fill(struct vmedia_camera_source *src, struct vmedia_camera_target *t)
{
	struct fifo *f = (struct fifo *)src;
	const struct vmedia_camera_view view = { .quality = VMEDIA_CAMERA_JPEG_QUALITY };
	int err;

	if (f->parser.kind == VMEDIA_FIFO_RAW) {
		vmedia_camera_copy(&f->format, f->parser.picture, t);
		return 0;
	}
	err = vmedia_camera_render(&f->render, f->frame, &view, t);
	if (!err)
		return 0;
	f->parser.why = "a picture cannot be converted";
	complain(f, err);
	return -EAGAIN;
}

const struct vmedia_camera_source_ops vmedia_camera_fifo_ops = {
	.live = true,
	.needs = { .syscalls = "preadv2 poll|ppoll ppoll_time64 write close sendmsg recvmsg",
		   .opens = VMEDIA_CAMERA_OPENS_FIFO },
	.open = fifo_open,
	.close = fifo_close,
	.colorimetry = vmedia_camera_live_colorimetry,
	.start = fifo_start,
	.next = fifo_next,
	.fill = fifo_fill,
	.stop = fifo_stop,
	.interrupt = fifo_interrupt,
};
