/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an encoder's job does: pictures into the codec, packets out of it.
 *
 * Theory of operation: a loop of steps. Each looks at what the codec has, and does one thing:
 *
 *	a packet that is not written	write it; end if no buffer is left
 *	perhaps another packet		receive it
 *	no packet, and pictures		send one; if it has other parameters that the codec does
 *					not take over: drain, receive until the end, close, open
 *	no packet, no picture, a drain	drain(), and then receive until the end
 *	none of these			end
 *
 * Security model: pictures are the guest's memory, which codecs read in place; see
 * <vmedia/encoder.h>. The rectangle lies within the format's layout, which is never larger than the
 * buffer. A packet is written only if the buffer has room for all of it.
 *
 * Context: a worker, unless said otherwise.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "base/log.h"
#include "v4l2/encoder.h"

/* A job that has finished something ends after this time. */
#define ENOUGH_NS 2000000u

int64_t vmedia_encoder_ctrl(const struct vmedia_encoder_params *p, uint32_t id)
{
	for (unsigned int i = 0; i < p->num_ctrls; i++)
		if (p->ctrls[i].id == id)
			return p->values[i];
	return 0;
}

int vmedia_encoder_work_init(struct vmedia_encoder_work *w, const struct vmedia_ctrl_config *ctrls,
			     unsigned int num)
{
	struct vmedia_encoder_params *p[] = { &w->params, &w->present };

	w->values = calloc(num + 1, sizeof(*w->values));
	w->present_values = calloc(num + 1, sizeof(*w->values));
	for (unsigned int i = 0; i < 2; i++) {
		p[i]->ctrls = ctrls;
		p[i]->num_ctrls = num;
		p[i]->values = i ? w->present_values : w->values;
	}
	return w->values && w->present_values ? 0 : -ENOMEM;
}

void vmedia_encoder_work_close(struct vmedia_encoder_work *w)
{
	if (w->enc)
		w->ops->close(w->enc);
	w->enc = NULL;
	w->more = false;
	w->have = false;
	w->ending = false;
	w->replacing = false;
	w->lost = false;
}

void vmedia_encoder_work_finish(struct vmedia_encoder_work *w)
{
	vmedia_encoder_work_close(w);
	free(w->values);
	free(w->present_values);
	w->values = NULL;
	w->present_values = NULL;
}

/* ---- Parameters ---- */

static bool same_params(const struct vmedia_encoder_params *a,
			const struct vmedia_encoder_params *b)
{
	return a->coded == b->coded && a->raw == b->raw && a->width == b->width &&
	       a->height == b->height && a->interval.numerator == b->interval.numerator &&
	       a->interval.denominator == b->interval.denominator &&
	       !memcmp(&a->colours, &b->colours, sizeof(a->colours)) &&
	       !memcmp(a->values, b->values, a->num_ctrls * sizeof(*a->values));
}

static void take_params(struct vmedia_encoder_work *w)
{
	w->present = w->params;
	w->present.values = w->present_values;
	memcpy(w->present_values, w->values, w->params.num_ctrls * sizeof(*w->values));
}

/* Tell the codec the task's parameters. Returns false if it cannot take them over. */
static bool update(struct vmedia_encoder_work *w)
{
	if (same_params(&w->params, &w->present))
		return true;
	if (!w->ops->update || w->ops->update(w->enc, &w->params))
		return false;
	take_params(w);
	return true;
}

static int open_codec(struct vmedia_encoder_work *w)
{
	int err = w->ops->open(w->priv, &w->params, &w->enc);

	if (err)
		w->enc = NULL;
	else
		take_params(w);
	return err;
}

/* ---- Pictures ---- */

static void aim(const struct vmedia_encoder_work *w, const struct vmedia_encoder_source *s,
		struct vmedia_encoder_picture *p)
{
	for (unsigned int i = 0; i < w->layout.num_colour; i++) {
		const struct vmedia_layout_plane *l = &w->layout.colour[i];

		p->stride[i] = l->stride;
		p->colour[i] = (const uint8_t *)vmedia_backing_addr(s->mem[l->mem]) +
			       s->offset[l->mem] + l->offset + (size_t)w->top[i] * l->stride +
			       w->left[i];
	}
}

