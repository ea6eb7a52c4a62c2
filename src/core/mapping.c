/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * CMD_MMAP and CMD_MUNMAP: mappings of buffers into shared memory region 0.
 *
 * A mapping is one (backing, length, rw) at one range of the region. Several CMD_MMAP for it get
 * the same driver_addr and are counted; each CMD_MUNMAP undoes one. The mapping keeps its backing,
 * and the guest's quota for it, until the last one is undone, even after buffers and sessions are
 * gone (clause "Unmapping a MMAP buffer").
 *
 *	 MMAP            answer 0           last MUNMAP            answer 0
 *	------> MAPPING ----------> MAPPED -------------> UNMAPPING ----------> gone: range free
 *	           | error                                    | error
 *	           v gone                                     v STUCK: range not used until a reset
 *
 * At a reset of the device, front-ends undo all mappings by themselves ("mappings are automatically
 * unmapped by the front-end across device reset operation", vhost-user reference). But not all
 * front-ends do so, and the daemon may learn of the reset late. So each mapping is unmapped once
 * more. If the peer refuses, it has no mapping there, and the range is free.
 *
 * A request is answered after the transport's answer. So a driver can use every address that it
 * gets, and a range that may still be mapped is never given to another mapping.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/fd.h"
#include "core/core.h"

struct vmedia_op *vmedia_op_create(struct vmedia_device *dev,
				   void (*fn)(struct vmedia_op *op, int err, int fd))
{
	struct vmedia_op *op = calloc(1, sizeof(*op));

	if (!op)
		return NULL;
	op->dev = dev;
	op->fn = fn;
	vmedia_list_add_tail(&dev->ops_pending, &op->node);
	return op;
}

void vmedia_op_abandon(struct vmedia_op *op)
{
	vmedia_list_del(&op->node);
	op->dev = NULL;
}

void vmedia_op_done(void *opaque, int err, int fd)
{
	struct vmedia_op *op = opaque;

	if (op->dev) {
		vmedia_loop_assert(op->dev->loop);
		vmedia_list_del(&op->node);
		op->fn(op, err, fd);
	} else {
		vmedia_fd_close(&fd);
	}
	free(op);
}

static void mapping_free(struct vmedia_mapping *m)
{
	if (m->op)
		vmedia_op_abandon(m->op);
	vmedia_region_give(&m->dev->region, &m->range);
	vmedia_list_del(&m->node);
	m->dev->num_mappings--;
	m->share->mappings--;
	m->share->region -= m->range.len;
	vmedia_share_put(m->share);
	vmedia_backing_put(m->backing);
	free(m);
}

/* End all requests that wait for @m with @err. */
static void waiters_done(struct vmedia_mapping *m, int err)
{
	struct vmedia_list *node;

	while ((node = vmedia_list_pop(&m->waiters)))
		vmedia_request_done(vmedia_list_entry(node, struct vmedia_request, node), err);
}

static void unmap(struct vmedia_mapping *m, struct vmedia_request *waiter);

/*
 * Unmap the next mapping that a reset could not unmap. The transport may accept fewer requests at
 * once than a reset makes; the rest follow as answers arrive.
 */
static void unmap_rest(struct vmedia_device *dev)
{
	struct vmedia_mapping *m;

	vmedia_list_for_each(m, &dev->mappings, node) {
		if (m->state == VMEDIA_MAP_STUCK && m->reset) {
			unmap(m, NULL);
			return;
		}
	}
}

static void unmapped(struct vmedia_op *op, int err, int fd)
{
	struct vmedia_mapping *m = op->mapping;
	struct vmedia_device *dev = m->dev;

	vmedia_fd_close(&fd);
	m->op = NULL;
	/* A peer that undid the mapping by itself at the reset refuses. */
	if (err == -EIO && m->reset)
		err = 0;
	if (err) {
		m->state = VMEDIA_MAP_STUCK;
		if (err != -ECONNRESET && !m->reset)
			vmedia_warn("the peer did not unmap 0x%llx bytes at 0x%llx of region 0 "
				    "(error %d): the range is lost",
				    (unsigned long long)m->range.len,
				    (unsigned long long)m->range.offset, -err);
		waiters_done(m, -EIO);
		return;
	}
	waiters_done(m, 0);
	mapping_free(m);
	unmap_rest(dev);
}

/* Unmap @m, which is not used any more. @waiter: the last MUNMAP, or NULL. */
static void unmap(struct vmedia_mapping *m, struct vmedia_request *waiter)
{
	struct vmedia_transport *t = m->dev->transport;
	struct vmedia_op *op = vmedia_op_create(m->dev, unmapped);

	if (m->state == VMEDIA_MAP_MAPPED)
		m->backing->mappings--;
	m->state = VMEDIA_MAP_UNMAPPING;
	if (waiter) {
		waiter->state = VMEDIA_REQ_MAPPING;
		vmedia_list_add_tail(&m->waiters, &waiter->node);
	}
	if (!op) {
		m->state = VMEDIA_MAP_STUCK;
		waiters_done(m, -ENOMEM);
		return;
	}
	op->mapping = m;
	m->op = op;
	t->ops->shm_unmap(t, m->range.offset, m->range.len, vmedia_op_done, op);
}

/* Set the answer of one MMAP, and count it. */
static void grant(struct vmedia_mapping *m, struct vmedia_request *req)
{
	m->count++;
	req->cmd.driver_addr = m->range.offset;
	req->cmd.mmap_len = m->length;
}

static void mapped(struct vmedia_op *op, int err, int fd)
{
	struct vmedia_mapping *m = op->mapping;
	struct vmedia_list *node;

	vmedia_fd_close(&fd);
	m->op = NULL;
	if (err) {
		if (err != -ECONNRESET)
			vmedia_warn_rl(
				&m->dev->rl,
				"the peer did not map 0x%llx bytes at 0x%llx of region 0: error %d",
				(unsigned long long)m->range.len,
				(unsigned long long)m->range.offset, -err);
		waiters_done(m, err);
		mapping_free(m);
		return;
	}
	m->state = VMEDIA_MAP_MAPPED;
	m->backing->mappings++;
	while ((node = vmedia_list_pop(&m->waiters))) {
		struct vmedia_request *req = vmedia_list_entry(node, struct vmedia_request, node);

		if (req->chain)
			grant(m, req);
		vmedia_request_done(req, 0);
	}
	if (!m->count)
		unmap(m, NULL);
}

static struct vmedia_mapping *find(struct vmedia_device *dev, const struct vmedia_plane_map *map,
				   bool rw)
{
	struct vmedia_mapping *m;

	vmedia_list_for_each(m, &dev->mappings, node)
		if (m->backing == map->backing && m->writable == rw && m->length == map->length &&
		    (m->state == VMEDIA_MAP_MAPPING || m->state == VMEDIA_MAP_MAPPED))
			return m;
	return NULL;
}

/* True if @s may have one more mapping, of @length bytes. */
static bool within_limits(const struct vmedia_session *s, uint64_t length)
{
	struct vmedia_device *dev = s->dev;
	const struct vmedia_limits *l = &dev->limits;

	if (dev->num_mappings >= l->max_mappings || s->share->mappings >= l->session_mappings) {
		vmedia_warn_rl(&dev->rl,
			       "MMAP was refused: session %u has %u of %u mappings, all sessions "
			       "%u of %u",
			       s->id, s->share->mappings, l->session_mappings, dev->num_mappings,
			       l->max_mappings);
		return false;
	}
	if (length > l->session_region || s->share->region > l->session_region - length) {
		vmedia_warn_rl(&dev->rl,
			       "MMAP of %llu bytes was refused: session %u has %llu of the %llu "
			       "bytes of region 0 that are its share",
			       (unsigned long long)length, s->id,
			       (unsigned long long)s->share->region,
			       (unsigned long long)l->session_region);
		return false;
	}
	return true;
}

static int mapping_new(struct vmedia_session *s, const struct vmedia_plane_map *map, bool rw,
		       struct vmedia_mapping **out)
{
	struct vmedia_device *dev = s->dev;
	struct vmedia_mapping *m;
	uint64_t pages;
	int err;

	if (vmedia_align_overflow(map->length, dev->region.page, &pages) ||
	    !within_limits(s, pages))
		return -ENOMEM;
	m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	err = vmedia_region_take(&dev->region, map->length, &m->range);
	if (err) {
		vmedia_warn_rl(
			&dev->rl, "MMAP was refused: region 0 of %llu bytes has no room for %llu",
			(unsigned long long)dev->region_size, (unsigned long long)map->length);
		goto fail;
	}
	m->op = vmedia_op_create(dev, mapped);
	if (!m->op) {
		vmedia_region_give(&dev->region, &m->range);
		err = -ENOMEM;
		goto fail;
	}
	m->op->mapping = m;
	m->dev = dev;
	m->backing = vmedia_backing_get(map->backing);
	m->share = vmedia_share_get(s->share);
	m->share->mappings++;
	m->share->region += m->range.len;
	m->length = map->length;
	m->writable = rw;
	vmedia_list_init(&m->waiters);
	vmedia_list_add_tail(&dev->mappings, &m->node);
	dev->num_mappings++;
	*out = m;
	return 0;
fail:
	free(m);
	return err;
}

/*
 * Check that the plane of the device can be mapped. Returns 0 with the offset in the file, or
 * negative errno.
 */
static int check_plane(const struct vmedia_device *dev, const struct vmedia_plane_map *map, bool rw,
		       uint64_t *offset)
{
	if (!map->backing || !map->length || map->length > map->backing->length)
		return -EINVAL;
	if (vmedia_backing_fd(map->backing, offset) < 0 || *offset & (dev->region.page - 1))
		return -EINVAL;
	return rw && !map->backing->writable ? -EACCES : 0;
}

int vmedia_mapping_mmap(struct vmedia_request *req)
{
	struct vmedia_device *dev = req->dev;
	struct vmedia_transport *t = dev->transport;
	bool rw = req->cmd.mmap_flags & VMEDIA_MMAP_FLAG_RW;
	struct vmedia_plane_map map = { 0 };
	struct vmedia_mapping *m;
	uint64_t offset = 0;
	int err;

	if (!dev->region_size || !t->ops->shm_map)
		return -ENODEV;
	if (req->cmd.mmap_flags & ~VMEDIA_MMAP_FLAG_RW || !dev->ops->mmap)
		return -EINVAL;
	err = dev->ops->mmap(req->session, req->cmd.mmap_offset, &map);
	if (!err)
		err = check_plane(dev, &map, rw, &offset);
	if (err)
		return err;
	m = find(dev, &map, rw);
	if (m && m->state == VMEDIA_MAP_MAPPED) {
		if (m->count == UINT32_MAX)
			return -ENOMEM;
		grant(m, req);
		return 0;
	}
	req->state = VMEDIA_REQ_MAPPING;
	if (m) {
		vmedia_list_add_tail(&m->waiters, &req->node);
		return -EINPROGRESS;
	}
	err = mapping_new(req->session, &map, rw, &m);
	if (err)
		return err;
	vmedia_list_add_tail(&m->waiters, &req->node);
	t->ops->shm_map(t, map.backing->fd, offset, m->range.offset, m->range.len, rw,
			vmedia_op_done, m->op);
	return -EINPROGRESS;
}

int vmedia_mapping_munmap(struct vmedia_request *req)
{
	struct vmedia_range *range = vmedia_region_at(&req->dev->region, req->cmd.driver_addr);
	struct vmedia_mapping *m = range ? vmedia_container_of(range, struct vmedia_mapping, range)
					 : NULL;

	if (!m || m->state != VMEDIA_MAP_MAPPED)
		return -EINVAL;
	if (--m->count)
		return 0;
	unmap(m, req);
	return -EINPROGRESS;
}

void vmedia_mappings_unmap_all(struct vmedia_device *dev)
{
	struct vmedia_mapping *m, *tmp;
	struct vmedia_list todo;

	/* An answer may arrive at once. It frees its own mapping, but no other. */
	vmedia_list_init(&todo);
	vmedia_list_splice_tail(&todo, &dev->mappings);
	vmedia_list_for_each_safe(m, tmp, &todo, node) {
		vmedia_list_del(&m->node);
		vmedia_list_add_tail(&dev->mappings, &m->node);
		m->count = 0;
		m->reset = true;
		if (m->state == VMEDIA_MAP_MAPPED || m->state == VMEDIA_MAP_STUCK)
			unmap(m, NULL);
	}
}

void vmedia_mappings_forget(struct vmedia_device *dev)
{
	struct vmedia_list *node;

	while (!vmedia_list_empty(&dev->mappings)) {
		struct vmedia_mapping *m =
			vmedia_list_first(&dev->mappings, struct vmedia_mapping, node);

		if (m->state == VMEDIA_MAP_MAPPED)
			m->backing->mappings--;
		while ((node = vmedia_list_pop(&m->waiters)))
			vmedia_request_free(vmedia_list_entry(node, struct vmedia_request, node));
		mapping_free(m);
	}
}
