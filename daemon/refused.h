/* SPDX-License-Identifier: BSD-3-Clause */
/* System calls that the sandbox refused, as lines of the log. */
#ifndef VMEDIA_DAEMON_REFUSED_H
#define VMEDIA_DAEMON_REFUSED_H

#include <vmedia/loop.h>

struct daemon_refused {
	struct vmedia_source source; /* all zeros: daemon_refused_finish() does nothing */
};

/*
 * daemon_refused_start - report refused calls from now on, each once, on @loop. Returns 0 or
 * negative errno. Context: the loop's thread, after the first filter was loaded, if any is.
 */
int daemon_refused_start(struct daemon_refused *r, struct vmedia_loop *loop);

/* Report what is left, and stop. Without a source, only report. Context: the loop's thread. */
void daemon_refused_finish(struct daemon_refused *r);

#endif /* VMEDIA_DAEMON_REFUSED_H */
