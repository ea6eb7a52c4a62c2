// SPDX-License-Identifier: BSD-3-Clause
/*
 * A table of media files: what the ffmpeg program gives for each, and what arrives. Not one of the
 * tests of `make test': tests/camera/media runs it, on made files and on those of Debian packages.
 *
 * The reference is that program by itself: its choice of the stream, its turning, its scaling to
 * square pixels, its colours, and for transparent pictures its premultiplication, which is fading
 * to black. Where nothing is converted, samples are the same. Otherwise the means of blocks of 8x8
 * pixels are compared, of what somebody sees who believes what the format says (eye.h): 3 of 255 at
 * most for RGB, 6 where pixels share chroma (in the reference they share it too, by its mean, which
 * is not every scaler's way), 8 for JPEG at quality 100; 4 more for interlaced pictures, whose
 * fields ffmpeg converts as if they were one picture; 20 where libswscale shares chroma in odd
 * sizes or takes it from them: it spreads that evenly, half a pixel away, as an edge of strong
 * colours shows. A wrong range is 16 off, a wrong matrix 10 to 40, a wrong turn 100.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <libavutil/pixdesc.h>
#include <vmedia/log.h>

#include "eye.h"
#include "picture.h"

#define PICTURES 6
#define BLOCK 8

/* What ffmpeg gives. */
struct given {
	char codec[32], format[32], range[16], space[24], primaries[24], transfer[24], field;
	int width, height;		/* turned, as decoded */
	double sar;
	unsigned int num_times;
	double times[PICTURES + 1];	/* seconds; of one picture more where there is one */
	bool timed;
	/* Square */
	unsigned int num_pictures;
	uint32_t w, h;
	uint8_t *rgb[PICTURES];
};

static char folder[64];

/* ---- What ffmpeg gives ---- */

