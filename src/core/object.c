/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Virtio objects: buffers with UUIDs, exported by this device and imported from others.
 *
 * Export: EXPBUF gives a memory file a random UUID. The file stays until the device is reset, since
 * no message reports that the last importer has finished. If its memory is needed before, exports
 * that have no other user are withdrawn, oldest first. An importer outside keeps its own mapping of
 * a withdrawn export.
 *
 * Import: QBUF and PREPARE_BUF with memory OBJECT carry a UUID for each plane. Each is resolved
 * before the device gets the command: to an export of this device, to an object that this session
 * looked up before, or by a request to the transport. Planes are looked up one after another; only
 * this session waits meanwhile. The object stays mapped in the session's cache, so a buffer that is
 * queued again needs no new mapping. limits.session_objects bounds each cache, limits.max_objects
 * bounds all of them; the oldest entry is evicted first.
 *
 * Security model: a UUID comes from the guest, and the file for it from another process. The file's
 * size is read from the kernel, its mapping is guarded against shrinking (backing.c), and a look-up
 * that never ends blocks only one session.
 *
 * System calls, serving: getrandom
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/fd.h"
#include "core/core.h"

/* ---- Export ---- */

static struct vmedia_object *find_export(struct vmedia_device *dev, const uint8_t *uuid)
{
	struct vmedia_object *o;

	vmedia_list_for_each(o, &dev->objects, node)
		if (!memcmp(o->uuid, uuid, VMEDIA_UUID_SIZE))
			return o;
	return NULL;
}

static struct vmedia_object *find_exported_backing(struct vmedia_device *dev,
						   const struct vmedia_backing *b)
{
	struct vmedia_object *o;

	vmedia_list_for_each(o, &dev->objects, node)
		if (o->backing == b)
			return o;
	return NULL;
}

static void object_free(struct vmedia_device *dev, struct vmedia_object *o, bool tell)
{
	struct vmedia_transport *t = dev->transport;

	if (tell && t && t->ops->object_remove)
		t->ops->object_remove(t, o->uuid);
	vmedia_list_del(&o->node);
	dev->num_objects--;
	o->share->objects--;
	vmedia_backing_put(o->backing);
	vmedia_share_put(o->share);
	free(o);
}

/* True if an export has no other user and belongs to @share, or to a closed session (NULL). */
static bool is_idle(const struct vmedia_object *o, const struct vmedia_share *share)
{
	return (share ? o->share == share : o->share->closed) &&
	       atomic_load(&o->backing->refs) == 1;
}

static struct vmedia_object *find_idle(struct vmedia_device *dev, const struct vmedia_share *share)
{
	struct vmedia_object *o;

	vmedia_list_for_each(o, &dev->objects, node)
		if (is_idle(o, share))
			return o;
	return NULL;
}

/* True if @s could have @bytes more after all idle exports were withdrawn. */
static bool is_enough(const struct vmedia_session *s, int err, uint64_t bytes)
{
	const struct vmedia_account *a = s->dev->account;
	const struct vmedia_share *sh = s->share;
	const struct vmedia_object *o;
	uint64_t room = err == -EDQUOT ? sh->max_bytes - atomic_load(&sh->bytes)
				       : a->max_bytes - atomic_load(&a->bytes);

	vmedia_list_for_each(o, &s->dev->objects, node)
		if (is_idle(o, sh) || (err != -EDQUOT && is_idle(o, NULL)))
			room += o->backing->charged;
	return bytes <= room;
}

bool vmedia_objects_reclaim(struct vmedia_session *s, int err, uint64_t bytes)
{
	struct vmedia_device *dev = s->dev;
	struct vmedia_object *o;

	if (!is_enough(s, err, bytes))
		return false;
	o = err == -ENOMEM ? find_idle(dev, NULL) : NULL;
	if (!o)
		o = find_idle(dev, s->share);
	if (!o)
		return false;
	vmedia_warn_rl(&dev->rl,
		       "an exported object of %llu bytes was withdrawn: session %u needs memory",
		       (unsigned long long)o->backing->length, s->id);
	object_free(dev, o, true);
	return true;
}

/* Make room for one more export. Returns 0 or -ENOMEM. */
static int make_room(struct vmedia_session *s)
{
	const struct vmedia_limits *l = &s->dev->limits;
	int err;

	do {
		err = 0;
		if (s->share->objects >= l->session_objects)
			err = -EDQUOT;
		else if (s->dev->num_objects >= l->max_objects)
			err = -ENOMEM;
	} while (err && vmedia_objects_reclaim(s, err, 0));
	if (!err)
		return 0;
	vmedia_warn_rl(&s->dev->rl,
		       "EXPBUF was refused: session %u has %u of %u objects, all sessions %u of %u",
		       s->id, s->share->objects, l->session_objects, s->dev->num_objects,
		       l->max_objects);
	return -ENOMEM;
}

static int object_new(struct vmedia_session *s, struct vmedia_backing *backing,
		      struct vmedia_object **out)
{
	struct vmedia_device *dev = s->dev;
	struct vmedia_object *o;

