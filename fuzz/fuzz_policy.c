/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A policy's file. What was read holds what was said: no list is longer than its array, and a file
 * that is refused changes nothing, and is said so in one line.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <vmedia/policy.h>

static void check(const struct vmedia_policy *p)
{
	if (p->num_formats > VMEDIA_POLICY_FORMATS || p->num_ctrls > VMEDIA_POLICY_CTRLS ||
	    p->max_width > 65535 || p->max_height > 65535 || p->max_fps > 65535)
		abort();
	for (unsigned int i = 0; i < p->num_formats; i++)
		if (!vmedia_policy_allows_format(p, p->formats[i]))
			abort();
	for (unsigned int i = 0; i < p->num_ctrls; i++)
		if (vmedia_policy_access(p, p->ctrls[i]) != VMEDIA_POLICY_WRITE)
			abort();
	for (uint32_t nr = 0; nr < VMEDIA_NR_END; nr++)
		if (vmedia_policy_denies(p, nr) &&
		    (!vmedia_ioctl_info(nr) ||
		     !(vmedia_ioctl_info(nr)->flags & VMEDIA_IOCTL_CARRIED)))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct vmedia_policy none;
	struct vmedia_policy p = { 0 };
	/* Without a NUL behind it. */
	char *text = malloc(size ? size : 1), why[256];
	int err;

	if (!text)
		return 0;
	memcpy(text, data, size);
	err = vmedia_policy_parse(&p, "file", text, size, why, sizeof(why));
	check(&p);
	if (err && (memcmp(&p, &none, sizeof(p)) || strncmp(why, "file:", 5) || strchr(why, '\n')))
		abort();
	free(text);
	return 0;
}
