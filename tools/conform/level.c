/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Both sides begin alike, and again after a difference: what an earlier user of either left behind
 * (controls, inputs, standards, formats, rates) is set. What a side refuses stays; if that matters,
 * the walk will show it.
 */
#include <string.h>

#include "walk.h"

static void both(struct conform_walk *w, uint32_t nr, const void *arg, size_t size)
{
	union vmedia_payload p;

	for (unsigned int s = 0; s < CONFORM_SIDES; s++) {
		memset(&p, 0, sizeof(p));
		memcpy(&p, arg, size);
		w->side[s]->ops->ioctl(w->side[s], w->file[0][s], vmedia_ioctl_info(nr), &p);
	}
}

/* Its value at the begin; false for one that has none, or none that can be set. */
static bool first_value(const struct conform_walk *w, const struct catalogue_ctrl *c,
			struct vmedia_ext_control *v)
{
	*v = (struct vmedia_ext_control){ .id = c->q.id, .value64 = c->q.default_value };
	for (unsigned int i = 0; i < conform_num_pins; i++) {
		const struct conform_pin *pin = &conform_pins[i];

		if (c->left_alone && pin->id == c->q.id && pin->value >= 0 &&
		    strcmp(pin->driver, (const char *)w->cat->cap.driver) == 0) {
			v->value64 = pin->value;
			return true;
		}
	}
	return !c->left_alone && c->q.type != V4L2_CTRL_TYPE_BUTTON &&
	       c->q.type != V4L2_CTRL_TYPE_CTRL_CLASS &&
	       !(c->q.flags & (V4L2_CTRL_FLAG_READ_ONLY | V4L2_CTRL_FLAG_HAS_PAYLOAD));
}

/* Strings and arrays: what the mirror says is their default. The device is asked, too, before. */
static void level_payload(struct conform_walk *w, const struct catalogue_ctrl *c)
{
	uint64_t size = (uint64_t)c->q.elem_size * c->q.elems;
	uint8_t data[CONFORM_SLOT] = { 0 };
	struct vmedia_ext_control v;
	struct vmedia_ext_controls e;
	int ret = 0;

	if (!(c->q.flags & V4L2_CTRL_FLAG_HAS_PAYLOAD) || c->left_alone || size == 0 ||
	    size > sizeof(data) || c->q.flags & V4L2_CTRL_FLAG_READ_ONLY)
		return;
	for (unsigned int s = CONFORM_SIDES; s-- > 0;) {
		v = (struct vmedia_ext_control){ .id = c->q.id, .size = (uint32_t)size };
		v.ptr = (uint64_t)(uintptr_t)data;
		e = (struct vmedia_ext_controls){ .which = V4L2_CTRL_WHICH_DEF_VAL, .count = 1 };
		e.controls = (uint64_t)(uintptr_t)&v;
		ret = w->side[s]->ops->ioctl(w->side[s], w->file[0][s],
					     vmedia_ioctl_info(VMEDIA_NR_G_EXT_CTRLS), &e);
	}
	if (ret < 0)
		return;
	e.which = V4L2_CTRL_WHICH_CUR_VAL;
	both(w, VMEDIA_NR_S_EXT_CTRLS, &e, sizeof(e));
}

static void level_ctrls(struct conform_walk *w)
{
	struct vmedia_ext_control v;

	for (unsigned int i = 0; i < w->cat->num_ctrls; i++) {
		struct vmedia_ext_controls e = { .which = V4L2_CTRL_WHICH_CUR_VAL, .count = 1 };

		level_payload(w, &w->cat->ctrls[i]);
		if (!first_value(w, &w->cat->ctrls[i], &v))
			continue;
		e.controls = (uint64_t)(uintptr_t)&v;
		both(w, VMEDIA_NR_S_EXT_CTRLS, &e, sizeof(e));
	}
}

static void level_signal(struct conform_walk *w)
{
	if (w->cat->num_stds)
		both(w, VMEDIA_NR_S_STD, &w->cat->stds[0], sizeof(w->cat->stds[0]));
	if (w->cat->num_timings)
		both(w, VMEDIA_NR_S_DV_TIMINGS, &w->cat->timings[0], sizeof(w->cat->timings[0]));
}

/* Standards and timings are those of an input; the first one is the last. */
static void level_inputs(struct conform_walk *w)
{
	for (uint32_t i = w->cat->num_inputs; i-- > 0;) {
		both(w, VMEDIA_NR_S_INPUT, &i, sizeof(i));
		level_signal(w);
	}
	for (uint32_t i = w->cat->num_outputs; i-- > 0;) {
		both(w, VMEDIA_NR_S_OUTPUT, &i, sizeof(i));
		level_signal(w);
	}
}

static void level_format(struct conform_walk *w, uint32_t type)
{
	const struct catalogue_formats *formats = &w->cat->formats[type];
	struct vmedia_streamparm parm = { .type = type };
	struct vmedia_format f = { .type = type };
	uint32_t fourcc = formats->count ? formats->fourcc[0] : 0;

	if (type == V4L2_BUF_TYPE_VIDEO_CAPTURE || type == V4L2_BUF_TYPE_VIDEO_OUTPUT) {
		f.fmt.pix.width = 320;
		f.fmt.pix.height = 180;
		f.fmt.pix.pixelformat = fourcc;
	} else if (vmedia_buf_type_is_multiplanar(type)) {
		f.fmt.pix_mp.width = 320;
		f.fmt.pix_mp.height = 180;
		f.fmt.pix_mp.pixelformat = fourcc;
	} else if (type == V4L2_BUF_TYPE_SDR_CAPTURE || type == V4L2_BUF_TYPE_SDR_OUTPUT) {
		f.fmt.sdr.pixelformat = fourcc;
	}
	both(w, VMEDIA_NR_S_FMT, &f, sizeof(f));
	parm.parm.capture.timeperframe = (struct vmedia_fract){ 1, 60 };
	both(w, VMEDIA_NR_S_PARM, &parm, sizeof(parm));
}

void conform_level(struct conform_walk *w)
{
	struct vmedia_frequency f = { .type = w->cat->tuner.type,
				      .frequency = w->cat->tuner.rangelow };
	struct vmedia_tuner t = w->cat->tuner;

	level_ctrls(w);
	level_inputs(w);
	for (unsigned int i = 0; i < w->cat->num_types; i++)
		level_format(w, w->cat->types[i]);
	if (t.type) {
		both(w, VMEDIA_NR_S_TUNER, &t, sizeof(t));
		both(w, VMEDIA_NR_S_FREQUENCY, &f, sizeof(f));
	}
}
