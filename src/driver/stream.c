// SPDX-License-Identifier: BSD-3-Clause
/*
 * The mirror: the state of every buffer in this end, for checks of answers and events.
 *
 *	IDLE -> QBUF -> QUEUING -> answer -> QUEUED -> DQBUF event -> DONE -> DQBUF -> IDLE
 *	QUEUING -> refused by the device -> IDLE
 *	QUEUING -> DQBUF event first -> (early) -> answer -> DONE
 *	IDLE -> PREPARE_BUF -> PREPARING -> answer -> IDLE, prepared
 *	any -> answer of STREAMOFF, REQBUFS -> IDLE or gone
 *
 * Only an IDLE buffer can be queued, prepared or removed. Others are refused here, as in videobuf2:
 * the device has no way to tell that the program has not dequeued a buffer that is DONE, and would
 * accept it. A prepared buffer is queued with the memory of its PREPARE_BUF.
 *
 * A buffer stays QUEUED after a QBUF whose answer was malformed or never came, since the device may
 * have it. Ioctls that create or remove buffers, or stop a stream (VMEDIA_IOCTL_QUEUE but QBUF and
 * the like), are never under way together with others of their session, see ioctl.c. So a buffer
 * cannot be removed during a question about it. Before the answer of STREAMOFF or REQBUFS takes
 * effect, the event queue is drained, so that an event sent before is not taken for a later one.
 *
 * Security model: the first description of device memory is accepted, and later ones are compared
 * with it. bytesused of a dequeued buffer is never more than its memory. Handles (offset, userptr,
 * fd) come from the mirror, never from an event.
 */
#include "driver/internal.h"

#include <errno.h>
#include <linux/videodev2.h>
#include <stdlib.h>
#include <string.h>

bool vmedia_drv_type_multi(uint32_t type)
{
	return type == V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE ||
	       type == V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE;
}

bool vmedia_drv_type_output(uint32_t type)
{
	switch (type) {
	case V4L2_BUF_TYPE_VIDEO_OUTPUT:
	case V4L2_BUF_TYPE_VIDEO_OVERLAY:
	case V4L2_BUF_TYPE_VBI_OUTPUT:
	case V4L2_BUF_TYPE_SLICED_VBI_OUTPUT:
	case V4L2_BUF_TYPE_VIDEO_OUTPUT_OVERLAY:
	case V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE:
	case V4L2_BUF_TYPE_SDR_OUTPUT:
	case V4L2_BUF_TYPE_META_OUTPUT:
		return true;
	}
	return false;
}

struct vmedia_drv_queue *vmedia_drv_queue(struct vmedia_file *f, uint32_t type)
{
	return type <= VMEDIA_DRV_MAX_TYPE ? f->queue[type] : NULL;
}

static struct vmedia_drv_buf *buf_at(struct vmedia_file *f, uint32_t type, uint32_t index)
{
	struct vmedia_drv_queue *q = vmedia_drv_queue(f, type);

	return q && index < q->num ? q->bufs[index] : NULL;
}

static struct vmedia_drv_queue *need_queue(struct vmedia_file *f, uint32_t type)
{
	struct vmedia_drv_queue *q;

	if (!type || type > VMEDIA_DRV_MAX_TYPE)
		return NULL;
	if (f->queue[type])
		return f->queue[type];
	q = calloc(1, sizeof(*q));
	if (!q)
		return NULL;
	q->type = type;
	vmedia_list_init(&q->done);
	f->queue[type] = q;
	return q;
}

static void unpin(struct vmedia_driver *drv, struct vmedia_drv_buf *buf)
{
	unsigned int i;

	for (i = 0; i < VMEDIA_MAX_PLANES; i++) {
		if (buf->pin[i])
			vmedia_pages_unpin(drv, buf->pin[i]);
		buf->pin[i] = NULL;
	}
}

/* Return @buf to IDLE: the device does not have it any more. */
void vmedia_drv_buf_idle(struct vmedia_driver *drv, struct vmedia_drv_queue *q,
			 struct vmedia_drv_buf *buf)
{
	vmedia_list_del(&buf->node);
	if (buf->state >= VMEDIA_DRV_BUF_QUEUING)
		q->queued--;
	buf->state = VMEDIA_DRV_BUF_IDLE;
	buf->early = false;
	buf->prepared = false;
	unpin(drv, buf);
}

