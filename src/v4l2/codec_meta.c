/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The metadata of OUTPUT's buffers, for what the codec makes of them. It is stored under the
 * buffer's tag, a number that counts up. The codec returns the tag with the picture or packet.
 *
 * Context: the device's loop.
 */
#include <errno.h>
#include <stdlib.h>

#include <linux/videodev2.h>

#include "base/log.h"
#include "v4l2/codec.h"

#define METADATA_FLAGS (V4L2_BUF_FLAG_TIMECODE | V4L2_BUF_FLAG_TSTAMP_SRC_MASK)
#define FRAME_FLAGS (V4L2_BUF_FLAG_KEYFRAME | V4L2_BUF_FLAG_PFRAME | V4L2_BUF_FLAG_BFRAME)

int vmedia_codec_meta_init(struct vmedia_codec_session *s)
{
	if (!s->meta)
		s->meta = calloc(VMEDIA_CODEC_TAGS, sizeof(*s->meta));
	return s->meta ? 0 : -ENOMEM;
}

void vmedia_codec_keep_meta(struct vmedia_codec_session *s, const struct vmedia_buf *src,
			    uint64_t tag)
{
	s->meta[tag % VMEDIA_CODEC_TAGS] =
		(struct vmedia_codec_meta){ .tag = tag,
					    .timestamp = src->timestamp,
					    .timecode = src->timecode,
					    .flags = src->flags & METADATA_FLAGS };
}

void vmedia_codec_put_meta(const struct vmedia_codec_session *s, uint64_t tag, uint32_t flags,
			   struct vmedia_buf *dst)
{
	const struct vmedia_codec_meta *m = &s->meta[tag % VMEDIA_CODEC_TAGS];

	dst->flags = flags & FRAME_FLAGS;
	if (m->tag != tag) {
		vmedia_dbg("the codec returned buffer %llu after %u others; its timestamp is not "
			   "known any more",
			   (unsigned long long)tag, VMEDIA_CODEC_TAGS);
		return;
	}
	dst->timestamp = m->timestamp;
	dst->timecode = m->timecode;
	dst->flags |= m->flags;
}
