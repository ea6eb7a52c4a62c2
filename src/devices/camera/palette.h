/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The colours of the pattern. Every picture uses at most 256 numbered colours, so that brightness,
 * contrast, saturation and hue cost nothing for each frame.
 *
 * All pixel formats take their values from the same clamped RGB triple, by BT.601 (the default of
 * V4L2), and so they agree.
 */
#ifndef VMEDIA_CAMERA_PALETTE_H
#define VMEDIA_CAMERA_PALETTE_H

#include <stdbool.h>
#include <stdint.h>

enum vmedia_camera_colour {
	/* Colours of the stamp. Controls do not change them, so that it stays readable. */
	VMEDIA_CAMERA_INK_BLACK,
	VMEDIA_CAMERA_INK_WHITE,
	/* Eight bars: light grey, yellow, cyan, green, magenta, red, blue, black. */
	VMEDIA_CAMERA_BAR,
	VMEDIA_CAMERA_BOX_EDGE = VMEDIA_CAMERA_BAR + 8,
	VMEDIA_CAMERA_BOX_FACE,
	VMEDIA_CAMERA_WHITE,
	VMEDIA_CAMERA_BLACK,
	VMEDIA_CAMERA_RAMP = 128, /* 128 greys from black to white */
	VMEDIA_CAMERA_COLOURS = 256,
};

#define VMEDIA_CAMERA_RAMP_STEPS 128

struct vmedia_camera_adjust {
	int brightness;			/* 0..255, 128: unchanged */
	int contrast;			/* 0..255, 128: unchanged */
	int saturation;			/* 0..255, 128: unchanged; 0: grey */
	int hue;			/* -128..127 for -180..+178.6 degrees */
};

struct vmedia_camera_palette {
	uint8_t y[VMEDIA_CAMERA_COLOURS], u[VMEDIA_CAMERA_COLOURS], v[VMEDIA_CAMERA_COLOURS];
	uint8_t rgb[VMEDIA_CAMERA_COLOURS][3];
};

/* @full: Y, U and V in 0..255 as in JPEG, else 16..235 and 16..240. RGB is always full range. */
void vmedia_camera_palette_build(struct vmedia_camera_palette *p,
				 const struct vmedia_camera_adjust *a, bool full);

#endif
