/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * QUERYCTRL, QUERY_EXT_CTRL, QUERYMENU, G_CTRL, S_CTRL.
 */
#include <errno.h>
#include <string.h>

#include <linux/videodev2.h>

#include "v4l2/ctrl.h"
#include "v4l2/dispatch.h"

#define NEXT_FLAGS (V4L2_CTRL_FLAG_NEXT_CTRL | V4L2_CTRL_FLAG_NEXT_COMPOUND)

/* V4L2's "compound": controls that the older calls cannot carry. They can carry strings in part. */
static bool is_compound(const struct vmedia_ctrl *c)
{
	return c->num_dims || c->cfg.type >= V4L2_CTRL_COMPOUND_TYPES;
}

/*
 * The first control with an ID above @id for NEXT_CTRL (scalars) and NEXT_COMPOUND, in V4L2's
 * order.
 */
static struct vmedia_ctrl *next(struct vmedia_ctx *ctx, uint32_t id, uint32_t flags)
{
	unsigned int i;

	for (i = 0; i < ctx->ctrls.num; i++) {
		struct vmedia_ctrl *c = ctx->ctrls.v[i];

		if (c->cfg.id <= id)
			continue;
		if (flags &
		    (is_compound(c) ? V4L2_CTRL_FLAG_NEXT_COMPOUND : V4L2_CTRL_FLAG_NEXT_CTRL))
			return c;
	}
	return NULL;
}

static struct vmedia_ctrl *queried(struct vmedia_ctx *ctx, uint32_t id)
{
	if (id & NEXT_FLAGS)
		return next(ctx, id & V4L2_CTRL_ID_MASK, id & NEXT_FLAGS);
	return vmedia_ctrl_find(ctx, id);
}

int vmedia_do_query_ext_ctrl(struct vmedia_file *f, struct vmedia_request *req)
{
	struct vmedia_query_ext_ctrl *q = &vmedia_request_ioctl(req)->arg.query_ext_ctrl;
	const struct vmedia_ctrl *c = queried(f->ctx, q->id);

	if (!c)
		return -EINVAL;
	*q = (struct vmedia_query_ext_ctrl){ .id = c->cfg.id,
					     .type = c->cfg.type,
					     .minimum = c->cfg.min,
					     .maximum = c->cfg.max,
					     .step = c->cfg.step,
					     .default_value = c->cfg.def,
					     .flags = c->flags,
					     .elem_size = c->elem_size,
					     .elems = c->elems,
					     .nr_of_dims = c->num_dims };
	memcpy(q->name, c->cfg.name, strnlen(c->cfg.name, sizeof(q->name) - 1));
	memcpy(q->dims, c->cfg.dims, c->num_dims * sizeof(q->dims[0]));
	return 0;
}

int vmedia_do_queryctrl(struct vmedia_file *f, struct vmedia_request *req)
{
	struct vmedia_queryctrl *q = &vmedia_request_ioctl(req)->arg.queryctrl;
	const struct vmedia_ctrl *c = queried(f->ctx, q->id);

	if (!c)
		return -EINVAL;
	*q = (struct vmedia_queryctrl){ .id = c->cfg.id,
					.type = c->cfg.type,
					.flags = c->flags };
	memcpy(q->name, c->cfg.name, strnlen(c->cfg.name, sizeof(q->name) - 1));
	switch (c->cfg.type) {
	case V4L2_CTRL_TYPE_INTEGER:
	case V4L2_CTRL_TYPE_BOOLEAN:
	case V4L2_CTRL_TYPE_MENU:
	case V4L2_CTRL_TYPE_INTEGER_MENU:
	case V4L2_CTRL_TYPE_STRING:
	case V4L2_CTRL_TYPE_BITMASK:
		q->minimum = (int32_t)c->cfg.min;
		q->maximum = (int32_t)c->cfg.max;
		q->step = (int32_t)c->cfg.step;
		q->default_value = (int32_t)c->cfg.def;
		break;
	default:		/* does not fit: QUERY_EXT_CTRL reports it */
		break;
	}
	return 0;
}

int vmedia_do_querymenu(struct vmedia_file *f, struct vmedia_request *req)
{
	struct vmedia_querymenu *m = &vmedia_request_ioctl(req)->arg.querymenu;
	const struct vmedia_ctrl *c = vmedia_ctrl_find(f->ctx, m->id);
	const char *name;

	if (!c ||
	    (c->cfg.type != V4L2_CTRL_TYPE_MENU && c->cfg.type != V4L2_CTRL_TYPE_INTEGER_MENU))
		return -EINVAL;
	if (m->index < c->cfg.min || m->index > c->cfg.max || c->cfg.menu_skip >> m->index & 1)
		return -EINVAL;
	name = c->cfg.type == V4L2_CTRL_TYPE_MENU ? c->cfg.menu[m->index] : NULL;
	if (c->cfg.type == V4L2_CTRL_TYPE_MENU && (!name || !name[0]))
		return -EINVAL;
	m->reserved = 0;
	memset(m->name, 0, sizeof(m->name));
	if (name)
		memcpy(m->name, name, strnlen(name, sizeof(m->name) - 1));
	else
		vmedia_querymenu_set_value(m, c->cfg.int_menu[m->index]);
	return 0;
}

/* True if the value fits the 32 bits of the older calls. */
static bool fits_int(const struct vmedia_ctrl *c)
{
	return !c->is_ptr && c->cfg.type != V4L2_CTRL_TYPE_INTEGER64;
}

int vmedia_do_g_ctrl(struct vmedia_file *f, struct vmedia_request *req)
{
	struct vmedia_control *v = &vmedia_request_ioctl(req)->arg.control;
	struct vmedia_ctrl *c = vmedia_ctrl_find(f->ctx, v->id);
	int err;

	if (!c || !fits_int(c))
		return -EINVAL;
	if (c->flags & V4L2_CTRL_FLAG_WRITE_ONLY)
		return -EACCES;
	err = vmedia_ctrl_fetch(c);
	if (!err)
		v->value = (int32_t)c->new_val;
	return err;
}

int vmedia_do_s_ctrl(struct vmedia_file *f, struct vmedia_request *req)
{
	struct vmedia_control *v = &vmedia_request_ioctl(req)->arg.control;
	struct vmedia_ctrl *c = vmedia_ctrl_find(f->ctx, v->id);
	int err = vmedia_prio_check(f);

	if (err)
		return err;
	if (!c || !fits_int(c))
		return -EINVAL;
	if (c->flags & V4L2_CTRL_FLAG_READ_ONLY)
		return -EACCES;
	vmedia_cluster_begin(c->master);
	if (c == c->master)
		vmedia_cluster_value(c, v->value);
	c->new_val = v->value;
	c->is_new = true;
	err = vmedia_cluster_try(c->master);
	if (!err)
		err = vmedia_cluster_commit(c->master, f);
	if (!err)
		v->value = (int32_t)c->new_val;
	return err;
}
