/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Write a device: the interface between the virtio-media core and what answers V4L2's ioctls.
 *
 * Most devices want <vmedia/video.h>, the framework that gives them formats, buffer queues,
 * controls and events as a kernel gives them to its drivers. This header is the layer below: a
 * device that answers every ioctl itself (a proxy of a host's node, a test device) implements
 * struct vmedia_device_ops and nothing else.
 *
 * Theory of operation
 *
 *   Core decodes a command, finds its session and calls ->ioctl() with a private, checked copy of
 *   all that came. The device changes the copy in place and returns 0 or a negative errno, or
 *   -EINPROGRESS and calls vmedia_request_complete() later. Commands of one session run in the
 *   order they came, one at a time; those of different sessions do not wait for each other.
 *
 *   Buffers and V4L2 events go to the driver by pull: a device that has one says
 *   vmedia_session_wake(), and core calls
 *   ->next_event() as long as the driver has posted room. At most one pulled event a session waits
 *   in core for a buffer (and is forgotten by STREAMOFF, REQBUFS, REMOVE_BUFS or UNSUBSCRIBE_EVENT
 *   where it fits); what else waits, waits in the device's own buffers, so nothing is allocated,
 *   nothing is dropped and nothing is unbounded. Order: events produced by SUBSCRIBE_EVENT reach
 *   the queue before its response; all others after the response of the command that caused them.
 *
 *   Memory of buffers is a struct vmedia_backing: contiguous host memory with a reference count,
 *   whatever it is made of (a memory file of ours, guest pages, a virtio object of somebody else).
 *
 * Context: unless said otherwise, every callback and function here runs on the device's loop thread
 * and must not block. Work that takes time goes to a worker (<vmedia/worker.h>); descriptors and
 * timers go on the loop itself (<vmedia/loop.h>, vmedia_device_loop()).
 */
#ifndef VMEDIA_DEVICE_H
#define VMEDIA_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vmedia/proto.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vmedia_device;
struct vmedia_session;
struct vmedia_request;
struct vmedia_backing;
struct vmedia_loop;

/*
 * Limits of one device: what a guest can make it hold. A guest at a limit gets the errno named;
 * nothing else changes. Some limits have a share: what one session may hold of it, so that the
 * others can go on. A session at its share gets the same errno.
 *
 *   limit              default    at the limit                                  share
 *   max_sessions       128        OPEN -EMFILE                                  -
 *   max_buffers        64         REQBUFS grants fewer, CREATE_BUFS -ENOBUFS    one queue's
 *   max_bytes          1 GiB      REQBUFS and CREATE_BUFS grant fewer, none     session_bytes
 *                                 is -ENOMEM; QBUF of pages to copy -ENOMEM
 *   region_size (*)    256 MiB    MMAP -ENOMEM                                  session_region
 *   max_mappings       1024       MMAP -ENOMEM                                  session_mappings
 *   max_objects        256        EXPBUF -ENOMEM                                session_objects
 *     imports cached   the same   the oldest is looked up again when queued     session_objects
 *   files (**)         -          as max_bytes; QBUF of an object -ENOMEM       three quarters
 *   max_subscriptions  512        SUBSCRIBE_EVENT -ENOMEM                       one session's
 *   max_request        (***)      any command -E2BIG                            one command's
 *   max_ctrl_bytes     1 MiB      extended controls -E2BIG                      one command's
 *     SG entries       4096       extended controls -E2BIG                      one command's
 *   being answered     16 MiB     any command -ENOMEM                           one command
 *
 *   (*) of struct vmedia_device_config; a device is made with any. (**) descriptors: RLIMIT_NOFILE
 *   less 64, when the device is made. (***) VMEDIA_MAX_REQ_SIZE.
 *
 * A share of 0 is three quarters of its limit. session_bytes is then at most session_region too,
 * where there is a region: what REQBUFS grants can be mapped.
 *
 * What a session made counts for it after CLOSE too, for as long as it is there: a mapping until
 * MUNMAP, an export until the device is reset. But exports give way to what others need: when a
 * limit of the device is reached, the oldest exports of closed sessions are withdrawn; when a share
 * is, the session's own oldest of buffers that it has freed. An export that is mapped, or imported
 * by a session, stays.
 */
struct vmedia_limits {
	uint32_t max_sessions;	    /* open at once */
	uint32_t max_buffers;	    /* in one queue */
	/* buffer memory of all sessions and orphaned mappings; as much again while it is freed */
	uint64_t max_bytes;
	uint32_t max_mappings;	    /* distinct mappings into region 0 */
	uint32_t max_subscriptions; /* event subscriptions of one session */
	uint32_t max_objects;	    /* exported virtio objects, and as many imported ones */
	uint32_t max_request;	    /* bytes of one command */
	uint64_t max_ctrl_bytes;    /* payload bytes of all controls in one command */
	uint64_t session_bytes;
	uint64_t session_region; /* bytes of region 0 */
	uint32_t session_mappings;
	uint32_t session_objects;
};

void vmedia_limits_default(struct vmedia_limits *limits);

/* What ->mmap() tells of the plane at an offset. */
struct vmedia_plane_map {
	struct vmedia_backing *backing; /* core takes its own reference */
	/* bytes, exactly the plane's length as QUERYBUF reports it */
	uint64_t length;
};

struct vmedia_device_ops {
	/*
	 * A session begins. May set vmedia_session_set_priv(). Returns 0 or the errno of OPEN; then
	 * ->close is not called.
	 */
	int (*open)(struct vmedia_session *s);

	/*
	 * CLOSE of @s came and nothing of it is in progress. 0: ->close() is called at once.
	 * -EINPROGRESS: when vmedia_session_closed() was called; CLOSE is answered after that,
	 * other sessions go on. For memory that the driver lent and that somebody still writes: it
	 * is the driver's again with the answer. ->close() may come earlier, with a reset or a lost
	 * connection. Optional.
	 */
	int (*closing)(struct vmedia_session *s);

	/*
	 * A session ends: CLOSE, reset, lost connection. All it holds is given back before return;
	 * a request still in progress (reset, lost connection, a session in error) has been
	 * completed with -ECANCELED by core, and vmedia_request_complete() must not be called for
	 * it any more. Without an error CLOSE waits its turn.
	 */
	void (*close)(struct vmedia_session *s);

	/*
	 * One ioctl of the table, decoded; every one that is carried comes here. Change
	 * vmedia_request_ioctl(req) in place. Returns 0, negative errno (-ENOTTY for what the
	 * device has not), or -EINPROGRESS.
	 */
	int (*ioctl)(struct vmedia_session *s, struct vmedia_request *req);

	/* The plane whose mem_offset is @offset: 0, or -EINVAL if there is none. */
	int (*mmap)(struct vmedia_session *s, uint32_t offset, struct vmedia_plane_map *map);

	/*
	 * Take the oldest finished buffer or V4L2 event of @s into @evt (type DQBUF or EVENT;
	 * session_id is core's). Returns true if there was one. What it returned is on its way: a
	 * buffer is dequeued from this moment. @evt is zero but for its planes, of which the
	 * callee sets as many as the buffer has.
	 */
	bool (*next_event)(struct vmedia_session *s, struct vmedia_evt *evt);

	/*
	 * vmedia_session_work() was said of @s: one piece of what the device does for it on the
	 * loop, a frame that takes well under a millisecond, say; ask again if there is more. It is
	 * time of the session, as its commands are: both together get a turn of a millisecond, then
	 * others have theirs. What was answered before is told to the driver first, and events that
	 * this leads to are on their way when the next command is looked at. Not called while the
	 * command queue is stopped, nor for a session in error. Optional.
	 */
	void (*work)(struct vmedia_session *s);

	/*
	 * The driver stopped the command queue: the guest is paused or resets, which nobody can
	 * tell apart before it goes on. When this returns for @on, memory of the guest that @s has
	 * is not written any more, until the same comes with !@on (the guest went on) or ->close().
	 * Optional: for devices that write only while commands run.
	 */
	void (*suspend)(struct vmedia_session *s, bool on);

	/*
	 * After the last session of a reset was closed: return to the state of a new device.
	 * Optional.
	 */
	void (*reset)(struct vmedia_device *dev);

	/* The device itself goes. Optional. */
	void (*destroy)(struct vmedia_device *dev);
};

struct vmedia_device_config {
	struct vmedia_config config; /* what the guest reads */
	struct vmedia_limits limits;
	/* bytes of shared memory region 0; 0: no region, MMAP gets -ENODEV */
	uint64_t region_size;
	const struct vmedia_device_ops *ops;
	void *priv;
};

/*
 * vmedia_device_create - a device that belongs to @loop's thread. Returns 0 or -ENOMEM, -EINVAL (no
 * ops, region_size not a multiple of the host's page). Ends by vmedia_device_destroy() with no
 * transport attached; NULL is taken.
 */
int vmedia_device_create(struct vmedia_loop *loop, const struct vmedia_device_config *cfg,
			 struct vmedia_device **dev);
void vmedia_device_destroy(struct vmedia_device *dev);
void *vmedia_device_priv(const struct vmedia_device *dev);
struct vmedia_loop *vmedia_device_loop(const struct vmedia_device *dev);
const struct vmedia_limits *vmedia_device_limits(const struct vmedia_device *dev);
const struct vmedia_config *vmedia_device_config(const struct vmedia_device *dev);
uint64_t vmedia_device_region_size(const struct vmedia_device *dev);

/* ---- Sessions ---- */

uint32_t vmedia_session_id(const struct vmedia_session *s);
struct vmedia_device *vmedia_session_device(const struct vmedia_session *s);
void *vmedia_session_priv(const struct vmedia_session *s);
void vmedia_session_set_priv(struct vmedia_session *s, void *priv);

/*
 * @s has something for ->next_event(). Cheap, may be called often; events go out at the end of the
 * loop's turn.
 */
void vmedia_session_wake(struct vmedia_session *s);

/*
 * @s has something for ->work(). From within an ioctl of @s: once that is answered, before the next
 * command. From elsewhere: soon. Cheap, and the same as once if said again before.
 */
void vmedia_session_work(struct vmedia_session *s);

/*
 * Unrecoverable error @err (negative errno) of @s: EVT_ERROR goes out, every later command but
 * CLOSE gets EIO, and
 * ->ioctl() and ->next_event() are not called for it again. ->close() comes with the driver's
 * CLOSE.
 */
void vmedia_session_error(struct vmedia_session *s, int err);

/* @s, for which ->closing() returned -EINPROGRESS, may be closed. */
void vmedia_session_closed(struct vmedia_session *s);

/* ---- Requests: one ioctl in progress ---- */

struct vmedia_ioctl *vmedia_request_ioctl(struct vmedia_request *req);
struct vmedia_session *vmedia_request_session(struct vmedia_request *req);

/*
 * End a request for which ->ioctl() returned -EINPROGRESS (or is about to). @req is not to be used
 * after the call. The answer goes out at the end of the loop's turn, before events that are woken
 * in the same turn.
 */
void vmedia_request_complete(struct vmedia_request *req, int err);

/*
 * Payload of control @index with size > 0 in private memory of the request, size bytes (as asked; a
 * change of ctrls[].size does not move it): filled from the guest for S and TRY, zeroed for G. When
 * the request ends with success, ctrls[].size bytes of it, at most the size asked for, go to the
 * guest's pages; for S and TRY too, as V4L2's core gives back what was set. NULL if the control has
 * no payload.
 */
void *vmedia_request_ctrl_data(struct vmedia_request *req, uint32_t index);

/*
 * vmedia_request_import - resolve plane @plane of a QBUF or PREPARE_BUF with memory SHARED_PAGES or
 * OBJECT to host memory of @length bytes (the plane's length). @old, the backing that this plane
 * had, or NULL, is returned again with a further reference if the memory is the same: remapping is
 * what costs.
 * @write: the device writes it (capture) or only reads it. The backing of an object is the whole
 * object, which may be longer than @length. Guest pages that cannot be seen as one piece get a
 * private copy, which counts against max_bytes: see vmedia_backing_flush() and
 * vmedia_backing_fetch(). Returns 0 with a reference in @backing; -EINVAL (list missing or too
 * short, object shorter than @length); -EFAULT (outside guest memory); -ENOENT (no such object);
 * -EACCES (the object cannot be written); -ENOMEM; -E2BIG.
 */
int vmedia_request_import(struct vmedia_request *req, uint32_t plane, uint64_t length, bool write,
			  struct vmedia_backing *old, struct vmedia_backing **backing);

/*
 * vmedia_request_export - make @backing a virtio object and write its UUID into uuid[0] of the
 * request (EXPBUF). The object, and the backing with it, live until the device is reset, or until
 * nobody else has the backing and its memory is needed (struct vmedia_limits); exporting the same
 * backing again gives the same UUID. Returns 0; -ENOTTY if the transport has no virtio objects
 * (whatever the backing); -EINVAL if the backing is no memory file or NULL; -ENOMEM.
 */
int vmedia_request_export(struct vmedia_request *req, struct vmedia_backing *backing);

/* ---- Memory of buffers ---- */

/*
 * vmedia_backing_create - @length bytes of zeroed memory in a sealed memory file of whole pages,
 * counted against max_bytes and @s's share of it until its last reference goes, which may be after
 * @s was closed. Returns 0 or -ENOMEM (also beyond the limit or the share, and when file
 * descriptors would become scarce), -EINVAL (length 0).
 */
int vmedia_backing_create(struct vmedia_session *s, uint64_t length,
			  struct vmedia_backing **backing);

/*
 * vmedia_backing_from_fd - memory that somebody else made (a dma-buf of a host's node): [@offset,
 * @offset + @length) of @fd, which is duplicated. Its bytes are not counted. Returns 0 or negative
 * errno of dup(), fstat() or mmap();
 * -ENOMEM; -EINVAL if @fd is shorter.
 */
int vmedia_backing_from_fd(struct vmedia_device *dev, int fd, uint64_t offset, uint64_t length,
			   struct vmedia_backing **backing);

struct vmedia_backing *vmedia_backing_get(struct vmedia_backing *b); /* Context: any thread */
/* Context: any thread; NULL is taken */
void vmedia_backing_put(struct vmedia_backing *b);
/* Context: any thread; never NULL */
void *vmedia_backing_addr(const struct vmedia_backing *b);
uint64_t vmedia_backing_length(const struct vmedia_backing *b);
/*
 * The memory file and its offset, or -1: guest pages have none. Borrowed. Whoever duplicates it
 * keeps the backing too: the file loses its bytes with it.
 */
int vmedia_backing_fd(const struct vmedia_backing *b, uint64_t *offset);
/* True while the guest has it mapped into region 0: V4L2_BUF_FLAG_MAPPED. */
bool vmedia_backing_mapped(const struct vmedia_backing *b);
/*
 * True once memory of a peer went while it was used (its file was truncated, or is on a file system
 * that is full): what was written is lost, and zeros were read. Context: any thread.
 */
bool vmedia_backing_broken(const struct vmedia_backing *b);
/*
 * The device has written [0, @bytes): where the guest's pages could not be seen as one piece this
 * copies so many out, and counts them; elsewhere it does nothing. Called once for a finished
 * capture plane. Context: any thread.
 */
void vmedia_backing_flush(struct vmedia_backing *b, uint64_t bytes);
/*
 * The device is about to read [0, @bytes): the other direction of the same. Until then there is
 * nothing of the guest's in a private copy. Context: any thread.
 */
void vmedia_backing_fetch(struct vmedia_backing *b, uint64_t bytes);

/* A copy in steps of at most VMEDIA_COPY_STEP bytes, for the loop. All zeros: it begins. */
#define VMEDIA_COPY_STEP (256u << 10)
struct vmedia_copy {
	uint64_t done;		/* bytes */
	/* private */
	uint64_t gpa, left;
	uint32_t entry;
};
/* The next step of a flush or fetch of [0, @bytes): true if there is another to come. */
bool vmedia_backing_flush_step(struct vmedia_backing *b, uint64_t bytes, struct vmedia_copy *pos);
bool vmedia_backing_fetch_step(struct vmedia_backing *b, uint64_t bytes, struct vmedia_copy *pos);

/* ---- Counters ---- */

/*
 * What a device did, for the bench and the log: counts since its creation, and what it holds now.
 */
struct vmedia_device_stats {
	uint64_t commands, events;
	uint64_t bad_chains; /* malformed, or refused by a limit */
	uint64_t sessions_opened;
	uint64_t bytes_copied; /* of frames, where a plane could not be used in place */
	uint32_t sessions_open, mappings;
	uint64_t bytes_held; /* of buffers, those of orphaned mappings included */
};

void vmedia_device_stats(const struct vmedia_device *dev, struct vmedia_device_stats *stats);

#ifdef __cplusplus
}
#endif

#endif /* VMEDIA_DEVICE_H */
