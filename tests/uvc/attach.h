/* SPDX-License-Identifier: BSD-3-Clause */
/* Plugging a device into the kernel's virtual host controller, vhci_hcd. */
#ifndef TESTS_UVC_ATTACH_H
#define TESTS_UVC_ATTACH_H

/*
 * Plug a high-speed device into a free port. Returns a socket that speaks USB/IP with the kernel;
 * closing it unplugs the device. Or negative errno, after a line on standard error.
 */
int attach(void);

#endif /* TESTS_UVC_ATTACH_H */
