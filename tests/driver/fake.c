// SPDX-License-Identifier: BSD-3-Clause
/* A device for tests of the driver, see fake.h. */
#include "fake.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdlib.h>
#include <string.h>

const struct fake_ring fake_rings[FAKE_RINGS] = {
	{ 0, "split" },
	{ 1ull << VMEDIA_VIRTIO_F_EVENT_IDX, "split, event index" },
	{ 1ull << VMEDIA_VIRTIO_F_RING_PACKED, "packed" },
	{ 1ull << VMEDIA_VIRTIO_F_RING_PACKED | 1ull << VMEDIA_VIRTIO_F_EVENT_IDX,
	  "packed, event index" },
};

static int pump(void *opaque)
{
	fake_turn(opaque);
	return 0;
}

static void on_kick(void *opaque, unsigned int q)
{
	((struct fake *)opaque)->kicks++;
}

static void make_queue(struct fake *d, unsigned int i)
{
	struct vmedia_drv_vq *vq = &d->drv->vq[i];
	uint64_t base = (uintptr_t)vmedia_arena_ptr(&d->drv->arena, vq->page);
	struct vmedia_vqd_config cfg = {
		.num = vq->layout.num,
		.features = d->drv->features,
		.desc = base + vq->layout.desc,
		.driver = base + vq->layout.driver,
		.device = base + vq->layout.device,
		.base = vmedia_vqr_base(vq->vqr),
		.name = "fake",
	};

	if (vmedia_vqd_create(&cfg, d->mem, &d->vq[i]))
		abort();
	vmedia_vqd_enable_kick(d->vq[i]);
}

static struct fake *create(uint64_t features, uint32_t flags, uint64_t region_size, bool polled)
{
	struct fake *d = calloc(1, sizeof(*d));
	struct vmedia_drv_hooks hooks = { .pump = pump,
					  .kick = polled ? NULL : on_kick,
					  .opaque = d };
	struct vmedia_driver_options opts = {
		.fd = -1, .flags = flags, .queue_size = 16, .memory_size = 32 << 20
	};
	struct vmedia_config config = { .device_caps = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING,
					.card = "fake" };
	unsigned int i;

	features |= 1ull << VMEDIA_VIRTIO_F_VERSION_1;
	if (!d || vmedia_drv_create_bare(&opts, &hooks, features, &config, region_size, &d->drv))
		abort();
	if (vmedia_mem_plain(d->drv->arena.base, VMEDIA_DRV_GPA, d->drv->arena.size, &d->mem))
		abort();
	for (i = 0; i < 2; i++)
		make_queue(d, i);
	d->next_id = 1;
	return d;
}

struct fake *fake_create(uint64_t features, uint32_t flags, uint64_t region_size)
{
	return create(features, flags, region_size, false);
}

struct fake *fake_create_polled(uint64_t features, uint32_t flags)
{
	return create(features, flags, 0, true);
}

void fake_destroy(struct fake *d)
{
	unsigned int i;

	if (!d)
		return;
	d->hold = false;
	d->lie = NULL;
	d->seen = NULL;
	d->drv->hooks.pump = pump;
	vmedia_driver_disconnect(d->drv);
	for (i = 0; i < 2; i++)
		vmedia_vqd_destroy(d->vq[i]);
	vmedia_mem_put(d->mem);
	free(d);
}

static void push(struct fake *d, unsigned int q, struct vmedia_chain *chain, uint32_t used)
{
	vmedia_vqd_push(d->vq[q], chain, used);
	if (!vmedia_vqd_notify_needed(d->vq[q]))
		return;
	d->calls[q]++;
	if (d->drv->vq[q].call_fd >= 0)
		vmedia_eventfd_signal(d->drv->vq[q].call_fd);
}

int fake_sleep(struct fake *d, bool (*scene)(struct fake *d))
{
	unsigned int before = d->calls[0] + d->calls[1];

	for (;;) {
		fake_turn(d);
		if (d->calls[0] + d->calls[1] != before)
			return 0;
		if (!scene(d))
			return -1;
	}
}

/* What an honest device does with buffers of 8 KiB. */
static void answer_buffer(struct fake *d)
{
	struct vmedia_ioctl *io = &d->cmd.io;
	struct vmedia_buffer *b = &io->arg.buffer;
	uint32_t i;

	if (vmedia_drv_type_multi(b->type)) {
		if (io->num_planes > 2 && io->info->nr == _IOC_NR(VIDIOC_QUERYBUF))
			io->num_planes = 2;
		b->length = io->num_planes;
		for (i = 0; b->memory == V4L2_MEMORY_MMAP && i < io->num_planes; i++) {
			io->planes[i].length = FAKE_BUF_LEN >> i;
			io->planes[i].m.mem_offset = b->index * 0x10000 + i * 0x4000;
		}
	} else if (b->memory == V4L2_MEMORY_MMAP) {
		b->length = FAKE_BUF_LEN;
		b->m.offset = b->index * 0x10000;
	}
}

static int act(struct fake *d)
{
	switch (d->cmd.type) {
	case VMEDIA_CMD_OPEN:
		d->cmd.session_id = d->next_id++;
		return 0;
	case VMEDIA_CMD_CLOSE:
		d->closes++;
		d->last_close = d->cmd.session_id;
		return 0;
	case VMEDIA_CMD_MMAP:
		d->cmd.driver_addr = d->map_addr;
		d->cmd.mmap_len = d->map_len;
		return 0;
	case VMEDIA_CMD_MUNMAP:
		d->munmaps++;
		d->last_munmap = d->cmd.driver_addr;
		return 0;
	default:
		break;
	}
	if (!d->err && d->cmd.io.info && d->cmd.io.info->follow == VMEDIA_FOLLOW_PLANES)
		answer_buffer(d);
	return d->err;
}

