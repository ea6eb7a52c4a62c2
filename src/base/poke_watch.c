// SPDX-License-Identifier: BSD-3-Clause
/*
 * A write() to an eventfd of somebody else, and a thread that ends it if it waits; see poke.h.
 *
 * The thread reads the counter, which lets the write go on: no signals, which belong to the
 * program and not to us. It looks every VMEDIA_POKE_PATIENCE_MS while there are writes, more or
 * less, so that nobody knows when; it sleeps when there were none. A stream costs a wake-up now and
 * then, silence costs nothing.
 *
 * A write that it finds may be about to return, and its signal must not be lost: the counter is
 * read only if it is full. It takes 2^64 - 2 signals to fill it, so a full one is proof: its owner
 * is not trusted any more, also where each write waits for a moment only. Others of the peer's may
 * wait for room too, and fill what was read at once: the thread reads until the write is through.
 *
 * Barrier pair [W]: the owner sets fd, then looks at awake; the thread clears awake, then looks at
 * fd. Barrier pair [L]: the owner clears fd, then looks at looking; the thread sets looking, then
 * looks at fd. All are sequentially consistent, so at least one of the two sees the other: no write
 * goes unwatched, and the thread touches no descriptor that the owner may have closed.
 */
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/poke.h"
#include "base/thread.h"

static bool full(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	return poll(&p, 1, 0) == 0;
}

/* Take what is in the counter. Never waits, but on kernels before 5.8 if the other wins a race. */
static void drain(int fd)
{
	uint64_t count;
	struct iovec iov = { .iov_base = &count, .iov_len = sizeof(count) };
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (preadv2(fd, &iov, 1, -1, RWF_NOWAIT) < 0 && errno == EOPNOTSUPP && poll(&p, 1, 0) > 0)
		(void)!read(fd, &count, sizeof(count));
}

/* A write to @fd seems to be under way. Under lock. */
static void look(struct vmedia_poke_watch *w, int fd)
{
	__atomic_store_n(&w->looking, true, __ATOMIC_SEQ_CST); /* barrier pair [L] */
	if (__atomic_load_n(&w->fd, __ATOMIC_SEQ_CST) == fd && full(fd)) {
		__atomic_store_n(&w->stuck, true, __ATOMIC_SEQ_CST);
		while (__atomic_load_n(&w->fd, __ATOMIC_SEQ_CST) == fd)
			drain(fd);
	}
	__atomic_store_n(&w->looking, false, __ATOMIC_SEQ_CST);
	__atomic_fetch_add(&w->looks, 1, __ATOMIC_SEQ_CST);
}

/* A time that is not to be foreseen, PATIENCE in the middle. */
static unsigned int some_ms(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return VMEDIA_POKE_PATIENCE_MS / 2 + (*seed >> 8) % VMEDIA_POKE_PATIENCE_MS;
}

/* Under lock, which it gives up meanwhile. */
static void pause_for(struct vmedia_poke_watch *w, unsigned int ms)
{
	uint64_t end = vmedia_now_ns() + (uint64_t)ms * 1000000;
	struct timespec ts = { .tv_sec = (time_t)(end / 1000000000),
			       .tv_nsec = (long)(end % 1000000000) };

	while (!w->quit && pthread_cond_timedwait(&w->cond, &w->lock, &ts) != ETIMEDOUT)
		;
}

/* Nothing was written since the last look: sleep, unless a write has begun. Barrier pair [W]. */
static void doze(struct vmedia_poke_watch *w)
{
	__atomic_store_n(&w->awake, false, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&w->fd, __ATOMIC_SEQ_CST) >= 0)
		__atomic_store_n(&w->awake, true, __ATOMIC_SEQ_CST);
}

static void *watch_main(void *arg)
{
	struct vmedia_poke_watch *w = arg;
	unsigned int turn;
	uint32_t seed;
	int fd;

	vmedia_thread_name("vmedia-poke");
	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed))
		seed = (uint32_t)vmedia_now_ns();
	pthread_mutex_lock(&w->lock);
	while (!w->quit) {
		if (!__atomic_load_n(&w->awake, __ATOMIC_SEQ_CST)) {
			pthread_cond_wait(&w->cond, &w->lock);
			continue;
		}
		turn = __atomic_load_n(&w->turn, __ATOMIC_SEQ_CST);
		pause_for(w, some_ms(&seed));
		fd = __atomic_load_n(&w->fd, __ATOMIC_SEQ_CST);
		if (fd >= 0)
			look(w, fd);
		else if (__atomic_load_n(&w->turn, __ATOMIC_SEQ_CST) == turn)
			doze(w);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

int vmedia_poke_watch_write(struct vmedia_poke_watch *w, int fd)
{
	const uint64_t one = 1;
	int err = 0;

	__atomic_store_n(&w->fd, fd, __ATOMIC_SEQ_CST);
	if (!__atomic_load_n(&w->awake, __ATOMIC_SEQ_CST)) { /* barrier pair [W] */
		pthread_mutex_lock(&w->lock);
		__atomic_store_n(&w->awake, true, __ATOMIC_SEQ_CST);
		pthread_cond_signal(&w->cond);
		pthread_mutex_unlock(&w->lock);
	}
	if (write(fd, &one, sizeof(one)) < 0 && errno != EAGAIN && errno != EINTR)
		err = -errno;
	__atomic_store_n(&w->fd, -1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&w->looking, __ATOMIC_SEQ_CST)) { /* barrier pair [L] */
		pthread_mutex_lock(&w->lock);
		pthread_mutex_unlock(&w->lock);
	}
	__atomic_fetch_add(&w->turn, 1, __ATOMIC_RELEASE);
	return err;
}

static void watch_free(struct vmedia_poke_watch *w)
{
	pthread_cond_destroy(&w->cond);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

struct vmedia_poke_watch *vmedia_poke_watch_new(void)
{
	struct vmedia_poke_watch *w = calloc(1, sizeof(*w));
	pthread_condattr_t attr;

	if (!w)
		return NULL;
	w->fd = -1;
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->cond, &attr);
	pthread_condattr_destroy(&attr);
	if (!vmedia_thread_start(&w->thread, 0, watch_main, w))
		return w;
	watch_free(w);
	return NULL;
}

void vmedia_poke_watch_free(struct vmedia_poke_watch *w)
{
	pthread_mutex_lock(&w->lock);
	w->quit = true;
	pthread_cond_signal(&w->cond);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	watch_free(w);
}
