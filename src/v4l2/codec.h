/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the sessions of decoders and of encoders have in common: jobs on a worker, their end and the
 * session's (codec_session.c), and the metadata of what the codec has (codec_meta.c).
 *
 * Context: the device's loop, unless said otherwise.
 */
#ifndef VMEDIA_V4L2_CODEC_H
#define VMEDIA_V4L2_CODEC_H

#include <vmedia/m2m.h>
#include <vmedia/video.h>
#include <vmedia/worker.h>

#include "base/list.h"
#include "base/loop.h"

/* Buffers of OUTPUT that one job takes at most. */
#define VMEDIA_CODEC_BATCH 16
/* Buffers of OUTPUT whose metadata is kept for what the codec returns later. */
#define VMEDIA_CODEC_TAGS 512

struct vmedia_codec_session;

struct vmedia_codec_session_ops {
	/* Do the job's task. Context: a worker. */
	void (*work)(struct vmedia_codec_session *s);
	/*
	 * The running job has called vmedia_codec_session_progress(): give back what it has
	 * finished, and give it more. Optional.
	 */
	void (*progress)(struct vmedia_codec_session *s);
	/*
	 * The job has ended, was taken back before it began, or could not be submitted (@err): give
	 * its buffers back, drop its references, and tell the driver what it found.
	 */
	void (*end)(struct vmedia_codec_session *s, int err);
	/* The same after the session's end: there are no buffers, only references. */
	void (*drop)(struct vmedia_codec_session *s);
	/* Close the codec. Context: a worker. Optional: see vmedia_codec_session_close(). */
	void (*close)(struct vmedia_codec_session *s);
	/* Close the codec, and free all that the kind allocated, the struct included. */
	void (*destroy)(struct vmedia_codec_session *s);
};

/* Metadata of an OUTPUT buffer. */
struct vmedia_codec_meta {
	uint64_t tag, timestamp;
	struct vmedia_timecode timecode;
	uint32_t flags;
};

/* What a device's sessions share. */
struct vmedia_codec_sessions {
	struct vmedia_loop *loop;
	struct vmedia_list orphans;		/* sessions that have ended, with a job */
	uint64_t max_pixels;			/* of one picture of each session, in all */
	uint64_t pixels;			/* those of all sessions */
};

/*
 * A part of a session's decoder or encoder, and the private data of its context. It outlives the
 * session while a job runs.
 */
struct vmedia_codec_session {
	const struct vmedia_codec_session_ops *ops;
	struct vmedia_ctx *ctx;			/* NULL: the session has ended */
	struct vmedia_worker *worker;
	struct vmedia_job job, close;
	struct vmedia_post progress;
	bool running;				/* the job */
	bool closing;				/* the codec, by a job of its own */
	bool fatal;				/* no more jobs: vmedia_codec_session_fail() */
	uint64_t next_tag;			/* of the next OUTPUT buffer */
	struct vmedia_codec_meta *meta;		/* VMEDIA_CODEC_TAGS; by tag, modulo */
	struct vmedia_codec_sessions *all;
	struct vmedia_list node;		/* all->orphans */
	uint64_t pixels;			/* that are counted for this one */
	struct vmedia_deferred bury;
};

/* Set @all up. @max_pixels: 0 for VMEDIA_CODEC_MAX_PIXELS. */
void vmedia_codec_sessions_init(struct vmedia_codec_sessions *all, struct vmedia_loop *loop,
				uint64_t max_pixels);
/* The device ends: destroy the orphans. */
void vmedia_codec_sessions_fini(struct vmedia_codec_sessions *all);
/*
 * Set @s up for @ctx. Returns 0 or -ENOMEM, after which vmedia_codec_session_destroy() is allowed,
 * too.
 */
int vmedia_codec_session_init(struct vmedia_codec_session *s,
			      const struct vmedia_codec_session_ops *ops, struct vmedia_ctx *ctx,
			      struct vmedia_codec_sessions *all);
/* Wait for the jobs, and free @s with its codec. */
void vmedia_codec_session_destroy(struct vmedia_codec_session *s);
/* For vmedia_video_ops.context_fini. */
void vmedia_codec_session_fini(struct vmedia_ctx *ctx);
/*
 * Count the pixels of the picture that the session's codec works on; 0: it has none. False: they
 * would be too many, and what was counted before stands.
 */
bool vmedia_codec_session_count(struct vmedia_codec_session *s, uint64_t pixels);

static inline struct vmedia_codec_session *vmedia_codec_session_of(const struct vmedia_ctx *ctx)
{
	return vmedia_ctx_priv(ctx);
}

/* ---- Jobs ---- */

/* Submit the job. ops->end() or ops->drop() follows, perhaps before this returns. */
void vmedia_codec_session_run(struct vmedia_codec_session *s);
/*
 * Have ops->progress() called, unless the job or the session ends before. Context: a worker, in the
 * job.
 */
void vmedia_codec_session_progress(struct vmedia_codec_session *s);
/* Close the codec by a job of its own, before the next job. */
void vmedia_codec_session_close(struct vmedia_codec_session *s);
/* The codec cannot go on: both queues return EIO until STREAMOFF. */
void vmedia_codec_session_fail(struct vmedia_codec_session *s, const char *what, int err);
/* True if OUTPUT has a buffer that a job may take: in a drain, one that CMD_STOP saw. */
bool vmedia_codec_has_input(const struct vmedia_ctx *ctx);

/* Of struct vmedia_m2m_ops. */
void vmedia_codec_job_abort(struct vmedia_ctx *ctx);
int vmedia_codec_job_wait(struct vmedia_ctx *ctx, uint64_t until);
void vmedia_codec_job_orphan(struct vmedia_ctx *ctx);
/* The next job sees the drain. */
void vmedia_codec_drain(struct vmedia_ctx *ctx);

/* ---- Metadata ---- */

/* Called before metadata is kept: at STREAMON. Returns 0 or -ENOMEM. */
int vmedia_codec_meta_init(struct vmedia_codec_session *s);
void vmedia_codec_keep_meta(struct vmedia_codec_session *s, const struct vmedia_buf *src,
			    uint64_t tag);
/* Copy what was kept under @tag to @dst. @flags: KEYFRAME, PFRAME and BFRAME of the picture. */
void vmedia_codec_put_meta(const struct vmedia_codec_session *s, uint64_t tag, uint32_t flags,
			   struct vmedia_buf *dst);

#endif /* VMEDIA_V4L2_CODEC_H */
