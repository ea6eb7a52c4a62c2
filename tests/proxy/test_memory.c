/* SPDX-License-Identifier: BSD-3-Clause */
/* The host's buffers: which there are, and what they count. */
#include "fake_host.h"

#define CAPTURE V4L2_BUF_TYPE_VIDEO_CAPTURE

static struct fake_host *opened(const struct vmedia_limits *limits, uint32_t *session)
{
	struct fake_host *f = fake_host_new(limits);

	assert_int_equal(ask_open(f, session), 0);
	return f;
}

static void map(struct fake_host *f, uint32_t session, uint32_t index, uint64_t *addr)
{
	union vmedia_payload arg = { .buffer = { .type = CAPTURE, .index = index } };
	uint64_t len;

	assert_int_equal(ask_ioctl(f, session, VMEDIA_NR_QUERYBUF, &arg), 0);
	assert_int_equal(harness_mmap(&f->h, session, arg.buffer.m.offset, 0, addr, &len), 0);
}

static int create_bufs(struct fake_host *f, uint32_t session, uint32_t *count)
{
	union vmedia_payload arg = { .create_buffers = { .count = *count,
							 .memory = V4L2_MEMORY_MMAP } };
	int err;

	arg.create_buffers.format.type = CAPTURE;
	arg.create_buffers.format.fmt.pix.sizeimage = HOST_LENGTH;
	err = ask_ioctl(f, session, VMEDIA_NR_CREATE_BUFS, &arg);
	*count = arg.create_buffers.count;
	return err;
}

/*
 * A session of four buffers, of which two are mappings that were left, so that memory for only two
 * more is to be had here, while the host would make four. The host's cannot be exported.
 */
static struct fake_host *half_left(uint32_t *session, uint64_t addr[2])
{
	struct vmedia_limits limits;
	struct fake_host *f;
	uint32_t count = 2;

	vmedia_limits_default(&limits);
	limits.max_bytes = 8 * HOST_LENGTH;
	limits.session_bytes = 4 * HOST_LENGTH;
	f = opened(&limits, session);
	f->expbuf_err = -ENOTTY;
	assert_int_equal(reqbufs(f, *session, CAPTURE, V4L2_MEMORY_MMAP, &count), 0);
	map(f, *session, 0, &addr[0]);
	map(f, *session, 1, &addr[1]);
	count = 0;
	assert_int_equal(reqbufs(f, *session, CAPTURE, V4L2_MEMORY_MMAP, &count), 0);
	return f;
}

static void end(struct fake_host *f, uint32_t session, const uint64_t addr[2])
{
	assert_int_equal(harness_munmap(&f->h, addr[0]), 0);
	assert_int_equal(harness_munmap(&f->h, addr[1]), 0);
	ask_close(f, session);
	fake_host_end(f);
}

/* Buffers that the guest cannot have are freed in the host, and the loop does not wait for that. */
static void test_not_granted(void **state)
{
	uint32_t session, other, count = 4;
	struct harness_req *req;
	struct vmedia_cmd cmd;
	struct fake_host *f;
	uint64_t addr[2];

	f = half_left(&session, addr);
	assert_int_equal(ask_open(f, &other), 0);
	fake_block(f, VMEDIA_NR_S_FMT);
	harness_cmd_ioctl(&cmd, other, VMEDIA_NR_S_FMT);
	cmd.io.arg.format.type = CAPTURE;
	req = harness_offer_cmd(&f->h, &cmd);
	harness_kick(&f->h, VMEDIA_QUEUE_COMMAND);
	fake_wait_blocked(f);
	vmedia_log_set_level(-1);
	assert_int_equal(reqbufs(f, session, CAPTURE, V4L2_MEMORY_MMAP, &count), -ENOMEM);
	assert_int_equal(f->file[0].count[CAPTURE], 0);
	fake_release(f);
	wait_for(f, req);
	harness_put(&f->h, req);
	/* As many as there is memory for. */
	count = 2;
	assert_int_equal(reqbufs(f, session, CAPTURE, V4L2_MEMORY_MMAP, &count), 0);
	assert_int_equal(count, 2);
	ask_close(f, other);
	end(f, session, addr);
}

/* The host's buffers count, those that the guest cannot have too. */
static void test_left_over(void **state)
{
	uint32_t session, count = 4;
	struct fake_host *f;
	uint64_t addr[2];

	f = half_left(&session, addr);
	vmedia_log_set_level(-1);
	assert_int_equal(create_bufs(f, session, &count), 0);
	assert_int_equal(count, 2);
	assert_int_equal(f->file[0].count[CAPTURE], 4);
	count = 1;
	assert_int_equal(create_bufs(f, session, &count), -ENOMEM);
	assert_int_equal(f->file[0].count[CAPTURE], 4);
	/* Until they are freed. */
	count = 2;
	assert_int_equal(reqbufs(f, session, CAPTURE, V4L2_MEMORY_MMAP, &count), 0);
	assert_int_equal(f->file[0].count[CAPTURE], 2);
	end(f, session, addr);
}

static int no_querybuf(struct fake_host *f, uint32_t nr, void *arg)
{
	return nr == VMEDIA_NR_QUERYBUF ? -EIO : HOST_DEFAULT;
}

