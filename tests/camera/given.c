// SPDX-License-Identifier: BSD-3-Clause
/*
 * What the ffmpeg program gives for a media file.
 */
#include "given.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <libavutil/pixdesc.h>
#include <linux/videodev2.h>
#include <vmedia/pixfmt.h>

#include "eye.h"

#define OUTPUTS 16		/* at most, of one run */

static char folder[64];

bool given_init(void)
{
	snprintf(folder, sizeof(folder), "camera-media-XXXXXX");
	return mkdtemp(folder);
}

static void remove_result(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	unlink(path);
}

void given_fini(void)
{
	char name[16];

	for (int i = 0; i < OUTPUTS; i++) {
		snprintf(name, sizeof(name), "out%d", i);
		remove_result(name);
	}
	remove_result("log");
	rmdir(folder);
}

/* ---- What is in the file ---- */

/* Run ffmpeg on the file, to @outputs; its words go to log in the folder. */
static bool run_ffmpeg(const struct given *g, const char *outputs)
{
	char command[8192], quoted[2048];
	size_t used = 0;

	for (const char *p = g->path; *p && used + 5 < sizeof(quoted); p++) {
		if (*p == '\'')
			used += (size_t)snprintf(quoted + used, 4, "'\\'");
		quoted[used++] = *p;
	}
	quoted[used] = 0;
	used = (size_t)snprintf(command, sizeof(command),
				"ffmpeg -nostdin -hide_banner -y -i '%s' -vsync passthrough %s "
				">%s/log 2>&1",
				quoted, outputs, folder);
	assert_true(used < sizeof(command));
	return system(command) == 0;
}

static FILE *open_result(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return fopen(path, "rb");
}

/* The word behind @key in @line. */
static bool word(const char *line, const char *key, char *to, size_t size)
{
	const char *at = strstr(line, key);
	size_t n;

	if (!at)
		return false;
	at += strlen(key);
	n = strcspn(at, " ,)\n");
	if (n >= size)
		n = size - 1;
	memcpy(to, at, n);
	to[n] = 0;
	return true;
}

static void read_log(struct given *g)
{
	FILE *log = open_result("log");
	char line[4096], text[64];

	assert_non_null(log);
	while (fgets(line, sizeof(line), log)) {
		if (strstr(line, " -> #0:0 ("))
			word(line, "-> #0:0 (", g->codec, sizeof(g->codec));
		if (!strstr(line, "Parsed_showinfo"))
			continue;
		if (word(line, "color_range:", g->range, sizeof(g->range))) {
			word(line, "color_space:", g->space, sizeof(g->space));
			word(line, "color_primaries:", g->primaries, sizeof(g->primaries));
			word(line, "color_trc:", g->transfer, sizeof(g->transfer));
		}
		if (!word(line, " pts_time:", text, sizeof(text)))
			continue;
		if (g->num_times == PICTURES + 1)
			break;
		g->timed = strcmp(text, "NOPTS") != 0;
		g->times[g->num_times++] = atof(text);
		if (g->num_times > 1)
			continue;
		word(line, " fmt:", g->format, sizeof(g->format));
		word(line, " i:", text, sizeof(text));
		g->field = text[0];
		if (word(line, " sar:", text, sizeof(text))) {
			int num = 0, den = 1;

			if (sscanf(text, "%d/%d", &num, &den) == 2 && num && den)
				g->sar = (double)num / den;
		}
		word(line, " s:", text, sizeof(text));
		assert_int_equal(sscanf(text, "%dx%d", &g->width, &g->height), 2);
	}
	fclose(log);
}

bool given_ask(struct given *g, const char *path)
{
	char options[512];

	memset(g, 0, sizeof(*g));
	g->path = path;
	g->sar = 1;
	snprintf(options, sizeof(options), "-an -sn -dn -vf showinfo -frames:v %d -f null -",
		 PICTURES + 1);
	if (!run_ffmpeg(g, options))
		return false;
	read_log(g);
	g->w = (uint32_t)(g->sar > 1 ? 2 * round(g->width * g->sar / 2) : g->width);
	g->h = (uint32_t)(g->sar < 1 ? 2 * round(g->height / g->sar / 2) : g->height);
	return g->num_times;
}

/* ---- Its pictures ---- */

/* How pictures are asked for: so that each pixel has the chroma that it has in what arrives. */
struct way {
	struct vmedia_camera_format raw;
	const char *filter;
	struct shown *shown;
};

static int ways_of(const struct given *g, const struct vmedia_camera_format *fmt, struct way w[2])
{
	const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(av_get_pix_fmt(g->format));

	w[0] = w[1] = (struct way){ .raw = *fmt, .filter = "bicubic" };
	switch (fmt->pixelformat) {
	case V4L2_PIX_FMT_YUYV:
		/* Chroma that two rows of the file share is interpolated, or repeated. */
		w[1].raw.pixelformat = V4L2_PIX_FMT_YUV420;
		return d && d->log2_chroma_h ? 2 : 1;
	case V4L2_PIX_FMT_NV12:
		/* Not as nv12: of grey, ffmpeg leaves its chroma unset. */
		w[0].raw.pixelformat = V4L2_PIX_FMT_YUV420;
		return 1;
	case V4L2_PIX_FMT_MJPEG:
		/* Pictures are coded as 4:2:0. A JPEG stays as it is, whatever it shares. */
		w[0].raw.pixelformat = V4L2_PIX_FMT_YUV420;
		w[0].raw.field = V4L2_FIELD_NONE;	/* as a decoder sees it */
		w[1].raw.pixelformat = V4L2_PIX_FMT_RGB24;
		w[1].filter = "neighbor";
		return !strcmp(g->codec, "mjpeg") ? 2 : 1;
	default:
		return 1;
	}
}