/* Run ffmpeg on @path; its words go to log, its output to out, in the folder. */
static bool run_ffmpeg(const char *path, const char *options)
{
	char command[4096], quoted[2048];
	size_t used = 0;

	for (const char *p = path; *p && used + 5 < sizeof(quoted); p++) {
		if (*p == '\'')
			used += (size_t)snprintf(quoted + used, 4, "'\\'");
		quoted[used++] = *p;
	}
	quoted[used] = 0;
	snprintf(command, sizeof(command),
		 "ffmpeg -nostdin -hide_banner -y -i '%s' -an -sn -dn %s %s/out >%s/log 2>&1",
		 quoted, options, folder, folder);
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

static void read_pictures(struct given *g)
{
	FILE *out = open_result("out");
	unsigned int w, h;

	while (out && g->num_pictures < PICTURES && fscanf(out, "P6 %u %u 255", &w, &h) == 2) {
		uint8_t *rgb = malloc((size_t)w * h * 3);

		assert_int_equal(fgetc(out), '\n');
		assert_int_equal(fread(rgb, 3, (size_t)w * h, out), (size_t)w * h);
		g->w = w;
		g->h = h;
		g->rgb[g->num_pictures++] = rgb;
	}
	if (out)
		fclose(out);
}

static bool has_alpha(const char *format)
{
	const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(av_get_pix_fmt(format));

	return d && d->flags & AV_PIX_FMT_FLAG_ALPHA;
}

/* False: ffmpeg gives nothing. */
static bool ask_ffmpeg(const char *path, struct given *g)
{
	char options[512];

	memset(g, 0, sizeof(*g));
	g->sar = 1;
	snprintf(options, sizeof(options), "-vf showinfo -vsync passthrough -frames:v %d -f null",
		 PICTURES + 1);
	if (!run_ffmpeg(path, options))
		return false;
	read_log(g);
	snprintf(options, sizeof(options),
		 "-vf \"%sscale=w='if(gt(sar,1),2*round(iw*sar/2),iw)':"
		 "h='if(gt(sar,0)*lt(sar,1),2*round(ih/sar/2),ih)':flags=bicubic+accurate_rnd"
		 "+full_chroma_int,format=rgb24\" -vsync passthrough -frames:v %d -f image2pipe "
		 "-c:v ppm",
		 has_alpha(g->format) ? "format=gbrap,premultiply=inplace=1,format=gbrp," : "",
		 PICTURES);
	if (!run_ffmpeg(path, options))
		return false;
	read_pictures(g);
	return g->num_pictures && g->num_times;
}

/* ---- What arrives ---- */

/* Which of the pictures frame @n of @interval shows; -1: one that was not asked for. */
static int picture_of(const struct given *g, unsigned int n, struct vmedia_fract interval)
{
	double step = (double)interval.numerator / interval.denominator,
	       now = n * step + step / 8;
	int at = 0;

	if (g->num_pictures == 1 && g->num_times == 1)
		return 0;
	if (!g->timed)
		return n < g->num_pictures ? (int)n : -1;
	while ((unsigned int)at + 1 < g->num_times && g->times[at + 1] - g->times[0] <= now)
		at++;
	/* The last one known: nobody knows until when. */
	if (at + 1 == (int)g->num_times && g->times[at] - g->times[0] + step / 2 < now)
		return -1;
	return (unsigned int)at < g->num_pictures ? at : -1;
}

/* Where block @at begins on a side of @whole pixels, and in *@size how long it is. */
static uint32_t block(uint32_t at, uint32_t whole, uint32_t *size)
{
	*size = whole < BLOCK ? whole : BLOCK;
	/* The last ones overlap. */
	return whole - at < *size ? whole - *size : at;
}

static double mean(const uint8_t *rgb, uint32_t stride, uint32_t x, uint32_t y, uint32_t w,
		   uint32_t h, int channel)
{
	double sum = 0;

	for (uint32_t j = y; j < y + h; j++)
		for (uint32_t i = x; i < x + w; i++)
			sum += rgb[3 * ((size_t)j * stride + i) + (size_t)channel];
	return sum / (w * h);
}

/* The largest difference of a block's mean, and where that block is. */
static double difference(const uint8_t *got, uint32_t w, uint32_t h, const uint8_t *want,
			 uint32_t want_width, uint32_t *at_x, uint32_t *at_y)
{
	double most = 0;

	for (uint32_t y = 0; y < h; y += BLOCK) {
		for (uint32_t x = 0; x < w; x += BLOCK) {
			uint32_t bw, bh, bx = block(x, w, &bw), by = block(y, h, &bh);

			for (int c = 0; c < 3; c++) {
				double d = fabs(mean(got, w, bx, by, bw, bh, c) -
						mean(want, want_width, bx, by, bw, bh, c));

				if (d > most) {
					most = d;
					*at_x = bx;
					*at_y = by;
				}
			}
		}
	}
	return most;
}

/* A cell of pixels that share chroma: they get the mean of it, as if it had been through @fmt. */
static void share_cell(const struct vmedia_camera_format *fmt, uint32_t rows, const uint8_t *want,
		       uint32_t want_width, uint32_t x, uint32_t y, uint8_t *out)
{
	bool full = fmt->quantization == V4L2_QUANTIZATION_FULL_RANGE;
	struct weights w = weights_of_encoding(fmt->ycbcr_enc);
	uint32_t right = x + 2 < fmt->width ? x + 2 : fmt->width,
		 below = y + rows < fmt->height ? y + rows : fmt->height;
	double luma[4], chroma[3] = { 0 }, n = (right - x) * (below - y);
	int k = 0;

	for (uint32_t j = y; j < below; j++) {
		for (uint32_t i = x; i < right; i++) {
			const uint8_t *p = want + 3 * ((size_t)j * want_width + i);
			double ycc[3];

			rgb_to_ycc(w, full, (const double[3]){ p[0], p[1], p[2] }, ycc);
			luma[k++] = ycc[0];
			chroma[1] += ycc[1] / n;
			chroma[2] += ycc[2] / n;
		}
	}
	k = 0;
	for (uint32_t j = y; j < below; j++) {
		for (uint32_t i = x; i < right; i++) {
			double rgb[3];

			chroma[0] = luma[k++];
			ycc_to_rgb(w, full, chroma, rgb);
			for (int c = 0; c < 3; c++)
				out[3 * ((size_t)j * fmt->width + i) + (size_t)c] =
					(uint8_t)(fmin(fmax(rgb[c], 0), 255) + 0.5);
		}
	}
}

/* What is to be seen of @want in @fmt, malloc()ed: with the chroma that the format shares. */
static uint8_t *shared(const struct vmedia_camera_format *fmt, const uint8_t *want,
		       uint32_t want_width)
{
	uint32_t rows = fmt->pixelformat == V4L2_PIX_FMT_YUYV ? 1 : 2;
	uint8_t *out = malloc((size_t)fmt->width * fmt->height * 3);

	assert_non_null(out);
	for (uint32_t y = 0; y < fmt->height; y++) {
		if (fmt->pixelformat == V4L2_PIX_FMT_RGB24)
			memcpy(out + 3 * (size_t)y * fmt->width, want + 3 * (size_t)y * want_width,
			       3 * (size_t)fmt->width);
		else if (y % rows == 0)
			for (uint32_t x = 0; x < fmt->width; x += 2)
				share_cell(fmt, rows, want, want_width, x, y, out);
	}
	return out;
}

/* Pictures whose samples RGB3 shows as they are. */
static bool is_plain_rgb(const struct given *g)
{
	return !strcmp(g->format, "rgb24") || !strcmp(g->format, "bgr24");
}

/* ffmpeg shares the chroma of fields between them; we do not. */
static double slack_of(const struct given *g, uint32_t pixelformat)
{
	const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(av_get_pix_fmt(g->format));
	bool odd = (g->w | g->h) & 1, shares = d && (d->log2_chroma_w || d->log2_chroma_h);
	double fields = g->field != 'P' ? 4 : 0;

	if (odd && (shares || pixelformat == V4L2_PIX_FMT_MJPEG) &&
	    pixelformat != V4L2_PIX_FMT_RGB24)
		return fields + 20;
	switch (pixelformat) {
	case V4L2_PIX_FMT_RGB24:
		return fields + 3;
	case V4L2_PIX_FMT_MJPEG:
		return fields + 8;
	default:
		return fields + 6;
	}
}

/* The first frames in @pixelformat; says what came in @words. */
static void check_format(struct vmedia_camera_source *src, const struct given *g,
			 uint32_t pixelformat, char *words, size_t size)
{
	struct vmedia_camera_format fmt = { .pixelformat = pixelformat,
					    .width = g->w,
					    .height = g->h };
	struct vmedia_fract interval;
	unsigned int shown = 0, n;
	uint32_t x = 0, y = 0;
	double most = 0;
	struct guarded b;

	vmedia_camera_source_try(src, &fmt);
	if (fmt.width + 1 < g->w || fmt.height + 1 < g->h || fmt.width > g->w ||
	    fmt.height > g->h) {
		snprintf(words, size, " %.4s only at %ux%u", (const char *)&pixelformat, fmt.width,
			 fmt.height);
		assert_true(g->w < 2 || g->h < 2);
		return;
	}
	assert_int_equal(vmedia_camera_source_interval(src, 0, &interval), 0);
	assert_int_equal(vmedia_camera_source_start(src, &fmt, &interval), 0);
	guarded_init(&b, fmt.sizeimage, 0);
	for (n = 0; n < (g->num_times == 1 ? 1 : PICTURES); n++) {
		int at = picture_of(g, n, interval);
		uint8_t *rgb, *want;
		double d;

		rgb = eye_see(&fmt, b.data, fill_source(src, &b, n, 0));
		want = at < 0 ? NULL : shared(&fmt, g->rgb[at], g->w);
		d = at < 0 ? 0 : difference(rgb, fmt.width, fmt.height, want, fmt.width, &x, &y);
		free(want);
		if (at >= 0 && pixelformat == V4L2_PIX_FMT_RGB24 && is_plain_rgb(g) && g->sar == 1)
			assert_memory_equal(rgb, g->rgb[at], (size_t)g->w * g->h * 3);
		free(rgb);
		shown += at >= 0;
		most = d > most ? d : most;
		if (d > slack_of(g, pixelformat))
			fail_msg("%.4s, frame %u: the block at %u,%u differs by %.1f from picture "
				 "%d",
				 (const char *)&pixelformat, n, x, y, d, at);
	}
	snprintf(words, size, " %.4s %.1f", (const char *)&pixelformat, most);
	assert_true(shown);
	guarded_fini(&b);
	vmedia_camera_source_stop(src);
}

/* Where ffmpeg's pixel format is one of V4L2's, the samples are the same. */
static bool check_samples(const char *path, struct vmedia_camera_source *src,
			  const struct given *g)
{
	static const struct {
		const char *name;
		uint32_t pixelformat;
	} same[] = {
		{ "yuv420p", V4L2_PIX_FMT_YUV420 }, { "yuvj420p", V4L2_PIX_FMT_YUV420 },
		{ "nv12", V4L2_PIX_FMT_NV12 },	    { "gray", V4L2_PIX_FMT_GREY },
		{ "rgb24", V4L2_PIX_FMT_RGB24 },    { "bgr24", V4L2_PIX_FMT_BGR24 },
	};
	struct vmedia_camera_format fmt = { .width = g->w, .height = g->h };
	struct vmedia_fract interval;
	struct guarded a, b;
	char options[128];
	FILE *out;

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		if (!strcmp(same[i].name, g->format))
			fmt.pixelformat = same[i].pixelformat;
	if (!fmt.pixelformat || g->sar != 1)
		return false;
	vmedia_camera_source_try(src, &fmt);
	if (fmt.width != g->w || fmt.height != g->h)
		return false;
	snprintf(options, sizeof(options), "-frames:v 1 -f rawvideo -pix_fmt %s", g->format);
	assert_true(run_ffmpeg(path, options));
	assert_int_equal(vmedia_camera_source_interval(src, 0, &interval), 0);
	assert_int_equal(vmedia_camera_source_start(src, &fmt, &interval), 0);
	guarded_init(&a, fmt.sizeimage, 0);
	guarded_init(&b, fmt.sizeimage, 0);
	fill_source(src, &a, 0, 0);
	out = open_result("out");
	assert_non_null(out);
	assert_int_equal(fread(b.data, 1, b.size, out), b.size);
	fclose(out);
	assert_memory_equal(a.data, b.data, b.size);
	guarded_fini(&a);
	guarded_fini(&b);
	vmedia_camera_source_stop(src);
	return true;
}

static void check_field(const struct given *g, const struct vmedia_camera_format *fmt)
{
	if (g->field != 'P' && !((g->height | (int)fmt->height) & 3))
		assert_int_equal(fmt->field, g->field == 'T' ? V4L2_FIELD_INTERLACED_TB :
							       V4L2_FIELD_INTERLACED_BT);
	else
		assert_int_equal(fmt->field, V4L2_FIELD_NONE);
}

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* ---- A row ---- */

static void check_file(void **state)
{
	static const uint32_t formats[] = { V4L2_PIX_FMT_YUYV, V4L2_PIX_FMT_NV12,
					    V4L2_PIX_FMT_YUV420, V4L2_PIX_FMT_RGB24,
					    V4L2_PIX_FMT_MJPEG };
	const char *path = *state;
	struct vmedia_camera_options opts;
	struct vmedia_camera_source *src = NULL;
	struct vmedia_camera_format fmt = { 0 };
	struct vmedia_camera_size size;
	struct vmedia_fract interval;
	char source[2048], why[512] = "", words[512] = "";
	struct given g;
	bool given = ask_ffmpeg(path, &g);
	int err;

	snprintf(source, sizeof(source), "file:%s", path);
	vmedia_camera_options_init(&opts);
	opts.source = source;
	err = vmedia_camera_source_open(&opts, why, sizeof(why), &src);
	if (!given && err) {
		print_message("%-28s | ffmpeg gives no picture | refused: %s\n", name_of(path),
			      why);
		return;
	}
	if (!given || err)
		fail_msg("%s: ffmpeg gives %s, we say: %s", name_of(path),
			 given ? "pictures" : "nothing", why);
	assert_int_equal(vmedia_camera_source_set_control(
				 src, V4L2_CID_JPEG_COMPRESSION_QUALITY, 100),
			 0);
	assert_int_equal(vmedia_camera_source_size(src, 0, &size), 0);
	assert_int_equal(vmedia_camera_source_interval(src, 0, &interval), 0);
	assert_int_equal(vmedia_camera_source_format(src, 0, &fmt.pixelformat), 0);
	fmt.width = size.width;
	fmt.height = size.height;
	vmedia_camera_source_try(src, &fmt);
	print_message("%-28s | %s %dx%d %s %s/%s/%s/%s %c sar %.3g | %ux%u %.4s %u/%u fps "
		      "colorspace %u enc %u range %u xfer %u field %u |",
		      name_of(path), g.codec, g.width, g.height, g.format, g.range, g.space,
		      g.primaries, g.transfer, g.field, g.sar, size.width, size.height,
		      (const char *)&fmt.pixelformat, interval.denominator, interval.numerator,
		      fmt.colorspace, fmt.ycbcr_enc, fmt.quantization, fmt.xfer_func, fmt.field);
	fflush(stdout);
	assert_int_equal(size.width, g.w);
	assert_int_equal(size.height, g.h);
	check_field(&g, &fmt);
	if (check_samples(path, src, &g))
		print_message(" same samples,");
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		check_format(src, &g, formats[i], words, sizeof(words));
		print_message("%s", words);
	}
	print_message("\n");
	for (unsigned int i = 0; i < g.num_pictures; i++)
		free(g.rgb[i]);
	vmedia_camera_source_close(src);
}

int main(int argc, char **argv)
{
	struct CMUnitTest *tests = calloc((size_t)argc, sizeof(*tests));
	int failed, count = argc - 1;
	char path[128];

	assert_non_null(tests);
	snprintf(folder, sizeof(folder), "camera-media-XXXXXX");
	if (argc < 2 || !mkdtemp(folder)) {
		fprintf(stderr, "usage: camera-media FILE...\n");
		return 2;
	}
	vmedia_log_set_level(-1);
	for (int i = 0; i < count; i++)
		tests[i] = (struct CMUnitTest){ name_of(argv[i + 1]), check_file, NULL, NULL,
						argv[i + 1] };
	failed = _cmocka_run_group_tests("media", tests, (size_t)count, NULL, NULL);
	snprintf(path, sizeof(path), "%s/out", folder);
	unlink(path);
	snprintf(path, sizeof(path), "%s/log", folder);
	unlink(path);
	rmdir(folder);
	free(tests);
	printf("%d passed, %d failed, 0 skipped\n", count - failed, failed);
	return failed ? 1 : 0;
}
