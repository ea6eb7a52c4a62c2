/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Drive a virtio-media device from user space, over its vhost-user socket, without a virtual
 * machine.
 *
 *	struct vmedia_driver_options opts = { .path = "/run/camera.sock" };
 *	struct vmedia_format format = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };
 *
 *	vmedia_driver_connect(&opts, &drv);
 *	vmedia_open(drv, 0, &f);
 *	vmedia_ioctl(f, VIDIOC_G_FMT, &format);
 *	...
 *	vmedia_close(f);
 *	vmedia_driver_disconnect(drv);
 *
 * Theory of operation
 *
 *   The driver acts as a guest. A memory file is its RAM: it holds rings, commands and SHARED_PAGES
 *   buffers. The driver negotiates as a VMM does. It reserves an address range for shared memory
 *   region 0, and maps there what the device sends. A struct vmedia_file is one session, like an
 *   open file of /dev/videoN. Ioctls take V4L2's structures in host byte order and return what a
 *   kernel returns. DQBUF and DQEVENT return what the device's events brought.
 *
 * Security model: the device is hostile. The driver checks each answer against its question, each
 * event against its own state of the buffer, and each mapping against the region. It refuses what
 * does not fit, with -EIO for answers; events are ignored. A log message and a counter in struct
 * vmedia_driver_stats report each refusal. Memory that was given to the device belongs to the
 * device until it is returned. Neither a timeout nor vmedia_pages_free() changes that. The driver
 * cannot prevent two things: a device that writes to its buffers while the program reads them, and
 * a device that does not answer.
 *
 * Errors: negative errno. A call that reached the device returns the device's errno. Each call can
 * also return these, besides the errors in its own comment:
 *	-ENODEV		the connection is lost; only close, free and disconnect are of use
 *	-EIO		the driver refused the answer; or the session is in error and must be
 *			closed; or the device broke a ring, which has the effects of -ENODEV
 *	-ETIMEDOUT	no answer within timeout_ms; the session is in error afterwards
 * Context: one thread at a time uses a driver and all that belongs to it. The library uses no
 * signals and no threads here.
 */
#ifndef VMEDIA_DRIVER_H
#define VMEDIA_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <vmedia/proto.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vmedia_driver;
struct vmedia_file;

/* ---- Connection ---- */

/* use packed rings if offered, otherwise split rings */
#define VMEDIA_DRIVER_PACKED		(1u << 0)
/* do not use VIRTIO_F_EVENT_IDX */
#define VMEDIA_DRIVER_NO_EVENT_IDX	(1u << 1)
/* do not use VIRTIO_F_INDIRECT_DESC */
#define VMEDIA_DRIVER_NO_INDIRECT	(1u << 2)
/* do not use SHMEM; vmedia_mmap() returns -ENODEV */
#define VMEDIA_DRIVER_NO_REGION		(1u << 3)
/* map files that the device can still shrink (risk: SIGBUS) */
#define VMEDIA_DRIVER_ALLOW_UNSEALED	(1u << 4)
/* split messages into many descriptors at odd places, for tests */
#define VMEDIA_DRIVER_SPLIT		(1u << 5)
/*
 * Sleep at once when a call waits. Without this flag a wait polls the rings for 10 us first. An
 * answer or event within that time costs no sleep in the driver and no system call in the device.
 * After a poll that finds nothing, the next 1 to 1023 waits do not poll; the number doubles with
 * each miss. The wait after a sleep of 100 us or more does not poll either, so polling costs
 * nothing in a stream at a camera's pace.
 */
#define VMEDIA_DRIVER_NO_SPIN		(1u << 6)

/*
 * One finished command or one received event, for a trace hook. Strings are constants. The hook
 * must not call the driver.
 */
struct vmedia_trace {
	bool event;			/* else a command */
	uint32_t type;			/* enum vmedia_cmd_type or enum vmedia_event_type */
	uint32_t session_id;
	const char *name;		/* "VIDIOC_G_FMT", "OPEN", "DQBUF" */
	int err;			/* 0 or negative errno */
	uint64_t duration_ns;		/* commands: from the kick until the answer was taken */
	uint32_t sent, received;	/* bytes */
};

