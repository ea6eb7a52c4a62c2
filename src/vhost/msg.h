/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * vhost-user messages: numbers, payloads, a table that describes each message, and a framed socket.
 *
 * Reference: docs/interop/vhost-user.rst of QEMU 11.1. Byte order is the host's: both ends run on
 * one machine, and a front-end uses its native order. Both ends of the project use this file, so
 * that each message is described once: its name, payload, descriptors, answer and the protocol
 * feature that it needs.
 *
 * Security model: the other end of the socket is hostile. A link reads one message at a time into a
 * buffer of fixed size, never beyond its end. It keeps at most VMEDIA_VU_MAX_FDS descriptors and
 * closes every descriptor that is not taken. If a descriptor's file is served by another process
 * (FUSE), the link does not pass it on and the connection ends. vmedia_vu_check() runs before any
 * handler gets a message. It checks that the request is known and its feature negotiated, that the
 * handler can read a payload of this size, that the number of descriptors is right, and that a ring
 * index is below the number of rings. So a handler only has to check values.
 *
 * Context: a link belongs to one thread; nothing here blocks.
 */
#ifndef VMEDIA_VHOST_MSG_H
#define VMEDIA_VHOST_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VMEDIA_VU_VERSION		1u
#define VMEDIA_VU_FLAG_VERSION_MASK	3u
#define VMEDIA_VU_FLAG_REPLY		(1u << 2)
#define VMEDIA_VU_FLAG_NEED_REPLY	(1u << 3)

#define VMEDIA_VU_MAX_FDS		8
#define VMEDIA_VU_MAX_REGIONS		8	/* in one SET_MEM_TABLE */
#define VMEDIA_VU_MAX_CONFIG		256
#define VMEDIA_VU_MAX_SHMEM		256
#define VMEDIA_VU_UUID_SIZE		16
#define VMEDIA_VU_MAX_PAYLOAD		2056	/* the answer of GET_SHMEM_CONFIG */

/* Feature bits of vhost-user in the virtio feature word; virtio's own are in virtq/ring.h. */
#define VMEDIA_VU_F_LOG_ALL		26	/* never offered */
#define VMEDIA_VU_F_PROTOCOL		30

/* Protocol feature bits. */
enum vmedia_vu_pf {
	VMEDIA_VU_PF_MQ = 0,
	VMEDIA_VU_PF_LOG_SHMFD = 1,
	VMEDIA_VU_PF_REPLY_ACK = 3,
	VMEDIA_VU_PF_BACKEND_REQ = 5,
	VMEDIA_VU_PF_CONFIG = 9,
	VMEDIA_VU_PF_BACKEND_SEND_FD = 10,
	VMEDIA_VU_PF_INFLIGHT_SHMFD = 12,
	VMEDIA_VU_PF_RESET_DEVICE = 13,
	VMEDIA_VU_PF_INBAND_NOTIFICATIONS = 14,
	VMEDIA_VU_PF_CONFIGURE_MEM_SLOTS = 15,
	VMEDIA_VU_PF_STATUS = 16,
	VMEDIA_VU_PF_SHARED_OBJECT = 18,
	VMEDIA_VU_PF_DEVICE_STATE = 19,
	VMEDIA_VU_PF_SHMEM = 22,
	/*
	 * Bits that drafts used for SHMEM. QEMU 11.1 gave both bits to features that this project
	 * lacks: 20 is GET_VRING_BASE_INFLIGHT, 21 is GPA_ADDRESSES. They are never offered for
	 * these. If a back-end's shmem_bit is one of them, the bit means SHMEM only.
	 */
	VMEDIA_VU_PF_SHMEM_DRAFT20 = 20,	/* QEMU's patch series before it was merged */
	VMEDIA_VU_PF_SHMEM_DRAFT21 = 21,	/* rust-vmm's vhost up to 0.16 */
};

