/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The metadata of a decoder's packets, for their pictures. It is stored under the packet's tag, a
 * number that counts up. The codec returns the tag with the picture.
 *
 * Context: the device's loop.
 */
#include <linux/videodev2.h>

#include "base/log.h"
#include "v4l2/decoder.h"

#define METADATA_FLAGS (V4L2_BUF_FLAG_TIMECODE | V4L2_BUF_FLAG_TSTAMP_SRC_MASK)
#define FRAME_FLAGS (V4L2_BUF_FLAG_KEYFRAME | V4L2_BUF_FLAG_PFRAME | V4L2_BUF_FLAG_BFRAME)

void vmedia_decoder_keep_meta(struct vmedia_decoder *d, const struct vmedia_buf *src, uint64_t tag)
{
	d->meta[tag % VMEDIA_DECODER_TAGS] =
		(struct vmedia_decoder_meta){ .tag = tag,
					      .timestamp = src->timestamp,
					      .timecode = src->timecode,
					      .flags = src->flags & METADATA_FLAGS };
}

void vmedia_decoder_put_meta(const struct vmedia_decoder *d, const struct vmedia_codec_picture *p,
			     struct vmedia_buf *dst)
{
	const struct vmedia_decoder_meta *m = &d->meta[p->tag % VMEDIA_DECODER_TAGS];

	dst->flags = p->flags & FRAME_FLAGS;
	dst->field = p->field ? p->field : V4L2_FIELD_NONE;
	if (m->tag != p->tag) {
		vmedia_dbg("a picture comes more than %u packets after its own; its timestamp is "
			   "not known any more",
			   VMEDIA_DECODER_TAGS);
		return;
	}
	dst->timestamp = m->timestamp;
	dst->timecode = m->timecode;
	dst->flags |= m->flags;
}
