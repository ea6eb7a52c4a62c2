// SPDX-License-Identifier: BSD-3-Clause
/*
 * The rules of V4L2 and videobuf2, as far as a program can see them.
 *
 * A queue is busy from REQBUFS or CREATE_BUFS to REQBUFS(0) or its owner's end, whatever becomes of
 * its buffers in between (vb2_queue.is_busy). A buffer goes DEQUEUED -> (PREPARED ->) QUEUED ->
 * DEQUEUED by its event; STREAMOFF makes all DEQUEUED and no event follows. Buffers come back in
 * the order in which they were queued, numbered upwards, and none tells of more bytes than it has.
 */
#include <string.h>

#include "world.h"

/* ---- Verdicts ---- */

void fz_forbid(struct fz_verdict *v, bool condition, int err)
{
	unsigned int i;

	for (i = 0; i < v->num; i++)
		if (v->err[i] == err)
			return;
	if (condition)
		v->err[v->num++] = err;
}

void fz_judge(struct fz *w, const struct fz_verdict *v, int ret)
{
	unsigned int i;

	if (ret == -ENOMEM && v->may_lack_memory)
		return;
	if (!v->num) {
		FZ_REQUIRE(w, ret == 0, "%s: error %d (%s), but no rule forbids it", w->doing, -ret,
			   strerror(-ret));
		return;
	}
	for (i = 0; i < v->num; i++)
		if (ret == -v->err[i])
			return;
	fz_fail(w, "%s: %s, must be %s", w->doing, ret ? strerror(-ret) : "success",
		strerror(v->err[0]));
}

bool fz_low_prio(const struct fz *w, unsigned int s)
{
	unsigned int i;

	for (i = 0; i < FZ_SESSIONS; i++)
		if (w->s[i].open && w->s[i].prio > w->s[s].prio)
			return true;
	return false;
}

bool fz_not_owner(const struct fz_queue *q, unsigned int s)
{
	return q->owner >= 0 && q->owner != (int)s;
}

bool fz_memory_ok(uint32_t memory)
{
	return memory == V4L2_MEMORY_MMAP || memory == V4L2_MEMORY_USERPTR ||
	       memory == V4L2_MEMORY_DMABUF;
}

/* ---- Queues and formats ---- */

void fz_ctx_init(struct fz *w, struct fz_ctx *c)
{
	unsigned int i;

	memset(c, 0, sizeof(*c));
	for (i = 0; i < FZ_QUEUES && w->d->types[i]; i++) {
		struct fz_queue *q = &c->q[i];

		q->type = w->d->types[i];
		q->output = V4L2_TYPE_IS_OUTPUT(q->type);
		q->mplane = V4L2_TYPE_IS_MULTIPLANAR(q->type);
		q->owner = -1;
	}
	c->num = i;
}

struct fz_queue *fz_queue(struct fz *w, unsigned int s, uint32_t type)
{
	struct fz_ctx *c = w->s[s].ctx;
	unsigned int i;

	for (i = 0; i < c->num; i++)
		if (c->q[i].type == type)
			return &c->q[i];
	return NULL;
}

uint32_t fz_plane_sizes(const struct vmedia_format *fmt, uint32_t sizes[VMEDIA_MAX_PLANES])
{
	const struct vmedia_vbi_format *vbi = &fmt->fmt.vbi;
	uint32_t i, n = 1;

	switch (fmt->type) {
	case V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE:
	case V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE:
		n = fmt->fmt.pix_mp.num_planes;
		for (i = 0; i < n && i < VMEDIA_MAX_PLANES; i++)
			sizes[i] = fmt->fmt.pix_mp.plane_fmt[i].sizeimage;
		return n;
	case V4L2_BUF_TYPE_VBI_CAPTURE:
	case V4L2_BUF_TYPE_VBI_OUTPUT:
		sizes[0] = vbi->samples_per_line * (vbi->count[0] + vbi->count[1]);
		break;
	case V4L2_BUF_TYPE_SLICED_VBI_CAPTURE:
	case V4L2_BUF_TYPE_SLICED_VBI_OUTPUT:
		sizes[0] = fmt->fmt.sliced.io_size;
		break;
	case V4L2_BUF_TYPE_SDR_CAPTURE:
	case V4L2_BUF_TYPE_SDR_OUTPUT:
		sizes[0] = fmt->fmt.sdr.buffersize;
		break;
	case V4L2_BUF_TYPE_META_CAPTURE:
	case V4L2_BUF_TYPE_META_OUTPUT:
		sizes[0] = fmt->fmt.meta.buffersize;
		break;
	default:
		sizes[0] = fmt->fmt.pix.sizeimage;
		break;
	}
	return n;
}