/* Zero is the default of every member. */
struct vmedia_driver_options {
	const char *path;		/* path of the socket; NULL: use fd */
	/* a connected socket; belongs to the driver after a successful connect */
	int fd;
	uint32_t flags;			/* VMEDIA_DRIVER_* */
	uint16_t queue_size;		/* entries of each ring, a power of two: 128; 4 to 1024 */
	/* bytes of guest RAM, rounded up to pages: 256 MiB; unused pages take no memory */
	uint64_t memory_size;
	/* largest region 0 accepted, bytes: 8 GiB; -E2BIG if the device has a larger one */
	uint64_t max_region;
	int timeout_ms;			/* time limit of an answer: 5000; negative: none */
	/* time limit of a blocking DQBUF or DQEVENT: timeout_ms; negative: none */
	int wait_ms;
	uint32_t shmem_feature_bit;	/* 22; 20 or 21 for devices of earlier drafts */
	void (*trace)(void *opaque, const struct vmedia_trace *t);
	void *trace_opaque;
};

/*
 * vmedia_driver_connect - connect, negotiate, start both queues
 * Returns 0; errno of connect(); -EPROTO if the peer does not speak vhost-user or lacks a required
 * feature, which the log names; -EINVAL for bad options; -E2BIG; -ENOMEM; -ETIMEDOUT.
 */
int vmedia_driver_connect(const struct vmedia_driver_options *opts, struct vmedia_driver **drv);
/*
 * Close all sessions, return all resources, close the socket. Mappings and pages are invalid
 * afterwards. NULL is allowed.
 */
void vmedia_driver_disconnect(struct vmedia_driver *drv);

/* The configuration space, read at connect. */
const struct vmedia_config *vmedia_driver_config(const struct vmedia_driver *drv);
/* The negotiated VIRTIO_F_* bits. */
uint64_t vmedia_driver_features(const struct vmedia_driver *drv);
/* The size of region 0 in bytes; 0: no region. */
uint64_t vmedia_driver_region_size(const struct vmedia_driver *drv);

/*
 * A descriptor that is readable when vmedia_driver_process() has work: an answer, an event, or a
 * request of the device. It is borrowed. A program that polls calls vmedia_driver_process() before
 * it sleeps, then vmedia_poll_mask() for each file.
 */
int vmedia_driver_fd(const struct vmedia_driver *drv);
/*
 * Process all answers, events and requests that have arrived. Never blocks. Calls done() of
 * vmedia_submit(). Returns 0 or -ENODEV.
 */
int vmedia_driver_process(struct vmedia_driver *drv);

struct vmedia_driver_stats {
	uint64_t commands;		/* chains put on the commandq */
	uint64_t events;		/* chains returned on the eventq */
	uint64_t kicks;			/* notifications sent, both queues */
	uint64_t interrupts;		/* notifications received, both queues */
	uint64_t round_trips;		/* calls that waited for an answer */
	uint64_t sleeps;		/* waits that slept */
	uint64_t spins;			/* waits that polled and did not have to sleep */
	/* payload bytes copied by this driver: control data only, 0 while streaming */
	uint64_t bytes_copied;
	uint64_t maps, unmaps;		/* SHMEM_MAP and SHMEM_UNMAP carried out */
	uint64_t refused_answers;	/* -EIO: the answer did not fit its question */
	/* malformed, unsolicited, duplicate, unknown session, out of bounds */
	uint64_t refused_events;
	uint64_t refused_requests;	/* SHMEM_MAP and similar requests that did not fit */
	uint64_t dropped_events;	/* V4L2 events dropped, not dequeued in time */
	uint64_t timeouts;
	uint32_t quarantined;		/* commands that timed out and still belong to the device */
	uint32_t open_files;
	uint32_t mappings;		/* live mappings of vmedia_mmap() */
	/* bytes of vmedia_pages_alloc(), including freed ones that the device has */
	uint64_t pages_bytes;
};
void vmedia_driver_stats(struct vmedia_driver *drv, struct vmedia_driver_stats *stats);

/* ---- Sessions ---- */

/*
 * vmedia_open - begin a session
 * @flags: 0, or O_NONBLOCK: DQBUF and DQEVENT return -EAGAIN and do not wait
 * Returns 0; the device's errno; -ENFILE if 4096 sessions are open.
 */
int vmedia_open(struct vmedia_driver *drv, int flags, struct vmedia_file **f);
/*
 * End a session and free @f, also on error. NULL is allowed. Waits for commands of vmedia_submit()
 * that are under way. A vmedia_submit() for @f in their done() returns -EBADF. Mappings stay until
 * vmedia_munmap(). Returns 0, or negative errno if the device did not confirm the close.
 */
int vmedia_close(struct vmedia_file *f);
void vmedia_set_nonblock(struct vmedia_file *f, bool nonblock);
uint32_t vmedia_file_session_id(const struct vmedia_file *f);
struct vmedia_driver *vmedia_file_driver(const struct vmedia_file *f);

