/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests about memory: the guest's map, the shared memory regions that the device announces, the
 * in-flight area.
 *
 * A changed map is a new snapshot. Its installation has three steps: rings use it, then
 * mem_changed() reports it to the user, then the back-end drops its reference on the old one.
 * Chains and views that were taken before keep their own reference.
 *
 * Security model: the front-end chooses the regions. virtq/mem.h checks overflow, overlap, and that
 * the file is as long as the region; this file limits their number and sum.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/checked.h"
#include "base/fd.h"
#include "vhost/backend_impl.h"
#include "virtq/inflight.h"
#include "virtq/mem.h"

/*
 * Make mem the current map and take its reference. whole: the front-end gave the whole map;
 * otherwise it changes the map region by region.
 */
static void install(struct vmedia_vub *vub, struct vmedia_mem *mem, bool whole)
{
	struct vmedia_mem *old = vub->mem;
	unsigned int i;

	vub->mem = mem;
	for (i = 0; i < vub->cfg.num_queues && !vub->dead; i++)
		vmedia_vub_ring_set_mem(&vub->ring[i], whole);
	if (!vub->dead && vub->ops->mem_changed)
		vub->ops->mem_changed(vub->opaque, mem);
	vmedia_mem_put(old);
}

static void to_desc(struct vmedia_mem_desc *d, const struct vmedia_vu_region *r, int fd)
{
	*d = (struct vmedia_mem_desc){
		.gpa = r->guest_addr,
		.size = r->size,
		.uva = r->user_addr,
		.fd_offset = r->mmap_offset,
		.fd = fd,
	};
}

static uint64_t mapped_bytes(const struct vmedia_mem *mem)
{
	unsigned int i, n = mem ? vmedia_mem_num_regions(mem) : 0;
	struct vmedia_mem_desc d;
	uint64_t sum = 0;

	for (i = 0; i < n; i++) {
		vmedia_mem_region(mem, i, &d);
		sum += d.size;
	}
	return sum;
}

/* Add size to *sum, within the limit on guest memory. */
static int account(struct vmedia_vub *vub, uint64_t *sum, uint64_t size)
{
	if (vmedia_add_overflow(*sum, size, sum) || *sum > vub->cfg.max_memory) {
		vmedia_vub_warn(vub,
				"guest memory with a region of 0x%" PRIx64
				" bytes exceeds the limit of 0x%" PRIx64,
				size, vub->cfg.max_memory);
		return -E2BIG;
	}
	return 0;
}

int vmedia_vub_set_mem_table(struct vmedia_vub *vub, struct vmedia_vu_msg *msg,
			     struct vmedia_vu_msg *reply)
{
	struct vmedia_mem_desc desc[VMEDIA_VU_MAX_REGIONS];
	const struct vmedia_vu_mem_table *t = &msg->p.table;
	struct vmedia_mem *mem;
	uint64_t sum = 0;
	unsigned int i;
	int err;

	if (t->num > VMEDIA_VU_MAX_REGIONS || t->num > vub->cfg.max_slots ||
	    t->num != msg->num_fds || msg->hdr.size < 8 + t->num * sizeof(t->region[0])) {
		vmedia_vub_warn(vub, "SET_MEM_TABLE has %u regions in %u bytes with %u descriptors",
				t->num, msg->hdr.size, msg->num_fds);
		return -EINVAL;
	}
	for (i = 0; i < t->num; i++) {
		err = account(vub, &sum, t->region[i].size);
		if (err)
			return err;
		to_desc(&desc[i], &t->region[i], msg->fd[i]);
	}
	err = vmedia_mem_replace(vub->mem, desc, t->num, &mem);
	if (err)
		return err;
	install(vub, mem, true);
	return 0;
}

int vmedia_vub_get_max_mem_slots(struct vmedia_vub *vub, struct vmedia_vu_msg *msg,
				 struct vmedia_vu_msg *reply)
{
	reply->hdr.size = sizeof(reply->p.u64);
	reply->p.u64 = vub->cfg.max_slots;
	return 0;
}

int vmedia_vub_add_mem_reg(struct vmedia_vub *vub, struct vmedia_vu_msg *msg,
			   struct vmedia_vu_msg *reply)
{
	unsigned int have = vub->mem ? vmedia_mem_num_regions(vub->mem) : 0;
	const struct vmedia_vu_region *r = &msg->p.single.region;
	uint64_t sum = mapped_bytes(vub->mem);
	struct vmedia_mem_desc desc;
	struct vmedia_mem *mem;
	int err;

