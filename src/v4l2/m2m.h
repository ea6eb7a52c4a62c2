/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory-to-memory contexts: m2m.c has the jobs, m2m_drain.c the ends of streams, m2m_cmd.c the
 * commands.
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
	bool suspended;			/* the guest's memory must not be written */
	/* Ends of streams: m2m_drain.c */
	bool draining, drained, changed, ended, last_pending;
	struct vmedia_vbuf *last_src;	/* the newest buffer at CMD_STOP, until it is done */
	struct vmedia_list node;	/* video->jobs */
	struct vmedia_ctx *ctx;
};

extern const struct vmedia_queue_impl vmedia_impl_m2m;
int vmedia_m2m_create(struct vmedia_ctx *ctx);
/* Find the two queues, which exist now. Returns 0 or -EINVAL. */
int vmedia_m2m_bind(struct vmedia_ctx *ctx);
/*
 * @on: begin no jobs, wait until the running job does not write any more, and hold its finished
 * buffers; !@on: send these, and begin jobs again.
 */
void vmedia_m2m_suspend(struct vmedia_ctx *ctx, bool on);
/* Set up the turns of @v's sessions, at its creation; and end them, at its end. */
void vmedia_m2m_init_turns(struct vmedia_video *v);
void vmedia_m2m_finish_turns(struct vmedia_video *v);
/* End the session's jobs, before its queues stop. */
void vmedia_m2m_end(struct vmedia_ctx *ctx);
void vmedia_m2m_destroy(struct vmedia_ctx *ctx);

/* ---- Between m2m.c and m2m_drain.c ---- */

/* Send a LAST buffer that is due, after the EOS event if that is due, once CAPTURE has a buffer. */
void vmedia_m2m_send_last(struct vmedia_m2m *m);
/* Check whether a drain has no more data; its LAST is then due. */
void vmedia_m2m_settle(struct vmedia_m2m *m);
/* Update the drain after streaming of @q has begun, or ended. */
void vmedia_m2m_queue_started(struct vmedia_m2m *m, struct vmedia_queue *q);
void vmedia_m2m_queue_stopped(struct vmedia_m2m *m, struct vmedia_queue *q);

#endif /* VMEDIA_V4L2_M2M_H */
