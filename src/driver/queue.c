// SPDX-License-Identifier: BSD-3-Clause
/*
 * Both rings, and the sleep until one of them or the socket has something.
 *
 * A wait kicks if the device needs it, and looks at the used rings. It polls them for some
 * microseconds if polling is likely to succeed (base/spin.h). Only then it enables interrupts,
 * looks once more and sleeps. Interrupts are off while it polls, so a device that answers in this
 * time makes no system call. The call eventfds are watched edge-triggered and not read on this
 * path, so a round trip costs one write and one epoll_wait. Their counters have the number of
 * interrupts, and are read for statistics only.
 *
 * A program polls the epoll descriptor too: a new edge makes it readable, and
 * vmedia_driver_process() takes the edge.
 *
 * Security model: virtq/drv.h checks the used rings. The driver does not use a device that breaks
 * one any more.
 */
#include "driver/internal.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "vhost/frontend.h"

#define PROCESS_ROUNDS 64	/* of vmedia_driver_process() before it returns to the program */

enum { SRC_CALL0, SRC_CALL1, SRC_SOCKET, SRC_CHANNEL, SRC_TIMER };

static int watch(struct vmedia_driver *drv, int fd, uint32_t events, uint32_t src)
{
	struct epoll_event ev = { .events = events, .data.u32 = src };

	return epoll_ctl(drv->epfd, EPOLL_CTL_ADD, fd, &ev) ? -errno : 0;
}

static int queue_init(struct vmedia_driver *drv, unsigned int i)
{
	struct vmedia_drv_vq *vq = &drv->vq[i];
	struct vmedia_vqr_config cfg = { .features = drv->features,
					 .name = i ? "eventq" : "commandq" };
	bool indirect = drv->features >> VMEDIA_VIRTIO_F_INDIRECT_DESC & 1;
	int err;

	err = vmedia_vq_layout(drv->opts.queue_size, drv->features,
			       indirect && i == VMEDIA_QUEUE_COMMAND ? 8 : 0, &vq->layout);
	if (err)
		return err;
	vq->pages = (vq->layout.size + VMEDIA_DRV_PAGE - 1) / VMEDIA_DRV_PAGE;
	err = vmedia_arena_alloc(&drv->arena, vq->pages, &vq->page);
	if (err)
		return err;
	cfg.layout = vq->layout;
	cfg.base = vmedia_arena_ptr(&drv->arena, vq->page);
	cfg.base_gpa = vmedia_arena_gpa(&drv->arena, vq->page);
	err = vmedia_vqr_create(&cfg, &vq->vqr);
	if (err)
		return err;
	if (drv->hooks.kick)
		return 0;
	vq->kick_fd = vmedia_eventfd();
	vq->call_fd = vmedia_eventfd();
	if (vq->kick_fd < 0 || vq->call_fd < 0)
		return vq->kick_fd < 0 ? vq->kick_fd : vq->call_fd;
	return watch(drv, vq->call_fd, EPOLLIN | EPOLLET, i ? SRC_CALL1 : SRC_CALL0);
}

static int pollable(struct vmedia_driver *drv)
{
	drv->epfd = epoll_create1(EPOLL_CLOEXEC);
	if (drv->epfd < 0)
		return -errno;
	drv->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (drv->timer_fd < 0)
		return -errno;
	return watch(drv, drv->timer_fd, EPOLLIN, SRC_TIMER);
}

int vmedia_drv_queues_init(struct vmedia_driver *drv)
{
	unsigned int i;
	int err;

	drv->asked = true;	/* interrupts are on in new rings */
	err = drv->hooks.kick ? 0 : pollable(drv);
	for (i = 0; !err && i < VMEDIA_NUM_QUEUES; i++)
		err = queue_init(drv, i);
	if (!err && drv->vuf)
		err = watch(drv, vmedia_vuf_socket(drv->vuf), EPOLLIN | EPOLLRDHUP, SRC_SOCKET);
	if (!err && drv->vuf && vmedia_vuf_backend_fd(drv->vuf) >= 0)
		err = watch(drv, vmedia_vuf_backend_fd(drv->vuf), EPOLLIN, SRC_CHANNEL);
	return err;
}

