/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory-to-memory devices: an OUTPUT queue that takes data, a CAPTURE queue that gives it back
 * changed.
 *
 * Theory of operation
 *
 *   A context (one session) is ready for a job when both queues stream and each has a buffer, and
 *   ->job_ready() agrees. Ready contexts take turns; at most vmedia_m2m_ops.max_jobs run at a time
 *   on the device. ->job_run() looks at the buffers (vmedia_m2m_next_src(), _dst()) or takes them,
 *   lets a worker do the work (<vmedia/worker.h>) and ends by vmedia_m2m_job_done() on the loop;
 *   taken buffers go back by vmedia_buf_done(). STREAMOFF waits for a running job as
 *   <vmedia/queue.h> says, and so does CLOSE where the driver lent the pages of CAPTURE:
 *   ->job_abort() asks it to end soon.
 *
 *   A buffer that the job only looked at is not the job's: STREAMOFF takes it back at once, before
 *   the job ends. vmedia_m2m_take_src() or _dst() then gives NULL, and every function here and
 *   vmedia_buf_done() take NULL and do nothing with it. A job that writes into a buffer that it
 *   looked at holds a reference on the memory (vmedia_backing_get()), and compares what it takes
 *   at its end with what it looked at: see Sizes below. A job that takes its buffers when it
 *   begins has them until it gives them back.
 *
 *   Of struct vmedia_queue_ops the queues use queue_setup, buf_init, buf_cleanup, buf_prepare and
 *   buf_finish. Buffers, start and stop come by the operations here: a queue with buf_queue,
 *   start_streaming or stop_streaming makes OPEN fail with -EINVAL and a line in the log.
 *
 *   While the driver's queues are stopped (a paused guest, or one that resets: the suspend() of
 *   struct vmedia_device_ops) no job begins, and ->job_wait() sees to it that none that runs writes
 *   the guest's memory any more. It may end meanwhile; what it finished reaches the driver when the
 *   queues run again. After a session that ended with a job running none begins before the end of
 *   the loop's round: of many sessions that end at once, the loop waits for max_jobs jobs at most.
 *
 *   Draining, by the states of the stateful codec interface:
 *
 *	RUNNING   --CMD_STOP-->				DRAINING
 *	DRAINING  --last frame out-->			STOPPED
 *	RUNNING, DRAINING  --a resolution ends-->	STOPPED
 *	STOPPED   --CMD_START, or STREAMOFF and ON-->	RUNNING, or back to DRAINING
 *
 *   On CMD_STOP the framework remembers the newest OUTPUT buffer. The device says
 *   vmedia_m2m_buf_last() for the CAPTURE buffer that is the last one, or vmedia_m2m_drained() when
 *   it has nothing more: the framework then sends V4L2_EVENT_EOS and an empty CAPTURE buffer with
 *   V4L2_BUF_FLAG_LAST, now or as soon as one is queued. With nothing queued on OUTPUT CMD_STOP
 *   itself drains. Devices that map one buffer to one (scalers, filters) need none of it:
 *   job_done() sees it. CMD_STOP and CMD_START during DRAINING, and CMD_START before a LAST that is
 *   due went out, are -EBUSY; CMD_STOP while either queue does not stream succeeds and does
 *   nothing.
 *
 *   A resolution that ends (vmedia_m2m_source_change_last()) interrupts a drain and does not end
 *   it: when CAPTURE has restarted, or at CMD_START, the drain goes on, and its EOS and LAST come
 *   at its own end. What CMD_STOP saw stays remembered meanwhile, and so does a
 *   vmedia_m2m_drained() that comes early. CMD_STOP may also come between the resolution's LAST and
 *   the restart. Otherwise STREAMOFF of CAPTURE gives a drain up, and STREAMOFF of OUTPUT ends it
 *   at once; with both queues off nothing of it is left.
 *
 *   Sizes: of buffers that are too small for their queue's format (<vmedia/queue.h>) the device
 *   sees none in vmedia_m2m_next_*(), take_*() and num_*(). So set the new format first and end the
 *   resolution next: the buffers of the old one carry its LAST, or wait for STREAMOFF; any that
 *   come later go back with an error. A buffer that the running job only looked at may go too, as
 *   at STREAMOFF.
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
	unsigned int max_jobs;			/* on the device at a time; 0: 1 */
	bool decoder_cmd, encoder_cmd;		/* answer (TRY_)DECODER_CMD, (TRY_)ENCODER_CMD */
	/*
	 * May a job run now? Asked when the rule above holds, or, with @relaxed, whenever OUTPUT
	 * streams: a decoder parses its headers before CAPTURE streams, an encoder gives late
	 * packets without new input. Optional.
	 */
	bool (*job_ready)(struct vmedia_ctx *ctx);
	bool relaxed;
	/* Begin a job; vmedia_m2m_job_done() may be called from here. */
	void (*job_run)(struct vmedia_ctx *ctx);
	/*
	 * End the running job soon; its vmedia_m2m_job_done() must still come, from in here or
	 * later. Optional.
	 */
	void (*job_abort)(struct vmedia_ctx *ctx);
	/*
	 * Return when the running job writes no buffer any more, by @until (CLOCK_MONOTONIC ns)
	 * at the latest: 0, or -ETIMEDOUT. The loop, which calls it, stands until then: a device
	 * whose jobs run on the loop ends the job here, one with a worker waits for the worker, and
	 * lets vmedia_m2m_job_done() come from here or later. Called before the memory of the
	 * guest is taken away: its queues stop, it resets, the connection is lost, and there is no
	 * other guest who could be kept waiting; ->job_orphan() may follow. Needed if job_run()
	 * does not end its job itself.
	 *
	 * A job that its worker has not begun, because it stands behind others, is not to be waited
	 * for: take it back, so that it does not begin later, and end it at once. Buffers that
	 * job_run() looked at but did not take are there for the context's next job. With a worker
	 * all of it is:
	 *
	 *	if (!vmedia_worker_cancel(worker, &job)) {
	 *		vmedia_m2m_job_done(ctx);
	 *		return 0;
	 *	}
	 *	return vmedia_worker_wait(worker, &job, until);
	 */
	int (*job_wait)(struct vmedia_ctx *ctx, uint64_t until);
	/*
	 * The session ends with a job running: forget the context and its buffers at once;
	 * vmedia_m2m_job_done() must not be called any more. The worker's job goes on until it
	 * notices vmedia_worker_cancel(), and its done() comes later than this: so the job is not
	 * part of the context's memory, and holds references on what it uses. Needed if job_run()
	 * goes to a worker.
	 */
	void (*job_orphan)(struct vmedia_ctx *ctx);
	/* Streaming of one queue begins or ends, inside of its STREAMON or STREAMOFF. Optional. */
	int (*start)(struct vmedia_queue *q);
	void (*stop)(struct vmedia_queue *q);
	/* The drain begins (CMD_STOP accepted with data to drain): tell the codec. Optional. */
	void (*drain)(struct vmedia_ctx *ctx);
	/* CMD_START after STOPPED: begin anew. Optional. */
	void (*resume)(struct vmedia_ctx *ctx);
};

