/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sessions of decoders and encoders: how their jobs begin and end.
 *
 * Theory of operation
 *
 *   A job takes its buffers (vmedia_m2m_take_*()), and references on their memory for its thread.
 *   STREAMOFF and the session's end ask it to stop; it then returns what it has not used. After the
 *   session's end it is an orphan: it has no buffers any more, only references. It is freed at the
 *   end of the round in which its last job ends, since a worker cannot be destroyed in done().
 *
 * Context: the device's loop.
 */
#include <stdlib.h>

#include <vmedia/codec.h>

#include "base/log.h"
#include "v4l2/codec.h"
#include "v4l2/m2m.h"

/* ---- Jobs ---- */

static void job_end(struct vmedia_codec_session *s, int err)
{
	s->running = false;
	s->ops->end(s, err);
	vmedia_m2m_job_done(s->ctx);
}

void vmedia_codec_session_run(struct vmedia_codec_session *s)
{
	int err;

	s->running = true;
	err = vmedia_worker_submit(s->worker, &s->job);
	if (err)
		job_end(s, err);
}

/* Free an orphan without jobs. */
static void bury_orphan(struct vmedia_codec_session *s)
{
	if (!s->ctx && !s->running && !s->closing)
		vmedia_defer(&s->bury);
}

static void job_done(struct vmedia_job *job, int err)
{
	struct vmedia_codec_session *s =
		vmedia_container_of(job, struct vmedia_codec_session, job);

	(void)err;
	if (s->ctx) {
		job_end(s, 0);
		return;
	}
	s->running = false;
	s->ops->drop(s);
	bury_orphan(s);
}

static void job_work(struct vmedia_worker *worker, struct vmedia_job *job)
{
	struct vmedia_codec_session *s =
		vmedia_container_of(job, struct vmedia_codec_session, job);

	(void)worker;
	s->ops->work(s);
}

void vmedia_codec_session_progress(struct vmedia_codec_session *s)
{
	vmedia_loop_post(s->all->loop, &s->progress);
}

static void on_progress(struct vmedia_post *post)
{
	struct vmedia_codec_session *s =
		vmedia_container_of(post, struct vmedia_codec_session, progress);

	if (s->ctx && s->running)
		s->ops->progress(s);
}

void vmedia_codec_session_close(struct vmedia_codec_session *s)
{
	if (!s->closing)
		s->closing = !vmedia_worker_submit(s->worker, &s->close);
}

static void close_work(struct vmedia_worker *worker, struct vmedia_job *job)
{
	struct vmedia_codec_session *s =
		vmedia_container_of(job, struct vmedia_codec_session, close);

	(void)worker;
	s->ops->close(s);
}

static void close_done(struct vmedia_job *job, int err)
{
	struct vmedia_codec_session *s =
		vmedia_container_of(job, struct vmedia_codec_session, close);

	(void)err;
	s->closing = false;
	bury_orphan(s);
}

void vmedia_codec_session_fail(struct vmedia_codec_session *s, const char *what, int err)
{
	struct vmedia_queue *q[] = { vmedia_m2m_src(s->ctx), vmedia_m2m_dst(s->ctx) };

	vmedia_warn("%s cannot go on (error %d); each of its queues gets EIO until its STREAMOFF",
		    what, -err);
	s->fatal = true;
	/* One whose STREAMOFF waits for this job begins anew. */
	for (unsigned int i = 0; i < 2; i++)
		if (!q[i]->stopping)
			vmedia_queue_error(q[i]);
}

bool vmedia_codec_has_input(const struct vmedia_ctx *ctx)
{
	if (ctx->m2m->draining && !ctx->m2m->last_src)
		return false;
	return vmedia_m2m_num_src(ctx);
}

void vmedia_codec_job_abort(struct vmedia_ctx *ctx)
{
	struct vmedia_codec_session *s = vmedia_codec_session_of(ctx);

	if (!vmedia_worker_cancel(s->worker, &s->job))
		job_end(s, 0);
}

