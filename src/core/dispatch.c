/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Dispatch: from a chain to the handler of its command.
 *
 * Checks are made in this order, and the first that fails is the answer: the chain (used length 0),
 * its size (E2BIG), the command (EINVAL, ENOTTY), its session (EINVAL; EIO once in error), the room
 * for the whole answer (EINVAL). Errors of a session precede errors of a command sent to it, as
 * errors of a file descriptor do in Linux. A command has no effect before all checks passed.
 *
 * Commands of a session run in order, one at a time. One that does not end at once is
 * session->current, and later ones queue behind it. CLOSE queues too, except in a session in error,
 * which it ends at once. When the turn's time is over, all commands queue, and their sessions join
 * the backlog. Commands without a session (OPEN, MUNMAP, and those whose session does not exist)
 * queue in dev->none. A queued command is read when its turn comes, and all checks except that of
 * the chain are made then. A session's work takes turns with its commands: a piece of it runs
 * before each command. So a command is answered before its consequences are reported, and neither
 * commands nor work wait until the other is finished.
 */
#include <errno.h>

#include "base/fd.h"
#include "core/policy.h"

static bool has_session(const struct vmedia_cmd *cmd)
{
	return cmd->type == VMEDIA_CMD_IOCTL || cmd->type == VMEDIA_CMD_MMAP ||
	       cmd->type == VMEDIA_CMD_CLOSE;
}

static int run_open(struct vmedia_request *req)
{
	struct vmedia_session *s;
	int err = vmedia_session_create(req->dev, &s);

	if (!err || err == -EINPROGRESS)
		req->cmd.session_id = s->id;
	if (err == -EINPROGRESS) {
		req->session = s;
		req->state = VMEDIA_REQ_OPENING;
		s->current = req;
	}
	return err > 0 || err < -4095 ? -EIO : err;
}

static int call_device(struct vmedia_request *req)
{
	struct vmedia_device *dev = req->dev;
	int err;

	req->state = VMEDIA_REQ_RUNNING;
	if (!dev->ops->ioctl)
		return -ENOTTY;
	err = dev->ops->ioctl(req->session, req);
	if (err == -EINPROGRESS) {
		if (req->state == VMEDIA_REQ_DONE)
			return req->err;
		req->state = VMEDIA_REQ_DEVICE;
		return err;
	}
	if (err > 0 || err < -4095) {
		vmedia_err("a device answered %s with %d", req->cmd.io.info->name, err);
		err = -EIO;
	}
	return err;
}

/* Ask the device as often as the policy has questions. */
static int ask_device(struct vmedia_request *req)
{
	int err;

	do {
		/* The device may have said so of the question before. */
		if (req->session->error)
			return -EIO;
		err = call_device(req);
		if (err == -EINPROGRESS)
			return err;
		err = vmedia_policy_next(req, err);
	} while (err == VMEDIA_POLICY_ASK);
	return err;
}

/* The device has completed @req. Returns the result for the guest, or -EINPROGRESS. */
static int answered(struct vmedia_request *req, int err)
{
	if (!req->chain) /* the queue was stopped meanwhile */
		return -ECANCELED;
	err = vmedia_policy_next(req, err);
	return err == VMEDIA_POLICY_ASK ? ask_device(req) : err;
}

int vmedia_dispatch_ioctl(struct vmedia_request *req)
{
	int err;

	if (vmedia_policy_hides(req))
		return -ENOTTY;
	err = vmedia_objects_resolve(req);
	if (err)
		return err;
	req->state = VMEDIA_REQ_RUNNING;
	err = vmedia_ctrl_begin(req);
	if (!err)
		err = vmedia_policy_begin(req);
	return err == VMEDIA_POLICY_ASK ? ask_device(req) : err;
}

/* End a command of @s: send the events that must precede the answer, then the answer. */
static void finish(struct vmedia_session *s, struct vmedia_request *req, int err)
{
	s->current = NULL;
	if (!err && req->cmd.type == VMEDIA_CMD_IOCTL && req->chain) {
		vmedia_events_drop(s, &req->cmd.io);
		if (req->cmd.io.info->nr == VMEDIA_NR_SUBSCRIBE_EVENT) {
			vmedia_events_flush_session(s);
			s->dev->event_first = true;
		}
	}
	vmedia_request_finish(req, err);
}

