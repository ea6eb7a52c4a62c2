/* SPDX-License-Identifier: BSD-3-Clause */
/* Arguments of controls. A control that is left alone (pins.c) is only read. */
#include <string.h>

#include "make.h"
#include "walk.h"

/* A control, or NULL for one that is not there. */
static const struct catalogue_ctrl *any_ctrl(struct conform_walk *w, bool set)
{
	const struct catalogue_ctrl *c;

	if (!w->cat->num_ctrls || percent(w, 5))
		return NULL;
	c = &w->cat->ctrls[below(w, w->cat->num_ctrls)];
	return set && c->left_alone ? NULL : c;
}

/* An id that no driver has, or that is wrong: never one of a control that is left alone. */
static uint32_t wrong_id(struct conform_walk *w)
{
	static const uint32_t ids[] = { 0, 0xffffffff, V4L2_CID_BASE + 0xfff, 0x12345678,
					V4L2_CID_USER_CLASS, V4L2_CID_BASE,
					V4L2_CTRL_FLAG_NEXT_CTRL };

	return ids[below(w, sizeof(ids) / sizeof(ids[0]))];
}

static uint32_t ctrl_id(struct conform_walk *w, bool set)
{
	const struct catalogue_ctrl *c = any_ctrl(w, set);

	return c ? c->q.id : wrong_id(w);
}

static int64_t value(struct conform_walk *w, const struct vmedia_query_ext_ctrl *q)
{
	uint64_t range = (uint64_t)q->maximum - (uint64_t)q->minimum;
	uint32_t n = below(w, 10);

	if (n == 0)
		return q->minimum;
	if (n == 1)
		return q->maximum;
	if (n == 2)
		return q->default_value;
	if (n == 3)
		return (int64_t)((uint64_t)q->maximum + 1);
	if (n == 4)
		return (int32_t)conform_odd_u32(&w->random);
	return (int64_t)((uint64_t)q->minimum +
			 (range ? conform_random_u64(&w->random) % range : 0));
}

void make_g_ctrl(struct conform_walk *w, struct conform_call *c)
{
	c->arg.control.id = ctrl_id(w, false);
	if (percent(w, 20))
		c->arg.control.value = (int32_t)conform_odd_u32(&w->random);
}

void make_s_ctrl(struct conform_walk *w, struct conform_call *c)
{
	const struct catalogue_ctrl *ctrl = any_ctrl(w, true);

	c->arg.control.id = ctrl ? ctrl->q.id : wrong_id(w);
	c->arg.control.value = ctrl ? (int32_t)value(w, &ctrl->q) : 1;
}

/* With a bit that asks for the next one, now and then. */
static uint32_t query_id(struct conform_walk *w)
{
	uint32_t id = ctrl_id(w, false);

	if (percent(w, 25))
		id |= V4L2_CTRL_FLAG_NEXT_CTRL;
	if (percent(w, 15))
		id |= V4L2_CTRL_FLAG_NEXT_COMPOUND;
	return id;
}

void make_queryctrl(struct conform_walk *w, struct conform_call *c)
{
	conform_seldom_garbage(&w->random, &c->arg.queryctrl, sizeof(c->arg.queryctrl));
	c->arg.queryctrl.id = query_id(w);
}

void make_query_ext_ctrl(struct conform_walk *w, struct conform_call *c)
{
	conform_seldom_garbage(&w->random, &c->arg.query_ext_ctrl, sizeof(c->arg.query_ext_ctrl));
	c->arg.query_ext_ctrl.id = query_id(w);
}

void make_querymenu(struct conform_walk *w, struct conform_call *c)
{
	const struct catalogue_ctrl *ctrl = any_ctrl(w, false);

	/* Few controls have a menu: the next one that does. */
	for (unsigned int i = 0; ctrl && i < w->cat->num_ctrls; i++) {
		if (ctrl->q.type == V4L2_CTRL_TYPE_MENU ||
		    ctrl->q.type == V4L2_CTRL_TYPE_INTEGER_MENU)
			break;
		ctrl = &w->cat->ctrls[(size_t)(ctrl - w->cat->ctrls + 1) % w->cat->num_ctrls];
	}
	conform_seldom_garbage(&w->random, &c->arg.querymenu, sizeof(c->arg.querymenu));
	c->arg.querymenu.id = ctrl ? ctrl->q.id : wrong_id(w);
	c->arg.querymenu.index = walk_index(w, ctrl ? (uint32_t)ctrl->q.maximum + 1 : 0);
}

/* ---- Extended controls ---- */