static int send(struct vmedia_encoder_work *w, struct vmedia_encoder_source *s)
{
	struct vmedia_encoder_picture p = { .tag = s->tag, .key = s->key || w->lost };
	int err = w->enc ? 0 : open_codec(w);

	if (err)
		return err;
	aim(w, s, &p);
	err = w->ops->send(w->enc, &p);
	w->more = true;
	if (err == -EBADMSG) {
		s->failed = true;
		return 0;
	}
	w->lost = false;
	return err;
}

static bool drain(struct vmedia_encoder_work *w)
{
	w->err = w->ops->drain(w->enc);
	w->ending = !w->err;
	w->more = w->ending;
	return w->ending;
}

/* The codec has no packet: give it the next picture, or the end. Returns false if there is none. */
static bool feed(struct vmedia_encoder_work *w)
{
	if (w->num_sent < w->num_sources) {
		if (w->enc && !update(w)) {
			w->replacing = true;
			return drain(w);
		}
		w->err = send(w, &w->sources[w->num_sent]);
		if (w->err)
			return false;
		w->num_sent++;
		return true;
	}
	if (!w->drain)
		return false;
	w->drained = !w->enc;
	return w->enc && drain(w);
}

/* ---- Packets ---- */

/* Write the packet that the codec has. Returns false if there is no buffer for it now. */
static bool give(struct vmedia_encoder_work *w)
{
	const struct vmedia_encoder_packet *p = &w->packet;
	struct vmedia_encoder_target *t = &w->targets[w->num_written];
	uint64_t size = (uint64_t)p->header_size + p->size;
	uint8_t *to;

	if (w->num_written == w->num_targets)
		return false;
	w->num_written++;
	w->have = false;
	t->tag = p->tag;
	t->flags = p->flags;
	t->used = 0;
	if (size > t->room) {
		w->lost = true;
		vmedia_warn("a packet of %llu bytes is lost: its buffer has %u",
			    (unsigned long long)size, t->room);
		return true;
	}
	to = vmedia_backing_addr(t->mem);
	if (p->header_size)
		memcpy(to, p->header, p->header_size);
	if (p->size)
		memcpy(to + p->header_size, p->data, p->size);
	t->used = (uint32_t)size;
	return true;
}

/* The codec has returned all packets since drain(). Returns false if the drain has ended. */
static bool end(struct vmedia_encoder_work *w)
{
	bool replacing = w->replacing;

	w->more = false;
	w->ending = false;
	if (replacing) {
		vmedia_encoder_work_close(w);
		return true;
	}
	w->drained = w->drain && w->num_sent == w->num_sources;
	return !w->drained;
}

/* Do one thing. Returns false if there is nothing left to do. */
static bool step(struct vmedia_encoder_work *w)
{
	int err;

	if (w->have)
		return give(w);
	if (!w->more)
		return feed(w);
	err = w->ops->receive(w->enc, &w->packet);
	switch (err) {
	case 0:
		w->have = true;
		return true;
	case -ENODATA:
		return end(w);
	case -EAGAIN:
		w->more = false;
		if (!w->ending)
			return true;
		vmedia_err("a codec asked for a picture during a drain; this is a bug of the "
			   "codec");
		w->err = -EIO;
		return false;
	default:
		w->err = err;
		return false;
	}
}

void vmedia_encoder_work_run(struct vmedia_encoder_work *w, struct vmedia_worker *worker)
{
	uint64_t enough = vmedia_now_ns() + ENOUGH_NS;

	if (w->reset)
		vmedia_encoder_work_close(w);
	w->reset = false;
	/* It ends where it would send the next picture, or when a packet is written. */
	while (!vmedia_worker_stopping(worker) && step(w))
		if ((!w->more || w->num_written) && !w->have && w->num_sent + w->num_written &&
		    vmedia_now_ns() >= enough)
			break;
	if (w->err)
		vmedia_encoder_work_close(w);
}
