/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The front-end's requests about memory, rings, config space, status and objects, one function for
 * each.
 *
 * Security model: sizes, flags and numbers of descriptors of an answer were checked against the
 * table. Here its values are checked against the request. A wrong value ends the connection.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "base/checked.h"
#include "base/fd.h"
#include "vhost/frontend_impl.h"

static int send_payload(struct vmedia_vuf *vuf, uint32_t request, const void *payload,
			uint32_t size)
{
	return vmedia_vuf_do(vuf, &(struct vmedia_vuf_call){
					  .request = request, .payload = payload, .size = size });
}

static struct vmedia_vu_region to_wire(const struct vmedia_vuf_region *r)
{
	return (struct vmedia_vu_region){
		.guest_addr = r->guest_addr,
		.size = r->size,
		.user_addr = r->user_addr,
		.mmap_offset = r->offset,
	};
}

int vmedia_vuf_set_mem_table(struct vmedia_vuf *vuf, const struct vmedia_vuf_region *regions,
			     unsigned int num)
{
	struct vmedia_vu_mem_table t = { .num = num };
	int fds[VMEDIA_VU_MAX_REGIONS];
	unsigned int i;

	if (num > VMEDIA_VU_MAX_REGIONS)
		return -EINVAL;
	for (i = 0; i < num; i++) {
		t.region[i] = to_wire(&regions[i]);
		fds[i] = regions[i].fd;
	}
	return vmedia_vuf_do(vuf, &(struct vmedia_vuf_call){
					  .request = VMEDIA_VU_SET_MEM_TABLE,
					  .payload = &t,
					  .size = offsetof(struct vmedia_vu_mem_table, region) +
						  num * sizeof(t.region[0]),
					  .fds = fds,
					  .num_fds = num });
}

int vmedia_vuf_add_mem_reg(struct vmedia_vuf *vuf, const struct vmedia_vuf_region *region)
{
	struct vmedia_vu_mem_single s = { .region = to_wire(region) };

	return vmedia_vuf_do(vuf, &(struct vmedia_vuf_call){ .request = VMEDIA_VU_ADD_MEM_REG,
							     .payload = &s,
							     .size = sizeof(s),
							     .fds = &region->fd,
							     .num_fds = 1 });
}

int vmedia_vuf_rem_mem_reg(struct vmedia_vuf *vuf, const struct vmedia_vuf_region *region)
{
	struct vmedia_vu_mem_single s = { .region = to_wire(region) };

	return send_payload(vuf, VMEDIA_VU_REM_MEM_REG, &s, sizeof(s));
}

int vmedia_vuf_get_max_mem_slots(struct vmedia_vuf *vuf, uint64_t *slots)
{
	return vmedia_vuf_get_u64(vuf, VMEDIA_VU_GET_MAX_MEM_SLOTS, slots);
}

static int set_state(struct vmedia_vuf *vuf, uint32_t request, unsigned int idx, uint32_t num)
{
	struct vmedia_vu_vring_state s = { .index = idx, .num = num };

	return send_payload(vuf, request, &s, sizeof(s));
}

int vmedia_vuf_set_vring_num(struct vmedia_vuf *vuf, unsigned int idx, unsigned int num)
{
	return set_state(vuf, VMEDIA_VU_SET_VRING_NUM, idx, num);
}

int vmedia_vuf_set_vring_base(struct vmedia_vuf *vuf, unsigned int idx, uint32_t base)
{
	return set_state(vuf, VMEDIA_VU_SET_VRING_BASE, idx, base);
}

int vmedia_vuf_set_vring_enable(struct vmedia_vuf *vuf, unsigned int idx, bool enable)
{
	return set_state(vuf, VMEDIA_VU_SET_VRING_ENABLE, idx, enable);
}

int vmedia_vuf_set_vring_addr(struct vmedia_vuf *vuf, unsigned int idx, uint64_t desc,
			      uint64_t avail, uint64_t used)
{
	struct vmedia_vu_vring_addr a = {
		.index = idx, .desc = desc, .avail = avail, .used = used
	};

	return send_payload(vuf, VMEDIA_VU_SET_VRING_ADDR, &a, sizeof(a));
}

