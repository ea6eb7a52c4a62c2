/* SPDX-License-Identifier: BSD-3-Clause */
/* One streaming queue of the device: its format and its buffers. */
#include "queue.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "picture.h"

/* ---- The format ---- */

unsigned int ctl_queue_planes(const struct ctl_queue *q)
{
	return q->mplane ? q->fmt.fmt.pix_mp.num_planes : 1;
}

uint32_t ctl_queue_pixelformat(const struct ctl_queue *q)
{
	return q->mplane ? q->fmt.fmt.pix_mp.pixelformat : q->fmt.fmt.pix.pixelformat;
}

void ctl_queue_size(const struct ctl_queue *q, uint32_t *width, uint32_t *height)
{
	*width = q->mplane ? q->fmt.fmt.pix_mp.width : q->fmt.fmt.pix.width;
	*height = q->mplane ? q->fmt.fmt.pix_mp.height : q->fmt.fmt.pix.height;
}

uint32_t ctl_queue_sizeimage(const struct ctl_queue *q, unsigned int plane)
{
	return q->mplane ? q->fmt.fmt.pix_mp.plane_fmt[plane].sizeimage : q->fmt.fmt.pix.sizeimage;
}

int ctl_queue_get_format(struct ctl_queue *q)
{
	int ret = vmedia_ioctl(q->c->f, VIDIOC_G_FMT, &q->fmt);

	if (ret < 0)
		return ctl_fail("VIDIOC_G_FMT", ret);
	if (ctl_queue_planes(q) > CTL_MAX_PLANES || !ctl_queue_planes(q))
		return ctl_fail_text("the format has %u memory planes, this program takes up to %d",
				     ctl_queue_planes(q), CTL_MAX_PLANES);
	return 0;
}

int ctl_queue_init(struct ctl_queue *q, struct ctl *c, uint32_t type,
		   const struct ctl_memory *memory)
{
	*q = (struct ctl_queue){ .c = c, .memory = *memory, .fmt.type = type };
	if (memory->either && !vmedia_driver_region_size(c->drv))
		q->memory.type = V4L2_MEMORY_USERPTR;
	q->output = ctl_is_output(type);
	q->mplane = ctl_is_mplane(type);
	return ctl_queue_get_format(q);
}

/* ---- Memory ---- */

static int map_buffer(struct ctl_queue *q, unsigned int index)
{
	struct vmedia_plane planes[VMEDIA_MAX_PLANES] = { 0 };
	struct vmedia_buffer b = { .index = index,
				   .type = q->fmt.type,
				   .memory = V4L2_MEMORY_MMAP };
	struct ctl_buffer *buf = &q->buf[index];
	int prot = q->output ? PROT_READ | PROT_WRITE : PROT_READ, ret;

	if (q->mplane) {
		b.m.planes = (uintptr_t)planes;
		b.length = VMEDIA_MAX_PLANES;
	}
	ret = vmedia_ioctl(q->c->f, VIDIOC_QUERYBUF, &b);
	if (ret < 0)
		return ctl_fail("VIDIOC_QUERYBUF", ret);
	buf->num_planes = ctl_queue_planes(q);
	for (unsigned int i = 0; i < buf->num_planes; i++) {
		buf->length[i] = q->mplane ? planes[i].length : b.length;
		ret = vmedia_mmap(q->c->f, q->mplane ? planes[i].m.mem_offset : b.m.offset,
				  buf->length[i], prot, &buf->ptr[i]);
		if (ret == -ENODEV)
			return ctl_fail_text("the device has no shared memory region to map "
					     "buffers from; use --stream-%suser",
					     q->output ? "out-" : "");
		if (ret < 0)
			return ctl_fail("mapping a buffer", ret);
	}
	return 0;
}

static int alloc_buffer(struct ctl_queue *q, unsigned int index)
{
	struct ctl_buffer *buf = &q->buf[index];

	buf->num_planes = ctl_queue_planes(q);
	for (unsigned int i = 0; i < buf->num_planes; i++) {
		uint32_t flags = q->memory.scattered ? VMEDIA_PAGES_SCATTERED : 0;
		uint32_t size = ctl_queue_sizeimage(q, i);
		int ret = vmedia_pages_alloc(q->c->drv, size, flags, &buf->ptr[i]);

		if (ret < 0)
			return ctl_fail("guest memory for a buffer", ret);
		buf->ours[i] = true;
		buf->length[i] = size;
	}
	return 0;
}

/* As many as the user wants, and two more than a codec needs to work at all. */
static uint32_t wanted_buffers(const struct ctl_queue *q)
{
	struct vmedia_control least = { .id = q->output ? V4L2_CID_MIN_BUFFERS_FOR_OUTPUT
							: V4L2_CID_MIN_BUFFERS_FOR_CAPTURE };

	if (vmedia_ioctl(q->c->f, VIDIOC_G_CTRL, &least) < 0 || least.value < 0 ||
	    least.value > CTL_MAX_BUFFERS - 2)
		return q->memory.buffers;
	return (uint32_t)least.value + 2 > q->memory.buffers ? (uint32_t)least.value + 2
							     : q->memory.buffers;
}

int ctl_queue_setup(struct ctl_queue *q)
{
	struct vmedia_requestbuffers rb = { .count = wanted_buffers(q),
					    .type = q->fmt.type,
					    .memory = q->memory.type };
	int ret = vmedia_ioctl(q->c->f, VIDIOC_REQBUFS, &rb);

	if (ret < 0)
		return ctl_fail("VIDIOC_REQBUFS", ret);
	if (!rb.count)
		return ctl_fail("VIDIOC_REQBUFS", -ENOMEM);
	q->num_buffers = rb.count < CTL_MAX_BUFFERS ? rb.count : CTL_MAX_BUFFERS;
	for (unsigned int i = 0; ret == 0 && i < q->num_buffers; i++)
		ret = q->memory.type == V4L2_MEMORY_MMAP ? map_buffer(q, i) : alloc_buffer(q, i);
	return ret;
}

