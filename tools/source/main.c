/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vmedia-source: one source of pictures, shared with any number of subscribers.
 *
 * It is made as vhost-user-media is: a keeper, which has the user's rights and the socket, and a
 * process that opens the source, enters a sandbox and serves. Exit status: 0 after SIGTERM, SIGINT
 * or SIGHUP; 2 for an error that the user can correct, after one line that tells how; 1 for other
 * errors.
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

#include <vmedia/camera.h>
#include <vmedia/log.h>
#include <vmedia/loop.h>

#include "config.h"
#include "inherited.h"
#include "log.h"
#include "options.h"
#include "producer.h"
#include "refused.h"
#include "sandbox/opener.h"
#include "sandbox/sandbox.h"
#include "signals.h"

/* Threads of decoders, of the loop's pool and of the log. */
#define THREADS 64
/* Serving makes no file. */
#define LARGEST_FILE (1u << 20)

enum { EXIT_OK = 0, EXIT_INTERNAL = 1, EXIT_USER = 2 };

/* The parts that were set up, in this order. */
struct program {
	struct daemon_inherited inherited;
	struct vmedia_listener listener;
	struct sandbox sandbox;
	struct vmedia_loop *loop;
	struct daemon_signals signals;
	struct daemon_refused refused;
	struct source_producer producer;
};

