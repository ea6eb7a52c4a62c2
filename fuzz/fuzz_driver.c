// SPDX-License-Identifier: BSD-3-Clause
/*
 * A hostile device against the user-space driver, in one thread.
 *
 * The input is a script. Each step is a byte that says what the program does (open, an ioctl, mmap,
 * ...) or what the device does by itself (an event, a mapping of region 0), followed by the bytes
 * it needs. Whenever the driver waits, the device answers what is on the commandq: by an answer
 * that fits the question, by one with some bytes changed, by raw bytes, or not at all. When the
 * input is at its end the device goes silent, and everything is closed.
 *
 * What must hold besides that nothing crashes, leaks or hangs: a dequeued buffer is one that was
 * queued, with no more bytes than its memory has; memory that vmedia_mmap() gave can be read.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "driver/internal.h"
#include "virtq/dev.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FILES	4
#define PAGES	4
#define HELD	8
#define MAPS	8
#define REGION	(16 * 4096)

#define must(x)			\
	do {			\
		if (!(x))	\
			abort();\
	} while (0)

struct rig {
	const uint8_t *in;
	size_t left;
	struct vmedia_driver *drv;
	struct vmedia_mem *mem;
	struct vmedia_vqd *vq[2];
	struct vmedia_chain *held[HELD];
	unsigned int num_held, turns;
	uint32_t next_id;
	int fd;				/* what region 0 is made of */
	struct vmedia_file *f[FILES];
	uint8_t *pages[PAGES];
	uint8_t *maps[MAPS];
	/* scratch of the device */
	struct vmedia_cmd cmd;
	struct vmedia_ext_control ctrls[16];
	struct vmedia_sg ctrl_sg[16];
	uint8_t edid[4 * 128];
	uint8_t req[8192], resp[8192];
	/* structures of vmedia_submit(), alive until the end */
	union vmedia_payload async[8];
	unsigned int num_async, dones;
};

static uint8_t next(struct rig *r)
{
	if (!r->left)
		return 0;
	r->left--;
	return *r->in++;
}

static uint32_t next32(struct rig *r)
{
	uint32_t v = next(r);

	/* Short forms first: small numbers matter more. */
	if (v < 0xf0)
		return v;
	v = next(r);
	v |= (uint32_t)next(r) << 8;
	v |= (uint32_t)next(r) << 16;
	return v | (uint32_t)next(r) << 24;
}

static void fill(struct rig *r, void *to, size_t n)
{
	size_t k = VMEDIA_MIN(n, r->left);

	memcpy(to, r->in, k);
	memset((uint8_t *)to + k, 0, n - k);
	r->in += k;
	r->left -= k;
}

static void patch(struct rig *r, uint8_t *bytes, size_t n)
{
	unsigned int count = next(r) % 5;

	while (count-- && n) {
		size_t off = next32(r) % n;

		bytes[off] = next(r);
	}
}

/* ---- The device ---- */

static void honest(struct rig *r)
{
	struct vmedia_ioctl *io = &r->cmd.io;
	uint32_t i;

	if (r->cmd.type == VMEDIA_CMD_OPEN)
		r->cmd.session_id = r->next_id++;
	r->cmd.driver_addr = (uint64_t)(next(r) % 20) * 4096;
	r->cmd.mmap_len = 4096;
	if (r->cmd.type != VMEDIA_CMD_IOCTL || !io->info ||
	    io->info->follow != VMEDIA_FOLLOW_PLANES)
		return;
	if (io->num_planes > 2 && io->info->nr == 9)
		io->num_planes = io->arg.buffer.length = 2;
	if (io->arg.buffer.memory != V4L2_MEMORY_MMAP)
		return;
	for (i = 0; i < io->num_planes; i++)
		io->planes[i].length = 4096;
	if (!io->num_planes)
		io->arg.buffer.length = 4096;
}

static void answer(struct rig *r, struct vmedia_chain *chain)
{
	uint8_t how = next(r);
	uint32_t used;
	size_t len;
	int err, n;

	len = vmedia_chain_read(chain, 0, r->req, sizeof(r->req));
	memset(&r->cmd.io, 0, offsetof(struct vmedia_ioctl, planes));
	r->cmd.io.ctrls = r->ctrls;
	r->cmd.io.ctrl_sg = r->ctrl_sg;
	r->cmd.io.max_ctrls = 16;
	r->cmd.io.edid = r->edid;
	r->cmd.io.max_edid_blocks = 4;
	err = vmedia_cmd_decode(&r->cmd, r->req, len);
	if (!err)
		honest(r);
	if (how & 0x40)
		err = -(int)(next(r) % 140);
	memset(r->resp, 0, VMEDIA_MIN(chain->in_len, sizeof(r->resp)));
	n = vmedia_resp_encode(&r->cmd, err, r->resp, VMEDIA_MIN(chain->in_len, sizeof(r->resp)));
	used = n > 0 ? (uint32_t)n : 0;
	switch (how & 3) {
	case 1:
		patch(r, r->resp, VMEDIA_MAX(used, 1u));
		break;
	case 2:
		used = next32(r);
		len = VMEDIA_MIN(chain->in_len, sizeof(r->resp));
		fill(r, r->resp, VMEDIA_MIN((size_t)used, len));
		break;
	}
	vmedia_chain_write(chain, 0, r->resp, VMEDIA_MIN((size_t)used, sizeof(r->resp)));
	vmedia_vqd_push(r->vq[0], chain, used);
}

