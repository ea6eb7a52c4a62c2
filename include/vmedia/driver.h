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
 *   The driver plays a guest: a memory file is its RAM, in which rings, commands and SHARED_PAGES
 *   buffers live; it negotiates as a VMM would, and assembles shared memory region 0 in an address
 *   range of its own from what the device maps into it. A struct vmedia_file is what an open file
 *   of /dev/videoN is: one session. Ioctls take V4L2's structures in host byte order and answer as
 *   a kernel would; DQBUF and DQEVENT are answered from the device's events.
 *
 * Security model: the device is hostile. Each answer is checked against its question, each event
 * against the state that this end keeps of every buffer, each mapping against the region; what does
 * not fit is refused with -EIO (answers) or ignored (events), with a sentence in the log and a
 * counter in struct vmedia_driver_stats. Memory that the device was given stays the device's until
 * it returns it: neither a timeout nor vmedia_pages_free() makes it ours before that. What the
 * device cannot be kept from: writing to its buffers while the program reads them, and giving no
 * answer.
 *
 * Errors: negative errno; of a call that reached the device, the device's own. Beside those each
 * call documents:
 *	-ENODEV		the connection is lost; only close, free and disconnect are of use
 *	-EIO		the answer was refused; or the session is in error: close it; or the device
 *			broke a ring: as -ENODEV
 *	-ETIMEDOUT	no answer within timeout_ms; the session is in error from then on
 * Context: a driver and all that belongs to it is used by one thread at a time. Nothing here uses
 * signals or threads.
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

/* packed rings if offered; else split ones */
#define VMEDIA_DRIVER_PACKED		(1u << 0)
/* do not use VIRTIO_F_EVENT_IDX */
#define VMEDIA_DRIVER_NO_EVENT_IDX	(1u << 1)
/* do not use VIRTIO_F_INDIRECT_DESC */
#define VMEDIA_DRIVER_NO_INDIRECT	(1u << 2)
/* do not use SHMEM: vmedia_mmap() gives -ENODEV */
#define VMEDIA_DRIVER_NO_REGION		(1u << 3)
/* map files that the device could still shrink (SIGBUS) */
#define VMEDIA_DRIVER_ALLOW_UNSEALED	(1u << 4)
/* cut messages into many descriptors at odd places, for tests */
#define VMEDIA_DRIVER_SPLIT		(1u << 5)
/*
 * sleep at once where a call waits. Without it a wait looks at the rings for 10 us before: an
 * answer or event that comes within that time costs no sleep here and no system call there. Waits
 * stop looking for a while when they look in vain (1 to 1023 waits, doubled with each miss), and
 * after a sleep of 100 us or more: a stream at a camera's pace pays nothing for it.
 */
#define VMEDIA_DRIVER_NO_SPIN		(1u << 6)

/*
 * What a trace hook is told: one finished command or one event that came. Strings are constants.
 * The hook calls nothing of the driver.
 */
struct vmedia_trace {
	bool event;			/* else a command */
	uint32_t type;			/* enum vmedia_cmd_type or enum vmedia_event_type */
	uint32_t session_id;
	const char *name;		/* "VIDIOC_G_FMT", "OPEN", "DQBUF" */
	int err;			/* 0 or negative errno */
	uint64_t duration_ns;		/* commands: from the kick to the answer being seen */
	uint32_t sent, received;	/* bytes */
};

/* Zero is the default of every member. */
struct vmedia_driver_options {
	const char *path;		/* connect here; NULL: use fd */
	/* a connected socket; belongs to the driver after a successful connect */
	int fd;
	uint32_t flags;			/* VMEDIA_DRIVER_* */
	uint16_t queue_size;		/* entries of each ring, a power of two: 128; 4 to 1024 */
	/* bytes of guest RAM, rounded up to pages: 256 MiB; only what is used costs */
	uint64_t memory_size;
	/* largest region 0 taken, bytes: 8 GiB; a bigger one is -E2BIG */
	uint64_t max_region;
	int timeout_ms;			/* patience for an answer: 5000; negative: for ever */
	/* patience of a blocking DQBUF or DQEVENT: timeout_ms; negative: for ever */
	int wait_ms;
	uint32_t shmem_feature_bit;	/* 22; 20 or 21 for devices of the drafts */
	void (*trace)(void *opaque, const struct vmedia_trace *t);
	void *trace_opaque;
};

