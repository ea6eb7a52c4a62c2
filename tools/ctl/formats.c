/* SPDX-License-Identifier: BSD-3-Clause */
/* Formats, frame sizes, intervals and the frame rate. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "names.h"
#include "spec.h"

bool ctl_is_output(uint32_t type)
{
	return type == V4L2_BUF_TYPE_VIDEO_OUTPUT || type == V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE;
}

bool ctl_is_mplane(uint32_t type)
{
	return type == V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE ||
	       type == V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE;
}

/* ---- one format ---- */

/* Find @pixelformat. Returns 0, -ENOENT, -ENOTTY if nothing is listed, or -EIO after a line. */
static int find_format(struct ctl *c, uint32_t type, uint32_t pixelformat, struct vmedia_fmtdesc *d)
{
	for (uint32_t i = 0; ctl_may_list(c); i++) {
		*d = (struct vmedia_fmtdesc){ .index = i, .type = type };
		if (vmedia_ioctl(c->f, VIDIOC_ENUM_FMT, d) < 0)
			return i ? -ENOENT : -ENOTTY;
		if (d->pixelformat == pixelformat)
			return 0;
	}
	return -EIO;
}

bool ctl_is_coded(struct ctl *c, uint32_t type, uint32_t pixelformat, uint32_t *flags)
{
	struct vmedia_fmtdesc d;

	*flags = find_format(c, type, pixelformat, &d) == 0 ? d.flags : 0;
	return *flags & V4L2_FMT_FLAG_COMPRESSED;
}

