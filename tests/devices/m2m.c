/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory-to-memory devices that invert bytes: see m2m.h. */
#include "m2m.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/videodev2.h>

#include <vmedia/m2m.h>
#include <vmedia/video.h>

#include "base/fd.h"
#include "base/loop.h"

#define HEADER	16

enum kind { INVERT, ENCODER, DECODER, NAIVE };

static enum kind kind;
static uint64_t job_ns;
static bool resets;
static uint32_t max_width, max_height;
static struct vmedia_loop *loop;

/* What a context has besides the framework's. */
struct toy {
	struct vmedia_ctx *ctx;
	struct vmedia_timer timer;	/* armed: a job runs */
	bool told;			/* the first header's size */
	bool changed;			/* CAPTURE must be set up anew first */
	struct vmedia_rect crop, compose;	/* width 0: the whole picture */
};

static struct toy *toy_of(const struct vmedia_ctx *ctx)
{
	return vmedia_ctx_priv(ctx);
}

/* ---- The stream's header ---- */

static uint32_t get32(const uint8_t *p)
{
	return p[0] | p[1] << 8 | p[2] << 16 | (uint32_t)p[3] << 24;
}

static void put32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
	p[2] = (uint8_t)(v >> 16);
	p[3] = (uint8_t)(v >> 24);
}

static void size_of(const struct vmedia_queue *q, uint32_t *width, uint32_t *height)
{
	const struct vmedia_format *f = vmedia_queue_format(q);

	if (V4L2_TYPE_IS_MULTIPLANAR(vmedia_queue_type(q))) {
		*width = f->fmt.pix_mp.width;
		*height = f->fmt.pix_mp.height;
	} else {
		*width = f->fmt.pix.width;
		*height = f->fmt.pix.height;
	}
}

/* Of an OUTPUT buffer: a header with a size that can be had. */
static bool header(const struct vmedia_buf *src, uint32_t *width, uint32_t *height)
{
	const uint8_t *p = vmedia_buf_plane(src, 0);

	if (src->planes[0].bytesused < HEADER || memcmp(p, "VTST", 4))
		return false;
	*width = get32(p + 4);
	*height = get32(p + 8);
	return *width >= 32 && *width <= max_width && *height >= 32 && *height <= max_height;
}

/* ---- A job ---- */

static uint32_t invert(uint8_t *to, uint32_t room, const uint8_t *from, uint32_t len)
{
	uint32_t i, n = len < room ? len : room;

	for (i = 0; i < n; i++)
		to[i] = (uint8_t)~from[i];
	return n;
}

static void convert(const struct vmedia_buf *src, struct vmedia_buf *dst)
{
	const uint8_t *from = vmedia_buf_plane(src, 0);
	uint8_t *to = vmedia_buf_plane(dst, 0);
	uint32_t used = src->planes[0].bytesused, width, height, i;

	switch (kind) {
	case INVERT:
		for (i = 0; i < dst->num_planes; i++) {
			uint32_t j = i < src->num_planes ? i : 0;

			invert(vmedia_buf_plane(dst, i), dst->planes[i].length,
			       vmedia_buf_plane(src, j), src->planes[j].bytesused);
			dst->planes[i].bytesused = dst->planes[i].length;
		}
		break;
	case ENCODER:
		size_of(src->queue, &width, &height);
		memcpy(to, "VTST", 4);
		put32(to + 4, width);
		put32(to + 8, height);
		put32(to + 12, used);
		used = invert(to + HEADER, dst->planes[0].length - HEADER, from, used);
		dst->planes[0].bytesused = HEADER + used;
		break;
	case DECODER:
		dst->planes[0].bytesused = invert(to, dst->planes[0].length, from + HEADER,
						  used - HEADER);
		break;
	case NAIVE:
		used = vmedia_queue_format(dst->queue)->fmt.pix.sizeimage;
		memset(to, from[used % HEADER], used);
		dst->planes[0].bytesused = used;
		break;
	}
}

