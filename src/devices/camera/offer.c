// SPDX-License-Identifier: BSD-3-Clause
/*
 * Functions with which a source fills in its formats, sizes and intervals, and reads its controls.
 * Sources that are modules link these functions too.
 */
#include "source.h"

#include <errno.h>

void vmedia_camera_add_size(struct vmedia_camera_source *src, uint32_t width, uint32_t height)
{
	if (!width || !height || width > VMEDIA_CAMERA_MAX_DIMENSION ||
	    height > VMEDIA_CAMERA_MAX_DIMENSION)
		return;
	if (src->num_sizes == sizeof(src->sizes) / sizeof(src->sizes[0]))
		return;
	for (uint32_t i = 0; i < src->num_sizes; i++)
		if (src->sizes[i].width == width && src->sizes[i].height == height)
			return;
	src->sizes[src->num_sizes++] = (struct vmedia_camera_size){ width, height };
}

void vmedia_camera_add_interval(struct vmedia_camera_source *src, uint32_t numerator,
				uint32_t denominator)
{
	if (!numerator || !denominator || src->num_intervals == VMEDIA_CAMERA_MAX_INTERVALS)
		return;
	for (uint32_t i = 0; i < src->num_intervals; i++)
		if ((uint64_t)src->intervals[i].numerator * denominator ==
		    (uint64_t)src->intervals[i].denominator * numerator)
			return;
	src->intervals[src->num_intervals++] = (struct vmedia_fract){ numerator, denominator };
}

void vmedia_camera_add_usual_intervals(struct vmedia_camera_source *src)
{
	static const uint32_t rates[] = { 60, 50, 30, 25, 24, 15, 10, 5 };

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++)
		vmedia_camera_add_interval(src, 1, rates[i]);
}

static int control_index(const struct vmedia_camera_source *src, uint32_t id)
{
	for (uint32_t i = 0; i < src->num_controls; i++)
		if (src->controls[i].id == id)
			return (int)i;
	return -1;
}

int32_t vmedia_camera_value(const struct vmedia_camera_source *src, uint32_t id)
{
	int i = control_index(src, id);

	return i < 0 ? 0 : atomic_load_explicit(&src->values[i], memory_order_relaxed);
}

int vmedia_camera_source_set_control(struct vmedia_camera_source *src, uint32_t id, int32_t value)
{
	int i = control_index(src, id);

	if (i < 0)
		return -EINVAL;
	if (value < src->controls[i].minimum || value > src->controls[i].maximum)
		return -ERANGE;
	atomic_store_explicit(&src->values[i], value, memory_order_relaxed);
	return 0;
}