/* So do those that the host made and tells nothing of. */
static void test_unknown(void **state)
{
	struct vmedia_limits limits;
	uint32_t session, count = 3;
	struct fake_host *f;

	vmedia_limits_default(&limits);
	limits.max_bytes = limits.session_bytes = 4 * HOST_LENGTH;
	f = opened(&limits, &session);
	vmedia_log_set_level(-1);
	fake_script(f, no_querybuf);
	assert_int_equal(create_bufs(f, session, &count), -EIO);
	fake_script(f, NULL);
	count = 4;
	assert_int_equal(create_bufs(f, session, &count), 0);
	assert_int_equal(count, 1);
	ask_close(f, session);
	fake_host_end(f);
}

static int too_many(struct fake_host *f, uint32_t nr, void *arg)
{
	struct vmedia_requestbuffers *r = arg;

	if (nr != VMEDIA_NR_REQBUFS || !r->count)
		return HOST_DEFAULT;
	r->count = 1000000;
	f->file[0].count[CAPTURE] = 4;
	return 0;
}

/* A number of buffers that cannot be: the host does not keep them. */
static void test_too_many(void **state)
{
	uint32_t session, count = 4;
	struct fake_host *f = opened(NULL, &session);

	vmedia_log_set_level(-1);
	fake_script(f, too_many);
	assert_int_equal(reqbufs(f, session, CAPTURE, V4L2_MEMORY_MMAP, &count), -EIO);
	assert_int_equal(f->file[0].count[CAPTURE], 0);
	fake_script(f, NULL);
	ask_close(f, session);
	fake_host_end(f);
}

static int streams(struct fake_host *f, uint32_t nr, void *arg)
{
	if (nr == VMEDIA_NR_QUERYBUF && !((struct vmedia_buffer *)arg)->index)
		return -EINVAL;
	return nr == VMEDIA_NR_REQBUFS ? -EBUSY : HOST_DEFAULT;
}

/* REQBUFS that fails in a queue that streams changes nothing, also if buffer 0 was removed. */
static void test_refused(void **state)
{
	union vmedia_payload arg = { .remove_buffers = { .count = 1, .type = CAPTURE } };
	uint32_t session, count = 2;
	struct vmedia_evt evt;
	struct fake_host *f = opened(NULL, &session);

	assert_int_equal(reqbufs(f, session, CAPTURE, V4L2_MEMORY_MMAP, &count), 0);
	assert_int_equal(qbuf(f, session, CAPTURE, 1, V4L2_MEMORY_MMAP, NULL, 0), 0);
	assert_int_equal(stream(f, session, CAPTURE, true), 0);
	assert_int_equal(ask_ioctl(f, session, VMEDIA_NR_REMOVE_BUFS, &arg), 0);
	fake_script(f, streams);
	assert_int_equal(reqbufs(f, session, CAPTURE, V4L2_MEMORY_MMAP, &count), -EBUSY);
	fake_done(f, 0, CAPTURE, 1);
	assert_int_equal(next_event(f, &evt), 1);
	assert_int_equal(evt.type, VMEDIA_EVT_DQBUF);
	fake_script(f, NULL);
	ask_close(f, session);
	fake_host_end(f);
}

static int lost(struct fake_host *f, uint32_t nr, void *arg)
{
	if (nr == VMEDIA_NR_QUERYBUF)
		return -EINVAL;
	return nr == VMEDIA_NR_REQBUFS ? -ENOMEM : HOST_DEFAULT;
}

/* A driver that frees buffers while it gives one back. */
static void test_lost(void **state)
{
	uint32_t session, count = 2;
	struct harness_req *req;
	struct vmedia_cmd cmd;
	struct fake_host *f = opened(NULL, &session);
	bool asked = false;

	f->expbuf_err = -ENOTTY; /* a job dequeues */
	assert_int_equal(reqbufs(f, session, CAPTURE, V4L2_MEMORY_MMAP, &count), 0);
	assert_int_equal(qbuf(f, session, CAPTURE, 0, V4L2_MEMORY_MMAP, NULL, 0), 0);
	assert_int_equal(stream(f, session, CAPTURE, true), 0);
	fake_block(f, VMEDIA_NR_DQBUF);
	fake_done(f, 0, CAPTURE, 0);
	vmedia_loop_step(f->h.loop, 1000);
	harness_step(&f->h);
	fake_wait_blocked(f);
	harness_cmd_ioctl(&cmd, session, VMEDIA_NR_REQBUFS);
	cmd.io.arg.requestbuffers = (struct vmedia_requestbuffers){
		.count = 2, .type = CAPTURE, .memory = V4L2_MEMORY_MMAP };
	req = harness_offer_cmd(&f->h, &cmd);
	harness_kick(&f->h, VMEDIA_QUEUE_COMMAND);
	harness_step(&f->h);
	fake_script(f, lost);
	fake_release(f);
	/* Both jobs have asked the host before the loop hears of the first one. */
	while (!asked) {
		pthread_mutex_lock(&f->lock);
		asked = f->last_nr == VMEDIA_NR_QUERYBUF;
		pthread_mutex_unlock(&f->lock);
	}
	wait_for(f, req);
	assert_int_equal(harness_answered(&f->h, req, &cmd), -ENOMEM);
	fake_script(f, NULL);
	assert_int_equal(qbuf(f, session, CAPTURE, 0, V4L2_MEMORY_MMAP, NULL, 0), -EINVAL);
	ask_close(f, session);
	fake_host_end(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_not_granted), cmocka_unit_test(test_left_over),
		cmocka_unit_test(test_unknown),	    cmocka_unit_test(test_too_many),
		cmocka_unit_test(test_refused),	    cmocka_unit_test(test_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
