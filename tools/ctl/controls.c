/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Controls: list them, get their values, wait for their events. set.c sets them. Their names are
 * v4l2-ctl's: the control's name in lower case, with one '_' for each run of other characters.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vmedia/log.h>

#include "controls.h"
#include "ctl.h"
#include "names.h"

#define WORD	 CTL_CTRL_WORD
#define MAX_MENU 1024 /* entries of one menu; V4L2 itself has at most 64 */

static void flat_name(const char *name, char out[33])
{
	size_t n = 0;
	bool gap = false;

	for (; *name && n < 31; name++) {
		if (!isalnum((unsigned char)*name)) {
			gap = n > 0;
			continue;
		}
		if (gap)
			out[n++] = '_';
		gap = false;
		out[n++] = (char)tolower((unsigned char)*name);
	}
	out[n] = 0;
}

/*
 * Get the next control after @q->id. Returns 1; 0 at the end of the list, or if the device's ids do
 * not ascend; or the error that ended the list.
 */
static int next_ctrl(struct ctl *c, struct vmedia_query_ext_ctrl *q)
{
	uint32_t last = q->id;
	int ret;

	if (!ctl_may_list(c))
		return ctl_list_ended(c, "VIDIOC_QUERY_EXT_CTRL", 0);
	q->id |= V4L2_CTRL_FLAG_NEXT_CTRL | V4L2_CTRL_FLAG_NEXT_COMPOUND;
	ret = vmedia_ioctl(c->f, VIDIOC_QUERY_EXT_CTRL, q);
	if (ret < 0)
		return ctl_list_ended(c, "VIDIOC_QUERY_EXT_CTRL", ret);
	q->name[sizeof(q->name) - 1] = 0;
	return q->id > last;
}

int ctl_find_ctrl(struct ctl *c, const char *name, struct vmedia_query_ext_ctrl *q)
{
	char flat[33];
	int ret;

	*q = (struct vmedia_query_ext_ctrl){ 0 };
	while ((ret = next_ctrl(c, q)) > 0) {
		flat_name(q->name, flat);
		if (q->type != V4L2_CTRL_TYPE_CTRL_CLASS && strcmp(flat, name) == 0)
			return 0;
	}
	return ret < 0 ? ret
		       : ctl_usage_text("unknown control '%s'; --list-ctrls tells which there are",
					name);
}

/* ---- values ---- */

static int get_value(struct ctl *c, const struct vmedia_query_ext_ctrl *q,
		     struct vmedia_ext_control *ec, void *payload, uint32_t size)
{
	struct vmedia_ext_controls ecs = { .which = V4L2_CTRL_WHICH_CUR_VAL, .count = 1 };

	*ec = (struct vmedia_ext_control){ .id = q->id, .size = size };
	if (size)
		ec->ptr = (uintptr_t)payload;
	ecs.controls = (uintptr_t)ec;
	return vmedia_ioctl(c->f, VIDIOC_G_EXT_CTRLS, &ecs);
}

bool ctl_has_payload(const struct vmedia_query_ext_ctrl *q)
{
	return q->type == V4L2_CTRL_TYPE_STRING || q->flags & V4L2_CTRL_FLAG_HAS_PAYLOAD;
}

uint32_t ctl_payload_size(const struct vmedia_query_ext_ctrl *q)
{
	uint64_t n = (uint64_t)q->elem_size * q->elems;

	return ctl_has_payload(q) && n <= 1u << 20 ? (uint32_t)n : 0;
}

/*
 * Print elements as numbers in host order. For types that are no numbers, print their first byte.
 */
static uint64_t element(const struct vmedia_query_ext_ctrl *q, const uint8_t *data)
{
	uint16_t v16;
	uint32_t v32;
	uint64_t v64;

	switch (q->elem_size) {
	case 2:
		memcpy(&v16, data, sizeof(v16));
		return v16;
	case 4:
		memcpy(&v32, data, sizeof(v32));
		return v32;
	case 8:
		memcpy(&v64, data, sizeof(v64));
		return v64;
	default:
		return data[0];
	}
}

static void print_elements(const struct vmedia_query_ext_ctrl *q, const uint8_t *data,
			   uint32_t size)
{
	uint32_t shown = q->elems < 16 ? q->elems : 16;

	for (uint32_t i = 0; i < shown && q->elem_size && (i + 1) * q->elem_size <= size; i++)
		printf("%s%llu", i ? "," : "",
		       (unsigned long long)element(q, data + (size_t)i * q->elem_size));
	if (shown < q->elems)
		printf(",...");
}

static void print_area(const uint8_t *payload)
{
	uint32_t size[2];

	memcpy(size, payload, sizeof(size));
	printf("%ux%u", size[0], size[1]);
}

static void print_string(const char *s)
{
	size_t cap = 4 * strlen(s) + 1;
	char *text = malloc(cap);

	printf("'%s'", text ? vmedia_log_escape(text, cap, s, strlen(s)) : "?");
	free(text);
}

/* ---- listing ---- */

