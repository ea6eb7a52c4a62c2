/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Core's transport over one vhost-user connection.
 *
 * Kicks of the event queue: event buffers stay in the ring until an event needs one. The driver
 * need not kick for them unless an event waits. So taking a buffer turns kicks off, and finding
 * none turns them on: a frame costs the kick of its QBUF and no other. Commands that a driver
 * leaves in the ring without a kick (VMEDIA_SUBMIT_HELD) are taken when a frame wakes the device.
 *
 * Polling (poll_us) only takes commands earlier. Kicks stay on, so no command depends on it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "serve/serve.h"
#include "virtq/ring.h"

static struct vmedia_guest *from_transport(struct vmedia_transport *t)
{
	return vmedia_container_of(t, struct vmedia_guest, transport);
}

/* ---- Operations for core ---- */

static int op_pop(struct vmedia_transport *t, unsigned int q, struct vmedia_chain **chain)
{
	struct vmedia_guest *g = from_transport(t);
	int ret = vmedia_vub_pop(g->vub, q, chain);

	if (q != VMEDIA_QUEUE_EVENT || !g->event_vq || ret < 0)
		return ret;
	if (!ret && vmedia_vqd_enable_kick(g->event_vq))
		ret = vmedia_vub_pop(g->vub, q, chain);
	if (ret > 0)
		vmedia_vqd_disable_kick(g->event_vq);
	return ret;
}

static void op_push(struct vmedia_transport *t, unsigned int q, struct vmedia_chain *chain,
		    uint32_t used)
{
	vmedia_vub_push(from_transport(t)->vub, q, chain, used);
}

static void op_notify(struct vmedia_transport *t, unsigned int q)
{
	vmedia_vub_notify(from_transport(t)->vub, q);
}

static void op_look(struct vmedia_transport *t, unsigned int q)
{
	vmedia_vub_look(from_transport(t)->vub, q);
}

/*
 * The completion of a request of core: its done() gets a descriptor, which the back-end's does not.
 */
struct answer {
	vmedia_transport_done_fn done;
	void *opaque;
};

static void answer_done(void *opaque, int err)
{
	struct answer a = *(struct answer *)opaque;

	free(opaque);
	a.done(a.opaque, err, -1);
}

static struct answer *answer_new(vmedia_transport_done_fn done, void *opaque)
{
	struct answer *a = malloc(sizeof(*a));

	if (a)
		*a = (struct answer){ done, opaque };
	else
		done(opaque, -ENOMEM, -1);
	return a;
}

/* Answer a request that was not sent, with @err. A front-end without a channel has no region 0. */
static void answer_now(struct answer *a, int err)
{
	answer_done(a, err == -ENOTCONN ? -ENODEV : err);
}

static void op_shm_map(struct vmedia_transport *t, int fd, uint64_t fd_offset, uint64_t shm_offset,
		       uint64_t len, bool writable, vmedia_transport_done_fn done, void *opaque)
{
	struct answer *a = answer_new(done, opaque);
	int err;

	if (!a)
		return;
	err = vmedia_vub_shmem_map(from_transport(t)->vub, VMEDIA_SHM_MMAP, fd, fd_offset,
				   shm_offset, len, writable, answer_done, a);
	if (err)
		answer_now(a, err);
}

static void op_shm_unmap(struct vmedia_transport *t, uint64_t shm_offset, uint64_t len,
			 vmedia_transport_done_fn done, void *opaque)
{
	struct answer *a = answer_new(done, opaque);
	int err;

	if (!a)
		return;
	err = vmedia_vub_shmem_unmap(from_transport(t)->vub, VMEDIA_SHM_MMAP, shm_offset, len,
				     answer_done, a);
	if (err)
		answer_now(a, err);
}

static void op_object_add(struct vmedia_transport *t, const uint8_t uuid[VMEDIA_UUID_SIZE])
{
	int err = vmedia_vub_object_add(from_transport(t)->vub, uuid, NULL, NULL);

	if (err)
		vmedia_warn("an exported buffer could not be announced to the front-end: %s",
			    strerror(-err));
}

static void op_object_remove(struct vmedia_transport *t, const uint8_t uuid[VMEDIA_UUID_SIZE])
{
	int err = vmedia_vub_object_remove(from_transport(t)->vub, uuid, NULL, NULL);

	if (err)
		vmedia_warn("an exported buffer could not be withdrawn from the front-end: %s",
			    strerror(-err));
}

static void op_object_lookup(struct vmedia_transport *t, const uint8_t uuid[VMEDIA_UUID_SIZE],
			     vmedia_transport_done_fn done, void *opaque)
{
	int err = vmedia_vub_object_lookup(from_transport(t)->vub, uuid, done, opaque);

	if (err)
		done(opaque, err, -1);
}

static const struct vmedia_transport_ops basic_ops = {
	.pop = op_pop,
	.push = op_push,
	.notify = op_notify,
	.look = op_look,
	.shm_map = op_shm_map,
	.shm_unmap = op_shm_unmap,
};

/* ---- Polling ---- */

/*
 * Poll the command ring. Returns true only if chains were taken: a chain that is not taken now must
 * not keep the loop from sleeping.
 */
