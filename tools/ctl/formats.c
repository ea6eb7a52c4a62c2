/* SPDX-License-Identifier: BSD-3-Clause */
/* Formats, frame sizes, intervals and the frame rate. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "names.h"

#define WORD 64

static bool is_mplane(uint32_t type)
{
	return type == V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE ||
	       type == V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE;
}

/* ---- one format ---- */

static void describe(struct ctl *c, uint32_t pixelformat, char *buf, size_t size)
{
	struct vmedia_fmtdesc d;

	snprintf(buf, size, "?");
	for (uint32_t i = 0; i < 256; i++) {
		d = (struct vmedia_fmtdesc){ .index = i, .type = c->type };
		if (vmedia_ioctl(c->f, VIDIOC_ENUM_FMT, &d) < 0)
			return;
		if (d.pixelformat == pixelformat) {
			snprintf(buf, size, "%.32s", (const char *)d.description);
			return;
		}
	}
}

static void print_colours(uint32_t colorspace, uint32_t xfer, uint32_t ycbcr, uint32_t quant,
			  uint32_t flags)
{
	printf("\tColorspace        : %s\n\tTransfer Function : %s\n\tYCbCr/HSV Encoding: %s\n"
	       "\tQuantization      : %s\n\tFlags             : ",
	       ctl_name(ctl_colorspace_names, colorspace), ctl_name(ctl_xfer_names, xfer),
	       ctl_name(ctl_ycbcr_names, ycbcr), ctl_name(ctl_quant_names, quant));
	if (flags)
		ctl_print_flags_inline(ctl_pix_flag_names, flags);
	putchar('\n');
}

static void print_fmt(struct ctl *c, const struct vmedia_format *f)
{
	const struct vmedia_pix_format_mplane *mp = &f->fmt.pix_mp;
	const struct vmedia_pix_format *p = &f->fmt.pix;
	uint32_t fourcc = is_mplane(f->type) ? mp->pixelformat : p->pixelformat;
	char fcc[8], text[40];

	describe(c, fourcc, text, sizeof(text));
	printf("Format %s:\n", ctl_name(ctl_buf_type_names, f->type));
	if (!is_mplane(f->type)) {
		printf("\tWidth/Height      : %u/%u\n\tPixel Format      : '%s' (%s)\n\tField      "
		       "       : %s\n"
		       "\tBytes per Line    : %u\n\tSize Image        : %u\n",
		       p->width, p->height, ctl_fourcc(fourcc, fcc), text,
		       ctl_name(ctl_field_names, p->field), p->bytesperline, p->sizeimage);
		print_colours(p->colorspace, p->xfer_func, p->ycbcr_enc, p->quantization, p->flags);
		return;
	}
	printf("\tWidth/Height      : %u/%u\n\tPixel Format      : '%s' (%s)\n\tField             "
	       ": %s\n"
	       "\tNumber of planes  : %u\n",
	       mp->width, mp->height, ctl_fourcc(fourcc, fcc), text,
	       ctl_name(ctl_field_names, mp->field), mp->num_planes);
	print_colours(mp->colorspace, mp->xfer_func, mp->ycbcr_enc, mp->quantization, mp->flags);
	for (unsigned int i = 0; i < mp->num_planes && i < VMEDIA_MAX_PLANES; i++)
		printf("\tPlane %u           :\n\t   Bytes per Line : %u\n\t   Size Image     : "
		       "%u\n",
		       i, mp->plane_fmt[i].bytesperline, mp->plane_fmt[i].sizeimage);
}

int ctl_show_fmt(struct ctl *c)
{
	struct vmedia_format f = { .type = c->type };
	int ret = vmedia_ioctl(c->f, VIDIOC_G_FMT, &f);

	if (ret < 0)
		return ctl_fail("VIDIOC_G_FMT", ret);
	print_fmt(c, &f);
	return 0;
}

/* ---- "width=640,height=480,pixelformat=YUYV" ---- */

struct spec {
	uint32_t width, height, pixelformat, bytesperline;
	uint32_t field; /* UINT32_MAX: not given */
};

static int parse_fourcc(const char *text, uint32_t *pixelformat)
{
	size_t n = strlen(text);
	char ch[4] = { ' ', ' ', ' ', ' ' };
	uint32_t be = 0;

	if (n == 7 && strcmp(text + 4, "-BE") == 0) {
		be = 1u << 31;
		n = 4;
	}
	if (n < 1 || n > 4)
		return -EINVAL;
	memcpy(ch, text, n);
	*pixelformat = v4l2_fourcc(ch[0], ch[1], ch[2], ch[3]) | be;
	return 0;
}

