// SPDX-License-Identifier: BSD-3-Clause
/*
 * Sources by name. The pattern is linked in; others are modules, so that their libraries are loaded
 * only when needed.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <vmedia/module.h>

#include "source.h"

static int unknown(const char *name, size_t len, char *why, size_t why_size)
{
	snprintf(why, why_size,
		 "unknown source \"%.*s\": use --source=pattern, file:PATH or shared:SOCKET",
		 (int)vmedia_camera_cut(name, len < 64 ? len : 64), name);
	return -EINVAL;
}

static bool comes_with_vmedia(const char *module)
{
	static const char *const modules[] = { "camera-file", "camera-shared", "camera-fifo" };

	for (size_t i = 0; i < sizeof(modules) / sizeof(modules[0]); i++)
		if (!strcmp(module, modules[i]))
			return true;
	return false;
}

int vmedia_camera_source_find(const struct vmedia_camera_options *opts, const char *name,
			      size_t len, char *why, size_t why_size,
			      const struct vmedia_camera_source_ops **ops)
{
	const struct vmedia_module *m;
	char module[80];
	int err;

	if (len == strlen("pattern") && !memcmp(name, "pattern", len)) {
		*ops = &vmedia_camera_pattern_ops;
		return 0;
	}
	if (!len || len > 48)
		return unknown(name, len, why, why_size);
	snprintf(module, sizeof(module), "camera-%.*s", (int)len, name);
	err = vmedia_module_load(opts->module_path, module, why, why_size, &m);
	/* If a module of vmedia's is missing, the message names it. */
	if (err == -EINVAL || (err == -ENOENT && !comes_with_vmedia(module)))
		return unknown(name, len, why, why_size);
	if (err)
		return err;
	if (!m->camera_source) {
		snprintf(why, why_size, "the module %s is no source of the camera: rename it",
			 module);
		return -EINVAL;
	}
	*ops = m->camera_source;
	return 0;
}
