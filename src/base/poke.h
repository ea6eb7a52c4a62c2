/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Adding to an eventfd that another process has too.
 *
 * write() to an eventfd waits if the other clears O_NONBLOCK, which both share, and fills the
 * counter. Who does that can make this one wait for some VMEDIA_POKE_PATIENCE_MS in all: from then
 * on the owner is served by means that never wait, and cost more. A full counter stays full, which
 * is success.
 */
#ifndef VMEDIA_BASE_POKE_H
#define VMEDIA_BASE_POKE_H

#include <pthread.h>
#include <stdbool.h>

/* A write that waits is found after this time, half of it more or less. */
#define VMEDIA_POKE_PATIENCE_MS 250

enum vmedia_poke_state {
	VMEDIA_POKE_NEW,	/* nothing there yet */
	VMEDIA_POKE_WATCHED,	/* write(), and a thread that ends it if it waits */
	VMEDIA_POKE_KERNEL,	/* the kernel adds, which never waits */
	VMEDIA_POKE_ASK,	/* the means are lacking: a peer can win a race, see poke.c */
};

/* Shared by the owner's thread and the one that watches it. */
struct vmedia_poke_watch {
	int fd;			/* atomic: being written to; -1: none */
	unsigned int turn;	/* atomic: writes so far */
	bool awake;		/* atomic: the thread looks now and then */
	bool looking;		/* atomic: the thread is about to touch fd */
	bool stuck;		/* atomic: a write had to be ended */
	unsigned int looks;	/* atomic: at a write that was under way */
	bool quit;		/* under lock */
	pthread_mutex_t lock;
	pthread_cond_t cond;
	pthread_t thread;
};

/*
 * One for each owner (a connection); all zeros to begin with, and not for a child of fork(). One
 * that begins as VMEDIA_POKE_ASK stays so: no thread, and fork() does not matter.
 */
struct vmedia_poke {
	enum vmedia_poke_state state;
	struct vmedia_poke_watch *watch;	/* while WATCHED */
	unsigned long aio;			/* while KERNEL */
	int fd;
};

/*
 * vmedia_poke - add one to the eventfd @fd. 0; -EINVAL: nothing that can be written to; -EBADF;
 * -ENOMEM. Context: the owner's thread.
 */
int vmedia_poke(struct vmedia_poke *p, int fd);

/*
 * vmedia_poke_is_eventfd - 1: @fd is one; 0: it is not; -errno: /proc does not say. What waits in
 * write() and is no eventfd cannot be helped.
 */
int vmedia_poke_is_eventfd(int fd);

/* vmedia_poke_distrust - never wait, from now on. Context: the owner's thread. */
void vmedia_poke_distrust(struct vmedia_poke *p);

/* vmedia_poke_finish - free what the first vmedia_poke() made; @p may be used again. */
void vmedia_poke_finish(struct vmedia_poke *p);

/* ---- poke_watch.c ---- */

/* A watch with its thread. NULL: there can be none. */
struct vmedia_poke_watch *vmedia_poke_watch_new(void);
/* write() of one to @fd, watched. 0 or negative errno. */
int vmedia_poke_watch_write(struct vmedia_poke_watch *w, int fd);
void vmedia_poke_watch_free(struct vmedia_poke_watch *w);

#endif
