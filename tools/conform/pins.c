/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Controls of the kernel's test drivers that are left alone, since what they do depends on time, or
 * ends the comparison.
 */
#include "catalogue.h"

#define VIVID_USER(n)	((V4L2_CID_USER_BASE | 0xf000) + (n))
#define VIVID(n)	((0x00f00000 | 0xf000) + (n))
#define VIM2M(n)	(V4L2_CID_USER_BASE + 0x1000 + (n))

const struct conform_pin conform_pins[] = {
	{ "vivid", VIVID_USER(12), -1, true, "the driver counts frames in it" },
	{ "vivid", VIVID(38), -1, false, "the sequence wraps, and frames pass unseen" },
	{ "vivid", VIVID(64), 0, false, "frames are dropped at random" },
	{ "vivid", VIVID(65), -1, false, "the device goes away" },
	{ "vivid", VIVID(66), -1, false, "the next frame is broken, whichever is next" },
	{ "vim2m", VIM2M(1), 1, false, "a job under way reads it, and older kernels crash" },
	{ "vim2m", VIM2M(0), 1, false, "a frame would take up to ten seconds" },
};
const unsigned int conform_num_pins = sizeof(conform_pins) / sizeof(conform_pins[0]);
