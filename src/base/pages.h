/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pages of large memory, made present and freed by a thread, off the loop.
 *
 * The first write to each page of fresh memory costs a page fault: about a millisecond for a frame
 * of 3 MB, and it would be the loop's, in the middle of a stream. To free the pages costs as much:
 * 1 GiB takes 100 ms and more. So pages are asked for when the memory is made, and the memory is
 * given to the thread when nobody uses it any more. What is small is done at once.
 */
#ifndef VMEDIA_BASE_PAGES_H
#define VMEDIA_BASE_PAGES_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

/* One piece of memory; all zeros to begin with. */
struct vmedia_pages_job {
	struct vmedia_list node;
	uint8_t *addr; /* what is to be made present next, */
	size_t len;    /* and how much of it is left */
	bool queued;   /* in vmedia_pages.populate */
	uint64_t held;
	void (*release)(struct vmedia_pages_job *job);
};

/* The thread, made with the first large piece, and what it has to do. */
struct vmedia_pages {
	pthread_mutex_t lock;
	pthread_cond_t work, idle;
	struct vmedia_list populate, release; /* jobs; those of release go first */
	uint64_t held, max_held;	      /* bytes that wait to be freed */
	bool busy, quit, started;
	pthread_t thread;
};

/*
 * vmedia_pages_init - @max_held: bytes that may wait to be freed. Whoever frees more than that
 * waits for the thread.
 */
void vmedia_pages_init(struct vmedia_pages *p, uint64_t max_held);
/*
 * vmedia_pages_finish - all jobs must have been released; those that wait are released before it
 * returns. Context: not the thread's own.
 */
void vmedia_pages_finish(struct vmedia_pages *p);

/*
 * vmedia_pages_populate - make [addr, addr + len) present, shared and writable memory whose pages
 * begin at @addr. It may be used meanwhile: who comes first makes the page. Failures are silent:
 * the pages then come when they are used. Context: any thread.
 */
void vmedia_pages_populate(struct vmedia_pages *p, struct vmedia_pages_job *job, void *addr,
			   size_t len);

/*
 * vmedia_pages_release - nobody uses the memory of @job any more: @release is to unmap it
 *
 * @len: bytes of address space that @release unmaps. If they are many, it is called by the thread,
 * before anything else is made present; else, or if there can be no thread, before this returns.
 * It may free the job, and must not use @p. @held: bytes of memory that this frees, counted against
 * max_held. Context: any thread but the thread's own.
 */
void vmedia_pages_release(struct vmedia_pages *p, struct vmedia_pages_job *job, size_t len,
			  uint64_t held, void (*release)(struct vmedia_pages_job *job));

/* vmedia_pages_wait - until all that was asked for is done. Context: any thread but its own. */
void vmedia_pages_wait(struct vmedia_pages *p);

/*
 * vmedia_pages_unmap - munmap() in steps, so that no other thread's mmap(), munmap() or page fault
 * waits for all of it. Context: any thread.
 */
void vmedia_pages_unmap(void *addr, size_t len);

/*
 * vmedia_pages_discard - unmap a shared, writable mapping of a memory file, and lose its bytes
 *
 * The pages go before the mapping does, since the kernel frees those of a file without holding the
 * lock of the address space, for which every mmap() of the process waits. Only for a file that
 * nobody else uses: its bytes are zeros then. Context: any thread.
 */
void vmedia_pages_discard(void *addr, size_t len);

#endif
