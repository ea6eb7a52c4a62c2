// SPDX-License-Identifier: BSD-3-Clause
/*
 * Sessions: one open file of the host each.
 *
 *	OPEN -> [file job: open] -> opened; ioctls -> CLOSE -> [file job: close] -> closed
 *
 * Opening and closing may take long (a camera wakes up, a stream is stopped), so both are jobs of
 * the session's worker. A close comes after all other jobs of its session. A reset or a lost
 * connection does not wait for it: core forgets the session, and the structure stays until its jobs
 * are done. Then it waits, with its worker, for the next session.
 *
 * When the guest stops its queues, its memory must not be written any more: copies must have ended
 * (vmedia_proxy_stop_copies()), and so must queues of the host that write its pages (halt.c). Other
 * streams of the host go on, and stop when its file is closed.
 */
#include <errno.h>
#include <linux/videodev2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <vmedia/log.h>

#include "proxy.h"

/* ---- Closing ---- */

static void unlink_from(struct proxy_session **list, struct proxy_session *ps)
{
	while (*list != ps)
		list = &(*list)->next;
	*list = ps->next;
}

/* Core and the host have forgotten the session: its structure serves the next one. */
void vmedia_proxy_recycle(struct proxy_session *ps)
{
	struct proxy *p = ps->p;

	for (uint32_t type = 0; type < PROXY_TYPES; type++)
		vmedia_proxy_queue_clear(ps, &ps->queues[type]);
	free(ps->subs);
	ps->subs = NULL;
	unlink_from(&p->sessions, ps);
	ps->next = p->idle;
	p->idle = ps;
}

static void close_run(struct vmedia_worker *w, struct vmedia_job *job)
{
	struct proxy_session *ps = vmedia_container_of(job, struct proxy_session, file_job);

	/* A mapping holds the file open, and what closes it last waits for the driver. */
	vmedia_proxy_unmap_all(ps);
	if (ps->fd >= 0) {
		vmedia_proxy_controls_closing(ps);
		ps->p->host.ops->close(ps->p->host.opaque, ps->fd);
	}
	ps->fd = -1;
	vmedia_proxy_halt_ended(ps);
}

static void close_done(struct vmedia_job *job, int err)
{
	struct proxy_session *ps = vmedia_container_of(job, struct proxy_session, file_job);
	struct vmedia_device_stats stats;

	if (err) /* it did not run */
		close_run(NULL, job);
	ps->closed = true;
	vmedia_device_stats(ps->p->dev, &stats);
	vmedia_info("%s was closed; %llu bytes were copied so far", ps->p->node.path,
		    (unsigned long long)stats.bytes_copied);
	if (ps->session)
		vmedia_session_closed(ps->session);
	vmedia_proxy_job_done(ps);
}

static void submit_close(struct proxy_session *ps)
{
	ps->closing = true;
	if (!ps->stuck)
		ps->halting = true;
	vmedia_loop_del_fd(&ps->source);
	vmedia_worker_init_job(&ps->file_job, close_run, close_done);
	vmedia_proxy_submit(ps, &ps->file_job);
}

int vmedia_proxy_closing(struct vmedia_session *s)
{
	submit_close(vmedia_session_priv(s));
	return -EINPROGRESS;
}

void vmedia_proxy_close(struct vmedia_session *s)
{
	struct proxy_session *ps = vmedia_session_priv(s);

	ps->session = NULL;
	ps->call.req = NULL;
	vmedia_proxy_stop_copies(ps);
	vmedia_proxy_halt(ps);
	if (ps->closed) {
		if (!ps->jobs)
			vmedia_proxy_recycle(ps);
		return;
	}
	/* Else the job that opens sees that nobody wants it. */
	if (!ps->closing && ps->open)
		submit_close(ps);
}

/* ---- Opening ---- */

/* True if @cap is what the guest was told of the device. */
static bool is_same(const struct vmedia_capability *cap, const struct vmedia_capability *old)
{
	const uint32_t shown = ~(uint32_t)PROXY_HIDDEN_CAPS;

	return !((cap->device_caps ^ old->device_caps) & shown) &&
	       !((cap->capabilities ^ old->capabilities) & shown) &&
	       !memcmp(cap->card, old->card, sizeof(cap->card)) &&
	       !memcmp(cap->driver, old->driver, sizeof(cap->driver));
}

