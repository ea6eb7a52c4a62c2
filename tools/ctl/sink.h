/* SPDX-License-Identifier: BSD-3-Clause */
/* Where frames go: a file (raw or Y4M), a PNG, the terminal; any of them together. */
#ifndef VMEDIA_CTL_SINK_H
#define VMEDIA_CTL_SINK_H

#include <stdio.h>

#include "ctl.h"
#include "picture.h"
#include "preview.h"

struct ctl_sink {
	const struct ctl_stream_options *o;
	FILE *file; /* stream-to; NULL if none */
	FILE *png;  /* snapshot; NULL if none */
	bool y4m, snapped, previewing;
	uint64_t bytes;	  /* written to file */
	uint8_t *scratch; /* one frame converted */
	struct ctl_converter conv;
	struct ctl_preview preview;
};

/*
 * Open what @o asks for; pictures will be like @pic (sizes and format), @rate frames a second where
 * known (else 0/0). Returns 0, or negative errno or CTL_ERR_USAGE after a line on standard error;
 * ctl_sink_close() follows in any case.
 */
int ctl_sink_open(struct ctl_sink *s, const struct ctl_stream_options *o,
		  const struct ctl_picture *pic, struct vmedia_fract rate);
/*
 * Take one frame; @status is what the preview says under it. Errors as ctl_sink_open(), and without
 * a line: -EBADMSG, the frame is damaged and was left out; -EINTR, a signal came while writing.
 */
int ctl_sink_put(struct ctl_sink *s, const struct ctl_picture *pic, const char *status);
/* Close all. Returns what could not be written, @ret where it is an error already. */
int ctl_sink_close(struct ctl_sink *s, int ret);

/* The first line of a Y4M file, as snprintf() returns it; 160 bytes are enough. */
int ctl_y4m_header(char *buf, size_t size, const struct ctl_picture *pic, struct vmedia_fract rate);

#endif /* VMEDIA_CTL_SINK_H */
