/* SPDX-License-Identifier: BSD-3-Clause */
/* The rig: see rig.h. */
#include "rig.h"

struct manual manual;

struct rig *rig_begin(void)
{
	struct rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	memset(&manual, 0, sizeof(manual));
	vmedia_log_set_level(VMEDIA_LOG_ERR);
	assert_int_equal(harness_init(&r->h, NULL), 0);
	return r;
}

void rig_open(struct rig *r)
{
	harness_attach(&r->h, r->dev);
	harness_post_events(&r->h, 32, VMEDIA_EVT_DQBUF_SIZE);
	assert_int_equal(harness_open(&r->h, &r->s), 0);
}

struct rig *rig_new(const struct vmedia_video_config *cfg)
{
	struct rig *r = rig_begin();

	assert_int_equal(vmedia_video_create(r->h.loop, cfg, &r->dev), 0);
	rig_open(r);
	return r;
}

void rig_open2(struct rig *r)
{
	assert_int_equal(harness_open(&r->h, &r->s2), 0);
}

void rig_end(struct rig *r)
{
	harness_finish(&r->h);
	free(r);
}

int rig_cmd(struct rig *r, struct vmedia_cmd *cmd)
{
	struct harness_req *req = harness_offer_cmd(&r->h, cmd);

	harness_kick(&r->h, VMEDIA_QUEUE_COMMAND);
	while (!req->used) {
		assert_true(vmedia_loop_step(r->h.loop, -1) >= 0);
		harness_collect(&r->h);
	}
	return harness_answered(&r->h, req, cmd);
}

int rig_ioctl(struct rig *r, uint32_t s, uint32_t nr, union vmedia_payload *arg)
{
	struct vmedia_cmd cmd;
	int err;

	harness_cmd_ioctl(&cmd, s, nr);
	memcpy(&cmd.io.arg, arg, cmd.io.info->size);
	err = rig_cmd(r, &cmd);
	memcpy(arg, &cmd.io.arg, cmd.io.info->size);
	return err;
}

int rig_buf(struct rig *r, uint32_t s, uint32_t nr, struct vmedia_buffer *b,
	    struct vmedia_plane *planes, uint32_t n)
{
	struct vmedia_cmd cmd;
	int err;

	harness_cmd_ioctl(&cmd, s, nr);
	cmd.io.arg.buffer = *b;
	cmd.io.num_planes = n;
	if (n) {
		cmd.io.arg.buffer.length = n;
		cmd.io.arg.buffer.m.planes = 0x7f0012345678;
		memcpy(cmd.io.planes, planes, n * sizeof(*planes));
	}
	err = rig_cmd(r, &cmd);
	if (!err && n)
		assert_true(cmd.io.arg.buffer.m.planes == 0x7f0012345678);
	*b = cmd.io.arg.buffer;
	if (n)
		memcpy(planes, cmd.io.planes, n * sizeof(*planes));
	return err;
}

struct vmedia_buffer rig_query(struct rig *r, uint32_t s, uint32_t type, uint32_t index)
{
	struct vmedia_buffer b = { .index = index, .type = type };
	struct vmedia_plane planes[VMEDIA_MAX_PLANES] = { 0 };
	bool mp = V4L2_TYPE_IS_MULTIPLANAR(type);

	assert_int_equal(rig_buf(r, s, VMEDIA_NR_QUERYBUF, &b, planes, mp ? VMEDIA_MAX_PLANES : 0),
			 0);
	return b;
}

int rig_queue(struct rig *r, uint32_t s, uint32_t type, uint32_t index)
{
	struct vmedia_buffer b = { .index = index, .type = type, .memory = V4L2_MEMORY_MMAP };
	struct vmedia_plane planes[VMEDIA_MAX_PLANES] = { 0 };
	bool mp = V4L2_TYPE_IS_MULTIPLANAR(type);

	return rig_buf(r, s, VMEDIA_NR_QBUF, &b, planes, mp ? 2 : 0);
}

int rig_reqbufs(struct rig *r, uint32_t s, uint32_t type, uint32_t memory, uint32_t count)
{
	PAYLOAD(a);
	int err;

	a.requestbuffers =
		(struct vmedia_requestbuffers){ .count = count, .type = type, .memory = memory };
	err = rig_ioctl(r, s, VMEDIA_NR_REQBUFS, &a);
	return err ? err : (int)a.requestbuffers.count;
}

int rig_stream(struct rig *r, uint32_t s, uint32_t type, bool on)
{
	PAYLOAD(a);

	a.u32 = type;
	return rig_ioctl(r, s, on ? VMEDIA_NR_STREAMON : VMEDIA_NR_STREAMOFF, &a);
}

struct vmedia_format rig_format(struct rig *r, uint32_t s, uint32_t type)
{
	PAYLOAD(a);

