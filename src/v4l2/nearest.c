/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A device's pixel formats, frame sizes and intervals: listing them, and finding the nearest to a
 * wish.
 */
#include "v4l2/format.h"

const struct vmedia_format_config *vmedia_queue_nth_format(struct vmedia_queue *q, uint32_t n,
							   uint32_t mbus, bool all)
{
	const struct vmedia_video_ops *ops = q->ctx->v->ops;
	unsigned int i;

	for (i = 0; i < q->cfg->num_formats; i++) {
		const struct vmedia_format_config *f = &q->cfg->formats[i];

		if (!all && ops->has_format && !ops->has_format(q, f))
			continue;
		if (mbus && f->mbus_code && f->mbus_code != mbus)
			continue;
		if (!n--)
			return f;
	}
	return NULL;
}

const struct vmedia_format_config *vmedia_queue_find_format(struct vmedia_queue *q,
							    uint32_t pixelformat, bool all)
{
	const struct vmedia_format_config *f;
	uint32_t i;

	for (i = 0; (f = vmedia_queue_nth_format(q, i, 0, all)); i++)
		if (f->pixelformat == pixelformat)
			return f;
	return all ? NULL : vmedia_queue_nth_format(q, 0, 0, false);
}

/* ---- Sizes ---- */

static uint32_t step_fit(uint32_t want, uint32_t min, uint32_t max, uint32_t step)
{
	uint64_t v;

	if (want <= min || max <= min)
		return min;
	if (want > max)
		want = max;
	if (!step)
		step = 1;
	v = min + ((uint64_t)(want - min) + step / 2) / step * step;
	return (uint32_t)(v > max ? v - step : v);
}

static uint64_t distance(uint32_t a, uint32_t b)
{
	return a > b ? a - b : b - a;
}

const struct vmedia_frame_size *vmedia_frame_size_fit(const struct vmedia_format_config *f,
						      uint32_t *w, uint32_t *h)
{
	const struct vmedia_frame_size *best = &f->sizes[0];
	uint64_t best_error = UINT64_MAX, error;
	unsigned int i;

	if (best->step_width) {
		*w = step_fit(*w, best->width, best->max_width, best->step_width);
		*h = step_fit(*h, best->height, best->max_height, best->step_height);
		return best;
	}
	for (i = 0; i < f->num_sizes; i++) {
		error = distance(f->sizes[i].width, *w) + distance(f->sizes[i].height, *h);
		if (error < best_error) {
			best_error = error;
			best = &f->sizes[i];
		}
	}
	*w = best->width;
	*h = best->height;
	return best;
}

const struct vmedia_frame_size *vmedia_frame_size_exact(const struct vmedia_format_config *f,
							uint32_t w, uint32_t h)
{
	uint32_t fw = w, fh = h;
	const struct vmedia_frame_size *size;

	if (!f->num_sizes)
		return NULL;
	size = vmedia_frame_size_fit(f, &fw, &fh);
	return fw == w && fh == h ? size : NULL;
}

/* ---- Intervals ---- */

/* a < b, for fractions with denominators above 0. */
static bool fract_less(struct vmedia_fract a, struct vmedia_fract b)
{
	return (uint64_t)a.numerator * b.denominator < (uint64_t)b.numerator * a.denominator;
}

static double fract_error(struct vmedia_fract a, struct vmedia_fract b)
{
	double d = (double)a.numerator / a.denominator - (double)b.numerator / b.denominator;

	return d < 0 ? -d : d;
}

static struct vmedia_fract stepwise_fit(const struct vmedia_frame_interval *iv,
					struct vmedia_fract want)
{
	struct vmedia_fract v;
	uint64_t den, steps, num;

	if (fract_less(want, iv->min))
		return iv->min;
	if (fract_less(iv->max, want))
		return iv->max;
	/* Round only to steps with the denominator of the minimum; treat others as continuous. */
	if (!iv->step.numerator || iv->step.denominator != iv->min.denominator)
		return want;
	den = iv->min.denominator;
	num = (uint64_t)want.numerator * den / want.denominator;
	steps = (num - iv->min.numerator) / iv->step.numerator;
	v.numerator = (uint32_t)(iv->min.numerator + steps * iv->step.numerator);
	v.denominator = (uint32_t)den;
	return v;
}

struct vmedia_fract vmedia_interval_fit(const struct vmedia_frame_size *size,
					struct vmedia_fract want)
{
	struct vmedia_fract best = { 0, 0 }, v;
	unsigned int i;

	if (!size || !size->num_intervals)
		return best;
	best = size->intervals[0].min;
	if (!want.numerator || !want.denominator)
		return best;
	for (i = 0; i < size->num_intervals; i++) {
		const struct vmedia_frame_interval *iv = &size->intervals[i];

		v = iv->max.denominator ? stepwise_fit(iv, want) : iv->min;
		if (!i || fract_error(v, want) < fract_error(best, want))
			best = v;
	}
	return best;
}
