/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Buffer queues: videobuf2 for devices in user space.
 *
 * A buffer's states, its owner in each, and the event that leads to it:
 *
 *	DEQUEUED	driver	after REQBUFS/CREATE_BUFS, and once its DQBUF event was taken
 *	PREPARED	driver	PREPARE_BUF: memory resolved, not queued
 *	QUEUED		queue	QBUF; the device does not have it yet (not streaming, or
 *				start_streaming pending)
 *	ACTIVE		device	->buf_queue() was called
 *	DONE, ERROR	queue	vmedia_buf_done(); a DQBUF event waits for room in the event queue
 *
 *	DEQUEUED -> PREPARED -> QUEUED -> ACTIVE -> DONE|ERROR -> DEQUEUED, DEQUEUED -> QUEUED;
 *	STREAMOFF: any of QUEUED, ACTIVE, DONE, ERROR -> DEQUEUED, without an event.
 *
 * Ownership of the queue: REQBUFS and CREATE_BUFS make the calling session the owner of the queue,
 * and make the queue busy, until REQBUFS(0) or the session's end. REMOVE_BUFS changes neither,
 * streaming or not: a queue without buffers still streams, keeps its kind of memory, and refuses
 * another format. Other sessions get -EBUSY from every call that changes the queue. A context of
 * one session (M2M) has only one possible owner.
 *
 * Sizes: a buffer is at least as large as its format required when the buffer was made. The device
 * may change the format (vmedia_queue_set_format()). The framework checks each buffer's size just
 * before it gives the buffer to the device. A buffer that is too small for the present format goes
 * back to the driver with V4L2_BUF_FLAG_ERROR instead. A plane is too small if its length minus
 * data_offset is below sizeimage, which is never below the format's layout. A plane of coded OUTPUT
 * is never too small, since bytesused is the length of its data. If the device changes the format
 * while it has buffers, it must itself give those back.
 *
 * Memory and workers: a plane's backing has a reference count. Before another thread uses a plane,
 * take a reference for it (vmedia_backing_get()); that thread drops the reference afterwards.
 * ->stop_streaming() should give all ACTIVE buffers back before it returns. It may keep those that
 * a worker still writes: it then returns -EINPROGRESS, and STREAMOFF is answered when
 * vmedia_buf_done() was called for the last one. The loop goes on meanwhile. CLOSE of a session
 * whose CAPTURE buffers are the driver's own pages begins in the same way, and is answered
 * afterwards. In all other cases, and after a reset or a lost connection, nothing can wait:
 * ->stop_streaming() is called with @final set, and the buffers do not exist any more when it
 * returns. A worker that still writes then writes to memory that its reference keeps.
 *
 * A private copy stands for guest pages that cannot be mapped as one piece. The framework copies; a
 * device neither fetches nor flushes. The data for the device is in the copy from ->buf_queue() on
 * (not yet in ->buf_prepare()): QBUF is answered when all of bytesused was fetched. The device's
 * output is flushed after vmedia_buf_done() and before the DQBUF event, as many bytes as bytesused
 * gives. Both copy in steps on the loop, except that a frame source's worker flushes its frames
 * after fill(). vmedia_backing_fetch() and _flush() are for devices that answer ioctls themselves.
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
	/* set by the driver on OUTPUT, by the device on CAPTURE; includes data_offset */
	uint32_t bytesused;
	uint32_t data_offset;
};

/*
 * A buffer as the device uses it. At QBUF the framework fills the members marked W (output) or
 * clears them (capture). The device may write them while the buffer is ACTIVE.
 */
struct vmedia_buf {
	struct vmedia_queue *queue;
	uint32_t index;
	uint32_t num_planes;		/* memory planes, 1 for single-planar types */
	struct vmedia_buf_plane planes[VMEDIA_MAX_PLANES];	/* W: bytesused, data_offset */
	/*
	 * W: ns; codecs copy it from OUTPUT to CAPTURE. On a MONOTONIC queue 0 becomes the present
	 * time.
	 */
	uint64_t timestamp;
	struct vmedia_timecode timecode;	/* W: valid with V4L2_BUF_FLAG_TIMECODE in flags */
	/* W: KEYFRAME, PFRAME, BFRAME, TIMECODE, LAST, TSTAMP_SRC_SOE */
	uint32_t flags;
	uint32_t field;			/* W: V4L2_FIELD_*; from the format if ANY */
	/* W: counted by the framework, unless set by vmedia_buf_set_sequence() */
	uint32_t sequence;
	void *priv;			/* the device's, from ->buf_init() to ->buf_cleanup() */
};

