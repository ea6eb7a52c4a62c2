// SPDX-License-Identifier: BSD-3-Clause
/*
 * Slots of memory that are counted by reference.
 *
 * System calls, serving: memfd_create ftruncate ftruncate64 fcntl fcntl64 mmap2|mmap munmap close
 */
#include "share/pool.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/checked.h"
#include "base/fd.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

/* The own mapping is made before the seal that forbids others to be writable. */
static int make_memory(struct vmedia_share_pool *p)
{
	uint64_t size = p->num_slots * p->slot_size;

	if (size > SIZE_MAX / 2)
		return -ENOMEM;
	p->fd = memfd_create("vmedia-share", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (p->fd < 0)
		return -errno;
	if (ftruncate(p->fd, (off_t)size) < 0)
		return -errno;
	p->memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, p->fd, 0);
	if (p->memory == MAP_FAILED) {
		p->memory = NULL;
		return -errno;
	}
	if (fcntl(p->fd, F_ADD_SEALS,
		  F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) < 0)
		return -errno;
	return 0;
}

int vmedia_share_pool_init(struct vmedia_share_pool *p, uint64_t bytes, uint32_t max_holders,
		     uint32_t max_held)
{
	int err;

	p->fd = -1;
	p->num_slots = max_holders * max_held + 2;
	p->max_held = max_held;
	p->slot_size = vmedia_align_up(bytes, vmedia_page_size());
	p->taken = p->newest = VMEDIA_SHARE_NO_SLOT;
	p->refs = calloc(p->num_slots, sizeof(*p->refs));
	if (!p->refs)
		return -ENOMEM;
	err = make_memory(p);
	if (err)
		vmedia_share_pool_finish(p);
	return err;
}

void vmedia_share_pool_finish(struct vmedia_share_pool *p)
{
	if (!p->refs)
		return;
	if (p->memory)
		munmap(p->memory, p->num_slots * p->slot_size);
	vmedia_fd_close(&p->fd);
	free(p->refs);
	p->memory = NULL;
	p->refs = NULL;
}

uint32_t vmedia_share_pool_take(struct vmedia_share_pool *p)
{
	uint32_t slot = 0;

	assert(p->taken == VMEDIA_SHARE_NO_SLOT);
	while (slot < p->num_slots && (p->refs[slot] || slot == p->newest))
		slot++;
	assert(slot < p->num_slots);
	p->taken = slot;
	return slot;
}

void vmedia_share_pool_put(struct vmedia_share_pool *p)
{
	p->taken = VMEDIA_SHARE_NO_SLOT;
}

void vmedia_share_pool_publish(struct vmedia_share_pool *p)
{
	p->newest = p->taken;
	p->taken = VMEDIA_SHARE_NO_SLOT;
}

void vmedia_share_pool_forget(struct vmedia_share_pool *p)
{
	p->newest = VMEDIA_SHARE_NO_SLOT;
}

int vmedia_share_pool_hold(struct vmedia_share_pool *p, struct vmedia_share_pool_holder *h)
{
	if (p->newest == VMEDIA_SHARE_NO_SLOT)
		return -ENODATA;
	if (h->num == p->max_held)
		return -ENOBUFS;
	h->slots[h->num++] = p->newest;
	p->refs[p->newest]++;
	return 0;
}

int vmedia_share_pool_release(struct vmedia_share_pool *p, struct vmedia_share_pool_holder *h,
			      uint32_t slot)
{
	for (uint32_t i = 0; i < h->num; i++) {
		if (h->slots[i] != slot)
			continue;
		h->slots[i] = h->slots[--h->num];
		p->refs[slot]--;
		return 0;
	}
	return -EINVAL;
}

void vmedia_share_pool_release_all(struct vmedia_share_pool *p, struct vmedia_share_pool_holder *h)
{
	while (h->num)
		p->refs[h->slots[--h->num]]--;
}
