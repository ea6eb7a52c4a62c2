/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rings: their messages, their states (see vhost/backend.h), kicks and interrupts.
 *
 * Theory of operation. Messages only store the front-end's values. vmedia_vub_ring_update() then
 * checks whether the ring has everything that it needs. If so, it polls the kick descriptor, and
 * has the loop start the ring and look into it even without a kick: the driver may have queued
 * buffers before the front-end listened for its kicks. Before the loop looks into a ring, it starts
 * all that have what they need: a command that is served before the event queue runs would find no
 * event buffer, although the driver queued one earlier. A message that changes size, base or
 * addresses of a running ring stops it first. While the user handles a kick, the driver's kicks are
 * disabled. They are enabled before the ring goes idle again. Chains that came in between count as
 * another kick, as long as the user takes chains. A driver that adds chains without end gets
 * KICKS_PER_ROUND of these, then the loop goes on to other work.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "vhost/backend_impl.h"
#include "virtq/dev.h"
#include "virtq/inflight.h"
#include "virtq/mem.h"
#include "virtq/ring.h"

#define KICKS_PER_ROUND 4

static bool has_feature(const struct vmedia_vub *vub, unsigned int bit)
{
	return vub->features >> bit & 1;
}

static bool is_enabled(const struct vmedia_vub_ring *r)
{
	if (r->enable == VMEDIA_VUB_ENABLE_UNSAID)
		return !has_feature(r->vub, VMEDIA_VU_F_PROTOCOL);
	return r->enable == VMEDIA_VUB_ENABLE_ON;
}

static bool is_complete(const struct vmedia_vub_ring *r)
{
	const struct vmedia_vub *vub = r->vub;

	if (vub->dead || r->broken || !vub->mem || !has_feature(vub, VMEDIA_VIRTIO_F_VERSION_1))
		return false;
	if (!is_enabled(r))
		return false;
	return r->num && r->addr_set && r->kick.fd >= 0;
}

bool vmedia_vub_any_running(const struct vmedia_vub *vub)
{
	unsigned int i;

	for (i = 0; i < vub->cfg.num_queues; i++)
		if (vub->ring[i].vq)
			return true;
	return false;
}

void vmedia_vub_inflight_drop(struct vmedia_vub *vub)
{
	vmedia_inflight_close(vub->inflight);
	vub->inflight = NULL;
}

/*
 * The index at which a ring begins. UML sends 0 for a fresh packed ring, whose wrap counters are 1;
 * 0 is real only if this ring stopped at it.
 */
static uint32_t first_base(const struct vmedia_vub_ring *r)
{
	if (!has_feature(r->vub, VMEDIA_VIRTIO_F_RING_PACKED))
		return r->base;
	return r->base || r->has_run ? r->base : VMEDIA_VQD_BASE_PACKED;
}

static void ring_broken(struct vmedia_vub_ring *r)
{
	if (r->broken)
		return;
	r->broken = true;
	vmedia_vub_signal_send(&r->err);
}

static int ring_start(struct vmedia_vub_ring *r)
{
	struct vmedia_vub *vub = r->vub;
	char name[16];
	struct vmedia_vqd_config cfg = {
		.num = r->num,
		.features = vub->features,
		.desc = r->desc,
		.driver = r->avail,
		.device = r->used,
		.base = first_base(r),
		.name = name,
	};
	int err;

	snprintf(name, sizeof(name), "ring %u", r->idx);
	if (vub->inflight)
		cfg.inflight = vmedia_inflight_queue(vub->inflight, r->idx);
	err = vmedia_vqd_create(&cfg, vub->mem, &r->vq);
	if (err) {
		vmedia_vub_warn(vub,
				"ring %u of %u descriptors at 0x%" PRIx64 ", 0x%" PRIx64
				", 0x%" PRIx64 " cannot start at 0x%x: %s",
				r->idx, r->num, r->desc, r->avail, r->used, cfg.base,
				strerror(-err));
		r->vq = NULL;
		ring_broken(r);
		return err;
	}
	vmedia_info("vhost-user: ring %u runs: %u descriptors, %s", r->idx, r->num,
		    has_feature(vub, VMEDIA_VIRTIO_F_RING_PACKED) ? "packed" : "split");
	vub->ops->queue_ready(vub->opaque, r->idx, r->vq);
	return 0;
}

