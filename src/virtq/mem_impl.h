/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The structures of the memory map, for mem.c and view.c only.
 */
#ifndef VMEDIA_VIRTQ_MEM_IMPL_H
#define VMEDIA_VIRTQ_MEM_IMPL_H

#include <stddef.h>

#include "virtq/mem.h"

/* A mapped region. Shared by all snapshots and their views; unmapped with the last reference. */
struct vmedia_region {
	int refs;		/* atomic */
	int broken;		/* atomic; set by the SIGBUS handler */
	uint64_t gpa, size, uva;
	uint64_t fd_offset;
	int fd;			/* ours, or -1 */
	uint8_t *host;		/* the address of gpa */
	void *map;		/* the mapping; NULL for plain memory */
	size_t map_len;
	size_t page;		/* the mapping's granularity: host pages, or huge ones */
	int guard;
};

/* The use of one guest, counted over all its snapshots and views. */
struct vmedia_mem_budget {
	int refs;		/* atomic */
	int maps;		/* atomic; mappings in views */
};

struct vmedia_mem {
	int refs;		/* atomic */
	unsigned int n;
	struct vmedia_mem_budget *budget;
	struct vmedia_region *regions[];	/* by gpa */
};

/* Return the region that contains @gpa, or NULL. */
struct vmedia_region *vmedia_mem_find(const struct vmedia_mem *mem, uint64_t gpa);

#endif
