// SPDX-License-Identifier: BSD-3-Clause
/*
 * The settings of libavcodec's encoders.
 *
 * Theory of operation
 *
 *   Latency: a packet follows each picture at once, unless there are B pictures. So there is no
 *   lookahead, threads are of slices, and key pictures come where they are asked for and not at
 *   changes of scene, which would take a lookahead to find.
 *
 *   Speed: encoders are set up for pictures that come in real time.
 *
 *   Rates: a variable bitrate is bounded by the peak, if there is one, a constant one by itself.
 *   The buffer that the bound is measured with holds one second. What differs stands with the
 *   codecs.
 */
#include <errno.h>
#include <libavutil/opt.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <linux/videodev2.h>
#include <vmedia/log.h>

#include "encode.h"
#include "libav.h"

/* A distance of key pictures that is never reached. */
#define NEVER (1 << 30)

static int32_t ctrl(const struct vmedia_encoder_params *p, uint32_t id)
{
	return (int32_t)vmedia_encoder_ctrl(p, id);
}

/* An older or newer libavcodec may lack an option that only makes it faster. */
static void set(AVCodecContext *av, const char *name, const char *value)
{
	if (av_opt_set(av->priv_data, name, value, 0) < 0)
		vmedia_dbg("%s has no option %s=%s", av->codec->name, name, value);
}

static void set_number(AVCodecContext *av, const char *name, double value)
{
	if (av_opt_set_double(av->priv_data, name, value, 0) < 0)
		vmedia_dbg("%s has no option %s=%g", av->codec->name, name, value);
}

/* Constant quality from 1 to 100 as a number of which less is better. */
static double quality_as(int32_t quality, double best, double worst)
{
	return best + (100 - quality) * (worst - best) / 99;
}

/* ---- H.264 and HEVC ---- */

static void choose_h264(const struct vmedia_encoder_params *p, struct vmedia_libav_settings *s)
{
	const struct vmedia_pixfmt *pf = vmedia_pixfmt_find(p->raw);

	s->b_frames = ctrl(p, V4L2_CID_MPEG_VIDEO_B_FRAMES);
	s->refresh = ctrl(p, V4L2_CID_MPEG_VIDEO_INTRA_REFRESH_PERIOD);
	s->min_qp = ctrl(p, V4L2_CID_MPEG_VIDEO_H264_MIN_QP);
	s->max_qp = ctrl(p, V4L2_CID_MPEG_VIDEO_H264_MAX_QP);
	s->qp_i = ctrl(p, V4L2_CID_MPEG_VIDEO_H264_I_FRAME_QP);
	s->qp_p = ctrl(p, V4L2_CID_MPEG_VIDEO_H264_P_FRAME_QP);
	s->qp_b = ctrl(p, V4L2_CID_MPEG_VIDEO_H264_B_FRAME_QP);
	s->level = ctrl(p, V4L2_CID_MPEG_VIDEO_H264_LEVEL);
	if (s->level == V4L2_MPEG_VIDEO_H264_LEVEL_1_0)
		s->level = -1;
	/* x264 chooses the one profile of others than 8 bits and 4:2:0. */
	s->profile = -1;
	if (pf->bits[0] == 8 && pf->hsub == 2 && pf->vsub == 2)
		s->profile = ctrl(p, V4L2_CID_MPEG_VIDEO_H264_PROFILE);
	if (s->profile == V4L2_MPEG_VIDEO_H264_PROFILE_BASELINE ||
	    s->profile == V4L2_MPEG_VIDEO_H264_PROFILE_CONSTRAINED_BASELINE)
		s->b_frames = 0;
}

