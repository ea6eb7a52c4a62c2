/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Formats and sizes that are allowed.
 *
 * A format is made to fit in these steps, each of which asks the device:
 *
 *   ENUM_FMT		if its fourcc is not allowed: the first one that is
 *   TRY_FMT		with its size cut to the limit; done if the answer is allowed. If the
 *			device has not got that fourcc: ENUM_FMT, and again
 *   ENUM_FRAMESIZES	else the nearest allowed size
 *   TRY_FMT		with that one
 *
 * It ends with 0, or -ERANGE if the device gives no size within the limit (a signal or a stream
 * dictates it), or the device's errno. a->wish is then what to set.
 *
 * What makes buffers is guarded: REQBUFS, CREATE_BUFS, STREAMON. If the device has a format that is
 * not allowed, from before or by itself, it is replaced then, if it can be.
 */
#include <errno.h>
#include <string.h>

#include <linux/videodev2.h>

#include "core/policy.h"

/* True if there is nothing to see to in formats of @type. */
static bool is_free(const struct vmedia_policy *p, uint32_t type)
{
	return !vmedia_policy_has_fourcc(type) ||
	       (!p->limit_formats && !p->max_width && !p->max_height);
}

static bool allowed_fourcc(const struct vmedia_policy *p, const struct vmedia_format *f)
{
	return !vmedia_policy_has_fourcc(f->type) ||
	       vmedia_policy_allows_format(p, vmedia_policy_fourcc(f));
}

static bool allowed_size(const struct vmedia_asking *a, const struct vmedia_format *f)
{
	uint32_t w, h;

	return !vmedia_policy_size(f, &w, &h) || vmedia_policy_fits(a, w, h);
}

static bool allowed(const struct vmedia_asking *a, const struct vmedia_format *f)
{
	return allowed_fourcc(a->policy, f) && allowed_size(a, f);
}

/* ---- Making a format fit ---- */

static int try_wish(struct vmedia_request *req, struct vmedia_asking *a);
static int choose(struct vmedia_request *req, struct vmedia_asking *a);

static uint32_t distance(uint32_t a, uint32_t b)
{
	return a > b ? a - b : b - a;
}

static uint32_t step_fit(uint32_t want, uint32_t min, uint32_t max, uint32_t step)
{
	if (want <= min || max <= min)
		return min;
	if (want >= max)
		return max;
	return min + (want - min) / (step ? step : 1) * (step ? step : 1);
}

static int take_size(struct vmedia_request *req, struct vmedia_asking *a, int err)
{
	struct vmedia_frmsizeenum *e = &req->cmd.io.arg.frmsizeenum;
	uint32_t w = a->width, h = a->height, fourcc = e->pixel_format;
	uint64_t off;

	if (err && !vmedia_policy_at_end(err))
		return a->fitted(req, a, err);
	if (err)
		return a->distance == UINT64_MAX ? a->fitted(req, a, -ERANGE) : try_wish(req, a);
	if (!vmedia_policy_cut_sizes(a->policy, e)) {
		if (e->type != V4L2_FRMSIZE_TYPE_DISCRETE)
			return a->fitted(req, a, -ERANGE);
	} else if (e->type != V4L2_FRMSIZE_TYPE_DISCRETE) {
		w = step_fit(w, e->stepwise.min_width, e->stepwise.max_width,
			     e->stepwise.step_width);
		h = step_fit(h, e->stepwise.min_height, e->stepwise.max_height,
			     e->stepwise.step_height);
		vmedia_policy_set_size(&a->wish, w, h);
		return try_wish(req, a);
	} else {
		off = (uint64_t)distance(w, e->discrete.width) + distance(h, e->discrete.height);
		if (off < a->distance) {
			a->distance = off;
			vmedia_policy_set_size(&a->wish, e->discrete.width, e->discrete.height);
		}
	}
	*e = (struct vmedia_frmsizeenum){ .index = ++a->index, .pixel_format = fourcc };
	return vmedia_policy_ask(req, a, VMEDIA_NR_ENUM_FRAMESIZES, take_size);
}

static int tried(struct vmedia_request *req, struct vmedia_asking *a, int err)
{
	const struct vmedia_format *f = &req->cmd.io.arg.format;
	uint32_t fourcc = vmedia_policy_fourcc(f);

	if (err)
		return a->fitted(req, a, err);
	a->tried = *f;
	if (!allowed_fourcc(a->policy, f))
		return a->chosen ? a->fitted(req, a, -EINVAL) : choose(req, a);
	if (allowed_size(a, f))
		return a->fitted(req, a, 0);
	if (a->listed)
		return a->fitted(req, a, -ERANGE);
	a->listed = true;
	a->index = 0;
	a->distance = UINT64_MAX;
	req->cmd.io.arg.frmsizeenum = (struct vmedia_frmsizeenum){ .pixel_format = fourcc };
	return vmedia_policy_ask(req, a, VMEDIA_NR_ENUM_FRAMESIZES, take_size);
}

