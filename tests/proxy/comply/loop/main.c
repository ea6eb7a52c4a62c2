/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vmedia-loop: connects a driver of this kernel, by the module vmedia_loop, with a daemon on a
 * vhost-user socket, as a VMM connects its guest.
 * usage: vmedia-loop SOCKET
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "loop.h"
#include "vhost/frontend.h"

#define MEDIA		48	/* virtio device ID */
#define CONFIG_SIZE	40	/* of its configuration space */
#define USER		(1ull << 40)	/* user addresses are those of the memory and this */

struct bridge {
	const char *path;
	int loop, memory;
	int kick[LOOP_QUEUES], call[LOOP_QUEUES];
	struct vmedia_vuf *vuf;
	bool running;
};

static int fail(const char *what, int err)
{
	fprintf(stderr, "vmedia-loop: %s: %s\n", what, strerror(-err));
	return err;
}

static int connect_daemon(struct bridge *b)
{
	static const struct vmedia_vuf_config config = { .timeout_ms = 60000, .no_channel = true };
	static const struct vmedia_vuf_ops ops = { 0 };
	int ret = vmedia_vuf_connect(b->path, &config, &ops, b, &b->vuf);

	if (ret == 0)
		ret = vmedia_vuf_negotiate(b->vuf);
	return ret < 0 ? fail(b->path, ret) : 0;
}

static int give_memory(struct bridge *b)
{
	struct vmedia_vuf_region region = { .user_addr = USER };
	struct stat st;
	int ret;

	b->memory = ioctl(b->loop, LOOP_MEMORY);
	if (b->memory < 0 || fstat(b->memory, &st) < 0)
		return fail("the machine's memory", -errno);
	region.fd = b->memory;
	region.size = (uint64_t)st.st_size;
	ret = vmedia_vuf_set_mem_table(b->vuf, &region, 1);
	return ret < 0 ? fail("the daemon does not take the memory", ret) : 0;
}

static int make_eventfds(struct bridge *b)
{
	for (unsigned int i = 0; i < LOOP_QUEUES; i++) {
		struct loop_eventfd e = { .queue = i };

		b->kick[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		b->call[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		e.fd = b->kick[i];
		if (b->kick[i] < 0 || b->call[i] < 0 || ioctl(b->loop, LOOP_KICK, &e) < 0)
			return fail("eventfd", -errno);
	}
	return 0;
}

static int make_device(struct bridge *b)
{
	struct loop_device d = { .features = vmedia_vuf_features(b->vuf), .id = MEDIA,
				 .config_size = CONFIG_SIZE };
	int ret = vmedia_vuf_get_config(b->vuf, 0, d.config, CONFIG_SIZE);

	if (ret < 0)
		return fail("the configuration space", ret);
	/* What is vhost-user's own (bit 30) is no feature of the device. */
	d.features &= ~(1ull << 30);
	return ioctl(b->loop, LOOP_DEVICE, &d) < 0 ? fail("the device", -errno) : 0;
}

static int begin(struct bridge *b, const struct loop_change *c)
{
	int ret = 0;

	for (unsigned int i = 0; i < LOOP_QUEUES && ret == 0; i++) {
		const struct loop_ring *r = &c->ring[i];
		struct vmedia_vuf_vring ring = { .num = r->num, .desc = USER + r->desc,
						 .avail = USER + r->avail, .used = USER + r->used,
						 .kick_fd = b->kick[i], .call_fd = b->call[i],
						 .err_fd = -1 };

		ret = vmedia_vuf_setup_vring(b->vuf, i, &ring);
	}
	b->running = true;
	return ret < 0 ? fail("the rings", ret) : 0;
}

static int end(struct bridge *b)
{
	uint32_t base;
	int ret = 0;

	for (unsigned int i = 0; i < LOOP_QUEUES && b->running && ret == 0; i++)
		ret = vmedia_vuf_get_vring_base(b->vuf, i, &base);
	b->running = false;
	return ret < 0 ? fail("the rings", ret) : 0;
}

static int change(struct bridge *b)
{
	struct loop_change c;
	int ret;

	if (read(b->loop, &c, sizeof(c)) != sizeof(c))
		return errno == EAGAIN ? 0 : fail("a change", -errno);
	/* One that ended and began again is seen as the last. */
	ret = end(b);
	if (ret == 0 && c.running)
		ret = begin(b, &c);
	ioctl(b->loop, LOOP_DONE, (unsigned long)c.number);
	return ret;
}

static int serve(struct bridge *b)
{
	struct pollfd fds[2 + LOOP_QUEUES] = { { .fd = b->loop, .events = POLLIN },
					       { .fd = vmedia_vuf_socket(b->vuf) } };
	int ret = 0;

	for (unsigned int i = 0; i < LOOP_QUEUES; i++)
		fds[2 + i] = (struct pollfd){ .fd = b->call[i], .events = POLLIN };
	while (ret == 0) {
		uint64_t n;

		if (poll(fds, 2 + LOOP_QUEUES, -1) < 0 && errno != EINTR)
			return fail("poll", -errno);
		for (unsigned int i = 0; i < LOOP_QUEUES; i++)
			if (read(b->call[i], &n, sizeof(n)) == sizeof(n))
				ioctl(b->loop, LOOP_CALL, (unsigned long)i);
		if (fds[1].revents & POLLHUP)
			return fail("the daemon", -ECONNRESET);
		if (fds[0].revents)
			ret = change(b);
	}
	return ret;
}

int main(int argc, char **argv)
{
	struct bridge b = { .memory = -1 };

	if (argc != 2) {
		fputs("usage: vmedia-loop SOCKET\n", stderr);
		return 2;
	}
	b.path = argv[1];
	b.loop = open("/dev/vmedia_loop", O_RDWR | O_CLOEXEC);
	if (b.loop < 0) {
		fail("/dev/vmedia_loop, of the module vmedia_loop", -errno);
		return 1;
	}
	if (connect_daemon(&b) < 0 || give_memory(&b) < 0 || make_eventfds(&b) < 0 ||
	    make_device(&b) < 0)
		return 1;
	puts("connected");
	fflush(stdout);
	serve(&b);
	return 1;
}
