// SPDX-License-Identifier: BSD-3-Clause
/*
 * Fuzz target: a driver's bytes as ring memory. Everything that the device end pops is read,
 * written and returned; then the same bytes are a device's, and the driver end looks at them.
 *
 * Input: byte 0 features, byte 1 size, byte 2 what to do between pops, byte 3 limits, bytes 4-7 the
 * base; the rest fills guest memory from its beginning: ring, then tables and buffers. Addresses in
 * it are guest addresses from 0, so that small numbers hit. A second region lies behind a hole of
 * one page.
 */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "virtq/dev.h"
#include "virtq/drv.h"
#include "virtq/view.h"

#define PAGE 4096u
#define LOW (4 * PAGE)
#define HIGH_GPA (5 * PAGE)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static void quiet(void *opaque, int level, const char *msg)
{
	(void)opaque;
	(void)level;
	(void)msg;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	vmedia_log_set(quiet, NULL);
	return 0;
}

struct setup {
	uint64_t features;
	struct vmedia_vq_layout layout;
	struct vmedia_mem *mem;
	uint8_t *low, *high;
	uint8_t how;
	uint32_t limits, base;
};

/* Touch every byte that the chain offers: a wrong translation is a fault. */
static void use_chain(struct vmedia_chain *c)
{
	uint8_t buf[256];
	size_t off = 0, n;

	while ((n = vmedia_chain_read(c, off, buf, sizeof(buf))) > 0)
		off += n;
	if (off != c->out_len)
		abort();
	memset(buf, 0xa5, sizeof(buf));
	off = 0;
	while ((n = vmedia_chain_write(c, off, buf, sizeof(buf))) > 0)
		off += n;
	if (off != c->in_len || (c->err && (c->in_len || c->out_len)))
		abort();
}

static void device_end(const struct setup *s)
{
	struct vmedia_vqd_config cfg = {
		.num = s->layout.num,
		.features = s->features,
		.desc = (uintptr_t)s->low + s->layout.desc,
		.driver = (uintptr_t)s->low + s->layout.driver,
		.device = (uintptr_t)s->low + s->layout.device,
		.base = s->base,
		.max_segs = s->limits & 0xf,
		.max_bytes = (s->limits >> 4) * 1024,
		.max_held_segs = s->how & 0x40 ? 8 : 0,
		.name = "fuzz",
	};
	struct vmedia_chain *c, *held[8];
	unsigned int n = 0;
	struct vmedia_vqd *q;

	if (vmedia_vqd_create(&cfg, s->mem, &q))
		return;
	for (unsigned int i = 0; i < 64; i++) {
		if (i & 1 && vmedia_vqd_enable_kick(q) == false && s->how & 1)
			break;
		vmedia_vqd_disable_kick(q);
		if (vmedia_vqd_pop(q, &c) != 1)
			break;
		use_chain(c);
		if (s->how & 2 && n < 8) {
			held[n++] = c;
			continue;
		}
		vmedia_vqd_push(q, c, s->how & 4 ? UINT32_MAX : 1);
		vmedia_vqd_notify_needed(q);
	}
	while (n && s->how & 8)	/* newest first */
		vmedia_vqd_push(q, held[--n], 0);
	for (unsigned int i = 0; i < n; i += 2) /* some out of order, some left to destroy */
		vmedia_vqd_push(q, held[i], 0);
	vmedia_vqd_notify_needed(q);
	vmedia_vqd_base(q);
	vmedia_vqd_destroy(q);
}

/*
 * The driver offers some chains; then the device's bytes, and everything else that it may write,
 * are the input.
 */
