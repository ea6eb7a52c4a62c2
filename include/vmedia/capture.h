/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A frame source: "fill this buffer", and nothing else. For cameras and whatever else produces
 * pictures by the clock.
 *
 * Theory of operation
 *
 *   Each source has a worker (<vmedia/worker.h>), a job of which calls everything below, one at a
 *   time, on any thread of the loop's pool:
 *
 *	start (next (fill | skip))* stop
 *
 *   From STREAMON on there is a frame due at each interval (absolute clock: no drift), the first
 *   one an interval after start(): a camera too has to see a picture before it can show it, and a
 *   driver that asks at once finds none, whenever it asks. At a frame's time the worker takes the
 *   oldest queued buffer, calls fill() on the buffer's own memory, and hands it to the loop. If no
 *   buffer is queued it gives the driver half an interval to bring one; then the frame is skipped:
 *   its sequence number is missing from the stream, as with real cameras. A source that was slow
 *   for longer than an interval loses the frames in between and goes on by the clock; there are no
 *   bursts.
 *
 *   Cost of a frame: a thread wakes once for the time, the loop once for the result. Buffers that
 *   are queued while the worker still has others do not wake it.
 *
 *   What waits does not keep the threads of the pool from others: the framework waits for a frame's
 *   time, and start() and next() may wait for the world. fill(), skip() and stop() count as
 *   computing: while they run, the pool runs a job less for the other workers of the loop.
 *
 *   A source that only computes, and not for long, needs no thread: quick() says so of a mode, and
 *   the loop itself calls it at the frame's time. A frame then costs two thread switches less.
 *   One that waits for its buffer is made when QBUF is answered, before the next command, and its
 *   event is on its way at once: so neither end sleeps while buffers come fast. Such frames are
 *   time of their session (vmedia_device_ops.work()): others wait for those of a millisecond, or
 *   one that takes longer. None is ever under way when a command is looked at. While the worker
 *   still winds down a stream of another mode, it serves the next one too, quick or not.
 *
 *   STREAMOFF waits for a fill() in progress without stopping the loop. fill() must therefore end
 *   by itself: whatever waits for the world (a network, a pipe, a codec) belongs into next(), which
 *   is interrupted by cancel(). CLOSE waits in the same way for a fill() into pages that the driver
 *   lent; one into memory of the device's own goes on: it is written into memory that a reference
 *   keeps valid, and nobody looks at it. The one wait of the loop is for a guest that goes: its
 *   queues stop, it resets, the connection is lost. Its pages may then be somebody else's at once,
 *   and there is no other guest to be served: the loop waits for fill(), at most
 *   VMEDIA_WORKER_WAIT_MS, and gives the frame up then.
 *
 * Context of all callbacks: the source's worker, except quick() and cancel(); in a mode that is
 * quick, the device's loop. Controls are read there by vmedia_ctrl_read().
 */
#ifndef VMEDIA_CAPTURE_H
#define VMEDIA_CAPTURE_H

#include <vmedia/queue.h>
#include <vmedia/worker.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What is to be delivered, fixed from start() to stop(). */
struct vmedia_capture_mode {
	const struct vmedia_pixfmt *pixfmt;	/* NULL for META and the like */
	struct vmedia_format format;		/* as S_FMT left it */
	uint32_t width, height;
	struct vmedia_picture_layout layout;
	struct vmedia_fract interval;		/* seconds: {1, 30} */
	uint64_t interval_ns;
	bool paced;				/* by the clock; else as fast as buffers come */
};

