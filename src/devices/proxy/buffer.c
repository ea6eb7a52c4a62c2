// SPDX-License-Identifier: BSD-3-Clause
/*
 * QUERYBUF, QBUF, PREPARE_BUF, EXPBUF, and where the guest maps buffers.
 *
 * The index and type of a buffer are the same in guest and host, and so are its bytesused, field,
 * sequence, time stamp and time code: a time stamp of a capture device is the host's monotonic
 * clock. Its memory, its pointer or descriptor and its offset are the guest's. An offset names
 * type, index and plane, so nothing of the host is in it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <string.h>
#include <vmedia/log.h>

#include "proxy.h"

/* What the guest is not told: of requests, which it has not, and of the host's mappings. */
#define HIDDEN_FLAGS                                                             \
	(V4L2_BUF_FLAG_MAPPED | V4L2_BUF_FLAG_IN_REQUEST |                       \
	 V4L2_BUF_FLAG_REQUEST_FD | V4L2_BUF_FLAG_M2M_HOLD_CAPTURE_BUF)

/*
 * Bits that V4L2 has not defined, and the end of a stream, which OUTPUT has not. V4L2 gives them
 * back until the next QBUF, and the host does not get them.
 */
#define UNDEFINED_FLAGS (0xff000000u | 1u << 22 | 1u << 21 | 1u << 19)
#define OUTPUT_ODD_FLAGS (UNDEFINED_FLAGS | V4L2_BUF_FLAG_LAST)

/* ---- Offsets ---- */

#define OFFSET_SHIFT 12 /* a page, at least */

static uint32_t offset_of(uint32_t type, uint32_t index, uint32_t plane)
{
	_Static_assert((uint64_t)PROXY_TYPES * VMEDIA_MAX_BUFFERS * VMEDIA_MAX_PLANES
		       << OFFSET_SHIFT <= UINT32_MAX, "every plane has an offset");
	return ((type * VMEDIA_MAX_BUFFERS + index) * VMEDIA_MAX_PLANES + plane) << OFFSET_SHIFT;
}

int vmedia_proxy_mmap(struct vmedia_session *s, uint32_t offset, struct vmedia_plane_map *map)
{
	struct proxy_session *ps = vmedia_session_priv(s);
	uint32_t n = offset >> OFFSET_SHIFT, plane = n % VMEDIA_MAX_PLANES;
	uint32_t index = n / VMEDIA_MAX_PLANES % VMEDIA_MAX_BUFFERS;
	uint32_t type = n / VMEDIA_MAX_PLANES / VMEDIA_MAX_BUFFERS;
	const struct proxy_buf *buf = type < PROXY_TYPES ? vmedia_proxy_buf(ps, type, index) : NULL;

	if (!buf || offset != n << OFFSET_SHIFT || plane >= buf->num_planes ||
	    ps->queues[type].memory != V4L2_MEMORY_MMAP)
		return -EINVAL;
	map->backing = buf->planes[plane].mem;
	map->length = buf->planes[plane].length;
	return 0;
}

/* ---- From the host to the guest ---- */

static int nonsense(struct proxy_session *ps, const char *what, uint64_t got, uint64_t limit)
{
	vmedia_proxy_nonsense(ps->p, "a buffer", what, got, limit);
	return -EIO;
}

/* @bytesused and @offset are the host's of plane @i. Sets @length and @m to the guest's. */
static int tell_plane(struct proxy_session *ps, const struct proxy_queue *q,
		      const struct proxy_buf *buf, uint32_t i, uint32_t bytesused, uint32_t offset,
		      uint32_t *length, void *m)
{
	const struct proxy_plane *plane = &buf->planes[i];
	uint32_t room = vmedia_proxy_room(q, plane);
	uint64_t value = plane->handle;

	if (bytesused > room || offset > room)
		return nonsense(ps, "it has more bytes than its length",
				bytesused > offset ? bytesused : offset, room);
	*length = plane->length;
	if (q->memory == V4L2_MEMORY_MMAP)
		value = offset_of(q->type, buf->index, i);
	else if (plane->given)
		*length = plane->given;
	memcpy(m, &value, sizeof(value)); /* descriptors and offsets are its lower half */
	return 0;
}