/* Requests of the front-end. */
enum vmedia_vu_req {
	VMEDIA_VU_GET_FEATURES = 1,
	VMEDIA_VU_SET_FEATURES = 2,
	VMEDIA_VU_SET_OWNER = 3,
	VMEDIA_VU_RESET_OWNER = 4,
	VMEDIA_VU_SET_MEM_TABLE = 5,
	VMEDIA_VU_SET_VRING_NUM = 8,
	VMEDIA_VU_SET_VRING_ADDR = 9,
	VMEDIA_VU_SET_VRING_BASE = 10,
	VMEDIA_VU_GET_VRING_BASE = 11,
	VMEDIA_VU_SET_VRING_KICK = 12,
	VMEDIA_VU_SET_VRING_CALL = 13,
	VMEDIA_VU_SET_VRING_ERR = 14,
	VMEDIA_VU_GET_PROTOCOL_FEATURES = 15,
	VMEDIA_VU_SET_PROTOCOL_FEATURES = 16,
	VMEDIA_VU_GET_QUEUE_NUM = 17,
	VMEDIA_VU_SET_VRING_ENABLE = 18,
	VMEDIA_VU_SET_BACKEND_REQ_FD = 21,
	VMEDIA_VU_GET_CONFIG = 24,
	VMEDIA_VU_SET_CONFIG = 25,
	VMEDIA_VU_GET_INFLIGHT_FD = 31,
	VMEDIA_VU_SET_INFLIGHT_FD = 32,
	VMEDIA_VU_RESET_DEVICE = 34,
	VMEDIA_VU_GET_MAX_MEM_SLOTS = 36,
	VMEDIA_VU_ADD_MEM_REG = 37,
	VMEDIA_VU_REM_MEM_REG = 38,
	VMEDIA_VU_SET_STATUS = 39,
	VMEDIA_VU_GET_STATUS = 40,
	VMEDIA_VU_GET_SHARED_OBJECT = 41,
	VMEDIA_VU_GET_SHMEM_CONFIG = 44,
	VMEDIA_VU_REQ_END
};

/* Requests of the back-end, on the channel that SET_BACKEND_REQ_FD gave it. */
enum vmedia_vu_breq {
	VMEDIA_VU_B_CONFIG_CHANGE = 2,
	VMEDIA_VU_B_SHARED_OBJECT_ADD = 6,
	VMEDIA_VU_B_SHARED_OBJECT_REMOVE = 7,
	VMEDIA_VU_B_SHARED_OBJECT_LOOKUP = 8,
	VMEDIA_VU_B_SHMEM_MAP = 9,
	VMEDIA_VU_B_SHMEM_UNMAP = 10,
	VMEDIA_VU_BREQ_END
};

/* Payloads. Host byte order. Sizes are those of the 64-bit layouts on every host. */
struct vmedia_vu_hdr {
	uint32_t request;
	uint32_t flags;
	uint32_t size;		/* of the payload that follows */
};

struct vmedia_vu_vring_state {
	uint32_t index;
	uint32_t num;
};

struct vmedia_vu_vring_addr {
	uint32_t index;
	uint32_t flags;
	uint64_t desc;		/* all three: user addresses of the front-end */
	uint64_t used;
	uint64_t avail;
	uint64_t log;		/* guest address, ignored: LOG_ALL is not offered */
};

#define VMEDIA_VU_VRING_INDEX_MASK	0xffu
/* In the u64 of SET_VRING_KICK, _CALL and _ERR: the message has no descriptor. */
#define VMEDIA_VU_VRING_NOFD		(1u << 8)

struct vmedia_vu_region {
	uint64_t guest_addr;
	uint64_t size;
	uint64_t user_addr;
	uint64_t mmap_offset;
};

struct vmedia_vu_mem_table {
	uint32_t num;
	uint32_t padding;
	struct vmedia_vu_region region[VMEDIA_VU_MAX_REGIONS];
};

struct vmedia_vu_mem_single {
	uint64_t padding;
	struct vmedia_vu_region region;
};

#define VMEDIA_VU_CONFIG_HDR_SIZE	12
struct vmedia_vu_config {
	uint32_t offset;
	uint32_t size;
	uint32_t flags;		/* 0: the driver writes, 1: live migration */
	uint8_t data[VMEDIA_VU_MAX_CONFIG];
};

