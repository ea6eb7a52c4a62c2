/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading the catalogue. A node may lack anything: what it refuses is not in it. */
#include <string.h>

#include "catalogue.h"
#include "side.h"

struct reader {
	struct conform_catalogue *cat;
	struct conform_side *side;
	void *file;
};

static int ask(struct reader *r, uint32_t nr, void *arg)
{
	return r->side->ops->ioctl(r->side, r->file, vmedia_ioctl_info(nr), arg);
}

static const struct { uint32_t cap, type; } queues[] = {
	{ V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_VIDEO_M2M, V4L2_BUF_TYPE_VIDEO_CAPTURE },
	{ V4L2_CAP_VIDEO_OUTPUT | V4L2_CAP_VIDEO_M2M, V4L2_BUF_TYPE_VIDEO_OUTPUT },
	{ V4L2_CAP_VIDEO_CAPTURE_MPLANE | V4L2_CAP_VIDEO_M2M_MPLANE,
	  V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE },
	{ V4L2_CAP_VIDEO_OUTPUT_MPLANE | V4L2_CAP_VIDEO_M2M_MPLANE,
	  V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE },
	{ V4L2_CAP_VBI_CAPTURE, V4L2_BUF_TYPE_VBI_CAPTURE },
	{ V4L2_CAP_VBI_OUTPUT, V4L2_BUF_TYPE_VBI_OUTPUT },
	{ V4L2_CAP_SLICED_VBI_CAPTURE, V4L2_BUF_TYPE_SLICED_VBI_CAPTURE },
	{ V4L2_CAP_SLICED_VBI_OUTPUT, V4L2_BUF_TYPE_SLICED_VBI_OUTPUT },
	{ V4L2_CAP_SDR_CAPTURE, V4L2_BUF_TYPE_SDR_CAPTURE },
	{ V4L2_CAP_SDR_OUTPUT, V4L2_BUF_TYPE_SDR_OUTPUT },
	{ V4L2_CAP_META_CAPTURE, V4L2_BUF_TYPE_META_CAPTURE },
	{ V4L2_CAP_META_OUTPUT, V4L2_BUF_TYPE_META_OUTPUT },
};

static void read_caps(struct reader *r)
{
	struct conform_catalogue *cat = r->cat;

	ask(r, VMEDIA_NR_QUERYCAP, &cat->cap);
	cat->caps = cat->cap.capabilities & V4L2_CAP_DEVICE_CAPS ? cat->cap.device_caps :
								   cat->cap.capabilities;
	cat->m2m = cat->caps & (V4L2_CAP_VIDEO_M2M | V4L2_CAP_VIDEO_M2M_MPLANE);
	if (!(cat->caps & V4L2_CAP_STREAMING))
		return;
	for (size_t i = 0; i < sizeof(queues) / sizeof(queues[0]); i++)
		if (cat->caps & queues[i].cap)
			cat->types[cat->num_types++] = queues[i].type;
}

static void read_sizes(struct reader *r, uint32_t fourcc)
{
	struct conform_catalogue *cat = r->cat;
	struct vmedia_frmsizeenum s;

	for (uint32_t i = 0; cat->num_sizes < CATALOGUE_SIZES; i++) {
		s = (struct vmedia_frmsizeenum){ .index = i, .pixel_format = fourcc };
		if (ask(r, VMEDIA_NR_ENUM_FRAMESIZES, &s) < 0)
			return;
		if (s.type != V4L2_FRMSIZE_TYPE_DISCRETE) {
			cat->sizes[cat->num_sizes++] = (struct catalogue_size){
				s.stepwise.min_width, s.stepwise.min_height };
			return;
		}
		cat->sizes[cat->num_sizes++] = (struct catalogue_size){ s.discrete.width,
									s.discrete.height };
	}
}

static void read_formats(struct reader *r, uint32_t type)
{
	struct catalogue_formats *f = &r->cat->formats[type];
	struct vmedia_fmtdesc d;

	while (f->count < CATALOGUE_FORMATS) {
		d = (struct vmedia_fmtdesc){ .index = f->count, .type = type };
		if (ask(r, VMEDIA_NR_ENUM_FMT, &d) < 0)
			break;
		f->fourcc[f->count] = d.pixelformat;
		f->flags[f->count++] = d.flags;
	}
	if (f->count && r->cat->num_sizes == 0)
		read_sizes(r, f->fourcc[0]);
}

static void add_ctrl(struct conform_catalogue *cat, const struct vmedia_query_ext_ctrl *q)
{
	struct catalogue_ctrl *c = &cat->ctrls[cat->num_ctrls++];

	c->q = *q;
	c->moment = q->flags & V4L2_CTRL_FLAG_VOLATILE;
	for (unsigned int i = 0; i < conform_num_pins; i++) {
		if (conform_pins[i].id != q->id ||
		    strcmp(conform_pins[i].driver, (const char *)cat->cap.driver) != 0)
			continue;
		c->left_alone = true;
		c->moment |= conform_pins[i].moment;
	}
}

