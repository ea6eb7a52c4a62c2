// SPDX-License-Identifier: BSD-3-Clause
/*
 * The host refuses the guest's memory in QBUF: pages that its hardware cannot reach, an object that
 * is no dma-buf. Then the queue gets buffers of the host, and its bytes are copied.
 *
 * Theory of operation: a driver may refuse any buffer, not only the first. One that wants
 * contiguous memory takes those guest pages that happen to lie one after the other. V4L2 has one
 * kind of memory a queue, so the buffers that it has taken are exchanged with the others: the queue
 * stops, gets its new buffers, is given those that were queued in their order, and streams again.
 * Of CAPTURE, frames that nobody has dequeued are lost. Of OUTPUT, frames that the driver had done
 * are shown again.
 *
 * The OUTPUT queue of a codec cannot stop without losing the stream's state. There, once the host
 * has taken a buffer, what it refuses is the guest's error.
 */
#include <errno.h>
#include <linux/videodev2.h>
#include <stdlib.h>
#include <string.h>
#include <vmedia/log.h>

#include "proxy.h"

/* A buffer that the host has in its queue, and what it is to be told of it again. */
struct queued {
	struct proxy_buf *buf;
	struct vmedia_buffer b;
	struct vmedia_plane planes[VMEDIA_MAX_PLANES];
};

bool vmedia_proxy_is_refused(const struct proxy_call *c, const struct proxy_queue *q)
{
	if (q->host_memory == V4L2_MEMORY_MMAP || (q->settled && vmedia_proxy_is_m2m(c->ps->p)))
		return false;
	/* EINVAL is said of contents, too. A queue that works is not stopped for these. */
	return c->err == -EFAULT || c->err == -ENOMEM || (c->err == -EINVAL && !q->settled);
}

/* Make @buf one of the host's buffers. */
static int replace(struct proxy_session *ps, struct proxy_queue *q, struct proxy_buf *buf)
{
	struct proxy_buf now = { 0 };
	int err = vmedia_proxy_query(ps, q->type, buf->index, &now);

	if (!err && now.num_planes != buf->num_planes)
		err = -EINVAL;
	for (uint32_t i = 0; i < buf->num_planes && !err; i++) {
		/* The guest's memory is as long as the buffer was. */
		if (now.planes[i].length > buf->planes[i].length)
			err = -EINVAL;
		buf->planes[i].length = now.planes[i].length;
		buf->planes[i].host_offset = now.planes[i].host_offset;
		buf->planes[i].copied = true;
	}
	buf->copies = true;
	return err;
}

/*
 * Exchange all buffers of the host for its own. One call does it: if the queue were without buffers
 * for a moment, the loop's epoll of a node that has read() would begin to read.
 */
static int exchange(struct proxy_session *ps, struct proxy_queue *q)
{
	struct vmedia_requestbuffers r = { .count = q->num_slots, .type = q->type,
					   .memory = V4L2_MEMORY_MMAP };
	int err = vmedia_proxy_host_call(ps, VMEDIA_NR_REQBUFS, &r);

	if (!err && r.count < q->num_slots)
		err = -ENOMEM;
	for (uint32_t i = 0; i < q->num_slots && !err; i++)
		if (q->bufs[i])
			err = replace(ps, q, q->bufs[i]);
	if (!err)
		q->host_memory = V4L2_MEMORY_MMAP;
	return err;
}

/* The host forgets what it was told of an OUTPUT buffer, so ask it first. */
static int remember(struct proxy_session *ps, const struct proxy_queue *q, struct queued *e)
{
	int err;

	e->b = (struct vmedia_buffer){ .index = e->buf->index, .type = q->type };
	if (!vmedia_proxy_type_is_output(q->type))
		return 0;
	vmedia_proxy_set_memory(q, e->buf, &e->b, e->planes);
	err = vmedia_proxy_host_call(ps, VMEDIA_NR_QUERYBUF, &e->b);
	e->b = (struct vmedia_buffer){ .index = e->buf->index, .type = q->type,
				       .bytesused = e->b.bytesused, .field = e->b.field,
				       .flags = e->b.flags & PROXY_CONTENT_FLAGS,
				       .timestamp = e->b.timestamp, .timecode = e->b.timecode };
	for (uint32_t i = 0; i < VMEDIA_MAX_PLANES; i++)
		e->planes[i] = (struct vmedia_plane){ .bytesused = e->planes[i].bytesused,
						      .data_offset = e->planes[i].data_offset };
	return err;
}

/* The buffers that the host has, in their order. Returns how many, or negative errno. */
static int remember_all(struct proxy_session *ps, const struct proxy_queue *q, struct queued *all)
{
	struct proxy_buf *buf;
	int num = 0, err = 0;

	for (uint64_t order = 0; !err && (buf = vmedia_proxy_next_queued(ps, q, order));
	     order = buf->order) {
		all[num].buf = buf;
		err = remember(ps, q, &all[num++]);
	}
	return err ? err : num;
}

static int queue_again(struct proxy_session *ps, struct proxy_queue *q, struct queued *e)
{
	vmedia_proxy_set_memory(q, e->buf, &e->b, e->planes);
	if (vmedia_proxy_type_is_output(q->type)) {
		int err = vmedia_proxy_copy_to_host(ps, e->buf, &e->b, e->planes);

		if (err)
			return err;
	}
	return vmedia_proxy_host_call(ps, VMEDIA_NR_QBUF, &e->b);
}

/* Returns what went wrong before the queue was changed, or -EIO after it. */
static int change(struct proxy_session *ps, struct proxy_queue *q, struct queued *all)
{
	uint32_t type = q->type;
	int err = 0, num = remember_all(ps, q, all);

	if (num < 0)
		return num;
	if (q->streaming)
		err = vmedia_proxy_host_call(ps, VMEDIA_NR_STREAMOFF, &type);
	if (!err)
		err = exchange(ps, q);
	for (int i = 0; i < num && !err; i++)
		err = queue_again(ps, q, &all[i]);
	q->counted = q->sequence;
	if (!err && q->streaming)
		err = vmedia_proxy_host_call(ps, VMEDIA_NR_STREAMON, &type);
	return err ? -EIO : 0;
}

int vmedia_proxy_fall_back(struct proxy_call *c)
{
	struct proxy_session *ps = c->ps;
	struct proxy_queue *q = &ps->queues[c->asked.arg.buffer.type];
	struct queued *all = calloc(q->num_slots, sizeof(*all));
	int err = all ? change(ps, q, all) : -ENOMEM;

	free(all);
	if (err) {
		vmedia_warn("%s: the host does not take %s of the guest (error %d), and no buffers "
			    "of its own instead (error %d)", vmedia_buf_type_name(q->type),
			    vmedia_memory_name(q->memory), -c->err, -err);
		return err;
	}
	vmedia_info("%s: the host does not take %s of the guest (error %d): their bytes are copied",
		    vmedia_buf_type_name(q->type), vmedia_memory_name(q->memory), -c->err);
	q->copies = true;
	vmedia_proxy_copy_ioctl(&c->io, &c->asked);
	vmedia_proxy_set_memory(q, c->buf, &c->io.arg.buffer, c->io.planes);
	vmedia_proxy_copy_ioctl(&c->asked, &c->io);
	return 0;
}
