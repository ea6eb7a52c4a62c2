/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From V4L2's parameters of an encoder to libavcodec's: which encoder, its settings, pictures; and
 * encoders made of libavcodec's (encoder.c).
 *
 * Context: any thread.
 */
#ifndef VMEDIA_DEVICES_LIBAV_ENCODE_H
#define VMEDIA_DEVICES_LIBAV_ENCODE_H

#include <libavcodec/avcodec.h>
#include <vmedia/encoder.h>

#include "threads.h"

/*
 * What an encoder is opened with, computed from the parameters. Two that are equal in all bytes
 * make the same encoder; what a codec does not use is 0 in both.
 */
struct vmedia_libav_settings {
	uint32_t raw, width, height;
	struct vmedia_fract interval;
	struct vmedia_codec_colours colours;
	int32_t pix_fmt;		/* enum AVPixelFormat */
	int32_t threads;
	/* Of these three, one is in use: bit_rate is not 0, quality is not 0, or qp is. */
	int64_t bit_rate;		/* bits a second */
	int32_t quality;		/* 1 to 100, the best */
	int32_t qp_i, qp_p, qp_b;
	int64_t min_rate, max_rate, buffer;	/* bits; 0: no bound */
	int32_t min_qp, max_qp;
	int32_t gop, b_frames;
	/* Pictures in which all blocks are refreshed, instead of key pictures; 0: none. */
	int32_t refresh;
	int32_t profile, level, tier;	/* of V4L2's menus; level -1: as high as needed */
	bool separate;			/* headers in a packet of their own */
	bool repeat;			/* headers before each key picture */
};

struct vmedia_libav_encoder {
	uint32_t pixelformat;		/* V4L2_PIX_FMT_* of the coded stream */
	const char *name;		/* of libavcodec's encoder */
	uint32_t align;			/* the coded size is a multiple of this */
	bool headers;			/* it has headers apart from pictures (parameter sets) */
	bool only_420;			/* profiles for other subsampling have no name in V4L2 */
	bool live;			/* rates and quality can change while it is open */
	/*
	 * It may keep a picture after avcodec_send_frame(). libavcodec is then given pictures that
	 * it has to copy.
	 */
	bool keeps;
	/* The codec's own part of the settings, and of AVCodecContext. */
	void (*choose)(const struct vmedia_encoder_params *p, struct vmedia_libav_settings *s);
	void (*apply)(const struct vmedia_libav_settings *s, AVCodecContext *av);
};

/* The encoder of @pixelformat, or NULL if libavcodec lacks it. */
const struct vmedia_libav_encoder *vmedia_libav_encoder_find(uint32_t pixelformat);

/* Compute the settings. */
void vmedia_libav_choose(const struct vmedia_libav_encoder *enc,
			 const struct vmedia_encoder_params *p, uint32_t threads,
			 struct vmedia_libav_settings *s);
/* Open an encoder. Returns 0, -ENOMEM, or -EINVAL with a line in the log. */
int vmedia_libav_encoder_open(const struct vmedia_libav_encoder *enc,
			      const struct vmedia_libav_settings *s, AVCodecContext **av);
/*
 * Change an open encoder from @from to @to. Returns 0, or -EINVAL if they differ in more than can
 * change.
 */
int vmedia_libav_change(const struct vmedia_libav_encoder *enc,
			const struct vmedia_libav_settings *from,
			const struct vmedia_libav_settings *to, AVCodecContext *av);

/* ---- encode_ctrls.c ---- */

extern const struct vmedia_ctrl_config vmedia_libav_ctrls[];
extern const unsigned int vmedia_libav_num_ctrls;
/* Controls of @ctx follow its pictures' format: profiles. Context: the loop. */
void vmedia_libav_follow(struct vmedia_ctx *ctx, uint32_t raw);

/* ---- encode_frame.c ---- */

/* The format in which @enc gets pictures of V4L2's @raw; AV_PIX_FMT_NONE: it has none. */
enum AVPixelFormat vmedia_libav_pix_fmt(const struct vmedia_libav_encoder *enc, uint32_t raw);
/*
 * Make @frame of a picture: planes that the encoder can read are the driver's memory, the others
 * are converted into those of @own, which has the encoder's format and size. Returns 0 or -ENOMEM.
 */
int vmedia_libav_frame(const struct vmedia_libav_settings *s,
		       const struct vmedia_encoder_picture *p, AVFrame *own, AVFrame *frame);

/* ---- encode_colour.c ---- */

void vmedia_libav_set_colours(const struct vmedia_codec_colours *c, AVCodecContext *av);

/* Without destroy(). Their priv is the device's struct vmedia_libav_threads. */
extern const struct vmedia_encoder_ops vmedia_libav_encoder_ops;

#endif /* VMEDIA_DEVICES_LIBAV_ENCODE_H */
