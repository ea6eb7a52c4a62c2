// SPDX-License-Identifier: BSD-3-Clause
/*
 * Functions common to all sources: opening by name, enumeration, negotiation.
 */
#include "source.h"

#include <errno.h>
#include <string.h>

/* ---- Opening and closing ---- */

int vmedia_camera_source_named(const struct vmedia_camera_options *opts, char *why, size_t why_size,
			       const struct vmedia_camera_source_ops **ops, const char **arg)
{
	const char *name = opts->source ? opts->source : "pattern";
	const char *colon = strchr(name, ':');
	size_t len = colon ? (size_t)(colon - name) : strlen(name);

	*arg = colon ? colon + 1 : NULL;
	return vmedia_camera_source_find(opts, name, len, why, why_size, ops);
}

int vmedia_camera_source_open(const struct vmedia_camera_options *opts, char *why, size_t why_size,
			      struct vmedia_camera_source **src)
{
	const struct vmedia_camera_source_ops *ops;
	struct vmedia_camera_source *s;
	const char *arg;
	int err = vmedia_camera_source_named(opts, why, why_size, &ops, &arg);

	if (!err)
		err = ops->open(opts, arg, why, why_size, &s);
	if (err)
		return err;
	for (uint32_t k = 0; k < s->num_controls; k++)
		atomic_init(&s->values[k], s->controls[k].default_value);
	*src = s;
	return 0;
}

void vmedia_camera_source_close(struct vmedia_camera_source *src)
{
	if (!src)
		return;
	vmedia_camera_source_stop(src);
	src->ops->close(src);
}

int vmedia_camera_source_needs(const struct vmedia_camera_options *opts,
			       struct vmedia_camera_needs *needs, char *why, size_t why_size)
{
	const struct vmedia_camera_source_ops *ops;
	const char *arg;
	int err = vmedia_camera_source_named(opts, why, why_size, &ops, &arg);

	if (err)
		return err;
	*needs = ops->needs;
	needs->path = arg;
	return 0;
}

/* ---- Formats, sizes, intervals ---- */

int vmedia_camera_source_format(const struct vmedia_camera_source *src, uint32_t index,
				uint32_t *pixelformat)
{
	if (index >= src->num_formats)
		return -EINVAL;
	*pixelformat = src->formats[index];
	return 0;
}

int vmedia_camera_source_size(const struct vmedia_camera_source *src, uint32_t index,
			      struct vmedia_camera_size *size)
{
	if (index >= src->num_sizes)
		return -EINVAL;
	*size = src->sizes[index];
	return 0;
}

int vmedia_camera_source_interval(const struct vmedia_camera_source *src, uint32_t index,
				  struct vmedia_fract *interval)
{
	if (index >= src->num_intervals)
		return -EINVAL;
	*interval = src->intervals[index];
	return 0;
}

const struct vmedia_camera_control *
vmedia_camera_source_controls(const struct vmedia_camera_source *src, uint32_t *count)
{
	*count = src->num_controls;
	return src->controls;
}

const char *vmedia_camera_source_name(const struct vmedia_camera_source *src)
{
	return src->name;
}

static uint32_t distance(uint32_t a, uint32_t b)
{
	return a > b ? a - b : b - a;
}

/*
 * The same choice as v4l2_find_nearest_size(): the least sum of differences, the first of equals.
 */
static struct vmedia_camera_size nearest_size(const struct vmedia_camera_source *src,
					      const struct vmedia_camera_format *fmt)
{
	struct vmedia_camera_size best = src->sizes[0];
	uint64_t least = UINT64_MAX;

	for (uint32_t i = 0; i < src->num_sizes; i++) {
		const struct vmedia_camera_size *s = &src->sizes[i];
		uint64_t d =
			(uint64_t)distance(s->width, fmt->width) + distance(s->height, fmt->height);

		if (!vmedia_camera_format_fits(fmt->pixelformat, s->width, s->height))
			continue;
		if (d < least) {
			least = d;
			best = *s;
		}
	}
	return best;
}

void vmedia_camera_source_try(const struct vmedia_camera_source *src,
			      struct vmedia_camera_format *fmt)
{
	struct vmedia_camera_size size;
	bool found = false;

	for (uint32_t i = 0; i < src->num_formats; i++)
		found |= src->formats[i] == fmt->pixelformat;
	if (!found)
		fmt->pixelformat = src->formats[0];
	size = nearest_size(src, fmt);
	fmt->width = size.width;
	fmt->height = size.height;
	vmedia_camera_format_fill(fmt);
	fmt->field = V4L2_FIELD_NONE;
	src->ops->colorimetry(src, fmt);
}

/* ---- Pictures ---- */

int vmedia_camera_source_start(struct vmedia_camera_source *src,
			       const struct vmedia_camera_format *fmt,
			       const struct vmedia_fract *interval)
{
	struct vmedia_camera_format f = *fmt;
	int err;

	vmedia_camera_source_try(src, &f);
	if (src->started || f.pixelformat != fmt->pixelformat || f.width != fmt->width ||
	    f.height != fmt->height || f.bytesperline != fmt->bytesperline ||
	    !interval->numerator || !interval->denominator)
		return -EINVAL;
	atomic_store(&src->interrupted, false);
	err = src->ops->start(src, &f, interval);
	if (err)
		return err;
	src->format = f;
	src->started = true;
	return 0;
}

int vmedia_camera_source_fill_target(struct vmedia_camera_source *src,
				     struct vmedia_camera_target *target)
{
	return src->started ? src->ops->fill(src, target) : -EINVAL;
}

int vmedia_camera_source_fill(struct vmedia_camera_source *src, struct vmedia_camera_frame *frame)
{
	struct vmedia_camera_target t;
	int err;

	if (!src->started)
		return -EINVAL;
	if (src->format.pixelformat != V4L2_PIX_FMT_MJPEG && frame->size < src->format.sizeimage)
		return -ENOSPC;
	vmedia_camera_target_init(&t, &src->format, frame->data, frame->size);
	t.sequence = frame->sequence;
	t.time_ns = frame->time_ns;
	err = vmedia_camera_source_fill_target(src, &t);
	if (!err)
		frame->bytesused = t.bytesused;
	return err;
}

bool vmedia_camera_source_is_live(const struct vmedia_camera_source *src)
{
	return src->ops->live;
}

int vmedia_camera_source_next(struct vmedia_camera_source *src, uint64_t *time_ns)
{
	return src->started && src->ops->live ? src->ops->next(src, time_ns) : -EINVAL;
}

void vmedia_camera_source_stop(struct vmedia_camera_source *src)
{
	if (src->started && src->ops->stop)
		src->ops->stop(src);
	src->started = false;
}

void vmedia_camera_source_interrupt(struct vmedia_camera_source *src)
{
	atomic_store(&src->interrupted, true);
	if (src->ops->interrupt)
		src->ops->interrupt(src);
}
