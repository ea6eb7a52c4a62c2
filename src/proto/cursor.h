/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only */
/*
 * Byte cursors with a sticky error. The caller takes or puts fields one after another and checks
 * for an error once, at the end. After the first access beyond the end every take returns NULL or
 * zero, and every put does nothing. Numbers are read and written byte by byte in little-endian
 * order, so alignment and the host's byte order do not matter.
 */
#ifndef VMEDIA_PROTO_CURSOR_H
#define VMEDIA_PROTO_CURSOR_H

#include "proto/shim.h"

static inline uint32_t vmedia_load32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t vmedia_load64(const uint8_t *p)
{
	return vmedia_load32(p) | (uint64_t)vmedia_load32(p + 4) << 32;
}

static inline void vmedia_store32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
	p[2] = (uint8_t)(v >> 16);
	p[3] = (uint8_t)(v >> 24);
}

static inline void vmedia_store64(uint8_t *p, uint64_t v)
{
	vmedia_store32(p, (uint32_t)v);
	vmedia_store32(p + 4, (uint32_t)(v >> 32));
}

struct vmedia_rd {
	const uint8_t *p;
	size_t left;
	bool bad;
};

static inline struct vmedia_rd vmedia_rd_init(const void *buf, size_t len)
{
	struct vmedia_rd rd = { .p = buf, .left = len };

	return rd;
}

/* The next @n bytes, or NULL if fewer are left. */
static inline const uint8_t *vmedia_rd_take(struct vmedia_rd *rd, size_t n)
{
	const uint8_t *p = rd->p;

	if (rd->bad || n > rd->left) {
		rd->bad = true;
		return NULL;
	}
	if (n) {
		rd->p += n;
		rd->left -= n;
	}
	return p;
}

static inline uint32_t vmedia_rd_le32(struct vmedia_rd *rd)
{
	const uint8_t *p = vmedia_rd_take(rd, 4);

	return p ? vmedia_load32(p) : 0;
}

static inline uint64_t vmedia_rd_le64(struct vmedia_rd *rd)
{
	const uint8_t *p = vmedia_rd_take(rd, 8);

	return p ? vmedia_load64(p) : 0;
}

struct vmedia_wr {
	uint8_t *p;
	size_t left;
	size_t done;
	bool bad;
};

static inline struct vmedia_wr vmedia_wr_init(void *buf, size_t cap)
{
	struct vmedia_wr wr = { .p = buf, .left = cap };

	return wr;
}

/* Room for the next @n bytes, which the caller fills, or NULL if fewer are left. */
static inline uint8_t *vmedia_wr_room(struct vmedia_wr *wr, size_t n)
{
	uint8_t *p = wr->p;

	if (wr->bad || n > wr->left || (n && !p)) {
		wr->bad = true;
		return NULL;
	}
	if (n) {
		wr->p += n;
		wr->left -= n;
		wr->done += n;
	}
	return p;
}

static inline void vmedia_wr_bytes(struct vmedia_wr *wr, const void *src, size_t n)
{
	uint8_t *p = vmedia_wr_room(wr, n);

	if (p && n)
		memcpy(p, src, n);
}

static inline void vmedia_wr_le32(struct vmedia_wr *wr, uint32_t v)
{
	uint8_t *p = vmedia_wr_room(wr, 4);

	if (p)
		vmedia_store32(p, v);
}

static inline void vmedia_wr_le64(struct vmedia_wr *wr, uint64_t v)
{
	uint8_t *p = vmedia_wr_room(wr, 8);

	if (p)
		vmedia_store64(p, v);
}

#endif /* VMEDIA_PROTO_CURSOR_H */
