/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Both ends of a queue over one piece of memory, stepped by one thread.
 */
#ifndef TESTS_VIRTQ_HARNESS_H
#define TESTS_VIRTQ_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "virtq/dev.h"
#include "virtq/drv.h"

#define GPA 0x100000000ull
#define DATA_SIZE (1u << 20)

/* xorshift64*: the same numbers everywhere. */
static inline uint64_t rnd(uint64_t *s)
{
	*s ^= *s >> 12;
	*s ^= *s << 25;
	*s ^= *s >> 27;
	return *s * 2685821657736338717ull;
}

static inline uint32_t below(uint64_t *s, uint32_t n)
{
	return (uint32_t)((rnd(s) >> 16) % n);
}

/* The seed: VMEDIA_TEST_SEED, or the clock's; printed, so that a failure can be repeated. */
uint64_t test_seed(const char *what);

struct pair {
	uint64_t features;
	uint32_t num;
	uint8_t *mem_bytes;		/* ring, then data */
	uint64_t size;
	uint8_t *data;
	uint64_t data_gpa;
	struct vmedia_vq_layout layout;
	struct vmedia_mem *mem;
	struct vmedia_vqr *drv;
	struct vmedia_vqd *dev;
	struct vmedia_vqd_config cfg;
};

void pair_up(struct pair *p, uint32_t num, uint64_t features, uint32_t indirect_max);
void pair_restart_dev(struct pair *p, uint32_t base);
void pair_down(struct pair *p);

/* Features of matrix entry @i of 8. */
#define MATRIX 8
static inline uint64_t matrix(unsigned int i)
{
	return 1ull << VMEDIA_VIRTIO_F_VERSION_1 |
	       (i & 1 ? 1ull << VMEDIA_VIRTIO_F_RING_PACKED : 0) |
	       (i & 2 ? 1ull << VMEDIA_VIRTIO_F_INDIRECT_DESC : 0) |
	       (i & 4 ? 1ull << VMEDIA_VIRTIO_F_EVENT_IDX : 0);
}

static inline bool is_packed(uint64_t features)
{
	return vmedia_vq_has(features, VMEDIA_VIRTIO_F_RING_PACKED);
}

#endif
