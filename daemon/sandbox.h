/* SPDX-License-Identifier: BSD-3-Clause */
/* Give up rights that are not needed to serve a device. */
#ifndef VMEDIA_DAEMON_SANDBOX_H
#define VMEDIA_DAEMON_SANDBOX_H

struct vmedia_module;

/*
 * daemon_sandbox_start - filter system calls while the device is made. Returns 0 or negative errno.
 */
int daemon_sandbox_start(const struct vmedia_module *kind);

/*
 * daemon_sandbox_enter - drop capabilities, and prevent new privileges, core dumps with guest
 * memory, and execution of programs
 *
 * Returns 0 or negative errno. Threads made earlier are covered too. Context: after set-up, when
 * the socket listens and the source is open, and before the first byte of a peer is read.
 */
int daemon_sandbox_enter(const struct vmedia_module *kind);

#endif /* VMEDIA_DAEMON_SANDBOX_H */
