/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * CAPTURE's memory changes while a job goes on: another kind of it, other pages under the same
 * buffers, other buffers.
 */
#include "mock_codec.h"

#include "v4l2/decoder.h"

#define PAGES V4L2_MEMORY_USERPTR
#define SIZE  (64 * 48 * 3 / 2)
/* Of guest memory, for one buffer. */
#define ROOM  8192

static uint32_t num_slots(struct client *c)
{
	const struct vmedia_decoder *d = vmedia_decoder_of(client_ctx(c));
	const struct vmedia_decoder_slot *slot;
	uint32_t n = 0;

	vmedia_list_for_each(slot, &d->slots, node)
		n++;
	return n;
}

static void queue_pages(struct client *c, uint32_t index, const void *pages)
{
	static uint8_t raw[VMEDIA_SG_ENTRY_SIZE];
	struct vmedia_sg_entry e = { .start = harness_gpa(&c->r->h, pages), .len = SIZE };
	struct vmedia_cmd cmd;

	harness_cmd_ioctl(&cmd, c->r->s, VMEDIA_NR_QBUF);
	cmd.io.arg.buffer = (struct vmedia_buffer){ .index = index, .type = CAP, .memory = PAGES,
						    .length = 1, .m.planes = 0x7f0012345678 };
	cmd.io.num_planes = 1;
	cmd.io.planes[0] = (struct vmedia_plane){ .length = SIZE, .m.userptr = 0x7f0000001000 };
	vmedia_sg_put(raw, 0, &e);
	cmd.io.plane_sg[0] = (struct vmedia_sg){ raw, 1 };
	assert_int_equal(rig_cmd(c->r, &cmd), 0);
}

/* @n buffers of pages, queued, streaming. */
static uint8_t *setup_pages(struct client *c, uint32_t n)
{
	uint8_t *pages = harness_alloc(&c->r->h, (size_t)n * ROOM, 4096);

	assert_int_equal(rig_reqbufs(c->r, c->r->s, CAP, PAGES, n), n);
	for (uint32_t i = 0; i < n; i++)
		queue_pages(c, i, pages + (size_t)i * ROOM);
	assert_int_equal(rig_stream(c->r, c->r->s, CAP, true), 0);
	return pages;
}

/* What comes while the job hangs. Returns the CAPTURE buffer of the last picture, or -1. */
static int get(struct client *c)
{
	struct vmedia_evt evt;
	int index = -1;

	harness_step(&c->r->h);
	while (rig_poll(c->r, &evt)) {
		client_note(c, &evt);
		if (evt.type == VMEDIA_EVT_DQBUF && evt.buffer.type == CAP)
			index = (int)evt.buffer.index;
	}
	return index;
}

/* A session whose driver queues CAPTURE buffers itself. */
static struct client begin(void)
{
	struct client c = client_new(false, false);

	client_hurry(&c);
	c.keep = true;
	return c;
}

/* A job begins with MMAP buffers that are not streaming, and gets pages: they are not taken. */
static void test_not_taken(void **state)
{
	struct client c = begin();

	(void)state;
	assert_int_equal(client_s_fmt(&c, CAP, V4L2_PIX_FMT_NV12, 64, 48, NULL), 0);
	assert_int_equal(rig_reqbufs(c.r, c.r->s, CAP, MMAP, 6), 6);
	/* One job gets all three packets. */
	assert_int_equal(rig_stream(c.r, c.r->s, OUT, false), 0);
	client_put(&c, "W.", 10);
	client_put(&c, "W.", 20);
	client_put(&c, "S0D1", 30);
	assert_int_equal(rig_stream(c.r, c.r->s, OUT, true), 0);
	client_await(&c);
	assert_int_equal(rig_reqbufs(c.r, c.r->s, CAP, MMAP, 0), 0);
	setup_pages(&c, 6);
	sem_post(&mock.go);
	client_await(&c);
	get(&c);
	sem_post(&mock.go);
	client_expect(&c, " 10 20 30", " CHANGE 1@30p");
	assert_int_equal(mock.copies, 1);
	client_end(&c);
}

/* A buffer comes with other pages each time. The job keeps none of the old ones. */
static void test_other_pages(void **state)
{
	struct client c = begin();
	uint8_t *pages;
	int index;

	(void)state;
	client_put(&c, "S0K1", 10);
	client_expect(&c, " 10", " CHANGE");
	client_put(&c, "W.P2", 20);
	client_put(&c, "W.P2", 20);
	setup_pages(&c, 3);
	pages = harness_alloc(&c.r->h, 2 * ROOM, 4096);
	client_await(&c);
	for (uint32_t i = 0; i < 20; i++) {
		index = get(&c);
		assert_true(index >= 0);
		queue_pages(&c, (uint32_t)index, pages + (size_t)(i % 2) * ROOM);
		client_put(&c, "W.P2", 20);
		get(&c);
		sem_post(&mock.go);
		client_await(&c);
		assert_true(vmedia_decoder_of(client_ctx(&c))->s.running);
		assert_int_equal(num_slots(&c), 3);
	}
	sem_post(&mock.go);
	sem_post(&mock.go);
	client_settle(&c);
	client_end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_not_taken),
		cmocka_unit_test(test_other_pages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
