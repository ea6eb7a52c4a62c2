/* SPDX-License-Identifier: BSD-3-Clause */
/* The file whose frames or packets are given to an OUTPUT queue. */
#ifndef VMEDIA_CTL_SOURCE_H
#define VMEDIA_CTL_SOURCE_H

#include <stdio.h>

#include "queue.h"

/* What begins a frame of a file with headers: v4l2-ctl's number, high byte first. */
#define CTL_FRAME_HEADER v4l2_fourcc('V', 'h', 'd', 'r')

struct ctl_source {
	const struct ctl_stream_options *o;
	FILE *file;
	/* packets without header: any part of the file is one, else all of it is one */
	bool coded, bytestream;
	uint64_t frames; /* read so far */
};

/*
 * Open the file that @o names, for the present format of @q. Returns 0, or negative errno or
 * CTL_ERR_USAGE after a line on standard error.
 */
int ctl_source_open(struct ctl_source *s, const struct ctl_stream_options *o,
		    const struct ctl_queue *q);
/*
 * Read the next frame into buffer @index of @q. Sets the bytes of each plane. Returns 1; 0 at the
 * end of the file; -EINTR without a line if a signal came; or the errors of ctl_source_open().
 */
int ctl_source_read(struct ctl_source *s, const struct ctl_queue *q, unsigned int index,
		    uint32_t used[VMEDIA_MAX_PLANES]);
/* NULL is no file. */
void ctl_source_close(struct ctl_source *s);

#endif /* VMEDIA_CTL_SOURCE_H */
