// SPDX-License-Identifier: BSD-3-Clause
/*
 * Connect to a device, negotiate and start it; and release everything.
 *
 * The order is that of a VMM: features, region 0, configuration space, memory table, rings,
 * DRIVER_OK. The guest has one region of memory, the arena.
 */
#include "driver/internal.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vhost/frontend.h"

#define STATUS_DRIVER_OK (1 | 2 | 8 | 4)	/* ACKNOWLEDGE, DRIVER, FEATURES_OK, DRIVER_OK */

/* ---- Requests of the device ---- */

static int on_shmem_map(void *opaque, uint8_t shmid, int fd, uint64_t fd_off, uint64_t shm_off,
			uint64_t len, bool rw)
{
	struct vmedia_driver *drv = opaque;

	if (shmid == VMEDIA_SHM_MMAP)
		return vmedia_region_map(drv, fd, fd_off, shm_off, len, rw);
	drv->stats.refused_requests++;
	return -EINVAL;
}

static int on_shmem_unmap(void *opaque, uint8_t shmid, uint64_t shm_off, uint64_t len)
{
	struct vmedia_driver *drv = opaque;

	if (shmid == VMEDIA_SHM_MMAP)
		return vmedia_region_unmap(drv, shm_off, len);
	drv->stats.refused_requests++;
	return -EINVAL;
}

/* Count the object. It is requested by UUID when it is needed; here only the number is limited. */
static int on_object_add(void *opaque, const uint8_t *uuid)
{
	struct vmedia_driver *drv = opaque;

	if (drv->objects_exported >= 4096) {
		drv->stats.refused_requests++;
		return -ENOSPC;
	}
	drv->objects_exported++;
	return 0;
}

static int on_object_remove(void *opaque, const uint8_t *uuid)
{
	struct vmedia_driver *drv = opaque;

	if (!drv->objects_exported) {
		drv->stats.refused_requests++;
		return -ENOENT;
	}
	drv->objects_exported--;
	return 0;
}

static int on_object_lookup(void *opaque, const uint8_t *uuid)
{
	return vmedia_object_lookup(opaque, uuid);
}

static const struct vmedia_vuf_ops vuf_ops = {
	.shmem_map = on_shmem_map,
	.shmem_unmap = on_shmem_unmap,
	.object_add = on_object_add,
	.object_remove = on_object_remove,
	.object_lookup = on_object_lookup,
};

/* ---- Life of a driver ---- */

static int check_options(struct vmedia_driver_options *o)
{
	const uint32_t flags = VMEDIA_DRIVER_PACKED | VMEDIA_DRIVER_NO_EVENT_IDX |
			       VMEDIA_DRIVER_NO_INDIRECT | VMEDIA_DRIVER_NO_REGION |
			       VMEDIA_DRIVER_ALLOW_UNSEALED | VMEDIA_DRIVER_SPLIT |
			       VMEDIA_DRIVER_NO_SPIN;

	if (o->flags & ~flags)
		return -EINVAL;
	if (!o->queue_size)
		o->queue_size = 128;
	if (o->queue_size < 4 || o->queue_size > 1024 || o->queue_size & (o->queue_size - 1))
		return -EINVAL;
	if (o->flags & VMEDIA_DRIVER_SPLIT && o->queue_size < 8)
		return -EINVAL;
	if (!o->memory_size)
		o->memory_size = 256ull << 20;
	if (!o->max_region)
		o->max_region = 8ull << 30;
	if (!o->timeout_ms)
		o->timeout_ms = 5000;
	if (!o->wait_ms)
		o->wait_ms = o->timeout_ms;
	return 0;
}

static const struct vmedia_drv_ring_ops ring_ops = {
	.command = vmedia_drv_cmd_returned,
	.event = vmedia_drv_event_returned,
	.expire = vmedia_drv_cmd_expire,
	.fail = vmedia_drv_cmd_fail_all,
};

