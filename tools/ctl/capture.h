/* SPDX-License-Identifier: BSD-3-Clause */
/* The CAPTURE side of a stream: frames on their way from the device to the outputs, counted. */
#ifndef VMEDIA_CTL_CAPTURE_H
#define VMEDIA_CTL_CAPTURE_H

#include "queue.h"
#include "sink.h"

/* A frame counts as dropped when the device's sequence number skips it. */
struct ctl_capture {
	struct ctl_queue q;
	struct ctl_sink sink;
	bool sink_open;
	uint64_t seen, kept, dropped, errors;
	bool ended;	 /* by the device: V4L2_BUF_FLAG_LAST */
	uint64_t number; /* of the newest frame: its timestamp in seconds, see ctl_queue_put() */
	uint32_t pixelformat; /* that the user chose; 0: none */
	uint32_t last_sequence;
	double first_time, last_time, shown_time;
	uint64_t shown_frames;
	double shown_rate;
};

/* Seconds of CLOCK_MONOTONIC. */
double ctl_now(void);

/* Get the format. Returns 0, or negative errno after a line on standard error. */
int ctl_capture_init(struct ctl_capture *cap, struct ctl *c);
/*
 * Open the outputs, request buffers of the present format, start the queue. After a change of the
 * source this gives up the old buffers first. Returns 0, or negative errno or CTL_ERR_USAGE after a
 * line on standard error. The caller calls ctl_capture_close() and _finish() in any case.
 */
int ctl_capture_start(struct ctl_capture *cap);
/*
 * Take one frame, write it, give its buffer back. Also returns, without a line, -EINTR if a signal
 * came while writing.
 */
int ctl_capture_turn(struct ctl_capture *cap);
/* Close the outputs and restore the terminal. Returns as ctl_sink_close(). */
int ctl_capture_close(struct ctl_capture *cap, int ret);
void ctl_capture_finish(struct ctl_capture *cap);

#endif /* VMEDIA_CTL_CAPTURE_H */
