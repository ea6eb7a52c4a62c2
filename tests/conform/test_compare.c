/* SPDX-License-Identifier: BSD-3-Clause */
/* Ways to compare: what depends on time is no difference, what does not is one, and has a name. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <compare.h>
#include <make.h>
#include <rules.h>
#include <walk.h>

#define TEXTS 8

struct pair {
	struct conform_call *a, *b;
	struct conform_catalogue *cat;
	struct conform_context context;
	char what[TEXTS][CONFORM_TEXT_SIZE];
	unsigned int found;
};

static void note(void *opaque, const char *what, const char *mirror, const char *device)
{
	struct pair *p = opaque;

	assert_string_not_equal(mirror, device);
	if (p->found < TEXTS)
		snprintf(p->what[p->found], CONFORM_TEXT_SIZE, "%s", what);
	p->found++;
}

static int set_up(void **state)
{
	struct pair *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	p->a = calloc(1, sizeof(*p->a));
	p->b = calloc(1, sizeof(*p->b));
	p->cat = calloc(1, sizeof(*p->cat));
	assert_true(p->a && p->b && p->cat);
	p->context.cat = p->cat;
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	struct pair *p = *state;

	free(p->a);
	free(p->b);
	free(p->cat);
	free(p);
	return 0;
}

static void begin(struct pair *p, uint32_t nr)
{
	conform_call_begin(p->a, conform_row(nr), 0);
	conform_call_begin(p->b, conform_row(nr), 0);
}

static unsigned int compare(struct pair *p)
{
	unsigned int n;

	p->found = 0;
	n = conform_compare(&p->context, p->a, p->b, note, p);
	assert_int_equal(n, p->found);
	return n;
}

/* @what is the only difference. */
static void assert_difference(struct pair *p, const char *what)
{
	assert_int_equal(compare(p), 1);
	assert_string_equal(p->what[0], what);
}

static void test_errno(void **state)
{
	struct pair *p = *state;

	begin(p, VMEDIA_NR_S_FMT);
	p->b->arg.format.fmt.pix.width = 1;
	p->a->err = -EINVAL;
	p->b->err = -EBUSY;
	assert_difference(p, "errno:EINVAL:EBUSY");
	p->a->err = 0;
	p->b->err = -4095; /* one without a name */
	assert_difference(p, "errno:0:4095");
}

/* The members of a format are those of its type. */
static void test_format(void **state)
{
	struct pair *p = *state;

	begin(p, VMEDIA_NR_G_FMT);
	p->a->arg.format.type = p->b->arg.format.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	p->b->arg.format.fmt.pix.sizeimage = 7;
	assert_difference(p, "sizeimage");
	p->a->arg.format.type = p->b->arg.format.type = V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
	p->b->arg.format.fmt.pix.sizeimage = 0;
	p->b->arg.format.fmt.pix_mp.plane_fmt[1].bytesperline = 7;
	assert_difference(p, "plane_fmt[1].bytesperline");
	/* Bytes behind those that the type uses. */
	p->a->arg.format.type = p->b->arg.format.type = V4L2_BUF_TYPE_META_CAPTURE;
	assert_int_equal(compare(p), 0);
}

/* A device clears what is reserved, and puts nothing in it. */
static void test_reserved(void **state)
{
	struct pair *p = *state;

	begin(p, VMEDIA_NR_ENUM_FREQ_BANDS);
	p->a->arg.frequency_band.reserved[8] = 3;
	assert_int_equal(compare(p), 0);
	p->b->arg.frequency_band.reserved[8] = 4;
	assert_difference(p, "reserved");
	p->a->arg.frequency_band.reserved[8] = 0;
	assert_difference(p, "reserved");
	p->b->arg.frequency_band.reserved[8] = 0;
	p->a->arg.frequency_band.index = 1;
	assert_difference(p, "index");
}

static void test_dqbuf_times(void **state)
{
	struct pair *p = *state;
	struct vmedia_buffer *a = &p->a->arg.buffer, *b = &p->b->arg.buffer;

	begin(p, VMEDIA_NR_DQBUF);
	a->type = b->type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	a->flags = b->flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
	a->timestamp.tv_sec = 5;
	a->sequence = 9;
	a->field = V4L2_FIELD_TOP;
	b->field = V4L2_FIELD_BOTTOM;
	a->flags |= V4L2_BUF_FLAG_TSTAMP_SRC_SOE;
	assert_int_equal(compare(p), 0);
	p->context.m2m = true;
	assert_int_equal(compare(p), 2);
	assert_string_equal(p->what[0], "flags.0x10000");
	assert_string_equal(p->what[1], "sequence");
	b->flags |= V4L2_BUF_FLAG_TSTAMP_SRC_SOE;
	assert_difference(p, "sequence");
	b->sequence = 9;
	a->flags = b->flags = V4L2_BUF_FLAG_TIMESTAMP_COPY;
	assert_difference(p, "timestamp");
	b->timestamp.tv_sec = 5;
	b->field = V4L2_FIELD_NONE;
	assert_difference(p, "field");
}

