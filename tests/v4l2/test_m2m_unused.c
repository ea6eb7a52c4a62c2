/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Buffers that a job took and did not use: vmedia_m2m_put_back(). A toy decoder whose jobs take one
 * buffer of each queue, and end when the test says so.
 */
#include "rig.h"

#define OUT  V4L2_BUF_TYPE_VIDEO_OUTPUT
#define CAP  V4L2_BUF_TYPE_VIDEO_CAPTURE
#define MMAP V4L2_MEMORY_MMAP

static struct {
	struct vmedia_ctx *ctx, *running;
	unsigned int jobs;
	struct vmedia_buf *src, *dst;
} toy;

static void job_run(struct vmedia_ctx *ctx)
{
	assert_null(toy.running);
	toy.running = ctx;
	toy.jobs++;
	toy.src = vmedia_m2m_take_src(ctx);
	toy.dst = vmedia_m2m_take_dst(ctx);
}

static void put_back(void)
{
	vmedia_m2m_put_back(toy.dst);
	vmedia_m2m_put_back(toy.src);
	vmedia_m2m_put_back(NULL);
	toy.src = toy.dst = NULL;
}

static void end_job(void)
{
	struct vmedia_ctx *ctx = toy.running;

	toy.running = NULL;
	vmedia_m2m_job_done(ctx);
}

static int job_wait(struct vmedia_ctx *ctx, uint64_t until)
{
	(void)ctx;
	(void)until;
	put_back();
	end_job();
	return 0;
}

static void job_orphan(struct vmedia_ctx *ctx)
{
	assert_ptr_equal(toy.running, ctx);
	toy.running = NULL;
}

static void drain(struct vmedia_ctx *ctx)
{
	(void)ctx;
}

static int context_init(struct vmedia_ctx *ctx)
{
	toy.ctx = ctx;
	return 0;
}

static const struct vmedia_m2m_ops m2m = {
	.decoder_cmd = true, .job_run = job_run, .job_wait = job_wait, .job_orphan = job_orphan,
	.drain = drain,
};
static const struct vmedia_frame_size sizes[] = { { .width = 16, .height = 16 },
						  { .width = 64, .height = 64 } };
static const struct vmedia_format_config coded = {
	.pixelformat = V4L2_PIX_FMT_MJPEG, .sizes = sizes, .num_sizes = 2,
};
static const struct vmedia_format_config grey = {
	.pixelformat = V4L2_PIX_FMT_GREY, .sizes = sizes, .num_sizes = 2,
};
static const struct vmedia_queue_config queues[] = {
	{ .type = OUT, .formats = &coded, .num_formats = 1 },
	{ .type = CAP, .formats = &grey, .num_formats = 1 },
};
static const struct vmedia_video_ops ops = { .context_init = context_init };
static const struct vmedia_video_config cfg = {
	.card = "toy", .queues = queues, .num_queues = 2, .per_session = true, .m2m = &m2m,
	.ops = &ops,
};

/* Both queues stream with @n buffers each: a job runs. */
static struct rig *begin(uint32_t n)
{
	struct rig *r;

	memset(&toy, 0, sizeof(toy));
	r = rig_new(&cfg);
	assert_int_equal(rig_reqbufs(r, r->s, OUT, MMAP, n), n);
	assert_int_equal(rig_reqbufs(r, r->s, CAP, MMAP, n), n);
	for (uint32_t i = 0; i < n; i++) {
		assert_int_equal(rig_queue(r, r->s, OUT, i), 0);
		assert_int_equal(rig_queue(r, r->s, CAP, i), 0);
	}
	assert_int_equal(rig_stream(r, r->s, OUT, true), 0);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	assert_non_null(toy.running);
	return r;
}

static void expect_capture(struct rig *r, uint32_t flags)
{
	struct vmedia_evt evt = rig_event(r);

	assert_int_equal(evt.type, VMEDIA_EVT_DQBUF);
	assert_int_equal(evt.buffer.type, CAP);
	assert_int_equal(evt.buffer.flags & (V4L2_BUF_FLAG_LAST | V4L2_BUF_FLAG_ERROR), flags);
}

static void expect_nothing(struct rig *r)
{
	struct vmedia_evt evt;

	assert_false(rig_poll(r, &evt));
}

/* They are the next job's, in their old order. */
static void test_again(void **state)
{
	struct rig *r = begin(2);
	struct vmedia_buf *src = toy.src, *dst = toy.dst;

	(void)state;
	put_back();
	assert_int_equal(vmedia_m2m_num_src(toy.ctx), 2);
	assert_int_equal(vmedia_m2m_num_dst(toy.ctx), 2);
	end_job();
	assert_ptr_equal(toy.src, src);
	assert_ptr_equal(toy.dst, dst);
	assert_int_equal(toy.jobs, 2);
	expect_nothing(r);
	rig_end(r);
}

/* Too small for a format that came meanwhile: it is not ready again. */
static void test_small(void **state)
{
	struct rig *r = begin(2);
	struct vmedia_format f = *vmedia_queue_format(vmedia_m2m_dst(toy.ctx));

	(void)state;
	f.fmt.pix.width = f.fmt.pix.height = 64;
	assert_int_equal(vmedia_queue_set_format(vmedia_m2m_dst(toy.ctx), &f), 0);
	put_back();
	end_job();
	expect_capture(r, V4L2_BUF_FLAG_ERROR);
	expect_capture(r, V4L2_BUF_FLAG_ERROR);
	assert_int_equal(toy.jobs, 1);
	rig_end(r);
}

/* A LAST is due, and the job has the only buffer that could carry it. */
static void test_last(void **state)
{
	struct rig *r = begin(1);
	PAYLOAD(a);

	(void)state;
	a.decoder_cmd.cmd = V4L2_DEC_CMD_STOP;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_DECODER_CMD, &a), 0);
	vmedia_m2m_drained(toy.ctx);
	expect_nothing(r);
	put_back();
	end_job();
	expect_capture(r, V4L2_BUF_FLAG_LAST);
	expect_nothing(r);
	rig_end(r);
}

/* STREAMOFF waits for the job, and has the buffer then. */
static void test_streamoff(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		uint32_t type = i ? OUT : CAP;
		struct rig *r = begin(1);
		struct harness_req *req;
		struct vmedia_cmd cmd;

		harness_cmd_ioctl(&cmd, r->s, VMEDIA_NR_STREAMOFF);
		cmd.io.arg.u32 = type;
		req = harness_offer_cmd(&r->h, &cmd);
		harness_kick(&r->h, VMEDIA_QUEUE_COMMAND);
		expect_nothing(r);
		assert_false(req->used);
		put_back();
		end_job();
		expect_nothing(r);
		assert_true(req->used);
		assert_int_equal(harness_answered(&r->h, req, &cmd), 0);
		assert_int_equal(vmedia_m2m_num_src(toy.ctx), !i);
		assert_int_equal(vmedia_m2m_num_dst(toy.ctx), i);
		/* no buffer is with the device */
		assert_int_equal(rig_reqbufs(r, r->s, type, MMAP, 1), 1);
		rig_end(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_small),
		cmocka_unit_test(test_last),
		cmocka_unit_test(test_streamoff),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
