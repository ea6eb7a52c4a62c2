// SPDX-License-Identifier: BSD-3-Clause
/*
 * Golden bytes: each exchange of tests/vectors, written here in C, becomes exactly those bytes at the end that sends it, and
 * those bytes become the same again at the end that receives them.
 */
#include "support.h"

struct exchange {
	const char *name;
	void (*ask)(struct end *e);
	void (*answer)(struct end *e);	/* what the device changes; NULL: nothing */
	int err;
};

static void ask_open(struct end *e)
{
	e->cmd.type = VMEDIA_CMD_OPEN;
}

static void answer_open(struct end *e)
{
	e->cmd.session_id = 7;
}

static void ask_close(struct end *e)
{
	e->cmd.type = VMEDIA_CMD_CLOSE;
	e->cmd.session_id = 5;
}

static void ask_mmap(struct end *e)
{
	e->cmd.type = VMEDIA_CMD_MMAP;
	e->cmd.session_id = 5;
	e->cmd.mmap_flags = VMEDIA_MMAP_FLAG_RW;
	e->cmd.mmap_offset = 0x12340000;
}

static void answer_mmap(struct end *e)
{
	e->cmd.driver_addr = 0x140000000;
	e->cmd.mmap_len = 0x2f1000;
}

static void ask_munmap(struct end *e)
{
	e->cmd.type = VMEDIA_CMD_MUNMAP;
	e->cmd.driver_addr = 0x140000000;
}

static void ask_g_input(struct end *e)
{
	end_ioctl(e, VMEDIA_NR_G_INPUT);
}

static void answer_g_input(struct end *e)
{
	e->cmd.io.arg.s32 = 2;
}

static void ask_g_output(struct end *e)
{
	end_ioctl(e, VMEDIA_NR_G_OUTPUT);
}

static void answer_g_output(struct end *e)
{
	e->cmd.io.arg.s32 = -1;
}

static void ask_streamon(struct end *e)
{
	end_ioctl(e, VMEDIA_NR_STREAMON)->arg.u32 = VMEDIA_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
}

static void ask_s_std(struct end *e)
{
	end_ioctl(e, VMEDIA_NR_S_STD)->arg.std = 0x20000b000;
}

static void ask_querystd(struct end *e)
{
	end_ioctl(e, VMEDIA_NR_QUERYSTD);
}

static void answer_querystd(struct end *e)
{
	e->cmd.io.arg.std = 0x80000000000000ffu;
}

static void ask_g_fmt_sdr(struct end *e)
{
	end_ioctl(e, VMEDIA_NR_G_FMT)->arg.format.type = VMEDIA_BUF_TYPE_SDR_CAPTURE;
}

static void ask_enum_fmt(struct end *e)
{
	struct vmedia_fmtdesc *d = &end_ioctl(e, VMEDIA_NR_ENUM_FMT)->arg.fmtdesc;

	d->index = 1;
	d->type = VMEDIA_BUF_TYPE_VIDEO_CAPTURE;
}

static void answer_enum_fmt(struct end *e)
{
	struct vmedia_fmtdesc *d = &e->cmd.io.arg.fmtdesc;

	d->flags = 1;
	memcpy(d->description, "Motion-JPEG", 11);
	d->pixelformat = 0x47504a4d;
}

static void ask_s_fmt(struct end *e)
{
	struct vmedia_format *f = &end_ioctl(e, VMEDIA_NR_S_FMT)->arg.format;

	f->type = VMEDIA_BUF_TYPE_VIDEO_CAPTURE;
	f->fmt.pix.width = 641;
	f->fmt.pix.height = 480;
	f->fmt.pix.pixelformat = 0x56595559;
	f->fmt.pix.field = 1;
	f->fmt.pix.priv = 0xfeedcafe;
}

static void answer_s_fmt(struct end *e)
{
	struct vmedia_pix_format *pix = &e->cmd.io.arg.format.fmt.pix;

	pix->width = 640;
	pix->bytesperline = 1280;
	pix->sizeimage = 614400;
	pix->colorspace = 8;
	pix->ycbcr_enc = 1;
	pix->quantization = 2;
	pix->xfer_func = 2;
}

static void ask_g_fmt_mplane(struct end *e)
{
	end_ioctl(e, VMEDIA_NR_G_FMT)->arg.format.type = VMEDIA_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
}