void vmedia_drv_queues_fini(struct vmedia_driver *drv)
{
	unsigned int i;

	for (i = 0; i < VMEDIA_NUM_QUEUES; i++) {
		vmedia_vqr_destroy(drv->vq[i].vqr);
		drv->vq[i].vqr = NULL;
		vmedia_fd_close(&drv->vq[i].kick_fd);
		vmedia_fd_close(&drv->vq[i].call_fd);
	}
	vmedia_fd_close(&drv->timer_fd);
	vmedia_fd_close(&drv->epfd);
}

void vmedia_drv_die(struct vmedia_driver *drv, int err)
{
	struct vmedia_file *f;
	unsigned int i;

	if (drv->err)
		return;
	drv->err = err;
	if (!drv->closing)
		vmedia_warn("the device cannot be used any more: %s",
			    err == -ENODEV ? "the connection is lost" : "it broke the protocol");
	for (i = 0; i < VMEDIA_DRV_FILE_HASH; i++) {
		vmedia_list_for_each(f, &drv->files[i], node)
			f->err = err;
	}
	drv->ring_ops->fail(drv, err);
}

/*
 * Kick, if the eventfd can be written. The device has the eventfd too and can make it blocking and
 * fill it, so poll it first. A device that fills it between the two calls blocks the program
 * (SECURITY.md).
 */
static void kick(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	if (poll(&p, 1, 0) > 0 && p.revents & POLLOUT)
		vmedia_eventfd_signal(fd);
}

void vmedia_drv_flush(struct vmedia_driver *drv)
{
	unsigned int i;

	for (i = 0; i < VMEDIA_NUM_QUEUES; i++) {
		struct vmedia_drv_vq *vq = &drv->vq[i];

		if (!vq->dirty)
			continue;
		vq->dirty = false;
		vq->held = false;
		vmedia_vqr_publish(vq->vqr);
		if (!vmedia_vqr_kick_needed(vq->vqr))
			continue;
		drv->stats.kicks++;
		if (drv->hooks.kick)
			drv->hooks.kick(drv->hooks.opaque, i);
		else
			kick(vq->kick_fd);
	}
}

void vmedia_drv_release(struct vmedia_driver *drv)
{
	struct vmedia_drv_vq *vq = &drv->vq[VMEDIA_QUEUE_COMMAND];

	vq->dirty |= vq->held;
}

/* Take all that the device returned in ring @i. */
static void take_used(struct vmedia_driver *drv, unsigned int i)
{
	struct vmedia_vqr *q = drv->vq[i].vqr;
	void *cookie;
	uint32_t len;
	int n;

	while (!drv->err) {
		n = vmedia_vqr_get_used(q, &cookie, &len);
		if (n < 0)
			vmedia_drv_die(drv, -EIO);
		if (n <= 0)
			break;
		if (i == VMEDIA_QUEUE_EVENT)
			drv->ring_ops->event(drv, cookie, len);
		else
			drv->ring_ops->command(cookie, len);
	}
}

void vmedia_drv_events(struct vmedia_driver *drv)
{
	take_used(drv, VMEDIA_QUEUE_EVENT);
}

void vmedia_drv_drain(struct vmedia_driver *drv)
{
	take_used(drv, VMEDIA_QUEUE_COMMAND);
	take_used(drv, VMEDIA_QUEUE_EVENT);
}

uint64_t vmedia_drv_deadline(const struct vmedia_driver *drv, int timeout_ms)
{
	if (timeout_ms < 0)
		return UINT64_MAX;
	if (drv->hooks.pump)
		return VMEDIA_DRV_PUMPS;
	return vmedia_now_ns() + (uint64_t)timeout_ms * 1000000;
}

void vmedia_drv_arm_timer(struct vmedia_driver *drv)
{
	struct itimerspec its = { 0 };

	if (drv->timer_armed || drv->opts.timeout_ms < 0 || drv->hooks.pump)
		return;
	its.it_value.tv_sec = drv->opts.timeout_ms / 1000;
	its.it_value.tv_nsec = drv->opts.timeout_ms % 1000 * 1000000L + 1;
	drv->timer_armed = !timerfd_settime(drv->timer_fd, 0, &its, NULL);
}

static void on_timer(struct vmedia_driver *drv)
{
	uint64_t n;

	if (read(drv->timer_fd, &n, sizeof(n)) < 0)
		return;
	drv->timer_armed = false;
	/* Answers to lazy commands may be in the ring without an interrupt. */
	vmedia_drv_drain(drv);
	/* Held commands are sent now, and their time limit starts. */
	if (drv->vq[VMEDIA_QUEUE_COMMAND].held)
		vmedia_drv_release(drv);
	else
		drv->ring_ops->expire(drv);
	if (!vmedia_list_empty(&drv->flight))
		vmedia_drv_arm_timer(drv);
}

