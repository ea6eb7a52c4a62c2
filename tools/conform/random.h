/* SPDX-License-Identifier: BSD-3-Clause */
/* Random numbers that a seed repeats, on every machine. */
#ifndef VMEDIA_CONFORM_RANDOM_H
#define VMEDIA_CONFORM_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conform_random {
	uint64_t state;
};

uint64_t conform_random_u64(struct conform_random *r);
/* A number below @end, which is not 0. */
uint32_t conform_below(struct conform_random *r, uint32_t end);
bool conform_percent(struct conform_random *r, unsigned int percent);
/* A value at one of the ends of its range, or any. */
uint32_t conform_odd_u32(struct conform_random *r);
void conform_garbage(struct conform_random *r, void *p, size_t size);
/* Now and then fills @p, which the caller of an ioctl should have left zero. */
void conform_seldom_garbage(struct conform_random *r, void *p, size_t size);

#endif /* VMEDIA_CONFORM_RANDOM_H */
