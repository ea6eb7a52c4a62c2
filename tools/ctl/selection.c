/* SPDX-License-Identifier: BSD-3-Clause */
/* Selections of a queue: crop and compose rectangles. */
#include <stdio.h>
#include <string.h>

#include "ctl.h"
#include "names.h"

#define WORD 64

static const struct ctl_name flag_words[] = {
	{ V4L2_SEL_FLAG_GE, "ge" },
	{ V4L2_SEL_FLAG_LE, "le" },
	{ V4L2_SEL_FLAG_KEEP_CONFIG, "keep-config" },
	{ 0, NULL },
};

/* What "target=crop,left=8,width=64" sets; the rest stays as it is. */
struct wish {
	bool has_target, has_left, has_top, has_width, has_height;
	uint32_t target, flags;
	struct vmedia_rect r;
};

/* V4L2's selection API uses the single-planar types for multi-planar queues too. */
static uint32_t selection_type(uint32_t type)
{
	return ctl_is_output(type) ? V4L2_BUF_TYPE_VIDEO_OUTPUT : V4L2_BUF_TYPE_VIDEO_CAPTURE;
}

static const char *suffix(const struct ctl *c, uint32_t type)
{
	return type == c->type ? "" : "-output";
}

/* ---- The words ---- */

static bool parse_place(const char *text, int32_t *value, bool *given)
{
	int64_t v;

	if (!ctl_number(text, INT32_MIN, INT32_MAX, &v))
		return false;
	*value = (int32_t)v;
	return *given = true;
}

static bool parse_extent(const char *text, uint32_t *value, bool *given)
{
	int64_t v;

	if (!ctl_number(text, 0, UINT32_MAX, &v))
		return false;
	*value = (uint32_t)v;
	return *given = true;
}

static bool parse_flag(const char *text, uint32_t *flags)
{
	uint32_t flag;

	if (!ctl_name_value(flag_words, text, &flag))
		return false;
	*flags |= flag;
	return true;
}

static bool parse_pair(const char *key, const char *value, struct wish *w)
{
	if (strcmp(key, "target") == 0)
		return w->has_target = ctl_name_value(ctl_sel_names, value, &w->target);
	if (strcmp(key, "flags") == 0)
		return parse_flag(value, &w->flags);
	if (strcmp(key, "left") == 0)
		return parse_place(value, &w->r.left, &w->has_left);
	if (strcmp(key, "top") == 0)
		return parse_place(value, &w->r.top, &w->has_top);
	if (strcmp(key, "width") == 0)
		return parse_extent(value, &w->r.width, &w->has_width);
	if (strcmp(key, "height") == 0)
		return parse_extent(value, &w->r.height, &w->has_height);
	return false;
}

static int parse(const char *verb, const char *where, const char *text, struct wish *w)
{
	char key[WORD], value[WORD];

	*w = (struct wish){ 0 };
	while (ctl_next_pair(&text, key, value, WORD))
		if (!parse_pair(key, value, w))
			return ctl_usage_text("--%s-selection%s: '%s=%s': give target=crop, "
					      "compose or another of v4l2-ctl, flags=ge, le or "
					      "keep-config, and numbers for left=, top=, width=, "
					      "height=", verb, where, key, value);
	if (!w->has_target)
		return ctl_usage_text("--%s-selection%s: give target=crop, compose or another of "
				      "v4l2-ctl", verb, where);
	return 0;
}

/* ---- What is done with them ---- */

static void print(const struct vmedia_selection *sel)
{
	printf("Selection %s: %s, Left %d, Top %d, Width %u, Height %u, Flags: ",
	       ctl_name(ctl_buf_type_names, sel->type), ctl_name(ctl_sel_names, sel->target),
	       sel->r.left, sel->r.top, sel->r.width, sel->r.height);
	if (sel->flags)
		ctl_print_flags_inline(flag_words, sel->flags);
	putchar('\n');
}

int ctl_show_selection(struct ctl *c, uint32_t type, const char *spec)
{
	struct vmedia_selection sel = { .type = selection_type(type) };
	struct wish w;
	int ret;

	if (*spec) {
		ret = parse("get", suffix(c, type), spec, &w);
		if (ret < 0)
			return ret;
		sel.target = w.target;
		ret = vmedia_ioctl(c->f, VIDIOC_G_SELECTION, &sel);
		if (ret < 0)
			return ctl_fail("VIDIOC_G_SELECTION", ret);
		print(&sel);
		return 0;
	}
	for (const struct ctl_name *t = ctl_sel_names; t->name; t++) {
		sel = (struct vmedia_selection){ .type = selection_type(type), .target = t->value };
		if (vmedia_ioctl(c->f, VIDIOC_G_SELECTION, &sel) == 0)
			print(&sel);
	}
	return 0;
}

int ctl_set_selection(struct ctl *c, uint32_t type, const char *spec)
{
	struct vmedia_selection sel = { .type = selection_type(type) };
	struct wish w;
	int ret = parse("set", suffix(c, type), spec, &w);

	if (ret < 0)
		return ret;
	sel.target = w.target;
	ret = vmedia_ioctl(c->f, VIDIOC_G_SELECTION, &sel);
	if (ret < 0)
		return ctl_fail("VIDIOC_G_SELECTION", ret);
	sel.flags = w.flags;
	sel.r.left = w.has_left ? w.r.left : sel.r.left;
	sel.r.top = w.has_top ? w.r.top : sel.r.top;
	sel.r.width = w.has_width ? w.r.width : sel.r.width;
	sel.r.height = w.has_height ? w.r.height : sel.r.height;
	ret = vmedia_ioctl(c->f, VIDIOC_S_SELECTION, &sel);
	if (ret < 0)
		return ctl_fail("VIDIOC_S_SELECTION", ret);
	if (c->o->verbose)
		print(&sel);
	return 0;
}
