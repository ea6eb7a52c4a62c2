/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only */
/*
 * Events: encoded by a device, decoded by a driver.
 *
 * Security model, driver end: the device that sent the event is hostile. A decoded event has a
 * buffer index below VMEDIA_MAX_BUFFERS, a plane count that fits, and no more bytes used than its
 * own lengths allow. The driver must check the rest: whether that buffer is queued, and its real
 * length. Pointers are set to NULL, since clause "Dequeue buffer" gives them no meaning.
 */
#include "proto/message.h"

VMEDIA_STATIC_ASSERT(VMEDIA_EVT_DQBUF_SIZE == 8 + sizeof(struct vmedia_buffer) +
		     VMEDIA_MAX_PLANES * sizeof(struct vmedia_plane), "size of the DQBUF event");
VMEDIA_STATIC_ASSERT(VMEDIA_EVT_EVENT_SIZE == 8 + sizeof(struct vmedia_event),
		     "size of the EVENT event");

size_t vmedia_evt_size(const struct vmedia_evt *evt)
{
	switch (evt->type) {
	case VMEDIA_EVT_ERROR:
		return VMEDIA_EVT_ERROR_SIZE;
	case VMEDIA_EVT_DQBUF:
		return VMEDIA_EVT_DQBUF_SIZE;
	case VMEDIA_EVT_EVENT:
		return VMEDIA_EVT_EVENT_SIZE;
	}
	return 0;
}

/* True if m holds a pointer, and not an offset or a placeholder of an fd. */
static bool m_is_pointer(uint32_t memory)
{
	return memory != VMEDIA_MEMORY_MMAP && memory != VMEDIA_MEMORY_DMABUF;
}

static void encode_dqbuf(const struct vmedia_evt *evt, uint8_t *p)
{
	const struct vmedia_buffer *b = &evt->buffer;
	const size_t m = offsetof(struct vmedia_buffer, m),
		     plane_m = offsetof(struct vmedia_plane, m);
	bool multi = vmedia_buf_type_is_multiplanar(b->type);
	uint32_t i;

	vmedia_layout_put(&vmedia_layout_buffer, p, b);
	if (multi || m_is_pointer(b->memory))
		vmedia_store64(p + m, 0);
	p += sizeof(*b);
	memset(p, 0, VMEDIA_MAX_PLANES * sizeof(struct vmedia_plane));
	for (i = 0; multi && i < b->length && i < VMEDIA_MAX_PLANES;
	     i++, p += sizeof(struct vmedia_plane)) {
		vmedia_layout_put(vmedia_plane_layout(b->memory), p, &evt->planes[i]);
		if (m_is_pointer(b->memory))
			vmedia_store64(p + plane_m, 0);
	}
}

int vmedia_evt_encode(const struct vmedia_evt *evt, void *buf, size_t cap)
{
	size_t size = vmedia_evt_size(evt);
	uint8_t *p = buf;

	if (!size)
		return -EINVAL;
	if (cap < size)
		return -ENOSPC;
	vmedia_store32(p, evt->type);
	vmedia_store32(p + 4, evt->session_id);
	p += 8;
	switch (evt->type) {
	case VMEDIA_EVT_ERROR:
		vmedia_store32(p, evt->err);
		vmedia_store32(p + 4, 0);
		break;
	case VMEDIA_EVT_DQBUF:
		encode_dqbuf(evt, p);
		break;
	case VMEDIA_EVT_EVENT:
		vmedia_layout_put(&vmedia_layout_event, p, &evt->event);
		break;
	}
	return (int)size;
}

static int check_planes(struct vmedia_evt *evt)
{
	const struct vmedia_buffer *b = &evt->buffer;
	uint32_t i;

	if (b->length < 1 || b->length > VMEDIA_MAX_PLANES)
		return vmedia_refuse(&evt->why, -EINVAL, "DQBUF with that many planes", b->length,
				     VMEDIA_MAX_PLANES);
	for (i = 0; i < b->length; i++) {
		const struct vmedia_plane *p = &evt->planes[i];

		if (p->bytesused > p->length)
			return vmedia_refuse(&evt->why, -EINVAL,
					     "DQBUF with more bytes used than the plane has",
					     p->bytesused, p->length);
		if (p->data_offset > p->length)
			return vmedia_refuse(&evt->why, -EINVAL,
					     "DQBUF with data beyond the plane's end",
					     p->data_offset, p->length);
	}
	return 0;
}