const struct vmedia_format *fz_format(struct fz *w, unsigned int s, struct fz_queue *q)
{
	union vmedia_payload arg = { .format = { .type = q->type } };
	int err;

	if (q->fmt_known && !(w->d->moves && !q->output))
		return &q->fmt;
	err = fz_ioctl(w, s, VMEDIA_NR_G_FMT, &arg);
	FZ_REQUIRE(w, !err, "G_FMT: %s", strerror(-err));
	q->fmt = arg.format;
	q->fmt_known = true;
	return &q->fmt;
}

unsigned int fz_count(const struct fz_queue *q, enum fz_state state)
{
	unsigned int i, n = 0;

	for (i = 0; i < FZ_BUFS; i++)
		n += q->buf[i].state == state;
	return n;
}

void fz_free_bufs(struct fz *w, struct fz_queue *q, uint32_t first, uint32_t count)
{
	uint32_t i, m;

	for (i = first; i < first + count; i++) {
		struct fz_buf *b = &q->buf[i];

		if (b->state == FZ_NONE)
			continue;
		fz_pages_return(w, b);
		for (m = 0; m < w->num_maps; m++)
			if (w->maps[m].buf == b)
				w->maps[m].buf = NULL;
		memset(b, 0, sizeof(*b));
		q->num--;
	}
}

void fz_cancel(struct fz *w, struct fz_queue *q)
{
	unsigned int i;

	q->streaming = false;
	q->failed = false;
	for (i = 0; i < FZ_BUFS; i++) {
		if (q->buf[i].state == FZ_NONE)
			continue;
		fz_pages_return(w, &q->buf[i]);
		q->buf[i].state = FZ_DEQUEUED;
	}
}

void fz_closed(struct fz *w, unsigned int s)
{
	struct fz_session *ses = &w->s[s];
	unsigned int i;

	for (i = 0; i < ses->ctx->num; i++) {
		struct fz_queue *q = &ses->ctx->q[i];

		if (q->owner != (int)s)
			continue;
		fz_cancel(w, q);
		fz_free_bufs(w, q, 0, FZ_BUFS);
		q->owner = -1;
		q->busy = false;
	}
	if (ses->ctx == &ses->own)
		fz_ctx_init(w, &ses->own);
	ses->open = false;
	ses->num_subs = 0;
}

/* ---- What is told of a buffer ---- */

static void check_flags(struct fz *w, const struct fz_queue *q, const struct fz_buf *b,
			uint32_t flags)
{
	const uint32_t mask = V4L2_BUF_FLAG_QUEUED | V4L2_BUF_FLAG_DONE | V4L2_BUF_FLAG_PREPARED;
	uint32_t i, has = flags & mask;
	bool mapped = false, ok;

	switch (b->state) {
	case FZ_QUEUED:
		ok = has == V4L2_BUF_FLAG_QUEUED || has == V4L2_BUF_FLAG_DONE ||
		     (!has && fz_blind(w));
		break;
	case FZ_PREPARED:
		ok = has == V4L2_BUF_FLAG_PREPARED;
		break;
	default:
		ok = has == 0;
		break;
	}
	FZ_REQUIRE(w, ok, "%s: flags %#x of a buffer in state %d", w->doing, flags, b->state);
	/* An event may have waited for room since before the buffer was mapped. */
	if (w->in_event)
		return;
	for (i = 0; i < b->num_planes; i++)
		mapped |= b->mapped[i] != NULL;
	if (q->memory == V4L2_MEMORY_MMAP && !b->exported)
		FZ_REQUIRE(w, mapped == !!(flags & V4L2_BUF_FLAG_MAPPED),
			   "%s: flags %#x of a buffer that is %smapped", w->doing, flags,
			   mapped ? "" : "not ");
}