int vmedia_proxy_tell(struct proxy_session *ps, const struct proxy_queue *q,
		      const struct proxy_buf *buf, struct vmedia_buffer *b,
		      struct vmedia_plane *planes)
{
	bool mplane = vmedia_buf_type_is_multiplanar(q->type);
	int err = 0;

	b->flags = (b->flags & ~(uint32_t)HIDDEN_FLAGS) | buf->odd_flags;
	if (q->memory == V4L2_MEMORY_MMAP)
		for (uint32_t i = 0; i < buf->num_planes; i++)
			if (vmedia_backing_mapped(buf->planes[i].mem))
				b->flags |= V4L2_BUF_FLAG_MAPPED;
	b->memory = q->memory;
	b->reserved2 = 0;
	b->reserved = 0;
	if (!mplane)
		return tell_plane(ps, q, buf, 0, b->bytesused, 0, &b->length, &b->m);
	if (b->length != buf->num_planes)
		return nonsense(ps, "it has another number of planes", b->length, buf->num_planes);
	b->m.planes = 0;
	for (uint32_t i = 0; i < buf->num_planes && !err; i++) {
		memset(planes[i].reserved, 0, sizeof(planes[i].reserved));
		err = tell_plane(ps, q, buf, i, planes[i].bytesused, planes[i].data_offset,
				 &planes[i].length, &planes[i].m);
	}
	return err;
}

/* How the guest's buffer is the host's, for the log. */
static const char *way(const struct proxy_queue *q, const struct proxy_buf *buf)
{
	if (q->host_memory == V4L2_MEMORY_USERPTR)
		return "the host gets the pages";
	if (q->host_memory == V4L2_MEMORY_DMABUF)
		return "the host gets the objects";
	return buf->copies ? "the host has buffers of its own"
			   : "the host's buffers, as dma-bufs";
}

/* The host has taken the memory of @buf. */
static void taken(struct proxy_session *ps, struct proxy_queue *q, struct proxy_buf *buf)
{
	if (!q->settled)
		vmedia_info("%s, memory %s: %s%s", vmedia_buf_type_name(q->type),
			    vmedia_memory_name(q->memory), way(q, buf),
			    buf->copies ? "; their bytes are copied" : "");
	q->settled = true;
	q->copies |= buf->copies;
	vmedia_proxy_hold(buf, true);
}

int vmedia_proxy_buffer_done(struct proxy_call *c, int err)
{
	struct proxy_session *ps = c->ps;
	struct proxy_buf *buf = c->buf;

	if (err && buf && c->io.info->nr != VMEDIA_NR_QUERYBUF) {
		if (c->told)
			vmedia_proxy_hold_only(buf, c->knows);
		else
			vmedia_proxy_hold(buf, false);
	}
	if (err || !c->req)
		return err;
	if (c->io.info->nr != VMEDIA_NR_QUERYBUF) {
		taken(ps, &ps->queues[c->io.arg.buffer.type], buf);
		if (!buf->prepared)
			buf->odd_flags = c->odd_flags;
	}
	if (c->io.info->nr == VMEDIA_NR_QBUF) {
		buf->queued = true;
		buf->prepared = false;
		buf->order = ++ps->order;
	} else if (c->io.info->nr == VMEDIA_NR_PREPARE_BUF) {
		buf->prepared = true;
	}
	c->io.num_planes = vmedia_buf_type_is_multiplanar(c->io.arg.buffer.type) ? buf->num_planes
										   : 0;
	return vmedia_proxy_tell(ps, &ps->queues[c->io.arg.buffer.type], buf, &c->io.arg.buffer,
				 c->io.planes);
}

/* ---- From the guest to the host ---- */

/*
 * Find the buffer, and check that the guest gave room for all its planes. A session without buffers
 * asks the host all the same, without one (c->buf is NULL): another session may own the queue, and
 * the errno is the driver's.
 */
