// SPDX-License-Identifier: BSD-3-Clause
/*
 * The simple reading of a ring; see model.h. Works on a memory that nobody changes meanwhile.
 */
#include "model.h"

static uint64_t get(const uint8_t *p, unsigned int n)
{
	uint64_t v = 0;

	while (n--)
		v = v << 8 | p[n];
	return v;
}

struct desc {
	uint64_t addr;
	uint32_t len;
	uint16_t a, b;		/* flags and next, or id and flags */
};

/* Byte by byte through the map, so that region boundaries need no thought. */
static bool fetch(struct desc *d, struct pair *p, uint64_t gpa)
{
	uint8_t raw[16];

	for (unsigned int i = 0; i < 16; i++) {
		const uint8_t *b = gpa + i < gpa ? NULL : vmedia_mem_at(p->mem, gpa + i, 1);

		if (!b)
			return false;
		raw[i] = *b;
	}
	d->addr = get(raw, 8);
	d->len = (uint32_t)get(raw + 8, 4);
	d->a = (uint16_t)get(raw + 12, 2);
	d->b = (uint16_t)get(raw + 14, 2);
	return true;
}

static void ring_desc(struct desc *d, struct pair *p, uint32_t i)
{
	const uint8_t *raw = p->mem_bytes + p->layout.desc + 16ull * i;

	d->addr = get(raw, 8);
	d->len = (uint32_t)get(raw + 8, 4);
	d->a = (uint16_t)get(raw + 12, 2);
	d->b = (uint16_t)get(raw + 14, 2);
}

static void take(struct model *m, const struct desc *d, uint16_t flags)
{
	if (d->len == 0)
		return;
	if (m->n == MODEL_PIECES) {
		m->bad = true;
		return;
	}
	m->piece[m->n].gpa = d->addr;
	m->piece[m->n].len = d->len;
	m->piece[m->n].write = flags & VMEDIA_DESC_F_WRITE;
	m->n++;
}

static void table(struct model *m, struct pair *p, const struct desc *ref, uint16_t ref_flags)
{
	uint32_t n = ref->len / 16, limit = p->num > 1024 ? p->num : 1024, i = 0;
	bool packed = is_packed(p->features);

	if (!vmedia_vq_has(p->features, VMEDIA_VIRTIO_F_INDIRECT_DESC) ||
	    ref_flags & VMEDIA_DESC_F_NEXT || ref->len == 0 || ref->len % 16 ||
	    (packed && n > limit)) {
		m->bad = true;
		return;
	}
	for (uint32_t count = 0; ; count++) {
		struct desc d;
		uint16_t flags;

		if (packed && count == n)
			return;
		if (count == n || count == limit || !fetch(&d, p, ref->addr + 16ull * i)) {
			m->bad = true;
			return;
		}
		flags = packed ? d.b : d.a;
		if (flags & VMEDIA_DESC_F_INDIRECT) {
			m->bad = true;
			return;
		}
		take(m, &d, flags);
		if (!packed && !(flags & VMEDIA_DESC_F_NEXT))
			return;
		i = packed ? i + 1 : d.b;
		if (!packed && i >= n) {
			m->bad = true;
			return;
		}
	}
}

/* Order, limits and addresses of what was collected. */
static void judge(struct model *m, struct pair *p)
{
	struct iovec iov[600];
	uint64_t bytes = 0;
	unsigned int segs = 0;
	bool writes = false;

	for (unsigned int i = 0; i < m->n; i++) {
		int k = vmedia_mem_iov(p->mem, m->piece[i].gpa, m->piece[i].len, iov, 600);

		if (k < 0) {
			m->bad = true;
			return;
		}
		segs += (unsigned int)k;
		bytes += m->piece[i].len;
		if (writes && !m->piece[i].write)
			m->bad = true;
		writes |= m->piece[i].write;
	}
	if (segs > VMEDIA_VQD_MAX_SEGS || bytes > VMEDIA_VQD_MAX_BYTES)
		m->bad = true;
}

void model_split(struct model *m, struct pair *p, uint16_t head)
{
	uint32_t i = head;

	m->bad = m->endless = false;
	m->n = 0;
	m->slots = 1;
	m->id = head;
	for (uint32_t count = 0; !m->bad; count++) {
		struct desc d;

		if (count == p->num || i >= p->num) {
			m->bad = true;
			return;
		}
		ring_desc(&d, p, i);
		if (d.a & VMEDIA_DESC_F_INDIRECT) {
			table(m, p, &d, d.a);
			break;
		}
		take(m, &d, d.a);
		if (!(d.a & VMEDIA_DESC_F_NEXT))
			break;
		i = d.b;
	}
	judge(m, p);
}

void model_packed(struct model *m, struct pair *p, uint16_t pos, uint32_t room)
{
	m->bad = m->endless = false;
	m->n = 0;
	for (m->slots = 0; ; ) {
		struct desc d;

		if (m->slots == room) {
			m->endless = true;
			return;
		}
		ring_desc(&d, p, (pos + m->slots) % p->num);
		m->slots++;
		if (!m->bad) {
			if (d.b & VMEDIA_DESC_F_INDIRECT)
				table(m, p, &d, d.b);
			else
				take(m, &d, d.b);
		}
		m->id = d.a;
		if (!(d.b & VMEDIA_DESC_F_NEXT))
			break;
	}
	judge(m, p);
}

bool model_packed_avail(struct pair *p, uint32_t base)
{
	struct desc d;
	bool wrap = base >> 15 & 1;

	ring_desc(&d, p, base & 0x7fff);
	return !!(d.b & VMEDIA_PACKED_F_AVAIL) == wrap && !!(d.b & VMEDIA_PACKED_F_USED) != wrap;
}

void model_compare(const struct model *m, struct pair *p, const struct vmedia_chain *c)
{
	struct iovec iov[600];
	unsigned int out = 0, in = 0;
	size_t out_len = 0, in_len = 0;

	assert_int_equal(c->id, m->id);
	assert_int_equal(!!c->err, m->bad);
	if (c->err) {
		assert_int_equal(c->out_num + c->in_num + c->out_len + c->in_len, 0);
		return;
	}
	for (unsigned int i = 0; i < m->n; i++) {
		int k = vmedia_mem_iov(p->mem, m->piece[i].gpa, m->piece[i].len, iov, 600);

		for (int j = 0; j < k; j++) {
			const struct iovec *got = m->piece[i].write ? &c->in[in++] : &c->out[out++];

			assert_true(in <= c->in_num && out <= c->out_num);
			assert_ptr_equal(got->iov_base, iov[j].iov_base);
			assert_int_equal(got->iov_len, iov[j].iov_len);
		}
		*(m->piece[i].write ? &in_len : &out_len) += m->piece[i].len;
	}
	assert_int_equal(in, c->in_num);
	assert_int_equal(out, c->out_num);
	assert_int_equal(in_len, c->in_len);
	assert_int_equal(out_len, c->out_len);
}