static void open_run(struct vmedia_worker *w, struct vmedia_job *job)
{
	struct proxy_session *ps = vmedia_container_of(job, struct proxy_session, file_job);
	struct vmedia_capability cap = { 0 };
	struct proxy *p = ps->p;

	ps->open_err = p->host.ops->open(p->host.opaque, &ps->fd);
	if (ps->open_err == -EPIPE) {
		vmedia_err("the process that opens %s has ended: start the program again",
			   p->node.path);
		ps->open_err = -EIO;
	}
	if (ps->open_err) {
		ps->fd = -1;
		return;
	}
	ps->open_err = vmedia_proxy_host_call(ps, VMEDIA_NR_QUERYCAP, &cap);
	if (!ps->open_err && !is_same(&cap, &p->cap)) {
		vmedia_warn("%s is another device now: %.32s with capabilities 0x%08x, not %.32s "
			    "with 0x%08x", p->node.path, cap.card, cap.device_caps, p->cap.card,
			    p->cap.device_caps);
		ps->open_err = -ENODEV;
	}
	if (!ps->open_err) {
		vmedia_proxy_controls_opened(ps);
		return;
	}
	p->host.ops->close(p->host.opaque, ps->fd);
	ps->fd = -1;
}

static void open_done(struct vmedia_job *job, int err)
{
	struct proxy_session *ps = vmedia_container_of(job, struct proxy_session, file_job);
	struct vmedia_session *s = ps->session;

	if (!err)
		err = ps->open_err;
	if (!s && !err) {
		submit_close(ps);
	} else if (!s || err) {
		ps->closed = true;
		ps->session = NULL;
	} else {
		ps->open = true;
		vmedia_proxy_watch(ps);
	}
	if (s)
		vmedia_session_opened(s, err);
	vmedia_proxy_job_done(ps);
}

static struct proxy_session *session_new(struct proxy *p)
{
	unsigned int most = PROXY_MOST_SESSIONS(vmedia_device_limits(p->dev));
	struct proxy_session *ps = p->idle;
	struct vmedia_worker *worker;

	if (ps) {
		p->idle = ps->next;
		worker = ps->worker;
	} else {
		if (p->num_sessions >= most)
			return NULL;
		ps = malloc(sizeof(*ps));
		if (!ps || vmedia_worker_create(vmedia_device_loop(p->dev), &worker)) {
			free(ps);
			return NULL;
		}
		p->num_sessions++;
	}
	memset(ps, 0, sizeof(*ps));
	ps->worker = worker;
	ps->p = p;
	ps->next = p->sessions;
	p->sessions = ps;
	return ps;
}

int vmedia_proxy_open(struct vmedia_session *s)
{
	struct proxy *p = vmedia_device_priv(vmedia_session_device(s));
	struct proxy_session *ps = session_new(p);

	if (!ps)
		return -EMFILE;
	ps->session = s;
	ps->fd = -1;
	ps->call.ps = ps;
	ps->edge = vmedia_proxy_is_m2m(p);
	for (uint32_t type = 0; type < PROXY_TYPES; type++)
		ps->queues[type].type = type;
	vmedia_proxy_dequeue_init(ps);
	vmedia_session_set_priv(s, ps);
	vmedia_worker_init_job(&ps->file_job, open_run, open_done);
	ps->jobs++;
	p->jobs++;
	if (vmedia_worker_submit(ps->worker, &ps->file_job) == 0)
		return -EINPROGRESS;
	ps->session = NULL;
	ps->closed = true;
	vmedia_proxy_job_done(ps);
	return -ENOMEM;
}

void vmedia_proxy_suspend(struct vmedia_session *s, bool on)
{
	struct proxy_session *ps = vmedia_session_priv(s);

	ps->suspended = on;
	if (!on) {
		vmedia_proxy_restart(ps);
		vmedia_session_wake(s);
		return;
	}
	vmedia_proxy_stop_copies(ps);
	vmedia_proxy_halt(ps);
}

void vmedia_proxy_free_idle(struct proxy *p)
{
	while (p->idle) {
		struct proxy_session *ps = p->idle;

		p->idle = ps->next;
		vmedia_worker_destroy(ps->worker);
		free(ps);
	}
}
