// SPDX-License-Identifier: BSD-3-Clause
/*
 * REQBUFS, CREATE_BUFS, REMOVE_BUFS, STREAMON, STREAMOFF.
 *
 * The job that has the host make buffers also asks what they are (QUERYBUF), and exports them
 * (EXPBUF). The loop then makes the guest's memory of them. One buffer's planes that cannot be
 * exported are memory files, and their bytes are copied.
 *
 * Security model: the host's kernel allocates what a guest asks for, so sizes are bounded before:
 * by the session's share of max_bytes, and by max_bytes for all sessions. A driver that makes
 * larger buffers than its own format says can exceed that, by the buffers of one call.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <vmedia/log.h>

#include "proxy.h"

/* Memory of the host that has the same meaning for the guest. */
#define HOST_CAPS                                                        \
	(V4L2_BUF_CAP_SUPPORTS_ORPHANED_BUFS |                           \
	 V4L2_BUF_CAP_SUPPORTS_MAX_NUM_BUFFERS | V4L2_BUF_CAP_SUPPORTS_REMOVE_BUFS)
#define OUR_CAPS                                                         \
	(V4L2_BUF_CAP_SUPPORTS_MMAP | V4L2_BUF_CAP_SUPPORTS_USERPTR |    \
	 V4L2_BUF_CAP_SUPPORTS_DMABUF)

/* ---- Freeing ---- */

static void unmap(struct proxy_session *ps, struct proxy_buf *buf)
{
	const struct proxy_host *host = &ps->p->host;

	for (uint32_t i = 0; i < buf->num_planes; i++) {
		if (buf->planes[i].map)
			host->ops->munmap(host->opaque, buf->planes[i].map, buf->planes[i].length);
		buf->planes[i].map = NULL;
	}
}

static void buf_free(struct proxy_session *ps, struct proxy_buf *buf)
{
	if (!buf)
		return;
	unmap(ps, buf);
	for (uint32_t i = 0; i < VMEDIA_MAX_PLANES; i++) {
		vmedia_backing_put(buf->planes[i].mem);
		vmedia_proxy_drop_held(&buf->planes[i]);
		if (buf->fd[i] >= 0)
			ps->p->host.ops->close(ps->p->host.opaque, buf->fd[i]);
	}
	free(buf);
}

static uint64_t buf_bytes(const struct proxy_buf *buf)
{
	uint64_t bytes = 0;

	for (uint32_t i = 0; i < buf->num_planes; i++)
		bytes += buf->planes[i].length;
	return bytes;
}

static void count_bytes(struct proxy_session *ps, struct proxy_queue *q, uint64_t bytes)
{
	q->bytes += bytes;
	atomic_fetch_add_explicit(&ps->p->bytes, bytes, memory_order_relaxed);
}

void vmedia_proxy_unmap_all(struct proxy_session *ps)
{
	for (uint32_t type = 0; type < PROXY_TYPES; type++)
		for (uint32_t i = 0; i < ps->queues[type].num_slots; i++)
			if (ps->queues[type].bufs[i])
				unmap(ps, ps->queues[type].bufs[i]);
}

static void free_range(struct proxy_session *ps, struct proxy_queue *q, uint32_t first,
		       uint32_t count)
{
	for (uint32_t i = first; i < q->num_slots && i - first < count; i++) {
		if (!q->bufs[i])
			continue;
		count_bytes(ps, q, 0 - buf_bytes(q->bufs[i]));
		buf_free(ps, q->bufs[i]);
		q->bufs[i] = NULL;
	}
}

void vmedia_proxy_queue_clear(struct proxy_session *ps, struct proxy_queue *q)
{
	free_range(ps, q, 0, UINT32_MAX);
	count_bytes(ps, q, 0 - q->bytes); /* of buffers that were not taken over */
	free(q->bufs);
	q->bufs = NULL;
	q->num_slots = 0;
	q->memory = 0;
	q->host_memory = 0;
	q->settled = false;
	q->sequence = q->counted = 0;
	q->copies = false;
	q->streaming = false;
}

