// SPDX-License-Identifier: BSD-3-Clause
/*
 * The camera's options: one table for parsing and --help.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source.h"

enum option {
	OPT_SOURCE,
	OPT_FPS,
	OPT_SIZE,
	OPT_CARD,
	OPT_THREADS,
	NUM_OPTIONS,
};

const struct vmedia_module_option vmedia_camera_option_table[NUM_OPTIONS + 1] = {
	[OPT_SOURCE] = { "source", "pattern|file:PATH|shared:SOCKET",
			 "what the camera sees: a test picture (default), a video or picture "
			 "file, or what vmedia-source publishes" },
	[OPT_FPS] = { "fps", "N[/M]|max",
		      "frames a second instead of the source's own; max: as fast as the guest "
		      "takes them" },
	[OPT_SIZE] = { "size", "WxH[,WxH...]",
		       "sizes to offer, the first is the default (a file's own comes before "
		       "them)" },
	[OPT_CARD] = { "card", "NAME", "the name that the guest sees" },
	[OPT_THREADS] = { "threads", "N",
			  "threads that decode a file: 1 to 16 (default: one a processor, at most "
			  "4)" },
};

void vmedia_camera_options_init(struct vmedia_camera_options *opts)
{
	memset(opts, 0, sizeof(*opts));
	vmedia_limits_default(&opts->limits);
	opts->region_size = 256ull << 20;
	opts->opener = -1;
}

/* Parse a decimal number of @min to @max at *@s, and move *@s behind it. */
static bool number(const char **s, unsigned long long min, unsigned long long max,
		   unsigned long long *value)
{
	char *end;

	if (**s < '0' || **s > '9')
		return false;
	errno = 0;
	*value = strtoull(*s, &end, 10);
	*s = end;
	return !errno && *value >= min && *value <= max;
}

/* "25", "30000/1001", "29.97" */
static bool parse_rate(const char *s, struct vmedia_fract *interval)
{
	unsigned long long n, m = 1;

	if (!number(&s, 0, 1000000, &n))
		return false;
	if (*s == '/') {
		s++;
		if (!number(&s, 1, 1000000, &m))
			return false;
	} else if (*s == '.') {
		for (s++; *s >= '0' && *s <= '9' && m < 1000; s++, m *= 10)
			n = n * 10 + (unsigned long long)(*s - '0');
	}
	if (*s || n < 1 || n > 1000 * m || m > 60 * n)
		return false;
	*interval = (struct vmedia_fract){ (uint32_t)m, (uint32_t)n };
	return true;
}

static bool parse_sizes(const char *s, struct vmedia_camera_options *opts)
{
	unsigned long long w, h;

	opts->num_sizes = 0;
	for (;; s++) {
		if (opts->num_sizes == VMEDIA_CAMERA_MAX_SIZES ||
		    !number(&s, VMEDIA_CAMERA_MIN_DIMENSION, VMEDIA_CAMERA_MAX_DIMENSION, &w) ||
		    *s++ != 'x' ||
		    !number(&s, VMEDIA_CAMERA_MIN_DIMENSION, VMEDIA_CAMERA_MAX_DIMENSION, &h))
			return false;
		opts->sizes[opts->num_sizes++] =
			(struct vmedia_camera_size){ (uint32_t)w, (uint32_t)h };
		if (!*s)
			return true;
		if (*s != ',')
			return false;
	}
}

static int refuse(char *why, size_t why_size, enum option which, const char *value,
		  const char *hint)
{
	const struct vmedia_module_option *o = &vmedia_camera_option_table[which];

	snprintf(why, why_size, "--%s=%.*s is not %s: use --%s=%s", o->name,
		 (int)vmedia_camera_cut(value, 64), value, hint, o->name, o->value);
	return -EINVAL;
}

static int set_fps(struct vmedia_camera_options *opts, const char *value, char *why,
		   size_t why_size)
{
	if (!strcmp(value, "max")) {
		opts->free_run = true;
		return 0;
	}
	if (!parse_rate(value, &opts->interval))
		return refuse(why, why_size, OPT_FPS, value,
			      "a rate of 1/60 to 1000 frames a second");
	opts->free_run = false;
	return 0;
}

static int set_threads(struct vmedia_camera_options *opts, const char *value, char *why,
		       size_t why_size)
{
	unsigned long long n;
	const char *s = value;

	if (!number(&s, 1, 16, &n) || *s)
		return refuse(why, why_size, OPT_THREADS, value, "a number from 1 to 16");
	opts->threads = (uint32_t)n;
	return 0;
}

int vmedia_camera_set_option(struct vmedia_camera_options *opts, const char *name,
			     const char *value, char *why, size_t why_size)
{
	unsigned int which;

	for (which = 0; which < NUM_OPTIONS; which++)
		if (!strcmp(vmedia_camera_option_table[which].name, name))
			break;
	switch (which) {
	case OPT_SOURCE:
		if (!*value)
			return refuse(why, why_size, which, value, "a source");
		opts->source = value;
		return 0;
	case OPT_FPS:
		return set_fps(opts, value, why, why_size);
	case OPT_SIZE:
		if (!parse_sizes(value, opts))
			return refuse(why, why_size, which, value,
				      "a list of sizes from 16x16 to 8192x8192");
		return 0;
	case OPT_CARD:
		if (!*value || strlen(value) > 31)
			return refuse(why, why_size, which, value,
				      "a name of 1 to 31 bytes");
		opts->card = value;
		return 0;
	case OPT_THREADS:
		return set_threads(opts, value, why, why_size);
	default:
		snprintf(why, why_size,
			 "the camera has no option --%.*s: --help lists those it has",
			 (int)vmedia_camera_cut(name, 64), name);
		return -ENOENT;
	}
}
