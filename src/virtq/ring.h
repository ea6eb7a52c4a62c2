/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Virtqueues on the wire (virtio 1.2, sections 2.7 and 2.8), access to shared fields, and the
 * layout of a queue in memory.
 *
 * Every field is little-endian. A shared field is read once into a private variable, by the helpers
 * below. No other code accesses ring memory.
 */
#ifndef VMEDIA_VIRTQ_RING_H
#define VMEDIA_VIRTQ_RING_H

#include <assert.h>
#include <endian.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define VMEDIA_VIRTIO_F_INDIRECT_DESC 28
#define VMEDIA_VIRTIO_F_EVENT_IDX 29
#define VMEDIA_VIRTIO_F_VERSION_1 32
#define VMEDIA_VIRTIO_F_ACCESS_PLATFORM 33
#define VMEDIA_VIRTIO_F_RING_PACKED 34

#define VMEDIA_VQ_MAX_NUM 32768u

/* The features that both ring ends implement. Other features do not change their behaviour. */
#define VMEDIA_VQ_FEATURES                                                               \
	(1ULL << VMEDIA_VIRTIO_F_INDIRECT_DESC | 1ULL << VMEDIA_VIRTIO_F_EVENT_IDX |     \
	 1ULL << VMEDIA_VIRTIO_F_VERSION_1 | 1ULL << VMEDIA_VIRTIO_F_RING_PACKED)

static inline bool vmedia_vq_has(uint64_t features, unsigned int bit)
{
	return features >> bit & 1;
}

/* ---- split ---- */

#define VMEDIA_DESC_F_NEXT 1
#define VMEDIA_DESC_F_WRITE 2
#define VMEDIA_DESC_F_INDIRECT 4
#define VMEDIA_AVAIL_F_NO_INTERRUPT 1
#define VMEDIA_USED_F_NO_NOTIFY 1

struct vmedia_vring_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};
static_assert(sizeof(struct vmedia_vring_desc) == 16, "2.7.5");

struct vmedia_vring_avail {
	uint16_t flags;
	uint16_t idx;
	uint16_t ring[];	/* num, then used_event */
};
static_assert(offsetof(struct vmedia_vring_avail, ring) == 4, "2.7.6");

struct vmedia_vring_used_elem {
	uint32_t id;
	uint32_t len;
};
static_assert(sizeof(struct vmedia_vring_used_elem) == 8, "2.7.8");

struct vmedia_vring_used {
	uint16_t flags;
	uint16_t idx;
	struct vmedia_vring_used_elem ring[];	/* num, then a le16 avail_event */
};
static_assert(offsetof(struct vmedia_vring_used, ring) == 4, "2.7.8");

/* ---- packed ---- */

#define VMEDIA_PACKED_F_AVAIL (1 << 7)
#define VMEDIA_PACKED_F_USED (1 << 15)
#define VMEDIA_PACKED_EVENT_ENABLE 0
#define VMEDIA_PACKED_EVENT_DISABLE 1
#define VMEDIA_PACKED_EVENT_DESC 2
#define VMEDIA_PACKED_WRAP (1 << 15)

struct vmedia_packed_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t id;
	uint16_t flags;
};
static_assert(sizeof(struct vmedia_packed_desc) == 16, "2.8.13");
static_assert(offsetof(struct vmedia_packed_desc, flags) == 14, "2.8.13");

struct vmedia_packed_event {
	uint16_t off_wrap;
	uint16_t flags;
};
static_assert(sizeof(struct vmedia_packed_event) == 4, "2.8.14");

/* ---- shared fields ---- */

static inline uint16_t vmedia_ring_ld16(const uint16_t *p)
{
	return le16toh(__atomic_load_n(p, __ATOMIC_RELAXED));
}

/* Load with acquire order: later reads are not done before it. */
static inline uint16_t vmedia_ring_ld16_acquire(const uint16_t *p)
{
	return le16toh(__atomic_load_n(p, __ATOMIC_ACQUIRE));
}

static inline uint32_t vmedia_ring_ld32(const uint32_t *p)
{
	return le32toh(__atomic_load_n(p, __ATOMIC_RELAXED));
}

static inline uint64_t vmedia_ring_ld64(const uint64_t *p)
{
	return le64toh(__atomic_load_n(p, __ATOMIC_RELAXED));
}

static inline void vmedia_ring_st16(uint16_t *p, uint16_t v)
{
	__atomic_store_n(p, htole16(v), __ATOMIC_RELAXED);
}

/* Store with release order: a reader of the value sees all earlier writes. */
static inline void vmedia_ring_st16_release(uint16_t *p, uint16_t v)
{
	__atomic_store_n(p, htole16(v), __ATOMIC_RELEASE);
}

static inline void vmedia_ring_st32(uint32_t *p, uint32_t v)
{
	__atomic_store_n(p, htole32(v), __ATOMIC_RELAXED);
}

static inline void vmedia_ring_st64(uint64_t *p, uint64_t v)
{
	__atomic_store_n(p, htole64(v), __ATOMIC_RELAXED);
}

/*
 * A full barrier: earlier stores are visible before later loads are done. (ThreadSanitizer does not
 * support fences.)
 */
static inline void vmedia_ring_mb(void)
{
#if defined(__SANITIZE_THREAD__)
	int x = 0;

	__atomic_fetch_add(&x, 1, __ATOMIC_SEQ_CST);
#else
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

/* Copy out of shared memory. The compiler cannot read @src again later. Any alignment. */
static inline void vmedia_ring_copy(void *dst, const void *src, size_t n)
{
	memcpy(dst, src, n);
	__asm__ volatile("" : : : "memory");
}

/* True if an index that went from @old to @now passed @event. (2.7.7.2; all modulo 65536) */
static inline bool vmedia_ring_need_event(uint16_t event, uint16_t now, uint16_t old)
{
	return (uint16_t)(now - event - 1) < (uint16_t)(now - old);
}

/* ---- layout ---- */

/*
 * The parts of a queue, as offsets from its first byte, aligned as virtio requires for both
 * formats.
 */
struct vmedia_vq_layout {
	uint32_t num;
	uint64_t desc, desc_size;	/* descriptor table, or descriptor ring */
	uint64_t driver, driver_size;	/* available ring, or driver event suppression */
	uint64_t device, device_size;	/* used ring, or device event suppression */
	uint64_t indirect;		/* num slots of indirect_max descriptors each */
	uint32_t indirect_max;
	uint64_t size;			/* of all parts */
};

/*
 * vmedia_vq_layout - lay out a queue of @num descriptors, with room for indirect tables of
 * @indirect_max descriptors (0: none)
 *
 * Returns 0; -EINVAL if num is 0, more than 32768, or, without RING_PACKED in @features, no power
 * of two; or if indirect_max > 32768.
 */
int vmedia_vq_layout(uint32_t num, uint64_t features, uint32_t indirect_max,
		     struct vmedia_vq_layout *l);

/*
 * Return the bytes of each of the three parts of a queue of @num. A device end must be able to
 * reach them.
 */
uint64_t vmedia_vq_desc_size(uint32_t num);
uint64_t vmedia_vq_driver_size(uint32_t num, uint64_t features);
uint64_t vmedia_vq_device_size(uint32_t num, uint64_t features);

/* ---- both ends ---- */

/*
 * Mark the ring @name as broken by @who at the other end: set *err to -EIO, if it is still 0, and
 * log the reason. Returns *err. In layout.c.
 */
int vmedia_vq_break(int *err, const char *name, const char *who, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif
