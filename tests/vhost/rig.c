/* SPDX-License-Identifier: BSD-3-Clause */
/* The rig: see rig.h. */
#include "rig.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"

int rig_count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* ---- the device ---- */

static void dev_ready(void *opaque, unsigned int idx, struct vmedia_vqd *vq)
{
	struct rig *r = opaque;

	assert_non_null(vq);
	assert_false(r->running[idx]);
	r->running[idx] = true;
	r->ready[idx]++;
}

static void dev_stop(void *opaque, unsigned int idx)
{
	struct rig *r = opaque;

	assert_true(r->running[idx]);
	r->running[idx] = false;
	r->stopped[idx]++;
	while (r->num_held[idx])
		vmedia_vub_push(r->vub, idx, r->held[idx][--r->num_held[idx]], 0);
	if (r->destroy_on_stop) {
		vmedia_vub_destroy(r->vub);
		r->vub = NULL;
	}
}

static void dev_chain(struct rig *r, unsigned int idx, struct vmedia_chain *c)
{
	uint8_t byte = 0;

	if (c->err)
		r->bad_chains++;
	if (!c->err && r->hold && r->num_held[idx] < RIG_HELD) {
		r->held[idx][r->num_held[idx]++] = c;
		return;
	}
	vmedia_chain_read(c, 0, &byte, 1);
	byte++;
	vmedia_vub_push(r->vub, idx, c, vmedia_chain_write(c, 0, &byte, 1));
}

static void dev_kick(void *opaque, unsigned int idx)
{
	struct rig *r = opaque;
	struct vmedia_chain *c;

	assert_true(r->running[idx]);
	r->kicks[idx]++;
	r->alone += !r->running[0] || !r->running[1];
	if (r->destroy_on_kick) {
		vmedia_vub_destroy(r->vub);
		r->vub = NULL;
		return;
	}
	while (vmedia_vub_pop(r->vub, idx, &c) > 0)
		dev_chain(r, idx, c);
	if (r->refill)
		rig_send(r, idx, r->refill--);
	vmedia_vub_notify(r->vub, idx);
}

static void dev_get_config(void *opaque, uint32_t offset, void *data, uint32_t len)
{
	struct rig *r = opaque;

	assert_true(offset + len <= RIG_CONFIG);
	memcpy(data, r->config + offset, len);
}

static int dev_set_config(void *opaque, uint32_t offset, const void *data, uint32_t len)
{
	struct rig *r = opaque;

	if (!r->config_writable)
		return -EROFS;
	assert_true(offset + len <= RIG_CONFIG);
	memcpy(r->config + offset, data, len);
	return 0;
}

static void dev_reset(void *opaque)
{
	struct rig *r = opaque;
	unsigned int i;

	for (i = 0; i < RIG_QUEUES; i++)
		assert_false(r->running[i]);
	r->resets++;
	if (r->destroy_on_reset) {
		vmedia_vub_destroy(r->vub);
		r->vub = NULL;
	}
}

static void dev_mem_changed(void *opaque, struct vmedia_mem *mem)
{
	struct rig *r = opaque;

	assert_non_null(mem);
	r->mem_changes++;
}

static void dev_features(void *opaque, uint64_t features)
{
	((struct rig *)opaque)->features = features;
}

static int dev_object(void *opaque, const uint8_t uuid[VMEDIA_VU_UUID_SIZE])
{
	struct rig *r = opaque;

	return r->object_fd < 0 || uuid[0] != 7 ? -ENOENT : vmedia_fd_dup(r->object_fd);
}

static void dev_channel(void *opaque)
{
	((struct rig *)opaque)->channels++;
}

static void dev_closed(void *opaque, int reason)
{
	struct rig *r = opaque;

	r->closed++;
	r->reason = reason;
	vmedia_vub_destroy(r->vub);
	r->vub = NULL;
}

static const struct vmedia_vub_ops dev_ops = {
	.queue_ready = dev_ready,
	.queue_stop = dev_stop,
	.kick = dev_kick,
	.get_config = dev_get_config,
	.set_config = dev_set_config,
	.reset = dev_reset,
	.mem_changed = dev_mem_changed,
	.features = dev_features,
	.get_shared_object = dev_object,
	.channel_ready = dev_channel,
	.closed = dev_closed,
};

/* ---- the front-end's owner ---- */

static int own_map(void *opaque, uint8_t shmid, int fd, uint64_t fd_off, uint64_t shm_off,
		   uint64_t len, bool rw)
{
	struct rig *r = opaque;

	r->maps++;
	r->map.shmid = shmid;
	r->map.fd_off = fd_off;
	r->map.shm_off = shm_off;
	r->map.len = len;
	r->map.rw = rw;
	assert_int_equal(pread(fd, &r->map.first, 1, fd_off), 1);
	return r->op_result;
}

static int own_unmap(void *opaque, uint8_t shmid, uint64_t shm_off, uint64_t len)
{
	struct rig *r = opaque;

	r->unmaps++;
	return r->op_result;
}

