// SPDX-License-Identifier: BSD-3-Clause
/*
 * Which memory the host's queue has.
 *
 *	guest		host, the first that works
 *	MMAP		MMAP, the same buffer; or a copy, if it cannot be exported
 *	SHARED_PAGES	USERPTR, the same pages; or MMAP and a copy
 *	OBJECT		DMABUF, the same object; or MMAP and a copy
 *
 * A driver may refuse a kind of memory in REQBUFS, or the memory itself in QBUF: refused.c.
 *
 * CAPTURE of an m2m device is copied to SHARED_PAGES: those pages are taken back by STREAMOFF when
 * the guest is paused (halt.c), and a codec would lose its state by that.
 *
 * USERPTR: V4L2 keeps the pages of a buffer that comes with the address that it had before. So an
 * address must not be used for other memory as long as the host may know it: proxy_plane.held. A
 * QBUF that fails does not tell whether V4L2 has got as far as the pages; QUERYBUF does.
 */
#include <errno.h>
#include <linux/videodev2.h>
#include <string.h>

#include "proxy.h"

bool vmedia_proxy_is_m2m(const struct proxy *p)
{
	return vmedia_device_config(p->dev)->device_caps &
	       (V4L2_CAP_VIDEO_M2M | V4L2_CAP_VIDEO_M2M_MPLANE);
}

uint32_t vmedia_proxy_host_memory(const struct proxy *p, uint32_t type, uint32_t guest_memory)
{
	if (guest_memory == V4L2_MEMORY_USERPTR && !vmedia_proxy_type_is_output(type) &&
	    vmedia_proxy_is_m2m(p))
		return V4L2_MEMORY_MMAP;
	return guest_memory;
}

void vmedia_proxy_ask_with_memory(struct proxy_call *c, uint32_t *memory, uint32_t *asked)
{
	const union vmedia_payload question = c->io.arg;

	*memory = *asked = c->host_memory;
	vmedia_proxy_ask(c);
	if (c->err != -EINVAL || !c->host_memory || c->host_memory == V4L2_MEMORY_MMAP)
		return;
	/* The driver may not have this kind. */
	c->io.arg = question;
	c->host_memory = V4L2_MEMORY_MMAP;
	*memory = *asked = c->host_memory;
	vmedia_proxy_ask(c);
}

/* ---- The host's buffers ---- */

static int nonsense(struct proxy_session *ps, const char *what, uint64_t got, uint64_t limit)
{
	vmedia_proxy_nonsense(ps->p, "VIDIOC_QUERYBUF", what, got, limit);
	return -EIO;
}

int vmedia_proxy_query(struct proxy_session *ps, uint32_t type, uint32_t index,
		       struct proxy_buf *buf)
{
	struct vmedia_plane planes[VMEDIA_MAX_PLANES] = { 0 };
	struct vmedia_buffer b = { .index = index, .type = type, .memory = V4L2_MEMORY_MMAP };
	bool mplane = vmedia_buf_type_is_multiplanar(type);
	int err;

	if (mplane) {
		b.length = VMEDIA_MAX_PLANES;
		b.m.planes = (uintptr_t)planes;
	}
	err = vmedia_proxy_host_call(ps, VMEDIA_NR_QUERYBUF, &b);
	if (err)
		return err;
	if (b.index != index || b.type != type)
		return nonsense(ps, "answer is about another buffer", b.index, index);
	if (mplane && (!b.length || b.length > VMEDIA_MAX_PLANES))
		return nonsense(ps, "buffer of an impossible number of planes", b.length,
				VMEDIA_MAX_PLANES);
	buf->num_planes = mplane ? b.length : 1;
	for (uint32_t i = 0; i < buf->num_planes; i++) {
		buf->planes[i].length = mplane ? planes[i].length : b.length;
		buf->planes[i].host_offset = mplane ? planes[i].m.mem_offset : b.m.offset;
		if (!buf->planes[i].length)
			return nonsense(ps, "buffer of no length, plane", i, buf->num_planes);
	}
	return 0;
}

/* ---- A buffer's memory, as the host gets it ---- */

