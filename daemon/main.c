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
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vmedia/log.h>
#include <vmedia/loop.h>
#include <vmedia/serve.h>

#include "config.h"
#include "inherited.h"
#include "holders.h"
#include "kinds.h"
#include "limits.h"
#include "log.h"
#include "options.h"
#include "refused.h"
#include "report.h"
#include "sandbox/opener.h"
#include "sandbox/sandbox.h"
#include "signals.h"

#define PROGRAM "vhost-user-media"

/* Threads of libraries (decoders) and of the daemon. */
#define SPARE_THREADS 256
/* What is shared with a front-end is smaller. */
#define MIN_LARGEST_FILE (64ull << 20)

enum { EXIT_OK = 0, EXIT_INTERNAL = 1, EXIT_USER = 2 };

/* The parts that were set up, in this order. */
struct daemon {
	struct daemon_inherited inherited;
	struct vmedia_listener listener;
	struct sandbox sandbox;
	struct daemon_report report;
	struct vmedia_loop *loop;
	struct daemon_signals signals;
	struct daemon_refused refused;
	char *calls_start, *calls_serve; /* of the kind */
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
	/* With a keeper, that one removes the file. */
	if (!d->sandbox.kept)
		vmedia_listener_close(&d->listener);
	daemon_inherited_finish(&d->inherited);
	free(d->calls_start);
	free(d->calls_serve);
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

