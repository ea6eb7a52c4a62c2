/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Drains that meet other ends: new resolutions, STREAMOFF, buffers that are too small, jobs that
 * end when they are told to. A toy decoder whose jobs the test ends.
 */
#include "rig.h"

#define OUT  V4L2_BUF_TYPE_VIDEO_OUTPUT
#define CAP  V4L2_BUF_TYPE_VIDEO_CAPTURE
#define MMAP V4L2_MEMORY_MMAP

static struct {
	struct vmedia_ctx *ctx, *running;
	unsigned int jobs, aborts, stops, drains, resumes;
	bool takes;			/* job_run() takes its buffers */
	struct vmedia_buf *src, *dst;
	bool abort_ends;		/* job_abort() ends the job */
	uint32_t grow;			/* job_ready() finds a picture of this size */
} toy;

static void set_size(struct vmedia_queue *q, uint32_t size)
{
	struct vmedia_format f = *vmedia_queue_format(q);

	f.fmt.pix.width = size;
	f.fmt.pix.height = size;
	assert_int_equal(vmedia_queue_set_format(q, &f), 0);
}

static bool job_ready(struct vmedia_ctx *ctx)
{
	if (toy.grow)
		set_size(vmedia_m2m_dst(ctx), toy.grow);
	toy.grow = 0;
	return true;
}

static void job_run(struct vmedia_ctx *ctx)
{
	struct vmedia_buf *dst = vmedia_m2m_next_dst(ctx);

	assert_null(toy.running);
	assert_non_null(vmedia_m2m_next_src(ctx));
	assert_true(dst->planes[0].length >= vmedia_queue_format(dst->queue)->fmt.pix.sizeimage);
	toy.running = ctx;
	toy.jobs++;
	if (toy.takes) {
		toy.src = vmedia_m2m_take_src(ctx);
		toy.dst = vmedia_m2m_take_dst(ctx);
	}
}

static void end_job(void)
{
	struct vmedia_ctx *ctx = toy.running;

	toy.running = NULL;
	vmedia_m2m_job_done(ctx);
}

static void job_abort(struct vmedia_ctx *ctx)
{
	assert_ptr_equal(toy.running, ctx);
	toy.aborts++;
	if (!toy.abort_ends)
		return;
	if (toy.takes) {
		vmedia_buf_done(toy.src, VMEDIA_BUF_ERROR);
		vmedia_buf_done(toy.dst, VMEDIA_BUF_ERROR);
	}
	end_job();
}

static int job_wait(struct vmedia_ctx *ctx, uint64_t until)
{
	(void)ctx;
	(void)until;
	end_job();
	return 0;
}

static void job_orphan(struct vmedia_ctx *ctx)
{
	assert_ptr_equal(toy.running, ctx);
	toy.running = NULL;
}

static void stop(struct vmedia_queue *q)
{
	(void)q;
	toy.stops++;
}

static void drain(struct vmedia_ctx *ctx)
{
	(void)ctx;
	toy.drains++;
}

static void resume(struct vmedia_ctx *ctx)
{
	(void)ctx;
	toy.resumes++;
}

static int context_init(struct vmedia_ctx *ctx)
{
	toy.ctx = ctx;
	return 0;
}

#define OPS                                                                      \
	.decoder_cmd = true, .job_ready = job_ready, .job_run = job_run,         \
	.job_abort = job_abort, .job_wait = job_wait, .job_orphan = job_orphan, \
	.stop = stop, .resume = resume
/* One that the framework sees drained, and one that says so itself. */
static const struct vmedia_m2m_ops plain_m2m = { OPS };
static const struct vmedia_m2m_ops own_m2m = { OPS, .drain = drain };

static const struct vmedia_frame_size sizes[] = { { .width = 16, .height = 16 },
						  { .width = 64, .height = 64 } };
