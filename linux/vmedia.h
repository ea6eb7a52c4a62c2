/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0-only */
/*
 * Internals of the virtio-media driver: its parts and their state. README.md describes states and
 * locks.
 */
#ifndef VMEDIA_LINUX_H
#define VMEDIA_LINUX_H

#include <linux/completion.h>
#include <linux/dma-direction.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/scatterlist.h>
#include <linux/spinlock.h>
#include <linux/virtio.h>
#include <linux/virtio_config.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>
#include <media/v4l2-dev.h>
#include <media/v4l2-device.h>
#include <media/v4l2-event.h>
#include <media/v4l2-fh.h>
#include <media/v4l2-ioctl.h>
#include <media/videobuf2-v4l2.h>

#include <vmedia/proto.h>

#include "compat.h"
#include "mem.h"

#define VMEDIA_MAX_TYPE		V4L2_BUF_TYPE_META_OUTPUT
#define VMEDIA_NUM_EVENTS	64		/* event buffers offered to the device */
#define VMEDIA_MAX_EVENT_SUBS	512		/* subscriptions of one session */
#define VMEDIA_MAX_CHUNKS	40		/* pieces of a question or answer */
#define VMEDIA_CHUNK_SIZE	SZ_32K
#define VMEDIA_MAX_CTRL_BYTES	SZ_1M		/* payloads of one call on ext controls */
#define VMEDIA_MAX_PLANE_SIZE	SZ_256M		/* limit on allocations for a device */
#define VMEDIA_QUEUE_BYTES	SZ_1G		/* of all buffers; mmap() offsets span it */
#define VMEDIA_MAX_LOST		64		/* lost commands before the device fails */

struct vmedia_session;
struct vmedia_command;

/**
 * struct vmedia_bytes - memory that the device reads or writes, in pieces that suit DMA
 * @len: size in bytes
 * @num: number of pieces; each but the last has VMEDIA_CHUNK_SIZE bytes
 * @chunk: the pieces, from kmalloc()
 */
struct vmedia_bytes {
	size_t len;
	unsigned int num;
	void *chunk[VMEDIA_MAX_CHUNKS];
};

/**
 * struct vmedia_command - a command and all memory that the device uses for it
 * @node: in dev->ring, then in dev->returned
 * @dev: the device
 * @session: reference, or NULL
 * @done: completed when the device returned the command
 * @in_ring: the device may still write to it; under dev->vq_lock
 * @lost: no caller waits for it any more; under dev->vq_lock
 * @reaped: the device was reset while it had the command; there is no answer
 * @answered: the device's answer was taken, good or bad
 * @used: number of bytes written, as the device reports it
 * @err: result, after the answer was taken
 * @finish: for a command without a waiter: called in process context with the result in @err
 * @type: buffer type, for @finish of QBUF
 * @index: the device's buffer index, for @finish of QBUF
 * @cookie: number of the loan, for @finish of QBUF
 * @cmd: the question, then the answer
 * @req: the question on the wire
 * @resp: the answer on the wire
 * @copy: private copy of the answer
 * @ctrls: controls of @cmd, if it has any
 * @ctrl_sg: SG lists of their payloads
 * @edid: blocks of @cmd
 * @payload: payloads of controls; the device owns them while the command is in the ring
 * @payload_dma: their DMA addresses, with a DMA API
 * @sg_raw: memory of SG lists
 */
struct vmedia_command {
	struct list_head node;
	struct vmedia_device *dev;
	struct vmedia_session *session;
	struct completion done;
	bool in_ring;
	bool lost;
	bool reaped;
	bool answered;
	u32 used;
	int err;
	void (*finish)(struct vmedia_command *c);
	u32 type;
	u32 index;
	u64 cookie;
	struct vmedia_cmd cmd;
	struct vmedia_bytes req;
	struct vmedia_bytes resp;
	u8 *copy;
	struct vmedia_ext_control *ctrls;
	struct vmedia_sg *ctrl_sg;
	u8 *edid;
	struct vmedia_bytes *payload;
	dma_addr_t *payload_dma;
	u8 *sg_raw;
};