static void check_plane(struct fz *w, const struct fz_queue *q, struct fz_buf *b, uint32_t i,
			const struct vmedia_plane *p)
{
	bool mmap = q->memory == V4L2_MEMORY_MMAP;

	FZ_REQUIRE(w, p->length >= b->min[i] || (b->lost && !p->length),
		   "%s: plane %u has %u bytes, the format asked for %u", w->doing, i, p->length,
		   b->min[i]);
	FZ_REQUIRE(w, !mmap || !b->length[i] || b->length[i] == p->length,
		   "%s: plane %u has %u bytes and had %u", w->doing, i, p->length, b->length[i]);
	FZ_REQUIRE(w, p->bytesused <= p->length, "%s: %u of %u bytes are used in plane %u",
		   w->doing, p->bytesused, p->length, i);
	FZ_REQUIRE(w, !mmap || !b->has_offset || b->offset[i] == p->m.mem_offset,
		   "%s: plane %u is at %#x and was at %#x", w->doing, i, p->m.mem_offset,
		   b->offset[i]);
	b->length[i] = p->length;
	b->offset[i] = p->m.mem_offset;
}

void fz_check_buffer(struct fz *w, struct fz_queue *q, const struct vmedia_buffer *b,
		     const struct vmedia_plane *planes)
{
	struct fz_buf *mb = &q->buf[b->index < FZ_BUFS ? b->index : 0];
	struct vmedia_plane one = { .bytesused = b->bytesused, .length = b->length };
	uint32_t i, n = q->mplane ? b->length : 1;

	FZ_REQUIRE(w, b->index < FZ_BUFS && mb->state != FZ_NONE,
		   "%s: tells of buffer %u, which does not exist", w->doing, b->index);
	FZ_REQUIRE(w, b->type == q->type && b->memory == q->memory,
		   "%s: buffer %u has type %u, memory %u; the queue %u, %u", w->doing, b->index,
		   b->type, b->memory, q->type, q->memory);
	FZ_REQUIRE(w, n == mb->num_planes, "%s: buffer %u has %u planes, not %u", w->doing,
		   b->index, n, mb->num_planes);
	one.m.mem_offset = b->m.offset;
	for (i = 0; i < n && i < VMEDIA_MAX_PLANES; i++)
		check_plane(w, q, mb, i, q->mplane ? &planes[i] : &one);
	mb->has_offset = q->memory == V4L2_MEMORY_MMAP;
	check_flags(w, q, mb, b->flags);
}

/* ---- Events ---- */

/* Bytes between a mapped plane's end and its page's belong to nobody. */
static void check_rest(struct fz *w, const struct fz_buf *b)
{
	uint32_t i, at;

	for (i = 0; i < b->num_planes; i++)
		for (at = b->length[i]; b->mapped[i] && at & 4095; at++)
			FZ_REQUIRE(w, !b->mapped[i][at],
				   "the device wrote byte %u of a plane of %u bytes", at,
				   b->length[i]);
}

static bool oldest(const struct fz_queue *q, const struct fz_buf *b)
{
	unsigned int i;

	for (i = 0; i < FZ_BUFS; i++)
		if (q->buf[i].state == FZ_QUEUED && q->buf[i].order < b->order)
			return false;
	return true;
}

