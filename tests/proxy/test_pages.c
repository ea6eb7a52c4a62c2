/* SPDX-License-Identifier: BSD-3-Clause */
/* The guest's memory as the host's: pages and objects, and when the host must let go of them. */
#include "fake_pages.h"

#include <unistd.h>

#define DMABUF V4L2_MEMORY_DMABUF

/* The host writes the guest's pages themselves. */
static void test_capture(void **state)
{
	struct fake_host *f;
	struct pages p;
	uint32_t session;

	f = streaming(&session, &p, 1);
	frame(f, CAPTURE, 0);
	assert_int_equal(p.page[0], 0x66);
	assert_int_equal(p.page[HOST_LENGTH - 1], 0x66);
	assert_int_equal(copied(f), 0);
	ask_close(f, session);
	fake_host_end(f);
}

static void test_output(void **state)
{
	uint32_t session, count = 1;
	struct fake_host *f = opened(1u << USERPTR, &session);
	struct pages p;

	get_pages(f, &p);
	memset(p.page, 0x55, HOST_LENGTH);
	assert_int_equal(reqbufs(f, session, OUTPUT, USERPTR, &count), 0);
	assert_int_equal(give(f, session, OUTPUT, 0, &p), 0);
	assert_int_equal(*(uint8_t *)(uintptr_t)f->file[0].m[OUTPUT][0].userptr, 0x55);
	p.page[0] = 0x56;
	assert_int_equal(*(uint8_t *)(uintptr_t)f->file[0].m[OUTPUT][0].userptr, 0x56);
	assert_int_equal(copied(f), 0);
	assert_int_equal(stream(f, session, OUTPUT, true), 0);
	frame(f, OUTPUT, 0);
	ask_close(f, session);
	fake_host_end(f);
}

/* Of pages that are no piece the host has the copy. */
static void test_odd(void **state)
{
	uint32_t session, count = 1;
	struct fake_host *f = opened(1u << USERPTR, &session);
	struct pages p;

	get_odd_pages(f, &p);
	assert_int_equal(reqbufs(f, session, CAPTURE, USERPTR, &count), 0);
	assert_int_equal(give(f, session, CAPTURE, 0, &p), 0);
	assert_int_equal(stream(f, session, CAPTURE, true), 0);
	frame(f, CAPTURE, 0);
	assert_int_equal(p.page[99], 0x66);
	assert_int_equal(p.page[100], 0);
	assert_int_equal(p.page[200], 0x66);
	assert_int_equal(p.page[HOST_LENGTH + 99], 0x66);
	assert_int_equal(p.page[HOST_LENGTH + 100], 0);
	assert_int_equal(copied(f), HOST_LENGTH);
	ask_close(f, session);
	fake_host_end(f);
}

static int no_query(struct fake_host *f, uint32_t nr, void *arg)
{
	return nr == VMEDIA_NR_QUERYBUF ? -EIO : HOST_DEFAULT;
}

/*
 * V4L2 takes a buffer's memory for the same if its address is. So other pages never have the
 * address that the host knows.
 */
