/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is left alone of the kernel's test drivers: controls, since what they do depends on time, or
 * ends the comparison; and calls that a fault of the driver makes fatal.
 */
#include <string.h>

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
	{ "vivid", VIVID(67), -1, false, "once no buffers are made: a proxy tries others at once" },
	{ "vivid", VIVID(68), -1, false, "once no memory is taken: a proxy tries others at once" },
	{ "vivid", VIVID(70), -1, false, "the queue fails, and a device's session with it" },
	{ "vim2m", VIM2M(1), 1, false, "a job under way reads it, and older kernels crash" },
	{ "vim2m", VIM2M(0), 1, false, "a frame would take up to ten seconds" },
};
const unsigned int conform_num_pins = sizeof(conform_pins) / sizeof(conform_pins[0]);

/*
 * vicodec's encoder takes any size for its coded CAPTURE, and then writes frames of OUTPUT's size
 * beyond the end of buffers that are too small for them.
 */
bool conform_is_fatal(const struct conform_catalogue *cat, const struct conform_call *c)
{
	uint32_t type = c->arg.format.type;

	return c->info->nr == VMEDIA_NR_S_FMT && type < CONFORM_TYPES &&
	       strcmp((const char *)cat->cap.driver, "vicodec") == 0 &&
	       !V4L2_TYPE_IS_OUTPUT(type) && cat->formats[type].count &&
	       cat->formats[type].flags[0] & V4L2_FMT_FLAG_COMPRESSED;
}
