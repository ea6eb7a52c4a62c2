/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From an ioctl's number to its handler: one table.
 */
#include "base/checked.h"
#include "v4l2/context.h"
#include "v4l2/dispatch.h"

/* A radio or tuner has no queues, and nothing of formats and buffers. */
static bool has_queues(const struct vmedia_ctx *ctx)
{
	return ctx->num_queues;
}

static bool has_ctrls(const struct vmedia_ctx *ctx)
{
	return ctx->ctrls.num;
}

/* ->has: does the context have what this is about? NULL: the handler sees to it. */
static const struct {
	int (*handle)(struct vmedia_file *f, struct vmedia_request *req);
	bool (*has)(const struct vmedia_ctx *ctx);
} rows[VMEDIA_NR_END] = {
	[VMEDIA_NR_ENUM_FMT] = { vmedia_do_enum_fmt, has_queues },
	[VMEDIA_NR_G_FMT] = { vmedia_do_g_fmt, has_queues },
	[VMEDIA_NR_S_FMT] = { vmedia_do_s_fmt, has_queues },
	[VMEDIA_NR_TRY_FMT] = { vmedia_do_try_fmt, has_queues },
	[VMEDIA_NR_ENUM_FRAMESIZES] = { vmedia_do_enum_framesizes, has_queues },
	[VMEDIA_NR_ENUM_FRAMEINTERVALS] = { vmedia_do_enum_frameintervals, NULL },
	[VMEDIA_NR_G_PARM] = { vmedia_do_g_parm, NULL },
	[VMEDIA_NR_S_PARM] = { vmedia_do_s_parm, NULL },
	[VMEDIA_NR_ENUMINPUT] = { vmedia_do_enuminput, NULL },
	[VMEDIA_NR_G_INPUT] = { vmedia_do_g_input, NULL },
	[VMEDIA_NR_S_INPUT] = { vmedia_do_s_input, NULL },
	[VMEDIA_NR_ENUMOUTPUT] = { vmedia_do_enumoutput, NULL },
	[VMEDIA_NR_G_OUTPUT] = { vmedia_do_g_output, NULL },
	[VMEDIA_NR_S_OUTPUT] = { vmedia_do_s_output, NULL },
	[VMEDIA_NR_G_SELECTION] = { vmedia_do_g_selection, NULL },
	[VMEDIA_NR_S_SELECTION] = { vmedia_do_s_selection, NULL },
	[VMEDIA_NR_CROPCAP] = { vmedia_do_cropcap, NULL },
	[VMEDIA_NR_G_CROP] = { vmedia_do_g_crop, NULL },
	[VMEDIA_NR_S_CROP] = { vmedia_do_s_crop, NULL },
	[VMEDIA_NR_G_PRIORITY] = { vmedia_do_g_priority, NULL },
	[VMEDIA_NR_S_PRIORITY] = { vmedia_do_s_priority, NULL },
	[VMEDIA_NR_REQBUFS] = { vmedia_do_reqbufs, has_queues },
	[VMEDIA_NR_CREATE_BUFS] = { vmedia_do_create_bufs, has_queues },
	[VMEDIA_NR_REMOVE_BUFS] = { vmedia_do_remove_bufs, has_queues },
	[VMEDIA_NR_QUERYBUF] = { vmedia_do_querybuf, has_queues },
	[VMEDIA_NR_PREPARE_BUF] = { vmedia_do_prepare_buf, has_queues },
	[VMEDIA_NR_QBUF] = { vmedia_do_qbuf, has_queues },
	[VMEDIA_NR_EXPBUF] = { vmedia_do_expbuf, has_queues },
	[VMEDIA_NR_STREAMON] = { vmedia_do_streamon, has_queues },
	[VMEDIA_NR_STREAMOFF] = { vmedia_do_streamoff, has_queues },
	[VMEDIA_NR_QUERYCTRL] = { vmedia_do_queryctrl, has_ctrls },
	[VMEDIA_NR_QUERY_EXT_CTRL] = { vmedia_do_query_ext_ctrl, has_ctrls },
	[VMEDIA_NR_QUERYMENU] = { vmedia_do_querymenu, has_ctrls },
	[VMEDIA_NR_G_CTRL] = { vmedia_do_g_ctrl, has_ctrls },
	[VMEDIA_NR_S_CTRL] = { vmedia_do_s_ctrl, has_ctrls },
	[VMEDIA_NR_G_EXT_CTRLS] = { vmedia_do_g_ext_ctrls, has_ctrls },
	[VMEDIA_NR_S_EXT_CTRLS] = { vmedia_do_s_ext_ctrls, has_ctrls },
	[VMEDIA_NR_TRY_EXT_CTRLS] = { vmedia_do_try_ext_ctrls, has_ctrls },
	[VMEDIA_NR_SUBSCRIBE_EVENT] = { vmedia_do_subscribe, NULL },
	[VMEDIA_NR_UNSUBSCRIBE_EVENT] = { vmedia_do_unsubscribe, NULL },
	[VMEDIA_NR_DECODER_CMD] = { vmedia_do_codec_cmd, NULL },
	[VMEDIA_NR_TRY_DECODER_CMD] = { vmedia_do_codec_cmd, NULL },
	[VMEDIA_NR_ENCODER_CMD] = { vmedia_do_codec_cmd, NULL },
	[VMEDIA_NR_TRY_ENCODER_CMD] = { vmedia_do_codec_cmd, NULL },
};

int vmedia_video_ioctl(struct vmedia_file *f, struct vmedia_request *req)
{
	const struct vmedia_video_ops *ops = f->ctx->v->ops;
	uint8_t nr = vmedia_request_ioctl(req)->info->nr;
	int err;

	if (ops->intercept) {
		err = ops->intercept(f->ctx, req);
		if (err != VMEDIA_NOT_MINE)
			return err;
	}
	if (nr >= VMEDIA_ARRAY_SIZE(rows) || !rows[nr].handle ||
	    (rows[nr].has && !rows[nr].has(f->ctx)))
		return vmedia_do_fallback(f, req);
	return rows[nr].handle(f, req);
}