static void test_address(void **state)
{
	uint32_t session, count = 1;
	struct fake_host *f = opened(1u << USERPTR, &session);
	struct pages p[8];
	uint64_t before = 0;

	assert_int_equal(reqbufs(f, session, CAPTURE, USERPTR, &count), 0);
	for (unsigned int i = 0; i < 8; i++)
		get_odd_pages(f, &p[i]);
	assert_int_equal(stream(f, session, CAPTURE, true), 0);
	for (unsigned int i = 0; i < 40; i++) {
		/* What the host does not get to see changes nothing. */
		f->memory_err = -EINVAL;
		if (i)
			assert_int_equal(give(f, session, CAPTURE, 0, &p[(i + 3) % 8]), -EINVAL);
		f->memory_err = 0;
		assert_int_equal(give(f, session, CAPTURE, 0, &p[i % 8]), 0);
		assert_true(f->file[0].m[CAPTURE][0].userptr != before);
		before = f->file[0].m[CAPTURE][0].userptr;
		frame(f, CAPTURE, 0);
	}
	/* One that it knows although QBUF failed; and then some that it does not get to know. */
	for (unsigned int i = 0; i < 10; i++) {
		f->late_err = -EINVAL;
		assert_int_equal(give(f, session, CAPTURE, 0, &p[0]), -EINVAL);
		before = f->file[0].m[CAPTURE][0].userptr;
		f->late_err = 0;
		f->memory_err = -EINVAL;
		assert_int_equal(give(f, session, CAPTURE, 0, &p[1]), -EINVAL);
		assert_int_equal(give(f, session, CAPTURE, 0, &p[2]), -EINVAL);
		f->memory_err = 0;
		assert_int_equal(give(f, session, CAPTURE, 0, &p[3]), 0);
		assert_true(f->file[0].m[CAPTURE][0].userptr != before);
		frame(f, CAPTURE, 0);
	}
	/* The host tells that it has got to know none of these. */
	f->memory_err = -EINVAL;
	for (unsigned int i = 0; i < 3 * PROXY_HELD; i++)
		assert_int_equal(give(f, session, CAPTURE, 0, &p[i % 8]), -EINVAL);
	/* If it does not tell, there is an end; the last one is known. */
	fake_script(f, no_query);
	for (unsigned int i = 0; i < PROXY_HELD - 1; i++)
		assert_int_equal(give(f, session, CAPTURE, 0, &p[i]), -EINVAL);
	assert_int_equal(give(f, session, CAPTURE, 0, &p[0]), -EIO);
	assert_int_equal(give(f, session, CAPTURE, 0, &p[PROXY_HELD - 2]), -EINVAL);
	f->memory_err = 0;
	fake_script(f, NULL);
	count = 1;
	assert_int_equal(stream(f, session, CAPTURE, false), 0);
	assert_int_equal(reqbufs(f, session, CAPTURE, USERPTR, &count), 0);
	assert_int_equal(give(f, session, CAPTURE, 0, &p[0]), 0);
	ask_close(f, session);
	fake_host_end(f);
}

/* ---- The host lets go ---- */

/* When the guest is told that its queues have stopped, the host writes no page any more. */
static void test_paused(void **state)
{
	struct pages p[3];
	struct fake_host *f;
	struct vmedia_evt evt;
	uint32_t session, used;

	f = streaming(&session, p, 3);
	/* Queued anew, so the order is not that of the indexes. */
	assert_int_equal(frame(f, CAPTURE, 0), 5);
	assert_int_equal(give(f, session, CAPTURE, 0, &p[0]), 0);
	vmedia_device_queue_stop(f->dev, VMEDIA_QUEUE_COMMAND);
	assert_false(fake_streams(f, 0, CAPTURE));
	assert_int_equal(f->streamoffs, 1);
	memset(p[1].page, 0x99, HOST_LENGTH);
	fake_done(f, 0, CAPTURE, 1);
	f->file[0].done_index = -1; /* it was not queued */
	harness_step(&f->h);
	assert_int_equal(harness_event(&f->h, &evt, &used), 0);
	assert_int_equal(p[1].page[0], 0x99);
	/* It goes on. */
	assert_int_equal(ask_ioctl(f, session, VMEDIA_NR_G_INPUT, NULL), 0);
	assert_true(fake_streams(f, 0, CAPTURE));
	assert_true(f->file[0].queued_as[CAPTURE][1] < f->file[0].queued_as[CAPTURE][2]);
	assert_true(f->file[0].queued_as[CAPTURE][2] < f->file[0].queued_as[CAPTURE][0]);
	assert_int_equal(frame(f, CAPTURE, 1), 6 + 5);
	assert_int_equal(p[1].page[0], 0x66);
	/* A stream that the guest begins anew begins with 0. */
	assert_int_equal(stream(f, session, CAPTURE, false), 0);
	assert_int_equal(give(f, session, CAPTURE, 2, &p[2]), 0);
	assert_int_equal(stream(f, session, CAPTURE, true), 0);
	assert_int_equal(frame(f, CAPTURE, 2), 5);
	ask_close(f, session);
	fake_host_end(f);
}

