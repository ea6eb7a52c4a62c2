/* SPDX-License-Identifier: BSD-3-Clause */
/* A host's driver that answers nonsense: EIO to the guest, and no harm to the proxy. */
#include "fake_host.h"

#include <stdio.h>
#include <time.h>

#define CAPTURE V4L2_BUF_TYPE_VIDEO_CAPTURE
#define MPLANE	V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE

static struct fake_host *opened(uint32_t *session)
{
	struct fake_host *f = fake_host_new(NULL);

	assert_int_equal(ask_open(f, session), 0);
	vmedia_log_set_level(-1);
	return f;
}

/* ---- Answers to one question each ---- */

static int lie_count(struct fake_host *f, uint32_t nr, void *arg)
{
	if (nr != VMEDIA_NR_REQBUFS)
		return HOST_DEFAULT;
	if (((struct vmedia_requestbuffers *)arg)->count)
		((struct vmedia_requestbuffers *)arg)->count = 1000000;
	return 0;
}

static int lie_no_length(struct fake_host *f, uint32_t nr, void *arg)
{
	return nr == VMEDIA_NR_QUERYBUF ? 0 : HOST_DEFAULT;
}

static int lie_other_index(struct fake_host *f, uint32_t nr, void *arg)
{
	struct vmedia_buffer *b = arg;

	if (nr != VMEDIA_NR_QUERYBUF)
		return HOST_DEFAULT;
	b->index++;
	b->length = HOST_LENGTH;
	return 0;
}

static int lie_planes(struct fake_host *f, uint32_t nr, void *arg)
{
	struct vmedia_buffer *b = arg;

	if (nr != VMEDIA_NR_QUERYBUF)
		return HOST_DEFAULT;
	b->length = 4000000000u;
	return 0;
}

static int lie_positive(struct fake_host *f, uint32_t nr, void *arg)
{
	return nr == VMEDIA_NR_QUERYCAP ? HOST_DEFAULT : 77;
}

static int lie_errno(struct fake_host *f, uint32_t nr, void *arg)
{
	return nr == VMEDIA_NR_QUERYCAP ? HOST_DEFAULT : -70000;
}

static int lie_in_progress(struct fake_host *f, uint32_t nr, void *arg)
{
	return nr == VMEDIA_NR_QUERYCAP ? HOST_DEFAULT : -EINPROGRESS;
}

static void test_reqbufs(void **state)
{
	static fake_script_fn *const lies[] = {
		lie_count, lie_no_length, lie_other_index, lie_positive, lie_errno, lie_in_progress,
	};
	struct fake_host *f;
	uint32_t session, count;

	f = opened(&session);
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		fake_script(f, lies[i]);
		count = 4;
		assert_int_equal(reqbufs(f, session, CAPTURE, V4L2_MEMORY_MMAP, &count), -EIO);
		fake_script(f, NULL);
		/* The session goes on. */
		count = 4;
		assert_int_equal(reqbufs(f, session, CAPTURE, V4L2_MEMORY_MMAP, &count), 0);
		assert_int_equal(count, 4);
	}
	fake_script(f, lie_planes);
	count = 1;
	assert_int_equal(reqbufs(f, session, MPLANE, V4L2_MEMORY_MMAP, &count), -EIO);
	fake_script(f, NULL);
	ask_close(f, session);
	fake_host_end(f);
}

static int lie_payload(struct fake_host *f, uint32_t nr, void *arg)
{
	struct vmedia_ext_controls *e = arg;

	switch (nr) {
	case VMEDIA_NR_G_FMT:
		((struct vmedia_format *)arg)->fmt.pix_mp.num_planes = 255;
		return 0;
	case VMEDIA_NR_G_CTRL:
		((struct vmedia_control *)arg)->id = 9;
		return 0;
	case VMEDIA_NR_QUERY_EXT_CTRL:
		((struct vmedia_query_ext_ctrl *)arg)->nr_of_dims = 100;
		return 0;
	case VMEDIA_NR_G_ENC_INDEX:
		((struct vmedia_enc_idx *)arg)->entries = 100;
		return 0;
	case VMEDIA_NR_G_EDID:
		((struct vmedia_edid *)arg)->blocks = 200;
		return 0;
	case VMEDIA_NR_S_EXT_CTRLS:
		e->count = 5000;
		return 0;
	case VMEDIA_NR_TRY_EXT_CTRLS:
		e->controls = 0x1000;
		e->error_idx = 77;
		return -EINVAL;
	default:
		return HOST_DEFAULT;
	}
}

