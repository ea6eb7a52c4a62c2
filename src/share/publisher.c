// SPDX-License-Identifier: BSD-3-Clause
/*
 * The publisher: one source, any number of subscribers.
 *
 * Theory of operation: all runs on the loop. A message of a subscriber changes that subscriber's
 * state, and perhaps starts or stops the source. A picture that is published is given to those who
 * wait for one, and stays as the newest for those who ask later. Nothing is queued: a subscriber
 * has at most one answer and a few states on their way, which a socket can hold. One whose socket
 * is full does not read, and is dropped.
 *
 * Security model: subscribers are foreign. wire.c checks each message alone, and this file checks
 * that its sender may send it now. What one can hold is limited by pool.h. What it can make this
 * process do is limited by MESSAGES in each WINDOW_NS: after that it is not read until the next
 * window, and only its own pictures are late. Connections that say nothing take none of the places
 * of subscribers: there are MAX_NEW of them at most, and a further one replaces the oldest.
 *
 * Descriptors that come with a message are closed by the kernel, which may wait for them (a TCP
 * socket that lingers). Linux 6.16 refuses to send them here; before, such a message delays all.
 *
 * System calls, start: setsockopt
 * System calls, serving: accept4 close
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <vmedia/share.h>

#include "base/checked.h"
#include "base/fd.h"
#include "base/list.h"
#include "base/log.h"
#include "base/loop.h"
#include "share/pool.h"
#include "share/wire.h"

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83
#endif

#define MAX_NEW		 8
#define MESSAGES	 512
#define WINDOW_NS	 100000000ull
#define AT_ONCE		 16		/* messages of one subscriber before the others' turn */
#define RETRY_NS	 1000000000ull	/* after start() or accept() failed */
#define DEFAULT_PEERS	 16u
#define DEFAULT_HELD	 2u

struct peer {
	struct vmedia_publisher *pub;
	struct vmedia_list node;
	struct vmedia_source src;
	struct vmedia_timer resume;	/* the end of a window in which it sent too much */
	uint64_t window_ns;		/* its begin */
	uint32_t messages;		/* in the window */
	bool welcomed, streaming;
	bool dead;			/* dropped, and in the list of the dead */
	bool waiting;			/* a NEXT without a FRAME */
	uint32_t stream;
	uint64_t last;			/* serial of the last picture that it had, or missed */
	uint64_t missed;
	struct vmedia_share_pool_holder held;
};

struct vmedia_publisher {
	struct vmedia_loop *loop;
	const struct vmedia_publisher_ops *ops;
	void *priv;
	struct vmedia_share_format format;
	char name[32];
	uint32_t max_peers;
	uint64_t linger_ns;
	struct vmedia_share_pool pool;
	struct vmedia_source accept_src;
	struct vmedia_timer accept_again;
	struct vmedia_timer timer;	/* stops the source, or starts it again */
	struct vmedia_list peers;	/* in the order of their connections */
	struct vmedia_list dead;	/* dropped; freed when no caller can still use them */
	struct vmedia_deferred reaper;
	uint32_t num_new;
	bool running;
	bool failed;			/* vmedia_publisher_fail() since the last start() */
	int error;			/* why there are no pictures; 0: there are */
	uint64_t serial;		/* of the newest picture; the first is 1 */
	struct vmedia_share_picture newest;
	struct vmedia_publisher_stats stats;
	struct vmedia_ratelimit rl;
};

/* ---- The source ---- */

static void tell_all(struct vmedia_publisher *p);

static void set_error(struct vmedia_publisher *p, int err)
{
	if (p->error == err)
		return;
	p->error = err;
	tell_all(p);
}

static void run_source(struct vmedia_publisher *p)
{
	int err;

	/* The source may fail before start() returns. */
	p->running = true;
	p->failed = false;
	err = p->ops->start(p->priv);
	p->running = !err;
	if (err)
		vmedia_timer_arm(&p->timer, vmedia_now_ns() + RETRY_NS);
	if (err || !p->failed)
		set_error(p, err);
}

