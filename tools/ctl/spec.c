/* SPDX-License-Identifier: BSD-3-Clause */
/* Formats on the command line: "width=640,height=480,pixelformat=YUYV". */
#include "spec.h"

#include <errno.h>
#include <stddef.h>
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

static const struct ctl_name field_words[] = {
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

static const struct ctl_name colorspace_words[] = {
	{ V4L2_COLORSPACE_DEFAULT, "default" },
	{ V4L2_COLORSPACE_SMPTE170M, "smpte170m" },
	{ V4L2_COLORSPACE_SMPTE240M, "smpte240m" },
	{ V4L2_COLORSPACE_REC709, "rec709" },
	{ V4L2_COLORSPACE_470_SYSTEM_M, "470m" },
	{ V4L2_COLORSPACE_470_SYSTEM_BG, "470bg" },
	{ V4L2_COLORSPACE_JPEG, "jpeg" },
	{ V4L2_COLORSPACE_SRGB, "srgb" },
	{ V4L2_COLORSPACE_OPRGB, "oprgb" },
	{ V4L2_COLORSPACE_BT2020, "bt2020" },
	{ V4L2_COLORSPACE_RAW, "raw" },
	{ V4L2_COLORSPACE_DCI_P3, "dcip3" },
	{ 0, NULL },
};

static const struct ctl_name xfer_words[] = {
	{ V4L2_XFER_FUNC_DEFAULT, "default" },
	{ V4L2_XFER_FUNC_709, "709" },
	{ V4L2_XFER_FUNC_SRGB, "srgb" },
	{ V4L2_XFER_FUNC_OPRGB, "oprgb" },
	{ V4L2_XFER_FUNC_SMPTE240M, "smpte240m" },
	{ V4L2_XFER_FUNC_SMPTE2084, "smpte2084" },
	{ V4L2_XFER_FUNC_DCI_P3, "dcip3" },
	{ V4L2_XFER_FUNC_NONE, "none" },
	{ 0, NULL },
};

static const struct ctl_name ycbcr_words[] = {
	{ V4L2_YCBCR_ENC_DEFAULT, "default" },
	{ V4L2_YCBCR_ENC_601, "601" },
	{ V4L2_YCBCR_ENC_709, "709" },
	{ V4L2_YCBCR_ENC_XV601, "xv601" },
	{ V4L2_YCBCR_ENC_XV709, "xv709" },
	{ V4L2_YCBCR_ENC_BT2020, "bt2020" },
	{ V4L2_YCBCR_ENC_BT2020_CONST_LUM, "bt2020c" },
	{ V4L2_YCBCR_ENC_SMPTE240M, "smpte240m" },
	{ 0, NULL },
};

/* Shares the field of the YCbCr encoding. */
static const struct ctl_name hsv_words[] = {
	{ V4L2_YCBCR_ENC_DEFAULT, "default" },
	{ V4L2_HSV_ENC_180, "180" },
	{ V4L2_HSV_ENC_256, "256" },
	{ 0, NULL },
};

static const struct ctl_name quantization_words[] = {
	{ V4L2_QUANTIZATION_DEFAULT, "default" },
	{ V4L2_QUANTIZATION_FULL_RANGE, "full-range" },
	{ V4L2_QUANTIZATION_LIM_RANGE, "lim-range" },
	{ 0, NULL },
};

/* The values of a key: words of a table or numbers; without a table, numbers from 1 on. */
struct key {
	const char *name;
	const struct ctl_name *words;
	size_t offset;		/* of a uint32_t in struct ctl_spec */
	const char *expected;
};

#define AT(member) offsetof(struct ctl_spec, member)

static const struct key keys[] = {
	{ "width", NULL, AT(width), "a number" },
	{ "height", NULL, AT(height), "a number" },
	{ "field", field_words, AT(field), "a field order: none, interlaced, ..." },
	{ "colorspace", colorspace_words, AT(colorspace), "a colorspace: rec709, srgb, ..." },
	{ "xfer", xfer_words, AT(xfer), "a transfer function: 709, srgb, ..." },
	{ "ycbcr", ycbcr_words, AT(ycbcr), "a YCbCr encoding: 601, 709, ..." },
	{ "hsv", hsv_words, AT(ycbcr), "an HSV encoding: 180 or 256" },
	{ "quantization", quantization_words, AT(quantization), "full-range or lim-range" },
};

static const struct key *find_key(const char *name)
{
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

/* 0 means "not given", so it is no valid size. */
static int parse_size(const char *text, uint32_t *value)
{
	return parse_u32(text, value) < 0 || !*value ? -EINVAL : 0;
}

static int parse_word(const struct key *k, const char *text, uint32_t *value)
{
	if (!k->words)
		return parse_size(text, value);
	for (const struct ctl_name *n = k->words; n->name; n++) {
		if (strcmp(n->name, text) == 0) {
			*value = n->value;
			return 0;
		}
	}
	if (parse_u32(text, value) < 0)
		return -EINVAL;
	return *value > UINT8_MAX ? -EINVAL : 0;	/* some have 8 bits only */
}

/* One more plane. */
static int parse_plane(const char *text, uint32_t planes[CTL_SPEC_PLANES], unsigned int *num)
{
	return *num < CTL_SPEC_PLANES ? parse_u32(text, &planes[(*num)++]) : -EINVAL;
}

/* Returns 0, -EINVAL for a bad value, -ENOENT for an unknown key. */
static int parse_pair(const char *key, const char *value, struct ctl_spec *s)
{
	const struct key *k = find_key(key);

	if (k)
		return parse_word(k, value, (uint32_t *)((char *)s + k->offset));
	if (strcmp(key, "bytesperline") == 0)
		return parse_plane(value, s->bytesperline, &s->num_bytesperline);
	if (strcmp(key, "sizeimage") == 0)
		return parse_plane(value, s->sizeimage, &s->num_sizeimage);
	if (*key && strcmp(key, "pixelformat") != 0)
		return -ENOENT;
	if (!*key && strcmp(value, "premul-alpha") == 0) {
		s->premul_alpha = true;
		return 0;
	}
	return parse_fourcc(value, s);
}

static const char *expected(const char *key)
{
	const struct key *k = find_key(key);

	if (k)
		return k->expected;
	return !*key || !strcmp(key, "pixelformat") ? "four letters or an index of --list-formats"
						    : "a number for each of at most 8 planes";
}

int ctl_spec_parse(const char *text, struct ctl_spec *s)
{
	char key[WORD], value[WORD];
	int ret = 0;

	*s = (struct ctl_spec){
		.field = CTL_SPEC_NONE,
		.colorspace = CTL_SPEC_NONE,
		.xfer = CTL_SPEC_NONE,
		.ycbcr = CTL_SPEC_NONE,
		.quantization = CTL_SPEC_NONE,
		.index = CTL_SPEC_NONE,
	};
	while (ret == 0 && ctl_next_pair(&text, key, value, WORD))
		ret = parse_pair(key, value, s);
	if (ret == -ENOENT)
		return ctl_usage_text("unknown '%s' in a format; give width=, height=, "
				      "pixelformat=, field=, colorspace=, xfer=, ycbcr=, hsv=, "
				      "quantization=, bytesperline=, sizeimage= or premul-alpha",
				      key);
	return ret < 0 ? ctl_usage_text("'%s=%s': give %s", key, value, expected(key)) : 0;
}

bool ctl_spec_has_colours(const struct ctl_spec *s)
{
	return s->colorspace != CTL_SPEC_NONE || s->xfer != CTL_SPEC_NONE ||
	       s->ycbcr != CTL_SPEC_NONE || s->quantization != CTL_SPEC_NONE;
}
