/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Formats: a queue's present format, its possible formats, and the memory that they take.
 */
#ifndef VMEDIA_V4L2_FORMAT_H
#define VMEDIA_V4L2_FORMAT_H

#include "v4l2/queue.h"

/* True if @q is any kind of picture queue. */
bool vmedia_queue_is_video(const struct vmedia_queue *q);
/* Get the planes' sizes in the present format. Returns the number of planes. */
uint32_t vmedia_queue_plane_sizes(const struct vmedia_queue *q, uint32_t sizes[VMEDIA_MAX_PLANES]);
uint32_t vmedia_format_plane_sizes(const struct vmedia_format *fmt,
				   uint32_t sizes[VMEDIA_MAX_PLANES]);
/* Get the layout of a picture format from its size and strides. 0, or -EINVAL and all zero. */
int vmedia_format_layout(const struct vmedia_format *fmt, const struct vmedia_pixfmt *pf,
			 struct vmedia_picture_layout *l);
/*
 * Get the bytes that each plane of a buffer must have for the present format. Returns their number.
 */
uint32_t vmedia_queue_plane_needs(const struct vmedia_queue *q, uint32_t sizes[VMEDIA_MAX_PLANES]);

/* The @n-th format that is available now; @all: of all formats. */
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
/* Return the size of @f nearest to @w x @h, and set @w and @h to it. */
const struct vmedia_frame_size *vmedia_frame_size_fit(const struct vmedia_format_config *f,
						      uint32_t *w, uint32_t *h);
/* The entry of @f that has size @w x @h, or NULL. */
const struct vmedia_frame_size *vmedia_frame_size_exact(const struct vmedia_format_config *f,
							uint32_t w, uint32_t h);

#endif /* VMEDIA_V4L2_FORMAT_H */
