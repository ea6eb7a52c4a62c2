/* SPDX-License-Identifier: BSD-3-Clause */
/* Controls: functions that both listing and setting use. */
#ifndef VMEDIA_CTL_CONTROLS_H
#define VMEDIA_CTL_CONTROLS_H

#include "ctl.h"

#define CTL_CTRL_WORD 4096 /* bytes of a name or a value on the command line */

/* Find a control by its name. Returns 0, or an error after a line on standard error. */
int ctl_find_ctrl(struct ctl *c, const char *name, struct vmedia_query_ext_ctrl *q);

bool ctl_has_payload(const struct vmedia_query_ext_ctrl *q);
/* Bytes of the whole control, or 0 if it is too long to print. */
uint32_t ctl_payload_size(const struct vmedia_query_ext_ctrl *q);

#endif /* VMEDIA_CTL_CONTROLS_H */
