/* SPDX-License-Identifier: BSD-3-Clause */
/* The process's own limits, which have to fit those of the device. */
#ifndef VMEDIA_DAEMON_LIMITS_H
#define VMEDIA_DAEMON_LIMITS_H

#include <vmedia/device.h>

/*
 * daemon_limits_apply - set the soft limit of RLIMIT_NOFILE to what @limits need, and the hard
 * limit too if it is lower and may be raised
 *
 * Warns with one line for each limit of the kernel that is lower than @limits need, and sets the
 * soft limit to the hard one. Then buffers are refused before the process runs out of descriptors.
 *
 * Context: before the device is created, which reads the limit, and before privileges are dropped.
 */
void daemon_limits_apply(const struct vmedia_limits *limits);

#endif /* VMEDIA_DAEMON_LIMITS_H */
