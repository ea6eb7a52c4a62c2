/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A device on a vhost-user socket: one guest after another.
 *
 * System calls, serving: accept4 close
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "serve/serve.h"

#define ACCEPT_RETRY_NS 1000000000ull /* delay after accept() failed for lack of descriptors */

struct vmedia_server {
	struct vmedia_device *dev;
	struct vmedia_loop *loop;
	struct vmedia_server_options opts;
	struct vmedia_listener own; /* unless the listener is borrowed */
	int listen_fd;		    /* -1: none */
	struct vmedia_source accept_src;
	struct vmedia_timer retry;
	struct vmedia_deferred next; /* starts the next guest after one has left */
	struct vmedia_guest guest;
	struct vmedia_server_stats past; /* of ended connections */
};

static void on_connection(struct vmedia_source *src, uint32_t revents);

static int wait_for_guest(struct vmedia_server *srv)
{
	return vmedia_loop_add_fd(srv->loop, &srv->accept_src, srv->listen_fd, EPOLLIN,
				  on_connection);
}

/* Add the counters of the connection that ends. */
static void add_stats(const struct vmedia_server *srv, struct vmedia_server_stats *sum)
{
	struct vmedia_vub_stats st;
	unsigned int q;

	for (q = 0; srv->guest.vub && q < VMEDIA_NUM_QUEUES; q++) {
		vmedia_vub_get_stats(srv->guest.vub, q, &st);
		sum->kicks[q] += st.kicks;
		sum->calls[q] += st.calls;
		sum->chains[q] += st.chains;
	}
}

static void end_guest(struct vmedia_server *srv)
{
	add_stats(srv, &srv->past);
	vmedia_guest_stop(&srv->guest);
}

static void on_gone(struct vmedia_guest *g, int reason)
{
	struct vmedia_server *srv = vmedia_container_of(g, struct vmedia_server, guest);

	if (reason == -ECONNRESET)
		vmedia_info("the guest is gone");
	else
		vmedia_warn("the connection of the guest ended: %s", strerror(-reason));
	end_guest(srv);
	vmedia_defer(&srv->next);
}

static void listen_again(struct vmedia_server *srv)
{
	int err = wait_for_guest(srv);

	if (err) {
		vmedia_err("no further guest can be served: %s", strerror(-err));
		vmedia_loop_stop(srv->loop);
	}
}

static void on_next(struct vmedia_deferred *d)
{
	struct vmedia_server *srv = vmedia_container_of(d, struct vmedia_server, next);

	if (srv->listen_fd < 0 || srv->opts.once)
		vmedia_loop_stop(srv->loop);
	else
		listen_again(srv);
}

/* Accept the client that was delayed, even if the server ends after it. */
static void on_retry(struct vmedia_timer *t)
{
	listen_again(vmedia_container_of(t, struct vmedia_server, retry));
}

/* Start to serve a guest on @fd. Returns 0 or negative errno, with @fd closed. */
static int start_guest(struct vmedia_server *srv, int fd)
{
	int err = vmedia_guest_start(&srv->guest, srv->dev, fd, &srv->opts, on_gone);

	if (err) {
		close(fd);
		return err;
	}
	srv->past.connections++;
	vmedia_info("a guest is connected");
	return 0;
}

static void on_connection(struct vmedia_source *src, uint32_t revents)
{
	struct vmedia_server *srv = vmedia_container_of(src, struct vmedia_server, accept_src);
	int fd = accept4(srv->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int err;

	(void)revents;
	if (fd < 0) {
		if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED)
			return;
		vmedia_err("a guest cannot be accepted: %s", strerror(errno));
		vmedia_loop_del_fd(&srv->accept_src);
		vmedia_timer_arm(&srv->retry, vmedia_now_ns() + ACCEPT_RETRY_NS);
		return;
	}
	err = start_guest(srv, fd);
	if (err) {
		vmedia_err("a guest cannot be served: %s", strerror(-err));
		return;
	}
	vmedia_loop_del_fd(&srv->accept_src);
}

static int begin(struct vmedia_server *srv)
{
	int err;

	if (!srv->opts.socket_path && !srv->opts.listener)
		return srv->opts.fd < 0 ? -EINVAL : start_guest(srv, srv->opts.fd);
	if (srv->opts.listener) {
		srv->listen_fd = srv->opts.listener->fd;
	} else {
		err = vmedia_listen(&srv->opts, &srv->own);
		if (err)
			return err;
		srv->listen_fd = srv->own.fd;
	}
	err = wait_for_guest(srv);
	if (err)
		vmedia_listener_close(&srv->own);
	return err;
}

int vmedia_server_create(struct vmedia_device *dev, const struct vmedia_server_options *opts,
			 struct vmedia_server **out)
{
	struct vmedia_server *srv;
	int err;

	vmedia_loop_assert(vmedia_device_loop(dev));
	if (opts->shmem_feature_bit &&
	    (opts->shmem_feature_bit < 20 || opts->shmem_feature_bit > 22))
		return -EINVAL;
	if (opts->poll_us > VMEDIA_SERVER_MAX_POLL || opts->seqpacket)
		return -EINVAL;
	err = vmedia_mem_guard_install();
	if (err)
		return err;
	srv = calloc(1, sizeof(*srv));
	if (!srv)
		return -ENOMEM;
	srv->dev = dev;
	srv->loop = vmedia_device_loop(dev);
	srv->opts = *opts;
	srv->own.fd = -1;
	srv->listen_fd = -1;
	vmedia_timer_init(srv->loop, &srv->retry, on_retry);
	vmedia_deferred_init(srv->loop, &srv->next, on_next);
	err = begin(srv);
	if (err) {
		free(srv);
		return err;
	}
	*out = srv;
	return 0;
}

void vmedia_server_destroy(struct vmedia_server *srv)
{
	if (!srv)
		return;
	vmedia_loop_assert(srv->loop);
	vmedia_loop_del_fd(&srv->accept_src);
	vmedia_timer_cancel(&srv->retry);
	vmedia_deferred_cancel(&srv->next);
	end_guest(srv);
	vmedia_listener_close(&srv->own);
	free(srv);
}

void vmedia_server_stats(const struct vmedia_server *srv, struct vmedia_server_stats *stats)
{
	*stats = srv->past;
	add_stats(srv, stats);
}
