/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside the framework: a device, its contexts and the sessions that use them.
 *
 * Who does what; a file calls none that stands above it:
 *
 *   video.c        creation, contexts, sessions, the pull of events, reset
 *   dispatch.c     one list: ioctl -> handler
 *   io.c           inputs, outputs, selections, crops
 *   format.c       ENUM_FMT, G/S/TRY_FMT
 *   frames.c       ENUM_FRAMESIZES, ENUM_FRAMEINTERVALS, G/S_PARM
 *   capture.c      frame sources: the loop's half; then capture_quick.c, those that need no
 *                  thread; capture_worker.c, the thread's half; capture_job.c, their buffers
 *   m2m_cmd.c      codecs: commands; then m2m.c, jobs; m2m_drain.c, ends of streams
 *   bufs.c         REQBUFS, CREATE_BUFS, REMOVE_BUFS: buffers come and go
 *   qbuf.c         QUERYBUF, PREPARE_BUF, QBUF, EXPBUF and the dequeue
 *   queue.c        a buffer queue's states; STREAMON, STREAMOFF; what devices ask of it
 *   copy.c         bytes between guest pages and private copies of them
 *   offsets.c      mem_offset <-> plane
 *   fit.c          fitting a wished format to what the device has
 *   nearest.c      the nearest format, size and interval that the device has
 *   layout.c       what of memory a format takes
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
	struct vmedia_session *s;	/* per session */
	void *priv;
	bool inited;
	struct vmedia_queue *queues[VMEDIA_MAX_QUEUES];
	unsigned int num_queues;
	struct vmedia_ctrls ctrls;
	struct vmedia_list files;
	uint32_t input, output;
	struct vmedia_m2m *m2m;
	bool suspended;			/* the guest's memory is not to be written */
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
	bool scheduling;		/* jobs are being started, or none may be */
	struct vmedia_list copies;	/* buffers whose copy goes on, each a step in its turn */
	struct vmedia_deferred copier;
	struct vmedia_deferred turn;	/* m2m: due, no job begins before the end of the round */
};

struct vmedia_file *vmedia_file_of(const struct vmedia_session *s);
/* 0, or -EBUSY if another session's priority forbids @f to change things. */
int vmedia_prio_check(const struct vmedia_file *f);
/* The device's ->ioctl(), or -ENOTTY. */
int vmedia_do_fallback(struct vmedia_file *f, struct vmedia_request *req);

#endif /* VMEDIA_V4L2_CONTEXT_H */