/* Without the padding, which some front-ends send too. */
#define VMEDIA_VU_INFLIGHT_SIZE		20
struct vmedia_vu_inflight {
	uint64_t mmap_size;
	uint64_t mmap_offset;
	uint16_t num_queues;
	uint16_t queue_size;
	uint32_t padding;
};

struct vmedia_vu_shmem_config {
	uint32_t num;
	uint32_t padding;
	uint64_t size[VMEDIA_VU_MAX_SHMEM];	/* by shmid; 0: no such region */
};

#define VMEDIA_VU_MMAP_RW	(1ull << 0)
struct vmedia_vu_mmap {
	uint8_t shmid;
	uint8_t padding[7];
	uint64_t fd_offset;
	uint64_t shm_offset;
	uint64_t len;
	uint64_t flags;
};

union vmedia_vu_payload {
	uint64_t u64;
	struct vmedia_vu_vring_state state;
	struct vmedia_vu_vring_addr addr;
	struct vmedia_vu_mem_table table;
	struct vmedia_vu_mem_single single;
	struct vmedia_vu_config config;
	struct vmedia_vu_inflight inflight;
	struct vmedia_vu_shmem_config shmem;
	struct vmedia_vu_mmap mmap;
	uint8_t uuid[VMEDIA_VU_UUID_SIZE];
	uint8_t bytes[VMEDIA_VU_MAX_PAYLOAD];
};

/*
 * One message. Bytes of the payload beyond hdr.size are zero. The descriptors belong to the
 * message. vmedia_vu_take_fd() takes one out of it; the others are closed with the message.
 */
struct vmedia_vu_msg {
	struct vmedia_vu_hdr hdr;
	union vmedia_vu_payload p;
	int fd[VMEDIA_VU_MAX_FDS];
	unsigned int num_fds;
};

/* Return descriptor i of the message, which the caller then owns, or -1 if there is none. */
int vmedia_vu_take_fd(struct vmedia_vu_msg *msg, unsigned int i);
/* Close the descriptors that were not taken. */
void vmedia_vu_msg_drop_fds(struct vmedia_vu_msg *msg);

/* The kind of answer to a request. */
enum vmedia_vu_reply {
	VMEDIA_VU_REPLY_ACK,	/* a u64, and only if NEED_REPLY was set and REPLY_ACK negotiated */
	VMEDIA_VU_REPLY_OWN,	/* always, with its own payload */
};

/* Where the ring index of a request is. */
enum vmedia_vu_ring {
	VMEDIA_VU_RING_NONE,
	VMEDIA_VU_RING_U32,	/* the first 32 bits of the payload */
	VMEDIA_VU_RING_U8,	/* bits 0-7 of a u64, whose bit 8 means: no descriptor */
};

/* One row of the table. */
struct vmedia_vu_row {
	const char *name;	/* as in the reference, without VHOST_USER_ */
	uint16_t min, max;	/* bytes of payload */
	uint8_t fds_min, fds_max;
	enum vmedia_vu_ring ring;
	enum vmedia_vu_reply reply;
	uint16_t reply_min, reply_max;
	uint8_t reply_fds_max;
	int8_t feature;		/* protocol feature needed, -1: none */
	/* it is enough if the back-end offers the feature; it need not be acknowledged */
	bool offered;
};

enum vmedia_vu_dir {
	VMEDIA_VU_FRONT,	/* requests of the front-end */
	VMEDIA_VU_BACK,		/* requests of the back-end */
};

/* The row of a request, or NULL if this project does not support it. */
const struct vmedia_vu_row *vmedia_vu_row(enum vmedia_vu_dir dir, uint32_t request);
/* A name for log sentences, also for requests without a row. Never NULL. */
const char *vmedia_vu_name(enum vmedia_vu_dir dir, uint32_t request);

/*
 * Names of feature bits for log sentences, "RING_PACKED, IN_ORDER, bit 60". Both write to buf and
 * return it.
 */
