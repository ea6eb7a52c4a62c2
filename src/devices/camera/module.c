// SPDX-License-Identifier: BSD-3-Clause
/*
 * The camera as a kind of device for programs that load modules. It is linked in, not a file of its
 * own.
 */
#include <errno.h>
#include <stdio.h>
#include <vmedia/camera.h>
#include <vmedia/module.h>

#include "source.h"

/*
 * A size on the command line applies to each format, but formats of 4:2:0 have no odd sizes. Refuse
 * an odd size, since the camera would offer the next smaller one instead.
 */
static int check_sizes(const struct vmedia_camera_options *opts, char *why, size_t why_size)
{
	for (uint32_t i = 0; i < opts->num_sizes; i++) {
		uint32_t w = opts->sizes[i].width, h = opts->sizes[i].height;

		if (!((w | h) & 1))
			continue;
		snprintf(why, why_size,
			 "--size=%ux%u: no odd width or height, NV12 and YU12 cannot have it; use "
			 "%ux%u",
			 w, h, w & ~1u, h & ~1u);
		return -EINVAL;
	}
	return 0;
}

static int parse(const struct vmedia_module_args *args, struct vmedia_camera_options *opts,
		 char *why, size_t why_size)
{
	int ret = 0;

	vmedia_camera_options_init(opts);
	opts->limits = *args->limits;
	opts->region_size = args->region_size;
	opts->module_path = args->module_path;
	opts->opener = args->opener;
	for (unsigned int i = 0; ret == 0 && i < args->num_values; i++)
		ret = vmedia_camera_set_option(opts, args->values[i].name, args->values[i].value,
					       why, why_size);
	return ret < 0 ? ret : check_sizes(opts, why, why_size);
}

/* The source may be a module. */
static int prepare(const struct vmedia_module_args *args, char *why, size_t why_size)
{
	const struct vmedia_camera_source_ops *ops;
	struct vmedia_camera_options opts;
	const char *arg;
	int ret = parse(args, &opts, why, why_size);

	return ret < 0 ? ret : vmedia_camera_source_named(&opts, why, why_size, &ops, &arg);
}

static int create(const struct vmedia_module_args *args, char *why, size_t why_size,
		  struct vmedia_device **dev)
{
	struct vmedia_camera_options opts;
	int ret = parse(args, &opts, why, why_size);

	return ret < 0 ? ret : vmedia_camera_create(args->loop, &opts, why, why_size, dev);
}

/* The publisher's socket of shared:SOCKET. */
static const char *shared_socket(const struct vmedia_module_args *args)
{
	const char *source = vmedia_module_value(args, "source");
	const size_t len = strlen("shared:");

	return source && !strncmp(source, "shared:", len) ? source + len : NULL;
}

static const struct vmedia_module module = {
	.abi = VMEDIA_MODULE_ABI,
	.name = "camera",
	.summary = "a camera: a test pattern, or any video file in a loop",
	.example = "--source=pattern --fps=60",
	.options = vmedia_camera_option_table,
	.prepare = prepare,
	.create = create,
	.socket = shared_socket,
	.syscalls = "preadv2 lseek", /* of file:PATH; the pattern makes none */
};

const struct vmedia_module *vmedia_camera_module(void)
{
	return &module;
}
