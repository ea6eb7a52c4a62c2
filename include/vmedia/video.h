/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The framework: what a kernel gives its V4L2 drivers, for devices in user space.
 *
 * A device describes its formats, controls and queues; the framework answers ENUM_*, G/S/TRY_*, the buffer ioctls
 * with videobuf2's states and errors, controls with the control framework's, events, priority, selections' and crops'
 * relations, and M2M rules. Three levels, each built on the next:
 *
 *   struct vmedia_capture_ops	a frame source: "fill this buffer" at the frame's time, on a worker thread
 *   struct vmedia_queue_ops	one buffer queue of any type, with ownership callbacks as videobuf2 has them
 *   struct vmedia_video_ops	per-device and per-session hooks; anything not handled falls to ->ioctl()
 *
 * Names follow the kernel's: a queue is a vb2_queue, a context is what v4l2-mem2mem calls one.
 */
#ifndef VMEDIA_VIDEO_H
#define VMEDIA_VIDEO_H

#include <vmedia/device.h>

#endif /* VMEDIA_VIDEO_H */
