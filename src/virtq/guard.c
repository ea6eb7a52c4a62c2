// SPDX-License-Identifier: BSD-3-Clause
/*
 * Handling of SIGBUS on guest memory; see mem.h for the purpose.
 *
 * Theory of operation: a fixed table of address ranges, changed without locks and read by the
 * signal handler. A slot's state goes FREE -> CLAIMED (one thread writes it) -> LIVE -> FREE. The
 * handler reads only LIVE slots. A slot that it matches cannot be freed meanwhile: the faulting
 * thread uses that mapping, so it holds a reference on it. A slot that is reused during the
 * handler's walk could be misread in two ways: as a range that does not contain the faulting
 * address, which does no harm, or as a torn pair (old start, new end), which the sequence number
 * detects.
 *
 * The table is process-wide because signal handlers are. It is the exception to "no globals", used
 * only after vmedia_mem_guard_install().
 *
 * System calls, serving: mmap2|mmap rt_sigaction
 */
#include "virtq/guard.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "virtq/mem.h"

#define GUARD_SLOTS 8192
/* Left for the guest's memory: a new map and the old one. */
#define GUEST_SLOTS (2 * VMEDIA_MEM_MAX_REGIONS)

enum slot_state { SLOT_FREE, SLOT_CLAIMED, SLOT_LIVE };

struct slot {
	int state;
	uint32_t seq;
	uintptr_t start;
	size_t len;
	int *broken;
};

static struct {
	struct slot slots[GUARD_SLOTS];
	int high;		/* slots at and above were never used */
	int hint;		/* where the search for a free one begins */
	int installed;
	struct sigaction old;
} guard;

static int claim(int from, int to)
{
	for (int i = from; i < to; i++) {
		int expected = SLOT_FREE;

		if (__atomic_load_n(&guard.slots[i].state, __ATOMIC_RELAXED) == SLOT_FREE &&
		    __atomic_compare_exchange_n(&guard.slots[i].state, &expected, SLOT_CLAIMED,
						false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			return i;
	}
	return -ENOSPC;
}

int vmedia_guard_add(void *start, size_t len, int *broken, bool guest)
{
	int hint = __atomic_load_n(&guard.hint, __ATOMIC_RELAXED);
	int end = guest ? GUARD_SLOTS : GUARD_SLOTS - GUEST_SLOTS;
	int i = claim(hint, end);
	int high;
	struct slot *s;

	if (i < 0)
		i = claim(0, hint < end ? hint : end);
	if (i < 0)
		return i;
	__atomic_store_n(&guard.hint, i + 1 < GUARD_SLOTS ? i + 1 : 0, __ATOMIC_RELAXED);
	s = &guard.slots[i];
	__atomic_add_fetch(&s->seq, 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&s->start, (uintptr_t)start, __ATOMIC_SEQ_CST);
	__atomic_store_n(&s->len, len, __ATOMIC_SEQ_CST);
	__atomic_store_n(&s->broken, broken, __ATOMIC_SEQ_CST);
	__atomic_store_n(&s->state, SLOT_LIVE, __ATOMIC_SEQ_CST);
	high = __atomic_load_n(&guard.high, __ATOMIC_RELAXED);
	while (high < i + 1 && !__atomic_compare_exchange_n(&guard.high, &high, i + 1, false,
							    __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		;
	return i;
}

void vmedia_guard_del(int slot)
{
	if (slot < 0)
		return;
	__atomic_add_fetch(&guard.slots[slot].seq, 1, __ATOMIC_SEQ_CST);
	__atomic_store_n(&guard.slots[slot].state, SLOT_FREE, __ATOMIC_SEQ_CST);
	/* Low slots are reused first, so that the handler's walk stays short. */
	if (slot < __atomic_load_n(&guard.hint, __ATOMIC_RELAXED))
		__atomic_store_n(&guard.hint, slot, __ATOMIC_RELAXED);
}

/*
 * Replace the guarded mapping that contains @addr, if any. Async-signal-safe: uses only atomics and
 * mmap (a plain system call).
 */
static bool repair(uintptr_t addr)
{
	int high = __atomic_load_n(&guard.high, __ATOMIC_SEQ_CST);

	for (int i = 0; i < high; i++) {
		struct slot *s = &guard.slots[i];
		uint32_t seq = __atomic_load_n(&s->seq, __ATOMIC_SEQ_CST);
		uintptr_t start;
		size_t len;
		int *broken;

		if (__atomic_load_n(&s->state, __ATOMIC_SEQ_CST) != SLOT_LIVE)
			continue;
		start = __atomic_load_n(&s->start, __ATOMIC_SEQ_CST);
		len = __atomic_load_n(&s->len, __ATOMIC_SEQ_CST);
		broken = __atomic_load_n(&s->broken, __ATOMIC_SEQ_CST);
		if (addr < start || addr - start >= len ||
		    __atomic_load_n(&s->seq, __ATOMIC_SEQ_CST) != seq)
			continue;
		__atomic_store_n(broken, 1, __ATOMIC_SEQ_CST);
		return mmap((void *)start, len, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1,
			    0) != MAP_FAILED;
	}
	return false;
}

static void chain(int sig, siginfo_t *info, void *ctx)
{
	if (guard.old.sa_flags & SA_SIGINFO) {
		guard.old.sa_sigaction(sig, info, ctx);
	} else if (guard.old.sa_handler != SIG_DFL && guard.old.sa_handler != SIG_IGN) {
		guard.old.sa_handler(sig);
	} else {
		struct sigaction dfl;

		/*
		 * The access is repeated after the return, and then ends the process as it should.
		 */
		memset(&dfl, 0, sizeof(dfl));
		dfl.sa_handler = SIG_DFL;
		sigaction(sig, &dfl, NULL);
		if (info->si_code <= 0)		/* sent with kill(): nothing would repeat */
			raise(sig);
	}
}

static void on_sigbus(int sig, siginfo_t *info, void *ctx)
{
	int saved = errno;

	/* An access beyond the end of a file gives BUS_ADRERR. Others are not handled here. */
	if (info->si_code != BUS_ADRERR || !repair((uintptr_t)info->si_addr))
		chain(sig, info, ctx);
	errno = saved;
}

int vmedia_mem_guard_install(void)
{
	struct sigaction sa;
	sigset_t bus;

	if (__atomic_exchange_n(&guard.installed, 1, __ATOMIC_SEQ_CST))
		return 0;
	memset(&sa, 0, sizeof(sa));
	sa.sa_sigaction = on_sigbus;
	sa.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
	sigemptyset(&sa.sa_mask);
	if (sigaction(SIGBUS, &sa, &guard.old) < 0) {
		__atomic_store_n(&guard.installed, 0, __ATOMIC_SEQ_CST);
		return -errno;
	}
	/* The parent process may have blocked SIGBUS, and a blocked SIGBUS ends the process. */
	sigemptyset(&bus);
	sigaddset(&bus, SIGBUS);
	pthread_sigmask(SIG_UNBLOCK, &bus, NULL);
	return 0;
}