void vmedia_vub_ring_stop(struct vmedia_vub_ring *r)
{
	struct vmedia_vqd *vq = r->vq;

	if (!vq)
		return;
	if (r->stopping) {
		/* The callback below destroyed the back-end. */
		r->vq = NULL;
		vmedia_deferred_cancel(&r->again);
		vmedia_vqd_destroy(vq);
		return;
	}
	r->stopping = true;
	r->vub->ops->queue_stop(r->vub->opaque, r->idx);
	r->stopping = false;
	if (!r->vq)
		return;
	vmedia_vub_notify(r->vub, r->idx);
	r->base = vmedia_vqd_base(vq);
	r->has_run = true;
	r->vq = NULL;
	vmedia_deferred_cancel(&r->again);
	vmedia_vqd_destroy(vq);
	vmedia_info("vhost-user: ring %u stopped at 0x%x", r->idx, r->base);
}

/* Deliver a kick to the user. Returns false if the ring is gone. */
static bool deliver_one(struct vmedia_vub_ring *r)
{
	struct vmedia_vub *vub = r->vub;
	struct vmedia_vqd *vq = r->vq;

	vub->ops->kick(vub->opaque, r->idx);
	return !vub->dead && r->vq == vq;
}

static void deliver(struct vmedia_vub_ring *r)
{
	unsigned int i;
	uint32_t base;

	if (r->in_kick)
		return;
	r->in_kick = true;
	for (i = 0; i < KICKS_PER_ROUND; i++) {
		vmedia_vqd_disable_kick(r->vq);
		base = vmedia_vqd_base(r->vq);
		if (!deliver_one(r))
			goto out;
		if (!vmedia_vqd_enable_kick(r->vq))
			goto out;
		/* The user left these chains. It takes them later, without a kick. */
		if (i && base == vmedia_vqd_base(r->vq))
			goto out;
	}
	vmedia_defer(&r->again);
out:
	r->in_kick = false;
}

static void check_memory(struct vmedia_vub *vub)
{
	if (vub->dead || !vub->mem || !vmedia_mem_broken(vub->mem))
		return;
	vmedia_warn(
		"vhost-user: closing the connection: a file of the guest's memory was truncated");
	vub->shut_down(vub, -EFAULT);
}

/* Start the rings that are complete and wait for the loop. */
static void start_rings(struct vmedia_vub *vub)
{
	unsigned int i;

	for (i = 0; i < vub->cfg.num_queues && !vub->dead; i++) {
		struct vmedia_vub_ring *r = &vub->ring[i];

		if (r->kick_src.loop && !r->vq && !r->broken)
			ring_start(r);
	}
}

/* Start a complete ring, and have the user look into it. */
static void run(struct vmedia_vub_ring *r)
{
	struct vmedia_vub *vub = r->vub;

	vmedia_vub_enter(vub);
	start_rings(vub);
	if (!vub->dead && r->vq)
		deliver(r);
	check_memory(vub);
	vmedia_vub_leave(vub);
}

static void on_again(struct vmedia_deferred *d)
{
	run(vmedia_container_of(d, struct vmedia_vub_ring, again));
}

void vmedia_vub_look(struct vmedia_vub *vub, unsigned int idx)
{
	struct vmedia_vub_ring *r = &vub->ring[idx];

	if (idx >= vub->cfg.num_queues || r->in_kick)
		return;
	vmedia_vub_enter(vub);
	/* The driver's kicks are enabled already; this only checks for chains. */
	if (r->vq && vmedia_vqd_enable_kick(r->vq))
		deliver(r);
	check_memory(vub);
	vmedia_vub_leave(vub);
}

static void on_kick(struct vmedia_source *src, uint32_t revents)
{
	struct vmedia_vub_ring *r = vmedia_container_of(src, struct vmedia_vub_ring, kick_src);

	if (!(revents & EPOLLIN))
		return; /* edge-triggered: a closed other end reports once */
	vmedia_vub_signal_drain(&r->kick);
	r->stats.kicks++;
	run(r);
}

/* Stop polling for kicks, and cancel the pending look. */
static void disarm(struct vmedia_vub_ring *r)
{
	vmedia_loop_del_fd(&r->kick_src);
	vmedia_deferred_cancel(&r->again);
}