static void describe(struct ctl *c, uint32_t type, uint32_t pixelformat, char buf[CTL_TEXT])
{
	struct vmedia_fmtdesc d;

	memcpy(buf, "?", 2);
	if (find_format(c, type, pixelformat, &d) == 0)
		ctl_text(buf, d.description, sizeof(d.description));
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
	uint32_t fourcc = ctl_is_mplane(f->type) ? mp->pixelformat : p->pixelformat;
	char fcc[8], text[CTL_TEXT];

	describe(c, f->type, fourcc, text);
	printf("Format %s:\n", ctl_name(ctl_buf_type_names, f->type));
	if (!ctl_is_mplane(f->type)) {
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

int ctl_show_fmt(struct ctl *c, uint32_t type)
{
	struct vmedia_format f = { .type = type };
	int ret = vmedia_ioctl(c->f, VIDIOC_G_FMT, &f);

	if (ret < 0)
		return ctl_fail("VIDIOC_G_FMT", ret);
	print_fmt(c, &f);
	return 0;
}

/* ---- change it ---- */

/* The option that lists the formats of @type. */
static const char *list_option(const struct ctl *c, uint32_t type)
{
	return type == c->out_type && type != c->type ? "--list-formats-out" : "--list-formats";
}

/* Get the format of that index. Returns 0, or an error after a line on standard error. */
static int format_at(struct ctl *c, uint32_t type, struct ctl_spec *s)
{
	struct vmedia_fmtdesc d = { .type = type, .index = s->index };
	int ret = vmedia_ioctl(c->f, VIDIOC_ENUM_FMT, &d);

	if (ret == -EINVAL)
		return ctl_usage_text("there is no format %u; %s tells which there are", s->index,
				      list_option(c, type));
	if (ret < 0)
		return ctl_fail("VIDIOC_ENUM_FMT", ret);
	s->pixelformat = d.pixelformat;
	return 0;
}

/*
 * Check that the device has this pixel format. Without the check VIDIOC_S_FMT would silently choose
 * another one. A device that lists no formats is not checked.
 */
static int check_format(struct ctl *c, uint32_t type, uint32_t pixelformat)
{
	struct vmedia_fmtdesc d;
	char fcc[8];
	int ret = find_format(c, type, pixelformat, &d);

	if (ret == -ENOENT)
		return ctl_usage_text("there is no format '%s'; %s tells which there are",
				      ctl_fourcc(pixelformat, fcc), list_option(c, type));
	return ret == -ENOTTY ? 0 : ret;
}

/* Parse @text. The pixel format is one that the queue has, or 0 if none was given. */
static int get_spec(struct ctl *c, uint32_t type, const char *text, struct ctl_spec *s)
{
	int ret = ctl_spec_parse(text, s);

	if (ret < 0)
		return ret;
	if (s->index != CTL_SPEC_NONE)
		return format_at(c, type, s);
	return s->pixelformat ? check_format(c, type, s->pixelformat) : 0;
}

/* The same for lists, which have the formats of both queues. An index is one of --list-formats. */
static int get_any_spec(struct ctl *c, const char *text, struct ctl_spec *s)
{
	struct vmedia_fmtdesc d;
	int ret = ctl_spec_parse(text, s);

	if (ret == 0 && s->pixelformat && c->out_type &&
	    find_format(c, c->out_type, s->pixelformat, &d) == 0)
		return 0;
	return ret < 0 ? ret : get_spec(c, c->type, text, s);
}

static uint32_t given(uint32_t value, uint32_t old)
{
	return value != CTL_SPEC_NONE ? value : old;
}

/* V4L2 requires a flag with colours that the device is to convert to. */
static uint32_t pix_flags(const struct ctl_spec *s, uint32_t old)
{
	uint32_t flags = old & ~(uint32_t)V4L2_PIX_FMT_FLAG_SET_CSC;

	if (ctl_spec_has_colours(s))
		flags |= V4L2_PIX_FMT_FLAG_SET_CSC;
	return s->premul_alpha ? flags | V4L2_PIX_FMT_FLAG_PREMUL_ALPHA : flags;
}

static void apply_mplane(struct vmedia_pix_format_mplane *mp, const struct ctl_spec *s)
{
	mp->width = s->width ? s->width : mp->width;
	mp->height = s->height ? s->height : mp->height;
	mp->pixelformat = s->pixelformat ? s->pixelformat : mp->pixelformat;
	mp->field = given(s->field, mp->field);
	mp->colorspace = given(s->colorspace, mp->colorspace);
	mp->xfer_func = (uint8_t)given(s->xfer, mp->xfer_func);
	mp->ycbcr_enc = (uint8_t)given(s->ycbcr, mp->ycbcr_enc);
	mp->quantization = (uint8_t)given(s->quantization, mp->quantization);
	mp->flags = (uint8_t)pix_flags(s, mp->flags);
	for (unsigned int i = 0; i < VMEDIA_MAX_PLANES; i++) {
		mp->plane_fmt[i].bytesperline = s->bytesperline[i];
		mp->plane_fmt[i].sizeimage = s->sizeimage[i];
	}
}

static void apply_pix(struct vmedia_pix_format *p, const struct ctl_spec *s)
{
	p->width = s->width ? s->width : p->width;
	p->height = s->height ? s->height : p->height;
	p->pixelformat = s->pixelformat ? s->pixelformat : p->pixelformat;
	p->field = given(s->field, p->field);
	p->colorspace = given(s->colorspace, p->colorspace);
	p->xfer_func = given(s->xfer, p->xfer_func);
	p->ycbcr_enc = given(s->ycbcr, p->ycbcr_enc);
	p->quantization = given(s->quantization, p->quantization);
	p->priv = V4L2_PIX_FMT_PRIV_MAGIC;	/* the last four and the flags count */
	p->flags = pix_flags(s, p->flags);
	p->bytesperline = s->bytesperline[0];
	p->sizeimage = s->sizeimage[0];
}

static void apply(struct vmedia_format *f, const struct ctl_spec *s)
{
	if (ctl_is_mplane(f->type))
		apply_mplane(&f->fmt.pix_mp, s);
	else
		apply_pix(&f->fmt.pix, s);
}

_Static_assert(CTL_SPEC_PLANES == VMEDIA_MAX_PLANES, "one for each plane");

int ctl_change_fmt(struct ctl *c, uint32_t type, const char *text, bool try_only)
{
	unsigned long req = try_only ? VIDIOC_TRY_FMT : VIDIOC_S_FMT;
	struct vmedia_format f = { .type = type };
	struct ctl_spec s;
	int ret;

	if (!*text)
		return ctl_usage_text("--%s-fmt-video%s: give width=, height= or pixelformat=",
				      try_only ? "try" : "set",
				      type == c->type ? "" : "-out");
	ret = get_spec(c, type, text, &s);
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

static double seconds(const struct vmedia_fract *t)
{
	return t->denominator ? (double)t->numerator / t->denominator : 0.0;
}

static double rate(const struct vmedia_fract *t)
{
	return t->numerator ? (double)t->denominator / t->numerator : 0.0;
}

static void print_interval(const struct vmedia_frmivalenum *iv, const char *indent)
{
	const struct vmedia_fract *min = &iv->stepwise.min, *max = &iv->stepwise.max;

	if (iv->type == V4L2_FRMIVAL_TYPE_DISCRETE)
		printf("%sInterval: Discrete %.3fs (%.3f fps)\n", indent, seconds(&iv->discrete),
		       rate(&iv->discrete));
	else if (iv->type == V4L2_FRMIVAL_TYPE_CONTINUOUS)
		printf("%sInterval: Continuous %.3fs - %.3fs (%.3f-%.3f fps)\n", indent,
		       seconds(min), seconds(max), rate(max), rate(min));
	else
		printf("%sInterval: Stepwise %.3fs - %.3fs with step %.3fs (%.3f-%.3f fps)\n",
		       indent, seconds(min), seconds(max), seconds(&iv->stepwise.step), rate(max),
		       rate(min));
}

static int list_intervals(struct ctl *c, uint32_t pixelformat, uint32_t w, uint32_t h,
			  const char *indent)
{
	struct vmedia_frmivalenum iv;
	int ret = 0;

	for (uint32_t i = 0; ctl_may_list(c); i++) {
		iv = (struct vmedia_frmivalenum){
			.index = i, .pixel_format = pixelformat, .width = w, .height = h
		};
		ret = vmedia_ioctl(c->f, VIDIOC_ENUM_FRAMEINTERVALS, &iv);
		if (ret < 0)
			break;
		print_interval(&iv, indent);
		if (iv.type != V4L2_FRMIVAL_TYPE_DISCRETE)
			return 0;
	}
	return ctl_list_ended(c, "VIDIOC_ENUM_FRAMEINTERVALS", ret);
}

static void print_range(const struct vmedia_frmsizeenum *fs, const char *indent)
{
	bool steps = fs->type == V4L2_FRMSIZE_TYPE_STEPWISE;

	printf("%sSize: %s %ux%u - %ux%u", indent, steps ? "Stepwise" : "Continuous",
	       fs->stepwise.min_width, fs->stepwise.min_height, fs->stepwise.max_width,
	       fs->stepwise.max_height);
	if (steps)
		printf(" with step %u/%u", fs->stepwise.step_width, fs->stepwise.step_height);
	putchar('\n');
}

static int list_sizes(struct ctl *c, uint32_t pixelformat, const char *indent, bool intervals)
{
	struct vmedia_frmsizeenum fs;
	int ret = 0, err = 0;

	for (uint32_t i = 0; err == 0 && ctl_may_list(c); i++) {
		fs = (struct vmedia_frmsizeenum){ .index = i, .pixel_format = pixelformat };
		ret = vmedia_ioctl(c->f, VIDIOC_ENUM_FRAMESIZES, &fs);
		if (ret < 0)
			break;
		if (fs.type != V4L2_FRMSIZE_TYPE_DISCRETE) {
			print_range(&fs, indent);
			return 0;
		}
		printf("%sSize: Discrete %ux%u\n", indent, fs.discrete.width, fs.discrete.height);
		if (intervals)
			err = list_intervals(c, pixelformat, fs.discrete.width, fs.discrete.height,
					     "\t\t\t");
	}
	return err < 0 ? err : ctl_list_ended(c, "VIDIOC_ENUM_FRAMESIZES", ret);
}

static void print_fmtdesc(const struct vmedia_fmtdesc *d)
{
	char fcc[8], text[CTL_TEXT];

	printf("\t[%u]: '%s' (%s", d->index, ctl_fourcc(d->pixelformat, fcc),
	       ctl_text(text, d->description, sizeof(d->description)));
	if (d->flags) {
		printf(", ");
		ctl_print_flags_inline(ctl_fmt_flag_names, d->flags);
	}
	printf(")\n");
}

static int list_type(struct ctl *c, uint32_t type, bool extended)
{
	struct vmedia_fmtdesc d;
	int ret = 0, err = 0;

	for (uint32_t i = 0; err == 0 && ctl_may_list(c); i++) {
		d = (struct vmedia_fmtdesc){ .index = i, .type = type };
		ret = vmedia_ioctl(c->f, VIDIOC_ENUM_FMT, &d);
		if (ret < 0)
			break;
		if (i == 0)
			printf("ioctl: VIDIOC_ENUM_FMT\n\tType: %s\n\n",
			       ctl_name(ctl_buf_type_names, type));
		print_fmtdesc(&d);
		if (extended)
			err = list_sizes(c, d.pixelformat, "\t\t", true);
	}
	return err < 0 ? err : ctl_list_ended(c, "VIDIOC_ENUM_FMT", ret);
}

int ctl_list_formats(struct ctl *c, bool out, bool extended)
{
	int ret = 0;

	if (out)
		return list_type(c, c->out_type, extended);
	for (const struct ctl_name *t = ctl_buf_type_names; ret == 0 && t->name; t++)
		if (t->value == c->type || t->value != c->out_type)
			ret = list_type(c, t->value, extended);
	return ret;
}

int ctl_list_sizes(struct ctl *c, const char *text)
{
	struct ctl_spec s;
	int ret = get_any_spec(c, text, &s);

	if (ret < 0)
		return ret;
	if (!s.pixelformat)
		return ctl_usage_text("--list-framesizes: give a pixel format, four letters or an "
				      "index of --list-formats");
	printf("ioctl: VIDIOC_ENUM_FRAMESIZES\n");
	return list_sizes(c, s.pixelformat, "\t", false);
}

int ctl_list_intervals(struct ctl *c, const char *text)
{
	struct vmedia_frmivalenum iv = { 0 };
	struct ctl_spec s;
	int ret = get_any_spec(c, text, &s);
	char fcc[8];

	if (ret < 0)
		return ret;
	if (!s.pixelformat || !s.width || !s.height)
		return ctl_usage_text("--list-frameintervals: give width=, height= and "
				      "pixelformat=");
	iv.pixel_format = s.pixelformat;
	iv.width = s.width;
	iv.height = s.height;
	ret = vmedia_ioctl(c->f, VIDIOC_ENUM_FRAMEINTERVALS, &iv);
	if (ret == -EINVAL) {
		ctl_fourcc(s.pixelformat, fcc);
		return ctl_usage_text("there is no size %ux%u of '%s'; --list-framesizes=%s tells "
				      "which there are", s.width, s.height, fcc, fcc);
	}
	printf("ioctl: VIDIOC_ENUM_FRAMEINTERVALS\n");
	return list_intervals(c, s.pixelformat, s.width, s.height, "\t");
}

/* ---- frame rate ---- */

static struct vmedia_fract *timeperframe(struct vmedia_streamparm *p)
{
	return ctl_is_output(p->type) ? &p->parm.output.timeperframe
				      : &p->parm.capture.timeperframe;
}

int ctl_show_parm(struct ctl *c, uint32_t type)
{
	struct vmedia_streamparm p = { .type = type };
	int ret = vmedia_ioctl(c->f, VIDIOC_G_PARM, &p);
	const struct vmedia_fract *t = timeperframe(&p);

	if (ret < 0)
		return ctl_fail("VIDIOC_G_PARM", ret);
	printf("Streaming Parameters %s:\n", ctl_name(ctl_buf_type_names, type));
	if (p.parm.capture.capability & V4L2_CAP_TIMEPERFRAME)
		printf("\tCapabilities     : timeperframe\n");
	if (t->numerator && t->denominator)
		printf("\tFrames per second: %.3f (%u/%u)\n", (double)t->denominator / t->numerator,
		       t->denominator, t->numerator);
	if (!ctl_is_output(p.type))
		printf("\tRead buffers     : %u\n", p.parm.capture.readbuffers);
	return 0;
}

int ctl_set_parm(struct ctl *c, uint32_t type, const char *fps)
{
	struct vmedia_streamparm p = { .type = type };
	struct vmedia_fract *t = timeperframe(&p);
	char *end;
	double wanted = strtod(fps, &end);
	int ret;

	if (*end || end == fps || !(wanted >= 0.001) || wanted > 1000000)
		return ctl_usage_text("--set-%sparm=%s: give frames per second",
				      type == c->type ? "" : "output-", fps);
	t->numerator = 1000;
	t->denominator = (uint32_t)(wanted * 1000 + 0.5);
	ret = vmedia_ioctl(c->f, VIDIOC_S_PARM, &p);
	if (ret < 0)
		return ctl_fail("VIDIOC_S_PARM", ret);
	if (t->numerator && t->denominator)
		printf("Frame rate set to %.3f fps\n", (double)t->denominator / t->numerator);
	return 0;
}
