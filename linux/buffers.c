// SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only
/*
 * Queues, and the ioctls on buffers, which videobuf2 handles.
 *
 * The node's mmap() offsets of a queue begin at its number among the device's queues times
 * VMEDIA_QUEUE_BYTES. Functions below use videobuf2's offsets.
 */
#include <linux/slab.h>

#include "vmedia.h"

/* ---- Queues ---- */

static unsigned int io_modes(struct vmedia_device *dev, u32 type)
{
	u32 caps = dev->buf_caps[type];
	bool pages = !caps || caps & V4L2_BUF_CAP_SUPPORTS_USERPTR;
	unsigned int modes = VB2_MMAP;

	if (pages)
		modes |= VB2_USERPTR | VB2_DMABUF;
	else if (caps & V4L2_BUF_CAP_SUPPORTS_DMABUF)
		modes |= VB2_DMABUF;
	if (dev->caps & V4L2_CAP_READWRITE)
		modes |= VB2_READ;
	return modes;
}

static int new_queue(struct vmedia_session *s, u32 type)
{
	struct vmedia_queue *q = kzalloc(sizeof(*q), GFP_KERNEL);
	bool m2m = s->dev->caps & (V4L2_CAP_VIDEO_M2M | V4L2_CAP_VIDEO_M2M_MPLANE);
	int err;

	if (!q)
		return -ENOMEM;
	q->session = s;
	q->type = type;
	xa_init(&q->bufs);
	q->vb.type = type;
	q->vb.io_modes = io_modes(s->dev, type);
	q->vb.dev = s->dev->dma_dev;
	q->vb.lock = &s->lock;
	q->vb.ops = &vmedia_vb2_ops;
	q->vb.mem_ops = &vmedia_mem_ops;
	q->vb.drv_priv = q;
	q->vb.buf_struct_size = sizeof(struct vmedia_buf);
	q->vb.timestamp_flags = m2m ? V4L2_BUF_FLAG_TIMESTAMP_COPY
				    : V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
	q->vb.allow_zero_bytesused = s->dev->decoder;
	err = vb2_queue_init(&q->vb);
	if (err) {
		kfree(q);
		return err;
	}
	s->queue[type] = q;
	return 0;
}

int vmedia_queues_init(struct vmedia_session *s)
{
	unsigned int type;
	int err = 0;

	for (type = 1; type <= VMEDIA_MAX_TYPE && !err; type++)
		if (s->dev->types & BIT(type))
			err = new_queue(s, type);
	return err;
}

void vmedia_queues_release(struct vmedia_session *s)
{
	unsigned int type;

	for (type = 0; type <= VMEDIA_MAX_TYPE; type++)
		if (s->queue[type])
			vb2_queue_release(&s->queue[type]->vb);
}

void vmedia_queues_free(struct vmedia_session *s)
{
	unsigned int type;

	for (type = 0; type <= VMEDIA_MAX_TYPE; type++) {
		if (!s->queue[type])
			continue;
		xa_destroy(&s->queue[type]->bufs);
		kfree(s->queue[type]);
		s->queue[type] = NULL;
	}
}

/* ---- ioctls ---- */

/* Lock the queue of @type, unless the session has failed. */
static int take_queue(struct file *file, u32 type, struct vmedia_queue **q)
{
	struct vmedia_session *s = vmedia_session_of(file);
	int err;

	*q = vmedia_queue_of(s, type);
	if (!*q)
		return -EINVAL;
	if (mutex_lock_interruptible(&s->lock))
		return -ERESTARTSYS;
	err = vmedia_session_err(s);
	if (err)
		mutex_unlock(&s->lock);
	return err;
}

/* Unlock the queue. Returns @err, or the session's error if it has failed meanwhile. */
static int leave_queue(struct vmedia_queue *q, int err)
{
	int why = vmedia_session_err(q->session);

	mutex_unlock(&q->session->lock);
	return err == -EIO && why ? why : err;
}

static u32 queue_offset(const struct vmedia_queue *q)
{
	u32 before = q->session->dev->types & (BIT(q->type) - 1);

	return hweight32(before) * VMEDIA_QUEUE_BYTES;
}

static void add_offset(const struct vmedia_queue *q, struct v4l2_buffer *b)
{
	unsigned int i;

	if (b->memory != V4L2_MEMORY_MMAP)
		return;
	if (!V4L2_TYPE_IS_MULTIPLANAR(q->type)) {
		b->m.offset += queue_offset(q);
		return;
	}
	for (i = 0; i < b->length; i++)
		b->m.planes[i].m.mem_offset += queue_offset(q);
}

int vmedia_reqbufs(struct file *file, void *priv, struct v4l2_requestbuffers *p)
{
	struct vmedia_queue *q;
	unsigned int none = 0;
	int err = take_queue(file, p->type, &q);

	if (err)
		return err;
	err = vb2_reqbufs(&q->vb, p);
	if (!err && !p->count)
		err = vmedia_ask_reqbufs(q, q->memory ?: vmedia_carrier(q->session->dev, q->type,
									p->memory), &none);
	return leave_queue(q, err);
}

