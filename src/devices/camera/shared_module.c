// SPDX-License-Identifier: BSD-3-Clause
/* The module camera-shared: the camera's source "shared:SOCKET". */
#include <vmedia/module.h>

#include "source.h"

const struct vmedia_module vmedia_module = {
	.abi = VMEDIA_MODULE_ABI,
	.name = "camera-shared",
	.summary = "the camera's source shared:SOCKET",
	.camera_source = &vmedia_camera_shared_ops,
};