static void test_payloads(void **state)
{
	static const uint32_t nrs[] = {
		VMEDIA_NR_G_FMT, VMEDIA_NR_G_CTRL, VMEDIA_NR_QUERY_EXT_CTRL, VMEDIA_NR_G_ENC_INDEX,
		VMEDIA_NR_G_EDID, VMEDIA_NR_S_EXT_CTRLS, VMEDIA_NR_TRY_EXT_CTRLS,
	};
	struct vmedia_ext_control ctrl = { .id = 1 };
	uint8_t edid[128];
	struct vmedia_cmd cmd;
	struct fake_host *f;
	uint32_t session;

	f = opened(&session);
	fake_script(f, lie_payload);
	for (size_t i = 0; i < sizeof(nrs) / sizeof(nrs[0]); i++) {
		harness_cmd_ioctl(&cmd, session, nrs[i]);
		if (nrs[i] == VMEDIA_NR_G_FMT)
			cmd.io.arg.format.type = MPLANE;
		if (nrs[i] == VMEDIA_NR_G_CTRL)
			cmd.io.arg.control.id = 1;
		if (cmd.io.info->follow == VMEDIA_FOLLOW_EDID) {
			cmd.io.arg.edid.blocks = 1;
			cmd.io.edid = edid;
			cmd.io.max_edid_blocks = 1;
		}
		if (cmd.io.info->follow == VMEDIA_FOLLOW_CTRLS) {
			cmd.io.arg.ext_controls.count = 1;
			cmd.io.ctrls = &ctrl;
			cmd.io.max_ctrls = 1;
		}
		assert_int_equal(ask(f, &cmd), -EIO);
		/* The answer itself is right. */
		assert_null(cmd.why.what);
	}
	fake_script(f, NULL);
	ask_close(f, session);
	fake_host_end(f);
}

/* ---- Buffers that cannot be: the session is of no use any more, the others are ---- */

static uint32_t lie_index, lie_type, lie_used;

static int lie_dqbuf(struct fake_host *f, uint32_t nr, void *arg)
{
	struct vmedia_buffer *b = arg;

	if (nr != VMEDIA_NR_DQBUF)
		return HOST_DEFAULT;
	b->index = lie_index;
	b->type = lie_type;
	b->bytesused = lie_used;
	b->length = HOST_LENGTH;
	return 0;
}

static void dequeue_lie(uint32_t memory, uint32_t index, uint32_t type, uint32_t used)
{
	uint8_t raw[VMEDIA_SG_ENTRY_SIZE];
	struct vmedia_sg sg = { raw, 1 };
	uint32_t session, other, count = 2;
	struct vmedia_evt evt;
	struct fake_host *f;

	f = opened(&session);
	assert_int_equal(ask_open(f, &other), 0);
	vmedia_sg_put(raw, 0, &(struct vmedia_sg_entry){
		harness_gpa(&f->h, harness_alloc(&f->h, HOST_LENGTH, 4096)), HOST_LENGTH });
	assert_int_equal(reqbufs(f, session, CAPTURE, memory, &count), 0);
	assert_int_equal(qbuf(f, session, CAPTURE, 0, memory,
			      memory == V4L2_MEMORY_MMAP ? NULL : &sg, HOST_LENGTH), 0);
	assert_int_equal(stream(f, session, CAPTURE, true), 0);
	lie_index = index;
	lie_type = type;
	lie_used = used;
	fake_script(f, lie_dqbuf);
	fake_done(f, 0, CAPTURE, 0);
	assert_int_equal(next_event(f, &evt), 1);
	assert_int_equal(evt.type, VMEDIA_EVT_ERROR);
	assert_int_equal(evt.session_id, session);
	assert_int_equal(evt.err, EIO);
	fake_script(f, NULL);
	assert_int_equal(ask_ioctl(f, session, VMEDIA_NR_G_INPUT, NULL), -EIO);
	assert_int_equal(ask_ioctl(f, other, VMEDIA_NR_G_INPUT, NULL), 0);
	ask_close(f, session);
	ask_close(f, other);
	fake_host_end(f);
}

