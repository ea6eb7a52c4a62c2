/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Arguments of buffers and streams. Memory that a call makes a node allocate is limited, since a
 * node that is out of memory answers as it can.
 */
#include "make.h"
#include "walk.h"

#define MAX_BYTES (24u << 20) /* of the buffers that one call asks for */

static uint32_t memory(struct conform_walk *w)
{
	return percent(w, 65) ? VMEDIA_MEMORY_MMAP : percent(w, 75) ? VMEDIA_MEMORY_USERPTR :
	       percent(w, 80) ? VMEDIA_MEMORY_DMABUF : conform_odd_u32(&w->random);
}

/* How many buffers of @q there may be: all that V4L2 has if they are small. */
static uint32_t max_count(const struct model_queue *q)
{
	uint64_t bytes = 0;

	for (unsigned int i = 0; q && i < walk_planes(q); i++)
		bytes += walk_sizeimage(q, i);
	return bytes == 0 ? 4 : (uint32_t)(MAX_BYTES / bytes);
}

void make_reqbufs(struct conform_walk *w, struct conform_call *c)
{
	struct vmedia_requestbuffers *r = &c->arg.requestbuffers;
	const struct model_queue *q;
	uint32_t max;

	r->type = walk_type(w);
	r->memory = memory(w);
	q = walk_queue(w, c->session, r->type);
	max = max_count(q);
	/* Formats change only without buffers. */
	r->count = percent(w, q && q->count ? 60 : 10) ? 0 : 1 + below(w, 4);
	if (max >= VIDEO_MAX_FRAME && percent(w, 4))
		r->count = percent(w, 50) ? VIDEO_MAX_FRAME + 1 : conform_odd_u32(&w->random);
	else if (r->count > max)
		r->count = max;
	if (percent(w, 10))
		r->flags = (uint8_t)below(w, 256);
	if (percent(w, 5))
		r->capabilities = conform_odd_u32(&w->random);
	conform_seldom_garbage(&w->random, r->reserved, sizeof(r->reserved));
}

void make_create_bufs(struct conform_walk *w, struct conform_call *c)
{
	struct vmedia_create_buffers *b = &c->arg.create_buffers;
	uint32_t type = walk_type(w), max;
	const struct model_queue *q = walk_queue(w, c->session, type);

	if (q && q->format.type)
		b->format = q->format;
	b->format.type = type;
	b->memory = q && q->count && percent(w, 90) ? q->memory : memory(w);
	max = max_count(q);
	b->count = percent(w, 20) ? 0 : 1 + below(w, 3);
	if (b->count > max)
		b->count = max;
	if (percent(w, 15)) {
		/* Too small, one page more, or none. */
		uint32_t size = q ? walk_sizeimage(q, 0) : 0;
		uint32_t other = percent(w, 40) ? size + 4096 : percent(w, 50) ? 0 : size / 2;

		if (vmedia_buf_type_is_multiplanar(type))
			b->format.fmt.pix_mp.plane_fmt[0].sizeimage = other;
		else
			b->format.fmt.pix.sizeimage = other;
	}
	if (percent(w, 5))
		b->index = conform_odd_u32(&w->random);
	if (percent(w, 5))
		b->flags = conform_odd_u32(&w->random);
	conform_seldom_garbage(&w->random, b->reserved, sizeof(b->reserved));
}

void make_remove_bufs(struct conform_walk *w, struct conform_call *c)
{
	struct vmedia_remove_buffers *r = &c->arg.remove_buffers;
	const struct model_queue *q;

	r->type = walk_type(w);
	q = walk_queue(w, c->session, r->type);
	r->index = walk_index(w, q ? q->count : 0);
	r->count = percent(w, 95) ? below(w, 3) : conform_odd_u32(&w->random);
	conform_seldom_garbage(&w->random, r->reserved, sizeof(r->reserved));
}

/* An index of a buffer that is in state @state if there is one, mostly. */
static uint32_t buffer_index(struct conform_walk *w, const struct model_queue *q,
			     enum buffer_state state)
{
	if (!q || percent(w, 10))
		return walk_index(w, q ? q->count : 0);
	for (unsigned int i = 0; i < q->count; i++)
		if (q->state[i] == state)
			return i;
	return walk_index(w, q->count);
}

static void begin_buffer(struct conform_walk *w, struct conform_call *c, enum buffer_state state)
{
	struct vmedia_buffer *b = &c->arg.buffer;
	const struct model_queue *q;

	b->type = walk_type(w);
	q = walk_queue(w, c->session, b->type);
	b->index = buffer_index(w, q, state);
	b->memory = q && q->memory && percent(w, 95) ? q->memory : memory(w);
	b->m.userptr = CONFORM_PTR_NULL;
	if (!conform_call_is_mplane(c))
		return;
	b->length = percent(w, 85) && q ? walk_planes(q) : below(w, CONFORM_PLANES + 1);
	if (percent(w, 2))
		c->null = true;
}

