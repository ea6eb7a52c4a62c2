/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The back-end channel: requests to the front-end, answered in the order in which they were sent.
 *
 * Unanswered requests are in a ring buffer of fixed size. Requests without an answer (no REPLY_ACK)
 * complete when they are sent. If a front-end closes the channel, its requests end, but not the
 * connection.
 *
 * Security model: an answer must match the oldest unanswered request in number, flags, size and
 * descriptors. An answer that does not match, or to no request, closes the whole connection,
 * because it is then unknown which requests were done.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/checked.h"
#include "base/fd.h"
#include "vhost/backend_impl.h"

#define ANSWERS_PER_EVENT 32 /* each may start a request; then other work of the loop */

static void finish(struct vmedia_vub_pending *p, int err, int fd)
{
	if (p->done)
		p->done(p->opaque, err);
	else if (p->done_fd)
		p->done_fd(p->opaque, err, fd);
	else
		vmedia_fd_close(&fd);
}

static struct vmedia_vub_pending pop_pending(struct vmedia_vub *vub)
{
	struct vmedia_vub_pending p = vub->pending[vub->pending_first];

	vub->pending_first = (vub->pending_first + 1) % VMEDIA_VUB_MAX_PENDING;
	vub->pending_num--;
	return p;
}

/* Also called from the callbacks here; later calls do nothing. */
void vmedia_vub_chan_close(struct vmedia_vub *vub)
{
	vmedia_loop_del_fd(&vub->chan_src);
	vmedia_vu_link_finish(&vub->chan);
	while (vub->pending_num) {
		struct vmedia_vub_pending p = pop_pending(vub);

		finish(&p, -ECONNRESET, -1);
	}
}

static void warn_refused(struct vmedia_vub *vub, uint32_t request, uint64_t why)
{
	vmedia_vub_warn(vub, "the front-end refused %s: %" PRIu64,
			vmedia_vu_name(VMEDIA_VU_BACK, request), why);
	if (request == VMEDIA_VU_B_SHMEM_MAP && !vub->shmem_asked)
		vmedia_vub_warn(vub,
				"it never asked how large region 0 is: its own may be smaller than "
				"the 0x%" PRIx64 " bytes here",
				vub->shmem_size[0]);
}

/* Take one answer to the oldest request. Returns 0 or -EPROTO. */
static int handle_reply(struct vmedia_vub *vub, struct vmedia_vu_msg *msg)
{
	struct vmedia_vub_pending *first = &vub->pending[vub->pending_first], p;
	bool refused;
	int fd;

	if (!vub->pending_num) {
		vmedia_vub_warn(vub, "%s (%u) was answered, and nothing was asked",
				vmedia_vu_name(VMEDIA_VU_BACK, msg->hdr.request), msg->hdr.request);
		return -EPROTO;
	}
	if (vmedia_vu_check_reply(VMEDIA_VU_BACK, first->request, !first->done_fd, msg))
		return -EPROTO;
	p = pop_pending(vub);
	refused = msg->p.u64;
	if (p.done_fd) {
		fd = refused ? -1 : vmedia_vu_take_fd(msg, 0);
		finish(&p, fd < 0 ? -ENOENT : 0, fd);
		return 0;
	}
	if (refused)
		warn_refused(vub, p.request, msg->p.u64);
	finish(&p, refused ? -EIO : 0, -1);
	return 0;
}

static int chan_io(struct vmedia_vub *vub)
{
	struct vmedia_vu_msg msg;
	unsigned int i;
	int ret;

	ret = vmedia_vu_link_flush(&vub->chan);
	for (i = 0; i < ANSWERS_PER_EVENT && ret >= 0 && !vub->dead && vub->chan.fd >= 0; i++) {
		ret = vmedia_vu_link_recv(&vub->chan, &msg);
		if (ret <= 0)
			return ret;
		ret = handle_reply(vub, &msg);
		vmedia_vu_msg_drop_fds(&msg);
	}
	return ret < 0 ? ret : 0;
}

static void chan_poll(struct vmedia_vub *vub)
{
	if (vub->chan.fd >= 0)
		vmedia_loop_mod_fd(&vub->chan_src,
				   EPOLLIN |
					   (vmedia_vu_link_wants_write(&vub->chan) ? EPOLLOUT : 0));
}