void vmedia_vub_ring_update(struct vmedia_vub_ring *r)
{
	int err;

	if (!is_complete(r)) {
		disarm(r);
		vmedia_vub_ring_stop(r);
		return;
	}
	if (r->kick_src.loop)
		return;
	err = vmedia_loop_add_fd(r->vub->loop, &r->kick_src, r->kick.fd, EPOLLIN | EPOLLET,
				 on_kick);
	if (err) {
		vmedia_vub_warn(r->vub, "the kick descriptor of ring %u cannot be polled: %s",
				r->idx, strerror(-err));
		vmedia_vub_ring_stop(r);
		ring_broken(r);
		return;
	}
	vmedia_defer(&r->again);
}

void vmedia_vub_ring_init(struct vmedia_vub_ring *r)
{
	r->kick.fd = -1;
	r->call.fd = -1;
	r->err.fd = -1;
	vmedia_deferred_init(r->vub->loop, &r->again, on_again);
}

void vmedia_vub_ring_reset(struct vmedia_vub_ring *r, bool all)
{
	disarm(r);
	vmedia_vub_ring_stop(r);
	vmedia_vub_signal_close(&r->kick);
	if (all) {
		vmedia_vub_signal_close(&r->call);
		vmedia_vub_signal_close(&r->err);
	}
	r->num = 0;
	r->base = 0;
	r->addr_set = false;
	r->enable = VMEDIA_VUB_ENABLE_UNSAID;
	r->broken = false;
	r->has_run = false;
	r->call_missed = false;
}

static bool ring_in(const struct vmedia_vub_ring *r, const struct vmedia_mem *mem)
{
	uint64_t features = r->vub->features;

	return vmedia_mem_uva(mem, r->desc, vmedia_vq_desc_size(r->num)) &&
	       vmedia_mem_uva(mem, r->avail, vmedia_vq_driver_size(r->num, features)) &&
	       vmedia_mem_uva(mem, r->used, vmedia_vq_device_size(r->num, features));
}

void vmedia_vub_ring_set_mem(struct vmedia_vub_ring *r, bool whole)
{
	const struct vmedia_mem *mem = r->vub->mem;

	if (r->vq && !whole && !ring_in(r, mem)) {
		vmedia_dbg("vhost-user: ring %u is not in the memory map for now", r->idx);
		return;
	}
	if (r->vq && vmedia_vqd_set_mem(r->vq, r->vub->mem)) {
		vmedia_vub_warn(r->vub, "ring %u is not in the new memory map, it stops", r->idx);
		ring_broken(r);
	}
	vmedia_vub_ring_update(r);
}

/* Stop the ring before a change of its size, base or addresses. */
static struct vmedia_vub_ring *change(struct vmedia_vub *vub, unsigned int idx)
{
	struct vmedia_vub_ring *r = &vub->ring[idx];

	disarm(r);
	vmedia_vub_ring_stop(r);
	r->broken = false;
	return r;
}

static int done(struct vmedia_vub_ring *r)
{
	if (!r->vub->dead)
		vmedia_vub_ring_update(r);
	return 0;
}

int vmedia_vub_set_vring_num(struct vmedia_vub *vub, struct vmedia_vu_msg *msg,
			     struct vmedia_vu_msg *reply)
{
	uint32_t num = msg->p.state.num;
	bool packed = has_feature(vub, VMEDIA_VIRTIO_F_RING_PACKED);
	struct vmedia_vub_ring *r;

	if (!num || num > vub->cfg.max_queue_size || (!packed && num & (num - 1))) {
		vmedia_vub_warn(vub,
				"SET_VRING_NUM: ring %u of %u descriptors, must be %s, at most %u",
				msg->p.state.index, num, packed ? "at least 1" : "a power of two",
				vub->cfg.max_queue_size);
		return -EINVAL;
	}
	r = change(vub, msg->p.state.index);
	r->num = num;
	return done(r);
}

int vmedia_vub_set_vring_addr(struct vmedia_vub *vub, struct vmedia_vu_msg *msg,
			      struct vmedia_vu_msg *reply)
{
	const struct vmedia_vu_vring_addr *a = &msg->p.addr;
	struct vmedia_vub_ring *r = &vub->ring[a->index];

