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

#include "codec.h"
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

/* The type of the queue that takes frames. */
static uint32_t pick_out_type(uint32_t caps)
{
	if (caps & (V4L2_CAP_VIDEO_OUTPUT_MPLANE | V4L2_CAP_VIDEO_M2M_MPLANE))
		return V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE;
	if (caps & (V4L2_CAP_VIDEO_OUTPUT | V4L2_CAP_VIDEO_M2M))
		return V4L2_BUF_TYPE_VIDEO_OUTPUT;
	return 0;
}

/* Check that there is an OUTPUT queue, if an option is about it. */
static int check_out(const struct ctl *c)
{
	const struct ctl_options *o = c->o;
	const struct {
		bool given;
		const char *name;
	} out[] = {
		{ o->set_fmt_out, "set-fmt-video-out" },
		{ o->try_fmt_out, "try-fmt-video-out" },
		{ o->get_fmt_out, "get-fmt-video-out" },
		{ o->list_formats_out, "list-formats-out" },
		{ o->list_formats_out_ext, "list-formats-out-ext" },
		{ o->set_parm_out, "set-output-parm" },
		{ o->get_parm_out, "get-output-parm" },
		{ o->set_selection_out, "set-selection-output" },
		{ o->get_selection_out, "get-selection-output" },
	};

	for (size_t i = 0; !c->out_type && i < sizeof(out) / sizeof(out[0]); i++)
		if (out[i].given)
			return ctl_usage_text("--%s: the device takes no frames; leave it out",
					      out[i].name);
	return 0;
}

/* True if the device's CAPTURE queue has packets: an encoder. */
static bool encodes(struct ctl *c)
{
	struct vmedia_fmtdesc d = { .type = c->type };

	return c->out_type && c->type != c->out_type &&
	       vmedia_ioctl(c->f, VIDIOC_ENUM_FMT, &d) == 0 &&
	       d.flags & V4L2_FMT_FLAG_COMPRESSED;
}

/*
 * The format of a codec's coded side decides about the other side's, and a converter's OUTPUT about
 * its CAPTURE. So an encoder's CAPTURE is set first, and OUTPUT of all other devices.
 */
static int set_formats(struct ctl *c)
{
	const struct ctl_options *o = c->o;
	bool capture_first = o->set_fmt && o->set_fmt_out && encodes(c);
	int ret = 0;

	if (capture_first)
		ret = ctl_change_fmt(c, c->type, o->set_fmt, false);
	if (ret == 0 && o->set_fmt_out)
		ret = ctl_change_fmt(c, c->out_type, o->set_fmt_out, false);
	if (ret == 0 && o->set_fmt && !capture_first)
		ret = ctl_change_fmt(c, c->type, o->set_fmt, false);
	if (ret == 0 && o->try_fmt)
		ret = ctl_change_fmt(c, c->type, o->try_fmt, true);
	if (ret == 0 && o->try_fmt_out)
		ret = ctl_change_fmt(c, c->out_type, o->try_fmt_out, true);
	return ret;
}

static int send_commands(struct ctl *c)
{
	const struct ctl_options *o = c->o;
	int ret = o->encoder_cmd ? ctl_encoder_cmd(c, o->encoder_cmd, false) : 0;

	if (ret == 0 && o->try_encoder_cmd)
		ret = ctl_encoder_cmd(c, o->try_encoder_cmd, true);
	if (ret == 0 && o->decoder_cmd)
		ret = ctl_decoder_cmd(c, o->decoder_cmd, false);
	if (ret == 0 && o->try_decoder_cmd)
		ret = ctl_decoder_cmd(c, o->try_decoder_cmd, true);
	return ret;
}

static int do_sets(struct ctl *c)
{
	const struct ctl_options *o = c->o;
	int ret = o->set_input ? ctl_set_input(c, o->set_input) : 0;

	if (ret == 0)
		ret = c->codec ? c->codec->begin(c) : set_formats(c);
	if (ret == 0 && o->set_selection)
		ret = ctl_set_selection(c, c->type, o->set_selection);
	if (ret == 0 && o->set_selection_out)
		ret = ctl_set_selection(c, c->out_type, o->set_selection_out);
	if (ret == 0 && o->set_parm)
		ret = ctl_set_parm(c, c->type, o->set_parm);
	if (ret == 0 && o->set_parm_out)
		ret = ctl_set_parm(c, c->out_type, o->set_parm_out);
	if (ret == 0 && o->set_ctrl.count)
		ret = ctl_set_controls(c, &o->set_ctrl);
	return ret < 0 ? ret : send_commands(c);
}

