/* SPDX-License-Identifier: BSD-3-Clause */
/* Formats on the command line: "width=640,height=480,pixelformat=YUYV". */
#include "spec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "names.h"

#define WORD 64

static int parse_u32(const char *text, uint32_t *value)
{
	char *end;
	unsigned long long v = strtoull(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || v > UINT32_MAX)
		return -EINVAL;
	*value = (uint32_t)v;
	return 0;
}

static int parse_fourcc(const char *text, struct ctl_spec *s)
{
	size_t n = strlen(text);
	char ch[4] = { ' ', ' ', ' ', ' ' };
	uint32_t be = 0;

	if (n < 4 && parse_u32(text, &s->index) == 0)
		return 0;
	if (n == 7 && strcmp(text + 4, "-BE") == 0) {
		be = 1u << 31;
		n = 4;
	}
	if (n < 1 || n > 4)
		return -EINVAL;
	memcpy(ch, text, n);
	s->index = CTL_SPEC_NONE;
	s->pixelformat = v4l2_fourcc(ch[0], ch[1], ch[2], ch[3]) | be;
	return 0;
}

static int parse_field(const char *text, uint32_t *field)
{
	static const struct ctl_name names[] = {
		{ V4L2_FIELD_ANY, "any" },
		{ V4L2_FIELD_NONE, "none" },
		{ V4L2_FIELD_TOP, "top" },
		{ V4L2_FIELD_BOTTOM, "bottom" },
		{ V4L2_FIELD_INTERLACED, "interlaced" },
		{ V4L2_FIELD_SEQ_TB, "seq_tb" },
		{ V4L2_FIELD_SEQ_BT, "seq_bt" },
		{ V4L2_FIELD_ALTERNATE, "alternate" },
		{ V4L2_FIELD_INTERLACED_TB, "interlaced_tb" },
		{ V4L2_FIELD_INTERLACED_BT, "interlaced_bt" },
		{ 0, NULL },
	};

	for (const struct ctl_name *n = names; n->name; n++) {
		if (strcmp(n->name, text) == 0) {
			*field = n->value;
			return 0;
		}
	}
	return parse_u32(text, field);
}

static const char *expected(const char *key)
{
	if (!strcmp(key, "pixelformat") || !*key)
		return "four letters or an index of --list-formats";
	return !strcmp(key, "field") ? "a field order: none, interlaced, ..." : "a number";
}

int ctl_spec_parse(const char *text, struct ctl_spec *s)
{
	char key[WORD], value[WORD];
	int ret = 0;

	*s = (struct ctl_spec){ .field = CTL_SPEC_NONE, .index = CTL_SPEC_NONE };
	while (ret == 0 && ctl_next_pair(&text, key, value, WORD)) {
		if (!strcmp(key, "width"))
			ret = parse_u32(value, &s->width);
		else if (!strcmp(key, "height"))
			ret = parse_u32(value, &s->height);
		else if (!strcmp(key, "pixelformat") || !*key)
			ret = parse_fourcc(value, s);
		else if (!strcmp(key, "bytesperline"))
			ret = parse_u32(value, &s->bytesperline);
		else if (!strcmp(key, "field"))
			ret = parse_field(value, &s->field);
		else
			return ctl_usage_text("unknown '%s' in a format; give width=, height=, "
					     "pixelformat=, field= or bytesperline=",
					     key);
	}
	return ret < 0 ? ctl_usage_text("'%s=%s': give %s", key, value, expected(key)) : 0;
}
