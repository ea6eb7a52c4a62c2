/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * V4L2 events: a session's subscriptions and pending events.
 *
 * Theory of operation: each subscription has its own ring, which is allocated with it, so that
 * sending allocates nothing. A full ring loses its oldest event. For CTRL and SOURCE_CHANGE the
 * changes of the lost event are merged into the next one, so that no change is missed. All pending
 * events are also in one list of the session, oldest first, with a stamp that orders them relative
 * to finished buffers.
 */
#include <errno.h>
#include <stdlib.h>

#include <linux/videodev2.h>

#include "base/fd.h"
#include "v4l2/ctrl.h"
#include "v4l2/dispatch.h"
#include "v4l2/event.h"
#include "v4l2/queue.h"

#define MAX_RING 8	/* events that one subscription holds */

struct waiting {
	struct vmedia_event ev;
	uint64_t stamp;
	struct vmedia_list node;	/* file->events */
};

struct subscription {
	struct vmedia_list node;	/* file->subs */
	uint32_t type, id, flags;
	unsigned int elems, first, used;
	struct waiting ring[];
};

static struct subscription *find(const struct vmedia_file *f, uint32_t type, uint32_t id)
{
	struct subscription *sub;

	vmedia_list_for_each(sub, &f->subs, node)
		if (sub->type == type && sub->id == id)
			return sub;
	return NULL;
}

static unsigned int ring_size(uint32_t type)
{
	switch (type) {
	case V4L2_EVENT_CTRL:
	case V4L2_EVENT_SOURCE_CHANGE:
		return 1;
	case V4L2_EVENT_EOS:
		return 2;
	default:
		return MAX_RING;
	}
}

/* Add the changes of @old, which is dropped, to @new. */
static void merge(const struct vmedia_event *old, struct vmedia_event *new)
{
	if (new->type == V4L2_EVENT_CTRL)
		new->u.ctrl.changes |= old->u.ctrl.changes;
	else if (new->type == V4L2_EVENT_SOURCE_CHANGE)
		new->u.src_change.changes |= old->u.src_change.changes;
}

static void push(struct vmedia_file *f, struct subscription *sub,
		 const struct vmedia_event *from, uint64_t now)
{
	struct vmedia_event ev = { .type = from->type, .u = from->u, .id = from->id };
	unsigned int slot;

	ev.sequence = f->sequence++;
	ev.timestamp.tv_sec = (int64_t)(now / 1000000000u);
	ev.timestamp.tv_nsec = (int64_t)(now % 1000000000u);
	if (sub->used == sub->elems) {
		vmedia_list_del(&sub->ring[sub->first].node);
		merge(&sub->ring[sub->first].ev,
		      sub->elems > 1 ? &sub->ring[(sub->first + 1) % sub->elems].ev : &ev);
		sub->first = (sub->first + 1) % sub->elems;
		sub->used--;
		f->num_events--;
	}
	slot = (sub->first + sub->used++) % sub->elems;
	sub->ring[slot].ev = ev;
	sub->ring[slot].stamp = f->ctx->v->stamp++;
	vmedia_list_add_tail(&f->events, &sub->ring[slot].node);
	f->num_events++;
	vmedia_session_wake(f->s);
}

void vmedia_ctx_event_but(struct vmedia_ctx *ctx, const struct vmedia_event *ev,
			  const struct vmedia_file *but)
{
	struct subscription *sub;
	struct vmedia_file *f;

	vmedia_list_for_each(f, &ctx->files, node) {
		sub = find(f, ev->type, ev->id);
		if (sub && (f != but || sub->flags & V4L2_EVENT_SUB_FL_ALLOW_FEEDBACK))
			push(f, sub, ev, vmedia_now_ns());
	}
}

void vmedia_ctx_event(struct vmedia_ctx *ctx, const struct vmedia_event *ev)
{
	vmedia_ctx_event_but(ctx, ev, NULL);
}

void vmedia_ctx_event_eos(struct vmedia_ctx *ctx)
{
	vmedia_ctx_event(ctx, &(struct vmedia_event){ .type = V4L2_EVENT_EOS });
}

void vmedia_ctx_event_source_change(struct vmedia_ctx *ctx, uint32_t changes)
{
	struct vmedia_event ev = { .type = V4L2_EVENT_SOURCE_CHANGE };

	ev.u.src_change.changes = changes;
	vmedia_ctx_event(ctx, &ev);
}

/* ---- Pulling events ---- */

uint64_t vmedia_file_event_stamp(const struct vmedia_file *f)
{
	return vmedia_list_empty(&f->events)
		       ? UINT64_MAX
		       : vmedia_list_first(&f->events, struct waiting, node)->stamp;
}

void vmedia_file_pull(struct vmedia_file *f, struct vmedia_evt *evt)
{
	struct waiting *e = vmedia_list_first(&f->events, struct waiting, node);
	struct subscription *sub = find(f, e->ev.type, e->ev.id);

	vmedia_list_del(&e->node);
	f->num_events--;
	evt->type = VMEDIA_EVT_EVENT;
	evt->event = e->ev;
	evt->event.pending = f->num_events;
	/* The session's oldest event is also the oldest of its subscription. */
	sub->first = (sub->first + 1) % sub->elems;
	sub->used--;
}

/* ---- Subscriptions ---- */

static int acceptable(struct vmedia_ctx *ctx, const struct vmedia_event_subscription *s)
{
	const struct vmedia_video *v = ctx->v;

	switch (s->type) {
	case V4L2_EVENT_ALL:
		return -EINVAL;
	case V4L2_EVENT_CTRL:
		return vmedia_ctrl_find(ctx, s->id) ? 0 : -EINVAL;
	case V4L2_EVENT_EOS:
		if (ctx->m2m || (ctx->num_queues && ctx->queues[0]->cap))
			return 0;
		break;
	case V4L2_EVENT_SOURCE_CHANGE:
		if (v->cfg.source_change)
			return 0;
		break;
	}
	return v->ops->subscribe ? v->ops->subscribe(ctx, s) : -EINVAL;
}

static void send_initial(struct vmedia_file *f, struct subscription *sub)
{
	struct vmedia_ctrl *c = vmedia_ctrl_find(f->ctx, sub->id);
	uint32_t changes = V4L2_EVENT_CTRL_CH_FLAGS;
	struct vmedia_event ev;

	if (!c || c->cfg.type == V4L2_CTRL_TYPE_CTRL_CLASS)
		return;
	if (!(c->flags & V4L2_CTRL_FLAG_WRITE_ONLY))
		changes |= V4L2_EVENT_CTRL_CH_VALUE;
	vmedia_ctrl_event(c, changes, &ev);
	push(f, sub, &ev, vmedia_now_ns());
}

int vmedia_do_subscribe(struct vmedia_file *f, struct vmedia_request *req)
{
	const struct vmedia_event_subscription *s =
		&vmedia_request_ioctl(req)->arg.event_subscription;
	unsigned int elems = ring_size(s->type), i;
	struct subscription *sub;
	int err = acceptable(f->ctx, s);

	if (err)
		return err;
	if (find(f, s->type, s->id))
		return 0;
	if (f->num_subs >= vmedia_device_limits(f->ctx->v->dev)->max_subscriptions)
		return -ENOMEM;
	sub = calloc(1, sizeof(*sub) + elems * sizeof(sub->ring[0]));
	if (!sub)
		return -ENOMEM;
	sub->type = s->type;
	sub->id = s->id;
	sub->flags = s->flags;
	sub->elems = elems;
	for (i = 0; i < elems; i++)
		vmedia_list_init(&sub->ring[i].node);
	vmedia_list_add_tail(&f->subs, &sub->node);
	f->num_subs++;
	if (s->type == V4L2_EVENT_CTRL && s->flags & V4L2_EVENT_SUB_FL_SEND_INITIAL)
		send_initial(f, sub);
	return 0;
}

static void drop(struct vmedia_file *f, struct subscription *sub)
{
	unsigned int i;

	for (i = 0; i < sub->elems; i++)
		if (vmedia_list_linked(&sub->ring[i].node)) {
			vmedia_list_del(&sub->ring[i].node);
			f->num_events--;
		}
	vmedia_list_del(&sub->node);
	f->num_subs--;
	free(sub);
}

void vmedia_file_release_events(struct vmedia_file *f)
{
	struct subscription *sub, *tmp;

	vmedia_list_for_each_safe(sub, tmp, &f->subs, node)
		drop(f, sub);
}

int vmedia_do_unsubscribe(struct vmedia_file *f, struct vmedia_request *req)
{
	const struct vmedia_event_subscription *s =
		&vmedia_request_ioctl(req)->arg.event_subscription;
	struct subscription *sub;

	if (s->type == V4L2_EVENT_ALL) {
		vmedia_file_release_events(f);
		return 0;
	}
	sub = find(f, s->type, s->id);
	if (sub)
		drop(f, sub);
	return 0;
}
