// SPDX-License-Identifier: BSD-3-Clause
/*
 * Reads a file for the demuxer, and no other file.
 *
 * System calls, serving: preadv2 lseek
 */
#include <errno.h>
#include <libavutil/avstring.h>
#include <libavutil/mem.h>
#include <sys/uio.h>
#include <unistd.h>

#include "clip.h"

#define IO_BUFFER 65536

static int io_read(void *opaque, uint8_t *buf, int size)
{
	struct vmedia_camera_clip_io *io = opaque;
	struct iovec iov = { .iov_base = buf, .iov_len = (size_t)size };
	ssize_t n;

	if (atomic_load_explicit(io->interrupted, memory_order_relaxed))
		return AVERROR_EXIT;
	do
		n = preadv2(io->fd, &iov, 1, io->pos, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return AVERROR(errno);
	io->pos += n;
	return n ? (int)n : AVERROR_EOF;
}

static int64_t io_seek(void *opaque, int64_t offset, int whence)
{
	struct vmedia_camera_clip_io *io = opaque;
	int64_t base = 0;

	whence &= ~AVSEEK_FORCE;
	if (whence == SEEK_CUR)
		base = io->pos;
	if (whence == SEEK_END || whence == AVSEEK_SIZE) {
		base = lseek(io->fd, 0, SEEK_END); /* io_read() has its own position */
		if (base < 0)
			return AVERROR(errno);
	}
	if (whence == AVSEEK_SIZE)
		return base;
	if (__builtin_add_overflow(base, offset, &base) || base < 0)
		return AVERROR(EINVAL);
	io->pos = base;
	return base;
}

static int io_interrupted(void *opaque)
{
	const struct vmedia_camera_clip_io *io = opaque;

	return atomic_load_explicit(io->interrupted, memory_order_relaxed);
}

static int refuse_open(AVFormatContext *s, AVIOContext **pb, const char *url, int flags,
		       AVDictionary **options)
{
	return AVERROR(EPERM);
}

static void free_io(AVIOContext **pb)
{
	if (*pb)
		av_freep(&(*pb)->buffer);
	avio_context_free(pb);
}

int vmedia_camera_clip_io_open(struct vmedia_camera_clip_io *io, const char *name,
			       AVFormatContext **demuxer)
{
	AVFormatContext *d = avformat_alloc_context();
	uint8_t *buffer = av_malloc(IO_BUFFER);
	AVIOContext *pb =
		buffer ? avio_alloc_context(buffer, IO_BUFFER, 0, io, io_read, NULL, io_seek)
		       : NULL;
	int err = AVERROR(ENOMEM);

	io->pos = 0;
	if (!d || !pb) {
		if (!pb)
			av_free(buffer);
		goto free_both;
	}
	d->pb = pb;
	d->flags |= AVFMT_FLAG_CUSTOM_IO;
	d->io_open = refuse_open;
	d->interrupt_callback = (AVIOInterruptCB){ io_interrupted, io };
	/*
	 * Some demuxers open others with their own context, which inherits the whitelist. The
	 * whitelist allows no protocol.
	 */
	d->protocol_whitelist = av_strdup("-");
	if (!d->protocol_whitelist)
		goto free_both;
	err = avformat_open_input(&d, name, NULL, NULL);
	if (err < 0)
		goto free_both;	/* which also freed d */
	*demuxer = d;
	return 0;

free_both:
	avformat_free_context(d);
	free_io(&pb);
	return err;
}

void vmedia_camera_clip_io_close(AVFormatContext **demuxer)
{
	AVIOContext *pb = *demuxer ? (*demuxer)->pb : NULL;

	avformat_close_input(demuxer);
	free_io(&pb);
}

bool vmedia_camera_jpeg_whole(const uint8_t *data, size_t size, uint32_t width, uint32_t height)
{
	bool tables = false, frame = false;
	size_t at = 2, len;

	if (size < 4 || data[0] != 0xff || data[1] != 0xd8)
		return false;
	for (; at + 4 <= size && data[at] == 0xff; at += 2 + len) {
		uint8_t marker = data[at + 1];

		len = (size_t)data[at + 2] << 8 | data[at + 3];
		if (len < 2 || len > size - at - 2)
			return false;
		if (marker == 0xda)			/* start of scan */
			return tables && frame;
		if (marker == 0xc4)			/* Huffman tables */
			tables = true;
		if (marker == 0xc0 || marker == 0xc1) {	/* start of frame: baseline, sequential */
			if (len < 8 || ((uint32_t)data[at + 5] << 8 | data[at + 6]) != height ||
			    ((uint32_t)data[at + 7] << 8 | data[at + 8]) != width)
				return false;
			frame = true;
		}
	}
	return false;
}
