/* SPDX-License-Identifier: BSD-3-Clause */
/* The opener, which a source asks for what it cannot open itself in a sandbox. */
#ifndef VMEDIA_CAMERA_ASK_H
#define VMEDIA_CAMERA_ASK_H

/*
 * vmedia_camera_ask - ask @opener (struct vmedia_camera_options) for what it opens
 *
 * Returns a descriptor; the opener's negative errno; -EIO: it has ended. Context: one thread at a
 * time for each opener. It answers at once.
 */
int vmedia_camera_ask(int opener);

#endif