/*
 * Operations of a queue. Only buf_queue() is required. Some queues must not set buf_queue(),
 * start_streaming() and stop_streaming(), since the framework has its own: frame sources
 * (<vmedia/capture.h>; struct vmedia_queue_config has the one or the other) and m2m, whose queues
 * use the other five operations (<vmedia/m2m.h>).
 */
struct vmedia_queue_ops {
	/*
	 * Change the number of buffers, or the sizes of their planes. @sizes holds what the format
	 * requires (for CREATE_BUFS: what the caller requested). The device may raise @num_buffers
	 * and sizes; a smaller size makes the ioctl fail with -EINVAL. Optional.
	 */
	int (*queue_setup)(struct vmedia_queue *q, uint32_t *num_buffers, uint32_t num_planes,
			   uint32_t *sizes);
	/* Memory was assigned: at creation for MMAP, whenever it is new for others. Optional. */
	int (*buf_init)(struct vmedia_buf *b);
	void (*buf_cleanup)(struct vmedia_buf *b);	/* before the memory is freed. Optional. */
	/*
	 * Check the buffer at QBUF or PREPARE_BUF, except lengths; the ioctl returns the errno.
	 * Optional.
	 */
	int (*buf_prepare)(struct vmedia_buf *b);
	/* Take the buffer. vmedia_buf_done() gives it back, and may be called from here. */
	void (*buf_queue)(struct vmedia_buf *b);
	/* The buffer is about to go to the driver. Optional. */
	void (*buf_finish)(struct vmedia_buf *b);
	/*
	 * Start at STREAMON. @count buffers are ACTIVE already: buf_queue() was called for each
	 * buffer that is not too small. On an error the framework takes them back; the error is
	 * STREAMON's, or QBUF's if min_queued delayed the start. Optional.
	 *
	 * May return -EINPROGRESS: STREAMON is then answered by vmedia_queue_started(), which must
	 * be called later and not from here. min_queued must be 0 for that.
	 */
	int (*start_streaming)(struct vmedia_queue *q, uint32_t count);
	/*
	 * See above. Returns 0 or -EINPROGRESS (never if @final). Optional; default: all given
	 * back.
	 */
	int (*stop_streaming)(struct vmedia_queue *q, bool final);
};

/*
 * Seconds: {1, 30}. Discrete if max.denominator is 0; with a step of {1, 1} continuous; else
 * stepwise.
 */
struct vmedia_frame_interval {
	struct vmedia_fract min, max, step;
};

/* Discrete if step_width is 0 (max_* are then not used), else stepwise. */
struct vmedia_frame_size {
	uint32_t width, height;
	uint32_t max_width, step_width, max_height, step_height;
	/* the first is the default; NULL: none are reported */
	const struct vmedia_frame_interval *intervals;
	unsigned int num_intervals;
};

struct vmedia_format_config {
	/* a format of <vmedia/pixfmt.h> unless description is set; META, SDR: dataformat */
	uint32_t pixelformat;
	const struct vmedia_frame_size *sizes;	/* the first is the default */
	unsigned int num_sizes;
	/* coded: bound in bytes, 0: from <vmedia/pixfmt.h>; META, SDR: buffersize */
	uint32_t sizeimage;
	uint32_t flags;			/* V4L2_FMT_FLAG_*, added */
	uint32_t mbus_code;		/* for ENUM_FMT of V4L2_CAP_IO_MC devices; 0: any */
	/* for formats that are not in the table; raw ones need the hook ->try_fmt() */
	const char *description;
};

/* Kinds of memory, for vmedia_queue_config.memories. */
#define VMEDIA_MEM_MMAP		(1u << 1)
#define VMEDIA_MEM_SHARED_PAGES	(1u << 2)
#define VMEDIA_MEM_OBJECT	(1u << 4)

