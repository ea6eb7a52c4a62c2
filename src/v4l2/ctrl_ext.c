/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * G_EXT_CTRLS, S_EXT_CTRLS, TRY_EXT_CTRLS.
 *
 * error_idx reports how far a call came. For TRY it is the index of the control at fault. For G and
 * S it is count while nothing was read or changed, and later the index of the control at fault.
 *
 * Security model: core has bounded count and sizes. The control's own size decides how many bytes
 * are copied, and a payload shorter than that is refused with the size that it needs.
 */
#include <errno.h>
#include <string.h>

#include <linux/videodev2.h>

#include "base/checked.h"
#include "v4l2/ctrl.h"
#include "v4l2/dispatch.h"

#define WHICH_MASK 0x0fff0000u

enum mode { GET, SET, TRY };

static bool is_special(uint32_t which)
{
	return which == V4L2_CTRL_WHICH_DEF_VAL || which == V4L2_CTRL_WHICH_MIN_VAL ||
	       which == V4L2_CTRL_WHICH_MAX_VAL;
}

/* Check the rules about `which`, before any control. */
static int check_which(struct vmedia_ext_controls *cs, const struct vmedia_ioctl *io,
		       enum mode mode)
{
	uint32_t i;

	cs->error_idx = cs->count;
	cs->reserved[0] = 0;
	for (i = 0; i < cs->count; i++)
		io->ctrls[i].reserved2[0] = 0;
	if (cs->which == V4L2_CID_PRIVATE_BASE || cs->which == V4L2_CTRL_WHICH_REQUEST_VAL)
		return -EINVAL;
	if (is_special(cs->which))
		return mode == GET ? 0 : -EINVAL;
	if (cs->which == V4L2_CTRL_WHICH_CUR_VAL)
		return 0;
	for (i = 0; i < cs->count; i++)
		if ((io->ctrls[i].id & WHICH_MASK) != cs->which) {
			cs->error_idx = mode == TRY ? i : cs->count;
			return -EINVAL;
		}
	return 0;
}

/* With an empty list, check whether the class exists. */
static int check_class(struct vmedia_ctx *ctx, uint32_t which)
{
	if (which == V4L2_CTRL_WHICH_CUR_VAL || is_special(which))
		return 0;
	return vmedia_ctrl_find(ctx, (which & WHICH_MASK) | 1) ? 0 : -EINVAL;
}

/* Check the payload's size. Strings may be shorter when set, other payloads may not. */
static int check_size(const struct vmedia_ctrl *c, struct vmedia_ext_control *e, enum mode mode)
{
	uint32_t need = vmedia_ctrl_bytes(c);

	if (!c->is_ptr || (c->cfg.type == V4L2_CTRL_TYPE_STRING && !c->num_dims))
		return 0;
	if (e->size < need && mode != GET)
		return -EFAULT;
	if (e->size < need) {
		e->size = need;
		return -ENOSPC;
	}
	e->size = need;
	return 0;
}

static int prepare(struct vmedia_ctx *ctx, struct vmedia_ext_controls *cs,
		   const struct vmedia_ioctl *io, enum mode mode)
{
	bool limits = cs->which == V4L2_CTRL_WHICH_MIN_VAL || cs->which == V4L2_CTRL_WHICH_MAX_VAL;
	const struct vmedia_ctrl *c;
	uint32_t i;
	int err;

	for (i = 0; i < cs->count; i++) {
		cs->error_idx = i;
		if ((io->ctrls[i].id & V4L2_CTRL_ID_MASK) >= V4L2_CID_PRIVATE_BASE)
			return -EINVAL;
		c = vmedia_ctrl_find(ctx, io->ctrls[i].id);
		if (!c || c->flags & V4L2_CTRL_FLAG_DISABLED)
			return -EINVAL;
		if (limits && !(c->flags & V4L2_CTRL_FLAG_HAS_WHICH_MIN_MAX))
			return -EINVAL;
		err = check_size(c, &io->ctrls[i], mode);
		if (err)
			return err;
	}
	return 0;
}

/* ---- Values between the request and a control's new_val, new_data ---- */

static int take_string(struct vmedia_ctrl *c, const uint8_t *data, uint32_t size)
{
	uint32_t cap = c->elem_size, n = VMEDIA_MIN(size, cap);
	uint8_t last;

	if (!size)
		return -ERANGE;
	memset(c->new_data, 0, cap);
	memcpy(c->new_data, data, n);
	last = c->new_data[n - 1];
	c->new_data[n - 1] = 0;
	/*
	 * If the string fills the room and its last byte is no terminator, the string was longer.
	 */
	return last && strlen((char *)c->new_data) == cap - 1 ? -ERANGE : 0;
}

