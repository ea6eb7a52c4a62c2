/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only */
/*
 * The virtio-media protocol for both ends: messages, the table of ioctls, encoding, decoding and
 * checking.
 *
 * Clauses named below are those of "Media Device" in virtio 1.4. Payloads are V4L2's structures as
 * <vmedia/v4l2.h> lays them out. All functions work on linear, private memory: a caller copies a
 * chain once and decodes the copy; it encodes an answer into private memory and then copies that
 * into the chain. No function allocates, sleeps or makes a system call, so that a daemon, a
 * user-space driver and a kernel module can use the same files.
 *
 * Security model: each end assumes that the other is hostile. A decoder reads only the bytes that
 * it was given, and leaves a structure whose counts and lengths are within the limits below.
 * vmedia_resp_decode() also checks an answer against its question. The reason of a refusal is in
 * struct vmedia_why.
 *
 * Errors: negative errno in the interface, the positive status of clause "Command Virtqueue" on the
 * wire. Context: any thread; no function here changes anything but its arguments.
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
 * Limits of this implementation. A command beyond one of them is refused with -E2BIG (-EINVAL for
 * planes, as in V4L2).
 */
/* controls in one G/S/TRY_EXT_CTRLS, V4L2's own limit */
#define VMEDIA_MAX_CTRLS		1024
/* SG entries in one command: 256 MiB in 4 KiB pages */
#define VMEDIA_MAX_SG_ENTRIES		65536
#define VMEDIA_MAX_EDID_BLOCKS		256	/* V4L2's own limit */
/* buffers of a queue; an answer or event with a higher index is refused */
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

/* The reason of a refusal: a constant phrase and up to two numbers, for the caller's log. */
struct vmedia_why {
	const char *what;		/* NULL when nothing was refused */
	uint64_t got, limit;
};

/* ---- The table of ioctls, which all ends use (invariant 2 of ARCHITECTURE.md) ---- */

enum vmedia_dir {			/* V4L2's direction, seen from the driver */
	VMEDIA_DIR_NONE = 0,		/* no payload (LOG_STATUS) */
	VMEDIA_DIR_R = 1,		/* _IOR: device writes */
	VMEDIA_DIR_W = 2,		/* _IOW: driver writes */
	VMEDIA_DIR_WR = 3,		/* _IOWR: both */
};

enum vmedia_follow {			/* what follows the structure, in both directions */
	VMEDIA_FOLLOW_NONE,
	/* planes if multi-planar; then SG entries (in questions only) or UUIDs */
	VMEDIA_FOLLOW_PLANES,
	/* count controls; then SG entries of those with size > 0 (in questions only) */
	VMEDIA_FOLLOW_CTRLS,
	VMEDIA_FOLLOW_UUID,		/* one UUID in the place of a file descriptor (EXPBUF) */
	VMEDIA_FOLLOW_EDID,		/* blocks * 128 bytes */
};

/* the protocol carries this ioctl in CMD_IOCTL; a device answers ENOTTY to the others */
#define VMEDIA_IOCTL_CARRIED	(1u << 0)
/* V4L2 updates the structure on errors too, so the device sends it back then */
#define VMEDIA_IOCTL_ERR_PAYLOAD (1u << 1)
/* part of buffer streaming; runs in order with the other ioctls of the queue */
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

/* The row of ioctl @nr, or NULL if V4L2 has no ioctl of that number. */
const struct vmedia_ioctl_info *vmedia_ioctl_info(uint32_t nr);
/* All rows by ascending nr. @count receives their number. */
const struct vmedia_ioctl_info *const *vmedia_ioctl_table(unsigned int *count);

/* ---- Scatter-gather lists, clause "Handling of pointers to userspace memory" ---- */

struct vmedia_sg_entry {
	uint64_t start;			/* guest-physical address, page offset included */
	uint32_t len;
};

/*
 * SG entries in wire order, as they came. @raw points into the request and is valid as long as the
 * request is.
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
 * The shape of the question. The answer must have the same shape, even if the device has changed
 * the structure. Only vmedia_cmd_decode() writes it. A driver leaves it zero, since a driver does
 * not change its questions.
 */
struct vmedia_asked {
	bool known;
	bool restore;	/* the answer returns the pointer or fd placeholder below */
	uint64_t pointer;			/* m.planes, controls, edid, fd of EXPBUF */
	uint32_t num_planes, num_uuids, num_ctrls, edid_blocks;
};

