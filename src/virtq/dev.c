// SPDX-License-Identifier: BSD-3-Clause
/*
 * The device end of a virtqueue: the code that split and packed rings share. See dev.h.
 *
 * Security model: the driver can change the ring's memory at any time. Each field is read once
 * (ring.h). Positions, counts and the chains that are out are kept in private memory, and the
 * driver's values are checked against them.
 */
#include "virtq/dev.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "virtq/dev_impl.h"
#include "virtq/inflight_impl.h"

#define CHAINS_AT_START 32u

/* Return the host address of one part, or NULL with a message. */
static void *part(struct vmedia_vqd *q, struct vmedia_mem *mem, const char *what, uint64_t uva,
		  uint64_t size, unsigned int align)
{
	void *p = vmedia_mem_uva(mem, uva, size);

	if (!p) {
		vmedia_warn("Queue %s: %s of %" PRIu64 " bytes at 0x%" PRIx64
			    " is not in the memory map",
			    q->name, what, size, uva);
		return NULL;
	}
	if ((uintptr_t)p % align) {
		vmedia_warn("Queue %s: %s at 0x%" PRIx64 " is not aligned to %u", q->name, what,
			    uva, align);
		return NULL;
	}
	return p;
}

static int translate(struct vmedia_vqd *q, struct vmedia_mem *mem)
{
	unsigned int driver_align = q->packed ? 4 : 2;
	void *desc = part(q, mem, "descriptor area", q->desc_uva, vmedia_vq_desc_size(q->num), 16);
	void *driver = part(q, mem, "driver area", q->driver_uva,
			    vmedia_vq_driver_size(q->num, q->features), driver_align);
	void *device = part(q, mem, "device area", q->device_uva,
			    vmedia_vq_device_size(q->num, q->features), 4);

	if (!desc || !driver || !device)
		return -EINVAL;
	vmedia_mem_get(mem);
	vmedia_mem_put(q->mem);
	q->mem = mem;
	q->desc = desc;
	q->avail = driver;
	q->used = device;
	return 0;
}

static void configure(struct vmedia_vqd *q, const struct vmedia_vqd_config *cfg)
{
	q->num = cfg->num;
	q->features = cfg->features & VMEDIA_VQ_FEATURES;
	q->packed = vmedia_vq_has(cfg->features, VMEDIA_VIRTIO_F_RING_PACKED);
	q->event_idx = vmedia_vq_has(cfg->features, VMEDIA_VIRTIO_F_EVENT_IDX);
	q->indirect = vmedia_vq_has(cfg->features, VMEDIA_VIRTIO_F_INDIRECT_DESC);
	q->max_segs = cfg->max_segs ? cfg->max_segs : VMEDIA_VQD_MAX_SEGS;
	q->max_bytes = cfg->max_bytes ? cfg->max_bytes : VMEDIA_VQD_MAX_BYTES;
	q->max_bytes = VMEDIA_MIN(q->max_bytes, (uint64_t)SIZE_MAX);	/* counted in size_t */
	q->max_held_segs = cfg->max_held_segs ? cfg->max_held_segs : VMEDIA_VQD_MAX_HELD_SEGS;
	q->desc_uva = cfg->desc;
	q->driver_uva = cfg->driver;
	q->device_uva = cfg->device;
	q->inflight = cfg->inflight;
	q->force_signal = true;
	snprintf(q->name, sizeof(q->name), "%s", cfg->name ? cfg->name : "?");
	vmedia_list_init(&q->pool);
	vmedia_list_init(&q->out);
}

/* Allocate the chains that a queue of usual size needs, so that serving it does not allocate. */
static int fill_pool(struct vmedia_vqd *q)
{
	unsigned int n = VMEDIA_MIN(q->num, CHAINS_AT_START);
	struct vmedia_chain *c[CHAINS_AT_START];
	unsigned int i;

	for (i = 0; i < n; i++) {
		c[i] = vmedia_chain_alloc(q);
		if (!c[i])
			break;
	}
	for (unsigned int j = 0; j < i; j++)
		vmedia_chain_release(q, c[j]);
	return i == n ? 0 : -ENOMEM;
}

static int start(struct vmedia_vqd *q, uint32_t base)
{
	int ret;

	if (!q->packed) {
		q->head_out = calloc(q->num, 1);
		if (!q->head_out)
			return -ENOMEM;
	}
	ret = q->packed ? vmedia_vqd_packed_set_base(q, base) : vmedia_vqd_split_set_base(q, base);
	if (ret)
		return ret;
	if (q->inflight) {
		ret = vmedia_inflight_start(q->inflight, q);
		if (ret)
			return ret;
	}
	return fill_pool(q);
}