static void answer_g_fmt_mplane(struct end *e)
{
	struct vmedia_pix_format_mplane *pix = &e->cmd.io.arg.format.fmt.pix_mp;

	pix->width = 1920;
	pix->height = 1080;
	pix->pixelformat = 0x32314d4e;
	pix->field = 1;
	pix->colorspace = 3;
	pix->plane_fmt[0].sizeimage = 2073600;
	pix->plane_fmt[0].bytesperline = 1920;
	pix->plane_fmt[1].sizeimage = 1036800;
	pix->plane_fmt[1].bytesperline = 1920;
	pix->num_planes = 2;
	pix->ycbcr_enc = 1;
	pix->quantization = 2;
	pix->xfer_func = 1;
}

static void ask_try_fmt_sliced(struct end *e)
{
	struct vmedia_format *f = &end_ioctl(e, VMEDIA_NR_TRY_FMT)->arg.format;

	f->type = VMEDIA_BUF_TYPE_SLICED_VBI_CAPTURE;
	f->fmt.sliced.service_set = 0x1400;
	f->fmt.sliced.service_lines[0][21] = 0x1000;
	f->fmt.sliced.service_lines[0][22] = 0x0400;
	f->fmt.sliced.service_lines[1][22] = 0x1000;
}

static void answer_try_fmt_sliced(struct end *e)
{
	e->cmd.io.arg.format.fmt.sliced.io_size = 128;
}

static void ask_g_fmt_meta(struct end *e)
{
	end_ioctl(e, VMEDIA_NR_G_FMT)->arg.format.type = VMEDIA_BUF_TYPE_META_CAPTURE;
}

static void answer_g_fmt_meta(struct end *e)
{
	e->cmd.io.arg.format.fmt.meta.dataformat = 0x48435655;
	e->cmd.io.arg.format.fmt.meta.buffersize = 10240;
}

static void ask_reqbufs(struct end *e)
{
	struct vmedia_requestbuffers *r = &end_ioctl(e, VMEDIA_NR_REQBUFS)->arg.requestbuffers;

	r->count = 4;
	r->type = VMEDIA_BUF_TYPE_VIDEO_CAPTURE;
	r->memory = VMEDIA_MEMORY_MMAP;
}

static void answer_reqbufs(struct end *e)
{
	e->cmd.io.arg.requestbuffers.capabilities = 0x93;
}

static void ask_create_bufs(struct end *e)
{
	struct vmedia_create_buffers *c = &end_ioctl(e, VMEDIA_NR_CREATE_BUFS)->arg.create_buffers;

	c->count = 2;
	c->memory = VMEDIA_MEMORY_MMAP;
	c->format.type = VMEDIA_BUF_TYPE_VIDEO_CAPTURE;
	c->format.fmt.pix.width = 320;
	c->format.fmt.pix.height = 240;
	c->format.fmt.pix.pixelformat = 0x56595559;
	c->format.fmt.pix.field = 1;
	c->format.fmt.pix.bytesperline = 640;
	c->format.fmt.pix.sizeimage = 153600;
}

static void answer_create_bufs(struct end *e)
{
	struct vmedia_create_buffers *c = &e->cmd.io.arg.create_buffers;

	c->index = 4;
	c->capabilities = 0x91;
	c->max_num_buffers = 64;
}

static void ask_remove_bufs(struct end *e)
{
	struct vmedia_remove_buffers *r = &end_ioctl(e, VMEDIA_NR_REMOVE_BUFS)->arg.remove_buffers;

	r->index = 4;
	r->count = 2;
	r->type = VMEDIA_BUF_TYPE_VIDEO_CAPTURE;
}

/* ---- Buffers ---- */

static struct vmedia_buffer *ask_buffer(struct end *e, uint32_t nr, uint32_t index, uint32_t type, uint32_t memory,
					uint32_t length)
{
	struct vmedia_ioctl *io = end_ioctl(e, nr);

	io->arg.buffer.index = index;
	io->arg.buffer.type = type;
	io->arg.buffer.memory = memory;
	io->arg.buffer.length = length;
	if (vmedia_buf_type_is_multiplanar(type))
		io->num_planes = length;
	return &io->arg.buffer;
}

static void ask_querybuf(struct end *e)
{
	ask_buffer(e, VMEDIA_NR_QUERYBUF, 3, VMEDIA_BUF_TYPE_VIDEO_CAPTURE, VMEDIA_MEMORY_MMAP, 0);
}