static int take(struct vmedia_ctrl *c, struct vmedia_request *req, uint32_t i)
{
	const struct vmedia_ext_control *e = &vmedia_request_ioctl(req)->ctrls[i];
	const uint8_t *data;

	if (!c->is_ptr) {
		c->new_val = c->cfg.type == V4L2_CTRL_TYPE_INTEGER64 ? e->value64 : e->value;
		return 0;
	}
	data = vmedia_request_ctrl_data(req, i);
	if (c->cfg.type == V4L2_CTRL_TYPE_STRING && !c->num_dims)
		return data || !e->size ? take_string(c, data, e->size) : -EFAULT;
	if (!data)
		return -EFAULT;
	memcpy(c->new_data, data, vmedia_ctrl_bytes(c));
	return 0;
}

static int give(const struct vmedia_ctrl *c, struct vmedia_request *req, uint32_t i)
{
	struct vmedia_ext_control *e = &vmedia_request_ioctl(req)->ctrls[i];
	uint32_t bytes = vmedia_ctrl_bytes(c);
	uint8_t *data;

	if (!c->is_ptr) {
		if (c->cfg.type == V4L2_CTRL_TYPE_INTEGER64)
			e->value64 = c->new_val;
		else
			e->value = (int32_t)c->new_val;
		return 0;
	}
	if (c->cfg.type == V4L2_CTRL_TYPE_STRING && !c->num_dims) {
		bytes = (uint32_t)strnlen((char *)c->new_data, c->elem_size - 1) + 1;
		if (e->size < bytes) {
			e->size = c->elem_size;
			return -ENOSPC;
		}
	}
	data = vmedia_request_ctrl_data(req, i);
	if (!data)
		return -EFAULT;
	memcpy(data, c->new_data, bytes);
	return 0;
}

/* Get the value that G requests into new_val, new_data. */
static int select_value(struct vmedia_ctrl *c, uint32_t which)
{
	if (which != V4L2_CTRL_WHICH_DEF_VAL && which != V4L2_CTRL_WHICH_MIN_VAL &&
	    which != V4L2_CTRL_WHICH_MAX_VAL)
		return vmedia_ctrl_fetch(c);
	c->new_val = which == V4L2_CTRL_WHICH_DEF_VAL ? c->cfg.def :
		     which == V4L2_CTRL_WHICH_MIN_VAL ? c->cfg.min : c->cfg.max;
	if (c->is_ptr)
		vmedia_ctrl_fill_default(c, c->new_data);
	return 0;
}

/* ---- The calls ---- */

int vmedia_do_g_ext_ctrls(struct vmedia_file *f, struct vmedia_request *req)
{
	struct vmedia_ioctl *io = vmedia_request_ioctl(req);
	struct vmedia_ext_controls *cs = &io->arg.ext_controls;
	struct vmedia_ctrl *c;
	uint32_t i;
	int err = check_which(cs, io, GET);

	if (err || !cs->count)
		return err ? err : check_class(f->ctx, cs->which);
	err = prepare(f->ctx, cs, io, GET);
	cs->error_idx = cs->count;
	for (i = 0; i < cs->count && !err; i++)
		if (vmedia_ctrl_find(f->ctx, io->ctrls[i].id)->flags & V4L2_CTRL_FLAG_WRITE_ONLY)
			err = -EACCES;
	for (i = 0; i < cs->count && !err; i++) {
		c = vmedia_ctrl_find(f->ctx, io->ctrls[i].id);
		err = select_value(c, cs->which);
		if (!err)
			err = give(c, req, i);
	}
	return err;
}

/* Make all checks that are possible before a change. */
static int validate(struct vmedia_ctx *ctx, struct vmedia_ext_controls *cs,
		    const struct vmedia_ioctl *io, enum mode mode)
{
	struct vmedia_ctrl_value v = { 0 };
	const struct vmedia_ctrl *c;
	uint32_t i;
	int err;

	for (i = 0; i < cs->count; i++) {
		cs->error_idx = i;
		c = vmedia_ctrl_find(ctx, io->ctrls[i].id);
		if (c->flags & V4L2_CTRL_FLAG_READ_ONLY)
			return -EACCES;
		if (mode == SET && c->flags & V4L2_CTRL_FLAG_GRABBED)
			return -EBUSY;
		if (c->is_ptr)
			continue;
		v.val = c->cfg.type == V4L2_CTRL_TYPE_INTEGER64 ? io->ctrls[i].value64
								: io->ctrls[i].value;
		err = vmedia_ctrl_check(c, &v);
		if (err)
			return err;
	}
	return 0;
}

