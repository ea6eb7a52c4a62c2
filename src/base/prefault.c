// SPDX-License-Identifier: BSD-3-Clause
/*
 * Memory that is made present before it is used; see prefault.h.
 *
 * The thread works in chunks and looks between them whether it shall stop, so that cancelling, and
 * with it whatever frees memory on the loop, waits for one chunk at most. Where the kernel has no
 * call for it (before 5.14), a byte of each page is rewritten with itself, atomically, as somebody
 * may be using it.
 */
#include "base/prefault.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>

#include "base/checked.h"
#include "base/fd.h"
#include "base/thread.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

#define AT_ONCE (64u << 10)	/* some ten microseconds */
#define CHUNK	(256u << 10)

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

static void run(struct vmedia_prefault *p, const struct vmedia_prefault_job *job)
{
	for (size_t i = 0; i < job->len && !__atomic_load_n(&p->stop, __ATOMIC_RELAXED);
	     i += CHUNK)
		populate((uint8_t *)job->addr + i, VMEDIA_MIN(job->len - i, (size_t)CHUNK));
}

static void *prefault_main(void *arg)
{
	struct vmedia_prefault *p = arg;
	struct vmedia_list *node;

	vmedia_thread_name("vmedia-prefault");
	pthread_mutex_lock(&p->lock);
	for (;;) {
		while (!p->quit && vmedia_list_empty(&p->queue))
			pthread_cond_wait(&p->work, &p->lock);
		if (p->quit)
			break;
		node = vmedia_list_pop(&p->queue);
		p->now = vmedia_list_entry(node, struct vmedia_prefault_job, node);
		p->now->queued = false;
		__atomic_store_n(&p->stop, false, __ATOMIC_RELAXED);
		pthread_mutex_unlock(&p->lock);
		run(p, p->now);
		pthread_mutex_lock(&p->lock);
		p->now = NULL;
		pthread_cond_broadcast(&p->idle);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

void vmedia_prefault_init(struct vmedia_prefault *p)
{
	*p = (struct vmedia_prefault){ 0 };
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	pthread_cond_init(&p->idle, NULL);
	vmedia_list_init(&p->queue);
}

void vmedia_prefault_finish(struct vmedia_prefault *p)
{
	pthread_mutex_lock(&p->lock);
	p->quit = true;
	pthread_cond_broadcast(&p->work);
	pthread_mutex_unlock(&p->lock);
	if (p->started)
		pthread_join(p->thread, NULL);
	pthread_cond_destroy(&p->idle);
	pthread_cond_destroy(&p->work);
	pthread_mutex_destroy(&p->lock);
}

/* Under lock. */
static bool start_thread(struct vmedia_prefault *p)
{
	if (!p->started)
		p->started = vmedia_thread_start(&p->thread, 0, prefault_main, p) == 0;
	return p->started;
}

void vmedia_prefault_start(struct vmedia_prefault *p, struct vmedia_prefault_job *job, void *addr,
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
		vmedia_list_add_tail(&p->queue, &job->node);
		pthread_cond_signal(&p->work);
	}
	pthread_mutex_unlock(&p->lock);
}

void vmedia_prefault_cancel(struct vmedia_prefault *p, struct vmedia_prefault_job *job)
{
	pthread_mutex_lock(&p->lock);
	if (job->queued) {
		vmedia_list_del(&job->node);
		job->queued = false;
		pthread_cond_broadcast(&p->idle);
	}
	if (p->now == job)
		__atomic_store_n(&p->stop, true, __ATOMIC_RELAXED);
	while (p->now == job)
		pthread_cond_wait(&p->idle, &p->lock);
	pthread_mutex_unlock(&p->lock);
}

void vmedia_prefault_wait(struct vmedia_prefault *p)
{
	pthread_mutex_lock(&p->lock);
	while (p->now || !vmedia_list_empty(&p->queue))
		pthread_cond_wait(&p->idle, &p->lock);
	pthread_mutex_unlock(&p->lock);
}
