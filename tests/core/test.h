/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What all core tests begin with: cmocka, a harness with a fake device on it, and little-endian
 * bytes.
 */
#ifndef VMEDIA_TESTS_CORE_TEST_H
#define VMEDIA_TESTS_CORE_TEST_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <vmedia/log.h>

#include "fake.h"

struct world {
	struct harness h;
	struct fake f;
	uint32_t session; /* opened by world_open() */
};

static inline struct world *world_new(const struct vmedia_limits *limits)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	vmedia_log_set_level(VMEDIA_LOG_ERR);
	assert_int_equal(harness_init(&w->h, NULL), 0);
	fake_create(&w->f, &w->h, limits, 0);
	return w;
}

static inline struct world *world_open(void)
{
	struct world *w = world_new(NULL);

	assert_int_equal(harness_open(&w->h, &w->session), 0);
	return w;
}

static inline void world_end(struct world *w)
{
	assert_false(w->h.overlap);
	harness_finish(&w->h);
	assert_int_equal(w->f.opens, w->f.closes);
	free(w);
}

static inline uint32_t le32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline void put32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
	p[2] = (uint8_t)(v >> 16);
	p[3] = (uint8_t)(v >> 24);
}

static inline struct vmedia_device_stats stats_of(struct world *w)
{
	struct vmedia_device_stats st;

	vmedia_device_stats(w->f.dev, &st);
	return st;
}

#endif
