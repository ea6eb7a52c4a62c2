// SPDX-License-Identifier: BSD-3-Clause
/*
 * Chains: build them from descriptors, copy in and out, and keep them in a pool. See dev.h.
 *
 * Security model: addresses, lengths and flags come from the driver. The caller has copied them out
 * of shared memory; those of indirect tables are copied here. A chain has at most max_segs pieces,
 * max_bytes bytes, and max(num, max_segs) descriptors. All chains together have at most
 * max_held_segs pieces.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "virtq/dev_impl.h"

#define CHAIN_SMALL 16		/* pieces that a new chain has room for */
#define POOL_SEGS 8192		/* pieces that free chains have room for beyond that */

struct vmedia_chain *vmedia_chain_alloc(struct vmedia_vqd *q)
{
	struct vmedia_list *node = vmedia_list_pop(&q->pool);
	struct vmedia_chain *c;

	if (node) {
		c = vmedia_list_entry(node, struct vmedia_chain, pool);
		q->pooled_segs -= c->iov_cap;
	} else {
		c = calloc(1, sizeof(*c));
		if (!c)
			return NULL;
		c->iov = malloc(CHAIN_SMALL * sizeof(*c->iov));
		if (!c->iov) {
			free(c);
			return NULL;
		}
		c->iov_cap = CHAIN_SMALL;
		vmedia_list_init(&c->pool);
	}
	c->out_num = 0;
	c->in_num = 0;
	c->out_len = 0;
	c->in_len = 0;
	c->err = 0;
	c->user = NULL;
	vmedia_list_init(&c->node);
	c->mem = NULL;
	c->iov_num = 0;
	c->slots = 0;
	c->held = false;
	return c;
}

/* Shrink a big chain if free chains have enough room already. A failure to shrink is harmless. */
static void trim(struct vmedia_vqd *q, struct vmedia_chain *c)
{
	struct iovec *iov;

	if (c->iov_cap <= CHAIN_SMALL || q->pooled_segs + c->iov_cap <= POOL_SEGS)
		return;
	iov = realloc(c->iov, CHAIN_SMALL * sizeof(*iov));
	if (!iov)
		return;
	c->iov = iov;
	c->iov_cap = CHAIN_SMALL;
}

void vmedia_chain_release(struct vmedia_vqd *q, struct vmedia_chain *c)
{
	if (c->held) {
		vmedia_list_del(&c->pool);
		q->held_segs -= c->iov_num;
		q->held_slots -= c->slots;
		c->held = false;
	}
	vmedia_mem_put(c->mem);
	c->mem = NULL;
	trim(q, c);
	q->pooled_segs += c->iov_cap;
	vmedia_list_add_head(&q->pool, &c->pool);
}

void vmedia_chain_free(struct vmedia_chain *c)
{
	vmedia_mem_put(c->mem);
	free(c->iov);
	free(c);
}

static int room_for(struct vmedia_vqd *q, struct vmedia_chain *c, unsigned int n)
{
	unsigned int want = c->iov_num + n;
	unsigned int cap = c->iov_cap;
	struct iovec *iov;

	if (want > q->max_segs)
		return -E2BIG;
	if (want <= cap)
		return 0;
	while (cap < want)
		cap *= 2;
	iov = realloc(c->iov, cap * sizeof(*iov));
	if (!iov)
		return -ENOMEM;
	c->iov = iov;
	c->iov_cap = cap;
	return 0;
}

/*
 * Add a descriptor that spans several adjacent regions. Returns the number of pieces, or negative
 * errno.
 */
static int add_spanning(struct vmedia_vqd *q, struct vmedia_chain *c, uint64_t gpa, uint32_t len)
{
	struct iovec iov[8];
	int n = vmedia_mem_iov(q->mem, gpa, len, iov, VMEDIA_ARRAY_SIZE(iov));
	int ret;

	if (n < 0)
		return n;
	ret = room_for(q, c, (unsigned int)n);
	if (ret)
		return ret;
	memcpy(&c->iov[c->iov_num], iov, (unsigned int)n * sizeof(iov[0]));
	return n;
}

int vmedia_chain_add(struct vmedia_vqd *q, struct vmedia_chain *c, uint64_t gpa, uint32_t len,
		     bool write)
{
	void *host;
	int n = 1;

	if (len == 0)
		return 0;
	if (!write && c->in_num)
		return -EINVAL;
	if ((uint64_t)c->out_len + c->in_len + len > q->max_bytes)
		return -EMSGSIZE;
	host = vmedia_mem_at(q->mem, gpa, len);
	if (host) {
		int ret = room_for(q, c, 1);

		if (ret)
			return ret;
		c->iov[c->iov_num].iov_base = host;
		c->iov[c->iov_num].iov_len = len;
	} else {
		n = add_spanning(q, c, gpa, len);
		if (n < 0)
			return n;
	}
	c->iov_num += (unsigned int)n;
	if (write) {
		c->in_num += (unsigned int)n;
		c->in_len += len;
	} else {
		c->out_num += (unsigned int)n;
		c->out_len += len;
	}
	return 0;
}

