/* SPDX-License-Identifier: BSD-3-Clause */
/* Which ioctl the policy has to do with; see policy.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/videodev2.h>

#include "core/policy.h"

/* What begins an ioctl. The rest goes to the device as it is. */
static vmedia_policy_fn *const table[VMEDIA_NR_END] = {
	[VMEDIA_NR_ENUM_FMT] = vmedia_policy_enum_fmt,
	[VMEDIA_NR_ENUM_FRAMESIZES] = vmedia_policy_enum_sizes,
	[VMEDIA_NR_ENUM_FRAMEINTERVALS] = vmedia_policy_enum_intervals,
	[VMEDIA_NR_G_FMT] = vmedia_policy_g_fmt,
	[VMEDIA_NR_TRY_FMT] = vmedia_policy_try_fmt,
	[VMEDIA_NR_S_FMT] = vmedia_policy_s_fmt,
	[VMEDIA_NR_REQBUFS] = vmedia_policy_reqbufs,
	[VMEDIA_NR_CREATE_BUFS] = vmedia_policy_create_bufs,
	[VMEDIA_NR_STREAMON] = vmedia_policy_streamon,
	[VMEDIA_NR_DECODER_CMD] = vmedia_policy_decoder_cmd,
	[VMEDIA_NR_G_PARM] = vmedia_policy_g_parm,
	[VMEDIA_NR_S_PARM] = vmedia_policy_s_parm,
	[VMEDIA_NR_QUERYCTRL] = vmedia_policy_query_ctrl,
	[VMEDIA_NR_QUERY_EXT_CTRL] = vmedia_policy_query_ctrl,
	[VMEDIA_NR_QUERYMENU] = vmedia_policy_querymenu,
	[VMEDIA_NR_G_CTRL] = vmedia_policy_g_ctrl,
	[VMEDIA_NR_S_CTRL] = vmedia_policy_s_ctrl,
	[VMEDIA_NR_G_EXT_CTRLS] = vmedia_policy_ext_ctrls,
	[VMEDIA_NR_S_EXT_CTRLS] = vmedia_policy_ext_ctrls,
	[VMEDIA_NR_TRY_EXT_CTRLS] = vmedia_policy_ext_ctrls,
	[VMEDIA_NR_SUBSCRIBE_EVENT] = vmedia_policy_subscribe,
};

bool vmedia_policy_hides(const struct vmedia_request *req)
{
	return req->dev->policy && vmedia_policy_denies(req->dev->policy, req->cmd.io.info->nr);
}

int vmedia_policy_begin(struct vmedia_request *req)
{
	struct vmedia_asking *a = req->session->asking;
	struct vmedia_ioctl *io = &req->cmd.io;
	int err;

	if (!a)
		return VMEDIA_POLICY_ASK;
	a->policy = req->dev->policy;
	a->info = io->info;
	a->then = NULL;
	a->calls = 0;
	a->codec = req->dev->config.device_caps & (V4L2_CAP_VIDEO_M2M | V4L2_CAP_VIDEO_M2M_MPLANE);
	if (!table[io->info->nr])
		return VMEDIA_POLICY_ASK;
	a->asked = io->arg;
	err = table[io->info->nr](req, a, 0);
	if (err != VMEDIA_POLICY_ASK)
		io->info = a->info;
	return err;
}

/* The answer has what the guest sent: the structure of some ioctls comes with errors, too. */
static int give_up(struct vmedia_request *req, struct vmedia_asking *a)
{
	req->cmd.io.arg = a->asked;
	if (a->info->follow == VMEDIA_FOLLOW_CTRLS)
		req->cmd.io.arg.ext_controls.error_idx = a->asked.ext_controls.count;
	return -EINVAL;
}

int vmedia_policy_next(struct vmedia_request *req, int err)
{
	struct vmedia_asking *a = req->session->asking;
	vmedia_policy_fn *then;

	if (!a)
		return err;
	then = a->then;
	a->then = NULL;
	if (then && ++a->calls > VMEDIA_POLICY_CALLS)
		err = give_up(req, a);
	else if (then)
		err = then(req, a, err);
	if (err != VMEDIA_POLICY_ASK)
		req->cmd.io.info = a->info;
	return err;
}

bool vmedia_policy_pending(const struct vmedia_request *req)
{
	return req->cmd.type == VMEDIA_CMD_IOCTL && req->session && req->session->asking &&
	       req->session->asking->then;
}

bool vmedia_policy_event(const struct vmedia_policy *p, struct vmedia_event *evt)
{
	enum vmedia_policy_access access;

	if (!p || evt->type != V4L2_EVENT_CTRL)
		return true;
	access = vmedia_policy_access(p, evt->id);
	if (access == VMEDIA_POLICY_READ)
		evt->u.ctrl.flags |= V4L2_CTRL_FLAG_READ_ONLY;
	return access != VMEDIA_POLICY_HIDE;
}

int vmedia_device_set_policy(struct vmedia_device *dev, const struct vmedia_policy *policy)
{
	struct vmedia_policy *copy = NULL;

	vmedia_loop_assert(dev->loop);
	if (dev->num_sessions)
		return -EBUSY;
	if (!vmedia_policy_is_empty(policy)) {
		copy = malloc(sizeof(*copy));
		if (!copy)
			return -ENOMEM;
		*copy = *policy;
	}
	free(dev->policy);
	dev->policy = copy;
	return 0;
}
