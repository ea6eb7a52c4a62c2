// SPDX-License-Identifier: BSD-3-Clause
/*
 * Golden bytes: each exchange of tests/vectors, written here in C, becomes exactly those bytes at
 * the end that sends it, and those bytes become the same again at the end that receives them.
 */
#include "exchanges.h"

/*
 * The driver's question, its bytes, and what the device makes of them, alone and with what some
 * drivers add.
 */
static void check_question(const char *name, const struct vector *v, const struct end *driver,
			   struct end *device)
{
	uint8_t buf[VECTOR_MAX];
	uint8_t *copy;
	int len;

	assert_int_equal(vmedia_cmd_size(&driver->cmd), v->question.len);
	len = vmedia_cmd_encode(&driver->cmd, buf, sizeof(buf));
	CHECK(len >= 0, "%s: encoding the question: %d", name, len);
	assert_bytes(name, buf, (size_t)len, &v->question);
	assert_int_equal(vmedia_cmd_encode(&driver->cmd, buf, (size_t)len - 1), -ENOSPC);

	memcpy(buf, v->question.bytes, v->question.len);
	memcpy(buf + v->question.len, v->extra.bytes, v->extra.len);
	copy = exact(buf, v->question.len + v->extra.len);
	assert_int_equal(vmedia_cmd_decode(&device->cmd, copy, v->question.len + v->extra.len), 0);
	assert_same_question(driver, device);
	free(copy);
}

static void check_exchange(const struct exchange *x)
{
	struct end *driver = end_new(), *device = end_new(), *expected;
	uint8_t buf[VECTOR_MAX];
	struct vector v;
	uint8_t *copy;
	int len;

	vector_load(&v, x->name);
	x->ask(driver);
	check_question(x->name, &v, driver, device);

	expected = end_copy(driver);
	if (x->answer) {
		x->answer(device);
		x->answer(expected);
	}
	len = vmedia_resp_encode(&device->cmd, x->err, buf, sizeof(buf));
	CHECK(len >= 0, "%s: encoding the answer: %d", x->name, len);
	assert_bytes(x->name, buf, (size_t)len, &v.answer);
	assert_int_equal(vmedia_resp_encode(&device->cmd, x->err, buf, (size_t)len), len);
	if (!x->err)
		assert_int_equal(vmedia_resp_size(&device->cmd), len);
	assert_int_equal(vmedia_resp_size(&driver->cmd), vmedia_resp_size(&device->cmd));

	copy = exact(v.answer.bytes, v.answer.len);
	len = vmedia_resp_decode(&driver->cmd, copy, v.answer.len);
	CHECK(len == x->err, "%s: decoding the answer: %d: %s", x->name, len, driver->cmd.why.what);
	free(copy);
	if (driver->cmd.type == VMEDIA_CMD_IOCTL && (driver->cmd.io.info->dir & VMEDIA_DIR_R)) {
		if (expected->cmd.io.num_planes)
			expected->cmd.io.num_planes = expected->cmd.io.arg.buffer.length;
		assert_same_payload(expected, driver);
	}
	assert_int_equal(driver->cmd.session_id, expected->cmd.session_id);
	assert_int_equal(driver->cmd.driver_addr, expected->cmd.driver_addr);
	assert_int_equal(driver->cmd.mmap_len, expected->cmd.mmap_len);
	free(driver);
	free(device);
	free(expected);
}

static void test_exchanges(void **state)
{
	static const struct exchange *const all[] = {
		exchanges_of_commands,
		exchanges_of_buffers,
		exchanges_of_controls,
	};
	const struct exchange *x;
	unsigned int i, count = 0;

	(void)state;
	for (i = 0; i < COUNT(all); i++)
		for (x = all[i]; x->name; x++, count++)
			check_exchange(x);
	assert_int_equal(count, 42);
}

/* ---- Events ---- */

static void fill_error(struct vmedia_evt *e)
{
	e->type = VMEDIA_EVT_ERROR;
	e->err = ENOMEM;
}

static void fill_dqbuf(struct vmedia_evt *e)
{
	struct vmedia_buffer *b = &e->buffer;

	e->type = VMEDIA_EVT_DQBUF;
	b->index = 3;
	b->type = VMEDIA_BUF_TYPE_VIDEO_CAPTURE;
	b->bytesused = b->length = 614400;
	b->flags = 0x2001;
	b->field = 1;
	b->timestamp.tv_sec = 123456789;
	b->timestamp.tv_usec = 999999;
	b->sequence = 42;
	b->memory = VMEDIA_MEMORY_MMAP;
	b->m.offset = 0x1ec000;
}

