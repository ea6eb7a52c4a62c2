// SPDX-License-Identifier: BSD-3-Clause
/*
 * Inflight tracking: the file, and the start of a queue from it. See inflight.h. The updates for
 * each chain are in inflight_track.c.
 *
 * Security model: the file comes back from the front-end, so its content is untrusted. It is read
 * only at the start of a queue: indexes are range-checked, lists are walked with a bound, and no
 * entry is taken twice. After that only the private copies are read, and the file is only written.
 * If a region is invalid, the queue is refused.
 */
#include "virtq/inflight.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/checked.h"
#include "base/fd.h"
#include "base/log.h"
#include "virtq/inflight_area.h"

static uint64_t queue_size(uint32_t num, bool packed)
{
	uint64_t size;

	if (packed)
		size = sizeof(struct vmedia_inflight_packed) +
		       num * sizeof(struct vmedia_inflight_packed_entry);
	else
		size = sizeof(struct vmedia_inflight_split) +
		       num * sizeof(struct vmedia_inflight_split_entry);
	return vmedia_align_up(size, 64);
}

uint64_t vmedia_inflight_size(unsigned int queues, uint32_t num, uint64_t features)
{
	struct vmedia_vq_layout l;

	if (queues == 0 || queues > VMEDIA_INFLIGHT_MAX_QUEUES ||
	    vmedia_vq_layout(num, features, 0, &l))
		return 0;
	return queues * queue_size(num, vmedia_vq_has(features, VMEDIA_VIRTIO_F_RING_PACKED));
}

int vmedia_inflight_memfd(unsigned int queues, uint32_t num, uint64_t features, uint64_t *size)
{
	uint64_t want = vmedia_inflight_size(queues, num, features);
	int fd;

	if (!want)
		return -EINVAL;
	/* All zeros (version 0) mean "never used": the first start formats the region. */
	fd = vmedia_memfd("vmedia-inflight", want);
	if (fd >= 0)
		*size = want;
	return fd;
}

int vmedia_inflight_open(int fd, uint64_t offset, uint64_t size, unsigned int queues, uint32_t num,
			 uint64_t features, struct vmedia_inflight_area **out)
{
	uint64_t want = vmedia_inflight_size(queues, num, features);
	struct vmedia_mem_desc desc = { .size = want, .fd_offset = offset, .fd = fd };
	bool packed = vmedia_vq_has(features, VMEDIA_VIRTIO_F_RING_PACKED);
	struct vmedia_inflight_area *area;
	int ret;

	if (!want || size < want || offset % 64 || fd < 0) {
		vmedia_warn("Inflight area refused: %" PRIu64 " bytes at %" PRIu64
			    " for %u queues of %u",
			    size, offset, queues, num);
		return -EINVAL;
	}
	area = calloc(1, sizeof(*area) + queues * sizeof(area->queues[0]));
	if (!area)
		return -ENOMEM;
	ret = vmedia_mem_create(&desc, 1, &area->mem);
	if (ret) {
		free(area);
		return ret;
	}
	area->n = queues;
	for (unsigned int i = 0; i < queues; i++) {
		struct vmedia_inflight *inf = &area->queues[i];

		inf->num = num;
		inf->packed = packed;
		inf->split = vmedia_mem_at(area->mem, i * queue_size(num, packed),
					   queue_size(num, packed));
	}
	*out = area;
	return 0;
}

void vmedia_inflight_close(struct vmedia_inflight_area *area)
{
	if (!area)
		return;
	for (unsigned int i = 0; i < area->n; i++) {
		free(area->queues[i].resubmit);
		free(area->queues[i].next);
	}
	vmedia_mem_put(area->mem);
	free(area);
}

struct vmedia_inflight *vmedia_inflight_queue(struct vmedia_inflight_area *area, unsigned int i)
{
	return i < area->n ? &area->queues[i] : NULL;
}

/* ---- the start of a queue ---- */

static int by_counter(const void *a, const void *b)
{
	const struct vmedia_inflight_head *x = a, *y = b;

	return x->counter < y->counter ? -1 : x->counter > y->counter;
}

/* Sort the collected heads by their counters. */
static void sort_heads(struct vmedia_inflight *inf)
{
	qsort(inf->resubmit, inf->resubmit_num, sizeof(inf->resubmit[0]), by_counter);
	inf->counter = inf->resubmit_num ? inf->resubmit[inf->resubmit_num - 1].counter + 1 : 0;
	inf->resubmit_pos = 0;
	if (inf->resubmit_num)
		vmedia_info("%u chains in flight from before are taken up again",
			    inf->resubmit_num);
}

static void add_head(struct vmedia_inflight *inf, uint32_t i, uint64_t counter)
{
	inf->resubmit[inf->resubmit_num].head = (uint16_t)i;
	inf->resubmit[inf->resubmit_num].counter = counter;
	inf->resubmit_num++;
}