struct vmedia_frame {
	const struct vmedia_capture_mode *mode;
	struct vmedia_ctx *ctx;			/* for vmedia_ctrl_read() */
	uint64_t number;			/* frames since start, skipped ones counted */
	/* CLOCK_MONOTONIC ns when it was due; the source may set what it knows better */
	uint64_t timestamp;
	/*
	 * Colour planes in place, as libav* and libyuv take them; coded formats: data[0] and
	 * size[0]
	 */
	uint8_t *data[VMEDIA_COLOUR_PLANES];
	int stride[VMEDIA_COLOUR_PLANES];
	/* Memory planes */
	uint32_t num_planes;
	uint8_t *mem[VMEDIA_MAX_PLANES];
	uint32_t size[VMEDIA_MAX_PLANES];	/* room, at least sizeimage */
	/* comes as sizeimage (0 for coded formats); set it where it differs */
	uint32_t bytesused[VMEDIA_MAX_PLANES];
	uint32_t flags;				/* V4L2_BUF_FLAG_KEYFRAME etc., default none */
};

struct vmedia_capture_ops {
	/*
	 * True if start(), fill(), skip() and stop() never wait in @mode, and fill() computes for
	 * well under a millisecond on usual machines. Not asked of sources with next(). Context:
	 * the device's loop. Optional.
	 */
	bool (*quick)(void *priv, const struct vmedia_capture_mode *mode);
	/* Get ready for @mode. An errno (negative) is STREAMON's. Optional. */
	int (*start)(void *priv, const struct vmedia_capture_mode *mode);
	/*
	 * For a source with a time of its own. @when: CLOCK_MONOTONIC ns at which the framework
	 * would take the next frame (the first: after an interval, if paced); change it, or block
	 * until there is a frame and set it to now. May also be in the past: then the frame is
	 * taken at once. Left as it is, the framework's clock holds: frames whose time passed
	 * meanwhile are lost. 0, or what fill() returns. Optional.
	 */
	int (*next)(void *priv, uint64_t *when);
	/*
	 * Write one frame. Returns
	 *   0		done
	 *   -EAGAIN	nothing to show: the buffer waits for the next frame, a sequence number is
	 *		lost
	 *   -ENODATA	the source is at its end: the buffer goes out empty with V4L2_BUF_FLAG_LAST
	 *		after V4L2_EVENT_EOS
	 *   -ENODEV	the source is gone for good: all buffers come back with V4L2_BUF_FLAG_ERROR
	 *		and the queue is in error
	 *   other	this frame is bad: V4L2_BUF_FLAG_ERROR; VMEDIA_CAPTURE_MAX_ERRORS in a row
	 *		count as -ENODEV
	 */
	int (*fill)(void *priv, struct vmedia_frame *frame);
	/*
	 * Frame @number passes without a buffer: a file source moves on, a live one drops. Called
	 * at each interval while a guest is paused or has no buffers, for hours perhaps: count
	 * here, and do no work that only a shown frame is worth; nor may the next fill() make up
	 * for all of it. Frames lost to a slow source are not told of here: fill() sees them as a
	 * gap in the numbers. Optional.
	 */
	void (*skip)(void *priv, uint64_t number);
	/* No more frames until start(). Called if and only if start() succeeded. Optional. */
	void (*stop)(void *priv);
	/*
	 * Make a next() that blocks return soon. Context: the loop's thread, at the same time as
	 * the others; not called in a run that is quick. Optional.
	 */
	void (*cancel)(void *priv);
};

#define VMEDIA_CAPTURE_MAX_ERRORS 30

/* What a capture queue did since STREAMON; all zero for others. Context: the device's loop. */
struct vmedia_capture_stats {
	uint64_t frames;		/* delivered */
	uint64_t skipped;		/* no buffer in time */
	uint64_t late;			/* lost because the source took too long */
	uint64_t errors;
};
void vmedia_capture_stats(struct vmedia_queue *q, struct vmedia_capture_stats *stats);

/*
 * As fast as buffers come instead of by the clock: for benches and files that are to be read
 * through. In ->context_init() or between streams. Context: the device's loop.
 */
void vmedia_capture_set_paced(struct vmedia_queue *q, bool paced);

#ifdef __cplusplus
}
#endif

#endif /* VMEDIA_CAPTURE_H */