void make_querybuf(struct conform_walk *w, struct conform_call *c)
{
	begin_buffer(w, c, (enum buffer_state)below(w, 3));
	/* m is the answer's. */
	c->arg.buffer.memory = percent(w, 98) ? 0 : below(w, 5);
	if (percent(w, 5))
		c->arg.buffer.reserved2 = conform_odd_u32(&w->random);
}

/* Where the plane is: never nearer to the memory's end than its size. */
static uint64_t user_place(struct conform_walk *w, uint32_t index, unsigned int plane,
			   uint32_t size)
{
	if (size > CONFORM_MEMORY / 16 * 5)
		return CONFORM_PTR_NULL;
	return percent(w, 94) ? CONFORM_PTR((index % 4 + plane) * (CONFORM_MEMORY / 16)) :
	       percent(w, 50) ? CONFORM_PTR_NULL : CONFORM_PTR_BAD;
}

static void fill_planes(struct conform_walk *w, struct conform_call *c,
			const struct model_queue *q)
{
	const struct vmedia_buffer *b = &c->arg.buffer;
	bool output = V4L2_TYPE_IS_OUTPUT(b->type);

	for (unsigned int i = 0; i < b->length && i < CONFORM_PLANES; i++) {
		struct vmedia_plane *p = &c->planes[i];
		/*
		 * Of planes that the format has not, V4L2 does not look at the memory, and a driver
		 * of a device does not know that there are none: they have no length.
		 */
		uint32_t size = q && i < walk_planes(q) ? walk_sizeimage(q, i) : 0;

		if (b->memory == VMEDIA_MEMORY_USERPTR) {
			p->m.userptr = user_place(w, b->index, i, size);
			p->length = percent(w, 90) ? size : size / 2;
		} else if (b->memory == VMEDIA_MEMORY_DMABUF) {
			p->m.fd = -1;
		}
		if (output)
			p->bytesused = percent(w, 80) ? size : percent(w, 50) ? 0 :
				       conform_odd_u32(&w->random);
		if (output && percent(w, 4))
			p->data_offset = conform_odd_u32(&w->random);
		conform_seldom_garbage(&w->random, p->reserved, sizeof(p->reserved));
	}
}

static void fill_buffer(struct conform_walk *w, struct conform_call *c, const struct model_queue *q)
{
	struct vmedia_buffer *b = &c->arg.buffer;
	uint32_t size = q ? walk_sizeimage(q, 0) : 0;

	if (b->memory == VMEDIA_MEMORY_USERPTR) {
		b->m.userptr = user_place(w, b->index, 0, size);
		b->length = percent(w, 90) ? size : size / 2;
	} else if (b->memory == VMEDIA_MEMORY_DMABUF) {
		b->m.fd = -1;
	}
	if (V4L2_TYPE_IS_OUTPUT(b->type))
		b->bytesused = percent(w, 80) ? size : percent(w, 50) ? 0 :
			       conform_odd_u32(&w->random);
}

/* Of QBUF and PREPARE_BUF. */
void make_qbuf(struct conform_walk *w, struct conform_call *c)
{
	struct vmedia_buffer *b = &c->arg.buffer;
	const struct model_queue *q;

	begin_buffer(w, c, percent(w, 20) ? BUFFER_PREPARED : BUFFER_FREE);
	q = walk_queue(w, c->session, b->type);
	if (conform_call_is_mplane(c))
		fill_planes(w, c, q);
	else
		fill_buffer(w, c, q);
	if (V4L2_TYPE_IS_OUTPUT(b->type)) {
		b->field = percent(w, 80) ? V4L2_FIELD_NONE : below(w, 11);
		b->timestamp.tv_sec = below(w, 1000);
		b->timestamp.tv_usec = below(w, 1000000);
	}
	if (percent(w, 10))
		b->flags = conform_odd_u32(&w->random) & ~(uint32_t)V4L2_BUF_FLAG_REQUEST_FD;
	if (percent(w, 2)) {
		b->flags |= V4L2_BUF_FLAG_REQUEST_FD;
		b->request_fd = -1;
	}
	if (percent(w, 3))
		b->reserved2 = conform_odd_u32(&w->random);
}

void make_dqbuf(struct conform_walk *w, struct conform_call *c)
{
	begin_buffer(w, c, BUFFER_QUEUED);
	if (percent(w, 3))
		conform_garbage(&w->random, &c->arg.buffer.timestamp,
				sizeof(c->arg.buffer.timestamp));
}

void make_expbuf(struct conform_walk *w, struct conform_call *c)
{
	struct vmedia_exportbuffer *e = &c->arg.exportbuffer;
	const struct model_queue *q;

	e->type = walk_type(w);
	q = walk_queue(w, c->session, e->type);
	e->index = walk_index(w, q ? q->count : 0);
	e->plane = percent(w, 90) ? 0 : below(w, 4);
	e->flags = percent(w, 95) ? 02 : conform_odd_u32(&w->random); /* O_RDWR */
	conform_seldom_garbage(&w->random, e->reserved, sizeof(e->reserved));
}

/* Of STREAMON and STREAMOFF. */
void make_stream(struct conform_walk *w, struct conform_call *c)
{
	c->arg.u32 = walk_type(w);
}
