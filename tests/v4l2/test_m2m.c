/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory-to-memory devices: a toy that inverts bytes. Its jobs run at once, or when the test ends
 * them (as a worker would).
 */
#include "rig.h"

#define OUT V4L2_BUF_TYPE_VIDEO_OUTPUT
#define CAP V4L2_BUF_TYPE_VIDEO_CAPTURE
#define MMAP V4L2_MEMORY_MMAP

static struct {
	bool hold;			/* jobs wait for finish() */
	struct vmedia_ctx *running[8];
	unsigned int num, jobs, aborts, orphans, starts, stops, resumes, drains;
} toy;

static void work(struct vmedia_ctx *ctx)
{
	struct vmedia_buf *src = vmedia_m2m_take_src(ctx), *dst = vmedia_m2m_take_dst(ctx);
	const uint8_t *in = vmedia_buf_plane(src, 0);
	uint8_t *out = vmedia_buf_plane(dst, 0);
	uint32_t i;

	for (i = 0; i < src->planes[0].bytesused; i++)
		out[i] = (uint8_t)~in[i];
	dst->planes[0].bytesused = src->planes[0].bytesused;
	vmedia_m2m_copy_metadata(src, dst);
	vmedia_buf_done(src, VMEDIA_BUF_DONE);
	vmedia_buf_done(dst, VMEDIA_BUF_DONE);
	vmedia_m2m_job_done(ctx);
}

static void job_run(struct vmedia_ctx *ctx)
{
	toy.jobs++;
	if (toy.hold)
		toy.running[toy.num++] = ctx;
	else
		work(ctx);
}

static void finish(struct rig *r)
{
	struct vmedia_ctx *ctx = toy.running[0];

	assert_true(toy.num > 0);
	memmove(toy.running, toy.running + 1, --toy.num * sizeof(toy.running[0]));
	work(ctx);
	harness_step(&r->h);
	harness_collect(&r->h);
}

static int job_wait(struct vmedia_ctx *ctx, uint64_t until)
{
	(void)until;
	assert_int_equal(toy.num, 1);
	assert_ptr_equal(toy.running[0], ctx);
	toy.num = 0;
	work(ctx);
	return 0;
}

static void job_abort(struct vmedia_ctx *ctx)
{
	(void)ctx;
	toy.aborts++;
}

static void job_orphan(struct vmedia_ctx *ctx)
{
	unsigned int i;

	for (i = 0; i < toy.num; i++)
		if (toy.running[i] == ctx)
			toy.running[i] = toy.running[--toy.num];
	toy.orphans++;
}

static int start(struct vmedia_queue *q)
{
	(void)q;
	toy.starts++;
	return 0;
}

static void stop(struct vmedia_queue *q)
{
	(void)q;
	toy.stops++;
}

static void resume(struct vmedia_ctx *ctx)
{
	(void)ctx;
	toy.resumes++;
}

static void drain(struct vmedia_ctx *ctx)
{
	(void)ctx;
	toy.drains++;
}

static const struct vmedia_m2m_ops m2m = {
	.decoder_cmd = true,
	.job_run = job_run,
	.job_abort = job_abort,
	.job_wait = job_wait,
	.job_orphan = job_orphan,
	.start = start,
	.stop = stop,
	.resume = resume,
};
static const struct vmedia_m2m_ops m2m_drains = {
	.encoder_cmd = true,
	.job_run = job_run,
	.job_abort = job_abort,
	.job_wait = job_wait,
	.job_orphan = job_orphan,
	.drain = drain,
};

static const struct vmedia_frame_size sizes[] = { { .width = 16, .height = 16 } };
static const struct vmedia_format_config grey[] = {
	{ .pixelformat = V4L2_PIX_FMT_GREY, .sizes = sizes, .num_sizes = 1 }
};
static const struct vmedia_queue_config queues[] = {
	{ .type = OUT,
	  .formats = grey,
	  .num_formats = 1,
	  .timestamp = V4L2_BUF_FLAG_TIMESTAMP_COPY },
	{ .type = CAP,
	  .formats = grey,
	  .num_formats = 1,
	  .timestamp = V4L2_BUF_FLAG_TIMESTAMP_COPY },
};
static const struct vmedia_video_config device = {
	.card = "toy",
	.queues = queues,
	.num_queues = 2,
	.per_session = true,
	.m2m = &m2m,
	.source_change = true,
};
static const struct vmedia_video_config drainer = {
	.card = "toy", .queues = queues, .num_queues = 2, .per_session = true, .m2m = &m2m_drains,
};

