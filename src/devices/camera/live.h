/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What live sources have in common: the lists that do not depend on the pictures, which are not
 * known when the source is opened, and waits that an interrupt ends.
 */
#ifndef VMEDIA_CAMERA_LIVE_H
#define VMEDIA_CAMERA_LIVE_H

#include "source.h"

/* Offer all raw formats, the sizes of @opts or 640x480, and its interval or 1/30. */
void vmedia_camera_live_lists(struct vmedia_camera_source *src,
			      const struct vmedia_camera_options *opts);

/* The colours that pictures are converted to: sRGB, BT.601 of limited range. For colorimetry(). */
void vmedia_camera_live_colorimetry(const struct vmedia_camera_source *src,
				    struct vmedia_camera_format *fmt);

/*
 * vmedia_camera_wake_create - make the descriptor of a source's waits; negative errno on error
 * vmedia_camera_wake_up - end a wait, now or the next one. Context: any thread.
 * vmedia_camera_wake_clear - forget that; for start()
 * vmedia_camera_wake_wait - wait until @until (CLOCK_MONOTONIC), until @fd can be read (-1: none),
 *	or until the wake-up
 */
int vmedia_camera_wake_create(void);
void vmedia_camera_wake_up(int wake_fd);
void vmedia_camera_wake_clear(int wake_fd);
void vmedia_camera_wake_wait(int wake_fd, int fd, uint64_t until);

#endif
