/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A connection's life: socket, dispatch, answers, end.
 *
 * Flow control: while an answer waits to be sent, no further request is read. So a front-end that
 * sends requests without reading answers costs one message of memory. At most MSGS_PER_EVENT
 * requests are served before the loop goes on to other work.
 *
 * Security model: see vhost/msg.h and "Bad messages" in vhost/backend.h. Handlers only return an
 * errno. This file decides what follows from a refusal: an answer that reports it, or the end of
 * the connection.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "vhost/backend_impl.h"

#define MSGS_PER_EVENT 32

static vmedia_vub_handler_fn *const handlers[VMEDIA_VU_REQ_END] = {
	[VMEDIA_VU_GET_FEATURES] = vmedia_vub_get_features,
	[VMEDIA_VU_SET_FEATURES] = vmedia_vub_set_features,
	[VMEDIA_VU_SET_OWNER] = vmedia_vub_set_owner,
	[VMEDIA_VU_RESET_OWNER] = vmedia_vub_reset_owner,
	[VMEDIA_VU_SET_MEM_TABLE] = vmedia_vub_set_mem_table,
	[VMEDIA_VU_SET_VRING_NUM] = vmedia_vub_set_vring_num,
	[VMEDIA_VU_SET_VRING_ADDR] = vmedia_vub_set_vring_addr,
	[VMEDIA_VU_SET_VRING_BASE] = vmedia_vub_set_vring_base,
	[VMEDIA_VU_GET_VRING_BASE] = vmedia_vub_get_vring_base,
	[VMEDIA_VU_SET_VRING_KICK] = vmedia_vub_set_vring_kick,
	[VMEDIA_VU_SET_VRING_CALL] = vmedia_vub_set_vring_call,
	[VMEDIA_VU_SET_VRING_ERR] = vmedia_vub_set_vring_err,
	[VMEDIA_VU_GET_PROTOCOL_FEATURES] = vmedia_vub_get_protocol_features,
	[VMEDIA_VU_SET_PROTOCOL_FEATURES] = vmedia_vub_set_protocol_features,
	[VMEDIA_VU_GET_QUEUE_NUM] = vmedia_vub_get_queue_num,
	[VMEDIA_VU_SET_VRING_ENABLE] = vmedia_vub_set_vring_enable,
	[VMEDIA_VU_SET_BACKEND_REQ_FD] = vmedia_vub_set_backend_req_fd,
	[VMEDIA_VU_GET_CONFIG] = vmedia_vub_get_config,
	[VMEDIA_VU_SET_CONFIG] = vmedia_vub_set_config,
	[VMEDIA_VU_GET_INFLIGHT_FD] = vmedia_vub_get_inflight_fd,
	[VMEDIA_VU_SET_INFLIGHT_FD] = vmedia_vub_set_inflight_fd,
	[VMEDIA_VU_RESET_DEVICE] = vmedia_vub_reset_device,
	[VMEDIA_VU_GET_MAX_MEM_SLOTS] = vmedia_vub_get_max_mem_slots,
	[VMEDIA_VU_ADD_MEM_REG] = vmedia_vub_add_mem_reg,
	[VMEDIA_VU_REM_MEM_REG] = vmedia_vub_rem_mem_reg,
	[VMEDIA_VU_SET_STATUS] = vmedia_vub_set_status,
	[VMEDIA_VU_GET_STATUS] = vmedia_vub_get_status,
	[VMEDIA_VU_GET_SHARED_OBJECT] = vmedia_vub_get_shared_object,
	[VMEDIA_VU_GET_SHMEM_CONFIG] = vmedia_vub_get_shmem_config,
};

/*
 * Close everything. Callbacks get a dead back-end whose rings still exist until their queue_stop().
 * A callback that destroys the back-end calls this again. That call does the rest before the
 * back-end is freed, and leaves nothing to do for the outer call.
 */
static void take_apart(struct vmedia_vub *vub)
{
	unsigned int i;

	vub->dead = true;
	vmedia_loop_del_fd(&vub->src);
	vmedia_vub_chan_close(vub);
	for (i = 0; i < vub->cfg.num_queues; i++)
		vmedia_vub_ring_reset(&vub->ring[i], true);
	vmedia_vub_mem_finish(vub);
	vmedia_vu_link_finish(&vub->link);
}

static void shut_down(struct vmedia_vub *vub, int reason)
{
	if (vub->dead)
		return;
	vmedia_vub_enter(vub);
	take_apart(vub);
	if (!vub->destroyed)
		vub->ops->closed(vub->opaque, reason);
	vmedia_vub_leave(vub);
}