int vmedia_codec_job_wait(struct vmedia_ctx *ctx, uint64_t until)
{
	struct vmedia_codec_session *s = vmedia_codec_session_of(ctx);

	if (!vmedia_worker_cancel(s->worker, &s->job)) {
		job_end(s, 0);
		return 0;
	}
	return vmedia_worker_wait(s->worker, &s->job, until);
}

static void orphan(struct vmedia_codec_session *s)
{
	vmedia_list_add_tail(&s->all->orphans, &s->node);
	s->ctx = NULL;
}

void vmedia_codec_job_orphan(struct vmedia_ctx *ctx)
{
	struct vmedia_codec_session *s = vmedia_codec_session_of(ctx);

	orphan(s);
	if (!vmedia_worker_cancel(s->worker, &s->job))
		job_done(&s->job, 0);
}

void vmedia_codec_drain(struct vmedia_ctx *ctx)
{
	(void)ctx;
}

/* ---- Sessions ---- */

static void bury(struct vmedia_deferred *deferred)
{
	struct vmedia_codec_session *s =
		vmedia_container_of(deferred, struct vmedia_codec_session, bury);

	/* The end of its queues may have submitted the close job since. Then that one frees it. */
	if (!s->closing)
		vmedia_codec_session_destroy(s);
}

int vmedia_codec_session_init(struct vmedia_codec_session *s,
			      const struct vmedia_codec_session_ops *ops, struct vmedia_ctx *ctx,
			      struct vmedia_codec_sessions *all)
{
	s->ops = ops;
	s->ctx = ctx;
	s->next_tag = 1;
	s->all = all;
	vmedia_list_init(&s->node);
	vmedia_deferred_init(all->loop, &s->bury, bury);
	vmedia_worker_init_job(&s->job, job_work, job_done);
	vmedia_worker_init_job(&s->close, close_work, close_done);
	vmedia_post_init(&s->progress, on_progress);
	return vmedia_worker_create(all->loop, &s->worker);
}

void vmedia_codec_session_destroy(struct vmedia_codec_session *s)
{
	vmedia_deferred_cancel(&s->bury);
	/* An orphan's jobs may still run: their done() are called from here. */
	vmedia_worker_destroy(s->worker);
	vmedia_loop_unpost(s->all->loop, &s->progress);
	vmedia_deferred_cancel(&s->bury);
	vmedia_list_del(&s->node);
	vmedia_codec_session_count(s, 0);
	free(s->meta);
	s->ops->destroy(s);
}

void vmedia_codec_session_fini(struct vmedia_ctx *ctx)
{
	struct vmedia_codec_session *s = vmedia_codec_session_of(ctx);

	if (!s->ctx)
		return;		/* an orphan, which its job's end frees */
	if (s->closing)
		orphan(s);
	else
		vmedia_codec_session_destroy(s);
}

bool vmedia_codec_session_count(struct vmedia_codec_session *s, uint64_t pixels)
{
	uint64_t others = s->all->pixels - s->pixels;

	if (pixels && (others > s->all->max_pixels || pixels > s->all->max_pixels - others))
		return false;
	s->all->pixels = others + pixels;
	s->pixels = pixels;
	return true;
}

void vmedia_codec_sessions_init(struct vmedia_codec_sessions *all, struct vmedia_loop *loop,
				uint64_t max_pixels)
{
	all->loop = loop;
	all->max_pixels = max_pixels ? max_pixels : VMEDIA_CODEC_MAX_PIXELS;
	vmedia_list_init(&all->orphans);
}

void vmedia_codec_sessions_fini(struct vmedia_codec_sessions *all)
{
	while (!vmedia_list_empty(&all->orphans))
		vmedia_codec_session_destroy(
			vmedia_list_first(&all->orphans, struct vmedia_codec_session, node));
}
