/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Controls that are read-only, or that do not exist.
 *
 * V4L2 refuses a list of controls in this order: a control that does not exist (EINVAL), then one
 * that may not be written (EACCES). Where the policy makes the second of them, the device is asked
 * for each control of the list whether it exists.
 */
#include <errno.h>

#include <linux/videodev2.h>

#include "core/policy.h"

#define NEXT	   ((uint32_t)(V4L2_CTRL_FLAG_NEXT_CTRL | V4L2_CTRL_FLAG_NEXT_COMPOUND))
#define CLASS_MASK 0x0fff0000u

static bool hidden(const struct vmedia_asking *a, uint32_t id)
{
	return vmedia_policy_access(a->policy, id) == VMEDIA_POLICY_HIDE;
}

static bool writable(const struct vmedia_asking *a, uint32_t id)
{
	return vmedia_policy_access(a->policy, id) == VMEDIA_POLICY_WRITE;
}

/* ---- QUERYCTRL, QUERY_EXT_CTRL: both begin with the ID ---- */

static int queried(struct vmedia_request *req, struct vmedia_asking *a, int err)
{
	union vmedia_payload *arg = &req->cmd.io.arg;
	uint32_t next = a->asked.queryctrl.id & NEXT, id = arg->queryctrl.id;

	if (err)
		return err;
	if (hidden(a, id)) {
		/* IDs ascend. */
		if (!next || id <= a->index)
			return -EINVAL;
		*arg = a->asked;
		a->index = id;
		arg->queryctrl.id = id | next;
		return vmedia_policy_ask(req, a, a->info->nr, queried);
	}
	if (writable(a, id))
		return 0;
	if (a->info->nr == VMEDIA_NR_QUERYCTRL)
		arg->queryctrl.flags |= V4L2_CTRL_FLAG_READ_ONLY;
	else
		arg->query_ext_ctrl.flags |= V4L2_CTRL_FLAG_READ_ONLY;
	return 0;
}

int vmedia_policy_query_ctrl(struct vmedia_request *req, struct vmedia_asking *a, int err)
{
	a->index = a->asked.queryctrl.id & ~NEXT;
	return vmedia_policy_ask(req, a, a->info->nr, queried);
}

int vmedia_policy_querymenu(struct vmedia_request *req, struct vmedia_asking *a, int err)
{
	return hidden(a, a->asked.querymenu.id) ? -EINVAL : VMEDIA_POLICY_ASK;
}

/* ---- Lists of controls: one, or that of G, S or TRY_EXT_CTRLS ---- */

static uint32_t count(const struct vmedia_asking *a)
{
	return a->info->follow == VMEDIA_FOLLOW_CTRLS ? a->asked.ext_controls.count : 1;
}

static uint32_t id_at(const struct vmedia_request *req, const struct vmedia_asking *a, uint32_t i)
{
	return a->info->follow == VMEDIA_FOLLOW_CTRLS ? req->cmd.io.ctrls[i].id
						      : a->asked.control.id;
}

/* Refuse the list because of control @i. Only TRY tells which one it is. */
static int refuse(struct vmedia_request *req, struct vmedia_asking *a, uint32_t i, int err)
{
	if (a->info->follow != VMEDIA_FOLLOW_CTRLS)
		return err;
	req->cmd.io.arg = a->asked;
	req->cmd.io.arg.ext_controls.error_idx =
		a->info->nr == VMEDIA_NR_TRY_EXT_CTRLS ? i : a->asked.ext_controls.count;
	return err;
}

/* True if V4L2 has no such control for the guest's ioctl. */
static bool unfit(const struct vmedia_asking *a, const struct vmedia_query_ext_ctrl *q)
{
	if (a->info->follow == VMEDIA_FOLLOW_CTRLS)
		return q->flags & V4L2_CTRL_FLAG_DISABLED || q->id >= V4L2_CID_PRIVATE_BASE;
	return q->flags & V4L2_CTRL_FLAG_HAS_PAYLOAD || q->type == V4L2_CTRL_TYPE_INTEGER64;
}

/* The device was asked for control a->index of the list, whose control a->left is read-only. */
static int exists(struct vmedia_request *req, struct vmedia_asking *a, int err)
{
	if (!err && unfit(a, &req->cmd.io.arg.query_ext_ctrl))
		err = -EINVAL;
	if (err)
		return refuse(req, a, a->index, err);
	if (++a->index == count(a))
		return refuse(req, a, a->left, -EACCES);
	req->cmd.io.arg.query_ext_ctrl =
		(struct vmedia_query_ext_ctrl){ .id = id_at(req, a, a->index) };
	return vmedia_policy_ask(req, a, VMEDIA_NR_QUERY_EXT_CTRL, exists);
}

static int check_list(struct vmedia_request *req, struct vmedia_asking *a, bool write)
{
	uint32_t n = count(a), i, first = n;

	for (i = 0; i < n; i++) {
		if (hidden(a, id_at(req, a, i)))
			return refuse(req, a, i, -EINVAL);
		if (write && first == n && !writable(a, id_at(req, a, i)))
			first = i;
	}
	if (first == n)
		return VMEDIA_POLICY_ASK;
	a->left = first;
	a->index = 0;
	req->cmd.io.arg.query_ext_ctrl = (struct vmedia_query_ext_ctrl){ .id = id_at(req, a, 0) };
	return vmedia_policy_ask(req, a, VMEDIA_NR_QUERY_EXT_CTRL, exists);
}

int vmedia_policy_g_ctrl(struct vmedia_request *req, struct vmedia_asking *a, int err)
{
	return check_list(req, a, false);
}

int vmedia_policy_s_ctrl(struct vmedia_request *req, struct vmedia_asking *a, int err)
{
	return check_list(req, a, true);
}

int vmedia_policy_ext_ctrls(struct vmedia_request *req, struct vmedia_asking *a, int err)
{
	const struct vmedia_ext_controls *e = &a->asked.ext_controls;
	uint32_t class = e->which & CLASS_MASK, i;

	if (a->policy->others == VMEDIA_POLICY_WRITE)
		return VMEDIA_POLICY_ASK;
	if (e->which == V4L2_CTRL_WHICH_DEF_VAL && a->info->nr != VMEDIA_NR_G_EXT_CTRLS)
		return refuse(req, a, e->count, -EINVAL);
	/* The controls are all of one class, which exists. */
	if (class && class < V4L2_CTRL_WHICH_DEF_VAL) {
		if (!e->count && hidden(a, class + 1))
			return refuse(req, a, 0, -EINVAL);
		for (i = 0; i < e->count; i++)
			if ((req->cmd.io.ctrls[i].id & CLASS_MASK) != class)
				return refuse(req, a, i, -EINVAL);
	}
	return check_list(req, a, a->info->nr != VMEDIA_NR_G_EXT_CTRLS);
}

int vmedia_policy_subscribe(struct vmedia_request *req, struct vmedia_asking *a, int err)
{
	const struct vmedia_event_subscription *e = &a->asked.event_subscription;

	return e->type == V4L2_EVENT_CTRL && hidden(a, e->id) ? -EINVAL : VMEDIA_POLICY_ASK;
}
