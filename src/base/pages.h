/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pages of large memory, made present and freed by a thread, off the loop.
 *
 * The first write to each page of fresh memory causes a page fault. For a frame of 3 MB that takes
 * about a millisecond, and it would block the loop in the middle of a stream. Freeing the pages
 * takes as long: 1 GiB takes 100 ms and more. So the thread makes pages present when the memory is
 * created, and frees the memory after its last use. Small memory is handled at once by the caller.
 */
#ifndef VMEDIA_BASE_PAGES_H
#define VMEDIA_BASE_PAGES_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

/* One piece of memory. Initially all zeros. */
struct vmedia_pages_job {
	struct vmedia_list node;
	uint8_t *addr; /* the next byte to be made present, */
	size_t len;    /* and the bytes that are left */
	bool queued;   /* in vmedia_pages.populate */
	uint64_t held;
	void (*release)(struct vmedia_pages_job *job);
};

/* The thread, started with the first large piece, and its jobs. */
struct vmedia_pages {
	pthread_mutex_t lock;
	pthread_cond_t work, idle;
	struct vmedia_list populate, release; /* jobs; release is served first */
	uint64_t held, max_held;	      /* bytes that wait to be freed */
	bool busy, quit, started;
	pthread_t thread;
};

/*
 * vmedia_pages_init - initialise @p. @max_held: bytes that may wait to be freed. A caller that
 * frees more waits for the thread.
 */
void vmedia_pages_init(struct vmedia_pages *p, uint64_t max_held);
/*
 * vmedia_pages_finish - end the thread. All jobs must have been passed to vmedia_pages_release();
 * waiting ones are released before this returns. Context: not the thread's own.
 */
void vmedia_pages_finish(struct vmedia_pages *p);

/*
 * vmedia_pages_populate - make [addr, addr + len) present. It is shared and writable memory whose
 * pages begin at @addr. It may be used meanwhile; the first access makes the page present. Failures
 * are ignored: then a page becomes present when it is used. Context: any thread.
 */
void vmedia_pages_populate(struct vmedia_pages *p, struct vmedia_pages_job *job, void *addr,
			   size_t len);

/*
 * vmedia_pages_release - free the memory of @job, which is not used any more, by calling @release
 * @len: bytes of address space that @release unmaps. If they are many, the thread calls it, before
 *	it makes anything else present. If they are few, or if no thread can be started, it is
 *	called before this returns.
 * @held: bytes of memory that this frees, counted against max_held
 * @release: unmaps the memory. It may free the job, and must not use @p.
 *
 * Context: any thread but the thread's own.
 */
void vmedia_pages_release(struct vmedia_pages *p, struct vmedia_pages_job *job, size_t len,
			  uint64_t held, void (*release)(struct vmedia_pages_job *job));

/* vmedia_pages_wait - wait until all jobs are done. Context: any thread but its own. */
void vmedia_pages_wait(struct vmedia_pages *p);

/*
 * vmedia_pages_unmap - munmap() in steps, so that mmap(), munmap() or a page fault in another
 * thread does not wait for all of it. Context: any thread.
 */
void vmedia_pages_unmap(void *addr, size_t len);

/*
 * vmedia_pages_discard - unmap a shared, writable mapping of a memory file, and free the file's
 * bytes
 *
 * The pages are freed before the mapping is removed. The kernel frees pages of a file without the
 * lock of the address space, for which every mmap() of the process waits. Only for a file that has
 * no other user, since its bytes become zeros. Context: any thread.
 */
void vmedia_pages_discard(void *addr, size_t len);

#endif