	a.format.type = type;
	assert_int_equal(rig_ioctl(r, s, VMEDIA_NR_G_FMT, &a), 0);
	return a.format;
}

bool rig_poll(struct rig *r, struct vmedia_evt *evt)
{
	uint32_t used;
	int n;

	harness_step(&r->h);
	harness_collect(&r->h);
	n = harness_event(&r->h, evt, &used);
	assert_true(n >= 0);
	if (n)
		harness_post_events(&r->h, 1, VMEDIA_EVT_DQBUF_SIZE);
	return n;
}

struct vmedia_evt rig_event(struct rig *r)
{
	struct vmedia_evt evt;

	while (!rig_poll(r, &evt))
		assert_true(vmedia_loop_step(r->h.loop, -1) >= 0);
	return evt;
}

int rig_ext(struct rig *r, uint32_t nr, uint32_t which, uint32_t count, struct rig_ext *e)
{
	static uint8_t raw[4][VMEDIA_SG_ENTRY_SIZE];
	struct vmedia_sg sg[4] = { { 0 } };
	struct vmedia_cmd cmd;
	uint32_t i;
	int err;

	harness_cmd_ioctl(&cmd, r->s, nr);
	cmd.io.arg.ext_controls = (struct vmedia_ext_controls){
		.which = which, .count = count, .error_idx = 0xffffffff, .reserved = { 0xffffffff }
	};
	cmd.io.ctrls = e->c;
	cmd.io.ctrl_sg = sg;
	cmd.io.max_ctrls = 4;
	for (i = 0; i < count; i++) {
		struct vmedia_sg_entry entry = { .len = e->c[i].size };

		if (!e->c[i].size)
			continue;
		entry.start = harness_gpa(&r->h, e->data[i]);
		vmedia_sg_put(raw[i], 0, &entry);
		sg[i] = (struct vmedia_sg){ raw[i], 1 };
	}
	err = rig_cmd(r, &cmd);
	e->error_idx = cmd.io.arg.ext_controls.error_idx;
	assert_int_equal(cmd.io.arg.ext_controls.reserved[0], 0);
	return err;
}

static uint64_t random_seed, random_state;

void rig_seed(void)
{
	const char *text = getenv("VMEDIA_TEST_SEED");

	random_seed = random_state = text ? strtoull(text, NULL, 0) : 20261121;
	print_message("seed %llu\n", (unsigned long long)random_seed);
}

void rig_seed_more(const char *name)
{
	random_state = random_seed;
	for (; *name; name++)
		random_state = random_state * 31 + (uint8_t)*name;
}

unsigned int rig_random(void)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned int)(random_state >> 33);
}

/* ---- The manual queue ---- */

static int m_init(struct vmedia_buf *b)
{
	(void)b;
	manual.inits++;
	return 0;
}

static void m_cleanup(struct vmedia_buf *b)
{
	(void)b;
	manual.cleanups++;
}

static int m_prepare(struct vmedia_buf *b)
{
	(void)b;
	if (!manual.prepare_err)
		manual.prepared++;
	return manual.prepare_err;
}

static void m_queue(struct vmedia_buf *b)
{
	manual.active[manual.num++] = b;
}

static void m_finish(struct vmedia_buf *b)
{
	(void)b;
	manual.finished++;
}

static int m_start(struct vmedia_queue *q, uint32_t count)
{
	(void)q;
	assert_int_equal(count, manual.num);
	manual.starts++;
	if (manual.start_err) {
		manual.num = 0;
		return manual.start_err;
	}
	return manual.async_start ? -EINPROGRESS : 0;
}

static int m_stop(struct vmedia_queue *q, bool final)
{
	(void)q;
	manual.stops++;
	manual.finals += final;
	if (manual.hold && !final)
		return -EINPROGRESS;
	while (manual.num)
		vmedia_buf_done(manual.active[--manual.num], VMEDIA_BUF_ERROR);
	return 0;
}

const struct vmedia_queue_ops manual_ops = {
	.buf_init = m_init,
	.buf_cleanup = m_cleanup,
	.buf_prepare = m_prepare,
	.buf_queue = m_queue,
	.buf_finish = m_finish,
	.start_streaming = m_start,
	.stop_streaming = m_stop,
};

void manual_done(struct rig *r, uint32_t used, enum vmedia_buf_state state)
{
	struct vmedia_buf *b = manual.active[0];
	uint32_t i;

	assert_true(manual.num > 0);
	memmove(manual.active, manual.active + 1, --manual.num * sizeof(manual.active[0]));
	for (i = 0; i < b->num_planes; i++)
		b->planes[i].bytesused = used;
	vmedia_buf_done(b, state);
	(void)r;
}
