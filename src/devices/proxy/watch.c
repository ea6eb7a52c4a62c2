// SPDX-License-Identifier: BSD-3-Clause
/*
 * The jobs of a session, and what wakes it: its end, and what epoll tells of the host's file.
 *
 * Theory of operation: as long as each report of epoll leads to a buffer, what is left is reported
 * again (level-triggered). So a frame costs one DQBUF, and none that finds nothing. A report that
 * nobody could use, or that led to nothing (an error of the queue, a queue without buffers), would
 * come again and again. Then only changes are reported (EPOLLET), and DQBUF goes on until the host
 * has no more; the next buffer ends that. A codec whose queues have no buffers is in error for
 * epoll each time that it has done its work, so of m2m devices only changes are reported.
 */
#include <errno.h>
#include <sys/epoll.h>

#include "proxy.h"

/* ---- Jobs ---- */

void vmedia_proxy_submit(struct proxy_session *ps, struct vmedia_job *job)
{
	ps->jobs++;
	ps->p->jobs++;
	if (vmedia_worker_submit(ps->worker, job) == 0)
		return;
	/* No thread can be had. Better the loop waits than that the guest does for ever. */
	job->run(NULL, job);
	job->done(job, 0);
}

void vmedia_proxy_job_done(struct proxy_session *ps)
{
	ps->jobs--;
	ps->p->jobs--;
	if (ps->closed && !ps->session && !ps->jobs) {
		ps->p->recycle(ps);
		return;
	}
	if (ps->session && ps->open && !ps->closing && (ps->ready || ps->dequeue.full))
		vmedia_session_wake(ps->session);
}

/* ---- The host's file ---- */

void vmedia_proxy_look(struct proxy *p)
{
	for (struct proxy_session *ps = p->sessions; ps; ps = ps->next) {
		if (!ps->session || !ps->open || ps->closing)
			continue;
		ps->ready |= EPOLLPRI;
		vmedia_session_wake(ps->session);
	}
}

void vmedia_proxy_failed(struct proxy_session *ps, int err)
{
	if (ps->session)
		vmedia_session_error(ps->session, err);
	if (err == -ENODEV)
		vmedia_proxy_look(ps->p);
}

static void on_events(struct vmedia_source *src, uint32_t revents)
{
	struct proxy_session *ps = vmedia_container_of(src, struct proxy_session, source);
	const struct proxy_host *host = &ps->p->host;

	if (host->ops->events)
		revents = host->ops->events(host->opaque, ps->fd, revents);
	if (revents & EPOLLHUP) {
		vmedia_loop_del_fd(&ps->source);
		vmedia_proxy_failed(ps, -ENODEV);
		return;
	}
	/* An error of a queue is what DQBUF answers. */
	if (revents & EPOLLERR)
		revents |= EPOLLIN | EPOLLOUT;
	if (ps->ready & revents || ps->jobs)
		vmedia_proxy_watch_edge(ps, true); /* core has not asked since */
	ps->ready |= revents & (EPOLLPRI | EPOLLIN | EPOLLOUT);
	if (ps->ready && !ps->jobs)
		vmedia_session_wake(ps->session);
}

void vmedia_proxy_watch_edge(struct proxy_session *ps, bool on)
{
	uint32_t events = ps->source.events & ~(uint32_t)EPOLLET;
	int err;

	if (ps->edge == on || !ps->source.loop || vmedia_proxy_is_m2m(ps->p))
		return;
	ps->edge = on;
	err = vmedia_loop_mod_fd(&ps->source, on ? events | EPOLLET : events);
	if (err)
		vmedia_proxy_failed(ps, err);
}

/*
 * A queue that does not stream must not be polled for: a driver that has read() would start a
 * stream for it. The descriptor is added anew, since epoll looks for a file's wait queues only
 * then.
 */
void vmedia_proxy_watch(struct proxy_session *ps)
{
	uint32_t events = EPOLLPRI;
	int err;

	if (ps->closing || !ps->session)
		return;
	for (uint32_t type = 1; type < PROXY_TYPES; type++)
		if (ps->queues[type].streaming)
			events |= vmedia_proxy_type_is_output(type) ? EPOLLOUT : EPOLLIN;
	if (ps->p->host.ops->events)
		events = EPOLLIN;
	if (ps->edge)
		events |= EPOLLET;
	if (ps->source.loop && ps->source.events == events)
		return;
	vmedia_loop_del_fd(&ps->source);
	err = vmedia_loop_add_fd(vmedia_device_loop(ps->p->dev), &ps->source, ps->fd, events,
				 on_events);
	if (err)
		vmedia_session_error(ps->session, err);
}
