/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A decoder's CAPTURE buffers: they go to a job, from there perhaps to the codec, and back. See
 * struct vmedia_decoder_slot. What a job does with them is in decoder_work.c.
 *
 * Context: the device's loop.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/videodev2.h>

#include "base/checked.h"
#include "v4l2/decoder.h"
#include "v4l2/m2m.h"

/* Of a slot that no job was given: not any more, once this is false. */
static bool codec_has(const struct vmedia_decoder_slot *slot)
{
	return __atomic_load_n(&slot->codec, __ATOMIC_ACQUIRE);
}

static void slot_free(struct vmedia_decoder_slot *slot)
{
	if (slot->buf)
		slot->buf->priv = NULL;
	for (uint32_t i = 0; i < slot->num_mem; i++)
		vmedia_backing_put(slot->mem[i]);
	vmedia_list_del(&slot->node);
	free(slot);
}

int vmedia_decoder_buf_init(struct vmedia_buf *b)
{
	struct vmedia_decoder *d = vmedia_decoder_of(vmedia_queue_ctx(b->queue));
	struct vmedia_decoder_slot *slot = calloc(1, sizeof(*slot));

	if (!slot)
		return -ENOMEM;
	slot->buf = b;
	for (; slot->num_mem < b->num_planes && slot->num_mem < VMEDIA_COLOUR_PLANES;
	     slot->num_mem++)
		slot->mem[slot->num_mem] = vmedia_backing_get(b->planes[slot->num_mem].mem);
	vmedia_list_add_tail(&d->slots, &slot->node);
	b->priv = slot;
	return 0;
}

void vmedia_decoder_buf_cleanup(struct vmedia_buf *b)
{
	struct vmedia_decoder_slot *slot = b->priv;

	if (!slot)
		return;
	b->priv = NULL;
	slot->buf = NULL;
	if (slot->held)
		vmedia_m2m_release(b);
	slot->held = false;
	if (!slot->given && !codec_has(slot))
		slot_free(slot);
}

/* ---- Before a job ---- */

bool vmedia_decoder_can_show(const struct vmedia_decoder *d)
{
	const struct vmedia_codec_picture *p = &d->work.picture;
	const struct vmedia_decoder_slot *slot;

	/* A job may have ended right after it got a picture: its header was not looked at yet. */
	if (!d->have_header || !vmedia_decoder_same(&d->header, &p->header))
		return true;
	if (vmedia_m2m_num_dst(d->s.ctx))
		return true;
	if (!p->raw)
		return false;
	slot = vmedia_container_of(p->raw, const struct vmedia_decoder_slot, raw);
	return slot->buf && vmedia_list_linked(&vmedia_vbuf(slot->buf)->ready);
}

/* Where the planes are. The format may have changed since the last job. */
static void aim(const struct vmedia_decoder_slot *slot, struct vmedia_codec_raw *raw)
{
	const struct vmedia_format *fmt = vmedia_queue_format(slot->buf->queue);
	const struct vmedia_layout_plane *l = raw->layout.colour;
	unsigned int i;

	raw->pixelformat = fmt->fmt.pix_mp.pixelformat;
	raw->width = fmt->fmt.pix_mp.width;
	raw->height = fmt->fmt.pix_mp.height;
	vmedia_queue_layout(slot->buf->queue, &raw->layout);
	for (i = 0; i < raw->layout.num_colour; i++) {
		const struct vmedia_buf_plane *p = &slot->buf->planes[l[i].mem];
		bool more = i + 1 < raw->layout.num_colour && l[i + 1].mem == l[i].mem;

		raw->colour[i] = (uint8_t *)vmedia_backing_addr(p->mem) + p->data_offset +
				 l[i].offset;
		raw->room[i] = (more ? l[i + 1].offset : p->length - p->data_offset) - l[i].offset;
	}
}

/* True if the planes are still there. */
static bool is_aimed(const struct vmedia_decoder_slot *slot)
{
	struct vmedia_codec_raw raw = slot->raw;

	aim(slot, &raw);
	return raw.pixelformat == slot->raw.pixelformat && raw.width == slot->raw.width &&
	       raw.height == slot->raw.height &&
	       !memcmp(&raw.layout, &slot->raw.layout, sizeof(raw.layout));
}

/* Give a buffer to the job. */
static void give(struct vmedia_codec_pool *pool, struct vmedia_decoder_slot *slot)
{
	aim(slot, &slot->raw);
	slot->aimed = true;
	slot->given = true;
	slot->taken = true;
	pool->slots[pool->num % VMEDIA_DECODER_TARGETS] = slot;
	vmedia_decoder_count(&pool->num);
}

static void give_all(struct vmedia_decoder *d)
{
	struct vmedia_codec_pool *pool = &d->work.pool;
	struct vmedia_buf *b;

	while (pool->num - vmedia_decoder_number(&pool->used) < VMEDIA_DECODER_TARGETS &&
	       (b = vmedia_m2m_take_dst(d->s.ctx)))
		give(pool, b->priv);
}

/* The number of the queue's buffers that the codec has. */
static uint32_t num_kept(const struct vmedia_decoder *d)
{
	struct vmedia_decoder_slot *slot;
	uint32_t n = 0;

	vmedia_list_for_each(slot, &d->slots, node)
		n += slot->buf && slot->codec;
	return n;
}

