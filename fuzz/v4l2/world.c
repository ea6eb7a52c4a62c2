// SPDX-License-Identifier: BSD-3-Clause
/*
 * The device and its driver in one thread: tests/core's harness, one command at a time, and each
 * event in its place before or behind the answer.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vmedia/log.h>

#include "base/fd.h"
#include "world.h"

#define ROUNDS 8

/* ---- Reports ---- */

void fz_fail(struct fz *w, const char *fmt, ...)
{
	va_list ap;

	if (w->memory_only)
		return;
	va_start(ap, fmt);
	fprintf(stderr, "fuzz_v4l2: %s, operation %u: ", w->d->name, w->op);
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, "\n");
	va_end(ap);
	abort();
}

void fz_note(struct fz *w, const char *fmt, ...)
{
	va_list ap;

	if (!w->verbose)
		return;
	va_start(ap, fmt);
	fprintf(stderr, "%4u  ", w->op);
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, "\n");
	va_end(ap);
}

/* ---- Events ---- */

/* The oldest @max of those that have arrived. */
static void take_events(struct fz *w, unsigned int max)
{
	struct vmedia_evt evt;
	uint32_t used;
	int got;

	while (max-- && w->h.events_first) {
		w->room[w->num_room++] = w->h.events_first->resp;
		got = harness_event(&w->h, &evt, &used);
		FZ_REQUIRE(w, got == 1, "an event of %u bytes cannot be decoded", used);
		if (got == 1)
			fz_event(w, &evt);
	}
}

void fz_post_events(struct fz *w)
{
	struct vmedia_gpa_range sg = { 0, VMEDIA_EVT_DQBUF_SIZE };
	struct harness_req *req;

	if (!w->num_room)
		return;
	while (w->num_room) {
		uint8_t *p = w->room[--w->num_room];

		sg.gpa = harness_gpa(&w->h, p);
		req = harness_offer_sg(&w->h, VMEDIA_QUEUE_EVENT, NULL, 0, &sg, 1);
		req->resp = p;
		req->resp_cap = VMEDIA_EVT_DQBUF_SIZE;
		w->h.events_posted++;
	}
	vmedia_device_kick(w->h.dev, VMEDIA_QUEUE_EVENT);
}

void fz_settle(struct fz *w)
{
	unsigned long before;
	unsigned int i;

	for (i = 0; i < ROUNDS && vmedia_loop_step(w->h.loop, 0) > 0; i++)
		;
	for (i = 0; i < ROUNDS; i++) {
		before = w->events;
		harness_collect(&w->h);
		take_events(w, FZ_EVENT_ROOM);
		if (before == w->events)
			break;
		if (!w->withhold)
			fz_post_events(w);
	}
}

bool fz_blind(const struct fz *w)
{
	return !w->h.events_posted;
}

void fz_wait_event(struct fz *w)
{
	/* Without rules nobody is sure that one comes. */
	uint64_t until = vmedia_now_ns() + (w->memory_only ? FZ_WAIT_NS / 1000 : FZ_WAIT_NS);
	unsigned long before = w->events;

	for (fz_settle(w); w->events == before; fz_settle(w)) {
		if (vmedia_now_ns() > until) {
			fz_fail(w, "no buffer comes back, though the stream is on and has some");
			return;
		}
		vmedia_loop_step(w->h.loop, 100);
	}
}

/* ---- Commands ---- */

/* Events that were pushed before the command's own answer. */
static unsigned int before_answer(const struct fz *w)
{
	unsigned int i, n = 0;

	for (i = 0; i < w->h.traced && w->h.trace[i] != 'c'; i++)
		n += w->h.trace[i] == 'e';
	return n;
}

static void wait_answer(struct fz *w, const struct harness_req *req)
{
	uint64_t until = vmedia_now_ns() + FZ_WAIT_NS;

	harness_collect(&w->h);
	while (!req->used) {
		if (vmedia_now_ns() > until) {
			fprintf(stderr, "fuzz_v4l2: %s, operation %u: no answer to %s\n",
				w->d->name, w->op, w->doing);
			abort();
		}
		vmedia_loop_step(w->h.loop, 100);
		harness_collect(&w->h);
	}
	take_events(w, before_answer(w));
}

