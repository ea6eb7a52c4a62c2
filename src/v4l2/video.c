/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The framework as a device of core: creation, contexts, sessions, the pull of events, reset.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/videodev2.h>

#include "base/checked.h"
#include "base/log.h"
#include "v4l2/capture.h"
#include "v4l2/ctrl.h"
#include "v4l2/dispatch.h"
#include "v4l2/event.h"
#include "v4l2/format.h"
#include "v4l2/m2m.h"

#define REGION_DEFAULT (256ull << 20)

static const struct vmedia_video_ops no_ops;
static const struct vmedia_video_io default_input = { .name = "Camera 0" };
static const struct vmedia_video_io default_output = { .name = "Output 0" };

/* ---- Contexts ---- */

static void ctx_destroy(struct vmedia_ctx *ctx)
{
	unsigned int i;

	if (!ctx)
		return;
	if (ctx->m2m)
		vmedia_m2m_end(ctx);
	for (i = 0; i < ctx->num_queues; i++)
		vmedia_queue_cancel(ctx->queues[i], true);
	for (i = 0; i < ctx->num_queues; i++)
		vmedia_queue_clear(ctx->queues[i]);
	/* The workers of frame sources may still be in a fill(), which may look at the context. */
	for (i = 0; i < ctx->num_queues; i++)
		if (ctx->queues[i]->cap)
			vmedia_capture_destroy(ctx->queues[i]);
	if (ctx->inited && ctx->v->ops->context_fini)
		ctx->v->ops->context_fini(ctx);
	for (i = 0; i < ctx->num_queues; i++) {
		free(ctx->queues[i]->bufs);
		free(ctx->queues[i]);
	}
	vmedia_ctrls_finish(ctx);
	if (ctx->m2m)
		vmedia_m2m_destroy(ctx);
	free(ctx);
}

static int ctx_add_queue(struct vmedia_ctx *ctx, const struct vmedia_queue_config *cfg)
{
	const struct vmedia_queue_impl *impl = cfg->capture ? &vmedia_impl_capture
					       : ctx->m2m   ? &vmedia_impl_m2m
							    : &vmedia_impl_plain;
	struct vmedia_queue *q = calloc(1, sizeof(*q));
	int err = q ? vmedia_queue_init(q, ctx, cfg, impl) : -ENOMEM;

	if (err) {
		free(q);
		return err;
	}
	ctx->queues[ctx->num_queues++] = q;
	return cfg->capture ? vmedia_capture_create(q) : 0;
}

/* Set up the queues without hooks, then formats, since a hook may look at another queue. */
static int ctx_setup(struct vmedia_ctx *ctx)
{
	const struct vmedia_video_config *cfg = &ctx->v->cfg;
	unsigned int i;
	int err = 0;

	if (cfg->m2m)
		err = vmedia_m2m_create(ctx);
	for (i = 0; i < cfg->num_queues && !err; i++)
		err = ctx_add_queue(ctx, &cfg->queues[i]);
	if (!err && ctx->m2m)
		err = vmedia_m2m_bind(ctx);
	if (!err)
		err = vmedia_ctrls_init(ctx);
	if (!err && ctx->v->ops->context_init)
		err = ctx->v->ops->context_init(ctx);
	if (err)
		return err;
	ctx->inited = true;
	for (i = 0; i < ctx->num_queues && !err; i++)
		err = vmedia_queue_default_format(ctx->queues[i]);
	return err ? err : vmedia_ctrls_ready(ctx);
}

static int ctx_create(struct vmedia_video *v, struct vmedia_session *s, struct vmedia_ctx **out)
{
	struct vmedia_ctx *ctx = calloc(1, sizeof(*ctx));
	int err;

	if (!ctx)
		return -ENOMEM;
	ctx->v = v;
	ctx->s = s;
	ctx->priv = v->cfg.priv;
	vmedia_list_init(&ctx->files);
	err = ctx_setup(ctx);
	if (err)
		ctx_destroy(ctx);
	else
		*out = ctx;
	return err;
}

/* ---- Sessions ---- */

static int video_open(struct vmedia_session *s)
{
	struct vmedia_video *v = vmedia_device_priv(vmedia_session_device(s));
	struct vmedia_file *f = calloc(1, sizeof(*f));
	int err = 0;

	if (!f)
		return -ENOMEM;
	f->s = s;
	f->prio = V4L2_PRIORITY_DEFAULT;
	f->ctx = v->shared;
	vmedia_list_init(&f->subs);
	vmedia_list_init(&f->events);
	if (!f->ctx)
		err = ctx_create(v, s, &f->ctx);
	if (err)
		goto free_file;
	/* Commands run again, so the session that was suspended has ended meanwhile. */
	f->ctx->suspended = false;
	vmedia_session_set_priv(s, f);
	vmedia_list_add_tail(&f->ctx->files, &f->node);
	v->num_prio[f->prio]++;
	if (v->ops->open)
		err = v->ops->open(f->ctx, s);
	if (!err)
		return 0;
	v->num_prio[f->prio]--;
	vmedia_list_del(&f->node);
	vmedia_session_set_priv(s, NULL);
	if (f->ctx != v->shared)
		ctx_destroy(f->ctx);
free_file:
	free(f);
	return err;
}