	snprintf(why, sizeof(why), "%s: %s", what,
		 err == -EAGAIN ? "no more processes or threads for this user: raise ulimit -u"
				: strerror(-err));
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

static int make_device(struct daemon *d, const struct daemon_options *o)
{
	char why[512] = "";
	size_t len;
	int ret = daemon_kind_create(d->loop, o, why, sizeof(why), &d->dev);

	if (ret == 0)
		ret = vmedia_device_set_policy(d->dev, &o->policy);
	if (ret == 0)
		return EXIT_OK;
	if (!*why)
		return internal_error("cannot make the device", ret);
	len = strlen(why);
	if (ret == -EACCES && d->sandbox.changed_user)
		snprintf(why + len, sizeof(why) - len,
			 " (user %s opens it; --user=USER chooses another)", d->sandbox.user_name);
	return user_error(why);
}

/* Report the stages of the sandbox that are missing. */
static void report_missing(const struct sandbox *sb)
{
	for (unsigned int i = 0; i < SANDBOX_NUM_STAGES; i++)
		if (sb->results[i].state == SANDBOX_MISSING)
			vmedia_warn("the sandbox has no stage %s: %s", sandbox_stage_name(i),
				    sb->results[i].text);
}

static int sandbox_error(const char *why, int err)
{
	return *why ? user_error(why)
		    : internal_error("cannot enter the sandbox (--no-sandbox goes on without)",
				     err);
}

static int enter_sandbox(struct daemon *d)
{
	char why[512] = "";
	int ret = sandbox_enter_place(&d->sandbox, why, sizeof(why));

	if (ret == 0)
		ret = sandbox_enter_rest(&d->sandbox, why, sizeof(why));
	if (ret < 0)
		return sandbox_error(why, ret);
	report_missing(&d->sandbox);
	return EXIT_OK;
}

static int report_error(const char *why, int err)
{
	return *why ? user_error(why) : internal_error("cannot make the report", err);
}

/* In place of serving. */
static int report(struct daemon *d)
{
	char why[512] = "";
	int ret;

	daemon_report_open(&d->report);
	ret = sandbox_enter_place(&d->sandbox, why, sizeof(why));
	if (ret == 0)
		ret = daemon_report_run(&d->report, &d->sandbox, why, sizeof(why));
	if (ret < 0)
		return sandbox_error(why, ret);
	return ret > 0 ? EXIT_INTERNAL : EXIT_OK;
}

/* In place of making the device. */
static int kind_report(const struct daemon_options *o)
{
	char why[512] = "", out[4096];
	int ret;

	/* The C library asks what standard output is, unless it has a buffer. */
	setvbuf(stdout, out, _IOFBF, sizeof(out));
	ret = daemon_kind_report(o, why, sizeof(why));
	if (fflush(stdout) != 0)
		ret = -errno;
	setvbuf(stdout, NULL, _IONBF, 0);
	if (ret < 0)
		return report_error(why, ret);
	return ret > 0 ? EXIT_INTERNAL : EXIT_OK;
}

static int serve(struct daemon *d, const struct daemon_options *o)
{
	struct vmedia_server_options server = o->server;
	int ret = vmedia_loop_create(&d->loop), status;

	if (ret == 0)
		ret = daemon_signals_start(&d->signals, d->loop);
	if (ret < 0)
		return internal_error("cannot begin", ret);
	ret = daemon_refused_start(&d->refused, d->loop);
	if (ret < 0)
		return internal_error("cannot report refused system calls", ret);
	if (o->action == DAEMON_KIND_REPORT)
		return kind_report(o);
	status = make_device(d, o);
	if (status != EXIT_OK)
		return daemon_signals_caught(&d->signals) ? EXIT_OK : status;
	if (o->action == DAEMON_REPORT)
		return report(d);
	if (server.socket_path)
		server.listener = &d->listener;
	ret = vmedia_server_create(d->dev, &server, &d->srv);
	if (ret < 0)
		return serve_error(o, ret);
	status = o->sandbox ? enter_sandbox(d) : EXIT_OK;
	if (status != EXIT_OK)
		return status;
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

/* In the keeper, when the process that served has ended. Returns the exit status. */
static int end_keeping(struct daemon *d)
{
	char line[64];

	vmedia_listener_close(&d->listener);
	daemon_refused_finish(&d->refused);
	if (WIFSIGNALED(d->sandbox.status)) {
		snprintf(line, sizeof(line), "error: ended by signal %d",
			 WTERMSIG(d->sandbox.status));
		daemon_log_last(line);
	}
	return sandbox_end_as(d->sandbox.status);
}

/* Bytes of the largest memory file: a buffer, rounded up to pages. */
static uint64_t largest_file(const struct daemon_options *o)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t bytes = (o->limits.max_bytes + page - 1) / page * page;

	return bytes > MIN_LARGEST_FILE ? bytes : MIN_LARGEST_FILE;
}

/* A driver that another program uses answers EBUSY to some calls, at once or later. */
static void tell_holders(const struct daemon_options *o)
{
	const char *node;
	char text[256];

	if (daemon_kind_node(o, &node) == 0 && node && *node &&
	    daemon_holders(node, text, sizeof(text)) > 0)
		vmedia_warn("%s is open in %s: the guest gets EBUSY for what such a program uses",
			    node, text);
}

/*
 * The process that serves cannot open the node of its device, or connect to a socket, so it has one
 * that does.
 */
static int start_opener(struct daemon *d, struct daemon_options *o)
{
	const char *node, *path;
	int ret = daemon_kind_node(o, &node);

	if (ret == 0 && node && *node) {
		ret = sandbox_opener_start(node, &o->opener);
		if (ret < 0 || o->action != DAEMON_REPORT)
			return ret;
		return daemon_report_opener(&d->report, node);
	}
	if (ret == 0)
		ret = daemon_kind_socket(o, &path);
	return ret < 0 || !path || !*path ? ret : sandbox_opener_start_socket(path, &o->opener);
}

static int run(struct daemon *d, struct daemon_options *o)
{
	struct vmedia_needs needs;
	char why[512] = "";
	int ret = daemon_kind_prepare(o, why, sizeof(why));

	/* A log that nobody reads any more is no reason to end. */
	signal(SIGPIPE, SIG_IGN);
	if (ret == 0)
		ret = daemon_kind_calls(o, &d->calls_start, &d->calls_serve);
	if (ret < 0)
		return *why ? user_error(why) : internal_error("cannot load the modules", ret);
	tell_holders(o);
	/* From now on the socket is to be removed at the end. */
	daemon_signals_block();
	ret = o->server.socket_path ? vmedia_listen(&o->server, &d->listener) : 0;
	if (ret < 0)
		return serve_error(o, ret);
	if (!o->sandbox)
		return serve(d, o);
	daemon_inherited_close(&d->inherited, o->server.fd);
	d->sandbox.strict = o->strict;
	d->sandbox.user = o->user;
	d->sandbox.calls_start = d->calls_start;
	d->sandbox.calls_serve = d->calls_serve;
	d->sandbox.largest_file = largest_file(o);
	vmedia_limits_needs(&o->limits, &needs);
	d->sandbox.threads = (unsigned int)needs.threads + SPARE_THREADS;
	if (o->action == DAEMON_REPORT)
		ret = daemon_report_start(&d->report, &d->sandbox, why, sizeof(why));
	if (ret)
		return ret > 0 ? d->report.status : report_error(why, ret);
	ret = start_opener(d, o);
	if (ret < 0)
		return internal_error("cannot start the process that opens for the device", ret);
	ret = sandbox_begin(&d->sandbox, why, sizeof(why));
	if (ret > 0)
		return end_keeping(d);
	return ret < 0 ? sandbox_error(why, ret) : serve(d, o);
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
	case DAEMON_REPORT:
	case DAEMON_KIND_REPORT:
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
	struct daemon d = { .listener.fd = -1, .sandbox = SANDBOX_INIT,
			    .signals = DAEMON_SIGNALS_NONE };
	struct daemon_options o;
	char why[512];
	int status;

	fill_standard_fds();
	daemon_inherited_find(&d.inherited);
	if (daemon_options_parse(&o, argc, argv, why, sizeof(why)) < 0)
		return user_error(why);
	if (o.action != DAEMON_SERVE && o.action != DAEMON_REPORT &&
	    o.action != DAEMON_KIND_REPORT)
		return show(&o);
	vmedia_log_set(daemon_log, NULL);
	vmedia_log_set_level(o.log_level);
	daemon_limits_apply(&o.limits);
	status = run(&d, &o);
	daemon_finish(&d);
	return status;
}