/*
 * vmedia_driver_connect - connect, negotiate, start both queues.
 * Returns 0; errno of connect(); -EPROTO (what is there speaks no vhost-user, or lacks what is
 * needed: the log says what); -EINVAL (options); -E2BIG; -ENOMEM; -ETIMEDOUT.
 */
int vmedia_driver_connect(const struct vmedia_driver_options *opts, struct vmedia_driver **drv);
/*
 * Close what is open, give back everything, close the socket. Mappings and pages are gone after it.
 * NULL is taken.
 */
void vmedia_driver_disconnect(struct vmedia_driver *drv);

/* The configuration space as read at connect. */
const struct vmedia_config *vmedia_driver_config(const struct vmedia_driver *drv);
/* Negotiated VIRTIO_F_* bits. */
uint64_t vmedia_driver_features(const struct vmedia_driver *drv);
/* Bytes of region 0; 0: no region. */
uint64_t vmedia_driver_region_size(const struct vmedia_driver *drv);

/*
 * Readable when vmedia_driver_process() has work: an answer, an event, a request of the device.
 * Borrowed. A program that polls calls vmedia_driver_process() before it sleeps, then asks
 * vmedia_poll_mask() of each file.
 */
int vmedia_driver_fd(const struct vmedia_driver *drv);
/*
 * Take all that has come; never blocks. done() of vmedia_submit() runs in here. Returns 0 or
 * -ENODEV.
 */
int vmedia_driver_process(struct vmedia_driver *drv);

struct vmedia_driver_stats {
	uint64_t commands;		/* chains put on the commandq */
	uint64_t events;		/* chains returned on the eventq */
	uint64_t kicks;			/* notifications sent, both queues */
	uint64_t interrupts;		/* notifications received, both queues */
	uint64_t round_trips;		/* calls that waited for an answer */
	uint64_t sleeps;		/* times that a wait really slept */
	uint64_t spins;			/* waits that looked, and need not sleep */
	/* payload bytes moved by this driver; control data only: 0 while streaming */
	uint64_t bytes_copied;
	uint64_t maps, unmaps;		/* SHMEM_MAP and SHMEM_UNMAP carried out */
	uint64_t refused_answers;	/* -EIO: the answer did not fit its question */
	/* malformed, unsolicited, duplicate, unknown session, out of bounds */
	uint64_t refused_events;
	uint64_t refused_requests;	/* SHMEM_MAP and the like that did not fit */
	uint64_t dropped_events;	/* V4L2 events lost since nobody dequeued them */
	uint64_t timeouts;
	uint32_t quarantined;		/* commands that timed out and are still the device's */
	uint32_t open_files;
	uint32_t mappings;		/* live mappings of vmedia_mmap() */
	/* bytes allocated by vmedia_pages_alloc(), the device's included */
	uint64_t pages_bytes;
};
void vmedia_driver_stats(struct vmedia_driver *drv, struct vmedia_driver_stats *stats);

/* ---- Sessions ---- */

/*
 * vmedia_open - begin a session. @flags: 0, or O_NONBLOCK for -EAGAIN instead of a wait in DQBUF
 * and DQEVENT.
 * Returns 0 or the device's errno; -ENFILE when 4096 are open.
 */
int vmedia_open(struct vmedia_driver *drv, int flags, struct vmedia_file **f);
/*
 * End a session and free @f in any case; NULL is taken. Commands of vmedia_submit() that are still
 * on their way are waited for; what their done() submits to @f gets -EBADF. Mappings stay until
 * vmedia_munmap(). Returns 0 or why the device could not be told.
 */
int vmedia_close(struct vmedia_file *f);
void vmedia_set_nonblock(struct vmedia_file *f, bool nonblock);
uint32_t vmedia_file_session_id(const struct vmedia_file *f);
struct vmedia_driver *vmedia_file_driver(const struct vmedia_file *f);