	if (have >= vub->cfg.max_slots) {
		vmedia_vub_warn(vub, "ADD_MEM_REG wants more than %u memory regions",
				vub->cfg.max_slots);
		return -E2BIG;
	}
	err = account(vub, &sum, r->size);
	if (err)
		return err;
	to_desc(&desc, r, msg->fd[0]);
	err = vub->mem ? vmedia_mem_add(vub->mem, &desc, &mem) : vmedia_mem_create(&desc, 1, &mem);
	if (err)
		return err;
	install(vub, mem, false);
	return 0;
}

int vmedia_vub_rem_mem_reg(struct vmedia_vub *vub, struct vmedia_vu_msg *msg,
			   struct vmedia_vu_msg *reply)
{
	const struct vmedia_vu_region *r = &msg->p.single.region;
	struct vmedia_mem *mem;
	int err;

	err = vub->mem ? vmedia_mem_remove(vub->mem, r->guest_addr, r->size, r->user_addr, &mem)
		       : -ENOENT;
	if (err) {
		vmedia_vub_warn(vub,
				"REM_MEM_REG names 0x%" PRIx64 " bytes at guest 0x%" PRIx64
				", user 0x%" PRIx64 ", which is no region",
				r->size, r->guest_addr, r->user_addr);
		return err;
	}
	install(vub, mem, false);
	return 0;
}

int vmedia_vub_get_shmem_config(struct vmedia_vub *vub, struct vmedia_vu_msg *msg,
				struct vmedia_vu_msg *reply)
{
	struct vmedia_vu_shmem_config *c = &reply->p.shmem;
	unsigned int i;

	vub->shmem_asked = true;
	c->num = 0;
	c->padding = 0;
	memcpy(c->size, vub->shmem_size, sizeof(c->size));
	for (i = 0; i < VMEDIA_VU_MAX_SHMEM; i++)
		c->num += vub->shmem_size[i] != 0;
	reply->hdr.size = sizeof(*c);
	return 0;
}

static int check_inflight(struct vmedia_vub *vub, const char *what,
			  const struct vmedia_vu_inflight *inf)
{
	if (!inf->num_queues || inf->num_queues > vub->cfg.num_queues || !inf->queue_size ||
	    inf->queue_size > vub->cfg.max_queue_size) {
		vmedia_vub_warn(vub, "%s names %u queues of %u, there are %u of at most %u", what,
				inf->num_queues, inf->queue_size, vub->cfg.num_queues,
				vub->cfg.max_queue_size);
		return -EINVAL;
	}
	return 0;
}

/* An empty description without a descriptor is the negative answer. */
int vmedia_vub_get_inflight_fd(struct vmedia_vub *vub, struct vmedia_vu_msg *msg,
			       struct vmedia_vu_msg *reply)
{
	struct vmedia_vu_inflight *inf = &reply->p.inflight;
	uint64_t size;
	int fd;

	*inf = msg->p.inflight;
	inf->mmap_size = 0;
	inf->mmap_offset = 0;
	reply->hdr.size = msg->hdr.size;
	if (check_inflight(vub, "GET_INFLIGHT_FD", inf))
		return 0;
	fd = vmedia_inflight_memfd(inf->num_queues, inf->queue_size, vub->features, &size);
	if (fd < 0) {
		vmedia_vub_warn(vub, "no in-flight area for %u queues of %u: %s", inf->num_queues,
				inf->queue_size, strerror(-fd));
		return 0;
	}
	inf->mmap_size = size;
	reply->fd[reply->num_fds++] = fd;
	return 0;
}

int vmedia_vub_set_inflight_fd(struct vmedia_vub *vub, struct vmedia_vu_msg *msg,
			       struct vmedia_vu_msg *reply)
{
	const struct vmedia_vu_inflight *inf = &msg->p.inflight;
	struct vmedia_inflight_area *area;
	int err = check_inflight(vub, "SET_INFLIGHT_FD", inf);

	if (err)
		return err;
	if (vmedia_vub_any_running(vub)) {
		vmedia_vub_warn(vub, "SET_INFLIGHT_FD comes while a ring runs");
		return -EBUSY;
	}
	err = vmedia_inflight_open(msg->fd[0], inf->mmap_offset, inf->mmap_size, inf->num_queues,
				   inf->queue_size, vub->features, &area);
	if (err) {
		vmedia_vub_warn(vub,
				"the in-flight area of 0x%" PRIx64 " bytes at 0x%" PRIx64
				" for %u queues of %u cannot be used: %s",
				inf->mmap_size, inf->mmap_offset, inf->num_queues, inf->queue_size,
				strerror(-err));
		return err;
	}
	vmedia_inflight_close(vub->inflight);
	vub->inflight = area;
	return 0;
}

/* Rings must have stopped. */
void vmedia_vub_mem_finish(struct vmedia_vub *vub)
{
	vmedia_vub_inflight_drop(vub);
	vmedia_mem_put(vub->mem);
	vub->mem = NULL;
}
