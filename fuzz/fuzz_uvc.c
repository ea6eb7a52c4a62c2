/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The USB camera of the tests: bytes of a host on its bus. Time passes with each message. The
 * camera's answers must have the length that they say.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <usbip.h>

#define STEP 20000000

static int discard(void *opaque, const uint8_t *head, size_t head_size, const uint8_t *data,
		   size_t data_size)
{
	uint64_t *sum = opaque;

	if (head_size != USBIP_HEADER || data_size > UVC_PAYLOAD)
		abort();
	for (size_t i = 0; i < data_size; i += 64)
		*sum += data[i];
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct uvc_camera camera;
	struct usbip usbip;
	uint64_t sum = 0;
	int64_t now = 0;
	int n = 1;

	uvc_camera_init(&camera, "fuzz");
	usbip_init(&usbip, &camera, discard, &sum);
	while (n > 0) {
		n = usbip_take(&usbip, data, size, now);
		if (n > 0) {
			data += n;
			size -= (size_t)n;
		}
		now += STEP;
		if (usbip_pump(&usbip, now) < 0)
			break;
	}
	uvc_camera_finish(&camera);
	return 0;
}
