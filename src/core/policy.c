/* SPDX-License-Identifier: BSD-3-Clause */
/* What a policy allows: questions with a yes or no. */
#include <string.h>

#include <linux/videodev2.h>

#include <vmedia/policy.h>

#include "base/checked.h"

#define CLASS_MASK 0x0fff0000u

bool vmedia_policy_is_empty(const struct vmedia_policy *p)
{
	static const struct vmedia_policy empty;

	return !p->limit_formats && !p->max_width && !p->max_height && !p->max_fps &&
	       p->others == VMEDIA_POLICY_WRITE &&
	       !memcmp(p->denied, empty.denied, sizeof(p->denied));
}

bool vmedia_policy_denies(const struct vmedia_policy *p, uint32_t nr)
{
	return nr < VMEDIA_NR_END && p->denied[nr / 8] >> nr % 8 & 1;
}

bool vmedia_policy_allows_format(const struct vmedia_policy *p, uint32_t fourcc)
{
	if (!p->limit_formats)
		return true;
	for (unsigned int i = 0; i < p->num_formats; i++)
		if (p->formats[i] == fourcc)
			return true;
	return false;
}

bool vmedia_policy_allows_size(const struct vmedia_policy *p, uint32_t width, uint32_t height)
{
	return (!p->max_width || width <= p->max_width) &&
	       (!p->max_height || height <= p->max_height);
}

bool vmedia_policy_allows_interval(const struct vmedia_policy *p, struct vmedia_fract i)
{
	if (!p->max_fps || !i.numerator || !i.denominator)
		return true;
	return (uint64_t)i.numerator * p->max_fps >= i.denominator;
}

enum vmedia_policy_access vmedia_policy_access(const struct vmedia_policy *p, uint32_t id)
{
	if (p->others == VMEDIA_POLICY_WRITE)
		return VMEDIA_POLICY_WRITE;
	id &= V4L2_CTRL_ID_MASK;
	for (unsigned int i = 0; i < p->num_ctrls; i++)
		if (p->ctrls[i] == id || (p->ctrls[i] & CLASS_MASK) + 1 == id)
			return VMEDIA_POLICY_WRITE;
	return p->others;
}