static bool has_payload(const struct vmedia_query_ext_ctrl *q)
{
	return q->flags & V4L2_CTRL_FLAG_HAS_PAYLOAD;
}

static void fill_payload(struct conform_walk *w, struct conform_call *c, unsigned int i,
			 const struct vmedia_query_ext_ctrl *q)
{
	uint64_t size = (uint64_t)q->elem_size * q->elems;
	uint8_t *slot = c->data + i * CONFORM_SLOT;

	if (size > CONFORM_SLOT || size == 0)
		size = CONFORM_SLOT;
	if (percent(w, 5))
		size = percent(w, 50) ? size / 2 : 1;
	c->ctrls[i].size = (uint32_t)size;
	c->ctrls[i].ptr = percent(w, 98) ? CONFORM_PTR(0) : CONFORM_PTR_NULL;
	memset(slot, 0, CONFORM_SLOT);
	c->data_size = (i + 1) * CONFORM_SLOT;
	if (q->type == V4L2_CTRL_TYPE_STRING) {
		for (uint64_t k = 0; k + 1 < size && k <= (uint64_t)q->maximum; k++)
			slot[k] = (uint8_t)('a' + below(w, 26));
		return;
	}
	if (percent(w, 10))
		conform_garbage(&w->random, slot, (size_t)size);
	else
		memset(slot, (int)below(w, 4), (size_t)size);
}

static uint32_t which(struct conform_walk *w, const struct conform_call *c)
{
	static const uint32_t odd[] = { V4L2_CTRL_WHICH_DEF_VAL, V4L2_CTRL_WHICH_REQUEST_VAL,
					V4L2_CTRL_WHICH_MIN_VAL, V4L2_CTRL_WHICH_MAX_VAL,
					0xffffffff, 1, V4L2_CTRL_CLASS_USER,
					V4L2_CTRL_CLASS_CODEC };

	if (percent(w, 60))
		return V4L2_CTRL_WHICH_CUR_VAL;
	if (percent(w, 50))
		return V4L2_CTRL_ID2WHICH(c->ctrls[0].id);
	return odd[below(w, sizeof(odd) / sizeof(odd[0]))];
}

static void make_ext_ctrls(struct conform_walk *w, struct conform_call *c, bool set)
{
	struct vmedia_ext_controls *e = &c->arg.ext_controls;

	e->count = percent(w, 5) ? 0 : 1 + below(w, percent(w, 50) ? 1 : CONFORM_CTRLS);
	for (unsigned int i = 0; i < e->count; i++) {
		const struct catalogue_ctrl *ctrl = any_ctrl(w, set);

		c->ctrls[i].id = ctrl ? ctrl->q.id : wrong_id(w);
		conform_seldom_garbage(&w->random, c->ctrls[i].reserved2,
				       sizeof(c->ctrls[i].reserved2));
		if (ctrl && has_payload(&ctrl->q))
			fill_payload(w, c, i, &ctrl->q);
		else if (ctrl)
			c->ctrls[i].value64 = value(w, &ctrl->q);
	}
	e->which = which(w, c);
	e->request_fd = percent(w, 95) ? 0 : -1;
	if (percent(w, 10))
		e->error_idx = conform_odd_u32(&w->random);
	if (percent(w, 2))
		e->reserved[0] = conform_odd_u32(&w->random);
	/* More than V4L2 takes, so that nobody looks for them. */
	if (percent(w, 1))
		e->count = V4L2_CID_MAX_CTRLS + 1;
	else if (percent(w, 1))
		c->null = true;
}

void make_g_ext_ctrls(struct conform_walk *w, struct conform_call *c)
{
	make_ext_ctrls(w, c, false);
}

/*
 * V4L2 sets controls one after the other, until one has no memory, and a device none of these. What
 * a button did cannot be undone (of vivid's, an error that waits), so this one is alone then.
 */
static void leave_one_without_memory(struct conform_call *c)
{
	struct vmedia_ext_controls *e = &c->arg.ext_controls;

	for (unsigned int i = 0; i < e->count && i < CONFORM_CTRLS; i++) {
		if (!c->ctrls[i].size || c->ctrls[i].ptr != CONFORM_PTR_NULL)
			continue;
		c->ctrls[0] = c->ctrls[i];
		e->count = 1;
		return;
	}
}

/* Of S_EXT_CTRLS and TRY_EXT_CTRLS. */
void make_s_ext_ctrls(struct conform_walk *w, struct conform_call *c)
{
	make_ext_ctrls(w, c, true);
	leave_one_without_memory(c);
}