static void take(struct fake *d, struct vmedia_chain *chain)
{
	d->req_len = vmedia_chain_read(chain, 0, d->req, sizeof(d->req));
	memset(&d->cmd, 0, sizeof(d->cmd));
	d->cmd.io.ctrls = d->ctrls;
	d->cmd.io.ctrl_sg = d->ctrl_sg;
	d->cmd.io.max_ctrls = 64;
	d->cmd.io.edid = d->edid;
	d->cmd.io.max_edid_blocks = VMEDIA_MAX_EDID_BLOCKS;
}

static void answer(struct fake *d, struct vmedia_chain *chain)
{
	struct fake_answer a = { .cmd = &d->cmd, .bytes = d->resp, .cap = (uint32_t)chain->in_len };
	int err, n;

	take(d, chain);
	err = vmedia_cmd_decode(&d->cmd, d->req, d->req_len);
	if (!err && d->seen)
		d->seen(d);
	if (!err)
		err = act(d);
	memset(d->resp, 0, sizeof(d->resp));
	n = vmedia_resp_encode(&d->cmd, err, d->resp, VMEDIA_MIN(chain->in_len, sizeof(d->resp)));
	a.used = n > 0 ? (uint32_t)n : 0;
	if (d->lie)
		d->lie(d, &a);
	vmedia_chain_write(chain, 0, d->resp, VMEDIA_MIN((size_t)a.used, chain->in_len));
	push(d, 0, chain, a.used);
	if (d->after)
		d->after(d);
}

void fake_turn(struct fake *d)
{
	struct vmedia_chain *chain;

	while (!d->deaf && d->vq[0] && vmedia_vqd_pop(d->vq[0], &chain) == 1) {
		d->commands++;
		if (chain->err) {
			push(d, 0, chain, 0);
		} else if (d->hold) {
			assert(d->num_held < FAKE_MAX_HELD);
			d->held[d->num_held++] = chain;
		} else {
			answer(d, chain);
		}
	}
	if (d->vq[0])
		vmedia_vqd_enable_kick(d->vq[0]);
}

void fake_release(struct fake *d)
{
	struct vmedia_chain *chain = d->held[0];

	assert(d->num_held);
	memmove(d->held, d->held + 1, --d->num_held * sizeof(d->held[0]));
	answer(d, chain);
}

bool fake_event_raw(struct fake *d, const void *bytes, uint32_t len)
{
	struct vmedia_chain *chain;

	if (vmedia_vqd_pop(d->vq[1], &chain) != 1)
		return false;
	vmedia_chain_write(chain, 0, bytes, len);
	push(d, 1, chain, len);
	return true;
}

bool fake_event(struct fake *d, const struct vmedia_evt *evt)
{
	uint8_t raw[VMEDIA_EVT_MAX_SIZE];
	int n = vmedia_evt_encode(evt, raw, sizeof(raw));

	assert(n > 0);
	return fake_event_raw(d, raw, (uint32_t)n);
}

struct vmedia_evt fake_dqbuf(uint32_t session, uint32_t index, uint32_t memory)
{
	struct vmedia_evt evt = { .type = VMEDIA_EVT_DQBUF, .session_id = session };

	evt.buffer.index = index;
	evt.buffer.type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	evt.buffer.memory = memory;
	evt.buffer.length = FAKE_BUF_LEN;
	evt.buffer.bytesused = 1000 + index;
	evt.buffer.sequence = 40 + index;
	return evt;
}

struct vmedia_file *fake_session(struct fake *d, uint32_t num, uint32_t memory)
{
	struct vmedia_requestbuffers rb = { .count = num,
					    .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
					    .memory = memory };
	struct vmedia_buffer b;
	struct vmedia_file *f;
	uint32_t i;

	if (vmedia_open(d->drv, O_NONBLOCK, &f))
		return NULL;
	if (!num)
		return f;
	if (vmedia_ioctl(f, VIDIOC_REQBUFS, &rb))
		return NULL;
	for (i = 0; i < num && memory == V4L2_MEMORY_MMAP; i++) {
		b = (struct vmedia_buffer){ .index = i, .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };
		if (vmedia_ioctl(f, VIDIOC_QUERYBUF, &b))
			return NULL;
	}
	return f;
}

int fake_qbuf(struct vmedia_file *f, uint32_t index, uint32_t memory, void *ptr)
{
	struct vmedia_buffer b = { .index = index,
				   .type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
				   .memory = memory };

	if (memory == V4L2_MEMORY_USERPTR) {
		b.m.userptr = (uintptr_t)ptr;
		b.length = FAKE_BUF_LEN;
	}
	return vmedia_ioctl(f, VIDIOC_QBUF, &b);
}

int fake_dq(struct vmedia_file *f, uint32_t memory, struct vmedia_buffer *b)
{
	*b = (struct vmedia_buffer){ .type = V4L2_BUF_TYPE_VIDEO_CAPTURE, .memory = memory };
	return vmedia_ioctl(f, VIDIOC_DQBUF, b);
}

int fake_stream(struct vmedia_file *f, bool on)
{
	uint32_t type = V4L2_BUF_TYPE_VIDEO_CAPTURE;

	return vmedia_ioctl(f, on ? VIDIOC_STREAMON : VIDIOC_STREAMOFF, &type);
}

struct vmedia_driver_stats fake_stats(struct fake *d)
{
	struct vmedia_driver_stats s;

	vmedia_driver_stats(d->drv, &s);
	return s;
}
