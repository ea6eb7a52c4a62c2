/* SPDX-License-Identifier: BSD-3-Clause */
/* A module whose list of system calls has a word that means nothing. */
#include <errno.h>
#include <vmedia/module.h>

static int create(const struct vmedia_module_args *args, char *why, size_t why_size,
		  struct vmedia_device **dev)
{
	return -ENOSYS;
}

const struct vmedia_module vmedia_module = {
	.abi = VMEDIA_MODULE_ABI,
	.name = "bad-calls",
	.summary = "none",
	.create = create,
	.syscalls = "sysinfo nosuchcall",
};