static int find(struct proxy_call *c)
{
	const struct vmedia_buffer *b = &c->io.arg.buffer;

	c->buf = vmedia_proxy_buf(c->ps, b->type, b->index);
	if (!c->buf && c->ps->queues[b->type].memory)
		return -EINVAL;
	if (!c->buf)
		c->served = false;
	return c->buf && vmedia_buf_type_is_multiplanar(b->type) &&
	       c->io.num_planes < c->buf->num_planes ? -EINVAL : 0;
}

/* Point the host's structure to the planes of c->io. */
static void set_planes(struct proxy_call *c, struct vmedia_buffer *b)
{
	if (!vmedia_buf_type_is_multiplanar(b->type))
		return;
	if (c->buf)
		c->io.num_planes = c->buf->num_planes;
	b->length = c->io.num_planes;
	b->m.planes = (uintptr_t)c->io.planes;
}

int vmedia_proxy_querybuf_prepare(struct proxy_call *c)
{
	struct vmedia_buffer *b = &c->io.arg.buffer;
	int err = find(c);

	if (err)
		return err;
	*b = (struct vmedia_buffer){ .index = b->index, .type = b->type,
				     .memory = V4L2_MEMORY_MMAP };
	memset(c->io.planes, 0, sizeof(c->io.planes));
	set_planes(c, b);
	return 0;
}

/* The guest's memory of plane @i, by its list of pages or its UUID. */
static int import(struct proxy_call *c, uint32_t i, uint32_t length, uint64_t handle)
{
	const struct proxy_queue *q = &c->ps->queues[c->io.arg.buffer.type];
	struct proxy_plane *plane = &c->buf->planes[i];
	struct vmedia_backing *mem;
	int err;

	if (!length && q->memory == V4L2_MEMORY_DMABUF)
		length = plane->length;
	if (length < plane->length)
		return -EINVAL;
	/* V4L2 pins pages of USERPTR for writing, in some versions also those that it reads. */
	err = vmedia_request_import(c->req, i, length,
				    q->host_memory == V4L2_MEMORY_USERPTR ||
				    !vmedia_proxy_type_is_output(q->type), plane->mem, &mem);
	if (!err && mem != plane->mem && vmedia_proxy_holds_all(plane)) {
		vmedia_backing_put(mem);
		err = -EIO;
	}
	if (err)
		return err;
	vmedia_backing_put(plane->mem);
	plane->mem = mem;
	c->buf->copies |= plane->copied || vmedia_backing_is_copy(mem);
	plane->given = length;
	plane->handle = handle;
	return 0;
}

static int import_all(struct proxy_call *c)
{
	const struct vmedia_ioctl *io = &c->io;
	bool mplane = vmedia_buf_type_is_multiplanar(io->arg.buffer.type);
	bool dmabuf = io->arg.buffer.memory == V4L2_MEMORY_DMABUF;
	uint64_t handle;
	int err = 0;

	c->buf->copies = false;
	for (uint32_t i = 0; i < c->buf->num_planes && !err; i++) {
		if (dmabuf)
			handle = (uint32_t)(mplane ? io->planes[i].m.fd : io->arg.buffer.m.fd);
		else
			handle = mplane ? io->planes[i].m.userptr : io->arg.buffer.m.userptr;
		err = import(c, i, mplane ? io->planes[i].length : io->arg.buffer.length, handle);
	}
	return err;
}

/* Make the host's structure of the guest's. */
static void make_question(struct proxy_call *c)
{
	struct vmedia_buffer *b = &c->io.arg.buffer, from = *b;
	bool output = vmedia_proxy_type_is_output(from.type);
	bool mplane = vmedia_buf_type_is_multiplanar(from.type);

	*b = (struct vmedia_buffer){ .index = from.index, .type = from.type,
				     .memory = V4L2_MEMORY_MMAP };
	for (uint32_t i = 0; mplane && i < VMEDIA_MAX_PLANES; i++) {
		struct vmedia_plane *p = &c->io.planes[i];

		*p = (struct vmedia_plane){ .bytesused = output ? p->bytesused : 0,
					    .data_offset = output ? p->data_offset : 0 };
	}
	if (output) {
		b->bytesused = from.bytesused;
		b->field = from.field;
		b->flags = from.flags & PROXY_CONTENT_FLAGS;
		b->timestamp = from.timestamp;
		b->timecode = from.timecode;
	}
	set_planes(c, b);
	if (c->buf)
		vmedia_proxy_set_memory(&c->ps->queues[b->type], c->buf, b, c->io.planes);
}

