// SPDX-License-Identifier: BSD-3-Clause
/*
 * QUERYBUF, QBUF and PREPARE_BUF: convert the program's buffer to a question, and the answer to the
 * program's buffer.
 *
 * The device never gets an address of this process. The planes pointer is sent as 0. m.userptr is
 * sent as the guest-physical address of the plane's first byte, besides the SG list, which the
 * device uses.
 *
 * Security model: see stream.c. The answer has passed vmedia_resp_decode(). The functions here
 * compare it with the mirror.
 */
#include "driver/internal.h"

#include <errno.h>
#include <linux/videodev2.h>
#include <stdlib.h>
#include <string.h>

static bool is_query(const struct vmedia_drv_cmd *c)
{
	return c->cmd.io.info->nr == _IOC_NR(VIDIOC_QUERYBUF);
}

static bool is_qbuf(const struct vmedia_drv_cmd *c)
{
	return c->cmd.io.info->nr == _IOC_NR(VIDIOC_QBUF);
}

static struct vmedia_drv_buf *buf_of(const struct vmedia_drv_cmd *c, struct vmedia_drv_queue **q)
{
	const struct vmedia_buffer *b = &c->cmd.io.arg.buffer;

	*q = vmedia_drv_queue(c->f, b->type);
	return *q && b->index < (*q)->num ? (*q)->bufs[b->index] : NULL;
}

/* A plane as the program gave it. The memory type decides which member of m is used. */
struct handle {
	uint64_t userptr;
	int32_t fd;
	uint32_t length;
};

static struct handle handle_of(const struct vmedia_drv_cmd *c, uint32_t i)
{
	const struct vmedia_ioctl *io = &c->cmd.io;
	struct handle h = { .fd = -1 };

	if (vmedia_drv_type_multi(io->arg.buffer.type)) {
		h.length = io->planes[i].length;
		if (io->arg.buffer.memory == V4L2_MEMORY_USERPTR)
			h.userptr = io->planes[i].m.userptr;
		else if (io->arg.buffer.memory == V4L2_MEMORY_DMABUF)
			h.fd = io->planes[i].m.fd;
	} else {
		h.length = io->arg.buffer.length;
		if (io->arg.buffer.memory == V4L2_MEMORY_USERPTR)
			h.userptr = io->arg.buffer.m.userptr;
		else if (io->arg.buffer.memory == V4L2_MEMORY_DMABUF)
			h.fd = io->arg.buffer.m.fd;
	}
	return h;
}

static int copy_planes(struct vmedia_drv_cmd *c)
{
	struct vmedia_ioctl *io = &c->cmd.io;
	struct vmedia_buffer *b = &io->arg.buffer;

	if (!vmedia_drv_type_multi(b->type))
		return 0;
	if (b->length > VMEDIA_MAX_PLANES)
		return -EINVAL;
	if (b->length && !b->m.planes)
		return -EFAULT;
	io->num_planes = b->length;
	memcpy(io->planes, (void *)(uintptr_t)b->m.planes, b->length * sizeof(struct vmedia_plane));
	b->m.planes = 0;
	return 0;
}

/* Keep type and index only: QUERYBUF has no other input. */
static int query_question(struct vmedia_drv_cmd *c)
{
	struct vmedia_ioctl *io = &c->cmd.io;
	struct vmedia_buffer *b = &io->arg.buffer;
	struct vmedia_drv_queue *q;
	struct vmedia_drv_buf *buf = buf_of(c, &q);
	bool multi = vmedia_drv_type_multi(b->type);

	if (multi && buf && buf->known) {
		if (io->num_planes < buf->num_planes)
			return -EINVAL;
		io->num_planes = buf->num_planes;
	}
	*b = (struct vmedia_buffer){ .index = b->index, .type = b->type };
	b->memory = buf ? q->memory : V4L2_MEMORY_MMAP;
	memset(io->planes, 0, sizeof(io->planes));
	if (multi)
		b->length = io->num_planes;
	memset(io->uuid, 0, sizeof(io->uuid));
	return 0;
}

