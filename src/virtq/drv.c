// SPDX-License-Identifier: BSD-3-Clause
/*
 * The driver end of a virtqueue: the code that split and packed rings share. See drv.h.
 *
 * Security model: the device may write anything into the shared memory at any time. Only used ids
 * and lengths, an index or flags, and event requests are read from it. An id must be that of a
 * chain that is out, a length must fit the offered buffers, an index must not count more chains
 * than are out. Descriptors and free lists are kept in private memory; the shared copies are only
 * written.
 */
#include "virtq/drv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "virtq/drv_impl.h"

static int check_config(const struct vmedia_vqr_config *cfg)
{
	struct vmedia_vq_layout l;
	int ret = vmedia_vq_layout(cfg->layout.num, cfg->features, cfg->layout.indirect_max, &l);

	if (ret)
		return ret;
	if (!cfg->base || (uintptr_t)cfg->base % 16 || cfg->base_gpa % 16)
		return -EINVAL;
	return 0;
}

int vmedia_vqr_create(const struct vmedia_vqr_config *cfg, struct vmedia_vqr **out)
{
	const struct vmedia_vq_layout *l = &cfg->layout;
	uint8_t *base = cfg->base;
	struct vmedia_vqr *q;
	int ret = check_config(cfg);

	if (ret)
		return ret;
	q = calloc(1, sizeof(*q));
	if (!q)
		return -ENOMEM;
	q->state = calloc(l->num, sizeof(*q->state));
	if (!q->state) {
		free(q);
		return -ENOMEM;
	}
	q->num = l->num;
	q->free = l->num;
	q->packed = vmedia_vq_has(cfg->features, VMEDIA_VIRTIO_F_RING_PACKED);
	q->event_idx = vmedia_vq_has(cfg->features, VMEDIA_VIRTIO_F_EVENT_IDX);
	q->indirect = vmedia_vq_has(cfg->features, VMEDIA_VIRTIO_F_INDIRECT_DESC);
	q->indirect_max = l->indirect_max;
	q->tables = base + l->indirect;
	q->tables_gpa = cfg->base_gpa + l->indirect;
	snprintf(q->name, sizeof(q->name), "%s", cfg->name ? cfg->name : "?");
	memset(base, 0, l->size);
	q->desc = (void *)(base + l->desc);
	q->avail = (void *)(base + l->driver);
	q->used = (void *)(base + l->device);
	for (uint32_t i = 0; i < q->num; i++)
		q->state[i].next = (uint16_t)(i + 1);
	if (q->packed)
		vmedia_vqr_packed_init(q);
	else
		vmedia_vqr_split_init(q);
	*out = q;
	return 0;
}

void vmedia_vqr_destroy(struct vmedia_vqr *q)
{
	if (!q)
		return;
	free(q->state);
	free(q);
}

static int check_pieces(const struct vmedia_gpa_range *sg, unsigned int n, uint64_t *total)
{
	for (unsigned int i = 0; i < n; i++) {
		if (sg[i].len == 0)
			return -EINVAL;
		*total += sg[i].len;
	}
	return 0;
}

int vmedia_vqr_add(struct vmedia_vqr *q, const struct vmedia_gpa_range *out, unsigned int out_num,
		   const struct vmedia_gpa_range *in, unsigned int in_num, void *cookie,
		   unsigned int flags)
{
	struct vmedia_vqr_req r = { .out = out, .in = in, .out_num = out_num, .cookie = cookie };
	uint64_t out_len = 0;

	if (q->err)
		return q->err;
	if (!cookie || out_num > VMEDIA_VQ_MAX_NUM || in_num > VMEDIA_VQ_MAX_NUM ||
	    out_num + in_num == 0)
		return -EINVAL;
	if (check_pieces(out, out_num, &out_len) || check_pieces(in, in_num, &r.in_len))
		return -EINVAL;
	r.n = out_num + in_num;
	/* A single descriptor needs no table. */
	r.indirect = (flags & VMEDIA_VQR_INDIRECT) && q->indirect && r.n > 1 &&
		     r.n <= q->indirect_max;
	if (!r.indirect && r.n > q->num)
		return -E2BIG;
	if (q->free < (r.indirect ? 1 : r.n))
		return -ENOSPC;
	if (q->packed)
		vmedia_vqr_packed_add(q, &r);
	else
		vmedia_vqr_split_add(q, &r);
	q->outstanding++;
	return 0;
}

void vmedia_vqr_publish(struct vmedia_vqr *q)
{
	if (q->err || !q->unpublished)
		return;
	if (q->packed)
		vmedia_vqr_packed_publish(q);
	else
		vmedia_vqr_split_publish(q);
	q->unkicked += q->unpublished;
	q->unpublished = 0;
}

bool vmedia_vqr_kick_needed(struct vmedia_vqr *q)
{
	bool ret;

	if (q->err || !q->unkicked)
		return false;
	ret = q->packed ? vmedia_vqr_packed_kick_needed(q) : vmedia_vqr_split_kick_needed(q);
	q->unkicked = 0;
	return ret;
}

int vmedia_vqr_get_used(struct vmedia_vqr *q, void **cookie, uint32_t *len)
{
	if (q->err)
		return q->err;
	return q->packed ? vmedia_vqr_packed_get(q, cookie, len)
			 : vmedia_vqr_split_get(q, cookie, len);
}

bool vmedia_vqr_has_used(const struct vmedia_vqr *q)
{
	if (q->err)
		return true;
	return q->packed ? vmedia_vqr_packed_has_used(q) : vmedia_vqr_split_has_used(q);
}

void *vmedia_vqr_detach(struct vmedia_vqr *q)
{
	for (; q->detach_pos < q->num; q->detach_pos++) {
		void *cookie = q->state[q->detach_pos].cookie;

		if (!cookie)
			continue;
		q->state[q->detach_pos].cookie = NULL;
		q->outstanding--;
		if (!q->err)
			q->err = -ESHUTDOWN;
		return cookie;
	}
	q->detach_pos = 0;
	return NULL;
}

void vmedia_vqr_disable_notify(struct vmedia_vqr *q)
{
	if (q->err)
		return;
	if (q->packed)
		vmedia_vqr_packed_disable(q);
	else
		vmedia_vqr_split_disable(q);
}

bool vmedia_vqr_enable_notify(struct vmedia_vqr *q)
{
	return vmedia_vqr_enable_notify_after(q, 1);
}

bool vmedia_vqr_enable_notify_after(struct vmedia_vqr *q, unsigned int n)
{
	if (q->err)
		return true;
	if (n == 0)
		n = 1;
	if (n > q->outstanding)
		n = q->outstanding ? q->outstanding : 1;
	return q->packed ? vmedia_vqr_packed_enable(q, n) : vmedia_vqr_split_enable(q, n);
}

unsigned int vmedia_vqr_free(const struct vmedia_vqr *q)
{
	return q->free;
}

unsigned int vmedia_vqr_outstanding(const struct vmedia_vqr *q)
{
	return q->outstanding;
}

uint32_t vmedia_vqr_base(const struct vmedia_vqr *q)
{
	return q->packed ? 0x80008000u : 0;
}
