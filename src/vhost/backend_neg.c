/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests that negotiate: features, protocol features, config space, status, reset, shared
 * objects.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/checked.h"
#include "vhost/backend_impl.h"
#include "virtq/ring.h"

#define BIT(n) (1ull << (n))

void vmedia_vub_init_features(struct vmedia_vub *vub)
{
	const struct vmedia_vub_config *cfg = &vub->cfg;

	vub->offered = VMEDIA_VQ_FEATURES | BIT(VMEDIA_VU_F_PROTOCOL) | cfg->device_features;
	vub->offered &= ~(cfg->mask_features | BIT(VMEDIA_VU_F_LOG_ALL));
	vub->poffered = BIT(VMEDIA_VU_PF_MQ) | BIT(VMEDIA_VU_PF_REPLY_ACK) |
			BIT(VMEDIA_VU_PF_BACKEND_REQ) | BIT(VMEDIA_VU_PF_BACKEND_SEND_FD) |
			BIT(VMEDIA_VU_PF_INFLIGHT_SHMFD) | BIT(VMEDIA_VU_PF_RESET_DEVICE) |
			BIT(VMEDIA_VU_PF_CONFIGURE_MEM_SLOTS) | BIT(VMEDIA_VU_PF_STATUS);
	if (cfg->config_size)
		vub->poffered |= BIT(VMEDIA_VU_PF_CONFIG);
	if (cfg->num_shmem)
		vub->poffered |= BIT(VMEDIA_VU_PF_SHMEM);
	if (vub->ops->get_shared_object)
		vub->poffered |= BIT(VMEDIA_VU_PF_SHARED_OBJECT);
	vub->poffered &= ~cfg->mask_protocol;
	if (!(vub->offered & BIT(VMEDIA_VU_F_PROTOCOL)))
		vub->poffered = 0;
}

static void reply_u64(struct vmedia_vu_msg *reply, uint64_t val)
{
	reply->hdr.size = sizeof(val);
	reply->p.u64 = val;
}

int vmedia_vub_get_features(struct vmedia_vub *vub, struct vmedia_vu_msg *msg,
			    struct vmedia_vu_msg *reply)
{
	vub->asked = true;
	reply_u64(reply, vub->offered);
	return 0;
}

/*
 * Resume an earlier negotiation. QEMU negotiates once for each device. When it connects again, it
 * begins with SET_FEATURES and uses the protocol features of the earlier connection: it waits for
 * acknowledgements and requests the status. It accepted the offered features then, so all of them
 * count as negotiated. There is no channel.
 */
static void resume(struct vmedia_vub *vub, uint64_t features)
{
	vub->asked = true;
	if (!(features & BIT(VMEDIA_VU_F_PROTOCOL)))
		return;
	vub->resumed = true;
	vub->pfeatures = vub->poffered;
	vmedia_vub_warn(vub,
			"the front-end goes on without negotiating, as after an earlier "
			"connection: there is no back-end channel, so no buffer can be mapped into "
			"shared memory until the virtual machine is started again");
}

int vmedia_vub_set_features(struct vmedia_vub *vub, struct vmedia_vu_msg *msg,
			    struct vmedia_vu_msg *reply)
{
	uint64_t features = msg->p.u64;
	char names[VMEDIA_VU_BITS_LEN];
	unsigned int i;

	if (features & ~vub->offered) {
		vmedia_vub_warn(vub,
				"SET_FEATURES has bits 0x%" PRIx64 " (%s) that were not offered",
				features & ~vub->offered,
				vmedia_vu_feature_names(features & ~vub->offered, names));
		return -EINVAL;
	}
	if (!vub->asked)
		resume(vub, features);
	if (features == vub->features)
		return 0;
	if (vmedia_vub_any_running(vub)) {
		vmedia_vub_warn(vub,
				"SET_FEATURES changes 0x%" PRIx64 " to 0x%" PRIx64
				" while a ring runs",
				vub->features, features);
		return -EBUSY;
	}
	vub->features = features;
	if (vub->ops->features)
		vub->ops->features(vub->opaque, features);
	for (i = 0; i < vub->cfg.num_queues && !vub->dead; i++)
		vmedia_vub_ring_update(&vub->ring[i]);
	return 0;
}