/* Find the pages of all planes and the SG list for them. */
static int sg_question(struct vmedia_drv_cmd *c, const struct vmedia_drv_buf *buf, uint32_t num,
		       const struct handle *h, struct vmedia_pages **pages)
{
	struct vmedia_drv_memory mem[VMEDIA_MAX_PLANES];
	uint32_t i;

	for (i = 0; i < num; i++) {
		if (buf && buf->prepared)
			pages[i] = buf->pin[i];
		else if (h[i].length)
			pages[i] = vmedia_pages_find(c->drv, h[i].userptr, h[i].length);
		if (!pages[i])
			return -EFAULT;
		mem[i] = (struct vmedia_drv_memory){ pages[i], h[i].userptr, h[i].length };
	}
	if (!num)
		return 0;
	c->cmd.io.sg_apart = true;
	return vmedia_drv_list_of(c->drv, mem, num, buf ? buf->list : NULL, &c->list);
}

/* Replace the program's pointers by guest-physical addresses. */
static void hide_pointers(struct vmedia_drv_cmd *c, uint32_t num)
{
	struct vmedia_ioctl *io = &c->cmd.io;
	uint64_t gpa;
	uint32_t i;

	for (i = 0; i < num; i++) {
		gpa = c->list->plane[i].gpa;
		if (vmedia_drv_type_multi(io->arg.buffer.type))
			io->planes[i].m.userptr = gpa;
		else
			io->arg.buffer.m.userptr = gpa;
	}
}

/* Record that the buffer may belong to the device from now on. */
static void claim(struct vmedia_drv_cmd *c, struct vmedia_drv_queue *q, struct vmedia_drv_buf *buf,
		  uint32_t num, const struct handle *h, struct vmedia_pages *const *pages)
{
	uint32_t i;

	if (q->memory != V4L2_MEMORY_MMAP) {
		buf->num_planes = num;
		buf->known = false;
	}
	for (i = 0; i < num && q->memory != V4L2_MEMORY_MMAP; i++) {
		buf->userptr[i] = h[i].userptr;
		buf->fd[i] = h[i].fd;
		buf->length[i] = h[i].length;
		if (pages[i])
			vmedia_pages_pin(pages[i]);
		if (buf->pin[i])	/* of PREPARE_BUF */
			vmedia_pages_unpin(c->drv, buf->pin[i]);
		buf->pin[i] = pages[i];
	}
	if (c->list)
		vmedia_drv_list_keep(c->drv, &buf->list, c->list);
	c->buf = buf;
	if (is_qbuf(c)) {
		buf->state = VMEDIA_DRV_BUF_QUEUING;
		q->queued++;
	} else {
		buf->state = VMEDIA_DRV_BUF_PREPARING;
	}
}

/* Undo claim() for a question that had no effect. */
static void unclaim(struct vmedia_driver *drv, struct vmedia_drv_queue *q,
		    struct vmedia_drv_buf *buf)
{
	if (!buf->prepared) {
		vmedia_drv_buf_idle(drv, q, buf);
		return;
	}
	buf->state = VMEDIA_DRV_BUF_IDLE;
	buf->early = false;
	q->queued--;
}

/* Put the memory of PREPARE_BUF into the question, whatever memory the program names. */
static int prepared_question(struct vmedia_drv_cmd *c, const struct vmedia_drv_buf *buf)
{
	struct vmedia_ioctl *io = &c->cmd.io;
	struct vmedia_buffer *b = &io->arg.buffer;
	uint32_t i;

	if (vmedia_drv_type_multi(b->type) && io->num_planes < buf->num_planes)
		return -EINVAL;
	if (b->memory == V4L2_MEMORY_MMAP)
		return 0;
	if (!vmedia_drv_type_multi(b->type)) {
		b->length = buf->length[0];
		if (b->memory == V4L2_MEMORY_USERPTR)
			b->m.userptr = buf->userptr[0];
		else
			b->m.fd = buf->fd[0];
		return 0;
	}
	b->length = buf->num_planes;
	io->num_planes = buf->num_planes;
	for (i = 0; i < buf->num_planes; i++) {
		io->planes[i].length = buf->length[i];
		if (b->memory == V4L2_MEMORY_USERPTR)
			io->planes[i].m.userptr = buf->userptr[i];
		else
			io->planes[i].m.fd = buf->fd[i];
	}
	return 0;
}

/* Check that @buf can be queued or prepared in its state. */
static int state_question(struct vmedia_drv_cmd *c, const struct vmedia_drv_queue *q,
			  const struct vmedia_drv_buf *buf)
{
	if (buf->state != VMEDIA_DRV_BUF_IDLE || (buf->prepared && !is_qbuf(c)))
		return -EINVAL;
	if (buf->prepared && c->cmd.io.arg.buffer.memory == q->memory)
		return prepared_question(c, buf);
	return 0;
}