/*
 * An ioctl and what follows its structure, in host byte order. The device end decodes the question
 * into it, changes it in place and encodes it as the answer. The driver end encodes it as the
 * question and decodes the answer into it. Pointers refer to the caller's memory.
 *
 * A driver sets num_planes to arg.buffer.length for a multi-planar buffer, and to 0 for another
 * buffer. The answer may lower both, since QUERYBUF is asked with room for more planes. A device
 * may change anything in arg, planes, uuid, ctrls and edid.
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
	uint32_t code;				/* IOCTL: the number sent, known or not */
	uint32_t mmap_flags, mmap_offset;	/* MMAP: question */
	uint64_t driver_addr;			/* MMAP: answer; MUNMAP: question */
	uint64_t mmap_len;			/* MMAP: answer */
	struct vmedia_ioctl io;
	struct vmedia_why why;
};

/*
 * Device end.
 *
 * vmedia_cmd_decode - decode the device-readable part of a chain, @len bytes at @buf, into @cmd
 *
 * The caller sets io.ctrls, ctrl_sg, max_ctrls, edid and max_edid_blocks (or leaves them zero)
 * before the call. SG lists point into @buf.
 *
 * Two deviations are accepted. A command may have extra bytes after its payload: known drivers send
 * 4 with G_INPUT and G_OUTPUT, and SG lists with QUERYBUF, which are not kept. A question may lack
 * bytes that only the device writes: UUIDs of QUERYBUF (its answer then has none) and of EXPBUF,
 * and blocks of G_EDID. Missing bytes read as zero.
 *
 * Returns 0; -EINVAL for a short or malformed command; -ENOTTY for an unknown command, an unknown
 * ioctl or one that is not carried; -E2BIG beyond a limit or beyond the caller's arrays. On errors
 * type, session_id and code hold what could be read, and io.info is NULL, so that
 * vmedia_resp_encode() writes only a header.
 *
 * vmedia_resp_size - bytes that the complete successful answer to @cmd takes. Both ends may use it.
 *
 * vmedia_resp_encode - encode the answer to @cmd with result @err (0 or negative errno) into @buf
 *
 * The driver's pointers (m.planes, controls, edid) and EXPBUF's fd are sent back as they came, even
 * if @cmd has other values now. The device must not change userptr and fd of buffers itself. With
 * an error the structure follows if VMEDIA_IOCTL_ERR_PAYLOAD is set and @cap is large enough. An
 * @err that is no errno (below -4095, or positive) is sent as EIO.
 *
 * Returns the bytes written, which the caller reports as used.len; 0 for CLOSE; -ENOSPC if the
 * answer is longer than @cap, the writable part of the chain. Then nothing was written, and the
 * caller answers -EINVAL with only a header.
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
 * vmedia_cmd_encode - encode the question @cmd into @buf
 *
 * SG entries are taken from plane_sg and ctrl_sg. They must cover the lengths exactly (QBUF and
 * PREPARE_BUF with SHARED_PAGES; controls with size > 0).
 *
 * Returns the question's length; -EINVAL for a question that no device could accept (counts, SG
 * lists, unknown ioctl); -ENOTTY for an ioctl that is not carried; -ENOSPC if @cap is too small.
 *
 * vmedia_resp_decode - decode and check the answer to @cmd, and update @cmd to it
 *
 * @len is used.len, which the caller has limited to the bytes that it offered. @cmd still holds the
 * question. Names are NUL-terminated afterwards. With an error the structure is read only if
 * VMEDIA_IOCTL_ERR_PAYLOAD is set; extended controls may then come without their array.
 *
 * Returns 0; the device's error as negative errno (1..4095), with the payload updated if the device
 * wrote it; or -EIO with cmd->why set and @cmd otherwise unchanged if the answer does not fit its
 * question: too short, status out of range, another buffer index, type, memory or plane count, a
 * count out of range, pointers changed. If the device itself answered EIO, cmd->why.what is NULL.
 *
 * src/proto/check.c lists all checks. The driver must check the rest itself: sizes, offsets into
 * region 0 and buffer states.
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
/* Device end: encode @evt, with NULL for pointers in buffers. Returns its length or -ENOSPC. */
int vmedia_evt_encode(const struct vmedia_evt *evt, void *buf, size_t cap);
/*
 * Driver end: decode one event. Returns 0, or -EINVAL with why set if the event is short, of
 * unknown type or inconsistent (index, type, memory, plane count, more bytes used than the length).
 * An ERROR event whose number is no errno reads as EIO.
 */
int vmedia_evt_decode(struct vmedia_evt *evt, const void *buf, size_t len);

/* Names for logs and traces: "OPEN", "DQBUF", "VIDEO_CAPTURE_MPLANE", "MMAP"; "?" if unknown. */
const char *vmedia_cmd_name(uint32_t type);
const char *vmedia_evt_name(uint32_t type);
const char *vmedia_buf_type_name(uint32_t type);
const char *vmedia_memory_name(uint32_t memory);

#ifdef __cplusplus
}
#endif

#endif /* VMEDIA_PROTO_H */
