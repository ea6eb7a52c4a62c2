/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * QUERYBUF, PREPARE_BUF, QBUF, EXPBUF, and the dequeue that a DQBUF event reports.
 *
 * Security model: lengths, offsets and counts of a guest's buffer are checked against the buffer as
 * it was created before any of them is stored. Core resolves the memory: it is valid for its whole
 * length, or core refuses it.
 */
#include <errno.h>
#include <string.h>

#include <linux/videodev2.h>

#include "v4l2/dispatch.h"
#include "v4l2/queue.h"

#define GUEST_O_ACCMODE	3u
#define GUEST_O_CLOEXEC	02000000u
/* Flags that describe the content of an output buffer. */
#define CONTENT_FLAGS                                                           \
	(V4L2_BUF_FLAG_KEYFRAME | V4L2_BUF_FLAG_PFRAME | V4L2_BUF_FLAG_BFRAME | \
	 V4L2_BUF_FLAG_TIMECODE)

static bool copies_time(const struct vmedia_queue *q)
{
	return q->ts_flags & V4L2_BUF_FLAG_TIMESTAMP_COPY;
}

/* ---- Reporting buffers to the driver ---- */

static uint32_t state_flags(const struct vmedia_vbuf *vb)
{
	const struct vmedia_queue *q = vb->b.queue;
	uint32_t flags = q->ts_flags & V4L2_BUF_FLAG_TIMESTAMP_MASK, i;

	switch (vb->state) {
	case VMEDIA_BUF_QUEUED:
	case VMEDIA_BUF_ACTIVE:
		flags |= V4L2_BUF_FLAG_QUEUED;
		break;
	case VMEDIA_BUF_ERROR:
		flags |= V4L2_BUF_FLAG_ERROR | V4L2_BUF_FLAG_DONE;
		break;
	case VMEDIA_BUF_DONE:
		flags |= V4L2_BUF_FLAG_DONE;
		break;
	case VMEDIA_BUF_PREPARED:
	case VMEDIA_BUF_DEQUEUED:
		break;
	}
	if (vb->prepared && vb->state == VMEDIA_BUF_PREPARED)
		flags |= V4L2_BUF_FLAG_PREPARED;
	for (i = 0; q->memory == V4L2_MEMORY_MMAP && i < vb->b.num_planes; i++)
		if (vmedia_backing_mapped(vb->b.planes[i].mem))
			flags |= V4L2_BUF_FLAG_MAPPED;
	return flags;
}

static void tell_plane(const struct vmedia_vbuf *vb, uint32_t i, struct vmedia_plane *p)
{
	const struct vmedia_buf_plane *bp = &vb->b.planes[i];

	*p = (struct vmedia_plane){ .bytesused = bp->bytesused,
				    .length = bp->length,
				    .data_offset = bp->data_offset };
	if (vb->b.queue->memory == V4L2_MEMORY_MMAP)
		p->m.mem_offset = vb->offset[i];
	else if (vb->b.queue->memory == V4L2_MEMORY_USERPTR)
		p->m.userptr = vb->handle[i];
	else
		p->m.fd = (int32_t)vb->handle[i];
}

/* Report the buffer as V4L2 does. Does not change @b's planes pointer. */
static void tell(const struct vmedia_vbuf *vb, struct vmedia_buffer *b, struct vmedia_plane *planes)
{
	const struct vmedia_queue *q = vb->b.queue;
	uint64_t pointer = b->m.planes;
	struct vmedia_plane p;
	uint32_t i;

	*b = (struct vmedia_buffer){ .index = vb->b.index,
				     .type = q->type,
				     .memory = q->memory,
				     .field = vb->b.field,
				     .sequence = vb->b.sequence,
				     .timecode = vb->b.timecode,
				     .flags = vb->b.flags | state_flags(vb) };
	b->timestamp.tv_sec = (int64_t)(vb->b.timestamp / 1000000000u);
	b->timestamp.tv_usec = (int64_t)(vb->b.timestamp % 1000000000u / 1000u);
	if (q->mplane) {
		b->m.planes = pointer;
		b->length = vb->b.num_planes;
		for (i = 0; i < vb->b.num_planes; i++)
			tell_plane(vb, i, &planes[i]);
		return;
	}
	tell_plane(vb, 0, &p);
	b->bytesused = p.bytesused;
	b->length = p.length;
	if (q->memory == V4L2_MEMORY_MMAP)
		b->m.offset = p.m.mem_offset;
	else if (q->memory == V4L2_MEMORY_USERPTR)
		b->m.userptr = p.m.userptr;
	else
		b->m.fd = p.m.fd;
}

