/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets of an encoder to a media file.
 *
 * Security model: packets are the device's bytes, and libavformat looks into them (parameter sets,
 * the form of H.264 that MP4 has). That is what stands between them and this process.
 */
#include <errno.h>
#include <string.h>

#include "media.h"

static int failed(const struct media_output *o, int averror)
{
	char said[AV_ERROR_MAX_STRING_SIZE];

	av_strerror(averror, said, sizeof(said));
	return ctl_fail_text("--to=%s: it cannot be written: %s", o->path, said);
}

const AVOutputFormat *media_output_kind(const char *path)
{
	const AVOutputFormat *kind = strcmp(path, "-") == 0
					     ? av_guess_format("matroska", NULL, NULL)
					     : av_guess_format(NULL, path, NULL);

	if (!kind)
		ctl_usage_text("--to=%s: give a name that tells the kind of file, like clip.mp4 or "
			       "clip.webm", path);
	return kind;
}

int media_output_open(struct media_output *o, const char *path, int fd,
		      const AVCodecParameters *par, AVRational rate)
{
	const AVOutputFormat *kind = media_output_kind(path);
	AVStream *stream;
	char url[4096];
	int ret;

	o->path = path;
	o->tick = av_inv_q(rate);
	if (!kind)
		return CTL_ERR_USAGE;
	ret = avformat_alloc_output_context2(&o->muxer, kind, NULL, path);
	if (ret < 0)
		return failed(o, ret);
	stream = avformat_new_stream(o->muxer, NULL);
	if (!stream)
		return failed(o, AVERROR(ENOMEM));
	ret = avcodec_parameters_copy(stream->codecpar, par);
	if (ret < 0)
		return failed(o, ret);
	stream->time_base = o->tick;
	stream->avg_frame_rate = rate;
	stream->sample_aspect_ratio = par->sample_aspect_ratio;
	if (strcmp(path, "-") == 0)
		snprintf(url, sizeof(url), "pipe:%d", fd);
	else if (snprintf(url, sizeof(url), "file:%s", path) >= (int)sizeof(url))
		return media_unusable("--to", path, "the name is too long", AVERROR(ENAMETOOLONG));
	ret = avio_open(&o->muxer->pb, url, AVIO_FLAG_WRITE);
	return ret < 0 ? media_unusable("--to", path, "give a file that can be written", ret) : 0;
}

/* ---- Headers ---- */

/* Headers in the first packet are the stream's, for containers that keep them apart. */
static void take_headers(struct media_output *o, const AVPacket *p)
{
	AVCodecParameters *par = o->muxer->streams[0]->codecpar;
	const AVBitStreamFilter *f = av_bsf_get_by_name("extract_extradata");
	AVPacket *copy = av_packet_clone(p);
	AVBSFContext *bsf = NULL;
	const uint8_t *data;
	size_t size = 0;

	if (!copy || !f || av_bsf_alloc(f, &bsf) < 0 ||
	    avcodec_parameters_copy(bsf->par_in, par) < 0 || av_bsf_init(bsf) < 0 ||
	    av_bsf_send_packet(bsf, copy) < 0 ||
	    av_bsf_receive_packet(bsf, copy) < 0)
		goto out; /* a codec without headers */
	data = av_packet_get_side_data(copy, AV_PKT_DATA_NEW_EXTRADATA, &size);
	if (!data || !size || par->extradata)
		goto out;
	par->extradata = av_mallocz(size + AV_INPUT_BUFFER_PADDING_SIZE);
	if (par->extradata) {
		memcpy(par->extradata, data, size);
		par->extradata_size = (int)size;
	}
out:
	av_packet_free(&copy);
	av_bsf_free(&bsf);
}

/* ---- Packets ---- */

static int write_packet(struct media_output *o, AVPacket *p)
{
	int ret;

	p->dts = (int64_t)o->count++ - o->delay;
	if (p->dts > p->pts)
		p->dts = p->pts;
	av_packet_rescale_ts(p, o->tick, o->muxer->streams[0]->time_base);
	ret = av_interleaved_write_frame(o->muxer, p);
	return ret < 0 ? failed(o, ret) : 0;
}

static int begin(struct media_output *o)
{
	int ret;

	for (unsigned int i = 0; i < o->num_held; i++)
		if ((int64_t)i - o->held[i]->pts > o->delay)
			o->delay = (int64_t)i - o->held[i]->pts;
	o->begun = true;
	ret = avformat_write_header(o->muxer, NULL);
	if (ret < 0)
		return failed(o, ret);
	ret = 0;
	for (unsigned int i = 0; i < o->num_held; i++) {
		if (ret == 0)
			ret = write_packet(o, o->held[i]);
		av_packet_free(&o->held[i]);
	}
	o->num_held = 0;
	return ret;
}

/* A packet with a copy of the bytes, and before them the headers that came alone. */
static AVPacket *make_packet(struct media_output *o, const void *data, size_t size)
{
	size_t before = o->prefix ? (size_t)o->prefix->size : 0;
	AVPacket *p = av_packet_alloc();

	if (!p || size + before > INT32_MAX / 2 || av_new_packet(p, (int)(before + size)) < 0) {
		av_packet_free(&p);
		return NULL;
	}
	if (before)
		memcpy(p->data, o->prefix->data, before);
	memcpy(p->data + before, data, size);
	av_packet_free(&o->prefix);
	return p;
}

int media_output_put(struct media_output *o, const void *data, size_t size, int64_t number,
		     bool key)
{
	AVPacket *p;
	int ret;

	/* Two of the first picture: the one before has its headers. */
	if (o->num_held == 1 && o->held[0]->pts == number) {
		o->prefix = o->held[0];
		o->num_held = 0;
	}
	p = make_packet(o, data, size);
	if (!p)
		return ctl_fail("a packet", -ENOMEM);
	p->pts = number;
	p->duration = 1;
	p->flags = key ? AV_PKT_FLAG_KEY : 0;
	if (!o->begun && !o->num_held)
		take_headers(o, p);
	if (!o->begun) {
		o->held[o->num_held++] = p;
		return o->num_held == MEDIA_HELD ? begin(o) : 0;
	}
	ret = write_packet(o, p);
	av_packet_free(&p);
	return ret;
}

int media_output_close(struct media_output *o, int ret)
{
	int err;

	if (!o->muxer)
		return ret;
	if (ret == 0 && !o->begun)
		ret = begin(o);
	if (ret == 0) {
		err = av_write_trailer(o->muxer);
		ret = err < 0 ? failed(o, err) : 0;
	}
	for (unsigned int i = 0; i < o->num_held; i++)
		av_packet_free(&o->held[i]);
	o->num_held = 0;
	av_packet_free(&o->prefix);
	err = avio_closep(&o->muxer->pb);
	if (ret == 0 && err < 0)
		ret = failed(o, err);
	avformat_free_context(o->muxer);
	o->muxer = NULL;
	return ret;
}
