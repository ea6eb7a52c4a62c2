/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory-to-memory contexts: m2m.c has the jobs, m2m_drain.c the ends of streams,
 * m2m_cmd.c the commands.
 */
#ifndef VMEDIA_V4L2_M2M_H
#define VMEDIA_V4L2_M2M_H

#include <vmedia/m2m.h>

#include "v4l2/queue.h"

struct vmedia_m2m {
	const struct vmedia_m2m_ops *ops;
	struct vmedia_queue *src, *dst;
	struct vmedia_list src_ready, dst_ready;
	bool running, waiting;		/* a job runs; in the device's list of ready contexts */
	bool suspended;			/* the guest's memory is not to be written */
	/* Ends of streams: m2m_drain.c */
	bool draining, drained, changed, ended, last_pending;
	struct vmedia_vbuf *last_src;	/* the newest that CMD_STOP saw, until it is done with */
	struct vmedia_list node;	/* video->jobs */
	struct vmedia_ctx *ctx;
};

extern const struct vmedia_queue_impl vmedia_impl_m2m;
int vmedia_m2m_create(struct vmedia_ctx *ctx);
/* Its queues are there: find the two. -EINVAL. */
int vmedia_m2m_bind(struct vmedia_ctx *ctx);
/*
 * @on: no job begins, the one under way writes no more on return, and what it finishes waits here;
 * !@on: it goes out, and jobs begin again.
 */
void vmedia_m2m_suspend(struct vmedia_ctx *ctx, bool on);
/* The turns of @v's sessions, from its creation to its end. */
void vmedia_m2m_init_turns(struct vmedia_video *v);
void vmedia_m2m_finish_turns(struct vmedia_video *v);
/* The session ends, before its queues stop. */
void vmedia_m2m_release(struct vmedia_ctx *ctx);
void vmedia_m2m_destroy(struct vmedia_ctx *ctx);

/* ---- Between the two ---- */

/* A LAST buffer is due: send it, EOS before it if that is due too, once CAPTURE has a buffer. */
void vmedia_m2m_send_last(struct vmedia_m2m *m);
/* Something happened after which a drain may be dry: then its LAST is due. */
void vmedia_m2m_settle(struct vmedia_m2m *m);
/* Streaming of @q began, or ended: what that means for a drain. */
void vmedia_m2m_queue_started(struct vmedia_m2m *m, struct vmedia_queue *q);
void vmedia_m2m_queue_stopped(struct vmedia_m2m *m, struct vmedia_queue *q);

#endif /* VMEDIA_V4L2_M2M_H */
