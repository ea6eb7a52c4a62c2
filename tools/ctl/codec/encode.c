/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * --encode: the pictures of a media file to the device, its packets to another file. With --verify
 * that file is decoded at the end, and compared.
 */
#include <errno.h>
#include <libswscale/swscale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "media.h"

struct encode {
	struct media_film film;
	struct media_output out;
	struct media_progress progress;
	struct SwsContext *sws;
	int width, height;
	uint64_t sent;	  /* pictures */
	uint64_t packets, keys, bytes, broken;
	int64_t number; /* of the last packet's picture */
};

static struct encode *encode_of(const struct ctl *c)
{
	return c->codec_priv;
}

/* ---- Formats ---- */

static void fill_format(struct vmedia_format *f, uint32_t type, uint32_t pixelformat,
			const struct encode *e)
{
	*f = (struct vmedia_format){ .type = type };
	if (ctl_is_mplane(type)) {
		f->fmt.pix_mp.pixelformat = pixelformat;
		f->fmt.pix_mp.width = (uint32_t)e->width;
		f->fmt.pix_mp.height = (uint32_t)e->height;
		return;
	}
	f->fmt.pix.pixelformat = pixelformat;
	f->fmt.pix.width = (uint32_t)e->width;
	f->fmt.pix.height = (uint32_t)e->height;
}

static uint32_t pixelformat_of(const struct vmedia_format *f)
{
	return ctl_is_mplane(f->type) ? f->fmt.pix_mp.pixelformat : f->fmt.pix.pixelformat;
}

static int get_format(struct ctl *c, uint32_t type, struct vmedia_format *f)
{
	int ret;

	*f = (struct vmedia_format){ .type = type };
	ret = vmedia_ioctl(c->f, VIDIOC_G_FMT, f);
	return ret < 0 ? ctl_fail("VIDIOC_G_FMT", ret) : 0;
}

/* The first format of the queue that @fits; 0: none does. */
static uint32_t find_format(struct ctl *c, uint32_t type,
			    bool (*fits)(const struct vmedia_fmtdesc *d, const void *with),
			    const void *with)
{
	for (uint32_t i = 0; ctl_may_list(c); i++) {
		struct vmedia_fmtdesc d = { .index = i, .type = type };

		if (vmedia_ioctl(c->f, VIDIOC_ENUM_FMT, &d) < 0)
			break;
		if (fits(&d, with))
			return d.pixelformat;
	}
	return 0;
}

static bool fits_file(const struct vmedia_fmtdesc *d, const void *with)
{
	enum AVCodecID id = media_codec_of(d->pixelformat);

	return d->flags & V4L2_FMT_FLAG_COMPRESSED && id != AV_CODEC_ID_NONE &&
	       avformat_query_codec(with, id, FF_COMPLIANCE_NORMAL) != 0;
}

/* The codec: the user's, the usual one of such files, or the device's first that fits in. */
static int set_coded(struct ctl *c)
{
	const struct ctl_codec_options *o = &c->o->codec;
	const AVOutputFormat *kind = media_output_kind(o->to);
	uint32_t pixelformat, flags;
	struct vmedia_format f;
	int ret;

	if (!kind)
		return CTL_ERR_USAGE;
	if (c->o->set_fmt)
		return ctl_change_fmt(c, c->type, c->o->set_fmt, false);
	pixelformat = media_format_of(av_guess_codec(kind, NULL, o->to, NULL, AVMEDIA_TYPE_VIDEO));
	if (!pixelformat || !ctl_is_coded(c, c->type, pixelformat, &flags))
		pixelformat = find_format(c, c->type, fits_file, kind);
	if (!pixelformat)
		return ctl_usage_text("--to=%s: none of the device's codecs is for such files; "
				      "--list-formats tells them", o->to);
	fill_format(&f, c->type, pixelformat, encode_of(c));
	ret = vmedia_ioctl(c->f, VIDIOC_S_FMT, &f);
	return ret < 0 ? ctl_fail("VIDIOC_S_FMT", ret) : 0;
}

static bool same_samples(const struct vmedia_fmtdesc *d, const void *with)
{
	enum AVPixelFormat fmt = ctl_picture_av(d->pixelformat);

	return fmt != AV_PIX_FMT_NONE && media_planar(fmt) == *(const enum AVPixelFormat *)with;
}