	if (a->flags) {
		vmedia_vub_warn(
			vub, "SET_VRING_ADDR: ring %u has flags 0x%x, and logging was not offered",
			a->index, a->flags);
		return -EINVAL;
	}
	/*
	 * The start of the ring checks everything that it needs. This check finds a wrong order of
	 * messages at once.
	 */
	if (!vub->mem || !vmedia_mem_uva(vub->mem, a->desc, 1) ||
	    !vmedia_mem_uva(vub->mem, a->avail, 1) || !vmedia_mem_uva(vub->mem, a->used, 1)) {
		vmedia_vub_warn(vub,
				"SET_VRING_ADDR: ring %u at 0x%" PRIx64 ", 0x%" PRIx64
				", 0x%" PRIx64 " is not in the memory map%s%s",
				a->index, a->desc, a->avail, a->used,
				vub->mem ? "" : ", which was not set yet",
				!vub->mem && vub->resumed
					? ": the front-end believes that we have it from an "
					  "earlier connection, as QEMU does of a back-end that "
					  "offers CONFIGURE_MEM_SLOTS; start the virtual machine "
					  "again"
					: "");
		return -EFAULT;
	}
	if (!r->broken && r->addr_set && r->desc == a->desc && r->avail == a->avail &&
	    r->used == a->used)
		return 0;
	r = change(vub, a->index);
	r->desc = a->desc;
	r->avail = a->avail;
	r->used = a->used;
	r->addr_set = true;
	return done(r);
}

/* Reset the device for a driver that restarted without a reset. */
static void start_over(struct vmedia_vub *vub, struct vmedia_vub_ring *r, uint32_t base)
{
	unsigned int i;

	vmedia_info(
		"vhost-user: ring %u stopped at 0x%x and goes on at 0x%x: the driver starts over",
		r->idx, r->base, base);
	for (i = 0; i < vub->cfg.num_queues && !vub->dead; i++) {
		struct vmedia_vub_ring *o = &vub->ring[i];

		disarm(o);
		vmedia_vub_ring_stop(o);
		o->has_run = false;
		o->base = 0;
	}
	vmedia_vub_inflight_drop(vub);
	if (!vub->dead && vub->ops->reset)
		vub->ops->reset(vub->opaque);
	for (i = 0; i < vub->cfg.num_queues && !vub->dead; i++)
		if (&vub->ring[i] != r)
			vmedia_vub_ring_update(&vub->ring[i]);
}

int vmedia_vub_set_vring_base(struct vmedia_vub *vub, struct vmedia_vu_msg *msg,
			      struct vmedia_vu_msg *reply)
{
	uint32_t base = msg->p.state.num;
	struct vmedia_vub_ring *r;

	if (!has_feature(vub, VMEDIA_VIRTIO_F_RING_PACKED) && base > UINT16_MAX) {
		vmedia_vub_warn(
			vub, "SET_VRING_BASE: ring %u begins at %u, more than an index of 16 bits",
			msg->p.state.index, base);
		return -EINVAL;
	}
	r = change(vub, msg->p.state.index);
	if (!vub->dead && r->has_run && r->base != base)
		start_over(vub, r, base);
	r->base = base;
	return done(r);
}

int vmedia_vub_get_vring_base(struct vmedia_vub *vub, struct vmedia_vu_msg *msg,
			      struct vmedia_vu_msg *reply)
{
	struct vmedia_vub_ring *r = &vub->ring[msg->p.state.index];

	disarm(r);
	vmedia_vub_ring_stop(r);
	vmedia_vub_signal_close(&r->kick);
	reply->hdr.size = sizeof(reply->p.state);
	reply->p.state.index = r->idx;
	reply->p.state.num = first_base(r);
	return 0;
}

/* Put the message's descriptor, if there is one, into *sig. */
static int take_signal(struct vmedia_vub *vub, struct vmedia_vu_msg *msg,
		       struct vmedia_vub_signal *sig)
{
	bool written = msg->hdr.request != VMEDIA_VU_SET_VRING_KICK;
	struct vmedia_vub_signal new = { .fd = -1 };
	int err;

	if (msg->num_fds) {
		err = vmedia_vub_signal_take(&new, msg->fd[0], written);
		if (err) {
			vmedia_vub_warn(
				vub, "%s: the descriptor of ring %u is no eventfd, socket or pipe",
				vmedia_vu_name(VMEDIA_VU_FRONT, msg->hdr.request),
				(unsigned int)(msg->p.u64 & VMEDIA_VU_VRING_INDEX_MASK));
			return err;
		}
		vmedia_vu_take_fd(msg, 0);
	}
	vmedia_vub_signal_close(sig);
	*sig = new;
	return 0;
}

