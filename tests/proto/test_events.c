// SPDX-License-Identifier: BSD-3-Clause
/*
 * Events at the driver end: what is refused, by name, and what is put right. The good ones are in
 * test_vectors.c.
 */
#include "support.h"

static uint8_t wire[1024];

static void put32(size_t at, uint32_t v)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		wire[at + i] = (uint8_t)(v >> (8 * i));
}

static struct vmedia_evt evt;

static void expect(size_t len, const char *what)
{
	uint8_t *copy = exact(wire, len);
	int err = vmedia_evt_decode(&evt, copy, len);

	free(copy);
	CHECK(err == (what ? -EINVAL : 0), "%d (%s), not %s", err,
	      evt.why.what ? evt.why.what : "-", what);
	if (what)
		assert_string_equal(evt.why.what, what);
	else
		assert_null(evt.why.what);
}

static void header(uint32_t type)
{
	memset(wire, 0, sizeof(wire));
	put32(0, type);
	put32(4, 5);
}

#define BUF(field) (8 + offsetof(struct vmedia_buffer, field))
#define PLANE(i, field) (8 + 88 + 64 * (i) + offsetof(struct vmedia_plane, field))

static void good_dqbuf(uint32_t type, uint32_t memory, uint32_t length)
{
	header(VMEDIA_EVT_DQBUF);
	put32(BUF(type), type);
	put32(BUF(memory), memory);
	put32(BUF(length), length);
}

static void test_lengths(void **state)
{
	size_t len;

	(void)state;
	header(3);
	expect(sizeof(wire), "unknown event");
	for (len = 0; len < 8; len++)
		expect(len, "event shorter than its header");
	header(VMEDIA_EVT_ERROR);
	expect(15, "ERROR event shorter than 16 bytes");
	expect(16, NULL);
	good_dqbuf(1, 1, 100);
	expect(607, "DQBUF event shorter than 608 bytes");
	expect(8, "DQBUF event shorter than 608 bytes");
	expect(608, NULL);
	expect(sizeof(wire), NULL);
	header(VMEDIA_EVT_EVENT);
	put32(8, 2);
	expect(143, "EVENT event shorter than 144 bytes");
	expect(144, NULL);
	put32(8, 0);
	expect(144, "EVENT of type V4L2_EVENT_ALL, which none is");
	put32(8, 0x08000000);
	expect(144, NULL);
}

/* An ERROR is never refused for its number: the session is lost all the same. */
static void test_error_numbers(void **state)
{
	static const uint32_t odd[] = { 0, 4096, 0xffffffea, 0x80000000 };
	unsigned int i;

	(void)state;
	header(VMEDIA_EVT_ERROR);
	for (i = 0; i < COUNT(odd); i++) {
		put32(8, odd[i]);
		expect(16, NULL);
		assert_int_equal(evt.err, EIO);
		assert_int_equal(evt.session_id, 5);
	}
	put32(8, ENODEV);
	expect(16, NULL);
	assert_int_equal(evt.err, ENODEV);
}

static void test_dqbuf(void **state)
{
	(void)state;
	good_dqbuf(0, 1, 100);
	expect(608, "DQBUF of unknown buffer type");
	good_dqbuf(15, 1, 100);
	expect(608, "DQBUF of unknown buffer type");
	good_dqbuf(14, 1, 100);
	expect(608, NULL);
	good_dqbuf(1, 0, 100);
	expect(608, "DQBUF of unknown memory type");
	good_dqbuf(1, 3, 100);
	expect(608, "DQBUF of unknown memory type");
	good_dqbuf(1, 5, 100);
	expect(608, "DQBUF of unknown memory type");
	good_dqbuf(1, 1, 100);
	put32(BUF(index), VMEDIA_MAX_BUFFERS);
	expect(608, "DQBUF of an index that no buffer has");
	put32(BUF(index), VMEDIA_MAX_BUFFERS - 1);
	put32(BUF(bytesused), 101);
	expect(608, "DQBUF with more bytes used than the buffer has");
	put32(BUF(bytesused), 100);
	expect(608, NULL);
}

static void test_dqbuf_planes(void **state)
{
	(void)state;
	good_dqbuf(9, 1, 0);
	expect(608, "DQBUF with that many planes");
	good_dqbuf(9, 1, 9);
	expect(608, "DQBUF with that many planes");
	good_dqbuf(10, 1, 0xffffffff);
	expect(608, "DQBUF with that many planes");
	good_dqbuf(10, 1, 8);
	expect(608, NULL);
	put32(PLANE(7, bytesused), 1);
	expect(608, "DQBUF with more bytes used than the plane has");
	put32(PLANE(7, length), 1);
	expect(608, NULL);
	put32(PLANE(7, data_offset), 2);
	expect(608, "DQBUF with data beyond the plane's end");
	put32(BUF(length), 7);	/* a plane that the buffer has not does not matter */
	expect(608, NULL);
}

/* Pointers of the device are not even shown. */
static void test_pointers(void **state)
{
	(void)state;
	good_dqbuf(9, VMEDIA_MEMORY_USERPTR, 2);
	memset(wire + BUF(m), 0xee, 8);
	memset(wire + PLANE(0, m), 0xee, 8);
	memset(wire + PLANE(5, m), 0xee, 8);
	expect(608, NULL);
	assert_int_equal(evt.buffer.m.planes, 0);
	assert_int_equal(evt.planes[0].m.userptr, 0);
	assert_int_equal(evt.planes[5].m.userptr, 0);
	good_dqbuf(1, VMEDIA_MEMORY_USERPTR, 2);
	memset(wire + BUF(m), 0xee, 8);
	expect(608, NULL);
	assert_int_equal(evt.buffer.m.userptr, 0);
	good_dqbuf(1, VMEDIA_MEMORY_MMAP, 2);
	put32(BUF(m), 0x1000);
	expect(608, NULL);
	assert_int_equal(evt.buffer.m.offset, 0x1000);
}

static void test_encode(void **state)
{
	struct vmedia_evt bad = { .type = 3 };
	struct vmedia_evt many = { .type = VMEDIA_EVT_DQBUF,
				   .buffer.type = 9,
				   .buffer.length = 1000 };

	(void)state;
	assert_int_equal(vmedia_evt_size(&bad), 0);
	assert_int_equal(vmedia_evt_encode(&bad, wire, sizeof(wire)), -EINVAL);
	assert_int_equal(vmedia_evt_encode(&many, wire, 607), -ENOSPC);
	/* its 8 planes and no more */
	assert_int_equal(vmedia_evt_encode(&many, wire, sizeof(wire)), 608);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_error_numbers),
		cmocka_unit_test(test_dqbuf),
		cmocka_unit_test(test_dqbuf_planes),
		cmocka_unit_test(test_pointers),
		cmocka_unit_test(test_encode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
