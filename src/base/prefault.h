/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory that is made present before it is used.
 *
 * The first write to each page of fresh memory costs a page fault: about a millisecond for a frame
 * of 3 MB, and it would be the loop's, in the middle of a stream. So pages are asked for when the
 * memory is made, small ones at once, large ones by a thread of its own. The memory may be used
 * meanwhile: who comes first makes the page.
 */
#ifndef VMEDIA_BASE_PREFAULT_H
#define VMEDIA_BASE_PREFAULT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/list.h"

/* One piece of memory; all zeros to begin with. */
struct vmedia_prefault_job {
	struct vmedia_list node;
	void *addr;
	size_t len;
	bool queued;
};

/* The thread, made with the first large piece, and what it has to do. */
struct vmedia_prefault {
	pthread_mutex_t lock;
	pthread_cond_t work, idle;
	struct vmedia_list queue;
	struct vmedia_prefault_job *now; /* under way */
	bool stop;			 /* atomic: give up what is under way */
	bool quit, started;
	pthread_t thread;
};

void vmedia_prefault_init(struct vmedia_prefault *p);
/* All jobs must have been cancelled. Context: not the thread's own. */
void vmedia_prefault_finish(struct vmedia_prefault *p);

/*
 * vmedia_prefault_start - make [addr, addr + len) present, shared and writable memory whose pages
 * begin at @addr. Failures are silent: the pages then come when they are used. Context: any thread.
 */
void vmedia_prefault_start(struct vmedia_prefault *p, struct vmedia_prefault_job *job, void *addr,
			   size_t len);

/*
 * vmedia_prefault_cancel - the memory is not touched any more when this returns, soon. Needed
 * before it is unmapped, fine for a job that was never started. Context: any thread.
 */
void vmedia_prefault_cancel(struct vmedia_prefault *p, struct vmedia_prefault_job *job);

/* vmedia_prefault_wait - until all that was started is done. Context: any thread. */
void vmedia_prefault_wait(struct vmedia_prefault *p);

#endif
