/* SPDX-License-Identifier: BSD-3-Clause */
/* A module with an option whose list of system calls has a word that means nothing. */
#include <errno.h>
#include <vmedia/module.h>

static int create(const struct vmedia_module_args *args, char *why, size_t why_size,
		  struct vmedia_device **dev)
{
	return -ENOSYS;
}

static const struct vmedia_module_option options[] = {
	{ "fast", NULL, "be fast" },
	{ NULL, NULL, NULL },
};

static const struct vmedia_module_mode modes[] = {
	{ .option = "fast", .syscalls_start = "nosuchcall" },
	{ .option = NULL },
};

const struct vmedia_module vmedia_module = {
	.abi = VMEDIA_MODULE_ABI,
	.name = "bad-mode",
	.summary = "none",
	.options = options,
	.create = create,
	.modes = modes,
};
