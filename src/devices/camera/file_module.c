// SPDX-License-Identifier: BSD-3-Clause
/* The module camera-file: the camera's source "file:PATH". */
#include <vmedia/module.h>

#include "source.h"

const struct vmedia_module vmedia_module = {
	.abi = VMEDIA_MODULE_ABI,
	.name = "camera-file",
	.summary = "the camera's source file:PATH",
	.camera_source = &vmedia_camera_file_ops,
};
