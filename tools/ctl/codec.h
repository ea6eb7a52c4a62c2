/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What --decode and --encode put in the place of --stream-from and --stream-to: packets and
 * pictures of media files. The program vmedia-ctl-codec has it (codec/).
 */
#ifndef VMEDIA_CTL_CODEC_H
#define VMEDIA_CTL_CODEC_H

#include "picture.h"
#include "queue.h"

/*
 * All of these return 0, unless their comment says otherwise; -EINTR without a line if a signal
 * came; or negative errno or CTL_ERR_USAGE after a line on standard error.
 */
struct ctl_codec {
	/* Open the file, and set the device's formats for it. */
	int (*begin)(struct ctl *c);
	/* As ctl_source_read(). */
	int (*read)(struct ctl *c, const struct ctl_queue *q, unsigned int index,
		    uint32_t used[VMEDIA_MAX_PLANES]);
	/* CAPTURE is set up for frames like @pic, for the first time or anew. */
	int (*change)(struct ctl *c, const struct ctl_picture *pic);
	/* A frame came, in buffer @b of CAPTURE. */
	int (*put)(struct ctl *c, const struct ctl_picture *pic, const struct vmedia_buffer *b);
	/* The line that a terminal shows meanwhile. Returns nothing. */
	void (*progress)(struct ctl *c, char *text, size_t size);
	/* The stream ended. @whole: the device said that all frames have come. Tells the result. */
	int (*end)(struct ctl *c, bool whole);
	/* Free all. Also if begin() failed. Returns nothing. */
	void (*finish)(struct ctl *c);
};

#endif /* VMEDIA_CTL_CODEC_H */