/* Planes beyond those of the format have no memory: programs may give room for all of V4L2's. */
static uint32_t drop_empty(struct vmedia_drv_cmd *c, const struct handle *h)
{
	struct vmedia_ioctl *io = &c->cmd.io;

	while (io->arg.buffer.memory == V4L2_MEMORY_USERPTR && io->num_planes &&
	       !h[io->num_planes - 1].length)
		io->num_planes--;
	io->arg.buffer.length = io->num_planes;
	return io->num_planes;
}

int vmedia_drv_buf_question(struct vmedia_drv_cmd *c)
{
	struct vmedia_ioctl *io = &c->cmd.io;
	struct vmedia_pages *pages[VMEDIA_MAX_PLANES] = { NULL };
	struct handle h[VMEDIA_MAX_PLANES];
	struct vmedia_drv_queue *q;
	struct vmedia_drv_buf *buf;
	uint32_t num, i;
	int err;

	c->buf = NULL;
	err = copy_planes(c);
	if (err)
		return err;
	if (is_query(c))
		return query_question(c);
	buf = buf_of(c, &q);
	err = buf ? state_question(c, q, buf) : 0;
	if (err)
		return err;
	num = vmedia_drv_type_multi(io->arg.buffer.type) ? io->num_planes : 1;
	for (i = 0; i < num; i++)
		h[i] = handle_of(c, i);
	if (vmedia_drv_type_multi(io->arg.buffer.type))
		num = drop_empty(c, h);
	if (io->arg.buffer.memory == V4L2_MEMORY_DMABUF) {
		if (!c->uuid)
			return -EINVAL;
		memcpy(io->uuid, c->uuid, num * VMEDIA_UUID_SIZE);
	} else if (io->arg.buffer.memory == V4L2_MEMORY_USERPTR) {
		err = sg_question(c, buf, num, h, pages);
		if (err)
			return err;
		hide_pointers(c, num);
	}
	if (buf && io->arg.buffer.memory == q->memory)
		claim(c, q, buf, num, h, pages);
	return 0;
}

void vmedia_drv_buf_unasked(struct vmedia_drv_cmd *c)
{
	struct vmedia_drv_queue *q;

	if (c->buf && buf_of(c, &q) == c->buf)
		unclaim(c->drv, q, c->buf);
	c->buf = NULL;
}

/* ---- The answer ---- */

static uint32_t length_of(const struct vmedia_ioctl *io, uint32_t i)
{
	return vmedia_drv_type_multi(io->arg.buffer.type) ? io->planes[i].length
							  : io->arg.buffer.length;
}

static uint32_t offset_of(const struct vmedia_ioctl *io, uint32_t i)
{
	return vmedia_drv_type_multi(io->arg.buffer.type) ? io->planes[i].m.mem_offset
							  : io->arg.buffer.m.offset;
}

static void learn(const struct vmedia_ioctl *io, struct vmedia_drv_buf *buf, uint32_t num)
{
	uint32_t i;

	buf->num_planes = num;
	for (i = 0; i < num; i++) {
		buf->length[i] = length_of(io, i);
		buf->offset[i] = offset_of(io, i);
	}
	buf->known = true;
}

/* Compare device memory with its first description. */
static const char *mmap_fault(const struct vmedia_ioctl *io, const struct vmedia_drv_buf *buf,
			      uint32_t num)
{
	uint32_t i, used;

	if (buf->known && num != buf->num_planes)
		return "another number of planes";
	for (i = 0; i < num; i++) {
		used = vmedia_drv_type_multi(io->arg.buffer.type) ? io->planes[i].bytesused
								  : io->arg.buffer.bytesused;
		if (used > length_of(io, i))
			return "bytesused beyond the buffer";
		if (buf->known && length_of(io, i) != buf->length[i])
			return "another length";
		if (buf->known && offset_of(io, i) != buf->offset[i])
			return "another offset";
	}
	return NULL;
}

static const char *answer_fault(struct vmedia_drv_cmd *c, const struct vmedia_drv_queue *q,
				struct vmedia_drv_buf *buf)
{
	const struct vmedia_ioctl *io = &c->cmd.io;
	uint32_t num = vmedia_drv_type_multi(io->arg.buffer.type) ? io->num_planes : 1, i;
	const char *fault;