	if (make_room(s))
		return -ENOMEM;
	o = calloc(1, sizeof(*o));
	if (!o)
		return -ENOMEM;
	if (getrandom(o->uuid, sizeof(o->uuid), 0) != (ssize_t)sizeof(o->uuid)) {
		free(o);
		return -ENOMEM;
	}
	o->uuid[6] = (o->uuid[6] & 0x0f) | 0x40; /* RFC 9562: version 4, */
	o->uuid[8] = (o->uuid[8] & 0x3f) | 0x80; /* variant 10 */
	o->backing = vmedia_backing_get(backing);
	o->share = vmedia_share_get(s->share);
	o->share->objects++;
	vmedia_list_add_tail(&dev->objects, &o->node);
	dev->num_objects++;
	*out = o;
	return 0;
}

int vmedia_request_export(struct vmedia_request *req, struct vmedia_backing *backing)
{
	struct vmedia_device *dev = req->dev;
	struct vmedia_transport *t = dev->transport;
	struct vmedia_object *o;
	uint64_t offset = 0;
	int err;

	vmedia_loop_assert(dev->loop);
	if (!t || !t->ops->object_add)
		return -ENOTTY;
	if (!backing || vmedia_backing_fd(backing, &offset) < 0 || offset)
		return -EINVAL;
	o = find_exported_backing(dev, backing);
	if (!o) {
		err = object_new(req->session, backing, &o);
		if (err)
			return err;
		t->ops->object_add(t, o->uuid);
	}
	memcpy(req->cmd.io.uuid[0], o->uuid, VMEDIA_UUID_SIZE);
	return 0;
}

int vmedia_device_shared_object(struct vmedia_device *dev, const uint8_t uuid[VMEDIA_UUID_SIZE])
{
	struct vmedia_object *o = find_export(dev, uuid);

	vmedia_loop_assert(dev->loop);
	if (!o)
		return -ENOENT;
	o->backing->alone = false;
	return vmedia_fd_dup(o->backing->fd);
}

void vmedia_objects_reset(struct vmedia_device *dev, bool tell)
{
	while (!vmedia_list_empty(&dev->objects))
		object_free(dev, vmedia_list_first(&dev->objects, struct vmedia_object, node),
			    tell);
}

/* ---- Import ---- */

static void cached_free(struct vmedia_device *dev, struct vmedia_cached *c)
{
	vmedia_list_del(&c->lru);
	vmedia_list_del(&c->session_node);
	c->session->num_cached--;
	dev->num_cached--;
	vmedia_backing_put(c->backing);
	free(c);
}

static bool evict_oldest(struct vmedia_device *dev)
{
	if (vmedia_list_empty(&dev->cache))
		return false;
	cached_free(dev, vmedia_list_first(&dev->cache, struct vmedia_cached, lru));
	return true;
}

static bool evict_own(struct vmedia_session *s)
{
	if (vmedia_list_empty(&s->cache))
		return false;
	cached_free(s->dev, vmedia_list_first(&s->cache, struct vmedia_cached, session_node));
	return true;
}

void vmedia_objects_forget_cache(struct vmedia_session *s)
{
	while (evict_own(s))
		;
}

static struct vmedia_backing *find_cached(struct vmedia_session *s, const uint8_t *uuid)
{
	struct vmedia_cached *c;

	vmedia_list_for_each(c, &s->cache, session_node) {
		if (memcmp(c->uuid, uuid, VMEDIA_UUID_SIZE))
			continue;
		vmedia_list_del(&c->lru);
		vmedia_list_add_tail(&s->dev->cache, &c->lru);
		vmedia_list_del(&c->session_node);
		vmedia_list_add_tail(&s->cache, &c->session_node);
		return c->backing;
	}
	return NULL;
}

/* Add an object to the cache. A failure only causes another look-up. */
static void cache_add(struct vmedia_session *s, const uint8_t *uuid, struct vmedia_backing *backing)
{
	struct vmedia_device *dev = s->dev;
	struct vmedia_cached *c;

	if (!dev->limits.max_objects)
		return;
	if (s->num_cached >= dev->limits.session_objects)
		evict_own(s);
	else if (dev->num_cached >= dev->limits.max_objects)
		evict_oldest(dev);
	c = calloc(1, sizeof(*c));
	if (!c)
		return;
	memcpy(c->uuid, uuid, VMEDIA_UUID_SIZE);
	c->backing = vmedia_backing_get(backing);
	c->session = s;
	vmedia_list_add_tail(&dev->cache, &c->lru);
	vmedia_list_add_tail(&s->cache, &c->session_node);
	s->num_cached++;
	dev->num_cached++;
}

/* Make room for a file of @s after @err: evict an import that can be looked up again. */
static bool give_way(struct vmedia_session *s, int err)
{
	if (err == -EDQUOT)
		return evict_own(s);
	return err == -ENOMEM && evict_oldest(s->dev);
}

