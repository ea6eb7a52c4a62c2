/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a decoder's job does: packets into the codec, pictures out of it.
 *
 * Theory of operation: a loop of steps. Each looks at what the codec has, and does one thing:
 *
 *	a picture that is not written	write it; end if it has another header, or no buffer is left
 *	perhaps another picture		receive it
 *	no picture, and packets		send one
 *	no picture, no packets, a drain	drain(), and then receive until the end
 *	none of these			end
 *
 * Security model: packets are the guest's memory. Each is copied once, before the codec sees it.
 * Sizes and offsets were checked at QBUF. What the codec writes stays within the format's layout,
 * which is never larger than the buffer.
 *
 * Context: a worker, unless said otherwise.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/log.h"
#include "v4l2/decoder.h"

bool vmedia_decoder_same(const struct vmedia_codec_header *a, const struct vmedia_codec_header *b)
{
	return a->coded_width == b->coded_width && a->coded_height == b->coded_height &&
	       !memcmp(&a->visible, &b->visible, sizeof(a->visible)) &&
	       a->bit_depth == b->bit_depth && a->hsub == b->hsub && a->vsub == b->vsub &&
	       a->min_buffers == b->min_buffers;
}

void vmedia_decoder_work_close(struct vmedia_decoder_work *w)
{
	if (w->dec)
		w->ops->close(w->dec);
	w->dec = NULL;
	w->more = false;
	w->have = false;
	w->ending = false;
}

void vmedia_decoder_work_finish(struct vmedia_decoder_work *w)
{
	vmedia_decoder_work_close(w);
	free(w->copy);
	w->copy = NULL;
	w->copy_room = 0;
}

static void make_ready(struct vmedia_decoder_work *w)
{
	if (w->reset && w->dec) {
		w->ops->reset(w->dec);
		w->more = false;
		w->have = false;
		w->ending = false;
	}
	w->reset = false;
}

/* ---- Packets ---- */

/* Copy a packet to private memory, with zero bytes behind it. */
static int copy_packet(struct vmedia_decoder_work *w, const struct vmedia_decoder_packet *p)
{
	size_t room = (size_t)p->size + VMEDIA_CODEC_PADDING;
	uint8_t *copy = w->copy;

	if (room > w->copy_room) {
		copy = realloc(copy, room);
		if (!copy)
			return -ENOMEM;
		w->copy = copy;
		w->copy_room = room;
	}
	memcpy(copy, (const uint8_t *)vmedia_backing_addr(p->mem) + p->offset, p->size);
	memset(copy + p->size, 0, VMEDIA_CODEC_PADDING);
	return 0;
}

/* Look at the packet behind this one. It is read again when its turn comes, and may differ then. */
static void peek(const struct vmedia_decoder_work *w, struct vmedia_codec_packet *packet)
{
	uint32_t n = w->num_sent + 1;
	const struct vmedia_decoder_packet *next = &w->packets[n % VMEDIA_CODEC_BATCH];

	if (n == vmedia_decoder_number(&w->num_packets) || !next->size)
		return;
	packet->num_next = VMEDIA_MIN(next->size, (uint32_t)VMEDIA_CODEC_NEXT);
	memcpy(packet->next, (const uint8_t *)vmedia_backing_addr(next->mem) + next->offset,
	       packet->num_next);
}

static int send(struct vmedia_decoder_work *w, struct vmedia_decoder_packet *p)
{
	struct vmedia_codec_packet packet = { .size = p->size, .tag = p->tag, .full = p->full };
	int err = 0;

	if (!p->size)
		return 0;
	if (!w->dec)
		err = w->ops->open(w->priv, w->coded, &w->pool, &w->dec);
	if (!err)
		err = copy_packet(w, p);
	if (err)
		return err;
	packet.data = w->copy;
	peek(w, &packet);
	err = w->ops->send(w->dec, &packet);
	w->more = true;
	if (err != -EBADMSG)
		return err;
	vmedia_dbg("packet %llu of a stream, %u bytes, is damaged", (unsigned long long)p->tag,
		   p->size);
	p->damaged = true;
	return 0;
}

/* The codec has no picture: give it the next packet, or the end. Returns false if there is none. */
static bool feed(struct vmedia_decoder_work *w)
{
	if (w->num_sent != vmedia_decoder_number(&w->num_packets)) {
		w->err = send(w, &w->packets[w->num_sent % VMEDIA_CODEC_BATCH]);
		if (w->err)
			return false;
		vmedia_decoder_count(&w->num_sent);
		return true;
	}
	if (!w->drain)
		return false;
	w->drained = !w->dec;
	if (w->dec)
		w->err = w->ops->drain(w->dec);
	w->ending = w->dec && !w->err;
	w->more = w->ending;
	return w->ending;
}

/* ---- CAPTURE buffers ---- */