static void answer_querybuf(struct end *e)
{
	struct vmedia_buffer *b = &e->cmd.io.arg.buffer;

	b->flags = 0x2001;
	b->field = 1;
	b->m.offset = 0x1ec000;
	b->length = 614400;
}

static void ask_querybuf_mplane(struct end *e)
{
	ask_buffer(e, VMEDIA_NR_QUERYBUF, 0, VMEDIA_BUF_TYPE_VIDEO_CAPTURE_MPLANE, VMEDIA_MEMORY_MMAP, 3)->m.planes =
		0x123456789abcdef0;
}

static void answer_querybuf_mplane(struct end *e)
{
	struct vmedia_buffer *b = &e->cmd.io.arg.buffer;
	struct vmedia_plane *p = e->cmd.io.planes;

	b->flags = 0x4000;
	b->field = 1;
	b->length = 2;
	p[0].length = 2073600;
	p[0].m.mem_offset = 0x10000;
	p[1].length = 1036800;
	p[1].m.mem_offset = 0x30000;
}

static void ask_qbuf_mmap(struct end *e)
{
	struct vmedia_buffer *b = ask_buffer(e, VMEDIA_NR_QBUF, 1, VMEDIA_BUF_TYPE_VIDEO_OUTPUT,
					     VMEDIA_MEMORY_MMAP, 4096);

	b->bytesused = 1000;
	b->flags = 0x4100;
	b->field = 1;
	b->timestamp.tv_sec = 1234;
	b->timestamp.tv_usec = -2;
	b->timecode = (struct vmedia_timecode){ 2, 1, 24, 59, 58, 23, { 1, 2, 3, 4 } };
	b->request_fd = -1;
}

static void answer_qbuf_mmap(struct end *e)
{
	e->cmd.io.arg.buffer.flags |= 3;
	e->cmd.io.arg.buffer.m.offset = 0x400000;
}

static void ask_qbuf_shared(struct end *e)
{
	static const struct vmedia_sg_entry list[] = { { 0x140000800, 2048 }, { 0x140003000, 2952 } };

	ask_buffer(e, VMEDIA_NR_QBUF, 2, VMEDIA_BUF_TYPE_VIDEO_CAPTURE, VMEDIA_MEMORY_USERPTR, 5000)->m.userptr =
		0x7f3ffbad0800;
	e->cmd.io.plane_sg[0] = end_sg(e, list, COUNT(list));
}

static void answer_queued(struct end *e)
{
	e->cmd.io.arg.buffer.flags = 2;
}

static void ask_qbuf_mplane_sg(struct end *e)
{
	static const struct vmedia_sg_entry list[] = { { 0x1000, 4096 }, { 0x5000, 4096 } };
	struct vmedia_plane *p = e->cmd.io.planes;

	ask_buffer(e, VMEDIA_NR_QBUF, 0, VMEDIA_BUF_TYPE_VIDEO_OUTPUT_MPLANE, VMEDIA_MEMORY_USERPTR, 3)->m.planes =
		0x1122334455667788;
	p[0] = (struct vmedia_plane){ .bytesused = 4096, .length = 8192, .m.userptr = 0x100000000001, .data_offset = 16 };
	p[1].m.userptr = 0x100000000002;
	p[2] = (struct vmedia_plane){ .bytesused = 512, .length = 4096, .m.userptr = 0x100000000003 };
	e->cmd.io.plane_sg[0] = end_sg(e, list, COUNT(list));
	e->cmd.io.plane_sg[2] = end_sg1(e, 0x8000000000009000, 4096);
}

static void ask_prepare_object(struct end *e)
{
	static const uint8_t uuid[2][16] = {
		{ 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff },
		{ 0xff, 0xee, 0xdd, 0xcc, 0xbb, 0xaa, 0x99, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11, 0x00 },
	};
	struct vmedia_plane *p = e->cmd.io.planes;

	ask_buffer(e, VMEDIA_NR_PREPARE_BUF, 1, VMEDIA_BUF_TYPE_VIDEO_CAPTURE_MPLANE, VMEDIA_MEMORY_DMABUF, 2)
		->m.planes = 0x1122334455667788;
	p[0].length = 4096;
	p[0].m.fd = 10;
	p[1].length = 2048;
	p[1].m.fd = -1;
	memcpy(e->cmd.io.uuid, uuid, sizeof(uuid));
}