static void stop_source(struct vmedia_publisher *p)
{
	if (p->running) {
		p->running = false;
		p->ops->stop(p->priv);
		vmedia_share_pool_forget(&p->pool);
	}
	p->error = 0;
}

static void on_timer(struct vmedia_timer *t)
{
	struct vmedia_publisher *p = vmedia_container_of(t, struct vmedia_publisher, timer);

	if (!p->stats.streaming)
		stop_source(p);
	else if (!p->running)
		run_source(p);
}

/* ---- Subscribers ---- */

static void end_stream(struct peer *peer)
{
	struct vmedia_publisher *p = peer->pub;

	if (!peer->streaming)
		return;
	peer->streaming = peer->waiting = false;
	vmedia_share_pool_release_all(&p->pool, &peer->held);
	if (--p->stats.streaming)
		return;
	/* A source that did not start keeps its timer, so that it is not tried at each START. */
	if (p->running)
		vmedia_timer_arm(&p->timer, vmedia_now_ns() + p->linger_ns);
}

static void reap(struct vmedia_publisher *p)
{
	struct peer *peer, *tmp;

	vmedia_list_for_each_safe(peer, tmp, &p->dead, node)
		free(peer);
	vmedia_list_init(&p->dead);
}

static void on_reap(struct vmedia_deferred *d)
{
	reap(vmedia_container_of(d, struct vmedia_publisher, reaper));
}

/* Close the connection of @peer, and take back all that it holds. */
static void drop(struct peer *peer)
{
	struct vmedia_publisher *p = peer->pub;

	if (peer->dead)
		return;
	peer->dead = true;
	end_stream(peer);
	if (peer->welcomed)
		p->stats.subscribers--;
	else
		p->num_new--;
	vmedia_timer_cancel(&peer->resume);
	vmedia_loop_del_fd(&peer->src);
	vmedia_fd_close(&peer->src.fd);
	vmedia_list_del(&peer->node);
	vmedia_list_add_tail(&p->dead, &peer->node);
	vmedia_defer(&p->reaper);
}

static void refuse(struct peer *peer, enum vmedia_share_reason reason)
{
	union vmedia_share_message m;

	vmedia_share_prepare(&m, VMEDIA_SHARE_REFUSED);
	m.refused.reason = reason;
	peer->pub->stats.refused++;
	vmedia_share_send(peer->src.fd, &m, -1);
	drop(peer);
}

static void misbehaved(struct peer *peer, const char *what)
{
	vmedia_warn_rl(&peer->pub->rl, "a subscriber %s: its connection is closed", what);
	refuse(peer, VMEDIA_SHARE_BAD_MESSAGE);
}

/* A peer that takes no message is dropped. */
static void deliver(struct peer *peer, const union vmedia_share_message *m, int fd)
{
	int err = vmedia_share_send(peer->src.fd, m, fd);

	if (!err)
		return;
	if (err != -ECONNRESET)
		vmedia_warn_rl(&peer->pub->rl, "a subscriber takes no messages (%s): its "
			       "connection is closed", strerror(-err));
	drop(peer);
}

static void tell(struct peer *peer)
{
	union vmedia_share_message m;

	vmedia_share_prepare(&m, VMEDIA_SHARE_STATE);
	m.state.stream = peer->stream;
	m.state.signal = peer->pub->error ? VMEDIA_SHARE_NO_SIGNAL : VMEDIA_SHARE_LIVE;
	m.state.error = peer->pub->error;
	deliver(peer, &m, -1);
}

static void tell_all(struct vmedia_publisher *p)
{
	struct peer *peer, *tmp;

	vmedia_list_for_each_safe(peer, tmp, &p->peers, node)
		if (peer->streaming)
			tell(peer);
}