/**
 * struct vmedia_device - a virtio media device
 * @virtio: the device; must not be used once @dead is set
 * @parent: device for log messages during probe; must not be used after removal
 * @v4l2_dev: its reference count is also that of this structure
 * @video: the video node
 * @config: the device's config space
 * @caps: V4L2_CAP_* of the node
 * @types: bit mask of buffer types
 * @buf_caps: V4L2_BUF_CAP_* by buffer type; 0: unknown
 * @no_parm: the device does not answer G_PARM
 * @decoder: the device supports STOP; programs for some decoders queue an empty OUTPUT buffer for
 *	it
 * @dma: addresses are DMA addresses (VIRTIO_F_ACCESS_PLATFORM)
 * @dma_dev: the device that they are mapped for; a reference
 * @max_segment: maximal bytes of one DMA segment
 * @map_lock: read: memory is mapped for the device, lent, and unmapped; write: ends this, after
 *	which readers find @dead set
 * @attach_lock: protects @attached, and mem->attach
 * @attached: imported dma-bufs that are attached to @dma_dev, struct vmedia_mem
 * @region: shared memory region 0
 * @vq_lock: protects the virtqueues, @ring, @returned, @num_lost and @dead
 * @vq: the virtqueues, by VMEDIA_QUEUE_*
 * @dead: the device must not be accessed any more, or not yet
 * @reset: the device was finally reset: it does not use any of our memory any more
 * @failed: the device broke the protocol for good; everything but removal gets -EIO or -ENODEV
 * @unregister: the watchdog must remove the node
 * @ring: commands that the device has
 * @returned: commands without a waiter that the device returned
 * @num_lost: commands in @ring without a waiting caller
 * @returns: number of commands that the device returned; under @vq_lock
 * @space: woken when the command queue may have room
 * @wq: for @event_work
 * @event_work: delivers @returned and events
 * @watchdog: detects a broken connection
 * @evt: the current event. Only @event_work uses this and the members that follow, up to @num_idle
 * @closed: sessions whose CLOSE was answered, and whose last events may not have been taken yet
 * @event_copy: the current event, as it was received
 * @events: memory of event buffers, VMEDIA_EVT_MAX_SIZE apart
 * @idle: event buffers that could not be posted again yet
 * @num_idle: number of @idle
 * @sessions: by the device's id
 * @cookie: number of the last loan
 * @refused: answers and events refused so far
 * @commands: commands sent so far
 * @num_events: events taken so far
 */
struct vmedia_device {
	struct virtio_device *virtio;
	struct device *parent;
	struct v4l2_device v4l2_dev;
	struct video_device video;
	struct vmedia_config config;
	u32 caps;
	u32 types;
	u32 buf_caps[VMEDIA_MAX_TYPE + 1];
	bool no_parm;
	bool decoder;
	bool dma;
	struct device *dma_dev;
	size_t max_segment;
	struct rw_semaphore map_lock;	/* see above */
	struct mutex attach_lock;	/* see above */
	struct list_head attached;
	struct vmedia_region region;
	spinlock_t vq_lock;		/* see above */
	struct virtqueue *vq[VMEDIA_NUM_QUEUES];
	bool dead;
	bool reset;
	bool failed;
	bool unregister;
	struct list_head ring;
	struct list_head returned;
	unsigned int num_lost;
	u64 returns;
	wait_queue_head_t space;
	struct workqueue_struct *wq;
	struct work_struct event_work;
	struct delayed_work watchdog;
	struct vmedia_evt evt;
	struct list_head closed;
	u8 event_copy[VMEDIA_EVT_MAX_SIZE];
	u8 *events[VMEDIA_NUM_EVENTS];
	u8 *idle[VMEDIA_NUM_EVENTS];
	unsigned int num_idle;
	struct xarray sessions;
	atomic64_t cookie;
	atomic64_t refused;
	atomic64_t commands;
	atomic64_t num_events;
};

/* Return "virtio_media virtioN", for messages. An open file outlives the virtio device. */
static inline const char *vmedia_name(struct vmedia_device *dev)
{
	return dev->v4l2_dev.name;
}