static void finish(struct vmedia_timer *timer)
{
	struct toy *toy = vmedia_container_of(timer, struct toy, timer);
	struct vmedia_ctx *ctx = toy->ctx;
	struct vmedia_buf *src, *dst;
	uint32_t width, height;
	bool bad, last;

	/* STREAMOFF may have taken either away. */
	if (!vmedia_m2m_next_src(ctx) || !vmedia_m2m_next_dst(ctx)) {
		vmedia_m2m_job_done(ctx);
		return;
	}
	src = vmedia_m2m_take_src(ctx);
	dst = vmedia_m2m_take_dst(ctx);
	bad = kind >= DECODER && !header(src, &width, &height);
	if (!bad)
		convert(src, dst);
	vmedia_m2m_copy_metadata(src, dst);
	last = vmedia_m2m_is_last_src(ctx, src);
	vmedia_buf_done(src, bad ? VMEDIA_BUF_ERROR : VMEDIA_BUF_DONE);
	if (last && vmedia_m2m_state(ctx) == VMEDIA_M2M_DRAINING)
		vmedia_m2m_buf_last(ctx, dst);
	else
		vmedia_buf_done(dst, bad ? VMEDIA_BUF_ERROR : VMEDIA_BUF_DONE);
	vmedia_m2m_job_done(ctx);
}

static void job_run(struct vmedia_ctx *ctx)
{
	vmedia_timer_arm(&toy_of(ctx)->timer, vmedia_now_ns() + job_ns);
}

static int job_wait(struct vmedia_ctx *ctx, uint64_t until)
{
	(void)until;
	vmedia_timer_cancel(&toy_of(ctx)->timer);
	finish(&toy_of(ctx)->timer);
	return 0;
}

static void job_abort(struct vmedia_ctx *ctx)
{
	vmedia_timer_arm(&toy_of(ctx)->timer, vmedia_now_ns());
}

static void job_orphan(struct vmedia_ctx *ctx)
{
	vmedia_timer_cancel(&toy_of(ctx)->timer);
}

/* ---- A decoder's beginning and changes ---- */

static void set_capture_size(struct vmedia_queue *q, uint32_t width, uint32_t height)
{
	struct vmedia_format f = *vmedia_queue_format(q);

	if (resets)
		f.fmt.pix.pixelformat = V4L2_PIX_FMT_RGB24;
	f.fmt.pix.width = width;
	f.fmt.pix.height = height;
	f.fmt.pix.bytesperline = 0;
	vmedia_queue_set_format(q, &f);
}

/* Headers are read before CAPTURE streams; a frame needs a CAPTURE buffer of its size. */
static bool decoder_ready(struct vmedia_ctx *ctx)
{
	struct toy *toy = toy_of(ctx);
	struct vmedia_buf *src = vmedia_m2m_next_src(ctx);
	struct vmedia_queue *dst = vmedia_m2m_dst(ctx);
	uint32_t width, height, have_width, have_height;

	if (!src || toy->changed)
		return false;
	size_of(dst, &have_width, &have_height);
	if (header(src, &width, &height) &&
	    (!toy->told || width != have_width || height != have_height)) {
		set_capture_size(dst, width, height);
		toy->told = true;
		vmedia_ctx_event_source_change(ctx, V4L2_EVENT_SRC_CH_RESOLUTION);
		if (vmedia_queue_streaming(dst)) {
			toy->changed = true;
			vmedia_m2m_source_change_last(ctx);
			return false;
		}
	}
	return vmedia_queue_streaming(dst) && vmedia_m2m_next_dst(ctx);
}

static void stop(struct vmedia_queue *q)
{
	struct toy *toy = toy_of(vmedia_queue_ctx(q));

	if (vmedia_queue_is_output(q))
		toy->told = false;
	else
		toy->changed = false;
}

static void resume(struct vmedia_ctx *ctx)
{
	toy_of(ctx)->changed = false;
}

static const struct vmedia_m2m_ops plain_m2m = {
	.max_jobs = 4,
	.job_run = job_run,
	.job_abort = job_abort,
	.job_wait = job_wait,
	.job_orphan = job_orphan,
	.stop = stop,
	.resume = resume,
};

/* ---- Contexts ---- */

