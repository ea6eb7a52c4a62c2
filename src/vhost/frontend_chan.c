/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Serves requests of the back-end.
 *
 * Security model: messages were checked against the table (known, negotiated, size, descriptors).
 * Here ranges are checked against the announced region and against the file, so that the owner maps
 * no page that the file lacks. A file may still be truncated later, unless it is sealed. An invalid
 * request is refused if there is an answer for it; otherwise the connection ends. While an answer
 * waits to be sent, no further request is read.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/checked.h"
#include "base/fd.h"
#include "vhost/frontend_impl.h"

#define MSGS_PER_CALL 256

/* A description of the range's fault, or NULL. */
static const char *range_fault(const struct vmedia_vuf *vuf, const struct vmedia_vu_mmap *m)
{
	uint64_t mask = vmedia_page_size() - 1;

	if (!vuf->shmem_size[m->shmid])
		return "there is no such region";
	if (!m->len)
		return "it is empty";
	if ((m->len | m->shm_offset | m->fd_offset) & mask)
		return "length and offsets must be whole pages";
	if (!vmedia_range_ok(m->shm_offset, m->len, vuf->shmem_size[m->shmid]))
		return "it does not fit the region";
	return NULL;
}

static int check_range(struct vmedia_vuf *vuf, const char *what, const struct vmedia_vu_mmap *m,
		       uint64_t flags)
{
	const char *fault = range_fault(vuf, m);

	if (!fault && m->flags & ~flags)
		fault = "there is no such flag";
	if (!fault)
		return 0;
	vmedia_vuf_warn(vuf,
			"%s of 0x%" PRIx64 " bytes at 0x%" PRIx64 " of region %u of 0x%" PRIx64
			", file offset 0x%" PRIx64 ", flags 0x%" PRIx64 ": %s",
			what, m->len, m->shm_offset, m->shmid, vuf->shmem_size[m->shmid],
			m->fd_offset, m->flags, fault);
	return -EINVAL;
}

static int map(struct vmedia_vuf *vuf, struct vmedia_vu_msg *msg)
{
	const struct vmedia_vu_mmap *m = &msg->p.mmap;
	struct statx st;

	if (check_range(vuf, "SHMEM_MAP", m, VMEDIA_VU_MMAP_RW))
		return -EINVAL;
	if (vmedia_fd_stat(msg->fd[0], &st) || S_ISCHR(st.stx_mode) || S_ISBLK(st.stx_mode) ||
	    !vmedia_range_ok(m->fd_offset, m->len, st.stx_size)) {
		vmedia_vuf_warn(vuf,
				"SHMEM_MAP of 0x%" PRIx64 " bytes at 0x%" PRIx64
				" comes with a file that lacks them",
				m->len, m->fd_offset);
		return -EINVAL;
	}
	if (!vuf->ops || !vuf->ops->shmem_map)
		return -EOPNOTSUPP;
	return vuf->ops->shmem_map(vuf->opaque, m->shmid, msg->fd[0], m->fd_offset, m->shm_offset,
				   m->len, m->flags & VMEDIA_VU_MMAP_RW);
}

static int unmap(struct vmedia_vuf *vuf, struct vmedia_vu_msg *msg)
{
	const struct vmedia_vu_mmap *m = &msg->p.mmap;

	if (check_range(vuf, "SHMEM_UNMAP", m, UINT64_MAX))
		return -EINVAL;
	if (!vuf->ops || !vuf->ops->shmem_unmap)
		return -EOPNOTSUPP;
	return vuf->ops->shmem_unmap(vuf->opaque, m->shmid, m->shm_offset, m->len);
}

