/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Writes the pictures of a source of the camera into the slots of a publisher, by the clock.
 *
 * Theory of operation: one job of a worker makes one picture. It waits for the picture's time, and
 * calls the source, which may take long. When it is done, the loop publishes the slot, takes the
 * next one and submits the job again. The times are absolute, so the clock does not drift. A source
 * that takes longer than an interval loses the pictures in between; their numbers are missing.
 *
 * A live source has its own times, and the job waits for its next picture. If none comes for a
 * while, the subscribers are told, and the next job goes on waiting.
 *
 * After the last subscriber has stopped, the job is told to end, and when it has, the source is
 * stopped. A source that fails is told to the subscribers, and started again after a second.
 *
 * Context: the loop's thread.
 */
#ifndef VMEDIA_SOURCE_PRODUCER_H
#define VMEDIA_SOURCE_PRODUCER_H

#include <stdbool.h>
#include <vmedia/camera.h>
#include <vmedia/share.h>
#include <vmedia/worker.h>

#include "options.h"

struct source_producer {
	struct vmedia_loop *loop;
	struct vmedia_camera_source *source;
	struct vmedia_camera_format format;
	struct vmedia_fract interval;
	uint64_t interval_ns;
	struct vmedia_publisher *pub;
	struct vmedia_worker *worker;
	struct vmedia_timer again;	/* after a failure */
	bool wanted;			/* somebody streams */
	bool busy;			/* the job belongs to the worker */
	/* Of the job while it is busy */
	struct vmedia_job job;
	bool started;			/* the source is */
	void *slot;
	uint64_t epoch, number;		/* time of picture 0; number of the next one */
	uint64_t when;			/* result: time of the picture */
	size_t bytes;			/* result: its size */
	int err;			/* result */
};

/*
 * source_producer_open - open the source, and choose the format that is shared
 *
 * Returns 0, or negative errno with a sentence in @why if the user can correct the error. @p must
 * be zeroed.
 */
int source_producer_open(struct source_producer *p, struct vmedia_loop *loop,
			 const struct source_options *o, char *why, size_t size);

/* Publish it on @listen_fd. Returns 0 or negative errno. */
int source_producer_publish(struct source_producer *p, int listen_fd,
			    const struct source_options *o);

/* Free all. Does nothing if it was not opened. */
void source_producer_finish(struct source_producer *p);

#endif /* VMEDIA_SOURCE_PRODUCER_H */
