/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A source that runs on the loop takes no page faults, in the first frame of each buffer neither.
 */
#include "rig.h"

#include <sys/resource.h>
#include <unistd.h>

#include "core/core.h"

#define CAP	V4L2_BUF_TYPE_VIDEO_CAPTURE
#define BUFFERS 4

static struct {
	long faults;	/* in fill() */
	unsigned int fills;
} src;

static long faults(void)
{
	struct rusage u;

	getrusage(RUSAGE_THREAD, &u);
	return u.ru_minflt;
}

static bool src_quick(void *priv, const struct vmedia_capture_mode *mode)
{
	return true;
}

/* Each page of the frame. Sanitizers would look at memory of their own. */
__attribute__((no_sanitize("address", "thread", "undefined"))) static int
src_fill(void *priv, struct vmedia_frame *f)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	volatile uint8_t *p = f->mem[0];
	long before = faults();

	for (size_t i = 0; i < f->size[0]; i += page)
		p[i] = (uint8_t)f->number;
	src.faults += faults() - before;
	src.fills++;
	return 0;
}

static const struct vmedia_capture_ops source = { .quick = src_quick, .fill = src_fill };
static const struct vmedia_frame_interval fast[] = { { .min = { 1, 1000 } } };
static const struct vmedia_frame_size sizes[] = {
	{ .width = 1920, .height = 1080, .intervals = fast, .num_intervals = 1 }
};
static const struct vmedia_format_config formats[] = {
	{ .pixelformat = V4L2_PIX_FMT_NV12, .sizes = sizes, .num_sizes = 1 },
};
static const struct vmedia_queue_config queues[] = {
	{ .type = CAP, .formats = formats, .num_formats = 1, .capture = &source },
};
static const struct vmedia_video_config camera = { .card = "c", .queues = queues,
						   .num_queues = 1 };

static void frames(struct rig *r, unsigned int n)
{
	struct vmedia_evt evt;

	while (n--) {
		evt = rig_event(r);
		assert_int_equal(evt.buffer.flags & V4L2_BUF_FLAG_ERROR, 0);
		assert_int_equal(rig_queue(r, r->s, CAP, evt.buffer.index), 0);
	}
}

static void test_no_faults(void **state)
{
	struct rig *r = rig_new(&camera);

	assert_int_equal(rig_reqbufs(r, r->s, CAP, V4L2_MEMORY_MMAP, BUFFERS), BUFFERS);
	vmedia_pages_wait(&r->dev->account->pages);
	for (uint32_t i = 0; i < BUFFERS; i++)
		assert_int_equal(rig_queue(r, r->s, CAP, i), 0);
	assert_int_equal(rig_stream(r, r->s, CAP, true), 0);
	frames(r, 2 * BUFFERS);
	assert_true(src.fills >= 2 * BUFFERS);
	/* The kernel may take a page itself. Without the thread each page has a fault. */
	assert_in_range(src.faults, 0, 16);
	assert_int_equal(rig_stream(r, r->s, CAP, false), 0);
	rig_end(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
