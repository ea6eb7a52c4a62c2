/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sessions: ids, begin, end, error.
 *
 * Ids count up from a random number and wrap after 2^32 OPENs. So an id is not reused soon after
 * its session was closed, nor for the first session of the next guest. A session in error stays in
 * the table, with its id, until the driver closes it (clause "Device-side error").
 */
#include <errno.h>
#include <stdlib.h>

#include "core/policy.h"

static struct vmedia_list *bucket(struct vmedia_device *dev, uint32_t id)
{
	return &dev->buckets[id & (VMEDIA_CORE_SESSION_BUCKETS - 1)];
}

struct vmedia_session *vmedia_session_find(struct vmedia_device *dev, uint32_t id)
{
	struct vmedia_session *s;

	vmedia_list_for_each(s, bucket(dev, id), hash)
		if (s->id == id)
			return s;
	return NULL;
}

static uint32_t new_id(struct vmedia_device *dev)
{
	uint32_t id;

	do {
		id = dev->next_id++;
	} while (!id || vmedia_session_find(dev, id));
	return id;
}

static void begins(struct vmedia_session *s)
{
	s->dev->sessions_opened++;
	vmedia_dbg("session %u begins", s->id);
}

/* Free a session whose ->open() failed. It may have called vmedia_session_wake() or _work(). */
static void forget(struct vmedia_session *s)
{
	vmedia_list_del(&s->ready);
	vmedia_list_del(&s->backlog);
	vmedia_list_del(&s->hash);
	vmedia_list_del(&s->all);
	s->dev->num_sessions--;
	vmedia_share_put(s->share);
	free(s->asking);
	free(s);
}

/* Answer all commands that wait. */
static void answer_queue(struct vmedia_session *s, int err)
{
	struct vmedia_list *node;

	while ((node = vmedia_list_pop(&s->queue))) {
		struct vmedia_request *req = vmedia_list_entry(node, struct vmedia_request, node);

		vmedia_request_answer(req, err);
		vmedia_request_free(req);
	}
}

int vmedia_session_create(struct vmedia_device *dev, struct vmedia_session **out)
{
	struct vmedia_session *s;
	int err;

	if (dev->num_sessions >= dev->limits.max_sessions) {
		vmedia_warn_rl(&dev->rl,
			       "OPEN was refused: %u sessions are open, which is the limit",
			       dev->num_sessions);
		return -EMFILE;
	}
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->share = vmedia_share_create(dev->account, dev->limits.session_bytes);
	s->asking = dev->policy ? calloc(1, sizeof(*s->asking)) : NULL;
	if (!s->share || (dev->policy && !s->asking)) {
		vmedia_share_put(s->share);
		free(s->asking);
		free(s);
		return -ENOMEM;
	}
	s->dev = dev;
	s->id = new_id(dev);
	vmedia_list_init(&s->ready);
	vmedia_list_init(&s->queue);
	vmedia_list_init(&s->backlog);
	vmedia_list_init(&s->cache);
	vmedia_list_add_tail(bucket(dev, s->id), &s->hash);
	vmedia_list_add_tail(&dev->sessions, &s->all);
	dev->num_sessions++;
	err = dev->ops->open ? dev->ops->open(s) : 0;
	if (err && err != -EINPROGRESS) {
		forget(s);
		return err;
	}
	if (!err)
		begins(s);
	*out = s;
	return err;
}

void vmedia_session_opened(struct vmedia_session *s, int err)
{
	vmedia_loop_assert(s->dev->loop);
	if (s->current && s->current->state == VMEDIA_REQ_OPENING)
		vmedia_request_done(s->current, err > 0 || err < -4095 ? -EIO : err);
	else
		vmedia_err("a device opened session %u, which nobody asked for", s->id);
}

bool vmedia_session_open_failed(const struct vmedia_session *s)
{
	return s->current && s->current->cmd.type == VMEDIA_CMD_OPEN &&
	       s->current->state == VMEDIA_REQ_DONE && s->current->err;
}