int vmedia_vub_set_vring_kick(struct vmedia_vub *vub, struct vmedia_vu_msg *msg,
			      struct vmedia_vu_msg *reply)
{
	struct vmedia_vub_ring *r = &vub->ring[msg->p.u64 & VMEDIA_VU_VRING_INDEX_MASK];
	struct vmedia_vub_signal new = { .fd = -1 };
	int err;

	if (!msg->num_fds) {
		vmedia_vub_warn(vub,
				"SET_VRING_KICK: ring %u comes without a descriptor, polling is "
				"not supported",
				r->idx);
		return -EOPNOTSUPP;
	}
	err = take_signal(vub, msg, &new);
	if (err)
		return err;
	if (!has_feature(vub, VMEDIA_VIRTIO_F_VERSION_1))
		vmedia_vub_warn(vub,
				"ring %u does not start: features 0x%" PRIx64 " lack VERSION_1",
				r->idx, vub->features);
	vmedia_loop_del_fd(&r->kick_src);
	vmedia_vub_signal_close(&r->kick);
	r->kick = new;
	return done(r);
}

int vmedia_vub_set_vring_call(struct vmedia_vub *vub, struct vmedia_vu_msg *msg,
			      struct vmedia_vu_msg *reply)
{
	struct vmedia_vub_ring *r = &vub->ring[msg->p.u64 & VMEDIA_VU_VRING_INDEX_MASK];
	int err = take_signal(vub, msg, &r->call);

	if (err)
		return err;
	if (r->call_missed && r->call.fd >= 0) {
		r->call_missed = false;
		r->stats.calls++;
		vmedia_vub_signal_send(&r->call);
	}
	return 0;
}

int vmedia_vub_set_vring_err(struct vmedia_vub *vub, struct vmedia_vu_msg *msg,
			     struct vmedia_vu_msg *reply)
{
	return take_signal(vub, msg, &vub->ring[msg->p.u64 & VMEDIA_VU_VRING_INDEX_MASK].err);
}

int vmedia_vub_set_vring_enable(struct vmedia_vub *vub, struct vmedia_vu_msg *msg,
				struct vmedia_vu_msg *reply)
{
	struct vmedia_vub_ring *r = &vub->ring[msg->p.state.index];

	if (msg->p.state.num > 1) {
		vmedia_vub_warn(vub, "SET_VRING_ENABLE: ring %u gets %u, neither 0 nor 1", r->idx,
				msg->p.state.num);
		return -EINVAL;
	}
	r->enable = msg->p.state.num ? VMEDIA_VUB_ENABLE_ON : VMEDIA_VUB_ENABLE_OFF;
	return done(r);
}

int vmedia_vub_pop(struct vmedia_vub *vub, unsigned int idx, struct vmedia_chain **chain)
{
	struct vmedia_vub_ring *r = &vub->ring[idx];
	int ret;

	if (idx >= vub->cfg.num_queues || !r->vq)
		return 0;
	ret = vmedia_vqd_pop(r->vq, chain);
	if (ret > 0)
		r->stats.chains++;
	else if (ret < 0 && ret != -ENOMEM)
		ring_broken(r);
	return ret;
}

void vmedia_vub_push(struct vmedia_vub *vub, unsigned int idx, struct vmedia_chain *chain,
		     uint32_t used_len)
{
	if (idx < vub->cfg.num_queues && vub->ring[idx].vq)
		vmedia_vqd_push(vub->ring[idx].vq, chain, used_len);
}

void vmedia_vub_notify(struct vmedia_vub *vub, unsigned int idx)
{
	struct vmedia_vub_ring *r = &vub->ring[idx];

	if (idx >= vub->cfg.num_queues || !r->vq || !vmedia_vqd_notify_needed(r->vq))
		return;
	if (r->call.fd < 0) {
		r->call_missed = true;
		return;
	}
	r->stats.calls++;
	vmedia_vub_signal_send(&r->call);
}

void vmedia_vub_get_stats(const struct vmedia_vub *vub, unsigned int idx,
			  struct vmedia_vub_stats *stats)
{
	memset(stats, 0, sizeof(*stats));
	if (idx < vub->cfg.num_queues)
		*stats = vub->ring[idx].stats;
}
