/* SPDX-License-Identifier: BSD-3-Clause */
/* The OUTPUT side of a stream: a file's frames on their way to the device, and the drain. */
#ifndef VMEDIA_CTL_FEED_H
#define VMEDIA_CTL_FEED_H

#include "queue.h"
#include "source.h"

struct ctl_feed {
	struct ctl_queue q;
	struct ctl_source src;
	uint64_t sent;	  /* frames given to the device, numbered from 0 */
	uint64_t refused; /* came back with V4L2_BUF_FLAG_ERROR */
	uint64_t limit;	  /* frames to send; 0: the whole file */
	bool ended;	  /* the file, or the limit is reached */
	bool copies;	  /* the device copies timestamps to CAPTURE */
	/* after the end: the device drains, and its last buffer has V4L2_BUF_FLAG_LAST */
	bool draining;
	bool no_drain; /* after the end: the device has no command for it */
};

/*
 * All of these return 0; -EINTR without a line if a signal came; or negative errno or CTL_ERR_USAGE
 * after a line on standard error.
 */

/*
 * Get the format and open the file. @f is zero but for limit. The caller calls ctl_feed_finish() in
 * any case.
 */
int ctl_feed_init(struct ctl_feed *f, struct ctl *c);
/* Fill all buffers, start the OUTPUT queue. */
int ctl_feed_start(struct ctl_feed *f);
/* Take a buffer back, and send it again with the file's next frame. */
int ctl_feed_turn(struct ctl_feed *f);
/*
 * After the file's end: have the device return what it still has. CAPTURE streams. Does nothing if
 * the file goes on, and the second time.
 */
int ctl_feed_drain(struct ctl_feed *f);
void ctl_feed_finish(struct ctl_feed *f);

#endif /* VMEDIA_CTL_FEED_H */
