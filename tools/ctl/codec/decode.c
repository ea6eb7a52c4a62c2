/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * --decode: the packets of a media file to the device, its pictures to a file, and, with --verify,
 * beside those that libavcodec decodes from the same packets in this process.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "media.h"

struct decode {
	struct media_input in;
	struct media_verify verify;
	struct media_samples samples;
	struct media_writer writer;
	struct media_progress progress;
	struct vmedia_rect visible; /* of CAPTURE's pictures */
	bool writes, verifies;
	uint64_t sent; /* packets */
	uint8_t *hidden; /* a bit for each of them: the file says that its picture is not shown */
	uint64_t pictures, damaged, empty;
};

static struct decode *decode_of(const struct ctl *c)
{
	return c->codec_priv;
}


/* ---- The beginning ---- */

/* OUTPUT's format: the codec and size that the container has. */
static int set_output(struct ctl *c)
{
	const AVCodecParameters *par = decode_of(c)->in.stream->codecpar;
	struct vmedia_format f = { .type = c->out_type };
	uint32_t pixelformat = media_format_of(par->codec_id), flags;
	uint32_t width = par->width > 0 ? (uint32_t)par->width : 0;
	uint32_t height = par->height > 0 ? (uint32_t)par->height : 0;
	int ret;

	if (!pixelformat || !ctl_is_coded(c, c->out_type, pixelformat, &flags))
		return ctl_usage_text("--decode=%s: it is %s, which the device does not decode; "
				      "--list-formats-out tells what it does",
				      c->o->codec.decode, avcodec_get_name(par->codec_id));
	if (ctl_is_mplane(c->out_type)) {
		f.fmt.pix_mp.pixelformat = pixelformat;
		f.fmt.pix_mp.width = width;
		f.fmt.pix_mp.height = height;
		f.fmt.pix_mp.num_planes = 1;
	} else {
		f.fmt.pix.pixelformat = pixelformat;
		f.fmt.pix.width = width;
		f.fmt.pix.height = height;
	}
	ret = vmedia_ioctl(c->f, VIDIOC_S_FMT, &f);
	if (ret == 0 && c->o->set_fmt_out)
		ret = ctl_change_fmt(c, c->out_type, c->o->set_fmt_out, false);
	else if (ret < 0)
		return ctl_fail("VIDIOC_S_FMT", ret);
	if (ret == 0 && c->o->set_fmt)
		ret = ctl_change_fmt(c, c->type, c->o->set_fmt, false);
	return ret;
}

static int begin(struct ctl *c)
{
	const struct ctl_codec_options *o = &c->o->codec;
	struct decode *d = calloc(1, sizeof(*d));
	int ret;

	c->codec_priv = d;
	if (!d)
		return ctl_fail("--decode", -ENOMEM);
	if (!c->out_type || c->out_type == c->type)
		return ctl_usage_text("--decode: the device is no decoder; give the socket of one");
	d->writes = o->to;
	d->verifies = o->verify;
	ret = media_input_open(&d->in, "--decode", o->decode);
	if (ret == 0)
		ret = set_output(c);
	if (ret == 0 && d->verifies)
		ret = media_verify_open(&d->verify, d->in.stream->codecpar);
	if (ret == 0 && d->writes)
		ret = media_writer_open(&d->writer, o->to, c->o->stream.stdout_fd);
	if (ret < 0)
		return ret;
	d->writer.rate = d->in.rate;
	d->writer.aspect = av_guess_sample_aspect_ratio(d->in.demuxer, d->in.stream, NULL);
	media_progress_begin(&d->progress, d->in.rate);
	return 0;
}

/* ---- Packets ---- */

/* Lists of edits leave out pictures that others need. */
static int note_hidden(struct decode *d)
{
	if (d->sent % 4096 == 0) {
		uint8_t *hidden = realloc(d->hidden, d->sent / 8 + 512);

		if (!hidden)
			return ctl_fail("a packet", -ENOMEM);
		memset(hidden + d->sent / 8, 0, 512);
		d->hidden = hidden;
	}
	if (d->in.packet->flags & AV_PKT_FLAG_DISCARD)
		d->hidden[d->sent / 8] |= (uint8_t)(1u << d->sent % 8);
	return 0;
}

static bool is_hidden(const struct decode *d, int64_t packet)
{
	return packet >= 0 && (uint64_t)packet < d->sent &&
	       d->hidden[packet / 8] >> packet % 8 & 1;
}