static void looked_up(struct vmedia_op *op, int err, int fd)
{
	struct vmedia_request *req = op->req;
	struct vmedia_device *dev = req->dev;
	struct vmedia_backing *b = NULL;
	int copy;

	req->op = NULL;
	if (!err && fd < 0)
		err = -ENOENT;
	while (!err) {
		/* from_object() closes its descriptor; keep one for another attempt. */
		copy = vmedia_fd_dup(fd);
		err = copy < 0 ? copy : vmedia_backing_from_object(req->session, copy, &b);
		if (!err || !(give_way(req->session, err) ||
			      vmedia_objects_reclaim(req->session, err, 0)))
			break;
		err = 0;
	}
	if (err == -EDQUOT)
		err = -ENOMEM;
	vmedia_fd_close(&fd);
	if (err) {
		vmedia_warn_rl(&dev->rl,
			       "plane %u of a buffer names an object that cannot be used: error %d",
			       req->next_plane, -err);
		vmedia_request_done(req, err);
		return;
	}
	cache_add(req->session, req->cmd.io.uuid[req->next_plane], b);
	req->object[req->next_plane++] = b;
	vmedia_request_done(req, 0);
}

void vmedia_objects_cancel(struct vmedia_request *req)
{
	if (req->op)
		vmedia_op_abandon(req->op);
	req->op = NULL;
}

static unsigned int object_planes(const struct vmedia_request *req)
{
	const struct vmedia_ioctl *io = &req->cmd.io;

	if (io->info->nr != VMEDIA_NR_QBUF && io->info->nr != VMEDIA_NR_PREPARE_BUF)
		return 0;
	if (io->arg.buffer.memory != VMEDIA_MEMORY_DMABUF)
		return 0;
	return vmedia_buf_type_is_multiplanar(io->arg.buffer.type) ? io->num_planes : 1;
}

int vmedia_objects_resolve(struct vmedia_request *req)
{
	struct vmedia_device *dev = req->dev;
	struct vmedia_transport *t = dev->transport;
	unsigned int planes = object_planes(req);

	for (; req->next_plane < planes; req->next_plane++) {
		const uint8_t *uuid = req->cmd.io.uuid[req->next_plane];
		struct vmedia_object *o = find_export(dev, uuid);
		struct vmedia_backing *b = o ? o->backing : find_cached(req->session, uuid);

		if (b) {
			req->object[req->next_plane] = vmedia_backing_get(b);
			continue;
		}
		if (!t->ops->object_lookup)
			return -EINVAL;
		req->op = vmedia_op_create(dev, looked_up);
		if (!req->op)
			return -ENOMEM;
		req->op->req = req;
		req->state = VMEDIA_REQ_LOOKUP;
		t->ops->object_lookup(t, uuid, vmedia_op_done, req->op);
		return -EINPROGRESS;
	}
	return 0;
}

/* ---- Both kinds of foreign memory, for the device ---- */

static int import_object(struct vmedia_request *req, uint32_t plane, uint64_t length, bool write,
			 struct vmedia_backing **backing)
{
	struct vmedia_backing *b = plane < req->next_plane ? req->object[plane] : NULL;

	if (!b)
		return -ENOENT;
	/*
	 * A file of ours has whole pages, and an importer sees that size, so it is allowed here
	 * too.
	 */
	if (length > VMEDIA_MAX(b->length, b->fd >= 0 ? b->charged : 0))
		return -EINVAL;
	if (write && !b->writable)
		return -EACCES;
	*backing = vmedia_backing_get(b);
	return 0;
}

int vmedia_request_import(struct vmedia_request *req, uint32_t plane, uint64_t length, bool write,
			  struct vmedia_backing *old, struct vmedia_backing **backing)
{
	const struct vmedia_ioctl *io = &req->cmd.io;
	struct vmedia_device *dev = req->dev;
	int n;

	vmedia_loop_assert(dev->loop);
	if (req->cmd.type != VMEDIA_CMD_IOCTL || plane >= VMEDIA_MAX_PLANES || !length)
		return -EINVAL;
	if (io->info->nr != VMEDIA_NR_QBUF && io->info->nr != VMEDIA_NR_PREPARE_BUF)
		return -EINVAL;
	if (io->arg.buffer.memory == VMEDIA_MEMORY_DMABUF)
		return import_object(req, plane, length, write, backing);
	if (io->arg.buffer.memory != VMEDIA_MEMORY_USERPTR || !io->plane_sg[plane].count)
		return -EINVAL;
	if (!req->chain || !req->chain->mem)
		return -EFAULT;
	if (vmedia_backing_is_of(old, req->chain->mem, &io->plane_sg[plane], length, write)) {
		*backing = vmedia_backing_get(old);
		return 0;
	}
	n = vmedia_sg_ranges(dev, &io->plane_sg[plane], length);
	if (n < 0)
		return n;
	return vmedia_backing_from_guest(req->session, req->chain->mem, dev->ranges,
					 (unsigned int)n, length, write, backing);
}
