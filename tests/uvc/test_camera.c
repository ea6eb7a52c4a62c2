/* SPDX-License-Identifier: BSD-3-Clause */
/* The UVC camera on a bus that the test is: what it says of itself, controls, formats, streams. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "picture.h"
#include "usbip.h"

#define MS 1000000ll
#define SUBMIT 1u
#define UNLINK 2u
#define IN 1u
#define OUT 0u

/* The host: what it sent last, and the answers since then. */
struct host {
	struct uvc_camera camera;
	struct usbip usbip;
	int64_t now;
	uint32_t seqnum;
	unsigned int replies;
	uint32_t command, replied;	/* of the last answer */
	int32_t status;
	size_t actual;
	uint8_t data[UVC_PAYLOAD];
	/* the frame that is being received, and frames that were */
	uint8_t *frame;
	size_t frame_size;
	unsigned int frames;
	uint32_t numbers[64];
};

static uint32_t be(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put_be(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

static int from_camera(void *opaque, const uint8_t *head, size_t head_size, const uint8_t *data,
		       size_t size)
{
	struct host *h = opaque;

	assert_int_equal(head_size, USBIP_HEADER);
	assert_true(size <= sizeof(h->data));
	h->replies++;
	h->command = be(head);
	h->replied = be(head + 4);
	h->status = (int32_t)be(head + 20);
	h->actual = be(head + 24);
	assert_true(size == 0 || size == h->actual);
	if (size)
		memcpy(h->data, data, size);
	return 0;
}

static int set_up(void **state)
{
	struct host *h = calloc(1, sizeof(*h));

	assert_non_null(h);
	h->frame = malloc(1280 * 720 * 2);
	assert_non_null(h->frame);
	uvc_camera_init(&h->camera, "4711");
	usbip_init(&h->usbip, &h->camera, from_camera, h);
	*state = h;
	return 0;
}

static int tear_down(void **state)
{
	struct host *h = *state;

	uvc_camera_finish(&h->camera);
	free(h->frame);
	free(h);
	return 0;
}

static size_t message(struct host *h, uint8_t *m, uint32_t command, uint32_t direction,
		      uint32_t endpoint, uint32_t length)
{
	memset(m, 0, USBIP_HEADER);
	put_be(m, command);
	put_be(m + 4, ++h->seqnum);
	put_be(m + 8, 0x10002);
	put_be(m + 12, direction);
	put_be(m + 16, endpoint);
	put_be(m + 24, length);
	return USBIP_HEADER;
}

/* A control request; returns the status, what was answered is in h->data. */
static int control(struct host *h, uint8_t type, uint8_t request, uint16_t value, uint16_t index,
		   const void *data, uint16_t length)
{
	uint8_t m[USBIP_HEADER + 64];
	bool in = type & 0x80;
	size_t size = message(h, m, SUBMIT, in ? IN : OUT, 0, length);

	m[40] = type;
	m[41] = request;
	uvc_put16(m + 42, value);
	uvc_put16(m + 44, index);
	uvc_put16(m + 46, length);
	if (!in && length) {
		memcpy(m + size, data, length);
		size += length;
	}
	h->replies = 0;
	assert_int_equal(usbip_take(&h->usbip, m, size, h->now), size);
	assert_int_equal(h->replies, 1);
	assert_int_equal(h->command, 3);
	assert_int_equal(h->replied, h->seqnum);
	return h->status;
}

static int get(struct host *h, uint8_t request, uint8_t unit, uint8_t selector, uint16_t length)
{
	return control(h, USB_CLASS_IN | 1, request, (uint16_t)(selector << 8),
		       (uint16_t)(unit << 8), NULL, length);
}

static int set(struct host *h, uint8_t unit, uint8_t selector, uint32_t value, uint16_t length)
{
	uint8_t bytes[4];

	uvc_put32(bytes, value);
	return control(h, USB_CLASS_OUT | 1, UVC_SET_CUR, (uint16_t)(selector << 8),
		       (uint16_t)(unit << 8), bytes, length);
}

/* Descriptors have the lengths that they say, and add up. */
static void test_descriptors(void **state)
{
	struct host *h = *state;
	size_t total, at = 0;
	unsigned int interfaces = 0, endpoints = 0;

	assert_int_equal(control(h, 0x80, USB_GET_DESCRIPTOR, 0x0100, 0, NULL, 64), 0);
	assert_int_equal(h->actual, 18);
	assert_int_equal(control(h, 0x80, USB_GET_DESCRIPTOR, 0x0200, 0, NULL, 9), 0);
	assert_int_equal(h->actual, 9);
	total = uvc_get16(h->data + 2);
	assert_int_equal(control(h, 0x80, USB_GET_DESCRIPTOR, 0x0200, 0, NULL, 1024), 0);
	assert_int_equal(h->actual, total);
	for (; at < total; at += h->data[at]) {
		assert_true(h->data[at] >= 3 && at + h->data[at] <= total);
		interfaces += h->data[at + 1] == USB_DESC_INTERFACE;
		endpoints += h->data[at + 1] == USB_DESC_ENDPOINT;
	}
	assert_int_equal(at, total);
	assert_int_equal(interfaces, 2);
	assert_int_equal(endpoints, 1);
	assert_int_equal(control(h, 0x80, USB_GET_DESCRIPTOR, 0x0303, 0x0409, NULL, 255), 0);
	assert_memory_equal(h->data, "\x0a\x03" "4\0" "7\0" "1\0" "1", 10);
	assert_int_equal(control(h, 0x80, USB_GET_DESCRIPTOR, 0x0304, 0x0409, NULL, 255), -EPIPE);
	assert_int_equal(control(h, 0x80, USB_GET_DESCRIPTOR, 0x0600, 0, NULL, 10), -EPIPE);
}

static void test_controls(void **state)
{
	struct host *h = *state;

	assert_int_equal(get(h, UVC_GET_MIN, UVC_PROCESSING_UNIT, UVC_PU_BRIGHTNESS, 2), 0);
	assert_int_equal((int16_t)uvc_get16(h->data), -64);
	assert_int_equal(set(h, UVC_PROCESSING_UNIT, UVC_PU_BRIGHTNESS, (uint32_t)-5, 2), 0);
	assert_int_equal(get(h, UVC_GET_CUR, UVC_PROCESSING_UNIT, UVC_PU_BRIGHTNESS, 2), 0);
	assert_int_equal((int16_t)uvc_get16(h->data), -5);
	assert_int_equal(get(h, UVC_GET_DEF, UVC_CAMERA_TERMINAL, UVC_CT_EXPOSURE, 4), 0);
	assert_int_equal(uvc_get32(h->data), 156);
	/* What is refused has a reason, once. */
	assert_int_equal(set(h, UVC_PROCESSING_UNIT, UVC_PU_BRIGHTNESS, 65, 2), -EPIPE);
	assert_int_equal(get(h, UVC_GET_CUR, 0, UVC_VC_ERROR_CODE, 1), 0);
	assert_int_equal(h->data[0], UVC_ERROR_RANGE);
	assert_int_equal(get(h, UVC_GET_CUR, 0, UVC_VC_ERROR_CODE, 1), 0);
	assert_int_equal(h->data[0], UVC_ERROR_NONE);
	assert_int_equal(get(h, UVC_GET_CUR, UVC_PROCESSING_UNIT, UVC_PU_BRIGHTNESS, 2), 0);
	assert_int_equal((int16_t)uvc_get16(h->data), -5);
	assert_int_equal(set(h, UVC_PROCESSING_UNIT, 99, 1, 2), -EPIPE);
	assert_int_equal(set(h, 9, UVC_PU_BRIGHTNESS, 1, 2), -EPIPE);
	assert_int_equal(set(h, UVC_PROCESSING_UNIT, UVC_PU_BRIGHTNESS, 1, 1), -EPIPE);
}

/* Probes, and commits if @commit; returns the interval that the camera chose. */
static uint32_t agree(struct host *h, uint8_t format, uint8_t size, uint32_t interval, bool commit)
{
	uint8_t probe[UVC_PROBE_SIZE] = { 1, 0, format, size };

	uvc_put32(probe + 4, interval);
	assert_int_equal(control(h, USB_CLASS_OUT | 1, UVC_SET_CUR, UVC_VS_PROBE << 8,
				 UVC_IF_STREAMING, probe, sizeof(probe)), 0);
	assert_int_equal(control(h, USB_CLASS_IN | 1, UVC_GET_CUR, UVC_VS_PROBE << 8,
				 UVC_IF_STREAMING, NULL, sizeof(probe)), 0);
	assert_int_equal(h->actual, sizeof(probe));
	memcpy(probe, h->data, sizeof(probe));
	if (commit)
		assert_int_equal(control(h, USB_CLASS_OUT | 1, UVC_SET_CUR, UVC_VS_COMMIT << 8,
					 UVC_IF_STREAMING, probe, sizeof(probe)), 0);
	return uvc_get32(probe + 4);
}

static void test_probe(void **state)
{
	struct host *h = *state;

	assert_int_equal(agree(h, UVC_YUYV, 2, 666666, false), 666666);
	assert_int_equal(h->data[2], UVC_YUYV);
	assert_int_equal(uvc_get32(h->data + 18), 160 * 120 * 2);
	/* What is not there becomes the nearest that is. */
	assert_int_equal(agree(h, 77, 200, 1, false), 333333);
	assert_int_equal(h->data[2], UVC_MJPG);
	assert_int_equal(h->data[3], 1);
	assert_int_equal(agree(h, UVC_MJPG, 4, 0xffffffff, false), 666666);
	assert_int_equal(agree(h, UVC_MJPG, 1, 500000, false), 666666);
}

/* A payload came: it goes to the frame, whose number is noted when it is whole. */
static void receive(struct host *h, uint8_t format, uint32_t width)
{
	size_t n = h->actual - 2;

	assert_int_equal(h->data[0], 2);
	memcpy(h->frame + h->frame_size, h->data + 2, n);
	h->frame_size += n;
	if (!(h->data[1] & 2))
		return;
	if (format == UVC_YUYV) {
		h->numbers[h->frames++] = picture_read_yuyv(h->frame, width);
	} else {
		assert_memory_equal(h->frame + h->frame_size - 2, "\xff\xd9", 2);
		assert_memory_equal(h->frame + 6, PICTURE_COMMENT, strlen(PICTURE_COMMENT));
		h->numbers[h->frames++] = (uint32_t)strtoul((char *)h->frame + 6 +
							    strlen(PICTURE_COMMENT), NULL, 16);
	}
	h->frame_size = 0;
}

/* One transfer. Returns whether there was a payload for it; if not, it waits. */
static bool ask(struct host *h, uint32_t length)
{
	uint8_t m[USBIP_HEADER];

	message(h, m, SUBMIT, IN, UVC_EP_VIDEO, length);
	h->replies = 0;
	assert_int_equal(usbip_take(&h->usbip, m, sizeof(m), h->now), sizeof(m));
	return h->replies;
}

static void stream(struct host *h, uint8_t format, unsigned int frames)
{
	unsigned int want = h->frames + frames;

	while (h->frames < want) {
		if (!ask(h, UVC_PAYLOAD)) {
			h->now += 1;
			h->now = h->camera.next_ns > h->now ? h->camera.next_ns : h->now;
			assert_int_equal(usbip_pump(&h->usbip, h->now), 0);
			assert_int_equal(h->replies, 1);
		}
		assert_int_equal(h->status, 0);
		receive(h, format, 320);
	}
}

static void test_stream(void **state)
{
	struct host *h = *state;

	for (uint8_t format = UVC_MJPG; format <= UVC_YUYV; format++) {
		h->frames = 0;
		assert_int_equal(agree(h, format, 3, 333333, true), 333333);
		stream(h, format, 5);
		for (uint32_t i = 0; i < 5; i++)
			assert_int_equal(h->numbers[i], i);
		/* Three frames pass that nobody takes: the next one is the first of them. */
		assert_false(ask(h, UVC_PAYLOAD));
		h->now = h->camera.next_ns + 10 * MS;
		assert_int_equal(usbip_pump(&h->usbip, h->now), 0);
		receive(h, format, 320);
		h->now = h->camera.next_ns + 70 * MS;
		stream(h, format, 2);
		assert_true(h->numbers[6] > 5);
		assert_true(h->numbers[5] < h->numbers[6]);
		/* The host ends the stream; a new one begins with 0. */
		assert_int_equal(control(h, 0x02, USB_CLEAR_FEATURE, 0, 0x80 | UVC_EP_VIDEO, NULL,
					 0), 0);
		assert_false(ask(h, UVC_PAYLOAD));
		h->now += 1000 * MS;
		assert_int_equal(usbip_pump(&h->usbip, h->now), 0);
		assert_int_equal(h->usbip.num_asked, 1);
		h->usbip.num_asked = 0;
		h->frame_size = 0;
	}
}

/* A transfer that waits can be taken back; one that was answered cannot. */
static void test_unlink(void **state)
{
	struct host *h = *state;
	uint8_t m[USBIP_HEADER];
	uint32_t first;

	agree(h, UVC_YUYV, 2, 333333, true);
	assert_false(ask(h, UVC_PAYLOAD));
	first = h->seqnum;
	assert_false(ask(h, UVC_PAYLOAD));
	message(h, m, UNLINK, 0, 0, 0);
	put_be(m + 20, first);
	assert_int_equal(usbip_take(&h->usbip, m, sizeof(m), h->now), sizeof(m));
	assert_int_equal(h->command, 4);
	assert_int_equal(h->status, -ECONNRESET);
	assert_int_equal(h->usbip.num_asked, 1);
	assert_int_equal(usbip_take(&h->usbip, m, sizeof(m), h->now), sizeof(m));
	assert_int_equal(h->status, 0);
	h->replies = 0;
	h->now = h->camera.next_ns;
	assert_int_equal(usbip_pump(&h->usbip, h->now), 0);
	assert_int_equal(h->replies, 1);
	assert_int_equal(h->replied, first + 1);
}

/* A transfer that is taken back before it comes is not answered. */
static void test_early_unlink(void **state)
{
	struct host *h = *state;
	uint8_t m[USBIP_HEADER];

	agree(h, UVC_YUYV, 2, 333333, true);
	assert_false(ask(h, UVC_PAYLOAD));
	message(h, m, UNLINK, 0, 0, 0);
	put_be(m + 20, h->seqnum + 1);
	assert_int_equal(usbip_take(&h->usbip, m, sizeof(m), h->now), sizeof(m));
	assert_int_equal(h->status, -ECONNRESET);
	assert_false(ask(h, UVC_PAYLOAD));
	assert_int_equal(h->usbip.num_asked, 1);
	assert_int_equal(h->usbip.num_early, 0);
	assert_false(ask(h, UVC_PAYLOAD));
	assert_int_equal(h->usbip.num_asked, 2);
}

/* A message comes in pieces; what is no message ends the connection. */
static void test_bytes(void **state)
{
	struct host *h = *state;
	uint8_t m[USBIP_HEADER + 2] = { 0 };

	message(h, m, SUBMIT, OUT, 0, 2);
	m[40] = USB_CLASS_OUT | 1;
	m[41] = UVC_SET_CUR;
	uvc_put16(m + 42, UVC_PU_GAIN << 8);
	uvc_put16(m + 44, UVC_PROCESSING_UNIT << 8);
	uvc_put16(m + 46, 2);
	m[48] = 7;
	for (size_t n = 0; n < sizeof(m); n++)
		assert_int_equal(usbip_take(&h->usbip, m, n, 0), 0);
	assert_int_equal(h->replies, 0);
	assert_int_equal(usbip_take(&h->usbip, m, sizeof(m), 0), sizeof(m));
	assert_int_equal(h->camera.ctrl[UVC_CTRL_GAIN], 7);
	put_be(m + 24, USBIP_DATA_MAX + 1);
	assert_int_equal(usbip_take(&h->usbip, m, sizeof(m), 0), -EPROTO);
	put_be(m, 9);
	assert_int_equal(usbip_take(&h->usbip, m, sizeof(m), 0), -EPROTO);
	message(h, m, SUBMIT, 2, 0, 0);
	assert_int_equal(usbip_take(&h->usbip, m, sizeof(m), 0), -EPROTO);
	message(h, m, SUBMIT, IN, UVC_EP_VIDEO, 100);
	put_be(m + 32, 3); /* isochronous packets */
	assert_int_equal(usbip_take(&h->usbip, m, sizeof(m), 0), -EPROTO);
	/* An endpoint that is not there, and more transfers than there is room for. */
	message(h, m, SUBMIT, IN, 5, 100);
	assert_int_equal(usbip_take(&h->usbip, m, USBIP_HEADER, 0), USBIP_HEADER);
	assert_int_equal(h->status, -EPIPE);
	for (unsigned int i = 0; i < USBIP_ASKED; i++)
		assert_false(ask(h, 64));
	assert_true(ask(h, 64));
	assert_int_equal(h->status, -EPIPE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_descriptors, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_controls, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_probe, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_stream, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_unlink, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_early_unlink, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bytes, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