static uint32_t colorspace_of(const AVCodecParameters *par)
{
	switch (par->color_space) {
	case AVCOL_SPC_BT709:
		return V4L2_COLORSPACE_REC709;
	case AVCOL_SPC_BT470BG:
	case AVCOL_SPC_SMPTE170M:
		return V4L2_COLORSPACE_SMPTE170M;
	case AVCOL_SPC_BT2020_NCL:
		return V4L2_COLORSPACE_BT2020;
	default:
		return V4L2_COLORSPACE_DEFAULT;
	}
}

static uint32_t range_of(const AVCodecParameters *par)
{
	return par->color_range == AVCOL_RANGE_JPEG   ? V4L2_QUANTIZATION_FULL_RANGE
	       : par->color_range == AVCOL_RANGE_MPEG ? V4L2_QUANTIZATION_LIM_RANGE
						      : V4L2_QUANTIZATION_DEFAULT;
}

/* Pictures are as large as the format, or larger by what the codec needs: then crop them. */
static int set_size(struct ctl *c, const struct vmedia_format *f)
{
	const struct encode *e = encode_of(c);
	bool mplane = ctl_is_mplane(f->type);
	uint32_t width = mplane ? f->fmt.pix_mp.width : f->fmt.pix.width;
	uint32_t height = mplane ? f->fmt.pix_mp.height : f->fmt.pix.height;
	struct vmedia_selection sel = { .type = V4L2_BUF_TYPE_VIDEO_OUTPUT,
					.target = V4L2_SEL_TGT_CROP,
					.r.width = (uint32_t)e->width,
					.r.height = (uint32_t)e->height };
	int ret;

	if (width < (uint32_t)e->width || height < (uint32_t)e->height)
		return ctl_usage_text("--encode=%s: its pictures are %dx%d, and the device takes "
				      "%ux%u here; --list-formats-out-ext tells the sizes",
				      c->o->codec.encode, e->width, e->height, width, height);
	if (width == (uint32_t)e->width && height == (uint32_t)e->height)
		return 0;
	ret = vmedia_ioctl(c->f, VIDIOC_S_SELECTION, &sel);
	if (ret < 0)
		return ctl_fail("VIDIOC_S_SELECTION", ret);
	if (sel.r.width != (uint32_t)e->width || sel.r.height != (uint32_t)e->height)
		return ctl_usage_text("--encode=%s: its pictures are %dx%d, and the device encodes "
				      "%ux%u of them; give pictures of such a size",
				      c->o->codec.encode, e->width, e->height, sel.r.width,
				      sel.r.height);
	return 0;
}

/* The raw format: the user's, one with the samples of the file, or any to convert to. */
static int set_raw(struct ctl *c)
{
	struct encode *e = encode_of(c);
	const AVCodecParameters *par = e->film.in.stream->codecpar;
	enum AVPixelFormat fmt = media_planar(par->format);
	uint32_t pixelformat = 0;
	struct vmedia_format f;
	int ret;

	if (fmt != AV_PIX_FMT_NONE)
		pixelformat = find_format(c, c->out_type, same_samples, &fmt);
	fmt = AV_PIX_FMT_YUV420P;
	if (!pixelformat)
		pixelformat = find_format(c, c->out_type, same_samples, &fmt);
	if (!pixelformat)
		return ctl_usage_text("--encode=%s: the device takes no pictures that this program "
				      "can make", c->o->codec.encode);
	fill_format(&f, c->out_type, pixelformat, e);
	if (ctl_is_mplane(c->out_type)) {
		f.fmt.pix_mp.colorspace = colorspace_of(par);
		f.fmt.pix_mp.quantization = (uint8_t)range_of(par);
	} else {
		f.fmt.pix.colorspace = colorspace_of(par);
		f.fmt.pix.quantization = range_of(par);
	}
	ret = vmedia_ioctl(c->f, VIDIOC_S_FMT, &f);
	if (ret < 0)
		return ctl_fail("VIDIOC_S_FMT", ret);
	if (c->o->set_fmt_out)
		ret = ctl_change_fmt(c, c->out_type, c->o->set_fmt_out, false);
	if (ret == 0)
		ret = get_format(c, c->out_type, &f);
	if (ret == 0 && ctl_picture_av(pixelformat_of(&f)) == AV_PIX_FMT_NONE)
		return ctl_usage_text("--encode: this program does not make that pixel format; "
				      "leave out --set-fmt-video-out");
	return ret < 0 ? ret : set_size(c, &f);
}

