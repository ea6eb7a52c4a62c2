/* SPDX-License-Identifier: BSD-3-Clause */
/* A module of an ABI number that the library does not have. */
#include <errno.h>
#include <vmedia/module.h>

static int create(const struct vmedia_module_args *args, char *why, size_t why_size,
		  struct vmedia_device **dev)
{
	return -ENOSYS;
}

const struct vmedia_module vmedia_module = {
	.abi = VMEDIA_MODULE_ABI + 1,
	.name = "other-abi",
	.summary = "none",
	.create = create,
};