/* Give the newest picture to a peer that waits for it and has not had it. */
static void give(struct peer *peer)
{
	struct vmedia_publisher *p = peer->pub;
	union vmedia_share_message m;

	if (!peer->waiting || peer->last == p->serial ||
	    vmedia_share_pool_hold(&p->pool, &peer->held))
		return;
	peer->waiting = false;
	peer->missed += p->serial - peer->last - 1;
	peer->last = p->serial;
	p->stats.frames++;
	vmedia_share_prepare(&m, VMEDIA_SHARE_FRAME);
	m.frame.stream = peer->stream;
	m.frame.slot = p->pool.newest;
	m.frame.bytesused = p->newest.bytesused;
	m.frame.sequence = p->newest.sequence;
	m.frame.timestamp_ns = p->newest.timestamp_ns;
	m.frame.missed = peer->missed;
	deliver(peer, &m, -1);
}

/* ---- Messages ---- */

static void on_hello(struct peer *peer)
{
	struct vmedia_publisher *p = peer->pub;
	union vmedia_share_message m;

	if (p->stats.subscribers == p->max_peers) {
		vmedia_warn_rl(&p->rl, "a further subscriber is refused: there are %u, the most "
			       "that are served", p->max_peers);
		refuse(peer, VMEDIA_SHARE_FULL);
		return;
	}
	vmedia_share_prepare(&m, VMEDIA_SHARE_WELCOME);
	m.welcome.num_slots = p->pool.num_slots;
	m.welcome.max_held = p->pool.max_held;
	m.welcome.slot_size = p->pool.slot_size;
	m.welcome.format = p->format;
	memcpy(m.welcome.name, p->name, sizeof(p->name));
	peer->welcomed = true;
	p->num_new--;
	p->stats.subscribers++;
	deliver(peer, &m, p->pool.fd);
}

static void on_start(struct peer *peer, uint32_t stream)
{
	struct vmedia_publisher *p = peer->pub;

	peer->streaming = true;
	peer->stream = stream;
	peer->missed = 0;
	/* If the source runs, its newest picture is recent. */
	peer->last = p->serial - (p->pool.newest != VMEDIA_SHARE_NO_SLOT);
	if (!p->stats.streaming++ && p->running)
		vmedia_timer_cancel(&p->timer);
	tell(peer);
	if (!peer->dead && !p->running && !vmedia_timer_armed(&p->timer))
		run_source(p);
}

static const char *check_state(const struct peer *peer, const union vmedia_share_message *m)
{
	bool hello = m->header.type == VMEDIA_SHARE_HELLO;

	if (hello == peer->welcomed)
		return hello ? "said HELLO twice" : "did not say HELLO";
	if (hello)
		return NULL;
	if (m->header.type == VMEDIA_SHARE_START)
		return peer->streaming ? "started a second stream" : NULL;
	/* STOP, NEXT and RELEASE have the number in the same place. */
	if (!peer->streaming || m->next.stream != peer->stream)
		return "named a stream that it has not started";
	if (m->header.type == VMEDIA_SHARE_NEXT &&
	    (peer->waiting || peer->held.num == peer->pub->pool.max_held))
		return "asked for more pictures than it may hold";
	return NULL;
}

static void handle(struct peer *peer, const union vmedia_share_message *m)
{
	const char *wrong = check_state(peer, m);

	if (!wrong && m->header.type == VMEDIA_SHARE_RELEASE &&
	    vmedia_share_pool_release(&peer->pub->pool, &peer->held, m->release.slot))
		wrong = "released a picture that it did not hold";
	if (wrong) {
		misbehaved(peer, wrong);
		return;
	}
	switch (m->header.type) {
	case VMEDIA_SHARE_HELLO:
		on_hello(peer);
		break;
	case VMEDIA_SHARE_START:
		on_start(peer, m->start.stream);
		break;
	case VMEDIA_SHARE_STOP:
		end_stream(peer);
		break;
	case VMEDIA_SHARE_NEXT:
		peer->waiting = true;
		give(peer);
		break;
	}
}

/* ---- Reading ---- */

static void on_message(struct vmedia_source *src, uint32_t revents);

static void on_resume(struct vmedia_timer *t)
{
	struct peer *peer = vmedia_container_of(t, struct peer, resume);

	if (vmedia_loop_mod_fd(&peer->src, EPOLLIN))
		drop(peer);
}