/* Copy the request's values of the cluster of entry @first to the members' working values. */
static int take_cluster(struct vmedia_ctx *ctx, struct vmedia_request *req, uint32_t first)
{
	const struct vmedia_ioctl *io = vmedia_request_ioctl(req);
	struct vmedia_ctrl *c, *master = vmedia_ctrl_find(ctx, io->ctrls[first].id)->master;
	uint32_t i, end = master->next_member ? io->arg.ext_controls.count : first + 1;
	int err = 0;

	vmedia_cluster_begin(master);
	for (i = first; i < end && master->is_auto; i++)
		if (vmedia_ctrl_find(ctx, io->ctrls[i].id) == master)
			vmedia_cluster_value(master, io->ctrls[i].value);
	for (i = first; i < end && !err; i++) {
		c = vmedia_ctrl_find(ctx, io->ctrls[i].id);
		if (c->master != master)
			continue;
		err = take(c, req, i);
		c->is_new = true;
	}
	return err;
}

/* Copy the rounded and masked values to the request. A SET does not write payloads back. */
static int give_cluster(struct vmedia_ctx *ctx, struct vmedia_request *req, uint32_t first)
{
	const struct vmedia_ioctl *io = vmedia_request_ioctl(req);
	const struct vmedia_ctrl *c, *master = vmedia_ctrl_find(ctx, io->ctrls[first].id)->master;
	uint32_t end = master->next_member ? io->arg.ext_controls.count : first + 1;
	int err = 0;

	for (uint32_t i = first; i < end && !err; i++) {
		c = vmedia_ctrl_find(ctx, io->ctrls[i].id);
		if (c->master == master && !c->is_ptr)
			err = give(c, req, i);
	}
	return err;
}

/*
 * True if an earlier entry has brought the cluster of @master. Never true for a single control,
 * whose entries all count.
 */
static bool is_done(const struct vmedia_ctrl *master)
{
	return master->next_member && master->taken;
}

static int change_clusters(struct vmedia_file *f, struct vmedia_request *req, enum mode mode)
{
	struct vmedia_ioctl *io = vmedia_request_ioctl(req);
	struct vmedia_ext_controls *cs = &io->arg.ext_controls;
	struct vmedia_ctrl *master;
	int err = 0;

	for (uint32_t i = 0; i < cs->count; i++)
		vmedia_ctrl_find(f->ctx, io->ctrls[i].id)->master->taken = false;
	for (uint32_t i = 0; i < cs->count && !err; i++) {
		master = vmedia_ctrl_find(f->ctx, io->ctrls[i].id)->master;
		if (is_done(master))
			continue;
		master->taken = true;
		cs->error_idx = i;
		err = take_cluster(f->ctx, req, i);
		if (!err)
			err = vmedia_cluster_try(master);
		if (!err && mode == SET)
			err = vmedia_cluster_commit(master, f);
		if (!err)
			err = give_cluster(f->ctx, req, i);
	}
	return err;
}

static int change(struct vmedia_file *f, struct vmedia_request *req, enum mode mode)
{
	struct vmedia_ioctl *io = vmedia_request_ioctl(req);
	struct vmedia_ext_controls *cs = &io->arg.ext_controls;
	int err = check_which(cs, io, mode);

	if (!err && mode == SET)
		err = vmedia_prio_check(f);
	if (err || !cs->count)
		return err ? err : check_class(f->ctx, cs->which);
	err = prepare(f->ctx, cs, io, mode);
	if (!err)
		err = validate(f->ctx, cs, io, mode);
	if (err) {
		if (mode == SET)
			cs->error_idx = cs->count;
		return err;
	}
	err = change_clusters(f, req, mode);
	if (!err)
		cs->error_idx = cs->count;
	return err;
}

int vmedia_do_s_ext_ctrls(struct vmedia_file *f, struct vmedia_request *req)
{
	return change(f, req, SET);
}

int vmedia_do_try_ext_ctrls(struct vmedia_file *f, struct vmedia_request *req)
{
	return change(f, req, TRY);
}
