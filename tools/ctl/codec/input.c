/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Packets of a media file, in the form that V4L2 has for them: each has all that is needed to
 * decode it after those before. What containers keep apart (parameter sets, headers) goes into the
 * packets.
 */
#include <string.h>

#include "media.h"

/* The filters for packets of a file whose container keeps headers apart, and of others. */
static const char *filters(enum AVCodecID id, bool apart)
{
	switch (id) {
	case AV_CODEC_ID_H264:
		return "h264_mp4toannexb";
	case AV_CODEC_ID_HEVC:
		return "hevc_mp4toannexb";
	case AV_CODEC_ID_MPEG4:
		return apart ? "mpeg4_unpack_bframes,dump_extra=freq=keyframe"
			     : "mpeg4_unpack_bframes";
	case AV_CODEC_ID_MPEG1VIDEO:
	case AV_CODEC_ID_MPEG2VIDEO:
		return apart ? "dump_extra=freq=keyframe" : "null";
	default:
		return "null";
	}
}

static int open_filter(struct media_input *in, bool apart)
{
	const AVCodecParameters *par = in->stream->codecpar;
	int ret = av_bsf_list_parse_str(filters(par->codec_id, apart), &in->filter);

	if (ret >= 0)
		ret = avcodec_parameters_copy(in->filter->par_in, par);
	if (ret >= 0) {
		in->filter->time_base_in = in->stream->time_base;
		ret = av_bsf_init(in->filter);
	}
	in->packet = av_packet_alloc();
	if (ret >= 0 && !in->packet)
		ret = AVERROR(ENOMEM);
	return ret < 0 ? media_unusable(in->option, in->path, "its packets cannot be read", ret)
		       : 0;
}

static int find_video(struct media_input *in, bool *apart)
{
	int ret, index;

	/* Before packets are looked into: what the container itself has. */
	for (unsigned int i = 0; i < in->demuxer->nb_streams; i++)
		*apart |= in->demuxer->streams[i]->codecpar->extradata_size > 0;
	ret = avformat_find_stream_info(in->demuxer, NULL);
	if (ret < 0)
		return media_unusable(in->option, in->path, "its beginning cannot be read", ret);
	index = av_find_best_stream(in->demuxer, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
	if (index < 0)
		return ctl_usage_text("%s=%s: there is no video in it; give a file with one",
				      in->option, in->path);
	in->stream = in->demuxer->streams[index];
	for (unsigned int i = 0; i < in->demuxer->nb_streams; i++)
		if ((int)i != index)
			in->demuxer->streams[i]->discard = AVDISCARD_ALL;
	in->rate = av_guess_frame_rate(in->demuxer, in->stream, NULL);
	if (in->rate.num <= 0 || in->rate.den <= 0)
		in->rate = (AVRational){ 25, 1 };
	return 0;
}

int media_input_open(struct media_input *in, const char *option, const char *path)
{
	bool apart = false;
	char url[4096];
	int ret;

	in->option = option;
	in->path = path;
	/* A name is never taken for an address of the network. */
	if (snprintf(url, sizeof(url), strcmp(path, "-") == 0 ? "pipe:0" : "file:%s", path) >=
	    (int)sizeof(url))
		return media_unusable(option, path, "the name is too long", AVERROR(ENAMETOOLONG));
	ret = avformat_open_input(&in->demuxer, url, NULL, NULL);
	if (ret < 0)
		return media_unusable(option, path, "give a media file that can be read", ret);
	ret = find_video(in, &apart);
	return ret < 0 ? ret : open_filter(in, apart);
}

int media_input_read(struct media_input *in)
{
	int ret;

	av_packet_unref(in->packet);
	while ((ret = av_bsf_receive_packet(in->filter, in->packet)) == AVERROR(EAGAIN)) {
		ret = av_read_frame(in->demuxer, in->packet);
		if (ret >= 0 && in->packet->stream_index != in->stream->index) {
			av_packet_unref(in->packet);
			continue;
		}
		if (ret == AVERROR_EOF)
			ret = av_bsf_send_packet(in->filter, NULL);
		else if (ret >= 0)
			ret = av_bsf_send_packet(in->filter, in->packet);
		if (ret < 0)
			break;
	}
	if (ret == AVERROR_EOF)
		return 0;
	return ret < 0 ? media_unusable(in->option, in->path, "it cannot be read further", ret) : 1;
}

double media_input_part(const struct media_input *in)
{
	int64_t size = in->demuxer && in->demuxer->pb ? avio_size(in->demuxer->pb) : 0;

	return size > 0 ? (double)avio_tell(in->demuxer->pb) / (double)size : -1;
}

void media_input_close(struct media_input *in)
{
	av_packet_free(&in->packet);
	av_bsf_free(&in->filter);
	avformat_close_input(&in->demuxer);
}
