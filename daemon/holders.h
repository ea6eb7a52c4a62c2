/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who has a file open: what /proc tells this user of the other processes.
 */
#ifndef VMEDIA_DAEMON_HOLDERS_H
#define VMEDIA_DAEMON_HOLDERS_H

#include <stddef.h>

/*
 * daemon_holders - find the processes, but this one, that have the file open to which @path leads
 *
 * Writes "NAME (PID), NAME (PID)" to @text, as many as there is room for. Returns their number, or
 * negative errno. A process of another user is not seen, unless the caller may trace it. Context:
 * before the sandbox.
 */
int daemon_holders(const char *path, char *text, size_t size);

#endif /* VMEDIA_DAEMON_HOLDERS_H */
