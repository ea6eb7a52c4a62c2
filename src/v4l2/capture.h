/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A frame source between the loop (capture.c) and its worker (capture_worker.c).
 *
 * Theory of operation
 *
 *   All that the source does is a job of one worker (<vmedia/worker.h>), which runs them in order:
 *
 *	start	from STREAMON
 *	frame	one a buffer: waits for the frame's time, then fills the buffer
 *	tick	a frame without a buffer: asks the source for its time, or skips it
 *	stop	from STREAMOFF
 *
 *   So a new STREAMON may come while the worker still ends the old run: its jobs stand behind. The
 *   jobs hold references of their own on the memory that they write.
 *
 *   The clock of a run (`when`, `number`, ...) belongs to the worker while it has a job of the
 *   source (`busy`), and to the loop otherwise. There is no lock: each hands it over with a job.
 *
 *   Buffers wait in `queued` until the run has started, and while the guest is suspended. Else
 *   their jobs are with the worker (`given`): as many as there are buffers, so that the worker goes
 *   from one frame to the next without a word of the loop. When it has none left, the loop's timer
 *   `late` gives the driver half an interval for the next buffer. Then a tick lets the frame pass.
 *
 *   To take a buffer back is to cancel its job. One that waits for its frame is known to write
 *   nothing any more; its buffer goes at once, and the job, which then has none (`vb`), when its
 *   done() comes. One that fills is waited for: by STREAMOFF and CLOSE without stopping the loop,
 *   and when the guest goes by vmedia_worker_wait().
 *
 *   A quick run (capture_quick.c) is the loop's alone. It begins only while the worker has no job
 *   of the source, and gives it none.
 */
#ifndef VMEDIA_V4L2_CAPTURE_H
#define VMEDIA_V4L2_CAPTURE_H

#include <vmedia/worker.h>

#include "v4l2/queue.h"

/* From STREAMON until the source has stopped. */
struct vmedia_capture_run {
	struct vmedia_capture *c;
	struct vmedia_job start, stop;
	struct vmedia_capture_mode mode;
	int err;			/* start()'s */
	/* the loop's: start() succeeded, and frames come */
	bool frames;
};

/* A buffer, from its first QBUF until it is freed; at rest while the buffer is not ACTIVE. */
struct vmedia_capture_job {
	struct vmedia_list node;	/* queued or given; else at rest */
	struct vmedia_job work;
	bool given;			/* the worker has it */
	bool recalled;			/* given, and cancelled: it may come back as it was */
	uint64_t run;			/* of which run: last_run when it was given */
	struct vmedia_capture *c;
	struct vmedia_vbuf *vb;		/* the loop's; NULL: it was taken back */
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

	/* The loop's */
	struct vmedia_worker *worker;	/* NULL until a run needs it */
	unsigned int busy;		/* jobs of all kinds that the worker has */
	struct vmedia_capture_run *run;	/* NULL: none is wanted, or it is quick */
	uint64_t last_run;		/* number of the last run that was begun */
	struct vmedia_list queued, given;	/* given: never of a quick run */
	struct vmedia_timer late;
	bool paced;
	struct vmedia_capture_mode mode;	/* of the run that begins */
	bool suspended;			/* the guest's memory is not to be written */
	struct vmedia_capture_stats shown;	/* what the last result said */
	/* of a run without the worker, capture_quick.c: between start() and stop(); states */
	bool quick, live, due;
	struct vmedia_timer timer;

	/* The clock: the worker's while it has a job, else the loop's */
	struct vmedia_job tick;
	uint64_t tick_run;		/* as vmedia_capture_job.run */
	int tick_end;			/* result of a tick, as vmedia_capture_job.end */
	struct vmedia_capture_mode cur;
	uint64_t number, when;		/* of the coming frame */
	bool asked;			/* next() was asked about it, and said: */
	int asked_err;
	uint64_t pause;			/* no frame before: the source had none, or a bad one */
	bool over;			/* the source has ended, or is gone */
	unsigned int bad_frames;	/* in a row */
	struct vmedia_capture_stats stats;
};

extern const struct vmedia_queue_impl vmedia_impl_capture;
int vmedia_capture_create(struct vmedia_queue *q);
void vmedia_capture_destroy(struct vmedia_queue *q);
/* @on: no fill() begins, and none is under way on return. Ends with !@on or the next start. */
void vmedia_capture_suspend(struct vmedia_queue *q, bool on);
/* ->work(): one frame of @s, or of each of its queues, that waited for its buffer. */
void vmedia_capture_work(struct vmedia_session *s);

/* ---- In run() of a job, or on the loop in a quick run ---- */

void vmedia_capture_run_start(struct vmedia_worker *w, struct vmedia_job *work);
void vmedia_capture_run_frame(struct vmedia_worker *w, struct vmedia_job *work);
void vmedia_capture_run_tick(struct vmedia_worker *w, struct vmedia_job *work);
void vmedia_capture_run_stop(struct vmedia_worker *w, struct vmedia_job *work);
/* Call the source for @job; results are in the job. Returns what it said. */
int vmedia_capture_fill(struct vmedia_capture *c, struct vmedia_capture_job *job, uint64_t number,
			uint64_t when);
/*
 * What the result @err of a fill() or next() means for the run: 0, it goes on; -ENODATA, the source
 * has ended; -ENODEV, it is gone or has failed too often. Counts errors.
 */
int vmedia_capture_judge(struct vmedia_capture *c, int err);
/* When the first frame of a run that begins now is due: paced, after an interval, as a camera's. */
uint64_t vmedia_capture_first(const struct vmedia_capture *c);
/* By the clock: the time of the frame after the one at @when, or of the first that is not over. */
uint64_t vmedia_capture_advance(struct vmedia_capture *c, uint64_t when, uint64_t *number);
/* The coming frame passes without a buffer; the source is not told. */
void vmedia_capture_pass(struct vmedia_capture *c);

/* ---- Context of the rest: the loop ---- */

void vmedia_capture_finish(struct vmedia_queue *q, struct vmedia_capture_job *job);
void vmedia_capture_end(struct vmedia_queue *q, int err);
void vmedia_capture_quick_init(struct vmedia_capture *c);
int vmedia_capture_quick_start(struct vmedia_capture *c);
void vmedia_capture_quick_queued(struct vmedia_capture *c);
void vmedia_capture_quick_suspend(struct vmedia_capture *c, bool on);
/* No fill() after this; true if there was a quick run to stop. */
bool vmedia_capture_quick_stop(struct vmedia_capture *c);
/* Its buffer is the queue's again: the job keeps nothing of its memory. */
void vmedia_capture_job_rest(struct vmedia_capture_job *job);

#endif /* VMEDIA_V4L2_CAPTURE_H */