static void test_reset(void **state)
{
	struct pages p[2];
	struct fake_host *f;
	uint32_t session;

	for (unsigned int how = 0; how < 2; how++) {
		f = streaming(&session, p, 2);
		fake_block(f, HOST_CLOSE);
		how ? harness_restart(&f->h) : harness_reconnect(&f->h);
		assert_false(fake_streams(f, 0, CAPTURE));
		fake_release(f);
		harness_forget(&f->h);
		fake_host_end(f);
	}
}

/* STREAMON is on its way in the host when the guest stops its queues. */
static void test_reset_starting(void **state)
{
	uint32_t session, count = 1;
	struct fake_host *f = opened(1u << USERPTR, &session);
	struct vmedia_cmd cmd;
	struct pages p;

	get_pages(f, &p);
	assert_int_equal(reqbufs(f, session, CAPTURE, USERPTR, &count), 0);
	assert_int_equal(give(f, session, CAPTURE, 0, &p), 0);
	harness_cmd_ioctl(&cmd, session, VMEDIA_NR_STREAMON);
	cmd.io.arg.u32 = CAPTURE;
	harness_offer_cmd(&f->h, &cmd);
	fake_block(f, VMEDIA_NR_STREAMON);
	harness_kick(&f->h, VMEDIA_QUEUE_COMMAND);
	fake_wait_blocked(f);
	fake_release(f);
	/* The host streams before the loop knows. */
	while (!fake_streams(f, 0, CAPTURE))
		;
	vmedia_device_queue_stop(f->dev, VMEDIA_QUEUE_COMMAND);
	assert_false(fake_streams(f, 0, CAPTURE));
	harness_restart(&f->h);
	harness_forget(&f->h);
	fake_host_end(f);
}

/* A guest goes on after a pause, and is paused again before the host has begun to stream anew. */
static void test_paused_twice(void **state)
{
	uint32_t session;
	struct pages p[2];
	struct fake_host *f = streaming(&session, p, 2);
	struct vmedia_cmd cmd;

	vmedia_device_queue_stop(f->dev, VMEDIA_QUEUE_COMMAND);
	fake_block(f, VMEDIA_NR_STREAMON);
	harness_cmd_ioctl(&cmd, session, VMEDIA_NR_G_INPUT);
	harness_offer_cmd(&f->h, &cmd);
	harness_kick(&f->h, VMEDIA_QUEUE_COMMAND);
	fake_wait_blocked(f);
	fake_release(f);
	vmedia_device_queue_stop(f->dev, VMEDIA_QUEUE_COMMAND);
	assert_false(fake_streams(f, 0, CAPTURE));
	assert_int_equal(f->streamoffs, 2);
	harness_restart(&f->h);
	harness_forget(&f->h);
	fake_host_end(f);
}

/* A driver that does not return from STREAMOFF, or closing, costs its session, and nobody else. */
static void test_stuck(void **state)
{
	static const uint32_t calls[] = { VMEDIA_NR_STREAMOFF, HOST_CLOSE };
	struct vmedia_cmd cmd = { .type = VMEDIA_CMD_CLOSE };
	uint32_t session, other, used;
	struct vmedia_evt evt;
	struct pages p[2];
	struct fake_host *f;
	unsigned int closes;

	for (unsigned int i = 0; i < 4; i++) {
		f = streaming(&session, p, 2);
		((struct proxy *)vmedia_device_priv(f->dev))->halt_ms = 20;
		closes = f->closes;
		fake_block(f, calls[i % 2]);
		cmd.session_id = session;
		if (i % 2) {
			harness_offer_cmd(&f->h, &cmd);
			harness_kick(&f->h, VMEDIA_QUEUE_COMMAND);
		}
		vmedia_log_set_level(-1);
		vmedia_device_queue_stop(f->dev, VMEDIA_QUEUE_COMMAND);
		vmedia_log_set_level(VMEDIA_LOG_ERR);
		if (i < 2) {
			harness_restart(&f->h);
			harness_forget(&f->h);
			harness_post_events(&f->h, 4, VMEDIA_EVT_MAX_SIZE);
		}
		assert_int_equal(ask_open(f, &other), 0);
		if (i == 2) {
			assert_int_equal(harness_event(&f->h, &evt, &used), 1);
			assert_int_equal(evt.type, VMEDIA_EVT_ERROR);
			assert_int_equal(evt.session_id, session);
		}
		assert_int_equal(ask_ioctl(f, other, VMEDIA_NR_G_INPUT, NULL), 0);
		assert_int_equal(f->closes, closes);
		fake_release(f);
		if (i < 2)
			wait_until(f, &f->closes, closes + 1);
		ask_close(f, other);
		harness_restart(&f->h);
		harness_forget(&f->h);
		fake_host_end(f);
	}
}