static struct vmedia_vbuf *find(struct vmedia_file *f, struct vmedia_request *req)
{
	struct vmedia_ioctl *io = vmedia_request_ioctl(req);
	struct vmedia_queue *q = vmedia_ctx_queue(f->ctx, io->arg.buffer.type);
	uint32_t index = io->arg.buffer.index;

	if (!q || index >= q->max_bufs || !q->bufs[index])
		return NULL;
	if (q->mplane && io->num_planes < q->bufs[index]->b.num_planes)
		return NULL;
	return q->bufs[index];
}

int vmedia_do_querybuf(struct vmedia_file *f, struct vmedia_request *req)
{
	struct vmedia_ioctl *io = vmedia_request_ioctl(req);
	struct vmedia_vbuf *vb = find(f, req);

	if (!vb)
		return -EINVAL;
	tell(vb, &io->arg.buffer, io->planes);
	return 0;
}

/* ---- Taking buffers from the driver ---- */

/* Return the length of plane @i in the request. A length given for MMAP is ignored. */
static uint32_t given_length(const struct vmedia_vbuf *vb, const struct vmedia_ioctl *io,
			     uint32_t i)
{
	const struct vmedia_queue *q = vb->b.queue;
	uint32_t length = q->mplane ? io->planes[i].length : io->arg.buffer.length;

	if (q->memory == V4L2_MEMORY_MMAP)
		return vb->b.planes[i].length;
	if (q->memory == V4L2_MEMORY_DMABUF && !length)
		return vb->min_length[i];
	return length;
}

/* Get and check the content of output planes, which must be within their memory. */
static int take_content(struct vmedia_vbuf *vb, const struct vmedia_ioctl *io,
			struct vmedia_buf_plane *planes)
{
	const struct vmedia_queue *q = vb->b.queue;
	uint32_t i, used, start;

	for (i = 0; i < vb->b.num_planes; i++) {
		planes[i].length = given_length(vb, io, i);
		planes[i].bytesused = 0;
		planes[i].data_offset = 0;
		if (planes[i].length < vb->min_length[i])
			return -EINVAL;
		if (!q->output)
			continue;
		used = q->mplane ? io->planes[i].bytesused : io->arg.buffer.bytesused;
		start = q->mplane ? io->planes[i].data_offset : 0;
		if (!used && !q->cfg->allow_zero_bytesused)
			used = planes[i].length;
		if (used > planes[i].length || (start && start >= used))
			return -EINVAL;
		planes[i].bytesused = used;
		planes[i].data_offset = start;
	}
	return 0;
}

static uint64_t given_handle(const struct vmedia_queue *q, const struct vmedia_ioctl *io,
			     uint32_t i)
{
	if (q->memory == V4L2_MEMORY_USERPTR)
		return q->mplane ? io->planes[i].m.userptr : io->arg.buffer.m.userptr;
	return (uint64_t)(int64_t)(q->mplane ? io->planes[i].m.fd : io->arg.buffer.m.fd);
}

/*
 * Resolve the memory of a SHARED_PAGES or OBJECT buffer. If memory cannot be resolved, the buffer
 * is not changed.
 */
