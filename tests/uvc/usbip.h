/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The camera on a USB/IP connection, as the device's end: the kernel's vhci_hcd is the other one.
 * It knows no socket: bytes come in by usbip_take(), and go out by a function.
 */
#ifndef TESTS_UVC_USBIP_H
#define TESTS_UVC_USBIP_H

#include <stddef.h>
#include <stdint.h>

#include "camera.h"

#define USBIP_HEADER	48
#define USBIP_DATA_MAX	4096	/* bytes that a host sends with a request */
#define USBIP_ASKED	64	/* transfers of the bulk endpoint that wait for video */
#define USBIP_EARLY	16	/* transfers that were taken back before they came */

/* Two parts of one message, either of which may be empty. Returns 0 or negative errno. */
typedef int (*usbip_send_fn)(void *opaque, const uint8_t *head, size_t head_size,
			     const uint8_t *data, size_t data_size);

struct usbip_asked {
	uint32_t seqnum, length;
};

struct usbip {
	struct uvc_camera *camera;
	usbip_send_fn send;
	void *opaque;
	struct usbip_asked asked[USBIP_ASKED];	/* the oldest first */
	unsigned int num_asked;
	uint32_t last;			/* number of the newest transfer */
	uint32_t early[USBIP_EARLY];
	unsigned int num_early;
};

void usbip_init(struct usbip *u, struct uvc_camera *camera, usbip_send_fn send, void *opaque);

/*
 * The first message of @size bytes that came, if all of it is there. Returns the number of bytes
 * that it has; 0 if more are needed; -EPROTO: it is none, and the connection must end; or what
 * send() returned.
 */
int usbip_take(struct usbip *u, const uint8_t *bytes, size_t size, int64_t now_ns);

/* Give the transfers that wait what there is of video. Returns 0, or what send() returned. */
int usbip_pump(struct usbip *u, int64_t now_ns);

#endif /* TESTS_UVC_USBIP_H */
