/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The camera: standard requests, and the stream.
 *
 * A payload is a header of two bytes and a part of a frame. The header's first bit (FID) changes
 * with each frame, its second (EOF) is set in the last payload of one. A host that ends a stream of
 * a bulk endpoint clears the endpoint's halt.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "camera.h"
#include "picture.h"

#define HEADER		2
#define HEADER_FID	0x01
#define HEADER_EOF	0x02
#define HEADER_EOH	0x80	/* no more bytes of header follow */

void uvc_camera_init(struct uvc_camera *c, const char *serial)
{
	*c = (struct uvc_camera){ .serial = serial };
	c->probe = (struct uvc_choice){ UVC_MJPG, 1, uvc_sizes[UVC_MJPG][0].intervals[0] };
	uvc_controls_init(c);
}

void uvc_camera_finish(struct uvc_camera *c)
{
	free(c->frame);
	c->frame = NULL;
}

static void stop(struct uvc_camera *c)
{
	c->committed = c->streaming = false;
	c->frame_size = c->frame_at = 0;
}

/* ---- Control requests ---- */

static int zeroes(uint8_t *data, size_t size, size_t n)
{
	n = n < size ? n : size;
	memset(data, 0, n);
	return (int)n;
}

static int one(uint8_t *data, size_t size, uint8_t value)
{
	if (size)
		data[0] = value;
	return size ? 1 : 0;
}

static int standard_in(struct uvc_camera *c, const struct uvc_setup *s, uint8_t *data, size_t size)
{
	switch (s->request) {
	case USB_GET_DESCRIPTOR:
		return uvc_descriptor(c, (uint8_t)(s->value >> 8), (uint8_t)s->value, data, size);
	case USB_GET_CONFIGURATION:
		return one(data, size, c->configuration);
	case USB_GET_STATUS:
		return zeroes(data, size, 2);
	case USB_GET_INTERFACE:
		return one(data, size, 0);
	default:
		return -EPIPE;
	}
}

static int standard_out(struct uvc_camera *c, const struct uvc_setup *s)
{
	switch (s->request) {
	case USB_SET_CONFIGURATION:
		if (s->value > 1)
			return -EPIPE;
		c->configuration = (uint8_t)s->value;
		stop(c);
		return 0;
	case USB_SET_INTERFACE:
		if (s->value)
			return -EPIPE;
		if (s->index == UVC_IF_STREAMING)
			stop(c);
		return 0;
	case USB_CLEAR_FEATURE:
		if ((s->request_type & 0x1f) == 2 && s->index == (0x80 | UVC_EP_VIDEO))
			stop(c);
		return 0;
	case USB_SET_FEATURE:
		return 0;
	default:
		return -EPIPE;
	}
}

int uvc_camera_control(struct uvc_camera *c, const struct uvc_setup *s, uint8_t *data, size_t size)
{
	if (size > s->length)
		size = s->length;
	switch (s->request_type & USB_TYPE_MASK) {
	case USB_STANDARD_IN:
		return standard_in(c, s, data, size);
	case USB_STANDARD_OUT:
		return standard_out(c, s);
	case USB_CLASS_IN:
	case USB_CLASS_OUT:
		return uvc_class_request(c, s, data, size);
	default:
		return -EPIPE;
	}
}

/* ---- The stream ---- */

void uvc_camera_start(struct uvc_camera *c, int64_t now_ns)
{
	if (!c->committed || c->streaming)
		return;
	c->streaming = true;
	c->number = 0;
	c->frame_size = c->frame_at = 0;
	c->next_ns = now_ns + (int64_t)c->commit.interval * 100;
}

static void make_frame(struct uvc_camera *c)
{
	const struct uvc_size *s = uvc_choice_size(&c->commit);
	struct picture p = { c->number, s->width, s->height, c->ctrl[UVC_CTRL_BRIGHTNESS] };
	uint32_t most = uvc_frame_max(&c->commit);

	if (c->frame_room < most) {
		free(c->frame);
		c->frame = malloc(most);
		c->frame_room = c->frame ? most : 0;
	}
	if (!c->frame)
		return;
	c->frame_size = c->commit.format == UVC_MJPG ? picture_jpeg(&p, c->frame) :
						       picture_yuyv(&p, c->frame);
	c->frame_at = 0;
	c->fid = !c->fid;
}

void uvc_camera_tick(struct uvc_camera *c, int64_t now_ns)
{
	int64_t interval = (int64_t)c->commit.interval * 100, passed;

	if (!c->streaming || now_ns < c->next_ns)
		return;
	/* Of frames whose time has passed, the last one is the picture. */
	passed = (now_ns - c->next_ns) / interval;
	c->number += (uint32_t)passed;
	c->next_ns += (passed + 1) * interval;
	if (c->frame_at == c->frame_size)
		make_frame(c);
	c->number++;
}

size_t uvc_camera_payload(struct uvc_camera *c, uint8_t *buf, size_t size)
{
	size_t n = c->frame_size - c->frame_at;

	if (!c->streaming || n == 0 || size <= HEADER)
		return 0;
	if (n > size - HEADER)
		n = size - HEADER;
	buf[0] = HEADER;
	buf[1] = (uint8_t)(HEADER_EOH | (c->fid ? HEADER_FID : 0));
	memcpy(buf + HEADER, c->frame + c->frame_at, n);
	c->frame_at += n;
	if (c->frame_at == c->frame_size)
		buf[1] |= HEADER_EOF;
	return n + HEADER;
}
