/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Buffer queues: videobuf2 for devices in user space.
 *
 * A buffer's states, who owns it, and what moves it:
 *
 *	DEQUEUED	driver	after REQBUFS/CREATE_BUFS, and from the moment its DQBUF event was
 *			taken
 *	PREPARED	driver	PREPARE_BUF: memory resolved, not queued
 *	QUEUED		queue	QBUF; the device has not been given it yet (not streaming, or
 *			start_streaming pending)
 *	ACTIVE		device	->buf_queue() was called
 *	DONE, ERROR	queue	vmedia_buf_done(); a DQBUF event waits for room in the event queue
 *
 *	DEQUEUED -> PREPARED -> QUEUED -> ACTIVE -> DONE|ERROR -> DEQUEUED, DEQUEUED -> QUEUED;
 *	STREAMOFF: any of QUEUED, ACTIVE, DONE, ERROR -> DEQUEUED, without an event.
 *
 * Ownership of the queue: REQBUFS and CREATE_BUFS make the calling session its owner, and the queue
 * busy, until REQBUFS(0) or the session's end. REMOVE_BUFS changes neither, in a stream nor else: a
 * queue without buffers still streams, keeps its kind of memory, and refuses another format. Other
 * sessions get -EBUSY from every call that changes the queue. In a context of one session (M2M) the
 * question of the owner does not arise.
 *
 * Sizes: a buffer is as large as its format was when it was made, or larger. The format may change
 * from inside (vmedia_queue_set_format()). Each buffer is looked at just before the device gets it:
 * one that is too small for the present format does not reach it, and goes back to the driver with
 * V4L2_BUF_FLAG_ERROR. Too small is a plane, less its data_offset, below sizeimage, which is never
 * below the format's layout; of coded OUTPUT nothing, since bytesused says how long the data is.
 * Buffers that the device had already when it changed the format are its own to give back.
 *
 * Memory and workers: a plane's backing has a reference count. Whoever lets another thread touch a
 * plane takes a reference first (vmedia_backing_get()) and drops it there afterwards.
 * ->stop_streaming() should give all ACTIVE buffers back before it returns; those that a worker
 * still writes it may keep: then it returns -EINPROGRESS, and STREAMOFF is answered when the last
 * came back by vmedia_buf_done(). The loop goes on meanwhile. CLOSE of a session whose CAPTURE
 * buffers are the driver's own pages begins with the same, and is answered after it. Otherwise, and
 * with a reset or a lost connection, nothing can wait: ->stop_streaming() is called with @final set
 * and the buffers are gone when it returns; what a worker still writes then goes to memory that its
 * reference keeps.
 *
 * Guest pages that cannot be seen as one piece are a private copy. Who copies: the framework. A
 * device neither fetches nor flushes. What it shall read is in the copy from ->buf_queue() on (not
 * yet in ->buf_prepare()): QBUF is answered when all of bytesused was fetched. What it wrote is
 * flushed after vmedia_buf_done() and before the DQBUF event, as much as bytesused says. Both are
 * done in steps on the loop; a frame source's frames are flushed by its worker, after fill().
 * vmedia_backing_fetch() and _flush() are for devices that answer ioctls themselves.
 *
 * Context: the device's loop.
 */
#ifndef VMEDIA_QUEUE_H
#define VMEDIA_QUEUE_H

#include <vmedia/device.h>
#include <vmedia/pixfmt.h>