static void on_channel(struct vmedia_driver *drv)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u32 = SRC_CHANNEL };

	if (vmedia_vuf_handle_backend_req(drv->vuf)) {
		epoll_ctl(drv->epfd, EPOLL_CTL_DEL, vmedia_vuf_backend_fd(drv->vuf), NULL);
		vmedia_drv_die(drv, -ENODEV);
		return;
	}
	if (vmedia_vuf_wants_write(drv->vuf))
		ev.events |= EPOLLOUT;
	epoll_ctl(drv->epfd, EPOLL_CTL_MOD, vmedia_vuf_backend_fd(drv->vuf), &ev);
}

/*
 * Handle the end of the connection; the socket has no other input. Answers and events that the
 * device sent before still count.
 */
static void on_socket(struct vmedia_driver *drv)
{
	vmedia_drv_drain(drv);
	vmedia_drv_die(drv, -ENODEV);
}

/* Poll all descriptors once. Returns the number of those with input, or -errno. */
static int look(struct vmedia_driver *drv, int timeout_ms)
{
	struct epoll_event ev[8];
	int n, i;

	n = epoll_wait(drv->epfd, ev, VMEDIA_ARRAY_SIZE(ev), timeout_ms);
	if (n < 0)
		return errno == EINTR ? 0 : -errno;
	for (i = 0; i < n; i++) {
		switch (ev[i].data.u32) {
		case SRC_CHANNEL:
			on_channel(drv);
			break;
		case SRC_SOCKET:
			on_socket(drv);
			break;
		case SRC_TIMER:
			on_timer(drv);
			break;
		default:
			break;	/* an edge: the caller looks at the rings anyway */
		}
	}
	return n;
}

/* True if @deadline has passed. With hooks @deadline counts the remaining pump() calls. */
static bool time_is_up(struct vmedia_driver *drv, uint64_t *deadline)
{
	if (*deadline == UINT64_MAX)
		return false;
	if (!drv->hooks.pump)
		return vmedia_now_ns() >= *deadline;
	if (!*deadline)
		return true;
	(*deadline)--;
	return false;
}

/* Sleep until something comes, or until @deadline (see time_is_up()). */
static int sleep_until(struct vmedia_driver *drv, uint64_t *deadline)
{
	uint64_t now, ms = 0;
	int n;

	if (drv->hooks.pump) {
		if (time_is_up(drv, deadline))
			return -ETIMEDOUT;
		if (drv->hooks.pump(drv->hooks.opaque) < 0)
			return -ETIMEDOUT;
		n = drv->epfd >= 0 ? look(drv, 0) : 0;
		return VMEDIA_MIN(n, 0);
	}
	if (*deadline != UINT64_MAX) {
		now = vmedia_now_ns();
		if (now >= *deadline)
			return -ETIMEDOUT;
		ms = (*deadline - now + 999999) / 1000000;
	}
	drv->stats.sleeps++;
	now = drv->spin.ns ? vmedia_now_ns() : 0;
	n = look(drv, *deadline == UINT64_MAX ? -1 : (int)VMEDIA_MIN(ms, (uint64_t)INT_MAX));
	if (drv->spin.ns)
		vmedia_spin_slept(&drv->spin, vmedia_now_ns() - now);
	return VMEDIA_MIN(n, 0);
}

static bool ask_for_interrupts(struct vmedia_driver *drv)
{
	struct vmedia_vqr *commands = drv->vq[VMEDIA_QUEUE_COMMAND].vqr;
	bool more = false;

	drv->asked = true;
	if (drv->urgent)
		more = vmedia_vqr_enable_notify(commands);
	else
		vmedia_vqr_disable_notify(commands);
	return vmedia_vqr_enable_notify(drv->vq[VMEDIA_QUEUE_EVENT].vqr) || more;
}

/* Disable interrupts until ask_for_interrupts(), which precedes every sleep. */
static void refuse_interrupts(struct vmedia_driver *drv)
{
	unsigned int i;

	if (!drv->asked)
		return;
	drv->asked = false;
	for (i = 0; i < VMEDIA_NUM_QUEUES; i++)
		vmedia_vqr_disable_notify(drv->vq[i].vqr);
}

