/* SPDX-License-Identifier: BSD-3-Clause */
/* Information about the device: --info, --all, inputs. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "names.h"

int ctl_show_info(struct ctl *c)
{
	char driver[CTL_TEXT], card[CTL_TEXT], bus[CTL_TEXT];
	struct vmedia_capability cap = { 0 };
	int ret = vmedia_ioctl(c->f, VIDIOC_QUERYCAP, &cap);

	if (ret < 0)
		return ctl_fail("VIDIOC_QUERYCAP", ret);
	printf("Driver Info:\n"
	       "\tDriver name      : %s\n"
	       "\tCard type        : %s\n"
	       "\tBus info         : %s\n"
	       "\tDriver version   : %u.%u.%u\n"
	       "\tCapabilities     : 0x%08x\n",
	       ctl_text(driver, cap.driver, sizeof(cap.driver)),
	       ctl_text(card, cap.card, sizeof(cap.card)),
	       ctl_text(bus, cap.bus_info, sizeof(cap.bus_info)),
	       cap.version >> 16, cap.version >> 8 & 0xff, cap.version & 0xff, cap.capabilities);
	ctl_print_flags(ctl_cap_names, cap.capabilities, "\t\t");
	printf("\tDevice Caps      : 0x%08x\n", cap.device_caps);
	ctl_print_flags(ctl_cap_names, cap.device_caps, "\t\t");
	printf("Transport Info:\n"
	       "\tVirtio features  : 0x%llx\n"
	       "\tRegion 0         : %llu MiB\n",
	       (unsigned long long)vmedia_driver_features(c->drv),
	       (unsigned long long)vmedia_driver_region_size(c->drv) >> 20);
	return 0;
}

static void print_input(const struct vmedia_input *in)
{
	char name[CTL_TEXT];

	printf("\tInput       : %u\n\tName        : %s\n\tType        : 0x%08x\n\tStatus      "
	       ": ",
	       in->index, ctl_text(name, in->name, sizeof(in->name)), in->type);
	if (in->status)
		ctl_print_flags_inline(ctl_input_status_names, in->status);
	else
		fputs("ok", stdout);
	putchar('\n');
}

int ctl_list_inputs(struct ctl *c)
{
	struct vmedia_input in;
	int ret = 0;

	printf("ioctl: VIDIOC_ENUMINPUT\n");
	for (uint32_t i = 0; ctl_may_list(c); i++) {
		in = (struct vmedia_input){ .index = i };
		ret = vmedia_ioctl(c->f, VIDIOC_ENUMINPUT, &in);
		if (ret < 0)
			break;
		print_input(&in);
	}
	return ctl_list_ended(c, "VIDIOC_ENUMINPUT", ret);
}

int ctl_show_input(struct ctl *c)
{
	struct vmedia_input in = { 0 };
	char name[CTL_TEXT];
	int32_t index = 0;
	int ret = vmedia_ioctl(c->f, VIDIOC_G_INPUT, &index);

	if (ret < 0)
		return ctl_fail("VIDIOC_G_INPUT", ret);
	in.index = (uint32_t)index;
	ret = vmedia_ioctl(c->f, VIDIOC_ENUMINPUT, &in);
	if (ret < 0) {
		printf("Video input : %d\n", index);
		return 0;
	}
	printf("Video input : %d (%s: ", index, ctl_text(name, in.name, sizeof(in.name)));
	if (in.status)
		ctl_print_flags_inline(ctl_input_status_names, in.status);
	else
		fputs("ok", stdout);
	printf(")\n");
	return 0;
}

/* After VIDIOC_S_INPUT's -EINVAL: list the inputs that exist. */
static int no_such_input(struct ctl *c, const char *text)
{
	char list[256] = "", name[CTL_TEXT];
	struct vmedia_input in;
	size_t n = 0;

	for (uint32_t i = 0; n < sizeof(list) - 1 && ctl_may_list(c); i++) {
		in = (struct vmedia_input){ .index = i };
		if (vmedia_ioctl(c->f, VIDIOC_ENUMINPUT, &in) < 0)
			break;
		ctl_text(name, in.name, sizeof(in.name));
		n += (size_t)snprintf(list + n, sizeof(list) - n, "%s%u (%s)", i ? ", " : "", i,
				      name);
	}
	if (!n)
		return ctl_usage_text("--set-input=%s: the device has no inputs", text);
	return ctl_usage_text("--set-input=%s: there is no such input; give one of %s%s", text,
			      list, n < sizeof(list) ? "" : "...");
}

int ctl_set_input(struct ctl *c, const char *text)
{
	char *end;
	long v = strtol(text, &end, 10);
	int32_t index = (int32_t)v;
	int ret;

	if (*end || end == text || v < 0 || v > INT32_MAX)
		return ctl_usage_text("--set-input=%s: give a number; --list-inputs tells which",
				      text);
	ret = vmedia_ioctl(c->f, VIDIOC_S_INPUT, &index);
	if (ret == -EINVAL)
		return no_such_input(c, text);
	if (ret < 0)
		return ctl_fail("VIDIOC_S_INPUT", ret);
	printf("Video input set to %d\n", index);
	return 0;
}

static void show_priority(struct ctl *c)
{
	uint32_t prio = 0;

	if (vmedia_ioctl(c->f, VIDIOC_G_PRIORITY, &prio) == 0)
		printf("Priority: %u\n", prio);
}

/* The format, selections and frame rate of a queue; 0: none. */
static int show_queue(struct ctl *c, uint32_t type)
{
	struct vmedia_streamparm parm = { .type = type };
	int ret = type ? ctl_show_fmt(c, type) : 0;

	if (ret < 0 || !type)
		return ret;
	ret = ctl_show_selection(c, type, "");
	if (ret == 0 && vmedia_ioctl(c->f, VIDIOC_G_PARM, &parm) == 0)
		ret = ctl_show_parm(c, type);
	return ret;
}

int ctl_show_all(struct ctl *c)
{
	int32_t index = 0;
	int ret = ctl_show_info(c);

	if (ret < 0)
		return ret;
	show_priority(c);
	if (vmedia_ioctl(c->f, VIDIOC_G_INPUT, &index) == 0)
		ctl_show_input(c);
	ret = show_queue(c, c->type);
	if (ret == 0 && c->out_type != c->type)
		ret = show_queue(c, c->out_type);
	return ret < 0 ? ret : ctl_list_controls(c, true);
}