static int own_add(void *opaque, const uint8_t uuid[VMEDIA_VU_UUID_SIZE])
{
	((struct rig *)opaque)->adds++;
	return ((struct rig *)opaque)->op_result;
}

static int own_remove(void *opaque, const uint8_t uuid[VMEDIA_VU_UUID_SIZE])
{
	((struct rig *)opaque)->removes++;
	return ((struct rig *)opaque)->op_result;
}

static int own_lookup(void *opaque, const uint8_t uuid[VMEDIA_VU_UUID_SIZE])
{
	struct rig *r = opaque;

	r->lookups++;
	return r->object_fd < 0 || uuid[0] != 7 ? -ENOENT : vmedia_fd_dup(r->object_fd);
}

static void own_config_change(void *opaque)
{
	((struct rig *)opaque)->config_changes++;
}

static const struct vmedia_vuf_ops own_ops = {
	.shmem_map = own_map,
	.shmem_unmap = own_unmap,
	.object_add = own_add,
	.object_remove = own_remove,
	.object_lookup = own_lookup,
	.config_change = own_config_change,
};

static int pump(void *opaque)
{
	struct rig *r = opaque;
	int ret = vmedia_loop_step(r->loop, 0);

	return ret < 0 ? ret : 0;
}

void rig_settle(struct rig *r)
{
	int n;

	do {
		n = vmedia_loop_step(r->loop, 0);
		assert_true(n >= 0);
	} while (n);
}

void rig_open(struct rig *r, const struct rig_options *opt)
{
	static const struct rig_options none;
	static const uint64_t shmem[3] = { RIG_SHMEM, 0, 1u << 16 };
	struct vmedia_vub_config back = {
		.num_queues = RIG_QUEUES,
		.max_queue_size = 128,
		.config_size = RIG_CONFIG,
		.num_shmem = 3,
		.shmem_size = shmem,
	};
	struct vmedia_vuf_config front = { .pump = pump, .pump_opaque = r };
	static struct vmedia_vub_ops ops;
	int sv[2], i;

	if (!opt)
		opt = &none;
	memset(r, 0, sizeof(*r));
	r->fds = rig_count_fds();
	r->object_fd = -1;
	for (i = 0; i < RIG_CONFIG; i++)
		r->config[i] = i + 1;
	for (i = 0; i < RIG_QUEUES; i++)
		r->ring[i].kick = r->ring[i].call = r->ring[i].err = -1;
	back.mask_features = opt->mask_features;
	back.mask_protocol = opt->mask_protocol;
	back.shmem_bit = opt->back_bit;
	back.max_memory = opt->max_memory;
	back.max_slots = opt->max_slots;
	front.features = opt->want_features;
	front.protocol_features = opt->want_protocol;
	front.shmem_bit = opt->front_bit;
	ops = dev_ops;
	if (opt->no_shared_object)
		ops.get_shared_object = NULL;
	r->mem_fd = vmedia_memfd("guest", RIG_MEM_SIZE);
	assert_true(r->mem_fd >= 0);
	r->mem = mmap(NULL, RIG_MEM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, r->mem_fd, 0);
	assert_ptr_not_equal(r->mem, MAP_FAILED);
	assert_int_equal(vmedia_loop_create(&r->loop), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv), 0);
	assert_int_equal(vmedia_vub_create(r->loop, sv[0], &back, &ops, r, &r->vub), 0);
	assert_int_equal(vmedia_vuf_create(sv[1], &front, &own_ops, r, &r->vuf), 0);
}

void rig_close(struct rig *r)
{
	unsigned int i;

	vmedia_vuf_destroy(r->vuf);
	rig_settle(r);
	if (r->vub) {
		vmedia_vub_destroy(r->vub);
		fail_msg("the back-end did not notice that the front-end left");
	}
	for (i = 0; i < RIG_QUEUES; i++) {
		assert_int_equal(r->ready[i], r->stopped[i]);
		rig_drop_ring(r, i);
	}
	vmedia_fd_close(&r->object_fd);
	munmap(r->mem, RIG_MEM_SIZE);
	vmedia_fd_close(&r->mem_fd);
	vmedia_loop_destroy(r->loop);
	while (r->closing && rig_count_fds() > r->fds)
		sched_yield();
	assert_int_equal(rig_count_fds(), r->fds);
}

struct vmedia_vuf_region rig_region(const struct rig *r)
{
	return (struct vmedia_vuf_region){
		.guest_addr = RIG_GPA, .user_addr = RIG_UVA, .size = RIG_MEM_SIZE, .fd = r->mem_fd
	};
}

void rig_start(struct rig *r, const struct rig_options *opt)
{
	struct vmedia_vuf_region region;

	rig_open(r, opt);
	region = rig_region(r);
	assert_int_equal(vmedia_vuf_negotiate(r->vuf), 0);
	assert_int_equal(vmedia_vuf_set_mem_table(r->vuf, &region, 1), 0);
}

void rig_drop_ring(struct rig *r, unsigned int idx)
{
	struct rig_ring *g = &r->ring[idx];

	vmedia_vqr_destroy(g->vqr);
	g->vqr = NULL;
	vmedia_fd_close(&g->kick);
	vmedia_fd_close(&g->call);
	vmedia_fd_close(&g->err);
}

