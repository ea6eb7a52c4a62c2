// SPDX-License-Identifier: BSD-3-Clause
/* Options of the modules decoder and encoder: see options.h. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "options.h"

/* A number, and what follows it. */
static bool number(const char *text, unsigned long long *n, const char **end)
{
	char *after;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*n = strtoull(text, &after, 10);
	*end = after;
	return !errno;
}

static bool read_picture(const char *text, uint32_t min, struct vmedia_libav_options *opts)
{
	unsigned long long w, h;

	if (!number(text, &w, &text) || *text++ != 'x' || !number(text, &h, &text) || *text)
		return false;
	if (w < min || w > VMEDIA_LIBAV_MAX_SIZE || h < min || h > VMEDIA_LIBAV_MAX_SIZE)
		return false;
	opts->max_width = (uint32_t)w;
	opts->max_height = (uint32_t)h;
	return true;
}

static bool read_pixels(const char *text, struct vmedia_libav_options *opts)
{
	unsigned long long n;
	unsigned int shift;

	if (!number(text, &n, &text) || !n)
		return false;
	shift = *text == 'K' ? 10 : *text == 'M' ? 20 : *text == 'G' ? 30 : 0;
	if (text[shift != 0] || n > UINT64_MAX >> (shift + 1))
		return false;
	opts->max_pixels = n << shift;
	return true;
}

static bool read_threads(const char *text, struct vmedia_libav_options *opts)
{
	unsigned long long n;

	if (!number(text, &n, &text) || *text || !n || n > VMEDIA_LIBAV_MAX_THREADS)
		return false;
	opts->threads = (uint32_t)n;
	return true;
}

int vmedia_libav_options_read(const struct vmedia_module_args *args, uint32_t min,
			      struct vmedia_libav_options *opts, char *why, size_t why_size)
{
	const char *picture = vmedia_module_value(args, "max-picture");
	const char *pixels = vmedia_module_value(args, "max-pixels");
	const char *threads = vmedia_module_value(args, "threads");

	*opts = (struct vmedia_libav_options){ .limits = args->limits,
					       .region_size = args->region_size,
					       .codecs = vmedia_module_value(args, "codecs") };
	if (picture && !read_picture(picture, min, opts)) {
		snprintf(why, why_size, "--max-picture=%s is not a size: give a width and a height "
					"of %u to %u, as in 1920x1088", picture, min,
			 VMEDIA_LIBAV_MAX_SIZE);
		return -EINVAL;
	}
	if (pixels && !read_pixels(pixels, opts)) {
		snprintf(why, why_size, "--max-pixels=%s is not a number of pixels: give one, as "
					"in 256M", pixels);
		return -EINVAL;
	}
	if (threads && !read_threads(threads, opts)) {
		snprintf(why, why_size, "--threads=%s is not a number of threads: give one from 1 "
					"to %u", threads, VMEDIA_LIBAV_MAX_THREADS);
		return -EINVAL;
	}
	return 0;
}

struct vmedia_frame_size vmedia_libav_sizes(const struct vmedia_libav_options *opts, uint32_t min,
					    uint32_t step)
{
	uint32_t w = opts->max_width ? opts->max_width : VMEDIA_LIBAV_MAX_SIZE;
	uint32_t h = opts->max_height ? opts->max_height : VMEDIA_LIBAV_MAX_SIZE;

	return (struct vmedia_frame_size){ .width = min,
					   .height = min,
					   .max_width = w - w % step,
					   .max_height = h - h % step,
					   .step_width = step,
					   .step_height = step };
}

void vmedia_libav_formats(const uint32_t *formats, unsigned int num,
			  const struct vmedia_frame_size *size, struct vmedia_format_config *to)
{
	for (unsigned int i = 0; i < num; i++)
		to[i] = (struct vmedia_format_config){ .pixelformat = formats[i],
						       .sizes = size,
						       .num_sizes = 1 };
}

void vmedia_libav_options_explain(int err, const struct vmedia_libav_options *opts,
				  const char *kind, const char *names, char *why, size_t why_size)
{
	if (err == -ENOSYS)
		snprintf(why, why_size, "libavcodec has no %s that V4L2 has a format for: install "
					"a complete one", kind);
	if (err == -EINVAL && opts->codecs)
		snprintf(why, why_size, "--codecs=%s: give names with commas between, of %s; or "
					"mjpeg alone", opts->codecs, names);
}