static int context_init(struct vmedia_ctx *ctx)
{
	struct toy *toy = calloc(1, sizeof(*toy));

	if (!toy)
		return -ENOMEM;
	toy->ctx = ctx;
	vmedia_timer_init(loop, &toy->timer, finish);
	vmedia_ctx_set_priv(ctx, toy);
	return 0;
}

static void context_fini(struct vmedia_ctx *ctx)
{
	struct toy *toy = toy_of(ctx);

	vmedia_timer_cancel(&toy->timer);
	free(toy);
}

/* OUTPUT's size, and an inverter's pixel format, become CAPTURE's: nothing is scaled here. */
static void set_fmt(struct vmedia_queue *q, const struct vmedia_format *f)
{
	struct vmedia_queue *dst = vmedia_ctx_queue(vmedia_queue_ctx(q), f->type - 1);
	struct vmedia_format own;

	if (!dst || vmedia_queue_busy(dst))
		return;
	own = *vmedia_queue_format(dst);
	if (V4L2_TYPE_IS_MULTIPLANAR(f->type)) {
		uint32_t fourcc = own.fmt.pix_mp.pixelformat;

		own.fmt.pix_mp = f->fmt.pix_mp;
		if (kind != INVERT)
			own.fmt.pix_mp.pixelformat = fourcc;
	} else {
		uint32_t fourcc = own.fmt.pix.pixelformat;

		own.fmt.pix = f->fmt.pix;
		if (kind != INVERT)
			own.fmt.pix.pixelformat = fourcc;
		own.fmt.pix.bytesperline = 0;
		own.fmt.pix.sizeimage = 0;
	}
	vmedia_queue_set_format(dst, &own);
}

static void set_fmt_output(struct vmedia_queue *q, const struct vmedia_format *f)
{
	if (vmedia_queue_is_output(q))
		set_fmt(q, f);
}

static const struct vmedia_video_ops ops = {
	.context_init = context_init,
	.context_fini = context_fini,
	.set_fmt = set_fmt_output,
};

/* ---- Selections, which jobs ignore ---- */

static int g_selection(struct vmedia_queue *q, struct vmedia_selection *sel)
{
	struct toy *toy = toy_of(vmedia_queue_ctx(q));
	bool output = vmedia_queue_is_output(q);
	const struct vmedia_rect *r = output ? &toy->crop : &toy->compose;
	uint32_t first = output ? V4L2_SEL_TGT_CROP : V4L2_SEL_TGT_COMPOSE;

	if (sel->target < first || sel->target > first + V4L2_SEL_TGT_CROP_BOUNDS)
		return -EINVAL;
	sel->r = (struct vmedia_rect){ 0 };
	size_of(q, &sel->r.width, &sel->r.height);
	if (sel->target == first && r->width && r->left + r->width <= sel->r.width &&
	    r->top + r->height <= sel->r.height)
		sel->r = *r;
	return 0;
}

static int s_selection(struct vmedia_queue *q, struct vmedia_selection *sel)
{
	struct toy *toy = toy_of(vmedia_queue_ctx(q));
	bool output = vmedia_queue_is_output(q);

	if (sel->target != (output ? V4L2_SEL_TGT_CROP : V4L2_SEL_TGT_COMPOSE))
		return -EINVAL;
	if (sel->r.left < 0 || sel->r.top < 0 || !sel->r.height)
		return -ERANGE;
	*(output ? &toy->crop : &toy->compose) = sel->r;
	return g_selection(q, sel);
}

static const struct vmedia_video_ops selecting_ops = {
	.context_init = context_init,
	.context_fini = context_fini,
	.set_fmt = set_fmt_output,
	.g_selection = g_selection,
	.s_selection = s_selection,
};

/* ---- Configurations ---- */

static struct vmedia_frame_size sizes[] = { {
	.width = 32, .step_width = 2, .height = 32, .step_height = 2,
} };

#define FORMAT(f) { .pixelformat = V4L2_PIX_FMT_##f, .sizes = sizes, .num_sizes = 1 }
static const struct vmedia_format_config raw[] = { FORMAT(RGB24), FORMAT(GREY), FORMAT(YUYV),
						   FORMAT(YUV420) };
