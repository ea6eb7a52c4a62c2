// SPDX-License-Identifier: BSD-3-Clause
/* A call of the host for a session, and what is said of a wrong answer. */
#include <vmedia/log.h>

#include "proxy.h"

int vmedia_proxy_host_call(struct proxy_session *ps, uint32_t nr, void *arg)
{
	return vmedia_proxy_host_ioctl(&ps->p->host, ps->fd, nr, arg);
}

void vmedia_proxy_ask(struct proxy_call *c)
{
	c->err = vmedia_proxy_host_call(c->ps, c->io.info->nr, &c->io.arg);
}

void vmedia_proxy_nonsense(struct proxy *p, const char *ioctl, const char *what, uint64_t got,
			   uint64_t limit)
{
	vmedia_warn("the driver of %s gave a wrong answer to %s: %s (%llu, expected %llu)",
		    p->node.path, ioctl, what, (unsigned long long)got, (unsigned long long)limit);
}