static void driver_end(const struct setup *s, const uint8_t *data, size_t size)
{
	struct vmedia_vqr_config cfg = {
		.features = s->features,
		.layout = s->layout,
		.base = s->low,
		.base_gpa = 0,
		.name = "fuzz",
	};
	struct vmedia_gpa_range sg[3] = { { LOW - 64, 16 }, { LOW - 48, 16 }, { LOW - 32, 16 } };
	unsigned int got = 0, out = 0;
	struct vmedia_vqr *q;
	void *cookie;
	uint32_t len;

	if (s->layout.size > LOW || vmedia_vqr_create(&cfg, &q))
		return;
	for (unsigned int i = 0; i < 6; i++)
		out += vmedia_vqr_add(q, sg, i & 1, sg + 1, 1 + (i >> 2), &sg[i % 3], i & 1) == 0;
	vmedia_vqr_publish(q);
	memcpy(s->low, data, size < LOW ? size : LOW);
	vmedia_vqr_kick_needed(q);
	while (vmedia_vqr_get_used(q, &cookie, &len) == 1) {
		if (len > 32 || ++got > out)
			abort();
		vmedia_vqr_enable_notify(q);
	}
	while (vmedia_vqr_detach(q))
		got++;
	if (got != out)
		abort();
	vmedia_vqr_destroy(q);
}

/* The first descriptors as a scatter list. */
static void views(const struct setup *s)
{
	struct vmedia_gpa_range sg[8];
	struct vmedia_view *v;

	for (unsigned int i = 0; i < 8; i++) {
		memcpy(&sg[i].gpa, s->low + 16 * i, 8);
		memcpy(&sg[i].len, s->low + 16 * i + 8, 4);
		sg[i].len &= 0xffff;
	}
	if (vmedia_view_create(s->mem, sg, 8, s->how & 0x20 ? VMEDIA_VIEW_RDONLY : 0, &v))
		return;
	memset(v->data, 1, v->rdonly ? 0 : v->len);
	vmedia_view_flush(v, &(struct vmedia_view_pos){ 0 }, v->len);
	vmedia_view_put(v);
}

static int set_up(struct setup *s, const uint8_t *data)
{
	struct vmedia_mem_desc d[2] = { { .fd = -1, .size = LOW },
					{ .fd = -1, .gpa = HIGH_GPA, .size = PAGE } };
	uint32_t num;

	s->features = (uint64_t)(data[0] & 1) << VMEDIA_VIRTIO_F_RING_PACKED |
		      (uint64_t)(data[0] >> 1 & 1) << VMEDIA_VIRTIO_F_EVENT_IDX |
		      (uint64_t)(data[0] >> 2 & 1) << VMEDIA_VIRTIO_F_INDIRECT_DESC;
	num = data[0] & 1 ? 1 + data[1] % 64u : 1u << data[1] % 7;
	s->how = data[2];
	s->limits = data[3];
	memcpy(&s->base, data + 4, 4);
	if (data[2] & 0x10)
		s->base = data[0] & 1 ? VMEDIA_VQD_BASE_PACKED : 0;
	if (vmedia_vq_layout(num, s->features, data[2] & 0x80 ? 4 : 0, &s->layout))
		return -1;
	s->low = aligned_alloc(PAGE, LOW);
	s->high = aligned_alloc(PAGE, PAGE);
	if (!s->low || !s->high)
		abort();
	d[0].host = s->low;
	d[1].host = s->high;
	d[0].uva = (uintptr_t)s->low;
	d[1].uva = (uintptr_t)s->high;
	memset(s->low, 0, LOW);
	memset(s->high, 0, PAGE);
	return vmedia_mem_create(d, 2, &s->mem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct setup s = { .how = 0 };

	if (size < 8)
		return 0;
	if (set_up(&s, data) == 0) {
		data += 8;
		size -= 8;
		memcpy(s.low, data, size < LOW ? size : LOW);
		if (size > LOW)
			memcpy(s.high, data + LOW, size - LOW < PAGE ? size - LOW : PAGE);
		if (s.how & 0x20)
			views(&s);
		device_end(&s);
		driver_end(&s, data, size);
		vmedia_mem_put(s.mem);
	}
	free(s.low);
	free(s.high);
	return 0;
}
