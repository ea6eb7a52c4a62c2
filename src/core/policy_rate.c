/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frame intervals that are allowed: not shorter than 1 / max_fps.
 *
 * V4L2 has no ioctl that tries an interval, and one that is set for a moment may stay: another
 * session can begin to stream, and then the device takes no other one. So S_PARM sets that allowed
 * interval of ENUM_FRAMEINTERVALS which is the nearest to what the guest asked for. Only a device
 * that does not say which it has gets the guest's, cut to the limit; as long as it makes that too
 * short, it gets longer ones. Without V4L2_CAP_TIMEPERFRAME nobody can read or set a device's
 * interval, and it is not limited.
 */
#include <errno.h>

#include <linux/videodev2.h>

#include "core/policy.h"

#define LONGER 16 /* intervals that are tried, each twice the last */

static bool has_interval(uint32_t type)
{
	return type == VMEDIA_BUF_TYPE_VIDEO_CAPTURE || type == VMEDIA_BUF_TYPE_VIDEO_OUTPUT ||
	       vmedia_buf_type_is_multiplanar(type);
}

/* Of captureparm and outputparm, which have the same shape so far. */
static bool allowed(const struct vmedia_policy *p, const struct vmedia_streamparm *s)
{
	return !(s->parm.capture.capability & V4L2_CAP_TIMEPERFRAME) ||
	       vmedia_policy_allows_interval(p, s->parm.capture.timeperframe);
}

static bool is_number(struct vmedia_fract i)
{
	return i.numerator && i.denominator;
}

static double seconds(struct vmedia_fract i)
{
	return is_number(i) ? (double)i.numerator / i.denominator : 0;
}

/*
 * ---- The allowed interval of the present format that is the nearest to a->parm's ----
 *
 * a->picked gets 0, or -ERANGE if the device has intervals and none of them is allowed, or the
 * device's errno.
 */

static int end_pick(struct vmedia_request *req, struct vmedia_asking *a)
{
	struct vmedia_fract wish = a->parm.parm.capture.timeperframe;

	if (a->pick.denominator)
		return a->picked(req, a, 0);
	a->pick = is_number(wish) && vmedia_policy_allows_interval(a->policy, wish)
			  ? wish
			  : (struct vmedia_fract){ 1, a->policy->max_fps };
	return a->picked(req, a, a->listed ? -ERANGE : 0);
}

/* Take @i if it is nearer than what was taken before. */
static void take(struct vmedia_asking *a, struct vmedia_fract i)
{
	double wish = seconds(a->parm.parm.capture.timeperframe);
	double off = seconds(i) - wish, before = seconds(a->pick) - wish;

	if (is_number(i) && (!a->pick.denominator ||
			     (off < 0 ? -off : off) < (before < 0 ? -before : before)))
		a->pick = i;
}

/* Take what is the nearest in a range. The device has it rounded to its steps, min is one. */
static void take_range(struct vmedia_asking *a, const struct vmedia_frmivalenum *e)
{
	struct vmedia_fract wish = a->parm.parm.capture.timeperframe;

	take(a, e->stepwise.min);
	if (seconds(wish) >= seconds(e->stepwise.max))
		take(a, e->stepwise.max);
	else if (seconds(wish) > seconds(e->stepwise.min))
		take(a, wish);
}

static int take_interval(struct vmedia_request *req, struct vmedia_asking *a, int err)
{
	struct vmedia_frmivalenum *e = &req->cmd.io.arg.frmivalenum;
	bool discrete = e->type == V4L2_FRMIVAL_TYPE_DISCRETE, any;

	if (err)
		return vmedia_policy_at_end(err) ? end_pick(req, a) : a->picked(req, a, err);
	a->listed = true;
	any = vmedia_policy_cut_intervals(a->policy, e);
	if (any && discrete)
		take(a, e->discrete);
	else if (any)
		take_range(a, e);
	if (!discrete)
		return end_pick(req, a);
	e->index = ++a->index;
	e->discrete = (struct vmedia_fract){ 0 };
	e->type = 0;
	return vmedia_policy_ask(req, a, VMEDIA_NR_ENUM_FRAMEINTERVALS, take_interval);
}

static int take_format(struct vmedia_request *req, struct vmedia_asking *a, int err)
{
	struct vmedia_format f = req->cmd.io.arg.format;
	struct vmedia_frmivalenum e = { .pixel_format = vmedia_policy_fourcc(&f) };

	if (err && !vmedia_policy_at_end(err))
		return a->picked(req, a, err);
	if (err || !vmedia_policy_size(&f, &e.width, &e.height))
		return end_pick(req, a);
	a->index = 0;
	req->cmd.io.arg.frmivalenum = e;
	return vmedia_policy_ask(req, a, VMEDIA_NR_ENUM_FRAMEINTERVALS, take_interval);
}

