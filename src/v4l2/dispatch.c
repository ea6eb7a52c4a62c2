/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From an ioctl's number to its handler: one table.
 */
#include "base/checked.h"
#include "v4l2/context.h"
#include "v4l2/dispatch.h"

typedef int (*handler)(struct vmedia_file *f, struct vmedia_request *req);

static const handler handlers[VMEDIA_NR_END] = {
	[VMEDIA_NR_ENUM_FMT] = vmedia_do_enum_fmt,
	[VMEDIA_NR_G_FMT] = vmedia_do_g_fmt,
	[VMEDIA_NR_S_FMT] = vmedia_do_s_fmt,
	[VMEDIA_NR_TRY_FMT] = vmedia_do_try_fmt,
	[VMEDIA_NR_ENUM_FRAMESIZES] = vmedia_do_enum_framesizes,
	[VMEDIA_NR_ENUM_FRAMEINTERVALS] = vmedia_do_enum_frameintervals,
	[VMEDIA_NR_G_PARM] = vmedia_do_g_parm,
	[VMEDIA_NR_S_PARM] = vmedia_do_s_parm,
	[VMEDIA_NR_ENUMINPUT] = vmedia_do_enuminput,
	[VMEDIA_NR_G_INPUT] = vmedia_do_g_input,
	[VMEDIA_NR_S_INPUT] = vmedia_do_s_input,
	[VMEDIA_NR_ENUMOUTPUT] = vmedia_do_enumoutput,
	[VMEDIA_NR_G_OUTPUT] = vmedia_do_g_output,
	[VMEDIA_NR_S_OUTPUT] = vmedia_do_s_output,
	[VMEDIA_NR_G_SELECTION] = vmedia_do_g_selection,
	[VMEDIA_NR_S_SELECTION] = vmedia_do_s_selection,
	[VMEDIA_NR_CROPCAP] = vmedia_do_cropcap,
	[VMEDIA_NR_G_CROP] = vmedia_do_g_crop,
	[VMEDIA_NR_S_CROP] = vmedia_do_s_crop,
	[VMEDIA_NR_G_PRIORITY] = vmedia_do_g_priority,
	[VMEDIA_NR_S_PRIORITY] = vmedia_do_s_priority,
	[VMEDIA_NR_REQBUFS] = vmedia_do_reqbufs,
	[VMEDIA_NR_CREATE_BUFS] = vmedia_do_create_bufs,
	[VMEDIA_NR_REMOVE_BUFS] = vmedia_do_remove_bufs,
	[VMEDIA_NR_QUERYBUF] = vmedia_do_querybuf,
	[VMEDIA_NR_PREPARE_BUF] = vmedia_do_prepare_buf,
	[VMEDIA_NR_QBUF] = vmedia_do_qbuf,
	[VMEDIA_NR_EXPBUF] = vmedia_do_expbuf,
	[VMEDIA_NR_STREAMON] = vmedia_do_streamon,
	[VMEDIA_NR_STREAMOFF] = vmedia_do_streamoff,
	[VMEDIA_NR_QUERYCTRL] = vmedia_do_queryctrl,
	[VMEDIA_NR_QUERY_EXT_CTRL] = vmedia_do_query_ext_ctrl,
	[VMEDIA_NR_QUERYMENU] = vmedia_do_querymenu,
	[VMEDIA_NR_G_CTRL] = vmedia_do_g_ctrl,
	[VMEDIA_NR_S_CTRL] = vmedia_do_s_ctrl,
	[VMEDIA_NR_G_EXT_CTRLS] = vmedia_do_g_ext_ctrls,
	[VMEDIA_NR_S_EXT_CTRLS] = vmedia_do_s_ext_ctrls,
	[VMEDIA_NR_TRY_EXT_CTRLS] = vmedia_do_try_ext_ctrls,
	[VMEDIA_NR_SUBSCRIBE_EVENT] = vmedia_do_subscribe,
	[VMEDIA_NR_UNSUBSCRIBE_EVENT] = vmedia_do_unsubscribe,
	[VMEDIA_NR_DECODER_CMD] = vmedia_do_codec_cmd,
	[VMEDIA_NR_TRY_DECODER_CMD] = vmedia_do_codec_cmd,
	[VMEDIA_NR_ENCODER_CMD] = vmedia_do_codec_cmd,
	[VMEDIA_NR_TRY_ENCODER_CMD] = vmedia_do_codec_cmd,
};

/* A radio or tuner has no queues, and nothing of formats and buffers. */
static bool needs_queue(uint8_t nr)
{
	switch (nr) {
	case VMEDIA_NR_ENUM_FMT:
	case VMEDIA_NR_G_FMT:
	case VMEDIA_NR_S_FMT:
	case VMEDIA_NR_TRY_FMT:
	case VMEDIA_NR_REQBUFS:
	case VMEDIA_NR_CREATE_BUFS:
	case VMEDIA_NR_REMOVE_BUFS:
	case VMEDIA_NR_QUERYBUF:
	case VMEDIA_NR_PREPARE_BUF:
	case VMEDIA_NR_QBUF:
	case VMEDIA_NR_EXPBUF:
	case VMEDIA_NR_STREAMON:
	case VMEDIA_NR_STREAMOFF:
	case VMEDIA_NR_ENUM_FRAMESIZES:
		return true;
	default:
		return false;
	}
}

int vmedia_video_ioctl(struct vmedia_file *f, struct vmedia_request *req)
{
	const struct vmedia_video_ops *ops = f->ctx->v->ops;
	uint8_t nr = vmedia_request_ioctl(req)->info->nr;
	handler h = nr < VMEDIA_ARRAY_SIZE(handlers) ? handlers[nr] : NULL;
	int err;

	if (ops->intercept) {
		err = ops->intercept(f->ctx, req);
		if (err != VMEDIA_NOT_MINE)
			return err;
	}
	if (!h || (needs_queue(nr) && !f->ctx->num_queues))
		return vmedia_do_fallback(f, req);
	return h(f, req);
}