/* Move the SHMEM bit between this project's place and the peer's. */
uint64_t vmedia_vub_shmem_bit_out(const struct vmedia_vub *vub, uint64_t features)
{
	if (features & BIT(VMEDIA_VU_PF_SHMEM)) {
		features &= ~BIT(VMEDIA_VU_PF_SHMEM);
		features |= BIT(vub->cfg.shmem_bit);
	}
	return features;
}

int vmedia_vub_get_protocol_features(struct vmedia_vub *vub, struct vmedia_vu_msg *msg,
				     struct vmedia_vu_msg *reply)
{
	vub->asked = true;
	reply_u64(reply, vmedia_vub_shmem_bit_out(vub, vub->poffered));
	return 0;
}

int vmedia_vub_set_protocol_features(struct vmedia_vub *vub, struct vmedia_vu_msg *msg,
				     struct vmedia_vu_msg *reply)
{
	uint64_t features = msg->p.u64, offered = vmedia_vub_shmem_bit_out(vub, vub->poffered);
	char names[VMEDIA_VU_BITS_LEN];
	bool changed;

	vub->asked = true;
	if (features & ~offered) {
		vmedia_vub_warn(vub,
				"SET_PROTOCOL_FEATURES has bits 0x%" PRIx64
				" (%s) that were not offered",
				features & ~offered,
				vmedia_vu_pf_names(features & ~offered, names));
		return -EINVAL;
	}
	if (features & BIT(vub->cfg.shmem_bit) && vub->poffered & BIT(VMEDIA_VU_PF_SHMEM)) {
		features &= ~BIT(vub->cfg.shmem_bit);
		features |= BIT(VMEDIA_VU_PF_SHMEM);
	}
	changed = features != vub->pfeatures;
	vub->pfeatures = features;
	vub->resumed = false;
	vmedia_dbg("vhost-user: protocol features 0x%" PRIx64 " of 0x%" PRIx64, features,
		   vub->poffered);
	/* The channel came before the protocol features, which decide on its possible requests. */
	if (changed && vub->chan.fd >= 0 && vub->ops->channel_ready)
		vub->ops->channel_ready(vub->opaque);
	return 0;
}

int vmedia_vub_set_owner(struct vmedia_vub *vub, struct vmedia_vu_msg *msg,
			 struct vmedia_vu_msg *reply)
{
	return 0;
}

/* Deprecated; the reference says to ignore it. */
int vmedia_vub_reset_owner(struct vmedia_vub *vub, struct vmedia_vu_msg *msg,
			   struct vmedia_vu_msg *reply)
{
	vmedia_dbg("vhost-user: RESET_OWNER is ignored");
	return 0;
}

int vmedia_vub_get_queue_num(struct vmedia_vub *vub, struct vmedia_vu_msg *msg,
			     struct vmedia_vu_msg *reply)
{
	reply_u64(reply, vub->cfg.num_queues);
	return 0;
}

/*
 * Every range of the 256 bytes is served, with zeros beyond the device's config space, because
 * front-ends differ in whether they read only the device's part. Some send the header alone. An
 * empty answer means an error.
 */
int vmedia_vub_get_config(struct vmedia_vub *vub, struct vmedia_vu_msg *msg,
			  struct vmedia_vu_msg *reply)
{
	struct vmedia_vu_config *c = &msg->p.config;
	uint32_t have = vub->cfg.config_size;

	if (!vmedia_range_ok(c->offset, c->size, VMEDIA_VU_MAX_CONFIG)) {
		vmedia_vub_warn(vub, "GET_CONFIG asks for %u bytes at %u of at most %d", c->size,
				c->offset, VMEDIA_VU_MAX_CONFIG);
		return 0;
	}
	reply->p.config.offset = c->offset;
	reply->p.config.size = c->size;
	reply->p.config.flags = c->flags;
	memset(reply->p.config.data, 0, c->size);
	if (c->offset < have && vub->ops->get_config)
		vub->ops->get_config(vub->opaque, c->offset, reply->p.config.data,
				     VMEDIA_MIN(c->size, have - c->offset));
	reply->hdr.size = VMEDIA_VU_CONFIG_HDR_SIZE + c->size;
	return 0;
}

