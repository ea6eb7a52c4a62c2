/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of mappings in which a SIGBUS is repaired; see "A peer that truncates its memory file"
 * in mem.h.
 */
#ifndef VMEDIA_VIRTQ_GUARD_H
#define VMEDIA_VIRTQ_GUARD_H

#include <stdbool.h>
#include <stddef.h>

/*
 * vmedia_guard_add - register [start, start+len), whole pages of the mapping's kind
 * @broken: the signal handler sets it to 1; must outlive the registration
 * @guest: a region of the guest's memory map. Room for these is left by all others (views, files of
 *	other devices), since a connection ends when a region is refused.
 *
 * Returns a slot number, or -ENOSPC. Context: any thread.
 */
int vmedia_guard_add(void *start, size_t len, int *broken, bool guest);

/*
 * vmedia_guard_del - remove an entry, before the mapping is unmapped. Negative slots are ignored.
 * Context: any thread.
 */
void vmedia_guard_del(int slot);

#endif
