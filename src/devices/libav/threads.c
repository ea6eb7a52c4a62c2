// SPDX-License-Identifier: BSD-3-Clause
/* Threads for codecs: see threads.h. */
#include <sched.h>

#include "threads.h"

void vmedia_libav_threads_init(struct vmedia_libav_threads *t, unsigned int max)
{
	cpu_set_t set;

	if (!max && !sched_getaffinity(0, sizeof(set), &set))
		max = (unsigned int)CPU_COUNT(&set);
	t->max = max ? max : 1;
	atomic_init(&t->used, 0);
}

unsigned int vmedia_libav_threads_take(struct vmedia_libav_threads *t, unsigned int most)
{
	unsigned int used = atomic_load(&t->used), n;

	do {
		n = used < t->max ? t->max - used : 1;
		n = n < most ? n : most;
	} while (!atomic_compare_exchange_weak(&t->used, &used, used + n));
	return n;
}

void vmedia_libav_threads_change(struct vmedia_libav_threads *t, unsigned int from, unsigned int to)
{
	if (from > to)
		vmedia_libav_threads_give(t, from - to);
	else
		atomic_fetch_add(&t->used, to - from);
}

void vmedia_libav_threads_give(struct vmedia_libav_threads *t, unsigned int n)
{
	atomic_fetch_sub(&t->used, n);
}
