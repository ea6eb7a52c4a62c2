/* SPDX-License-Identifier: BSD-3-Clause */
/* The options that the modules decoder and encoder have in common. Context: the loop's thread. */
#ifndef VMEDIA_DEVICES_LIBAV_OPTIONS_H
#define VMEDIA_DEVICES_LIBAV_OPTIONS_H

#include <stdint.h>
#include <vmedia/module.h>
#include <vmedia/video.h>

#define VMEDIA_LIBAV_MAX_SIZE	 8192u
#define VMEDIA_LIBAV_MAX_THREADS 256u

struct vmedia_libav_options {
	const struct vmedia_limits *limits;
	uint64_t region_size;		/* 0: no region */
	uint32_t threads;		/* of all sessions; 0: as many as there are CPUs */
	const char *codecs;		/* a list for vmedia_libav_named(), or NULL */
	uint32_t max_width, max_height;	/* of a picture; 0: VMEDIA_LIBAV_MAX_SIZE */
	uint64_t max_pixels;		/* of one picture of each session, in all; 0: the default */
};

/* For the module's table; @verb: what the threads do. "codecs" is the module's own line. */
#define VMEDIA_LIBAV_OPTIONS(verb)                                                               \
	{ "max-picture", "WIDTHxHEIGHT", "largest picture (default 8192x8192)" },                \
	{ "threads", "N", "threads that " verb ", for all sessions (default: one a CPU)" },      \
	{ "max-pixels", "N", "pixels of one picture of each session, in all (default 256M)" }

/*
 * Read them. @min: the smallest width and height of a picture. Returns 0, or -EINVAL with a
 * sentence in @why.
 */
int vmedia_libav_options_read(const struct vmedia_module_args *args, uint32_t min,
			      struct vmedia_libav_options *opts, char *why, size_t why_size);
/* The sizes of pictures: from @min x @min on, in steps of @step. */
struct vmedia_frame_size vmedia_libav_sizes(const struct vmedia_libav_options *opts, uint32_t min,
					    uint32_t step);
/* Fill in @to for the @num formats of @formats, each of the sizes @size. */
void vmedia_libav_formats(const uint32_t *formats, unsigned int num,
			  const struct vmedia_frame_size *size, struct vmedia_format_config *to);
/*
 * Say in @why what is wrong when the device was refused: -ENOSYS, libavcodec lacks all of what a
 * device of @kind is made of; -EINVAL, --codecs is not a list of @names.
 */
void vmedia_libav_options_explain(int err, const struct vmedia_libav_options *opts,
				  const char *kind, const char *names, char *why, size_t why_size);

#endif /* VMEDIA_DEVICES_LIBAV_OPTIONS_H */