/* ---- In the job: what the host has made ---- */

static void free_in_host(struct proxy_session *ps, uint32_t type)
{
	struct vmedia_requestbuffers r = { .type = type, .memory = V4L2_MEMORY_MMAP };

	vmedia_proxy_host_call(ps, VMEDIA_NR_REQBUFS, &r);
}

static void export(struct proxy_session *ps, uint32_t type, struct proxy_buf *buf)
{
	struct vmedia_exportbuffer e;

	for (uint32_t i = 0; i < buf->num_planes; i++) {
		e = (struct vmedia_exportbuffer){ .type = type, .index = buf->index, .plane = i,
						  .flags = O_RDWR | O_CLOEXEC, .fd = -1 };
		if (!vmedia_proxy_host_call(ps, VMEDIA_NR_EXPBUF, &e))
			buf->fd[i] = e.fd;
	}
}

static struct proxy_buf *buf_new(uint32_t index)
{
	struct proxy_buf *buf = calloc(1, sizeof(*buf));

	if (!buf)
		return NULL;
	buf->index = index;
	for (uint32_t i = 0; i < VMEDIA_MAX_PLANES; i++)
		buf->fd[i] = -1;
	return buf;
}

/* Learn of the buffers that the host has made. Returns 0 with them in c->made. */
static int learn(struct proxy_call *c, uint32_t type, uint32_t first, uint32_t count)
{
	int err = 0;

	if ((uint64_t)first + count > VMEDIA_MAX_BUFFERS) {
		vmedia_proxy_nonsense(c->ps->p, c->io.info->name, "buffers beyond the last index",
				      (uint64_t)first + count, VMEDIA_MAX_BUFFERS);
		return -EIO;
	}
	c->made = calloc(count, sizeof(struct proxy_buf *));
	if (!c->made)
		return -ENOMEM;
	while (!err && c->num_made < count) {
		struct proxy_buf *buf = buf_new(first + c->num_made);

		if (!buf)
			return -ENOMEM;
		c->made[c->num_made++] = buf;
		err = vmedia_proxy_query(c->ps, type, buf->index, buf);
		if (!err && c->guest_memory == V4L2_MEMORY_MMAP)
			export(c->ps, type, buf);
	}
	return err;
}

/* ---- In the job: how many there may be ---- */

/* Bytes of a buffer of @f, at least. */
static uint64_t format_bytes(const struct vmedia_format *f)
{
	uint64_t bytes = 0;

	switch (f->type) {
	case V4L2_BUF_TYPE_VIDEO_CAPTURE:
	case V4L2_BUF_TYPE_VIDEO_OUTPUT:
		return f->fmt.pix.sizeimage;
	case V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE:
	case V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE:
		for (uint32_t i = 0; i < f->fmt.pix_mp.num_planes && i < VMEDIA_MAX_PLANES; i++)
			bytes += f->fmt.pix_mp.plane_fmt[i].sizeimage;
		return bytes;
	case V4L2_BUF_TYPE_VBI_CAPTURE:
	case V4L2_BUF_TYPE_VBI_OUTPUT:
		return (uint64_t)f->fmt.vbi.samples_per_line *
		       ((uint64_t)f->fmt.vbi.count[0] + f->fmt.vbi.count[1]);
	case V4L2_BUF_TYPE_SLICED_VBI_CAPTURE:
	case V4L2_BUF_TYPE_SLICED_VBI_OUTPUT:
		return f->fmt.sliced.io_size;
	case V4L2_BUF_TYPE_SDR_CAPTURE:
	case V4L2_BUF_TYPE_SDR_OUTPUT:
		return f->fmt.sdr.buffersize;
	default:
		return f->fmt.meta.buffersize;
	}
}

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

/*
 * Lower @count to what limits allow of buffers with @size bytes, if @freed bytes of the session go.
 * Returns 0 or -ENOMEM.
 */