/* True if the device writes the guest's memory for @f. References keep the device's own memory. */
static bool lends(const struct vmedia_file *f)
{
	const struct vmedia_queue *q;
	unsigned int i;

	for (i = 0; i < f->ctx->num_queues; i++) {
		q = f->ctx->queues[i];
		if (q->owner == f->s && !q->output && q->started &&
		    q->memory != V4L2_MEMORY_MMAP)
			return true;
	}
	return false;
}

/* Begin CLOSE as STREAMOFF, which waits for a buffer that is being written. */
static int video_closing(struct vmedia_session *s)
{
	struct vmedia_file *f = vmedia_file_of(s);
	unsigned int i;

	if (!lends(f))
		return 0;
	for (i = 0; i < f->ctx->num_queues; i++)
		if (f->ctx->queues[i]->owner == s)
			vmedia_queue_cancel(f->ctx->queues[i], false);
	f->closing = vmedia_file_stopping(f);
	return f->closing ? -EINPROGRESS : 0;
}

static void video_close(struct vmedia_session *s)
{
	struct vmedia_file *f = vmedia_file_of(s);
	struct vmedia_video *v = f->ctx->v;
	unsigned int i;

	f->closing = false;
	if (f->ctx->m2m)
		vmedia_m2m_end(f->ctx);
	for (i = 0; i < f->ctx->num_queues; i++)
		vmedia_queue_release(f->ctx->queues[i], s);
	if (v->ops->close)
		v->ops->close(f->ctx, s);
	vmedia_file_release_events(f);
	v->num_prio[f->prio]--;
	vmedia_list_del(&f->node);
	if (f->ctx != v->shared)
		ctx_destroy(f->ctx);
	vmedia_session_set_priv(s, NULL);
	free(f);
}

static int video_ioctl(struct vmedia_session *s, struct vmedia_request *req)
{
	return vmedia_video_ioctl(vmedia_file_of(s), req);
}

static int video_mmap(struct vmedia_session *s, uint32_t offset, struct vmedia_plane_map *map)
{
	struct vmedia_file *f = vmedia_file_of(s);
	struct vmedia_vbuf *vb;
	uint32_t plane;

	vb = vmedia_offsets_find(f->ctx->v->offsets, offset, &plane);
	if (!vb || vb->b.queue->ctx != f->ctx)
		return -EINVAL;
	map->backing = vb->b.planes[plane].mem;
	map->length = vb->b.planes[plane].length;
	return 0;
}

static bool video_next_event(struct vmedia_session *s, struct vmedia_evt *evt)
{
	struct vmedia_file *f = vmedia_file_of(s);
	uint64_t oldest = vmedia_file_event_stamp(f), stamp;
	struct vmedia_queue *from = NULL;
	unsigned int i;

	if (f->ctx->m2m && f->ctx->m2m->suspended)
		return false;
	for (i = 0; i < f->ctx->num_queues; i++) {
		struct vmedia_queue *q = f->ctx->queues[i];

		if (q->owner != s || vmedia_list_empty(&q->done))
			continue;
		stamp = vmedia_list_first(&q->done, struct vmedia_vbuf, node)->stamp;
		if (stamp < oldest) {
			oldest = stamp;
			from = q;
		}
	}
	if (oldest == UINT64_MAX)
		return false;
	if (from && !vmedia_copy_out(vmedia_list_first(&from->done, struct vmedia_vbuf, node)))
		return false;
	if (from)
		vmedia_queue_dequeue(from, evt);
	else
		vmedia_file_pull(f, evt);
	return true;
}

/* Reset formats, controls and inputs to their initial state for the next guest. */
static void video_reset(struct vmedia_device *dev)
{
	struct vmedia_video *v = vmedia_device_priv(dev);
	struct vmedia_ctx *ctx = v->shared;
	unsigned int i;

	for (i = 0; ctx && i < ctx->num_queues; i++) {
		vmedia_queue_clear(ctx->queues[i]);
		ctx->queues[i]->interval = (struct vmedia_fract){ 0, 0 };
		ctx->queues[i]->fsize = NULL;
		vmedia_queue_default_format(ctx->queues[i]);
	}
	if (ctx) {
		ctx->input = ctx->output = 0;
		vmedia_ctrls_reset(ctx);
	}
	if (v->ops->reset)
		v->ops->reset(v);
}