static void subscribe_eos(struct rig *r, uint32_t s)
{
	PAYLOAD(a);

	a.event_subscription.type = V4L2_EVENT_EOS;
	assert_int_equal(rig_ioctl(r, s, VMEDIA_NR_SUBSCRIBE_EVENT, &a), 0);
}

static void set_up(struct rig *r, uint32_t s, uint32_t n)
{
	subscribe_eos(r, s);
	assert_int_equal(rig_reqbufs(r, s, OUT, MMAP, n), n);
	assert_int_equal(rig_reqbufs(r, s, CAP, MMAP, n), n);
	assert_int_equal(rig_stream(r, s, OUT, true), 0);
	assert_int_equal(rig_stream(r, s, CAP, true), 0);
}

static struct rig *new_toy(const struct vmedia_video_config *cfg)
{
	memset(&toy, 0, sizeof(toy));
	return rig_new(cfg);
}

/* Queue OUTPUT buffer @index, all bytes @value, at time @t. */
static void put(struct rig *r, uint32_t s, uint32_t index, uint8_t value, int64_t t)
{
	struct vmedia_buffer b = {
		.index = index, .type = OUT, .memory = MMAP, .bytesused = 100, .timestamp.tv_sec = t
	};
	uint64_t addr, len;

	assert_int_equal(harness_mmap(&r->h, s, rig_query(r, s, OUT, index).m.offset,
				      VMEDIA_MMAP_FLAG_RW, &addr, &len),
			 0);
	memset(harness_map_at(&r->h, addr)->addr, value, 256);
	assert_int_equal(harness_munmap(&r->h, addr), 0);
	assert_int_equal(rig_buf(r, s, VMEDIA_NR_QBUF, &b, NULL, 0), 0);
}

static int command(struct rig *r, uint32_t s, uint32_t nr, uint32_t cmd)
{
	PAYLOAD(a);

	memset(&a, 0xff, sizeof(a));
	a.decoder_cmd.cmd = cmd;
	return rig_ioctl(r, s, nr, &a);
}

#define STOP V4L2_DEC_CMD_STOP
#define START V4L2_DEC_CMD_START
#define DEC VMEDIA_NR_DECODER_CMD

static struct vmedia_buffer next_buffer(struct rig *r, uint32_t type)
{
	struct vmedia_evt evt = rig_event(r);

	assert_int_equal(evt.type, VMEDIA_EVT_DQBUF);
	assert_int_equal(evt.buffer.type, type);
	return evt.buffer;
}

static void expect_eos_and_last(struct rig *r)
{
	struct vmedia_evt evt = rig_event(r);

	assert_int_equal(evt.type, VMEDIA_EVT_EVENT);
	assert_int_equal(evt.event.type, V4L2_EVENT_EOS);
	evt = rig_event(r);
	assert_int_equal(evt.type, VMEDIA_EVT_DQBUF);
	assert_int_equal(evt.buffer.type, CAP);
	assert_true(evt.buffer.flags & V4L2_BUF_FLAG_LAST);
	assert_int_equal(evt.buffer.bytesused, 0);
	assert_false(rig_poll(r, &evt));
}

static void test_pairs(void **state)
{
	struct rig *r = new_toy(&device);
	struct vmedia_buffer b;
	uint64_t addr, len;
	uint32_t i;

	(void)state;
	assert_int_equal(vmedia_device_config(r->dev)->device_caps & V4L2_CAP_VIDEO_M2M,
			 V4L2_CAP_VIDEO_M2M);
	assert_int_equal(vmedia_device_config(r->dev)->device_caps & V4L2_CAP_VIDEO_CAPTURE, 0);
	set_up(r, r->s, 2);
	assert_int_equal(toy.starts, 2);
	for (i = 0; i < 6; i++) {
		put(r, r->s, i % 2, (uint8_t)i, 1000 + i);
		assert_int_equal(toy.jobs, i);
		assert_int_equal(rig_queue(r, r->s, CAP, i % 2), 0);
		b = next_buffer(r, OUT);
		assert_int_equal(b.sequence, i);
		b = next_buffer(r, CAP);
		assert_int_equal(b.timestamp.tv_sec, 1000 + i);
		assert_int_equal(b.flags & V4L2_BUF_FLAG_TIMESTAMP_MASK,
				 V4L2_BUF_FLAG_TIMESTAMP_COPY);
		assert_int_equal(b.bytesused, 100);
		assert_int_equal(harness_mmap(&r->h, r->s, b.m.offset, 0, &addr, &len), 0);
		assert_int_equal(harness_map_at(&r->h, addr)->addr[99], (uint8_t)~i);
		assert_int_equal(harness_munmap(&r->h, addr), 0);
	}
	rig_end(r);
	assert_int_equal(toy.stops, 2);
}