int vmedia_vuf_get_vring_base(struct vmedia_vuf *vuf, unsigned int idx, uint32_t *base)
{
	struct vmedia_vu_vring_state s = { .index = idx };
	struct vmedia_vu_msg reply;
	int err = vmedia_vuf_do(vuf, &(struct vmedia_vuf_call){ .request = VMEDIA_VU_GET_VRING_BASE,
								.payload = &s,
								.size = sizeof(s),
								.reply = &reply });

	if (err)
		return err;
	if (reply.p.state.index != idx) {
		vmedia_vuf_warn(vuf, "GET_VRING_BASE of ring %u was answered for ring %u", idx,
				reply.p.state.index);
		return vmedia_vuf_fail(vuf, -EPROTO);
	}
	*base = reply.p.state.num;
	return 0;
}

static int set_fd(struct vmedia_vuf *vuf, uint32_t request, unsigned int idx, int fd)
{
	uint64_t val = idx;

	if (idx > VMEDIA_VU_VRING_INDEX_MASK)
		return -EINVAL;
	if (fd < 0)
		val |= VMEDIA_VU_VRING_NOFD;
	return vmedia_vuf_do(vuf, &(struct vmedia_vuf_call){ .request = request,
							     .payload = &val,
							     .size = sizeof(val),
							     .fds = &fd,
							     .num_fds = fd < 0 ? 0 : 1 });
}

int vmedia_vuf_set_vring_kick(struct vmedia_vuf *vuf, unsigned int idx, int fd)
{
	return set_fd(vuf, VMEDIA_VU_SET_VRING_KICK, idx, fd);
}

int vmedia_vuf_set_vring_call(struct vmedia_vuf *vuf, unsigned int idx, int fd)
{
	return set_fd(vuf, VMEDIA_VU_SET_VRING_CALL, idx, fd);
}

int vmedia_vuf_set_vring_err(struct vmedia_vuf *vuf, unsigned int idx, int fd)
{
	return set_fd(vuf, VMEDIA_VU_SET_VRING_ERR, idx, fd);
}

int vmedia_vuf_setup_vring(struct vmedia_vuf *vuf, unsigned int idx,
			   const struct vmedia_vuf_vring *v)
{
	int err = vmedia_vuf_set_vring_num(vuf, idx, v->num);

	if (!err)
		err = vmedia_vuf_set_vring_base(vuf, idx, v->base);
	if (!err)
		err = vmedia_vuf_set_vring_addr(vuf, idx, v->desc, v->avail, v->used);
	if (!err)
		err = vmedia_vuf_set_vring_call(vuf, idx, v->call_fd);
	if (!err && v->err_fd >= 0)
		err = vmedia_vuf_set_vring_err(vuf, idx, v->err_fd);
	if (!err)
		err = vmedia_vuf_set_vring_kick(vuf, idx, v->kick_fd);
	if (!err && vuf->features >> VMEDIA_VU_F_PROTOCOL & 1)
		err = vmedia_vuf_set_vring_enable(vuf, idx, true);
	return err;
}

int vmedia_vuf_get_config(struct vmedia_vuf *vuf, uint32_t offset, void *data, uint32_t len)
{
	struct vmedia_vu_config c = { .offset = offset, .size = len };
	struct vmedia_vu_msg reply;
	const struct vmedia_vu_config *r = &reply.p.config;
	int err;

	if (!vmedia_range_ok(offset, len, VMEDIA_VU_MAX_CONFIG))
		return -EINVAL;
	err = vmedia_vuf_do(vuf, &(struct vmedia_vuf_call){ .request = VMEDIA_VU_GET_CONFIG,
							    .payload = &c,
							    .size = VMEDIA_VU_CONFIG_HDR_SIZE + len,
							    .reply = &reply });
	if (err)
		return err;
	if (!reply.hdr.size)
		return -EIO;
	if (reply.hdr.size != VMEDIA_VU_CONFIG_HDR_SIZE + len || r->offset != offset ||
	    r->size != len) {
		vmedia_vuf_warn(
			vuf, "GET_CONFIG of %u bytes at %u was answered with %u bytes at %u in %u",
			len, offset, r->size, r->offset, reply.hdr.size);
		return vmedia_vuf_fail(vuf, -EPROTO);
	}
	memcpy(data, r->data, len);
	return 0;
}