static void test_dqbuf(void **state)
{
	for (uint32_t memory = V4L2_MEMORY_MMAP; memory <= V4L2_MEMORY_USERPTR; memory++) {
		dequeue_lie(memory, 1, CAPTURE, 0);	       /* not queued */
		dequeue_lie(memory, 7, CAPTURE, 0);	       /* no such buffer */
		dequeue_lie(memory, 0xffffffff, CAPTURE, 0);
		dequeue_lie(memory, 0, MPLANE, 0);	       /* another type */
		dequeue_lie(memory, 0, 0xffffffff, 0);
		dequeue_lie(memory, 0, CAPTURE, HOST_LENGTH + 1);
		dequeue_lie(memory, 0, CAPTURE, 0xffffffff);
	}
}

/* ---- Any bytes ---- */

static uint64_t random_state;

static uint32_t random_u32(void)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(random_state >> 33);
}

/* An honest answer, of which some numbers are wrong. */
static int lie_anywhere(struct fake_host *f, uint32_t nr, void *arg)
{
	static const uint32_t values[] = { 0, 1, 2, 7, 8, 9, 255, 1025, 0x7fffffff, 0xffffffff };
	uint32_t words = vmedia_ioctl_info(nr)->size / 4, n;

	if (nr == VMEDIA_NR_QUERYCAP || random_u32() % 2 || nr == VMEDIA_NR_EXPBUF)
		return HOST_DEFAULT;
	for (n = random_u32() % 4 + 1; n && words; n--)
		((uint32_t *)arg)[random_u32() % words] = values[random_u32() % 10];
	return random_u32() % 8 ? 0 : -(int)(random_u32() % 5000);
}

/* Memory that the guest brings. */
static struct vmedia_sg pages;