static void read_ctrls(struct reader *r)
{
	const uint32_t next = V4L2_CTRL_FLAG_NEXT_CTRL | V4L2_CTRL_FLAG_NEXT_COMPOUND;
	struct conform_catalogue *cat = r->cat;
	struct vmedia_query_ext_ctrl q = { .id = next };

	while (cat->num_ctrls < CATALOGUE_CTRLS && ask(r, VMEDIA_NR_QUERY_EXT_CTRL, &q) == 0) {
		uint32_t id = q.id;

		add_ctrl(cat, &q);
		memset(&q, 0, sizeof(q));
		q.id = id | next;
	}
}

static uint32_t count(struct reader *r, uint32_t nr)
{
	union vmedia_payload arg;
	uint32_t n = 0;

	/* The index comes first in all of these. */
	for (;; n++) {
		memset(&arg, 0, sizeof(arg));
		arg.u32 = n;
		if (n == 64 || ask(r, nr, &arg) < 0)
			return n;
	}
}

static void read_signals(struct reader *r)
{
	struct conform_catalogue *cat = r->cat;
	struct vmedia_enum_dv_timings t;
	struct vmedia_standard std;
	struct vmedia_tuner tuner = { .index = 0 };

	while (cat->num_stds < CATALOGUE_STDS) {
		std = (struct vmedia_standard){ .index = cat->num_stds };
		if (ask(r, VMEDIA_NR_ENUMSTD, &std) < 0)
			break;
		cat->stds[cat->num_stds++] = std.id;
	}
	while (cat->num_timings < CATALOGUE_TIMINGS) {
		t = (struct vmedia_enum_dv_timings){ .index = cat->num_timings };
		if (ask(r, VMEDIA_NR_ENUM_DV_TIMINGS, &t) < 0)
			break;
		cat->timings[cat->num_timings++] = t.timings;
	}
	if (ask(r, VMEDIA_NR_G_TUNER, &tuner) == 0)
		cat->tuner = tuner;
}

static void read_edid(struct reader *r, uint32_t pad)
{
	uint8_t blocks[sizeof(r->cat->edid)];
	struct vmedia_edid edid = { .pad = pad, .blocks = sizeof(blocks) / 128 };

	edid.edid = (uint64_t)(uintptr_t)blocks;
	if (ask(r, VMEDIA_NR_G_EDID, &edid) == 0 && edid.blocks == sizeof(blocks) / 128)
		memcpy(r->cat->edid, blocks, sizeof(blocks));
}

/* Standards and timings depend on the input, so all inputs are asked. */
static void read_inputs(struct reader *r)
{
	struct conform_catalogue *cat = r->cat;
	uint32_t set = cat->num_outputs ? VMEDIA_NR_S_OUTPUT : VMEDIA_NR_S_INPUT;
	uint32_t get = cat->num_outputs ? VMEDIA_NR_G_OUTPUT : VMEDIA_NR_G_INPUT;
	uint32_t n = cat->num_outputs ? cat->num_outputs : cat->num_inputs;
	int32_t was = 0, now;

	if (n == 0 || ask(r, get, &was) < 0) {
		read_signals(r);
		return;
	}
	for (uint32_t i = 0; i < n; i++) {
		now = (int32_t)i;
		if (ask(r, set, &now) == 0)
			read_signals(r);
		read_edid(r, i);
	}
	ask(r, set, &was);
}

void conform_catalogue_read(struct conform_catalogue *cat, struct conform_side *side, void *file)
{
	struct reader r = { cat, side, file };

	memset(cat, 0, sizeof(*cat));
	read_caps(&r);
	for (unsigned int i = 0; i < cat->num_types; i++)
		read_formats(&r, cat->types[i]);
	read_ctrls(&r);
	cat->num_inputs = count(&r, VMEDIA_NR_ENUMINPUT);
	cat->num_outputs = count(&r, VMEDIA_NR_ENUMOUTPUT);
	cat->num_audios = count(&r, VMEDIA_NR_ENUMAUDIO);
	cat->num_audouts = count(&r, VMEDIA_NR_ENUMAUDOUT);
	read_inputs(&r);
}

struct catalogue_ctrl *conform_catalogue_ctrl(struct conform_catalogue *cat, uint32_t id)
{
	for (unsigned int i = 0; i < cat->num_ctrls; i++)
		if (cat->ctrls[i].q.id == id)
			return &cat->ctrls[i];
	return NULL;
}

bool conform_catalogue_is_coded(const struct conform_catalogue *cat, uint32_t type,
				uint32_t fourcc)
{
	const struct catalogue_formats *f;

	if (type >= CONFORM_TYPES)
		return false;
	f = &cat->formats[type];
	for (unsigned int i = 0; i < f->count; i++)
		if (f->fourcc[i] == fourcc)
			return f->flags[i] & V4L2_FMT_FLAG_COMPRESSED;
	return false;
}
