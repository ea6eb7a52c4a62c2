/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The table of vhost-user messages and the check that every message passes before its handler.
 */
#include "vhost/msg.h"

#include <errno.h>
#include <string.h>

#include "base/checked.h"
#include "base/log.h"

_Static_assert(sizeof(struct vmedia_vu_hdr) == 12, "header");
_Static_assert(sizeof(struct vmedia_vu_vring_state) == 8, "vring state");
_Static_assert(sizeof(struct vmedia_vu_vring_addr) == 40, "vring address");
_Static_assert(offsetof(struct vmedia_vu_vring_addr, desc) == 8, "vring address");
_Static_assert(offsetof(struct vmedia_vu_vring_addr, used) == 16, "vring address");
_Static_assert(offsetof(struct vmedia_vu_vring_addr, avail) == 24, "vring address");
_Static_assert(sizeof(struct vmedia_vu_region) == 32, "memory region");
_Static_assert(sizeof(struct vmedia_vu_mem_table) == 8 + 8 * 32, "memory table");
_Static_assert(offsetof(struct vmedia_vu_mem_table, region) == 8, "memory table");
_Static_assert(sizeof(struct vmedia_vu_mem_single) == 40, "single memory region");
_Static_assert(sizeof(struct vmedia_vu_config) == 12 + 256, "config space");
_Static_assert(offsetof(struct vmedia_vu_config, data) == VMEDIA_VU_CONFIG_HDR_SIZE,
	       "config space");
_Static_assert(sizeof(struct vmedia_vu_inflight) == 24, "inflight description");
_Static_assert(offsetof(struct vmedia_vu_inflight, padding) == VMEDIA_VU_INFLIGHT_SIZE,
	       "inflight description");
_Static_assert(sizeof(struct vmedia_vu_shmem_config) == 2056, "shared memory regions");
_Static_assert(offsetof(struct vmedia_vu_shmem_config, size) == 8, "shared memory regions");
_Static_assert(sizeof(struct vmedia_vu_mmap) == 40, "mapping");
_Static_assert(offsetof(struct vmedia_vu_mmap, fd_offset) == 8, "mapping");
_Static_assert(sizeof(union vmedia_vu_payload) == VMEDIA_VU_MAX_PAYLOAD, "payload");

/* clang-format off */

/* Shorthands of the table: payload sizes, descriptors, ring index, answer, feature. */
#define SIZE(n)			.min = (n), .max = (n)
#define SIZES(lo, hi)		.min = (lo), .max = (hi)
#define FDS(lo, hi)		.fds_min = (lo), .fds_max = (hi)
#define RING_U32		.ring = VMEDIA_VU_RING_U32
#define RING_U8			.ring = VMEDIA_VU_RING_U8
#define ANSWER(lo, hi, fds)	.reply = VMEDIA_VU_REPLY_OWN, .reply_min = (lo), \
				.reply_max = (hi), .reply_fds_max = (fds)
#define ALWAYS			.feature = -1
#define NEEDS(f)		.feature = VMEDIA_VU_PF_##f
#define OFFERED(f)		.feature = VMEDIA_VU_PF_##f, .offered = true

#define FRONT(req, ...)	[VMEDIA_VU_##req] = { #req, __VA_ARGS__ }
#define BACK(req, ...)	[VMEDIA_VU_B_##req] = { "BACKEND_" #req, __VA_ARGS__ }

#define STATE	sizeof(struct vmedia_vu_vring_state)
#define ADDR	sizeof(struct vmedia_vu_vring_addr)
#define TABLE	sizeof(struct vmedia_vu_mem_table)
#define REGION	sizeof(struct vmedia_vu_mem_single)
#define MMAP	sizeof(struct vmedia_vu_mmap)
#define SHMEMS	sizeof(struct vmedia_vu_shmem_config)
#define UUID	VMEDIA_VU_UUID_SIZE
#define CFG_MIN	VMEDIA_VU_CONFIG_HDR_SIZE
#define CFG_MAX	sizeof(struct vmedia_vu_config)
#define INF_MIN	VMEDIA_VU_INFLIGHT_SIZE
#define INF_MAX	sizeof(struct vmedia_vu_inflight)