int vmedia_vqd_create(const struct vmedia_vqd_config *cfg, struct vmedia_mem *mem,
		      struct vmedia_vqd **out)
{
	struct vmedia_vq_layout l;
	struct vmedia_vqd *q;
	int ret;

	if (vmedia_vq_layout(cfg->num, cfg->features, 0, &l)) {
		vmedia_warn("Queue %s: a size of %u is not possible", cfg->name ? cfg->name : "?",
			    cfg->num);
		return -EINVAL;
	}
	q = calloc(1, sizeof(*q));
	if (!q)
		return -ENOMEM;
	configure(q, cfg);
	ret = translate(q, mem);
	if (!ret)
		ret = start(q, cfg->base);
	if (ret) {
		vmedia_vqd_destroy(q);
		return ret;
	}
	*out = q;
	return 0;
}

void vmedia_vqd_destroy(struct vmedia_vqd *q)
{
	struct vmedia_list *node;

	if (!q)
		return;
	while ((node = vmedia_list_pop(&q->out)))
		vmedia_chain_free(vmedia_list_entry(node, struct vmedia_chain, pool));
	while ((node = vmedia_list_pop(&q->pool)))
		vmedia_chain_free(vmedia_list_entry(node, struct vmedia_chain, pool));
	vmedia_mem_put(q->mem);
	free(q->head_out);
	free(q);
}

int vmedia_vqd_set_mem(struct vmedia_vqd *q, struct vmedia_mem *mem)
{
	if (translate(q, mem)) {
		vmedia_vqd_break(q, "the new memory map does not have its ring");
		return -EINVAL;
	}
	return 0;
}

static int fetch(struct vmedia_vqd *q, struct vmedia_chain *c)
{
	int ret;

	if (q->inflight) {
		ret = vmedia_inflight_resubmit(q->inflight, q, c);
		if (ret)
			return ret;
	}
	return q->packed ? vmedia_vqd_packed_fetch(q, c) : vmedia_vqd_split_fetch(q, c);
}

int vmedia_vqd_pop(struct vmedia_vqd *q, struct vmedia_chain **out)
{
	struct vmedia_chain *c;
	int ret;

	if (q->err)
		return q->err;
	c = vmedia_chain_alloc(q);
	if (!c)
		return -ENOMEM;
	ret = fetch(q, c);
	if (ret != 1) {
		vmedia_chain_release(q, c);
		return ret;
	}
	if (c->err)
		vmedia_warn_rl(&q->rl, "Queue %s: chain %u refused: %s", q->name, c->id,
			       strerror(-c->err));
	*out = c;
	return 1;
}

void vmedia_vqd_push(struct vmedia_vqd *q, struct vmedia_chain *chain, uint32_t used_len)
{
	assert(chain->held);
	if (used_len > chain->in_len)
		used_len = (uint32_t)chain->in_len;
	if (!q->err) {
		if (q->inflight)
			vmedia_inflight_before_used(q->inflight, q, chain);
		if (q->packed)
			vmedia_vqd_packed_push(q, chain, used_len);
		else
			vmedia_vqd_split_push(q, chain, used_len);
		if (q->inflight)
			vmedia_inflight_after_used(q->inflight, q, chain);
	}
	vmedia_chain_release(q, chain);
}

bool vmedia_vqd_notify_needed(struct vmedia_vqd *q)
{
	bool ret;

	if (q->err || q->unsignalled == 0)
		return false;
	ret = q->packed ? vmedia_vqd_packed_notify(q) : vmedia_vqd_split_notify(q);
	q->unsignalled = 0;
	q->force_signal = false;
	return ret;
}

void vmedia_vqd_disable_kick(struct vmedia_vqd *q)
{
	if (q->err)
		return;
	if (q->packed)
		vmedia_vqd_packed_kick(q, false);
	else
		vmedia_vqd_split_kick(q, false);
}

bool vmedia_vqd_enable_kick(struct vmedia_vqd *q)
{
	if (q->err)
		return false;
	if (q->inflight && vmedia_inflight_pending(q->inflight))
		return true;
	return q->packed ? vmedia_vqd_packed_kick(q, true) : vmedia_vqd_split_kick(q, true);
}

bool vmedia_vqd_has_avail(const struct vmedia_vqd *q)
{
	if (q->err)
		return false;
	return q->packed ? vmedia_vqd_packed_has_avail(q) : vmedia_vqd_split_has_avail(q);
}

uint32_t vmedia_vqd_base(const struct vmedia_vqd *q)
{
	if (!q->packed)
		return q->last_avail;
	return q->avail_pos | (uint32_t)q->avail_wrap << 15 | (uint32_t)q->used_pos << 16 |
	       (uint32_t)q->used_wrap << 31;
}