static uint32_t may_take(const struct vmedia_decoder *d)
{
	const struct vmedia_queue *dst = vmedia_m2m_dst(d->s.ctx);
	uint32_t kept = num_kept(d) + VMEDIA_DECODER_RESERVE;

	if (dst->memory != V4L2_MEMORY_MMAP)
		return 0;
	return dst->num_bufs > kept ? dst->num_bufs - kept : 0;
}

void vmedia_decoder_fill_pool(struct vmedia_decoder *d)
{
	struct vmedia_codec_pool *pool = &d->work.pool;
	bool on = vmedia_m2m_dst(d->s.ctx)->started;
	struct vmedia_decoder_slot *slot;

	pool->num = 0;
	pool->used = 0;
	pool->spare = NULL;
	/* While CAPTURE is off, its buffers may become others, of another kind of memory. */
	pool->may_take = on ? may_take(d) : 0;
	vmedia_list_for_each(slot, &d->slots, node)
		slot->lender = on && slot->codec && slot->buf ? pool : NULL;
	if (!on)
		return;
	vmedia_list_for_each(slot, &d->slots, node) {
		slot->given = slot->codec && slot->buf && vmedia_m2m_take(slot->buf);
		slot->taken = slot->given;
		slot->aimed = slot->given && is_aimed(slot);
	}
	give_all(d);
}

/* ---- Results of a job ---- */

/* Copy what is known of a picture to its buffer. */
static void finish(struct vmedia_decoder *d, const struct vmedia_decoder_shown *s)
{
	struct vmedia_buf *b = s->slot->buf;
	uint64_t bytes = 0;

	if (!b)
		return;
	vmedia_codec_put_meta(&d->s, s->picture.tag, s->picture.flags, b);
	b->field = s->picture.field ? s->picture.field : V4L2_FIELD_NONE;
	for (uint32_t i = 0; i < b->num_planes; i++) {
		b->planes[i].bytesused = s->slot->raw.layout.sizeimage[i];
		bytes += b->planes[i].bytesused;
	}
	if (s->copied)
		vmedia_device_add_copied(vmedia_video_device(vmedia_ctx_video(d->s.ctx)), bytes);
	vmedia_buf_done(b, s->picture.damaged ? VMEDIA_BUF_ERROR : VMEDIA_BUF_DONE);
}

static void finish_all(struct vmedia_decoder *d)
{
	struct vmedia_decoder_work *w = &d->work;

	while (w->num_given != vmedia_decoder_number(&w->num_shown)) {
		const struct vmedia_decoder_shown *s =
			&w->shown[w->num_given % VMEDIA_ARRAY_SIZE(w->shown)];

		s->slot->given = false;
		finish(d, s);
		vmedia_decoder_count(&w->num_given);
	}
}

/* Hold or release the buffer, as the codec has it or not. Without a buffer, free the slot. */
static void settle(struct vmedia_decoder_slot *slot)
{
	bool codec = codec_has(slot);

	if (!slot->buf && !codec) {
		slot_free(slot);
		return;
	}
	if (slot->buf && codec && !slot->held)
		vmedia_m2m_hold(slot->buf);
	else if (slot->buf && !codec && slot->held)
		vmedia_m2m_release(slot->buf);
	slot->held = codec;
}

void vmedia_decoder_refill_pool(struct vmedia_decoder *d)
{
	struct vmedia_decoder_slot *slot, *tmp;

	finish_all(d);
	if (!vmedia_m2m_dst(d->s.ctx)->started)
		return;
	vmedia_list_for_each_safe(slot, tmp, &d->slots, node)
		if (!slot->given)
			settle(slot);
	give_all(d);
}

/* ---- After a job ---- */

static void put_back(struct vmedia_decoder_slot *slot)
{
	if (slot->given && slot->buf)
		vmedia_m2m_put_back(slot->buf);
	slot->given = false;
}

void vmedia_decoder_settle_pool(struct vmedia_decoder *d)
{
	struct vmedia_codec_pool *pool = &d->work.pool;
	struct vmedia_decoder_slot *slot, *tmp;

	finish_all(d);
	/* The codec's are behind those that nobody has, which are in their old order. */
	vmedia_list_for_each(slot, &d->slots, node)
		if (slot->codec)
			put_back(slot);
	while (pool->num != pool->used)
		put_back(pool->slots[--pool->num % VMEDIA_DECODER_TARGETS]);
	vmedia_list_for_each_safe(slot, tmp, &d->slots, node) {
		put_back(slot);
		settle(slot);
	}
}

void vmedia_decoder_end_stream(struct vmedia_decoder *d)
{
	d->have_header = false;
	vmedia_decoder_work_close(&d->work);
	vmedia_decoder_settle_pool(d);
	vmedia_codec_session_count(&d->s, 0);
}

void vmedia_decoder_free_pool(struct vmedia_decoder *d)
{
	while (!vmedia_list_empty(&d->slots))
		slot_free(vmedia_list_first(&d->slots, struct vmedia_decoder_slot, node));
}
