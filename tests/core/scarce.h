/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A process that has no more descriptors or mappings, as if the kernel's limits were small.
 * Descriptors are withheld by the soft limit; mappings are used up.
 */
#ifndef VMEDIA_TESTS_CORE_SCARCE_H
#define VMEDIA_TESTS_CORE_SCARCE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>

struct scarce_files {
	struct rlimit before;
};

/* From now on no descriptor can be made; scarce_files_end() undoes it. */
void scarce_files_begin(struct scarce_files *s);
void scarce_files_end(struct scarce_files *s);

struct scarce_maps {
	void *addr;
	size_t len;
	void *last[4]; /* those that a process may have beyond the limit on divided ones */
};

/*
 * From now on no mapping can be made. Returns false if that cannot be done here: sanitizers make
 * mappings of their own, and a kernel may allow more mappings than this is worth.
 */
bool scarce_maps_begin(struct scarce_maps *s);
void scarce_maps_end(struct scarce_maps *s);

#endif
