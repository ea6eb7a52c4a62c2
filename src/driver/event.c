// SPDX-License-Identifier: BSD-3-Clause
/*
 * The device's events: the buffers for them on the eventq, and the effect of each.
 *
 * Event buffers go back to the device in batches, when half of them have been used. So one kick
 * serves many events, and the device always has the other half.
 *
 * Security model: an event is copied out once and decoded by vmedia_evt_decode(). Only expected
 * events are accepted: for a known session, and for a buffer that is queued (stream.c) or an event
 * with a subscription. All others are ignored, counted and logged. The number of V4L2 events that
 * are not dequeued is limited: the oldest is dropped.
 */
#include "driver/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint8_t *slot_ptr(struct vmedia_driver *drv, unsigned int slot)
{
	return (uint8_t *)vmedia_arena_ptr(&drv->arena, drv->ev_page) +
	       (size_t)slot * VMEDIA_DRV_EVENT_STRIDE;
}

static void post_free(struct vmedia_driver *drv)
{
	struct vmedia_drv_vq *vq = &drv->vq[VMEDIA_QUEUE_EVENT];
	struct vmedia_gpa_range in = { .len = VMEDIA_EVT_MAX_SIZE };
	unsigned int slot;

	while (drv->ev_free_num) {
		slot = drv->ev_free[drv->ev_free_num - 1];
		in.gpa = vmedia_arena_gpa(&drv->arena, drv->ev_page) +
			 (uint64_t)slot * VMEDIA_DRV_EVENT_STRIDE;
		if (vmedia_vqr_add(vq->vqr, NULL, 0, &in, 1, &drv->ev_cookie[slot], 0))
			break;
		drv->ev_free_num--;
		vq->dirty = true;
	}
}

int vmedia_drv_events_init(struct vmedia_driver *drv)
{
	unsigned int i;
	int err;

	drv->ev_num = VMEDIA_MIN(drv->opts.queue_size, VMEDIA_DRV_EVENTQ_BUFS);
	drv->ev_free = calloc(drv->ev_num, sizeof(*drv->ev_free));
	drv->ev_cookie = calloc(drv->ev_num, 1);
	if (!drv->ev_free || !drv->ev_cookie)
		return -ENOMEM;
	drv->ev_pages =
		(drv->ev_num * VMEDIA_DRV_EVENT_STRIDE + VMEDIA_DRV_PAGE - 1) / VMEDIA_DRV_PAGE;
	err = vmedia_arena_alloc(&drv->arena, drv->ev_pages, &drv->ev_page);
	if (err)
		return err;
	for (i = 0; i < drv->ev_num; i++)
		drv->ev_free[drv->ev_free_num++] = (uint16_t)(drv->ev_num - 1 - i);
	post_free(drv);
	return 0;
}

void vmedia_drv_events_fini(struct vmedia_driver *drv)
{
	free(drv->ev_free);
	free(drv->ev_cookie);
	drv->ev_free = NULL;
	drv->ev_cookie = NULL;
}

/* ---- Subscriptions: V4L2_EVENT_ALL is 0 ---- */

static int sub_index(const struct vmedia_file *f, uint32_t type, uint32_t id)
{
	unsigned int i;

	for (i = 0; i < f->num_subs; i++) {
		if (f->subs[i].type == type && f->subs[i].id == id)
			return (int)i;
	}
	return -1;
}

int vmedia_drv_subscribe(struct vmedia_file *f, uint32_t type, uint32_t id)
{
	struct vmedia_drv_sub *subs;
	unsigned int max;

	if (sub_index(f, type, id) >= 0)
		return -EEXIST;
	if (f->num_subs == VMEDIA_DRV_MAX_SUBS)
		return -ENOMEM;
	if (f->num_subs == f->max_subs) {
		max = f->max_subs ? f->max_subs * 2 : 16;
		subs = reallocarray(f->subs, max, sizeof(*subs));
		if (!subs)
			return -ENOMEM;
		f->subs = subs;
		f->max_subs = max;
	}
	f->subs[f->num_subs++] = (struct vmedia_drv_sub){ .type = type, .id = id };
	return 0;
}

static void drop(struct vmedia_file *f, struct vmedia_drv_event *e)
{
	vmedia_list_del(&e->node);
	f->num_events--;
	free(e);
}

void vmedia_drv_unsubscribe(struct vmedia_file *f, uint32_t type, uint32_t id)
{
	struct vmedia_drv_event *e, *tmp;
	int i;

	vmedia_list_for_each_safe(e, tmp, &f->events, node) {
		if (!type || (e->event.type == type && e->event.id == id))
			drop(f, e);
	}
	if (!type)
		f->num_subs = 0;
	i = sub_index(f, type, id);
	if (i >= 0)
		f->subs[i] = f->subs[--f->num_subs];
}

void vmedia_drv_events_drop(struct vmedia_file *f)
{
	vmedia_drv_unsubscribe(f, 0, 0);
	free(f->subs);
	f->subs = NULL;
	f->max_subs = 0;
}

int vmedia_drv_dqevent(struct vmedia_file *f, struct vmedia_event *ev)
{
	struct vmedia_drv_event *e;

	if (vmedia_list_empty(&f->events))
		return -ENOENT;
	e = vmedia_list_first(&f->events, struct vmedia_drv_event, node);
	*ev = e->event;
	drop(f, e);
	ev->pending = f->num_events;
	return 0;
}

/* Drop the oldest event of this kind, or else the oldest of all, to make room for one more. */
static void make_room(struct vmedia_file *f, const struct vmedia_event *ev)
{
	struct vmedia_drv_event *e, *oldest = NULL;

	vmedia_list_for_each(e, &f->events, node) {
		if (!oldest)
			oldest = e;
		if (e->event.type == ev->type && e->event.id == ev->id) {
			oldest = e;
			break;
		}
	}
	if (oldest)
		drop(f, oldest);
	f->drv->stats.dropped_events++;
}

static void v4l2_event(struct vmedia_file *f, const struct vmedia_evt *evt)
{
	struct vmedia_drv_event *e;

	if (sub_index(f, evt->event.type, evt->event.id) < 0) {
		vmedia_drv_refuse_event(f->drv, evt, "not subscribed to", evt->event.type, 0);
		return;
	}
	if (f->num_events >= VMEDIA_DRV_MAX_EVENTS)
		make_room(f, &evt->event);
	e = malloc(sizeof(*e));
	if (!e) {
		f->drv->stats.dropped_events++;
		return;
	}
	vmedia_list_init(&e->node);
	e->event = evt->event;
	vmedia_list_add_tail(&f->events, &e->node);
	f->num_events++;
}

static void session_error(struct vmedia_file *f, const struct vmedia_evt *evt)
{
	if (f->err)
		return;
	vmedia_warn_rl(&f->drv->limit, "device ended session %u with error %u", f->id, evt->err);
	f->err = -EIO;
}

static void deliver(struct vmedia_driver *drv, const struct vmedia_evt *evt, uint32_t len)
{
	struct vmedia_file *f = vmedia_drv_file(drv, evt->session_id);
	struct vmedia_trace t;

	if (drv->opts.trace) {
		t = (struct vmedia_trace){
			.event = true,
			.type = evt->type,
			.session_id = evt->session_id,
			.name = vmedia_evt_name(evt->type),
			.received = len,
		};
		drv->opts.trace(drv->opts.trace_opaque, &t);
	}
	if (!f || f->zombie) {
		vmedia_drv_refuse_event(drv, evt, "no such session", evt->session_id,
					drv->num_files);
		return;
	}
	switch (evt->type) {
	case VMEDIA_EVT_ERROR:
		session_error(f, evt);
		break;
	case VMEDIA_EVT_DQBUF:
		vmedia_drv_dqbuf_event(f, evt);
		break;
	case VMEDIA_EVT_EVENT:
		v4l2_event(f, evt);
		break;
	default:
		break;
	}
}

static void take(struct vmedia_driver *drv, unsigned int slot, uint32_t len)
{
	uint8_t copy[VMEDIA_EVT_MAX_SIZE];
	struct vmedia_evt evt;

	len = VMEDIA_MIN(len, (uint32_t)sizeof(copy));
	memcpy(copy, slot_ptr(drv, slot), len);
	__asm__ volatile("" : : : "memory");
	drv->ev_free[drv->ev_free_num++] = (uint16_t)slot;
	drv->stats.events++;
	evt.type = 0;
	evt.session_id = 0;
	evt.why = (struct vmedia_why){ 0 };
	if (vmedia_evt_decode(&evt, copy, len)) {
		vmedia_drv_refuse_event(drv, &evt, evt.why.what ? evt.why.what : "malformed",
					evt.why.got, evt.why.limit);
		return;
	}
	deliver(drv, &evt, len);
}

void vmedia_drv_event_returned(struct vmedia_driver *drv, void *cookie, uint32_t used)
{
	take(drv, (unsigned int)((uint8_t *)cookie - drv->ev_cookie), used);
	if (drv->ev_free_num * 2 >= drv->ev_num)
		post_free(drv);
}
