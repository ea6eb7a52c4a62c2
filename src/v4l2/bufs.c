/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * REQBUFS, CREATE_BUFS, REMOVE_BUFS: creating and freeing buffers, and the owner of the queue.
 *
 * Memory of an MMAP buffer outlives the buffer while a guest has it mapped or a worker still writes
 * it, since both hold references: V4L2_BUF_CAP_SUPPORTS_ORPHANED_BUFS.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/videodev2.h>

#include "base/checked.h"
#include "base/log.h"
#include "v4l2/dispatch.h"
#include "v4l2/format.h"

int vmedia_queue_init(struct vmedia_queue *q, struct vmedia_ctx *ctx,
		      const struct vmedia_queue_config *cfg, const struct vmedia_queue_impl *impl)
{
	q->ctx = ctx;
	q->cfg = cfg;
	q->impl = impl;
	q->type = cfg->type;
	q->output = V4L2_TYPE_IS_OUTPUT(cfg->type);
	q->mplane = V4L2_TYPE_IS_MULTIPLANAR(cfg->type);
	q->memories = cfg->memories ? cfg->memories
				    : VMEDIA_MEM_MMAP | VMEDIA_MEM_SHARED_PAGES | VMEDIA_MEM_OBJECT;
	q->ts_flags = cfg->timestamp ? cfg->timestamp : V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
	q->max_bufs = vmedia_device_limits(ctx->v->dev)->max_buffers;
	vmedia_list_init(&q->queued);
	vmedia_list_init(&q->done);
	q->bufs = calloc(q->max_bufs, sizeof(*q->bufs));
	return q->bufs ? 0 : -ENOMEM;
}

static uint32_t capabilities(const struct vmedia_queue *q)
{
	uint32_t caps = V4L2_BUF_CAP_SUPPORTS_ORPHANED_BUFS |
			V4L2_BUF_CAP_SUPPORTS_MAX_NUM_BUFFERS | V4L2_BUF_CAP_SUPPORTS_REMOVE_BUFS;

	if (q->memories & VMEDIA_MEM_MMAP)
		caps |= V4L2_BUF_CAP_SUPPORTS_MMAP;
	if (q->memories & VMEDIA_MEM_SHARED_PAGES)
		caps |= V4L2_BUF_CAP_SUPPORTS_USERPTR;
	if (q->memories & VMEDIA_MEM_OBJECT)
		caps |= V4L2_BUF_CAP_SUPPORTS_DMABUF;
	return caps;
}

static bool memory_ok(const struct vmedia_queue *q, uint32_t memory)
{
	return memory < 32 && q->memories & 1u << memory;
}

static void drop_memory(struct vmedia_vbuf *vb)
{
	const struct vmedia_queue_ops *ops = vb->b.queue->cfg->ops;
	uint32_t i;

	if (vb->inited && ops && ops->buf_cleanup)
		ops->buf_cleanup(&vb->b);
	vb->inited = false;
	for (i = 0; i < vb->b.num_planes; i++) {
		vmedia_backing_put(vb->b.planes[i].mem);
		vb->b.planes[i].mem = NULL;
	}
}

static void vbuf_free(struct vmedia_vbuf *vb)
{
	struct vmedia_queue *q = vb->b.queue;
	uint32_t i;

	vmedia_vbuf_return(vb);
	if (q->impl->cleanup)
		q->impl->cleanup(vb);
	for (i = 0; i < vb->b.num_planes; i++)
		if (vb->offset[i])
			vmedia_offsets_del(q->ctx->v->offsets, vb->offset[i]);
	drop_memory(vb);
	q->bufs[vb->b.index] = NULL;
	q->num_bufs--;
	free(vb);
}

/* Free the existing buffers of [@first, @first + @count). The queue stays busy. */
static void free_many(struct vmedia_queue *q, uint32_t first, uint32_t count)
{
	uint32_t i;

	for (i = first; i < first + count; i++)
		if (q->bufs[i])
			vbuf_free(q->bufs[i]);
}

void vmedia_queue_take(struct vmedia_queue *q, struct vmedia_session *s, uint32_t memory)
{
	q->owner = s;
	q->memory = memory;
}

void vmedia_queue_clear(struct vmedia_queue *q)
{
	vmedia_queue_cancel(q, true);
	free_many(q, 0, q->max_bufs);
	q->owner = NULL;
	q->memory = 0;
}

