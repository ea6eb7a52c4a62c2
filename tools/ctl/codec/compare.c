/* SPDX-License-Identifier: BSD-3-Clause */
/* How much a coded file differs from the one it was made of. */
#include <errno.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
#include <math.h>

#include "media.h"

struct error {
	double squares, samples;
	double peak; /* the largest value of a sample */
};

static void add_line(struct error *e, const uint8_t *a, const uint8_t *b, int n, bool wide)
{
	for (int x = 0; x < n; x++) {
		int u = wide ? a[2 * x] | a[2 * x + 1] << 8 : a[x];
		int v = wide ? b[2 * x] | b[2 * x + 1] << 8 : b[x];

		e->squares += (double)(u - v) * (u - v);
	}
	e->samples += n;
}

/* Both have the same samples and size. */
static void add_picture(struct error *e, const AVFrame *a, const AVFrame *b)
{
	const AVPixFmtDescriptor *d = av_pix_fmt_desc_get(a->format);

	e->peak = (1 << d->comp[0].depth) - 1;
	for (int i = 0; i < d->nb_components; i++) {
		int w = i ? AV_CEIL_RSHIFT(a->width, d->log2_chroma_w) : a->width;
		int h = i ? AV_CEIL_RSHIFT(a->height, d->log2_chroma_h) : a->height;

		for (int y = 0; y < h; y++)
			add_line(e, a->data[i] + (ptrdiff_t)y * a->linesize[i],
				 b->data[i] + (ptrdiff_t)y * b->linesize[i], w,
				 d->comp[0].depth > 8);
	}
}

static int compare(struct media_film *from, struct media_film *to, uint64_t *frames, double *psnr)
{
	AVFrame *room = av_frame_alloc();
	struct SwsContext *sws = NULL;
	struct error e = { 0 };
	enum AVPixelFormat fmt;
	int ret, more = 0;

	for (*frames = 0; (ret = media_film_next(to)) > 0; ++*frames) {
		const AVFrame *a;

		more = media_film_next(from);
		if (more <= 0)
			break;
		if (from->frame->width != to->frame->width ||
		    from->frame->height != to->frame->height) {
			ret = ctl_fail_text("--verify: picture %llu is %dx%d, and was %dx%d",
					    (unsigned long long)*frames, to->frame->width,
					    to->frame->height, from->frame->width,
					    from->frame->height);
			goto out;
		}
		fmt = media_planar(to->frame->format);
		a = room && fmt != AV_PIX_FMT_NONE ? media_convert(from->frame, fmt, room, &sws)
						   : NULL;
		if (!a) {
			ret = ctl_fail("--verify: pictures cannot be compared", -ENOTSUP);
			goto out;
		}
		add_picture(&e, a, to->frame);
	}
	if (ret == 0)
		more = media_film_next(from);
	if (ret < 0 || more < 0)
		ret = ret < 0 ? ret : more;
	else if (ret != more)
		ret = ctl_fail_text("--verify: %s has %llu pictures, %s more",
				    ret ? from->in.path : to->in.path,
				    (unsigned long long)*frames,
				    ret ? to->in.path : from->in.path);
	else if (!*frames)
		ret = ctl_fail_text("--verify: %s has no pictures", to->in.path);
	*psnr = e.squares > 0 ? 10 * log10(e.peak * e.peak * e.samples / e.squares) : INFINITY;
out:
	av_frame_free(&room);
	sws_freeContext(sws);
	return ret;
}

int media_compare(const char *from, const char *to, uint64_t *frames, double *psnr)
{
	struct media_film a = { 0 }, b = { 0 };
	int ret = media_film_open(&a, "--encode", from);

	if (ret == 0)
		ret = media_film_open(&b, "--to", to);
	if (ret == 0)
		ret = compare(&a, &b, frames, psnr);
	media_film_close(&a);
	media_film_close(&b);
	return ret;
}