static void answer_prepared(struct end *e)
{
	e->cmd.io.arg.buffer.flags = 0x400;
}

static void ask_qbuf_object(struct end *e)
{
	unsigned int i;

	ask_buffer(e, VMEDIA_NR_QBUF, 1, VMEDIA_BUF_TYPE_VIDEO_CAPTURE, VMEDIA_MEMORY_DMABUF, 4096)->m.fd = 9;
	for (i = 0; i < 16; i++)
		e->cmd.io.uuid[0][i] = (uint8_t)(0x11 * i);
}

static void answer_qbuf_object(struct end *e)
{
	answer_queued(e);
	e->cmd.io.uuid[0][0] = 1;
}

static void ask_expbuf(struct end *e)
{
	struct vmedia_exportbuffer *x = &end_ioctl(e, VMEDIA_NR_EXPBUF)->arg.exportbuffer;

	x->type = VMEDIA_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
	x->index = 2;
	x->plane = 1;
	x->flags = 0x80000;
	x->fd = -1;
}

static void answer_expbuf(struct end *e)
{
	static const uint8_t uuid[16] = { 0xde, 0xad, 0xbe, 0xef, 0x01, 0x23, 0x45, 0x67,
					  0x89, 0xab, 0xcd, 0xef, 0x00, 0x11, 0x22, 0x33 };

	memcpy(e->cmd.io.uuid[0], uuid, 16);
}

/* ---- Controls ---- */

static struct vmedia_ext_controls *ask_ctrls(struct end *e, uint32_t nr, uint32_t which, uint32_t count)
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
	struct vmedia_event_subscription *s = &end_ioctl(e, VMEDIA_NR_SUBSCRIBE_EVENT)->arg.event_subscription;

	s->type = 3;
	s->id = 0x980900;
	s->flags = 1;
}

static const struct exchange exchanges[] = {
	{ "open", ask_open, answer_open, 0 },
	{ "open_error", ask_open, NULL, -EBUSY },
	{ "close", ask_close, NULL, 0 },
	{ "mmap", ask_mmap, answer_mmap, 0 },
	{ "munmap", ask_munmap, NULL, 0 },
	{ "g_input", ask_g_input, answer_g_input, 0 },
	{ "g_output_negative", ask_g_output, answer_g_output, 0 },
	{ "streamon", ask_streamon, NULL, 0 },
	{ "s_std", ask_s_std, NULL, 0 },
	{ "querystd", ask_querystd, answer_querystd, 0 },
	{ "g_fmt_error", ask_g_fmt_sdr, NULL, -EINVAL },
	{ "enum_fmt", ask_enum_fmt, answer_enum_fmt, 0 },
	{ "s_fmt", ask_s_fmt, answer_s_fmt, 0 },
	{ "g_fmt_mplane", ask_g_fmt_mplane, answer_g_fmt_mplane, 0 },
	{ "try_fmt_sliced_vbi", ask_try_fmt_sliced, answer_try_fmt_sliced, 0 },
	{ "g_fmt_meta", ask_g_fmt_meta, answer_g_fmt_meta, 0 },
	{ "reqbufs", ask_reqbufs, answer_reqbufs, 0 },
	{ "create_bufs", ask_create_bufs, answer_create_bufs, 0 },
	{ "remove_bufs", ask_remove_bufs, NULL, 0 },
	{ "querybuf_mmap", ask_querybuf, answer_querybuf, 0 },
	{ "querybuf_mplane", ask_querybuf_mplane, answer_querybuf_mplane, 0 },
	{ "qbuf_mmap", ask_qbuf_mmap, answer_qbuf_mmap, 0 },
	{ "qbuf_shared_pages", ask_qbuf_shared, answer_queued, 0 },
	{ "qbuf_mplane_sg", ask_qbuf_mplane_sg, answer_queued, 0 },
	{ "prepare_buf_object", ask_prepare_object, answer_prepared, 0 },
	{ "qbuf_object", ask_qbuf_object, answer_qbuf_object, 0 },
	{ "expbuf", ask_expbuf, answer_expbuf, 0 },
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
};