void vmedia_queue_release(struct vmedia_queue *q, struct vmedia_session *s)
{
	if (q->owner == s)
		vmedia_queue_clear(q);
}

static int give_memory(struct vmedia_vbuf *vb)
{
	const struct vmedia_queue_ops *ops = vb->b.queue->cfg->ops;
	struct vmedia_video *v = vb->b.queue->ctx->v;
	uint32_t i;
	int err;

	for (i = 0; i < vb->b.num_planes; i++) {
		err = vmedia_backing_create(vb->b.queue->owner, vb->min_length[i],
					    &vb->b.planes[i].mem);
		if (!err)
			err = vmedia_offsets_add(v->offsets, vb, i, &vb->offset[i]);
		if (err)
			return err;
	}
	err = ops && ops->buf_init ? ops->buf_init(&vb->b) : 0;
	vb->inited = !err;
	return err;
}

static int vbuf_create(struct vmedia_queue *q, uint32_t index, uint32_t num_planes,
		       const uint32_t *sizes)
{
	struct vmedia_vbuf *vb = calloc(1, sizeof(*vb));
	uint32_t i;
	int err = 0;

	if (!vb)
		return -ENOMEM;
	vb->b.queue = q;
	vb->b.index = index;
	vb->b.num_planes = num_planes;
	vmedia_list_init(&vb->node);
	vmedia_list_init(&vb->ready);
	vmedia_list_init(&vb->copying);
	for (i = 0; i < num_planes; i++) {
		vb->min_length[i] = sizes[i];
		vb->b.planes[i].length = sizes[i];
	}
	q->bufs[index] = vb;
	q->num_bufs++;
	if (q->memory == V4L2_MEMORY_MMAP)
		err = give_memory(vb);
	if (err)
		vbuf_free(vb);
	return err;
}

/* Find the first of @count free indexes in a row; max_bufs if there are none. */
static uint32_t find_room(const struct vmedia_queue *q, uint32_t count)
{
	uint32_t i, run = 0;

	for (i = 0; i < q->max_bufs; i++) {
		run = q->bufs[i] ? 0 : run + 1;
		if (run == count)
			return i + 1 - count;
	}
	return q->max_bufs;
}

/*
 * Create up to @count buffers in a row. Returns 0 with their first index and number, or an error if
 * none could be made.
 */
static int create_many(struct vmedia_queue *q, uint32_t count, uint32_t num_planes,
		       const uint32_t *sizes, uint32_t *first, uint32_t *made)
{
	int err = 0;

	*made = 0;
	while (count && (*first = find_room(q, count)) == q->max_bufs)
		count--;
	if (!count)
		return -ENOBUFS;
	while (*made < count && !err) {
		err = vbuf_create(q, *first + *made, num_planes, sizes);
		if (!err)
			(*made)++;
	}
	return *made ? 0 : err;
}

static int call_setup(struct vmedia_queue *q, uint32_t *count, uint32_t num_planes, uint32_t *sizes)
{
	const struct vmedia_queue_ops *ops = q->cfg->ops;
	uint32_t asked[VMEDIA_MAX_PLANES], i;
	int err;

	if (!ops || !ops->queue_setup)
		return 0;
	memcpy(asked, sizes, num_planes * sizeof(*sizes));
	err = ops->queue_setup(q, count, num_planes, sizes);
	for (i = 0; i < num_planes && !err; i++) {
		if (sizes[i] >= asked[i])
			continue;
		vmedia_err("->queue_setup() made plane %u of queue type %u smaller: %u bytes of "
			   "%u; this is a bug of the device",
			   i, q->type, sizes[i], asked[i]);
		err = -EINVAL;
	}
	return err;
}