/* ---- main.c ---- */

extern unsigned int vmedia_timeout_ms;

/*
 * Fail the device after it broke its rings or left: wake all waiters and send nothing more.
 * Context: process.
 */
void vmedia_device_fail(struct vmedia_device *dev, const char *why);
/* Write a line to the log, rate-limited, and increment the count of refused answers and events. */
void vmedia_refused(struct vmedia_device *dev, const char *who, const char *what, u64 got,
		    u64 limit);

/* ---- transport.c ---- */

/* Find the virtqueues, and set by which addresses the device reaches memory. */
int vmedia_transport_init(struct vmedia_device *dev);
/* Release the device's DMA resources; nothing is mapped for it any more. */
void vmedia_transport_fini(struct vmedia_device *dev);
/* Clean up after the device was reset: delete the virtqueues and take back all commands. */
void vmedia_transport_reap(struct vmedia_device *dev);

int vmedia_bytes_alloc(struct vmedia_bytes *b, size_t len, gfp_t gfp);
void vmedia_bytes_free(struct vmedia_bytes *b);
size_t vmedia_chunk_len(const struct vmedia_bytes *b, unsigned int i);
void vmedia_bytes_put(struct vmedia_bytes *b, size_t off, const void *from, size_t len);
void vmedia_bytes_get(const struct vmedia_bytes *b, size_t off, void *to, size_t len);

/*
 * Allocate a command of VMEDIA_CMD_* @type on @s, which may be NULL. Returns NULL without memory.
 */
struct vmedia_command *vmedia_command_new(struct vmedia_device *dev, struct vmedia_session *s,
					  u32 type);
/* Allocate a command for ioctl @nr. */
struct vmedia_command *vmedia_command_ioctl(struct vmedia_session *s, u32 nr);
/*
 * Map payloads of controls, which the device reads and writes in place, and unmap them. They are
 * mapped from the post of @c until the device returns it. Context: map_lock; any.
 */
int vmedia_payload_map(struct vmedia_command *c);
void vmedia_payload_unmap(struct vmedia_command *c);
/* Free a command that is not in the ring. NULL is allowed. */
void vmedia_command_free(struct vmedia_command *c);
/*
 * Send a command and wait for its answer. Returns 0 or the device's error: c->cmd holds the answer,
 * and the caller frees @c. If *@gone is set, the wait ended early and the caller does not own @c
 * any more. -EINTR: the caller was killed. -ETIMEDOUT: the device did not answer in time, and the
 * session has failed. -EIO: the answer is invalid.
 */
int vmedia_command_run(struct vmedia_command *c, bool *gone);
/*
 * Send a command without waiting for its answer; c->finish gets it. On error the caller still owns
 * @c. Waits for room in the ring. A fatal signal ends this wait, except for CLOSE and MUNMAP.
 */
int vmedia_command_post(struct vmedia_command *c);
/*
 * Wait until the device brings about @done, no longer than timeout_ms. Returns 0; -EINTR: the
 * caller was killed; -ETIMEDOUT; -ENODEV: the queues are broken. Context: process.
 */
int vmedia_await(struct vmedia_device *dev, struct completion *done);
/* Check the answer of a command that the device returned, and set c->err. */
void vmedia_command_take(struct vmedia_command *c);
/* Call the finish of returned commands without a waiter. Context: dev->event_work. */
void vmedia_finish_returned(struct vmedia_device *dev);
/* Check for answers now, without an interrupt. */
void vmedia_poll_answers(struct vmedia_device *dev);

/* ---- events.c ---- */

int vmedia_events_init(struct vmedia_device *dev);
void vmedia_events_fini(struct vmedia_device *dev);
void vmedia_events_ready(struct virtqueue *vq);
void vmedia_event_work(struct work_struct *work);
/*
 * Wait until everything that the device has sent so far is delivered. Context: may sleep; not in
 * event_work.
 */
void vmedia_events_sync(struct vmedia_device *dev);

/* ---- session.c ---- */