static int print_menu(struct ctl *c, const struct vmedia_query_ext_ctrl *q)
{
	struct vmedia_querymenu m;
	char text[CTL_TEXT];
	int ret;

	/*
 * A device answers -EINVAL for an entry that the menu does not have. The bounds of the menu come
 * from the device and may be any number, so sums with them could overflow.
 */
	for (int64_t i = q->minimum; i >= 0 && i <= q->maximum && i < MAX_MENU; i++) {
		m = (struct vmedia_querymenu){ .id = q->id, .index = (uint32_t)i };
		if (!ctl_may_list(c))
			return -EIO;
		ret = vmedia_ioctl(c->f, VIDIOC_QUERYMENU, &m);
		if (ret == -EINVAL)
			continue;
		if (ret < 0)
			return ctl_list_ended(c, "VIDIOC_QUERYMENU", ret);
		if (q->type == V4L2_CTRL_TYPE_MENU)
			printf("\t\t\t\t%u: %s\n", m.index,
			       ctl_text(text, m.name, sizeof(m.name)));
		else
			printf("\t\t\t\t%u: %lld (0x%llx)\n", m.index,
			       (long long)vmedia_querymenu_value(&m),
			       (unsigned long long)vmedia_querymenu_value(&m));
	}
	return 0;
}

/* Print the words of a menu's current value in parentheses, as v4l2-ctl does. */
static void print_choice(struct ctl *c, const struct vmedia_query_ext_ctrl *q, int32_t value)
{
	struct vmedia_querymenu m = { .id = q->id, .index = (uint32_t)value };
	char text[CTL_TEXT];

	if (value < 0 || vmedia_ioctl(c->f, VIDIOC_QUERYMENU, &m) < 0)
		return;
	if (q->type == V4L2_CTRL_TYPE_MENU)
		printf(" (%s)", ctl_text(text, m.name, sizeof(m.name)));
	else
		printf(" (%lld 0x%llx)", (long long)vmedia_querymenu_value(&m),
		       (unsigned long long)vmedia_querymenu_value(&m));
}

/* @words: the name of a menu's value too. */
static int print_value(struct ctl *c, const struct vmedia_query_ext_ctrl *q, bool words)
{
	uint32_t size = ctl_payload_size(q);
	struct vmedia_ext_control ec;
	uint8_t *payload = calloc(1, size + 1);
	int ret;

	if (!payload)
		return -ENOMEM;
	ret = get_value(c, q, &ec, payload, size);
	if (ret < 0)
		printf("(%s)", strerror(-ret));
	else if (q->type == V4L2_CTRL_TYPE_STRING)
		print_string((const char *)payload);
	else if (q->type == V4L2_CTRL_TYPE_AREA && q->elem_size == 8 && q->elems == 1)
		print_area(payload);
	else if (ctl_has_payload(q))
		print_elements(q, payload, size);
	else if (q->type == V4L2_CTRL_TYPE_INTEGER64)
		printf("%lld", (long long)ec.value64);
	else if (q->type == V4L2_CTRL_TYPE_BITMASK)
		printf("0x%08x", (uint32_t)ec.value);
	else
		printf("%d", ec.value);
	if (ret == 0 && words &&
	    (q->type == V4L2_CTRL_TYPE_MENU || q->type == V4L2_CTRL_TYPE_INTEGER_MENU))
		print_choice(c, q, ec.value);
	free(payload);
	return ret;
}

static void print_range(const struct vmedia_query_ext_ctrl *q)
{
	switch (q->type) {
	case V4L2_CTRL_TYPE_BUTTON:
		return;
	case V4L2_CTRL_TYPE_BOOLEAN:
		printf(" default=%lld", (long long)q->default_value);
		return;
	case V4L2_CTRL_TYPE_MENU:
	case V4L2_CTRL_TYPE_INTEGER_MENU:
		printf(" min=%lld max=%lld default=%lld", (long long)q->minimum,
		       (long long)q->maximum, (long long)q->default_value);
		return;
	case V4L2_CTRL_TYPE_BITMASK:
		printf(" max=0x%08llx default=0x%08llx", (unsigned long long)q->maximum,
		       (unsigned long long)q->default_value);
		return;
	case V4L2_CTRL_TYPE_STRING:
		printf(" min=%lld max=%lld step=%llu", (long long)q->minimum,
		       (long long)q->maximum, (unsigned long long)q->step);
		break;
	default:
		printf(" min=%lld max=%lld step=%llu default=%lld", (long long)q->minimum,
		       (long long)q->maximum, (unsigned long long)q->step,
		       (long long)q->default_value);
	}
	for (uint32_t d = 0; d < q->nr_of_dims && d < 4; d++)
		printf("%s[%u]", d ? "" : " dims=", q->dims[d]);
}

static void print_ctrl(struct ctl *c, const struct vmedia_query_ext_ctrl *q)
{
	char flat[33], type[16];

	flat_name(q->name, flat);
	snprintf(type, sizeof(type), "(%s)", ctl_name(ctl_ctrl_type_names, q->type));
	printf("%31s 0x%08x %-9s:", flat, q->id, type);
	print_range(q);
	if (q->type != V4L2_CTRL_TYPE_BUTTON && !(q->flags & V4L2_CTRL_FLAG_WRITE_ONLY)) {
		printf(" value=");
		print_value(c, q, true);
	}
	if (q->flags) {
		printf(" flags=");
		ctl_print_flags_inline(ctl_ctrl_flag_names, q->flags);
	}
	putchar('\n');
}

