/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory-to-memory devices: an OUTPUT queue that takes data, and a CAPTURE queue that returns the
 * processed data.
 *
 * Theory of operation
 *
 *   A context (one session) is ready for a job when both queues stream, each has a buffer, and
 *   ->job_ready() returns true. Ready contexts take turns. At most vmedia_m2m_ops.max_jobs jobs run
 *   at a time on the device. ->job_run() looks at the buffers (vmedia_m2m_next_src(), _dst()) or
 *   takes them, and starts the work on a worker (<vmedia/worker.h>). The job ends by
 *   vmedia_m2m_job_done() on the loop; taken buffers go back by vmedia_buf_done(). STREAMOFF waits
 *   for a running job as described in <vmedia/queue.h>, and so does CLOSE if CAPTURE's pages are
 *   the driver's. ->job_abort() then requests an early end.
 *
 *   A decoder gives buffers back that it needs as references: it holds them (vmedia_m2m_hold()).
 *
 *   A buffer that the job only looked at still belongs to the queue: STREAMOFF takes it back at
 *   once, before the job ends. vmedia_m2m_take_src() or _dst() then returns NULL. Every function
 *   here and vmedia_buf_done() accept NULL and do nothing. A job that writes into a buffer that it
 *   only looked at holds a reference on the memory (vmedia_backing_get()), and at its end compares
 *   the buffer that it takes with the one that it looked at: see Sizes below. A job that takes its
 *   buffers at its beginning has them until it gives them back.
 *
 *   The queues use queue_setup, buf_init, buf_cleanup, buf_prepare and buf_finish of struct
 *   vmedia_queue_ops. The operations below replace the others: if a queue has buf_queue,
 *   start_streaming or stop_streaming, OPEN fails with -EINVAL and a line in the log.
 *
 *   While the driver's queues are stopped (a paused guest, or one that resets: suspend() of struct
 *   vmedia_device_ops) no job begins, and ->job_wait() makes sure that no running job writes the
 *   guest's memory any more. A job may end meanwhile; its finished buffers reach the driver when
 *   the queues run again. When a session ended with a job running, no job begins before the end of
 *   the loop's round. So if many sessions end at once, the loop waits for at most max_jobs jobs.
 *
 *   Draining, in the states of the stateful codec interface:
 *
 *	RUNNING   --CMD_STOP-->				DRAINING
 *	DRAINING  --last frame out-->			STOPPED
 *	RUNNING, DRAINING  --a resolution ends-->	STOPPED
 *	STOPPED   --CMD_START, or STREAMOFF and ON-->	RUNNING, or back to DRAINING
 *
 *   On CMD_STOP the framework stores the newest OUTPUT buffer. The device calls
 *   vmedia_m2m_buf_last() for the last CAPTURE buffer, or vmedia_m2m_drained() when it has no more
 *   data. On the latter the framework sends V4L2_EVENT_EOS and an empty CAPTURE buffer with
 *   V4L2_BUF_FLAG_LAST, at once or as soon as one is queued. If OUTPUT has no queued buffer,
 *   CMD_STOP itself completes the drain. Devices that map one buffer to one (scalers, filters) need
 *   not call either: job_done() detects the end. CMD_STOP and CMD_START during DRAINING return
 *   -EBUSY, and so does CMD_START while a LAST buffer is due. CMD_STOP succeeds and does nothing
 *   while one of the queues does not stream.
 *
 *   The end of a resolution (vmedia_m2m_source_change_last()) interrupts a drain and does not end
 *   it. The drain goes on when CAPTURE has restarted, or at CMD_START, and its EOS and LAST come at
 *   its own end. The stored OUTPUT buffer stays stored meanwhile, and so does an early
 *   vmedia_m2m_drained(). CMD_STOP may also come between the resolution's LAST and the restart. In
 *   other cases STREAMOFF of CAPTURE abandons a drain, and STREAMOFF of OUTPUT ends it at once.
 *   With both queues off no drain state is left.
 *
 *   Sizes: vmedia_m2m_next_*(), take_*() and num_*() return and count no buffers that are too small
 *   for their queue's format (<vmedia/queue.h>). So set the new format first, and end the
 *   resolution next. The buffers of the old resolution carry its LAST, or wait for STREAMOFF; later
 *   ones go back with an error. A buffer that the running job only looked at may go back too, as at
 *   STREAMOFF.
 *
 * Context: the device's loop.
 */