static const struct vmedia_format_config coded[] = {
	{ .pixelformat = V4L2_PIX_FMT_MJPEG, .sizes = sizes, .num_sizes = 2 },
};
static const struct vmedia_format_config grey[] = {
	{ .pixelformat = V4L2_PIX_FMT_GREY, .sizes = sizes, .num_sizes = 2 },
};
#define QUEUES(formats_)                                                                     \
	{                                                                                    \
		{ .type = OUT, .formats = formats_, .num_formats = 1,                        \
		  .timestamp = V4L2_BUF_FLAG_TIMESTAMP_COPY },                               \
		{ .type = CAP, .formats = grey, .num_formats = 1,                            \
		  .timestamp = V4L2_BUF_FLAG_TIMESTAMP_COPY },                               \
	}
static const struct vmedia_queue_config decoder_queues[] = QUEUES(coded);
static const struct vmedia_queue_config filter_queues[] = QUEUES(grey);
static const struct vmedia_video_ops ops = { .context_init = context_init };

static struct rig *toy_new(const struct vmedia_queue_config *queues, const struct vmedia_m2m_ops *m)
{
	struct vmedia_video_config cfg = {
		.card = "toy", .queues = queues, .num_queues = 2, .per_session = true, .m2m = m,
		.ops = &ops,
	};
	struct rig *r;
	PAYLOAD(a);

	memset(&toy, 0, sizeof(toy));
	r = rig_new(&cfg);
	a.event_subscription.type = V4L2_EVENT_EOS;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_SUBSCRIBE_EVENT, &a), 0);
	return r;
}

static void put(struct rig *r, uint32_t index)
{
	struct vmedia_buffer b = { .index = index, .type = OUT, .memory = MMAP, .bytesused = 10 };

	assert_int_equal(rig_buf(r, r->s, VMEDIA_NR_QBUF, &b, NULL, 0), 0);
}

/* Both stream, CAPTURE with @dst buffers queued, OUTPUT with @src. */
static void begin(struct rig *r, uint32_t src, uint32_t dst)
{
	uint32_t i;

	assert_int_equal(rig_reqbufs(r, r->s, OUT, MMAP, 4), 4);
	assert_int_equal(rig_reqbufs(r, r->s, CAP, MMAP, 4), 4);
	for (i = 0; i < src; i++)
		put(r, i);
	for (i = 0; i < dst; i++)
		assert_int_equal(rig_queue(r, r->s, CAP, i), 0);
	assert_int_equal(rig_stream(r, r->s, OUT, true), 0);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
}

static int command(struct rig *r, uint32_t cmd)
{
	PAYLOAD(a);

	a.decoder_cmd.cmd = cmd;
	return rig_ioctl(r, r->s, VMEDIA_NR_DECODER_CMD, &a);
}

#define STOP  V4L2_DEC_CMD_STOP
#define START V4L2_DEC_CMD_START

static void expect_buffer(struct rig *r, uint32_t type, uint32_t flags)
{
	struct vmedia_evt evt = rig_event(r);

	assert_int_equal(evt.type, VMEDIA_EVT_DQBUF);
	assert_int_equal(evt.buffer.type, type);
	assert_int_equal(evt.buffer.flags & (V4L2_BUF_FLAG_LAST | V4L2_BUF_FLAG_ERROR), flags);
}

static void expect_last(struct rig *r, bool eos)
{
	struct vmedia_evt evt;

	if (eos) {
		evt = rig_event(r);
		assert_int_equal(evt.type, VMEDIA_EVT_EVENT);
		assert_int_equal(evt.event.type, V4L2_EVENT_EOS);
	}
	expect_buffer(r, CAP, V4L2_BUF_FLAG_LAST);
	assert_false(rig_poll(r, &evt));
}

static void expect_nothing(struct rig *r)
{
	struct vmedia_evt evt;

	assert_false(rig_poll(r, &evt));
}

/* The running job makes a picture. */
static void work(struct rig *r)
{
	struct vmedia_ctx *ctx = toy.running;

	assert_non_null(ctx);
	vmedia_buf_done(vmedia_m2m_take_src(ctx), VMEDIA_BUF_DONE);
	vmedia_buf_done(vmedia_m2m_take_dst(ctx), VMEDIA_BUF_DONE);
	end_job();
	expect_buffer(r, OUT, 0);
	expect_buffer(r, CAP, 0);
}