#define VMEDIA_VU_BITS_LEN 256
const char *vmedia_vu_feature_names(uint64_t bits, char buf[VMEDIA_VU_BITS_LEN]);
const char *vmedia_vu_pf_names(uint64_t bits, char buf[VMEDIA_VU_BITS_LEN]);
/* The name of a front-end's request that this project does not serve, or NULL. */
const char *vmedia_vu_unserved_name(uint32_t request);

struct vmedia_ratelimit;

/*
 * The limits for vmedia_vu_check(). Feature words have the SHMEM bit at VMEDIA_VU_PF_SHMEM,
 * whichever bit the peer uses.
 */
struct vmedia_vu_limits {
	uint64_t offered;	/* protocol features */
	uint64_t negotiated;
	unsigned int num_rings;
	struct vmedia_ratelimit *rl;	/* for log lines; NULL: log all */
};

/*
 * Check a message before any handler. Returns 0, or
 * -EOPNOTSUPP: unknown request, or its protocol feature is not negotiated;
 * -EMSGSIZE: a payload of the wrong size;
 * -EBADF: too many or too few descriptors for this request;
 * -ERANGE: a ring index beyond limits->num_rings.
 * Every error is logged.
 */
int vmedia_vu_check(enum vmedia_vu_dir dir, const struct vmedia_vu_msg *msg,
		    const struct vmedia_vu_limits *limits);
/* The ring index of a message that passed vmedia_vu_check() and whose row has one. */
unsigned int vmedia_vu_ring_index(const struct vmedia_vu_row *row, const struct vmedia_vu_msg *msg);

/*
 * Check an answer against its request: same request, REPLY flag, version 1, size and descriptors as
 * the row allows. expect_ack: the answer must be a u64 because NEED_REPLY was set. Returns 0, or
 * -EPROTO and logs a sentence.
 */
int vmedia_vu_check_reply(enum vmedia_vu_dir dir, uint32_t request, bool expect_ack,
			  const struct vmedia_vu_msg *reply);

/*
 * A link: one Unix stream socket, framed. Non-blocking both ways. If the socket does not accept an
 * outgoing message at once, the message waits in a queue of at most VMEDIA_VU_OUT_MAX messages.
 */
#define VMEDIA_VU_OUT_MAX	1024

struct vmedia_vu_out;

struct vmedia_vu_link {
	int fd;				/* -1: closed */
	struct vmedia_vu_msg in;	/* being received */
	size_t in_len;			/* bytes of header and payload so far */
	struct vmedia_vu_out *out_first, *out_last;
	unsigned int out_count;
};

/* Take fd and make it non-blocking. Returns 0 or -ENOTSOCK. On error the caller still owns fd. */
int vmedia_vu_link_init(struct vmedia_vu_link *link, int fd);
/* Close the socket and every descriptor in flight. May be called twice. */
void vmedia_vu_link_finish(struct vmedia_vu_link *link);

/*
 * Read at most one message. Returns 1 with *msg filled (the caller owns its descriptors); 0 if more
 * bytes must come first; -ECONNRESET if the peer closed the socket, also in the middle of a
 * message; -EPROTO for an invalid header (version, payload above VMEDIA_VU_MAX_PAYLOAD) or more
 * than VMEDIA_VU_MAX_FDS descriptors. After -EPROTO the next message's start is unknown and the
 * link must be closed.
 */
int vmedia_vu_link_recv(struct vmedia_vu_link *link, struct vmedia_vu_msg *msg);

/*
 * Send one message, or queue what the socket does not accept. Descriptors stay the caller's (queued
 * messages hold duplicates). Returns 0, -ENOBUFS if the queue is full, -EMFILE, -ENOMEM,
 * -ECONNRESET.
 */
int vmedia_vu_link_send(struct vmedia_vu_link *link, const struct vmedia_vu_hdr *hdr,
			const void *payload,
			const int *fds, unsigned int num_fds);
/*
 * Send the queued messages. Returns 0 if nothing is left, 1 if the socket must become writable
 * first, -ECONNRESET.
 */
int vmedia_vu_link_flush(struct vmedia_vu_link *link);
static inline bool vmedia_vu_link_wants_write(const struct vmedia_vu_link *link)
{
	return link->out_first != NULL;
}

#endif