static int import(struct vmedia_vbuf *vb, struct vmedia_request *req,
		  const struct vmedia_buf_plane *planes)
{
	const struct vmedia_queue *q = vb->b.queue;
	const struct vmedia_queue_ops *ops = q->cfg->ops;
	struct vmedia_backing *mem[VMEDIA_MAX_PLANES] = { NULL };
	bool changed = !vb->inited;
	uint32_t i;
	int err;

	for (i = 0; i < vb->b.num_planes; i++) {
		err = vmedia_request_import(req, i, planes[i].length, !q->output,
					    vb->b.planes[i].mem, &mem[i]);
		if (err)
			goto put;
		changed |= mem[i] != vb->b.planes[i].mem;
	}
	if (changed && vb->inited && ops && ops->buf_cleanup)
		ops->buf_cleanup(&vb->b);
	for (i = 0; i < vb->b.num_planes; i++) {
		vmedia_backing_put(vb->b.planes[i].mem);
		vb->b.planes[i].mem = mem[i];
		vb->b.planes[i].length = planes[i].length;
		vb->handle[i] = given_handle(q, vmedia_request_ioctl(req), i);
	}
	err = changed && ops && ops->buf_init ? ops->buf_init(&vb->b) : 0;
	vb->inited = !err;
	return err;
put:
	while (i--)
		vmedia_backing_put(mem[i]);
	return err;
}

static void take_metadata(struct vmedia_vbuf *vb, const struct vmedia_buffer *b)
{
	const struct vmedia_queue *q = vb->b.queue;

	vb->b.sequence = 0;
	vb->b.timestamp = 0;
	memset(&vb->b.timecode, 0, sizeof(vb->b.timecode));
	if (!q->output) {
		vb->b.flags = 0;
		vb->b.field = V4L2_FIELD_ANY;
		return;
	}
	vb->b.flags = b->flags & CONTENT_FLAGS;
	vb->b.field = b->field;
	if (copies_time(q)) {
		vb->b.flags |= b->flags & V4L2_BUF_FLAG_TSTAMP_SRC_MASK;
		vb->b.timestamp = (uint64_t)b->timestamp.tv_sec * 1000000000u +
				  (uint64_t)b->timestamp.tv_usec * 1000u;
	}
	if (b->flags & V4L2_BUF_FLAG_TIMECODE)
		vb->b.timecode = b->timecode;
}

static int prepare(struct vmedia_vbuf *vb, struct vmedia_request *req)
{
	const struct vmedia_ioctl *io = vmedia_request_ioctl(req);
	const struct vmedia_queue *q = vb->b.queue;
	struct vmedia_buf_plane planes[VMEDIA_MAX_PLANES];
	uint32_t i;
	int err;

	if (q->output && io->arg.buffer.field == V4L2_FIELD_ALTERNATE)
		return -EINVAL;
	err = take_content(vb, io, planes);
	if (!err && q->memory != V4L2_MEMORY_MMAP)
		err = import(vb, req, planes);
	if (err)
		return err;
	for (i = 0; i < vb->b.num_planes; i++) {
		vb->b.planes[i].bytesused = planes[i].bytesused;
		vb->b.planes[i].data_offset = planes[i].data_offset;
	}
	take_metadata(vb, &io->arg.buffer);
	err = q->cfg->ops && q->cfg->ops->buf_prepare ? q->cfg->ops->buf_prepare(&vb->b) : 0;
	vb->prepared = !err;
	return err;
}

static int check(struct vmedia_file *f, struct vmedia_request *req, struct vmedia_vbuf **vb)
{
	const struct vmedia_buffer *b = &vmedia_request_ioctl(req)->arg.buffer;
	int err;

	*vb = find(f, req);
	if (!*vb)
		return -EINVAL;
	err = vmedia_queue_check_owner((*vb)->b.queue, f->s);
	if (err)
		return err;
	if (b->memory != (*vb)->b.queue->memory)
		return -EINVAL;
	if ((*vb)->b.queue->error)
		return -EIO;
	if ((*vb)->b.queue->stopping)
		return -EBUSY;
	return 0;
}

int vmedia_do_prepare_buf(struct vmedia_file *f, struct vmedia_request *req)
{
	struct vmedia_ioctl *io = vmedia_request_ioctl(req);
	struct vmedia_vbuf *vb;
	int err = check(f, req, &vb);

	if (err)
		return err;
	if (vb->state != VMEDIA_BUF_DEQUEUED || io->arg.buffer.flags & V4L2_BUF_FLAG_REQUEST_FD)
		return -EINVAL;
	err = prepare(vb, req);
	if (err)
		return err;
	vb->state = VMEDIA_BUF_PREPARED;
	tell(vb, &io->arg.buffer, io->planes);
	return 0;
}

