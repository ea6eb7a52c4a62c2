// SPDX-License-Identifier: BSD-3-Clause
/*
 * Commands: fill a slot of guest RAM, send it, check the answer, and handle a missing answer.
 *
 *	IDLE -> get() -> SETUP -> post() -> FLIGHT -> returned() -> finish(), then
 *		with a waiting caller: DONE -> put() -> IDLE
 *		without one: its completion (completion.c) -> IDLE
 *	FLIGHT -> time-out: -ETIMEDOUT, the session is in error -> LOST -> returned() -> IDLE
 *
 * A slot is a page for the question and a page for the answer. Longer messages (controls, EDID) get
 * separate pages for the duration of the command. SG lists of buffers are sent from their own
 * memory (lists.c). In every state, memory returns to the arena only after the ring has returned
 * it.
 *
 * A late answer still had effects in the device, which are undone: an opened session is closed, a
 * mapping is unmapped.
 *
 * Security model: the answer is copied out of shared memory once, and vmedia_resp_decode() checks
 * the copy.
 */
#include "driver/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SLOT_PAGES ((VMEDIA_DRV_SLOT_REQ + VMEDIA_DRV_SLOT_RESP) / VMEDIA_DRV_PAGE)

int vmedia_drv_cmd_init(struct vmedia_driver *drv)
{
	unsigned int n = VMEDIA_MIN(drv->opts.queue_size, VMEDIA_DRV_SLOTS), i;
	uint64_t page;
	int err;

	vmedia_list_init(&drv->idle);
	vmedia_list_init(&drv->flight);
	vmedia_list_init(&drv->lost);
	drv->scratch = malloc(VMEDIA_MAX_RESP_SIZE);
	drv->cmds = calloc(n, sizeof(*drv->cmds));
	if (!drv->scratch || !drv->cmds)
		return -ENOMEM;
	err = vmedia_arena_alloc(&drv->arena, (uint64_t)n * SLOT_PAGES, &page);
	if (err)
		return err;
	for (i = 0; i < n; i++) {
		drv->cmds[i].drv = drv;
		drv->cmds[i].slot = page + (uint64_t)i * SLOT_PAGES;
		vmedia_list_init(&drv->cmds[i].node);
		vmedia_list_add_tail(&drv->idle, &drv->cmds[i].node);
	}
	drv->num_cmds = n;
	return 0;
}

static void free_copies(struct vmedia_drv_cmd *c)
{
	if (c->ctrls) {
		free(c->ctrls);
		free(c->ctrl_sg);
		c->ctrls = NULL;
		c->ctrl_sg = NULL;
	}
	if (c->sg_raw) {
		free(c->sg_raw);
		c->sg_raw = NULL;
	}
}

void vmedia_drv_cmd_fini(struct vmedia_driver *drv)
{
	unsigned int i;

	for (i = 0; i < drv->num_cmds; i++) {
		free_copies(&drv->cmds[i]);
		vmedia_drv_list_put(drv, drv->cmds[i].list);
	}
	free(drv->cmds);
	free(drv->scratch);
	drv->cmds = NULL;
	drv->num_cmds = 0;
	drv->scratch = NULL;
}

static bool has_idle(void *arg)
{
	struct vmedia_driver *drv = arg;

	return !vmedia_list_empty(&drv->idle);
}

int vmedia_drv_cmd_get(struct vmedia_driver *drv, struct vmedia_file *f, uint32_t type, bool wait,
		       struct vmedia_drv_cmd **out)
{
	struct vmedia_drv_cmd *c;
	int err;

