/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vmedia-ctl: connect, do what the options ask in v4l2-ctl's order, disconnect. Exit status 0;
 * 1 if the device refused something; 2 for wrong usage.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vmedia/log.h>

#include "config.h"
#include "ctl.h"

static uint32_t pick_type(uint32_t caps)
{
	if (caps & V4L2_CAP_VIDEO_CAPTURE)
		return V4L2_BUF_TYPE_VIDEO_CAPTURE;
	if (caps & (V4L2_CAP_VIDEO_CAPTURE_MPLANE | V4L2_CAP_VIDEO_M2M_MPLANE))
		return V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE;
	if (caps & V4L2_CAP_VIDEO_M2M)
		return V4L2_BUF_TYPE_VIDEO_CAPTURE;
	if (caps & V4L2_CAP_VIDEO_OUTPUT)
		return V4L2_BUF_TYPE_VIDEO_OUTPUT;
	if (caps & V4L2_CAP_VIDEO_OUTPUT_MPLANE)
		return V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE;
	return 0;
}

static int do_sets(struct ctl *c)
{
	const struct ctl_options *o = c->o;
	int ret = o->set_input ? ctl_set_input(c, o->set_input) : 0;

	if (ret == 0 && o->set_fmt)
		ret = ctl_change_fmt(c, o->set_fmt, false);
	if (ret == 0 && o->try_fmt)
		ret = ctl_change_fmt(c, o->try_fmt, true);
	if (ret == 0 && o->set_parm)
		ret = ctl_set_parm(c, o->set_parm);
	if (ret == 0 && o->set_ctrl.count)
		ret = ctl_set_controls(c, &o->set_ctrl);
	return ret;
}

static int do_gets(struct ctl *c)
{
	const struct ctl_options *o = c->o;
	int ret = o->all ? ctl_show_all(c) : 0;

	if (ret == 0 && o->info)
		ret = ctl_show_info(c);
	if (ret == 0 && o->get_fmt)
		ret = ctl_show_fmt(c);
	if (ret == 0 && o->get_parm)
		ret = ctl_show_parm(c);
	if (ret == 0 && o->get_input)
		ret = ctl_show_input(c);
	if (ret == 0 && o->get_selection)
		ret = ctl_show_selection(c);
	for (unsigned int i = 0; ret == 0 && i < o->get_ctrl.count; i++)
		ret = ctl_get_controls(c, o->get_ctrl.value[i]);
	return ret;
}

static int do_lists(struct ctl *c)
{
	const struct ctl_options *o = c->o;
	int ret = 0;

	if (o->list_inputs)
		ret = ctl_list_inputs(c);
	if (ret == 0 && (o->list_formats || o->list_formats_ext))
		ret = ctl_list_formats(c, o->list_formats_ext);
	if (ret == 0 && o->list_sizes)
		ret = ctl_list_sizes(c, o->list_sizes);
	if (ret == 0 && o->list_intervals)
		ret = ctl_list_intervals(c, o->list_intervals);
	if (ret == 0 && (o->list_ctrls || o->list_menus))
		ret = ctl_list_controls(c, o->list_menus);
	return ret;
}

static void show_stats(const struct ctl *c)
{
	struct vmedia_driver_stats s;

	vmedia_driver_stats(c->drv, &s);
	fprintf(stderr,
		"commands %llu, events %llu, kicks %llu, interrupts %llu, copied %llu bytes, "
		"refused %llu\n",
		(unsigned long long)s.commands, (unsigned long long)s.events,
		(unsigned long long)s.kicks, (unsigned long long)s.interrupts,
		(unsigned long long)s.bytes_copied,
		(unsigned long long)(s.refused_answers + s.refused_events + s.refused_requests));
}

static int run(struct ctl *c)
{
	int ret = do_sets(c);

	if (ret == 0)
		ret = do_gets(c);
	if (ret == 0)
		ret = do_lists(c);
	if (ret == 0 && c->o->wait_event)
		ret = ctl_wait_event(c, c->o->wait_event);
	if (ret == 0 && c->o->stream.memory)
		ret = ctl_stream(c);
	if (c->o->stats)
		show_stats(c);
	return ret;
}

