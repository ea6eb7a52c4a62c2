/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Formats: what a queue has, what it may have, and what of memory that takes.
 */
#ifndef VMEDIA_V4L2_FORMAT_H
#define VMEDIA_V4L2_FORMAT_H

#include "v4l2/queue.h"

/* Is this queue any kind of picture queue? */
bool vmedia_queue_is_video(const struct vmedia_queue *q);
/* Planes and their sizes by the present format; returns the number of planes. */
uint32_t vmedia_queue_plane_sizes(const struct vmedia_queue *q, uint32_t sizes[VMEDIA_MAX_PLANES]);
uint32_t vmedia_format_plane_sizes(const struct vmedia_format *fmt,
				   uint32_t sizes[VMEDIA_MAX_PLANES]);
/* A picture format's layout by its size and strides, sizes exact. 0, or -EINVAL and all zero. */
int vmedia_format_layout(const struct vmedia_format *fmt, const struct vmedia_pixfmt *pf,
			 struct vmedia_picture_layout *l);
/* What a buffer must have of each for the device to work in the present format. */
uint32_t vmedia_queue_plane_needs(const struct vmedia_queue *q, uint32_t sizes[VMEDIA_MAX_PLANES]);

/* The @n-th format that is there now; @all: whether or not it is. */
const struct vmedia_format_config *vmedia_queue_nth_format(struct vmedia_queue *q, uint32_t n,
							   uint32_t mbus, bool all);
const struct vmedia_format_config *vmedia_queue_find_format(struct vmedia_queue *q,
							    uint32_t pixelformat, bool all);
int vmedia_format_fit(struct vmedia_queue *q, struct vmedia_format *fmt,
		      const struct vmedia_format_config **f, const struct vmedia_frame_size **size);
int vmedia_queue_default_format(struct vmedia_queue *q);
void vmedia_format_apply(struct vmedia_queue *q, const struct vmedia_format *fmt,
			 const struct vmedia_format_config *f,
			 const struct vmedia_frame_size *size);
struct vmedia_fract vmedia_interval_fit(const struct vmedia_frame_size *size,
					struct vmedia_fract want);
/* The size of @f that is the nearest to @w x @h, which become that. */
const struct vmedia_frame_size *vmedia_frame_size_fit(const struct vmedia_format_config *f,
						      uint32_t *w, uint32_t *h);
/* Size @w x @h of @f: the entry that has it, or NULL. */
const struct vmedia_frame_size *vmedia_frame_size_exact(const struct vmedia_format_config *f,
							uint32_t w, uint32_t h);

#endif /* VMEDIA_V4L2_FORMAT_H */