	if (drv->err)
		return drv->err;
	if (!has_idle(drv)) {
		if (!wait)
			return -EAGAIN;
		err = vmedia_drv_wait_answer(drv, has_idle, drv,
					     vmedia_drv_deadline(drv, drv->opts.timeout_ms));
		if (err)
			return err;
	}
	c = vmedia_list_entry(vmedia_list_pop(&drv->idle), struct vmedia_drv_cmd, node);
	c->f = f;
	c->buf = NULL;
	c->state = VMEDIA_DRV_SETUP;
	c->answered = false;
	c->raw = false;
	c->lazy = false;
	c->held = false;
	c->err = 0;
	c->used = 0;
	c->arg = NULL;
	c->uuid = NULL;
	c->finish = NULL;
	c->completion = NULL;
	c->req = vmedia_arena_ptr(&drv->arena, c->slot);
	c->req_gpa = vmedia_arena_gpa(&drv->arena, c->slot);
	c->resp = c->req + VMEDIA_DRV_SLOT_REQ;
	c->resp_gpa = c->req_gpa + VMEDIA_DRV_SLOT_REQ;
	c->cmd.type = type;
	c->cmd.session_id = f ? f->id : 0;
	c->cmd.why.what = NULL;
	c->cmd.io.num_planes = 0;
	c->cmd.io.sg_apart = false;
	c->cmd.io.ctrls = NULL;
	c->cmd.io.ctrl_sg = NULL;
	c->cmd.io.max_ctrls = 0;
	c->cmd.io.edid = NULL;
	c->cmd.io.max_edid_blocks = 0;
	*out = c;
	return 0;
}

void vmedia_drv_cmd_put(struct vmedia_drv_cmd *c)
{
	struct vmedia_driver *drv = c->drv;

	vmedia_list_del(&c->node);
	free_copies(c);
	vmedia_drv_completion_put(drv, c->completion);
	c->completion = NULL;
	if (c->in_ring)		/* the device is unusable: do not reuse the memory */
		return;
	vmedia_arena_free(&drv->arena, c->big, c->big_pages);
	vmedia_arena_free(&drv->arena, c->bounce, c->bounce_pages);
	vmedia_drv_list_put(drv, c->list);
	c->list = NULL;
	c->big_pages = 0;
	c->bounce_pages = 0;
	c->state = VMEDIA_DRV_IDLE;
	vmedia_list_add_head(&drv->idle, &c->node);
}

/* Make room for a question of @req and an answer of @resp bytes. */
static int make_room(struct vmedia_drv_cmd *c, uint64_t req, uint64_t resp)
{
	struct vmedia_arena *a = &c->drv->arena;
	uint64_t req_pages = (req + VMEDIA_DRV_PAGE - 1) / VMEDIA_DRV_PAGE;
	uint64_t resp_pages = (resp + VMEDIA_DRV_PAGE - 1) / VMEDIA_DRV_PAGE;
	int err;

	if (req <= VMEDIA_DRV_SLOT_REQ && resp <= VMEDIA_DRV_SLOT_RESP)
		return 0;
	if (resp > VMEDIA_MAX_RESP_SIZE || req > VMEDIA_MAX_REQ_SIZE)
		return -E2BIG;
	err = vmedia_arena_alloc(a, req_pages + resp_pages, &c->big);
	if (err)
		return err;
	c->big_pages = req_pages + resp_pages;
	c->req = vmedia_arena_ptr(a, c->big);
	c->req_gpa = vmedia_arena_gpa(a, c->big);
	c->resp = c->req + req_pages * VMEDIA_DRV_PAGE;
	c->resp_gpa = c->req_gpa + req_pages * VMEDIA_DRV_PAGE;
	return 0;
}

/*
 * Split [gpa, gpa + len) into @max pieces, 4 at most, at odd places that a correct device accepts
 * (VMEDIA_DRIVER_SPLIT). Returns their number.
 */
static unsigned int cut(const struct vmedia_driver *drv, uint64_t gpa, uint32_t len,
			unsigned int max, struct vmedia_gpa_range *out)
{
	static const uint32_t at[] = { 1, 7, 13 };
	unsigned int n = 0, i;
	uint32_t take;

	for (i = 0; drv->opts.flags & VMEDIA_DRIVER_SPLIT && i + 1 < max && len > 1; i++) {
		take = VMEDIA_MIN(at[i], len - 1);
		out[n++] = (struct vmedia_gpa_range){ .gpa = gpa, .len = take };
		gpa += take;
		len -= take;
	}
	if (len)
		out[n++] = (struct vmedia_gpa_range){ .gpa = gpa, .len = len };
	return n;
}