/* Start a command of a session, other than CLOSE. */
static void start(struct vmedia_session *s, struct vmedia_request *req)
{
	int err;

	s->current = req;
	if (s->error)
		err = -EIO;
	else if (req->cmd.type == VMEDIA_CMD_MMAP)
		err = vmedia_mapping_mmap(req);
	else
		err = vmedia_dispatch_ioctl(req);
	if (err != -EINPROGRESS)
		finish(s, req, err);
}

/*
 * Check whether @req may run. Returns 0 with its session in req->session, or the errno for the
 * answer.
 * @err: the result of decoding.
 */
static int admit(struct vmedia_request *req, int err)
{
	struct vmedia_cmd *cmd = &req->cmd;
	struct vmedia_session *s = NULL;

	if (has_session(cmd)) {
		s = vmedia_session_find(req->dev, cmd->session_id);
		if (cmd->type == VMEDIA_CMD_CLOSE)
			return err;
		if (!s && req->len >= VMEDIA_CMD_IOCTL_SIZE)
			return -EINVAL;
		if (s && s->error)
			return -EIO;
	}
	if (err)
		return err;
	if (req->chain->in_len < vmedia_resp_size(cmd)) {
		vmedia_warn_rl(
			&req->dev->rl, "%s came with %zu writable bytes, its answer takes %zu",
			vmedia_cmd_name(cmd->type), req->chain->in_len, vmedia_resp_size(cmd));
		req->dev->bad_chains++;
		return -EINVAL;
	}
	req->session = s;
	return 0;
}

static void refuse(struct vmedia_request *req, int err, bool decoded)
{
	struct vmedia_chain *chain = req->chain;

	if (decoded && chain->in_len >= VMEDIA_RESP_HDR_SIZE) {
		vmedia_request_finish(req, err);
		return;
	}
	req->chain = NULL;
	vmedia_chain_refuse(req->dev, chain, err);
	vmedia_request_free(req);
}

static void run_close(struct vmedia_request *req)
{
	struct vmedia_session *s = vmedia_session_find(req->dev, req->cmd.session_id);

	if (s) {
		vmedia_session_close(s, req);
		return;
	}
	vmedia_dbg("CLOSE of session %u, which does not exist", req->cmd.session_id);
	vmedia_request_finish(req, 0);
}

static void run(struct vmedia_request *req)
{
	int err;

	switch (req->cmd.type) {
	case VMEDIA_CMD_OPEN:
		err = run_open(req);
		if (err != -EINPROGRESS)
			vmedia_request_finish(req, err);
		break;
	case VMEDIA_CMD_CLOSE:
		run_close(req);
		break;
	case VMEDIA_CMD_MUNMAP:
		err = vmedia_mapping_munmap(req);
		if (err != -EINPROGRESS)
			vmedia_request_finish(req, err);
		break;
	default:
		start(req->session, req);
	}
}

static void log_refused(struct vmedia_request *req, int err)
{
	const struct vmedia_why *why = &req->cmd.why;

	if (err == -ENOTTY) {
		vmedia_dbg_rl(&req->dev->rl, "%s, ioctl %u: not supported",
			      vmedia_cmd_name(req->cmd.type), req->cmd.code);
		return;
	}
	req->dev->bad_chains++;
	vmedia_warn_rl(&req->dev->rl,
		       "%s of %zu bytes (session %u, ioctl %u) was refused with error %d: %s "
		       "(%llu, limit %llu)",
		       vmedia_cmd_name(req->cmd.type), req->len, req->cmd.session_id, req->cmd.code,
		       -err, why->what ? why->what : "malformed", (unsigned long long)why->got,
		       (unsigned long long)why->limit);
}

