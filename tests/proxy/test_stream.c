/* SPDX-License-Identifier: BSD-3-Clause */
/* Buffers on their way: mapped and copied, single- and multi-planar, both directions; events. */
#include "fake_host.h"

#include <sys/mman.h>

#define CAPTURE V4L2_BUF_TYPE_VIDEO_CAPTURE
#define OUTPUT	V4L2_BUF_TYPE_VIDEO_OUTPUT
#define MPLANE	V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE

static struct fake_host *opened(uint32_t *session)
{
	struct fake_host *f = fake_host_new(NULL);

	assert_int_equal(ask_open(f, session), 0);
	return f;
}

static uint64_t copied(struct fake_host *f)
{
	struct vmedia_device_stats stats;

	vmedia_device_stats(f->dev, &stats);
	return stats.bytes_copied;
}

static uint8_t *host_memory(struct fake_host *f, uint32_t index)
{
	uint8_t *p = mmap(NULL, HOST_LENGTH, PROT_READ | PROT_WRITE, MAP_SHARED, f->memory[index],
			  0);

	assert_true(p != MAP_FAILED);
	return p;
}

static uint32_t offset_of(struct fake_host *f, uint32_t session, uint32_t type, uint32_t index)
{
	union vmedia_payload arg = { .buffer = { .type = type, .index = index } };

	assert_int_equal(ask_ioctl(f, session, VMEDIA_NR_QUERYBUF, &arg), 0);
	assert_int_equal(arg.buffer.length, HOST_LENGTH);
	assert_int_equal(arg.buffer.memory, V4L2_MEMORY_MMAP);
	assert_false(arg.buffer.flags & V4L2_BUF_FLAG_MAPPED);
	return arg.buffer.m.offset;
}

/* The guest's mapping is the host's buffer, and the event has what the driver said. */
static void test_mapped(void **state)
{
	struct vmedia_evt evt;
	struct fake_host *f;
	uint32_t session, count = 4;
	uint64_t addr, len;
	uint8_t *mem;

	f = opened(&session);
	assert_int_equal(reqbufs(f, session, CAPTURE, V4L2_MEMORY_MMAP, &count), 0);
	assert_int_equal(count, 4);
	assert_int_equal(harness_mmap(&f->h, session, offset_of(f, session, CAPTURE, 2), 0, &addr,
				      &len), 0);
	assert_int_equal(len, HOST_LENGTH);
	mem = host_memory(f, 2);
	mem[5] = 0x5a;
	assert_int_equal(harness_map_at(&f->h, addr)->addr[5], 0x5a);
	munmap(mem, HOST_LENGTH);
	assert_int_equal(qbuf(f, session, CAPTURE, 2, V4L2_MEMORY_MMAP, NULL, 0), 0);
	assert_int_equal(qbuf(f, session, CAPTURE, 2, V4L2_MEMORY_MMAP, NULL, 0), -EINVAL);
	assert_int_equal(stream(f, session, CAPTURE, true), 0);
	fake_done(f, 0, CAPTURE, 2);
	assert_int_equal(next_event(f, &evt), 1);
	assert_int_equal(evt.type, VMEDIA_EVT_DQBUF);
	assert_int_equal(evt.buffer.index, 2);
	assert_int_equal(evt.buffer.bytesused, 100);
	assert_int_equal(evt.buffer.sequence, 5);
	assert_int_equal(evt.buffer.timestamp.tv_sec, 1234);
	assert_int_equal(evt.buffer.memory, V4L2_MEMORY_MMAP);
	/* The guest has mapped it. */
	assert_int_equal(evt.buffer.flags,
			 V4L2_BUF_FLAG_MAPPED | V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC);
	assert_int_equal(copied(f), 0);
	assert_int_equal(qbuf(f, session, CAPTURE, 2, V4L2_MEMORY_MMAP, NULL, 0), 0);
	/* The mapping outlives the buffer. */
	assert_int_equal(stream(f, session, CAPTURE, false), 0);
	count = 0;
	assert_int_equal(reqbufs(f, session, CAPTURE, V4L2_MEMORY_MMAP, &count), 0);
	assert_int_equal(harness_map_at(&f->h, addr)->addr[5], 0x5a);
	assert_int_equal(harness_munmap(&f->h, addr), 0);
	ask_close(f, session);
	fake_host_end(f);
}