void vmedia_drv_cmd_sent(struct vmedia_drv_cmd *c)
{
	struct vmedia_driver *drv = c->drv;

	c->in_ring = true;
	c->start_ns = vmedia_now_ns();
	c->state = VMEDIA_DRV_FLIGHT;
	vmedia_list_add_tail(&drv->flight, &c->node);
	drv->urgent += !c->lazy;
	if (c->f)
		c->f->inflight++;
	if (c->held)
		drv->vq[VMEDIA_QUEUE_COMMAND].held = true;
	else
		drv->vq[VMEDIA_QUEUE_COMMAND].dirty = true;
	drv->stats.commands++;
}

void vmedia_drv_cmd_hurry(struct vmedia_driver *drv, const struct vmedia_drv_buf *buf)
{
	struct vmedia_drv_cmd *c;

	vmedia_drv_release(drv);
	vmedia_list_for_each(c, &drv->flight, node) {
		if (!c->lazy || (buf && c->buf != buf))
			continue;
		c->lazy = false;
		drv->urgent++;
	}
}

static int to_ring(struct vmedia_drv_cmd *c)
{
	struct vmedia_driver *drv = c->drv;
	struct vmedia_gpa_range out[4], in[4];
	unsigned int out_num = cut(drv, c->req_gpa, c->req_len, c->list ? 2 : 4, out);
	unsigned int in_num = cut(drv, c->resp_gpa, c->resp_cap, 4, in);
	int err;

	if (c->list)
		out_num += cut(drv, vmedia_arena_gpa(&drv->arena, c->list->page), c->list->bytes, 2,
			       out + out_num);
	err = vmedia_vqr_add(drv->vq[VMEDIA_QUEUE_COMMAND].vqr, out, out_num, in, in_num, c,
			     VMEDIA_VQR_INDIRECT);
	if (err == -ENOSPC)
		return -EAGAIN;
	if (err)
		return err;
	vmedia_drv_cmd_sent(c);
	return 0;
}

static int encode(struct vmedia_drv_cmd *c)
{
	uint64_t req = vmedia_cmd_size(&c->cmd);
	uint64_t resp = vmedia_resp_size(&c->cmd);
	int n, err = make_room(c, req, resp);

	if (err)
		return err;
	n = vmedia_cmd_encode(&c->cmd, c->req, c->big_pages ? req : VMEDIA_DRV_SLOT_REQ);
	if (n < 0)
		return n;
	c->req_len = (uint32_t)n;
	c->resp_cap = (uint32_t)resp;
	return 0;
}

static bool is_done(void *arg)
{
	return ((struct vmedia_drv_cmd *)arg)->state == VMEDIA_DRV_DONE;
}

struct room {
	struct vmedia_driver *drv;
	unsigned int free;
};

static bool has_more_room(void *arg)
{
	struct room *r = arg;

	return vmedia_list_empty(&r->drv->flight) ||
	       vmedia_vqr_free(r->drv->vq[VMEDIA_QUEUE_COMMAND].vqr) > r->free;
}

int vmedia_drv_cmd_post(struct vmedia_drv_cmd *c, bool wait)
{
	struct vmedia_driver *drv = c->drv;
	struct room room = { .drv = drv };
	int err = encode(c);

	while (!err) {
		err = to_ring(c);
		if (err != -EAGAIN || !wait || vmedia_list_empty(&drv->flight))
			break;
		room.free = vmedia_vqr_free(drv->vq[VMEDIA_QUEUE_COMMAND].vqr);
		err = vmedia_drv_wait_answer(drv, has_more_room, &room,
					     vmedia_drv_deadline(drv, drv->opts.timeout_ms));
	}
	return err;
}

int vmedia_drv_cmd_wait(struct vmedia_drv_cmd *c)
{
	struct vmedia_driver *drv = c->drv;
	int err;

	drv->stats.round_trips++;
	err = vmedia_drv_wait(drv, is_done, c, vmedia_drv_deadline(drv, drv->opts.timeout_ms));
	if (c->state == VMEDIA_DRV_DONE)
		return 0;
	drv->stats.timeouts++;
	vmedia_drv_cmd_abandon(c, -ETIMEDOUT);
	return err;
}

int vmedia_drv_cmd_run(struct vmedia_drv_cmd *c)
{
	int err = vmedia_drv_cmd_post(c, true);

	if (!err)
		return vmedia_drv_cmd_wait(c);
	vmedia_drv_cmd_put(c);
	return err;
}