/* Run the request. *fd gets the descriptor for the answer. Returns 0 or a negative errno. */
static int run(struct vmedia_vuf *vuf, struct vmedia_vu_msg *msg, int *fd)
{
	const struct vmedia_vuf_ops *ops = vuf->ops;

	switch (msg->hdr.request) {
	case VMEDIA_VU_B_SHMEM_MAP:
		return map(vuf, msg);
	case VMEDIA_VU_B_SHMEM_UNMAP:
		return unmap(vuf, msg);
	case VMEDIA_VU_B_CONFIG_CHANGE:
		if (ops && ops->config_change)
			ops->config_change(vuf->opaque);
		return 0;
	case VMEDIA_VU_B_SHARED_OBJECT_ADD:
		return ops && ops->object_add ? ops->object_add(vuf->opaque, msg->p.uuid)
					      : -EOPNOTSUPP;
	case VMEDIA_VU_B_SHARED_OBJECT_REMOVE:
		return ops && ops->object_remove ? ops->object_remove(vuf->opaque, msg->p.uuid)
						 : -EOPNOTSUPP;
	case VMEDIA_VU_B_SHARED_OBJECT_LOOKUP:
		*fd = ops && ops->object_lookup ? ops->object_lookup(vuf->opaque, msg->p.uuid)
						: -ENOENT;
		return *fd < 0 ? *fd : 0;
	default:
		return -EOPNOTSUPP;
	}
}

static int answer(struct vmedia_vuf *vuf, uint32_t request, int err, const int *fd)
{
	struct vmedia_vu_hdr hdr = {
		.request = request,
		.flags = VMEDIA_VU_VERSION | VMEDIA_VU_FLAG_REPLY,
		.size = sizeof(uint64_t),
	};
	uint64_t val = -(int64_t)err;

	return vmedia_vu_link_send(&vuf->chan, &hdr, &val, fd, fd ? 1 : 0);
}

/* Returns 0, or a negative errno for which the connection must end. */
static int handle(struct vmedia_vuf *vuf, struct vmedia_vu_msg *msg)
{
	const struct vmedia_vu_row *row = vmedia_vu_row(VMEDIA_VU_BACK, msg->hdr.request);
	struct vmedia_vu_limits limits = { .offered = vuf->poffered,
					   .negotiated = vuf->pfeatures,
					   .rl = &vuf->rl };
	bool own = row && row->reply == VMEDIA_VU_REPLY_OWN;
	int checked, err, fd = -1;

	if (msg->hdr.flags & VMEDIA_VU_FLAG_REPLY) {
		vmedia_vuf_warn(vuf,
				"request %u on the back-end channel has the flags of an answer",
				msg->hdr.request);
		return -EPROTO;
	}
	checked = vmedia_vu_check(VMEDIA_VU_BACK, msg, &limits);
	if (checked && own)
		return -EPROTO;
	err = checked ? checked : run(vuf, msg, &fd);
	if (own || (msg->hdr.flags & VMEDIA_VU_FLAG_NEED_REPLY &&
		    vmedia_vuf_has_pf(vuf, VMEDIA_VU_PF_REPLY_ACK))) {
		err = answer(vuf, msg->hdr.request, err, fd < 0 ? NULL : &fd);
	} else if (checked) {
		err = -EPROTO;
	} else if (err) {
		vmedia_vuf_warn(vuf, "%s failed and the back-end did not ask for an answer: %s",
				row->name, strerror(-err));
		err = 0;
	}
	vmedia_fd_close(&fd);
	return err;
}

int vmedia_vuf_serve_channel(struct vmedia_vuf *vuf)
{
	struct vmedia_vu_msg msg;
	unsigned int i;
	int ret;

	if (vuf->chan.fd < 0)
		return 0;
	for (i = 0; i < MSGS_PER_CALL; i++) {
		ret = vmedia_vu_link_flush(&vuf->chan);
		if (ret)
			return ret < 0 ? ret : 0;
		ret = vmedia_vu_link_recv(&vuf->chan, &msg);
		if (ret <= 0)
			return ret;
		ret = handle(vuf, &msg);
		vmedia_vu_msg_drop_fds(&msg);
		if (ret)
			return ret;
	}
	return 0;
}