/*
 * vmedia_ioctl - do one ioctl on @f; blocks until the answer arrives
 * @request: VIDIOC_X of <linux/videodev2.h>, or its bare number.
 * @arg: struct vmedia_X of <vmedia/v4l2.h>, host byte order. Pointers in it are addresses of this
 *	process, as numbers, in the structure's 64-bit member:
 *	- multi-planar QUERYBUF, QBUF, PREPARE_BUF, DQBUF: m.planes, room for length planes;
 *	- G/S/TRY_EXT_CTRLS: controls, count entries; ptr of each control with a size, size bytes,
 *	  which are copied to and from guest RAM (-E2BIG if a call has more than 1 MiB in all);
 *	- memory USERPTR: m.userptr, memory of vmedia_pages_alloc() (other memory: -EFAULT);
 *	- G/S_EDID: edid, blocks * 128 bytes.
 * The driver returns pointers unchanged. It changes @arg only where V4L2 does, also on error.
 *
 * The driver answers QUERYCAP (from the configuration space), DQBUF and DQEVENT without the device.
 * DQBUF and DQEVENT wait at most wait_ms (then -ETIMEDOUT), or return -EAGAIN if the file is
 * non-blocking. The device sends buffers and V4L2 events in one order. The driver keeps them in
 * separate queues, as V4L2 does, so DQBUF does not tell which events came before its buffer. If the
 * device sent an event before a buffer (EOS before the one with V4L2_BUF_FLAG_LAST), the event can
 * be dequeued once DQBUF has returned that buffer.
 *
 * DQBUF returns the errors of V4L2: -EINVAL when not streaming, -EPIPE after the buffer with
 * V4L2_BUF_FLAG_LAST, -EIO in error. It also returns -EDEADLK if no buffer is queued and wait_ms is
 * negative, since a program with one thread would wait for ever.
 *
 * The driver also checks the state of the buffer. QBUF and PREPARE_BUF return -EINVAL if the buffer
 * is queued, if it came back and was not dequeued, or if one of the two is under way for it;
 * PREPARE_BUF also if the buffer is prepared. REMOVE_BUFS returns -EBUSY for such a buffer. QBUF of
 * a prepared buffer uses the memory of PREPARE_BUF and reports it in @arg. STREAMOFF ends the
 * prepared state.
 *
 * Returns 0; the device's negative errno; -ENOTTY for an ioctl that V4L2 does not have; -EFAULT for
 * a NULL pointer.
 */
int vmedia_ioctl(struct vmedia_file *f, unsigned long request, void *arg);

/*
 * vmedia_ioctl_objects - do an ioctl with virtio objects in the place of file descriptors
 * @uuid: for QUERYBUF, QBUF, PREPARE_BUF with memory DMABUF: one UUID for each plane, read and
 *	written; for EXPBUF: one, written
 * Except for QUERYBUF, vmedia_ioctl() returns -EINVAL for these. The driver passes the fd members
 * on unchanged.
 */
int vmedia_ioctl_objects(struct vmedia_file *f, unsigned long request, void *arg,
			 uint8_t (*uuid)[VMEDIA_UUID_SIZE]);

/*
 * vmedia_submit - start an ioctl and return without its answer; several may be under way
 *
 * The caller must keep @arg and all it points to until @done(opaque, err) has run. @done runs once,
 * and @arg then holds the answer. @done runs in vmedia_driver_process(), and in a wait for an event
 * (DQBUF, DQEVENT, vmedia_wait()). In any other blocking call it runs just before the call returns.
 * @done may submit again. It must not block or close a session.
 *
 * @flags: VMEDIA_SUBMIT_MORE: another vmedia_submit() follows, so the driver may delay the kick
 *	until then, or until vmedia_driver_process().
 * VMEDIA_SUBMIT_LAZY: the program does not wait for this answer, so the device need not interrupt.
 * @done runs with the next event, answer or vmedia_driver_process(); struct vmedia_trace counts the
 * time until then. Use it for QBUF in the middle of a stream: it halves the interrupts of a frame.
 * A blocking call, or -EAGAIN or -EBUSY of this one, makes the device interrupt for the commands
 * under way. VMEDIA_SUBMIT_HELD: as LAZY, and the driver does not kick for this command. The
 * command waits in the ring until the next command without this flag, at most for timeout_ms. Use
 * it for QBUF while the device has enough buffers. A device that looks at its ring when a frame
 * wakes it, as the one of this library does, takes the command without a kick; with other devices
 * several commands cost one kick. To avoid starving the stream, count the buffers whose @done has
 * not run, and submit the last but one without this flag.
 *
 * Returns 0, and @done will run; or an error, and @done will not run: -EAGAIN (ring or memory
 * full), -ENOMEM, -EINVAL (DQBUF and others that cannot be submitted), -EBADF (@f is being closed),
 * -EBUSY (REQBUFS, CREATE_BUFS, REMOVE_BUFS or STREAMOFF is under way, or @request is one of these
 * and another command is under way).
 */
