/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Handlers of ioctls: (session's file, request) -> errno. dispatch.c has the table of them.
 *
 * Security model: a request's structure is a private copy that core decoded and bounded; every
 * field of it is still the guest's choice. Handlers check each before use as an index, a size or a
 * type, and clear what V4L2 says is reserved.
 */
#ifndef VMEDIA_V4L2_DISPATCH_H
#define VMEDIA_V4L2_DISPATCH_H

#include <vmedia/device.h>

struct vmedia_file;

#define VMEDIA_HANDLER(name) int vmedia_do_##name(struct vmedia_file *f, struct vmedia_request *req)
VMEDIA_HANDLER(enum_fmt);
VMEDIA_HANDLER(g_fmt);
VMEDIA_HANDLER(s_fmt);
VMEDIA_HANDLER(try_fmt);
VMEDIA_HANDLER(enum_framesizes);
VMEDIA_HANDLER(enum_frameintervals);
VMEDIA_HANDLER(g_parm);
VMEDIA_HANDLER(s_parm);
VMEDIA_HANDLER(enuminput);
VMEDIA_HANDLER(g_input);
VMEDIA_HANDLER(s_input);
VMEDIA_HANDLER(enumoutput);
VMEDIA_HANDLER(g_output);
VMEDIA_HANDLER(s_output);
VMEDIA_HANDLER(g_selection);
VMEDIA_HANDLER(s_selection);
VMEDIA_HANDLER(cropcap);
VMEDIA_HANDLER(g_crop);
VMEDIA_HANDLER(s_crop);
VMEDIA_HANDLER(g_priority);
VMEDIA_HANDLER(s_priority);
VMEDIA_HANDLER(reqbufs);
VMEDIA_HANDLER(create_bufs);
VMEDIA_HANDLER(remove_bufs);
VMEDIA_HANDLER(querybuf);
VMEDIA_HANDLER(prepare_buf);
VMEDIA_HANDLER(qbuf);
VMEDIA_HANDLER(expbuf);
VMEDIA_HANDLER(streamon);
VMEDIA_HANDLER(streamoff);
VMEDIA_HANDLER(queryctrl);
VMEDIA_HANDLER(query_ext_ctrl);
VMEDIA_HANDLER(querymenu);
VMEDIA_HANDLER(g_ctrl);
VMEDIA_HANDLER(s_ctrl);
VMEDIA_HANDLER(g_ext_ctrls);
VMEDIA_HANDLER(s_ext_ctrls);
VMEDIA_HANDLER(try_ext_ctrls);
VMEDIA_HANDLER(subscribe);
VMEDIA_HANDLER(unsubscribe);
VMEDIA_HANDLER(codec_cmd);

/* The table of handlers, with the hooks around it. */
int vmedia_video_ioctl(struct vmedia_file *f, struct vmedia_request *req);

#endif /* VMEDIA_V4L2_DISPATCH_H */