static void free_buf(struct vmedia_driver *drv, struct vmedia_drv_queue *q,
		     struct vmedia_drv_buf *buf)
{
	vmedia_drv_buf_idle(drv, q, buf);
	vmedia_drv_list_put(drv, buf->list);
	free(buf);
}

static void free_bufs(struct vmedia_driver *drv, struct vmedia_drv_queue *q)
{
	uint32_t i;

	for (i = 0; i < q->num; i++) {
		if (q->bufs[i])
			free_buf(drv, q, q->bufs[i]);
	}
	free(q->bufs);
	q->bufs = NULL;
	q->num = 0;
}

void vmedia_drv_stream_fini(struct vmedia_file *f)
{
	unsigned int t;

	for (t = 0; t <= VMEDIA_DRV_MAX_TYPE; t++) {
		if (!f->queue[t])
			continue;
		free_bufs(f->drv, f->queue[t]);
		free(f->queue[t]);
		f->queue[t] = NULL;
	}
}

void vmedia_drv_refuse_event(struct vmedia_driver *drv, const struct vmedia_evt *evt,
			     const char *what, uint64_t got, uint64_t limit)
{
	drv->stats.refused_events++;
	vmedia_warn_rl(&drv->limit, "event %s of session %u ignored: %s (%llu, limit %llu)",
		       vmedia_evt_name(evt->type), evt->session_id, what, (unsigned long long)got,
		       (unsigned long long)limit);
}

void vmedia_drv_refuse_answer(struct vmedia_drv_cmd *c, const char *what, uint64_t got,
			      uint64_t limit)
{
	c->drv->stats.refused_answers++;
	vmedia_warn_rl(&c->drv->limit, "answer to %s of session %u refused: %s (%llu, limit %llu)",
		       c->cmd.io.info->name, c->cmd.session_id, what, (unsigned long long)got,
		       (unsigned long long)limit);
	c->err = -EIO;
	c->answered = false;
}

/* ---- Creation and removal of buffers ---- */

static int add_bufs(struct vmedia_drv_queue *q, uint32_t index, uint32_t count)
{
	struct vmedia_drv_buf **bufs;
	uint32_t num = VMEDIA_MAX(q->num, index + count), i;

	bufs = reallocarray(q->bufs, num, sizeof(struct vmedia_drv_buf *));
	if (!bufs)
		return -ENOMEM;
	q->bufs = bufs;
	for (; q->num < num; q->num++)
		q->bufs[q->num] = NULL;
	for (i = index; i < index + count; i++) {
		q->bufs[i] = calloc(1, sizeof(*q->bufs[i]));
		if (!q->bufs[i])
			return -ENOMEM;
		q->bufs[i]->index = i;
		vmedia_list_init(&q->bufs[i]->node);
	}
	return 0;
}

static void reqbufs_answer(struct vmedia_drv_cmd *c)
{
	const struct vmedia_requestbuffers *rb = &c->cmd.io.arg.requestbuffers;
	struct vmedia_drv_queue *q = need_queue(c->f, rb->type);

	vmedia_drv_events(c->drv);
	if (rb->count > VMEDIA_DRV_MAX_BUFS) {
		vmedia_drv_refuse_answer(c, "more buffers than a queue can have", rb->count,
					 VMEDIA_DRV_MAX_BUFS);
		return;
	}
	if (!q) {
		vmedia_drv_refuse_answer(c, "unknown buffer type", rb->type, VMEDIA_DRV_MAX_TYPE);
		return;
	}
	free_bufs(c->drv, q);
	q->streaming = false;
	q->last = false;
	q->memory = rb->memory;
	if (add_bufs(q, 0, rb->count))
		c->err = -ENOMEM;
}

static const char *create_fault(const struct vmedia_drv_queue *q,
				const struct vmedia_create_buffers *cb)
{
	uint32_t i, have = 0;

	if ((uint64_t)cb->index + cb->count > VMEDIA_DRV_MAX_BUFS)
		return "buffers beyond the last index";
	for (i = 0; i < q->num; i++) {
		have += q->bufs[i] != NULL;
		if (i >= cb->index && i - cb->index < cb->count && q->bufs[i])
			return "buffers created that exist already";
	}
	if (have && q->memory != cb->memory)
		return "another memory type than the queue's";
	return NULL;
}