/* A driver that cannot export: the bytes that are used are copied, and counted. */
static void test_not_exported(void **state)
{
	struct vmedia_evt evt;
	struct fake_host *f;
	uint32_t session, count = 2;
	uint64_t addr, len;
	uint8_t *mem;

	f = opened(&session);
	f->expbuf_err = -ENOTTY;
	assert_int_equal(reqbufs(f, session, CAPTURE, V4L2_MEMORY_MMAP, &count), 0);
	assert_int_equal(harness_mmap(&f->h, session, offset_of(f, session, CAPTURE, 1), 0, &addr,
				      &len), 0);
	mem = host_memory(f, 1);
	memset(mem, 0x33, HOST_LENGTH);
	munmap(mem, HOST_LENGTH);
	assert_int_equal(qbuf(f, session, CAPTURE, 1, V4L2_MEMORY_MMAP, NULL, 0), 0);
	assert_int_equal(stream(f, session, CAPTURE, true), 0);
	fake_done(f, 0, CAPTURE, 1);
	assert_int_equal(next_event(f, &evt), 1);
	assert_int_equal(harness_map_at(&f->h, addr)->addr[99], 0x33);
	assert_int_equal(harness_map_at(&f->h, addr)->addr[100], 0);
	assert_int_equal(copied(f), 100);
	assert_int_equal(harness_munmap(&f->h, addr), 0);
	ask_close(f, session);
	fake_host_end(f);
}

static void test_pages_capture(void **state)
{
	uint8_t raw[VMEDIA_SG_ENTRY_SIZE], *mem, *page;
	struct vmedia_sg sg = { raw, 1 };
	struct vmedia_evt evt;
	struct fake_host *f;
	uint32_t session, count = 2;

	f = opened(&session);
	page = harness_alloc(&f->h, HOST_LENGTH, 4096);
	vmedia_sg_put(raw, 0, &(struct vmedia_sg_entry){ harness_gpa(&f->h, page), HOST_LENGTH });
	assert_int_equal(reqbufs(f, session, CAPTURE, V4L2_MEMORY_USERPTR, &count), 0);
	mem = host_memory(f, 0);
	memset(mem, 0x44, HOST_LENGTH);
	munmap(mem, HOST_LENGTH);
	/* Too short for a frame. */
	vmedia_sg_put(raw, 0, &(struct vmedia_sg_entry){ harness_gpa(&f->h, page), 100 });
	assert_int_equal(qbuf(f, session, CAPTURE, 0, V4L2_MEMORY_USERPTR, &sg, 100), -EINVAL);
	vmedia_sg_put(raw, 0, &(struct vmedia_sg_entry){ harness_gpa(&f->h, page), HOST_LENGTH });
	assert_int_equal(qbuf(f, session, CAPTURE, 0, V4L2_MEMORY_USERPTR, &sg, HOST_LENGTH), 0);
	/* Another kind of memory than the queue has. */
	assert_int_equal(qbuf(f, session, CAPTURE, 1, V4L2_MEMORY_MMAP, NULL, 0), -EINVAL);
	assert_int_equal(stream(f, session, CAPTURE, true), 0);
	fake_done(f, 0, CAPTURE, 0);
	assert_int_equal(next_event(f, &evt), 1);
	assert_int_equal(evt.buffer.memory, V4L2_MEMORY_USERPTR);
	assert_true(evt.buffer.m.userptr == 0 || evt.buffer.m.userptr == 0x7f0012345678);
	assert_int_equal(evt.buffer.length, HOST_LENGTH);
	assert_int_equal(page[99], 0x44);
	assert_int_equal(page[100], 0);
	assert_int_equal(copied(f), 100);
	ask_close(f, session);
	fake_host_end(f);
}