static void video_destroy(struct vmedia_device *dev)
{
	struct vmedia_video *v = vmedia_device_priv(dev);

	ctx_destroy(v->shared);
	vmedia_m2m_finish_turns(v);
	vmedia_copy_finish(v);
	if (v->ops->destroy)
		v->ops->destroy(v);
	vmedia_offsets_destroy(v->offsets);
	free(v);
}

static void video_suspend(struct vmedia_session *s, bool on)
{
	struct vmedia_ctx *ctx = vmedia_file_of(s)->ctx;
	unsigned int i;

	ctx->suspended = on;
	if (on)
		vmedia_copy_suspend(ctx);
	else
		vmedia_session_wake(s);
	if (ctx->m2m)
		vmedia_m2m_suspend(ctx, on);
	for (i = 0; i < ctx->num_queues; i++)
		if (ctx->queues[i]->cap)
			vmedia_capture_suspend(ctx->queues[i], on);
	if (ctx->v->ops->suspend)
		ctx->v->ops->suspend(ctx, on);
}

static const struct vmedia_device_ops device_ops = {
	.open = video_open,
	.closing = video_closing,
	.close = video_close,
	.ioctl = video_ioctl,
	.mmap = video_mmap,
	.next_event = video_next_event,
	.work = vmedia_capture_work,
	.suspend = video_suspend,
	.reset = video_reset,
	.destroy = video_destroy,
};

/* ---- Creation ---- */

static uint32_t queue_cap(uint32_t type)
{
	static const uint32_t caps[] = {
		[V4L2_BUF_TYPE_VIDEO_CAPTURE] = V4L2_CAP_VIDEO_CAPTURE,
		[V4L2_BUF_TYPE_VIDEO_OUTPUT] = V4L2_CAP_VIDEO_OUTPUT,
		[V4L2_BUF_TYPE_VBI_CAPTURE] = V4L2_CAP_VBI_CAPTURE,
		[V4L2_BUF_TYPE_VBI_OUTPUT] = V4L2_CAP_VBI_OUTPUT,
		[V4L2_BUF_TYPE_SLICED_VBI_CAPTURE] = V4L2_CAP_SLICED_VBI_CAPTURE,
		[V4L2_BUF_TYPE_SLICED_VBI_OUTPUT] = V4L2_CAP_SLICED_VBI_OUTPUT,
		[V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE] = V4L2_CAP_VIDEO_CAPTURE_MPLANE,
		[V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE] = V4L2_CAP_VIDEO_OUTPUT_MPLANE,
		[V4L2_BUF_TYPE_SDR_CAPTURE] = V4L2_CAP_SDR_CAPTURE,
		[V4L2_BUF_TYPE_SDR_OUTPUT] = V4L2_CAP_SDR_OUTPUT,
		[V4L2_BUF_TYPE_META_CAPTURE] = V4L2_CAP_META_CAPTURE,
		[V4L2_BUF_TYPE_META_OUTPUT] = V4L2_CAP_META_OUTPUT,
	};

	return type < VMEDIA_ARRAY_SIZE(caps) ? caps[type] : 0;
}

static uint32_t derive_caps(const struct vmedia_video_config *cfg)
{
	uint32_t caps = cfg->device_caps, both = 0;
	unsigned int i;

	for (i = 0; i < cfg->num_queues; i++)
		both |= queue_cap(cfg->queues[i].type);
	if (cfg->num_queues)
		caps |= V4L2_CAP_STREAMING | V4L2_CAP_EXT_PIX_FORMAT;
	if (!cfg->m2m)
		return caps | both;
	both &= ~(uint32_t)(V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_VIDEO_OUTPUT |
			    V4L2_CAP_VIDEO_CAPTURE_MPLANE | V4L2_CAP_VIDEO_OUTPUT_MPLANE);
	for (i = 0; i < cfg->num_queues; i++)
		if (V4L2_TYPE_IS_MULTIPLANAR(cfg->queues[i].type))
			return caps | both | V4L2_CAP_VIDEO_M2M_MPLANE;
	return caps | both | V4L2_CAP_VIDEO_M2M;
}

static int check_format(const struct vmedia_queue_config *q, const struct vmedia_format_config *f)
{
	bool video = q->type == V4L2_BUF_TYPE_VIDEO_CAPTURE ||
		     q->type == V4L2_BUF_TYPE_VIDEO_OUTPUT || V4L2_TYPE_IS_MULTIPLANAR(q->type);
	const struct vmedia_pixfmt *pf = vmedia_pixfmt_find(f->pixelformat);
	char name[16];

	vmedia_fourcc(f->pixelformat, name);
	if (!pf && !f->description) {
		vmedia_err("format %s is not in the table and has no description", name);
		return -EINVAL;
	}
	if (video && !f->num_sizes) {
		vmedia_err("format %s has no frame sizes", name);
		return -EINVAL;
	}
	if (!video && !f->sizeimage) {
		vmedia_err("data format %s has no buffer size", name);
		return -EINVAL;
	}
	if (pf && pf->mem_planes > 1 && !V4L2_TYPE_IS_MULTIPLANAR(q->type)) {
		vmedia_err("format %s has %u memory planes, its queue one", name, pf->mem_planes);
		return -EINVAL;
	}
	return 0;
}

