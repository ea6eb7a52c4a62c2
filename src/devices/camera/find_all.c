// SPDX-License-Identifier: BSD-3-Clause
/*
 * Sources by name, for programs that have all of them linked in.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "source.h"

static const struct {
	const char *name;
	const struct vmedia_camera_source_ops *ops;
} sources[] = {
	{ "pattern", &vmedia_camera_pattern_ops },
	{ "file", &vmedia_camera_file_ops },
	{ "shared", &vmedia_camera_shared_ops },
	{ "fifo", &vmedia_camera_fifo_ops },
};

int vmedia_camera_source_find(const struct vmedia_camera_options *opts, const char *name,
			      size_t len, char *why, size_t why_size,
			      const struct vmedia_camera_source_ops **ops)
{
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		if (strlen(sources[i].name) != len || memcmp(sources[i].name, name, len))
			continue;
		*ops = sources[i].ops;
		return 0;
	}
	snprintf(why, why_size,
		 "unknown source \"%.*s\": use --source=pattern, file:PATH or shared:SOCKET",
		 (int)vmedia_camera_cut(name, len < 64 ? len : 64), name);
	return -EINVAL;
}