static void apply_h264(const struct vmedia_libav_settings *s, AVCodecContext *av)
{
	static const char *const profiles[] = {
		[V4L2_MPEG_VIDEO_H264_PROFILE_BASELINE] = "baseline",
		[V4L2_MPEG_VIDEO_H264_PROFILE_CONSTRAINED_BASELINE] = "baseline",
		[V4L2_MPEG_VIDEO_H264_PROFILE_MAIN] = "main",
		[V4L2_MPEG_VIDEO_H264_PROFILE_HIGH] = "high",
	};
	static const char *const levels[] = {
		"1", "1b", "1.1", "1.2", "1.3", "2", "2.1", "2.2", "3", "3.1", "3.2", "4", "4.1",
		"4.2", "5", "5.1", "5.2", "6", "6.1", "6.2",
	};

	set(av, "preset", "veryfast");
	set(av, "rc-lookahead", "0");
	set(av, "mbtree", "0");
	set(av, "b_strategy", "0");
	set(av, "b-pyramid", "0");
	set(av, "sc_threshold", "0");
	set(av, "forced-idr", "1");
	set(av, "x264-params", "sync-lookahead=0:force-cfr=1");
	if (s->refresh)
		set(av, "intra-refresh", "1");
	if (s->profile >= 0)
		set(av, "profile", profiles[s->profile]);
	if (s->level >= 0)
		set(av, "level", levels[s->level]);
	if (s->quality)
		set_number(av, "crf", quality_as(s->quality, 1, 51));
	if (!s->qp_p)
		return;
	set_number(av, "qp", s->qp_p);
	av->i_quant_factor = (float)exp2((s->qp_i - s->qp_p) / 6.0);
	av->b_quant_factor = (float)exp2((s->qp_b - s->qp_p) / 6.0);
}

static void choose_hevc(const struct vmedia_encoder_params *p, struct vmedia_libav_settings *s)
{
	/* x265's pools want rights that a sandbox does not give, and write to standard error. */
	s->threads = 1;
	s->b_frames = ctrl(p, V4L2_CID_MPEG_VIDEO_B_FRAMES);
	s->refresh = ctrl(p, V4L2_CID_MPEG_VIDEO_INTRA_REFRESH_PERIOD);
	s->min_qp = ctrl(p, V4L2_CID_MPEG_VIDEO_HEVC_MIN_QP);
	s->max_qp = ctrl(p, V4L2_CID_MPEG_VIDEO_HEVC_MAX_QP);
	s->qp_i = ctrl(p, V4L2_CID_MPEG_VIDEO_HEVC_I_FRAME_QP);
	s->qp_p = ctrl(p, V4L2_CID_MPEG_VIDEO_HEVC_P_FRAME_QP);
	s->qp_b = ctrl(p, V4L2_CID_MPEG_VIDEO_HEVC_B_FRAME_QP);
	s->tier = ctrl(p, V4L2_CID_MPEG_VIDEO_HEVC_TIER);
	s->level = ctrl(p, V4L2_CID_MPEG_VIDEO_HEVC_LEVEL);
	if (s->level == V4L2_MPEG_VIDEO_HEVC_LEVEL_1)
		s->level = -1;
	/* Without lookahead x265 needs a bound to hold a rate. */
	if (s->bit_rate && !s->max_rate) {
		s->max_rate = s->bit_rate;
		s->buffer = s->bit_rate;
	}
}

__attribute__((format(printf, 3, 4))) static void add(char *text, size_t size, const char *fmt, ...)
{
	size_t at = strlen(text);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text + at, size - at, fmt, ap);
	va_end(ap);
}