static void test_pages_output(void **state)
{
	uint8_t raw[VMEDIA_SG_ENTRY_SIZE], *mem, *page;
	struct vmedia_sg sg = { raw, 1 };
	struct vmedia_evt evt;
	struct fake_host *f;
	uint32_t session, count = 1;

	f = opened(&session);
	page = harness_alloc(&f->h, HOST_LENGTH, 4096);
	memset(page, 0x55, HOST_LENGTH);
	vmedia_sg_put(raw, 0, &(struct vmedia_sg_entry){ harness_gpa(&f->h, page), HOST_LENGTH });
	assert_int_equal(reqbufs(f, session, OUTPUT, V4L2_MEMORY_USERPTR, &count), 0);
	assert_int_equal(qbuf(f, session, OUTPUT, 0, V4L2_MEMORY_USERPTR, &sg, HOST_LENGTH), 0);
	mem = host_memory(f, 0);
	assert_int_equal(mem[99], 0x55);
	assert_int_equal(mem[100], 0);
	munmap(mem, HOST_LENGTH);
	assert_int_equal(copied(f), 100);
	assert_int_equal(stream(f, session, OUTPUT, true), 0);
	fake_done(f, 0, OUTPUT, 0);
	assert_int_equal(next_event(f, &evt), 1);
	assert_int_equal(evt.buffer.type, OUTPUT);
	assert_int_equal(evt.buffer.bytesused, 100);
	ask_close(f, session);
	fake_host_end(f);
}

static void test_mplane(void **state)
{
	struct vmedia_cmd cmd;
	struct vmedia_evt evt;
	struct fake_host *f;
	uint32_t session, count = 2, first;

	f = opened(&session);
	assert_int_equal(reqbufs(f, session, MPLANE, V4L2_MEMORY_MMAP, &count), 0);
	harness_cmd_ioctl(&cmd, session, VMEDIA_NR_QUERYBUF);
	cmd.io.arg.buffer = (struct vmedia_buffer){ .type = MPLANE, .index = 1, .length = 8,
						    .m.planes = 0x7f0000001000 };
	cmd.io.num_planes = 8;
	assert_int_equal(ask(f, &cmd), 0);
	assert_null(cmd.why.what);
	assert_int_equal(cmd.io.arg.buffer.length, 2);
	assert_true(cmd.io.arg.buffer.m.planes == 0x7f0000001000);
	first = cmd.io.planes[0].m.mem_offset;
	assert_int_equal(cmd.io.planes[1].length, HOST_LENGTH);
	assert_int_not_equal(first, cmd.io.planes[1].m.mem_offset);
	/* Room for one plane only. */
	cmd.io.arg.buffer.length = cmd.io.num_planes = 1;
	assert_int_equal(ask(f, &cmd), -EINVAL);
	assert_int_equal(qbuf(f, session, MPLANE, 1, V4L2_MEMORY_MMAP, NULL, 0), 0);
	assert_int_equal(stream(f, session, MPLANE, true), 0);
	fake_done(f, 0, MPLANE, 1);
	assert_int_equal(next_event(f, &evt), 1);
	assert_int_equal(evt.buffer.index, 1);
	assert_int_equal(evt.buffer.length, 2);
	assert_int_equal(evt.planes[0].bytesused, 100);
	assert_int_equal(evt.planes[0].m.mem_offset, first);
	ask_close(f, session);
	fake_host_end(f);
}

/* Every type of queue wakes. */
static void test_types(void **state)
{
	struct vmedia_evt evt;
	struct fake_host *f;
	uint32_t session, count;

	f = opened(&session);
	f->bytesused = HOST_LENGTH;
	for (uint32_t type = 1; type < PROXY_TYPES; type++) {
		if (!vmedia_proxy_type_served(type))
			continue;
		count = 1;
		assert_int_equal(reqbufs(f, session, type, V4L2_MEMORY_MMAP, &count), 0);
		assert_int_equal(qbuf(f, session, type, 0, V4L2_MEMORY_MMAP, NULL, 0), 0);
		assert_int_equal(stream(f, session, type, true), 0);
		fake_done(f, 0, type, 0);
		assert_int_equal(next_event(f, &evt), 1);
		assert_int_equal(evt.type, VMEDIA_EVT_DQBUF);
		assert_int_equal(evt.buffer.type, type);
		harness_post_events(&f->h, 1, VMEDIA_EVT_MAX_SIZE);
		assert_int_equal(stream(f, session, type, false), 0);
	}
	ask_close(f, session);
	fake_host_end(f);
}

static int owned(struct fake_host *f, uint32_t nr, void *arg)
{
	return nr == VMEDIA_NR_QBUF || nr == VMEDIA_NR_PREPARE_BUF || nr == VMEDIA_NR_EXPBUF
		       ? -EBUSY : HOST_DEFAULT;
}