static void fill_dqbuf_mplane(struct vmedia_evt *e)
{
	struct vmedia_buffer *b = &e->buffer;

	e->type = VMEDIA_EVT_DQBUF;
	b->type = VMEDIA_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
	b->flags = 0x104000;
	b->field = 1;
	b->sequence = 7;
	b->memory = VMEDIA_MEMORY_USERPTR;
	b->length = 2;
	e->planes[0] = (struct vmedia_plane){ .bytesused = 2073600,
					      .length = 2076672,
					      .data_offset = 1024 };
	e->planes[1] = (struct vmedia_plane){ .bytesused = 1036800, .length = 1040384 };
}

static void fill_source_change(struct vmedia_evt *e)
{
	e->type = VMEDIA_EVT_EVENT;
	e->event.type = 5;
	e->event.u.src_change.changes = 1;
	e->event.pending = 2;
	e->event.sequence = 9;
	e->event.timestamp.tv_sec = 10000;
	e->event.timestamp.tv_nsec = 999999999;
}

static void fill_ctrl(struct vmedia_evt *e)
{
	struct vmedia_event_ctrl *c = &e->event.u.ctrl;

	e->type = VMEDIA_EVT_EVENT;
	e->event.type = 3;
	e->event.sequence = 2;
	e->event.timestamp.tv_sec = 1;
	e->event.timestamp.tv_nsec = 2;
	e->event.id = 0x980900;
	c->changes = 1;
	c->type = 1;
	c->value = -10;
	c->flags = 0x20;
	c->minimum = -128;
	c->maximum = 127;
	c->step = 1;
}

static void fill_ctrl64(struct vmedia_evt *e)
{
	struct vmedia_event_ctrl *c = &e->event.u.ctrl;

	fill_ctrl(e);
	e->event.sequence = 1;
	e->event.id = 0x98f006;
	c->type = 5;
	c->value64 = 0x7ffffffffffffff8;
	c->flags = 0;
	c->minimum = INT32_MIN;
	c->maximum = INT32_MAX;
}

static const struct {
	const char *name;
	void (*fill)(struct vmedia_evt *e);
} events[] = {
	{ "evt_error", fill_error },
	{ "evt_dqbuf", fill_dqbuf },
	{ "evt_dqbuf_mplane", fill_dqbuf_mplane },
	{ "evt_source_change", fill_source_change },
	{ "evt_ctrl", fill_ctrl },
	{ "evt_ctrl64", fill_ctrl64 },
};

static void test_events(void **state)
{
	struct vmedia_evt sent, got;
	uint8_t buf[VMEDIA_EVT_MAX_SIZE];
	struct vector v;
	unsigned int i;
	uint8_t *copy;
	int len;

	(void)state;
	for (i = 0; i < COUNT(events); i++) {
		vector_load(&v, events[i].name);
		memset(&sent, 0, sizeof(sent));
		sent.session_id = 5;
		events[i].fill(&sent);
		assert_int_equal(vmedia_evt_size(&sent), v.event.len);
		len = vmedia_evt_encode(&sent, buf, sizeof(buf));
		assert_bytes(events[i].name, buf, (size_t)len, &v.event);
		assert_int_equal(vmedia_evt_encode(&sent, buf, v.event.len - 1), -ENOSPC);
		copy = exact(v.event.bytes, v.event.len);
		len = vmedia_evt_decode(&got, copy, v.event.len);
		CHECK(!len, "%s: %s", events[i].name, got.why.what);
		assert_memory_equal(&got, &sent, sizeof(sent));
		free(copy);
	}
}

/* Pointers that a device left in a buffer do not reach the wire. */
static void test_event_pointers(void **state)
{
	uint8_t buf[VMEDIA_EVT_MAX_SIZE];
	struct vmedia_evt e = { .session_id = 5 };
	struct vector v;

	(void)state;
	vector_load(&v, "evt_dqbuf_mplane");
	fill_dqbuf_mplane(&e);
	e.buffer.m.planes = 0x1111;
	e.planes[0].m.userptr = 0x2222;
	e.planes[1].m.userptr = 0x3333;
	e.planes[2].length = 0x4444;	/* beyond the buffer's planes */
	assert_bytes("pointers", buf, (size_t)vmedia_evt_encode(&e, buf, sizeof(buf)), &v.event);
}

static void test_config(void **state)
{
	static const uint8_t wire[VMEDIA_CONFIG_SIZE] = {
		0x01, 0x00, 0x20, 0x04, 0x03, 0x02, 0x01, 0x00, 'v',
		'm',  'e',  'd',  'i',	'a',  ' ',  'c',  'a',	'm',
	};
	struct vmedia_config cfg = { .device_caps = 0x04200001,
				     .device_type = 0x00010203,
				     .card = "vmedia cam" },
			     back;
	uint8_t buf[VMEDIA_CONFIG_SIZE];

	(void)state;
	vmedia_config_encode(&cfg, buf);
	assert_memory_equal(buf, wire, sizeof(wire));
	vmedia_config_decode(&back, wire);
	assert_memory_equal(&back, &cfg, sizeof(cfg));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exchanges),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_event_pointers),
		cmocka_unit_test(test_config),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
