// SPDX-License-Identifier: BSD-3-Clause
/*
 * Copies between a buffer of the host and the guest's memory of it, where they are not the same
 * memory. Each byte that is used is copied once, plus once more where guest pages cannot be seen as
 * one piece (vmedia_backing_fetch()), and all of it is counted. The host can have guest pages that
 * are such a piece themselves; of others it has the private copy.
 */
#include <errno.h>
#include <string.h>

#include "proxy.h"

/* Map the host's buffer, the first time that it is copied. */
static int map(struct proxy_session *ps, struct proxy_plane *plane, bool write)
{
	const struct proxy_host *host = &ps->p->host;

	if (!plane->map)
		plane->map = host->ops->mmap(host->opaque, ps->fd, plane->host_offset,
					     plane->length, write);
	return plane->map ? 0 : -EIO;
}

int vmedia_proxy_copy(struct proxy_session *ps, struct proxy_buf *buf, bool to_host,
		      const uint32_t used[VMEDIA_MAX_PLANES], uint64_t *copied)
{
	for (uint32_t i = 0; i < buf->num_planes; i++) {
		struct proxy_plane *plane = &buf->planes[i];
		int err;

		if (!plane->mem)
			continue;
		err = plane->copied ? map(ps, plane, to_host) : 0;
		if (err)
			return err;
		if (to_host)
			vmedia_backing_fetch(plane->mem, used[i]);
		if (plane->copied && to_host)
			memcpy(plane->map, vmedia_backing_addr(plane->mem), used[i]);
		else if (plane->copied)
			memcpy(vmedia_backing_addr(plane->mem), plane->map, used[i]);
		if (!to_host)
			vmedia_backing_flush(plane->mem, used[i]);
		*copied += plane->copied ? used[i] : 0;
	}
	return 0;
}

int vmedia_proxy_copy_to_host(struct proxy_session *ps, struct proxy_buf *buf,
			      const struct vmedia_buffer *b, const struct vmedia_plane *planes)
{
	bool mplane = vmedia_buf_type_is_multiplanar(b->type);
	uint32_t used[VMEDIA_MAX_PLANES], room;
	uint64_t copied = 0;
	int err;

	for (uint32_t i = 0; i < buf->num_planes; i++) {
		used[i] = mplane ? planes[i].bytesused : b->bytesused;
		room = vmedia_proxy_room(&ps->queues[b->type], &buf->planes[i]);
		/* None means all, and of too many the host tells. */
		if (!used[i] || used[i] > room)
			used[i] = room;
	}
	err = vmedia_proxy_copy(ps, buf, true, used, &copied);
	vmedia_device_add_copied(ps->p->dev, copied);
	return err;
}