static int try_wish(struct vmedia_request *req, struct vmedia_asking *a)
{
	const struct vmedia_policy *p = a->policy;
	uint32_t w, h;

	if (vmedia_policy_size(&a->wish, &w, &h)) {
		if (p->max_width && w > p->max_width)
			w = p->max_width;
		if (p->max_height && h > p->max_height)
			h = p->max_height;
		vmedia_policy_set_size(&a->wish, w, h);
	}
	req->cmd.io.arg.format = a->wish;
	return vmedia_policy_ask(req, a, VMEDIA_NR_TRY_FMT, tried);
}

static int take_format(struct vmedia_request *req, struct vmedia_asking *a, int err)
{
	struct vmedia_fmtdesc *d = &req->cmd.io.arg.fmtdesc;

	if (err == -EINVAL)
		vmedia_warn_rl(&req->dev->rl,
			       "%s: the device has none of the formats that the policy allows, for "
			       "%s", a->info->name, vmedia_buf_type_name(a->wish.type));
	if (err)
		return a->fitted(req, a, err);
	if (vmedia_policy_allows_format(a->policy, d->pixelformat)) {
		vmedia_policy_set_fourcc(&a->wish, d->pixelformat);
		a->listed = false;
		return try_wish(req, a);
	}
	*d = (struct vmedia_fmtdesc){ .index = ++a->index, .type = a->wish.type };
	return vmedia_policy_ask(req, a, VMEDIA_NR_ENUM_FMT, take_format);
}

/* Take the device's first format that is allowed. */
static int choose(struct vmedia_request *req, struct vmedia_asking *a)
{
	a->chosen = true;
	a->index = 0;
	req->cmd.io.arg.fmtdesc = (struct vmedia_fmtdesc){ .type = a->wish.type };
	return vmedia_policy_ask(req, a, VMEDIA_NR_ENUM_FMT, take_format);
}

/* Make @f fit, and go on with @fitted. */
static int fit(struct vmedia_request *req, struct vmedia_asking *a, const struct vmedia_format *f,
	       vmedia_policy_fn *fitted)
{
	a->wish = *f;
	a->fitted = fitted;
	a->listed = false;
	a->chosen = false;
	vmedia_policy_size(f, &a->width, &a->height);
	return allowed_fourcc(a->policy, f) ? try_wish(req, a) : choose(req, a);
}

/* ---- G_FMT, TRY_FMT, S_FMT ---- */

static int g_fitted(struct vmedia_request *req, struct vmedia_asking *a, int err)
{
	if (err && err != -ERANGE && err != -ENOTTY)
		return err;
	req->cmd.io.arg.format = err ? a->found : a->tried;
	return 0;
}

static int got(struct vmedia_request *req, struct vmedia_asking *a, int err)
{
	a->found = req->cmd.io.arg.format;
	if (err || allowed(a, &a->found))
		return err;
	return fit(req, a, &a->found, g_fitted);
}

int vmedia_policy_g_fmt(struct vmedia_request *req, struct vmedia_asking *a, int err)
{
	if (is_free(a->policy, a->asked.format.type))
		return VMEDIA_POLICY_ASK;
	return vmedia_policy_ask(req, a, VMEDIA_NR_G_FMT, got);
}

static int try_fitted(struct vmedia_request *req, struct vmedia_asking *a, int err)
{
	if (err && err != -ERANGE)
		return err;
	req->cmd.io.arg.format = a->tried;
	return 0;
}

int vmedia_policy_try_fmt(struct vmedia_request *req, struct vmedia_asking *a, int err)
{
	if (is_free(a->policy, a->asked.format.type))
		return VMEDIA_POLICY_ASK;
	return fit(req, a, &a->asked.format, try_fitted);
}

/* Set a->wish, and go on with @then. A device may lack TRY_FMT, which is -ENOTTY. */
static int set_wish(struct vmedia_request *req, struct vmedia_asking *a, vmedia_policy_fn *then)
{
	req->cmd.io.arg.format = a->wish;
	return vmedia_policy_ask(req, a, VMEDIA_NR_S_FMT, then);
}

static int s_fitted(struct vmedia_request *req, struct vmedia_asking *a, int err)
{
	return err && err != -ERANGE && err != -ENOTTY ? err : set_wish(req, a, NULL);
}