/* Read the next command of a session, and run it. */
static void begin(struct vmedia_request *req)
{
	struct vmedia_device *dev = req->dev;
	int err, decode;

	req->state = VMEDIA_REQ_RUNNING;
	req->session = NULL;
	dev->ahead_segs -= req->segs;
	req->segs = 0;
	err = vmedia_request_read(req);
	if (err) {
		vmedia_warn_rl(&dev->rl,
			       "a command of %zu bytes was refused: limit %u, %llu bytes wait",
			       req->len, dev->limits.max_request,
			       (unsigned long long)dev->held_bytes);
		refuse(req, err, false);
		return;
	}
	decode = vmedia_cmd_decode(&req->cmd, req->buf, req->len);
	if (decode)
		log_refused(req, decode);
	err = admit(req, decode);
	if (err)
		refuse(req, err, !decode);
	else
		run(req);
}

/* ---- Turns ---- */

static bool turn_over(const struct vmedia_device *dev)
{
	return vmedia_now_ns() >= dev->turn_end;
}

static bool has_work(const struct vmedia_session *s)
{
	return s->work && !s->error && !s->dev->suspended;
}

static bool has_command(const struct vmedia_session *s)
{
	return !s->current && !vmedia_list_empty(&s->queue);
}

/* True if @s has a command or work that waits only for time. */
static bool can_run(const struct vmedia_session *s)
{
	return has_work(s) || has_command(s);
}

static void join_backlog(struct vmedia_session *s)
{
	struct vmedia_device *dev = s->dev;

	if (!vmedia_list_linked(&s->backlog))
		vmedia_list_add_tail(&dev->backlog, &s->backlog);
	dev->more[VMEDIA_QUEUE_COMMAND] = true;
	vmedia_device_defer(dev);
}

/* Run the oldest waiting command of @s. Returns false if @s was freed. */
static bool run_command(struct vmedia_session *s)
{
	struct vmedia_list *node = vmedia_list_pop(&s->queue);
	struct vmedia_request *req = vmedia_list_entry(node, struct vmedia_request, node);
	bool close = req->cmd.type == VMEDIA_CMD_CLOSE;
	struct vmedia_device *dev = s->dev;
	uint32_t id = s->id;

	begin(req);
	return !close || s == &dev->none || vmedia_session_find(dev, id) == s;
}

/*
 * Do one piece of ->work() for @s, and send the events it causes. Pending answers go before events
 * (vmedia_request_complete()). If there are any, the events wait for the end of the turn.
 */
static void run_work(struct vmedia_session *s)
{
	struct vmedia_device *dev = s->dev;

	s->work = false;
	if (!dev->ops->work)
		return;
	vmedia_device_notify_all(dev);
	dev->ops->work(s);
	if (dev->errors || !vmedia_list_empty(&dev->done))
		return;
	vmedia_events_flush(dev);
	vmedia_device_notify_all(dev);
}

/*
 * @once: run one command or piece of work even if the turn's time is over.
 */
static void run_session(struct vmedia_session *s, bool once)
{
	struct vmedia_device *dev = s->dev;

	dev->running = s;
	while (can_run(s)) {
		if (!once && turn_over(dev)) {
			join_backlog(s);
			break;
		}
		once = false;
		if (has_work(s))
			run_work(s);
		if (has_command(s) && !run_command(s))
			break;
	}
	dev->running = NULL;
}

void vmedia_session_run(struct vmedia_session *s)
{
	run_session(s, false);
}

void vmedia_session_work(struct vmedia_session *s)
{
	vmedia_loop_assert(s->dev->loop);
	s->work = true;
	/*
	 * run_session() of @s handles it by itself. If the queue is stopped, it runs after the
	 * stop.
	 */
	if (s != s->dev->running && has_work(s))
		join_backlog(s);
}

void vmedia_dispatch_backlog(struct vmedia_device *dev)
{
	struct vmedia_session *s;

	while (!vmedia_list_empty(&dev->backlog)) {
		s = vmedia_list_first(&dev->backlog, struct vmedia_session, backlog);
		vmedia_list_del(&s->backlog);
		/* Each turn runs at least one command, even if its time was used up before. */
		run_session(s, true);
		if (turn_over(dev))
			break;
	}
	if (!vmedia_list_empty(&dev->backlog))
		dev->more[VMEDIA_QUEUE_COMMAND] = true;
}