static const struct vmedia_vu_row front[VMEDIA_VU_REQ_END] = {
	FRONT(GET_FEATURES, SIZE(0), ANSWER(8, 8, 0), ALWAYS),
	FRONT(SET_FEATURES, SIZE(8), ALWAYS),
	FRONT(SET_OWNER, SIZE(0), ALWAYS),
	FRONT(RESET_OWNER, SIZE(0), ALWAYS),
	FRONT(SET_MEM_TABLE, SIZES(8, TABLE), FDS(0, VMEDIA_VU_MAX_REGIONS), ALWAYS),
	FRONT(SET_VRING_NUM, SIZE(STATE), RING_U32, ALWAYS),
	FRONT(SET_VRING_ADDR, SIZE(ADDR), RING_U32, ALWAYS),
	FRONT(SET_VRING_BASE, SIZE(STATE), RING_U32, ALWAYS),
	FRONT(GET_VRING_BASE, SIZE(STATE), RING_U32, ANSWER(STATE, STATE, 0), ALWAYS),
	FRONT(SET_VRING_KICK, SIZE(8), FDS(0, 1), RING_U8, ALWAYS),
	FRONT(SET_VRING_CALL, SIZE(8), FDS(0, 1), RING_U8, ALWAYS),
	FRONT(SET_VRING_ERR, SIZE(8), FDS(0, 1), RING_U8, ALWAYS),
	FRONT(GET_PROTOCOL_FEATURES, SIZE(0), ANSWER(8, 8, 0), ALWAYS),
	FRONT(SET_PROTOCOL_FEATURES, SIZE(8), ALWAYS),
	FRONT(GET_QUEUE_NUM, SIZE(0), ANSWER(8, 8, 0), OFFERED(MQ)),
	FRONT(SET_VRING_ENABLE, SIZE(STATE), RING_U32, ALWAYS),
	FRONT(SET_BACKEND_REQ_FD, SIZE(0), FDS(1, 1), OFFERED(BACKEND_REQ)),
	FRONT(GET_CONFIG, SIZES(CFG_MIN, CFG_MAX), ANSWER(0, CFG_MAX, 0), OFFERED(CONFIG)),
	FRONT(SET_CONFIG, SIZES(CFG_MIN, CFG_MAX), OFFERED(CONFIG)),
	FRONT(GET_INFLIGHT_FD, SIZES(INF_MIN, INF_MAX), ANSWER(0, INF_MAX, 1),
	      NEEDS(INFLIGHT_SHMFD)),
	FRONT(SET_INFLIGHT_FD, SIZES(INF_MIN, INF_MAX), FDS(1, 1), NEEDS(INFLIGHT_SHMFD)),
	FRONT(RESET_DEVICE, SIZE(0), OFFERED(RESET_DEVICE)),
	FRONT(GET_MAX_MEM_SLOTS, SIZE(0), ANSWER(8, 8, 0), NEEDS(CONFIGURE_MEM_SLOTS)),
	FRONT(ADD_MEM_REG, SIZE(REGION), FDS(1, 1), NEEDS(CONFIGURE_MEM_SLOTS)),
	/* The reference allows one descriptor, which is closed. */
	FRONT(REM_MEM_REG, SIZE(REGION), FDS(0, 1), NEEDS(CONFIGURE_MEM_SLOTS)),
	FRONT(SET_STATUS, SIZE(8), NEEDS(STATUS)),
	FRONT(GET_STATUS, SIZE(0), ANSWER(8, 8, 0), NEEDS(STATUS)),
	FRONT(GET_SHARED_OBJECT, SIZES(0, UUID), ANSWER(0, UUID, 1), NEEDS(SHARED_OBJECT)),
	FRONT(GET_SHMEM_CONFIG, SIZE(0), ANSWER(8, SHMEMS, 0), NEEDS(SHMEM)),
};

static const struct vmedia_vu_row back[VMEDIA_VU_BREQ_END] = {
	BACK(CONFIG_CHANGE, SIZE(0), NEEDS(CONFIG)),
	BACK(SHARED_OBJECT_ADD, SIZE(UUID), NEEDS(SHARED_OBJECT)),
	BACK(SHARED_OBJECT_REMOVE, SIZE(UUID), NEEDS(SHARED_OBJECT)),
	BACK(SHARED_OBJECT_LOOKUP, SIZE(UUID), ANSWER(8, 8, 1), NEEDS(SHARED_OBJECT)),
	BACK(SHMEM_MAP, SIZE(MMAP), FDS(1, 1), NEEDS(SHMEM)),
	BACK(SHMEM_UNMAP, SIZE(MMAP), NEEDS(SHMEM)),
};

/* clang-format on */

const struct vmedia_vu_row *vmedia_vu_row(enum vmedia_vu_dir dir, uint32_t request)
{
	const struct vmedia_vu_row *row;

	if (dir == VMEDIA_VU_FRONT)
		row = request < VMEDIA_ARRAY_SIZE(front) ? &front[request] : NULL;
	else
		row = request < VMEDIA_ARRAY_SIZE(back) ? &back[request] : NULL;
	return row && row->name ? row : NULL;
}

