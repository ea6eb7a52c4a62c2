/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages of libav* in the library's log. */
#ifndef VMEDIA_CAMERA_AVLOG_H
#define VMEDIA_CAMERA_AVLOG_H

/* From now on what libav* says is logged as debug messages. Context: before serving. */
void vmedia_camera_log_libav(void);

#endif
