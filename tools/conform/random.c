/* SPDX-License-Identifier: BSD-3-Clause */
/* Random numbers: splitmix64. */
#include "random.h"

uint64_t conform_random_u64(struct conform_random *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

uint32_t conform_below(struct conform_random *r, uint32_t end)
{
	return (uint32_t)((conform_random_u64(r) >> 32) * end >> 32);
}

bool conform_percent(struct conform_random *r, unsigned int percent)
{
	return conform_below(r, 100) < percent;
}

uint32_t conform_odd_u32(struct conform_random *r)
{
	static const uint32_t odd[] = { 0, 1, 2, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
					0xffff, 0x10000 };
	uint32_t n = conform_below(r, sizeof(odd) / sizeof(odd[0]) + 2);

	return n < sizeof(odd) / sizeof(odd[0]) ? odd[n] : (uint32_t)conform_random_u64(r);
}

void conform_garbage(struct conform_random *r, void *p, size_t size)
{
	uint8_t *byte = p;

	for (size_t i = 0; i < size; i++)
		byte[i] = (uint8_t)conform_random_u64(r);
}

void conform_seldom_garbage(struct conform_random *r, void *p, size_t size)
{
	if (conform_percent(r, 5))
		conform_garbage(r, p, size);
}
