/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A frame source between the loop (capture.c) and its worker (capture_worker.c).
 *
 * Theory of operation
 *
 *   The source's operations run in the jobs of one worker (<vmedia/worker.h>), in order:
 *
 *	start	from STREAMON
 *	frame	one for each buffer: waits for the frame's time, then fills the buffer
 *	tick	a frame without a buffer: calls next() for its time, or skips it
 *	stop	from STREAMOFF
 *
 *   So a new STREAMON may come while the worker still ends the old run: the new jobs come after the
 *   old ones. The jobs hold their own references on the memory that they write.
 *
 *   The clock of a run (`when`, `number`, ...) belongs to the worker while the worker has a job of
 *   the source (`busy`), and to the loop otherwise. There is no lock: submitting a job hands the
 *   clock to the worker, and it is the loop's again when the last job has come back.
 *
 *   Buffers wait in `queued` until the run has started, and while the guest is suspended. At other
 *   times the worker has their jobs (`given`), one for each buffer, so it goes from one frame to
 *   the next without the loop. When the worker has no job left, the loop's timer `late` leaves the
 *   driver half an interval to queue the next buffer. Then a tick skips the frame.
 *
 *   Cancelling a job takes its buffer back. A job that waits for its frame writes no memory after
 *   that: its buffer goes back at once, and the job stays without one (`vb`) until its done(). A
 *   job that fills must be waited for. STREAMOFF and CLOSE wait without stopping the loop;
 *   vmedia_worker_wait() waits when the guest's memory is taken away.
 *
 *   A quick run (capture_quick.c) uses only the loop. It begins only while the worker has no job of
 *   the source, and submits none.
 */
#ifndef VMEDIA_V4L2_CAPTURE_H
#define VMEDIA_V4L2_CAPTURE_H

#include <vmedia/worker.h>

#include "v4l2/queue.h"

/* One run, from STREAMON until the source has stopped. */
struct vmedia_capture_run {
	struct vmedia_capture *c;
	struct vmedia_job start, stop;
	struct vmedia_capture_mode mode;
	int err;			/* result of start() */
	/* used by the loop: start() succeeded, and frames come */
	bool frames;
};

/*
 * The job of a buffer, from the buffer's first QBUF until it is freed. In no list while the buffer
 * is not ACTIVE.
 */
struct vmedia_capture_job {
	struct vmedia_list node;	/* in queued, given or neither */
	struct vmedia_job work;
	bool given;			/* the worker has it */
	bool recalled;			/* given and cancelled; it may come back unchanged */
	uint64_t run;			/* last_run when the job was given */
	struct vmedia_capture *c;
	struct vmedia_vbuf *vb;		/* used by the loop; NULL: taken back */
	uint32_t num_planes;
	struct vmedia_backing *mem[VMEDIA_MAX_PLANES];
	uint32_t length[VMEDIA_MAX_PLANES];
	/* Results */
	bool filled;			/* the buffer goes to the driver; else it stays queued */
	int err;
	int end;			/* the run ends with this frame: -ENODATA or -ENODEV */
	uint64_t number, timestamp;
	uint32_t bytesused[VMEDIA_MAX_PLANES];
	uint32_t flags;
	struct vmedia_capture_stats stats;
};

struct vmedia_capture {
	/* Constant */
	struct vmedia_queue *q;
	struct vmedia_loop *loop;
	const struct vmedia_capture_ops *ops;
	void *priv;
	struct vmedia_ctx *ctx;

	/* Used by the loop */
	struct vmedia_worker *worker;	/* NULL until a run needs it */
	unsigned int busy;		/* number of jobs that the worker has, of all kinds */
	struct vmedia_capture_run *run;	/* NULL: no run, or a quick one */
	uint64_t last_run;		/* number of the last run that began */
	struct vmedia_list queued, given;	/* given: empty in a quick run */
	struct vmedia_timer late;
	bool paced;
	struct vmedia_capture_mode mode;	/* of the run that begins */
	bool suspended;			/* the guest's memory must not be written */
	struct vmedia_capture_stats shown;	/* as of the last result */
	/* a run without the worker, between start() and stop(), and its states: capture_quick.c */
	bool quick, live, due;
	struct vmedia_timer timer;

	/* The clock: the worker's while the worker has a job, else the loop's */
	struct vmedia_job tick;
	uint64_t tick_run;		/* as vmedia_capture_job.run */
	int tick_end;			/* result of a tick, as vmedia_capture_job.end */
	struct vmedia_capture_mode cur;
	uint64_t number, when;		/* of the coming frame */
	bool asked;			/* next() was called for it and returned: */
	int asked_err;
	uint64_t pause;			/* no frame before: the source had none, or a bad one */
	bool over;			/* the source has ended, or is gone */
	unsigned int bad_frames;	/* in a row */
	struct vmedia_capture_stats stats;
};

extern const struct vmedia_queue_impl vmedia_impl_capture;
int vmedia_capture_create(struct vmedia_queue *q);
void vmedia_capture_destroy(struct vmedia_queue *q);
/* @on: begin no fill(), and return when none is in progress. Lasts until !@on or the next start. */
void vmedia_capture_suspend(struct vmedia_queue *q, bool on);
/*
 * Implement ->work(): make one frame for @s, or one for each of its queues, whose time had come and
 * which waited for its buffer.
 */
void vmedia_capture_work(struct vmedia_session *s);

/* ---- In run() of a job, or on the loop in a quick run ---- */

void vmedia_capture_run_start(struct vmedia_worker *w, struct vmedia_job *work);
void vmedia_capture_run_frame(struct vmedia_worker *w, struct vmedia_job *work);
void vmedia_capture_run_tick(struct vmedia_worker *w, struct vmedia_job *work);
void vmedia_capture_run_stop(struct vmedia_worker *w, struct vmedia_job *work);
/* Call fill() for @job and store the results in the job. Returns fill()'s result. */
int vmedia_capture_fill(struct vmedia_capture *c, struct vmedia_capture_job *job, uint64_t number,
			uint64_t when);
/*
 * Count the result @err of a fill() or next(). Returns 0 if the run goes on; -ENODATA if the source
 * has ended; -ENODEV if it is gone or has failed too often.
 */
int vmedia_capture_judge(struct vmedia_capture *c, int err);
/* The time of the first frame of a run that begins now. If paced, it is after one interval. */
uint64_t vmedia_capture_first(const struct vmedia_capture *c);
/*
 * The time of the frame after the one at @when. If paced, frames whose time has passed are lost and
 * @number counts them; a source with next() sets its own times.
 */
uint64_t vmedia_capture_advance(struct vmedia_capture *c, uint64_t when, uint64_t *number);
/* Skip the coming frame, which has no buffer. Does not call the source. */
void vmedia_capture_pass(struct vmedia_capture *c);

/* ---- Context of the rest: the loop ---- */

void vmedia_capture_finish(struct vmedia_queue *q, struct vmedia_capture_job *job);
void vmedia_capture_end(struct vmedia_queue *q, int err);
void vmedia_capture_quick_init(struct vmedia_capture *c);
int vmedia_capture_quick_start(struct vmedia_capture *c);
/* A buffer was queued, or the guest went on: make the frame that is due, if it has a buffer. */
void vmedia_capture_quick_queued(struct vmedia_capture *c);
/* Stop a quick run: no fill() follows. Returns true if there was one. */
bool vmedia_capture_quick_stop(struct vmedia_capture *c);
/* Drop the job's references on its buffer's memory, when the buffer is the queue's again. */
void vmedia_capture_job_rest(struct vmedia_capture_job *job);

#endif /* VMEDIA_V4L2_CAPTURE_H */