static bool spin_time_left(struct vmedia_driver *drv, const struct vmedia_drv_wait *w)
{
	if (drv->hooks.spin)
		return drv->hooks.spin(drv->hooks.opaque);
	vmedia_spin_relax();
	return vmedia_now_ns() < w->end;
}

/* Poll the rings before a sleep, when nothing is to be done. Returns true if a chain came back. */
static bool spin(struct vmedia_driver *drv, struct vmedia_drv_wait *w)
{
	if (!w->idle) {
		w->idle = true;
		w->looking = vmedia_spin_begin(&drv->spin);
		if (!w->looking)
			return false;
		refuse_interrupts(drv);
		w->end = vmedia_now_ns() + drv->spin.ns;
	}
	if (!w->looking)
		return false;
	do {
		if (vmedia_vqr_has_used(drv->vq[VMEDIA_QUEUE_COMMAND].vqr) ||
		    vmedia_vqr_has_used(drv->vq[VMEDIA_QUEUE_EVENT].vqr))
			return true;
	} while (spin_time_left(drv, w));
	w->looking = false;
	vmedia_spin_end(&drv->spin, false);
	return false;
}

static void waited(struct vmedia_driver *drv, const struct vmedia_drv_wait *w)
{
	if (!w->looking)
		return;
	vmedia_spin_end(&drv->spin, true);
	drv->stats.spins++;
}

/*
 * Wait for @cond. @complete: call done() of finished commands before each check of @cond. At the
 * deadline the rings are processed once more. A device that always has more input does not make the
 * wait longer.
 */
static int wait_until(struct vmedia_driver *drv, bool (*cond)(void *arg), void *arg,
		      uint64_t deadline_ns, bool complete)
{
	struct vmedia_drv_wait w = { 0 };
	bool late = false;
	int err;

	for (;;) {
		vmedia_drv_flush(drv);
		vmedia_drv_drain(drv);
		if (complete)
			vmedia_drv_complete(drv);
		if (cond(arg)) {
			waited(drv, &w);
			return 0;
		}
		if (drv->err)
			return drv->err;
		vmedia_drv_flush(drv);
		if (spin(drv, &w) || ask_for_interrupts(drv)) {
			if (late)
				return -ETIMEDOUT;
			late = time_is_up(drv, &deadline_ns);
			continue;
		}
		err = sleep_until(drv, &deadline_ns);
		if (err)
			return err;
	}
}

int vmedia_drv_wait(struct vmedia_driver *drv, bool (*cond)(void *arg), void *arg,
		    uint64_t deadline_ns)
{
	return wait_until(drv, cond, arg, deadline_ns, false);
}

static int wait_answer(struct vmedia_driver *drv, bool (*cond)(void *arg), void *arg,
		       uint64_t deadline_ns, bool complete)
{
	int err;

	drv->urgent++;
	vmedia_drv_release(drv);
	err = wait_until(drv, cond, arg, deadline_ns, complete);
	drv->urgent--;
	return err;
}

int vmedia_drv_wait_answer(struct vmedia_driver *drv, bool (*cond)(void *arg), void *arg,
			   uint64_t deadline_ns)
{
	return wait_answer(drv, cond, arg, deadline_ns, false);
}

int vmedia_drv_wait_event(struct vmedia_driver *drv, bool (*cond)(void *arg), void *arg,
			  uint64_t deadline_ns, bool answer)
{
	return answer ? wait_answer(drv, cond, arg, deadline_ns, true)
		      : wait_until(drv, cond, arg, deadline_ns, true);
}

int vmedia_driver_fd(const struct vmedia_driver *drv)
{
	return drv->epfd;
}

/*
 * Return after PROCESS_ROUNDS even if the device always has more input. The descriptor becomes
 * readable again then, as by an interrupt.
 */
int vmedia_driver_process(struct vmedia_driver *drv)
{
	unsigned int rounds = 0;
	int n;

	if (drv->err)
		return drv->err;
	n = drv->epfd >= 0 ? look(drv, 0) : 0;
	if (n < 0)
		return n;
	do {
		vmedia_drv_drain(drv);
		vmedia_drv_complete(drv);
		vmedia_drv_flush(drv);
		if (drv->err || !ask_for_interrupts(drv))
			return drv->err;
	} while (++rounds < PROCESS_ROUNDS);
	if (drv->vq[VMEDIA_QUEUE_COMMAND].call_fd >= 0)
		kick(drv->vq[VMEDIA_QUEUE_COMMAND].call_fd);
	return 0;
}
