/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The numbers of USB and of its video class (UVC 1.1) that the camera has. All fields on the bus
 * are little-endian.
 */
#ifndef TESTS_UVC_UVC_H
#define TESTS_UVC_UVC_H

#include <stdint.h>

/* ---- USB ---- */

#define USB_TYPE_MASK		0xe0	/* of bmRequestType: direction, and whose request */
#define USB_STANDARD_OUT	0x00
#define USB_STANDARD_IN		0x80
#define USB_CLASS_OUT		0x20
#define USB_CLASS_IN		0xa0

#define USB_GET_STATUS		0
#define USB_CLEAR_FEATURE	1
#define USB_SET_FEATURE		3
#define USB_GET_DESCRIPTOR	6
#define USB_GET_CONFIGURATION	8
#define USB_SET_CONFIGURATION	9
#define USB_GET_INTERFACE	10
#define USB_SET_INTERFACE	11

#define USB_DESC_DEVICE		1
#define USB_DESC_CONFIG		2
#define USB_DESC_STRING		3
#define USB_DESC_INTERFACE	4
#define USB_DESC_ENDPOINT	5
#define USB_DESC_ASSOCIATION	11
#define USB_DESC_CS_INTERFACE	0x24

/* ---- Requests of the video class ---- */

#define UVC_SET_CUR		0x01
#define UVC_GET_CUR		0x81
#define UVC_GET_MIN		0x82
#define UVC_GET_MAX		0x83
#define UVC_GET_RES		0x84
#define UVC_GET_LEN		0x85
#define UVC_GET_INFO		0x86
#define UVC_GET_DEF		0x87

/* What the request for the error code answers after one that was refused. */
#define UVC_ERROR_NONE		0
#define UVC_ERROR_RANGE		4
#define UVC_ERROR_UNIT		5
#define UVC_ERROR_CONTROL	6
#define UVC_ERROR_REQUEST	7

/* ---- This camera ---- */

#define UVC_IF_CONTROL		0
#define UVC_IF_STREAMING	1
#define UVC_EP_VIDEO		1	/* IN, bulk */
#define UVC_MAX_PACKET		512

#define UVC_CAMERA_TERMINAL	1
#define UVC_PROCESSING_UNIT	2
#define UVC_OUTPUT_TERMINAL	3

#define UVC_CT_AE_MODE		2
#define UVC_CT_EXPOSURE		4
#define UVC_PU_BRIGHTNESS	2
#define UVC_PU_CONTRAST		3
#define UVC_PU_GAIN		4
#define UVC_VC_ERROR_CODE	2
#define UVC_VS_PROBE		1
#define UVC_VS_COMMIT		2

#define UVC_PROBE_SIZE		34	/* bytes of probe and commit in UVC 1.1 */

static inline void uvc_put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static inline void uvc_put32(uint8_t *p, uint32_t v)
{
	uvc_put16(p, v);
	uvc_put16(p + 2, v >> 16);
}

static inline uint32_t uvc_get16(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8;
}

static inline uint32_t uvc_get32(const uint8_t *p)
{
	return uvc_get16(p) | uvc_get16(p + 2) << 16;
}

#endif /* TESTS_UVC_UVC_H */
