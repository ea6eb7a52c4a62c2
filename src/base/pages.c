// SPDX-License-Identifier: BSD-3-Clause
/*
 * Pages of large memory; see pages.h.
 *
 * Theory of operation: the thread makes memory present in chunks, and takes each chunk from the
 * list under the lock. To release memory that is being made present, its job moves to the release
 * list. The thread serves that list after its current chunk, so no caller waits for it. Memory is
 * freed before other memory is made present: a guest that frees buffers and allocates as much again
 * is counted once, and should not occupy both.
 *
 * On a kernel that has no call to make pages present (before 5.14), a byte of each page is
 * rewritten with its own value. This is atomic, since another thread may use the page.
 *
 * System calls, serving: madvise munmap
 */
#include "base/pages.h"

#include <errno.h>
#include <sys/mman.h>

#include "base/checked.h"
#include "base/fd.h"
#include "base/thread.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

#define AT_ONCE	   (64u << 10)	/* takes some ten microseconds, with or without the thread */
#define CHUNK	   (256u << 10)
#define FREE_STEP  (2u << 20)	/* a huge page */

__attribute__((no_sanitize("thread"))) static void touch(uint8_t *addr, size_t len)
{
	size_t page = vmedia_page_size();

	for (size_t i = 0; i < len; i += page)
		__atomic_fetch_or(addr + i, 0, __ATOMIC_RELAXED);
}

static void populate(uint8_t *addr, size_t len)
{
	if (madvise(addr, len, MADV_POPULATE_WRITE) < 0 && errno == EINVAL)
		touch(addr, len);
}

/* Context: under lock, which is released while the thread works. */
static void populate_chunk(struct vmedia_pages *p, struct vmedia_pages_job *job)
{
	uint8_t *addr = job->addr;
	size_t len = VMEDIA_MIN(job->len, (size_t)CHUNK);

	pthread_mutex_unlock(&p->lock);
	populate(addr, len);
	pthread_mutex_lock(&p->lock);
	job->addr += len;
	job->len -= len;
	if (!job->len && job->queued) {
		vmedia_list_del(&job->node);
		job->queued = false;
	}
}

static void release_first(struct vmedia_pages *p)
{
	struct vmedia_list *node = vmedia_list_pop(&p->release);
	struct vmedia_pages_job *job = vmedia_list_entry(node, struct vmedia_pages_job, node);
	uint64_t held = job->held;

	pthread_mutex_unlock(&p->lock);
	job->release(job);
	pthread_mutex_lock(&p->lock);
	p->held -= held;
}

static void *pages_main(void *arg)
{
	struct vmedia_pages *p = arg;

	vmedia_thread_name("vmedia-pages");
	pthread_mutex_lock(&p->lock);
	for (;;) {
		p->busy = true;
		if (!vmedia_list_empty(&p->release))
			release_first(p);
		else if (!vmedia_list_empty(&p->populate))
			populate_chunk(p, vmedia_list_first(&p->populate, struct vmedia_pages_job,
							    node));
		else
			p->busy = false;
		pthread_cond_broadcast(&p->idle);
		if (p->busy)
			continue;
		if (p->quit)
			break;
		pthread_cond_wait(&p->work, &p->lock);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

void vmedia_pages_init(struct vmedia_pages *p, uint64_t max_held)
{
	*p = (struct vmedia_pages){ .max_held = max_held };
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	pthread_cond_init(&p->idle, NULL);
	vmedia_list_init(&p->populate);
	vmedia_list_init(&p->release);
}

void vmedia_pages_finish(struct vmedia_pages *p)
{
	pthread_mutex_lock(&p->lock);
	p->quit = true;
	pthread_cond_signal(&p->work);
	pthread_mutex_unlock(&p->lock);
	if (p->started)
		pthread_join(p->thread, NULL);
	pthread_cond_destroy(&p->idle);
	pthread_cond_destroy(&p->work);
	pthread_mutex_destroy(&p->lock);
}

/* Under lock. */
static bool start_thread(struct vmedia_pages *p)
{
	if (!p->started)
		p->started = vmedia_thread_start(&p->thread, 0, pages_main, p) == 0;
	return p->started;
}

void vmedia_pages_populate(struct vmedia_pages *p, struct vmedia_pages_job *job, void *addr,
			   size_t len)
{
	if (len <= AT_ONCE) {
		populate(addr, len);
		return;
	}
	pthread_mutex_lock(&p->lock);
	if (start_thread(p)) {
		job->addr = addr;
		job->len = len;
		job->queued = true;
		vmedia_list_add_tail(&p->populate, &job->node);
		pthread_cond_signal(&p->work);
	}
	pthread_mutex_unlock(&p->lock);
}

void vmedia_pages_release(struct vmedia_pages *p, struct vmedia_pages_job *job, size_t len,
			  uint64_t held, void (*release)(struct vmedia_pages_job *job))
{
	bool elsewhere = false;

	pthread_mutex_lock(&p->lock);
	if (job->queued)
		vmedia_list_del(&job->node);
	job->queued = false;
	if (len > AT_ONCE && start_thread(p)) {
		while (p->held && held > p->max_held - VMEDIA_MIN(p->held, p->max_held))
			pthread_cond_wait(&p->idle, &p->lock);
		p->held += held;
		job->held = held;
		job->release = release;
		vmedia_list_add_tail(&p->release, &job->node);
		pthread_cond_signal(&p->work);
		elsewhere = true;
	}
	pthread_mutex_unlock(&p->lock);
	if (!elsewhere)
		release(job);
}

void vmedia_pages_wait(struct vmedia_pages *p)
{
	pthread_mutex_lock(&p->lock);
	while (p->busy || !vmedia_list_empty(&p->populate) || !vmedia_list_empty(&p->release))
		pthread_cond_wait(&p->idle, &p->lock);
	pthread_mutex_unlock(&p->lock);
}

void vmedia_pages_unmap(void *addr, size_t len)
{
	uint8_t *at = addr;

	for (size_t step; len; at += step, len -= step) {
		step = VMEDIA_MIN(len, (size_t)FREE_STEP);
		if (munmap(at, step)) {		/* larger pages */
			munmap(at, len);
			return;
		}
	}
}

void vmedia_pages_discard(void *addr, size_t len)
{
	uint8_t *at = addr;
	size_t step;

	for (size_t left = len; left; at += step, left -= step) {
		step = VMEDIA_MIN(left, (size_t)FREE_STEP);
		if (madvise(at, step, MADV_REMOVE))
			break;
	}
	munmap(addr, len);
}
