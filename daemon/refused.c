/* SPDX-License-Identifier: BSD-3-Clause */
/* Report refused system calls; see refused.h. */
#include <sys/epoll.h>

#include <vmedia/log.h>

#include "refused.h"
#include "sandbox/calls.h"

static void report(void *opaque, const char *text)
{
	vmedia_warn("%s", text);
}

static void on_refused(struct vmedia_source *src, uint32_t events)
{
	sandbox_calls_report(report, NULL);
}

int daemon_refused_start(struct daemon_refused *r, struct vmedia_loop *loop)
{
	int fd = sandbox_calls_fd();

	return fd < 0 ? 0 : vmedia_loop_add_fd(loop, &r->source, fd, EPOLLIN, on_refused);
}

void daemon_refused_finish(struct daemon_refused *r)
{
	vmedia_loop_del_fd(&r->source);
	sandbox_calls_report(report, NULL);
}