static void trace(const struct vmedia_drv_cmd *c)
{
	const struct vmedia_driver *drv = c->drv;
	struct vmedia_trace t;

	if (!drv->opts.trace)
		return;
	t = (struct vmedia_trace){
		.type = c->cmd.type,
		.session_id = c->cmd.session_id,
		.name = c->cmd.type == VMEDIA_CMD_IOCTL && !c->raw ? c->cmd.io.info->name
								   : vmedia_cmd_name(c->cmd.type),
		.err = c->err,
		.duration_ns = vmedia_now_ns() - c->start_ns,
		.sent = c->req_len + (c->list ? c->list->bytes : 0),
		.received = c->used,
	};
	drv->opts.trace(drv->opts.trace_opaque, &t);
}

static const char *name_of(const struct vmedia_drv_cmd *c)
{
	return c->cmd.type == VMEDIA_CMD_IOCTL ? c->cmd.io.info->name
					       : vmedia_cmd_name(c->cmd.type);
}

static int judge(struct vmedia_drv_cmd *c, uint32_t used)
{
	struct vmedia_driver *drv = c->drv;
	int err;

	memcpy(drv->scratch, c->resp, used);
	__asm__ volatile("" : : : "memory");
	if (c->raw || c->cmd.type == VMEDIA_CMD_CLOSE)
		return 0;
	c->cmd.why.what = NULL;
	err = vmedia_resp_decode(&c->cmd, drv->scratch, used);
	if (err == -EIO && c->cmd.why.what) {
		drv->stats.refused_answers++;
		vmedia_warn_rl(
			&drv->limit, "answer to %s of session %u refused: %s (%llu, limit %llu)",
			name_of(c), c->cmd.session_id, c->cmd.why.what,
			(unsigned long long)c->cmd.why.got, (unsigned long long)c->cmd.why.limit);
	} else {
		c->answered = true;
	}
	return err;
}

/* Mark the completion of @c as finished; done() is called later. */
static void complete(struct vmedia_drv_cmd *c)
{
	vmedia_drv_completion_over(c->drv, c->completion, c->err);
	c->completion = NULL;
}

/*
 * Take @c out of flight, with its result in err: apply its effects, then pass it to its waiter or
 * completion.
 */
static void finish(struct vmedia_drv_cmd *c)
{
	vmedia_list_del(&c->node);
	c->drv->urgent -= !c->lazy;
	c->state = VMEDIA_DRV_DONE;
	if (c->finish)
		c->finish(c);
	if (c->f)
		c->f->inflight--;
	if (c->completion) {
		complete(c);
		vmedia_drv_cmd_put(c);
	}
}

static void ignore_result(void *opaque, int err)
{
}

/* Undo the effects of a command whose caller has given up. */
static void undo(struct vmedia_driver *drv, uint32_t type, uint32_t session_id,
		 uint64_t driver_addr)
{
	struct vmedia_drv_cmd *c;

	if (vmedia_drv_cmd_get(drv, NULL, type, false, &c))
		return;
	c->cmd.session_id = session_id;
	c->cmd.driver_addr = driver_addr;
	if (vmedia_drv_completion_get(drv, ignore_result, NULL, &c->completion) ||
	    vmedia_drv_cmd_post(c, false))
		vmedia_drv_cmd_put(c);
}

static void late(struct vmedia_drv_cmd *c, uint32_t used)
{
	struct vmedia_driver *drv = c->drv;
	uint32_t type = c->cmd.type, id;
	uint64_t addr;
	bool ok;

	drv->stats.quarantined--;
	/* Other answers have no effect now, and their destination may be freed. */
	ok = (type == VMEDIA_CMD_OPEN || type == VMEDIA_CMD_MMAP) && !c->raw && !judge(c, used);
	id = c->cmd.session_id;
	addr = c->cmd.driver_addr;
	if (c->finish)
		c->finish(c);
	vmedia_drv_cmd_put(c);
	if (ok && type == VMEDIA_CMD_OPEN && !vmedia_drv_file(drv, id))
		undo(drv, VMEDIA_CMD_CLOSE, id, 0);
	else if (ok && type == VMEDIA_CMD_MMAP)
		undo(drv, VMEDIA_CMD_MUNMAP, 0, addr);
}

