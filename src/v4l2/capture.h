/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A frame source between two threads: the loop's half (capture.c) and the worker's
 * (capture_worker.c).
 *
 * Theory of operation
 *
 *   All that both touch is below and under `lock`. The loop hands over jobs (a buffer's memory,
 *   with references of its own); the worker takes the oldest at the frame's time, fills it without
 *   the lock, and puts it on `done`; the loop is woken by one post, however many frames it finds.
 *
 *   A run is a number: the loop writes the run it wants into `want` (0: none), the worker starts,
 *   fills and stops until `want` is another. So STREAMOFF needs no handshake but for the one job
 *   that may be in fill() (`inflight`), and a new STREAMON may come while the worker still winds
 *   the old run down.
 *
 *   A job belongs to its buffer. If the buffer goes while the job is in flight, the job is
 *   orphaned: the worker frees it, and the memory with it, when fill() returns.
 *
 *   A quick run (capture_quick.c) is the loop's alone, and begins only while the worker is idle
 *   (`working`): `want` stays 0, no job is ever in flight between two turns of the loop, so there
 *   is nothing to wait for and nothing to orphan.
 */
#ifndef VMEDIA_V4L2_CAPTURE_H
#define VMEDIA_V4L2_CAPTURE_H

#include <pthread.h>

#include "v4l2/queue.h"

/*
 * At rest (its buffer is not ACTIVE), on `queued`, in fill() (`inflight`), or on `done`.
 */
struct vmedia_capture_job {
	struct vmedia_list node;
	bool orphan;
	struct vmedia_vbuf *vb;		/* the loop's; the worker never looks at it */
	uint32_t num_planes;
	struct vmedia_backing *mem[VMEDIA_MAX_PLANES];
	uint32_t length[VMEDIA_MAX_PLANES];
	/* Results */
	int err;
	uint64_t number, timestamp;
	uint32_t bytesused[VMEDIA_MAX_PLANES];
	uint32_t flags;
};

struct vmedia_capture {
	/* Constant */
	struct vmedia_queue *q;
	struct vmedia_loop *loop;
	const struct vmedia_capture_ops *ops;
	void *priv;
	struct vmedia_ctx *ctx;

	/* The loop's */
	bool thread_runs;
	pthread_t thread;
	struct vmedia_post post;
	bool paced;
	uint64_t last_run;		/* number of the last run that was begun */
	/* of a run without the worker, capture_quick.c: between start() and stop(); states */
	bool quick, live, due;
	struct vmedia_timer timer;
	struct vmedia_deferred turn;
	uint64_t number, when;

	/* Both threads', under lock */
	pthread_mutex_t lock;
	pthread_cond_t to_worker;	/* want, queued (when starving), quit */
	pthread_cond_t to_loop;		/* inflight became NULL */
	uint64_t want;			/* 0: stop */
	bool quit, starving;
	bool suspended;			/* the guest's memory is not to be written */
	bool working;			/* the worker is between start() and the end of stop() */
	struct vmedia_capture_mode mode;	/* of run `want` */
	struct vmedia_list queued, done;	/* done: never of a quick run */
	struct vmedia_capture_job *inflight;
	uint64_t started_run;		/* answer to start(): of which run, and what */
	int started_err;
	bool started_new;
	int end_err;			/* -ENODEV: the source is gone */
	uint64_t end_run;
	struct vmedia_capture_stats stats;

	/* The worker's, or of a quick run the loop's */
	struct vmedia_capture_mode cur;
	uint64_t run;
	unsigned int bad_frames;	/* in a row */
};

extern const struct vmedia_queue_impl vmedia_impl_capture;
int vmedia_capture_create(struct vmedia_queue *q);
void vmedia_capture_destroy(struct vmedia_queue *q);
/* @on: no fill() begins, and none is under way on return. Ends with !@on or the next start. */
void vmedia_capture_suspend(struct vmedia_queue *q, bool on);

void *vmedia_capture_thread(void *arg);
/* Call the source for @job, without the lock; results are in the job. Returns what it said. */
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

/* Context of the rest: the loop. */
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
/* Any thread: its buffer is gone. */
void vmedia_capture_job_drop(struct vmedia_capture_job *job);

#endif /* VMEDIA_V4L2_CAPTURE_H */
