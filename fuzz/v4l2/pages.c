// SPDX-License-Identifier: BSD-3-Clause
/*
 * Guest memory that SHARED_PAGES buffers are lent from. A slot is a few pages; the lent bytes lie
 * somewhere in it, with marks before and behind that the device must not touch. What was returned
 * is marked whole: a device that writes it later is seen when it is lent again.
 */
#include <string.h>

#include "world.h"

#define SLOT	(24u * 4096u)	/* the largest buffer of all devices, and a page around it */
#define SLOTS	64		/* bits of fz_buf.slots */
#define MARK	0xa5

static struct {
	uint8_t *base;
	uint64_t taken;
	struct {
		uint32_t start, len;
	} lent[SLOTS];
} pages;

/* A loop over volatile bytes: ThreadSanitizer would see a call of memset(). */
FZ_GUEST_WRITES static void mark(volatile uint8_t *p, uint32_t len)
{
	while (len--)
		*p++ = MARK;
}

void fz_pages_init(struct fz *w)
{
	uint8_t *old = pages.base;

	/* At each start of the queues the harness forgets what it gave, and gives it again. */
	pages.base = harness_alloc(&w->h, SLOTS * SLOT, 4096);
	pages.taken = 0;
	if (pages.base != old || pages.base[0] != MARK)
		mark(pages.base, SLOTS * SLOT);
}

static bool marked(const uint8_t *p, uint32_t len)
{
	return !len || (p[0] == MARK && !memcmp(p, p + 1, len - 1));
}

/* What of a slot is looked at: the page behind the lent bytes included. */
static uint32_t extent(uint32_t start, uint32_t len)
{
	return ((start + len + 4095) & ~4095u) + 4096;
}

uint64_t fz_pages_lend(struct fz *w, struct fz_buf *b, uint32_t len, uint8_t how)
{
	uint32_t start = 4096 + (how & 1 ? 0 : (how & 0x7f) * 16u);
	unsigned int i;
	uint8_t *slot;

	if (!~pages.taken || len > SLOT || extent(start, len) > SLOT)
		return 0;
	i = (unsigned int)__builtin_ctzll(~pages.taken);
	slot = pages.base + i * SLOT;
	FZ_REQUIRE(w, marked(slot, extent(start, len)),
		   "the device wrote guest memory that nobody lent to it");
	pages.taken |= 1ull << i;
	b->slots |= 1ull << i;
	pages.lent[i].start = start;
	pages.lent[i].len = len;
	return harness_gpa(&w->h, slot + start);
}

void fz_pages_return(struct fz *w, struct fz_buf *b)
{
	for (; b->slots; b->slots &= b->slots - 1) {
		unsigned int i = (unsigned int)__builtin_ctzll(b->slots);
		uint32_t start = pages.lent[i].start, len = pages.lent[i].len;
		uint8_t *slot = pages.base + i * SLOT;

		FZ_REQUIRE(w, marked(slot, start),
			   "the device wrote guest memory before a buffer of %u bytes", len);
		FZ_REQUIRE(w, marked(slot + start + len, extent(start, len) - start - len),
			   "the device wrote guest memory behind a buffer of %u bytes", len);
		mark(slot, extent(start, len));
		pages.taken &= ~(1ull << i);
	}
}

uint8_t *fz_pages_at(struct fz *w, uint64_t gpa)
{
	return w->h.ram + (gpa - HARNESS_GPA);
}

uint64_t fz_pages_sum(const struct fz *w)
{
	uint64_t sum = 0, word;
	const uint8_t *p;
	unsigned int i;
	uint32_t at;

	(void)w;
	for (i = 0; i < SLOTS; i++) {
		p = pages.base + i * SLOT + pages.lent[i].start;
		for (at = 0; pages.taken >> i & 1 && at < pages.lent[i].len; at += sizeof(word)) {
			memcpy(&word, p + at, sizeof(word));
			sum = (sum ^ word) * 0x100000001b3ull;
		}
	}
	return sum;
}
