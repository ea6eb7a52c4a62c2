/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Devices of the rarer buffer types (kinds.h), for guest tests: a frame each 20 ms.
 *
 *	kinds-device --socket-path=SOCK --kind=KIND [--fail-after=N]
 *
 * After N frames of a stream the queue is in error, as vmedia_queue_error() has it.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vmedia/loop.h>
#include <vmedia/serve.h>

#include "kinds.h"

static struct vmedia_loop *loop;

static void on_signal(int sig)
{
	(void)sig;
	vmedia_loop_stop(loop);
}

static int serve(const char *path, const struct kinds_options *kind)
{
	struct vmedia_server_options opts = { .socket_path = path };
	struct vmedia_server *server = NULL;
	struct vmedia_device *dev = NULL;
	int err = vmedia_loop_create(&loop);

	if (!err)
		err = kinds_create(loop, kind, &dev);
	if (err == -ENOENT) {
		fprintf(stderr, "kinds-device: there is no kind \"%s\"\n", kind->name);
		vmedia_loop_destroy(loop);
		return 2;
	}
	if (!err)
		err = vmedia_server_create(dev, &opts, &server);
	if (!err) {
		signal(SIGINT, on_signal);
		signal(SIGTERM, on_signal);
		err = vmedia_loop_run(loop);
	}
	vmedia_server_destroy(server);
	if (dev)
		vmedia_device_destroy(dev);
	vmedia_loop_destroy(loop);
	if (err)
		fprintf(stderr, "kinds-device: %s\n", strerror(-err));
	return err ? 1 : 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "socket-path", required_argument, NULL, 's' },
		{ "kind", required_argument, NULL, 'k' },
		{ "fail-after", required_argument, NULL, 'f' },
		{ 0 },
	};
	struct kinds_options kind = { .period_ns = 20000000 };
	const char *path = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 's')
			path = optarg;
		else if (c == 'k')
			kind.name = optarg;
		else if (c == 'f')
			kind.fail_after = strtoul(optarg, NULL, 10);
		else
			return 2;
	}
	if (!path || !kind.name || optind != argc) {
		fprintf(stderr, "usage: kinds-device --socket-path=SOCK --kind=KIND "
				"[--fail-after=N]\n");
		return 2;
	}
	return serve(path, &kind);
}