/* CAPTURE off, set up for the new size with buffers 0 and 1 queued, on. */
static void restart(struct rig *r)
{
	assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
	assert_int_equal(rig_reqbufs(r, r->s, CAP, MMAP, 4), 4);
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	assert_int_equal(rig_queue(r, r->s, CAP, 1), 0);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
}

/* A drain that finds a new resolution at its first job: the old one's LAST has come. */
static struct rig *interrupted(const struct vmedia_m2m_ops *m, uint32_t src)
{
	struct rig *r = toy_new(decoder_queues, m);

	begin(r, src, 1);
	assert_int_equal(command(r, STOP), 0);
	assert_int_equal(vmedia_m2m_state(toy.ctx), VMEDIA_M2M_DRAINING);
	vmedia_m2m_source_change_last(toy.ctx);
	end_job();
	expect_last(r, false);
	assert_int_equal(vmedia_m2m_state(toy.ctx), VMEDIA_M2M_STOPPED);
	assert_int_equal(command(r, STOP), -EBUSY);
	return r;
}

/* What CMD_STOP saw comes out in the new resolution, and then the end. */
static void test_goes_on(void **state)
{
	struct rig *r = interrupted(&plain_m2m, 2);

	(void)state;
	restart(r);
	assert_int_equal(vmedia_m2m_state(toy.ctx), VMEDIA_M2M_DRAINING);
	/* not what it did not see */
	put(r, 2);
	work(r);
	assert_false(vmedia_m2m_is_last_src(toy.ctx, NULL));
	assert_true(vmedia_m2m_is_last_src(toy.ctx, vmedia_m2m_next_src(toy.ctx)));
	/* another resolution, resumed by CMD_START */
	vmedia_m2m_source_change_last(toy.ctx);
	end_job();
	expect_last(r, false);
	assert_int_equal(command(r, START), 0);
	assert_int_equal(toy.resumes, 1);
	assert_int_equal(vmedia_m2m_state(toy.ctx), VMEDIA_M2M_DRAINING);
	assert_int_equal(command(r, START), -EBUSY);
	assert_int_equal(rig_queue(r, r->s, CAP, 2), 0);
	work(r);
	/* dry, but for a buffer: not over yet */
	assert_int_equal(command(r, START), -EBUSY);
	assert_int_equal(rig_queue(r, r->s, CAP, 3), 0);
	expect_last(r, true);
	assert_int_equal(vmedia_m2m_state(toy.ctx), VMEDIA_M2M_STOPPED);
	assert_int_equal(command(r, STOP), 0);
	assert_int_equal(command(r, START), 0);
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	work(r);
	rig_end(r);
}

/* A codec that says itself when it is dry, before CAPTURE restarts, meanwhile, and afterwards. */
static void test_own_word(void **state)
{
	(void)state;
	for (int when = 0; when < 3; when++) {
		struct rig *r = interrupted(&own_m2m, 1);

		assert_int_equal(toy.drains, 1);
		if (when == 0)
			vmedia_m2m_drained(toy.ctx);
		expect_nothing(r);
		assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
		if (when == 1)
			vmedia_m2m_drained(toy.ctx);
		restart(r);
		if (when == 2) {
			expect_nothing(r);
			vmedia_m2m_drained(toy.ctx);
		}
		vmedia_m2m_drained(toy.ctx);
		expect_last(r, true);
		assert_int_equal(toy.drains, 1);
		rig_end(r);
	}
}

/* CMD_STOP while the client still handles the change is a drain like any other. */
static void test_stop_in_change(void **state)
{
	struct rig *r = toy_new(decoder_queues, &plain_m2m);

	(void)state;
	begin(r, 1, 0);
	vmedia_m2m_source_change_last(toy.ctx);
	/* the LAST has no buffer yet */
	assert_int_equal(command(r, START), -EBUSY);
	assert_int_equal(command(r, STOP), 0);
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	expect_last(r, false);
	restart(r);
	work(r);
	expect_last(r, true);
	/* CAPTURE is off: CMD_STOP does nothing, as ever */
	assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
	assert_int_equal(command(r, STOP), 0);
	assert_int_equal(vmedia_m2m_state(toy.ctx), VMEDIA_M2M_RUNNING);
	rig_end(r);
}

