/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * USB/IP, the messages after a device was imported (the kernel's usbip_protocol.rst). A message
 * begins with 48 bytes of big-endian words: command, number, device, direction, endpoint, and what
 * the command has.
 *
 * Security model: the bytes are the host's. Lengths are checked before anything is copied; a host
 * that asks for more transfers than are kept, or names an endpoint that is not there, gets errors.
 */
#include <errno.h>
#include <string.h>

#include "usbip.h"

enum { CMD_SUBMIT = 1, CMD_UNLINK, RET_SUBMIT, RET_UNLINK };
enum { DIR_OUT, DIR_IN };

#define NO_PACKETS 0xffffffffu	/* of transfers that are not isochronous; 0, too */

static uint32_t word(const uint8_t *bytes, unsigned int i)
{
	const uint8_t *p = bytes + 4 * i;

	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void set_word(uint8_t *bytes, unsigned int i, uint32_t v)
{
	uint8_t *p = bytes + 4 * i;

	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

void usbip_init(struct usbip *u, struct uvc_camera *camera, usbip_send_fn send, void *opaque)
{
	*u = (struct usbip){ .camera = camera, .send = send, .opaque = opaque };
}

static int reply(struct usbip *u, uint32_t command, uint32_t seqnum, int status,
		 const uint8_t *data, size_t size, size_t actual)
{
	uint8_t head[USBIP_HEADER] = { 0 };

	set_word(head, 0, command);
	set_word(head, 1, seqnum);
	set_word(head, 5, (uint32_t)status);
	set_word(head, 6, (uint32_t)actual);
	return u->send(u->opaque, head, sizeof(head), data, size);
}

static int control(struct usbip *u, const uint8_t *m, uint32_t seqnum, uint32_t direction,
		   uint32_t length)
{
	const uint8_t *p = m + 40;
	struct uvc_setup s = { p[0], p[1], (uint16_t)uvc_get16(p + 2), (uint16_t)uvc_get16(p + 4),
			       (uint16_t)uvc_get16(p + 6) };
	uint8_t data[USBIP_DATA_MAX];
	int ret;

	/* The direction is said twice. */
	if ((direction == DIR_IN) != (s.request_type >> 7) && length)
		return reply(u, RET_SUBMIT, seqnum, -EPIPE, NULL, 0, 0);
	if (direction == DIR_OUT)
		memcpy(data, m + USBIP_HEADER, length);
	if (length > sizeof(data))
		length = sizeof(data);
	ret = uvc_camera_control(u->camera, &s, data, length);
	if (ret < 0)
		return reply(u, RET_SUBMIT, seqnum, ret, NULL, 0, 0);
	if (direction == DIR_OUT)
		return reply(u, RET_SUBMIT, seqnum, 0, NULL, 0, length);
	return reply(u, RET_SUBMIT, seqnum, 0, data, (size_t)ret, (size_t)ret);
}

/* vhci_hcd may send that it takes a transfer back before it sends the transfer. */
static bool was_taken_back(struct usbip *u, uint32_t seqnum)
{
	for (unsigned int i = 0; i < u->num_early; i++) {
		if (u->early[i] != seqnum)
			continue;
		u->early[i] = u->early[--u->num_early];
		return true;
	}
	return false;
}

static int submit(struct usbip *u, const uint8_t *m, int64_t now_ns)
{
	uint32_t seqnum = word(m, 1), direction = word(m, 3), endpoint = word(m, 4);
	uint32_t length = word(m, 6);

	u->last = seqnum;
	if (was_taken_back(u, seqnum))
		return 0;
	if (endpoint == 0)
		return control(u, m, seqnum, direction, length);
	if (endpoint != UVC_EP_VIDEO || direction != DIR_IN || u->num_asked == USBIP_ASKED)
		return reply(u, RET_SUBMIT, seqnum, -EPIPE, NULL, 0, 0);
	u->asked[u->num_asked++] = (struct usbip_asked){ seqnum, length };
	uvc_camera_start(u->camera, now_ns);
	return usbip_pump(u, now_ns);
}

static int unlink_one(struct usbip *u, uint32_t seqnum, uint32_t which)
{
	unsigned int i = 0;

	while (i < u->num_asked && u->asked[i].seqnum != which)
		i++;
	if (i == u->num_asked && (int32_t)(which - u->last) > 0 && u->num_early < USBIP_EARLY) {
		u->early[u->num_early++] = which;
		return reply(u, RET_UNLINK, seqnum, -ECONNRESET, NULL, 0, 0);
	}
	/* It was answered before. */
	if (i == u->num_asked)
		return reply(u, RET_UNLINK, seqnum, 0, NULL, 0, 0);
	u->num_asked--;
	memmove(&u->asked[i], &u->asked[i + 1], (u->num_asked - i) * sizeof(u->asked[0]));
	return reply(u, RET_UNLINK, seqnum, -ECONNRESET, NULL, 0, 0);
}

int usbip_take(struct usbip *u, const uint8_t *bytes, size_t size, int64_t now_ns)
{
	size_t data = 0;
	int ret;

	if (size < USBIP_HEADER)
		return 0;
	switch (word(bytes, 0)) {
	case CMD_SUBMIT:
		if (word(bytes, 3) > DIR_IN || (word(bytes, 8) && word(bytes, 8) != NO_PACKETS))
			return -EPROTO;
		if (word(bytes, 3) == DIR_OUT)
			data = word(bytes, 6);
		if (data > USBIP_DATA_MAX)
			return -EPROTO;
		if (size < USBIP_HEADER + data)
			return 0;
		ret = submit(u, bytes, now_ns);
		break;
	case CMD_UNLINK:
		ret = unlink_one(u, word(bytes, 1), word(bytes, 5));
		break;
	default:
		return -EPROTO;
	}
	return ret < 0 ? ret : (int)(USBIP_HEADER + data);
}

int usbip_pump(struct usbip *u, int64_t now_ns)
{
	uint8_t payload[UVC_PAYLOAD];
	int ret = 0;

	uvc_camera_tick(u->camera, now_ns);
	while (ret == 0 && u->num_asked) {
		uint32_t room = u->asked[0].length, seqnum = u->asked[0].seqnum;
		size_t n = uvc_camera_payload(u->camera, payload,
					      room < sizeof(payload) ? room : sizeof(payload));

		if (n == 0)
			break;
		u->num_asked--;
		memmove(&u->asked[0], &u->asked[1], u->num_asked * sizeof(u->asked[0]));
		ret = reply(u, RET_SUBMIT, seqnum, 0, payload, n, n);
	}
	return ret;
}
