// SPDX-License-Identifier: BSD-3-Clause
/* Vectors of controls, inputs, timings, codecs and EDIDs. See exchanges.h. */
#include "exchanges.h"

static struct vmedia_ext_controls *ask_ctrls(struct end *e, uint32_t nr, uint32_t which,
					     uint32_t count)
{
	struct vmedia_ext_controls *c = &end_ioctl(e, nr)->arg.ext_controls;

	c->which = which;
	c->count = count;
	c->controls = count ? 0x1020304050607080 : 0;
	return c;
}

static void ask_g_ext_ctrls(struct end *e)
{
	ask_ctrls(e, VMEDIA_NR_G_EXT_CTRLS, 0, 3);
	e->ctrls[0].id = 0x980900;
	e->ctrls[1].id = 0x98f005;
	e->ctrls[1].size = 8;
	e->ctrls[1].ptr = 0x76543210;
	e->ctrls[2].id = 0x98f006;
	e->ctrl_sg[1] = end_sg1(e, 0x1238, 8);
}

static void answer_g_ext_ctrls(struct end *e)
{
	e->cmd.io.arg.ext_controls.error_idx = 3;
	e->ctrls[0].value = -128;
	e->ctrls[0].value_high = 0;
	e->ctrls[2].value64 = 0x1122334455667788;
}

static void ask_s_ext_ctrls(struct end *e)
{
	ask_ctrls(e, VMEDIA_NR_S_EXT_CTRLS, 0x980000, 1);
	e->ctrls[0].id = 0x980900;
	e->ctrls[0].value = 32767;
}

static void answer_s_ext_ctrls(struct end *e)
{
	e->cmd.io.arg.ext_controls.error_idx = 1;
}

static void ask_try_ext_ctrls(struct end *e)
{
	ask_ctrls(e, VMEDIA_NR_TRY_EXT_CTRLS, 0x0f000000, 0);
}

static void ask_g_ctrl(struct end *e)
{
	end_ioctl(e, VMEDIA_NR_G_CTRL)->arg.control.id = 0x980900;
}

static void answer_g_ctrl(struct end *e)
{
	e->cmd.io.arg.control.value = -10;
}

static void ask_query_ext_ctrl(struct end *e)
{
	end_ioctl(e, VMEDIA_NR_QUERY_EXT_CTRL)->arg.query_ext_ctrl.id = 0xc0980900;
}

static void answer_query_ext_ctrl(struct end *e)
{
	struct vmedia_query_ext_ctrl *q = &e->cmd.io.arg.query_ext_ctrl;

	q->id = 0x980901;
	q->type = 1;
	memcpy(q->name, "Contrast", 8);
	q->minimum = -128;
	q->maximum = 127;
	q->step = 1;
	q->default_value = 16;
	q->flags = 0x20;
	q->elem_size = 4;
	q->elems = 1;
}

static void ask_querymenu(struct end *e)
{
	struct vmedia_querymenu *m = &end_ioctl(e, VMEDIA_NR_QUERYMENU)->arg.querymenu;

	m->id = 0x9a0a99;
	m->index = 2;
}

static void answer_querymenu(struct end *e)
{
	vmedia_querymenu_set_value(&e->cmd.io.arg.querymenu, -1234);
	assert_int_equal(vmedia_querymenu_value(&e->cmd.io.arg.querymenu), -1234);
}

/* ---- The rest ---- */

static void ask_enuminput(struct end *e)
{
	end_ioctl(e, VMEDIA_NR_ENUMINPUT);
}

static void answer_enuminput(struct end *e)
{
	struct vmedia_input *in = &e->cmd.io.arg.input;

	memcpy(in->name, "Camera", 6);
	in->type = 2;
	in->std = 0x010000000000b0ff;
	in->capabilities = 4;
}

static void ask_g_parm(struct end *e)
{
	end_ioctl(e, VMEDIA_NR_G_PARM)->arg.streamparm.type = VMEDIA_BUF_TYPE_VIDEO_CAPTURE;
}

static void answer_g_parm(struct end *e)
{
	struct vmedia_captureparm *c = &e->cmd.io.arg.streamparm.parm.capture;

	c->capability = 0x1000;
	c->timeperframe = (struct vmedia_fract){ 1, 30 };
	c->readbuffers = 2;
}

static void ask_framesizes(struct end *e)
{
	end_ioctl(e, VMEDIA_NR_ENUM_FRAMESIZES)->arg.frmsizeenum.pixel_format = 0x3231564e;
}

