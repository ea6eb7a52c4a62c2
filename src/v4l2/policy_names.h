/* SPDX-License-Identifier: BSD-3-Clause */
/* Names that a policy has; see policy_names.c. */
#ifndef VMEDIA_V4L2_POLICY_NAMES_H
#define VMEDIA_V4L2_POLICY_NAMES_H

#include <stdbool.h>

#include <vmedia/proto.h>

/* "YUYV", "Y16-BE", or "0x56595559" for any number. Returns false if V4L2 has no such format. */
bool vmedia_name_format(const char *word, uint32_t *fourcc);
/* "brightness", or "0x00980900" for any ID. Returns false if there is no such standard control. */
bool vmedia_name_ctrl(const char *word, uint32_t *id);
/* "VIDIOC_S_FMT" or "S_FMT"; NULL: V4L2 has none of that name. */
const struct vmedia_ioctl_info *vmedia_name_ioctl(const char *word);

#endif /* VMEDIA_V4L2_POLICY_NAMES_H */
