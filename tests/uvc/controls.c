/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests of the video class: the controls of the camera's units, and probe and commit, by which
 * the host and the camera agree on a format.
 *
 * Security model: all that a request says comes from the host. The request, its unit and its
 * control choose a row of a table or nothing; sizes are the table's, and the caller's buffer's.
 */
#include <errno.h>
#include <string.h>

#include "camera.h"

struct row {
	uint8_t unit, selector, size;
	int32_t min, max, res, def;
};

static const struct row rows[UVC_CTRLS] = {
	/* A bit each: manual, and automatic. Its resolution says which there are. */
	[UVC_CTRL_AE_MODE] = { UVC_CAMERA_TERMINAL, UVC_CT_AE_MODE, 1, 1, 8, 1 | 8, 8 },
	[UVC_CTRL_EXPOSURE] = { UVC_CAMERA_TERMINAL, UVC_CT_EXPOSURE, 4, 1, 5000, 1, 156 },
	[UVC_CTRL_BRIGHTNESS] = { UVC_PROCESSING_UNIT, UVC_PU_BRIGHTNESS, 2, -64, 64, 1, 0 },
	[UVC_CTRL_CONTRAST] = { UVC_PROCESSING_UNIT, UVC_PU_CONTRAST, 2, 0, 64, 1, 32 },
	[UVC_CTRL_GAIN] = { UVC_PROCESSING_UNIT, UVC_PU_GAIN, 2, 0, 100, 1, 0 },
};

void uvc_controls_init(struct uvc_camera *c)
{
	for (unsigned int i = 0; i < UVC_CTRLS; i++)
		c->ctrl[i] = rows[i].def;
}

static int refuse(struct uvc_camera *c, uint8_t error)
{
	c->error = error;
	return -EPIPE;
}

/* @n bytes of @bytes, cut to @size. */
static int answer(uint8_t *data, size_t size, const uint8_t *bytes, size_t n)
{
	n = n < size ? n : size;
	memcpy(data, bytes, n);
	return (int)n;
}

static int answer_number(uint8_t *data, size_t size, uint32_t value, size_t n)
{
	uint8_t bytes[4];

	uvc_put32(bytes, value);
	return answer(data, size, bytes, n);
}

/* ---- Controls of units ---- */

static int set_ctrl(struct uvc_camera *c, unsigned int i, const uint8_t *data, size_t size)
{
	const struct row *r = &rows[i];
	int32_t v;

	if (size < r->size)
		return refuse(c, UVC_ERROR_RANGE);
	v = r->size == 1 ? data[0] : r->size == 2 ? (int16_t)uvc_get16(data) :
						    (int32_t)uvc_get32(data);
	if (v < r->min || v > r->max || (i == UVC_CTRL_AE_MODE && v != 1 && v != 8))
		return refuse(c, UVC_ERROR_RANGE);
	c->ctrl[i] = v;
	return 0;
}

static int unit_request(struct uvc_camera *c, const struct uvc_setup *s, uint8_t *data, size_t size)
{
	unsigned int i = 0;

	while (i < UVC_CTRLS && (rows[i].unit != s->index >> 8 ||
				 rows[i].selector != s->value >> 8))
		i++;
	if (i == UVC_CTRLS)
		return refuse(c, UVC_ERROR_CONTROL);
	switch (s->request) {
	case UVC_SET_CUR:
		return set_ctrl(c, i, data, size);
	case UVC_GET_CUR:
		return answer_number(data, size, (uint32_t)c->ctrl[i], rows[i].size);
	case UVC_GET_MIN:
		return answer_number(data, size, (uint32_t)rows[i].min, rows[i].size);
	case UVC_GET_MAX:
		return answer_number(data, size, (uint32_t)rows[i].max, rows[i].size);
	case UVC_GET_RES:
		return answer_number(data, size, (uint32_t)rows[i].res, rows[i].size);
	case UVC_GET_DEF:
		return answer_number(data, size, (uint32_t)rows[i].def, rows[i].size);
	case UVC_GET_LEN:
		return answer_number(data, size, rows[i].size, 2);
	case UVC_GET_INFO:
		return answer_number(data, size, 3, 1); /* it can be read and set */
	default:
		return refuse(c, UVC_ERROR_REQUEST);
	}
}

