/* SPDX-License-Identifier: BSD-3-Clause */
/* Giving up what serving does not need. */
#ifndef VMEDIA_DAEMON_SANDBOX_H
#define VMEDIA_DAEMON_SANDBOX_H

/*
 * daemon_sandbox_enter - the socket listens and the source is open: from here on no new privileges,
 * no capabilities, no core dump with guest memory in it, no program to execute. Returns 0 or
 * negative errno. Context: after set-up, before the first byte of a peer is read. Threads made
 * earlier are covered too.
 */
int daemon_sandbox_enter(void);

#endif /* VMEDIA_DAEMON_SANDBOX_H */