static bool on_poll(struct vmedia_poller *p)
{
	struct vmedia_guest *g = vmedia_container_of(p, struct vmedia_guest, poller);
	struct vmedia_vqd *vq = g->command_vq;
	uint32_t base;

	if (!vq || !vmedia_vqd_has_avail(vq))
		return false;
	base = vmedia_vqd_base(vq);
	vmedia_vub_look(g->vub, VMEDIA_QUEUE_COMMAND);
	return g->command_vq != vq || vmedia_vqd_base(vq) != base;
}

/* ---- Callbacks of the connection ---- */

static void on_ready(void *opaque, unsigned int idx, struct vmedia_vqd *vq)
{
	struct vmedia_guest *g = opaque;

	if (idx == VMEDIA_QUEUE_EVENT)
		g->event_vq = vq;
	else
		g->command_vq = vq;
}

static void on_stop(void *opaque, unsigned int idx)
{
	struct vmedia_guest *g = opaque;

	if (idx == VMEDIA_QUEUE_EVENT)
		g->event_vq = NULL;
	else
		g->command_vq = NULL;
	vmedia_device_queue_stop(g->dev, idx);
}

static void on_kick(void *opaque, unsigned int idx)
{
	struct vmedia_guest *g = opaque;

	vmedia_device_kick(g->dev, idx);
}

static void on_get_config(void *opaque, uint32_t offset, void *data, uint32_t len)
{
	struct vmedia_guest *g = opaque;
	uint8_t buf[VMEDIA_CONFIG_SIZE];

	vmedia_config_encode(vmedia_device_config(g->dev), buf);
	if (vmedia_range_ok(offset, len, sizeof(buf)))
		memcpy(data, buf + offset, len);
}

static void on_reset(void *opaque)
{
	struct vmedia_guest *g = opaque;

	vmedia_device_reset(g->dev, false);
}

static int on_get_shared_object(void *opaque, const uint8_t uuid[VMEDIA_VU_UUID_SIZE])
{
	struct vmedia_guest *g = opaque;

	return vmedia_device_shared_object(g->dev, uuid);
}

static void on_channel_ready(void *opaque)
{
	struct vmedia_guest *g = opaque;

	g->ops = basic_ops;
	if (!(vmedia_vub_protocol_features(g->vub) >> VMEDIA_VU_PF_SHARED_OBJECT & 1))
		return;
	g->ops.object_add = op_object_add;
	g->ops.object_remove = op_object_remove;
	g->ops.object_lookup = op_object_lookup;
}

static void on_closed(void *opaque, int reason)
{
	struct vmedia_guest *g = opaque;

	g->gone(g, reason);
}

static const struct vmedia_vub_ops vub_ops = {
	.queue_ready = on_ready,
	.queue_stop = on_stop,
	.kick = on_kick,
	.get_config = on_get_config,
	.reset = on_reset,
	.get_shared_object = on_get_shared_object,
	.channel_ready = on_channel_ready,
	.closed = on_closed,
};

int vmedia_guest_start(struct vmedia_guest *g, struct vmedia_device *dev, int fd,
		       const struct vmedia_server_options *opts,
		       void (*gone)(struct vmedia_guest *g, int reason))
{
	uint64_t region = vmedia_device_region_size(dev);
	struct vmedia_vub_config cfg = {
		.num_queues = VMEDIA_NUM_QUEUES,
		.config_size = VMEDIA_CONFIG_SIZE,
		.num_shmem = region ? 1 : 0,
		.shmem_size = &region,
		.shmem_bit = opts->shmem_feature_bit,
		.mask_features = opts->no_packed ? 1ull << VMEDIA_VIRTIO_F_RING_PACKED : 0,
		.mask_protocol = opts->no_mem_slots ? 1ull << VMEDIA_VU_PF_CONFIGURE_MEM_SLOTS : 0,
		.device_features =
			opts->access_platform ? 1ull << VMEDIA_VIRTIO_F_ACCESS_PLATFORM : 0,
	};
	int err;

	g->dev = dev;
	g->gone = gone;
	g->command_vq = NULL;
	g->event_vq = NULL;
	g->ops = basic_ops;
	g->transport.ops = &g->ops;
	err = vmedia_device_attach(dev, &g->transport);
	if (err)
		return err;
	err = vmedia_vub_create(vmedia_device_loop(dev), fd, &cfg, &vub_ops, g, &g->vub);
	if (err)
		vmedia_device_detach(dev);
	else if (opts->poll_us)
		vmedia_poller_add(vmedia_device_loop(dev), &g->poller, opts->poll_us * 1000ull,
				  on_poll);
	return err;
}

void vmedia_guest_stop(struct vmedia_guest *g)
{
	struct vmedia_vub *vub = g->vub;

	if (!vub)
		return;
	vmedia_poller_del(&g->poller);
	/*
	 * Stop core first: it answers what it can while the rings exist, and waits for nothing
	 * afterwards.
	 */
	vmedia_device_queue_stop(g->dev, VMEDIA_QUEUE_COMMAND);
	vmedia_device_detach(g->dev);
	vmedia_vub_destroy(vub);
	g->vub = NULL;
}
