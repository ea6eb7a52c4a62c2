/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside the framework: a device, its contexts and the sessions that use them.
 *
 * The files and their subjects. A file calls no function of a file above it in this list:
 *
 *   decoder.c      decoders; then decoder_job.c, their jobs; decoder_format.c, formats that follow
 *                  a stream's header; decoder_work.c, what a job does on its thread
 *   encoder.c      encoders; then encoder_job.c, their jobs; encoder_format.c, formats that follow
 *                  the other queue's; encoder_work.c, what a job does on its thread
 *   codec_session.c  what both have: how jobs and sessions end; codec_meta.c, metadata by tag
 *   video.c        creation, contexts, sessions, the pull of events, reset
 *   dispatch.c     one list: ioctl -> handler
 *   io.c           inputs, outputs, selections, crops
 *   format.c       ENUM_FMT, G/S/TRY_FMT
 *   frames.c       ENUM_FRAMESIZES, ENUM_FRAMEINTERVALS, G/S_PARM
 *   capture.c      frame sources on the loop; then capture_quick.c, those that need no thread;
 *                  capture_worker.c, frame sources on a worker; capture_job.c, their buffers
 *   m2m_cmd.c      commands of codecs; then m2m.c, jobs; m2m_drain.c, ends of streams
 *   bufs.c         REQBUFS, CREATE_BUFS, REMOVE_BUFS: creating and freeing buffers
 *   qbuf.c         QUERYBUF, PREPARE_BUF, QBUF, EXPBUF and the dequeue
 *   queue.c        a buffer queue's states; STREAMON, STREAMOFF; functions for devices
 *   copy.c         copying between guest pages and their private copies
 *   offsets.c      mem_offset <-> plane
 *   fit.c          fitting a wished format to the device's formats
 *   nearest.c      the nearest format, size and interval of the device
 *   layout.c       the memory that a format takes
 *   pixfmt*.c      pixel formats: the table, layouts
 *   ctrl_*.c       controls: ioctls, changes by the device; then ctrl_cluster.c, all changes
 *   event.c        subscriptions and their rings
 *   ctrl.c         controls and their values; ctrl_std_*.c: the standard ones
 *   context.c      from a session to its context and device; priority
 *
 * Context: the device's loop, here and in the other headers of this folder, unless said otherwise.
 */
#ifndef VMEDIA_V4L2_CONTEXT_H
#define VMEDIA_V4L2_CONTEXT_H

#include <vmedia/video.h>

#include "base/list.h"
#include "base/loop.h"

#define VMEDIA_MAX_QUEUES	8

struct vmedia_m2m;
struct vmedia_offsets;

struct vmedia_file {
	struct vmedia_session *s;
	struct vmedia_ctx *ctx;
	struct vmedia_list node;	/* ctx->files */
	struct vmedia_list subs, events;
	unsigned int num_subs, num_events;
	uint32_t sequence;
	uint32_t prio;			/* V4L2_PRIORITY_* */
	bool closing;			/* CLOSE waits for queues to stop */
};

/* The controls of a context: ctrl.h. */
struct vmedia_ctrls {
	struct vmedia_ctrl **v;		/* by ascending ID */
	unsigned int num, cap;
	int error;
};

struct vmedia_ctx {
	struct vmedia_video *v;
	struct vmedia_session *s;	/* NULL if shared */
	void *priv;
	bool inited;
	struct vmedia_queue *queues[VMEDIA_MAX_QUEUES];
	unsigned int num_queues;
	struct vmedia_ctrls ctrls;
	struct vmedia_list files;
	uint32_t input, output;
	struct vmedia_m2m *m2m;
	bool suspended;			/* the guest's memory must not be written */
};

struct vmedia_video {
	struct vmedia_device *dev;
	struct vmedia_loop *loop;
	struct vmedia_video_config cfg;
	const struct vmedia_video_ops *ops;	/* never NULL */
	struct vmedia_ctx *shared;	/* NULL if per_session */
	struct vmedia_offsets *offsets;
	uint64_t stamp;
	uint32_t num_prio[4];
	const struct vmedia_video_io *inputs, *outputs;
	unsigned int num_inputs, num_outputs;
	struct vmedia_list jobs;	/* m2m contexts that are ready, oldest first */
	unsigned int num_jobs;
	bool scheduling;		/* begin_jobs() is active, or no job may begin */
	struct vmedia_list copies;	/* buffers with a copy in progress, one step each in turn */
	struct vmedia_deferred copier;
	struct vmedia_deferred turn;	/* m2m: if due, no job begins before the end of the round */
};

struct vmedia_file *vmedia_file_of(const struct vmedia_session *s);
/* 0, or -EBUSY if another session's priority forbids changes by @f. */
int vmedia_prio_check(const struct vmedia_file *f);
/* Call the device's ->ioctl(). Returns -ENOTTY if it has none. */
int vmedia_do_fallback(struct vmedia_file *f, struct vmedia_request *req);

#endif /* VMEDIA_V4L2_CONTEXT_H */