static int parse_u32(const char *text, uint32_t *value)
{
	char *end;
	unsigned long long v = strtoull(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || v > UINT32_MAX)
		return -EINVAL;
	*value = (uint32_t)v;
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

static int parse_spec(const char *text, struct spec *s)
{
	char key[WORD], value[WORD];
	int ret = 0;

	*s = (struct spec){ .field = UINT32_MAX };
	while (ret == 0 && ctl_next_pair(&text, key, value, WORD)) {
		if (!strcmp(key, "width"))
			ret = parse_u32(value, &s->width);
		else if (!strcmp(key, "height"))
			ret = parse_u32(value, &s->height);
		else if (!strcmp(key, "pixelformat") || !*key)
			ret = parse_fourcc(value, &s->pixelformat);
		else if (!strcmp(key, "bytesperline"))
			ret = parse_u32(value, &s->bytesperline);
		else if (!strcmp(key, "field"))
			ret = parse_field(value, &s->field);
		else
			return ctl_fail_text("unknown '%s' in a format; give width=, height=, "
					     "pixelformat=, field= or bytesperline=",
					     key);
	}
	return ret < 0 ? ctl_fail_text("'%s=%s' is no valid part of a format", key, value) : 0;
}

static void apply(struct vmedia_format *f, const struct spec *s)
{
	struct vmedia_pix_format_mplane *mp = &f->fmt.pix_mp;
	struct vmedia_pix_format *p = &f->fmt.pix;

	if (is_mplane(f->type)) {
		mp->width = s->width ? s->width : mp->width;
		mp->height = s->height ? s->height : mp->height;
		mp->pixelformat = s->pixelformat ? s->pixelformat : mp->pixelformat;
		mp->field = s->field != UINT32_MAX ? s->field : mp->field;
		for (unsigned int i = 0; i < VMEDIA_MAX_PLANES; i++) {
			mp->plane_fmt[i].bytesperline = s->bytesperline;
			mp->plane_fmt[i].sizeimage = 0;
		}
		return;
	}
	p->width = s->width ? s->width : p->width;
	p->height = s->height ? s->height : p->height;
	p->pixelformat = s->pixelformat ? s->pixelformat : p->pixelformat;
	p->field = s->field != UINT32_MAX ? s->field : p->field;
	p->bytesperline = s->bytesperline;
	p->sizeimage = 0;
}

int ctl_change_fmt(struct ctl *c, const char *text, bool try_only)
{
	unsigned long req = try_only ? VIDIOC_TRY_FMT : VIDIOC_S_FMT;
	struct vmedia_format f = { .type = c->type };
	struct spec s;
	int ret = parse_spec(text, &s);

	if (ret < 0)
		return ret;
	ret = vmedia_ioctl(c->f, VIDIOC_G_FMT, &f);
	if (ret < 0)
		return ctl_fail("VIDIOC_G_FMT", ret);
	apply(&f, &s);
	ret = vmedia_ioctl(c->f, req, &f);
	if (ret < 0)
		return ctl_fail(try_only ? "VIDIOC_TRY_FMT" : "VIDIOC_S_FMT", ret);
	if (try_only || c->o->verbose)
		print_fmt(c, &f);
	return 0;
}

/* ---- what there is ---- */

static void print_interval(const struct vmedia_frmivalenum *iv, const char *indent)
{
	const struct vmedia_fract *d = &iv->discrete;

	if (iv->type == V4L2_FRMIVAL_TYPE_DISCRETE && d->numerator && d->denominator)
		printf("%sInterval: Discrete %.3fs (%.3f fps)\n", indent,
		       (double)d->numerator / d->denominator,
		       (double)d->denominator / d->numerator);
	else if (iv->type != V4L2_FRMIVAL_TYPE_DISCRETE)
		printf("%sInterval: %s %u/%u - %u/%u with step %u/%u\n", indent,
		       iv->type == V4L2_FRMIVAL_TYPE_STEPWISE ? "Stepwise" : "Continuous",
		       iv->stepwise.min.numerator, iv->stepwise.min.denominator,
		       iv->stepwise.max.numerator, iv->stepwise.max.denominator,
		       iv->stepwise.step.numerator, iv->stepwise.step.denominator);
}

static void list_intervals(struct ctl *c, uint32_t pixelformat, uint32_t w, uint32_t h,
			   const char *indent)
{
	struct vmedia_frmivalenum iv;

	for (uint32_t i = 0; i < 4096; i++) {
		iv = (struct vmedia_frmivalenum){
			.index = i, .pixel_format = pixelformat, .width = w, .height = h
		};
		if (vmedia_ioctl(c->f, VIDIOC_ENUM_FRAMEINTERVALS, &iv) < 0)
			return;
		print_interval(&iv, indent);
		if (iv.type != V4L2_FRMIVAL_TYPE_DISCRETE)
			return;
	}
}

static void list_sizes(struct ctl *c, uint32_t pixelformat, const char *indent, bool intervals)
{
	struct vmedia_frmsizeenum fs;

	for (uint32_t i = 0; i < 4096; i++) {
		fs = (struct vmedia_frmsizeenum){ .index = i, .pixel_format = pixelformat };
		if (vmedia_ioctl(c->f, VIDIOC_ENUM_FRAMESIZES, &fs) < 0)
			return;
		if (fs.type != V4L2_FRMSIZE_TYPE_DISCRETE) {
			printf("%sSize: %s %ux%u - %ux%u with step %u/%u\n", indent,
			       fs.type == V4L2_FRMSIZE_TYPE_STEPWISE ? "Stepwise" : "Continuous",
			       fs.stepwise.min_width, fs.stepwise.min_height, fs.stepwise.max_width,
			       fs.stepwise.max_height, fs.stepwise.step_width,
			       fs.stepwise.step_height);
			return;
		}
		printf("%sSize: Discrete %ux%u\n", indent, fs.discrete.width, fs.discrete.height);
		if (intervals)
			list_intervals(c, pixelformat, fs.discrete.width, fs.discrete.height,
				       "\t\t\t");
	}
}

static void list_type(struct ctl *c, uint32_t type, bool extended)
{
	struct vmedia_fmtdesc d;
	char fcc[8];

	for (uint32_t i = 0; i < 4096; i++) {
		d = (struct vmedia_fmtdesc){ .index = i, .type = type };
		if (vmedia_ioctl(c->f, VIDIOC_ENUM_FMT, &d) < 0)
			return;
		if (i == 0)
			printf("ioctl: VIDIOC_ENUM_FMT\n\tType: %s\n\n",
			       ctl_name(ctl_buf_type_names, type));
		printf("\t[%u]: '%s' (%.32s", i, ctl_fourcc(d.pixelformat, fcc),
		       (const char *)d.description);
		if (d.flags) {
			printf(", ");
			ctl_print_flags_inline(ctl_fmt_flag_names, d.flags);
		}
		printf(")\n");
		if (extended)
			list_sizes(c, d.pixelformat, "\t\t", true);
	}
}

int ctl_list_formats(struct ctl *c, bool extended)
{
	for (const struct ctl_name *t = ctl_buf_type_names; t->name; t++)
		list_type(c, t->value, extended);
	return 0;
}

int ctl_list_sizes(struct ctl *c, const char *text)
{
	struct spec s;
	int ret = parse_spec(text, &s);

	if (ret < 0)
		return ret;
	printf("ioctl: VIDIOC_ENUM_FRAMESIZES\n");
	list_sizes(c, s.pixelformat, "\t", false);
	return 0;
}

int ctl_list_intervals(struct ctl *c, const char *text)
{
	struct spec s;
	int ret = parse_spec(text, &s);

	if (ret < 0)
		return ret;
	printf("ioctl: VIDIOC_ENUM_FRAMEINTERVALS\n");
	list_intervals(c, s.pixelformat, s.width, s.height, "\t");
	return 0;
}

/* ---- frame rate ---- */

static bool is_output(uint32_t type)
{
	return type == V4L2_BUF_TYPE_VIDEO_OUTPUT || type == V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE;
}

static struct vmedia_fract *timeperframe(struct vmedia_streamparm *p)
{
	return is_output(p->type) ? &p->parm.output.timeperframe : &p->parm.capture.timeperframe;
}

int ctl_show_parm(struct ctl *c)
{
	struct vmedia_streamparm p = { .type = c->type };
	int ret = vmedia_ioctl(c->f, VIDIOC_G_PARM, &p);
	const struct vmedia_fract *t = timeperframe(&p);

	if (ret == -ENOTTY)
		return 0;
	if (ret < 0)
		return ctl_fail("VIDIOC_G_PARM", ret);
	printf("Streaming Parameters %s:\n", ctl_name(ctl_buf_type_names, c->type));
	if (t->numerator && t->denominator)
		printf("\tFrames per second: %.3f (%u/%u)\n", (double)t->denominator / t->numerator,
		       t->denominator, t->numerator);
	if (!is_output(p.type))
		printf("\tRead buffers     : %u\n", p.parm.capture.readbuffers);
	return 0;
}

int ctl_set_parm(struct ctl *c, const char *fps)
{
	struct vmedia_streamparm p = { .type = c->type };
	struct vmedia_fract *t = timeperframe(&p);
	char *end;
	double rate = strtod(fps, &end);
	int ret;

	if (*end || end == fps || !(rate > 0) || rate > 1000000)
		return ctl_fail_text("--set-parm=%s: give frames per second", fps);
	t->numerator = 1000;
	t->denominator = (uint32_t)(rate * 1000 + 0.5);
	ret = vmedia_ioctl(c->f, VIDIOC_S_PARM, &p);
	if (ret < 0)
		return ctl_fail("VIDIOC_S_PARM", ret);
	if (t->numerator && t->denominator)
		printf("Frame rate set to %.3f fps\n", (double)t->denominator / t->numerator);
	return 0;
}
