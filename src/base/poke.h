/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Adding to an eventfd that another process has too.
 *
 * vmedia_eventfd_signal() waits if the other clears O_NONBLOCK, which both share, and fills the
 * counter. This one never does; a full counter stays full, which is success.
 */
#ifndef VMEDIA_BASE_POKE_H
#define VMEDIA_BASE_POKE_H

enum vmedia_poke_state {
	VMEDIA_POKE_NEW,	/* nothing there yet */
	VMEDIA_POKE_OPEN,
	VMEDIA_POKE_ASK,	/* the means are lacking: a peer can win a race, see poke.c */
};

/* One for each owner (a connection); all zeros to begin with. */
struct vmedia_poke {
	enum vmedia_poke_state state;
	unsigned long aio;
	int fd;
};

/*
 * vmedia_poke - add one to the eventfd @fd. 0; -EINVAL: no eventfd; -EBADF; -ENOMEM. Costs a
 * microsecond at most more than a write(). Context: the owner's thread.
 */
int vmedia_poke(struct vmedia_poke *p, int fd);

/* vmedia_poke_finish - free what the first vmedia_poke() made; @p may be used again. */
void vmedia_poke_finish(struct vmedia_poke *p);

#endif
