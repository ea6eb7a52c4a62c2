/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a client of the framework sees at the limits on memory, descriptors, mappings and threads.
 * (Those on counts are in test_queue.c and test_event.c.)
 */
#include "gated.h"
#include "scarce.h"

#include <unistd.h>

#define WIDTH  64u
#define HEIGHT 64u
#define SIZE   (WIDTH * HEIGHT) /* a page */
#define PAGES  V4L2_MEMORY_USERPTR

static const struct vmedia_frame_size sizes[] = { { .width = WIDTH, .height = HEIGHT } };
static const struct vmedia_format_config grey[] = {
	{ .pixelformat = V4L2_PIX_FMT_GREY, .sizes = sizes, .num_sizes = 1 }
};
static const struct vmedia_queue_config queues[] = {
	{ .type = CAP, .formats = grey, .num_formats = 1, .ops = &manual_ops },
};

/* A device whose sessions have a queue each, and two of them. */
static struct rig *rig_limited(const struct vmedia_limits *limits)
{
	struct vmedia_video_config cfg = { .card = "q", .queues = queues, .num_queues = 1,
					   .limits = limits, .per_session = true };
	struct rig *r = rig_new(&cfg);

	rig_open2(r);
	return r;
}

static int create_bufs(struct rig *r, uint32_t s, uint32_t count, uint32_t *made)
{
	PAYLOAD(a);
	int err;

	a.create_buffers = (struct vmedia_create_buffers){ .count = count, .memory = MMAP };
	a.create_buffers.format = rig_format(r, s, CAP);
	err = rig_ioctl(r, s, VMEDIA_NR_CREATE_BUFS, &a);
	*made = a.create_buffers.count;
	return err;
}

/* Fewer than asked for, then none. A session has its share, and the others theirs. */
static void check_memory(struct rig *r, uint32_t share, uint32_t all)
{
	uint32_t made;

	assert_int_equal(rig_reqbufs(r, r->s, CAP, MMAP, share + 3), share);
	assert_int_equal(create_bufs(r, r->s, 1, &made), -ENOMEM);
	assert_int_equal(rig_reqbufs(r, r->s2, CAP, MMAP, 2), 2);
	assert_int_equal(create_bufs(r, r->s2, 60, &made), 0);
	assert_int_equal(made, all - share - 2);
	assert_int_equal(create_bufs(r, r->s2, 1, &made), -ENOMEM);
	assert_int_equal(rig_reqbufs(r, r->s2, CAP, MMAP, 0), 0);
	assert_int_equal(rig_reqbufs(r, r->s, CAP, MMAP, 0), 0);
	/* All of it comes back. */
	assert_int_equal(rig_reqbufs(r, r->s2, CAP, MMAP, share + 3), share);
}

static void test_bytes(void **state)
{
	struct vmedia_limits limits;
	struct rig *r;

	vmedia_limits_default(&limits);
	limits.max_bytes = 20 * SIZE;
	limits.session_bytes = 16 * SIZE;
	r = rig_limited(&limits);
	check_memory(r, 16, 20);
	rig_end(r);
}

/* The descriptors that the process may have when the device is created. */
static void test_files(void **state)
{
	struct rlimit before, few;
	struct rig *r;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	few = before;
	few.rlim_cur = 128; /* half of that for buffers */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	r = rig_limited(NULL);
	check_memory(r, 48, 64);
	rig_end(r);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

/* A first buffer that cannot be had is an error, and changes nothing. */
static void test_none(void **state)
{
	struct rig *r = rig_limited(NULL);
	struct scarce_files files;
	struct scarce_maps maps;
	uint32_t made;

	scarce_files_begin(&files);
	assert_int_equal(rig_reqbufs(r, r->s, CAP, MMAP, 4), -ENOMEM);
	assert_int_equal(create_bufs(r, r->s, 1, &made), -ENOMEM);
	assert_int_equal(rig_reqbufs(r, r->s2, CAP, PAGES, 4), 4);
	scarce_files_end(&files);
	assert_int_equal(rig_reqbufs(r, r->s, CAP, MMAP, 4), 4);
	if (scarce_maps_begin(&maps)) {
		assert_int_equal(create_bufs(r, r->s, 1, &made), -ENOMEM);
		assert_int_equal(rig_queue(r, r->s, CAP, 0), 0);
		assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
		manual_done(r, SIZE, VMEDIA_BUF_DONE);
		assert_int_equal(rig_event(r).buffer.index, 0);
		scarce_maps_end(&maps);
		assert_int_equal(create_bufs(r, r->s, 1, &made), 0);
	}
	rig_end(r);
}

/* A source that waits needs a thread, and a thread needs memory. */
static void test_no_thread(void **state)
{
	struct scarce_maps maps;
	struct rig *r = gated_start(0);

	gated_queue_all(r, 2);
	if (!scarce_maps_begin(&maps)) {
		rig_end(r);
		skip();
	}
	assert_int_equal(rig_stream(r, r->s, CAP, true), -ENOMEM);
	assert_int_equal(rig_query(r, r->s, CAP, 0).flags & V4L2_BUF_FLAG_QUEUED,
			 V4L2_BUF_FLAG_QUEUED);
	scarce_maps_end(&maps);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	assert_int_equal(rig_event(r).type, VMEDIA_EVT_DQBUF);
	assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
	rig_end(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_files),
		cmocka_unit_test(test_none),
		cmocka_unit_test(test_no_thread),
	};

	return cmocka_run_group_tests_name("v4l2 limits", tests, NULL, NULL);
}