#ifndef VMEDIA_M2M_H
#define VMEDIA_M2M_H

#include <vmedia/queue.h>
#include <vmedia/worker.h>

#ifdef __cplusplus
extern "C" {
#endif

enum vmedia_m2m_state {
	VMEDIA_M2M_RUNNING,
	VMEDIA_M2M_DRAINING,
	VMEDIA_M2M_STOPPED,
};

struct vmedia_m2m_ops {
	unsigned int max_jobs;			/* running at a time on the device; 0: 1 */
	bool decoder_cmd, encoder_cmd;		/* answer (TRY_)DECODER_CMD, (TRY_)ENCODER_CMD */
	/*
	 * Return true if a job may run now. Called when both queues stream and each has a buffer,
	 * or, with @relaxed, whenever OUTPUT streams: a decoder parses its headers before CAPTURE
	 * streams, an encoder returns late packets without new input. Optional.
	 */
	bool (*job_ready)(struct vmedia_ctx *ctx);
	bool relaxed;
	/* Begin a job; vmedia_m2m_job_done() may be called from here. */
	void (*job_run)(struct vmedia_ctx *ctx);
	/*
	 * End the running job soon. Its vmedia_m2m_job_done() must still be called, from here or
	 * later. Optional.
	 */
	void (*job_abort)(struct vmedia_ctx *ctx);
	/*
	 * Return when the running job does not write buffers any more, at the latest at @until
	 * (CLOCK_MONOTONIC ns). Returns 0, or -ETIMEDOUT. The calling loop blocks meanwhile: a
	 * device whose jobs run on the loop ends the job here; one with a worker waits for the
	 * worker. vmedia_m2m_job_done() may be called from here or later. Called before the guest's
	 * memory is taken away: its queues stop, it resets, or the connection is lost. The wait
	 * delays no other guest, since a device has only one. ->job_orphan() may follow. Needed if
	 * job_run() does not end its job itself.
	 *
	 * Do not wait for a job that its worker has not begun because others are before it: cancel
	 * it, so that it does not begin later, and end it at once. Buffers that job_run() looked at
	 * but did not take stay for the context's next job. With a worker the whole operation is:
	 *
	 *	if (!vmedia_worker_cancel(worker, &job)) {
	 *		vmedia_m2m_job_done(ctx);
	 *		return 0;
	 *	}
	 *	return vmedia_worker_wait(worker, &job, until);
	 */
	int (*job_wait)(struct vmedia_ctx *ctx, uint64_t until);
	/*
	 * The session ends with a job running: drop all pointers to the context and its buffers at
	 * once. vmedia_m2m_job_done() must not be called any more. The worker's job goes on until
	 * it notices vmedia_worker_cancel(), and its done() is called later than this. So the job
	 * must not be part of the context's memory, and must hold references on the memory that it
	 * uses. Needed if job_run() starts a worker.
	 */
	void (*job_orphan)(struct vmedia_ctx *ctx);
	/* Begin or end streaming of one queue, during its STREAMON or STREAMOFF. Optional. */
	int (*start)(struct vmedia_queue *q);
	void (*stop)(struct vmedia_queue *q);
	/*
	 * Begin a drain in the codec (CMD_STOP was accepted and there is data to drain). Optional.
	 */
	void (*drain)(struct vmedia_ctx *ctx);
	/* Begin anew: CMD_START came after STOPPED. Optional. */
	void (*resume)(struct vmedia_ctx *ctx);
};

enum vmedia_m2m_state vmedia_m2m_state(const struct vmedia_ctx *ctx);
struct vmedia_queue *vmedia_m2m_src(const struct vmedia_ctx *ctx);	/* OUTPUT */
struct vmedia_queue *vmedia_m2m_dst(const struct vmedia_ctx *ctx);	/* CAPTURE */

/*
 * The oldest ready buffer: look at it (next) or take it. NULL if there is none, or if STREAMOFF
 * took back the one that the job looked at. The device has a taken buffer until vmedia_buf_done().
 */
struct vmedia_buf *vmedia_m2m_next_src(struct vmedia_ctx *ctx);
struct vmedia_buf *vmedia_m2m_next_dst(struct vmedia_ctx *ctx);
struct vmedia_buf *vmedia_m2m_take_src(struct vmedia_ctx *ctx);
struct vmedia_buf *vmedia_m2m_take_dst(struct vmedia_ctx *ctx);
/*
 * Return a taken buffer that was not used: it is the oldest ready one again. After STREAMOFF it
 * goes back to the driver. Several are returned in the reverse order of taking.
 */
void vmedia_m2m_put_back(struct vmedia_buf *b);
/*
 * A codec uses CAPTURE buffer @b as a reference: the functions above neither return nor count it
 * before vmedia_m2m_release(), although it is queued, or will be. It may be anyone's: STREAMOFF
 * and an empty LAST take it as any other. The hold ends with the buffer. Holds do not count.
 * vmedia_m2m_schedule() must follow a release, unless a job runs.
 */
void vmedia_m2m_hold(struct vmedia_buf *b);
void vmedia_m2m_release(struct vmedia_buf *b);
/* Take @b, held or not, if it is queued and not taken. Returns false if it is not. */
bool vmedia_m2m_take(struct vmedia_buf *b);
unsigned int vmedia_m2m_num_src(const struct vmedia_ctx *ctx);
unsigned int vmedia_m2m_num_dst(const struct vmedia_ctx *ctx);

/*
 * Copy timestamp, timecode, field and frame type of @src to @dst. Does nothing if either is NULL.
 */
void vmedia_m2m_copy_metadata(const struct vmedia_buf *src, struct vmedia_buf *dst);
/* True if @src (taken or next) is the newest buffer at CMD_STOP, so the last one. NULL: false. */
bool vmedia_m2m_is_last_src(const struct vmedia_ctx *ctx, const struct vmedia_buf *src);

/*
 * End the running job. If a drain is active, all buffers that were queued at CMD_STOP were taken,
 * and the device neither has ->drain() nor reported an end of its own, this also ends the drain.
 */
void vmedia_m2m_job_done(struct vmedia_ctx *ctx);
/* Check again whether jobs can run; call it when the result of ->job_ready() may have changed. */
void vmedia_m2m_schedule(struct vmedia_ctx *ctx);
/*
 * Give @dst back as DONE with LAST set; it is the last buffer of the drain. The EOS event comes
 * before it. Without a drain it is the last buffer of a resolution: no EOS, state STOPPED. (During
 * a drain, give the last buffer of a resolution back as any other, and call
 * vmedia_m2m_source_change_last().) NULL: as vmedia_m2m_drained().
 */
void vmedia_m2m_buf_last(struct vmedia_ctx *ctx, struct vmedia_buf *dst);
/*
 * Report that the drain has no more data. The EOS event and then an empty LAST buffer end the
 * drain; if a resolution has ended, after CAPTURE has restarted. Does nothing without a drain.
 */
void vmedia_m2m_drained(struct vmedia_ctx *ctx);
/*
 * End the old resolution on a decoder's CAPTURE queue: an empty LAST buffer without EOS; state
 * STOPPED until CAPTURE restarts or CMD_START. Does nothing if CAPTURE does not stream, or is
 * STOPPED already.
 */
void vmedia_m2m_source_change_last(struct vmedia_ctx *ctx);

#ifdef __cplusplus
}
#endif

#endif /* VMEDIA_M2M_H */
