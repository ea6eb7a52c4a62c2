/* SPDX-License-Identifier: BSD-3-Clause */
/* Outputs for frames: a file (raw or Y4M), a PNG, the terminal, or several of them. */
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
	uint32_t width, height; /* of the frames */
	uint64_t bytes;	  /* written to file */
	uint8_t *scratch; /* one frame converted */
	struct ctl_converter conv;
	struct ctl_preview preview;
};

/*
 * Open the outputs that @o asks for. Frames will have the sizes and format of @pic, and come @rate
 * times a second (0/0: unknown). Returns 0, or negative errno or CTL_ERR_USAGE after a line on
 * standard error. The caller calls ctl_sink_close() in either case.
 */
int ctl_sink_open(struct ctl_sink *s, const struct ctl_stream_options *o,
		  const struct ctl_picture *pic, struct vmedia_fract rate);
/*
 * Frames have the sizes and format of @pic from now on. Fails if an output cannot take them: Y4M
 * has one size. Returns as ctl_sink_open().
 */
int ctl_sink_change(struct ctl_sink *s, const struct ctl_picture *pic);
/*
 * Write one frame to all outputs. The preview shows @status under it. Errors are those of
 * ctl_sink_open(), and two without a line: -EBADMSG if the frame is damaged and was left out;
 * -EINTR if a signal came while writing.
 */
int ctl_sink_put(struct ctl_sink *s, const struct ctl_picture *pic, const char *status);
/* Close all outputs. Returns @ret if that is an error, else the error of the last writes, or 0. */
int ctl_sink_close(struct ctl_sink *s, int ret);

/* The first line of a Y4M file, as snprintf() returns it; 160 bytes are enough. */
int ctl_y4m_header(char *buf, size_t size, const struct ctl_picture *pic, struct vmedia_fract rate);

#endif /* VMEDIA_CTL_SINK_H */
