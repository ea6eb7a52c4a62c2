/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Controls: list, get, set. Names are v4l2-ctl's: the control's name in lower case, other
 * characters as one '_'.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "names.h"

#define WORD	  128
#define MAX_CTRLS 4096 /* a hostile device may never end its list */

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

/* The next control after @q->id; false at the end, and where a device's ids do not ascend. */
static bool next_ctrl(struct ctl *c, struct vmedia_query_ext_ctrl *q)
{
	uint32_t last = q->id;

	q->id |= V4L2_CTRL_FLAG_NEXT_CTRL | V4L2_CTRL_FLAG_NEXT_COMPOUND;
	if (vmedia_ioctl(c->f, VIDIOC_QUERY_EXT_CTRL, q) < 0 || q->id <= last)
		return false;
	q->name[sizeof(q->name) - 1] = 0;
	return true;
}

static bool find_ctrl(struct ctl *c, const char *name, struct vmedia_query_ext_ctrl *q)
{
	char flat[33];

	*q = (struct vmedia_query_ext_ctrl){ 0 };
	for (int i = 0; i < MAX_CTRLS && next_ctrl(c, q); i++) {
		flat_name(q->name, flat);
		if (q->type != V4L2_CTRL_TYPE_CTRL_CLASS && strcmp(flat, name) == 0)
			return true;
	}
	return false;
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

static bool has_payload(const struct vmedia_query_ext_ctrl *q)
{
	return q->type == V4L2_CTRL_TYPE_STRING || q->flags & V4L2_CTRL_FLAG_HAS_PAYLOAD;
}

/* Bytes of the whole control, 0 where that is more than a person reads. */
static uint32_t payload_size(const struct vmedia_query_ext_ctrl *q)
{
	uint64_t n = (uint64_t)q->elem_size * q->elems;

	return has_payload(q) && n <= 1u << 20 ? (uint32_t)n : 0;
}

static void print_elements(const struct vmedia_query_ext_ctrl *q, const uint8_t *data,
			   uint32_t size)
{
	uint32_t shown = q->elems < 16 ? q->elems : 16;

	for (uint32_t i = 0; i < shown && q->elem_size && (i + 1) * q->elem_size <= size; i++) {
		uint64_t v = 0;

		memcpy(&v, data + i * q->elem_size, q->elem_size < 8 ? q->elem_size : 8);
		printf("%s%llu", i ? "," : "", (unsigned long long)v);
	}
	if (shown < q->elems)
		printf(",...");
}

static int print_value(struct ctl *c, const struct vmedia_query_ext_ctrl *q)
{
	uint32_t size = payload_size(q);
	struct vmedia_ext_control ec;
	uint8_t *payload = calloc(1, size + 1);
	int ret;

	if (!payload)
		return -ENOMEM;
	ret = get_value(c, q, &ec, payload, size);
	if (ret < 0)
		printf("(%s)", strerror(-ret));
	else if (q->type == V4L2_CTRL_TYPE_STRING)
		printf("'%s'", (const char *)payload);
	else if (has_payload(q))
		print_elements(q, payload, size);
	else if (q->type == V4L2_CTRL_TYPE_INTEGER64)
		printf("%lld", (long long)ec.value64);
	else if (q->type == V4L2_CTRL_TYPE_BITMASK)
		printf("0x%08x", (uint32_t)ec.value);
	else
		printf("%d", ec.value);
	free(payload);
	return ret;
}

/* ---- listing ---- */

/* A 64-bit number that V4L2's packed structure leaves unaligned, in wire order on all hosts. */
static int64_t menu_value(const struct vmedia_querymenu *m)
{
	uint64_t v = 0;

	for (int i = 7; i >= 0; i--)
		v = v << 8 | m->value_le[i];
	return (int64_t)v;
}

static void print_menu(struct ctl *c, const struct vmedia_query_ext_ctrl *q)
{
	struct vmedia_querymenu m;

	for (int64_t i = q->minimum; i <= q->maximum && i < q->minimum + 1024; i++) {
		m = (struct vmedia_querymenu){ .id = q->id, .index = (uint32_t)i };
		if (vmedia_ioctl(c->f, VIDIOC_QUERYMENU, &m) < 0)
			continue;
		if (q->type == V4L2_CTRL_TYPE_MENU)
			printf("\t\t\t\t%u: %.32s\n", m.index, (const char *)m.name);
		else
			printf("\t\t\t\t%u: %lld (0x%llx)\n", m.index, (long long)menu_value(&m),
			       (unsigned long long)menu_value(&m));
	}
}

static void print_range(const struct vmedia_query_ext_ctrl *q)
{
	switch (q->type) {
	case V4L2_CTRL_TYPE_BUTTON:
	case V4L2_CTRL_TYPE_CTRL_CLASS:
		return;
	case V4L2_CTRL_TYPE_BOOLEAN:
		printf("default=%lld ", (long long)q->default_value);
		return;
	case V4L2_CTRL_TYPE_MENU:
	case V4L2_CTRL_TYPE_INTEGER_MENU:
		printf("min=%lld max=%lld default=%lld ", (long long)q->minimum,
		       (long long)q->maximum, (long long)q->default_value);
		return;
	case V4L2_CTRL_TYPE_BITMASK:
		printf("max=0x%08llx default=0x%08llx ", (unsigned long long)q->maximum,
		       (unsigned long long)q->default_value);
		return;
	default:
		printf("min=%lld max=%lld step=%llu default=%lld ", (long long)q->minimum,
		       (long long)q->maximum, (unsigned long long)q->step,
		       (long long)q->default_value);
		for (uint32_t d = 0; d < q->nr_of_dims && d < 4; d++)
			printf("%s[%u]%s", d ? "" : "dims=", q->dims[d],
			       d + 1 == q->nr_of_dims ? " " : "");
	}
}

static void print_ctrl(struct ctl *c, const struct vmedia_query_ext_ctrl *q)
{
	char flat[33], type[16];

	flat_name(q->name, flat);
	snprintf(type, sizeof(type), "(%s)", ctl_name(ctl_ctrl_type_names, q->type));
	printf("%31s 0x%08x %-10s: ", flat, q->id, type);
	print_range(q);
	if (q->type != V4L2_CTRL_TYPE_BUTTON && !(q->flags & V4L2_CTRL_FLAG_WRITE_ONLY)) {
		printf("value=");
		print_value(c, q);
		putchar(' ');
	}
	if (q->flags) {
		printf("flags=");
		ctl_print_flags_inline(ctl_ctrl_flag_names, q->flags);
	}
	putchar('\n');
}

int ctl_list_controls(struct ctl *c, bool menus)
{
	struct vmedia_query_ext_ctrl q = { 0 };

	for (int i = 0; i < MAX_CTRLS && next_ctrl(c, &q); i++) {
		if (q.type == V4L2_CTRL_TYPE_CTRL_CLASS) {
			printf("\n%s\n\n", q.name);
			continue;
		}
		print_ctrl(c, &q);
		if (menus &&
		    (q.type == V4L2_CTRL_TYPE_MENU || q.type == V4L2_CTRL_TYPE_INTEGER_MENU))
			print_menu(c, &q);
	}
	return 0;
}

/* ---- by name ---- */

int ctl_get_controls(struct ctl *c, const char *names)
{
	struct vmedia_query_ext_ctrl q;
	char key[WORD], name[WORD];
	int ret = 0;

	while (ret == 0 && ctl_next_pair(&names, key, name, WORD)) {
		if (!find_ctrl(c, name, &q))
			return ctl_fail_text(
				"unknown control '%s'; --list-ctrls tells which there are", name);
		printf("%s: ", name);
		ret = print_value(c, &q);
		putchar('\n');
	}
	return ret;
}

/*
 * "1,2,3" cannot come here (the comma parts controls), so elements are given as "1:2:3"; one value
 * fills all.
 */
static int parse_elements(const struct vmedia_query_ext_ctrl *q, const char *value, uint8_t *data)
{
	const char *p = value;
	uint64_t v = 0;

	for (uint32_t i = 0; i < q->elems; i++) {
		char *end;

		if (*p) {
			v = strtoull(p, &end, 0);
			if (end == p || (*end && *end != ':'))
				return ctl_fail_text("'%s' is no list of numbers", value);
			p = *end ? end + 1 : end;
		}
		memcpy(data + (size_t)i * q->elem_size, &v, q->elem_size < 8 ? q->elem_size : 8);
	}
	return 0;
}

static int set_payload(struct ctl *c, const struct vmedia_query_ext_ctrl *q, const char *value,
		       struct vmedia_ext_control *ec, uint8_t **payload)
{
	uint32_t size = payload_size(q);

	if (!size)
		return ctl_fail_text("the control is too large to be set here");
	*payload = calloc(1, size + 1);
	if (!*payload)
		return -ENOMEM;
	ec->size = size;
	ec->ptr = (uintptr_t)*payload;
	if (q->type != V4L2_CTRL_TYPE_STRING)
		return parse_elements(q, value, *payload);
	snprintf((char *)*payload, size, "%s", value);
	return 0;
}

static int set_one(struct ctl *c, const struct vmedia_query_ext_ctrl *q, const char *name,
		   const char *value)
{
	struct vmedia_ext_controls ecs = { .which = V4L2_CTRL_WHICH_CUR_VAL, .count = 1 };
	struct vmedia_ext_control ec = { .id = q->id };
	uint8_t *payload = NULL;
	char *end;
	int ret = 0;

	if (has_payload(q)) {
		ret = set_payload(c, q, value, &ec, &payload);
	} else {
		ec.value64 = strtoll(value, &end, 0);
		if (q->type != V4L2_CTRL_TYPE_INTEGER64)
			ec.value = (int32_t)ec.value64;
		if (end == value || *end)
			ret = ctl_fail_text("--set-ctrl=%s=%s: give a number", name, value);
	}
	if (ret == 0) {
		ecs.controls = (uintptr_t)&ec;
		ret = vmedia_ioctl(c->f, VIDIOC_S_EXT_CTRLS, &ecs);
		if (ret < 0)
			ctl_fail_text("%s=%s: %s", name, value, strerror(-ret));
	}
	free(payload);
	return ret;
}

int ctl_set_controls(struct ctl *c, const char *pairs)
{
	struct vmedia_query_ext_ctrl q;
	char name[WORD], value[WORD];
	int ret = 0;

	while (ret == 0 && ctl_next_pair(&pairs, name, value, WORD)) {
		if (!*name)
			return ctl_fail_text("--set-ctrl=%s: give NAME=VALUE", value);
		if (!find_ctrl(c, name, &q))
			return ctl_fail_text(
				"unknown control '%s'; --list-ctrls tells which there are", name);
		ret = set_one(c, &q, name, value);
	}
	return ret;
}

/* ---- events ---- */

static int parse_event(struct ctl *c, const char *spec, struct vmedia_event_subscription *sub)
{
	struct vmedia_query_ext_ctrl q;

	if (strcmp(spec, "eos") == 0) {
		sub->type = V4L2_EVENT_EOS;
		return 0;
	}
	if (strncmp(spec, "source_change", 13) == 0) {
		sub->type = V4L2_EVENT_SOURCE_CHANGE;
		sub->id = spec[13] == '=' ? (uint32_t)strtoul(spec + 14, NULL, 0) : 0;
		return 0;
	}
	if (strncmp(spec, "ctrl=", 5) == 0) {
		if (!find_ctrl(c, spec + 5, &q))
			return ctl_fail_text(
				"unknown control '%s'; --list-ctrls tells which there are",
				spec + 5);
		sub->type = V4L2_EVENT_CTRL;
		sub->id = q.id;
		sub->flags = V4L2_EVENT_SUB_FL_SEND_INITIAL;
		return 0;
	}
	return ctl_fail_text("--wait-for-event=%s: give ctrl=NAME, eos or source_change=PAD", spec);
}

int ctl_wait_event(struct ctl *c, const char *spec)
{
	struct vmedia_event_subscription sub = { 0 };
	struct vmedia_event ev;
	int ret = parse_event(c, spec, &sub);

	if (ret < 0)
		return ret;
	ret = vmedia_ioctl(c->f, VIDIOC_SUBSCRIBE_EVENT, &sub);
	if (ret < 0)
		return ctl_fail("VIDIOC_SUBSCRIBE_EVENT", ret);
	ret = vmedia_ioctl(c->f, VIDIOC_DQEVENT, &ev);
	if (ret < 0)
		return ctl_fail("VIDIOC_DQEVENT", ret);
	printf("%lld.%06lld: event %u, ", (long long)ev.timestamp.tv_sec,
	       (long long)ev.timestamp.tv_nsec / 1000, ev.sequence);
	if (ev.type == V4L2_EVENT_CTRL)
		printf("ctrl 0x%08x: type %u, changes 0x%x, value %lld\n", ev.id, ev.u.ctrl.type,
		       ev.u.ctrl.changes,
		       ev.u.ctrl.type == V4L2_CTRL_TYPE_INTEGER64 ? (long long)ev.u.ctrl.value64
								  : (long long)ev.u.ctrl.value);
	else if (ev.type == V4L2_EVENT_SOURCE_CHANGE)
		printf("source_change: pad/input=%u changes: %x\n", ev.id, ev.u.src_change.changes);
	else
		printf("type %u\n", ev.type);
	return 0;
}