/* False: @file, which has no padding, has no more pictures. */
static bool read_picture(FILE *file, const struct vmedia_picture_layout *l, uint8_t *data)
{
	for (unsigned int i = 0; i < l->num_colour; i++) {
		const struct vmedia_layout_plane *p = &l->colour[i];

		for (uint32_t y = 0; y < p->lines; y++)
			if (fread(data + p->offset + (size_t)y * p->stride, 1, p->width, file) !=
			    p->width)
				return false;
	}
	return true;
}

static void read_pictures(const struct way *way, int output)
{
	struct vmedia_camera_format raw = way->raw;
	struct shown *s = way->shown;
	struct vmedia_picture_layout l;
	uint8_t *data;
	char name[16];
	FILE *out;

	snprintf(name, sizeof(name), "out%d", output);
	out = open_result(name);
	assert_non_null(out);
	assert_int_equal(vmedia_pixfmt_layout(vmedia_pixfmt_find(raw.pixelformat), raw.width,
					      raw.height, NULL, &l),
			 0);
	raw.bytesperline = l.bytesperline[0];
	data = calloc(1, l.sizeimage[0]);
	assert_non_null(data);
	while (s->count < PICTURES && read_picture(out, &l, data))
		s->rgb[s->count++] = eye_see(&raw, data, l.sizeimage[0]);
	assert_true(s->count);
	free(data);
	fclose(out);
}

static const char *matrix_of(uint32_t ycbcr_enc)
{
	switch (ycbcr_enc) {
	case V4L2_YCBCR_ENC_601:
		return "bt601";
	case V4L2_YCBCR_ENC_709:
		return "bt709";
	case V4L2_YCBCR_ENC_BT2020:
	case V4L2_YCBCR_ENC_BT2020_CONST_LUM:
		return "bt2020";
	case V4L2_YCBCR_ENC_SMPTE240M:
		return "smpte240m";
	default:
		fail_msg("ffmpeg has no matrix for ycbcr_enc %u", ycbcr_enc);
		return NULL;
	}
}

static const char *name_of(uint32_t pixelformat)
{
	switch (pixelformat) {
	case V4L2_PIX_FMT_YUYV:
		return "yuyv422";
	case V4L2_PIX_FMT_RGB24:
		return "rgb24";
	default:
		return "yuv420p";
	}
}

/* The filters before all others, each with a comma. */
static const char *prepare(const char *format)
{
	const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(av_get_pix_fmt(format));

	if (d && d->flags & AV_PIX_FMT_FLAG_ALPHA)
		return "format=gbrap,premultiply=inplace=1,format=gbrp,";
	/* Of few bits ffmpeg makes a white that is none, unless it makes RGB of 8 bits first. */
	return d && d->flags & AV_PIX_FMT_FLAG_RGB ? "format=rgb24," : "";
}

/* The options of one output; returns how many characters there are. */
static size_t print_output(const struct given *g, const struct way *way, int output, char *to,
			   size_t size)
{
	const struct vmedia_camera_format *raw = &way->raw;
	uint32_t full_w = (uint32_t)g->width, full_h = (uint32_t)g->height;
	/* An odd column or row is left out, not squeezed. */
	uint32_t w = raw->width + 1 == full_w ? raw->width : full_w,
		 h = raw->height + 1 == full_h ? raw->height : full_h;
	char crop[64] = "";

	/* Not if all is shown: some formats it can only cut when they are converted. */
	if (w != full_w || h != full_h)
		snprintf(crop, sizeof(crop), "crop=%u:%u:0:0:exact=1,", w, h);
	return (size_t)snprintf(
		to, size,
		"-an -sn -dn -vf \"%s%sscale=%u:%u:flags=%s+accurate_rnd+full_chroma_int%s:"
		"interl=-1:out_color_matrix=%s:out_range=%s,format=%s\" -frames:v %d -f rawvideo "
		"%s/out%d ",
		crop, prepare(g->format), raw->width, raw->height, way->filter,
		/* Or chroma of the last column of RGB has a part that is not there. */
		w & 1 ? "+full_chroma_inp" : "", matrix_of(raw->ycbcr_enc),
		raw->quantization == V4L2_QUANTIZATION_FULL_RANGE ? "full" : "limited",
		name_of(raw->pixelformat), PICTURES, folder, output);
}

void given_pictures(const struct given *g, struct wanted *wanted, int count)
{
	struct way ways[OUTPUTS];
	char outputs[6144];
	size_t used = 0;
	int n = 0;

	assert_true(2 * count <= OUTPUTS);
	for (int i = 0; i < count; i++) {
		int more = ways_of(g, &wanted[i].fmt, &ways[n]);

		for (int j = 0; j < more; j++, n++) {
			ways[n].shown = &wanted[i].ways[j];
			used += print_output(g, &ways[n], n, outputs + used,
					     sizeof(outputs) - used);
			assert_true(used < sizeof(outputs));
		}
	}
	if (!n)
		return;
	assert_true(run_ffmpeg(g, outputs));
	for (int i = 0; i < n; i++)
		read_pictures(&ways[i], i);
}

void wanted_free(struct wanted *w)
{
	for (int i = 0; i < 2; i++)
		for (unsigned int j = 0; j < w->ways[i].count; j++)
			free(w->ways[i].rgb[j]);
}

void given_samples(const struct given *g, const char *format, uint8_t *data, size_t size)
{
	char options[128];
	FILE *out;

	snprintf(options, sizeof(options),
		 "-an -sn -dn -frames:v 1 -f rawvideo -pix_fmt %s %s/out0", format, folder);
	assert_true(run_ffmpeg(g, options));
	out = open_result("out0");
	assert_non_null(out);
	assert_int_equal(fread(data, 1, size, out), size);
	fclose(out);
}
