/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Looking before sleeping: when it pays to look at memory for some microseconds before a system
 * call that sleeps.
 *
 * Theory of operation: a sleep and the wake-up that ends it cost some ten microseconds, at both
 * ends. Where the other end answers within that time, looking is cheaper. It is a loss where the
 * answer takes longer, and where the other end needs this CPU to give it. So:
 *   - a wait that looked in vain is a miss. After a miss the next wait sleeps without looking,
 *     after a second miss in a row the next 3, and so on up to 1023. A hit ends that;
 *   - a wait after a sleep of VMEDIA_SPIN_LONG times the looking does not look: what comes at a
 *     pace comes at its time.
 *
 *	if (vmedia_spin_begin(s)) {
 *		uint64_t end = vmedia_now_ns() + s->ns;
 *
 *		while (!found && vmedia_now_ns() < end) {
 *			vmedia_spin_relax();
 *			found = look();
 *		}
 *		vmedia_spin_end(s, found);
 *	}
 *	if (!found)
 *		... sleep; vmedia_spin_slept(s, its time)
 *
 * Context: one thread at a time.
 */
#ifndef VMEDIA_BASE_SPIN_H
#define VMEDIA_BASE_SPIN_H

#include <stdbool.h>
#include <stdint.h>

#define VMEDIA_SPIN_MAX_SKIP 1023u
#define VMEDIA_SPIN_LONG     10u

/* All zeros but ns: the first wait looks. */
struct vmedia_spin {
	uint64_t ns;	/* how long a wait looks; 0: never */
	uint32_t skip;	/* waits that do not look after the last miss; 0: it was a hit */
	uint32_t left;	/* of these, still to come */
	bool paced;	/* the last sleep was long */
};

/* A wait begins: is it to look? */
static inline bool vmedia_spin_begin(struct vmedia_spin *s)
{
	if (!s->ns || s->paced)
		return false;
	if (!s->left)
		return true;
	s->left--;
	return false;
}

/* It looked: did it find what it waits for? */
static inline void vmedia_spin_end(struct vmedia_spin *s, bool found)
{
	if (found)
		s->skip = 0;
	else if (s->skip < VMEDIA_SPIN_MAX_SKIP)
		s->skip = 2 * s->skip + 1;
	s->left = s->skip;
}

/* It slept, for @ns. */
static inline void vmedia_spin_slept(struct vmedia_spin *s, uint64_t ns)
{
	s->paced = ns >= s->ns * VMEDIA_SPIN_LONG;
}

/* Between two looks: the other hyperthread has the CPU's core. */
static inline void vmedia_spin_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__) || defined(__arm__)
	__asm__ volatile("yield" : : : "memory");
#else
	__asm__ volatile("" : : : "memory");
#endif
}

#endif
