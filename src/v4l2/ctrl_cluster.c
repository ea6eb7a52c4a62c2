/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading and changing controls, one cluster at a time. A single control is a cluster of one.
 *
 * Theory of operation: a call begins by setting all members' working values to the current ones. It
 * stores the given values and marks them as new, checks them, and commits: the master's ->set()
 * gets all values, then all become current, then the events are sent.
 *
 * While the master of an automatic cluster is not at its manual value, the other members are
 * inactive. They are also volatile if the device can report the hardware's choice. When the
 * automatic mode ends, the members keep the values that the hardware had chosen, unless the same
 * call sets them.
 */
#include <errno.h>
#include <string.h>

#include <linux/videodev2.h>

#include "base/log.h"
#include "v4l2/ctrl.h"
#include "v4l2/event.h"

#define for_each_member(c, master) for (c = (master); c; c = c->next_member)

static struct vmedia_ctrl_value new_value(struct vmedia_ctrl *c)
{
	return (struct vmedia_ctrl_value){ .val = c->new_val, .data = c->new_data,
					   .size = c->is_ptr ? vmedia_ctrl_bytes(c) : 0 };
}

static void begin_one(struct vmedia_ctrl *c)
{
	c->new_val = c->cur;
	if (c->is_ptr)
		memcpy(c->new_data, c->data, vmedia_ctrl_bytes(c));
	c->is_new = false;
}

static int get_volatile(struct vmedia_ctrl *master)
{
	struct vmedia_ctrl_value v = new_value(master);
	int err = 0;

	if (master->cfg.ops && master->cfg.ops->get_volatile) {
		err = master->cfg.ops->get_volatile(master, &v);
		master->new_val = v.val;
	}
	return err;
}

static bool is_manual(const struct vmedia_ctrl *master, int64_t value)
{
	return !master->is_auto || value == master->manual;
}

void vmedia_cluster_begin(struct vmedia_ctrl *master)
{
	struct vmedia_ctrl *c;

	for_each_member(c, master)
		begin_one(c);
}

void vmedia_cluster_value(struct vmedia_ctrl *master, int64_t value)
{
	struct vmedia_ctrl *c;

	if (!master->has_volatiles || is_manual(master, master->cur) || !is_manual(master, value))
		return;
	if (get_volatile(master))
		return;
	for_each_member(c, master->next_member)
		c->is_new = true;
}

int vmedia_ctrl_fetch(struct vmedia_ctrl *c)
{
	if (!(c->flags & V4L2_CTRL_FLAG_VOLATILE)) {
		begin_one(c);
		return 0;
	}
	vmedia_cluster_begin(c->master);
	return get_volatile(c->master);
}

int vmedia_cluster_try(struct vmedia_ctrl *master)
{
	struct vmedia_ctrl_value v;
	struct vmedia_ctrl *c;
	int err;

	for_each_member(c, master) {
		if (!c->is_new)
			continue;
		v = new_value(c);
		err = vmedia_ctrl_check(c, &v);
		c->new_val = v.val;
		if (err)
			return err;
	}
	if (!master->cfg.ops || !master->cfg.ops->try_value)
		return 0;
	v = new_value(master);
	err = master->cfg.ops->try_value(master, &v);
	master->new_val = v.val;
	return err;
}

static int call_set(struct vmedia_ctrl *master)
{
	struct vmedia_ctrl_value v = new_value(master);

	if (master->cfg.ops)
		return master->cfg.ops->set ? master->cfg.ops->set(master, &v) : 0;
	return master->ctx->v->ops->set_ctrl ? master->ctx->v->ops->set_ctrl(master, &v) : 0;
}

static bool differs(const struct vmedia_ctrl *c)
{
	return c->is_ptr ? memcmp(c->data, c->new_data, vmedia_ctrl_bytes(c)) != 0
			 : c->cur != c->new_val;
}

static bool executes(const struct vmedia_ctrl *c)
{
	return c->is_new && c->flags & V4L2_CTRL_FLAG_EXECUTE_ON_WRITE;
}

/* True if @c changes. A new volatile value does not count, since the hardware overwrites it. */
static bool changes(const struct vmedia_ctrl *c)
{
	return executes(c) || (!(c->flags & V4L2_CTRL_FLAG_VOLATILE) && differs(c));
}

static void make_current(struct vmedia_ctrl *c)
{
	c->cur = c->new_val;
	if (c->is_ptr)
		memcpy(c->data, c->new_data, vmedia_ctrl_bytes(c));
}

static void update_flags(struct vmedia_ctrl *c)
{
	const struct vmedia_ctrl *master = c->master;

	if (!master->is_auto || c == master)
		return;
	c->flags &= ~(uint32_t)(V4L2_CTRL_FLAG_INACTIVE | V4L2_CTRL_FLAG_VOLATILE);
	if (!is_manual(master, master->cur))
		c->flags |= V4L2_CTRL_FLAG_INACTIVE |
			    (master->has_volatiles ? V4L2_CTRL_FLAG_VOLATILE : 0);
}

/*
 * Send the event of @c. @from, the caller, gets it too if it did not set @c itself, or if the flags
 * changed.
 */
static void tell(const struct vmedia_ctrl *c, uint32_t what, struct vmedia_file *from)
{
	struct vmedia_event ev;

	if (!what)
		return;
	vmedia_ctrl_event(c, what, &ev);
	if (!c->is_new || what & V4L2_EVENT_CTRL_CH_FLAGS)
		from = NULL;
	vmedia_ctx_event_but(c->ctx, &ev, from);
}