/*
 * vmedia_ioctl - one ioctl on @f; blocks until it is answered.
 * @request: VIDIOC_X of <linux/videodev2.h>, or its bare number.
 * @arg: struct vmedia_X of <vmedia/v4l2.h>, host byte order. Pointers inside are addresses of this
 * process, as numbers, in the structure's 64-bit member:
 *	- multi-planar QUERYBUF, QBUF, PREPARE_BUF, DQBUF: m.planes, room for length planes;
 *	- G/S/TRY_EXT_CTRLS: controls, count entries; ptr of each control with a size, size bytes,
 *	  which are copied to and from guest RAM (1 MiB for all of a call: -E2BIG);
 *	- memory USERPTR: m.userptr, memory of vmedia_pages_alloc() (anything else: -EFAULT);
 *	- G/S_EDID: edid, blocks * 128 bytes.
 * Pointers are returned unchanged. Error or not, @arg is changed only where V4L2 changes it.
 *
 * Answered here, without the device: QUERYCAP (from the configuration space), DQBUF, DQEVENT. The
 * latter two wait at most wait_ms (-ETIMEDOUT) or give -EAGAIN as vmedia_open() says. The device
 * sends buffers and V4L2 events in one order. Here they are separate queues, as in V4L2: DQBUF does
 * not tell which events came before its buffer. An event that the device sent before a buffer (EOS
 * before the one with V4L2_BUF_FLAG_LAST) can be dequeued when DQBUF has given that buffer.
 *
 * DQBUF as in V4L2: -EINVAL when not streaming, -EPIPE after the buffer with V4L2_BUF_FLAG_LAST,
 * -EIO in error. A wait without end is not left to a program that calls from one thread: DQBUF with
 * nothing queued gives -EDEADLK where wait_ms is negative.
 *
 * Also decided here, by the state of the buffer: QBUF and PREPARE_BUF of one that is queued, that
 * came back and was not dequeued, or about which one of the two is under way, and PREPARE_BUF of a
 * prepared one, give -EINVAL; REMOVE_BUFS of such gives -EBUSY. QBUF of a prepared buffer takes,
 * and answers with, the memory that it was prepared with; STREAMOFF ends that.
 *
 * Returns 0 or the device's negative errno; -ENOTTY for what V4L2 has not; -EFAULT (pointers that
 * are NULL).
 */
int vmedia_ioctl(struct vmedia_file *f, unsigned long request, void *arg);

/*
 * vmedia_ioctl_objects - the same with virtio objects in the place of file descriptors. @uuid:
 * QUERYBUF, QBUF, PREPARE_BUF with memory DMABUF: one for each plane, both ways; EXPBUF: one,
 * written. vmedia_ioctl() alone gives -EINVAL for these, save QUERYBUF. The fd members travel
 * unchanged.
 */
int vmedia_ioctl_objects(struct vmedia_file *f, unsigned long request, void *arg,
			 uint8_t (*uuid)[VMEDIA_UUID_SIZE]);

/*
 * vmedia_submit - start an ioctl that is carried; several may be under way. @arg and all it points
 * to stay the caller's to keep until @done(opaque, err) has run, once. @arg holds the answer then.
 * @done runs in vmedia_driver_process(); in a wait for an event (DQBUF, DQEVENT, vmedia_wait()); in
 * any other blocking call only when that is decided, before it returns. It may submit again, but
 * not block, nor close a session.
 * @flags: VMEDIA_SUBMIT_MORE: another one follows, so the kick may wait for it (or for
 * vmedia_driver_process()). VMEDIA_SUBMIT_LAZY: nobody waits for this answer, so the device need
 * not interrupt for it; @done runs with the next event, answer or vmedia_driver_process(), and
 * struct vmedia_trace counts the time until then. For QBUF in the middle of a stream: it halves the
 * interrupts of a frame. Calls that block, and -EAGAIN and -EBUSY of this one, make the device
 * interrupt for what is under way.
 * VMEDIA_SUBMIT_HELD: lazy, and the device need not even be told of it before the next command that
 * is not held (or timeout_ms): it lies in the ring, without a kick. For QBUF while the device has
 * buffers enough. A device that looks at its ring when a frame wakes it (ours does) then takes it
 * without any kick; with others several cost one. Count those whose @done has not run: a player
 * that submits the last buffer but one unheld never starves.
 * Returns 0, then @done will run; or an error, then it will not: -EAGAIN (ring or memory full),
 * -ENOMEM, -EINVAL (DQBUF, ...), -EBADF (@f is being closed), -EBUSY (REQBUFS, CREATE_BUFS,
 * REMOVE_BUFS or STREAMOFF is under way, or @request is one of these and others are).
 */