static void on_channel(struct vmedia_source *src, uint32_t revents)
{
	struct vmedia_vub *vub = vmedia_container_of(src, struct vmedia_vub, chan_src);
	int ret;

	vmedia_vub_enter(vub);
	ret = chan_io(vub);
	if (!vub->dead) {
		if (ret == -EPROTO) {
			vub->shut_down(vub, -EPROTO);
		} else if (ret < 0) {
			/* Without pending requests this is the normal end of a front-end. */
			if (vub->pending_num)
				vmedia_vub_warn(vub,
						"the front-end closed the back-end channel, %u "
						"requests end unanswered",
						vub->pending_num);
			else
				vmedia_dbg("vhost-user: the front-end closed the back-end channel");
			vmedia_vub_chan_close(vub);
		} else {
			chan_poll(vub);
		}
	}
	vmedia_vub_leave(vub);
}

static bool same_socket(int a, int b)
{
	struct statx x, y;

	return !vmedia_fd_stat(a, &x) && !vmedia_fd_stat(b, &y) && x.stx_ino == y.stx_ino &&
	       x.stx_dev_major == y.stx_dev_major && x.stx_dev_minor == y.stx_dev_minor;
}

/*
 * Cloud Hypervisor sends its one channel again whenever the guest starts the device. Pending
 * requests are still answered there.
 */
int vmedia_vub_set_backend_req_fd(struct vmedia_vub *vub, struct vmedia_vu_msg *msg,
				  struct vmedia_vu_msg *reply)
{
	struct vmedia_vu_link link;
	int err;

	if (vub->chan.fd >= 0 && same_socket(vub->chan.fd, msg->fd[0]))
		return 0;
	err = vmedia_vu_link_init(&link, msg->fd[0]);
	if (err) {
		vmedia_vub_warn(vub,
				"SET_BACKEND_REQ_FD: the descriptor is no Unix stream socket: %s",
				strerror(-err));
		return err;
	}
	vmedia_vu_take_fd(msg, 0);
	vmedia_vub_chan_close(vub);
	if (vub->dead) {
		vmedia_vu_link_finish(&link);
		return 0;
	}
	vub->chan = link;
	err = vmedia_loop_add_fd(vub->loop, &vub->chan_src, vub->chan.fd, EPOLLIN, on_channel);
	if (err) {
		vmedia_vub_warn(vub, "the back-end channel cannot be polled: %s", strerror(-err));
		vmedia_vub_chan_close(vub);
		return err;
	}
	if (vub->ops->channel_ready)
		vub->ops->channel_ready(vub->opaque);
	return 0;
}

/* Send a request. If this returns 0, p->done or p->done_fd will be called. */
static int request(struct vmedia_vub *vub, enum vmedia_vu_pf pf, const struct vmedia_vub_pending *p,
		   const void *payload, uint32_t size, const int *fd)
{
	const struct vmedia_vu_row *row = vmedia_vu_row(VMEDIA_VU_BACK, p->request);
	bool answered = row->reply == VMEDIA_VU_REPLY_OWN ||
			vmedia_vub_has_pf(vub, VMEDIA_VU_PF_REPLY_ACK);
	struct vmedia_vu_hdr hdr = { .request = p->request,
				     .flags = VMEDIA_VU_VERSION,
				     .size = size };
	int err;

	if (vub->dead || vub->chan.fd < 0 || !vmedia_vub_has_pf(vub, pf))
		return -ENOTCONN;
	if (answered && vub->pending_num >= VMEDIA_VUB_MAX_PENDING)
		return -EBUSY;
	if (answered)
		hdr.flags |= VMEDIA_VU_FLAG_NEED_REPLY;
	err = vmedia_vu_link_send(&vub->chan, &hdr, payload, fd, fd ? 1 : 0);
	if (err)
		return err == -ECONNRESET ? -ENOTCONN : err;
	chan_poll(vub);
	if (answered) {
		vub->pending[(vub->pending_first + vub->pending_num++) % VMEDIA_VUB_MAX_PENDING] =
			*p;
	} else {
		struct vmedia_vub_pending now = *p;

		finish(&now, 0, -1);
	}
	return 0;
}