static int bound(struct proxy_session *ps, uint64_t size, uint64_t freed, uint32_t *count)
{
	const struct vmedia_limits *l = vmedia_device_limits(ps->p->dev);
	uint64_t all = less(atomic_load(&ps->p->bytes), freed), own = 0, room;

	for (uint32_t type = 0; type < PROXY_TYPES; type++)
		own += ps->queues[type].bytes;
	room = less(l->session_bytes, less(own, freed));
	if (room > less(l->max_bytes, all))
		room = less(l->max_bytes, all);
	if (size && *count > room / size)
		*count = (uint32_t)(room / size);
	if (*count)
		return 0;
	vmedia_warn("buffers of %llu bytes were refused: a session may have %llu bytes of them, "
		    "all sessions %llu", (unsigned long long)size,
		    (unsigned long long)l->session_bytes, (unsigned long long)l->max_bytes);
	return -ENOMEM;
}

/* True if the host has freed the buffers that the queue had. */
static bool are_gone(struct proxy_session *ps, uint32_t type)
{
	const struct proxy_queue *q = &ps->queues[type];
	struct proxy_buf probe = { 0 };

	for (uint32_t i = 0; i < q->num_slots; i++)
		if (q->bufs[i])
			return vmedia_proxy_query(ps, type, i, &probe) == -EINVAL;
	return false;
}

void vmedia_proxy_reqbufs_run(struct proxy_call *c)
{
	struct vmedia_requestbuffers *r = &c->io.arg.requestbuffers;
	struct proxy_session *ps = c->ps;
	struct vmedia_format f = { .type = r->type };

	if (r->count && !vmedia_proxy_host_call(ps, VMEDIA_NR_G_FMT, &f) && f.type == r->type)
		c->err = bound(ps, format_bytes(&f), ps->queues[r->type].bytes, &r->count);
	if (c->err)
		return;
	vmedia_proxy_ask_with_memory(c, &r->memory, &c->asked.arg.requestbuffers.memory);
	if (!c->err && r->count) {
		c->err = learn(c, c->asked.arg.requestbuffers.type, 0, r->count);
		if (c->err)
			free_in_host(ps, c->asked.arg.requestbuffers.type);
	}
	/* An allocation that fails has freed the old buffers before. */
	c->freed = c->err && are_gone(ps, c->asked.arg.requestbuffers.type);
}

void vmedia_proxy_create_bufs_run(struct proxy_call *c)
{
	struct vmedia_create_buffers *b = &c->io.arg.create_buffers;

	if (b->count)
		c->err = bound(c->ps, format_bytes(&b->format), 0, &b->count);
	if (c->err)
		return;
	vmedia_proxy_ask_with_memory(c, &b->memory, &c->asked.arg.create_buffers.memory);
	if (c->err || !b->count)
		return;
	c->bytes = format_bytes(&b->format) * b->count;
	c->err = learn(c, c->asked.arg.create_buffers.format.type, b->index, b->count);
}

/* ---- On the loop ---- */

static bool is_memory(uint32_t memory)
{
	return memory == V4L2_MEMORY_MMAP || memory == V4L2_MEMORY_USERPTR ||
	       memory == V4L2_MEMORY_DMABUF;
}

/*
 * No memory of V4L2, or another one than the queue has: no host takes it, but the errno is the
 * host's, which may lack the ioctl. It is asked for no buffers, of memory 0, which is none.
 */
static void ask_without_memory(struct proxy_call *c, uint32_t *memory, uint32_t *count)
{
	*memory = *count = 0;
	c->served = false;
}

static void begin(struct proxy_call *c, uint32_t type, const uint32_t *memory)
{
	c->guest_memory = *memory;
	c->host_memory = vmedia_proxy_host_memory(c->ps->p, type, *memory);
	c->freed = false;
	c->bytes = 0;
	c->num_made = 0;
	c->made = NULL;
}