/* A codec must not lose its state when the guest is paused: its pages are copied to. */
static void test_m2m(void **state)
{
	struct vmedia_limits limits;
	struct fake_host *f;
	uint32_t session, count = 1;

	vmedia_limits_default(&limits);
	f = fake_host_new_caps(&limits, V4L2_CAP_VIDEO_M2M | V4L2_CAP_STREAMING);
	f->memories = 1u << USERPTR;
	assert_int_equal(ask_open(f, &session), 0);
	assert_int_equal(reqbufs(f, session, CAPTURE, USERPTR, &count), 0);
	assert_int_equal(f->file[0].memory[CAPTURE], V4L2_MEMORY_MMAP);
	assert_int_equal(reqbufs(f, session, OUTPUT, USERPTR, &count), 0);
	assert_int_equal(f->file[0].memory[OUTPUT], USERPTR);
	ask_close(f, session);
	fake_host_end(f);
}

/* ---- Objects ---- */

static int give_object(struct fake_host *f, uint32_t session, uint32_t index, const uint8_t *uuid)
{
	struct vmedia_cmd cmd;

	harness_cmd_ioctl(&cmd, session, VMEDIA_NR_QBUF);
	cmd.io.arg.buffer = (struct vmedia_buffer){ .index = index, .type = CAPTURE,
						    .memory = DMABUF, .m.fd = 77 };
	memcpy(cmd.io.uuid[0], uuid, VMEDIA_UUID_SIZE);
	return ask(f, &cmd);
}

static void test_object(void **state)
{
	static const uint8_t uuid[VMEDIA_UUID_SIZE] = { 1, 2, 3 };
	uint32_t session, count = 1;
	struct fake_host *f;

	for (unsigned int taken = 0; taken < 2; taken++) {
		f = opened(1u << DMABUF, &session);
		harness_add_object(&f->h, uuid, 2 * HOST_LENGTH);
		f->memory_err = taken ? 0 : -EINVAL;
		count = 1;
		assert_int_equal(reqbufs(f, session, CAPTURE, DMABUF, &count), 0);
		assert_int_equal(f->file[0].memory[CAPTURE], DMABUF);
		assert_int_equal(give_object(f, session, 0, uuid), 0);
		/* A file that is no dma-buf is copied to. */
		assert_int_equal(f->file[0].memory[CAPTURE], taken ? DMABUF : V4L2_MEMORY_MMAP);
		if (taken)
			assert_int_equal(lseek(f->file[0].m[CAPTURE][0].fd, 0, SEEK_END),
					 2 * HOST_LENGTH);
		ask_close(f, session);
		fake_host_end(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_capture),	 cmocka_unit_test(test_output),
		cmocka_unit_test(test_odd),	 cmocka_unit_test(test_address),
		cmocka_unit_test(test_paused),	 cmocka_unit_test(test_reset),
		cmocka_unit_test(test_reset_starting),
		cmocka_unit_test(test_paused_twice), cmocka_unit_test(test_stuck),
		cmocka_unit_test(test_m2m),
		cmocka_unit_test(test_object),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
