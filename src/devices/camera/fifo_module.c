// SPDX-License-Identifier: BSD-3-Clause
/* The module camera-fifo: the camera's source "fifo:PATH". */
#include <vmedia/module.h>

#include "source.h"

const struct vmedia_module vmedia_module = {
	.abi = VMEDIA_MODULE_ABI,
	.name = "camera-fifo",
	.summary = "the camera's source fifo:PATH",
	.camera_source = &vmedia_camera_fifo_ops,
};
