/* SPDX-License-Identifier: BSD-3-Clause */
/* Formats on the command line: "width=640,height=480,pixelformat=YUYV", v4l2-ctl's words. */
#ifndef VMEDIA_CTL_SPEC_H
#define VMEDIA_CTL_SPEC_H

#include <stdbool.h>
#include <stdint.h>

#define CTL_SPEC_NONE	UINT32_MAX
#define CTL_SPEC_PLANES 8

struct ctl_spec {
	uint32_t width, height, pixelformat; /* 0: not given */
	/* One for each plane, in the order given; 0: not given. */
	uint32_t bytesperline[CTL_SPEC_PLANES], sizeimage[CTL_SPEC_PLANES];
	unsigned int num_bytesperline, num_sizeimage;
	/* CTL_SPEC_NONE: not given */
	uint32_t field, colorspace, xfer, ycbcr, quantization;
	bool premul_alpha;
	uint32_t index; /* of --list-formats, instead of pixelformat; CTL_SPEC_NONE: not given */
};

/*
 * Parse @text. A word without a key is the pixel format, or "premul-alpha". Returns 0, or
 * CTL_ERR_USAGE after one line on standard error.
 */
int ctl_spec_parse(const char *text, struct ctl_spec *s);

/* True if a colorspace, or a part of one, was given. */
bool ctl_spec_has_colours(const struct ctl_spec *s);

#endif /* VMEDIA_CTL_SPEC_H */