static void create_answer(struct vmedia_drv_cmd *c)
{
	const struct vmedia_create_buffers *cb = &c->cmd.io.arg.create_buffers;
	struct vmedia_drv_queue *q = need_queue(c->f, cb->format.type);
	const char *fault;

	if (!cb->count)
		return;
	fault = q ? create_fault(q, cb) : "unknown buffer type";
	if (fault) {
		vmedia_drv_refuse_answer(c, fault, (uint64_t)cb->index + cb->count,
					 VMEDIA_DRV_MAX_BUFS);
		return;
	}
	q->memory = cb->memory;
	if (add_bufs(q, cb->index, cb->count))
		c->err = -ENOMEM;
}

int vmedia_drv_remove_question(struct vmedia_drv_cmd *c)
{
	const struct vmedia_remove_buffers *rb = &c->cmd.io.arg.remove_buffers;
	struct vmedia_drv_queue *q = vmedia_drv_queue(c->f, rb->type);
	uint32_t i;

	for (i = rb->index; q && i < q->num && i - rb->index < rb->count; i++) {
		if (q->bufs[i] && q->bufs[i]->state != VMEDIA_DRV_BUF_IDLE)
			return -EBUSY;
	}
	return 0;
}

static void remove_answer(struct vmedia_drv_cmd *c)
{
	const struct vmedia_remove_buffers *rb = &c->cmd.io.arg.remove_buffers;
	struct vmedia_drv_queue *q = vmedia_drv_queue(c->f, rb->type);
	uint32_t i;

	for (i = rb->index; q && i < q->num && i - rb->index < rb->count; i++) {
		if (!q->bufs[i])
			continue;
		free_buf(c->drv, q, q->bufs[i]);
		q->bufs[i] = NULL;
	}
}

static void streamoff_answer(struct vmedia_drv_cmd *c)
{
	struct vmedia_drv_queue *q = vmedia_drv_queue(c->f, c->cmd.io.arg.u32);
	uint32_t i;

	vmedia_drv_events(c->drv);
	if (!q)
		return;
	q->streaming = false;
	q->last = false;
	for (i = 0; i < q->num; i++) {
		if (q->bufs[i])
			vmedia_drv_buf_idle(c->drv, q, q->bufs[i]);
	}
}

static void clear_last(struct vmedia_file *f)
{
	unsigned int t;

	for (t = 0; t <= VMEDIA_DRV_MAX_TYPE; t++) {
		if (f->queue[t])
			f->queue[t]->last = false;
	}
}

void vmedia_drv_stream_answer(struct vmedia_drv_cmd *c)
{
	struct vmedia_drv_queue *q;

	switch (c->cmd.io.info->nr) {
	case _IOC_NR(VIDIOC_REQBUFS):
		reqbufs_answer(c);
		break;
	case _IOC_NR(VIDIOC_CREATE_BUFS):
		create_answer(c);
		break;
	case 104:	/* REMOVE_BUFS */
		remove_answer(c);
		break;
	case _IOC_NR(VIDIOC_STREAMON):
		q = need_queue(c->f, c->cmd.io.arg.u32);
		if (q)
			q->streaming = true;
		break;
	case _IOC_NR(VIDIOC_STREAMOFF):
		streamoff_answer(c);
		break;
	case _IOC_NR(VIDIOC_DECODER_CMD):
		if (c->cmd.io.arg.decoder_cmd.cmd == V4L2_DEC_CMD_START)
			clear_last(c->f);
		break;
	case _IOC_NR(VIDIOC_ENCODER_CMD):
		if (c->cmd.io.arg.encoder_cmd.cmd == V4L2_ENC_CMD_START)
			clear_last(c->f);
		break;
	default:
		break;
	}
}

/* ---- Returned buffers ---- */

static const char *event_fault(const struct vmedia_drv_buf *buf, bool multi)
{
	uint32_t i, used, off = 0;

	for (i = 0; i < buf->num_planes; i++) {
		used = multi ? buf->evt_planes[i].bytesused : buf->evt.bytesused;
		off = multi ? buf->evt_planes[i].data_offset : 0;
		if ((multi ? buf->evt_planes[i].length : buf->evt.length) > buf->length[i])
			return "longer than the buffer";
		if (used > buf->length[i])
			return "bytesused beyond the buffer";
		if (off > used)
			return "data_offset beyond bytesused";
	}
	return NULL;
}