static int driver_new(const struct vmedia_driver_options *opts,
		      const struct vmedia_drv_hooks *hooks, struct vmedia_driver **out)
{
	struct vmedia_driver *drv = calloc(1, sizeof(*drv));
	unsigned int i;
	int err;

	if (!drv)
		return -ENOMEM;
	drv->opts = *opts;
	drv->opts.path = NULL;
	if (hooks)
		drv->hooks = *hooks;
	drv->ring_ops = &ring_ops;
	/* With hooks the other end does nothing while a wait polls. */
	if (!(opts->flags & VMEDIA_DRIVER_NO_SPIN) && !drv->hooks.pump)
		drv->spin.ns = VMEDIA_DRV_SPIN_NS;
	drv->epfd = -1;
	drv->timer_fd = -1;
	drv->arena.fd = -1;
	for (i = 0; i < VMEDIA_NUM_QUEUES; i++) {
		drv->vq[i].kick_fd = -1;
		drv->vq[i].call_fd = -1;
	}
	for (i = 0; i < VMEDIA_DRV_FILE_HASH; i++)
		vmedia_list_init(&drv->files[i]);
	vmedia_list_init(&drv->pages);
	vmedia_list_init(&drv->idle);
	vmedia_list_init(&drv->flight);
	vmedia_list_init(&drv->lost);
	vmedia_list_init(&drv->completed);
	vmedia_list_init(&drv->spare);
	vmedia_region_init(&drv->region, 0, false);
	err = check_options(&drv->opts);
	if (err) {
		free(drv);
		return err;
	}
	*out = drv;
	return 0;
}

static void driver_free(struct vmedia_driver *drv)
{
	vmedia_vuf_destroy(drv->vuf);
	vmedia_drv_files_fini(drv);
	vmedia_drv_events_fini(drv);
	vmedia_drv_queues_fini(drv);
	vmedia_drv_cmd_fini(drv);
	vmedia_drv_completions_fini(drv);
	vmedia_pages_fini(drv);
	vmedia_object_fini(drv);
	vmedia_region_fini(&drv->region);
	vmedia_arena_fini(&drv->arena);
	free(drv);
}

/* Make everything that is in guest memory. */
static int build(struct vmedia_driver *drv, uint64_t region_size)
{
	int err;

	if (region_size > drv->opts.max_region) {
		vmedia_err("region 0 of %llu bytes is larger than the %llu that are allowed",
			   (unsigned long long)region_size,
			   (unsigned long long)drv->opts.max_region);
		return -E2BIG;
	}
	err = vmedia_region_init(&drv->region, region_size,
				 drv->opts.flags & VMEDIA_DRIVER_ALLOW_UNSEALED);
	if (!err)
		err = vmedia_arena_init(&drv->arena, drv->opts.memory_size);
	if (!err)
		err = vmedia_drv_queues_init(drv);
	if (!err)
		err = vmedia_drv_cmd_init(drv);
	if (!err)
		err = vmedia_drv_events_init(drv);
	return err;
}

static uint64_t wanted_features(const struct vmedia_driver_options *o)
{
	uint64_t f = 1ull << VMEDIA_VIRTIO_F_VERSION_1;

	if (!(o->flags & VMEDIA_DRIVER_NO_INDIRECT))
		f |= 1ull << VMEDIA_VIRTIO_F_INDIRECT_DESC;
	if (!(o->flags & VMEDIA_DRIVER_NO_EVENT_IDX))
		f |= 1ull << VMEDIA_VIRTIO_F_EVENT_IDX;
	if (o->flags & VMEDIA_DRIVER_PACKED)
		f |= 1ull << VMEDIA_VIRTIO_F_RING_PACKED;
	return f;
}

