/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Events: move them from the sessions into the buffers that the driver posts.
 *
 * Theory of operation: vmedia_session_wake() puts a session that may have events on the ready list.
 * Events are pulled from each session in turn, one at a time. If there is no buffer for a pulled
 * event, or only one that is too short, the event stays in its session (evt, staged) and is sent
 * first later. All other events stay in the device's buffers. So a driver that posts no buffers
 * costs the memory of one event for each session; no event is lost, and only its own events are
 * delayed.
 *
 * An event that became invalid meanwhile is dropped: a buffer of a queue that was stopped or freed,
 * or an event that was unsubscribed.
 */
#include <errno.h>
#include <string.h>

#include "core/policy.h"

static bool pull(struct vmedia_session *s)
{
	struct vmedia_evt *evt = &s->evt;
	bool got;

	/* Of the planes only those of the buffer are read, so the rest need no clearing. */
	memset(evt, 0, offsetof(struct vmedia_evt, planes));
	memset(&evt->event, 0, sizeof(evt->event));
	got = !s->error && s->dev->ops->next_event && s->dev->ops->next_event(s, evt);
	/* ->next_event() may find that the session is in error. */
	if (s->error) {
		if (!s->error_event)
			return false;
		s->error_event = false;
		evt->type = VMEDIA_EVT_ERROR;
		evt->err = (uint32_t)-s->error;
	} else if (!got) {
		return false;
	} else if (evt->type != VMEDIA_EVT_DQBUF && evt->type != VMEDIA_EVT_EVENT) {
		vmedia_err("a device gave an event of unknown type %u: dropped", evt->type);
		return true;
	} else if (evt->type == VMEDIA_EVT_EVENT &&
		   !vmedia_policy_event(s->dev->policy, &evt->event)) {
		return true;
	}
	evt->session_id = s->id;
	s->staged = true;
	return true;
}

/* Return the next usable event buffer, or NULL. @budget bounds the work that bad ones can cause. */
static struct vmedia_chain *event_buffer(struct vmedia_device *dev, unsigned int *budget)
{
	struct vmedia_chain *chain;

	while (*budget) {
		if (dev->transport->ops->pop(dev->transport, VMEDIA_QUEUE_EVENT, &chain) <= 0)
			return NULL;
		(*budget)--;
		if (!chain->err)
			return chain;
		dev->bad_chains++;
		vmedia_warn_rl(&dev->rl, "an event buffer (descriptor %u) is not usable: error %d",
			       chain->id, -chain->err);
		vmedia_device_push(dev, VMEDIA_QUEUE_EVENT, chain, 0);
	}
	return NULL;
}

/* Send the staged event of @s. Returns false if it stays. */
static bool send_staged(struct vmedia_session *s, unsigned int *budget)
{
	struct vmedia_device *dev = s->dev;
	size_t size = vmedia_evt_size(&s->evt);
	uint8_t buf[VMEDIA_EVT_MAX_SIZE];
	struct vmedia_chain *chain;
	int n;

	while ((chain = event_buffer(dev, budget))) {
		if (chain->in_len >= size)
			break;
		dev->bad_chains++;
		vmedia_warn_rl(&dev->rl,
			       "an event buffer of %zu bytes is too short for a %s event of %zu: "
			       "returned empty",
			       chain->in_len, vmedia_evt_name(s->evt.type), size);
		vmedia_device_push(dev, VMEDIA_QUEUE_EVENT, chain, 0);
	}
	if (!chain)
		return false;
	n = vmedia_evt_encode(&s->evt, buf, sizeof(buf));
	s->staged = false;
	if (n < 0) {
		vmedia_err("an event of type %u could not be encoded: error %d", s->evt.type, -n);
		n = 0;
	}
	vmedia_chain_write(chain, 0, buf, (size_t)n);
	vmedia_device_push(dev, VMEDIA_QUEUE_EVENT, chain, (uint32_t)n);
	dev->events++;
	return true;
}

bool vmedia_events_flush(struct vmedia_device *dev)
{
	unsigned int budget = VMEDIA_CORE_TURN_EVENTS;
	struct vmedia_session *s;

	while (dev->transport && !vmedia_list_empty(&dev->ready)) {
		if (!budget)
			return true;
		s = vmedia_list_first(&dev->ready, struct vmedia_session, ready);
		if (!s->staged) {
			if (!pull(s)) {
				vmedia_list_del(&s->ready);
				continue;
			}
			if (!s->staged) {
				budget--;
				continue;
			}
		}
		if (!send_staged(s, &budget))
			return !budget;
		vmedia_list_del(&s->ready);
		vmedia_list_add_tail(&dev->ready, &s->ready);
	}
	return false;
}

void vmedia_events_flush_session(struct vmedia_session *s)
{
	unsigned int budget = VMEDIA_CORE_TURN_EVENTS;

	if (!vmedia_list_linked(&s->ready))
		return;
	while (budget && (s->staged || pull(s))) {
		if (!s->staged)
			budget--;
		else if (!send_staged(s, &budget))
			return;
	}
}

static bool forbids_buffer(const struct vmedia_ioctl *io, const struct vmedia_evt *evt)
{
	const union vmedia_payload *arg = &io->arg;

	switch (io->info->nr) {
	case VMEDIA_NR_STREAMOFF:
		return arg->u32 == evt->buffer.type;
	case VMEDIA_NR_REQBUFS:
		return arg->requestbuffers.type == evt->buffer.type;
	case VMEDIA_NR_REMOVE_BUFS:
		return arg->remove_buffers.type == evt->buffer.type &&
		       evt->buffer.index >= arg->remove_buffers.index &&
		       evt->buffer.index - arg->remove_buffers.index < arg->remove_buffers.count;
	default:
		return false;
	}
}

static bool forbids_event(const struct vmedia_ioctl *io, const struct vmedia_evt *evt)
{
	const struct vmedia_event_subscription *sub = &io->arg.event_subscription;

	return io->info->nr == VMEDIA_NR_UNSUBSCRIBE_EVENT &&
	       (!sub->type || (sub->type == evt->event.type && sub->id == evt->event.id));
}

void vmedia_events_drop(struct vmedia_session *s, const struct vmedia_ioctl *io)
{
	if (!s->staged)
		return;
	if (s->evt.type == VMEDIA_EVT_DQBUF
		    ? forbids_buffer(io, &s->evt)
		    : s->evt.type == VMEDIA_EVT_EVENT && forbids_event(io, &s->evt))
		s->staged = false;
}