static int pick(struct vmedia_request *req, struct vmedia_asking *a, vmedia_policy_fn *picked)
{
	a->picked = picked;
	a->listed = false;
	a->pick = (struct vmedia_fract){ 0 };
	req->cmd.io.arg.format = (struct vmedia_format){ .type = a->parm.type };
	return vmedia_policy_ask(req, a, VMEDIA_NR_G_FMT, take_format);
}

static int set_picked(struct vmedia_request *req, struct vmedia_asking *a, vmedia_policy_fn *then)
{
	a->parm.parm.capture.timeperframe = a->pick;
	req->cmd.io.arg.streamparm = a->parm;
	return vmedia_policy_ask(req, a, VMEDIA_NR_S_PARM, then);
}

/* The device made of a->pick what is too short. Returns false if there is no more to try. */
static bool pick_longer(struct vmedia_asking *a)
{
	if (a->index++ == LONGER)
		return false;
	a->pick = (struct vmedia_fract){ 1u << a->index, a->policy->max_fps };
	return true;
}

/* ---- G_PARM ---- */

static int g_picked(struct vmedia_request *req, struct vmedia_asking *a, int err)
{
	if (err && err != -ERANGE)
		return err;
	a->parm.parm.capture.timeperframe = a->pick;
	req->cmd.io.arg.streamparm = a->parm;
	return 0;
}

static int got(struct vmedia_request *req, struct vmedia_asking *a, int err)
{
	a->parm = req->cmd.io.arg.streamparm;
	return err || allowed(a->policy, &a->parm) ? err : pick(req, a, g_picked);
}

int vmedia_policy_g_parm(struct vmedia_request *req, struct vmedia_asking *a, int err)
{
	if (!a->policy->max_fps || !has_interval(a->asked.streamparm.type))
		return VMEDIA_POLICY_ASK;
	return vmedia_policy_ask(req, a, VMEDIA_NR_G_PARM, got);
}

/* ---- S_PARM ---- */

static int set(struct vmedia_request *req, struct vmedia_asking *a, int err)
{
	if (err || allowed(a->policy, &req->cmd.io.arg.streamparm))
		return err;
	return pick_longer(a) ? set_picked(req, a, set) : -EINVAL;
}

static int s_picked(struct vmedia_request *req, struct vmedia_asking *a, int err)
{
	/* Nothing that it takes is allowed. */
	if (err == -ERANGE)
		return -EINVAL;
	a->index = 0;
	return err ? err : set_picked(req, a, set);
}

int vmedia_policy_s_parm(struct vmedia_request *req, struct vmedia_asking *a, int err)
{
	if (!a->policy->max_fps)
		return VMEDIA_POLICY_ASK;
	/* There are drivers that do not look at the type. */
	if (!has_interval(a->asked.streamparm.type))
		return -EINVAL;
	a->parm = a->asked.streamparm;
	return pick(req, a, s_picked);
}

/* ---- STREAMON ---- */

static int refuse(struct vmedia_request *req, struct vmedia_asking *a)
{
	const struct vmedia_fract i = a->parm.parm.capture.timeperframe;

	vmedia_warn_rl(&req->dev->rl,
		       "STREAMON was refused: the policy allows %u frames a second, and the device "
		       "has %u/%u s and no longer interval that is allowed", a->policy->max_fps,
		       i.numerator, i.denominator);
	return -EINVAL;
}

static int guard_set(struct vmedia_request *req, struct vmedia_asking *a, int err)
{
	if (err)
		return err;
	if (allowed(a->policy, &req->cmd.io.arg.streamparm))
		return vmedia_policy_resume(req, a);
	return pick_longer(a) ? set_picked(req, a, guard_set) : refuse(req, a);
}

static int guard_picked(struct vmedia_request *req, struct vmedia_asking *a, int err)
{
	if (err == -ERANGE)
		return refuse(req, a);
	a->index = 0;
	return err ? err : set_picked(req, a, guard_set);
}

static int guard_got(struct vmedia_request *req, struct vmedia_asking *a, int err)
{
	/* Not every device has intervals. */
	if (vmedia_policy_at_end(err))
		return vmedia_policy_resume(req, a);
	if (err)
		return err;
	a->parm = req->cmd.io.arg.streamparm;
	if (allowed(a->policy, &a->parm))
		return vmedia_policy_resume(req, a);
	return pick(req, a, guard_picked);
}

int vmedia_policy_guard_rate(struct vmedia_request *req, struct vmedia_asking *a, uint32_t type)
{
	if (!a->policy->max_fps || !has_interval(type))
		return vmedia_policy_resume(req, a);
	req->cmd.io.arg.streamparm = (struct vmedia_streamparm){ .type = type };
	return vmedia_policy_ask(req, a, VMEDIA_NR_G_PARM, guard_got);
}