static void apply_hevc(const struct vmedia_libav_settings *s, AVCodecContext *av)
{
	static const char *const levels[] = {
		"1", "2", "2.1", "3", "3.1", "4", "4.1", "5", "5.1", "5.2", "6", "6.1", "6.2",
	};
	/*
	 * One thread: those of a pool are bound to nodes of memory and made nice, for which a
	 * process needs rights, and x265 writes to standard error where it has none.
	 */
	char t[512] = "log-level=none:info=0:frame-threads=1:pools=none:wpp=0:ctu=32:"
		      "scenecut=0:open-gop=0:b-adapt=0:b-pyramid=0";

	set(av, "preset", "ultrafast");
	set(av, "forced-idr", "1");
	if (!s->b_frames)
		set(av, "tune", "zerolatency");
	else
		add(t, sizeof(t), ":rc-lookahead=%d:cutree=0", s->b_frames + 1);
	add(t, sizeof(t), ":qpmin=%d:qpmax=%d", s->min_qp, s->max_qp);
	if (s->refresh)
		add(t, sizeof(t), ":intra-refresh=1");
	if (s->level >= 0)
		add(t, sizeof(t), ":level-idc=%s:high-tier=%d", levels[s->level], s->tier);
	if (s->qp_p)
		add(t, sizeof(t), ":ipratio=%.4f:pbratio=%.4f",
		    exp2((s->qp_p - s->qp_i) / 6.0), exp2((s->qp_b - s->qp_p) / 6.0));
	if (s->qp_p)
		set_number(av, "qp", s->qp_p);
	if (s->quality)
		set_number(av, "crf", quality_as(s->quality, 1, 51));
	set(av, "x265-params", t);
	av->qmin = -1;
	av->qmax = -1;
}

/* ---- VP8, VP9, AV1 ---- */

static void choose_vpx(const struct vmedia_encoder_params *p, struct vmedia_libav_settings *s)
{
	s->min_qp = ctrl(p, V4L2_CID_MPEG_VIDEO_VPX_MIN_QP);
	s->max_qp = ctrl(p, V4L2_CID_MPEG_VIDEO_VPX_MAX_QP);
	s->qp_p = ctrl(p, V4L2_CID_MPEG_VIDEO_VPX_P_FRAME_QP);
	s->qp_i = s->qp_p;
	s->qp_b = s->qp_p;
	/* In real time the libraries hold a rate only as a constant one; the buffer is larger. */
	s->buffer = s->min_rate ? s->bit_rate : 2 * s->bit_rate;
	s->min_rate = s->bit_rate;
	s->max_rate = s->bit_rate;
}

/* A fixed quantizer is one between two equal bounds; constant quality is bounded by no rate. */
static void apply_vpx_rate(const struct vmedia_libav_settings *s, AVCodecContext *av)
{
	if (s->qp_p) {
		av->qmin = s->qp_p;
		av->qmax = s->qp_p;
		set_number(av, "crf", s->qp_p);
	}
	if (s->quality)
		set_number(av, "crf", round(quality_as(s->quality, 4, 63)));
	set(av, "lag-in-frames", "0");
}

static void apply_vp8(const struct vmedia_libav_settings *s, AVCodecContext *av)
{
	apply_vpx_rate(s, av);
	set(av, "deadline", "realtime");
	/* Negative: the speed does not follow the time that pictures take. */
	set(av, "cpu-used", "-6");
	set(av, "auto-alt-ref", "0");
	/* VP8 has no constant quality without a bound. */
	if (s->qp_p || s->quality)
		av->bit_rate = 1000000000;
}

static void apply_vp9(const struct vmedia_libav_settings *s, AVCodecContext *av)
{
	apply_vpx_rate(s, av);
	set(av, "deadline", "realtime");
	set(av, "cpu-used", "8");
	set(av, "row-mt", s->threads > 1 ? "1" : "0");
	set(av, "auto-alt-ref", "0");
}

static void apply_av1(const struct vmedia_libav_settings *s, AVCodecContext *av)
{
	apply_vpx_rate(s, av);
	/* With less it does not come back to the rate within ten seconds. */
	set(av, "undershoot-pct", "50");
	set(av, "overshoot-pct", "50");
	set(av, "usage", "realtime");
	set(av, "cpu-used", "8");
	set(av, "row-mt", s->threads > 1 ? "1" : "0");
}

/* ---- Motion JPEG ---- */