static void finish(struct program *p)
{
	source_producer_finish(&p->producer);
	daemon_signals_finish(&p->signals);
	daemon_refused_finish(&p->refused);
	vmedia_loop_destroy(p->loop);
	/* With a keeper, that one removes the file. */
	if (!p->sandbox.kept)
		vmedia_listener_close(&p->listener);
	daemon_inherited_finish(&p->inherited);
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

/* An error of which @why may have a sentence for the user. */
static int error(const char *why, const char *what, int err)
{
	return *why ? user_error(why) : internal_error(what, err);
}

static int listen_error(const struct source_options *o, int err)
{
	const char *path = o->socket.socket_path;
	char why[512];
	struct stat st;

	if (err == -EPERM && o->socket.socket_group)
		snprintf(why, sizeof(why),
			 "--socket-group=%u: %s; choose a group that this user is in",
			 (unsigned int)o->socket_group, strerror(-err));
	else if (err == -EADDRINUSE && lstat(path, &st) == 0 && !S_ISSOCK(st.st_mode))
		snprintf(why, sizeof(why),
			 "--publish=%s is a file that is no socket; choose another path", path);
	else if (err == -EADDRINUSE)
		snprintf(why, sizeof(why), "--publish=%s is in use by another process; stop it or "
			 "choose another path", path);
	else
		snprintf(why, sizeof(why),
			 "--publish=%s: %s; choose a path where a socket can be made", path,
			 strerror(-err));
	return user_error(why);
}

/* The process that serves cannot open what the source reads, so it has one that does. */
static int start_opener(struct source_options *o, const struct vmedia_camera_needs *needs)
{
	switch (needs->opens) {
	case VMEDIA_CAMERA_OPENS_FIFO:
		return sandbox_opener_start_fifo(needs->path, &o->camera.opener);
	default:
		return 0;
	}
}

static int enter_sandbox(struct program *p)
{
	char why[512] = "";
	int ret = sandbox_enter_place(&p->sandbox, why, sizeof(why));

	if (ret == 0)
		ret = sandbox_enter_rest(&p->sandbox, why, sizeof(why));
	if (ret < 0)
		return error(why, "cannot enter the sandbox (--no-sandbox goes on without)", ret);
	for (unsigned int i = 0; i < SANDBOX_NUM_STAGES; i++)
		if (p->sandbox.results[i].state == SANDBOX_MISSING)
			vmedia_warn("the sandbox has no stage %s: %s", sandbox_stage_name(i),
				    p->sandbox.results[i].text);
	return EXIT_OK;
}

static int open_source(struct program *p, const struct source_options *o)
{
	char why[512] = "";
	size_t len;
	int ret = source_producer_open(&p->producer, p->loop, o, why, sizeof(why));

	if (ret == 0)
		return EXIT_OK;
	len = strlen(why);
	if (len && ret == -EACCES && p->sandbox.changed_user)
		snprintf(why + len, sizeof(why) - len,
			 " (user %s opens it; --user=USER chooses another)", p->sandbox.user_name);
	return error(why, "cannot open the source", ret);
}

static int serve(struct program *p, const struct source_options *o)
{
	int ret = vmedia_loop_create(&p->loop), status;

	if (ret == 0)
		ret = daemon_signals_start(&p->signals, p->loop);
	if (ret == 0)
		ret = daemon_refused_start(&p->refused, p->loop);
	if (ret < 0)
		return internal_error("cannot begin", ret);
	status = open_source(p, o);
	if (status != EXIT_OK)
		return daemon_signals_caught(&p->signals) ? EXIT_OK : status;
	ret = source_producer_publish(&p->producer, p->listener.fd, o);
	if (ret < 0)
		return internal_error("cannot publish the source", ret);
	status = o->sandbox ? enter_sandbox(p) : EXIT_OK;
	if (status != EXIT_OK)
		return status;
	ret = daemon_log_start();
	if (ret < 0)
		return internal_error("cannot make a thread for the log", ret);
	vmedia_info("publishing %s on %s", o->camera.source, o->socket.socket_path);
	ret = vmedia_loop_run(p->loop);
	if (daemon_signals_caught(&p->signals))
		vmedia_info("signal %d: leaving", daemon_signals_caught(&p->signals));
	return ret < 0 ? internal_error("event loop", ret) : EXIT_OK;
}

/* In the keeper, when the process that served has ended. Returns the exit status. */
static int end_keeping(struct program *p)
{
	char line[64];

	vmedia_listener_close(&p->listener);
	daemon_refused_finish(&p->refused);
	if (WIFSIGNALED(p->sandbox.status)) {
		snprintf(line, sizeof(line), "error: ended by signal %d",
			 WTERMSIG(p->sandbox.status));
		daemon_log_last(line);
	}
	return sandbox_end_as(p->sandbox.status);
}

static int run(struct program *p, struct source_options *o)
{
	struct vmedia_camera_needs needs;
	char why[512] = "";
	/* The user who started the program can read the source's module. */
	int ret = vmedia_camera_source_needs(&o->camera, &needs, why, sizeof(why));

	/* A log that nobody reads any more is no reason to end. */
	signal(SIGPIPE, SIG_IGN);
	if (ret < 0)
		return error(why, "cannot load the source's module", ret);
	/* From now on the socket is to be removed at the end. */
	daemon_signals_block();
	ret = vmedia_listen(&o->socket, &p->listener);
	if (ret < 0)
		return listen_error(o, ret);
	if (!o->sandbox)
		return serve(p, o);
	daemon_inherited_close(&p->inherited, -1);
	p->sandbox.strict = o->strict;
	p->sandbox.user = o->user;
	p->sandbox.calls_start = needs.syscalls_start;
	p->sandbox.calls_serve = needs.syscalls;
	p->sandbox.largest_file = LARGEST_FILE;
	p->sandbox.threads = THREADS;
	ret = needs.path && *needs.path ? start_opener(o, &needs) : 0;
	if (ret < 0)
		return internal_error("cannot start the process that opens for the source", ret);
	ret = sandbox_begin(&p->sandbox, why, sizeof(why));
	if (ret > 0)
		return end_keeping(p);
	return ret < 0 ? error(why, "cannot enter the sandbox (--no-sandbox goes on without)", ret)
		       : serve(p, o);
}

static int show(const struct source_options *o)
{
	if (o->action == SOURCE_HELP)
		source_options_help();
	else
		printf("vmedia-source " VMEDIA_VERSION "\n");
	if (fflush(stdout) != 0 || ferror(stdout))
		return internal_error("standard output", errno ? -errno : -EIO);
	return EXIT_OK;
}

/* Open standard descriptors that the parent closed, so that no socket gets one of them. */
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
	struct program p = { .listener.fd = -1, .sandbox = SANDBOX_INIT,
			     .signals = DAEMON_SIGNALS_NONE };
	struct source_options o;
	char why[512];
	int status;

	fill_standard_fds();
	daemon_inherited_find(&p.inherited);
	if (source_options_parse(&o, argc, argv, why, sizeof(why)) < 0)
		return user_error(why);
	if (o.action != SOURCE_SERVE)
		return show(&o);
	vmedia_log_set(daemon_log, NULL);
	vmedia_log_set_level(o.log_level);
	status = run(&p, &o);
	finish(&p);
	return status;
}