/* Copy entry @i of an indirect table. The table, and even an entry, may span regions. */
static int read_entry(struct vmedia_vqd *q, const uint8_t *table, uint64_t gpa, uint32_t i, void *d)
{
	struct iovec iov[16];
	uint8_t *to = d;
	int n;

	if (table) {
		vmedia_ring_copy(d, table + 16ull * i, 16);
		return 0;
	}
	if (vmedia_add_overflow(gpa, 16ull * i, &gpa))
		return -EFAULT;
	n = vmedia_mem_iov(q->mem, gpa, 16, iov, VMEDIA_ARRAY_SIZE(iov));
	if (n < 0)
		return n;
	for (int j = 0; j < n; j++) {
		vmedia_ring_copy(to, iov[j].iov_base, iov[j].iov_len);
		to += iov[j].iov_len;
	}
	return 0;
}

static int add_table_split(struct vmedia_vqd *q, struct vmedia_chain *c, const uint8_t *table,
			   uint64_t gpa, uint32_t n, uint32_t limit)
{
	struct vmedia_vring_desc d;
	uint32_t i = 0;
	uint16_t flags;

	for (uint32_t count = 1; ; count++) {
		int ret;

		if (count > n)
			return -ELOOP;
		if (count > limit)
			return -E2BIG;
		ret = read_entry(q, table, gpa, i, &d);
		if (ret)
			return ret;
		flags = le16toh(d.flags);
		if (flags & VMEDIA_DESC_F_INDIRECT)
			return -EINVAL;
		ret = vmedia_chain_add(q, c, le64toh(d.addr), le32toh(d.len),
				       flags & VMEDIA_DESC_F_WRITE);
		if (ret)
			return ret;
		if (!(flags & VMEDIA_DESC_F_NEXT))
			return 0;
		i = le16toh(d.next);
		if (i >= n)
			return -EINVAL;
	}
}

/* Add all entries in order. next and id have no meaning here (2.8.7). */
static int add_table_packed(struct vmedia_vqd *q, struct vmedia_chain *c, const uint8_t *table,
			    uint64_t gpa, uint32_t n, uint32_t limit)
{
	struct vmedia_packed_desc d;

	if (n > limit)
		return -E2BIG;
	for (uint32_t i = 0; i < n; i++) {
		int ret = read_entry(q, table, gpa, i, &d);

		if (ret)
			return ret;
		if (le16toh(d.flags) & VMEDIA_DESC_F_INDIRECT)
			return -EINVAL;
		ret = vmedia_chain_add(q, c, le64toh(d.addr), le32toh(d.len),
				       le16toh(d.flags) & VMEDIA_DESC_F_WRITE);
		if (ret)
			return ret;
	}
	return 0;
}

int vmedia_chain_add_indirect(struct vmedia_vqd *q, struct vmedia_chain *c, uint64_t gpa,
			      uint32_t len)
{
	uint32_t limit = VMEDIA_MAX(q->num, q->max_segs);
	const uint8_t *table;

	if (!q->indirect || len == 0 || len % 16)
		return -EINVAL;
	table = vmedia_mem_at(q->mem, gpa, len);
	if (q->packed)
		return add_table_packed(q, c, table, gpa, len / 16, limit);
	return add_table_split(q, c, table, gpa, len / 16, limit);
}

void vmedia_chain_finish(struct vmedia_vqd *q, struct vmedia_chain *c, int err)
{
	if (!err && q->held_segs + c->iov_num > q->max_held_segs)
		err = -ENOBUFS;
	c->err = err;
	if (err) {
		c->out_num = 0;
		c->in_num = 0;
		c->iov_num = 0;
		c->out_len = 0;
		c->in_len = 0;
	}
	c->out = c->iov;
	c->in = c->iov + c->out_num;
	c->mem = vmedia_mem_get(q->mem);
	c->held = true;
	q->held_segs += c->iov_num;
	q->held_slots += c->slots;
	vmedia_list_add_tail(&q->out, &c->pool);
}

/* ---- access to a chain ---- */

static size_t copy(const struct iovec *iov, unsigned int n, size_t off, void *buf, size_t len,
		   bool to_iov)
{
	uint8_t *p = buf;
	size_t done = 0;

	for (unsigned int i = 0; i < n && done < len; i++) {
		uint8_t *base = iov[i].iov_base;
		size_t piece = iov[i].iov_len;

		if (off >= piece) {
			off -= piece;
			continue;
		}
		piece = VMEDIA_MIN(piece - off, len - done);
		if (to_iov)
			memcpy(base + off, p + done, piece);
		else
			vmedia_ring_copy(p + done, base + off, piece);
		done += piece;
		off = 0;
	}
	return done;
}

size_t vmedia_chain_read(const struct vmedia_chain *chain, size_t off, void *buf, size_t cap)
{
	return copy(chain->out, chain->out_num, off, buf, cap, false);
}

size_t vmedia_chain_write(const struct vmedia_chain *chain, size_t off, const void *buf, size_t len)
{
	return copy(chain->in, chain->in_num, off, (void *)(uintptr_t)buf, len, true);
}

void vmedia_chain_make(struct vmedia_chain *chain, struct iovec *out, unsigned int out_num,
		       struct iovec *in, unsigned int in_num)
{
	memset(chain, 0, sizeof(*chain));
	chain->out = out;
	chain->out_num = out_num;
	chain->in = in;
	chain->in_num = in_num;
	for (unsigned int i = 0; i < out_num; i++)
		chain->out_len += out[i].iov_len;
	for (unsigned int i = 0; i < in_num; i++)
		chain->in_len += in[i].iov_len;
	vmedia_list_init(&chain->node);
	vmedia_list_init(&chain->pool);
}
