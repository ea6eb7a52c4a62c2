/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Arithmetic with overflow checks, and small macros for all files.
 */
#ifndef VMEDIA_BASE_CHECKED_H
#define VMEDIA_BASE_CHECKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vmedia/list.h>		/* vmedia_container_of() */

/*
 * True if the result does not fit *res (any integer types). Then *res holds the wrapped value; do
 * not use it.
 */
#define vmedia_add_overflow(a, b, res) __builtin_add_overflow((a), (b), (res))
#define vmedia_sub_overflow(a, b, res) __builtin_sub_overflow((a), (b), (res))
#define vmedia_mul_overflow(a, b, res) __builtin_mul_overflow((a), (b), (res))

/* Round @v up to a multiple of @align (a power of two); true on overflow. */
static inline bool vmedia_align_overflow(uint64_t v, uint64_t align, uint64_t *res)
{
	if (vmedia_add_overflow(v, align - 1, res))
		return true;
	*res &= ~(align - 1);
	return false;
}

/*
 * Round up without an overflow check, for values that are known to be small. @align is a power of
 * two.
 */
static inline uint64_t vmedia_align_up(uint64_t v, uint64_t align)
{
	return (v + align - 1) & ~(align - 1);
}

static inline uint64_t vmedia_align_down(uint64_t v, uint64_t align)
{
	return v & ~(align - 1);
}

/*
 * True if [start, start + len) is inside [0, size). Never overflows. An empty range at @size is
 * inside.
 */
static inline bool vmedia_range_ok(uint64_t start, uint64_t len, uint64_t size)
{
	return start <= size && len <= size - start;
}

#define VMEDIA_MIN(a, b)                   \
	({                                 \
		__typeof__(a) _ma = (a);   \
		__typeof__(b) _mb = (b);   \
		_ma < _mb ? _ma : _mb;     \
	})
#define VMEDIA_MAX(a, b)                   \
	({                                 \
		__typeof__(a) _ma = (a);   \
		__typeof__(b) _mb = (b);   \
		_ma > _mb ? _ma : _mb;     \
	})

#define VMEDIA_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
