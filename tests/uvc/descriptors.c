/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The camera's descriptors: a device with one configuration, whose two interfaces are one function.
 * The streaming interface has one setting with a bulk endpoint; by that a host knows that it is not
 * isochronous.
 */
#include <errno.h>
#include <string.h>

#include "camera.h"

#define FPS(n) (10000000 / (n))

const struct uvc_size uvc_sizes[UVC_FORMATS_END][UVC_SIZES] = {
	[UVC_MJPG] = {
		{ 640, 480, { FPS(30), FPS(15), FPS(5) } },
		{ 160, 120, { FPS(30), FPS(15), FPS(10), FPS(5) } },
		{ 320, 240, { FPS(30), FPS(15), FPS(5) } },
		{ 1280, 720, { FPS(30), FPS(15) } },
	},
	[UVC_YUYV] = {
		{ 640, 480, { FPS(30), FPS(15), FPS(5) } },
		{ 160, 120, { FPS(30), FPS(15), FPS(10), FPS(5) } },
		{ 320, 240, { FPS(30), FPS(15), FPS(5) } },
		{ 1280, 720, { FPS(10), FPS(5) } },
	},
};

const struct uvc_size *uvc_choice_size(const struct uvc_choice *choice)
{
	return &uvc_sizes[choice->format][choice->size - 1];
}

uint32_t uvc_frame_max(const struct uvc_choice *choice)
{
	const struct uvc_size *s = uvc_choice_size(choice);

	return (uint32_t)s->width * s->height * 2;
}

/* Bytes that are appended; what does not fit is counted and left out. */
struct out {
	uint8_t *bytes;
	size_t size, used;
};

static void put(struct out *o, const void *p, size_t n)
{
	if (o->used + n <= o->size)
		memcpy(o->bytes + o->used, p, n);
	o->used += n;
}

static void put8(struct out *o, unsigned int v)
{
	uint8_t b = (uint8_t)v;

	put(o, &b, 1);
}

static void put16(struct out *o, uint32_t v)
{
	uint8_t b[2];

	uvc_put16(b, v);
	put(o, b, sizeof(b));
}

static void put32(struct out *o, uint32_t v)
{
	uint8_t b[4];

	uvc_put32(b, v);
	put(o, b, sizeof(b));
}

/* A length that is known at the end is written over the place that was left for it. */
static void end_length(struct out *o, size_t begin, size_t place)
{
	if (o->used <= o->size)
		uvc_put16(o->bytes + place, (uint32_t)(o->used - begin));
}

static void device(struct out *o)
{
	const uint8_t desc[] = { 18, USB_DESC_DEVICE, 0x00, 0x02, 0xef, 0x02, 0x01, 64,
				 /* 1209:0001, which pid.codes leaves for tests */
				 0x09, 0x12, 0x01, 0x00, 0x00, 0x01, 1, 2, 3, 1 };

	put(o, desc, sizeof(desc));
}

static void interface(struct out *o, unsigned int number, unsigned int endpoints,
		      unsigned int subclass)
{
	const uint8_t desc[] = { 9, USB_DESC_INTERFACE, (uint8_t)number, 0, (uint8_t)endpoints,
				 0x0e, (uint8_t)subclass, 0, 0 };

	put(o, desc, sizeof(desc));
}

/* A camera, what processes its pictures, and the stream to the host. */
static void control_interface(struct out *o)
{
	const uint8_t camera[] = { 18, USB_DESC_CS_INTERFACE, 0x02, UVC_CAMERA_TERMINAL, 0x01, 0x02,
				   0, 0, 0, 0, 0, 0, 0, 0, 3, 0x0a, 0, 0 };
	const uint8_t processing[] = { 12, USB_DESC_CS_INTERFACE, 0x05, UVC_PROCESSING_UNIT,
				       UVC_CAMERA_TERMINAL, 0, 0, 2, 0x03, 0x02, 0, 0 };
	const uint8_t output[] = { 9, USB_DESC_CS_INTERFACE, 0x03, UVC_OUTPUT_TERMINAL, 0x01, 0x01,
				   0, UVC_PROCESSING_UNIT, 0 };
	size_t begin;

	interface(o, UVC_IF_CONTROL, 0, 1);
	begin = o->used;
	put8(o, 13);
	put8(o, USB_DESC_CS_INTERFACE);
	put8(o, 0x01);
	put16(o, 0x0110);
	put16(o, 0); /* length, below */
	put32(o, 48000000);
	put8(o, 1);
	put8(o, UVC_IF_STREAMING);
	put(o, camera, sizeof(camera));
	put(o, processing, sizeof(processing));
	put(o, output, sizeof(output));
	end_length(o, begin, begin + 5);
}

static void size(struct out *o, unsigned int format, unsigned int index)
{
	const struct uvc_size *s = &uvc_sizes[format][index];
	uint32_t bytes = (uint32_t)s->width * s->height * 2, n = 0;

	while (n < UVC_INTERVALS && s->intervals[n])
		n++;
	put8(o, 26 + 4 * n);
	put8(o, USB_DESC_CS_INTERFACE);
	put8(o, format == UVC_MJPG ? 0x07 : 0x05);
	put8(o, index + 1);
	put8(o, 0);
	put16(o, s->width);
	put16(o, s->height);
	put32(o, bytes * 8 * (10000000 / s->intervals[n - 1]));
	put32(o, bytes * 8 * (10000000 / s->intervals[0]));
	put32(o, bytes);
	put32(o, s->intervals[0]);
	put8(o, n);
	for (uint32_t i = 0; i < n; i++)
		put32(o, s->intervals[i]);
}

static void format(struct out *o, unsigned int format)
{
	static const uint8_t yuy2[] = { 'Y', 'U', 'Y', '2', 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0,
					0x38, 0x9b, 0x71 };
	const uint8_t colours[] = { 6, USB_DESC_CS_INTERFACE, 0x0d, 1, 1, 4 };

	put8(o, format == UVC_MJPG ? 11 : 27);
	put8(o, USB_DESC_CS_INTERFACE);
	put8(o, format == UVC_MJPG ? 0x06 : 0x04);
	put8(o, format);
	put8(o, UVC_SIZES);
	if (format == UVC_MJPG) {
		put8(o, 0);
	} else {
		put(o, yuy2, sizeof(yuy2));
		put8(o, 16);
	}
	put8(o, 1); /* the first size is the default */
	put32(o, 0);
	for (unsigned int i = 0; i < UVC_SIZES; i++)
		size(o, format, i);
	put(o, colours, sizeof(colours));
}

static void streaming_interface(struct out *o)
{
	const uint8_t endpoint[] = { 7, USB_DESC_ENDPOINT, 0x80 | UVC_EP_VIDEO, 2,
				     UVC_MAX_PACKET & 0xff, UVC_MAX_PACKET >> 8, 0 };
	size_t begin;

	interface(o, UVC_IF_STREAMING, 1, 2);
	begin = o->used;
	put8(o, 15);
	put8(o, USB_DESC_CS_INTERFACE);
	put8(o, 0x01);
	put8(o, 2); /* formats */
	put16(o, 0); /* length, below */
	put8(o, 0x80 | UVC_EP_VIDEO);
	put8(o, 0);
	put8(o, UVC_OUTPUT_TERMINAL);
	put8(o, 0); /* no still pictures, no button */
	put8(o, 0);
	put8(o, 0);
	put8(o, 1);
	put8(o, 0);
	put8(o, 0);
	format(o, UVC_MJPG);
	format(o, UVC_YUYV);
	end_length(o, begin, begin + 4);
	put(o, endpoint, sizeof(endpoint));
}

static void configuration(struct out *o)
{
	const uint8_t association[] = { 8, USB_DESC_ASSOCIATION, UVC_IF_CONTROL, 2, 0x0e, 0x03, 0,
					2 };

	put8(o, 9);
	put8(o, USB_DESC_CONFIG);
	put16(o, 0); /* length, below */
	put8(o, 2);
	put8(o, 1);
	put8(o, 0);
	put8(o, 0x80);
	put8(o, 250);
	put(o, association, sizeof(association));
	control_interface(o);
	streaming_interface(o);
	end_length(o, 0, 2);
}

static void string(struct out *o, const char *text)
{
	size_t n = strlen(text) < 126 ? strlen(text) : 126;

	put8(o, (unsigned int)(2 + 2 * n));
	put8(o, USB_DESC_STRING);
	for (size_t i = 0; i < n; i++)
		put16(o, (uint8_t)text[i]);
}

static int strings(const struct uvc_camera *c, struct out *o, uint8_t index)
{
	const char *const text[] = { "", "vmedia", "vmedia test camera", c->serial };

	if (index >= sizeof(text) / sizeof(text[0]))
		return -EPIPE;
	if (index) {
		string(o, text[index]);
	} else {
		put8(o, 4);
		put8(o, USB_DESC_STRING);
		put16(o, 0x0409); /* English */
	}
	return 0;
}

int uvc_descriptor(const struct uvc_camera *c, uint8_t type, uint8_t index, uint8_t *buf,
		   size_t size)
{
	uint8_t all[1024];
	struct out o = { all, sizeof(all), 0 };
	size_t n;

	switch (type) {
	case USB_DESC_DEVICE:
		device(&o);
		break;
	case USB_DESC_CONFIG:
		configuration(&o);
		break;
	case USB_DESC_STRING:
		if (strings(c, &o, index) < 0)
			return -EPIPE;
		break;
	default:
		return -EPIPE;
	}
	if (o.used > sizeof(all))
		return -EPIPE;
	n = o.used < size ? o.used : size;
	memcpy(buf, all, n);
	return (int)n;
}