/* No change: STREAMOFF of CAPTURE gives the drain up, and the stream goes on. */
static void test_given_up(void **state)
{
	struct rig *r = toy_new(decoder_queues, &own_m2m);

	(void)state;
	begin(r, 1, 0);
	assert_int_equal(command(r, STOP), 0);
	restart(r);
	assert_int_equal(vmedia_m2m_state(toy.ctx), VMEDIA_M2M_RUNNING);
	vmedia_m2m_drained(toy.ctx);
	work(r);
	expect_nothing(r);
	/* a new one */
	assert_int_equal(command(r, STOP), 0);
	assert_int_equal(toy.drains, 2);
	vmedia_m2m_drained(toy.ctx);
	expect_last(r, true);
	rig_end(r);
}

/* A seek in the middle of both: with both queues off nothing is left, whichever goes first. */
static void test_both_off(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct rig *r = interrupted(&plain_m2m, 1);

		assert_int_equal(rig_stream(r, r->s, i ? OUT : CAP, false), 0);
		assert_int_equal(rig_stream(r, r->s, i ? CAP : OUT, false), 0);
		assert_int_equal(vmedia_m2m_state(toy.ctx), VMEDIA_M2M_RUNNING);
		put(r, 0);
		assert_int_equal(rig_queue(r, r->s, CAP, 1), 0);
		assert_int_equal(rig_stream(r, r->s, OUT, true), 0);
		assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
		work(r);
		expect_nothing(r);
		rig_end(r);
	}
}

/* OUTPUT alone goes off: the change is over, and the drain, with one LAST. OUTPUT on is anew. */
static void test_output_off(void **state)
{
	struct rig *r = interrupted(&plain_m2m, 1);

	(void)state;
	assert_int_equal(rig_queue(r, r->s, CAP, 1), 0);
	expect_nothing(r);
	assert_int_equal(rig_stream(r, r->s, OUT, false), 0);
	expect_last(r, true);
	put(r, 0);
	assert_int_equal(rig_stream(r, r->s, OUT, true), 0);
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	work(r);
	expect_nothing(r);
	rig_end(r);
}

/* CAPTURE does not stream: no resolution ends. And a second LAST is none. */
static void test_no_last(void **state)
{
	struct rig *r = toy_new(decoder_queues, &plain_m2m);
	struct vmedia_buf *dst;

	(void)state;
	vmedia_m2m_source_change_last(toy.ctx);
	vmedia_m2m_drained(toy.ctx);
	assert_int_equal(vmedia_m2m_state(toy.ctx), VMEDIA_M2M_RUNNING);
	begin(r, 1, 2);
	assert_int_equal(command(r, STOP), 0);
	/* the job has its buffer when the resolution ends, and takes it for the last */
	dst = vmedia_m2m_take_dst(toy.running);
	vmedia_m2m_source_change_last(toy.ctx);
	expect_last(r, false);
	vmedia_buf_done(vmedia_m2m_take_src(toy.running), VMEDIA_BUF_DONE);
	vmedia_m2m_buf_last(toy.ctx, dst);
	vmedia_m2m_source_change_last(toy.ctx);
	end_job();
	expect_buffer(r, OUT, 0);
	expect_buffer(r, CAP, 0);
	expect_nothing(r);
	restart(r);
	expect_last(r, true);
	rig_end(r);
}

/* ---- Sizes ---- */

/*
 * Buffers of the old resolution carry its LAST. A codec sees none of them, and those that come
 * afterwards go back.
 */