static uint64_t wanted_protocol(const struct vmedia_driver_options *o)
{
	uint64_t f = 1ull << VMEDIA_VU_PF_MQ | 1ull << VMEDIA_VU_PF_REPLY_ACK |
		     1ull << VMEDIA_VU_PF_BACKEND_REQ | 1ull << VMEDIA_VU_PF_CONFIG |
		     1ull << VMEDIA_VU_PF_BACKEND_SEND_FD | 1ull << VMEDIA_VU_PF_RESET_DEVICE |
		     1ull << VMEDIA_VU_PF_STATUS | 1ull << VMEDIA_VU_PF_SHARED_OBJECT;

	if (!(o->flags & VMEDIA_DRIVER_NO_REGION))
		f |= 1ull << VMEDIA_VU_PF_SHMEM;
	return f;
}

static int reach(struct vmedia_driver *drv, const struct vmedia_driver_options *opts)
{
	struct vmedia_vuf_config cfg = {
		.timeout_ms = drv->opts.timeout_ms < 0 ? INT_MAX
						       : (unsigned int)drv->opts.timeout_ms,
		.protocol_features = wanted_protocol(&drv->opts),
		.features = wanted_features(&drv->opts),
		.shmem_bit = drv->opts.shmem_feature_bit,
		.pump = drv->hooks.pump,
		.pump_opaque = drv->hooks.opaque,
	};
	int fd, err;

	if (opts->path)
		return vmedia_vuf_connect(opts->path, &cfg, &vuf_ops, drv, &drv->vuf);
	fd = vmedia_fd_dup(opts->fd);
	if (fd < 0)
		return fd;
	err = vmedia_vuf_create(fd, &cfg, &vuf_ops, drv, &drv->vuf);
	if (err)
		close(fd);
	return err;
}

static int negotiate(struct vmedia_driver *drv, uint64_t *region_size)
{
	uint8_t raw[VMEDIA_CONFIG_SIZE];
	uint64_t pf;
	int err;

	err = vmedia_vuf_negotiate(drv->vuf);
	if (err)
		return err == -ENOTSUP ? -EPROTO : err;
	pf = vmedia_vuf_protocol_features(drv->vuf);
	if (!(pf >> VMEDIA_VU_PF_CONFIG & 1)) {
		vmedia_err("the device has no configuration space (protocol feature CONFIG): not a "
			   "media device");
		return -EPROTO;
	}
	if (pf >> VMEDIA_VU_PF_MQ & 1 && vmedia_vuf_num_queues(drv->vuf) < VMEDIA_NUM_QUEUES) {
		vmedia_err("the device has %u queues, a media device has %u",
			   vmedia_vuf_num_queues(drv->vuf), VMEDIA_NUM_QUEUES);
		return -EPROTO;
	}
	err = vmedia_vuf_get_config(drv->vuf, 0, raw, sizeof(raw));
	if (err) {
		vmedia_err("the device's configuration space cannot be read: %s", strerror(-err));
		return err == -EIO ? -EPROTO : err;
	}
	vmedia_config_decode(&drv->config, raw);
	drv->features = vmedia_vuf_features(drv->vuf) & VMEDIA_VQ_FEATURES;
	*region_size = 0;
	if (pf >> VMEDIA_VU_PF_SHMEM & 1 && vmedia_vuf_backend_fd(drv->vuf) >= 0)
		*region_size = vmedia_vuf_shmem_size(drv->vuf, VMEDIA_SHM_MMAP);
	return 0;
}

