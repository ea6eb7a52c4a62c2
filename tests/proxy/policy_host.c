/* SPDX-License-Identifier: BSD-3-Clause */
/* The device; see policy_host.h. */
#include "policy_host.h"

#include <vmedia/policy.h>

static const uint32_t formats[] = { V4L2_PIX_FMT_YUYV, V4L2_PIX_FMT_MJPEG, V4L2_PIX_FMT_NV12,
				    V4L2_PIX_FMT_H264 };
static const uint32_t sizes[][2] = { { 1920, 1080 }, { 640, 480 }, { 1280, 720 }, { 320, 240 } };
static const struct vmedia_fract intervals[] = { { 1, 60 }, { 1, 30 }, { 1, 15 } };
static const uint32_t ctrls[] = { V4L2_CID_USER_CLASS, V4L2_CID_BRIGHTNESS, V4L2_CID_CONTRAST,
				  V4L2_CID_SATURATION };

struct hw hw;

static uint32_t off(uint32_t a, uint32_t b)
{
	return a > b ? a - b : b - a;
}

static void fit(struct vmedia_pix_format *p)
{
	uint32_t best = UINT32_MAX, fourcc = formats[0], w = p->width, h = p->height;

	for (size_t i = 0; i < COUNT(formats); i++)
		if (formats[i] == p->pixelformat)
			fourcc = formats[i];
	for (size_t i = 0; i < COUNT(sizes); i++) {
		if (off(w, sizes[i][0]) + off(h, sizes[i][1]) >= best)
			continue;
		best = off(w, sizes[i][0]) + off(h, sizes[i][1]);
		p->width = sizes[i][0];
		p->height = sizes[i][1];
	}
	if (hw.dictates) {
		p->width = hw.w;
		p->height = hw.h;
	}
	p->pixelformat = fourcc;
	/* As vivid: a longer line than necessary is what the program wants. */
	if (p->bytesperline < 2 * p->width)
		p->bytesperline = 2 * p->width;
	p->sizeimage = HOST_LENGTH;
}

static int format(uint32_t nr, struct vmedia_format *f)
{
	struct vmedia_pix_format *p = &f->fmt.pix;

	if (nr == VMEDIA_NR_G_FMT) {
		*p = (struct vmedia_pix_format){ .pixelformat = hw.fourcc, .width = hw.w,
						 .height = hw.h, .bytesperline = hw.line };
		return 0;
	}
	if (nr == VMEDIA_NR_TRY_FMT && hw.no_try)
		return -ENOTTY;
	fit(p);
	if (nr == VMEDIA_NR_S_FMT) {
		hw.fourcc = p->pixelformat;
		hw.w = p->width;
		hw.h = p->height;
		hw.line = p->bytesperline;
		hw.sets++;
	}
	return 0;
}

static int parm(uint32_t nr, struct vmedia_streamparm *s)
{
	struct vmedia_fract *i = &s->parm.capture.timeperframe;
	double best = 1e9, d;

	if (nr == VMEDIA_NR_S_PARM) {
		hw.rates++;
		hw.interval = intervals[0];
		for (size_t n = 0; n < COUNT(intervals) && i->denominator; n++) {
			d = (double)i->numerator / i->denominator - 1. / intervals[n].denominator;
			d = d < 0 ? -d : d;
			if (d < best)
				hw.interval = intervals[n];
			best = d < best ? d : best;
		}
	}
	s->parm.capture.capability = V4L2_CAP_TIMEPERFRAME;
	*i = hw.interval;
	return 0;
}

static int query(uint32_t *id)
{
	bool next = *id & V4L2_CTRL_FLAG_NEXT_CTRL;
	uint32_t from = *id & V4L2_CTRL_ID_MASK;

	for (size_t i = 0; i < COUNT(ctrls); i++) {
		if (next ? ctrls[i] <= from : ctrls[i] != from)
			continue;
		*id = ctrls[i];
		return 0;
	}
	return -EINVAL;
}

int hw_script(struct fake_host *f, uint32_t nr, void *arg)
{
	struct vmedia_frmivalenum *fi = arg;
	struct vmedia_frmsizeenum *fs = arg;
	struct vmedia_fmtdesc *d = arg;
	struct vmedia_event *evt = arg;

	switch (nr) {
	case VMEDIA_NR_ENUM_FMT:
		if (d->index >= COUNT(formats))
			return -EINVAL;
		d->pixelformat = formats[d->index];
		return 0;
	case VMEDIA_NR_G_FMT:
	case VMEDIA_NR_TRY_FMT:
	case VMEDIA_NR_S_FMT:
		return format(nr, arg);
	case VMEDIA_NR_ENUM_FRAMESIZES:
		if (fs->index >= COUNT(sizes))
			return -EINVAL;
		fs->type = V4L2_FRMSIZE_TYPE_DISCRETE;
		fs->discrete.width = sizes[fs->index][0];
		fs->discrete.height = sizes[fs->index][1];
		return 0;
	case VMEDIA_NR_ENUM_FRAMEINTERVALS:
		if (fi->index >= COUNT(intervals))
			return -EINVAL;
		fi->type = V4L2_FRMIVAL_TYPE_DISCRETE;
		fi->discrete = intervals[fi->index];
		return 0;
	case VMEDIA_NR_G_PARM:
	case VMEDIA_NR_S_PARM:
		return parm(nr, arg);
	case VMEDIA_NR_QUERYCTRL:
	case VMEDIA_NR_QUERY_EXT_CTRL:
		return query(arg);
	case VMEDIA_NR_S_CTRL:
	case VMEDIA_NR_S_EXT_CTRLS:
		hw.writes++;
		return 0;
	case VMEDIA_NR_G_CTRL:
	case VMEDIA_NR_G_EXT_CTRLS:
		hw.reads++;
		return 0;
	case VMEDIA_NR_DQEVENT:
		if (!hw.event_id)
			return -ENOENT;
		*evt = (struct vmedia_event){ .type = V4L2_EVENT_CTRL, .id = hw.event_id };
		/* Each control once, the last first. */
		hw.event_id = hw.event_id > V4L2_CID_BRIGHTNESS ? hw.event_id - 1 : 0;
		return 0;
	default:
		return HOST_DEFAULT;
	}
}

struct fake_host *with_policy(uint32_t *session, const char *const *options)
{
	struct fake_host *f = fake_host_new(NULL);
	struct vmedia_policy policy = { 0 };
	char why[512];

	memset(&hw, 0, sizeof(hw));
	hw.fourcc = V4L2_PIX_FMT_YUYV;
	hw.w = 1920;
	hw.h = 1080;
	hw.line = 3840;
	hw.interval = intervals[0];
	for (; *options; options += 2)
		assert_int_equal(vmedia_policy_option(&policy, options[0], options[1], why,
						      sizeof(why)), 0);
	assert_int_equal(vmedia_device_set_policy(f->dev, &policy), 0);
	fake_script(f, hw_script);
	assert_int_equal(ask_open(f, session), 0);
	return f;
}

void end_policy(struct fake_host *f, uint32_t session)
{
	ask_close(f, session);
	fake_host_end(f);
}