int vmedia_proxy_reqbufs_prepare(struct proxy_call *c)
{
	struct vmedia_requestbuffers *r = &c->io.arg.requestbuffers;
	uint32_t max = vmedia_device_limits(c->ps->p->dev)->max_buffers;

	if (!is_memory(r->memory))
		ask_without_memory(c, &r->memory, &r->count);
	begin(c, r->type, &r->memory);
	r->capabilities = 0;
	r->flags = 0;
	if (r->count > max)
		r->count = max;
	return 0;
}

int vmedia_proxy_create_bufs_prepare(struct proxy_call *c)
{
	struct vmedia_create_buffers *b = &c->io.arg.create_buffers;
	const struct proxy_queue *q = &c->ps->queues[b->format.type];
	uint32_t max = vmedia_device_limits(c->ps->p->dev)->max_buffers, have = 0;

	for (uint32_t i = 0; i < q->num_slots; i++)
		have += q->bufs[i] != NULL;
	if (b->count && have >= max)
		return -ENOBUFS;
	if (!is_memory(b->memory) || (b->count && q->memory && q->memory != b->memory))
		ask_without_memory(c, &b->memory, &b->count);
	begin(c, b->format.type, &b->memory);
	if (q->memory && b->memory)
		c->host_memory = q->host_memory;
	b->capabilities = 0;
	b->flags = 0;
	if (b->count > max - have)
		b->count = max - have;
	return 0;
}

/* Give up the buffers that were not taken over. */
static void discard(struct proxy_call *c)
{
	for (uint32_t i = 0; i < c->num_made; i++)
		buf_free(c->ps, c->made[i]);
	free(c->made);
	c->made = NULL;
	c->num_made = 0;
}

/* The guest's memory of one plane: the host's buffer, or a file. */
static int plane_memory(struct proxy_session *ps, struct proxy_buf *buf, uint32_t i)
{
	struct proxy_plane *plane = &buf->planes[i];
	int err = -ENOTTY;

	if (buf->fd[i] >= 0) {
		err = vmedia_backing_from_fd(ps->p->dev, buf->fd[i], 0, plane->length, &plane->mem);
		ps->p->host.ops->close(ps->p->host.opaque, buf->fd[i]);
		buf->fd[i] = -1;
	}
	if (!err || err == -ENOMEM)
		return err;
	plane->copied = true;
	return vmedia_backing_create(ps->session, plane->length, &plane->mem);
}

static int buf_memory(struct proxy_session *ps, struct proxy_queue *q, struct proxy_buf *buf)
{
	int err = 0;

	for (uint32_t i = 0; i < buf->num_planes && !err; i++) {
		if (q->memory == V4L2_MEMORY_MMAP)
			err = plane_memory(ps, buf, i);
		else
			buf->planes[i].copied = q->host_memory == V4L2_MEMORY_MMAP;
		buf->copies |= buf->planes[i].copied;
	}
	q->copies |= buf->copies;
	return err;
}

static int reserve(struct proxy_queue *q, uint32_t slots)
{
	struct proxy_buf **bufs;

	if (slots <= q->num_slots)
		return 0;
	bufs = realloc(q->bufs, slots * sizeof(struct proxy_buf *));
	if (!bufs)
		return -ENOMEM;
	memset(bufs + q->num_slots, 0, (slots - q->num_slots) * sizeof(struct proxy_buf *));
	q->bufs = bufs;
	q->num_slots = slots;
	return 0;
}

/*
 * Take over the buffers of c->made, as far as there is memory. Returns their number. The others are
 * counted, too, since the host has them.
 */