int fz_cmd(struct fz *w, struct vmedia_cmd *cmd)
{
	struct harness_req *req;
	int ret;

	take_events(w, FZ_EVENT_ROOM);
	w->h.traced = 0;
	if (!vmedia_cmd_size(cmd)) {
		fprintf(stderr, "fuzz_v4l2: %s, type %u, ioctl %u, is no question\n", w->doing,
			cmd->type, cmd->code);
		abort();
	}
	if (cmd->type == VMEDIA_CMD_CLOSE) {
		uint8_t buf[VMEDIA_CMD_CLOSE_SIZE];

		vmedia_cmd_encode(cmd, buf, sizeof(buf));
		req = harness_offer(&w->h, buf, sizeof(buf), 0, HARNESS_PART);
	} else {
		req = harness_offer_cmd(&w->h, cmd);
	}
	vmedia_device_kick(w->h.dev, VMEDIA_QUEUE_COMMAND);
	wait_answer(w, req);
	if (cmd->type == VMEDIA_CMD_CLOSE) {
		harness_put(&w->h, req);
		return 0;
	}
	ret = harness_answered(&w->h, req, cmd);
	FZ_REQUIRE(w, ret != -EIO || !cmd->why.what, "%s: the answer does not fit: %s (%llu, %llu)",
		   w->doing, cmd->why.what, (unsigned long long)cmd->why.got,
		   (unsigned long long)cmd->why.limit);
	return ret;
}

int fz_ioctl(struct fz *w, unsigned int s, uint32_t nr, union vmedia_payload *arg)
{
	struct vmedia_cmd cmd;
	int ret;

	harness_cmd_ioctl(&cmd, w->s[s].id, nr);
	memcpy(&cmd.io.arg, arg, cmd.io.info->size);
	ret = fz_cmd(w, &cmd);
	memcpy(arg, &cmd.io.arg, cmd.io.info->size);
	return ret;
}

/* ---- The device's life ---- */

static void start_queues(struct fz *w)
{
	unsigned int i;

	fz_pages_init(w);
	w->num_room = FZ_EVENT_ROOM;
	for (i = 0; i < FZ_EVENT_ROOM; i++)
		w->room[i] = harness_alloc(&w->h, VMEDIA_EVT_DQBUF_SIZE, 16);
	w->withhold = false;
	fz_post_events(w);
}

static void model_reset(struct fz *w)
{
	unsigned int i;

	fz_ctx_init(w, &w->shared);
	for (i = 0; i < FZ_SESSIONS; i++) {
		memset(&w->s[i], 0, sizeof(w->s[i]));
		w->s[i].id = 0xdead0000 + i;
		w->s[i].ctx = w->d->per_session ? &w->s[i].own : &w->shared;
		fz_ctx_init(w, &w->s[i].own);
	}
	w->num_maps = 0;
	w->exported = false;
}

static bool open_session(struct fz *w, unsigned int s)
{
	struct vmedia_cmd cmd = { .type = VMEDIA_CMD_OPEN };

	w->doing = "OPEN";
	if (fz_cmd(w, &cmd)) {
		fz_fail(w, "the device cannot be opened");
		return false;
	}
	w->s[s].open = true;
	w->s[s].id = cmd.session_id;
	w->s[s].prio = V4L2_PRIORITY_DEFAULT;
	return true;
}

static void close_session(struct fz *w, unsigned int s)
{
	struct vmedia_cmd cmd = { .type = VMEDIA_CMD_CLOSE, .session_id = w->s[s].id };

	w->doing = "CLOSE";
	fz_cmd(w, &cmd);
	fz_closed(w, s);
}

/* Ask for what the operations choose from. */
static void learn(struct fz *w)
{
	union vmedia_payload arg;
	unsigned int i, n;

	for (i = 0; i < w->s[0].ctx->num; i++)
		for (n = 0; n < FZ_FORMATS; n++) {
			memset(&arg, 0, sizeof(arg));
			arg.fmtdesc.index = n;
			arg.fmtdesc.type = w->d->types[i];
			if (fz_ioctl(w, 0, VMEDIA_NR_ENUM_FMT, &arg))
				break;
			w->formats[i].pixelformat[w->formats[i].num++] = arg.fmtdesc.pixelformat;
		}
	for (i = 0; i < FZ_CTRLS; i++) {
		memset(&arg, 0, sizeof(arg));
		arg.query_ext_ctrl.id = (i ? w->ctrls[i - 1].id : 0) | V4L2_CTRL_FLAG_NEXT_CTRL |
					V4L2_CTRL_FLAG_NEXT_COMPOUND;
		if (fz_ioctl(w, 0, VMEDIA_NR_QUERY_EXT_CTRL, &arg))
			break;
		w->ctrls[w->num_ctrls++] = arg.query_ext_ctrl;
	}
	for (memset(&arg, 0, sizeof(arg)); !fz_ioctl(w, 0, VMEDIA_NR_ENUMINPUT, &arg);
	     arg.input.index = ++w->num_inputs)
		;
	for (memset(&arg, 0, sizeof(arg)); !fz_ioctl(w, 0, VMEDIA_NR_ENUMOUTPUT, &arg);
	     arg.output.index = ++w->num_outputs)
		;
}