/* A session that has no buffers gets the host's errno: another one may own the queue. */
static void test_not_owner(void **state)
{
	union vmedia_payload arg = { .exportbuffer = { .type = CAPTURE } };
	struct fake_host *f;
	uint32_t session, count = 1;

	f = opened(&session);
	fake_script(f, owned);
	assert_int_equal(qbuf(f, session, CAPTURE, 0, V4L2_MEMORY_MMAP, NULL, 0), -EBUSY);
	assert_int_equal(qbuf(f, session, MPLANE, 0, V4L2_MEMORY_MMAP, NULL, 0), -EBUSY);
	assert_int_equal(ask_ioctl(f, session, VMEDIA_NR_EXPBUF, &arg), -EBUSY);
	/* A driver that lets it must not: nothing is known of the buffer. */
	fake_script(f, NULL);
	f->file[0].count[CAPTURE] = 1;
	assert_int_equal(qbuf(f, session, CAPTURE, 0, V4L2_MEMORY_MMAP, NULL, 0), -EINVAL);
	arg.buffer = (struct vmedia_buffer){ .type = CAPTURE };
	assert_int_equal(ask_ioctl(f, session, VMEDIA_NR_QUERYBUF, &arg), -EINVAL);
	assert_int_equal(reqbufs(f, session, CAPTURE, V4L2_MEMORY_MMAP, &count), 0);
	assert_int_equal(qbuf(f, session, CAPTURE, 1, V4L2_MEMORY_MMAP, NULL, 0), -EINVAL);
	ask_close(f, session);
	fake_host_end(f);
}

/*
 * One report of epoll and one DQBUF a frame. A report that leads to nothing, or that core cannot
 * use, is not repeated.
 */
static void test_reports(void **state)
{
	struct vmedia_evt evt;
	struct fake_host *f;
	uint32_t session, count = 2;
	unsigned int before, dqbufs;

	f = opened(&session);
	assert_int_equal(reqbufs(f, session, CAPTURE, V4L2_MEMORY_MMAP, &count), 0);
	assert_int_equal(stream(f, session, CAPTURE, true), 0);
	for (uint32_t i = 0; i < 20; i++) {
		assert_int_equal(qbuf(f, session, CAPTURE, i % 2, V4L2_MEMORY_MMAP, NULL, 0), 0);
		harness_post_events(&f->h, 1, VMEDIA_EVT_MAX_SIZE);
		before = f->reports;
		dqbufs = f->dqbufs;
		/* After the tenth the queue tells of something that is not there. */
		if (i == 10) {
			fake_empty(f, 0, EPOLLERR);
			harness_step(&f->h);
			assert_in_range(f->reports - before, 1, 2);
			assert_in_range(f->dqbufs - dqbufs, 1, 2);
			before = f->reports;
			dqbufs = f->dqbufs;
		}
		fake_done(f, 0, CAPTURE, i % 2);
		assert_int_equal(next_event(f, &evt), 1);
		assert_int_equal(evt.buffer.index, i % 2);
		assert_int_equal(f->dqbufs, dqbufs + 1);
		assert_int_equal(f->reports, before + 1);
		harness_step(&f->h);
		/* The end of the error is a change of its own. */
		assert_true(f->reports <= before + (i == 10 ? 2 : 1));
		assert_int_equal(f->dqbufs, dqbufs + 1);
	}
	ask_close(f, session);
	fake_host_end(f);
}

/* Buffers finished before STREAMOFF do not come after it. */
static void test_streamoff(void **state)
{
	struct vmedia_evt evt;
	struct fake_host *f;
	uint32_t session, count = 2, used;

	f = opened(&session);
	f->expbuf_err = -ENOTTY; /* a job dequeues, and its buffer may wait for core */
	assert_int_equal(reqbufs(f, session, CAPTURE, V4L2_MEMORY_MMAP, &count), 0);
	assert_int_equal(qbuf(f, session, CAPTURE, 0, V4L2_MEMORY_MMAP, NULL, 0), 0);
	assert_int_equal(stream(f, session, CAPTURE, true), 0);
	fake_block(f, VMEDIA_NR_DQBUF);
	fake_done(f, 0, CAPTURE, 0);
	vmedia_loop_step(f->h.loop, 1000);
	harness_step(&f->h);
	fake_wait_blocked(f);
	fake_release(f);
	assert_int_equal(stream(f, session, CAPTURE, false), 0);
	while (harness_event(&f->h, &evt, &used))
		assert_int_equal(evt.type, VMEDIA_EVT_DQBUF); /* before the answer it may */
	/* It is the guest's, whichever it was. */
	assert_int_equal(qbuf(f, session, CAPTURE, 0, V4L2_MEMORY_MMAP, NULL, 0), 0);
	harness_step(&f->h);
	assert_int_equal(harness_event(&f->h, &evt, &used), 0);
	ask_close(f, session);
	fake_host_end(f);
}