static void test_dqbuf_bytes(void **state)
{
	struct pair *p = *state;
	struct vmedia_buffer *a = &p->a->arg.buffer, *b = &p->b->arg.buffer;

	begin(p, VMEDIA_NR_DQBUF);
	a->type = b->type = V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
	a->length = b->length = 2;
	p->a->planes[1].bytesused = 100;
	assert_difference(p, "planes[1].bytesused");
	p->context.coded = true;
	assert_int_equal(compare(p), 0);
	p->context.coded = false;
	a->flags = b->flags = V4L2_BUF_FLAG_ERROR;
	assert_int_equal(compare(p), 0);
	b->flags |= V4L2_BUF_FLAG_LAST;
	assert_difference(p, "flags.0x100000");
}

static void test_querybuf_state(void **state)
{
	struct pair *p = *state;
	struct vmedia_buffer *a = &p->a->arg.buffer, *b = &p->b->arg.buffer;

	begin(p, VMEDIA_NR_QUERYBUF);
	a->type = b->type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	a->flags = V4L2_BUF_FLAG_QUEUED;
	b->flags = V4L2_BUF_FLAG_DONE | V4L2_BUF_FLAG_KEYFRAME;
	assert_int_equal(compare(p), 0);
	b->flags = 0;
	assert_difference(p, "flags.0x2");
	/* Both sides have it: the device's event may be under way. */
	p->context.queued = true;
	assert_int_equal(compare(p), 0);
	b->flags = V4L2_BUF_FLAG_PREPARED;
	assert_difference(p, "flags.0x400");
}

static void test_controls(void **state)
{
	struct pair *p = *state;

	begin(p, VMEDIA_NR_G_EXT_CTRLS);
	p->cat->num_ctrls = 1;
	p->cat->ctrls[0].q.id = V4L2_CID_GAIN;
	p->a->arg.ext_controls.count = p->b->arg.ext_controls.count = 2;
	p->a->ctrls[0].id = p->b->ctrls[0].id = V4L2_CID_GAIN;
	p->a->ctrls[1].id = p->b->ctrls[1].id = V4L2_CID_HUE;
	p->a->ctrls[0].value = 1;
	assert_difference(p, "controls[0x00980913].value");
	p->cat->ctrls[0].moment = true;
	assert_int_equal(compare(p), 0);
	p->a->ctrls[1].size = p->b->ctrls[1].size = 16;
	p->a->ctrls[1].ptr = p->b->ctrls[1].ptr = CONFORM_PTR(0);
	p->a->data[CONFORM_SLOT + 15] = 1;
	assert_difference(p, "controls[0x00980903].payload");
	/* Of a string, what is behind its end does not count. */
	p->cat->num_ctrls = 2;
	p->cat->ctrls[1].q.id = V4L2_CID_HUE;
	p->cat->ctrls[1].q.type = V4L2_CTRL_TYPE_STRING;
	assert_int_equal(compare(p), 0);
	p->a->data[CONFORM_SLOT] = 'a';
	assert_difference(p, "controls[0x00980903].payload");
	p->a->data[CONFORM_SLOT] = '\0';
	p->a->ctrls[1].reserved2[0] = 5;
	p->b->ctrls[1].reserved2[0] = 3;
	p->b->data[CONFORM_SLOT + 15] = 1;
	assert_difference(p, "controls[].reserved2");
	p->b->ctrls[1].reserved2[0] = 0;
	assert_int_equal(compare(p), 0);
	/* Some were read before the error, and some were not. */
	p->a->err = p->b->err = -EACCES;
	p->b->arg.ext_controls.error_idx = 1;
	assert_difference(p, "error_idx");
}

/* V4L2's core reduces what it gives back; after EFAULT neither side has looked at all. */
static void test_controls_left(void **state)
{
	struct pair *p = *state;

	begin(p, VMEDIA_NR_S_EXT_CTRLS);
	p->a->arg.ext_controls.which = V4L2_CTRL_CLASS_USER;
	p->b->arg.ext_controls.which = V4L2_CTRL_CLASS_USER | 0xf000ffff;
	assert_int_equal(compare(p), 0);
	p->b->arg.ext_controls.which = V4L2_CTRL_CLASS_CODEC;
	assert_difference(p, "which");
	p->a->err = p->b->err = -EFAULT;
	p->b->arg.ext_controls.error_idx = 5;
	assert_int_equal(compare(p), 0);
	p->b->err = -EINVAL;
	assert_difference(p, "errno:EFAULT:EINVAL");
}