static int start(struct vmedia_driver *drv)
{
	struct vmedia_vuf_region mem = {
		.guest_addr = VMEDIA_DRV_GPA,
		.user_addr = (uintptr_t)drv->arena.base,
		.size = drv->arena.size,
		.fd = drv->arena.fd,
	};
	unsigned int i;
	int err;

	err = vmedia_vuf_set_mem_table(drv->vuf, &mem, 1);
	for (i = 0; !err && i < VMEDIA_NUM_QUEUES; i++) {
		struct vmedia_drv_vq *vq = &drv->vq[i];
		uint64_t base = (uintptr_t)vmedia_arena_ptr(&drv->arena, vq->page);
		struct vmedia_vuf_vring ring = {
			.num = vq->layout.num,
			.base = vmedia_vqr_base(vq->vqr),
			.desc = base + vq->layout.desc,
			.avail = base + vq->layout.driver,
			.used = base + vq->layout.device,
			.kick_fd = vq->kick_fd,
			.call_fd = vq->call_fd,
			.err_fd = -1,
		};

		err = vmedia_vuf_setup_vring(drv->vuf, i, &ring);
	}
	if (!err && vmedia_vuf_protocol_features(drv->vuf) >> VMEDIA_VU_PF_STATUS & 1)
		err = vmedia_vuf_set_status(drv->vuf, STATUS_DRIVER_OK);
	if (!err)
		vmedia_drv_flush(drv);
	return err;
}

int vmedia_drv_connect(const struct vmedia_driver_options *opts,
		       const struct vmedia_drv_hooks *hooks, struct vmedia_driver **out)
{
	struct vmedia_driver *drv;
	uint64_t region_size;
	int err;

	err = driver_new(opts, hooks, &drv);
	if (err)
		return err;
	err = reach(drv, opts);
	if (!err)
		err = negotiate(drv, &region_size);
	if (!err)
		err = build(drv, region_size);
	if (!err)
		err = start(drv);
	if (err) {
		driver_free(drv);
		return err;
	}
	if (!opts->path)
		close(opts->fd);
	*out = drv;
	return 0;
}

int vmedia_driver_connect(const struct vmedia_driver_options *opts, struct vmedia_driver **drv)
{
	return vmedia_drv_connect(opts, NULL, drv);
}

int vmedia_drv_create_bare(const struct vmedia_driver_options *opts,
			   const struct vmedia_drv_hooks *hooks, uint64_t features,
			   const struct vmedia_config *config, uint64_t region_size,
			   struct vmedia_driver **out)
{
	struct vmedia_driver *drv;
	int err;

	err = driver_new(opts, hooks, &drv);
	if (err)
		return err;
	drv->features = features & VMEDIA_VQ_FEATURES;
	drv->config = *config;
	err = build(drv, region_size);
	if (err) {
		driver_free(drv);
		return err;
	}
	vmedia_drv_flush(drv);
	*out = drv;
	return 0;
}

void vmedia_driver_disconnect(struct vmedia_driver *drv)
{
	if (!drv)
		return;
	drv->closing = true;
	vmedia_drv_files_close(drv);
	/* Commands under way: their done() runs before the memory is released. */
	vmedia_drv_die(drv, -ENODEV);
	vmedia_drv_complete(drv);
	driver_free(drv);
}

const struct vmedia_config *vmedia_driver_config(const struct vmedia_driver *drv)
{
	return &drv->config;
}

uint64_t vmedia_driver_features(const struct vmedia_driver *drv)
{
	return drv->features;
}

uint64_t vmedia_driver_region_size(const struct vmedia_driver *drv)
{
	return drv->region.size;
}

/*
 * Return the interrupts since the last call. The call eventfds are read only here, so their
 * counters have that number.
 */
static uint64_t interrupts(struct vmedia_driver *drv)
{
	uint64_t sum = 0, n;
	unsigned int i;

	for (i = 0; i < VMEDIA_NUM_QUEUES; i++) {
		if (drv->vq[i].call_fd >= 0 && read(drv->vq[i].call_fd, &n, sizeof(n)) == sizeof(n))
			drv->vq[i].calls_read += n;
		sum += drv->vq[i].calls_read;
	}
	return sum;
}

void vmedia_driver_stats(struct vmedia_driver *drv, struct vmedia_driver_stats *stats)
{
	drv->stats.interrupts = interrupts(drv);
	*stats = drv->stats;
}