struct vmedia_queue_config {
	uint32_t type;			/* V4L2_BUF_TYPE_*, except overlay */
	uint32_t memories;		/* VMEDIA_MEM_*; 0: all */
	uint32_t min_buffers;		/* REQBUFS grants at least this number; 0: 1 */
	/* ->start_streaming() waits for at least this number; 0 for a frame source */
	uint32_t min_queued;
	/* V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC (0 means this) or _COPY */
	uint32_t timestamp;
	bool allow_zero_bytesused;	/* output: bytesused 0 is empty, not full */
	const struct vmedia_format_config *formats;	/* the first is the default */
	unsigned int num_formats;
	/* the format of VBI and sliced VBI, which have no list of formats */
	const struct vmedia_format *initial;
	/* reported for raw formats; 0: chosen by size and kind (sRGB for cameras) */
	uint32_t colorspace;
	const struct vmedia_queue_ops *ops;	/* or: */
	/* <vmedia/capture.h>: a frame source, instead of ops */
	const struct vmedia_capture_ops *capture;
};

/* ---- Functions for devices ---- */

struct vmedia_ctx *vmedia_queue_ctx(const struct vmedia_queue *q);
uint32_t vmedia_queue_type(const struct vmedia_queue *q);
bool vmedia_queue_is_output(const struct vmedia_queue *q);
bool vmedia_queue_streaming(const struct vmedia_queue *q);
/*
 * True if the queue has an owner (above). A change of its buffers' size must then be refused with
 * -EBUSY. The framework does so for S_FMT, S_INPUT and S_OUTPUT. The device must do so for ioctls
 * that it answers itself (standards, DV timings, selections that change the format).
 */
bool vmedia_queue_busy(const struct vmedia_queue *q);
uint32_t vmedia_queue_num_buffers(const struct vmedia_queue *q);
/* The number of queued and active buffers. */
uint32_t vmedia_queue_num_queued(const struct vmedia_queue *q);
/* The session that owns the queue, or NULL. */
struct vmedia_session *vmedia_queue_owner(const struct vmedia_queue *q);
struct vmedia_buf *vmedia_queue_buf(struct vmedia_queue *q, uint32_t index);
/*
 * The current format; its row in the table of pixel formats (NULL for VBI, META, ...); its
 * interval; the layout of its planes.
 */
const struct vmedia_format *vmedia_queue_format(const struct vmedia_queue *q);
const struct vmedia_pixfmt *vmedia_queue_pixfmt(const struct vmedia_queue *q);
struct vmedia_fract vmedia_queue_interval(const struct vmedia_queue *q);
void vmedia_queue_layout(const struct vmedia_queue *q, struct vmedia_picture_layout *layout);
/*
 * Change the format from the device's side, for example when a decoder has parsed a header. Works
 * as S_FMT, on a busy queue too. @fmt is fitted and updated. The device itself sends the driver a
 * SOURCE_CHANGE event. Buffers that become too small: see above. Returns 0; -EBUSY if a frame
 * source runs, whose format is fixed from start to stop; -EINVAL if the device has no such format.
 */
int vmedia_queue_set_format(struct vmedia_queue *q, struct vmedia_format *fmt);

/*
 * Give an ACTIVE buffer back. @state is VMEDIA_BUF_DONE, VMEDIA_BUF_ERROR, or VMEDIA_BUF_QUEUED
 * (unused, from a failed start). Does nothing for NULL, which vmedia_m2m_take_src() returns after
 * STREAMOFF. A buffer that is not ACTIVE is not changed, and the log reports a bug of the device.
 */
void vmedia_buf_done(struct vmedia_buf *b, enum vmedia_buf_state state);
/* Set the sequence number; the framework counts on from it. Call before vmedia_buf_done(). */
void vmedia_buf_set_sequence(struct vmedia_buf *b, uint32_t sequence);
enum vmedia_buf_state vmedia_buf_state(const struct vmedia_buf *b);
/*
 * The address of plane @plane, for its room or its content. NULL if the buffer has no such plane or
 * the plane has no memory.
 */
void *vmedia_buf_plane(const struct vmedia_buf *b, uint32_t plane);

/* Complete a ->start_streaming() that returned -EINPROGRESS. @err: 0 or a negative errno. */
void vmedia_queue_started(struct vmedia_queue *q, int err);
/*
 * Report that the device can deliver no more (unplugged). All buffers come back with ERROR; one
 * that a frame source fills comes back when its fill() ends. QBUF and STREAMON get -EIO until
 * STREAMOFF.
 */
void vmedia_queue_error(struct vmedia_queue *q);

#ifdef __cplusplus
}
#endif

#endif /* VMEDIA_QUEUE_H */