	if (io->arg.buffer.memory != q->memory)
		return "another memory type";
	if (!num)
		return "no planes";
	if (q->memory == V4L2_MEMORY_MMAP) {
		fault = mmap_fault(io, buf, num);
		if (!fault)
			learn(io, buf, num);
		return fault;
	}
	if (is_query(c))
		return NULL;
	if (num != buf->num_planes)
		return "another number of planes";
	for (i = 0; i < num; i++) {
		/* As in V4L2, length 0 means the whole object. The answer has its length. */
		if (!buf->length[i] && q->memory == V4L2_MEMORY_DMABUF)
			buf->length[i] = length_of(io, i);
		else
			buf->length[i] = VMEDIA_MIN(buf->length[i], length_of(io, i));
	}
	return NULL;
}

/*
 * Return a plane with the handle of the last PREPARE_BUF or QBUF, if the program provided the
 * memory.
 */
static void give_plane(const struct vmedia_drv_cmd *c, uint32_t i, struct vmedia_plane *to)
{
	const struct vmedia_ioctl *io = &c->cmd.io;
	uint32_t memory = io->arg.buffer.memory;

	*to = io->planes[i];
	if (memory == V4L2_MEMORY_MMAP)
		return;
	to->m.userptr = 0;
	if (memory == V4L2_MEMORY_USERPTR)
		to->m.userptr = c->buf ? c->buf->userptr[i] : 0;
	else
		to->m.fd = c->buf ? c->buf->fd[i] : -1;
}

static void give_single(const struct vmedia_drv_cmd *c, struct vmedia_buffer *b)
{
	*b = c->cmd.io.arg.buffer;
	if (b->memory == V4L2_MEMORY_MMAP)
		return;
	b->m.userptr = 0;
	if (b->memory == V4L2_MEMORY_USERPTR)
		b->m.userptr = c->buf ? c->buf->userptr[0] : 0;
	else
		b->m.fd = c->buf ? c->buf->fd[0] : -1;
}

/* Copy the answer to the program's structures, and keep its pointers. */
static void give(struct vmedia_drv_cmd *c)
{
	const struct vmedia_ioctl *io = &c->cmd.io;
	struct vmedia_buffer *b = c->arg;
	uint64_t pointer = b->m.planes;
	struct vmedia_plane *planes = (struct vmedia_plane *)(uintptr_t)pointer;
	uint32_t i;

	if (vmedia_drv_type_multi(b->type)) {
		*b = io->arg.buffer;
		b->m.planes = pointer;
		for (i = 0; i < io->num_planes; i++)
			give_plane(c, i, &planes[i]);
	} else {
		give_single(c, b);
	}
	if (c->uuid && io->arg.buffer.memory == V4L2_MEMORY_DMABUF)
		memcpy(c->uuid, io->uuid, VMEDIA_MAX(io->num_planes, 1u) * VMEDIA_UUID_SIZE);
}

/*
 * Apply the result of QBUF or PREPARE_BUF, c->err. Without an answer the device may have done it.
 */
static void settle(struct vmedia_drv_cmd *c, struct vmedia_drv_queue *q)
{
	struct vmedia_drv_buf *buf = c->buf;

	if (c->answered && c->err) {
		if (buf->early)
			c->drv->stats.refused_events++;
		unclaim(c->drv, q, buf);
		return;
	}
	if (!is_qbuf(c)) {
		buf->state = VMEDIA_DRV_BUF_IDLE;
		buf->prepared = true;
		return;
	}
	buf->state = VMEDIA_DRV_BUF_QUEUED;
	if (buf->early)
		vmedia_drv_buf_done(c->f, q, buf);
}

void vmedia_drv_buf_answer(struct vmedia_drv_cmd *c)
{
	struct vmedia_drv_queue *q;
	struct vmedia_drv_buf *buf = buf_of(c, &q);
	const char *fault = NULL;
	bool ok = c->answered && !c->err;

	if (ok && buf && (c->buf || is_query(c)))
		fault = answer_fault(c, q, buf);
	else if (ok && !is_query(c))
		fault = "a buffer that cannot be queued";
	if (fault)
		vmedia_drv_refuse_answer(c, fault, c->cmd.io.arg.buffer.index, q ? q->num : 0);
	if (is_query(c))
		c->buf = buf;
	else if (c->buf)
		settle(c, q);
	if (ok && !c->err)
		give(c);
}