/**
 * struct vmedia_session - an open file
 * @fh: V4L2's file handle
 * @ref: held by the file, the table of sessions, and commands
 * @node: in dev->closed
 * @dev: the device
 * @id: the device's id of the session
 * @lock: protects the queues; videobuf2's lock
 * @dequeue_lock: serializes callers that dequeue events and that unsubscribe from them
 * @buf_lock: protects states of buffers, @loans, @err
 * @err: 0, or the error that every call returns
 * @closed: the file is closed; no event is delivered
 * @close_sent: CLOSE was sent
 * @gone: the device has nothing of the session any more, or cannot be told to close it
 * @close: the CLOSE command, allocated at open so that closing cannot fail for lack of memory
 * @loans: memory that the device has
 * @queue: by buffer type
 */
struct vmedia_session {
	struct v4l2_fh fh;
	struct kref ref;
	struct list_head node;
	struct vmedia_device *dev;
	u32 id;
	struct mutex lock;		/* see above */
	struct mutex dequeue_lock;	/* see above */
	spinlock_t buf_lock;		/* see above */
	int err;
	bool closed;
	bool close_sent;
	struct completion gone;
	struct vmedia_command *close;
	struct list_head loans;
	struct vmedia_queue *queue[VMEDIA_MAX_TYPE + 1];
};

extern const struct v4l2_file_operations vmedia_fops;

static inline struct vmedia_session *vmedia_session_of(struct file *file)
{
	return container_of(file->private_data, struct vmedia_session, fh);
}

static inline int vmedia_session_err(struct vmedia_session *s)
{
	return READ_ONCE(s->err);
}

void vmedia_session_put(struct vmedia_session *s);
/*
 * Find a session. Returns a reference, or NULL. Context: dev->event_work, which keeps its file from
 * going.
 */
struct vmedia_session *vmedia_session_find(struct vmedia_device *dev, u32 id);
/* Make every further call on the session return @err. Context: may sleep. */
void vmedia_session_fail(struct vmedia_session *s, int err);
/*
 * End all loans and free the id, when the device has nothing of the session any more. May be called
 * more than once.
 */
void vmedia_session_forget(struct vmedia_session *s);
/* Forget all sessions in dev->closed, once their events were taken. Context: dev->event_work. */
void vmedia_sessions_forget_closed(struct vmedia_device *dev);
/* Forget all sessions after a reset of the device. Nothing is mapped for its DMA afterwards. */
void vmedia_sessions_end(struct vmedia_device *dev);
/* Send CLOSE, at most once. */
void vmedia_session_close(struct vmedia_session *s);
/* Find out which kinds of memory the device accepts, at probe. */
int vmedia_session_probe(struct vmedia_device *dev);

/* ---- queue.c, buffers.c, setup.c ---- */

/**
 * enum vmedia_buf_state - state of a buffer that videobuf2 queued
 * @VMEDIA_BUF_LENT: the device has it
 * @VMEDIA_BUF_COMING: the device returned it; its loan is about to end
 */
enum vmedia_buf_state {
	VMEDIA_BUF_LENT,
	VMEDIA_BUF_COMING,
};

/**
 * struct vmedia_buf - a buffer
 * @vb: videobuf2's buffer
 * @known: @index is set
 * @index: the device's index for it
 * @state: whether the device has it
 * @cookie: number of the loan
 * @loan: memory that the device holds
 */
struct vmedia_buf {
	struct vb2_v4l2_buffer vb;
	bool known;
	u32 index;
	enum vmedia_buf_state state;
	u64 cookie;
	struct vmedia_loan *loan;
};

/**
 * struct vmedia_queue - a buffer queue of a session
 * @vb: videobuf2's queue
 * @session: the session
 * @type: V4L2_BUF_TYPE_*
 * @memory: V4L2_MEMORY_* that is used with the device
 * @bufs: struct vmedia_buf by the device's index, while they are lent. Under session->buf_lock
 * @create: the CREATE_BUFS in progress, or NULL
 * @created: index of the first buffer that the device made for it
 */
struct vmedia_queue {
	struct vb2_queue vb;
	struct vmedia_session *session;
	u32 type;
	u32 memory;
	struct xarray bufs;
	struct v4l2_create_buffers *create;
	u32 created;
};