int vmedia_do_reqbufs(struct vmedia_file *f, struct vmedia_request *req)
{
	struct vmedia_requestbuffers *r = &vmedia_request_ioctl(req)->arg.requestbuffers;
	struct vmedia_queue *q = vmedia_ctx_queue(f->ctx, r->type);
	uint32_t sizes[VMEDIA_MAX_PLANES], count, num_planes, first;
	int err = vmedia_prio_check(f);

	if (!q)
		return -EINVAL;
	if (err)
		return err;
	if (!memory_ok(q, r->memory))
		return -EINVAL;
	r->capabilities = capabilities(q);
	r->flags = 0;
	memset(r->reserved, 0, sizeof(r->reserved));
	err = vmedia_queue_check_owner(q, f->s);
	if (err)
		return err;
	if (q->streaming || q->stopping)
		return -EBUSY;
	vmedia_queue_clear(q);
	if (!r->count)
		return 0;
	count = VMEDIA_MAX(r->count, q->cfg->min_buffers);
	count = VMEDIA_MAX(count, q->cfg->min_queued);
	count = VMEDIA_MIN(count, q->max_bufs);
	num_planes = vmedia_queue_plane_sizes(q, sizes);
	err = call_setup(q, &count, num_planes, sizes);
	if (err)
		return err;
	vmedia_queue_take(q, f->s, r->memory);
	err = create_many(q, VMEDIA_MIN(count, q->max_bufs), num_planes, sizes, &first, &r->count);
	if (!err && r->count < q->cfg->min_buffers)
		err = -ENOMEM;
	if (err)
		vmedia_queue_clear(q);
	return err;
}

/* Get and check the planes of a CREATE_BUFS: as many as the format has, none smaller. */
static int create_sizes(struct vmedia_queue *q, const struct vmedia_format *fmt,
			uint32_t *num_planes, uint32_t *sizes)
{
	uint32_t need[VMEDIA_MAX_PLANES], n = vmedia_queue_plane_sizes(q, need), i;

	*num_planes = vmedia_format_plane_sizes(fmt, sizes);
	if (!*num_planes || *num_planes != n)
		return -EINVAL;
	for (i = 0; i < n; i++)
		if (!sizes[i] || sizes[i] < need[i])
			return -EINVAL;
	return 0;
}

int vmedia_do_create_bufs(struct vmedia_file *f, struct vmedia_request *req)
{
	struct vmedia_create_buffers *c = &vmedia_request_ioctl(req)->arg.create_buffers;
	struct vmedia_queue *q = vmedia_ctx_queue(f->ctx, c->format.type);
	uint32_t sizes[VMEDIA_MAX_PLANES], num_planes, count = c->count;
	int err = vmedia_prio_check(f);
	bool busy;

	if (!q)
		return -EINVAL;
	if (err)
		return err;
	if (!memory_ok(q, c->memory))
		return -EINVAL;
	c->index = q->num_bufs;
	c->capabilities = capabilities(q);
	c->max_num_buffers = q->max_bufs;
	c->flags = 0;
	memset(c->reserved, 0, sizeof(c->reserved));
	if (!count)
		return 0;
	err = vmedia_queue_check_owner(q, f->s);
	if (!err)
		err = create_sizes(q, &c->format, &num_planes, sizes);
	if (err)
		return err;
	if (q->stopping)
		return -EBUSY;
	if (q->num_bufs == q->max_bufs)
		return -ENOBUFS;
	busy = vmedia_queue_busy(q);
	if (busy && q->memory != c->memory)
		return -EINVAL;
	count = VMEDIA_MIN(count, q->max_bufs - q->num_bufs);
	err = call_setup(q, &count, num_planes, sizes);
	if (err)
		return err;
	vmedia_queue_take(q, f->s, c->memory);
	err = create_many(q, VMEDIA_MIN(count, q->max_bufs), num_planes, sizes, &c->index,
			  &c->count);
	if (err && !busy)
		vmedia_queue_clear(q);
	return err;
}

int vmedia_do_remove_bufs(struct vmedia_file *f, struct vmedia_request *req)
{
	struct vmedia_remove_buffers *r = &vmedia_request_ioctl(req)->arg.remove_buffers;
	struct vmedia_queue *q = vmedia_ctx_queue(f->ctx, r->type);
	int err = vmedia_prio_check(f);
	uint32_t i;

	if (!q)
		return -EINVAL;
	memset(r->reserved, 0, sizeof(r->reserved));
	if (err)
		return err;
	if (!r->count)
		return 0;
	err = vmedia_queue_check_owner(q, f->s);
	if (err)
		return err;
	if (r->count > q->max_bufs || r->index > q->max_bufs - r->count)
		return -EINVAL;
	for (i = r->index; i < r->index + r->count; i++) {
		if (!q->bufs[i])
			return -EINVAL;
		if (q->bufs[i]->state > VMEDIA_BUF_PREPARED)
			err = -EBUSY;
	}
	if (!err)
		free_many(q, r->index, r->count);
	return err;
}