int vmedia_vuf_set_config(struct vmedia_vuf *vuf, uint32_t offset, const void *data, uint32_t len)
{
	struct vmedia_vu_config c = { .offset = offset, .size = len };

	if (!vmedia_range_ok(offset, len, VMEDIA_VU_MAX_CONFIG))
		return -EINVAL;
	memcpy(c.data, data, len);
	return send_payload(vuf, VMEDIA_VU_SET_CONFIG, &c, VMEDIA_VU_CONFIG_HDR_SIZE + len);
}

int vmedia_vuf_set_status(struct vmedia_vuf *vuf, uint8_t status)
{
	uint64_t val = status;

	return send_payload(vuf, VMEDIA_VU_SET_STATUS, &val, sizeof(val));
}

int vmedia_vuf_get_status(struct vmedia_vuf *vuf, uint8_t *status)
{
	uint64_t val;
	int err = vmedia_vuf_get_u64(vuf, VMEDIA_VU_GET_STATUS, &val);

	if (err)
		return err;
	if (val > UINT8_MAX) {
		vmedia_vuf_warn(vuf, "GET_STATUS says 0x%" PRIx64, val);
		return vmedia_vuf_fail(vuf, -EPROTO);
	}
	*status = val;
	return 0;
}

int vmedia_vuf_reset_device(struct vmedia_vuf *vuf)
{
	return send_payload(vuf, VMEDIA_VU_RESET_DEVICE, NULL, 0);
}

int vmedia_vuf_get_shared_object(struct vmedia_vuf *vuf, const uint8_t uuid[VMEDIA_VU_UUID_SIZE],
				 int *fd)
{
	struct vmedia_vu_msg reply;
	int err = vmedia_vuf_do(vuf,
				&(struct vmedia_vuf_call){ .request = VMEDIA_VU_GET_SHARED_OBJECT,
							   .payload = uuid,
							   .size = VMEDIA_VU_UUID_SIZE,
							   .reply = &reply });

	if (err)
		return err;
	*fd = vmedia_vu_take_fd(&reply, 0);
	return *fd < 0 ? -ENOENT : 0;
}

/* True if the answer describes the requested area, in a file that is large enough. */
static bool inflight_ok(struct vmedia_vuf *vuf, const struct vmedia_vu_msg *reply,
			unsigned int num_queues, unsigned int queue_size)
{
	const struct vmedia_vu_inflight *r = &reply->p.inflight;
	struct statx st;

	if (reply->hdr.size >= VMEDIA_VU_INFLIGHT_SIZE && r->num_queues == num_queues &&
	    r->queue_size == queue_size && !vmedia_fd_stat(reply->fd[0], &st) && r->mmap_size &&
	    vmedia_range_ok(r->mmap_offset, r->mmap_size, st.stx_size))
		return true;
	vmedia_vuf_warn(vuf,
			"GET_INFLIGHT_FD for %u queues of %u was answered with 0x%" PRIx64
			" bytes at 0x%" PRIx64 " for %u queues of %u",
			num_queues, queue_size, r->mmap_size, r->mmap_offset, r->num_queues,
			r->queue_size);
	return false;
}

int vmedia_vuf_get_inflight_fd(struct vmedia_vuf *vuf, unsigned int num_queues,
			       unsigned int queue_size, struct vmedia_vu_inflight *info, int *fd)
{
	struct vmedia_vu_inflight q = { .num_queues = num_queues, .queue_size = queue_size };
	struct vmedia_vu_msg reply;
	int err =
		vmedia_vuf_do(vuf, &(struct vmedia_vuf_call){ .request = VMEDIA_VU_GET_INFLIGHT_FD,
							      .payload = &q,
							      .size = sizeof(q),
							      .reply = &reply });

	if (err)
		return err;
	if (!reply.num_fds)
		return -EIO;
	if (!inflight_ok(vuf, &reply, num_queues, queue_size)) {
		vmedia_vu_msg_drop_fds(&reply);
		return vmedia_vuf_fail(vuf, -EPROTO);
	}
	*info = reply.p.inflight;
	*fd = vmedia_vu_take_fd(&reply, 0);
	return 0;
}

int vmedia_vuf_set_inflight_fd(struct vmedia_vuf *vuf, const struct vmedia_vu_inflight *info,
			       int fd)
{
	return vmedia_vuf_do(vuf, &(struct vmedia_vuf_call){ .request = VMEDIA_VU_SET_INFLIGHT_FD,
							     .payload = info,
							     .size = sizeof(*info),
							     .fds = &fd,
							     .num_fds = 1 });
}
