/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory-to-memory devices: bytes inverted on their way from OUTPUT to CAPTURE.
 *
 *   invert	raw to raw, a frame for a frame
 *   encoder	raw to "FWHT": a header of 16 bytes ("VTST", width, height, length), then the
 *		inverted bytes; ENCODER_CMD
 *   decoder	the way back; DECODER_CMD, SOURCE_CHANGE when a header says another size
 *   naive	a decoder that fills each CAPTURE buffer as the present format says, whatever the
 *		buffer's length and the stream's: it relies on what the framework promises
 *
 * The codecs' name is borrowed, so that clients know them for codecs: nobody but the other one can
 * read what one of them wrote.
 */
#ifndef VMEDIA_TESTS_DEVICES_M2M_H
#define VMEDIA_TESTS_DEVICES_M2M_H

#include <stdbool.h>
#include <vmedia/device.h>

struct m2m_options {
	const char *name;			/* one of those above */
	bool mplane;				/* multi-planar queues; invert alone */
	bool selections;			/* OUTPUT can be cropped, CAPTURE composed */
	bool resets;				/* a new size has the first pixel format again */
	uint64_t job_ns;			/* how long a job takes */
	uint32_t max_width, max_height;		/* 0: 1920, 1080 */
	const struct vmedia_limits *limits;	/* NULL: the usual ones */
};

/*
 * One such device at a time in a process, until vmedia_device_destroy(). 0; -ENOENT: no such name;
 * -EINVAL: mplane with another; the errors of vmedia_video_create().
 */
int m2m_create(struct vmedia_loop *loop, const struct m2m_options *opts,
	       struct vmedia_device **dev);

#endif