static void choose_mjpeg(const struct vmedia_encoder_params *p, struct vmedia_libav_settings *s)
{
	s->gop = 1;
	s->bit_rate = 0;
	s->min_rate = 0;
	s->max_rate = 0;
	s->buffer = 0;
	s->quality = ctrl(p, V4L2_CID_JPEG_COMPRESSION_QUALITY);
	s->min_qp = 1;
	s->max_qp = 31;
}

static void apply_mjpeg(const struct vmedia_libav_settings *s, AVCodecContext *av)
{
	av->flags |= AV_CODEC_FLAG_QSCALE;
	av->global_quality = (int)(quality_as(s->quality, 1, 31) * FF_QP2LAMBDA);
	/* JPEG of limited range is not JFIF's. */
	av->strict_std_compliance = FF_COMPLIANCE_UNOFFICIAL;
}

/* ---- All of them ---- */

static const struct vmedia_libav_encoder encoders[] = {
	{ V4L2_PIX_FMT_H264, "libx264", 16, true, false, true, false,
	  choose_h264, apply_h264 },
	{ V4L2_PIX_FMT_HEVC, "libx265", 8, true, true, false, false,
	  choose_hevc, apply_hevc },
	{ V4L2_PIX_FMT_VP8, "libvpx", 1, false, false, false, false,
	  choose_vpx, apply_vp8 },
	{ V4L2_PIX_FMT_VP9, "libvpx-vp9", 1, false, false, false, false,
	  choose_vpx, apply_vp9 },
	{ V4L2_PIX_FMT_AV1, "libaom-av1", 1, false, false, false, false,
	  choose_vpx, apply_av1 },
	{ V4L2_PIX_FMT_MJPEG, "mjpeg", 1, false, false, false, true,
	  choose_mjpeg, apply_mjpeg },
};

const struct vmedia_libav_encoder *vmedia_libav_encoder_find(uint32_t pixelformat)
{
	for (size_t i = 0; i < sizeof(encoders) / sizeof(encoders[0]); i++)
		if (encoders[i].pixelformat == pixelformat &&
		    avcodec_find_encoder_by_name(encoders[i].name))
			return &encoders[i];
	return NULL;
}

static void choose_rate(const struct vmedia_encoder_params *p, struct vmedia_libav_settings *s)
{
	int64_t peak = ctrl(p, V4L2_CID_MPEG_VIDEO_BITRATE_PEAK);
	int32_t mode = ctrl(p, V4L2_CID_MPEG_VIDEO_BITRATE_MODE);

	if (!ctrl(p, V4L2_CID_MPEG_VIDEO_FRAME_RC_ENABLE))
		return;
	if (mode == V4L2_MPEG_VIDEO_BITRATE_MODE_CQ) {
		s->quality = ctrl(p, V4L2_CID_MPEG_VIDEO_CONSTANT_QUALITY);
		return;
	}
	s->bit_rate = ctrl(p, V4L2_CID_MPEG_VIDEO_BITRATE);
	if (mode == V4L2_MPEG_VIDEO_BITRATE_MODE_CBR) {
		s->min_rate = s->bit_rate;
		s->max_rate = s->bit_rate;
	} else if (peak) {
		s->max_rate = peak > s->bit_rate ? peak : s->bit_rate;
	}
	s->buffer = s->max_rate;
}

void vmedia_libav_choose(const struct vmedia_libav_encoder *enc,
			 const struct vmedia_encoder_params *p, uint32_t threads,
			 struct vmedia_libav_settings *s)
{
	int32_t gop = ctrl(p, V4L2_CID_MPEG_VIDEO_GOP_SIZE);

