/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Changes of controls by the device itself.
 */
#include <errno.h>
#include <string.h>

#include <linux/videodev2.h>

#include "v4l2/ctrl.h"

static void tell(const struct vmedia_ctrl *c, uint32_t changes)
{
	struct vmedia_event ev;

	vmedia_ctrl_event(c, changes, &ev);
	vmedia_ctx_event(c->ctx, &ev);
}

int vmedia_ctrl_set(struct vmedia_ctrl *c, int64_t value)
{
	uint32_t grabbed = c->flags & V4L2_CTRL_FLAG_GRABBED;
	int err;

	if (c->is_ptr)
		return -EINVAL;
	vmedia_cluster_begin(c->master);
	if (c == c->master)
		vmedia_cluster_value(c, value);
	c->new_val = value;
	c->is_new = true;
	err = vmedia_cluster_try(c->master);
	if (err)
		return err;
	/* A grab blocks the driver, not the device. */
	c->flags &= ~(uint32_t)V4L2_CTRL_FLAG_GRABBED;
	err = vmedia_cluster_commit(c->master, NULL);
	c->flags |= grabbed;
	return err;
}

int vmedia_ctrl_update(struct vmedia_ctrl *c, int64_t value)
{
	struct vmedia_ctrl_value v = { .val = value };
	int err;

	if (c->is_ptr)
		return -EINVAL;
	err = vmedia_ctrl_check(c, &v);
	if (err || c->cur == v.val)
		return err;
	c->cur = v.val;
	tell(c, V4L2_EVENT_CTRL_CH_VALUE);
	return 0;
}

int vmedia_ctrl_update_data(struct vmedia_ctrl *c, const void *data, uint32_t size)
{
	struct vmedia_ctrl_value v = { .data = c->new_data, .size = size };
	int err;

	if (!c->is_ptr || size > vmedia_ctrl_bytes(c) ||
	    (c->cfg.type != V4L2_CTRL_TYPE_STRING && size != vmedia_ctrl_bytes(c)))
		return -EINVAL;
	memset(c->new_data, 0, vmedia_ctrl_bytes(c));
	memcpy(c->new_data, data, size);
	err = vmedia_ctrl_check(c, &v);
	if (err || !memcmp(c->data, c->new_data, vmedia_ctrl_bytes(c)))
		return err;
	memcpy(c->data, c->new_data, vmedia_ctrl_bytes(c));
	tell(c, V4L2_EVENT_CTRL_CH_VALUE);
	return 0;
}

static void flag(struct vmedia_ctrl *c, uint32_t bit, bool on)
{
	uint32_t flags = on ? c->flags | bit : c->flags & ~bit;

	if (flags == c->flags)
		return;
	c->flags = flags;
	tell(c, V4L2_EVENT_CTRL_CH_FLAGS);
}

void vmedia_ctrl_activate(struct vmedia_ctrl *c, bool active)
{
	flag(c, V4L2_CTRL_FLAG_INACTIVE, !active);
}

void vmedia_ctrl_grab(struct vmedia_ctrl *c, bool grabbed)
{
	flag(c, V4L2_CTRL_FLAG_GRABBED, grabbed);
}

int vmedia_ctrl_modify_range(struct vmedia_ctrl *c, int64_t min, int64_t max, uint64_t step,
			     int64_t def)
{
	struct vmedia_ctrl_config old = c->cfg;
	int64_t value = c->cur;

	if (c->is_ptr)
		return -EINVAL;
	c->cfg.min = min;
	c->cfg.max = max;
	c->cfg.step = step;
	c->cfg.def = def;
	if (!vmedia_ctrl_range_ok(&c->cfg)) {
		c->cfg = old;
		return -ERANGE;
	}
	if (value < min || value > max)
		value = def;
	vmedia_cluster_begin(c->master);
	c->new_val = value;
	c->is_new = true;
	if (!vmedia_cluster_try(c->master))
		vmedia_cluster_commit(c->master, NULL);
	tell(c, V4L2_EVENT_CTRL_CH_RANGE);
	return 0;
}