/* ---- Probe and commit ---- */

/* The nearest that there is to what the host wants. */
static struct uvc_choice choose(const uint8_t *probe)
{
	struct uvc_choice v = { probe[2], probe[3], uvc_get32(probe + 4) };
	const struct uvc_size *s;
	unsigned int n = 0;

	if (v.format != UVC_MJPG && v.format != UVC_YUYV)
		v.format = UVC_MJPG;
	if (v.size < 1 || v.size > UVC_SIZES)
		v.size = 1;
	s = uvc_choice_size(&v);
	while (n + 1 < UVC_INTERVALS && s->intervals[n + 1] && s->intervals[n] < v.interval)
		n++;
	v.interval = s->intervals[n];
	return v;
}

static void write_choice(uint8_t probe[UVC_PROBE_SIZE], const struct uvc_choice *v)
{
	memset(probe, 0, UVC_PROBE_SIZE);
	probe[0] = 1; /* the interval stays as it is */
	probe[2] = v->format;
	probe[3] = v->size;
	uvc_put32(probe + 4, v->interval);
	uvc_put32(probe + 18, uvc_frame_max(v));
	uvc_put32(probe + 22, UVC_PAYLOAD);
	uvc_put32(probe + 26, 48000000);
	probe[30] = 3; /* FID and EOF tell frames apart */
	probe[31] = probe[32] = probe[33] = 1;
}

static int set_choice(struct uvc_camera *c, bool commit, const uint8_t *data, size_t size)
{
	/* A host of UVC 1.0 sends less. */
	if (size < 26)
		return refuse(c, UVC_ERROR_RANGE);
	c->probe = choose(data);
	if (commit) {
		c->commit = c->probe;
		c->committed = true;
		c->streaming = false;
	}
	return 0;
}

static int streaming_request(struct uvc_camera *c, const struct uvc_setup *s, uint8_t *data,
			     size_t size)
{
	static const uint8_t first[8] = { 0 };
	uint8_t selector = (uint8_t)(s->value >> 8), probe[UVC_PROBE_SIZE];
	struct uvc_choice v = c->probe;

	if (selector != UVC_VS_PROBE && selector != UVC_VS_COMMIT)
		return refuse(c, UVC_ERROR_CONTROL);
	switch (s->request) {
	case UVC_SET_CUR:
		return set_choice(c, selector == UVC_VS_COMMIT, data, size);
	case UVC_GET_LEN:
		return answer_number(data, size, UVC_PROBE_SIZE, 2);
	case UVC_GET_INFO:
		return answer_number(data, size, 3, 1);
	case UVC_GET_DEF:
		v = choose(first);
		break;
	case UVC_GET_CUR:
	case UVC_GET_MIN:
	case UVC_GET_MAX:
		break;
	default:
		return refuse(c, UVC_ERROR_REQUEST);
	}
	write_choice(probe, &v);
	return answer(data, size, probe, sizeof(probe));
}

int uvc_class_request(struct uvc_camera *c, const struct uvc_setup *s, uint8_t *data, size_t size)
{
	bool in = s->request_type & 0x80;
	uint8_t interface = (uint8_t)s->index, unit = (uint8_t)(s->index >> 8);

	/* SET_CUR is the one that sends. */
	if (in != (s->request != UVC_SET_CUR))
		return refuse(c, UVC_ERROR_REQUEST);
	if (interface == UVC_IF_STREAMING && unit == 0)
		return streaming_request(c, s, data, size);
	if (interface != UVC_IF_CONTROL)
		return refuse(c, UVC_ERROR_UNIT);
	if (unit)
		return unit_request(c, s, data, size);
	if (s->value >> 8 != UVC_VC_ERROR_CODE || s->request != UVC_GET_CUR)
		return refuse(c, UVC_ERROR_CONTROL);
	/* Once asked for, it is gone. */
	unit = c->error;
	c->error = UVC_ERROR_NONE;
	return answer_number(data, size, unit, 1);
}