	memset(s, 0, sizeof(*s));
	s->raw = p->raw;
	s->width = p->width;
	s->height = p->height;
	s->interval = p->interval;
	s->colours = p->colours;
	s->pix_fmt = vmedia_libav_pix_fmt(enc, p->raw);
	s->threads = (int32_t)threads;
	s->gop = gop ? gop : NEVER;
	if (enc->headers) {
		s->separate = ctrl(p, V4L2_CID_MPEG_VIDEO_HEADER_MODE) ==
			      V4L2_MPEG_VIDEO_HEADER_MODE_SEPARATE;
		s->repeat = ctrl(p, V4L2_CID_MPEG_VIDEO_PREPEND_SPSPPS_TO_IDR);
	}
	choose_rate(p, s);
	enc->choose(p, s);
	if (s->bit_rate || s->quality) {
		s->qp_i = 0;
		s->qp_p = 0;
		s->qp_b = 0;
	} else {
		/* 0 would be without loss, which not every profile has. */
		s->qp_i += !s->qp_i;
		s->qp_p += !s->qp_p;
		s->qp_b += !s->qp_b;
	}
	if (s->refresh)
		s->gop = s->refresh;
	if (s->max_qp < s->min_qp)
		s->max_qp = s->min_qp;
}

static void apply_rate(const struct vmedia_libav_settings *s, AVCodecContext *av)
{
	av->bit_rate = s->bit_rate;
	av->rc_min_rate = s->min_rate;
	av->rc_max_rate = s->max_rate;
	av->rc_buffer_size = s->buffer < INT_MAX ? (int)s->buffer : INT_MAX;
}

int vmedia_libav_encoder_open(const struct vmedia_libav_encoder *enc,
			      const struct vmedia_libav_settings *s, AVCodecContext **out)
{
	const AVCodec *codec = avcodec_find_encoder_by_name(enc->name);
	AVCodecContext *av = avcodec_alloc_context3(codec);
	int num, den, err;

	if (!av)
		return -ENOMEM;
	/* Numbers that all libraries take. */
	av_reduce(&num, &den, s->interval.numerator, s->interval.denominator, 1000000);
	av->width = (int)s->width;
	av->height = (int)s->height;
	av->pix_fmt = s->pix_fmt;
	av->time_base = (AVRational){ num, den };
	av->framerate = (AVRational){ den, num };
	av->sample_aspect_ratio = (AVRational){ 1, 1 };
	av->thread_count = s->threads;
	av->thread_type = FF_THREAD_SLICE;
	av->gop_size = s->gop;
	av->max_b_frames = s->b_frames;
	av->qmin = s->min_qp;
	av->qmax = s->max_qp;
	/* No headers within packets: the caller puts them where they are asked for. */
	if (enc->headers)
		av->flags |= AV_CODEC_FLAG_GLOBAL_HEADER | AV_CODEC_FLAG_CLOSED_GOP;
	vmedia_libav_set_colours(&s->colours, av);
	apply_rate(s, av);
	enc->apply(s, av);
	err = avcodec_open2(av, codec, NULL);
	if (err < 0) {
		vmedia_warn("%s cannot be opened for %ux%u pictures (error %d)", enc->name,
			    s->width, s->height, -err);
		avcodec_free_context(&av);
		return err == AVERROR(ENOMEM) ? -ENOMEM : -EINVAL;
	}
	*out = av;
	return 0;
}

int vmedia_libav_change(const struct vmedia_libav_encoder *enc,
			const struct vmedia_libav_settings *from,
			const struct vmedia_libav_settings *to, AVCodecContext *av)
{
	struct vmedia_libav_settings rest = *to;

	rest.bit_rate = from->bit_rate;
	rest.max_rate = from->max_rate;
	rest.min_rate = from->min_rate;
	rest.buffer = from->buffer;
	rest.quality = from->quality;
	if (memcmp(&rest, from, sizeof(rest)))
		return -EINVAL;
	if (!memcmp(to, from, sizeof(*to)))
		return 0;
	/* What kind of control it is does not change, nor whether there is a bound. */
	if (!enc->live || !to->bit_rate != !from->bit_rate || !to->max_rate != !from->max_rate ||
	    !to->min_rate != !from->min_rate)
		return -EINVAL;
	apply_rate(to, av);
	if (to->quality)
		set_number(av, "crf", quality_as(to->quality, 1, 51));
	return 0;
}
