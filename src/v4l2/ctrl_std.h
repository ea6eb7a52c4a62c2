/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Macros for the tables of standard controls (ctrl_std_*.c): name, type, flags and menu of each ID,
 * as in Linux. A device needs to give only a range, and clients find the kernel's names.
 */
#ifndef VMEDIA_V4L2_CTRL_STD_H
#define VMEDIA_V4L2_CTRL_STD_H

#include <linux/videodev2.h>

#include "base/checked.h"
#include "v4l2/ctrl.h"

#define RO	V4L2_CTRL_FLAG_READ_ONLY
#define WO	V4L2_CTRL_FLAG_WRITE_ONLY
#define VOL	V4L2_CTRL_FLAG_VOLATILE
#define UPD	V4L2_CTRL_FLAG_UPDATE
#define SLIDER	V4L2_CTRL_FLAG_SLIDER
#define EXEC	V4L2_CTRL_FLAG_EXECUTE_ON_WRITE
#define LAYOUT	V4L2_CTRL_FLAG_MODIFY_LAYOUT

#define ROW(i, t, f, n)								\
	.id = V4L2_CID_##i, .name = (n), .type = V4L2_CTRL_TYPE_##t, .flags = (f)
#undef CTRL	/* some C libraries define it for control characters of terminals */
#define CTRL(i, t, f, n)	{ ROW(i, t, f, n) }
#define INT(i, n)		CTRL(i, INTEGER, 0, n)
#define SLIDE(i, n)		CTRL(i, INTEGER, SLIDER, n)
#define BOOL(i, n)		CTRL(i, BOOLEAN, 0, n)
#define MASK(i, n)		CTRL(i, BITMASK, 0, n)
#define INTMENU(i, n)		CTRL(i, INTEGER_MENU, 0, n)
#define PUSH(i, n)		CTRL(i, BUTTON, WO | EXEC, n)
#define CLASS(i, n)		CTRL(i, CTRL_CLASS, RO | WO, n)
#define MENU_F(i, m, f, n)							\
	{ ROW(i, MENU, f, n), .menu = (m), .menu_len = VMEDIA_ARRAY_SIZE(m) }
#define MENU(i, m, n)		MENU_F(i, m, 0, n)

struct vmedia_std_part {
	const struct vmedia_std_ctrl *v;
	unsigned int num;
};

extern const struct vmedia_std_part vmedia_std_user, vmedia_std_codec, vmedia_std_other,
	vmedia_std_stateless;

#endif /* VMEDIA_V4L2_CTRL_STD_H */