static void split_format(struct vmedia_inflight *inf, struct vmedia_vqd *q)
{
	struct vmedia_inflight_split *r = inf->split;

	memset(r->desc, 0, inf->num * sizeof(r->desc[0]));
	r->features = 0;
	r->desc_num = (uint16_t)inf->num;
	r->last_batch_head = 0;
	r->used_idx = q->used_idx;
	VMEDIA_INFLIGHT_ST(r->version, 1);
}

/* Unmark the last batch, which reached the used ring but may still be marked. */
static int split_finish_batch(struct vmedia_inflight *inf, struct vmedia_vqd *q)
{
	struct vmedia_inflight_split *r = inf->split;
	uint16_t batch = (uint16_t)(q->used_idx - VMEDIA_INFLIGHT_LD(r->used_idx));
	uint16_t i = VMEDIA_INFLIGHT_LD(r->last_batch_head);

	if (batch > inf->num)
		return -EINVAL;
	for (; batch; batch--) {
		if (i >= inf->num)
			return -EINVAL;
		VMEDIA_INFLIGHT_ST(r->desc[i].inflight, 0);
		i = VMEDIA_INFLIGHT_LD(r->desc[i].next);
	}
	VMEDIA_INFLIGHT_ST(r->used_idx, q->used_idx);
	return 0;
}

static int split_start(struct vmedia_inflight *inf, struct vmedia_vqd *q)
{
	struct vmedia_inflight_split *r = inf->split;

	if (VMEDIA_INFLIGHT_LD(r->version) == 0) {
		split_format(inf, q);
	} else if (VMEDIA_INFLIGHT_LD(r->version) != 1 ||
		   VMEDIA_INFLIGHT_LD(r->desc_num) != inf->num || split_finish_batch(inf, q)) {
		return -EINVAL;
	} else {
		for (uint32_t i = 0; i < inf->num; i++) {
			if (VMEDIA_INFLIGHT_LD(r->desc[i].inflight) == 1)
				add_head(inf, i, VMEDIA_INFLIGHT_LD(r->desc[i].counter));
		}
		q->last_avail = (uint16_t)(q->used_idx + inf->resubmit_num);
		q->shadow_avail = q->last_avail;
	}
	inf->last_batch_head = VMEDIA_INFLIGHT_LD(r->last_batch_head);
	return 0;
}

static void packed_format(struct vmedia_inflight *inf, struct vmedia_vqd *q)
{
	struct vmedia_inflight_packed *r = inf->pk;

	memset(r->desc, 0, inf->num * sizeof(r->desc[0]));
	for (uint32_t i = 0; i < inf->num; i++)
		r->desc[i].next = (uint16_t)(i + 1);
	r->features = 0;
	r->desc_num = (uint16_t)inf->num;
	r->free_head = 0;
	r->old_free_head = 0;
	r->used_idx = q->used_pos;
	r->old_used_idx = q->used_pos;
	r->used_wrap_counter = q->used_wrap;
	r->old_used_wrap_counter = q->used_wrap;
	VMEDIA_INFLIGHT_ST(r->version, 1);
}

/*
 * Handle a crash between the writes of used_idx and old_used_idx: use the new values if the driver
 * got the chain, else the old ones.
 */
static int packed_settle(struct vmedia_inflight *inf, struct vmedia_vqd *q)
{
	struct vmedia_inflight_packed *r = inf->pk;
	uint16_t pos = VMEDIA_INFLIGHT_LD(r->old_used_idx);
	bool wrap = VMEDIA_INFLIGHT_LD(r->old_used_wrap_counter);
	uint16_t head = VMEDIA_INFLIGHT_LD(r->old_free_head);

	if (pos >= inf->num)
		return -EINVAL;
	if ((pos != VMEDIA_INFLIGHT_LD(r->used_idx) ||
	     wrap != !!VMEDIA_INFLIGHT_LD(r->used_wrap_counter)) &&
	    vmedia_vqd_packed_is_used(q, pos, wrap)) {
		pos = VMEDIA_INFLIGHT_LD(r->used_idx);
		wrap = VMEDIA_INFLIGHT_LD(r->used_wrap_counter);
		head = VMEDIA_INFLIGHT_LD(r->free_head);
	}
	if (pos >= inf->num)
		return -EINVAL;
	q->used_pos = pos;
	q->used_wrap = wrap;
	inf->free_head = head;
	return 0;
}

enum { ENTRY_UNKNOWN, ENTRY_FREE, ENTRY_CHAIN };

/* Mark the entries of the free list as not in flight, whatever their flag is. */
static int packed_mark_free(struct vmedia_inflight *inf, uint8_t *kind)
{
	struct vmedia_inflight_packed *r = inf->pk;
	uint16_t i = inf->free_head;

	while (i < inf->num) {
		if (kind[i] != ENTRY_UNKNOWN)
			return -EINVAL;
		kind[i] = ENTRY_FREE;
		VMEDIA_INFLIGHT_ST(r->desc[i].inflight, 0);
		i = VMEDIA_INFLIGHT_LD(r->desc[i].next);
	}
	return 0;
}

