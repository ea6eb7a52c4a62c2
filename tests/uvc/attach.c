/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vhci_hcd takes any stream socket: one of a pair, the other of which is the camera's. Its file
 * "status" lists the ports, "attach" takes port, socket, device and speed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "attach.h"

#define FOLDER		"/sys/devices/platform/vhci_hcd.0/"
#define PORT_FREE	4
#define DEVICE		0x10002	/* bus 1, device 2: any */
#define SPEED_HIGH	3

static int fail(const char *what, int err)
{
	fprintf(stderr, "uvc-camera: %s: %s\n", what, strerror(-err));
	return err;
}

/* Lines are "hs 0000 004 ...": the hub, the port, its state. */
static int free_port(void)
{
	FILE *file = fopen(FOLDER "status", "re");
	char line[256], hub[8];
	int port, state, found = -EBUSY;

	if (!file)
		return -errno;
	while (found < 0 && fgets(line, sizeof(line), file))
		if (sscanf(line, "%7s %d %d", hub, &port, &state) == 3 && strcmp(hub, "hs") == 0 &&
		    state == PORT_FREE)
			found = port;
	fclose(file);
	return found;
}

static int give(int port, int fd)
{
	char words[64];
	int n = snprintf(words, sizeof(words), "%d %d %d %d", port, fd, DEVICE, SPEED_HIGH);
	int file = open(FOLDER "attach", O_WRONLY | O_CLOEXEC), ret = 0;

	if (file < 0)
		return -errno;
	if (write(file, words, (size_t)n) != n)
		ret = -errno;
	close(file);
	return ret;
}

int attach(void)
{
	int pair[2], port = free_port(), ret;

	if (port < 0)
		return fail("no port of vhci_hcd, which is a module of the kernel", port);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return fail("socketpair", -errno);
	ret = give(port, pair[1]);
	close(pair[1]);
	if (ret < 0) {
		close(pair[0]);
		return fail("the device cannot be attached", ret);
	}
	return pair[0];
}
