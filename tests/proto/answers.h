/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the tests of answers share: a good answer in wire[], to be spoilt and shown to the driver.
 */
#ifndef VMEDIA_TESTS_PROTO_ANSWERS_H
#define VMEDIA_TESTS_PROTO_ANSWERS_H

#include "support.h"

#define OFF(tag, field) offsetof(struct vmedia_##tag, field)

static uint8_t wire[VMEDIA_MAX_RESP_SIZE];
static int wire_len;

static inline void put32(size_t at, uint32_t v)
{
	unsigned int i;

	for (i = 0; i < 4; i++)
		wire[at + i] = (uint8_t)(v >> (8 * i));
}

/*
 * Leave in wire[] what a good device answers to @driver; @mend makes a bare echo good where it is
 * not.
 */
static inline void good_answer(const struct end *driver, void (*mend)(union vmedia_payload *arg),
			       int err)
{
	static uint8_t question[8192];
	struct end *device = end_new();
	int len = vmedia_cmd_encode(&driver->cmd, question, sizeof(question));

	CHECK(len > 0, "question: %d", len);
	assert_int_equal(vmedia_cmd_decode(&device->cmd, question, (size_t)len), 0);
	if (mend)
		mend(&device->cmd.io.arg);
	wire_len = vmedia_resp_encode(&device->cmd, err, wire, sizeof(wire));
	assert_true(wire_len >= 8);
	free(device);
}

/* The answer in wire[] to @driver; frees @driver. */
static inline void expect(struct end *driver, int len, int err, const char *what)
{
	uint8_t *copy = exact(wire, (size_t)len);
	int got = vmedia_resp_decode(&driver->cmd, copy, (size_t)len);
	const char *why = driver->cmd.why.what ? driver->cmd.why.what : "-";

	CHECK(got == err && !strcmp(why, what ? what : "-"), "%d (%s), not %d (%s)", got, why, err,
	      what ? what : "-");
	free(copy);
	free(driver);
}

static inline struct end *ask_simple(uint32_t type)
{
	struct end *e = end_new();

	e->cmd.type = type;
	e->cmd.session_id = 5;
	return e;
}

static inline struct end *ask(uint32_t nr)
{
	struct end *e = end_new();

	end_ioctl(e, nr);
	return e;
}

#endif /* VMEDIA_TESTS_PROTO_ANSWERS_H */