static void event(struct rig *r)
{
	struct vmedia_evt evt = { .type = next(r) % 4, .session_id = next(r) % 8 };
	uint8_t raw[VMEDIA_EVT_MAX_SIZE] = { 0 };
	struct vmedia_chain *chain;
	uint32_t len;
	int n;

	if (vmedia_vqd_pop(r->vq[1], &chain) != 1)
		return;
	evt.buffer.index = next(r) % 40;
	evt.buffer.type = next(r) % 16;
	evt.buffer.memory = next(r) % 5;
	evt.buffer.length = vmedia_drv_type_multi(evt.buffer.type) ? next(r) % 9 : next32(r);
	evt.buffer.bytesused = next32(r);
	evt.buffer.flags = next32(r);
	evt.event.type = evt.buffer.type;
	evt.event.id = evt.buffer.index;
	n = vmedia_evt_encode(&evt, raw, sizeof(raw));
	len = n > 0 ? (uint32_t)n : next32(r);
	patch(r, raw, sizeof(raw));
	vmedia_chain_write(chain, 0, raw, VMEDIA_MIN((size_t)len, sizeof(raw)));
	vmedia_vqd_push(r->vq[1], chain, len);
}

/* Something happens to the rings themselves. */
static void scribble(struct rig *r)
{
	const struct vmedia_drv_vq *vq = &r->drv->vq[next(r) & 1];
	uint8_t *base = vmedia_arena_ptr(&r->drv->arena, vq->page);
	uint64_t off = next32(r) % vq->layout.size;

	base[off] = next(r);
}

static int pump(void *opaque)
{
	struct rig *r = opaque;
	struct vmedia_chain *chain;
	bool any = false;

	if (++r->turns > 2000)
		return -ETIMEDOUT;
	while (vmedia_vqd_pop(r->vq[0], &chain) == 1) {
		any = true;
		if (r->left && next(r) % 8 == 7 && r->num_held < HELD)
			r->held[r->num_held++] = chain;
		else
			answer(r, chain);
		if (r->left && next(r) % 8 == 7)
			event(r);
	}
	return any ? 0 : -ETIMEDOUT;
}

static void on_kick(void *opaque, unsigned int q)
{
}

static void make_queue(struct rig *r, unsigned int i)
{
	struct vmedia_drv_vq *vq = &r->drv->vq[i];
	uint64_t base = (uintptr_t)vmedia_arena_ptr(&r->drv->arena, vq->page);
	struct vmedia_vqd_config cfg = {
		.num = vq->layout.num,
		.features = r->drv->features,
		.desc = base + vq->layout.desc,
		.driver = base + vq->layout.driver,
		.device = base + vq->layout.device,
		.base = vmedia_vqr_base(vq->vqr),
		.name = "fuzz",
	};

	must(!vmedia_vqd_create(&cfg, r->mem, &r->vq[i]));
}

/* ---- The program ---- */

static void check_buffer(struct rig *r, const struct vmedia_buffer *b,
			 const struct vmedia_plane *planes)
{
	uint32_t i;

	if (!vmedia_drv_type_multi(b->type)) {
		must(b->bytesused <= b->length);
		if (b->memory == V4L2_MEMORY_USERPTR)
			must(vmedia_pages_find(r->drv, b->m.userptr, b->length) || !b->length ||
			     b->m.userptr);
		return;
	}
	must(b->length <= VMEDIA_MAX_PLANES);
	for (i = 0; i < b->length; i++)
		must(planes[i].bytesused <= planes[i].length &&
		     planes[i].data_offset <= planes[i].bytesused);
}