static void test_events(void **state)
{
	union vmedia_payload arg = { .event_subscription = { .type = V4L2_EVENT_EOS } };
	struct vmedia_evt evt;
	struct fake_host *f;
	uint32_t session;

	f = opened(&session);
	assert_int_equal(ask_ioctl(f, session, VMEDIA_NR_SUBSCRIBE_EVENT, &arg), 0);
	fake_event_pending(f, 0);
	assert_int_equal(next_event(f, &evt), 1);
	assert_int_equal(evt.type, VMEDIA_EVT_EVENT);
	assert_int_equal(evt.event.type, V4L2_EVENT_EOS);
	ask_close(f, session);
	fake_host_end(f);
}

static void test_limits(void **state)
{
	union vmedia_payload arg = { 0 };
	struct vmedia_limits limits;
	struct fake_host *f;
	uint32_t session, count = 8;

	vmedia_limits_default(&limits);
	limits.max_bytes = 3 * HOST_LENGTH;
	limits.session_bytes = 3 * HOST_LENGTH;
	limits.max_subscriptions = 2;
	f = fake_host_new(&limits);
	assert_int_equal(ask_open(f, &session), 0);
	assert_int_equal(reqbufs(f, session, CAPTURE, V4L2_MEMORY_MMAP, &count), 0);
	assert_int_equal(count, 3);
	count = 1;
	assert_int_equal(reqbufs(f, session, OUTPUT, V4L2_MEMORY_MMAP, &count), -ENOMEM);
	arg.create_buffers = (struct vmedia_create_buffers){ .count = 1,
							     .memory = V4L2_MEMORY_MMAP };
	arg.create_buffers.format.type = CAPTURE;
	arg.create_buffers.format.fmt.pix.sizeimage = 0x7fffffff;
	assert_int_equal(ask_ioctl(f, session, VMEDIA_NR_CREATE_BUFS, &arg), -ENOMEM);
	/* What was freed may be had again. */
	count = 2;
	assert_int_equal(reqbufs(f, session, CAPTURE, V4L2_MEMORY_MMAP, &count), 0);
	arg.create_buffers.format.fmt.pix.sizeimage = HOST_LENGTH;
	assert_int_equal(ask_ioctl(f, session, VMEDIA_NR_CREATE_BUFS, &arg), 0);
	assert_int_equal(arg.create_buffers.index, 2);
	assert_int_equal(arg.create_buffers.count, 1);
	for (uint32_t id = 0; id < 4; id++) {
		memset(&arg, 0, sizeof(arg));
		arg.event_subscription.type = V4L2_EVENT_SOURCE_CHANGE;
		arg.event_subscription.id = id;
		assert_int_equal(ask_ioctl(f, session, VMEDIA_NR_SUBSCRIBE_EVENT, &arg),
				 id < 2 ? 0 : -ENOMEM);
	}
	arg.event_subscription.type = V4L2_EVENT_ALL;
	assert_int_equal(ask_ioctl(f, session, VMEDIA_NR_UNSUBSCRIBE_EVENT, &arg), 0);
	arg.event_subscription.type = V4L2_EVENT_EOS;
	assert_int_equal(ask_ioctl(f, session, VMEDIA_NR_SUBSCRIBE_EVENT, &arg), 0);
	ask_close(f, session);
	fake_host_end(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mapped),	      cmocka_unit_test(test_not_exported),
		cmocka_unit_test(test_pages_capture), cmocka_unit_test(test_pages_output),
		cmocka_unit_test(test_mplane),	      cmocka_unit_test(test_reports),
		cmocka_unit_test(test_streamoff),
		cmocka_unit_test(test_not_owner),     cmocka_unit_test(test_types),
		cmocka_unit_test(test_events),	      cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