enum vmedia_m2m_state vmedia_m2m_state(const struct vmedia_ctx *ctx);
struct vmedia_queue *vmedia_m2m_src(const struct vmedia_ctx *ctx);	/* OUTPUT */
struct vmedia_queue *vmedia_m2m_dst(const struct vmedia_ctx *ctx);	/* CAPTURE */

/*
 * Oldest ready buffer: look (next) or take. NULL if there is none, also when STREAMOFF took back
 * the one that the job looked at. A taken one is the device's until vmedia_buf_done().
 */
struct vmedia_buf *vmedia_m2m_next_src(struct vmedia_ctx *ctx);
struct vmedia_buf *vmedia_m2m_next_dst(struct vmedia_ctx *ctx);
struct vmedia_buf *vmedia_m2m_take_src(struct vmedia_ctx *ctx);
struct vmedia_buf *vmedia_m2m_take_dst(struct vmedia_ctx *ctx);
unsigned int vmedia_m2m_num_src(const struct vmedia_ctx *ctx);
unsigned int vmedia_m2m_num_dst(const struct vmedia_ctx *ctx);

/* Timestamp, timecode, field and frame type of @src onto @dst; nothing if either is NULL. */
void vmedia_m2m_copy_metadata(const struct vmedia_buf *src, struct vmedia_buf *dst);
/* Is @src (taken or next) the newest that CMD_STOP saw: nothing comes behind it? NULL: false. */
bool vmedia_m2m_is_last_src(const struct vmedia_ctx *ctx, const struct vmedia_buf *src);

/*
 * The running job has ended. If a drain is on, all that CMD_STOP saw was taken, and the device
 * neither has ->drain() nor said otherwise, the drain ends here too.
 */
void vmedia_m2m_job_done(struct vmedia_ctx *ctx);
/* Something changed that ->job_ready() looks at. */
void vmedia_m2m_schedule(struct vmedia_ctx *ctx);
/*
 * @dst is the last of the drain: give it back as DONE with LAST set, EOS event before it. Without a
 * drain: the last of a resolution, no EOS, state STOPPED. (In a drain give the last of a resolution
 * back as any other, and say vmedia_m2m_source_change_last().) NULL: as vmedia_m2m_drained().
 */
void vmedia_m2m_buf_last(struct vmedia_ctx *ctx, struct vmedia_buf *dst);
/*
 * Nothing more to come of the drain: an empty LAST buffer ends it, EOS event before it; after a
 * resolution that ended, once CAPTURE has restarted. Nothing without a drain.
 */
void vmedia_m2m_drained(struct vmedia_ctx *ctx);
/*
 * A decoder's CAPTURE of the old resolution ends: an empty LAST buffer, no EOS; state STOPPED until
 * CAPTURE restarts or START. Nothing if CAPTURE does not stream, or is STOPPED already.
 */
void vmedia_m2m_source_change_last(struct vmedia_ctx *ctx);

#ifdef __cplusplus
}
#endif

#endif /* VMEDIA_M2M_H */