int vmedia_policy_s_fmt(struct vmedia_request *req, struct vmedia_asking *a, int err)
{
	if (is_free(a->policy, a->asked.format.type))
		return VMEDIA_POLICY_ASK;
	return fit(req, a, &a->asked.format, s_fitted);
}

/* ---- What makes buffers ---- */

static int refuse(struct vmedia_request *req, struct vmedia_asking *a)
{
	uint32_t w = 0, h = 0;

	vmedia_policy_size(&a->found, &w, &h);
	vmedia_warn_rl(&req->dev->rl,
		       "%s was refused: the policy does not allow format 0x%08x of %ux%u, and the "
		       "device does not give another one", a->info->name,
		       vmedia_policy_fourcc(&a->found), w, h);
	return -EINVAL;
}

static int streams(const struct vmedia_asking *a)
{
	return a->info->nr == VMEDIA_NR_STREAMON || a->info->nr == VMEDIA_NR_DECODER_CMD;
}

static int go_on(struct vmedia_request *req, struct vmedia_asking *a)
{
	if (a->info->nr == VMEDIA_NR_STREAMON)
		return vmedia_policy_guard_rate(req, a, a->asked.u32);
	return vmedia_policy_resume(req, a);
}

static int guard_set(struct vmedia_request *req, struct vmedia_asking *a, int err)
{
	if (err)
		return err;
	a->found = req->cmd.io.arg.format;
	return allowed(a, &a->found) ? go_on(req, a) : refuse(req, a);
}

static int guard_fitted(struct vmedia_request *req, struct vmedia_asking *a, int err)
{
	if (err == -ERANGE)
		return refuse(req, a);
	return err && err != -ENOTTY ? err : set_wish(req, a, guard_set);
}

static int guard_got(struct vmedia_request *req, struct vmedia_asking *a, int err)
{
	/* A format that is not known is not known to be allowed. */
	if (err)
		return err;
	a->found = req->cmd.io.arg.format;
	if (allowed(a, &a->found))
		return go_on(req, a);
	/* With buffers the format stays. */
	if (streams(a))
		return refuse(req, a);
	return fit(req, a, &a->found, guard_fitted);
}

static int guard(struct vmedia_request *req, struct vmedia_asking *a, uint32_t type)
{
	if (is_free(a->policy, type))
		return go_on(req, a);
	req->cmd.io.arg.format = (struct vmedia_format){ .type = type };
	return vmedia_policy_ask(req, a, VMEDIA_NR_G_FMT, guard_got);
}

int vmedia_policy_reqbufs(struct vmedia_request *req, struct vmedia_asking *a, int err)
{
	const struct vmedia_requestbuffers *r = &a->asked.requestbuffers;

	return r->count ? guard(req, a, r->type) : VMEDIA_POLICY_ASK;
}

int vmedia_policy_create_bufs(struct vmedia_request *req, struct vmedia_asking *a, int err)
{
	const struct vmedia_create_buffers *c = &a->asked.create_buffers;

	/* Without buffers V4L2 does not look at the format. */
	if (!c->count)
		return VMEDIA_POLICY_ASK;
	return allowed(a, &c->format) ? guard(req, a, c->format.type) : -EINVAL;
}

/*
 * The format may have changed since the buffers were made, or just before: another session can set
 * an input or timings while REQBUFS waits for the device. A codec has a format for each session.
 * (The size of a decoder's OUTPUT becomes that of the stream, but no picture is made there.)
 */
int vmedia_policy_streamon(struct vmedia_request *req, struct vmedia_asking *a, int err)
{
	bool output = V4L2_TYPE_IS_OUTPUT(a->asked.u32);

	return output && a->codec ? go_on(req, a) : guard(req, a, a->asked.u32);
}

/* START goes on with the picture's new size. A decoder to a screen has no queue of pictures. */
int vmedia_policy_decoder_cmd(struct vmedia_request *req, struct vmedia_asking *a, int err)
{
	uint32_t caps = req->dev->config.device_caps;

	if (a->asked.decoder_cmd.cmd != V4L2_DEC_CMD_START)
		return VMEDIA_POLICY_ASK;
	if (caps & (V4L2_CAP_VIDEO_M2M_MPLANE | V4L2_CAP_VIDEO_CAPTURE_MPLANE))
		return guard(req, a, VMEDIA_BUF_TYPE_VIDEO_CAPTURE_MPLANE);
	if (caps & (V4L2_CAP_VIDEO_M2M | V4L2_CAP_VIDEO_CAPTURE))
		return guard(req, a, VMEDIA_BUF_TYPE_VIDEO_CAPTURE);
	return VMEDIA_POLICY_ASK;
}