bool vmedia_session_finish_open(struct vmedia_session *s, int err)
{
	s->current = NULL;
	if (!err) {
		begins(s);
		return true;
	}
	answer_queue(s, -EINVAL);
	vmedia_objects_forget_cache(s);
	forget(s);
	return false;
}

/* Answer @req and remove it from the list that it waits in. */
static void cancel(struct vmedia_request *req, int err)
{
	vmedia_list_del(&req->node);
	vmedia_objects_cancel(req);
	vmedia_request_answer(req, err);
	req->state = VMEDIA_REQ_CANCELLED;
}

void vmedia_session_end(struct vmedia_session *s, int err, struct vmedia_request *closing)
{
	struct vmedia_device *dev = s->dev;
	struct vmedia_request *current = s->current;
	bool failed = vmedia_session_open_failed(s);

	vmedia_list_del(&s->ready);
	vmedia_list_del(&s->backlog);
	vmedia_list_del(&s->hash);
	vmedia_list_del(&s->all);
	dev->num_sessions--;
	if (closing)
		closing->session = NULL;
	if (current == closing)
		current = NULL;
	if (current)
		cancel(current, err);
	answer_queue(s, err);
	if (dev->ops->close && !failed)
		dev->ops->close(s);
	if (current)
		vmedia_request_free(current);
	vmedia_objects_forget_cache(s);
	vmedia_dbg("session %u ends", s->id);
	/* ->close() may have called vmedia_session_wake() or vmedia_session_work(). */
	vmedia_list_del(&s->ready);
	vmedia_list_del(&s->backlog);
	s->share->closed = true;
	vmedia_share_put(s->share);
	free(s->asking);
	free(s);
}

void vmedia_session_close(struct vmedia_session *s, struct vmedia_request *req)
{
	struct vmedia_device *dev = s->dev;

	/* A session in error may have a command in progress, which ends with it. */
	if (!s->current && dev->ops->closing && dev->ops->closing(s) == -EINPROGRESS) {
		req->session = s;
		req->state = VMEDIA_REQ_CLOSING;
		s->current = req;
		return;
	}
	vmedia_session_end(s, s->error ? -EIO : -ECANCELED, req);
	vmedia_request_finish(req, 0);
}

void vmedia_session_closed(struct vmedia_session *s)
{
	vmedia_loop_assert(s->dev->loop);
	if (s->current && s->current->state == VMEDIA_REQ_CLOSING)
		vmedia_request_done(s->current, 0);
	else
		vmedia_err("a device closed session %u, which nobody asked for", s->id);
}

void vmedia_sessions_end_all(struct vmedia_device *dev, int err)
{
	while (!vmedia_list_empty(&dev->sessions))
		vmedia_session_end(vmedia_list_first(&dev->sessions, struct vmedia_session, all),
				   err, NULL);
}

uint32_t vmedia_session_id(const struct vmedia_session *s)
{
	return s->id;
}

struct vmedia_device *vmedia_session_device(const struct vmedia_session *s)
{
	return s->dev;
}

void *vmedia_session_priv(const struct vmedia_session *s)
{
	return s->priv;
}

void vmedia_session_set_priv(struct vmedia_session *s, void *priv)
{
	s->priv = priv;
}

void vmedia_session_wake(struct vmedia_session *s)
{
	vmedia_loop_assert(s->dev->loop);
	if (vmedia_list_linked(&s->ready))
		return;
	vmedia_list_add_tail(&s->dev->ready, &s->ready);
	vmedia_device_defer(s->dev);
}

void vmedia_session_error(struct vmedia_session *s, int err)
{
	vmedia_loop_assert(s->dev->loop);
	if (s->error)
		return;
	s->error = err < 0 && err >= -4095 ? err : -EIO;
	s->error_event = true;
	s->dev->errors = true;
	vmedia_warn_rl(&s->dev->rl, "session %u is in error %d and of no use any more", s->id,
		       -s->error);
	vmedia_session_wake(s);
	vmedia_device_defer(s->dev);
}
