/* SPDX-License-Identifier: BSD-3-Clause */
/* The kinds of device that vhost-user-media can serve. */
#include <string.h>

#include "camera.h"
#include "kinds.h"

static const struct daemon_kind kinds[] = {
	{
		.name = "camera",
		.summary = "a camera: a test pattern, or any video file in a loop",
		.help = daemon_camera_help,
		.create = daemon_camera_create,
	},
};

const struct daemon_kind *daemon_kind_at(unsigned int index)
{
	return index < sizeof(kinds) / sizeof(kinds[0]) ? &kinds[index] : NULL;
}

const struct daemon_kind *daemon_kind_find(const char *name)
{
	for (unsigned int i = 0; daemon_kind_at(i); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}