static void buffer_call(struct rig *r, struct vmedia_file *f)
{
	static const unsigned int nrs[] = { 9, 15, 93, 17 };
	struct vmedia_plane planes[VMEDIA_MAX_PLANES] = { 0 };
	struct vmedia_buffer b = { .index = next(r) % 40,
				   .type = next(r) % 16,
				   .memory = next(r) % 5 };
	uint8_t uuid[VMEDIA_MAX_PLANES][VMEDIA_UUID_SIZE] = { { 1 } };
	unsigned int nr = nrs[next(r) % 4], i;
	uint8_t *p = r->pages[next(r) % PAGES];

	b.length = b.memory == V4L2_MEMORY_USERPTR ? 4000 : 0;
	b.m.userptr = (uintptr_t)p;
	if (vmedia_drv_type_multi(b.type)) {
		b.length = next(r) % 10;
		b.m.planes = (uintptr_t)planes;
		for (i = 0; i < VMEDIA_MAX_PLANES; i++) {
			planes[i].length = 4096;
			planes[i].m.userptr = (uintptr_t)p;
		}
	}
	if (!vmedia_ioctl_objects(f, nr, &b, uuid) && nr == 17)
		check_buffer(r, &b, planes);
}

static void ctrls_call(struct rig *r, struct vmedia_file *f)
{
	uint8_t payload[64] = { 0 };
	struct vmedia_ext_control c[4];
	struct vmedia_ext_controls ec = { .count = next(r) % 5, .controls = (uintptr_t)c };
	unsigned int i;

	memset(c, 0, sizeof(c));
	for (i = 0; i < 4; i++) {
		c[i].id = next(r);
		c[i].size = next(r) % sizeof(payload);
		if (c[i].size)
			c[i].ptr = (uintptr_t)payload;
	}
	vmedia_ioctl(f, 71 + next(r) % 3, &ec);
	for (i = 0; i < 4; i++)
		must(!c[i].ptr || c[i].ptr == (uintptr_t)payload || !c[i].size);
	must(ec.controls == (uintptr_t)c);
}

static void edid_call(struct rig *r, struct vmedia_file *f)
{
	uint8_t blocks[4 * 128] = { 0 };
	struct vmedia_edid e = { .blocks = next(r) % 5, .edid = (uintptr_t)blocks };

	vmedia_ioctl(f, 40 + next(r) % 2, &e);
	must(e.edid == (uintptr_t)blocks);
}

static bool plain(const struct vmedia_ioctl_info *info)
{
	return info && info->follow == VMEDIA_FOLLOW_NONE && info->nr != 17;
}

static void any_call(struct rig *r, struct vmedia_file *f)
{
	const struct vmedia_ioctl_info *info = vmedia_ioctl_info(next(r) % 105);
	union vmedia_payload arg;
	unsigned int n;

	if (!plain(info))
		return;
	memset(&arg, 0, sizeof(arg));
	for (n = next(r) % 8; n && info->size; n--)
		arg.raw[next(r) % info->size] = next(r);
	vmedia_ioctl(f, info->nr, &arg);
}

/* REQBUFS, STREAMON and the like with arguments that make sense more often than not. */
static void queue_call(struct rig *r, struct vmedia_file *f)
{
	uint32_t type = next(r) % 16, memory = 1 + next(r) % 4;
	struct vmedia_requestbuffers rb = { .count = next(r) % 34, .type = type, .memory = memory };
	struct vmedia_create_buffers cb = { .count = next(r) % 6,
					    .memory = memory,
					    .format.type = type };
	struct vmedia_remove_buffers rm = { .index = next(r) % 34,
					    .count = next(r) % 6,
					    .type = type };

	switch (next(r) % 5) {
	case 0:
		vmedia_ioctl(f, VIDIOC_REQBUFS, &rb);
		break;
	case 1:
		vmedia_ioctl(f, VIDIOC_STREAMON, &type);
		break;
	case 2:
		vmedia_ioctl(f, VIDIOC_STREAMOFF, &type);
		break;
	case 3:
		vmedia_ioctl(f, VIDIOC_CREATE_BUFS, &cb);
		break;
	default:
		vmedia_ioctl(f, 104, &rm);
		break;
	}
}

static void ignore(void *opaque, int err)
{
	++*(unsigned int *)opaque;
}



static void async_call(struct rig *r, struct vmedia_file *f)
{
	const struct vmedia_ioctl_info *info = vmedia_ioctl_info(next(r) % 105);

	if (!plain(info) || r->num_async == VMEDIA_ARRAY_SIZE(r->async))
		return;
	memset(&r->async[r->num_async], 0, sizeof(r->async[0]));
	r->async[r->num_async].raw[0] = next(r);
	vmedia_submit(f, info->nr, &r->async[r->num_async++], next(r) & 3, ignore, &r->dones);
}

static void map_call(struct rig *r, struct vmedia_file *f)
{
	unsigned int i = next(r) % MAPS;
	uint32_t len = 1 + next32(r) % 8192;

	if (r->maps[i]) {
		vmedia_munmap(r->drv, r->maps[i]);
		r->maps[i] = NULL;
	} else if (f && !vmedia_mmap(f, next32(r), len, PROT_READ, (void **)&r->maps[i])) {
		must(*(volatile uint8_t *)r->maps[i] == 0);
		must(*(volatile uint8_t *)(r->maps[i] + len - 1) == 0);
	}
}