static void test_small(void **state)
{
	struct rig *r = toy_new(decoder_queues, &plain_m2m);

	(void)state;
	begin(r, 1, 3);
	assert_int_equal(vmedia_m2m_num_dst(toy.ctx), 3);
	set_size(vmedia_m2m_dst(toy.ctx), 64);
	vmedia_m2m_source_change_last(toy.ctx);
	end_job();
	expect_last(r, false);
	/* not restarted, but resumed: the small ones are of no use any more */
	assert_int_equal(command(r, START), 0);
	expect_buffer(r, CAP, V4L2_BUF_FLAG_ERROR);
	expect_buffer(r, CAP, V4L2_BUF_FLAG_ERROR);
	assert_int_equal(rig_queue(r, r->s, CAP, 3), 0);
	expect_buffer(r, CAP, V4L2_BUF_FLAG_ERROR);
	assert_null(toy.running);
	assert_int_equal(vmedia_m2m_num_dst(toy.ctx), 0);
	assert_null(vmedia_m2m_next_dst(toy.ctx));
	assert_null(vmedia_m2m_take_dst(toy.ctx));
	restart(r);
	work(r);
	assert_int_equal(toy.jobs, 2);
	rig_end(r);
}

/* A codec that only sets the format, from ->job_ready(), or before CAPTURE streams at all. */
static void test_small_naive(void **state)
{
	struct rig *r = toy_new(decoder_queues, &plain_m2m);

	(void)state;
	toy.grow = 64;
	begin(r, 1, 2);
	expect_buffer(r, CAP, V4L2_BUF_FLAG_ERROR);
	expect_buffer(r, CAP, V4L2_BUF_FLAG_ERROR);
	assert_int_equal(toy.jobs, 0);
	restart(r);
	work(r);
	assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
	set_size(vmedia_m2m_dst(toy.ctx), 16);
	assert_int_equal(rig_reqbufs(r, r->s, CAP, MMAP, 1), 1);
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	set_size(vmedia_m2m_dst(toy.ctx), 64);
	put(r, 1);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	expect_buffer(r, CAP, V4L2_BUF_FLAG_ERROR);
	assert_int_equal(toy.jobs, 1);
	rig_end(r);
}

/* A drain whose last raw picture is too small for what OUTPUT became ends all the same. */
static void test_small_source(void **state)
{
	struct rig *r = toy_new(filter_queues, &plain_m2m);

	(void)state;
	begin(r, 1, 0);
	assert_int_equal(command(r, STOP), 0);
	set_size(vmedia_m2m_src(toy.ctx), 64);
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	expect_buffer(r, OUT, V4L2_BUF_FLAG_ERROR);
	expect_last(r, true);
	assert_int_equal(toy.jobs, 0);
	rig_end(r);
}

/* ---- A job that ends inside of job_abort() ---- */

static void test_abort_ends(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		uint32_t type = i & 1 ? OUT : CAP;
		struct rig *r = toy_new(decoder_queues, &plain_m2m);

		toy.abort_ends = true;
		toy.takes = i & 2;
		begin(r, 1, 2);
		assert_non_null(toy.running);
		assert_int_equal(rig_stream(r, r->s, type, false), 0);
		assert_int_equal(toy.aborts, 1);
		assert_int_equal(toy.stops, 1);
		if (toy.takes)
			expect_buffer(r, type == CAP ? OUT : CAP, V4L2_BUF_FLAG_ERROR);
		expect_nothing(r);
		/* and the queue is as good as new */
		assert_int_equal(rig_reqbufs(r, r->s, type, MMAP, 4), 4);
		assert_int_equal(rig_stream(r, r->s, type, true), 0);
		rig_end(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_goes_on),
		cmocka_unit_test(test_own_word),
		cmocka_unit_test(test_stop_in_change),
		cmocka_unit_test(test_given_up),
		cmocka_unit_test(test_both_off),
		cmocka_unit_test(test_output_off),
		cmocka_unit_test(test_no_last),
		cmocka_unit_test(test_small),
		cmocka_unit_test(test_small_naive),
		cmocka_unit_test(test_small_source),
		cmocka_unit_test(test_abort_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
