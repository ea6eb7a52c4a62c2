/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One guest after another, as src/serve/server.c does it, which has no place for a layer: the parts
 * (listening, a guest, its transport) are src/serve's.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "hostile.h"

static void on_connection(struct vmedia_source *src, uint32_t revents);

static int wait_for_guest(struct hostile *h)
{
	return vmedia_loop_add_fd(h->loop, &h->accept_src, h->listener.fd, EPOLLIN, on_connection);
}

static void on_gone(struct vmedia_guest *g, int reason)
{
	struct hostile *h = vmedia_container_of(g, struct hostile, guest);

	vmedia_info("the guest is gone: %s", strerror(-reason));
	hostile_layer_forget(h, VMEDIA_QUEUE_COMMAND);
	vmedia_guest_stop(g);
	vmedia_defer(&h->next);
}

static void on_next(struct vmedia_deferred *d)
{
	struct hostile *h = vmedia_container_of(d, struct hostile, next);

	if (wait_for_guest(h))
		vmedia_loop_stop(h->loop);
}

static void on_reset(struct vmedia_deferred *d)
{
	struct hostile *h = vmedia_container_of(d, struct hostile, reset);

	hostile_layer_forget(h, VMEDIA_QUEUE_COMMAND);
	if (h->guest.vub)
		vmedia_device_reset(h->dev, false);
}

static void on_connection(struct vmedia_source *src, uint32_t revents)
{
	struct hostile *h = vmedia_container_of(src, struct hostile, accept_src);
	int fd = accept4(h->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int err;

	if (fd < 0)
		return;
	err = vmedia_guest_start(&h->guest, h->dev, fd, &h->opts, on_gone);
	if (err) {
		vmedia_err("a guest cannot be served: %s", strerror(-err));
		close(fd);
		return;
	}
	hostile_layer_init(h);
	vmedia_loop_del_fd(&h->accept_src);
	vmedia_info("a guest is connected");
}

int hostile_listen(struct hostile *h)
{
	const struct vmedia_server_options opts = { .socket_path = h->opts.socket_path };
	int err;

	vmedia_deferred_init(h->loop, &h->next, on_next);
	vmedia_deferred_init(h->loop, &h->reset, on_reset);
	vmedia_timer_init(h->loop, &h->late, hostile_on_late);
	vmedia_timer_init(h->loop, &h->after, hostile_on_after);
	err = vmedia_mem_guard_install();
	if (!err)
		err = vmedia_listen(&opts, &h->listener);
	return err ? err : wait_for_guest(h);
}

void hostile_close(struct hostile *h)
{
	vmedia_loop_del_fd(&h->accept_src);
	vmedia_timer_cancel(&h->late);
	hostile_layer_forget(h, VMEDIA_QUEUE_COMMAND);
	vmedia_guest_stop(&h->guest);
	vmedia_deferred_cancel(&h->next);
	vmedia_deferred_cancel(&h->reset);
	vmedia_listener_close(&h->listener);
}