static void region(struct rig *r)
{
	uint64_t off = (uint64_t)(next(r) % 20) * 4096, len = (uint64_t)(next(r) % 6) * 4096;

	if (next(r) & 1)
		vmedia_region_map(r->drv, r->fd, 0, off, len, next(r) & 1);
	else
		vmedia_region_unmap(r->drv, off, len);
}

static void pages(struct rig *r)
{
	unsigned int i = next(r) % PAGES;

	if (r->pages[i]) {
		must(!vmedia_pages_free(r->drv, r->pages[i]));
		r->pages[i] = NULL;
	} else {
		vmedia_pages_alloc(r->drv, 1 + next(r) * 64, next(r) & 1, (void **)&r->pages[i]);
	}
}

static void session(struct rig *r, unsigned int i)
{
	if (r->f[i]) {
		vmedia_close(r->f[i]);
		r->f[i] = NULL;
	} else if (vmedia_open(r->drv, next(r) & 1 ? O_NONBLOCK : 0, &r->f[i])) {
		r->f[i] = NULL;
	}
}

static void step(struct rig *r)
{
	uint8_t op = next(r);
	unsigned int i = op >> 6;
	struct vmedia_file *f = r->f[i];
	struct vmedia_event ev;

	switch (op & 15) {
	case 0:
		session(r, i);
		return;
	case 1:
		event(r);
		return;
	case 2:
		region(r);
		return;
	case 3:
		pages(r);
		return;
	case 4:
		vmedia_driver_process(r->drv);
		return;
	case 5:
		map_call(r, f);
		return;
	case 6:
		if (r->num_held)
			answer(r, r->held[--r->num_held]);
		return;
	case 7:
		if (op & 0x20)
			scribble(r);
		return;
	}
	if (!f)
		return;
	switch (op & 15) {
	case 8:
		any_call(r, f);
		break;
	case 9:
		queue_call(r, f);
		break;
	case 10:
		ctrls_call(r, f);
		break;
	case 11:
		edid_call(r, f);
		break;
	case 12:
		async_call(r, f);
		break;
	case 13:
		vmedia_ioctl(f, VIDIOC_DQEVENT, &ev);
		vmedia_poll_mask(f);
		break;
	default:
		buffer_call(r, f);
		break;
	}
}

static void quiet(void *opaque, int level, const char *msg)
{
}

static void begin(struct rig *r)
{
	static const struct vmedia_config config = { .device_caps = 0x04200001 };
	struct vmedia_drv_hooks hooks = { .pump = pump, .kick = on_kick, .opaque = r };
	struct vmedia_driver_options opts = { .fd = -1, .queue_size = 8, .memory_size = 1 << 20 };
	uint8_t kind = next(r);
	uint64_t features = 1ull << VMEDIA_VIRTIO_F_VERSION_1;

	features |= (uint64_t)(kind & 1) << VMEDIA_VIRTIO_F_INDIRECT_DESC;
	features |= (uint64_t)(kind >> 1 & 1) << VMEDIA_VIRTIO_F_EVENT_IDX;
	features |= (uint64_t)(kind >> 2 & 1) << VMEDIA_VIRTIO_F_RING_PACKED;
	opts.flags = kind & 8 ? VMEDIA_DRIVER_SPLIT : 0;
	must(!vmedia_drv_create_bare(&opts, &hooks, features, &config, REGION, &r->drv));
	must(!vmedia_mem_plain(r->drv->arena.base, VMEDIA_DRV_GPA, r->drv->arena.size, &r->mem));
	make_queue(r, 0);
	make_queue(r, 1);
	r->next_id = 1;
}

static void end(struct rig *r)
{
	unsigned int i;

	for (i = 0; i < MAPS; i++) {
		if (r->maps[i])
			vmedia_munmap(r->drv, r->maps[i]);
	}
	for (i = 0; i < FILES; i++)
		vmedia_close(r->f[i]);
	vmedia_driver_disconnect(r->drv);
	vmedia_vqd_destroy(r->vq[0]);
	vmedia_vqd_destroy(r->vq[1]);
	vmedia_mem_put(r->mem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rig *r;
	static int fd;
	unsigned int steps = 0;

	if (!r) {
		vmedia_log_set(quiet, NULL);
		r = malloc(sizeof(*r));
		fd = vmedia_memfd("fuzz", 4 * 4096);
		must(r && fd >= 0);
	}
	memset(r, 0, offsetof(struct rig, cmd));
	r->num_async = 0;
	r->dones = 0;
	r->fd = fd;
	r->in = data;
	r->left = size;
	begin(r);
	while (r->left && steps++ < 300)
		step(r);
	r->left = 0;
	end(r);
	return 0;
}
