/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Write a frame source: a device that fills one buffer after another, by the clock. For cameras and
 * the like.
 *
 * Theory of operation
 *
 *   Each source has a worker (<vmedia/worker.h>). Its jobs call the operations below, one at a
 *   time, on any thread of the loop's pool:
 *
 *	start (next (fill | skip))* stop
 *
 *   After STREAMON a frame is due at each interval. The times are absolute, so the clock does not
 *   drift. The first frame is due an interval after start(), as with a real camera, which has to
 *   see a picture before it can show it. At a frame's time the worker takes the oldest queued
 *   buffer, calls fill() on the buffer's own memory, and hands the buffer to the loop. If no buffer
 *   is queued, the driver has half an interval to queue one. After that the frame is skipped, and
 *   its sequence number is missing from the stream, as with real cameras. If a source takes longer
 *   than an interval, the frames in between are lost, and the next one comes at its time. There are
 *   no bursts.
 *
 *   For each frame a thread wakes once for its time, and the loop wakes once for its result. A
 *   buffer that is queued while the worker still has others wakes nobody.
 *
 *   A job that waits does not occupy the pool. The framework waits for a frame's time in this way,
 *   and start() and next() may wait for events outside. fill(), skip() and stop() count as
 *   computing: while one of them runs, the pool has one thread less for the loop's other workers.
 *
 *   A source that computes a frame in a short time needs no thread. If quick() returns true for a
 *   mode, the loop itself calls the operations, and a frame costs two thread switches less. If the
 *   frame's time has come and only a buffer is missing, the frame is made when QBUF was answered
 *   and before the next command, and its event goes out at once. Such frames take time of their
 *   session (vmedia_device_ops.work()): other sessions wait for at most a millisecond of them, or
 *   for one frame that takes longer. No frame is half made when a command runs. If the worker still
 *   ends a stream of another mode, it also serves the next stream, quick or not.
 *
 *   STREAMOFF waits for a fill() in progress, and the loop goes on meanwhile. fill() must therefore
 *   end soon without help. Waiting for events outside (a network, a pipe, a codec) belongs into
 *   next(), which cancel() interrupts. CLOSE waits in the same way for a fill() into pages that the
 *   driver lent. A fill() into the device's own memory goes on after CLOSE: a reference keeps that
 *   memory, and nobody reads it. The loop itself waits in one case only: the guest's queues stop,
 *   it resets, or its connection is lost. Its pages may then have another use at once. The loop
 *   waits for fill(), at most VMEDIA_WORKER_WAIT_MS, and then goes on without the frame. No other
 *   guest waits meanwhile, since a device has one guest.
 *
 * Context of all callbacks: the source's worker, or the device's loop in a quick mode; always the
 * loop for quick() and cancel(). Callbacks read controls by vmedia_ctrl_read().
 */
#ifndef VMEDIA_CAPTURE_H
#define VMEDIA_CAPTURE_H

#include <vmedia/queue.h>
#include <vmedia/worker.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The frames to deliver. Does not change from start() to stop(). */
struct vmedia_capture_mode {
	const struct vmedia_pixfmt *pixfmt;	/* NULL for META and the like */
	struct vmedia_format format;		/* as S_FMT left it */
	uint32_t width, height;
	struct vmedia_picture_layout layout;
	struct vmedia_fract interval;		/* seconds: {1, 30} */
	uint64_t interval_ns;
	bool paced;				/* by the clock; false: as fast as buffers come */
};

struct vmedia_frame {
	const struct vmedia_capture_mode *mode;
	struct vmedia_ctx *ctx;			/* for vmedia_ctrl_read() */
	uint64_t number;			/* frames since start, skipped ones counted */
	/* the time at which it was due, CLOCK_MONOTONIC ns; the source may set a better one */
	uint64_t timestamp;
	/*
	 * Where each colour plane begins, as libav* and libyuv expect it. Coded formats use data[0]
	 * and size[0].
	 */
	uint8_t *data[VMEDIA_COLOUR_PLANES];
	int stride[VMEDIA_COLOUR_PLANES];
	/* Memory planes */
	uint32_t num_planes;
	uint8_t *mem[VMEDIA_MAX_PLANES];
	uint32_t size[VMEDIA_MAX_PLANES];	/* room, at least sizeimage */
	/* initially sizeimage (0 for coded formats); the source sets it if it differs */
	uint32_t bytesused[VMEDIA_MAX_PLANES];
	uint32_t flags;				/* V4L2_BUF_FLAG_KEYFRAME etc., default none */
};

struct vmedia_capture_ops {
	/*
	 * Returns true if start(), fill(), skip() and stop() never wait in @mode, and fill()
	 * computes for well under a millisecond on usual machines. Not called for sources with
	 * next(). Context: the device's loop. Optional.
	 */
	bool (*quick)(void *priv, const struct vmedia_capture_mode *mode);
	/* Prepare for @mode. Returns 0, or a negative errno that STREAMON returns. Optional. */
	int (*start)(void *priv, const struct vmedia_capture_mode *mode);
	/*
	 * Say when the next frame comes, for a source with its own clock. @when is the time at
	 * which the framework would take it, in CLOCK_MONOTONIC ns (the first one, if paced: after
	 * an interval). The source may change it, or block until there is a frame and set it to
	 * now. A time in the past means at once. If the source does not change @when, the
	 * framework's clock applies, and frames whose time has passed are lost. Returns 0, or an
	 * error as fill(). Optional.
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
	 * Frame @number passes without a buffer. A file source goes on to the next frame, a live
	 * one drops it. Called at each interval while a guest is paused or has no buffers, perhaps
	 * for hours. So it should only count, and the next fill() must not do the work of all
	 * skipped frames either. Not called for frames that are lost because the source was slow:
	 * fill() sees these as a gap in the numbers. Optional.
	 */
	void (*skip)(void *priv, uint64_t number);
	/* No frames follow until the next start(). Called only if start() succeeded. Optional. */
	void (*stop)(void *priv);
	/*
	 * Make a next() that blocks return soon. Not called in a quick mode. Context: the loop's
	 * thread, while the worker may be in one of the other operations. Optional.
	 */
	void (*cancel)(void *priv);
};

#define VMEDIA_CAPTURE_MAX_ERRORS 30

/* Counters of a capture queue since STREAMON; zeros for others. Context: the device's loop. */
struct vmedia_capture_stats {
	uint64_t frames;		/* delivered */
	uint64_t skipped;		/* no buffer in time */
	uint64_t late;			/* lost because the source took too long */
	uint64_t errors;
};
void vmedia_capture_stats(struct vmedia_queue *q, struct vmedia_capture_stats *stats);

/*
 * Choose the clock (true, the default) or as fast as buffers come (false), which is for benches and
 * for reading a file to its end. In ->context_init() or between streams. Context: the device's
 * loop.
 */
void vmedia_capture_set_paced(struct vmedia_queue *q, bool paced);

#ifdef __cplusplus
}
#endif

#endif /* VMEDIA_CAPTURE_H */
