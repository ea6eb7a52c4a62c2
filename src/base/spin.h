/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Polling before sleeping: decides when to check memory for some microseconds before a system call
 * that sleeps.
 *
 * Theory of operation: a sleep and its wake-up cost some ten microseconds at both ends. If the
 * other end answers within that time, polling is cheaper. If the answer takes longer, or if the
 * other end needs this CPU for it, polling is a loss. So:
 *   - a wait whose polling found nothing is a miss. After a miss the next wait sleeps without
 *     polling, after a second miss in a row the next 3 do, and so on up to 1023. A hit ends that;
 *   - a wait after a sleep of VMEDIA_SPIN_LONG times the polling time does not poll, since regular
 *     events come at their time.
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

/* Initially all zeros except ns; then the first wait polls. */
struct vmedia_spin {
	uint64_t ns;	/* how long a wait polls; 0: never */
	uint32_t skip;	/* waits without polling after the last miss; 0: it was a hit */
	uint32_t left;	/* of these, the ones that are left */
	bool paced;	/* the last sleep was long */
};

/* Begin a wait. Returns true if it should poll. */
static inline bool vmedia_spin_begin(struct vmedia_spin *s)
{
	if (!s->ns || s->paced)
		return false;
	if (!s->left)
		return true;
	s->left--;
	return false;
}

/* End the polling of a wait. @found: it found the event. */
static inline void vmedia_spin_end(struct vmedia_spin *s, bool found)
{
	if (found)
		s->skip = 0;
	else if (s->skip < VMEDIA_SPIN_MAX_SKIP)
		s->skip = 2 * s->skip + 1;
	s->left = s->skip;
}

/* Record that the wait slept for @ns. */
static inline void vmedia_spin_slept(struct vmedia_spin *s, uint64_t ns)
{
	s->paced = ns >= s->ns * VMEDIA_SPIN_LONG;
}

/* Relax between two checks, so that the other hyperthread can use the CPU's core. */
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