static inline struct vmedia_buf *vmedia_buf_of(struct vb2_buffer *vb)
{
	return container_of(to_vb2_v4l2_buffer(vb), struct vmedia_buf, vb);
}

extern const struct vb2_ops vmedia_vb2_ops;

int vmedia_queues_init(struct vmedia_session *s);
void vmedia_queues_release(struct vmedia_session *s);
void vmedia_queues_free(struct vmedia_session *s);
/* Handle the event of a returned buffer. Context: dev->event_work. */
void vmedia_queue_event(struct vmedia_session *s, const struct vmedia_evt *evt);
/* The queue of @type, or NULL. */
struct vmedia_queue *vmedia_queue_of(struct vmedia_session *s, u32 type);
/* Get the sizes of planes in the device's current format. */
int vmedia_plane_sizes(struct vmedia_session *s, u32 type, unsigned int *num, unsigned int *sizes);
int vmedia_buf_prepare(struct vb2_buffer *vb);
/* Get the offset at which plane @plane of a buffer in the device's memory can be mapped. */
int vmedia_plane_offset(struct vb2_buffer *vb, unsigned int plane, u32 *offset);
/* The device's memory type that is used for an application's @memory. */
u32 vmedia_carrier(struct vmedia_device *dev, u32 type, u32 memory);
/* Send REQBUFS of *@count buffers. *@count becomes the number that the device allocated. */
int vmedia_ask_reqbufs(struct vmedia_queue *q, u32 memory, unsigned int *count);
/* The device's index for a buffer. */
u32 vmedia_device_index(struct vb2_buffer *vb);
/* The queue_setup operation of videobuf2. */
int vmedia_queue_setup(struct vb2_queue *vq, unsigned int *num_buffers, unsigned int *num_planes,
		       unsigned int sizes[], struct device *alloc_devs[]);

int vmedia_reqbufs(struct file *file, void *priv, struct v4l2_requestbuffers *p);
int vmedia_create_bufs(struct file *file, void *priv, struct v4l2_create_buffers *p);
#if VMEDIA_KERNEL(6, 10)
int vmedia_remove_bufs(struct file *file, void *priv, struct v4l2_remove_buffers *p);
#endif
int vmedia_querybuf(struct file *file, void *priv, struct v4l2_buffer *p);
int vmedia_prepare_buf(struct file *file, void *priv, struct v4l2_buffer *p);
int vmedia_qbuf(struct file *file, void *priv, struct v4l2_buffer *p);
int vmedia_dqbuf(struct file *file, void *priv, struct v4l2_buffer *p);
int vmedia_expbuf(struct file *file, void *priv, struct v4l2_exportbuffer *p);
int vmedia_streamon(struct file *file, void *priv, enum v4l2_buf_type type);
int vmedia_streamoff(struct file *file, void *priv, enum v4l2_buf_type type);
int vmedia_mmap(struct file *file, struct vm_area_struct *vma);

/* ---- ioctl.c, controls.c ---- */

extern const struct v4l2_ioctl_ops vmedia_ioctl_ops;

/* Send ioctl @nr with the structure at @arg, of @size bytes, and store the answer in it. */
int vmedia_forward(struct vmedia_session *s, u32 nr, void *arg, size_t size);

int vmedia_g_ext_ctrls(struct file *file, void *priv, struct v4l2_ext_controls *p);
int vmedia_s_ext_ctrls(struct file *file, void *priv, struct v4l2_ext_controls *p);
int vmedia_try_ext_ctrls(struct file *file, void *priv, struct v4l2_ext_controls *p);
int vmedia_g_edid(struct file *file, void *priv, struct v4l2_edid *p);
int vmedia_s_edid(struct file *file, void *priv, struct v4l2_edid *p);
int vmedia_subscribe_event(struct v4l2_fh *fh, const struct v4l2_event_subscription *sub);
int vmedia_unsubscribe_event(struct v4l2_fh *fh, const struct v4l2_event_subscription *sub);
long vmedia_unlocked_ioctl(struct file *file, unsigned int cmd, unsigned long arg);

#endif /* VMEDIA_LINUX_H */
