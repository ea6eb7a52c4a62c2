/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A UVC camera without a bus: it answers control requests, and gives the payloads of its bulk
 * endpoint. usbip.h puts it on a bus.
 *
 * Every frame has a number, the first of a stream is 0 (picture.h). A frame whose time comes before
 * the host has taken the one before is lost, as with a real camera: its number is missing.
 */
#ifndef TESTS_UVC_CAMERA_H
#define TESTS_UVC_CAMERA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "uvc.h"

enum uvc_format { UVC_MJPG = 1, UVC_YUYV, UVC_FORMATS_END };	/* bFormatIndex */

#define UVC_SIZES	4
#define UVC_INTERVALS	4

/* A size of a format: its bFrameIndex is its place in the list and 1. */
struct uvc_size {
	uint16_t width, height;
	uint32_t intervals[UVC_INTERVALS];	/* 100 ns, the shortest first; 0 ends the list */
};

extern const struct uvc_size uvc_sizes[UVC_FORMATS_END][UVC_SIZES];

/* What the host and the camera agreed on. */
struct uvc_choice {
	uint8_t format, size;	/* as bFormatIndex and bFrameIndex */
	uint32_t interval;
};

#define UVC_PAYLOAD	16384	/* most bytes of a payload, its header included */

enum uvc_ctrl {
	UVC_CTRL_AE_MODE, UVC_CTRL_EXPOSURE, UVC_CTRL_BRIGHTNESS, UVC_CTRL_CONTRAST, UVC_CTRL_GAIN,
	UVC_CTRLS
};

struct uvc_camera {
	const char *serial;
	int32_t ctrl[UVC_CTRLS];
	uint8_t error;			/* of the last request: UVC_ERROR_* */
	uint8_t configuration;
	struct uvc_choice probe, commit;
	bool committed, streaming;
	int64_t next_ns;		/* when the next frame is there */
	uint32_t number;		/* of the next frame */
	uint8_t *frame;			/* the one that is being sent; of frame_room bytes */
	size_t frame_room, frame_size, frame_at;
	bool fid;			/* changes with each frame */
};

struct uvc_setup {
	uint8_t request_type, request;
	uint16_t value, index, length;
};

/* @serial is kept. */
void uvc_camera_init(struct uvc_camera *c, const char *serial);
void uvc_camera_finish(struct uvc_camera *c);

/*
 * A control request. @data: what the host sends, @size bytes, or room for @size of the answer.
 * Returns the number of bytes of the answer, 0 for one that sends; -EPIPE: it is refused.
 */
int uvc_camera_control(struct uvc_camera *c, const struct uvc_setup *s, uint8_t *data, size_t size);

/* The host asks for video: a stream that was agreed on begins. */
void uvc_camera_start(struct uvc_camera *c, int64_t now_ns);
/* Make the frame whose time has come, if one has. */
void uvc_camera_tick(struct uvc_camera *c, int64_t now_ns);
/* Bytes of the next payload; 0 if there is none yet. @size: at least UVC_PAYLOAD. */
size_t uvc_camera_payload(struct uvc_camera *c, uint8_t *buf, size_t size);

/* descriptors.c: a descriptor. Returns its length, at most @size; -EPIPE: there is none. */
int uvc_descriptor(const struct uvc_camera *c, uint8_t type, uint8_t index, uint8_t *buf,
		   size_t size);
/* Most bytes of a frame. */
uint32_t uvc_frame_max(const struct uvc_choice *choice);
/* The size that was agreed on. */
const struct uvc_size *uvc_choice_size(const struct uvc_choice *choice);

/* controls.c: requests of the video class, as uvc_camera_control(). */
int uvc_class_request(struct uvc_camera *c, const struct uvc_setup *s, uint8_t *data, size_t size);
void uvc_controls_init(struct uvc_camera *c);

#endif /* TESTS_UVC_CAMERA_H */
