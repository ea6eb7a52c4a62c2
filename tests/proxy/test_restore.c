/* SPDX-License-Identifier: BSD-3-Clause */
/* --restore: the host's controls are as before when the last session has ended. */
#include "fake_host.h"

#define LENGTH 8

/* The controls of the host. */
static struct {
	uint32_t id, flags, type, size;
	int64_t value;
	char text[LENGTH];
	unsigned int sets;
} ctrls[] = {
	{ .id = 0x980900, .type = V4L2_CTRL_TYPE_INTEGER, .value = 10 },
	{ .id = 0x980901, .type = V4L2_CTRL_TYPE_INTEGER, .value = -3 },
	{ .id = 0x980902, .type = V4L2_CTRL_TYPE_BUTTON, .flags = V4L2_CTRL_FLAG_WRITE_ONLY },
	{ .id = 0x980903, .type = V4L2_CTRL_TYPE_INTEGER, .flags = V4L2_CTRL_FLAG_READ_ONLY },
	{ .id = 0x980904, .type = V4L2_CTRL_TYPE_INTEGER, .flags = V4L2_CTRL_FLAG_VOLATILE },
	{ .id = 0x980905, .type = V4L2_CTRL_TYPE_STRING, .flags = V4L2_CTRL_FLAG_HAS_PAYLOAD,
	  .size = LENGTH, .text = "before" },
};
#define NUM (sizeof(ctrls) / sizeof(ctrls[0]))

static int query(struct vmedia_query_ext_ctrl *q)
{
	uint32_t id = q->id & V4L2_CTRL_ID_MASK;

	for (size_t i = 0; i < NUM; i++) {
		if (ctrls[i].id <= id)
			continue;
		*q = (struct vmedia_query_ext_ctrl){
			.id = ctrls[i].id, .type = ctrls[i].type, .flags = ctrls[i].flags,
			.elem_size = ctrls[i].size ? ctrls[i].size : 4, .elems = 1 };
		return 0;
	}
	return -EINVAL;
}

static int access_ctrl(const struct vmedia_ext_controls *e, bool set)
{
	struct vmedia_ext_control *c = (struct vmedia_ext_control *)(uintptr_t)e->controls;

	assert_int_equal(e->count, 1);
	for (size_t i = 0; i < NUM; i++) {
		void *data = (void *)(uintptr_t)c->ptr;

		if (ctrls[i].id != c->id)
			continue;
		assert_int_equal(c->size, ctrls[i].size);
		assert_false(ctrls[i].flags & ~(uint32_t)V4L2_CTRL_FLAG_HAS_PAYLOAD);
		ctrls[i].sets += set;
		if (set && c->size)
			memcpy(ctrls[i].text, data, LENGTH);
		else if (set)
			ctrls[i].value = c->value;
		else if (c->size)
			memcpy(data, ctrls[i].text, LENGTH);
		else
			c->value = (int32_t)ctrls[i].value;
		return 0;
	}
	return -EINVAL;
}

static int script(struct fake_host *f, uint32_t nr, void *arg)
{
	switch (nr) {
	case VMEDIA_NR_QUERY_EXT_CTRL:
		return query(arg);
	case VMEDIA_NR_G_EXT_CTRLS:
	case VMEDIA_NR_S_EXT_CTRLS:
		/* A driver may refuse it while it streams. */
		if (f->file[0].streaming[V4L2_BUF_TYPE_VIDEO_CAPTURE])
			return -EBUSY;
		return access_ctrl(arg, nr == VMEDIA_NR_S_EXT_CTRLS);
	default:
		return HOST_DEFAULT;
	}
}

static struct fake_host *begin(bool restore)
{
	struct fake_host *f = restore ? fake_host_new_restored() : fake_host_new(NULL);

	fake_script(f, script);
	for (size_t i = 0; i < NUM; i++)
		ctrls[i].sets = 0;
	ctrls[0].value = 10;
	memcpy(ctrls[5].text, "before", 7);
	return f;
}

/* What a guest changes while it has the device. */
static void change(void)
{
	ctrls[0].value = 99;
	memcpy(ctrls[5].text, "after!", 7);
}

static void test_restored(void **state)
{
	struct fake_host *f = begin(true);
	uint32_t a, b;

	for (unsigned int round = 1; round < 3; round++) {
		assert_int_equal(ask_open(f, &a), 0);
		change();
		assert_int_equal(ask_open(f, &b), 0);
		ask_close(f, a);
		assert_int_equal(ctrls[0].value, 99);
		ask_close(f, b);
		assert_int_equal(ctrls[0].value, 10);
		assert_string_equal(ctrls[5].text, "before");
		/* Those that were not changed are not touched. */
		assert_int_equal(ctrls[0].sets, round);
		assert_int_equal(ctrls[1].sets, 0);
	}
	fake_host_end(f);
}

/* The guest is gone, and its stream with it. */
static void test_lost(void **state)
{
	struct fake_host *f = begin(true);
	uint32_t session, count = 1;

	assert_int_equal(ask_open(f, &session), 0);
	change();
	assert_int_equal(reqbufs(f, session, V4L2_BUF_TYPE_VIDEO_CAPTURE, V4L2_MEMORY_MMAP, &count),
			 0);
	assert_int_equal(stream(f, session, V4L2_BUF_TYPE_VIDEO_CAPTURE, true), 0);
	harness_reconnect(&f->h);
	harness_forget(&f->h);
	wait_until(f, &f->closes, f->opens);
	assert_int_equal(ctrls[0].value, 10);
	fake_host_end(f);
}

static void test_not_asked(void **state)
{
	struct fake_host *f = begin(false);
	uint32_t session;

	assert_int_equal(ask_open(f, &session), 0);
	change();
	ask_close(f, session);
	assert_int_equal(ctrls[0].value, 99);
	fake_host_end(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_restored),
		cmocka_unit_test(test_lost),
		cmocka_unit_test(test_not_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