/* All that was queued comes out, then EOS, then LAST, once; START goes on. */
static void test_drain(void **state)
{
	struct rig *r = new_toy(&device);
	uint32_t i;

	(void)state;
	set_up(r, r->s, 4);
	for (i = 0; i < 3; i++)
		put(r, r->s, i, 1, i);
	assert_int_equal(command(r, r->s, DEC, STOP), 0);
	assert_int_equal(command(r, r->s, DEC, STOP), -EBUSY);
	assert_int_equal(command(r, r->s, DEC, START), -EBUSY);
	for (i = 0; i < 4; i++)
		assert_int_equal(rig_queue(r, r->s, CAP, i), 0);
	for (i = 0; i < 3; i++) {
		next_buffer(r, OUT);
		assert_int_equal(next_buffer(r, CAP).flags & V4L2_BUF_FLAG_LAST, 0);
	}
	expect_eos_and_last(r);
	/* stopped: nothing moves until START */
	assert_int_equal(command(r, r->s, DEC, STOP), 0);
	put(r, r->s, 0, 1, 7);
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	assert_int_equal(toy.jobs, 3);
	assert_int_equal(command(r, r->s, DEC, START), 0);
	assert_int_equal(toy.resumes, 1);
	next_buffer(r, OUT);
	assert_int_equal(next_buffer(r, CAP).timestamp.tv_sec, 7);
	rig_end(r);
}

/* STOP with nothing queued: the next CAPTURE buffer is an empty LAST. */
static void test_drain_empty(void **state)
{
	struct rig *r = new_toy(&device);
	struct vmedia_evt evt;

	(void)state;
	assert_int_equal(command(r, r->s, DEC, STOP), 0);
	set_up(r, r->s, 2);
	assert_int_equal(command(r, r->s, DEC, STOP), 0);
	assert_false(rig_poll(r, &evt));
	assert_int_equal(rig_queue(r, r->s, CAP, 1), 0);
	expect_eos_and_last(r);
	/* CAPTURE restarted: running again */
	assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
	assert_int_equal(rig_queue(r, r->s, CAP, 1), 0);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	put(r, r->s, 0, 1, 3);
	next_buffer(r, OUT);
	next_buffer(r, CAP);
	/* OUTPUT stopped in a drain: what it was to drain is gone, the drain ends */
	put(r, r->s, 0, 1, 3);
	assert_int_equal(command(r, r->s, DEC, STOP), 0);
	assert_int_equal(rig_stream(r, r->s, OUT, false), 0);
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	expect_eos_and_last(r);
	rig_end(r);
}

/* Codecs drain by themselves: the framework waits for their word. */
static void test_own_drain(void **state)
{
	struct rig *r = new_toy(&drainer);
	struct vmedia_evt evt;
	struct vmedia_ctx *ctx;

	(void)state;
	set_up(r, r->s, 2);
	put(r, r->s, 0, 1, 3);
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	assert_int_equal(rig_queue(r, r->s, CAP, 1), 0);
	next_buffer(r, OUT);
	next_buffer(r, CAP);
	toy.hold = true;
	put(r, r->s, 1, 1, 4);
	assert_int_equal(command(r, r->s, DEC, STOP), -ENOTTY);
	assert_int_equal(command(r, r->s, VMEDIA_NR_ENCODER_CMD, V4L2_ENC_CMD_STOP), 0);
	assert_int_equal(toy.drains, 1);
	ctx = toy.running[0];
	assert_true(vmedia_m2m_is_last_src(ctx, vmedia_m2m_next_src(ctx)));
	finish(r);
	next_buffer(r, OUT);
	next_buffer(r, CAP);
	assert_false(rig_poll(r, &evt));
	vmedia_m2m_drained(ctx);
	vmedia_m2m_drained(ctx);
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	expect_eos_and_last(r);
	rig_end(r);
}