static int check_dqbuf(struct vmedia_evt *evt)
{
	const struct vmedia_buffer *b = &evt->buffer;

	if (b->type < VMEDIA_BUF_TYPE_VIDEO_CAPTURE || b->type > VMEDIA_BUF_TYPE_META_OUTPUT)
		return vmedia_refuse(&evt->why, -EINVAL, "DQBUF of unknown buffer type", b->type,
				     VMEDIA_BUF_TYPE_META_OUTPUT);
	if (b->index >= VMEDIA_MAX_BUFFERS)
		return vmedia_refuse(&evt->why, -EINVAL, "DQBUF of an index that no buffer has",
				     b->index, VMEDIA_MAX_BUFFERS - 1);
	if (b->memory != VMEDIA_MEMORY_MMAP && b->memory != VMEDIA_MEMORY_USERPTR &&
	    b->memory != VMEDIA_MEMORY_DMABUF)
		return vmedia_refuse(&evt->why, -EINVAL, "DQBUF of unknown memory type", b->memory,
				     VMEDIA_MEMORY_DMABUF);
	if (vmedia_buf_type_is_multiplanar(b->type))
		return check_planes(evt);
	if (b->bytesused > b->length)
		return vmedia_refuse(&evt->why, -EINVAL,
				     "DQBUF with more bytes used than the buffer has", b->bytesused,
				     b->length);
	return 0;
}

static int decode_dqbuf(struct vmedia_evt *evt, struct vmedia_rd *rd)
{
	struct vmedia_buffer *b = &evt->buffer;
	const uint8_t *p = vmedia_rd_take(rd, VMEDIA_EVT_DQBUF_SIZE - 8);
	uint32_t i;

	if (!p)
		return vmedia_refuse(&evt->why, -EINVAL, "DQBUF event shorter than 608 bytes",
				     8 + rd->left, VMEDIA_EVT_DQBUF_SIZE);
	vmedia_layout_get(&vmedia_layout_buffer, b, p);
	if (vmedia_buf_type_is_multiplanar(b->type) || m_is_pointer(b->memory))
		b->m.userptr = 0;
	p += sizeof(*b);
	for (i = 0; i < VMEDIA_MAX_PLANES; i++, p += sizeof(struct vmedia_plane)) {
		vmedia_layout_get(vmedia_plane_layout(b->memory), &evt->planes[i], p);
		if (m_is_pointer(b->memory))
			evt->planes[i].m.userptr = 0;
	}
	return check_dqbuf(evt);
}

static int decode_event(struct vmedia_evt *evt, struct vmedia_rd *rd)
{
	const uint8_t *p = vmedia_rd_take(rd, sizeof(struct vmedia_event));

	if (!p)
		return vmedia_refuse(&evt->why, -EINVAL, "EVENT event shorter than 144 bytes",
				     8 + rd->left, VMEDIA_EVT_EVENT_SIZE);
	vmedia_layout_get(&vmedia_layout_event, &evt->event, p);
	if (!evt->event.type)
		return vmedia_refuse(&evt->why, -EINVAL,
				     "EVENT of type V4L2_EVENT_ALL, which none is", 0, 1);
	return 0;
}

int vmedia_evt_decode(struct vmedia_evt *evt, const void *buf, size_t len)
{
	struct vmedia_rd rd = vmedia_rd_init(buf, len);

	memset(evt, 0, sizeof(*evt));
	evt->type = vmedia_rd_le32(&rd);
	evt->session_id = vmedia_rd_le32(&rd);
	if (rd.bad)
		return vmedia_refuse(&evt->why, -EINVAL, "event shorter than its header", len, 8);
	switch (evt->type) {
	case VMEDIA_EVT_ERROR:
		evt->err = vmedia_rd_le32(&rd);
		vmedia_rd_le32(&rd);
		if (rd.bad)
			return vmedia_refuse(&evt->why, -EINVAL,
					     "ERROR event shorter than 16 bytes", len,
					     VMEDIA_EVT_ERROR_SIZE);
		if (!evt->err || evt->err > VMEDIA_MAX_ERRNO)
			evt->err = EIO;
		return 0;
	case VMEDIA_EVT_DQBUF:
		return decode_dqbuf(evt, &rd);
	case VMEDIA_EVT_EVENT:
		return decode_event(evt, &rd);
	}
	return vmedia_refuse(&evt->why, -EINVAL, "unknown event", evt->type, VMEDIA_EVT_EVENT);
}
