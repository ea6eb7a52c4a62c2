/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Devices of the rarer buffer types: a frame each period, counted in its bytes.
 *
 *   meta, meta-out	metadata
 *   vbi, vbi-out	lines of the blanking interval, with TV standards
 *   sliced		the same, sliced, with SLICED_VBI_CAP
 *   sdr, sdr-out	samples of a radio, with a tuner or a modulator, frequencies and bands
 *   output		pictures that are shown to nobody
 */
#ifndef VMEDIA_TESTS_DEVICES_KINDS_H
#define VMEDIA_TESTS_DEVICES_KINDS_H

#include <vmedia/device.h>

struct kinds_options {
	const char *name;			/* one of those above */
	uint64_t period_ns;			/* between frames */
	/* so many frames of a stream, then vmedia_queue_error(); 0: no error */
	unsigned long fail_after;
	const struct vmedia_limits *limits;	/* NULL: the usual ones */
};

/*
 * One such device at a time in a process, until vmedia_device_destroy(). 0; -ENOENT: no such name;
 * the errors of vmedia_video_create().
 */
int kinds_create(struct vmedia_loop *loop, const struct kinds_options *opts,
		 struct vmedia_device **dev);

#endif