static int do_gets(struct ctl *c)
{
	const struct ctl_options *o = c->o;
	int ret = o->all ? ctl_show_all(c) : 0;

	if (ret == 0 && o->info)
		ret = ctl_show_info(c);
	if (ret == 0 && o->get_fmt)
		ret = ctl_show_fmt(c, c->type);
	if (ret == 0 && o->get_fmt_out)
		ret = ctl_show_fmt(c, c->out_type);
	if (ret == 0 && o->get_parm)
		ret = ctl_show_parm(c, c->type);
	if (ret == 0 && o->get_parm_out)
		ret = ctl_show_parm(c, c->out_type);
	if (ret == 0 && o->get_input)
		ret = ctl_show_input(c);
	if (ret == 0 && o->get_selection)
		ret = ctl_show_selection(c, c->type, o->get_selection);
	if (ret == 0 && o->get_selection_out)
		ret = ctl_show_selection(c, c->out_type, o->get_selection_out);
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
		ret = ctl_list_formats(c, false, o->list_formats_ext);
	if (ret == 0 && (o->list_formats_out || o->list_formats_out_ext))
		ret = ctl_list_formats(c, true, o->list_formats_out_ext);
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
	int ret = check_out(c);

	if (ret == 0)
		ret = do_sets(c);
	if (ret == 0)
		ret = do_gets(c);
	if (ret == 0)
		ret = do_lists(c);
	if (ret == 0 && c->o->wait_event)
		ret = ctl_wait_event(c, c->o->wait_event);
	if (ret == 0 && c->o->stream.capture.type)
		ret = ctl_stream(c);
	if (c->codec)
		c->codec->finish(c);
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

static int exit_status(int ret)
{
	ret = flush(ret);
	if (ret == CTL_ERR_USAGE)
		return CTL_EXIT_USAGE;
	return ret < 0 ? CTL_EXIT_FAILED : CTL_EXIT_OK;
}

static int connect_and_run(const struct ctl_options *o, const struct ctl_codec *codec)
{
	struct ctl c = { .o = o };
	int ret;

	if (o->source)
		return exit_status(ctl_shared(o));
	ret = vmedia_driver_connect(&o->connect, &c.drv);
	if (ret < 0)
		return connect_failed(o, ret);
	c.caps = vmedia_driver_config(c.drv)->device_caps;
	c.type = pick_type(c.caps);
	c.out_type = pick_out_type(c.caps);
	if (o->codec.decode || o->codec.encode)
		c.codec = codec;
	ret = vmedia_open(c.drv, 0, &c.f);
	if (ret < 0)
		ctl_fail("open", ret);
	else
		ret = run(&c);
	vmedia_close(c.f);
	vmedia_driver_disconnect(c.drv);
	return exit_status(ret);
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
static int part_streams(struct ctl_options *o)
{
	struct ctl_stream_options *s = &o->stream;
	const char *const outputs[] = { s->to, s->snapshot, o->codec.to };
	bool parted = false;

	for (size_t i = 0; i < sizeof(outputs) / sizeof(outputs[0]); i++)
		parted |= outputs[i] && strcmp(outputs[i], "-") == 0;
	if (!parted)
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

int ctl_main(int argc, char **argv, const struct ctl_codec *codec)
{
	struct ctl_options o;
	int status;

	fill_standard_fds();
	if (ctl_options_parse(&o, argc, argv) < 0)
		return CTL_EXIT_USAGE;
	if (o.help)
		ctl_help();
	else if (o.version)
		puts("vmedia-ctl " VMEDIA_VERSION);
	if (o.help || o.version)
		return flush(0) < 0 ? CTL_EXIT_FAILED : CTL_EXIT_OK;
	if (!codec && (o.codec.decode || o.codec.encode))
		return ctl_run_codec(argv);
	vmedia_log_set(on_log, NULL);
	vmedia_log_set_level(o.verbose ? VMEDIA_LOG_DEBUG : VMEDIA_LOG_WARN);
	status = part_streams(&o) < 0 ? CTL_EXIT_FAILED : connect_and_run(&o, codec);
	if (o.stream.stdout_fd >= 0)
		close(o.stream.stdout_fd);
	return status;
}