void rig_make_ring(struct rig *r, unsigned int idx, uint64_t features, struct vmedia_vuf_vring *v)
{
	struct rig_ring *g = &r->ring[idx];
	struct vmedia_vqr_config cfg = { .features = features, .name = "rig" };

	rig_drop_ring(r, idx);
	g->off = idx * 0x20000;
	assert_int_equal(vmedia_vq_layout(RIG_NUM, cfg.features, 0, &g->layout), 0);
	cfg.layout = g->layout;
	cfg.base = r->mem + g->off;
	cfg.base_gpa = RIG_GPA + g->off;
	assert_int_equal(vmedia_vqr_create(&cfg, &g->vqr), 0);
	*v = (struct vmedia_vuf_vring){
		.num = RIG_NUM,
		.desc = RIG_UVA + g->off + g->layout.desc,
		.avail = RIG_UVA + g->off + g->layout.driver,
		.used = RIG_UVA + g->off + g->layout.device,
		.kick_fd = vmedia_eventfd(),
		.call_fd = vmedia_eventfd(),
		.err_fd = vmedia_eventfd(),
	};
	g->kick = v->kick_fd;
	g->call = v->call_fd;
	g->err = v->err_fd;
}

void rig_setup_ring(struct rig *r, unsigned int idx, uint32_t base)
{
	struct vmedia_vuf_vring v;

	rig_make_ring(r, idx, vmedia_vuf_features(r->vuf), &v);
	v.base = base;
	assert_int_equal(vmedia_vuf_setup_vring(r->vuf, idx, &v), 0);
}

void rig_offer(struct rig *r, unsigned int idx, uint8_t byte)
{
	static char cookies[256];
	struct rig_ring *g = &r->ring[idx];
	uint64_t off = g->off + 0x10000 + byte * 16;
	struct vmedia_gpa_range out = { .gpa = RIG_GPA + off, .len = 1 };
	struct vmedia_gpa_range in = { .gpa = RIG_GPA + off + 1, .len = 1 };

	r->mem[off] = byte;
	r->mem[off + 1] = 0;
	assert_int_equal(vmedia_vqr_add(g->vqr, &out, 1, &in, 1, &cookies[byte], 0), 0);
	vmedia_vqr_publish(g->vqr);
}

void rig_send(struct rig *r, unsigned int idx, uint8_t byte)
{
	rig_offer(r, idx, byte);
	if (vmedia_vqr_kick_needed(r->ring[idx].vqr))
		vmedia_eventfd_signal(r->ring[idx].kick);
}

int rig_recv(struct rig *r, unsigned int idx)
{
	struct rig_ring *g = &r->ring[idx];
	uint32_t len;
	void *cookie;
	int ret = vmedia_vqr_get_used(g->vqr, &cookie, &len);

	assert_true(ret >= 0);
	if (!ret)
		return -1;
	if (!len)
		return 0;
	/* Any byte's place: the reader knows which it sent last. */
	return (int)len;
}

void rig_echo(struct rig *r, unsigned int idx, uint8_t byte)
{
	struct rig_ring *g = &r->ring[idx];

	rig_send(r, idx, byte);
	rig_settle(r);
	assert_int_equal(vmedia_eventfd_clear(g->call), 1);
	assert_int_equal(rig_recv(r, idx), 1);
	assert_int_equal(r->mem[g->off + 0x10000 + byte * 16 + 1], (uint8_t)(byte + 1));
	/* Ask for the next interrupt. */
	assert_false(vmedia_vqr_enable_notify(g->vqr));
}

int64_t rig_raw(struct rig *r, uint32_t request, bool need_reply, const void *payload,
		uint32_t size, const int *fds, unsigned int num_fds)
{
	struct vmedia_vu_msg msg = {
		.hdr = { request, VMEDIA_VU_VERSION | (need_reply ? VMEDIA_VU_FLAG_NEED_REPLY : 0),
			 size },
		.num_fds = num_fds,
	};
	const struct vmedia_vu_row *row = vmedia_vu_row(VMEDIA_VU_FRONT, request);
	bool wait = need_reply || (row && row->reply == VMEDIA_VU_REPLY_OWN);
	struct vmedia_vu_msg reply;
	int64_t ret = -1;

	if (size)
		memcpy(msg.p.bytes, payload, size);
	if (num_fds)
		memcpy(msg.fd, fds, num_fds * sizeof(int));
	if (vmedia_vuf_raw(r->vuf, &msg, wait, &reply))
		return -2;
	rig_settle(r);
	if (!r->vub)
		return -2;
	if (wait) {
		assert_int_equal(reply.hdr.request, request);
		assert_int_equal(reply.hdr.flags, VMEDIA_VU_VERSION | VMEDIA_VU_FLAG_REPLY);
		ret = reply.hdr.size ? (int64_t)reply.p.u64 : -1;
		vmedia_vu_msg_drop_fds(&reply);
	}
	return ret;
}