/* Errors that the user can mend with other options or by starting the device. */
static bool is_usage(int err)
{
	return err == -ENOENT || err == -ECONNREFUSED || err == -EACCES || err == -ENOTSOCK ||
	       err == -EBADF || err == -EINVAL || err == -ENAMETOOLONG || err == -EPROTOTYPE ||
	       err == -ENOTDIR || err == -ENOTCONN;
}

/* connect() fails with "Connection refused" for every file that is no socket: find the reason. */
static bool is_no_socket(const char *path)
{
	struct stat st;

	return path && stat(path, &st) == 0 && !S_ISSOCK(st.st_mode);
}

static int connect_failed(const struct ctl_options *o, int err)
{
	const char *advice = "";

	if (is_no_socket(o->connect.path)) {
		ctl_fail_text("--device=%s: this is no socket; give the --socket-path of a running "
			      "vhost-user-media", o->connect.path);
		return CTL_EXIT_USAGE;
	}
	if (!o->connect.path)
		advice = "; give a connected UNIX socket";
	else if (err == -ETIMEDOUT)
		advice = "; is another program using the device?";
	else if (is_usage(err))
		advice = "; give the --socket-path of a running vhost-user-media";
	if (o->connect.path)
		ctl_fail_text("--device=%s: %s%s", o->connect.path, strerror(-err), advice);
	else
		ctl_fail_text("--fd=%d: %s%s", o->connect.fd, strerror(-err), advice);
	return is_usage(err) ? CTL_EXIT_USAGE : CTL_EXIT_FAILED;
}

static int flush(int ret)
{
	if ((fflush(stdout) != 0 || ferror(stdout)) && ret == 0)
		return ctl_fail("standard output", errno ? -errno : -EIO);
	return ret;
}

static int connect_and_run(const struct ctl_options *o)
{
	struct ctl c = { .o = o };
	int ret = vmedia_driver_connect(&o->connect, &c.drv);

	if (ret < 0)
		return connect_failed(o, ret);
	c.caps = vmedia_driver_config(c.drv)->device_caps;
	c.type = pick_type(c.caps);
	ret = vmedia_open(c.drv, 0, &c.f);
	if (ret < 0)
		ctl_fail("open", ret);
	else
		ret = run(&c);
	vmedia_close(c.f);
	vmedia_driver_disconnect(c.drv);
	ret = flush(ret);
	if (ret == CTL_ERR_USAGE)
		return CTL_EXIT_USAGE;
	return ret < 0 ? CTL_EXIT_FAILED : CTL_EXIT_OK;
}

/*
 * Occupy standard descriptors that the parent closed. Otherwise the device's socket could get one
 * of their numbers, and text would go to the device. Descriptor 0 is opened for writing and the
 * others for reading, so that using them still fails.
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

/* When frames go to standard output, text goes to standard error. */
static int part_streams(struct ctl_stream_options *s)
{
	if (!(s->to && strcmp(s->to, "-") == 0) && !(s->snapshot && strcmp(s->snapshot, "-") == 0))
		return 0;
	s->stdout_fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (s->stdout_fd < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		return ctl_fail("standard output", -errno);
	return 0;
}

static void on_log(void *opaque, int level, const char *msg)
{
	static const char *const prefix[] = { "error: ", "warning: ", "", "debug: " };

	ctl_fail_text("%s%s", prefix[level], msg);
}

int main(int argc, char **argv)
{
	struct ctl_options o;
	int status;

	fill_standard_fds();
	if (ctl_options_parse(&o, argc, argv) < 0)
		return CTL_EXIT_USAGE;
	if (o.help)
		ctl_options_help();
	else if (o.version)
		puts("vmedia-ctl " VMEDIA_VERSION);
	if (o.help || o.version)
		return flush(0) < 0 ? CTL_EXIT_FAILED : CTL_EXIT_OK;
	vmedia_log_set(on_log, NULL);
	vmedia_log_set_level(o.verbose ? VMEDIA_LOG_DEBUG : VMEDIA_LOG_WARN);
	status = part_streams(&o.stream) < 0 ? CTL_EXIT_FAILED : connect_and_run(&o);
	if (o.stream.stdout_fd >= 0)
		close(o.stream.stdout_fd);
	return status;
}