/* Take the length of objects that were queued without one from their event. */
static void learn_objects(struct vmedia_drv_buf *buf, bool multi)
{
	uint32_t i;

	for (i = 0; i < buf->num_planes; i++) {
		if (!buf->length[i])
			buf->length[i] = multi ? buf->evt_planes[i].length : buf->evt.length;
	}
}

/* Check the event in evt, which fits the state of @buf, and complete the buffer if it is valid. */
void vmedia_drv_buf_done(struct vmedia_file *f, struct vmedia_drv_queue *q,
			 struct vmedia_drv_buf *buf)
{
	struct vmedia_evt said = { .type = VMEDIA_EVT_DQBUF, .session_id = f->id };
	const char *fault = NULL;

	buf->early = false;
	if (vmedia_drv_type_multi(q->type) && buf->evt.length != buf->num_planes)
		fault = "another number of planes";
	if (!fault && q->memory == V4L2_MEMORY_DMABUF)
		learn_objects(buf, vmedia_drv_type_multi(q->type));
	if (!fault)
		fault = event_fault(buf, vmedia_drv_type_multi(q->type));
	if (fault) {
		vmedia_drv_refuse_event(f->drv, &said, fault, buf->index, q->num);
		return;
	}
	buf->state = VMEDIA_DRV_BUF_DONE;
	unpin(f->drv, buf);
	vmedia_list_add_tail(&q->done, &buf->node);
}

void vmedia_drv_dqbuf_event(struct vmedia_file *f, const struct vmedia_evt *evt)
{
	struct vmedia_drv_queue *q = vmedia_drv_queue(f, evt->buffer.type);
	struct vmedia_drv_buf *buf = buf_at(f, evt->buffer.type, evt->buffer.index);
	bool early;

	if (!buf) {
		vmedia_drv_refuse_event(f->drv, evt, "no such buffer", evt->buffer.index,
					q ? q->num : 0);
		return;
	}
	early = buf->state == VMEDIA_DRV_BUF_QUEUING;
	if (buf->early || (!early && buf->state != VMEDIA_DRV_BUF_QUEUED)) {
		vmedia_drv_refuse_event(f->drv, evt, "buffer that is not queued", evt->buffer.index,
					q->num);
		return;
	}
	if (evt->buffer.memory != q->memory) {
		vmedia_drv_refuse_event(f->drv, evt, "another memory type", evt->buffer.memory,
					q->memory);
		return;
	}
	buf->evt = evt->buffer;
	memcpy(buf->evt_planes, evt->planes, sizeof(buf->evt_planes));
	if (!early) {
		vmedia_drv_buf_done(f, q, buf);
		return;
	}
	/* The frame is done when the answer to its QBUF is here. */
	buf->early = true;
	vmedia_drv_cmd_hurry(f->drv, buf);
}

/* Copy the program's handle of plane @i to the union that V4L2 has for it. */
static void restore_plane(const struct vmedia_drv_queue *q, const struct vmedia_drv_buf *buf,
			  uint32_t i, struct vmedia_plane *p)
{
	p->m.userptr = 0;
	if (q->memory == V4L2_MEMORY_MMAP)
		p->m.mem_offset = buf->offset[i];
	else if (q->memory == V4L2_MEMORY_USERPTR)
		p->m.userptr = buf->userptr[i];
	else
		p->m.fd = buf->fd[i];
	p->length = buf->length[i];
}

static void restore(const struct vmedia_drv_queue *q, const struct vmedia_drv_buf *buf,
		    struct vmedia_buffer *b)
{
	struct vmedia_plane p = { 0 };

	restore_plane(q, buf, 0, &p);
	b->m.userptr = 0;
	if (q->memory == V4L2_MEMORY_MMAP)
		b->m.offset = p.m.mem_offset;
	else if (q->memory == V4L2_MEMORY_USERPTR)
		b->m.userptr = p.m.userptr;
	else
		b->m.fd = p.m.fd;
	b->length = p.length;
}

