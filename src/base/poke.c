// SPDX-License-Identifier: BSD-3-Clause
/*
 * Adding to an eventfd that somebody else has too, without ever waiting for long; see poke.h.
 *
 * Theory of operation: write() to an eventfd whose counter is full waits unless O_NONBLOCK is set.
 * That flag lives in the open file description, so whoever else has the eventfd can clear it at any
 * moment, and the calls that carry a flag of their own (pwritev2) do not reach eventfds. A counter
 * takes 2^64 - 2 to fill: only a peer that means it fills one. So there are two ways:
 *
 *	NEW ----> WATCHED ------------------------> KERNEL ------------> ASK
 *	          write(), and a thread that         the kernel adds      poll(), then write()
 *	          ends it if it waits; gone when
 *	          it had to, or where there can
 *	          be no thread
 *
 * What the kernel itself adds never waits: a full counter stays full. Asynchronous I/O makes it do
 * so: a request names an eventfd that is signalled when it completes. The request here asks whether
 * an eventfd of ours can be written; it can, so the request completes within io_submit(). Its
 * record stays in the ring of the context, which is emptied when it is full. It costs two to four
 * times what write() does, more where the caches are cold: hence only for those who ask for it.
 *
 * Ending a context takes the kernel tens of milliseconds. So those that nobody needs are kept
 * for the next, in a table of the process, changed without locks: the exception to "no globals"
 * here. A child of fork() has the table but not the contexts, which shows when one is taken.
 *
 * Where there is no such context (a kernel without it, fs.aio-max-nr used up, a sandbox), poll() is
 * asked before each write(). Then the other can still win a race, and stops this thread until a
 * signal arrives.
 */
#include "base/poke.h"

#include <errno.h>
#include <linux/aio_abi.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"

#define RECORDS 64	/* of completed requests, before they are thrown away */

#define SPARE	8

static aio_context_t spare[SPARE];	/* atomic; 0: none */

static long collect(aio_context_t aio)
{
	static const struct timespec now;
	struct io_event done[RECORDS];

	return syscall(SYS_io_getevents, aio, 0, RECORDS, done, &now);
}

static aio_context_t take_spare(void)
{
	for (int i = 0; i < SPARE; i++) {
		aio_context_t aio = __atomic_exchange_n(&spare[i], 0, __ATOMIC_ACQ_REL);

		if (aio && collect(aio) >= 0)
			return aio;
	}
	return 0;
}

static bool keep_spare(aio_context_t aio)
{
	for (int i = 0; i < SPARE; i++) {
		aio_context_t none = 0;

		if (__atomic_compare_exchange_n(&spare[i], &none, aio, false, __ATOMIC_ACQ_REL,
						__ATOMIC_RELAXED))
			return true;
	}
	return false;
}

static void open_context(struct vmedia_poke *p)
{
	aio_context_t aio = take_spare();
	int fd = vmedia_eventfd();

	if (fd >= 0 && (aio || syscall(SYS_io_setup, RECORDS, &aio) == 0)) {
		p->state = VMEDIA_POKE_KERNEL;
		p->aio = aio;
		p->fd = fd;
		return;
	}
	vmedia_warn("No asynchronous I/O here (%s): a peer that races for it can stop the "
		    "signalling of its eventfds",
		    strerror(fd < 0 ? -fd : errno));
	if (aio && !keep_spare(aio))
		syscall(SYS_io_destroy, aio);
	vmedia_fd_close(&fd);
	p->state = VMEDIA_POKE_ASK;
}

void vmedia_poke_finish(struct vmedia_poke *p)
{
	if (p->state == VMEDIA_POKE_WATCHED)
		vmedia_poke_watch_free(p->watch);
	if (p->state == VMEDIA_POKE_KERNEL) {
		if (!keep_spare(p->aio))
			syscall(SYS_io_destroy, (aio_context_t)p->aio);
		vmedia_fd_close(&p->fd);
	}
	*p = (struct vmedia_poke){ .state = VMEDIA_POKE_NEW };
}

/* 0 or negative errno; -EAGAIN: the ring is full. */
static int submit(const struct vmedia_poke *p, int fd)
{
	struct iocb cb = {
		.aio_lio_opcode = IOCB_CMD_POLL,
		.aio_fildes = (uint32_t)p->fd,
		.aio_buf = POLLOUT,
		.aio_flags = IOCB_FLAG_RESFD,
		.aio_resfd = (uint32_t)fd,
	};
	struct iocb *list = &cb;

	return syscall(SYS_io_submit, (aio_context_t)p->aio, 1, &list) < 0 ? -errno : 0;
}

static int ask_and_write(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLOUT };

	return poll(&p, 1, 0) > 0 && p.revents & POLLOUT ? vmedia_eventfd_signal(fd) : 0;
}

static int let_kernel_add(const struct vmedia_poke *p, int fd)
{
	int ret = submit(p, fd);

	if (ret == -EAGAIN) {
		while (collect(p->aio) > 0)
			;
		ret = submit(p, fd);
	}
	return ret;
}

int vmedia_poke_is_eventfd(int fd)
{
	char path[32], name[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, name, sizeof(name) - 1);
	if (n < 0)
		return -errno;
	name[n] = 0;
	return strcmp(name, "anon_inode:[eventfd]") == 0;
}

static void start(struct vmedia_poke *p)
{
	p->watch = vmedia_poke_watch_new();
	if (p->watch)
		p->state = VMEDIA_POKE_WATCHED;
	else
		open_context(p);
}

void vmedia_poke_distrust(struct vmedia_poke *p)
{
	vmedia_poke_finish(p);
	open_context(p);
}

int vmedia_poke(struct vmedia_poke *p, int fd)
{
	int ret;

	if (p->state == VMEDIA_POKE_NEW)
		start(p);
	switch (p->state) {
	case VMEDIA_POKE_WATCHED:
		ret = vmedia_poke_watch_write(p->watch, fd);
		if (!__atomic_load_n(&p->watch->stuck, __ATOMIC_RELAXED))
			return ret;
		vmedia_warn("A peer filled an eventfd and made it wait, which stopped us for some "
			    "%d ms",
			    VMEDIA_POKE_PATIENCE_MS);
		vmedia_poke_distrust(p);
		return ret;
	case VMEDIA_POKE_KERNEL:
		return let_kernel_add(p, fd);
	default:
		return ask_and_write(fd);
	}
}