void ctl_queue_finish(struct ctl_queue *q)
{
	struct vmedia_requestbuffers rb = { .type = q->fmt.type };

	ctl_queue_stop(q);
	for (unsigned int i = 0; i < q->num_buffers; i++) {
		struct ctl_buffer *buf = &q->buf[i];

		for (unsigned int p = 0; p < VMEDIA_MAX_PLANES; p++) {
			if (buf->ptr[p] && buf->ours[p])
				vmedia_pages_free(q->c->drv, buf->ptr[p]);
			else if (buf->ptr[p])
				vmedia_munmap(q->c->drv, buf->ptr[p]);
		}
		*buf = (struct ctl_buffer){ 0 };
	}
	if (q->num_buffers) {
		rb.memory = q->memory.type;
		vmedia_ioctl(q->c->f, VIDIOC_REQBUFS, &rb);
	}
	q->num_buffers = 0;
}

/* ---- Buffers ---- */

/* A driver gives frames their field; an application those that it sends. */
static uint32_t field_of(const struct ctl_queue *q, uint64_t number)
{
	uint32_t field = q->mplane ? q->fmt.fmt.pix_mp.field : q->fmt.fmt.pix.field;

	if (!q->output || field != V4L2_FIELD_ALTERNATE)
		return q->output ? field : V4L2_FIELD_ANY;
	return number & 1 ? V4L2_FIELD_BOTTOM : V4L2_FIELD_TOP;
}

/* A codec's queue is in error when a stream cannot be decoded or encoded. */
static int buffer_failed(const struct ctl_queue *q, const char *what, int err)
{
	if (err != -EIO || !q->c->codec)
		return ctl_fail(what, err);
	return ctl_fail_text("the device cannot go on with this stream (%s: %s); its log may say "
			     "why", what, strerror(-err));
}

int ctl_queue_put(struct ctl_queue *q, unsigned int index, const uint32_t *used, uint64_t number)
{
	struct vmedia_plane planes[VMEDIA_MAX_PLANES] = { 0 };
	struct vmedia_buffer b = { .index = index,
				   .type = q->fmt.type,
				   .memory = q->memory.type,
				   .field = field_of(q, number),
				   .timestamp.tv_sec = (int64_t)number };
	struct ctl_buffer *buf = &q->buf[index];
	int ret;

	for (unsigned int i = 0; i < buf->num_planes; i++) {
		planes[i].length = (uint32_t)buf->length[i];
		planes[i].bytesused = used ? used[i] : 0;
		if (q->memory.type == V4L2_MEMORY_USERPTR)
			planes[i].m.userptr = (uintptr_t)buf->ptr[i];
	}
	if (q->mplane) {
		b.m.planes = (uintptr_t)planes;
		b.length = buf->num_planes;
	} else {
		b.bytesused = planes[0].bytesused;
		if (q->memory.type == V4L2_MEMORY_USERPTR) {
			b.m.userptr = planes[0].m.userptr;
			b.length = planes[0].length;
		}
	}
	ret = vmedia_ioctl(q->c->f, VIDIOC_QBUF, &b);
	if (ret < 0)
		return buffer_failed(q, "VIDIOC_QBUF", ret);
	q->queued++;
	return 0;
}

static void tell(const struct ctl_queue *q, const struct ctl_taken *t)
{
	uint32_t used = t->b.bytesused;

	for (unsigned int i = 0; q->mplane && i < ctl_queue_planes(q); i++)
		used += t->planes[i].bytesused;
	fprintf(stderr, "%s dqbuf: %2u seq: %6u bytesused: %u ts: %lld.%06lld%s%s\n",
		q->output ? "out" : "cap", t->b.index, t->b.sequence, used,
		(long long)t->b.timestamp.tv_sec, (long long)t->b.timestamp.tv_usec,
		t->b.flags & V4L2_BUF_FLAG_ERROR ? " (error)" : "",
		t->b.flags & V4L2_BUF_FLAG_LAST ? " (last)" : "");
}

int ctl_queue_take(struct ctl_queue *q, struct ctl_taken *t)
{
	int ret;

	*t = (struct ctl_taken){ .b = { .type = q->fmt.type, .memory = q->memory.type } };
	if (q->mplane) {
		t->b.m.planes = (uintptr_t)t->planes;
		t->b.length = VMEDIA_MAX_PLANES;
	}
	ret = vmedia_ioctl(q->c->f, VIDIOC_DQBUF, &t->b);
	if (ret == -EPIPE && !q->output)
		return ret;
	if (ret < 0)
		return buffer_failed(q, "VIDIOC_DQBUF", ret);
	if (t->b.index >= q->num_buffers)
		return ctl_fail("VIDIOC_DQBUF", -EIO);
	q->queued--;
	if (q->c->o->verbose)
		tell(q, t);
	return 0;
}

int ctl_queue_start(struct ctl_queue *q)
{
	int ret = vmedia_ioctl(q->c->f, VIDIOC_STREAMON, &q->fmt.type);

	if (ret < 0)
		return ctl_fail("VIDIOC_STREAMON", ret);
	q->streaming = true;
	return 0;
}

void ctl_queue_stop(struct ctl_queue *q)
{
	if (q->streaming)
		vmedia_ioctl(q->c->f, VIDIOC_STREAMOFF, &q->fmt.type);
	q->streaming = false;
	q->queued = 0;
}
