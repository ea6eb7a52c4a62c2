/* SPDX-License-Identifier: BSD-3-Clause */
/* Formats on the command line: "width=640,height=480,pixelformat=YUYV". */
#ifndef VMEDIA_CTL_SPEC_H
#define VMEDIA_CTL_SPEC_H

#include <stdint.h>

#define CTL_SPEC_NONE UINT32_MAX

struct ctl_spec {
	uint32_t width, height, pixelformat, bytesperline; /* 0: not given */
	uint32_t field;					   /* CTL_SPEC_NONE: not given */
	uint32_t index; /* of --list-formats, in place of pixelformat; CTL_SPEC_NONE: not given */
};

/*
 * Parse @text; a word without a key is the pixel format. Returns 0, or CTL_ERR_USAGE after one line
 * on standard error.
 */
int ctl_spec_parse(const char *text, struct ctl_spec *s);

#endif /* VMEDIA_CTL_SPEC_H */
