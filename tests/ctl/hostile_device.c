/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A device for the script "hostile": its strings are terminal escapes, and what it says of itself
 * is as bad as the protocol lets it be.
 *
 * usage: hostile-device SOCKET strings | endless | lies | converter
 *
 *	strings	lists end, and every name in them wants to own the terminal
 *	endless	no list ends
 *	lies	a format of impossible size and strides, menus with the largest bounds, a control
 *		larger than memory
 *	converter	the same lies, of a device with two queues
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <linux/videodev2.h>
#include <vmedia/loop.h>
#include <vmedia/serve.h>

#define EVIL "\033]0;owned\007\033[2J\x9b" "5n"

enum mode { STRINGS, ENDLESS, LIES };

static void evil(void *to, size_t size)
{
	const char *s = EVIL;

	for (size_t i = 0; i < size; i++)
		((char *)to)[i] = s[i % strlen(s)];
}

static int format(enum mode mode, struct vmedia_format *f)
{
	f->fmt.pix = (struct vmedia_pix_format){
		.width = 64, .height = 48, .bytesperline = 128, .sizeimage = 6144,
		.pixelformat = V4L2_PIX_FMT_YUYV,
	};
	if (mode == STRINGS)
		f->fmt.pix.pixelformat = v4l2_fourcc('\033', '[', '2', 'J');
	if (mode == LIES) {
		f->fmt.pix.width = f->fmt.pix.height = UINT32_MAX;
		f->fmt.pix.bytesperline = 0xfffffff0;
		f->fmt.pix.pixelformat = V4L2_PIX_FMT_YUV420;
	}
	return 0;
}

static int control(enum mode mode, struct vmedia_query_ext_ctrl *q)
{
	uint32_t id = (q->id & ~(V4L2_CTRL_FLAG_NEXT_CTRL | V4L2_CTRL_FLAG_NEXT_COMPOUND)) + 1;

	if (id < V4L2_CID_BASE)
		id = V4L2_CID_BASE;
	if (mode != ENDLESS && id >= V4L2_CID_BASE + 3)
		return -EINVAL;
	*q = (struct vmedia_query_ext_ctrl){ .id = id, .type = V4L2_CTRL_TYPE_MENU, .maximum = 1,
					     .elems = 1, .elem_size = 4 };
	evil(q->name, sizeof(q->name));
	if (mode == LIES) {
		q->minimum = INT64_MAX - 1;
		q->maximum = INT64_MAX;
	}
	if (id == V4L2_CID_BASE + 1) {
		q->type = V4L2_CTRL_TYPE_STRING;
		q->flags = V4L2_CTRL_FLAG_HAS_PAYLOAD;
		q->elem_size = mode == LIES ? UINT32_MAX : 64; /* more than one asks for */
		q->elems = 1;
	} else if (id == V4L2_CID_BASE + 2) {
		q->type = V4L2_CTRL_TYPE_CTRL_CLASS;
	}
	return 0;
}

static int values(struct vmedia_request *req, struct vmedia_ioctl *io)
{
	for (uint32_t i = 0; i < io->arg.ext_controls.count; i++) {
		void *data = vmedia_request_ctrl_data(req, i);

		if (data)
			evil(data, io->ctrls[i].size);
	}
	return 0;
}

static int answer(struct vmedia_session *s, struct vmedia_request *req)
{
	enum mode mode = *(enum mode *)vmedia_device_priv(vmedia_session_device(s));
	struct vmedia_ioctl *io = vmedia_request_ioctl(req);
	union vmedia_payload *a = &io->arg;

	switch (io->info->nr) {
	case VMEDIA_NR_ENUM_FMT:
		if (mode != ENDLESS && a->fmtdesc.index > 1)
			return -EINVAL;
		evil(a->fmtdesc.description, sizeof(a->fmtdesc.description));
		a->fmtdesc.pixelformat = v4l2_fourcc('\033', '[', '2', 'J');
		return 0;
	case VMEDIA_NR_ENUM_FRAMESIZES:
		a->frmsizeenum.type = V4L2_FRMSIZE_TYPE_DISCRETE;
		return mode != ENDLESS && a->frmsizeenum.index ? -EINVAL : 0;
	case VMEDIA_NR_ENUM_FRAMEINTERVALS:
		/* 0/0 seconds: nothing to divide by. */
		a->frmivalenum.type = V4L2_FRMIVAL_TYPE_DISCRETE;
		return mode != ENDLESS && a->frmivalenum.index ? -EINVAL : 0;
	case VMEDIA_NR_ENUMINPUT:
		evil(a->input.name, sizeof(a->input.name));
		return mode != ENDLESS && a->input.index ? -EINVAL : 0;
	case VMEDIA_NR_QUERYMENU:
		evil(a->querymenu.name, sizeof(a->querymenu.name));
		return 0;
	case VMEDIA_NR_QUERY_EXT_CTRL:
		return control(mode, &a->query_ext_ctrl);
	case VMEDIA_NR_G_EXT_CTRLS:
		return values(req, io);
	case VMEDIA_NR_G_FMT:
	case VMEDIA_NR_S_FMT:
	case VMEDIA_NR_TRY_FMT:
		return format(mode, &a->format);
	case VMEDIA_NR_REQBUFS:
		a->requestbuffers.count = mode == LIES ? a->requestbuffers.count : 0;
		return 0;
	case VMEDIA_NR_G_INPUT:
	case VMEDIA_NR_G_PRIORITY:
	case VMEDIA_NR_G_PARM:
	case VMEDIA_NR_S_PARM:
		return 0;
	}
	return -ENOTTY;
}

static int opened(struct vmedia_session *s)
{
	return 0;
}

static void closed(struct vmedia_session *s)
{
}

static int no_mmap(struct vmedia_session *s, uint32_t offset, struct vmedia_plane_map *map)
{
	return -EINVAL;
}

static bool no_event(struct vmedia_session *s, struct vmedia_evt *evt)
{
	return false;
}

int main(int argc, char **argv)
{
	static const struct vmedia_device_ops ops = {
		.open = opened, .close = closed, .ioctl = answer, .mmap = no_mmap,
		.next_event = no_event,
	};
	struct vmedia_device_config cfg = { .ops = &ops, .region_size = 1 << 20 };
	struct vmedia_server_options opts = { .fd = -1 };
	struct vmedia_server *srv = NULL;
	struct vmedia_device *dev = NULL;
	struct vmedia_loop *loop = NULL;
	enum mode mode;
	bool converter;

	if (argc != 3)
		return 2;
	converter = !strcmp(argv[2], "converter");
	mode = !strcmp(argv[2], "endless") ? ENDLESS : STRINGS;
	if (!strcmp(argv[2], "lies") || converter)
		mode = LIES;
	opts.socket_path = argv[1];
	cfg.priv = &mode;
	cfg.config.device_caps = converter ? V4L2_CAP_VIDEO_M2M : V4L2_CAP_VIDEO_CAPTURE;
	cfg.config.device_caps |= V4L2_CAP_STREAMING;
	evil(cfg.config.card, sizeof(cfg.config.card));
	vmedia_limits_default(&cfg.limits);
	if (vmedia_loop_create(&loop) || vmedia_device_create(loop, &cfg, &dev) ||
	    vmedia_server_create(dev, &opts, &srv))
		return 1;
	return vmedia_loop_run(loop) ? 1 : 0;
}