int vmedia_vub_set_config(struct vmedia_vub *vub, struct vmedia_vu_msg *msg,
			  struct vmedia_vu_msg *reply)
{
	struct vmedia_vu_config *c = &msg->p.config;

	if (!vmedia_range_ok(c->offset, c->size, vub->cfg.config_size) ||
	    msg->hdr.size < VMEDIA_VU_CONFIG_HDR_SIZE + c->size || c->flags > 1) {
		vmedia_vub_warn(vub,
				"SET_CONFIG writes %u bytes at %u of %u with flags %u and %u bytes "
				"of payload",
				c->size, c->offset, vub->cfg.config_size, c->flags, msg->hdr.size);
		return -EINVAL;
	}
	if (!vub->ops->set_config) {
		vmedia_vub_warn(
			vub, "SET_CONFIG writes %u bytes at %u of a config space that is read-only",
			c->size, c->offset);
		return -EROFS;
	}
	return vub->ops->set_config(vub->opaque, c->offset, c->data, c->size);
}

/*
 * Stop all rings and put them into their initial state. The caller then calls the user's reset().
 */
static void reset(struct vmedia_vub *vub)
{
	unsigned int i;

	for (i = 0; i < vub->cfg.num_queues && !vub->dead; i++)
		vmedia_vub_ring_reset(&vub->ring[i], false);
	vmedia_vub_inflight_drop(vub);
	if (!vub->dead && vub->ops->reset)
		vub->ops->reset(vub->opaque);
}

/*
 * Status 0 is a reset of the device, but QEMU also sends it when a VM pauses. A front-end that
 * negotiated RESET_DEVICE sends that message when the guest resets, so for it status 0 only stops
 * the rings.
 */
int vmedia_vub_set_status(struct vmedia_vub *vub, struct vmedia_vu_msg *msg,
			  struct vmedia_vu_msg *reply)
{
	unsigned int i;

	if (msg->p.u64 > UINT8_MAX) {
		vmedia_vub_warn(vub, "SET_STATUS has 0x%" PRIx64 ", which is no device status",
				msg->p.u64);
		return -EINVAL;
	}
	vub->status = msg->p.u64;
	if (vub->status)
		return 0;
	if (!vmedia_vub_has_pf(vub, VMEDIA_VU_PF_RESET_DEVICE)) {
		reset(vub);
		return 0;
	}
	for (i = 0; i < vub->cfg.num_queues && !vub->dead; i++) {
		vub->ring[i].enable = VMEDIA_VUB_ENABLE_OFF;
		vmedia_vub_ring_update(&vub->ring[i]);
	}
	return 0;
}

int vmedia_vub_get_status(struct vmedia_vub *vub, struct vmedia_vu_msg *msg,
			  struct vmedia_vu_msg *reply)
{
	reply_u64(reply, vub->status);
	return 0;
}

int vmedia_vub_reset_device(struct vmedia_vub *vub, struct vmedia_vu_msg *msg,
			    struct vmedia_vu_msg *reply)
{
	vub->status = 0;
	reset(vub);
	return 0;
}

/*
 * QEMU up to 11.1 sends the header alone, without the object's UUID. The answer is then that there
 * is no such object, since an end of the connection would cost the guest its device.
 */
int vmedia_vub_get_shared_object(struct vmedia_vub *vub, struct vmedia_vu_msg *msg,
				 struct vmedia_vu_msg *reply)
{
	int fd;

	reply->hdr.size = VMEDIA_VU_UUID_SIZE;
	memset(reply->p.uuid, 0, VMEDIA_VU_UUID_SIZE);
	if (msg->hdr.size < VMEDIA_VU_UUID_SIZE) {
		vmedia_vub_warn(vub, "GET_SHARED_OBJECT has %u bytes, which name no object",
				msg->hdr.size);
		return 0;
	}
	memcpy(reply->p.uuid, msg->p.uuid, VMEDIA_VU_UUID_SIZE);
	fd = vub->ops->get_shared_object(vub->opaque, msg->p.uuid);
	if (fd >= 0)
		reply->fd[reply->num_fds++] = fd;
	return 0;
}
