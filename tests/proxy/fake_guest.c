/* SPDX-License-Identifier: BSD-3-Clause */
/* The guest of a fake host: commands, their answers, and events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "fake_host.h"

static void step(struct fake_host *f)
{
	assert_true(vmedia_loop_step(f->h.loop, 10000) >= 0);
	harness_step(&f->h);
	harness_collect(&f->h);
}

void wait_for(struct fake_host *f, struct harness_req *req)
{
	harness_collect(&f->h);
	while (!req->used)
		step(f);
}

void wait_until(struct fake_host *f, const unsigned int *value, unsigned int wanted)
{
	unsigned int now;

	for (;;) {
		pthread_mutex_lock(&f->lock);
		now = *value;
		pthread_mutex_unlock(&f->lock);
		if (now == wanted)
			return;
		step(f);
	}
}

int next_event(struct fake_host *f, struct vmedia_evt *evt)
{
	uint32_t used;
	int ret;

	while (!(ret = harness_event(&f->h, evt, &used)))
		step(f);
	return ret;
}

int ask(struct fake_host *f, struct vmedia_cmd *cmd)
{
	struct harness_req *req = harness_offer_cmd(&f->h, cmd);

	harness_kick(&f->h, VMEDIA_QUEUE_COMMAND);
	wait_for(f, req);
	return harness_answered(&f->h, req, cmd);
}

int ask_ioctl(struct fake_host *f, uint32_t session, uint32_t nr, union vmedia_payload *arg)
{
	struct vmedia_cmd cmd;
	int err;

	harness_cmd_ioctl(&cmd, session, nr);
	if (arg)
		cmd.io.arg = *arg;
	err = ask(f, &cmd);
	if (arg)
		*arg = cmd.io.arg;
	/* What the device answers fits the question. */
	assert_null(cmd.why.what);
	return err;
}

int ask_open(struct fake_host *f, uint32_t *session)
{
	struct vmedia_cmd cmd = { .type = VMEDIA_CMD_OPEN };
	int err = ask(f, &cmd);

	*session = cmd.session_id;
	return err;
}

int ask_close(struct fake_host *f, uint32_t session)
{
	struct vmedia_cmd cmd = { .type = VMEDIA_CMD_CLOSE, .session_id = session };

	return ask(f, &cmd);
}

int reqbufs(struct fake_host *f, uint32_t session, uint32_t type, uint32_t memory, uint32_t *count)
{
	union vmedia_payload arg = { .requestbuffers = { .count = *count, .type = type,
							 .memory = memory } };
	int err = ask_ioctl(f, session, VMEDIA_NR_REQBUFS, &arg);

	*count = arg.requestbuffers.count;
	return err;
}

int qbuf(struct fake_host *f, uint32_t session, uint32_t type, uint32_t index, uint32_t memory,
	 const struct vmedia_sg *sg, uint32_t length)
{
	struct vmedia_cmd cmd;
	int err;

	harness_cmd_ioctl(&cmd, session, VMEDIA_NR_QBUF);
	cmd.io.arg.buffer = (struct vmedia_buffer){ .index = index, .type = type,
						    .memory = memory, .length = length };
	if (V4L2_TYPE_IS_OUTPUT(type))
		cmd.io.arg.buffer.bytesused = f->bytesused;
	if (sg) {
		cmd.io.plane_sg[0] = *sg;
		cmd.io.arg.buffer.m.userptr = 0x7f0012345678;
	}
	if (vmedia_buf_type_is_multiplanar(type)) {
		cmd.io.arg.buffer.length = f->planes;
		cmd.io.num_planes = f->planes;
	}
	err = ask(f, &cmd);
	assert_null(cmd.why.what);
	return err;
}

int stream(struct fake_host *f, uint32_t session, uint32_t type, bool on)
{
	union vmedia_payload arg = { .u32 = type };

	return ask_ioctl(f, session, on ? VMEDIA_NR_STREAMON : VMEDIA_NR_STREAMOFF, &arg);
}
