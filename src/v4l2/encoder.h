/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An encoder's sessions: encoder.c has the device, encoder_job.c the jobs on the loop,
 * encoder_format.c formats, selections and intervals, encoder_work.c what a job does on its thread.
 */
#ifndef VMEDIA_V4L2_ENCODER_H
#define VMEDIA_V4L2_ENCODER_H

#include <vmedia/encoder.h>
#include <vmedia/m2m.h>

#include "base/list.h"
#include "v4l2/codec.h"

/* A picture of a job. */
struct vmedia_encoder_source {
	/* References; NULL: no such plane. */
	struct vmedia_backing *mem[VMEDIA_COLOUR_PLANES];
	uint32_t offset[VMEDIA_COLOUR_PLANES];
	uint64_t tag;
	bool key;
	bool failed;			/* result */
};

/* A CAPTURE buffer of a job, and the packet that was written to it. */
struct vmedia_encoder_target {
	struct vmedia_backing *mem;	/* a reference */
	uint32_t room;			/* bytes */
	uint32_t used, flags;		/* results; used: 0 if the packet was too large */
	uint64_t tag;
};

/* A codec and what it is to do. While a job runs this is the thread's, else the loop's. */
struct vmedia_encoder_work {
	const struct vmedia_encoder_ops *ops;
	void *priv;
	/* The codec, and what is known of it. */
	void *enc;			/* NULL: not open */
	bool more;			/* receive() may give a packet without another picture */
	bool have;			/* receive() gave a packet that was not written */
	bool ending;			/* drain() was called, and receive() has not ended */
	bool replacing;			/* the same, and then the codec is closed */
	bool lost;			/* a packet was lost: the next picture is a key picture */
	struct vmedia_encoder_packet packet;
	struct vmedia_encoder_params present;	/* the codec's parameters */
	int64_t *present_values;		/* their controls' values */
	/* A job's task. */
	bool reset;			/* before all else: close the codec */
	bool drain;			/* after all pictures */
	struct vmedia_encoder_params params;
	int64_t *values;		/* those of the parameters */
	struct vmedia_picture_layout layout;	/* OUTPUT's */
	uint32_t left[VMEDIA_COLOUR_PLANES];	/* bytes of a line before the rectangle */
	uint32_t top[VMEDIA_COLOUR_PLANES];	/* lines before it */
	uint32_t num_sources, num_targets;
	struct vmedia_encoder_source sources[VMEDIA_CODEC_BATCH];
	struct vmedia_encoder_target targets[VMEDIA_CODEC_BATCH];
	/* Its results: how many were used, and why it ended. */
	uint32_t num_sent, num_written;
	bool drained;			/* all packets of the drain are out */
	int err;			/* fatal; the codec is closed */
};

/* Do the task. Context: a worker. */
void vmedia_encoder_work_run(struct vmedia_encoder_work *w, struct vmedia_worker *worker);
/* Allocate the values of @num controls. Returns 0 or -ENOMEM. */
int vmedia_encoder_work_init(struct vmedia_encoder_work *w, const struct vmedia_ctrl_config *ctrls,
			     unsigned int num);
/* Close the codec. Context: a worker, or the loop. */
void vmedia_encoder_work_close(struct vmedia_encoder_work *w);
/* Close the codec, and free what the work allocated. */
void vmedia_encoder_work_finish(struct vmedia_encoder_work *w);

/* An encoder device. */
struct vmedia_encoder_device {
	struct vmedia_encoder_config cfg;
	struct vmedia_format_config coded[16];	/* cfg.coded with flags of the framework */
	struct vmedia_queue_config queues[2];
	struct vmedia_codec_sessions sessions;
};

/* A session's encoder. */
struct vmedia_encoder {
	struct vmedia_codec_session s;
	struct vmedia_encoder_device *dev;
	struct vmedia_encoder_work work;
	struct vmedia_buf *src[VMEDIA_CODEC_BATCH], *dst[VMEDIA_CODEC_BATCH];	/* taken */
	struct vmedia_rect crop;
	uint32_t wish;			/* CAPTURE's sizeimage by S_FMT, if larger than needed */
	bool following;			/* CAPTURE's format is being set by the framework */
	bool reset;			/* for the next job */
	bool key;			/* the next OUTPUT buffer is a key picture */
};

static inline struct vmedia_encoder *vmedia_encoder_of(const struct vmedia_ctx *ctx)
{
	return vmedia_container_of(vmedia_codec_session_of(ctx), struct vmedia_encoder, s);
}

/* ---- encoder_format.c ---- */

/* Hooks of struct vmedia_video_ops. */
bool vmedia_encoder_has_format(struct vmedia_queue *q, const struct vmedia_format_config *f);
int vmedia_encoder_try_fmt(struct vmedia_queue *q, struct vmedia_format *fmt);
void vmedia_encoder_set_fmt(struct vmedia_queue *q, const struct vmedia_format *fmt);
int vmedia_encoder_g_selection(struct vmedia_queue *q, struct vmedia_selection *sel);
int vmedia_encoder_s_selection(struct vmedia_queue *q, struct vmedia_selection *sel);
int vmedia_encoder_set_interval(struct vmedia_queue *q, struct vmedia_fract interval);
/* The present parameters, but for the controls. */
void vmedia_encoder_get_params(const struct vmedia_encoder *e, struct vmedia_encoder_params *p);

/* ---- encoder_job.c ---- */

extern const struct vmedia_m2m_ops vmedia_encoder_m2m;
extern const struct vmedia_codec_session_ops vmedia_encoder_session;

#endif /* VMEDIA_V4L2_ENCODER_H */