static void set_plane(const struct proxy_plane *plane, uint32_t memory, uint32_t *length, void *m)
{
	uint64_t value = 0;

	*length = 0;
	if (memory == V4L2_MEMORY_USERPTR)
		value = (uintptr_t)vmedia_backing_addr(plane->mem);
	else if (memory == V4L2_MEMORY_DMABUF)
		value = (uint32_t)vmedia_backing_fd(plane->mem, NULL);
	if (memory != V4L2_MEMORY_MMAP)
		*length = plane->given;
	memcpy(m, &value, sizeof(value)); /* a descriptor is its lower half */
}

void vmedia_proxy_set_memory(const struct proxy_queue *q, const struct proxy_buf *buf,
			     struct vmedia_buffer *b, struct vmedia_plane *planes)
{
	b->memory = q->host_memory;
	if (!vmedia_buf_type_is_multiplanar(q->type)) {
		set_plane(&buf->planes[0], q->host_memory, &b->length, &b->m);
		return;
	}
	for (uint32_t i = 0; i < buf->num_planes; i++)
		set_plane(&buf->planes[i], q->host_memory, &planes[i].length, &planes[i].m);
	b->length = buf->num_planes;
	b->m.planes = (uintptr_t)planes;
}

int vmedia_proxy_requeue(struct proxy_session *ps, const struct proxy_queue *q,
			 const struct proxy_buf *buf)
{
	struct vmedia_plane planes[VMEDIA_MAX_PLANES] = { 0 };
	struct vmedia_buffer b = { .index = buf->index, .type = q->type };

	vmedia_proxy_set_memory(q, buf, &b, planes);
	return vmedia_proxy_host_call(ps, VMEDIA_NR_QBUF, &b);
}

void vmedia_proxy_drop_held(struct proxy_plane *plane)
{
	for (unsigned int i = 0; i < PROXY_HELD; i++) {
		vmedia_backing_put(plane->held[i]);
		plane->held[i] = NULL;
	}
}

bool vmedia_proxy_holds_all(const struct proxy_plane *plane)
{
	return plane->held[PROXY_HELD - 1];
}

static void hold(struct proxy_plane *plane)
{
	unsigned int i = 0;

	while (i < PROXY_HELD && plane->held[i] && plane->held[i] != plane->mem)
		i++;
	if (i < PROXY_HELD && !plane->held[i])
		plane->held[i] = vmedia_backing_get(plane->mem);
}

void vmedia_proxy_hold(struct proxy_buf *buf, bool taken)
{
	for (uint32_t i = 0; i < buf->num_planes; i++) {
		struct proxy_plane *plane = &buf->planes[i];

		if (taken)
			vmedia_proxy_drop_held(plane);
		hold(plane);
	}
}

/*
 * A QBUF failed: ask the host which address it has of each plane. V4L2 has none once it has let go
 * of the pages, and else that of a QBUF before.
 */
void vmedia_proxy_ask_known(struct proxy_call *c)
{
	struct vmedia_plane planes[VMEDIA_MAX_PLANES] = { 0 };
	struct vmedia_buffer b = { .index = c->buf->index, .type = c->asked.arg.buffer.type,
				   .memory = V4L2_MEMORY_USERPTR };
	bool mplane = vmedia_buf_type_is_multiplanar(b.type);

	if (mplane) {
		b.length = c->buf->num_planes;
		b.m.planes = (uintptr_t)planes;
	}
	if (vmedia_proxy_host_call(c->ps, VMEDIA_NR_QUERYBUF, &b))
		return;
	for (uint32_t i = 0; i < c->buf->num_planes; i++)
		c->knows[i] = mplane ? planes[i].m.userptr : b.m.userptr;
	c->told = true;
}

void vmedia_proxy_hold_only(struct proxy_buf *buf, const uint64_t *addr)
{
	for (uint32_t i = 0; i < buf->num_planes; i++) {
		struct proxy_plane *plane = &buf->planes[i];
		struct vmedia_backing *known = NULL;

		for (unsigned int k = 0; k < PROXY_HELD && plane->held[k]; k++)
			if ((uintptr_t)vmedia_backing_addr(plane->held[k]) == addr[i])
				known = plane->held[k];
		if (plane->mem && (uintptr_t)vmedia_backing_addr(plane->mem) == addr[i])
			known = plane->mem;
		known = known ? vmedia_backing_get(known) : NULL;
		vmedia_proxy_drop_held(plane);
		plane->held[0] = known;
	}
}