static void random_call(struct fake_host *f, uint32_t session)
{
	const struct vmedia_ioctl_info *const *table;
	struct vmedia_ext_control ctrls[3] = { { .id = 1 }, { .id = 2 }, { .id = 3 } };
	static uint8_t edid[8 * 128];
	struct vmedia_cmd cmd;
	unsigned int count;
	uint32_t type;

	table = vmedia_ioctl_table(&count);
	harness_cmd_ioctl(&cmd, session, table[random_u32() % count]->nr);
	if (!(cmd.io.info->flags & VMEDIA_IOCTL_CARRIED))
		return;
	if (random_u32() % 2) /* more of what has states */
		harness_cmd_ioctl(&cmd, session,
				  (const uint32_t[]){ VMEDIA_NR_REQBUFS, VMEDIA_NR_QUERYBUF,
						      VMEDIA_NR_QBUF, VMEDIA_NR_STREAMON,
						      VMEDIA_NR_STREAMOFF, VMEDIA_NR_CREATE_BUFS,
						      VMEDIA_NR_REMOVE_BUFS }[random_u32() % 7]);
	for (unsigned int i = 0; i < cmd.io.info->size / 4; i++)
		if (random_u32() % 8 == 0)
			((uint32_t *)cmd.io.arg.raw)[i] = random_u32() % 4;
	type = random_u32() % 2 ? CAPTURE : MPLANE;
	switch (cmd.io.info->nr) {
	case VMEDIA_NR_STREAMON:
	case VMEDIA_NR_STREAMOFF:
		cmd.io.arg.u32 = type;
		break;
	case VMEDIA_NR_REQBUFS:
		cmd.io.arg.requestbuffers.type = type;
		cmd.io.arg.requestbuffers.memory =
			random_u32() % 2 ? V4L2_MEMORY_MMAP : V4L2_MEMORY_USERPTR;
		cmd.io.arg.requestbuffers.count = random_u32() % 6;
		break;
	case VMEDIA_NR_QUERYBUF:
	case VMEDIA_NR_QBUF:
	case VMEDIA_NR_PREPARE_BUF:
		cmd.io.arg.buffer = (struct vmedia_buffer){ .type = type, .index = random_u32() % 4,
							    .memory = V4L2_MEMORY_MMAP };
		cmd.io.num_planes = type == MPLANE ? random_u32() % 4 : 0;
		cmd.io.arg.buffer.length = cmd.io.num_planes;
		if (type == CAPTURE && random_u32() % 2) {
			cmd.io.arg.buffer.memory = V4L2_MEMORY_USERPTR;
			cmd.io.arg.buffer.m.userptr = 0x7f0012345678;
			cmd.io.arg.buffer.length = HOST_LENGTH;
			cmd.io.plane_sg[0] = pages;
		}
		break;
	case VMEDIA_NR_CREATE_BUFS:
		cmd.io.arg.create_buffers.format.type = type;
		cmd.io.arg.create_buffers.memory = V4L2_MEMORY_MMAP;
		break;
	}
	if (cmd.io.info->follow == VMEDIA_FOLLOW_CTRLS) {
		cmd.io.arg.ext_controls.count = random_u32() % 4;
		cmd.io.ctrls = ctrls;
		cmd.io.max_ctrls = 3;
	}
	if (cmd.io.info->follow == VMEDIA_FOLLOW_EDID) {
		cmd.io.arg.edid.blocks = random_u32() % 8;
		cmd.io.edid = edid;
		cmd.io.max_edid_blocks = 8;
	}
	if (!vmedia_cmd_size(&cmd))
		return;
	ask(f, &cmd);
	assert_null(cmd.why.what); /* whatever the host says, the device's answer is right */
}

static void test_any(void **state)
{
	const char *seed = getenv("VMEDIA_TEST_SEED");
	uint8_t raw[VMEDIA_SG_ENTRY_SIZE];
	uint32_t session, used;
	struct vmedia_evt evt;
	struct fake_host *f;

	random_state = seed ? strtoull(seed, NULL, 0) : (uint64_t)time(NULL);
	printf("seed %llu\n", (unsigned long long)random_state);
	f = opened(&session);
	fake_script(f, lie_anywhere);
	f->memories = 1u << V4L2_MEMORY_USERPTR;
	vmedia_sg_put(raw, 0, &(struct vmedia_sg_entry){
		harness_gpa(&f->h, harness_alloc(&f->h, HOST_LENGTH, 4096)), HOST_LENGTH });
	pages = (struct vmedia_sg){ raw, 1 };
	for (unsigned int i = 0; i < 20000; i++) {
		/* The guest is paused, and goes on with the next call. */
		if (random_u32() % 64 == 0)
			vmedia_device_queue_stop(f->dev, VMEDIA_QUEUE_COMMAND);
		random_call(f, session);
		if (random_u32() % 16 == 0)
			fake_done(f, 0, random_u32() % 2 ? CAPTURE : MPLANE, random_u32() % 4);
		harness_step(&f->h);
		while (harness_event(&f->h, &evt, &used)) {
			harness_post_events(&f->h, 1, VMEDIA_EVT_MAX_SIZE);
			if (evt.type != VMEDIA_EVT_ERROR)
				continue;
			fake_script(f, NULL);
			ask_close(f, session);
			assert_int_equal(ask_open(f, &session), 0);
			fake_script(f, lie_anywhere);
		}
	}
	fake_script(f, NULL);
	ask_close(f, session);
	fake_host_end(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reqbufs),
		cmocka_unit_test(test_payloads),
		cmocka_unit_test(test_dqbuf),
		cmocka_unit_test(test_any),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