/*
 * Send an answer. If the socket does not accept all of it, send the rest when it becomes writable.
 */
static int answer(struct vmedia_vub *vub, uint32_t request, struct vmedia_vu_msg *reply)
{
	struct vmedia_vu_hdr hdr = {
		.request = request,
		.flags = VMEDIA_VU_VERSION | VMEDIA_VU_FLAG_REPLY,
		.size = reply->hdr.size,
	};
	int err = vmedia_vu_link_send(&vub->link, &hdr, reply->p.bytes, reply->fd, reply->num_fds);

	if (err)
		vmedia_vub_warn(vub, "the answer to %s cannot be sent: %s",
				vmedia_vu_name(VMEDIA_VU_FRONT, request), strerror(-err));
	return err;
}

/* Run check and handler. Returns 0, or why the request was refused. */
static int serve(struct vmedia_vub *vub, struct vmedia_vu_msg *msg, struct vmedia_vu_msg *reply)
{
	struct vmedia_vu_limits limits = {
		.offered = vub->poffered,
		.negotiated = vub->pfeatures,
		.num_rings = vub->cfg.num_queues,
		.rl = &vub->rl,
	};
	int err = vmedia_vu_check(VMEDIA_VU_FRONT, msg, &limits);

	if (!err)
		err = handlers[msg->hdr.request](vub, msg, reply);
	return err;
}

/* Returns 0, or a negative errno for which the connection must be closed. */
static int handle(struct vmedia_vub *vub, struct vmedia_vu_msg *msg)
{
	const struct vmedia_vu_row *row = vmedia_vu_row(VMEDIA_VU_FRONT, msg->hdr.request);
	struct vmedia_vu_msg reply;
	int err;

	if (msg->hdr.flags & VMEDIA_VU_FLAG_REPLY) {
		vmedia_vub_warn(vub, "%s (%u) came as an answer, and nothing was asked",
				vmedia_vu_name(VMEDIA_VU_FRONT, msg->hdr.request),
				msg->hdr.request);
		return -EPROTO;
	}
	reply.hdr.size = 0;
	reply.num_fds = 0;
	err = serve(vub, msg, &reply);
	vmedia_vu_msg_drop_fds(msg);
	if (vub->dead) {
		vmedia_vu_msg_drop_fds(&reply);
		return 0;
	}
	if (row && row->reply == VMEDIA_VU_REPLY_OWN) {
		if (!err)
			err = answer(vub, msg->hdr.request, &reply);
		vmedia_vu_msg_drop_fds(&reply);
	} else if (msg->hdr.flags & VMEDIA_VU_FLAG_NEED_REPLY &&
		   vmedia_vub_has_pf(vub, VMEDIA_VU_PF_REPLY_ACK)) {
		reply.hdr.size = sizeof(reply.p.u64);
		reply.p.u64 = -(int64_t)err;
		err = answer(vub, msg->hdr.request, &reply);
	} else if (msg->hdr.request == VMEDIA_VU_SET_CONFIG) {
		err = 0;
	}
	if (err)
		vmedia_warn("vhost-user: closing the connection: %s (%u) failed and the front-end "
			    "cannot be told: %s",
			    vmedia_vu_name(VMEDIA_VU_FRONT, msg->hdr.request), msg->hdr.request,
			    strerror(-err));
	return err;
}

static int receive(struct vmedia_vub *vub)
{
	struct vmedia_vu_msg msg;
	unsigned int i;
	int ret;

	for (i = 0; i < MSGS_PER_EVENT; i++) {
		if (vmedia_vu_link_wants_write(&vub->link))
			return 0;
		ret = vmedia_vu_link_recv(&vub->link, &msg);
		if (ret <= 0)
			return ret;
		vmedia_dbg("vhost-user: %s (%u), flags 0x%x, %u bytes, %u descriptors",
			   vmedia_vu_name(VMEDIA_VU_FRONT, msg.hdr.request), msg.hdr.request,
			   msg.hdr.flags, msg.hdr.size, msg.num_fds);
		ret = handle(vub, &msg);
		if (ret || vub->dead)
			return ret;
	}
	return 0;
}

