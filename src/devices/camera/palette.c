// SPDX-License-Identifier: BSD-3-Clause
/*
 * The colours of the pattern.
 */
#include "palette.h"

#include <math.h>

struct colour {
	double c[3];			/* R G B, or Y Cb Cr around 0; 0..255 */
};

/* 75 % bars in the order of falling luma, as on test cards. */
static const uint8_t bars[8] = { 7, 6, 3, 2, 5, 4, 1, 0 }; /* 4: red, 2: green, 1: blue */

static struct colour base_colour(unsigned int index)
{
	double grey;

	if (index >= VMEDIA_CAMERA_BAR && index < VMEDIA_CAMERA_BAR + 8) {
		uint8_t bits = bars[index - VMEDIA_CAMERA_BAR];

		return (struct colour){ { bits & 4 ? 191 : 0, bits & 2 ? 191 : 0,
					  bits & 1 ? 191 : 0 } };
	}
	if (index >= VMEDIA_CAMERA_RAMP) {
		grey = (index - VMEDIA_CAMERA_RAMP) * 255.0 / (VMEDIA_CAMERA_RAMP_STEPS - 1);
		return (struct colour){ { grey, grey, grey } };
	}
	if (index == VMEDIA_CAMERA_BOX_FACE)
		return (struct colour){ { 240, 96, 32 } };
	grey = index == VMEDIA_CAMERA_INK_WHITE || index == VMEDIA_CAMERA_BOX_EDGE ||
			       index == VMEDIA_CAMERA_WHITE
		       ? 255
		       : 0;
	return (struct colour){ { grey, grey, grey } };
}

static struct colour to_ycc(struct colour x)
{
	double y = 0.299 * x.c[0] + 0.587 * x.c[1] + 0.114 * x.c[2];

	return (struct colour){ { y, (x.c[2] - y) / 1.772, (x.c[0] - y) / 1.402 } };
}

static struct colour to_rgb(struct colour x)
{
	return (struct colour){ { x.c[0] + 1.402 * x.c[2],
				  x.c[0] - 0.114 * 1.772 / 0.587 * x.c[1] -
					  0.299 * 1.402 / 0.587 * x.c[2],
				  x.c[0] + 1.772 * x.c[1] } };
}

static uint8_t clamp(double v)
{
	return v <= 0 ? 0 : v >= 255 ? 255 : (uint8_t)(v + 0.5);
}

static struct colour adjust(struct colour x, const struct vmedia_camera_adjust *a)
{
	double angle = a->hue * M_PI / 128, saturation = a->saturation / 128.0;
	struct colour in = to_ycc(x), out;

	out.c[0] = (in.c[0] - 128) * a->contrast / 128.0 + 128 + (a->brightness - 128);
	out.c[1] = saturation * (in.c[1] * cos(angle) - in.c[2] * sin(angle));
	out.c[2] = saturation * (in.c[1] * sin(angle) + in.c[2] * cos(angle));
	return to_rgb(out);
}

void vmedia_camera_palette_build(struct vmedia_camera_palette *p,
				 const struct vmedia_camera_adjust *a, bool full)
{
	double black = full ? 0 : 16, luma = full ? 1 : 219 / 255.0,
	       chroma = full ? 1 : 224 / 255.0;

	for (unsigned int i = 0; i < VMEDIA_CAMERA_COLOURS; i++) {
		struct colour x = base_colour(i);

		if (i != VMEDIA_CAMERA_INK_BLACK && i != VMEDIA_CAMERA_INK_WHITE)
			x = adjust(x, a);
		for (int k = 0; k < 3; k++) {
			p->rgb[i][k] = clamp(x.c[k]);
			x.c[k] = p->rgb[i][k];
		}
		x = to_ycc(x);
		p->y[i] = clamp(black + x.c[0] * luma);
		p->u[i] = clamp(128 + x.c[1] * chroma);
		p->v[i] = clamp(128 + x.c[2] * chroma);
	}
}
