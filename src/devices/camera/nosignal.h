/* SPDX-License-Identifier: BSD-3-Clause */
/* The picture that says "NO SIGNAL". */
#ifndef VMEDIA_CAMERA_NOSIGNAL_H
#define VMEDIA_CAMERA_NOSIGNAL_H

#include <libavutil/frame.h>

/* Returns a frame of AV_PIX_FMT_YUV420P for av_frame_free(), or NULL if there is no memory. */
AVFrame *vmedia_camera_no_signal(void);

#endif