static void buffer_back(struct fz *w, unsigned int s, const struct vmedia_evt *evt)
{
	const struct vmedia_buffer *b = &evt->buffer;
	struct fz_queue *q = fz_queue(w, s, b->type);
	struct fz_buf *mb;

	FZ_REQUIRE(w, q, "an event tells of type %u, which the device has not", b->type);
	if (!q)
		return;
	mb = &q->buf[b->index < FZ_BUFS ? b->index : 0];
	FZ_REQUIRE(w, q->owner == (int)s, "session %u is told of session %d's buffer %u", s,
		   q->owner, b->index);
	FZ_REQUIRE(w, q->streaming && mb->state == FZ_QUEUED,
		   "buffer %u comes back in state %d, the queue %s", b->index, mb->state,
		   q->streaming ? "streams" : "does not stream");
	/* One that is too small for the stream's new format goes back before it gets anywhere. */
	FZ_REQUIRE(w, oldest(q, mb) || ((w->d->moves || w->d->master) &&
					b->flags & V4L2_BUF_FLAG_ERROR),
		   "buffer %u comes back before one that was queued earlier", b->index);
	if (mb->state == FZ_NONE)
		return;
	mb->state = FZ_DEQUEUED;
	w->in_event = true;
	fz_check_buffer(w, q, b, evt->planes);
	w->in_event = false;
	FZ_REQUIRE(w, !q->counted || b->sequence > q->sequence,
		   "buffer %u has sequence number %u after %u", b->index, b->sequence, q->sequence);
	q->counted = true;
	q->sequence = b->sequence;
	if (b->flags & V4L2_BUF_FLAG_LAST) {
		w->s[s].ctx->stalled = true;
		w->s[s].ctx->last = true;
	}
	if (w->d->fails && b->flags & V4L2_BUF_FLAG_ERROR)
		q->failed = true;
	check_rest(w, mb);
	fz_pages_return(w, mb);
	w->frames++;
}

static void v4l2_event(struct fz *w, unsigned int s, const struct vmedia_event *ev)
{
	struct fz_session *ses = &w->s[s];
	unsigned int i;

	for (i = 0; i < ses->num_subs; i++)
		if (ses->subs[i].type == ev->type && ses->subs[i].id == ev->id)
			break;
	FZ_REQUIRE(w, i < ses->num_subs, "event %u, id %#x, is not subscribed", ev->type, ev->id);
	FZ_REQUIRE(w, !ses->any_event || ev->sequence > ses->sequence,
		   "event %u has sequence number %u after %u", ev->type, ev->sequence,
		   ses->sequence);
	ses->new_source |= ev->type == V4L2_EVENT_SOURCE_CHANGE;
	ses->any_event = true;
	ses->sequence = ev->sequence;
}

void fz_event(struct fz *w, const struct vmedia_evt *evt)
{
	unsigned int s;

	w->events++;
	for (s = 0; s < FZ_SESSIONS; s++)
		if (w->s[s].open && w->s[s].id == evt->session_id)
			break;
	if (s == FZ_SESSIONS) {
		fz_fail(w, "an event for session %u, which is not open", evt->session_id);
		return;
	}
	if (evt->type == VMEDIA_EVT_DQBUF)
		fz_note(w, "    event: s%u %s buffer %u, %u bytes, flags %#x, number %u", s,
			vmedia_buf_type_name(evt->buffer.type), evt->buffer.index,
			evt->buffer.bytesused, evt->buffer.flags, evt->buffer.sequence);
	else
		fz_note(w, "    event: s%u type %u, V4L2's %u", s, evt->type, evt->event.type);
	FZ_REQUIRE(w, evt->type != VMEDIA_EVT_ERROR, "session %u is in error %u", s, evt->err);
	if (evt->type == VMEDIA_EVT_DQBUF)
		buffer_back(w, s, evt);
	else if (evt->type == VMEDIA_EVT_EVENT)
		v4l2_event(w, s, &evt->event);
}