/* The driver's question, its bytes, and what the device makes of them, alone and with what some drivers add. */
static void check_question(const char *name, const struct vector *v, const struct end *driver, struct end *device)
{
	uint8_t buf[VECTOR_MAX];
	uint8_t *copy;
	int len;

	assert_int_equal(vmedia_cmd_size(&driver->cmd), v->question.len);
	len = vmedia_cmd_encode(&driver->cmd, buf, sizeof(buf));
	CHECK(len >= 0, "%s: encoding the question: %d", name, len);
	assert_bytes(name, buf, (size_t)len, &v->question);
	assert_int_equal(vmedia_cmd_encode(&driver->cmd, buf, (size_t)len - 1), -ENOSPC);

	memcpy(buf, v->question.bytes, v->question.len);
	memcpy(buf + v->question.len, v->extra.bytes, v->extra.len);
	copy = exact(buf, v->question.len + v->extra.len);
	assert_int_equal(vmedia_cmd_decode(&device->cmd, copy, v->question.len + v->extra.len), 0);
	assert_same_question(driver, device);
	free(copy);
}

static void check_exchange(const struct exchange *x)
{
	struct end *driver = end_new(), *device = end_new(), *expected;
	uint8_t buf[VECTOR_MAX];
	struct vector v;
	uint8_t *copy;
	int len;

	vector_load(&v, x->name);
	x->ask(driver);
	check_question(x->name, &v, driver, device);

	expected = end_copy(driver);
	if (x->answer) {
		x->answer(device);
		x->answer(expected);
	}
	len = vmedia_resp_encode(&device->cmd, x->err, buf, sizeof(buf));
	CHECK(len >= 0, "%s: encoding the answer: %d", x->name, len);
	assert_bytes(x->name, buf, (size_t)len, &v.answer);
	assert_int_equal(vmedia_resp_encode(&device->cmd, x->err, buf, (size_t)len), len);
	if (!x->err)
		assert_int_equal(vmedia_resp_size(&device->cmd), len);
	assert_int_equal(vmedia_resp_size(&driver->cmd), vmedia_resp_size(&device->cmd));

	copy = exact(v.answer.bytes, v.answer.len);
	len = vmedia_resp_decode(&driver->cmd, copy, v.answer.len);
	CHECK(len == x->err, "%s: decoding the answer: %d: %s", x->name, len, driver->cmd.why.what);
	free(copy);
	if (driver->cmd.type == VMEDIA_CMD_IOCTL && (driver->cmd.io.info->dir & VMEDIA_DIR_R)) {
		if (expected->cmd.io.num_planes)
			expected->cmd.io.num_planes = expected->cmd.io.arg.buffer.length;
		assert_same_payload(expected, driver);
	}
	assert_int_equal(driver->cmd.session_id, expected->cmd.session_id);
	assert_int_equal(driver->cmd.driver_addr, expected->cmd.driver_addr);
	assert_int_equal(driver->cmd.mmap_len, expected->cmd.mmap_len);
	free(driver);
	free(device);
	free(expected);
}

static void test_exchanges(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < COUNT(exchanges); i++)
		check_exchange(&exchanges[i]);
}

/* ---- Events ---- */

static void fill_error(struct vmedia_evt *e)
{
	e->type = VMEDIA_EVT_ERROR;
	e->err = ENOMEM;
}

static void fill_dqbuf(struct vmedia_evt *e)
{
	struct vmedia_buffer *b = &e->buffer;

	e->type = VMEDIA_EVT_DQBUF;
	b->index = 3;
	b->type = VMEDIA_BUF_TYPE_VIDEO_CAPTURE;
	b->bytesused = b->length = 614400;
	b->flags = 0x2001;
	b->field = 1;
	b->timestamp.tv_sec = 123456789;
	b->timestamp.tv_usec = 999999;
	b->sequence = 42;
	b->memory = VMEDIA_MEMORY_MMAP;
	b->m.offset = 0x1ec000;
}

static void fill_dqbuf_mplane(struct vmedia_evt *e)
{
	struct vmedia_buffer *b = &e->buffer;

	e->type = VMEDIA_EVT_DQBUF;
	b->type = VMEDIA_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
	b->flags = 0x104000;
	b->field = 1;
	b->sequence = 7;
	b->memory = VMEDIA_MEMORY_USERPTR;
	b->length = 2;
	e->planes[0] = (struct vmedia_plane){ .bytesused = 2073600, .length = 2076672, .data_offset = 1024 };
	e->planes[1] = (struct vmedia_plane){ .bytesused = 1036800, .length = 1040384 };
}

