/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vmedia-ctl: connect, do what was asked in v4l2-ctl's order, leave. Exit status 0, 1 (refused by
 * the device), 2 (usage).
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <vmedia/log.h>

#include "config.h"
#include "ctl.h"

int ctl_fail(const char *what, int err)
{
	fprintf(stderr, "vmedia-ctl: %s: %s\n", what, strerror(-err));
	return err;
}

int ctl_fail_text(const char *fmt, ...)
{
	va_list ap;

	fputs("vmedia-ctl: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return -EINVAL;
}

const char *ctl_fourcc(uint32_t pixelformat, char buf[8])
{
	unsigned int i;

	for (i = 0; i < 4; i++) {
		char ch = (char)(pixelformat >> (8 * i) & 0x7f);

		buf[i] = ch >= ' ' && ch < 0x7f ? ch : '.';
	}
	buf[4] = 0;
	if (pixelformat >> 31)
		memcpy(buf + 4, "-BE", 4);
	return buf;
}

bool ctl_next_pair(const char **list, char *key, char *value, unsigned int size)
{
	const char *start = *list, *end, *eq;

	if (!start || !*start)
		return false;
	end = strchrnul(start, ',');
	eq = memchr(start, '=', (size_t)(end - start));
	*key = 0;
	if (eq) {
		snprintf(key, size, "%.*s", (int)(eq - start), start);
		start = eq + 1;
	}
	snprintf(value, size, "%.*s", (int)(end - start), start);
	*list = *end ? end + 1 : end;
	return true;
}

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
	for (unsigned int i = 0; ret == 0 && i < o->set_ctrl.count; i++)
		ret = ctl_set_controls(c, o->set_ctrl.value[i]);
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

static int connect_and_run(const struct ctl_options *o)
{
	struct ctl c = { .o = o };
	char why[256];
	int ret;

	ret = vmedia_driver_connect(&o->connect, &c.drv);
	if (ret < 0) {
		snprintf(why, sizeof(why), "cannot connect to %s",
			 o->connect.path ? o->connect.path : "--fd");
		ctl_fail(why, ret);
		return ret == -ENOENT || ret == -ECONNREFUSED || ret == -EACCES || ret == -ENOTSOCK
			       ? CTL_EXIT_USAGE
			       : CTL_EXIT_FAILED;
	}
	c.caps = vmedia_driver_config(c.drv)->device_caps;
	c.type = pick_type(c.caps);
	ret = vmedia_open(c.drv, 0, &c.f);
	if (ret < 0)
		ctl_fail("open", ret);
	else
		ret = run(&c);
	vmedia_close(c.f);
	vmedia_driver_disconnect(c.drv);
	if (fflush(stdout) != 0 && ret == 0)
		ret = ctl_fail("standard output", -errno);
	return ret < 0 ? CTL_EXIT_FAILED : CTL_EXIT_OK;
}

int main(int argc, char **argv)
{
	struct ctl_options o;

	if (ctl_options_parse(&o, argc, argv) < 0)
		return CTL_EXIT_USAGE;
	if (o.help) {
		ctl_options_help();
		return CTL_EXIT_OK;
	}
	if (o.version) {
		puts("vmedia-ctl " VMEDIA_VERSION);
		return CTL_EXIT_OK;
	}
	vmedia_log_set_level(o.verbose ? VMEDIA_LOG_DEBUG : VMEDIA_LOG_WARN);
	return connect_and_run(&o);
}
