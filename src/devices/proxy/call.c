// SPDX-License-Identifier: BSD-3-Clause
/* One ioctl of the guest: question, job, answer. See proxy.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proxy.h"

static void run(struct proxy_call *c)
{
	if (c->rule->run)
		c->rule->run(c);
	else
		vmedia_proxy_ask(c);
}

/* Give the guest's structure its answer. */
static void answer(struct proxy_call *c, int err)
{
	struct vmedia_ioctl *io = vmedia_request_ioctl(c->req);

	if (!(io->info->dir & VMEDIA_DIR_R) ||
	    (err && !(io->info->flags & VMEDIA_IOCTL_ERR_PAYLOAD)))
		return;
	memcpy(&io->arg, &c->io.arg, io->info->size);
	if (io->info->follow == VMEDIA_FOLLOW_PLANES) {
		io->num_planes = c->io.num_planes;
		if (io->num_planes)
			memcpy(io->planes, c->io.planes, sizeof(io->planes));
	}
}

/* The host has answered. Returns the errno for the guest. */
static int finish(struct proxy_call *c)
{
	const struct proxy_rule *rule = c->rule;
	int err;

	if (c->err == -ENODEV)
		vmedia_proxy_look(c->ps->p);
	if (!c->served && !c->err)
		c->err = -EINVAL;
	err = vmedia_proxy_check(c);
	if (rule->clean)
		rule->clean(&c->io.arg);
	if (rule->done)
		err = rule->done(c, err);
	if (c->req)
		answer(c, err);
	free(c->memory);
	c->memory = NULL;
	c->buf = NULL;
	return err;
}

static void call_run(struct vmedia_worker *w, struct vmedia_job *job)
{
	run(vmedia_container_of(job, struct proxy_call, job));
}

static void complete(struct proxy_call *c, int err)
{
	struct vmedia_request *req = c->req;

	c->req = NULL;
	if (req)
		vmedia_request_complete(req, err);
	vmedia_proxy_job_done(c->ps);
}

static void undo_run(struct vmedia_worker *w, struct vmedia_job *job)
{
	struct proxy_call *c = vmedia_container_of(job, struct proxy_call, job);

	c->undo(c);
}

static void undo_done(struct vmedia_job *job, int err)
{
	struct proxy_call *c = vmedia_container_of(job, struct proxy_call, job);

	complete(c, c->err);
}

static void call_done(struct vmedia_job *job, int err)
{
	struct proxy_call *c = vmedia_container_of(job, struct proxy_call, job);

	if (err) /* it did not run: the device is being destroyed */
		c->err = err;
	err = finish(c);
	if (!c->undo) {
		complete(c, err);
		return;
	}
	c->err = err;
	vmedia_worker_init_job(&c->job, undo_run, undo_done);
	vmedia_proxy_submit(c->ps, &c->job);
	vmedia_proxy_job_done(c->ps);
}

/* Fill in c->io and c->asked. Returns 0, 1 if the answer is known already, or an errno. */
static int begin(struct proxy_call *c, const struct vmedia_ioctl *io)
{
	int err;

	vmedia_proxy_copy_ioctl(&c->io, io);
	c->served = vmedia_proxy_clean(c->rule, io->info, &c->io.arg);
	err = c->rule->prepare ? c->rule->prepare(c) : 0;
	if (err)
		return err;
	if (io->info->follow != VMEDIA_FOLLOW_CTRLS) {
		vmedia_proxy_copy_ioctl(&c->asked, &c->io);
		return 0;
	}
	/* The array of controls that the answer is checked against is prepare's. */
	io = &c->io;
	c->asked.info = io->info;
	c->asked.num_planes = 0;
	memcpy(&c->asked.arg, &io->arg, sizeof(c->asked.arg));
	return 0;
}

int vmedia_proxy_ioctl(struct vmedia_session *s, struct vmedia_request *req)
{
	struct proxy_session *ps = vmedia_session_priv(s);
	const struct vmedia_ioctl *io = vmedia_request_ioctl(req);
	struct proxy_call *c = &ps->call;
	int err;

	c->rule = vmedia_proxy_rule(io->info->nr);
	if (!c->rule)
		return -ENOTTY;
	c->req = req;
	c->err = 0;
	c->undo = NULL;
	c->slow = false;
	err = begin(c, io);
	if (err) {
		if (err > 0)
			answer(c, 0);
		else if (io->info->flags & VMEDIA_IOCTL_ERR_PAYLOAD)
			answer(c, err);
		free(c->memory);
		c->memory = NULL;
		c->req = NULL;
		return err > 0 ? 0 : err;
	}
	if (c->rule->quick && !c->slow && !ps->p->jobs) {
		run(c);
		if (!c->slow) {
			err = finish(c);
			c->req = NULL;
			return err;
		}
		vmedia_proxy_copy_ioctl(&c->io, &c->asked);
	}
	c->slow = true;
	vmedia_worker_init_job(&c->job, call_run, call_done);
	vmedia_proxy_submit(ps, &c->job);
	return -EINPROGRESS;
}