/* The next buffer for a picture, or NULL. */
static struct vmedia_decoder_slot *next_slot(struct vmedia_codec_pool *pool)
{
	struct vmedia_decoder_slot *slot = pool->spare;

	if (slot) {
		pool->spare = slot->spare;
		return slot;
	}
	if (pool->used == vmedia_decoder_number(&pool->num))
		return NULL;
	slot = pool->slots[pool->used % VMEDIA_DECODER_TARGETS];
	vmedia_decoder_count(&pool->used);
	return slot;
}

struct vmedia_codec_raw *vmedia_codec_take(struct vmedia_codec_pool *pool)
{
	struct vmedia_decoder_slot *slot = pool->may_take ? next_slot(pool) : NULL;

	if (!slot)
		return NULL;
	slot->lender = pool;
	pool->may_take--;
	__atomic_store_n(&slot->codec, true, __ATOMIC_RELAXED);
	return &slot->raw;
}

void vmedia_codec_release(struct vmedia_codec_raw *raw)
{
	struct vmedia_decoder_slot *slot =
		vmedia_container_of(raw, struct vmedia_decoder_slot, raw);
	struct vmedia_codec_pool *pool = slot->lender;

	if (pool)
		pool->may_take++;
	/* Given, and not shown: until the job's end nobody else can use it. */
	if (pool && slot->taken && slot->aimed) {
		slot->spare = pool->spare;
		pool->spare = slot;
	}
	slot->lender = NULL;
	__atomic_store_n(&slot->codec, false, __ATOMIC_RELEASE);
}

/* ---- Pictures ---- */

/* The slot that the picture was decoded into, if it can be shown from there. */
static struct vmedia_decoder_slot *in_place(const struct vmedia_codec_picture *p)
{
	struct vmedia_decoder_slot *slot;

	if (!p->raw)
		return NULL;
	slot = vmedia_container_of(p->raw, struct vmedia_decoder_slot, raw);
	return slot->taken && slot->codec ? slot : NULL;
}

static void show(struct vmedia_decoder_work *w, struct vmedia_decoder_slot *slot, bool copied)
{
	w->shown[w->num_shown % VMEDIA_ARRAY_SIZE(w->shown)] =
		(struct vmedia_decoder_shown){ slot, w->picture, copied };
	slot->taken = false;
	w->have = false;
	vmedia_decoder_count(&w->num_shown);
}

/* Show the picture that the codec has. Returns false if that is not possible now. */
static bool give(struct vmedia_decoder_work *w)
{
	struct vmedia_decoder_slot *slot = in_place(&w->picture);
	bool copied = !slot;

	if (!w->have_header || !vmedia_decoder_same(&w->header, &w->picture.header)) {
		w->found = true;
		w->found_header = w->picture.header;
		return false;
	}
	if (w->num_shown - vmedia_decoder_number(&w->num_given) == VMEDIA_ARRAY_SIZE(w->shown))
		return false;
	if (!slot) {
		slot = next_slot(&w->pool);
		if (!slot)
			return false;
		if (w->ops->write(w->dec, &slot->raw))
			w->picture.damaged = true;
	}
	show(w, slot, copied);
	return true;
}

/* Do one thing. Returns false if there is nothing left to do. */
static bool step(struct vmedia_decoder_work *w)
{
	int err;

	if (w->have)
		return give(w);
	if (!w->more)
		return feed(w);
	err = w->ops->receive(w->dec, &w->picture);
	switch (err) {
	case 0:
		w->have = true;
		return true;
	case -EBADMSG:
		return true;
	case -ENODATA:
		w->more = false;
		w->ending = false;
		w->drained = w->drain && w->num_sent == w->num_packets;
		return !w->drained && feed(w);
	case -EAGAIN:
		w->more = false;
		if (!w->have_header && w->ops->header)
			w->found = !w->ops->header(w->dec, &w->found_header);
		if (w->found)
			return false;
		if (!w->ending)
			return feed(w);
		vmedia_err("a codec asked for a packet during a drain; this is a bug of the codec");
		w->err = -EIO;
		return false;
	default:
		w->err = err;
		return false;
	}
}

void vmedia_decoder_work_run(struct vmedia_decoder_work *w, struct vmedia_worker *worker)
{
	struct vmedia_decoder *d = vmedia_container_of(w, struct vmedia_decoder, work);
	uint64_t begin = vmedia_now_ns(), last = begin;
	uint32_t told = 0;

	make_ready(w);
	while (!vmedia_worker_stopping(worker) && step(w)) {
		uint64_t now = vmedia_now_ns();

		if (w->num_sent + w->num_shown == told || now - last < d->dev->soon_ns)
			continue;
		if (now - begin >= d->dev->turn_ns && vmedia_worker_others_wait(worker))
			break;
		told = w->num_sent + w->num_shown;
		last = now;
		vmedia_codec_session_progress(&d->s);
	}
}
