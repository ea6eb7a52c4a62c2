// SPDX-License-Identifier: BSD-3-Clause
/*
 * A decoder for the script "media" (tests/e2e) that says what no decoder says, and decodes nothing.
 *
 * usage: hostile-decoder SOCKET flood | sizes | visible | planes
 *
 *	flood	the size of the pictures changes, without an end
 *	sizes	pictures have 4294967295 x 4294967295 pixels
 *	visible	more of a picture is visible than it has
 *	planes	pictures have 8 planes of memory
 */
#include <errno.h>
#include <string.h>

#include <linux/videodev2.h>
#include <vmedia/loop.h>
#include <vmedia/serve.h>

static const char *mode;
static bool asked;	/* somebody subscribed to events */
static bool told;	/* of a size */

static bool is(const char *name)
{
	return !strcmp(mode, name);
}

static void format(struct vmedia_format *f)
{
	struct vmedia_pix_format_mplane *p = &f->fmt.pix_mp;
	bool output = f->type == V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE;

	*p = (struct vmedia_pix_format_mplane){ .width = 64, .height = 48, .num_planes = 1 };
	p->pixelformat = output ? V4L2_PIX_FMT_MJPEG : V4L2_PIX_FMT_NV12;
	p->plane_fmt[0].sizeimage = output ? 65536 : 4608;
	p->plane_fmt[0].bytesperline = output ? 0 : 64;
	if (!output && is("sizes"))
		p->width = p->height = UINT32_MAX;
	if (!output && is("planes"))
		p->num_planes = 8;
}

static int answer(struct vmedia_session *s, struct vmedia_request *req)
{
	struct vmedia_ioctl *io = vmedia_request_ioctl(req);
	union vmedia_payload *a = &io->arg;

	switch (io->info->nr) {
	case VMEDIA_NR_ENUM_FMT:
		if (a->fmtdesc.index)
			return -EINVAL;
		a->fmtdesc.pixelformat = V4L2_PIX_FMT_NV12;
		if (a->fmtdesc.type == V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE) {
			a->fmtdesc.pixelformat = V4L2_PIX_FMT_MJPEG;
			a->fmtdesc.flags = V4L2_FMT_FLAG_COMPRESSED;
		}
		return 0;
	case VMEDIA_NR_G_FMT:
	case VMEDIA_NR_S_FMT:
	case VMEDIA_NR_TRY_FMT:
		format(&a->format);
		return 0;
	case VMEDIA_NR_G_SELECTION:
		if (!is("visible"))
			return -EINVAL;
		a->selection.r = (struct vmedia_rect){ INT32_MAX, 2, UINT32_MAX, 47 };
		return 0;
	case VMEDIA_NR_SUBSCRIBE_EVENT:
		asked = true;
		return 0;
	case VMEDIA_NR_QBUF:
		if (asked)
			vmedia_session_wake(s);
		return 0;
	case VMEDIA_NR_REQBUFS:
	case VMEDIA_NR_STREAMON:
	case VMEDIA_NR_STREAMOFF:
		return 0;
	}
	return -ENOTTY;
}

static bool next_event(struct vmedia_session *s, struct vmedia_evt *evt)
{
	if (!asked || (told && !is("flood")))
		return false;
	told = true;
	*evt = (struct vmedia_evt){ .type = VMEDIA_EVT_EVENT };
	evt->event.type = V4L2_EVENT_SOURCE_CHANGE;
	evt->event.u.src_change.changes = V4L2_EVENT_SRC_CH_RESOLUTION;
	return true;
}

static int opened(struct vmedia_session *s)
{
	asked = told = false;
	return 0;
}

static void closed(struct vmedia_session *s)
{
}

static int no_mmap(struct vmedia_session *s, uint32_t offset, struct vmedia_plane_map *map)
{
	return -EINVAL;
}

int main(int argc, char **argv)
{
	static const struct vmedia_device_ops ops = {
		.open = opened, .close = closed, .ioctl = answer, .mmap = no_mmap,
		.next_event = next_event,
	};
	struct vmedia_device_config cfg = { .ops = &ops };
	struct vmedia_server_options opts = { .fd = -1 };
	struct vmedia_server *srv = NULL;
	struct vmedia_device *dev = NULL;
	struct vmedia_loop *loop = NULL;

	if (argc != 3)
		return 2;
	mode = argv[2];
	opts.socket_path = argv[1];
	cfg.config.device_caps = V4L2_CAP_VIDEO_M2M_MPLANE | V4L2_CAP_STREAMING;
	vmedia_limits_default(&cfg.limits);
	if (vmedia_loop_create(&loop) || vmedia_device_create(loop, &cfg, &dev) ||
	    vmedia_server_create(dev, &opts, &srv))
		return 1;
	return vmedia_loop_run(loop) ? 1 : 0;
}