#define VMEDIA_SUBMIT_MORE	(1u << 0)
#define VMEDIA_SUBMIT_LAZY	(1u << 1)
#define VMEDIA_SUBMIT_HELD	(1u << 2)
typedef void (*vmedia_done_fn)(void *opaque, int err);
int vmedia_submit(struct vmedia_file *f, unsigned long request, void *arg, uint32_t flags,
		  vmedia_done_fn done, void *opaque);

/*
 * vmedia_poll_mask - POLLIN, POLLOUT, POLLPRI, POLLERR, as poll() of a V4L2 node: POLLIN when a
 * CAPTURE buffer can be dequeued, POLLOUT when an OUTPUT buffer can, POLLPRI when a V4L2 event can;
 * POLLERR when the session is in error or no queue streams. Does not look at the rings: call
 * vmedia_driver_process() before.
 */
short vmedia_poll_mask(const struct vmedia_file *f);
/*
 * Wait until vmedia_poll_mask() & (@mask | POLLERR): that value, 0 after @timeout_ms (negative:
 * never), or negative errno.
 */
int vmedia_wait(struct vmedia_file *f, short mask, int timeout_ms);

/* ---- Memory ---- */

/*
 * vmedia_mmap - map the plane whose m.offset (mem_offset) is @offset, @len bytes of it. @prot:
 * PROT_READ, with PROT_WRITE or not. Independent of the life of @f: until vmedia_munmap() or
 * disconnect.
 * Returns 0; -ENODEV (no region); -EINVAL (no such plane, longer than it); -EIO (the device's
 * answer is no such mapping).
 */
int vmedia_mmap(struct vmedia_file *f, uint32_t offset, size_t len, int prot, void **ptr);
/* Undo one vmedia_mmap(). -EINVAL if @ptr is no mapping. */
int vmedia_munmap(struct vmedia_driver *drv, void *ptr);

/*
 * vmedia_pages_alloc - @size bytes of guest RAM, page-aligned, zeroed, for USERPTR buffers. With
 * VMEDIA_PAGES_SCATTERED they are contiguous for the program but scattered page by page for the
 * device, as a guest's user memory is. Returns 0, -ENOMEM or -EINVAL.
 */
#define VMEDIA_PAGES_SCATTERED	(1u << 0)
int vmedia_pages_alloc(struct vmedia_driver *drv, size_t size, uint32_t flags, void **ptr);
/*
 * Free; the memory itself is used again only when no queued buffer holds it. -EINVAL if @ptr was
 * not allocated.
 */
int vmedia_pages_free(struct vmedia_driver *drv, void *ptr);

/* ---- Virtio objects ---- */

/*
 * A new descriptor of the object that the device exported as @uuid (EXPBUF): 0, -ENOENT,
 * -EOPNOTSUPP.
 */
int vmedia_object_get(struct vmedia_driver *drv, const uint8_t uuid[VMEDIA_UUID_SIZE], int *fd);
/*
 * Offer memory of ours to the device, which asks for it by @uuid; @fd is duplicated. -EEXIST,
 * -ENOSPC (256 at most).
 */
int vmedia_object_offer(struct vmedia_driver *drv, const uint8_t uuid[VMEDIA_UUID_SIZE], int fd);
int vmedia_object_withdraw(struct vmedia_driver *drv, const uint8_t uuid[VMEDIA_UUID_SIZE]);

/* ---- For conformance and robustness tests ---- */

/*
 * vmedia_raw_command - send any bytes as a command and take whatever comes back; nothing is checked
 * and no state is kept, so use it on sessions that nothing else uses. @used: the device's used
 * length, at most @resp_cap.
 * Returns 0, -EINVAL, -EMSGSIZE (more than fits), -ENODEV, -ETIMEDOUT; -EIO for a used length
 * beyond @resp_cap.
 */
int vmedia_raw_command(struct vmedia_driver *drv, const void *req, size_t req_len, void *resp,
		       size_t resp_cap, size_t *used);

#ifdef __cplusplus
}
#endif

#endif /* VMEDIA_DRIVER_H */
