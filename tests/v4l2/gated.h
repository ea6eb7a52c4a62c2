/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A camera whose source waits for the test wherever the test says so: nothing is decided by how
 * long anything takes.
 */
#ifndef VMEDIA_TESTS_V4L2_GATED_H
#define VMEDIA_TESTS_V4L2_GATED_H

#include "rig.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#define CAP V4L2_BUF_TYPE_VIDEO_CAPTURE
#define MMAP V4L2_MEMORY_MMAP

struct gated {
	atomic_int start_err, fill_err, next_err;
	atomic_int then_err;			/* fill_err after one more fill(), if not 0 */
	atomic_bool gate_fill, gate_next;	/* wait for `go` in there */
	bool quick;				/* no mode needs the worker */
	pthread_t filler;			/* the thread of the last fill() */
	atomic_uint starts, stops, fills, skips, cancels, brightness, bytesused;
	unsigned int stops_at_end;		/* stops when context_fini() was called */
	sem_t go, in_fill, in_next;
	struct vmedia_frame last;
	struct vmedia_capture_mode mode;
};

extern struct gated src;

/* A rig: 0 a source without next(), 1 with, 2 multi-planar. */
struct rig *gated_start(int which);
struct vmedia_queue *gated_the_queue(struct rig *r);
void gated_wait_for(sem_t *sem);
/* @n MMAP buffers, all queued. */
void gated_queue_all(struct rig *r, uint32_t n);
/* S_PARM: @seconds between frames; 1/1000 of one at first, and for 0. */
void gated_interval(struct rig *r, uint32_t seconds);
/* CLOCK_MONOTONIC in the microseconds of a buffer's timestamp; and that of @b. */
uint64_t gated_now_us(void);
uint64_t gated_time_us(const struct vmedia_buffer *b);
/* A quick run, paced: the time of its next frame has come. Returns that time, in microseconds. */
uint64_t gated_due_now(struct rig *r);
/* What was published before STREAMOFF's answer is there; after it nothing comes. */
void gated_no_more(struct rig *r);
/* Offer STREAMON or STREAMOFF without waiting; then its answer. */
struct harness_req *gated_offer(struct rig *r, uint32_t nr, struct vmedia_cmd *cmd);
int gated_await(struct rig *r, struct harness_req *req, struct vmedia_cmd *cmd);

#endif