static int check_config(const struct vmedia_video_config *cfg)
{
	unsigned int i, j;

	if (cfg->num_queues > VMEDIA_MAX_QUEUES) {
		vmedia_err("a device with %u queues was asked for, %u are possible",
			   cfg->num_queues, VMEDIA_MAX_QUEUES);
		return -EINVAL;
	}
	if (cfg->m2m && !cfg->per_session) {
		vmedia_err("a memory-to-memory device needs a context for each session");
		return -EINVAL;
	}
	for (i = 0; i < cfg->num_queues; i++) {
		const struct vmedia_queue_config *q = &cfg->queues[i];

		if (!queue_cap(q->type) || (!q->num_formats && !q->initial)) {
			vmedia_err("queue %u has type %u and %u formats: no such queue is possible",
				   i, q->type, q->num_formats);
			return -EINVAL;
		}
		if (q->capture && cfg->per_session) {
			vmedia_err("queue %u has a frame source, which a device of per-session "
				   "contexts cannot have",
				   i);
			return -EINVAL;
		}
		if (q->capture && q->min_queued) {
			vmedia_err("queue %u has a frame source and min_queued %u: a source is "
				   "started without buffers",
				   i, q->min_queued);
			return -EINVAL;
		}
		for (j = 0; j < q->num_formats; j++)
			if (check_format(q, &q->formats[j]))
				return -EINVAL;
	}
	return 0;
}

static bool has_type(const struct vmedia_video_config *cfg, uint32_t a, uint32_t b, uint32_t c)
{
	unsigned int i;

	for (i = 0; i < cfg->num_queues; i++)
		if (cfg->queues[i].type == a || cfg->queues[i].type == b ||
		    cfg->queues[i].type == c)
			return true;
	return false;
}

static void choose_io(struct vmedia_video *v)
{
	const struct vmedia_video_config *cfg = &v->cfg;

	v->inputs = cfg->inputs;
	v->num_inputs = cfg->inputs ? cfg->num_inputs : 0;
	v->outputs = cfg->outputs;
	v->num_outputs = cfg->outputs ? cfg->num_outputs : 0;
	if (cfg->m2m)
		return;
	if (!cfg->inputs &&
	    has_type(cfg, V4L2_BUF_TYPE_VIDEO_CAPTURE, V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE,
		     V4L2_BUF_TYPE_VBI_CAPTURE)) {
		v->inputs = &default_input;
		v->num_inputs = 1;
	}
	if (!cfg->outputs &&
	    has_type(cfg, V4L2_BUF_TYPE_VIDEO_OUTPUT, V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE,
		     V4L2_BUF_TYPE_VBI_OUTPUT)) {
		v->outputs = &default_output;
		v->num_outputs = 1;
	}
}

int vmedia_video_create(struct vmedia_loop *loop, const struct vmedia_video_config *cfg,
			struct vmedia_device **dev)
{
	struct vmedia_device_config dc = { .ops = &device_ops,
					   .config.device_type = cfg->device_type };
	struct vmedia_video *v;
	int err = check_config(cfg);

	if (err)
		return err;
	v = calloc(1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	v->loop = loop;
	v->cfg = *cfg;
	v->ops = cfg->ops ? cfg->ops : &no_ops;
	vmedia_m2m_init_turns(v);
	vmedia_copy_init(v);
	choose_io(v);
	dc.config.device_caps = derive_caps(cfg);
	memcpy(dc.config.card, cfg->card, strnlen(cfg->card, sizeof(dc.config.card)));
	dc.region_size = cfg->no_region ? 0 : cfg->region_size ? cfg->region_size : REGION_DEFAULT;
	vmedia_limits_default(&dc.limits);
	if (cfg->limits)
		dc.limits = *cfg->limits;
	dc.priv = v;
	err = vmedia_offsets_create(&v->offsets);
	if (!err)
		err = vmedia_device_create(loop, &dc, &v->dev);
	if (err) {
		vmedia_offsets_destroy(v->offsets);
		free(v);
		return err;
	}
	if (!cfg->per_session)
		err = ctx_create(v, NULL, &v->shared);
	if (!err) {
		*dev = v->dev;
		return 0;
	}
	/* After an error the caller still owns @priv: do not call its ->destroy(). */
	v->ops = &no_ops;
	vmedia_device_destroy(v->dev);
	return err;
}