#define VMEDIA_SUBMIT_MORE	(1u << 0)
#define VMEDIA_SUBMIT_LAZY	(1u << 1)
#define VMEDIA_SUBMIT_HELD	(1u << 2)
typedef void (*vmedia_done_fn)(void *opaque, int err);
int vmedia_submit(struct vmedia_file *f, unsigned long request, void *arg, uint32_t flags,
		  vmedia_done_fn done, void *opaque);

/*
 * vmedia_poll_mask - return POLLIN, POLLOUT, POLLPRI and POLLERR as poll() of a V4L2 node does
 * POLLIN: a CAPTURE buffer can be dequeued. POLLOUT: an OUTPUT buffer can be dequeued. POLLPRI: a
 * V4L2 event can be dequeued. POLLERR: the session is in error, or no queue streams. Does not look
 * at the rings: call vmedia_driver_process() before.
 */
short vmedia_poll_mask(const struct vmedia_file *f);
/*
 * Wait until vmedia_poll_mask() & (@mask | POLLERR) is not 0. Returns that value; 0 after
 * @timeout_ms (negative: no time limit); or negative errno.
 */
int vmedia_wait(struct vmedia_file *f, short mask, int timeout_ms);

/* ---- Memory ---- */

/*
 * vmedia_mmap - map @len bytes of the plane whose m.offset (mem_offset) is @offset
 * @prot: PROT_READ or PROT_READ | PROT_WRITE
 * The mapping does not depend on @f. It lasts until vmedia_munmap() or disconnect.
 * Returns 0; -ENODEV (no region); -EINVAL (no such plane, or @len is longer than it); -EIO (the
 * device's answer does not name such a mapping).
 */
int vmedia_mmap(struct vmedia_file *f, uint32_t offset, size_t len, int prot, void **ptr);
/* Undo one vmedia_mmap(). Returns -EINVAL if @ptr is no mapping. */
int vmedia_munmap(struct vmedia_driver *drv, void *ptr);

/*
 * vmedia_pages_alloc - allocate @size bytes of guest RAM for USERPTR buffers, page-aligned and
 * zeroed
 * With VMEDIA_PAGES_SCATTERED they are contiguous for the program, but every page is at another
 * place for the device, as a guest's user memory is. Returns 0, -ENOMEM or -EINVAL.
 */
#define VMEDIA_PAGES_SCATTERED	(1u << 0)
int vmedia_pages_alloc(struct vmedia_driver *drv, size_t size, uint32_t flags, void **ptr);
/*
 * Free @ptr. The memory is not used again until no queued buffer uses it. Returns -EINVAL if @ptr
 * was not allocated.
 */
int vmedia_pages_free(struct vmedia_driver *drv, void *ptr);

/* ---- Virtio objects ---- */

/*
 * Get a new descriptor of the object that the device exported as @uuid (EXPBUF). Returns 0;
 * -ENOENT; -EOPNOTSUPP.
 */
int vmedia_object_get(struct vmedia_driver *drv, const uint8_t uuid[VMEDIA_UUID_SIZE], int *fd);
/*
 * Offer memory of the program to the device, which requests it by @uuid. @fd is duplicated. Returns
 * 0; -EEXIST; -ENOSPC if 256 are offered.
 */
int vmedia_object_offer(struct vmedia_driver *drv, const uint8_t uuid[VMEDIA_UUID_SIZE], int fd);
int vmedia_object_withdraw(struct vmedia_driver *drv, const uint8_t uuid[VMEDIA_UUID_SIZE]);

/* ---- For conformance and robustness tests ---- */

/*
 * vmedia_raw_command - send any bytes as a command and return the bytes of the answer
 * @used: the device's used length, at most @resp_cap
 * Nothing is checked and no state is kept, so use it only on sessions that nothing else uses.
 * Returns 0; -EINVAL; -EMSGSIZE (more than fits); -ENODEV; -ETIMEDOUT; -EIO for a used length
 * beyond @resp_cap.
 */
int vmedia_raw_command(struct vmedia_driver *drv, const void *req, size_t req_len, void *resp,
		       size_t resp_cap, size_t *used);

#ifdef __cplusplus
}
#endif

#endif /* VMEDIA_DRIVER_H */