static void add_objects(struct fz *w)
{
	uint8_t uuid[VMEDIA_UUID_SIZE] = { 0 };
	unsigned int i;

	/* The last is too small for every buffer but metadata's. */
	for (i = 0; i < FZ_OBJECTS; i++) {
		uuid[0] = (uint8_t)(i + 1);
		harness_add_object(&w->h, uuid, i + 1 < FZ_OBJECTS ? 128u << 10 : 4096);
	}
}

int fz_start(struct fz *w, const struct fz_device *d)
{
	int err;

	memset(w, 0, sizeof(*w));
	w->d = d;
	w->doing = "the beginning";
	vmedia_log_set_level(-1);
	err = harness_init(&w->h, NULL);
	if (err)
		return err;
	err = d->create(w->h.loop, d, &w->h.dev);
	if (err) {
		fprintf(stderr, "fuzz_v4l2: no device \"%s\": %s\n", d->name, strerror(-err));
		return err;
	}
	harness_attach(&w->h, w->h.dev);
	add_objects(w);
	model_reset(w);
	start_queues(w);
	if (open_session(w, 0)) {
		learn(w);
		close_session(w, 0);
	}
	return 0;
}

void fz_finish(struct fz *w)
{
	harness_finish(&w->h);
}

void fz_reset(struct fz *w)
{
	unsigned int s;

	/* A job that runs may write until the queues have stopped. */
	harness_restart(&w->h);
	harness_forget(&w->h);
	for (s = 0; s < FZ_SESSIONS; s++)
		if (w->s[s].open)
			fz_closed(w, s);
	model_reset(w);
	start_queues(w);
}

/* What the device still holds of the guest; a worker may be in its last frame. */
static void check_empty(struct fz *w, const char *when)
{
	uint64_t until = vmedia_now_ns() + FZ_WAIT_NS;
	struct vmedia_device_stats st;

	for (;;) {
		vmedia_device_stats(w->h.dev, &st);
		if ((!st.bytes_held && !st.mappings && !st.sessions_open) ||
		    vmedia_now_ns() > until)
			break;
		vmedia_loop_step(w->h.loop, 1);
	}
	FZ_REQUIRE(w, !st.sessions_open, "%u sessions are open %s", st.sessions_open, when);
	FZ_REQUIRE(w, !st.mappings, "%u mappings are left %s", st.mappings, when);
	FZ_REQUIRE(w, !st.bytes_held, "%llu bytes are held %s", (unsigned long long)st.bytes_held,
		   when);
}

/* The next program finds a free device, at once. */
static void check_free(struct fz *w)
{
	union vmedia_payload arg;
	unsigned int i;

	if (!open_session(w, 0))
		return;
	for (i = 0; i < w->s[0].ctx->num; i++) {
		memset(&arg, 0, sizeof(arg));
		arg.requestbuffers = (struct vmedia_requestbuffers){
			.count = 1, .type = w->d->types[i], .memory = V4L2_MEMORY_MMAP
		};
		w->doing = "REQBUFS of the next program";
		FZ_REQUIRE(w, !fz_ioctl(w, 0, VMEDIA_NR_REQBUFS, &arg),
			   "the next program gets no buffers of %s",
			   vmedia_buf_type_name(w->d->types[i]));
	}
	close_session(w, 0);
}

void fz_end(struct fz *w)
{
	unsigned int s;

	w->withhold = false;
	fz_settle(w);
	for (s = 0; s < FZ_SESSIONS; s++)
		if (w->s[s].open)
			close_session(w, s);
	fz_settle(w);
	while (w->num_maps) {
		struct vmedia_cmd cmd = { .type = VMEDIA_CMD_MUNMAP,
					  .driver_addr = w->maps[--w->num_maps].addr };

		w->doing = "MUNMAP";
		FZ_REQUIRE(w, !fz_cmd(w, &cmd), "a mapping cannot be undone");
	}
	if (!w->exported)
		check_empty(w, "after everybody left");
	check_free(w);
	fz_settle(w);
	fz_reset(w);
	check_empty(w, "after a reset");
}