int vmedia_proxy_qbuf_prepare(struct proxy_call *c)
{
	const struct vmedia_buffer *b = &c->io.arg.buffer;
	const struct proxy_queue *q;
	int err = find(c);

	c->told = false;
	c->odd_flags = b->flags & (vmedia_proxy_type_is_output(b->type) ? OUTPUT_ODD_FLAGS
									: UNDEFINED_FLAGS);
	if (!err && !c->buf)
		make_question(c);
	if (err || !c->buf)
		return err;
	if (b->memory != c->ps->queues[b->type].memory || c->buf->queued)
		return -EINVAL;
	if (b->flags & V4L2_BUF_FLAG_REQUEST_FD)
		return c->io.info->nr == VMEDIA_NR_QBUF ? -EBADR : -EINVAL;
	if (b->memory != V4L2_MEMORY_MMAP && !c->buf->prepared)
		err = import_all(c);
	if (err)
		return err;
	make_question(c);
	q = &c->ps->queues[b->type];
	/* The first memory may well be refused, and then the queue stops. */
	c->slow = (q->host_memory != V4L2_MEMORY_MMAP && !q->settled) ||
		  (c->buf->copies && vmedia_proxy_type_is_output(q->type));
	return 0;
}

/* Copy what the host is to read, and ask. */
static void ask_with_bytes(struct proxy_call *c)
{
	const struct vmedia_buffer *b = &c->io.arg.buffer;

	c->err = 0;
	if (c->buf && c->buf->copies && vmedia_proxy_type_is_output(b->type))
		c->err = vmedia_proxy_copy_to_host(c->ps, c->buf, b, c->io.planes);
	if (!c->err)
		vmedia_proxy_ask(c);
}

void vmedia_proxy_qbuf_run(struct proxy_call *c)
{
	const struct proxy_queue *q = &c->ps->queues[c->asked.arg.buffer.type];
	int err;

	ask_with_bytes(c);
	if (c->buf && vmedia_proxy_is_refused(c, q)) {
		/* The loop does not wait until the queue has stopped. */
		if (!c->slow) {
			c->slow = true;
			return;
		}
		err = vmedia_proxy_fall_back(c);
		if (!err)
			ask_with_bytes(c);
		else if (err == -EIO)
			c->err = err;
	}
	if (c->buf && c->err && q->host_memory == V4L2_MEMORY_USERPTR)
		vmedia_proxy_ask_known(c);
}

/* ---- EXPBUF ---- */

/* The guest's object is the memory that it could map, so the host is not asked again. */
int vmedia_proxy_expbuf_prepare(struct proxy_call *c)
{
	struct vmedia_exportbuffer *e = &c->io.arg.exportbuffer;
	const struct proxy_buf *buf = vmedia_proxy_buf(c->ps, e->type, e->index);
	struct vmedia_backing *mem = NULL;
	int err;

	if (!c->ps->queues[e->type].memory) {
		c->served = false; /* as find() does */
		return 0;
	}
	if (buf && e->plane < buf->num_planes && !(e->flags & ~(uint32_t)(O_CLOEXEC | O_ACCMODE)) &&
	    c->ps->queues[e->type].memory == V4L2_MEMORY_MMAP)
		mem = buf->planes[e->plane].mem;
	/* Asked for a plane that does not exist too: -ENOTTY means that there are no objects. */
	err = vmedia_request_export(c->req, mem);
	return err ? err : 1;
}

/* For a session without buffers: there is nothing to export. */
void vmedia_proxy_expbuf_run(struct proxy_call *c)
{
	const struct proxy_host *host = &c->ps->p->host;

	c->io.arg.exportbuffer.flags = O_CLOEXEC;
	c->io.arg.exportbuffer.fd = -1;
	vmedia_proxy_ask(c);
	if (!c->err && c->io.arg.exportbuffer.fd >= 0)
		host->ops->close(host->opaque, c->io.arg.exportbuffer.fd);
}