static void on_socket(struct vmedia_source *src, uint32_t revents)
{
	struct vmedia_vub *vub = vmedia_container_of(src, struct vmedia_vub, src);
	int ret = 0;

	vmedia_vub_enter(vub);
	if (vmedia_vu_link_wants_write(&vub->link))
		ret = vmedia_vu_link_flush(&vub->link);
	if (!ret)
		ret = receive(vub);
	if (!vub->dead) {
		if (ret < 0)
			shut_down(vub, ret == -ECONNRESET ? ret : -EPROTO);
		else
			vmedia_loop_mod_fd(&vub->src, vmedia_vu_link_wants_write(&vub->link)
							      ? EPOLLOUT
							      : EPOLLIN);
	}
	vmedia_vub_leave(vub);
}

static int check_config(const struct vmedia_vub_config *cfg, const struct vmedia_vub_ops *ops)
{
	unsigned int i;

	if (!ops->queue_ready || !ops->queue_stop || !ops->kick || !ops->closed)
		return -EINVAL;
	if (!cfg->num_queues || cfg->num_queues > VMEDIA_VUB_MAX_QUEUES ||
	    cfg->config_size > VMEDIA_VU_MAX_CONFIG)
		return -EINVAL;
	if (cfg->num_shmem > VMEDIA_VU_MAX_SHMEM || cfg->max_slots > VMEDIA_VUB_MAX_SLOTS)
		return -EINVAL;
	if (cfg->max_queue_size & (cfg->max_queue_size - 1) || cfg->max_queue_size > 32768)
		return -EINVAL;
	if (cfg->shmem_bit && cfg->shmem_bit != VMEDIA_VU_PF_SHMEM &&
	    cfg->shmem_bit != VMEDIA_VU_PF_SHMEM_DRAFT20 &&
	    cfg->shmem_bit != VMEDIA_VU_PF_SHMEM_DRAFT21)
		return -EINVAL;
	for (i = 0; i < cfg->num_shmem; i++)
		if (cfg->shmem_size[i] & (vmedia_page_size() - 1))
			return -EINVAL;
	return 0;
}

static void fill_config(struct vmedia_vub *vub, const struct vmedia_vub_config *cfg)
{
	vub->cfg = *cfg;
	if (cfg->num_shmem)
		memcpy(vub->shmem_size, cfg->shmem_size, cfg->num_shmem * sizeof(uint64_t));
	vub->cfg.shmem_size = vub->shmem_size;
	if (!vub->cfg.max_queue_size)
		vub->cfg.max_queue_size = 1024;
	if (!vub->cfg.shmem_bit)
		vub->cfg.shmem_bit = VMEDIA_VU_PF_SHMEM;
	if (!vub->cfg.max_slots)
		vub->cfg.max_slots = VMEDIA_VUB_MAX_SLOTS;
	if (!vub->cfg.max_memory)
		vub->cfg.max_memory = 1ull << 40;
}

int vmedia_vub_create(struct vmedia_loop *loop, int fd, const struct vmedia_vub_config *config,
		      const struct vmedia_vub_ops *ops, void *opaque, struct vmedia_vub **out)
{
	struct vmedia_vub *vub;
	unsigned int i;
	int err = check_config(config, ops);

	if (err)
		return err;
	vub = calloc(1, sizeof(*vub));
	if (!vub)
		return -ENOMEM;
	vub->loop = loop;
	vub->ops = ops;
	vub->opaque = opaque;
	vub->shut_down = shut_down;
	fill_config(vub, config);
	vmedia_vub_init_features(vub);
	vub->chan.fd = -1;
	for (i = 0; i < config->num_queues; i++) {
		vub->ring[i].vub = vub;
		vub->ring[i].idx = i;
		vmedia_vub_ring_init(&vub->ring[i]);
	}
	err = vmedia_vu_link_init(&vub->link, fd);
	if (!err)
		err = vmedia_loop_add_fd(loop, &vub->src, fd, EPOLLIN, on_socket);
	if (err) {
		free(vub);
		return err;
	}
	*out = vub;
	return 0;
}

void vmedia_vub_destroy(struct vmedia_vub *vub)
{
	if (!vub || vub->destroyed)
		return;
	vub->destroyed = true;
	vmedia_vub_enter(vub);
	take_apart(vub);
	vmedia_vub_leave(vub);
}

struct vmedia_mem *vmedia_vub_mem(const struct vmedia_vub *vub)
{
	return vub->mem;
}

uint64_t vmedia_vub_features(const struct vmedia_vub *vub)
{
	return vub->features;
}

uint64_t vmedia_vub_protocol_features(const struct vmedia_vub *vub)
{
	return vub->pfeatures;
}

uint64_t vmedia_vub_shmem_size(const struct vmedia_vub *vub, uint8_t shmid)
{
	return vub->shmem_size[shmid];
}