static bool any_changes(struct vmedia_ctrl *master)
{
	struct vmedia_ctrl *c;
	bool ret = false;

	for_each_member(c, master) {
		c->what = 0;
		if (!changes(c))
			continue;
		ret = true;
		if (!(c->flags & V4L2_CTRL_FLAG_VOLATILE))
			c->what = V4L2_EVENT_CTRL_CH_VALUE;
	}
	return ret;
}

int vmedia_cluster_commit(struct vmedia_ctrl *master, struct vmedia_file *from)
{
	bool was_manual = is_manual(master, master->cur), switched;
	struct vmedia_ctrl *c;
	int err;

	for_each_member(c, master)
		if (c->is_new && c->flags & V4L2_CTRL_FLAG_GRABBED)
			return -EBUSY;
	if (!any_changes(master))
		return 0;
	err = call_set(master);
	if (err)
		return err;
	switched = was_manual != is_manual(master, master->new_val);
	for_each_member(c, master)
		make_current(c);
	for_each_member(c, master) {
		if (switched && c != master) {
			update_flags(c);
			c->what |= V4L2_EVENT_CTRL_CH_FLAGS;
		}
		tell(c, c->what, from);
	}
	return 0;
}

/* ---- Defaults ---- */

static bool is_told(const struct vmedia_ctrl *c)
{
	return c->cfg.type != V4L2_CTRL_TYPE_BUTTON && c->cfg.type != V4L2_CTRL_TYPE_CTRL_CLASS &&
	       !(c->flags & V4L2_CTRL_FLAG_READ_ONLY);
}

/* Call ->set() with all values of the cluster that the device may have to apply. */
static void announce(struct vmedia_ctrl *master)
{
	struct vmedia_ctrl *c;

	vmedia_cluster_begin(master);
	for_each_member(c, master) {
		update_flags(c);
		c->is_new = is_told(c);
	}
	if (is_told(master))
		call_set(master);
}

int vmedia_ctrls_ready(struct vmedia_ctx *ctx)
{
	struct vmedia_ctrls *cs = &ctx->ctrls;
	unsigned int i;

	for (i = 0; i < cs->num && !cs->error; i++) {
		struct vmedia_ctrl_config class = { .id = (cs->v[i]->cfg.id & 0x0fff0000) | 1 };

		if (!vmedia_ctrl_find(ctx, class.id))
			vmedia_ctrl_add(ctx, &class);
	}
	for (i = 0; i < cs->num && !cs->error; i++)
		if (cs->v[i]->master == cs->v[i])
			announce(cs->v[i]);
	return cs->error;
}

void vmedia_ctrls_reset(struct vmedia_ctx *ctx)
{
	struct vmedia_ctrl *c;
	unsigned int i;

	for (i = 0; i < ctx->ctrls.num; i++) {
		c = ctx->ctrls.v[i];
		if (c->flags & V4L2_CTRL_FLAG_READ_ONLY)
			continue;
		c->cur = c->cfg.def;
		if (c->is_ptr)
			vmedia_ctrl_fill_default(c, c->data);
	}
	for (i = 0; i < ctx->ctrls.num; i++)
		if (ctx->ctrls.v[i]->master == ctx->ctrls.v[i])
			announce(ctx->ctrls.v[i]);
}

/* ---- For devices ---- */

static int join(struct vmedia_ctrl *master, struct vmedia_ctrl **last, struct vmedia_ctrl *c)
{
	if (c->master != c || c->next_member || c == master) {
		vmedia_err("control 0x%08x is in a cluster already", c->cfg.id);
		return -EBUSY;
	}
	c->master = master;
	(*last)->next_member = c;
	*last = c;
	return 0;
}

int vmedia_ctrl_cluster(struct vmedia_ctx *ctx, const uint32_t *ids, unsigned int num)
{
	struct vmedia_ctrl *master = num ? vmedia_ctrl_find(ctx, ids[0]) : NULL, *c, *last = master;
	int err = 0;

	if (!master || master->master != master || master->next_member) {
		vmedia_err("a cluster of controls has no master, or one that is in a cluster");
		err = -EINVAL;
	}
	for (unsigned int i = 1; i < num && !err; i++) {
		c = vmedia_ctrl_find(ctx, ids[i]);
		if (c)
			err = join(master, &last, c);
	}
	if (err)
		ctx->ctrls.error = err;
	return err;
}

int vmedia_ctrl_auto_cluster(struct vmedia_ctx *ctx, const uint32_t *ids, unsigned int num,
			     int64_t manual, bool volatiles)
{
	int err = vmedia_ctrl_cluster(ctx, ids, num);
	struct vmedia_ctrl *master, *c;

	if (err)
		return err;
	master = vmedia_ctrl_find(ctx, ids[0]);
	if (master->is_ptr || manual < master->cfg.min || manual > master->cfg.max ||
	    (volatiles && (!master->cfg.ops || !master->cfg.ops->get_volatile))) {
		vmedia_err("control 0x%08x cannot be the master of an automatic cluster",
			   master->cfg.id);
		ctx->ctrls.error = -EINVAL;
		return -EINVAL;
	}
	master->is_auto = true;
	master->has_volatiles = volatiles;
	master->manual = manual;
	master->flags |= V4L2_CTRL_FLAG_UPDATE;
	for_each_member(c, master)
		update_flags(c);
	return 0;
}

int64_t vmedia_ctrl_new(const struct vmedia_ctrl *c)
{
	return c->new_val;
}

const void *vmedia_ctrl_new_data(const struct vmedia_ctrl *c, uint32_t *size)
{
	*size = c->is_ptr ? vmedia_ctrl_bytes(c) : 0;
	return c->new_data;
}

bool vmedia_ctrl_is_new(const struct vmedia_ctrl *c)
{
	return c->is_new;
}

void vmedia_ctrl_put(struct vmedia_ctrl *c, int64_t value)
{
	if (!c->is_ptr)
		c->new_val = value;
}
