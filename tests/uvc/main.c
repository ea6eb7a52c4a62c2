/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * uvc-camera: a USB camera for tests, which the kernel of this machine finds on a virtual bus. It
 * needs root and the module vhci_hcd. See tests/uvc/README.md.
 *
 * One thread: it waits for the socket, for orders on standard input, and for the time of the next
 * frame.
 */
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "attach.h"
#include "usbip.h"

struct program {
	struct uvc_camera camera;
	struct usbip usbip;
	int fd;			/* -1: unplugged */
	uint8_t in[4 * (USBIP_HEADER + USBIP_DATA_MAX)];
	size_t in_size;
	char order[64];		/* what came of a line */
	size_t order_size;
	int orders;		/* standard input, or -1 after its end */
};

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* The kernel reads all that it is sent, so this does not wait for long. */
static int send_message(void *opaque, const uint8_t *head, size_t head_size, const uint8_t *data,
			size_t data_size)
{
	struct program *p = opaque;
	struct iovec parts[2] = { { (void *)(uintptr_t)head, head_size },
				  { (void *)(uintptr_t)data, data_size } };
	size_t left = head_size + data_size;

	while (left) {
		ssize_t n = writev(p->fd, parts, 2);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		left -= (size_t)n;
		for (unsigned int i = 0; i < 2; i++) {
			size_t sent = (size_t)n < parts[i].iov_len ? (size_t)n : parts[i].iov_len;

			parts[i].iov_base = (uint8_t *)parts[i].iov_base + sent;
			parts[i].iov_len -= sent;
			n -= (ssize_t)sent;
		}
	}
	return 0;
}

static void unplug(struct program *p)
{
	if (p->fd < 0)
		return;
	close(p->fd);
	p->fd = -1;
	puts("unplugged");
	fflush(stdout);
}

/* Returns 0 or negative errno. A camera that was unplugged begins anew. */
static int plug(struct program *p)
{
	const char *serial = p->camera.serial;
	int fd;

	if (p->fd >= 0)
		return 0;
	fd = attach();
	if (fd < 0)
		return fd;
	uvc_camera_finish(&p->camera);
	uvc_camera_init(&p->camera, serial);
	usbip_init(&p->usbip, &p->camera, send_message, p);
	p->in_size = 0;
	p->fd = fd;
	puts("plugged");
	fflush(stdout);
	return 0;
}

/* Returns false if the program shall end. */
static bool obey(struct program *p, const char *order)
{
	if (strcmp(order, "unplug") == 0)
		unplug(p);
	else if (strcmp(order, "plug") == 0)
		plug(p);
	else if (strcmp(order, "quit") == 0)
		return false;
	else
		fprintf(stderr, "uvc-camera: \"%s\": give unplug, plug or quit\n", order);
	return true;
}

static bool read_orders(struct program *p)
{
	char c;

	if (read(p->orders, &c, 1) <= 0) {
		p->orders = -1;
		return true;
	}
	if (c != '\n') {
		if (p->order_size + 1 < sizeof(p->order))
			p->order[p->order_size++] = c;
		return true;
	}
	p->order[p->order_size] = '\0';
	p->order_size = 0;
	return obey(p, p->order);
}

static int take_all(struct program *p)
{
	size_t used = 0;
	int n = 1;

	while (n > 0) {
		n = usbip_take(&p->usbip, p->in + used, p->in_size - used, now_ns());
		if (n > 0)
			used += (size_t)n;
	}
	p->in_size -= used;
	memmove(p->in, p->in + used, p->in_size);
	return n;
}

static void read_bus(struct program *p)
{
	ssize_t n = read(p->fd, p->in + p->in_size, sizeof(p->in) - p->in_size);
	int ret = n > 0 ? 0 : n < 0 ? -errno : -EPIPE;

	if (n > 0) {
		p->in_size += (size_t)n;
		ret = take_all(p);
	}
	if (ret < 0) {
		fprintf(stderr, "uvc-camera: the bus: %s\n", strerror(-ret));
		unplug(p);
	}
}

/* Milliseconds to the next frame, rounded up; -1 without one. */
static int wait_ms(const struct program *p)
{
	int64_t left = p->camera.next_ns - now_ns();

	if (p->fd < 0 || !p->camera.streaming)
		return -1;
	return left <= 0 ? 0 : (int)((left + 999999) / 1000000);
}

static void loop(struct program *p)
{
	bool go_on = true;

	while (go_on) {
		struct pollfd fds[2] = { { .fd = p->orders, .events = POLLIN },
					 { .fd = p->fd, .events = POLLIN } };

		if (poll(fds, 2, wait_ms(p)) < 0 && errno != EINTR)
			return;
		if (fds[0].revents)
			go_on = read_orders(p);
		if (p->fd >= 0 && fds[1].fd == p->fd && fds[1].revents)
			read_bus(p);
		if (p->fd >= 0 && usbip_pump(&p->usbip, now_ns()) < 0)
			unplug(p);
	}
}

static int usage(void)
{
	fputs("usage: uvc-camera [--serial=TEXT] [--unplugged]\n", stderr);
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "serial", required_argument, NULL, 's' },
						 { "unplugged", no_argument, NULL, 'u' },
						 { NULL, 0, NULL, 0 } };
	static struct program p = { .fd = -1, .orders = STDIN_FILENO };
	const char *serial = "0001";
	bool begin = true;
	int opt;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (opt == 's')
			serial = optarg;
		else if (opt == 'u')
			begin = false;
		else
			return usage();
	}
	if (optind < argc)
		return usage();
	uvc_camera_init(&p.camera, serial);
	if (begin && plug(&p) < 0)
		return 1;
	loop(&p);
	unplug(&p);
	uvc_camera_finish(&p.camera);
	return 0;
}
