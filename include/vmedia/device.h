/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Write a device: the interface between the virtio-media core and the code that answers V4L2's
 * ioctls.
 *
 * Most devices use <vmedia/video.h> instead. It is a framework that gives them formats, buffer
 * queues, controls and events, as a kernel gives them to its drivers. This header is the layer
 * below. A device that answers every ioctl itself (a proxy of a host's node, a test device)
 * implements struct vmedia_device_ops and nothing else.
 *
 * Theory of operation
 *
 *   Core decodes a command, finds its session and calls ->ioctl() with a private, checked copy of
 *   everything that came. The device changes the copy in place and returns 0 or a negative errno.
 *   Or it returns -EINPROGRESS and calls vmedia_request_complete() later. Commands of one session
 *   run one at a time, in the order they came. Commands of different sessions do not wait for each
 *   other.
 *
 *   Core pulls finished buffers and V4L2 events from the device. A device that has one calls
 *   vmedia_session_wake(). Core then calls ->next_event() as long as the driver has posted event
 *   buffers. Core keeps at most one pulled event a session until there is an event buffer for it;
 *   STREAMOFF, REQBUFS, REMOVE_BUFS and UNSUBSCRIBE_EVENT remove that event if it is one of theirs.
 *   All other events wait in the device's own buffers. So core does not allocate memory for
 *   events, drops none, and needs no limit for them. Events that SUBSCRIBE_EVENT causes reach the
 *   queue before its response. All other events follow the response of the command that caused
 *   them.
 *
 *   Memory of buffers is a struct vmedia_backing: contiguous host memory with a reference count. It
 *   may be a memory file of the device, guest pages, or a virtio object of another device.
 *
 * Context: unless said otherwise, every callback and function here runs on the device's loop thread
 * and must not block. Work that takes time runs on a worker (<vmedia/worker.h>). Descriptors and
 * timers are added to the loop itself (<vmedia/loop.h>, vmedia_device_loop()).
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
 * Limits of one device: how much a guest can make it hold. A command that would exceed a limit gets
 * the errno named, and nothing else changes. Some limits have a share, which is how much of the
 * limit one session may hold. A command that would exceed its session's share gets the same errno.
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
 *   (*) region_size is a member of struct vmedia_device_config.
 *   (**) Pieces of memory that have a file descriptor or are a copy of guest pages: RLIMIT_NOFILE
 *   less 640, or half of it if it is small; at most 32000 and half of vm.max_map_count. Both are
 *   read when the device is created. vmedia_limits_needs() tells what RLIMIT_NOFILE should be.
 *   (***) VMEDIA_MAX_REQ_SIZE.
 *
 * A share of 0 means three quarters of its limit. If there is a region, session_bytes is then also
 * at most session_region, so that all buffers that REQBUFS grants can be mapped.
 *
 * Mappings and exports count for their session after CLOSE too: a mapping until MUNMAP, an export
 * until the device is reset. Exports can be withdrawn earlier. When a limit of the device is
 * reached, core withdraws the oldest exports of closed sessions. When a share is reached, core
 * withdraws the session's oldest exports of buffers that it has freed. An export that is mapped, or
 * that a session has imported, is not withdrawn.
 */
struct vmedia_limits {
	uint32_t max_sessions;	    /* open at once */
	uint32_t max_buffers;	    /* in one queue */
	/*
	 * buffer memory of all sessions and orphaned mappings, and lists of guest pages; as much
	 * again while it is freed
	 */
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

/*
 * What a process that serves one device needs of the kernel, so that a guest reaches the device's
 * limits before the process reaches its own.
 */
struct vmedia_needs {
	uint64_t files;	   /* descriptors: RLIMIT_NOFILE */
	uint64_t mappings; /* vm.max_map_count */
	uint64_t threads;  /* RLIMIT_NPROC counts those of all processes of the user */
};

/*
 * vmedia_limits_needs - compute what a process needs for @limits
 *
 * A process with less serves a guest too: commands that need more get the errno of their limit.
 * Context: any thread.
 */
void vmedia_limits_needs(const struct vmedia_limits *limits, struct vmedia_needs *needs);

/* The answer of ->mmap(): the plane at an offset. */
struct vmedia_plane_map {
	struct vmedia_backing *backing; /* core takes its own reference */
	/* bytes, exactly the plane's length as QUERYBUF reports it */
	uint64_t length;
};

struct vmedia_device_ops {
	/*
	 * A session begins. The callee may call vmedia_session_set_priv(). Returns 0, or the errno
	 * of OPEN; ->close() is not called after an error. Or returns -EINPROGRESS and calls
	 * vmedia_session_opened() later; other sessions go on meanwhile. If a reset, a stopped
	 * queue or a lost connection comes first, ->close() is called, and vmedia_session_opened()
	 * must not be called any more.
	 */
	int (*open)(struct vmedia_session *s);

	/*
	 * CLOSE of @s came, and no command of @s is in progress. Returns 0 to have ->close() called
	 * at once. Returns -EINPROGRESS to have it called after vmedia_session_closed(); CLOSE is
	 * answered then, and other sessions go on meanwhile. Used if somebody still writes memory
	 * that the driver lent, since the answer gives that memory back to the driver. A reset or a
	 * lost connection may call ->close() earlier. Optional.
	 */
	int (*closing)(struct vmedia_session *s);

	/*
	 * A session ends: by CLOSE, a reset or a lost connection. The callee returns everything
	 * that the session holds. A request may still be in progress (at a reset, a lost
	 * connection, or in a session in error). Core has completed it with -ECANCELED, and the
	 * device must not call vmedia_request_complete() for it any more. In a session without an
	 * error CLOSE waits for the commands before it.
	 */
	void (*close)(struct vmedia_session *s);

	/*
	 * One decoded ioctl. All ioctls that the protocol carries come here. The callee changes
	 * vmedia_request_ioctl(req) in place. Returns 0, negative errno (-ENOTTY if the device does
	 * not have this ioctl), or -EINPROGRESS.
	 */
	int (*ioctl)(struct vmedia_session *s, struct vmedia_request *req);

	/* Find the plane whose mem_offset is @offset. Returns 0, or -EINVAL if there is none. */
	int (*mmap)(struct vmedia_session *s, uint32_t offset, struct vmedia_plane_map *map);

	/*
	 * Move the oldest finished buffer or V4L2 event of @s into @evt (type DQBUF or EVENT; core
	 * sets session_id). Returns true if there was one. A buffer counts as dequeued from then
	 * on. @evt is zero, except for its planes; the callee sets as many planes as the buffer
	 * has.
	 */
	bool (*next_event)(struct vmedia_session *s, struct vmedia_evt *evt);

	/*
	 * Do one piece of the work that vmedia_session_work() announced for @s, for instance make a
	 * frame that takes well under a millisecond. If there is more to do, call
	 * vmedia_session_work() again. Work and commands of a session share its turns of a
	 * millisecond; after a turn other sessions have theirs. Core notifies the driver of earlier
	 * answers before the call, and of the events that the call causes before it looks at the
	 * next command. Not called while the command queue is stopped, nor for a session in error.
	 * Optional.
	 */
	void (*work)(struct vmedia_session *s);

	/*
	 * The driver stopped the command queue. The guest is paused or resets; the device cannot
	 * tell which. When the call with @on returns, the device does not write the guest's memory
	 * that @s has any more. A call with !@on follows when the guest goes on, or ->close().
	 * Devices that write only during ->ioctl() do not need it. Optional.
	 */
	void (*suspend)(struct vmedia_session *s, bool on);

	/*
	 * Return to the state of a new device. Called at a reset, after all sessions were closed.
	 * Optional.
	 */
	void (*reset)(struct vmedia_device *dev);

	/* The device is being destroyed. Optional. */
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
 * vmedia_device_create - create a device that belongs to @loop's thread. Returns 0; -ENOMEM;
 * -EINVAL if there are no ops, or if region_size is not a multiple of the host's page.
 * vmedia_device_destroy - destroy it. No transport may be attached. NULL is allowed.
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
 * Tell core that @s has something for ->next_event(). Events go out at the end of the loop's turn.
 * The call is cheap and may be repeated.
 */
void vmedia_session_wake(struct vmedia_session *s);

/*
 * Tell core that @s has something for ->work(). If called within an ioctl of @s that ends at once,
 * ->work() runs after that is answered and before the next command. Else it runs soon; for an ioctl
 * that returns -EINPROGRESS that may be before the answer. The call is cheap and may be repeated;
 * several calls before ->work() count as one.
 */
void vmedia_session_work(struct vmedia_session *s);

/*
 * Report the unrecoverable error @err (negative errno) of @s. Core sends EVT_ERROR and answers
 * every later command but CLOSE with EIO. It does not call ->ioctl() and ->next_event() for @s
 * again. ->close() comes with the driver's CLOSE.
 */
void vmedia_session_error(struct vmedia_session *s, int err);

/*
 * End an OPEN for which ->open() returned -EINPROGRESS, but not within ->open(). @err: 0, or the
 * errno of OPEN; then ->close() is not called. An OPEN that fails so frees @s at the end of the
 * loop's turn.
 */
void vmedia_session_opened(struct vmedia_session *s, int err);

/* End a CLOSE for which ->closing() returned -EINPROGRESS: @s may be closed now. */
void vmedia_session_closed(struct vmedia_session *s);

/* ---- Requests: one ioctl in progress ---- */

struct vmedia_ioctl *vmedia_request_ioctl(struct vmedia_request *req);
struct vmedia_session *vmedia_request_session(struct vmedia_request *req);

/*
 * End a request for which ->ioctl() returned -EINPROGRESS, or will return it. The device must not
 * use @req after the call. The answer goes out at the end of the loop's turn, before events of
 * vmedia_session_wake() in the same turn.
 */
void vmedia_request_complete(struct vmedia_request *req, int err);

/*
 * The payload of control @index in private memory of the request, or NULL if the control has none
 * (size 0). It has as many bytes as the driver asked for, even if the device changes ctrls[].size.
 * For S and TRY it holds the guest's bytes, for G zeros. When the request ends with success, core
 * copies ctrls[].size bytes, but no more than asked for, to the guest's pages. It does so for S and
 * TRY too, as V4L2's core does.
 */
void *vmedia_request_ctrl_data(struct vmedia_request *req, uint32_t index);

/*
 * vmedia_request_import - get the host memory of a plane of a QBUF or PREPARE_BUF with memory
 * SHARED_PAGES or OBJECT
 * @plane: its index
 * @length: the plane's length in bytes
 * @write: the device writes the memory (capture); false: it only reads it
 * @old: the backing that this plane had before, or NULL. If the memory is the same, @old is
 *	returned with a further reference, since a new mapping is expensive.
 *
 * The backing of an object is the whole object, which may be longer than @length. Guest pages that
 * cannot be mapped as one piece get a private copy, which counts against max_bytes: see
 * vmedia_backing_flush() and vmedia_backing_fetch().
 *
 * Returns 0 with a reference in @backing; -EINVAL (list missing or too short, object shorter than
 * @length); -EFAULT (outside guest memory); -ENOENT (no such object); -EACCES (the object cannot be
 * written); -ENOMEM; -E2BIG.
 */
int vmedia_request_import(struct vmedia_request *req, uint32_t plane, uint64_t length, bool write,
			  struct vmedia_backing *old, struct vmedia_backing **backing);

/*
 * vmedia_request_export - make @backing a virtio object and write its UUID into uuid[0] of the
 * request (EXPBUF)
 *
 * The object keeps the backing until the device is reset, or until core withdraws it (see struct
 * vmedia_limits). Exporting the same backing again gives the same UUID. Returns 0; -ENOTTY if the
 * transport has no virtio objects; -EINVAL if the backing is NULL or no memory file; -ENOMEM.
 */
int vmedia_request_export(struct vmedia_request *req, struct vmedia_backing *backing);

/* ---- Memory of buffers ---- */

/*
 * vmedia_backing_create - make @length bytes of zeroed memory, in a sealed memory file of whole
 * pages
 *
 * The memory counts against max_bytes and the share of @s until its last reference is put, which
 * may be after @s was closed. Returns 0; -ENOMEM, also beyond the limit or the share, or if few
 * file descriptors are left; -EINVAL if @length is 0.
 */
int vmedia_backing_create(struct vmedia_session *s, uint64_t length,
			  struct vmedia_backing **backing);

/*
 * vmedia_backing_from_fd - use memory of somebody else, for instance a dma-buf of a host's node:
 * [@offset, @offset + @length) of @fd. @fd is duplicated. The bytes are not counted against
 * max_bytes. Returns 0; negative errno of dup(), fstat() or mmap(); -ENOMEM; -EINVAL if @fd is
 * shorter.
 */
int vmedia_backing_from_fd(struct vmedia_device *dev, int fd, uint64_t offset, uint64_t length,
			   struct vmedia_backing **backing);

struct vmedia_backing *vmedia_backing_get(struct vmedia_backing *b); /* Context: any thread */
/* Context: any thread. NULL is allowed. */
void vmedia_backing_put(struct vmedia_backing *b);
/* Context: any thread. Never NULL. */
void *vmedia_backing_addr(const struct vmedia_backing *b);
uint64_t vmedia_backing_length(const struct vmedia_backing *b);
/*
 * The memory file and the offset of the backing in it, or -1 for guest pages, which have none. The
 * descriptor is borrowed. A caller that duplicates it must keep the backing as long as it uses the
 * file, since the file loses its bytes when the backing is freed.
 */
int vmedia_backing_fd(const struct vmedia_backing *b, uint64_t *offset);
/* True while the guest has mapped it into region 0: V4L2_BUF_FLAG_MAPPED. */
bool vmedia_backing_mapped(const struct vmedia_backing *b);
/*
 * True if memory of a peer disappeared while it was in use, because its file was truncated or its
 * file system is full. Then writes were lost, and reads gave zeros. Context: any thread.
 */
bool vmedia_backing_broken(const struct vmedia_backing *b);
/* True if the backing is a private copy of guest pages. Context: any thread. */
bool vmedia_backing_is_copy(const struct vmedia_backing *b);
/*
 * Copy [0, @bytes), which the device has written, from a private copy to the guest's pages. Does
 * nothing for a backing that is no private copy. Call it once for a finished capture plane.
 * Context: any thread.
 */
void vmedia_backing_flush(struct vmedia_backing *b, uint64_t bytes);
/*
 * Copy [0, @bytes), which the device is about to read, from the guest's pages to a private copy.
 * The private copy holds none of the guest's bytes before. Context: any thread.
 */
void vmedia_backing_fetch(struct vmedia_backing *b, uint64_t bytes);

/* The position of a copy in steps of at most VMEDIA_COPY_STEP bytes. Zeros: the beginning. */
#define VMEDIA_COPY_STEP (256u << 10)
struct vmedia_copy {
	uint64_t done;		/* bytes */
	/* private */
	uint64_t gpa, left;
	uint32_t entry;
};
/* Do the next step of a flush or fetch of [0, @bytes). Returns true if more steps follow. */
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
	/* of frames, where a plane could not be used in place, and by vmedia_device_add_copied() */
	uint64_t bytes_copied;
	uint32_t sessions_open, mappings;
	uint64_t bytes_held; /* of buffers, those of orphaned mappings included */
};

void vmedia_device_stats(const struct vmedia_device *dev, struct vmedia_device_stats *stats);
/* The device itself copied, or converted, @bytes of a frame. Context: any thread. */
void vmedia_device_add_copied(struct vmedia_device *dev, uint64_t bytes);

#ifdef __cplusplus
}
#endif

#endif /* VMEDIA_DEVICE_H */
