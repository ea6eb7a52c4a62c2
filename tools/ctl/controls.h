/* SPDX-License-Identifier: BSD-3-Clause */
/* What listing and setting controls share. */
#ifndef VMEDIA_CTL_CONTROLS_H
#define VMEDIA_CTL_CONTROLS_H

#include "ctl.h"

#define CTL_CTRL_WORD 4096 /* bytes of a name or a value on the command line */

/* The control of that name: 0, or an error after a line on standard error. */
int ctl_find_ctrl(struct ctl *c, const char *name, struct vmedia_query_ext_ctrl *q);

bool ctl_has_payload(const struct vmedia_query_ext_ctrl *q);
/* Bytes of the whole control, 0 where that is more than a person reads. */
uint32_t ctl_payload_size(const struct vmedia_query_ext_ctrl *q);

#endif /* VMEDIA_CTL_CONTROLS_H */