/* What a device without these answers is of no interest: they make files better. */
static void set_wishes(struct ctl *c)
{
	const struct encode *e = encode_of(c);
	struct vmedia_streamparm p = { .type = c->out_type };
	struct vmedia_control joined = {
		.id = V4L2_CID_MPEG_VIDEO_HEADER_MODE,
		.value = V4L2_MPEG_VIDEO_HEADER_MODE_JOINED_WITH_1ST_FRAME,
	};

	p.parm.output.timeperframe.numerator = (uint32_t)e->film.in.rate.den;
	p.parm.output.timeperframe.denominator = (uint32_t)e->film.in.rate.num;
	vmedia_ioctl(c->f, VIDIOC_S_PARM, &p);
	vmedia_ioctl(c->f, VIDIOC_S_CTRL, &joined);
}

static bool is_coded(const struct vmedia_fmtdesc *d, const void *with)
{
	return d->flags & V4L2_FMT_FLAG_COMPRESSED;
}

static int begin(struct ctl *c)
{
	const struct ctl_codec_options *o = &c->o->codec;
	struct encode *e = calloc(1, sizeof(*e));
	int ret;

	c->codec_priv = e;
	if (!e)
		return ctl_fail("--encode", -ENOMEM);
	if (!c->out_type || c->out_type == c->type || !find_format(c, c->type, is_coded, NULL))
		return ctl_usage_text("--encode: the device is no encoder; give the socket of one");
	ret = media_film_open(&e->film, "--encode", o->encode);
	if (ret < 0)
		return ret;
	e->width = e->film.in.stream->codecpar->width;
	e->height = e->film.in.stream->codecpar->height;
	ret = set_coded(c);
	if (ret == 0)
		ret = set_raw(c);
	if (ret < 0)
		return ret;
	set_wishes(c);
	media_progress_begin(&e->progress, e->film.in.rate);
	return 0;
}

/* ---- Pictures ---- */

/* Get the file's next picture. Returns 1, 0 at its end, or an error. */
static int next_picture(struct encode *e)
{
	const AVFrame *f = e->film.frame;
	int ret = media_film_next(&e->film);

	if (ret > 0 && (f->width != e->width || f->height != e->height))
		return ctl_usage_text("--encode=%s: the pictures change from %dx%d to %dx%d, and "
				      "an encoder takes one size", e->film.in.path, e->width,
				      e->height, f->width, f->height);
	return ret;
}

static int read_picture(struct ctl *c, const struct ctl_queue *q, unsigned int index,
			uint32_t used[VMEDIA_MAX_PLANES])
{
	const struct ctl_buffer *buf = &q->buf[index];
	struct encode *e = encode_of(c);
	struct ctl_picture pic = { .num_planes = ctl_queue_planes(q),
				   .pixelformat = ctl_queue_pixelformat(q) };
	int ret = next_picture(e);

	if (ret == 0 && !e->sent)
		return ctl_usage_text("--encode=%s: there are no pictures in it; give a file with "
				      "some", e->film.in.path);
	if (ret <= 0)
		return ret;
	ctl_queue_size(q, &pic.width, &pic.height);
	for (unsigned int i = 0; i < pic.num_planes && i < CTL_MAX_PLANES; i++) {
		used[i] = ctl_queue_sizeimage(q, i);
		if (used[i] > buf->length[i])
			return ctl_fail("a buffer is smaller than a picture", -EIO);
		pic.data[i] = buf->ptr[i];
		pic.bytesused[i] = used[i];
		pic.bytesperline[i] = q->mplane ? q->fmt.fmt.pix_mp.plane_fmt[i].bytesperline
						: q->fmt.fmt.pix.bytesperline;
	}
	ret = ctl_picture_known(&pic) ? media_samples_put(e->film.frame, &pic, &e->sws) : -EINVAL;
	if (ret < 0)
		return ctl_fail("a picture for the device", ret);
	e->sent++;
	return 1;
}

/* ---- Packets ---- */