static void fill_source_change(struct vmedia_evt *e)
{
	e->type = VMEDIA_EVT_EVENT;
	e->event.type = 5;
	e->event.u.src_change.changes = 1;
	e->event.pending = 2;
	e->event.sequence = 9;
	e->event.timestamp.tv_sec = 10000;
	e->event.timestamp.tv_nsec = 999999999;
}

static void fill_ctrl(struct vmedia_evt *e)
{
	struct vmedia_event_ctrl *c = &e->event.u.ctrl;

	e->type = VMEDIA_EVT_EVENT;
	e->event.type = 3;
	e->event.sequence = 2;
	e->event.timestamp.tv_sec = 1;
	e->event.timestamp.tv_nsec = 2;
	e->event.id = 0x980900;
	c->changes = 1;
	c->type = 1;
	c->value = -10;
	c->flags = 0x20;
	c->minimum = -128;
	c->maximum = 127;
	c->step = 1;
}

static void fill_ctrl64(struct vmedia_evt *e)
{
	struct vmedia_event_ctrl *c = &e->event.u.ctrl;

	fill_ctrl(e);
	e->event.sequence = 1;
	e->event.id = 0x98f006;
	c->type = 5;
	c->value64 = 0x7ffffffffffffff8;
	c->flags = 0;
	c->minimum = INT32_MIN;
	c->maximum = INT32_MAX;
}

static const struct {
	const char *name;
	void (*fill)(struct vmedia_evt *e);
} events[] = {
	{ "evt_error", fill_error }, { "evt_dqbuf", fill_dqbuf }, { "evt_dqbuf_mplane", fill_dqbuf_mplane },
	{ "evt_source_change", fill_source_change }, { "evt_ctrl", fill_ctrl }, { "evt_ctrl64", fill_ctrl64 },
};

static void test_events(void **state)
{
	struct vmedia_evt sent, got;
	uint8_t buf[VMEDIA_EVT_MAX_SIZE];
	struct vector v;
	unsigned int i;
	uint8_t *copy;
	int len;

	(void)state;
	for (i = 0; i < COUNT(events); i++) {
		vector_load(&v, events[i].name);
		memset(&sent, 0, sizeof(sent));
		sent.session_id = 5;
		events[i].fill(&sent);
		assert_int_equal(vmedia_evt_size(&sent), v.event.len);
		len = vmedia_evt_encode(&sent, buf, sizeof(buf));
		assert_bytes(events[i].name, buf, (size_t)len, &v.event);
		assert_int_equal(vmedia_evt_encode(&sent, buf, v.event.len - 1), -ENOSPC);
		copy = exact(v.event.bytes, v.event.len);
		len = vmedia_evt_decode(&got, copy, v.event.len);
		CHECK(!len, "%s: %s", events[i].name, got.why.what);
		assert_memory_equal(&got, &sent, sizeof(sent));
		free(copy);
	}
}

/* Pointers that a device left in a buffer do not reach the wire. */
static void test_event_pointers(void **state)
{
	uint8_t buf[VMEDIA_EVT_MAX_SIZE];
	struct vmedia_evt e = { .session_id = 5 };
	struct vector v;

	(void)state;
	vector_load(&v, "evt_dqbuf_mplane");
	fill_dqbuf_mplane(&e);
	e.buffer.m.planes = 0x1111;
	e.planes[0].m.userptr = 0x2222;
	e.planes[1].m.userptr = 0x3333;
	e.planes[2].length = 0x4444;	/* beyond the buffer's planes */
	assert_bytes("pointers", buf, (size_t)vmedia_evt_encode(&e, buf, sizeof(buf)), &v.event);
}

static void test_config(void **state)
{
	static const uint8_t wire[VMEDIA_CONFIG_SIZE] = {
		0x01, 0x00, 0x20, 0x04, 0x03, 0x02, 0x01, 0x00, 'v', 'm', 'e', 'd', 'i', 'a', ' ', 'c', 'a', 'm',
	};
	struct vmedia_config cfg = { .device_caps = 0x04200001, .device_type = 0x00010203, .card = "vmedia cam" }, back;
	uint8_t buf[VMEDIA_CONFIG_SIZE];

	(void)state;
	vmedia_config_encode(&cfg, buf);
	assert_memory_equal(buf, wire, sizeof(wire));
	vmedia_config_decode(&back, wire);
	assert_memory_equal(&back, &cfg, sizeof(cfg));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exchanges),
		cmocka_unit_test(test_events),
		cmocka_unit_test(test_event_pointers),
		cmocka_unit_test(test_config),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