static int packed_mark_chain(struct vmedia_inflight *inf, uint8_t *kind, uint16_t head,
			     uint32_t *slots)
{
	struct vmedia_inflight_packed *r = inf->pk;
	uint16_t n = VMEDIA_INFLIGHT_LD(r->desc[head].num);
	uint16_t i = head;

	if (n == 0 || n > inf->num)
		return -EINVAL;
	for (uint16_t k = 0; k < n; k++) {
		if (i >= inf->num || kind[i] != ENTRY_UNKNOWN)
			return -EINVAL;
		kind[i] = ENTRY_CHAIN;
		inf->next[i] = VMEDIA_INFLIGHT_LD(r->desc[i].next);
		inf->chain_last[head] = i;
		i = inf->next[i];
	}
	inf->chain_num[head] = n;
	*slots += n;
	add_head(inf, head, VMEDIA_INFLIGHT_LD(r->desc[head].counter));
	return 0;
}

/* Make a free list of all entries that are in no chain. */
static void packed_rebuild_free(struct vmedia_inflight *inf, const uint8_t *kind,
				struct vmedia_vqd *q)
{
	struct vmedia_inflight_packed *r = inf->pk;
	uint16_t head = (uint16_t)inf->num;

	for (uint32_t i = inf->num; i-- > 0; ) {
		if (kind[i] == ENTRY_CHAIN)
			continue;
		VMEDIA_INFLIGHT_ST(r->desc[i].inflight, 0);
		inf->next[i] = head;
		VMEDIA_INFLIGHT_ST(r->desc[i].next, head);
		head = (uint16_t)i;
	}
	inf->free_head = head;
	VMEDIA_INFLIGHT_ST(r->free_head, head);
	VMEDIA_INFLIGHT_ST(r->used_idx, q->used_pos);
	VMEDIA_INFLIGHT_ST(r->used_wrap_counter, q->used_wrap);
	VMEDIA_INFLIGHT_ST(r->old_free_head, head);
	VMEDIA_INFLIGHT_ST(r->old_used_idx, q->used_pos);
	VMEDIA_INFLIGHT_ST(r->old_used_wrap_counter, q->used_wrap);
}

static int packed_recover(struct vmedia_inflight *inf, struct vmedia_vqd *q, uint8_t *kind)
{
	struct vmedia_inflight_packed *r = inf->pk;
	uint32_t slots = 0;
	int ret;

	if (VMEDIA_INFLIGHT_LD(r->version) != 1 || VMEDIA_INFLIGHT_LD(r->desc_num) != inf->num)
		return -EINVAL;
	ret = packed_settle(inf, q);
	if (!ret)
		ret = packed_mark_free(inf, kind);
	for (uint32_t i = 0; i < inf->num && !ret; i++) {
		if (VMEDIA_INFLIGHT_LD(r->desc[i].inflight) == 1)
			ret = packed_mark_chain(inf, kind, (uint16_t)i, &slots);
	}
	if (ret)
		return ret;
	packed_rebuild_free(inf, kind, q);
	q->avail_pos = q->used_pos;
	q->avail_wrap = q->used_wrap;
	vmedia_vqd_packed_advance(q, &q->avail_pos, &q->avail_wrap, slots);
	return 0;
}

static int packed_start(struct vmedia_inflight *inf, struct vmedia_vqd *q)
{
	uint8_t *kind;
	int ret;

	if (VMEDIA_INFLIGHT_LD(inf->pk->version) == 0) {
		packed_format(inf, q);
		inf->free_head = 0;
		for (uint32_t i = 0; i < inf->num; i++)
			inf->next[i] = (uint16_t)(i + 1);
		return 0;
	}
	kind = calloc(inf->num, 1);
	if (!kind)
		return -ENOMEM;
	ret = packed_recover(inf, q, kind);
	free(kind);
	return ret;
}

int vmedia_inflight_start(struct vmedia_inflight *inf, struct vmedia_vqd *q)
{
	int ret;

	if (inf->num != q->num || inf->packed != q->packed) {
		vmedia_warn("Queue %s: size %u does not fit the inflight area's %u", q->name,
			    q->num, inf->num);
		return -EINVAL;
	}
	free(inf->resubmit);
	free(inf->next);
	inf->resubmit = calloc(inf->num, sizeof(inf->resubmit[0]));
	inf->next = calloc(3ull * inf->num, sizeof(inf->next[0]));
	if (!inf->resubmit || !inf->next)
		return -ENOMEM;
	inf->chain_last = inf->next + inf->num;
	inf->chain_num = inf->chain_last + inf->num;
	inf->resubmit_num = 0;
	inf->taking = 0;
	ret = inf->packed ? packed_start(inf, q) : split_start(inf, q);
	if (ret) {
		vmedia_warn("Queue %s: the inflight area makes no sense", q->name);
		return ret;
	}
	sort_heads(inf);
	return 0;
}
