// SPDX-License-Identifier: BSD-3-Clause
/* Vectors of commands with nothing behind the structure: formats, numbers. See exchanges.h. */
#include "exchanges.h"

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

const struct exchange exchanges_of_commands[] = {
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
	{ 0 },
};
