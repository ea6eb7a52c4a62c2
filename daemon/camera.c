/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The camera on the command line: --name=value pairs, which the camera itself knows and explains.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <vmedia/camera.h>

#include "camera.h"

void daemon_camera_help(void)
{
	const struct vmedia_camera_option *table;
	char left[64];
	size_t count;

	fputs("Usage: vhost-user-media --socket-path=PATH camera [OPTIONS]\n\nOptions:\n", stdout);
	table = vmedia_camera_option_table(&count);
	for (size_t i = 0; i < count; i++) {
		snprintf(left, sizeof(left), "--%s=%s", table[i].name, table[i].value);
		printf("  %-26s %s\n", left, table[i].help);
	}
	fputs("\nExample: vhost-user-media --socket-path=/run/cam.sock camera --source=pattern "
	      "--fps=60\n",
	      stdout);
}

/*
 * Splits "--name=value" or "--name" "value"; returns how many words it took, 0 for what is no
 * option.
 */
static int split(int argc, char **argv, char *name, size_t size, const char **value)
{
	const char *word = argv[0], *eq;

	if (strncmp(word, "--", 2) != 0 || !word[2])
		return 0;
	eq = strchr(word, '=');
	if (eq) {
		snprintf(name, size, "%.*s", (int)(eq - word - 2), word + 2);
		*value = eq + 1;
		return 1;
	}
	snprintf(name, size, "%s", word + 2);
	*value = argc > 1 ? argv[1] : NULL;
	return *value ? 2 : 1;
}

static void unknown(const char *name, bool is_option, const char *word, char *why, size_t size)
{
	if (is_option && daemon_option_known(name))
		snprintf(why, size,
			 "--%s goes before the kind of device, as in vhost-user-media --%s ... "
			 "camera",
			 name, name);
	else
		snprintf(why, size,
			 "unknown option '%.200s' of the camera; see vhost-user-media camera "
			 "--help",
			 word);
}

/*
 * A size on the command line is meant for each format, and those of 4:2:0 have no odd one. The
 * camera would offer them the next smaller, which nobody asked for.
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

static int parse(struct vmedia_camera_options *opts, const struct daemon_options *o, char *why,
		 size_t why_size)
{
	char name[64];
	const char *value;
	int ret, n;

	for (int i = 1; i < o->kind_argc; i += n) {
		n = split(o->kind_argc - i, o->kind_argv + i, name, sizeof(name), &value);
		ret = n ? vmedia_camera_set_option(opts, name, value ? value : "", why, why_size)
			: -ENOENT;
		if (ret == -ENOENT) {
			unknown(name, n > 0, o->kind_argv[i], why, why_size);
			return -EINVAL;
		}
		if (ret < 0)
			return ret;
	}
	return check_sizes(opts, why, why_size);
}

int daemon_camera_create(struct vmedia_loop *loop, const struct daemon_options *o, char *why,
			 size_t why_size, struct vmedia_device **dev)
{
	struct vmedia_camera_options opts;
	int ret;

	vmedia_camera_options_init(&opts);
	opts.limits = o->limits;
	opts.region_size = o->region_size;
	ret = parse(&opts, o, why, why_size);
	return ret < 0 ? ret : vmedia_camera_create(loop, &opts, why, why_size, dev);
}
