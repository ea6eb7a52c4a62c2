/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory-to-memory devices (m2m.h), for guest tests.
 *
 *	m2m-device --socket-path=SOCK [--kind=invert|encoder|decoder|naive] [--mplane]
 *		   [--selections] [--resets] [--delay-ms=N]
 *
 * A job takes N milliseconds (default 5), so that a stream can be stopped in the middle of one.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vmedia/loop.h>
#include <vmedia/serve.h>

#include "m2m.h"

static struct vmedia_loop *loop;

static void on_signal(int sig)
{
	(void)sig;
	vmedia_loop_stop(loop);
}

static int fail(const char *what, int err)
{
	fprintf(stderr, "m2m-device: cannot %s: %s\n", what, strerror(-err));
	return 1;
}

static int usage(void)
{
	fprintf(stderr, "usage: m2m-device --socket-path=SOCK "
			"[--kind=invert|encoder|decoder|naive] [--mplane] [--selections] "
			"[--resets] [--delay-ms=N]\n");
	return 2;
}

static int serve(const char *path, const struct m2m_options *kind)
{
	struct vmedia_server_options opts = { .socket_path = path };
	struct vmedia_server *server = NULL;
	struct vmedia_device *dev = NULL;
	int err = vmedia_loop_create(&loop);

	if (err)
		return fail("create an event loop", err);
	err = m2m_create(loop, kind, &dev);
	if (err == -ENOENT || err == -EINVAL) {
		vmedia_loop_destroy(loop);
		return usage();
	}
	if (err)
		return fail("create the device", err);
	err = vmedia_server_create(dev, &opts, &server);
	if (err)
		return fail("listen on the socket", err);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	err = vmedia_loop_run(loop);
	vmedia_server_destroy(server);
	vmedia_device_destroy(dev);
	vmedia_loop_destroy(loop);
	return err ? fail("run", err) : 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "socket-path", required_argument, NULL, 's' },
		{ "kind", required_argument, NULL, 'k' },
		{ "mplane", no_argument, NULL, 'm' },
		{ "selections", no_argument, NULL, 'c' },
		{ "resets", no_argument, NULL, 'r' },
		{ "delay-ms", required_argument, NULL, 'd' },
		{ 0 },
	};
	struct m2m_options kind = { .name = "invert", .job_ns = 5000000 };
	const char *path = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (c) {
		case 's':
			path = optarg;
			break;
		case 'k':
			kind.name = optarg;
			break;
		case 'm':
			kind.mplane = true;
			break;
		case 'c':
			kind.selections = true;
			break;
		case 'r':
			kind.resets = true;
			break;
		case 'd':
			kind.job_ns = strtoull(optarg, NULL, 10) * 1000000;
			break;
		default:
			return usage();
		}
	}
	if (!path || optind != argc)
		return usage();
	return serve(path, &kind);
}
