/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Enumerations without what is not allowed. The guest's indexes have no gaps: its index N is the
 * N-th of the device's entries that are allowed.
 */
#include <errno.h>

#include <linux/videodev2.h>

#include "core/policy.h"

/* ---- Ranges ---- */

/* The largest value of a range up to @limit. Returns false if there is none. */
static bool cut_max(uint32_t min, uint32_t *max, uint32_t step, uint32_t limit)
{
	if (!limit || *max <= limit)
		return true;
	if (min > limit)
		return false;
	*max = min + (limit - min) / (step ? step : 1) * (step ? step : 1);
	return true;
}

bool vmedia_policy_cut_sizes(const struct vmedia_policy *p, struct vmedia_frmsizeenum *e)
{
	if (e->type == V4L2_FRMSIZE_TYPE_DISCRETE)
		return vmedia_policy_allows_size(p, e->discrete.width, e->discrete.height);
	return cut_max(e->stepwise.min_width, &e->stepwise.max_width, e->stepwise.step_width,
		       p->max_width) &&
	       cut_max(e->stepwise.min_height, &e->stepwise.max_height, e->stepwise.step_height,
		       p->max_height);
}

static uint64_t gcd(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* The first of min + n * step that is no shorter than 1 / @fps, or 1 / @fps itself. */
static struct vmedia_fract step_up(struct vmedia_fract min, struct vmedia_fract step, uint32_t fps)
{
	struct vmedia_fract shortest = { 1, fps };
	uint64_t den = (uint64_t)min.denominator * step.denominator, a, b, n, g;
	uint64_t num;

	if (!step.numerator || !step.denominator)
		return shortest;
	/* In units of 1 / (den * fps): the gap between min and 1 / fps, and a step. */
	if (vmedia_mul_overflow((uint64_t)min.numerator * fps, (uint64_t)step.denominator, &a) ||
	    vmedia_mul_overflow((uint64_t)step.numerator * min.denominator, (uint64_t)fps, &b) ||
	    a >= den)
		return shortest;
	n = (den - a - 1) / b + 1;
	if (vmedia_mul_overflow((uint64_t)step.numerator * min.denominator, n, &num) ||
	    vmedia_add_overflow(num, (uint64_t)min.numerator * step.denominator, &num))
		return shortest;
	g = gcd(num, den);
	if (num / g > UINT32_MAX || den / g > UINT32_MAX)
		return shortest;
	return (struct vmedia_fract){ (uint32_t)(num / g), (uint32_t)(den / g) };
}

bool vmedia_policy_cut_intervals(const struct vmedia_policy *p, struct vmedia_frmivalenum *e)
{
	if (e->type == V4L2_FRMIVAL_TYPE_DISCRETE)
		return vmedia_policy_allows_interval(p, e->discrete);
	if (!vmedia_policy_allows_interval(p, e->stepwise.max))
		return false;
	if (vmedia_policy_allows_interval(p, e->stepwise.min))
		return true;
	e->stepwise.min = e->type == V4L2_FRMIVAL_TYPE_CONTINUOUS
				  ? (struct vmedia_fract){ 1, p->max_fps }
				  : step_up(e->stepwise.min, e->stepwise.step, p->max_fps);
	return true;
}

/* ---- ENUM_FMT ---- */

static int next_format(struct vmedia_request *req, struct vmedia_asking *a, int err)
{
	struct vmedia_fmtdesc *d = &req->cmd.io.arg.fmtdesc;
	uint32_t flag = a->asked.fmtdesc.index & V4L2_FMTDESC_FLAG_ENUM_ALL;

	if (err)
		return err;
	if (vmedia_policy_allows_format(a->policy, d->pixelformat) && !a->left--) {
		/* A device may take the flag away. */
		d->index = (d->index & flag) | (a->asked.fmtdesc.index & ~flag);
		return 0;
	}
	*d = a->asked.fmtdesc;
	d->index = ++a->index | flag;
	return vmedia_policy_ask(req, a, VMEDIA_NR_ENUM_FMT, next_format);
}

int vmedia_policy_enum_fmt(struct vmedia_request *req, struct vmedia_asking *a, int err)
{
	struct vmedia_fmtdesc *d = &req->cmd.io.arg.fmtdesc;
	uint32_t flag = d->index & V4L2_FMTDESC_FLAG_ENUM_ALL;

	if (!a->policy->limit_formats)
		return VMEDIA_POLICY_ASK;
	a->left = d->index & ~flag;
	a->index = 0;
	d->index = flag;
	return vmedia_policy_ask(req, a, VMEDIA_NR_ENUM_FMT, next_format);
}

/* ---- ENUM_FRAMESIZES ---- */

static int next_size(struct vmedia_request *req, struct vmedia_asking *a, int err)
{
	struct vmedia_frmsizeenum *e = &req->cmd.io.arg.frmsizeenum;

	if (err)
		return err;
	if (vmedia_policy_cut_sizes(a->policy, e) && !a->left--) {
		e->index = a->asked.frmsizeenum.index;
		return 0;
	}
	if (e->type != V4L2_FRMSIZE_TYPE_DISCRETE)
		return -EINVAL;
	*e = a->asked.frmsizeenum;
	e->index = ++a->index;
	return vmedia_policy_ask(req, a, VMEDIA_NR_ENUM_FRAMESIZES, next_size);
}

int vmedia_policy_enum_sizes(struct vmedia_request *req, struct vmedia_asking *a, int err)
{
	struct vmedia_frmsizeenum *e = &req->cmd.io.arg.frmsizeenum;

	if (!vmedia_policy_allows_format(a->policy, e->pixel_format))
		return -EINVAL;
	if (!a->policy->max_width && !a->policy->max_height)
		return VMEDIA_POLICY_ASK;
	a->left = e->index;
	a->index = e->index = 0;
	return vmedia_policy_ask(req, a, VMEDIA_NR_ENUM_FRAMESIZES, next_size);
}

/* ---- ENUM_FRAMEINTERVALS ---- */

static int next_interval(struct vmedia_request *req, struct vmedia_asking *a, int err)
{
	struct vmedia_frmivalenum *e = &req->cmd.io.arg.frmivalenum;

	if (err)
		return err;
	if (vmedia_policy_cut_intervals(a->policy, e) && !a->left--) {
		e->index = a->asked.frmivalenum.index;
		return 0;
	}
	if (e->type != V4L2_FRMIVAL_TYPE_DISCRETE)
		return -EINVAL;
	*e = a->asked.frmivalenum;
	e->index = ++a->index;
	return vmedia_policy_ask(req, a, VMEDIA_NR_ENUM_FRAMEINTERVALS, next_interval);
}

int vmedia_policy_enum_intervals(struct vmedia_request *req, struct vmedia_asking *a, int err)
{
	struct vmedia_frmivalenum *e = &req->cmd.io.arg.frmivalenum;

	if (!vmedia_policy_allows_format(a->policy, e->pixel_format) ||
	    !vmedia_policy_fits(a, e->width, e->height))
		return -EINVAL;
	if (!a->policy->max_fps)
		return VMEDIA_POLICY_ASK;
	a->left = e->index;
	a->index = e->index = 0;
	return vmedia_policy_ask(req, a, VMEDIA_NR_ENUM_FRAMEINTERVALS, next_interval);
}