/* True if @peer may send one more message now. Otherwise it is not read until its next window. */
static bool within_budget(struct peer *peer)
{
	uint64_t now = vmedia_now_ns();

	if (now - peer->window_ns >= WINDOW_NS) {
		peer->window_ns = now;
		peer->messages = 0;
	}
	if (peer->messages < MESSAGES)
		return true;
	vmedia_warn_rl(&peer->pub->rl, "a subscriber sends too many messages: it has to wait");
	vmedia_timer_arm(&peer->resume, peer->window_ns + WINDOW_NS);
	vmedia_loop_mod_fd(&peer->src, 0);
	return false;
}

/* Returns true if there may be more. */
static bool read_one(struct peer *peer)
{
	union vmedia_share_message m;
	int err = vmedia_share_recv(peer->src.fd, VMEDIA_SHARE_SUBSCRIBER, &m, NULL);

	switch (err) {
	case 0:
		peer->messages++;
		handle(peer, &m);
		break;
	case -EAGAIN:
		return false;
	case -EPROTO:
		misbehaved(peer, "sent bytes that are no message");
		break;
	case -EPROTONOSUPPORT:
		vmedia_warn_rl(&peer->pub->rl, "a subscriber speaks version %u of the protocol, "
			       "and this program version %u: use programs of the same release",
			       m.hello.version, VMEDIA_SHARE_VERSION);
		refuse(peer, VMEDIA_SHARE_OTHER_VERSION);
		break;
	default:
		drop(peer);
		break;
	}
	return !peer->dead;
}

static void on_message(struct vmedia_source *src, uint32_t revents)
{
	struct peer *peer = vmedia_container_of(src, struct peer, src);

	if (revents & (EPOLLHUP | EPOLLERR)) {
		drop(peer);
		return;
	}
	for (unsigned int i = 0; i < AT_ONCE; i++)
		if (!within_budget(peer) || !read_one(peer))
			return;
}

/* ---- Connections ---- */

static void drop_oldest_new(struct vmedia_publisher *p)
{
	struct peer *peer;

	vmedia_list_for_each(peer, &p->peers, node) {
		if (peer->welcomed)
			continue;
		p->stats.refused++;
		drop(peer);
		return;
	}
}

static int add_peer(struct vmedia_publisher *p, int fd)
{
	struct peer *peer = calloc(1, sizeof(*peer));
	int err;

	if (!peer)
		return -ENOMEM;
	if (p->num_new == MAX_NEW)
		drop_oldest_new(p);
	peer->pub = p;
	vmedia_timer_init(p->loop, &peer->resume, on_resume);
	err = vmedia_loop_add_fd(p->loop, &peer->src, fd, EPOLLIN, on_message);
	if (err) {
		free(peer);
		return err;
	}
	p->num_new++;
	vmedia_list_add_tail(&p->peers, &peer->node);
	return 0;
}

static void on_connection(struct vmedia_source *src, uint32_t revents)
{
	struct vmedia_publisher *p = vmedia_container_of(src, struct vmedia_publisher, accept_src);
	int fd = accept4(src->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), err;

	(void)revents;
	if (fd < 0) {
		if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
			return;
		vmedia_err("a subscriber cannot be accepted: %s", strerror(errno));
		vmedia_loop_mod_fd(src, 0);
		vmedia_timer_arm(&p->accept_again, vmedia_now_ns() + RETRY_NS);
		return;
	}
	err = add_peer(p, fd);
	if (err) {
		vmedia_err("a subscriber cannot be served: %s", strerror(-err));
		vmedia_fd_close(&fd);
	}
}

static void on_accept_again(struct vmedia_timer *t)
{
	struct vmedia_publisher *p = vmedia_container_of(t, struct vmedia_publisher, accept_again);

	vmedia_loop_mod_fd(&p->accept_src, EPOLLIN);
}

/* ---- For the program ---- */