#ifdef __cplusplus
extern "C" {
#endif

struct vmedia_ctx;
struct vmedia_queue;
struct vmedia_capture_ops;

enum vmedia_buf_state {
	VMEDIA_BUF_DEQUEUED,
	VMEDIA_BUF_PREPARED,
	VMEDIA_BUF_QUEUED,
	VMEDIA_BUF_ACTIVE,
	VMEDIA_BUF_DONE,
	VMEDIA_BUF_ERROR,
};

struct vmedia_buf_plane {
	struct vmedia_backing *mem;	/* while PREPARED, QUEUED, ACTIVE, DONE; MMAP: always */
	uint32_t length;		/* bytes of memory */
	/* output: set by the driver; capture: by the device, data_offset included */
	uint32_t bytesused;
	uint32_t data_offset;
};

/*
 * A buffer as the device sees it. While it is ACTIVE the device may write what is marked; the
 * framework fills it at QBUF (output) or clears it (capture).
 */
struct vmedia_buf {
	struct vmedia_queue *queue;
	uint32_t index;
	uint32_t num_planes;		/* memory planes, 1 for single-planar types */
	struct vmedia_buf_plane planes[VMEDIA_MAX_PLANES];	/* W: bytesused, data_offset */
	/* W: ns; codecs copy it from OUTPUT to CAPTURE. 0 becomes "now" on a MONOTONIC queue. */
	uint64_t timestamp;
	struct vmedia_timecode timecode;	/* W: valid with V4L2_BUF_FLAG_TIMECODE in flags */
	/* W: KEYFRAME, PFRAME, BFRAME, TIMECODE, LAST, TSTAMP_SRC_SOE */
	uint32_t flags;
	uint32_t field;			/* W: V4L2_FIELD_*; from the format if ANY */
	/* W: counted by the framework unless vmedia_buf_set_sequence() */
	uint32_t sequence;
	void *priv;			/* the device's, from ->buf_init() to ->buf_cleanup() */
};

/*
 * All but buf_queue() optional. The framework has buf_queue(), start_streaming() and
 * stop_streaming() itself for a frame source (<vmedia/capture.h>: struct vmedia_queue_config has
 * the one or the other) and for m2m, whose queues use the other five (<vmedia/m2m.h>).
 */
struct vmedia_queue_ops {
	/*
	 * How many planes of which sizes. Comes with what the format says (and for CREATE_BUFS,
	 * what the caller asked); may raise @num_buffers and sizes: a smaller one is -EINVAL.
	 * Optional.
	 */
	int (*queue_setup)(struct vmedia_queue *q, uint32_t *num_buffers, uint32_t num_planes,
			   uint32_t *sizes);
	/* its memory is known (MMAP) or new (others). Optional */
	int (*buf_init)(struct vmedia_buf *b);
	void (*buf_cleanup)(struct vmedia_buf *b);	/* before the memory goes. Optional */
	/* Check it at QBUF or PREPARE_BUF, beyond lengths; its errno is theirs. Optional. */
	int (*buf_prepare)(struct vmedia_buf *b);
	/* Now the device's. Give it back by vmedia_buf_done(), from here too. */
	void (*buf_queue)(struct vmedia_buf *b);
	/* About to reach the driver. Optional. */
	void (*buf_finish)(struct vmedia_buf *b);
	/*
	 * STREAMON, @count buffers are ACTIVE already: buf_queue() was called for each that is not
	 * too small. On an error (STREAMON's, or QBUF's if min_queued delayed it) the framework
	 * takes them back. Optional.
	 *
	 * May return -EINPROGRESS: STREAMON is then answered by vmedia_queue_started(), later and
	 * not from in here. min_queued must be 0 for that.
	 */
	int (*start_streaming)(struct vmedia_queue *q, uint32_t count);
	/* Above. 0 or -EINPROGRESS (never if @final). Optional: without it, all is given back. */
	int (*stop_streaming)(struct vmedia_queue *q, bool final);
};

/* seconds: {1, 30}. Discrete if max.denominator is 0, else stepwise */
struct vmedia_frame_interval {
	struct vmedia_fract min, max, step;
};

/* discrete if step_width is 0 (then max_* are not looked at), else stepwise */
struct vmedia_frame_size {
	uint32_t width, height;
	uint32_t max_width, step_width, max_height, step_height;
	/* the first is the default; NULL: none are told */
	const struct vmedia_frame_interval *intervals;
	unsigned int num_intervals;
};

struct vmedia_format_config {
	/* of a row of <vmedia/pixfmt.h> unless description is set; META, SDR: dataformat */
	uint32_t pixelformat;
	const struct vmedia_frame_size *sizes;	/* the first is the default */
	unsigned int num_sizes;
	/* coded: bound in bytes, 0: by <vmedia/pixfmt.h>; META, SDR: buffersize */
	uint32_t sizeimage;
	uint32_t flags;			/* V4L2_FMT_FLAG_*, added */
	uint32_t mbus_code;		/* told for V4L2_CAP_IO_MC devices; 0: any */
	/* for formats not in the table: raw ones need the hook ->try_fmt() */
	const char *description;
};

/* Kinds of memory, for vmedia_queue_config.memories. */
#define VMEDIA_MEM_MMAP		(1u << 1)
#define VMEDIA_MEM_SHARED_PAGES	(1u << 2)
#define VMEDIA_MEM_OBJECT	(1u << 4)

struct vmedia_queue_config {
	uint32_t type;			/* V4L2_BUF_TYPE_*, but overlay */
	uint32_t memories;		/* VMEDIA_MEM_*; 0: all */
	uint32_t min_buffers;		/* REQBUFS grants at least so many; 0: 1 */
	/* ->start_streaming() is called with at least so many. 0 for a frame source */
	uint32_t min_queued;
	/* V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC (0 means this) or _COPY */
	uint32_t timestamp;
	bool allow_zero_bytesused;	/* output: an empty buffer is one, not a full one */
	const struct vmedia_format_config *formats;	/* the first is the default */
	unsigned int num_formats;
	/* VBI and sliced VBI: the format, as it cannot be found in a list */
	const struct vmedia_format *initial;
	/* reported for raw formats; 0: by size and kind (sRGB for cameras) */
	uint32_t colorspace;
	const struct vmedia_queue_ops *ops;	/* or: */
	/* <vmedia/capture.h>: the framework has the queue_ops */
	const struct vmedia_capture_ops *capture;
};

/* ---- What a device asks of a queue ---- */

struct vmedia_ctx *vmedia_queue_ctx(const struct vmedia_queue *q);
uint32_t vmedia_queue_type(const struct vmedia_queue *q);
bool vmedia_queue_is_output(const struct vmedia_queue *q);
bool vmedia_queue_streaming(const struct vmedia_queue *q);
/*
 * The queue has an owner (above): what would change its buffers' size must be refused with -EBUSY.
 * The framework does so for S_FMT, S_INPUT and S_OUTPUT; the device for what it answers itself
 * (standards, DV timings, selections that change the format).
 */
bool vmedia_queue_busy(const struct vmedia_queue *q);
uint32_t vmedia_queue_num_buffers(const struct vmedia_queue *q);
/* Queued or active buffers. */
uint32_t vmedia_queue_num_queued(const struct vmedia_queue *q);
/* The session that owns the queue, or NULL. */
struct vmedia_session *vmedia_queue_owner(const struct vmedia_queue *q);
struct vmedia_buf *vmedia_queue_buf(struct vmedia_queue *q, uint32_t index);
/*
 * The current format; its pixel format row (NULL for VBI, META, ...), interval, and the layout of
 * its planes.
 */
const struct vmedia_format *vmedia_queue_format(const struct vmedia_queue *q);
const struct vmedia_pixfmt *vmedia_queue_pixfmt(const struct vmedia_queue *q);
struct vmedia_fract vmedia_queue_interval(const struct vmedia_queue *q);
void vmedia_queue_layout(const struct vmedia_queue *q, struct vmedia_picture_layout *layout);
/*
 * Change the format from inside (a decoder parsed a header): the way of S_FMT, busy or not. @fmt is
 * fitted and updated. The driver is told by the device's own SOURCE_CHANGE event. Buffers that are
 * too small from now on: see above. -EBUSY: a frame source runs, which has its format from start to
 * stop; -EINVAL: the device has no such format.
 */
int vmedia_queue_set_format(struct vmedia_queue *q, struct vmedia_format *fmt);

/*
 * Give an ACTIVE buffer back: VMEDIA_BUF_DONE or VMEDIA_BUF_ERROR, or QUEUED (unused; from a failed
 * start). NULL does nothing: what vmedia_m2m_take_src() gives after STREAMOFF. A buffer that is not
 * ACTIVE stays what it is, and the log says that the device has a bug.
 */
void vmedia_buf_done(struct vmedia_buf *b, enum vmedia_buf_state state);
/* Its sequence number is this; the framework counts on from it. Before vmedia_buf_done(). */
void vmedia_buf_set_sequence(struct vmedia_buf *b, uint32_t sequence);
enum vmedia_buf_state vmedia_buf_state(const struct vmedia_buf *b);
/* Address of plane @plane, and its room or its content; NULL-safe for planes that are not there. */
void *vmedia_buf_plane(const struct vmedia_buf *b, uint32_t plane);

/* Answer to a ->start_streaming() that returned -EINPROGRESS: 0, or why it failed. */
void vmedia_queue_started(struct vmedia_queue *q, int err);
/*
 * The device can deliver no more (unplugged): all buffers come back with ERROR, the one that a
 * frame source fills when its fill() ends. QBUF and STREAMON get -EIO until STREAMOFF.
 */
void vmedia_queue_error(struct vmedia_queue *q);

#ifdef __cplusplus
}
#endif

#endif /* VMEDIA_QUEUE_H */