int vmedia_create_bufs(struct file *file, void *priv, struct v4l2_create_buffers *p)
{
	struct vmedia_queue *q;
	unsigned int i;
	int err = take_queue(file, p->format.type, &q);

	if (err)
		return err;
	q->create = p;
	err = vb2_create_bufs(&q->vb, p);
	q->create = NULL;
	for (i = 0; i < p->count && !err; i++) {
		struct vb2_buffer *vb = vmedia_get_buffer(&q->vb, p->index + i);

		if (!vb)
			break;
		vmedia_buf_of(vb)->index = q->created + i;
		vmedia_buf_of(vb)->known = true;
	}
	return leave_queue(q, err);
}

#if VMEDIA_KERNEL(6, 10)
/*
 * Remove the device's buffers @index too, in runs. The driver forgets them whatever the device
 * answers.
 */
static void ask_remove(struct vmedia_queue *q, const u32 *index, unsigned int num)
{
	struct v4l2_remove_buffers p;
	unsigned int i, n;
	int err;

	for (i = 0; i < num; i += n) {
		for (n = 1; i + n < num && index[i + n] == index[i] + n; n++)
			;
		memset(&p, 0, sizeof(p));
		p.index = index[i];
		p.count = n;
		p.type = q->type;
		err = vmedia_forward(q->session, VMEDIA_NR_REMOVE_BUFS, &p, sizeof(p));
		if (err)
			pr_warn_ratelimited("%s: the device keeps %u removed buffers: %d\n",
					    vmedia_name(q->session->dev), n, err);
	}
}

int vmedia_remove_bufs(struct file *file, void *priv, struct v4l2_remove_buffers *p)
{
	u32 index[VIDEO_MAX_FRAME];
	struct vmedia_queue *q;
	unsigned int num = 0, i;
	int err = take_queue(file, p->type, &q);

	if (err)
		return err;
	/* A program gives the number, so limit it to the possible number of buffers. */
	for (i = 0; i < min_t(u32, p->count, ARRAY_SIZE(index)); i++) {
		struct vb2_buffer *vb = vmedia_get_buffer(&q->vb, p->index + i);

		if (vb)
			index[num++] = vmedia_device_index(vb);
	}
	/* read() keeps its buffers and their indexes between calls. */
	if (p->count && vb2_fileio_is_active(&q->vb))
		err = -EBUSY;
	else if (p->count)
		err = vb2_core_remove_bufs(&q->vb, p->index, p->count);
	if (!err)
		ask_remove(q, index, num);
	return leave_queue(q, err);
}
#endif

int vmedia_querybuf(struct file *file, void *priv, struct v4l2_buffer *p)
{
	struct vmedia_queue *q;
	int err = take_queue(file, p->type, &q);

	if (err)
		return err;
	err = vb2_querybuf(&q->vb, p);
	if (!err)
		add_offset(q, p);
	return leave_queue(q, err);
}

int vmedia_prepare_buf(struct file *file, void *priv, struct v4l2_buffer *p)
{
	struct vmedia_queue *q;
	int err = take_queue(file, p->type, &q);

	if (err)
		return err;
	err = vb2_prepare_buf(&q->vb, NULL, p);
	if (!err)
		add_offset(q, p);
	return leave_queue(q, err);
}

int vmedia_qbuf(struct file *file, void *priv, struct v4l2_buffer *p)
{
	struct vmedia_queue *q;
	int err = take_queue(file, p->type, &q);

	if (err)
		return err;
	err = vb2_qbuf(&q->vb, NULL, p);
	if (!err)
		add_offset(q, p);
	return leave_queue(q, err);
}

int vmedia_dqbuf(struct file *file, void *priv, struct v4l2_buffer *p)
{
	struct vmedia_queue *q;
	int err = take_queue(file, p->type, &q);

	if (err)
		return err;
	err = vb2_dqbuf(&q->vb, p, file->f_flags & O_NONBLOCK);
	if (!err)
		add_offset(q, p);
	return leave_queue(q, err);
}

int vmedia_expbuf(struct file *file, void *priv, struct v4l2_exportbuffer *p)
{
	struct vmedia_queue *q;
	int err = take_queue(file, p->type, &q);

	if (err)
		return err;
	return leave_queue(q, vb2_expbuf(&q->vb, p));
}

int vmedia_streamon(struct file *file, void *priv, enum v4l2_buf_type type)
{
	struct vmedia_queue *q;
	int err = take_queue(file, type, &q);

	if (err)
		return err;
	return leave_queue(q, vb2_streamon(&q->vb, type));
}

int vmedia_streamoff(struct file *file, void *priv, enum v4l2_buf_type type)
{
	struct vmedia_queue *q;
	int err = take_queue(file, type, &q);

	if (err)
		return err;
	return leave_queue(q, vb2_streamoff(&q->vb, type));
}

int vmedia_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct vmedia_session *s = vmedia_session_of(file);
	unsigned long offset = vma->vm_pgoff << PAGE_SHIFT;
	struct vmedia_queue *q = NULL;
	unsigned int type;

	for (type = 1; type <= VMEDIA_MAX_TYPE && !q; type++)
		if (s->queue[type] && offset / VMEDIA_QUEUE_BYTES ==
				      queue_offset(s->queue[type]) / VMEDIA_QUEUE_BYTES)
			q = s->queue[type];
	if (!q)
		return -EINVAL;
	vma->vm_pgoff -= queue_offset(q) >> PAGE_SHIFT;
	return vb2_mmap(&q->vb, vma);
}