static uint32_t adopt(struct proxy_call *c, struct proxy_queue *q)
{
	uint32_t n;

	for (n = 0; n < c->num_made; n++) {
		struct proxy_buf *buf = c->made[n];

		if (reserve(q, buf->index + 1) || buf_memory(c->ps, q, buf))
			break;
		free_range(c->ps, q, buf->index, 1); /* of a driver that gives an index twice */
		q->bufs[buf->index] = buf;
		c->made[n] = NULL;
		count_bytes(c->ps, q, buf_bytes(buf));
	}
	for (uint32_t i = n; i < c->num_made; i++)
		count_bytes(c->ps, q, buf_bytes(c->made[i]));
	discard(c);
	if (n)
		vmedia_info("%u buffers of %s, memory %s", n, vmedia_buf_type_name(q->type),
			    vmedia_memory_name(q->memory));
	return n;
}

/* The host has freed the buffers of @q. */
static void forget(struct proxy_session *ps, struct proxy_queue *q)
{
	vmedia_proxy_drop_buffer(ps, q->type, 0, UINT32_MAX);
	vmedia_proxy_queue_clear(ps, q);
	vmedia_proxy_watch(ps);
}

static void undo_reqbufs(struct proxy_call *c)
{
	free_in_host(c->ps, c->io.arg.requestbuffers.type);
}

int vmedia_proxy_reqbufs_done(struct proxy_call *c, int err)
{
	struct vmedia_requestbuffers *r = &c->io.arg.requestbuffers;
	struct proxy_queue *q = &c->ps->queues[r->type];
	uint32_t made = c->num_made;

	if (!c->req || err) {
		discard(c);
		if (c->req && c->freed)
			forget(c->ps, q);
		return err;
	}
	forget(c->ps, q);
	r->memory = c->guest_memory;
	r->capabilities = (r->capabilities & HOST_CAPS) | OUR_CAPS;
	if (!made)
		return 0;
	q->memory = c->guest_memory;
	q->host_memory = c->host_memory;
	if (adopt(c, q) == made)
		return 0;
	vmedia_proxy_queue_clear(c->ps, q);
	c->undo = undo_reqbufs;
	return -ENOMEM;
}

int vmedia_proxy_create_bufs_done(struct proxy_call *c, int err)
{
	struct vmedia_create_buffers *b = &c->io.arg.create_buffers;
	struct proxy_queue *q = &c->ps->queues[b->format.type];
	uint32_t max = vmedia_device_limits(c->ps->p->dev)->max_buffers;

	if (!c->req || err) {
		discard(c);
		count_bytes(c->ps, q, c->bytes); /* the host may have them */
		return err;
	}
	b->memory = c->guest_memory;
	b->capabilities = (b->capabilities & HOST_CAPS) | OUR_CAPS;
	if (b->max_num_buffers > max)
		b->max_num_buffers = max;
	if (!c->num_made)
		return 0;
	q->memory = c->guest_memory;
	q->host_memory = c->host_memory;
	/* Without memory for all of them, the host's last ones are not used. */
	b->count = adopt(c, q);
	return b->count ? 0 : -ENOMEM;
}

int vmedia_proxy_remove_bufs_done(struct proxy_call *c, int err)
{
	const struct vmedia_remove_buffers *r = &c->io.arg.remove_buffers;

	if (err || !c->req)
		return err;
	vmedia_proxy_drop_buffer(c->ps, r->type, r->index, r->count);
	free_range(c->ps, &c->ps->queues[r->type], r->index, r->count);
	return 0;
}

int vmedia_proxy_streamon_done(struct proxy_call *c, int err)
{
	if (!err && c->req) {
		c->ps->queues[c->io.arg.u32].streaming = true;
		vmedia_proxy_watch(c->ps);
	}
	return err;
}

int vmedia_proxy_streamoff_done(struct proxy_call *c, int err)
{
	struct proxy_queue *q = &c->ps->queues[c->io.arg.u32];

	if (err || !c->req)
		return err;
	q->streaming = false;
	q->sequence = q->counted = 0;
	for (uint32_t i = 0; i < q->num_slots; i++)
		if (q->bufs[i])
			q->bufs[i]->queued = q->bufs[i]->prepared = false;
	vmedia_proxy_drop_buffer(c->ps, q->type, 0, UINT32_MAX);
	vmedia_proxy_watch(c->ps);
	return 0;
}
