/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Handlers of ioctls. Arguments: the session's file and the request. Result: 0 or a negative errno.
 *
 * Security model: a request's structure is a private copy that core has decoded and bounded, but
 * the guest still chooses the value of each field. Handlers check a field before they use it as an
 * index, a size or a type, and clear the fields that V4L2 reserves.
 */
#ifndef VMEDIA_V4L2_DISPATCH_H
#define VMEDIA_V4L2_DISPATCH_H

#include <vmedia/device.h>

struct vmedia_file;

/*
 * X(ioctl, handler, has): the handler answers if has_##has() is true for the context, else the
 * device's ->ioctl().
 */
#define VMEDIA_HANDLERS(X) \
	X(ENUM_FMT, enum_fmt, queues) \
	X(G_FMT, g_fmt, queues) \
	X(S_FMT, s_fmt, queues) \
	X(TRY_FMT, try_fmt, queues) \
	X(ENUM_FRAMESIZES, enum_framesizes, queues) \
	X(ENUM_FRAMEINTERVALS, enum_frameintervals, any) \
	X(G_PARM, g_parm, any) \
	X(S_PARM, s_parm, any) \
	X(ENUMINPUT, enuminput, any) \
	X(G_INPUT, g_input, any) \
	X(S_INPUT, s_input, any) \
	X(ENUMOUTPUT, enumoutput, any) \
	X(G_OUTPUT, g_output, any) \
	X(S_OUTPUT, s_output, any) \
	X(G_SELECTION, g_selection, any) \
	X(S_SELECTION, s_selection, any) \
	X(CROPCAP, cropcap, any) \
	X(G_CROP, g_crop, any) \
	X(S_CROP, s_crop, any) \
	X(G_PRIORITY, g_priority, any) \
	X(S_PRIORITY, s_priority, any) \
	X(REQBUFS, reqbufs, queues) \
	X(CREATE_BUFS, create_bufs, queues) \
	X(REMOVE_BUFS, remove_bufs, queues) \
	X(QUERYBUF, querybuf, queues) \
	X(PREPARE_BUF, prepare_buf, queues) \
	X(QBUF, qbuf, queues) \
	X(EXPBUF, expbuf, queues) \
	X(STREAMON, streamon, queues) \
	X(STREAMOFF, streamoff, queues) \
	X(QUERYCTRL, queryctrl, ctrls) \
	X(QUERY_EXT_CTRL, query_ext_ctrl, ctrls) \
	X(QUERYMENU, querymenu, ctrls) \
	X(G_CTRL, g_ctrl, ctrls) \
	X(S_CTRL, s_ctrl, ctrls) \
	X(G_EXT_CTRLS, g_ext_ctrls, ctrls) \
	X(S_EXT_CTRLS, s_ext_ctrls, ctrls) \
	X(TRY_EXT_CTRLS, try_ext_ctrls, ctrls) \
	X(SUBSCRIBE_EVENT, subscribe, any) \
	X(UNSUBSCRIBE_EVENT, unsubscribe, any) \
	X(DECODER_CMD, codec_cmd, any) \
	X(TRY_DECODER_CMD, codec_cmd, any) \
	X(ENCODER_CMD, codec_cmd, any) \
	X(TRY_ENCODER_CMD, codec_cmd, any)

#define VMEDIA_HANDLER(nr, name, has)								\
	int vmedia_do_##name(struct vmedia_file *f, struct vmedia_request *req);
VMEDIA_HANDLERS(VMEDIA_HANDLER)

/* Call the handler of the request's ioctl, and the device's hooks before and after the table. */
int vmedia_video_ioctl(struct vmedia_file *f, struct vmedia_request *req);

#endif /* VMEDIA_V4L2_DISPATCH_H */