/* Return the session of a command by its header, or dev->none. */
static struct vmedia_session *owner(const struct vmedia_request *req)
{
	struct vmedia_session *s = NULL;

	if (has_session(&req->cmd))
		s = vmedia_session_find(req->dev, req->cmd.session_id);
	return s ? s : &req->dev->none;
}

/* Queue a command. In a session in error a CLOSE runs at once. */
static void add(struct vmedia_session *s, struct vmedia_request *req)
{
	req->state = VMEDIA_REQ_QUEUED;
	req->session = s == &s->dev->none ? NULL : s;
	if (s->error && req->cmd.type == VMEDIA_CMD_CLOSE) {
		begin(req);
		return;
	}
	req->segs = req->chain->out_num + req->chain->in_num;
	s->dev->ahead_segs += req->segs;
	vmedia_list_add_tail(&s->queue, &req->node);
	if (!vmedia_list_linked(&s->backlog))
		vmedia_session_run(s);
}

void vmedia_dispatch_chain(struct vmedia_device *dev, struct vmedia_chain *chain)
{
	struct vmedia_request *req;

	dev->commands++;
	if (chain->err) {
		dev->bad_chains++;
		vmedia_warn_rl(&dev->rl, "a command chain (descriptor %u) is not usable: error %d",
			       chain->id, -chain->err);
		vmedia_device_push(dev, VMEDIA_QUEUE_COMMAND, chain, 0);
		return;
	}
	req = vmedia_request_new(dev, chain);
	if (req)
		add(owner(req), req);
	else
		vmedia_chain_refuse(dev, chain, -ENOMEM);
}

void vmedia_dispatch_done(struct vmedia_device *dev)
{
	struct vmedia_list *node;

	while ((node = vmedia_list_pop(&dev->done))) {
		struct vmedia_request *req = vmedia_list_entry(node, struct vmedia_request, node);
		struct vmedia_session *s = req->session;
		int err = req->err;

		if (req->state == VMEDIA_REQ_LOOKUP) {
			if (!err && (!req->chain || s->error))
				err = req->chain ? -EIO : -ECANCELED;
			if (!err)
				err = vmedia_dispatch_ioctl(req);
		} else if (s && req->cmd.type == VMEDIA_CMD_IOCTL) {
			err = answered(req, err);
		}
		if (err == -EINPROGRESS)
			continue;
		if (!s) {
			vmedia_request_finish(req, err);
			continue;
		}
		if (req->cmd.type == VMEDIA_CMD_CLOSE) {
			vmedia_session_end(s, s->error ? -EIO : -ECANCELED, req);
			vmedia_request_finish(req, 0);
			continue;
		}
		if (req->cmd.type == VMEDIA_CMD_OPEN) {
			bool open = vmedia_session_finish_open(s, err);

			req->session = NULL;
			vmedia_request_finish(req, err);
			if (open)
				vmedia_session_run(s);
			continue;
		}
		finish(s, req, err);
		vmedia_session_run(s);
	}
}

/* Answer the waiting commands of a session in error, up to a CLOSE, which ends it. */
static void fail_queue(struct vmedia_session *s)
{
	struct vmedia_list *node;

	while ((node = vmedia_list_pop(&s->queue))) {
		struct vmedia_request *req = vmedia_list_entry(node, struct vmedia_request, node);

		if (req->cmd.type == VMEDIA_CMD_CLOSE) {
			vmedia_session_end(s, -EIO, req);
			vmedia_request_finish(req, 0);
			return;
		}
		vmedia_request_finish(req, -EIO);
	}
}

void vmedia_dispatch_errors(struct vmedia_device *dev)
{
	struct vmedia_session *s, *tmp;

	if (!dev->errors)
		return;
	dev->errors = false;
	vmedia_list_for_each_safe(s, tmp, &dev->sessions, all)
		if (s->error)
			fail_queue(s);
}