bool vmedia_vub_has_shmem(const struct vmedia_vub *vub)
{
	return vub->chan.fd >= 0 && vmedia_vub_has_pf(vub, VMEDIA_VU_PF_SHMEM);
}

static bool range_in_region(const struct vmedia_vub *vub, uint8_t shmid, uint64_t off, uint64_t len)
{
	uint64_t mask = vmedia_page_size() - 1;

	return len && !(off & mask) && !(len & mask) &&
	       vmedia_range_ok(off, len, vub->shmem_size[shmid]);
}

int vmedia_vub_shmem_map(struct vmedia_vub *vub, uint8_t shmid, int fd, uint64_t fd_off,
			 uint64_t shm_off, uint64_t len, bool rw, vmedia_vub_done_fn *cb,
			 void *opaque)
{
	struct vmedia_vub_pending p = { .request = VMEDIA_VU_B_SHMEM_MAP,
					.done = cb,
					.opaque = opaque };
	struct vmedia_vu_mmap m = {
		.shmid = shmid,
		.fd_offset = fd_off,
		.shm_offset = shm_off,
		.len = len,
		.flags = rw ? VMEDIA_VU_MMAP_RW : 0,
	};

	if (fd < 0 || fd_off & (vmedia_page_size() - 1) ||
	    !range_in_region(vub, shmid, shm_off, len))
		return -EINVAL;
	return request(vub, VMEDIA_VU_PF_SHMEM, &p, &m, sizeof(m), &fd);
}

int vmedia_vub_shmem_unmap(struct vmedia_vub *vub, uint8_t shmid, uint64_t shm_off, uint64_t len,
			   vmedia_vub_done_fn *cb, void *opaque)
{
	struct vmedia_vub_pending p = { .request = VMEDIA_VU_B_SHMEM_UNMAP,
					.done = cb,
					.opaque = opaque };
	struct vmedia_vu_mmap m = { .shmid = shmid, .shm_offset = shm_off, .len = len };

	if (!range_in_region(vub, shmid, shm_off, len))
		return -EINVAL;
	return request(vub, VMEDIA_VU_PF_SHMEM, &p, &m, sizeof(m), NULL);
}

int vmedia_vub_object_add(struct vmedia_vub *vub, const uint8_t uuid[VMEDIA_VU_UUID_SIZE],
			  vmedia_vub_done_fn *cb, void *opaque)
{
	struct vmedia_vub_pending p = { .request = VMEDIA_VU_B_SHARED_OBJECT_ADD,
					.done = cb,
					.opaque = opaque };

	return request(vub, VMEDIA_VU_PF_SHARED_OBJECT, &p, uuid, VMEDIA_VU_UUID_SIZE, NULL);
}

int vmedia_vub_object_remove(struct vmedia_vub *vub, const uint8_t uuid[VMEDIA_VU_UUID_SIZE],
			     vmedia_vub_done_fn *cb, void *opaque)
{
	struct vmedia_vub_pending p = { .request = VMEDIA_VU_B_SHARED_OBJECT_REMOVE,
					.done = cb,
					.opaque = opaque };

	return request(vub, VMEDIA_VU_PF_SHARED_OBJECT, &p, uuid, VMEDIA_VU_UUID_SIZE, NULL);
}

int vmedia_vub_object_lookup(struct vmedia_vub *vub, const uint8_t uuid[VMEDIA_VU_UUID_SIZE],
			     vmedia_vub_fd_fn *cb, void *opaque)
{
	struct vmedia_vub_pending p = { .request = VMEDIA_VU_B_SHARED_OBJECT_LOOKUP,
					.done_fd = cb,
					.opaque = opaque };

	if (!cb)
		return -EINVAL;
	return request(vub, VMEDIA_VU_PF_SHARED_OBJECT, &p, uuid, VMEDIA_VU_UUID_SIZE, NULL);
}

int vmedia_vub_config_changed(struct vmedia_vub *vub)
{
	struct vmedia_vub_pending p = { .request = VMEDIA_VU_B_CONFIG_CHANGE };

	return request(vub, VMEDIA_VU_PF_CONFIG, &p, NULL, 0, NULL);
}
