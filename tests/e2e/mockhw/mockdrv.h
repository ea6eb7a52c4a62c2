/* SPDX-License-Identifier: BSD-3-Clause */
/* What the module mockhw and the driver library that it loads share. */
#ifndef TESTS_E2E_MOCKDRV_H
#define TESTS_E2E_MOCKDRV_H

#include <stdint.h>

struct mockdrv;

struct mockdrv_ops {
	/* Take an open device node, and start the driver's thread. Returns 0 or negative errno. */
	int (*open)(int node, struct mockdrv **drv);
	/*
	 * Decode packet @packet on the driver's thread, and wait for the picture: one brightness.
	 * Returns 0, or the negative errno of ioctl().
	 */
	int (*decode)(struct mockdrv *drv, uint8_t packet, uint8_t *picture);
	void (*close)(struct mockdrv *drv);
};

/* The object that a driver library exports. */
#define MOCKDRV_SYMBOL "mockdrv_ops"

#endif