/* One job at a time, sessions take turns. */
static void test_turns(void **state)
{
	struct rig *r = new_toy(&device);
	uint32_t i, s, order[4];

	(void)state;
	rig_open2(r);
	toy.hold = true;
	set_up(r, r->s, 2);
	set_up(r, r->s2, 2);
	for (i = 0; i < 2; i++) {
		put(r, r->s, i, 1, 0);
		assert_int_equal(rig_queue(r, r->s, CAP, i), 0);
	}
	for (i = 0; i < 2; i++) {
		put(r, r->s2, i, 1, 0);
		assert_int_equal(rig_queue(r, r->s2, CAP, i), 0);
	}
	for (i = 0; i < 4; i++) {
		assert_int_equal(toy.num, 1);
		finish(r);
		s = rig_event(r).session_id;
		assert_int_equal(rig_event(r).session_id, s);
		order[i] = s;
	}
	assert_int_equal(toy.num, 0);
	assert_int_equal(order[0], r->s);
	assert_int_equal(order[1], r->s2);
	assert_int_equal(order[2], r->s);
	assert_int_equal(order[3], r->s2);
	rig_end(r);
}

/* STREAMOFF waits for the running job, which is told; a session that ends does not. */
static void test_stop_in_job(void **state)
{
	struct rig *r = new_toy(&device);
	struct harness_req *req;
	struct vmedia_cmd cmd;
	struct vmedia_evt evt;

	(void)state;
	toy.hold = true;
	set_up(r, r->s, 2);
	put(r, r->s, 0, 1, 0);
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	assert_int_equal(rig_queue(r, r->s, CAP, 1), 0);
	assert_int_equal(toy.num, 1);
	harness_cmd_ioctl(&cmd, r->s, VMEDIA_NR_STREAMOFF);
	cmd.io.arg.u32 = OUT;
	req = harness_offer_cmd(&r->h, &cmd);
	harness_kick(&r->h, VMEDIA_QUEUE_COMMAND);
	harness_collect(&r->h);
	assert_false(req->used);
	assert_int_equal(toy.aborts, 1);
	assert_int_equal(toy.stops, 0);
	/* the toy had not taken its buffers yet: OUTPUT's are gone from under it */
	assert_null(vmedia_m2m_next_src(toy.running[0]));
	vmedia_m2m_job_done(toy.running[0]);
	toy.num = 0;
	harness_step(&r->h);
	harness_collect(&r->h);
	assert_true(req->used);
	assert_int_equal(harness_answered(&r->h, req, &cmd), 0);
	assert_int_equal(toy.stops, 1);
	assert_false(rig_poll(r, &evt));
	/* the session ends with a job running */
	assert_int_equal(rig_stream(r, r->s, OUT, true), 0);
	put(r, r->s, 0, 1, 0);
	assert_int_equal(toy.num, 1);
	assert_int_equal(harness_close(&r->h, r->s), 0);
	assert_int_equal(toy.orphans, 1);
	/* and others can go on */
	assert_int_equal(harness_open(&r->h, &r->s), 0);
	set_up(r, r->s, 1);
	put(r, r->s, 0, 1, 0);
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	assert_int_equal(toy.num, 1);
	finish(r);
	next_buffer(r, OUT);
	rig_end(r);
}

static void test_commands(void **state)
{
	struct rig *r = new_toy(&device);
	PAYLOAD(a);

	(void)state;
	memset(&a, 0xff, sizeof(a));
	a.decoder_cmd.cmd = START;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_TRY_DECODER_CMD, &a), 0);
	assert_int_equal(a.decoder_cmd.flags, 0);
	assert_int_equal(a.decoder_cmd.start.speed, 0);
	assert_int_equal(a.decoder_cmd.start.format, 0);
	assert_int_equal(command(r, r->s, VMEDIA_NR_TRY_DECODER_CMD, STOP), 0);
	assert_int_equal(command(r, r->s, VMEDIA_NR_TRY_DECODER_CMD, V4L2_DEC_CMD_PAUSE), -EINVAL);
	assert_int_equal(command(r, r->s, DEC, V4L2_DEC_CMD_RESUME), -EINVAL);
	assert_int_equal(command(r, r->s, DEC, 99), -EINVAL);
	assert_int_equal(command(r, r->s, VMEDIA_NR_ENCODER_CMD, STOP), -ENOTTY);
	assert_int_equal(command(r, r->s, VMEDIA_NR_TRY_ENCODER_CMD, STOP), -ENOTTY);
	/* what an M2M device has not */
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_ENUMINPUT, &a), -ENOTTY);
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_G_PARM, &a), -ENOTTY);
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_ENUM_FRAMEINTERVALS, &a), -ENOTTY);
	rig_end(r);
}

