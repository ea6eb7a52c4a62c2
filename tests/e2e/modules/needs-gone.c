/* SPDX-License-Identifier: BSD-3-Clause */
/* A module that needs a library, which the test does not install. */
#include <vmedia/module.h>

int vmedia_test_number(void);

static int create(const struct vmedia_module_args *args, char *why, size_t why_size,
		  struct vmedia_device **dev)
{
	return -vmedia_test_number();
}

const struct vmedia_module vmedia_module = {
	.abi = VMEDIA_MODULE_ABI,
	.name = "needs-gone",
	.summary = "none",
	.create = create,
};
