/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only */
/*
 * The virtio-media protocol, both ends of it: messages, the table of ioctls, encoding, decoding and
 * checking.
 *
 * Clauses named below are those of "Media Device" in virtio 1.4; payloads are V4L2's structures as
 * <vmedia/v4l2.h> lays them out. Everything here works on linear, private memory: a caller copies a
 * chain once, decodes the copy, and encodes an answer into private memory that it then scatters.
 * Nothing allocates, sleeps or calls the system, so that the same files serve a daemon, a
 * user-space driver and a kernel module.
 *
 * Security model: each end takes the other for hostile. A decoder reads nothing outside the bytes
 * it was given and leaves a structure whose counts and lengths are within the limits below;
 * vmedia_resp_decode() and vmedia_evt_decode() also check an answer against its question. What
 * they refuse they name in struct vmedia_why.
 *
 * Errors: negative errno inside, the positive status of clause "Command Virtqueue" on the wire.
 * Context: any; no function here touches state beyond its arguments.
 */
#ifndef VMEDIA_PROTO_H
#define VMEDIA_PROTO_H

#include <vmedia/v4l2.h>

#ifdef __cplusplus
extern "C" {
#endif

#define VMEDIA_DEVICE_ID		48	/* virtio device ID */
#define VMEDIA_QUEUE_COMMAND		0
#define VMEDIA_QUEUE_EVENT		1
#define VMEDIA_NUM_QUEUES		2
#define VMEDIA_SHM_MMAP			0	/* shared memory region of CMD_MMAP */
#define VMEDIA_MAX_PLANES		8
#define VMEDIA_UUID_SIZE		16

/*
 * Limits of this implementation; a peer that exceeds one gets -E2BIG (-EINVAL for planes, as in
 * V4L2).
 */
/* controls in one G/S/TRY_EXT_CTRLS, V4L2's own limit */
#define VMEDIA_MAX_CTRLS		1024
/* SG entries in one command: 256 MiB in 4 KiB pages */
#define VMEDIA_MAX_SG_ENTRIES		65536
#define VMEDIA_MAX_EDID_BLOCKS		256	/* V4L2's own limit */
/* buffers of a queue; no answer or event may name another index */
#define VMEDIA_MAX_BUFFERS		1024
#define VMEDIA_MAX_REQ_SIZE	\
	(16 + 2072 + VMEDIA_MAX_CTRLS * 20 + VMEDIA_MAX_SG_ENTRIES * 16)
#define VMEDIA_MAX_RESP_SIZE		(8 + 40 + VMEDIA_MAX_EDID_BLOCKS * 128)

/* Driver commands. */
enum vmedia_cmd_type {
	VMEDIA_CMD_OPEN = 1,
	VMEDIA_CMD_CLOSE = 2,
	VMEDIA_CMD_IOCTL = 3,
	VMEDIA_CMD_MMAP = 4,
	VMEDIA_CMD_MUNMAP = 5,
};

/* Device events. */
enum vmedia_event_type {
	VMEDIA_EVT_ERROR = 0,
	VMEDIA_EVT_DQBUF = 1,
	VMEDIA_EVT_EVENT = 2,
};

#define VMEDIA_MMAP_FLAG_RW		(1u << 0)

/* Sizes on the wire. */
#define VMEDIA_CMD_HDR_SIZE		8
#define VMEDIA_RESP_HDR_SIZE		8
#define VMEDIA_CMD_OPEN_SIZE		8
#define VMEDIA_RESP_OPEN_SIZE		16
#define VMEDIA_CMD_CLOSE_SIZE		16
#define VMEDIA_CMD_IOCTL_SIZE		16
#define VMEDIA_CMD_MMAP_SIZE		20
#define VMEDIA_RESP_MMAP_SIZE		24
#define VMEDIA_CMD_MUNMAP_SIZE		16
#define VMEDIA_RESP_MUNMAP_SIZE		8
#define VMEDIA_EVT_ERROR_SIZE		16
#define VMEDIA_EVT_DQBUF_SIZE		608
#define VMEDIA_EVT_EVENT_SIZE		144
#define VMEDIA_EVT_MAX_SIZE		VMEDIA_EVT_DQBUF_SIZE
#define VMEDIA_SG_ENTRY_SIZE		16
#define VMEDIA_CONFIG_SIZE		40

/* The configuration space, clause "Device Configuration Layout". */
struct vmedia_config {
	uint32_t device_caps;		/* V4L2_CAP_* */
	uint32_t device_type;	/* VFL_TYPE_*: 0 video, 1 vbi, 2 radio, 3 subdev, 4 sdr, 5 touch */
	uint8_t card[32];		/* UTF-8, NUL-terminated unless all 32 bytes are used */
};

void vmedia_config_encode(const struct vmedia_config *cfg, uint8_t out[VMEDIA_CONFIG_SIZE]);
void vmedia_config_decode(struct vmedia_config *cfg, const uint8_t in[VMEDIA_CONFIG_SIZE]);

/* Why a decoder refused: a constant phrase and up to two numbers, for the caller's log sentence. */
struct vmedia_why {
	const char *what;		/* NULL when nothing was refused */
	uint64_t got, limit;
};

/* ---- The table of ioctls: the one source of truth, invariant 2 of ARCHITECTURE.md ---- */

enum vmedia_dir {			/* V4L2's direction, seen from the driver */
	VMEDIA_DIR_NONE = 0,		/* no payload (LOG_STATUS) */
	VMEDIA_DIR_R = 1,		/* _IOR: device writes */
	VMEDIA_DIR_W = 2,		/* _IOW: driver writes */
	VMEDIA_DIR_WR = 3,		/* _IOWR: both */
};

enum vmedia_follow {			/* what comes after the structure, both ways unless said */
	VMEDIA_FOLLOW_NONE,
	/* planes if multi-planar; then SG entries (driver to device only) or UUIDs */
	VMEDIA_FOLLOW_PLANES,
	/* count controls; then SG entries of those with size > 0 (to device only) */
	VMEDIA_FOLLOW_CTRLS,
	VMEDIA_FOLLOW_UUID,		/* one UUID in the place of a file descriptor (EXPBUF) */
	VMEDIA_FOLLOW_EDID,		/* blocks * 128 bytes */
};

/* travels in CMD_IOCTL; else a device answers ENOTTY */
#define VMEDIA_IOCTL_CARRIED	(1u << 0)
/* an error may change the structure: written back on errors too */
#define VMEDIA_IOCTL_ERR_PAYLOAD (1u << 1)
/* belongs to buffer streaming; serialised with the queue */
#define VMEDIA_IOCTL_QUEUE	(1u << 2)

struct vmedia_layout;	/* how a payload's bytes are ordered; private to src/proto */

struct vmedia_ioctl_info {
	const char *name;		/* "VIDIOC_G_FMT" */
	uint8_t nr;
	uint8_t dir;			/* enum vmedia_dir */
	uint8_t follow;			/* enum vmedia_follow */
	uint8_t flags;			/* VMEDIA_IOCTL_* */
	uint16_t size;			/* payload bytes on the wire */
	const struct vmedia_layout *layout;
};

/* The row of ioctl @nr, or NULL if V4L2 has none of that number. */
const struct vmedia_ioctl_info *vmedia_ioctl_info(uint32_t nr);
/* Rows in ascending order of nr, for listings; @count receives their number. */
const struct vmedia_ioctl_info *const *vmedia_ioctl_table(unsigned int *count);

/* ---- Scatter-gather lists, clause "Handling of pointers to userspace memory" ---- */

struct vmedia_sg_entry {
	uint64_t start;			/* guest-physical address, page offset included */
	uint32_t len;
};

/*
 * Entries as they came, still in wire order; @raw points into the request and lives as long as it.
 */
struct vmedia_sg {
	const uint8_t *raw;
	uint32_t count;
};

struct vmedia_sg_entry vmedia_sg_at(const struct vmedia_sg *sg, uint32_t index);
void vmedia_sg_put(uint8_t *raw, uint32_t index, const struct vmedia_sg_entry *e);

/* ---- One command: question and answer ---- */

union vmedia_payload;			/* all payload structures, <vmedia/v4l2.h> */

/*
 * The shape of the question, which its answer must have too, whatever the device does to the
 * structure meanwhile. Written by vmedia_cmd_decode() alone; a driver leaves it zero, its questions
 * are intact.
 */
struct vmedia_asked {
	bool known;
	bool restore;	/* the pointer or fd placeholder below goes back as it came */
	uint64_t pointer;			/* m.planes, controls, edid, fd of EXPBUF */
	uint32_t num_planes, num_uuids, num_ctrls, edid_blocks;
};

/*
 * An ioctl with all that follows it, in host byte order. The device end decodes the question into
 * it, changes it in place and encodes it as the answer; the driver end does the reverse. Pointers
 * refer to memory of the caller.
 *
 * A driver sets num_planes to arg.buffer.length for a multi-planar buffer and to 0 for another; the
 * answer may lower both (QUERYBUF is asked with room for planes). A device may change anything in
 * arg, planes, uuid, ctrls and edid.
 */
struct vmedia_ioctl {
	const struct vmedia_ioctl_info *info;
	union vmedia_payload arg;
	/* VMEDIA_FOLLOW_PLANES */
	uint32_t num_planes;	/* planes[] in use; 0 for a single-planar buffer */
	struct vmedia_plane planes[VMEDIA_MAX_PLANES];
	/* SHARED_PAGES; [0] for a single-planar buffer */
	struct vmedia_sg plane_sg[VMEDIA_MAX_PLANES];
	/*
	 * Driver end: the SG lists of the planes, which end the question, are sent by the caller
	 * from where they lie. plane_sg is not looked at, and the question's size is without them.
	 */
	bool sg_apart;
	/* OBJECT; [0] for single-planar and EXPBUF */
	uint8_t uuid[VMEDIA_MAX_PLANES][VMEDIA_UUID_SIZE];
	/* VMEDIA_FOLLOW_CTRLS: caller's array; ctrl_sg is NULL or as long as ctrls */
	struct vmedia_ext_control *ctrls;
	struct vmedia_sg *ctrl_sg;
	uint32_t max_ctrls;	/* entries in both arrays; set by the caller */
	/* VMEDIA_FOLLOW_EDID: caller's memory */
	uint8_t *edid;
	uint32_t max_edid_blocks;
	struct vmedia_asked asked;
};

struct vmedia_cmd {
	uint32_t type;				/* enum vmedia_cmd_type */
	uint32_t session_id;			/* OPEN: answer; CLOSE, IOCTL, MMAP: question */
	uint32_t code;				/* IOCTL: as it came, also when unknown */
	uint32_t mmap_flags, mmap_offset;	/* MMAP: question */
	uint64_t driver_addr;			/* MMAP: answer; MUNMAP: question */
	uint64_t mmap_len;			/* MMAP: answer */
	struct vmedia_ioctl io;
	struct vmedia_why why;
};

/*
 * Device end.
 *
 * vmedia_cmd_decode - decode @len bytes of the device-readable part at @buf into @cmd. io.ctrls,
 * ctrl_sg, max_ctrls, edid and max_edid_blocks must be set (or zero) before the call; SG lists
 * point into @buf.
 * Returns 0; -EINVAL for a short or malformed command; -ENOTTY for an unknown command, an unknown
 * ioctl or one that is not carried; -E2BIG beyond a limit, the caller's arrays included. On errors
 * type, session_id and code hold what could be read, and io.info is NULL, so that
 * vmedia_resp_encode() writes a header alone. Tolerated: extra bytes after a payload (known drivers
 * send 4 with G_INPUT and G_OUTPUT, SG lists with QUERYBUF), and bytes that only the device writes
 * missing in the question (UUIDs of QUERYBUF, whose answer then has none, and of EXPBUF, blocks of
 * G_EDID): they read as zero. Of a QUERYBUF no SG list is kept.
 *
 * vmedia_resp_size - bytes that the complete successful answer to @cmd takes; good at both ends.
 *
 * vmedia_resp_encode - encode the answer to @cmd with result @err (0 or negative errno) into @buf.
 * Pointers of the driver (m.planes, controls, edid) and EXPBUF's fd go back as they came, whatever
 * is in @cmd now; userptr and fd of buffers are the device's to keep. With an error the structure
 * follows where VMEDIA_IOCTL_ERR_PAYLOAD says so and @cap allows. An @err that is no errno (below
 * -4095, or positive) is sent as EIO.
 * Returns the bytes written (what to report as used.len), 0 for CLOSE, or -ENOSPC if @cap, the
 * writable part of the chain, cannot take the answer: then nothing was written and the caller
 * answers -EINVAL by a header alone.
 */
int vmedia_cmd_decode(struct vmedia_cmd *cmd, const void *buf, size_t len);
size_t vmedia_resp_size(const struct vmedia_cmd *cmd);
int vmedia_resp_encode(const struct vmedia_cmd *cmd, int err, void *buf, size_t cap);

/*
 * Driver end.
 *
 * vmedia_cmd_size - bytes that the question @cmd takes, or 0 if vmedia_cmd_encode() would refuse
 * it.
 *
 * vmedia_cmd_encode - encode the question @cmd into @buf. SG entries are taken from plane_sg /
 * ctrl_sg and must cover the lengths exactly (QBUF and PREPARE_BUF with SHARED_PAGES; controls with
 * size > 0).
 * Returns its length; -EINVAL for a question that no device could take (counts, SG lists, unknown
 * ioctl); -ENOTTY for an ioctl that is not carried; -ENOSPC.
 *
 * vmedia_resp_decode - decode and check @len bytes (used.len, already bounded by what was offered)
 * as the answer to @cmd, whose question is intact, and update it to the answer. @cmd is unchanged
 * on -EIO.
 * Returns 0, the device's error as negative errno (1..4095; the payload is updated if the device
 * wrote it), or -EIO with cmd->why set where the answer does not fit its question: too short,
 * status out of range, another buffer index, type, memory or plane count, a count out of range,
 * pointers changed. cmd->why.what is NULL with the device's own -EIO. The structure that comes with
 * an error is read only where VMEDIA_IOCTL_ERR_PAYLOAD says that it means something; of ext
 * controls it may come without its array. Names are NUL-terminated afterwards. Nothing else about
 * an answer is trusted than what src/proto/check.c lists: sizes, offsets into region 0 and buffer
 * states are the driver's to check.
 */
size_t vmedia_cmd_size(const struct vmedia_cmd *cmd);
int vmedia_cmd_encode(const struct vmedia_cmd *cmd, void *buf, size_t cap);
int vmedia_resp_decode(struct vmedia_cmd *cmd, const void *buf, size_t len);

/* ---- Events ---- */

struct vmedia_evt {
	uint32_t type;				/* enum vmedia_event_type */
	uint32_t session_id;
	uint32_t err;				/* ERROR: positive errno */
	struct vmedia_buffer buffer;		/* DQBUF */
	struct vmedia_plane planes[VMEDIA_MAX_PLANES];
	struct vmedia_event event;		/* EVENT */
	struct vmedia_why why;
};

/* Bytes that @evt takes on the wire. */
size_t vmedia_evt_size(const struct vmedia_evt *evt);
/*
 * Encode @evt; pointers in buffers are written as NULL. Returns its length or -ENOSPC. Context:
 * device end.
 */
int vmedia_evt_encode(const struct vmedia_evt *evt, void *buf, size_t cap);
/*
 * Decode one event: 0, or -EINVAL with why set if short, of unknown type or inconsistent in itself
 * (index, type, memory, plane count, more bytes used than there are). An ERROR that names no errno
 * reads as EIO. Context: driver end.
 */
int vmedia_evt_decode(struct vmedia_evt *evt, const void *buf, size_t len);

/*
 * Names for logs and traces: "OPEN", "DQBUF", "VIDEO_CAPTURE_MPLANE", "MMAP"; "?" for what has
 * none.
 */
const char *vmedia_cmd_name(uint32_t type);
const char *vmedia_evt_name(uint32_t type);
const char *vmedia_buf_type_name(uint32_t type);
const char *vmedia_memory_name(uint32_t memory);

#ifdef __cplusplus
}
#endif

#endif /* VMEDIA_PROTO_H */
