/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The peer behind the transport: maps files into region 0, knows virtio objects, answers now or
 * later.
 */
#include "harness_peer.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/fd.h"

static struct harness *from(struct vmedia_transport *t)
{
	return vmedia_container_of(t, struct harness, transport);
}

static void map_remove(struct harness *h, struct harness_map *m)
{
	munmap(m->addr, m->len);
	*m = h->maps[--h->num_maps];
}

void harness_peer_reset(struct harness *h)
{
	h->peer_resets = true;
	while (h->num_maps)
		map_remove(h, &h->maps[0]);
}

struct harness_map *harness_map_at(struct harness *h, uint64_t offset)
{
	unsigned int i;

	for (i = 0; i < h->num_maps; i++)
		if (h->maps[i].offset == offset)
			return &h->maps[i];
	return NULL;
}

/* Answer now or remember to. @unmap: offset of the mapping that goes with a good answer, or -1. */
static void answer(struct harness *h, bool async, vmedia_transport_done_fn done, void *opaque,
		   int err, int fd)
{
	if (!async) {
		done(opaque, err, fd);
		return;
	}
	assert(h->num_waiting < HARNESS_MAX_WAITING);
	h->waiting[h->num_waiting++] = (struct harness_waiting){ done, opaque, err, fd, NULL };
}

void harness_peer_map(struct vmedia_transport *t, int fd, uint64_t fd_offset, uint64_t shm_offset,
		      uint64_t len, bool writable, vmedia_transport_done_fn done, void *opaque)
{
	struct harness *h = from(t);
	struct harness_map *m;
	unsigned int i;

	h->map_calls++;
	if (h->shm_map_err) {
		answer(h, h->shm_async, done, opaque, h->shm_map_err, -1);
		return;
	}
	if (h->shm_room && h->num_waiting >= h->shm_room) {
		answer(h, false, done, opaque, -EBUSY, -1);
		return;
	}
	for (i = 0; i < h->num_maps; i++)
		if (shm_offset < h->maps[i].offset + h->maps[i].len &&
		    h->maps[i].offset < shm_offset + len)
			h->overlap = true;
	assert(h->num_maps < HARNESS_MAX_MAPS);
	m = &h->maps[h->num_maps++];
	*m = (struct harness_map){
		.offset = shm_offset, .len = len, .fd_offset = fd_offset, .writable = writable
	};
	m->addr = mmap(NULL, len, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd,
		       (off_t)fd_offset);
	assert(m->addr != MAP_FAILED);
	answer(h, h->shm_async, done, opaque, 0, -1);
}

void harness_peer_unmap(struct vmedia_transport *t, uint64_t shm_offset, uint64_t len,
			vmedia_transport_done_fn done, void *opaque)
{
	struct harness *h = from(t);
	struct harness_map *m = harness_map_at(h, shm_offset);

	h->unmap_calls++;
	if (!m && h->peer_resets) {
		answer(h, h->shm_async, done, opaque, -EIO, -1);
		return;
	}
	assert(m && m->len == len);
	if (h->shm_room && h->num_waiting >= h->shm_room) {
		answer(h, false, done, opaque, -EBUSY, -1);
		return;
	}
	if (!h->shm_unmap_err && !h->shm_async)
		map_remove(h, m);
	answer(h, h->shm_async, done, opaque, h->shm_unmap_err, -1);
	if (h->shm_async && !h->shm_unmap_err) {
		m->unmapping = true;
		h->waiting[h->num_waiting - 1].unmap = m;
	}
}

void harness_peer_add(struct vmedia_transport *t, const uint8_t uuid[VMEDIA_UUID_SIZE])
{
	(void)uuid;
	from(t)->adds++;
}

void harness_peer_remove(struct vmedia_transport *t, const uint8_t uuid[VMEDIA_UUID_SIZE])
{
	(void)uuid;
	from(t)->removes++;
}

void harness_peer_lookup(struct vmedia_transport *t, const uint8_t uuid[VMEDIA_UUID_SIZE],
			 vmedia_transport_done_fn done, void *opaque)
{
	struct harness *h = from(t);
	unsigned int i;

	h->lookups++;
	if (h->shm_room && h->num_waiting >= h->shm_room) {
		answer(h, false, done, opaque, -EBUSY, -1);
		return;
	}
	for (i = 0; i < h->num_objects; i++) {
		if (memcmp(h->object_uuid[i], uuid, VMEDIA_UUID_SIZE))
			continue;
		answer(h, h->object_async, done, opaque, 0, vmedia_fd_dup(h->object_fd[i]));
		return;
	}
	answer(h, h->object_async, done, opaque, -ENOENT, -1);
}

void harness_add_object(struct harness *h, const uint8_t uuid[VMEDIA_UUID_SIZE], uint64_t size)
{
	assert(h->num_objects < HARNESS_MAX_OBJECTS);
	memcpy(h->object_uuid[h->num_objects], uuid, VMEDIA_UUID_SIZE);
	h->object_fd[h->num_objects] = vmedia_memfd("object", size);
	assert(h->object_fd[h->num_objects] >= 0);
	h->num_objects++;
}

void harness_answer(struct harness *h, int n, int err)
{
	while (n-- && h->num_waiting) {
		struct harness_waiting w = h->waiting[0];
		unsigned int i;

		memmove(h->waiting, h->waiting + 1, --h->num_waiting * sizeof(w));
		if (err) {
			vmedia_fd_close(&w.fd);
			w.err = err;
		} else if (w.unmap) {
			uint64_t last = h->maps[h->num_maps - 1].offset;

			/* The last mapping moves into the hole: whoever pointed to it follows. */
			for (i = 0; i < h->num_waiting; i++)
				if (h->waiting[i].unmap && h->waiting[i].unmap->offset == last)
					h->waiting[i].unmap = w.unmap;
			map_remove(h, w.unmap);
		}
		w.done(w.opaque, w.err, w.fd);
	}
	if (h->vqr[0])
		harness_step(h);
}

void harness_peer_end(struct harness *h)
{
	unsigned int i;

	while (h->num_waiting)
		harness_answer(h, 1, -ECONNRESET);
	while (h->num_maps)
		map_remove(h, &h->maps[h->num_maps - 1]);
	for (i = 0; i < h->num_objects; i++)
		vmedia_fd_close(&h->object_fd[i]);
	h->num_objects = 0;
}