void vmedia_drv_cmd_returned(struct vmedia_drv_cmd *c, uint32_t used)
{
	c->in_ring = false;
	c->used = VMEDIA_MIN(used, c->resp_cap);
	if (c->state == VMEDIA_DRV_LOST) {
		late(c, c->used);
		return;
	}
	c->err = judge(c, c->used);
	trace(c);
	finish(c);
}

void vmedia_drv_cmd_abandon(struct vmedia_drv_cmd *c, int err)
{
	struct vmedia_driver *drv = c->drv;

	vmedia_warn_rl(&drv->limit, "no answer to %s of session %u: %s",
		       c->raw ? "a raw command" : name_of(c), c->cmd.session_id,
		       err == -ETIMEDOUT ? "time is up" : "the device is gone");
	c->err = err;
	vmedia_list_del(&c->node);
	drv->urgent -= !c->lazy;
	if (c->finish)
		c->finish(c);
	if (c->f) {
		c->f->inflight--;
		if (!c->f->err)
			c->f->err = drv->err ? drv->err : -EIO;
	}
	if (c->cmd.type != VMEDIA_CMD_CLOSE) {	/* the answer to CLOSE frees the session */
		c->f = NULL;
		c->finish = NULL;
	}
	c->arg = NULL;
	c->uuid = NULL;
	c->cmd.io.edid = NULL;
	c->cmd.io.max_edid_blocks = 0;
	c->state = VMEDIA_DRV_LOST;
	vmedia_list_add_tail(&drv->lost, &c->node);
	drv->stats.quarantined++;
	if (c->completion)
		complete(c);
}

/* Give up commands of vmedia_submit() after timeout_ms. No caller waits for them. */
void vmedia_drv_cmd_expire(struct vmedia_driver *drv)
{
	uint64_t limit = (uint64_t)drv->opts.timeout_ms * 1000000, now = vmedia_now_ns();
	struct vmedia_drv_cmd *c, *tmp;

	if (drv->opts.timeout_ms < 0)
		return;
	vmedia_list_for_each_safe(c, tmp, &drv->flight, node) {
		if (!c->completion || now - c->start_ns < limit)
			continue;
		drv->stats.timeouts++;
		vmedia_drv_cmd_abandon(c, -ETIMEDOUT);
	}
}

void vmedia_drv_cmd_fail_all(struct vmedia_driver *drv, int err)
{
	struct vmedia_drv_cmd *c;

	while (!vmedia_list_empty(&drv->flight)) {
		c = vmedia_list_first(&drv->flight, struct vmedia_drv_cmd, node);
		c->err = err;
		finish(c);
	}
}

/*
 * Copy the answer now: drv->scratch is overwritten by the next answer, which may come before the
 * wait ends.
 */
static void raw_finish(struct vmedia_drv_cmd *c)
{
	if (c->arg && !c->in_ring && !c->err && c->used)
		memcpy(c->arg, c->drv->scratch, c->used);
}

static int raw_command(struct vmedia_driver *drv, const void *req, size_t req_len, void *resp,
		       size_t resp_cap, size_t *used)
{
	struct vmedia_drv_cmd *c;
	int err;

	if (!req_len || (!req && req_len))
		return -EINVAL;
	if (req_len > VMEDIA_MAX_REQ_SIZE || resp_cap > VMEDIA_MAX_RESP_SIZE)
		return -EMSGSIZE;
	err = vmedia_drv_cmd_get(drv, NULL, 0, true, &c);
	if (err)
		return err;
	c->raw = true;
	c->arg = resp;
	c->finish = raw_finish;
	err = make_room(c, req_len, resp_cap);
	if (err)
		goto put;
	memcpy(c->req, req, req_len);
	c->req_len = (uint32_t)req_len;
	c->resp_cap = (uint32_t)resp_cap;
	err = to_ring(c);
	if (err)
		goto put;
	err = vmedia_drv_cmd_wait(c);
	if (err)
		return err;
	err = c->err;
	if (!err)
		*used = c->used;
put:
	vmedia_drv_cmd_put(c);
	return err;
}

int vmedia_raw_command(struct vmedia_driver *drv, const void *req, size_t req_len, void *resp,
		       size_t resp_cap, size_t *used)
{
	int err = raw_command(drv, req, req_len, resp, resp_cap, used);

	vmedia_drv_complete(drv);
	return err;
}