const char *vmedia_vu_name(enum vmedia_vu_dir dir, uint32_t request)
{
	const struct vmedia_vu_row *row = vmedia_vu_row(dir, request);
	const char *name;

	if (row)
		return row->name;
	if (dir != VMEDIA_VU_FRONT)
		return "unknown back-end request";
	name = vmedia_vu_unserved_name(request);
	return name ? name : "unknown request";
}

unsigned int vmedia_vu_ring_index(const struct vmedia_vu_row *row, const struct vmedia_vu_msg *msg)
{
	if (row->ring == VMEDIA_VU_RING_U8)
		return msg->p.u64 & VMEDIA_VU_VRING_INDEX_MASK;
	return msg->p.state.index;
}

/* The descriptors of SET_VRING_KICK, _CALL, _ERR: one, or none if bit 8 is set. */
static bool fds_ok(const struct vmedia_vu_row *row, const struct vmedia_vu_msg *msg)
{
	if (msg->num_fds < row->fds_min || msg->num_fds > row->fds_max)
		return false;
	if (row->ring == VMEDIA_VU_RING_U8)
		return msg->num_fds == (msg->p.u64 & VMEDIA_VU_VRING_NOFD ? 0 : 1);
	return true;
}

#define say(limits, ...)                                                                 \
	do {                                                                             \
		if (!(limits)->rl || vmedia_ratelimit_ok((limits)->rl, VMEDIA_LOG_WARN)) \
			vmedia_warn(__VA_ARGS__);                                        \
	} while (0)

int vmedia_vu_check(enum vmedia_vu_dir dir, const struct vmedia_vu_msg *msg,
		    const struct vmedia_vu_limits *limits)
{
	const struct vmedia_vu_row *row = vmedia_vu_row(dir, msg->hdr.request);
	uint64_t have;

	if (!row) {
		say(limits, "vhost-user: %s (%u), %u bytes, %u descriptors: not supported",
		    vmedia_vu_name(dir, msg->hdr.request), msg->hdr.request, msg->hdr.size,
		    msg->num_fds);
		return -EOPNOTSUPP;
	}
	have = row->offered ? limits->offered : limits->negotiated;
	if (row->feature >= 0 && !(have & 1ull << row->feature)) {
		say(limits, "vhost-user: %s needs protocol feature %d, which is not %s", row->name,
		    row->feature, row->offered ? "offered" : "negotiated");
		return -EOPNOTSUPP;
	}
	if (msg->hdr.size < row->min || msg->hdr.size > row->max) {
		say(limits, "vhost-user: %s has %u bytes of payload instead of %u to %u", row->name,
		    msg->hdr.size, row->min, row->max);
		return -EMSGSIZE;
	}
	if (!fds_ok(row, msg)) {
		say(limits, "vhost-user: %s came with %u descriptors instead of %u to %u",
		    row->name, msg->num_fds, row->fds_min, row->fds_max);
		return -EBADF;
	}
	if (row->ring != VMEDIA_VU_RING_NONE &&
	    vmedia_vu_ring_index(row, msg) >= limits->num_rings) {
		say(limits, "vhost-user: %s names ring %u of %u", row->name,
		    vmedia_vu_ring_index(row, msg), limits->num_rings);
		return -ERANGE;
	}
	return 0;
}

int vmedia_vu_check_reply(enum vmedia_vu_dir dir, uint32_t request, bool expect_ack,
			  const struct vmedia_vu_msg *reply)
{
	const struct vmedia_vu_row *row = vmedia_vu_row(dir, request);
	unsigned int min, max, fds;

	if (!row)
		return -EPROTO;
	min = expect_ack ? sizeof(uint64_t) : row->reply_min;
	max = expect_ack ? sizeof(uint64_t) : row->reply_max;
	fds = expect_ack ? 0 : row->reply_fds_max;
	if (reply->hdr.request != request) {
		vmedia_warn("vhost-user: %s (%u) was answered with request %u", row->name, request,
			    reply->hdr.request);
		return -EPROTO;
	}
	if ((reply->hdr.flags & ~VMEDIA_VU_FLAG_NEED_REPLY) !=
	    (VMEDIA_VU_VERSION | VMEDIA_VU_FLAG_REPLY)) {
		vmedia_warn("vhost-user: the answer to %s has flags 0x%x", row->name,
			    reply->hdr.flags);
		return -EPROTO;
	}
	if (reply->hdr.size < min || reply->hdr.size > max) {
		vmedia_warn("vhost-user: the answer to %s has %u bytes instead of %u to %u",
			    row->name, reply->hdr.size, min, max);
		return -EPROTO;
	}
	if (reply->num_fds > fds) {
		vmedia_warn("vhost-user: the answer to %s came with %u descriptors instead of at "
			    "most %u",
			    row->name, reply->num_fds, fds);
		return -EPROTO;
	}
	return 0;
}