static int change(struct ctl *c, const struct ctl_picture *pic)
{
	struct encode *e = encode_of(c);
	const AVCodecParameters *from = e->film.in.stream->codecpar;
	AVCodecParameters *par;
	int ret;

	if (e->out.muxer)
		return ctl_fail_text("the device changes the format of its packets");
	par = avcodec_parameters_alloc();
	if (!par)
		return ctl_fail("--to", -ENOMEM);
	par->codec_type = AVMEDIA_TYPE_VIDEO;
	par->codec_id = media_codec_of(pic->pixelformat);
	par->width = e->width;
	par->height = e->height;
	par->format = from->format;
	par->color_range = from->color_range;
	par->color_space = from->color_space;
	par->color_primaries = from->color_primaries;
	par->color_trc = from->color_trc;
	par->sample_aspect_ratio = from->sample_aspect_ratio;
	if (avformat_query_codec(media_output_kind(c->o->codec.to), par->codec_id,
				 FF_COMPLIANCE_NORMAL) == 0)
		ret = ctl_usage_text("--to=%s: packets of %s are not for such a file; choose "
				     "another name, or --set-fmt-video=pixelformat=",
				     c->o->codec.to, avcodec_get_name(par->codec_id));
	else
		ret = media_output_open(&e->out, c->o->codec.to, c->o->stream.stdout_fd, par,
					e->film.in.rate);
	avcodec_parameters_free(&par);
	return ret;
}

static int put(struct ctl *c, const struct ctl_picture *pic, const struct vmedia_buffer *b)
{
	struct encode *e = encode_of(c);
	int64_t number = b->timestamp.tv_sec;
	bool key = b->flags & V4L2_BUF_FLAG_KEYFRAME;

	if (e->packets + e->broken > 2 * (e->sent + 1))
		return ctl_fail_text("the device has more packets than it got pictures");
	if (b->flags & V4L2_BUF_FLAG_ERROR || !pic->bytesused[0]) {
		e->broken++;
		return 0;
	}
	if (number < 0 || (uint64_t)number >= e->sent)
		return ctl_fail_text("packet %llu is of picture %lld, by its timestamp, and %llu "
				     "were sent", (unsigned long long)e->packets,
				     (long long)number, (unsigned long long)e->sent);
	/* Headers may come alone, as of the picture that follows. */
	if (e->packets == 1 && number == e->number)
		e->packets = e->keys = 0;
	e->number = number;
	e->packets++;
	e->keys += key;
	e->bytes += pic->bytesused[0];
	e->progress.frames = e->packets;
	return media_output_put(&e->out, pic->data[0], pic->bytesused[0], number, key);
}

/* ---- The end ---- */

static void progress(struct ctl *c, char *text, size_t size)
{
	struct encode *e = encode_of(c);

	media_progress_text(&e->progress, media_input_part(&e->film.in), text, size);
}

static void tell(const struct ctl *c, const char *sum, uint64_t frames, double psnr)
{
	const struct encode *e = encode_of(c);
	double seconds = (double)e->packets * e->film.in.rate.den / e->film.in.rate.num;

	if (c->o->silent)
		return;
	fprintf(stderr, "%s%s, %llu key, %.0f kbit/s", isatty(STDERR_FILENO) ? "\r\033[K" : "", sum,
		(unsigned long long)e->keys,
		seconds > 0 ? (double)e->bytes * 8 / seconds / 1000 : 0);
	if (e->broken)
		fprintf(stderr, ", %llu failed", (unsigned long long)e->broken);
	fprintf(stderr, ", %llu bytes to %s", (unsigned long long)e->bytes, c->o->codec.to);
	if (frames)
		fprintf(stderr, ", %llu decoded, PSNR %.2f dB", (unsigned long long)frames, psnr);
	fputc('\n', stderr);
}

static int end(struct ctl *c, bool whole)
{
	struct encode *e = encode_of(c);
	uint64_t frames = 0;
	double psnr = 0;
	char sum[160];
	int ret;

	media_progress_sum(&e->progress, sum, sizeof(sum));
	ret = media_output_close(&e->out, 0);
	if (ret == 0 && whole && c->o->codec.verify)
		ret = media_compare(c->o->codec.encode, c->o->codec.to, &frames, &psnr);
	if (ret == 0)
		tell(c, sum, frames, psnr);
	return ret;
}

static void finish(struct ctl *c)
{
	struct encode *e = encode_of(c);

	if (!e)
		return;
	media_output_close(&e->out, -EIO);
	media_film_close(&e->film);
	sws_freeContext(e->sws);
	free(e);
	c->codec_priv = NULL;
}

const struct ctl_codec ctl_encode = {
	.begin = begin,
	.read = read_picture,
	.change = change,
	.put = put,
	.progress = progress,
	.end = end,
	.finish = finish,
};