static void answer_framesizes(struct end *e)
{
	struct vmedia_frmsizeenum *f = &e->cmd.io.arg.frmsizeenum;

	f->type = 3;
	f->stepwise.min_width = f->stepwise.min_height = 16;
	f->stepwise.step_width = f->stepwise.step_height = 2;
	f->stepwise.max_width = 1920;
	f->stepwise.max_height = 1080;
}

static void ask_g_selection(struct end *e)
{
	end_ioctl(e, VMEDIA_NR_G_SELECTION)->arg.selection.type = VMEDIA_BUF_TYPE_VIDEO_CAPTURE;
}

static void answer_g_selection(struct end *e)
{
	e->cmd.io.arg.selection.r = (struct vmedia_rect){ -8, 16, 640, 360 };
}

static void ask_decoder_stop(struct end *e)
{
	struct vmedia_decoder_cmd *c = &end_ioctl(e, VMEDIA_NR_DECODER_CMD)->arg.decoder_cmd;

	c->cmd = 1;
	c->stop.pts = 0x0102030405060708;
}

static void ask_decoder_start(struct end *e)
{
	struct vmedia_decoder_cmd *c = &end_ioctl(e, VMEDIA_NR_TRY_DECODER_CMD)->arg.decoder_cmd;

	c->flags = 1;
	c->start.speed = -1000;
	c->start.format = 1;
}

static void answer_decoder_start(struct end *e)
{
	struct vmedia_decoder_cmd *c = &e->cmd.io.arg.decoder_cmd;

	c->flags = 0;
	c->start.speed = 0;
	c->start.format = 0;
}

static void ask_query_dv_timings(struct end *e)
{
	end_ioctl(e, VMEDIA_NR_QUERY_DV_TIMINGS);
}

static void answer_query_dv_timings(struct end *e)
{
	struct vmedia_bt_timings *bt = &e->cmd.io.arg.dv_timings.bt;

	bt->width = 1920;
	bt->height = 1080;
	bt->polarities = 3;
	bt->pixelclock = 148500000;
	bt->hfrontporch = 88;
	bt->hsync = 44;
	bt->hbackporch = 148;
	bt->vfrontporch = 4;
	bt->vsync = 5;
	bt->vbackporch = 36;
	bt->standards = 3;
	bt->cea861_vic = 16;
}

static void ask_g_edid(struct end *e)
{
	struct vmedia_edid *d = &end_ioctl(e, VMEDIA_NR_G_EDID)->arg.edid;

	d->blocks = 1;
	d->edid = 0x1122334455667788;
}

static void answer_g_edid(struct end *e)
{
	memset(e->edid, 0xff, 8);
	e->edid[0] = e->edid[7] = 0;
	memset(e->edid + 8, 0x5a, 119);
	e->edid[127] = 0xc3;
}

static void ask_subscribe(struct end *e)
{
	struct vmedia_event_subscription *s =
		&end_ioctl(e, VMEDIA_NR_SUBSCRIBE_EVENT)->arg.event_subscription;

	s->type = 3;
	s->id = 0x980900;
	s->flags = 1;
}

const struct exchange exchanges_of_controls[] = {
	{ "g_ext_ctrls", ask_g_ext_ctrls, answer_g_ext_ctrls, 0 },
	{ "s_ext_ctrls_error", ask_s_ext_ctrls, answer_s_ext_ctrls, -ERANGE },
	{ "try_ext_ctrls_none", ask_try_ext_ctrls, NULL, -EINVAL },
	{ "g_ctrl", ask_g_ctrl, answer_g_ctrl, 0 },
	{ "query_ext_ctrl", ask_query_ext_ctrl, answer_query_ext_ctrl, 0 },
	{ "querymenu_int", ask_querymenu, answer_querymenu, 0 },
	{ "enuminput", ask_enuminput, answer_enuminput, 0 },
	{ "g_parm", ask_g_parm, answer_g_parm, 0 },
	{ "enum_framesizes", ask_framesizes, answer_framesizes, 0 },
	{ "g_selection", ask_g_selection, answer_g_selection, 0 },
	{ "decoder_cmd_stop", ask_decoder_stop, NULL, 0 },
	{ "try_decoder_cmd_start", ask_decoder_start, answer_decoder_start, 0 },
	{ "query_dv_timings_error", ask_query_dv_timings, answer_query_dv_timings, -ENOLCK },
	{ "g_edid", ask_g_edid, answer_g_edid, 0 },
	{ "subscribe_event", ask_subscribe, NULL, 0 },
	{ 0 },
};
