/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ends of streams: drains, new resolutions, LAST buffers. Rules: <vmedia/m2m.h>.
 *
 * Theory of operation
 *
 *   A drain and a new resolution both end a stream for CAPTURE. A new resolution may come during a
 *   drain, and CMD_STOP may come after a resolution has ended. So the two are stored as separate
 *   facts and not as one state. The states of <vmedia/m2m.h> are derived from these facts:
 *
 *	draining	CMD_STOP was accepted, and its LAST has not gone out
 *	drained		... and the codec has no more data for it
 *	changed		the resolution ended: no job before CAPTURE restarts, or CMD_START
 *	ended		a drain's LAST went out: no job before the same
 *	last_pending	a LAST is due, of `changed` or else of `draining`, and CAPTURE has no buffer
 *
 *	STOPPED = changed, ended or last_pending; else DRAINING = draining; else RUNNING
 *
 *	event			before				after
 *	CMD_STOP		draining			-EBUSY
 *				ended, or a queue is off	nothing
 *				else				draining
 *	no more data		draining, not changed		last_pending (EOS)
 *				draining and changed		drained: the above, later
 *	a resolution ends	CAPTURE on, not STOPPED		changed, last_pending
 *	LAST goes out		changed				not last_pending
 *				else				ended, not draining
 *	CMD_START		last_pending, or draining
 *				and not changed			-EBUSY
 *				changed or ended		neither
 *	STREAMOFF CAPTURE	changed, OUTPUT on		not changed; a drain goes on
 *				else				nothing: a drain is abandoned
 *	STREAMOFF OUTPUT	draining, CAPTURE on		drained, not changed
 *				CAPTURE off			nothing
 *	STREAMON OUTPUT		not last_pending		neither changed nor ended
 */
#include <linux/videodev2.h>

#include "v4l2/m2m.h"

enum vmedia_m2m_state vmedia_m2m_state(const struct vmedia_ctx *ctx)
{
	const struct vmedia_m2m *m = ctx->m2m;

	if (m->changed || m->ended || m->last_pending)
		return VMEDIA_M2M_STOPPED;
	return m->draining ? VMEDIA_M2M_DRAINING : VMEDIA_M2M_RUNNING;
}

bool vmedia_m2m_is_last_src(const struct vmedia_ctx *ctx, const struct vmedia_buf *src)
{
	return ctx->m2m->last_src && &ctx->m2m->last_src->b == src;
}

/* ---- LAST ---- */

static void give_last(struct vmedia_m2m *m, struct vmedia_buf *dst)
{
	m->last_pending = false;
	if (!m->changed) {
		m->draining = false;
		m->drained = false;
		m->ended = true;
		vmedia_ctx_event_eos(m->ctx);
	}
	dst->flags |= V4L2_BUF_FLAG_LAST;
	vmedia_buf_done(dst, VMEDIA_BUF_DONE);
}

void vmedia_m2m_send_last(struct vmedia_m2m *m)
{
	struct vmedia_buf *dst;
	uint32_t i;

	if (!m->last_pending || !m->dst->started || m->dst->stopping ||
	    vmedia_list_empty(&m->dst_ready))
		return;
	/* The buffer is empty, so its size does not matter. */
	dst = &vmedia_list_first(&m->dst_ready, struct vmedia_vbuf, ready)->b;
	for (i = 0; i < dst->num_planes; i++)
		dst->planes[i].bytesused = 0;
	give_last(m, dst);
}

void vmedia_m2m_settle(struct vmedia_m2m *m)
{
	bool dry = m->drained || (!m->ops->drain && !m->last_src && !m->running);

	if (!m->draining || !dry || m->changed || m->last_pending)
		return;
	m->last_pending = true;
	vmedia_m2m_send_last(m);
}

void vmedia_m2m_drained(struct vmedia_ctx *ctx)
{
	ctx->m2m->drained = ctx->m2m->draining;
	vmedia_m2m_settle(ctx->m2m);
}

void vmedia_m2m_source_change_last(struct vmedia_ctx *ctx)
{
	struct vmedia_m2m *m = ctx->m2m;

	if (vmedia_m2m_state(ctx) == VMEDIA_M2M_STOPPED || !m->dst->started || m->dst->stopping)
		return;
	m->changed = true;
	m->last_pending = true;
	vmedia_m2m_send_last(m);
}

void vmedia_m2m_buf_last(struct vmedia_ctx *ctx, struct vmedia_buf *dst)
{
	struct vmedia_m2m *m = ctx->m2m;

	if (!dst) {
		vmedia_m2m_drained(ctx);
		return;
	}
	/*
	 * A resolution's LAST went out while the job ran. The drain's LAST waits for the restart.
	 */
	if (vmedia_m2m_state(ctx) == VMEDIA_M2M_STOPPED && !m->last_pending) {
		m->drained = m->draining;
		vmedia_buf_done(dst, VMEDIA_BUF_DONE);
		return;
	}
	if (!m->draining)
		m->changed = true;
	give_last(m, dst);
}

/* ---- Effects of STREAMON and STREAMOFF ---- */

static void clear(struct vmedia_m2m *m)
{
	m->draining = false;
	m->drained = false;
	m->changed = false;
	m->ended = false;
	m->last_pending = false;
	m->last_src = NULL;
}

void vmedia_m2m_queue_started(struct vmedia_m2m *m, struct vmedia_queue *q)
{
	if (q == m->src && !m->last_pending) {
		m->changed = false;
		m->ended = false;
	}
	/* A drain's LAST may have waited for CAPTURE, or for the end of a resolution. */
	vmedia_m2m_settle(m);
	vmedia_m2m_send_last(m);
}

void vmedia_m2m_queue_stopped(struct vmedia_m2m *m, struct vmedia_queue *q)
{
	bool output = q == m->src;
	bool goes_on = output ? m->dst->started : m->changed && m->src->started;

	if (!goes_on) {
		clear(m);
		return;
	}
	if (output) {
		/* No more input can come, and the input that was to be drained was dropped. */
		m->last_src = NULL;
		m->drained = m->draining;
	}
	if (!output || m->draining) {
		m->changed = false;
		m->last_pending = false;
	}
	vmedia_m2m_settle(m);
}