/* Queue a buffer whose content was fetched. */
static int enqueue(struct vmedia_vbuf *vb, struct vmedia_request *req)
{
	struct vmedia_ioctl *io = vmedia_request_ioctl(req);
	struct vmedia_queue *q = vb->b.queue;
	int err = 0;

	vb->state = VMEDIA_BUF_QUEUED;
	vmedia_list_add_tail(&q->queued, &vb->node);
	q->num_queued++;
	tell(vb, &io->arg.buffer, io->planes);
	if (q->started) {
		vmedia_queue_activate(vb);
	} else if (q->streaming) {
		err = vmedia_queue_start(q);
		if (err)
			vmedia_vbuf_return(vb);
	}
	return err;
}

/* Finish a QBUF after its copy, which succeeded or failed with @err. Completes @req. */
static void copied(struct vmedia_vbuf *vb, struct vmedia_request *req, int err)
{
	if (!err && vb->b.queue->error)
		err = -EIO;
	if (!err)
		err = enqueue(vb, req);
	else if (!vb->requeued)
		vmedia_vbuf_return(vb);
	vmedia_request_complete(req, err);
}

int vmedia_do_qbuf(struct vmedia_file *f, struct vmedia_request *req)
{
	struct vmedia_ioctl *io = vmedia_request_ioctl(req);
	struct vmedia_vbuf *vb;
	int err = check(f, req, &vb);

	if (err)
		return err;
	if (io->arg.buffer.flags & V4L2_BUF_FLAG_REQUEST_FD)
		return -EBADR;
	vb->requeued = vb->state == VMEDIA_BUF_PREPARED;
	if (vb->state == VMEDIA_BUF_DEQUEUED)
		err = prepare(vb, req);
	else if (vb->state == VMEDIA_BUF_PREPARED)
		take_metadata(vb, &io->arg.buffer);
	else
		err = -EINVAL;
	if (err)
		return err;
	vb->state = VMEDIA_BUF_PREPARED;
	vb->copied = copied;
	err = vmedia_copy_in(vb, req);
	return err ? err : enqueue(vb, req);
}

/* ---- Giving back ---- */

void vmedia_queue_dequeue(struct vmedia_queue *q, struct vmedia_evt *evt)
{
	struct vmedia_vbuf *vb = vmedia_list_first(&q->done, struct vmedia_vbuf, node);
	const struct vmedia_queue_ops *ops = q->cfg->ops;

	if (ops && ops->buf_finish)
		ops->buf_finish(&vb->b);
	evt->type = VMEDIA_EVT_DQBUF;
	memset(&evt->buffer, 0, sizeof(evt->buffer));
	if (q->mplane)
		memset(evt->planes, 0, sizeof(evt->planes));
	vb->prepared = false;
	tell(vb, &evt->buffer, evt->planes);
	evt->buffer.flags &= ~(uint32_t)V4L2_BUF_FLAG_DONE;
	vmedia_list_del(&vb->node);
	vb->state = VMEDIA_BUF_DEQUEUED;
}

/* Return the plane that EXPBUF names, or NULL. */
static struct vmedia_backing *exported(const struct vmedia_queue *q,
				       const struct vmedia_exportbuffer *e)
{
	if (!q || q->memory != V4L2_MEMORY_MMAP || e->flags & ~(GUEST_O_ACCMODE | GUEST_O_CLOEXEC))
		return NULL;
	if (e->index >= q->max_bufs || !q->bufs[e->index] ||
	    e->plane >= q->bufs[e->index]->b.num_planes)
		return NULL;
	return q->bufs[e->index]->b.planes[e->plane].mem;
}

int vmedia_do_expbuf(struct vmedia_file *f, struct vmedia_request *req)
{
	struct vmedia_exportbuffer *e = &vmedia_request_ioctl(req)->arg.exportbuffer;
	struct vmedia_queue *q = vmedia_ctx_queue(f->ctx, e->type);

	memset(e->reserved, 0, sizeof(e->reserved));
	if (q && vmedia_queue_check_owner(q, f->s))
		return -EBUSY;
	/*
	 * Call this for a plane that does not exist too: clients take ENOTTY as "never", EINVAL as
	 * "not this one".
	 */
	return vmedia_request_export(req, exported(q, e));
}