int ctl_list_controls(struct ctl *c, bool menus)
{
	struct vmedia_query_ext_ctrl q = { 0 };
	char text[CTL_TEXT];
	int ret, err = 0;

	while (err == 0 && (ret = next_ctrl(c, &q)) > 0) {
		if (q.type == V4L2_CTRL_TYPE_CTRL_CLASS) {
			printf("\n%s\n\n", ctl_text(text, q.name, sizeof(q.name)));
			continue;
		}
		print_ctrl(c, &q);
		if (menus &&
		    (q.type == V4L2_CTRL_TYPE_MENU || q.type == V4L2_CTRL_TYPE_INTEGER_MENU))
			err = print_menu(c, &q);
	}
	return err < 0 ? err : ret;
}

/* ---- by name ---- */

int ctl_get_controls(struct ctl *c, const char *names)
{
	struct vmedia_query_ext_ctrl q;
	char key[WORD], name[WORD];
	int ret = 0;

	if (!*names)
		return ctl_usage_text("--get-ctrl: give NAME[,...]; --list-ctrls tells which there "
				      "are");
	while (ret == 0 && ctl_next_pair(&names, key, name, WORD)) {
		if (*key)
			return ctl_usage_text("--get-ctrl=%s=%s: give NAME alone", key, name);
		ret = ctl_find_ctrl(c, name, &q);
		if (ret < 0)
			return ret;
		printf("%s: ", name);
		ret = print_value(c, &q, false);
		putchar('\n');
		if (ret < 0)
			ctl_fail(name, ret);
	}
	return ret;
}

/* ---- events ---- */

static int parse_event(struct ctl *c, const char *spec, struct vmedia_event_subscription *sub)
{
	struct vmedia_query_ext_ctrl q;
	unsigned long pad;
	char *end;
	int ret;

	if (strcmp(spec, "eos") == 0) {
		sub->type = V4L2_EVENT_EOS;
		return 0;
	}
	if (strcmp(spec, "source_change") == 0 || strncmp(spec, "source_change=", 14) == 0) {
		sub->type = V4L2_EVENT_SOURCE_CHANGE;
		if (!spec[13])
			return 0;
		pad = strtoul(spec + 14, &end, 0);
		if (*end || end == spec + 14 || pad > UINT32_MAX)
			return ctl_usage_text("--wait-for-event=%s: give the pad as a number",
					      spec);
		sub->id = (uint32_t)pad;
		return 0;
	}
	if (strncmp(spec, "ctrl=", 5) == 0) {
		ret = ctl_find_ctrl(c, spec + 5, &q);
		if (ret < 0)
			return ret;
		sub->type = V4L2_EVENT_CTRL;
		sub->id = q.id;
		sub->flags = V4L2_EVENT_SUB_FL_SEND_INITIAL;
		return 0;
	}
	return ctl_usage_text("--wait-for-event=%s: give ctrl=NAME, eos or source_change=PAD",
			      spec);
}

int ctl_wait_event(struct ctl *c, const char *spec)
{
	struct vmedia_event_subscription sub = { 0 };
	struct vmedia_event ev;
	int ret = parse_event(c, spec, &sub);

	if (ret < 0)
		return ret;
	ret = vmedia_ioctl(c->f, VIDIOC_SUBSCRIBE_EVENT, &sub);
	if (ret == -EINVAL || ret == -ENOTTY)
		return ctl_usage_text("--wait-for-event=%s: the device has no such event; give "
				      "another of ctrl=NAME, eos and source_change=PAD", spec);
	if (ret < 0)
		return ctl_fail("VIDIOC_SUBSCRIBE_EVENT", ret);
	ret = vmedia_ioctl(c->f, VIDIOC_DQEVENT, &ev);
	if (ret < 0)
		return ctl_fail("VIDIOC_DQEVENT", ret);
	printf("%lld.%06lld: event %u, pending %u: ", (long long)ev.timestamp.tv_sec,
	       (long long)ev.timestamp.tv_nsec / 1000, ev.sequence, ev.pending);
	if (ev.type == V4L2_EVENT_CTRL)
		printf("ctrl 0x%08x: type %u, changes 0x%x, value %lld\n", ev.id, ev.u.ctrl.type,
		       ev.u.ctrl.changes,
		       ev.u.ctrl.type == V4L2_CTRL_TYPE_INTEGER64 ? (long long)ev.u.ctrl.value64
								  : (long long)ev.u.ctrl.value);
	else if (ev.type == V4L2_EVENT_SOURCE_CHANGE)
		printf("source_change: pad/input=%u changes: %x\n", ev.id, ev.u.src_change.changes);
	else if (ev.type == V4L2_EVENT_EOS)
		printf("eos\n");
	else
		printf("type %u\n", ev.type);
	return 0;
}