void *vmedia_publisher_take(struct vmedia_publisher *p)
{
	vmedia_loop_assert(p->loop);
	return vmedia_share_pool_memory(&p->pool, vmedia_share_pool_take(&p->pool));
}

void vmedia_publisher_put(struct vmedia_publisher *p)
{
	vmedia_loop_assert(p->loop);
	vmedia_share_pool_put(&p->pool);
}

void vmedia_publisher_publish(struct vmedia_publisher *p, const struct vmedia_share_picture *pic)
{
	struct peer *peer, *tmp;

	vmedia_loop_assert(p->loop);
	if (!p->running) {
		/* The source was stopped meanwhile. */
		vmedia_share_pool_put(&p->pool);
		return;
	}
	vmedia_share_pool_publish(&p->pool);
	p->newest = *pic;
	p->newest.bytesused = VMEDIA_MIN(pic->bytesused, p->format.sizeimage);
	p->serial++;
	p->stats.pictures++;
	set_error(p, 0);
	vmedia_list_for_each_safe(peer, tmp, &p->peers, node)
		give(peer);
}

void vmedia_publisher_fail(struct vmedia_publisher *p, int err)
{
	vmedia_loop_assert(p->loop);
	if (!p->running)
		return;
	p->failed = true;
	vmedia_share_pool_forget(&p->pool);
	set_error(p, err);
}

void vmedia_publisher_stats(const struct vmedia_publisher *p, struct vmedia_publisher_stats *stats)
{
	*stats = p->stats;
}

int vmedia_publisher_create(struct vmedia_loop *loop, const struct vmedia_publisher_options *opts,
			    struct vmedia_publisher **out)
{
	uint32_t held = opts->max_held ? opts->max_held : DEFAULT_HELD;
	struct vmedia_publisher *p;
	int err;

	vmedia_loop_assert(loop);
	if (held > VMEDIA_SHARE_MAX_HELD ||
	    opts->max_subscribers > VMEDIA_PUBLISHER_MAX_SUBSCRIBERS ||
	    vmedia_share_check_format(opts->format, VMEDIA_SHARE_MAX_SLOT))
		return -EINVAL;
	p = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->loop = loop;
	p->ops = opts->ops;
	p->priv = opts->priv;
	p->format = *opts->format;
	vmedia_share_copy_name(p->name, sizeof(p->name), opts->name);
	p->max_peers = opts->max_subscribers ? opts->max_subscribers : DEFAULT_PEERS;
	p->linger_ns = opts->linger_ms ? opts->linger_ms : VMEDIA_PUBLISHER_LINGER_MS;
	p->linger_ns *= 1000000;
	/* Accepted sockets inherit it. */
	setsockopt(opts->listen_fd, SOL_SOCKET, SO_PASSRIGHTS, &(int){ 0 }, sizeof(int));
	vmedia_list_init(&p->peers);
	vmedia_list_init(&p->dead);
	vmedia_deferred_init(loop, &p->reaper, on_reap);
	vmedia_timer_init(loop, &p->accept_again, on_accept_again);
	vmedia_timer_init(loop, &p->timer, on_timer);
	err = vmedia_share_pool_init(&p->pool, p->format.sizeimage, p->max_peers, held);
	if (!err)
		err = vmedia_loop_add_fd(loop, &p->accept_src, opts->listen_fd, EPOLLIN,
					 on_connection);
	if (err) {
		vmedia_share_pool_finish(&p->pool);
		free(p);
		return err;
	}
	*out = p;
	return 0;
}

void vmedia_publisher_destroy(struct vmedia_publisher *p)
{
	struct peer *peer, *tmp;

	if (!p)
		return;
	vmedia_loop_assert(p->loop);
	vmedia_list_for_each_safe(peer, tmp, &p->peers, node)
		drop(peer);
	stop_source(p);
	vmedia_timer_cancel(&p->timer);
	vmedia_timer_cancel(&p->accept_again);
	vmedia_deferred_cancel(&p->reaper);
	reap(p);
	vmedia_loop_del_fd(&p->accept_src);
	vmedia_share_pool_finish(&p->pool);
	free(p);
}
