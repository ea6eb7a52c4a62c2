/* SPDX-License-Identifier: BSD-3-Clause */
/* The gated source: see gated.h. */
#include "gated.h"
#include "base/fd.h"
#include "v4l2/capture.h"

struct gated src;

static bool src_quick(void *priv, const struct vmedia_capture_mode *mode)
{
	(void)priv;
	(void)mode;
	return src.quick;
}

static int src_start(void *priv, const struct vmedia_capture_mode *mode)
{
	(void)priv;
	src.mode = *mode;
	src.starts++;
	return src.start_err;
}

static int src_fill(void *priv, struct vmedia_frame *f)
{
	int err = src.fill_err, then = atomic_exchange(&src.then_err, 0);
	uint32_t i;

	(void)priv;
	src.filler = pthread_self();
	if (then)
		src.fill_err = then;
	if (src.gate_fill) {
		sem_post(&src.in_fill);
		while (sem_wait(&src.go))
			;
	}
	src.brightness = (unsigned int)vmedia_ctrl_read(f->ctx, V4L2_CID_BRIGHTNESS, 0);
	for (i = 0; i < f->num_planes; i++)
		memset(f->mem[i], (int)(0x40 + f->number % 64), f->size[i]);
	if (src.bytesused)
		f->bytesused[0] = src.bytesused;
	src.last = *f;
	src.fills++;
	return err;
}

static int src_next(void *priv, uint64_t *when)
{
	(void)priv;
	(void)when;
	if (src.gate_next) {
		sem_post(&src.in_next);
		while (sem_wait(&src.go))
			;
	}
	return src.next_err;
}

static void src_skip(void *priv, uint64_t number)
{
	(void)priv;
	(void)number;
	src.skips++;
}

static void src_stop(void *priv)
{
	(void)priv;
	src.stops++;
}

static void src_cancel(void *priv)
{
	(void)priv;
	src.cancels++;
	if (src.gate_next)
		sem_post(&src.go);
}

static const struct vmedia_capture_ops source = {
	.quick = src_quick,
	.start = src_start,
	.fill = src_fill,
	.skip = src_skip,
	.stop = src_stop,
	.cancel = src_cancel,
};
static const struct vmedia_capture_ops source_with_next = {
	.quick = src_quick,
	.start = src_start,
	.next = src_next,
	.fill = src_fill,
	.stop = src_stop,
	.cancel = src_cancel,
};

static void ctx_fini(struct vmedia_ctx *ctx)
{
	(void)ctx;
	src.stops_at_end = src.stops;
}

static const struct vmedia_video_ops ops = { .context_fini = ctx_fini };
static const struct vmedia_frame_interval fast[] = { { .min = { 1, 1000 } },
						     { .min = { 1000, 1 } } };
static const struct vmedia_frame_size sizes[] = {
	{ .width = 64, .height = 32, .intervals = fast, .num_intervals = 2 }
};
static const struct vmedia_format_config formats[] = {
	{ .pixelformat = V4L2_PIX_FMT_NV12, .sizes = sizes, .num_sizes = 1 },
	{ .pixelformat = V4L2_PIX_FMT_MJPEG, .sizes = sizes, .num_sizes = 1 },
};
static const struct vmedia_format_config mformats[] = {
	{ .pixelformat = V4L2_PIX_FMT_NV12M, .sizes = sizes, .num_sizes = 1 }
};
static const struct vmedia_queue_config queues[] = {
	{ .type = CAP, .formats = formats, .num_formats = 2, .capture = &source },
	{ .type = CAP, .formats = formats, .num_formats = 2, .capture = &source_with_next },
	{ .type = V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE,
	  .formats = mformats,
	  .num_formats = 1,
	  .capture = &source },
};
static const struct vmedia_ctrl_config ctrls[] = {
	{ .id = V4L2_CID_BRIGHTNESS, .max = 255, .def = 5 }
};
static const struct vmedia_video_config cameras[] = {
	{ .card = "c",
	  .ops = &ops,
	  .queues = queues,
	  .num_queues = 1,
	  .ctrls = ctrls,
	  .num_ctrls = 1 },
	{ .card = "c",
	  .ops = &ops,
	  .queues = queues + 1,
	  .num_queues = 1,
	  .ctrls = ctrls,
	  .num_ctrls = 1 },
	{ .card = "c",
	  .ops = &ops,
	  .queues = queues + 2,
	  .num_queues = 1,
	  .ctrls = ctrls,
	  .num_ctrls = 1 },
};

struct rig *gated_start(int which)
{
	memset(&src, 0, sizeof(src));
	sem_init(&src.go, 0, 0);
	sem_init(&src.in_fill, 0, 0);
	sem_init(&src.in_next, 0, 0);
	return rig_new(&cameras[which]);
}

struct vmedia_queue *gated_the_queue(struct rig *r)
{
	return vmedia_ctx_queue(vmedia_video_ctx(vmedia_video_of(r->dev)), CAP);
}

void gated_wait_for(sem_t *sem)
{
	while (sem_wait(sem))
		;
}

void gated_queue_all(struct rig *r, uint32_t n)
{
	uint32_t i;

	assert_int_equal(rig_reqbufs(r, r->s, CAP, MMAP, n), n);
	for (i = 0; i < n; i++)
		assert_int_equal(rig_queue(r, r->s, CAP, i), 0);
}

void gated_interval(struct rig *r, uint32_t seconds)
{
	struct vmedia_fract want = seconds ? (struct vmedia_fract){ seconds, 1 }
					   : (struct vmedia_fract){ 1, 1000 };
	PAYLOAD(a);

	a.streamparm = (struct vmedia_streamparm){ .type = CAP };
	a.streamparm.parm.capture.timeperframe = want;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_S_PARM, &a), 0);
	assert_memory_equal(&a.streamparm.parm.capture.timeperframe, &want, sizeof(want));
}

uint64_t gated_now_us(void)
{
	return vmedia_now_ns() / 1000;
}

uint64_t gated_time_us(const struct vmedia_buffer *b)
{
	return (uint64_t)b->timestamp.tv_sec * 1000000 + (uint64_t)b->timestamp.tv_usec;
}

uint64_t gated_due_now(struct rig *r)
{
	struct vmedia_capture *c = gated_the_queue(r)->cap;

	assert_true(c->live && c->cur.paced);
	c->when = vmedia_now_ns();
	vmedia_timer_arm(&c->timer, c->when);
	return c->when / 1000;
}

/* What was published before STREAMOFF's answer is there; after it nothing comes. */
void gated_no_more(struct rig *r)
{
	unsigned int pushed = r->h.pushes[VMEDIA_QUEUE_EVENT];
	struct vmedia_evt evt;

	while (rig_poll(r, &evt))
		;
	assert_int_equal(r->h.pushes[VMEDIA_QUEUE_EVENT], pushed);
}

/* Offer STREAMON or STREAMOFF without waiting. */
struct harness_req *gated_offer(struct rig *r, uint32_t nr, struct vmedia_cmd *cmd)
{
	struct harness_req *req;

	harness_cmd_ioctl(cmd, r->s, nr);
	cmd->io.arg.u32 = CAP;
	req = harness_offer_cmd(&r->h, cmd);
	harness_kick(&r->h, VMEDIA_QUEUE_COMMAND);
	harness_collect(&r->h);
	return req;
}

int gated_await(struct rig *r, struct harness_req *req, struct vmedia_cmd *cmd)
{
	while (!req->used) {
		assert_true(vmedia_loop_step(r->h.loop, -1) >= 0);
		harness_collect(&r->h);
	}
	return harness_answered(&r->h, req, cmd);
}
