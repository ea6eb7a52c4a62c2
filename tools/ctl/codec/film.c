/* SPDX-License-Identifier: BSD-3-Clause */
/* The pictures of a media file, one after another. */
#include <errno.h>

#include "media.h"

int media_film_open(struct media_film *f, const char *option, const char *path)
{
	int ret = media_input_open(&f->in, option, path);

	f->frame = av_frame_alloc();
	if (ret == 0 && !f->frame)
		return ctl_fail(option, -ENOMEM);
	return ret < 0 ? ret : media_reference_open(&f->decoder, f->in.filter->par_out, false);
}

int media_film_next(struct media_film *f)
{
	int ret;

	while ((ret = media_reference_get(&f->decoder, f->frame)) == 0 && !f->decoder.ended) {
		ret = media_input_read(&f->in);
		if (ret >= 0)
			ret = media_reference_put(&f->decoder, ret ? f->in.packet : NULL, 0);
		if (ret < 0)
			return ret;
	}
	return ret;
}

void media_film_close(struct media_film *f)
{
	media_reference_close(&f->decoder);
	av_frame_free(&f->frame);
	media_input_close(&f->in);
}