/* What a difference is called tells why a device may differ. */
static void test_circumstances(void **state)
{
	struct pair *p = *state;

	begin(p, VMEDIA_NR_QBUF);
	p->b->err = -EINVAL;
	assert_difference(p, "errno:0:EINVAL");
	p->context.restarted = true;
	assert_difference(p, "restarted.errno:0:EINVAL");
	p->context.restarted = false;
	p->context.first = true;
	assert_difference(p, "first.errno:0:EINVAL");
	p->context.longer = true;
	assert_difference(p, "longer.errno:0:EINVAL");
	p->context.foreign = true;
	assert_difference(p, "foreign.errno:0:EINVAL");
	p->context.request = true;
	assert_difference(p, "request.errno:0:EINVAL");
	p->context.foreign = p->context.request = p->context.first = p->context.longer = false;
	begin(p, VMEDIA_NR_G_FMT);
	p->b->err = -EINVAL;
	p->a->arg.format.type = p->b->arg.format.type = V4L2_BUF_TYPE_VIDEO_OVERLAY;
	assert_difference(p, "overlay.errno:0:EINVAL");
	begin(p, VMEDIA_NR_CREATE_BUFS);
	p->b->err = -EINVAL;
	p->a->arg.create_buffers.format.type = V4L2_BUF_TYPE_VIDEO_OUTPUT_OVERLAY;
	assert_difference(p, "overlay.errno:0:EINVAL");
}

/* The kernel forgets the memory of a QBUF that failed, a device does not. */
static void test_forgotten(void **state)
{
	struct pair *p = *state;
	struct vmedia_buffer *a = &p->a->arg.buffer, *b = &p->b->arg.buffer;

	begin(p, VMEDIA_NR_QUERYBUF);
	a->type = b->type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	a->memory = b->memory = VMEDIA_MEMORY_USERPTR;
	b->length = 4096;
	b->m.userptr = CONFORM_PTR(0);
	assert_int_equal(compare(p), 0);
	a->memory = b->memory = VMEDIA_MEMORY_MMAP;
	assert_difference(p, "length");
	a->memory = b->memory = VMEDIA_MEMORY_USERPTR;
	a->length = 8192;
	assert_difference(p, "length");
	a->m.userptr = CONFORM_PTR(8);
	assert_int_equal(compare(p), 2);
	assert_string_equal(p->what[0], "length");
	assert_string_equal(p->what[1], "m.userptr");
	a->type = b->type = V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
	a->length = b->length = 2;
	p->b->planes[1].length = 4096;
	p->b->planes[1].m.userptr = CONFORM_PTR(0);
	assert_int_equal(compare(p), 0);
	p->a->planes[1].length = 1;
	assert_difference(p, "planes[1].length");
}

/* What a guest can do without the media controller, it cannot do without streaming. */
static void test_rules(void **state)
{
	struct conform_rules r = { NULL, 0 };

	assert_int_equal(conform_rules_default(&r), 0);
	assert_non_null(conform_rules_find(&r, "QUERYCAP", "device_caps.0x20000000"));
	assert_non_null(conform_rules_find(&r, "QUERYCAP", "device_caps.0x1000000"));
	assert_null(conform_rules_find(&r, "QUERYCAP", "device_caps.0x4000000"));
	assert_null(conform_rules_find(&r, "QUERYCAP", "device_caps.0x1"));
	assert_null(conform_rules_find(&r, "QUERYCAP", "card"));
	/* A rule of a circumstance holds in that one, another one in all. */
	assert_non_null(conform_rules_find(&r, "QUERYBUF", "foreign.errno:0:EINVAL"));
	assert_null(conform_rules_find(&r, "QUERYBUF", "errno:0:EINVAL"));
	assert_null(conform_rules_find(&r, "QUERYBUF", "request.errno:0:EINVAL"));
	assert_non_null(conform_rules_find(&r, "CREATE_BUFS", "foreign.capabilities.0x8"));
	assert_non_null(conform_rules_find(&r, "CREATE_BUFS", "capabilities.0x8"));
	conform_rules_finish(&r);
}

/* An answer's numbers never lead the model beyond its buffers. */
static void test_remove_bufs(void **state)
{
	struct pair *p = *state;
	struct conform_walk w = { .cat = p->cat };
	struct vmedia_remove_buffers *b = &p->a->arg.remove_buffers;
	struct model_queue *q = &w.session[0].queue[V4L2_BUF_TYPE_VIDEO_CAPTURE];

	begin(p, VMEDIA_NR_REMOVE_BUFS);
	q->count = 4;
	*b = (struct vmedia_remove_buffers){ .index = 0xffffffff, .count = 5,
					     .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };
	learn_remove_bufs(&w, p->a);
	assert_int_equal(q->count, 4);
	b->index = b->count = 2;
	learn_remove_bufs(&w, p->a);
	assert_int_equal(q->count, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_errno, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_format, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_reserved, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_dqbuf_times, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_dqbuf_bytes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_querybuf_state, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_controls, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_controls_left, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_circumstances, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_forgotten, set_up, tear_down),
		cmocka_unit_test(test_rules),
		cmocka_unit_test_setup_teardown(test_remove_bufs, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