/* A source change ends CAPTURE with LAST and no EOS; OUTPUT buffers stay. */
static void test_source_change(void **state)
{
	struct rig *r = new_toy(&device);
	struct vmedia_evt evt;
	struct vmedia_ctx *ctx;
	PAYLOAD(a);

	(void)state;
	a.event_subscription.type = V4L2_EVENT_SOURCE_CHANGE;
	assert_int_equal(rig_ioctl(r, r->s, VMEDIA_NR_SUBSCRIBE_EVENT, &a), 0);
	toy.hold = true;
	set_up(r, r->s, 2);
	put(r, r->s, 0, 1, 0);
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	assert_int_equal(rig_queue(r, r->s, CAP, 1), 0);
	ctx = toy.running[0];
	vmedia_ctx_event_source_change(ctx, V4L2_EVENT_SRC_CH_RESOLUTION);
	vmedia_m2m_source_change_last(ctx);
	toy.num = 0;
	vmedia_m2m_job_done(ctx);
	evt = rig_event(r);
	assert_int_equal(evt.event.type, V4L2_EVENT_SOURCE_CHANGE);
	evt = rig_event(r);
	assert_true(evt.buffer.flags & V4L2_BUF_FLAG_LAST);
	assert_false(rig_poll(r, &evt));
	assert_int_equal(vmedia_m2m_state(ctx), VMEDIA_M2M_STOPPED);
	assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
	assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	assert_int_equal(toy.num, 1);
	finish(r);
	next_buffer(r, OUT);
	next_buffer(r, CAP);
	rig_end(r);
}

/* Whatever a driver does in whatever order: no crash, no lost buffer, no job that never ends. */
static void test_random(void **state)
{
	struct rig *r = new_toy(&device);
	unsigned int i, jobs;
	struct vmedia_evt evt;

	(void)state;
	rig_seed();
	toy.hold = true;
	for (i = 0; i < 5000; i++) {
		uint32_t type = rig_random() & 1 ? OUT : CAP;

		switch (rig_random() % 10) {
		case 0:
			if (!toy.num)
				rig_reqbufs(r, r->s, type, MMAP, rig_random() % 5);
			break;
		case 1:
			rig_stream(r, r->s, type, true);
			break;
		case 2:
			while (toy.num)
				finish(r);
			rig_stream(r, r->s, type, false);
			break;
		case 3:
			command(r, r->s, DEC, rig_random() & 1 ? STOP : START);
			break;
		case 4:
			if (toy.num)
				finish(r);
			break;
		case 5:
			if (rig_random() % 10 == 0) {
				assert_int_equal(harness_close(&r->h, r->s), 0);
				assert_int_equal(harness_open(&r->h, &r->s), 0);
			}
			break;
		case 6:
			vmedia_device_queue_stop(r->h.dev, VMEDIA_QUEUE_COMMAND);
			assert_int_equal(toy.num, 0);
			jobs = toy.jobs;
			assert_false(rig_poll(r, &evt));
			assert_int_equal(toy.jobs, jobs);
			harness_kick(&r->h, VMEDIA_QUEUE_COMMAND);
			break;
		default:
			rig_queue(r, r->s, type, rig_random() % 5);
			break;
		}
		while (rig_poll(r, &evt))
			;
	}
	rig_end(r);
	assert_int_equal(toy.starts >= 2, 1);
	assert_int_equal(toy.starts, toy.stops);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_drain),
		cmocka_unit_test(test_drain_empty),
		cmocka_unit_test(test_own_drain),
		cmocka_unit_test(test_turns),
		cmocka_unit_test(test_stop_in_job),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_source_change),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