static int read_packet(struct ctl *c, const struct ctl_queue *q, unsigned int index,
		       uint32_t used[VMEDIA_MAX_PLANES])
{
	const struct ctl_buffer *buf = &q->buf[index];
	struct decode *d = decode_of(c);
	int ret;

	/* A packet without bytes would be the end of the stream for some devices. */
	do {
		ret = media_input_read(&d->in);
	} while (ret > 0 && !d->in.packet->size);
	if (ret == 0 && !d->sent)
		return ctl_usage_text("--decode=%s: there are no packets in it; give a file with "
				      "some", d->in.path);
	if (ret <= 0)
		return ret < 0 || !d->verifies ? ret : media_verify_packet(&d->verify, NULL, 0);
	if ((uint64_t)d->in.packet->size > buf->length[0])
		return ctl_usage_text("--decode=%s: packet %llu has %d bytes, a buffer %llu; add "
				      "--set-fmt-video-out=sizeimage=%d",
				      d->in.path, (unsigned long long)d->sent, d->in.packet->size,
				      (unsigned long long)buf->length[0], d->in.packet->size);
	memcpy(buf->ptr[0], d->in.packet->data, (size_t)d->in.packet->size);
	used[0] = (uint32_t)d->in.packet->size;
	ret = note_hidden(d);
	if (ret == 0 && d->verifies)
		ret = media_verify_packet(&d->verify, d->in.packet, d->sent);
	d->sent++;
	return ret < 0 ? ret : 1;
}

/* ---- Pictures ---- */

/* The visible part of CAPTURE's pictures: all, if the device does not say. */
static int get_visible(struct ctl *c, const struct ctl_picture *pic)
{
	struct vmedia_selection sel = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
					.target = V4L2_SEL_TGT_COMPOSE };
	struct decode *d = decode_of(c);

	d->visible = (struct vmedia_rect){ .width = pic->width, .height = pic->height };
	if (vmedia_ioctl(c->f, VIDIOC_G_SELECTION, &sel) < 0)
		return 0;
	if (!sel.r.width || !sel.r.height || sel.r.left < 0 || sel.r.top < 0 ||
	    (uint64_t)sel.r.left + sel.r.width > pic->width ||
	    (uint64_t)sel.r.top + sel.r.height > pic->height)
		return ctl_fail_text("the device says that %ux%u at %d,%d is visible of pictures "
				     "of %ux%u", sel.r.width, sel.r.height, sel.r.left, sel.r.top,
				     pic->width, pic->height);
	d->visible = sel.r;
	return 0;
}

static int change(struct ctl *c, const struct ctl_picture *pic)
{
	return get_visible(c, pic);
}

static int put(struct ctl *c, const struct ctl_picture *pic, const struct vmedia_buffer *b)
{
	struct decode *d = decode_of(c);
	bool damaged = b->flags & V4L2_BUF_FLAG_ERROR;
	char fcc[8];
	int ret;

	/* A packet can have several pictures, but not as many as a hostile device likes. */
	if (d->pictures + d->empty > 16 * (d->sent + 1))
		return ctl_fail_text("the device has more pictures than the packets can");
	if (!pic->bytesused[0]) {
		d->empty++;
		return 0;
	}
	ret = media_samples_get(&d->samples, pic, &d->visible);
	if (ret < 0)
		return ctl_fail_text("picture %llu, '%s', %ux%u, cannot be read: %s",
				     (unsigned long long)d->pictures,
				     ctl_fourcc(pic->pixelformat, fcc), pic->width, pic->height,
				     strerror(-ret));
	d->pictures++;
	if (!is_hidden(d, b->timestamp.tv_sec)) {
		d->progress.frames++;
		d->damaged += damaged;
		if (d->writes)
			ret = media_writer_put(&d->writer, &d->samples, pic);
	}
	if (ret == 0 && d->verifies)
		ret = media_verify_picture(&d->verify, &d->samples, b->timestamp.tv_sec, damaged);
	return ret;
}

/* ---- The end ---- */

static void progress(struct ctl *c, char *text, size_t size)
{
	struct decode *d = decode_of(c);

	media_progress_text(&d->progress, media_input_part(&d->in), text, size);
}

static int end(struct ctl *c, bool whole)
{
	struct decode *d = decode_of(c);
	char text[160];
	int ret = d->verifies && whole ? media_verify_end(&d->verify) : 0;

	ret = media_writer_close(&d->writer, ret);
	if (ret < 0 || c->o->silent)
		return ret;
	media_progress_sum(&d->progress, text, sizeof(text));
	fprintf(stderr, "%s%s", isatty(STDERR_FILENO) ? "\r\033[K" : "", text);
	if (d->damaged)
		fprintf(stderr, ", %llu damaged", (unsigned long long)d->damaged);
	if (d->verifies)
		fputs(", equal to libavcodec's", stderr);
	if (d->writes)
		fprintf(stderr, ", %llu bytes to %s", (unsigned long long)d->writer.bytes,
			c->o->codec.to);
	fputc('\n', stderr);
	return 0;
}

static void finish(struct ctl *c)
{
	struct decode *d = decode_of(c);

	if (!d)
		return;
	media_writer_close(&d->writer, -EIO);
	media_samples_free(&d->samples);
	media_verify_close(&d->verify);
	free(d->hidden);
	media_input_close(&d->in);
	free(d);
	c->codec_priv = NULL;
}

const struct ctl_codec ctl_decode = {
	.begin = begin,
	.read = read_packet,
	.change = change,
	.put = put,
	.progress = progress,
	.end = end,
	.finish = finish,
};