static void dequeue(struct vmedia_file *f, struct vmedia_drv_queue *q, struct vmedia_buffer *b)
{
	struct vmedia_drv_buf *buf = vmedia_list_first(&q->done, struct vmedia_drv_buf, node);
	vmedia_u64 pointer = b->m.planes;
	struct vmedia_plane *planes = (struct vmedia_plane *)(uintptr_t)pointer;
	uint32_t i;

	*b = buf->evt;
	b->flags &= ~(uint32_t)(V4L2_BUF_FLAG_QUEUED | V4L2_BUF_FLAG_DONE | V4L2_BUF_FLAG_PREPARED);
	if (vmedia_drv_type_multi(q->type)) {
		b->m.planes = pointer;
		b->length = buf->num_planes;
		for (i = 0; i < buf->num_planes; i++) {
			planes[i] = buf->evt_planes[i];
			restore_plane(q, buf, i, &planes[i]);
		}
	} else {
		restore(q, buf, b);
	}
	if (!vmedia_drv_type_output(q->type) && b->flags & V4L2_BUF_FLAG_LAST)
		q->last = true;
	vmedia_drv_buf_idle(f->drv, q, buf);
}

struct dq_wait {
	struct vmedia_file *f;
	struct vmedia_drv_queue *q;
};

/* True if DQBUF would wait for ever: no buffer is queued, and there is no time limit. */
static bool dq_hopeless(const struct vmedia_file *f, const struct vmedia_drv_queue *q)
{
	return f->drv->opts.wait_ms < 0 && !q->queued;
}

static bool dq_ready(void *arg)
{
	struct dq_wait *w = arg;

	return w->f->err || !w->q->streaming || w->q->last || !vmedia_list_empty(&w->q->done) ||
	       dq_hopeless(w->f, w->q);
}

/*
 * True if the device certainly has a buffer. Otherwise a wait without time limit depends on answers
 * to QBUF: if all are refused, no event ends it.
 */
static bool dq_sure(const struct vmedia_file *f, const struct vmedia_drv_queue *q)
{
	uint32_t i;

	for (i = 0; f->drv->opts.wait_ms < 0 && i < q->num; i++) {
		if (q->bufs[i] && q->bufs[i]->state == VMEDIA_DRV_BUF_QUEUED)
			return true;
	}
	return f->drv->opts.wait_ms >= 0;
}

static int dq_state(const struct vmedia_file *f, const struct vmedia_drv_queue *q)
{
	if (f->err)
		return f->err;
	if (!q->streaming)
		return -EINVAL;
	if (!vmedia_list_empty(&q->done))
		return 0;
	return q->last ? -EPIPE : -EAGAIN;
}

/* What V4L2 checks of the planes before anything else. */
static int dq_planes(const struct vmedia_buffer *b)
{
	if (!vmedia_drv_type_multi(b->type) || !b->length)
		return 0;
	if (b->length > VMEDIA_MAX_PLANES)
		return -EINVAL;
	return b->m.planes ? 0 : -EFAULT;
}

static int dq_room(const struct vmedia_drv_queue *q, const struct vmedia_buffer *b)
{
	const struct vmedia_drv_buf *buf = vmedia_list_first(&q->done, struct vmedia_drv_buf, node);

	if (!vmedia_drv_type_multi(q->type))
		return 0;
	return b->length < buf->num_planes ? -EINVAL : 0;
}

static int dq_wait(struct dq_wait *w)
{
	struct vmedia_driver *drv = w->f->drv;
	uint64_t deadline = vmedia_drv_deadline(drv, drv->opts.wait_ms);

	return vmedia_drv_wait_event(drv, dq_ready, w, deadline, !dq_sure(w->f, w->q));
}

int vmedia_drv_dqbuf(struct vmedia_file *f, struct vmedia_buffer *b)
{
	struct vmedia_drv_queue *q = vmedia_drv_queue(f, b->type);
	struct vmedia_driver *drv = f->drv;
	struct dq_wait w = { .f = f, .q = q };
	int err;

	err = dq_planes(b);
	if (err)
		return err;
	if (!(drv->config.device_caps & V4L2_CAP_STREAMING))
		return f->err ? f->err : -ENOTTY;
	if (!q)
		return f->err ? f->err : -EINVAL;
	if (dq_state(f, q) == -EAGAIN && !drv->err)
		vmedia_drv_drain(drv);
	err = dq_state(f, q);
	if (err == -EAGAIN && !f->nonblock) {
		err = dq_wait(&w);
		if (!err)
			err = dq_state(f, q);
		if (err == -EAGAIN)
			return -EDEADLK;
	}
	if (!err)
		err = dq_room(q, b);
	if (!err)
		dequeue(f, q, b);
	return err;
}
