/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vhost-user-media: one virtio-media device on one vhost-user socket.
 *
 * This program composes transport, core and devices. Exit status: 0 after SIGTERM, SIGINT, SIGHUP
 * or the last guest; 2 for an error that the user can correct (an option, a file, a socket in use),
 * after one line that tells how; 1 for other errors.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vmedia/log.h>
#include <vmedia/loop.h>
#include <vmedia/serve.h>

#include "config.h"
#include "kinds.h"
#include "limits.h"
#include "log.h"
#include "options.h"
#include "refused.h"
#include "sandbox.h"
#include "signals.h"

#define PROGRAM "vhost-user-media"

enum { EXIT_OK = 0, EXIT_INTERNAL = 1, EXIT_USER = 2 };

/* The parts that were set up, in this order. */
struct daemon {
	struct vmedia_loop *loop;
	struct daemon_signals signals;
	struct daemon_refused refused;
	struct vmedia_device *dev;
	struct vmedia_server *srv;
};

static void daemon_finish(struct daemon *d)
{
	vmedia_server_destroy(d->srv);
	vmedia_device_destroy(d->dev);
	daemon_signals_finish(&d->signals);
	daemon_refused_finish(&d->refused);
	vmedia_loop_destroy(d->loop);
	daemon_log_finish();
}

static int user_error(const char *why)
{
	daemon_log_line(why);
	return EXIT_USER;
}

static int internal_error(const char *what, int err)
{
	char why[512];

	snprintf(why, sizeof(why), "%s: %s", what, strerror(-err));
	daemon_log_line(why);
	return EXIT_INTERNAL;
}

static const char *in_use(const char *path)
{
	struct stat st;

	if (lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
		return "is a file that is no socket; choose another path";
	return "is in use by another process; stop it or choose another path";
}

static int serve_error(const struct daemon_options *o, int err)
{
	char why[512];

	if (!o->server.socket_path) {
		snprintf(why, sizeof(why), "--fd=%d: %s; give a connected UNIX socket",
			 o->server.fd, strerror(-err));
		return user_error(why);
	}
	if (err == -EPERM && o->server.socket_group)
		snprintf(why, sizeof(why),
			 "--socket-group=%u: %s; choose a group that this user is in",
			 (unsigned int)o->socket_group, strerror(-err));
	else if (err == -EADDRINUSE)
		snprintf(why, sizeof(why), "--socket-path=%s %s", o->server.socket_path,
			 in_use(o->server.socket_path));
	else
		snprintf(why, sizeof(why),
			 "--socket-path=%s: %s; choose a path where a socket can be made",
			 o->server.socket_path, strerror(-err));
	return user_error(why);
}

static int serve(struct daemon *d, const struct daemon_options *o)
{
	char why[512] = "";
	int ret = vmedia_loop_create(&d->loop);

	signal(SIGPIPE, SIG_IGN);
	if (ret == 0)
		ret = daemon_signals_start(&d->signals, d->loop);
	if (ret < 0)
		return internal_error("cannot make an event loop", ret);
	ret = o->sandbox ? daemon_sandbox_start(o->kind) : 0;
	if (ret == 0)
		ret = daemon_refused_start(&d->refused, d->loop);
	if (ret < 0)
		return internal_error("cannot filter system calls (--no-sandbox goes on without)",
				      ret);
	ret = daemon_kind_create(d->loop, o, why, sizeof(why), &d->dev);
	if (ret < 0 && daemon_signals_caught(&d->signals))
		return EXIT_OK;
	if (ret < 0)
		return *why ? user_error(why) : internal_error("cannot make the device", ret);
	ret = vmedia_server_create(d->dev, &o->server, &d->srv);
	if (ret < 0)
		return serve_error(o, ret);
	ret = o->sandbox ? daemon_sandbox_enter(o->kind) : 0;
	if (ret < 0)
		return internal_error("cannot give up privileges (--no-sandbox goes on without)",
				      ret);
	ret = daemon_log_start();
	if (ret < 0)
		return internal_error("cannot make a thread for the log", ret);
	vmedia_info("serving %s on %s", o->kind->name,
		    o->server.socket_path ? o->server.socket_path : "--fd");
	ret = vmedia_loop_run(d->loop);
	if (daemon_signals_caught(&d->signals))
		vmedia_info("signal %d: leaving", daemon_signals_caught(&d->signals));
	return ret < 0 ? internal_error("event loop", ret) : EXIT_OK;
}

static int show(const struct daemon_options *o)
{
	switch (o->action) {
	case DAEMON_HELP:
		if (o->kind)
			daemon_kind_help(o->kind);
		else
			daemon_options_help(o);
		break;
	case DAEMON_VERSION:
		printf(PROGRAM " " VMEDIA_VERSION "\n");
		break;
	case DAEMON_CAPABILITIES:
		/*
		 * The format of QEMU's docs/interop/vhost-user.json; none of its optional features
		 * applies.
		 */
		printf("{\n  \"type\": \"media\",\n  \"features\": []\n}\n");
		break;
	case DAEMON_SERVE:
		break;
	}
	if (fflush(stdout) != 0 || ferror(stdout))
		return internal_error("standard output", errno ? -errno : -EIO);
	return EXIT_OK;
}

/*
 * Open standard descriptors that the parent closed. Otherwise the next socket would get one of
 * them, and the log would go to the guest. They are opened in the wrong direction, so that using
 * them fails as before.
 */
static void fill_standard_fds(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDONLY);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

int main(int argc, char **argv)
{
	struct daemon d = { .signals = DAEMON_SIGNALS_NONE };
	struct daemon_options o;
	char why[512];
	int status;

	fill_standard_fds();
	if (daemon_options_parse(&o, argc, argv, why, sizeof(why)) < 0)
		return user_error(why);
	if (o.action != DAEMON_SERVE)
		return show(&o);
	vmedia_log_set(daemon_log, NULL);
	vmedia_log_set_level(o.log_level);
	daemon_limits_apply(&o.limits);
	status = serve(&d, &o);
	daemon_finish(&d);
	return status;
}
