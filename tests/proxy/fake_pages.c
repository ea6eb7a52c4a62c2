/* SPDX-License-Identifier: BSD-3-Clause */
/* See fake_pages.h. */
#include "fake_pages.h"

void get_pages(struct fake_host *f, struct pages *p)
{
	p->page = harness_alloc(&f->h, HOST_LENGTH, 4096);
	vmedia_sg_put(p->raw, 0,
		      &(struct vmedia_sg_entry){ harness_gpa(&f->h, p->page), HOST_LENGTH });
	p->sg = (struct vmedia_sg){ p->raw, 1 };
}

void get_odd_pages(struct fake_host *f, struct pages *p)
{
	p->page = harness_alloc(&f->h, 2 * HOST_LENGTH, 4096);
	vmedia_sg_put(p->raw, 0, &(struct vmedia_sg_entry){ harness_gpa(&f->h, p->page), 100 });
	vmedia_sg_put(p->raw, 1, &(struct vmedia_sg_entry){ harness_gpa(&f->h, p->page) + 200,
							    HOST_LENGTH - 100 });
	p->sg = (struct vmedia_sg){ p->raw, 2 };
}

struct fake_host *opened(uint32_t memories, uint32_t *session)
{
	struct fake_host *f = fake_host_new(NULL);

	f->memories = memories;
	f->bytesused = HOST_LENGTH;
	assert_int_equal(ask_open(f, session), 0);
	return f;
}

int give(struct fake_host *f, uint32_t session, uint32_t type, uint32_t index,
	 const struct pages *p)
{
	return qbuf(f, session, type, index, USERPTR, &p->sg, HOST_LENGTH);
}

struct fake_host *streaming(uint32_t *session, struct pages *p, uint32_t num)
{
	struct fake_host *f = opened(1u << USERPTR, session);
	uint32_t count = num;

	assert_int_equal(reqbufs(f, *session, CAPTURE, USERPTR, &count), 0);
	for (uint32_t i = 0; i < num; i++) {
		get_pages(f, &p[i]);
		assert_int_equal(give(f, *session, CAPTURE, i, &p[i]), 0);
	}
	assert_int_equal(stream(f, *session, CAPTURE, true), 0);
	return f;
}

uint64_t copied(struct fake_host *f)
{
	struct vmedia_device_stats stats;

	vmedia_device_stats(f->dev, &stats);
	return stats.bytes_copied;
}

uint32_t frame(struct fake_host *f, uint32_t type, uint32_t index)
{
	struct vmedia_evt evt;

	fake_done(f, 0, type, index);
	assert_int_equal(next_event(f, &evt), 1);
	assert_int_equal(evt.type, VMEDIA_EVT_DQBUF);
	assert_int_equal(evt.buffer.index, index);
	assert_int_equal(evt.buffer.memory, USERPTR);
	assert_true(evt.buffer.m.userptr == 0 || evt.buffer.m.userptr == 0x7f0012345678);
	harness_post_events(&f->h, 1, VMEDIA_EVT_MAX_SIZE);
	return evt.buffer.sequence;
}