static const struct vmedia_format_config planes[] = { FORMAT(YUV420M), FORMAT(YVU420M),
						      FORMAT(GREY) };
static struct vmedia_format_config coded[] = {
	{ .pixelformat = V4L2_PIX_FMT_FWHT, .sizes = sizes, .num_sizes = 1,
	  .flags = V4L2_FMT_FLAG_DYN_RESOLUTION },
};

/* How many buffers the coded side's opposite needs; for a program that allocates them. */
static const struct vmedia_ctrl_config encoder_ctrls[] = {
	{ .id = V4L2_CID_MIN_BUFFERS_FOR_OUTPUT, .min = 1, .max = 1, .def = 1,
	  .flags = V4L2_CTRL_FLAG_READ_ONLY },
};
static const struct vmedia_ctrl_config decoder_ctrls[] = {
	{ .id = V4L2_CID_MIN_BUFFERS_FOR_CAPTURE, .min = 1, .max = 1, .def = 1,
	  .flags = V4L2_CTRL_FLAG_READ_ONLY },
};

static const struct vmedia_queue_config single[2] = {
	{ .type = V4L2_BUF_TYPE_VIDEO_OUTPUT, .formats = raw, .num_formats = 4,
	  .timestamp = V4L2_BUF_FLAG_TIMESTAMP_COPY },
	{ .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .formats = raw, .num_formats = 4,
	  .timestamp = V4L2_BUF_FLAG_TIMESTAMP_COPY },
};
static const struct vmedia_queue_config multi[2] = {
	{ .type = V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE, .formats = planes, .num_formats = 3,
	  .timestamp = V4L2_BUF_FLAG_TIMESTAMP_COPY },
	{ .type = V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE, .formats = planes, .num_formats = 3,
	  .timestamp = V4L2_BUF_FLAG_TIMESTAMP_COPY },
};

static struct vmedia_queue_config queues[2];
static struct vmedia_m2m_ops m2m;
static struct vmedia_video_config config;

static void configure_codec(void)
{
	config.card = kind == ENCODER ? "vmedia test encoder" : "vmedia test decoder";
	queues[kind == ENCODER].formats = coded;
	queues[kind == ENCODER].num_formats = 1;
	config.ctrls = kind == ENCODER ? encoder_ctrls : decoder_ctrls;
	config.num_ctrls = 1;
	m2m.encoder_cmd = kind == ENCODER;
	m2m.decoder_cmd = kind >= DECODER;
	if (kind >= DECODER) {
		config.source_change = true;
		queues[0].allow_zero_bytesused = true;
		m2m.relaxed = true;
		m2m.job_ready = decoder_ready;
	}
}

int m2m_create(struct vmedia_loop *on, const struct m2m_options *opts, struct vmedia_device **dev)
{
	static const char *const names[] = { "invert", "encoder", "decoder", "naive" };
	unsigned int i;

	for (i = 0; strcmp(names[i], opts->name); i++)
		if (i + 1 == sizeof(names) / sizeof(names[0]))
			return -ENOENT;
	kind = (enum kind)i;
	if (opts->mplane && kind != INVERT)
		return -EINVAL;
	loop = on;
	job_ns = opts->job_ns;
	resets = opts->resets;
	max_width = opts->max_width ? opts->max_width : 1920;
	max_height = opts->max_height ? opts->max_height : 1080;
	sizes[0].max_width = max_width;
	sizes[0].max_height = max_height;
	coded[0].sizeimage = HEADER + max_width * max_height * 3;
	memcpy(queues, opts->mplane ? multi : single, sizeof(queues));
	m2m = plain_m2m;
	config = (struct vmedia_video_config){
		.card = "vmedia test inverter",
		.queues = queues,
		.num_queues = 2,
		.per_session = true,
		.m2m = &m2m,
		.ops = opts->selections ? &selecting_ops : &ops,
		.limits = opts->limits,
	};
	if (kind != INVERT)
		configure_codec();
	return vmedia_video_create(loop, &config, dev);
}
