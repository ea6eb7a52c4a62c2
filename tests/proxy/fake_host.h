/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A host below the proxy that a test writes: its driver answers what the test says.
 *
 * It is a camera with one queue of each kind, for each open file. Calls come from workers and from
 * the loop, one at a time.
 */
#ifndef VMEDIA_TESTS_PROXY_FAKE_HOST_H
#define VMEDIA_TESTS_PROXY_FAKE_HOST_H

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <linux/videodev2.h>
#include <vmedia/log.h>

#include "harness.h"
#include "proxy.h"

#define HOST_FILES   256
#define HOST_BUFFERS 8
#define HOST_LENGTH  8192u
#define HOST_DEFAULT 1 /* of a script: answer as an honest driver */
#define HOST_CLOSE   VMEDIA_NR_END /* to block close() */

struct fake_file {
	bool open, gone; /* gone: unplugged */
	bool queued[PROXY_TYPES][HOST_BUFFERS];
	bool streaming[PROXY_TYPES];
	uint32_t count[PROXY_TYPES];
	uint32_t memory[PROXY_TYPES];
	union {
		uint64_t userptr;
		int32_t fd;
	} m[PROXY_TYPES][HOST_BUFFERS]; /* of the first plane */
	unsigned int queued_as[PROXY_TYPES][HOST_BUFFERS]; /* f->qbufs then */
	struct vmedia_buffer given[PROXY_TYPES][HOST_BUFFERS]; /* of the last QBUF */
	int done_type, done_index; /* -1: none */
	uint32_t events; /* what poll() would say, until it is asked */
	unsigned int pending; /* V4L2 events */
	struct vmedia_buffer last; /* as the last QBUF had it */
};

struct fake_host;
/* Called under lock before the fake answers. Returns HOST_DEFAULT, or the answer. */
typedef int fake_script_fn(struct fake_host *f, uint32_t nr, void *arg);

struct fake_host {
	struct proxy_host host;
	struct harness h;
	struct vmedia_device *dev;
	pthread_mutex_t lock;
	pthread_cond_t turn;
	struct fake_file file[HOST_FILES];
	int memory[HOST_BUFFERS]; /* memory files, of all queues */
	unsigned int opens, closes, calls, dqbufs, maps, unmaps;
	unsigned int reports; /* how often events were asked for */
	uint32_t blocked; /* ioctl that waits until fake_release(); 0: none */
	bool waiting;	  /* it does */
	pthread_t loop_thread;
	unsigned int stopped_loop; /* calls on the loop meanwhile */
	int open_err, expbuf_err;
	uint32_t memories; /* bits V4L2_MEMORY_*, those that it has beside MMAP */
	int memory_err;	   /* of QBUF with such memory */
	int late_err;	   /* the same, when it knows the memory */
	unsigned int qbufs, streamoffs;
	uint32_t caps;
	uint32_t bytesused;
	unsigned int planes;
	fake_script_fn *script;
	uint32_t last_nr;
	union vmedia_payload last_arg; /* of the last call but DQBUF and DQEVENT */
};

struct fake_host *fake_host_new(const struct vmedia_limits *limits);
/* A device of other capabilities than a camera's. */
struct fake_host *fake_host_new_caps(const struct vmedia_limits *limits, uint32_t caps);
/* With --restore. */
struct fake_host *fake_host_new_restored(void);
void fake_host_end(struct fake_host *f);

/* A command and its answer; waits for jobs. As harness_cmd(). */
int ask(struct fake_host *f, struct vmedia_cmd *cmd);
int ask_ioctl(struct fake_host *f, uint32_t session, uint32_t nr, union vmedia_payload *arg);
int ask_open(struct fake_host *f, uint32_t *session);
int ask_close(struct fake_host *f, uint32_t session);
/* Step until @req came back. */
void wait_for(struct fake_host *f, struct harness_req *req);
/* Step until there is an event: as harness_event(). */
int next_event(struct fake_host *f, struct vmedia_evt *evt);
/* Step until @*value is @wanted, which jobs change. */
void wait_until(struct fake_host *f, const unsigned int *value, unsigned int wanted);

int reqbufs(struct fake_host *f, uint32_t session, uint32_t type, uint32_t memory, uint32_t *count);
int qbuf(struct fake_host *f, uint32_t session, uint32_t type, uint32_t index, uint32_t memory,
	 const struct vmedia_sg *sg, uint32_t length);
int stream(struct fake_host *f, uint32_t session, uint32_t type, bool on);

/* The host: buffer @index of @type is finished. */
void fake_done(struct fake_host *f, unsigned int file, uint32_t type, uint32_t index);
/* True while the host may write buffers of this queue. */
bool fake_streams(struct fake_host *f, unsigned int file, uint32_t type);
/* epoll reports @events, EPOLLERR each time until the next buffer, but there is nothing. */
void fake_empty(struct fake_host *f, unsigned int file, uint32_t events);
void fake_event_pending(struct fake_host *f, unsigned int file);
void fake_unplug(struct fake_host *f, unsigned int file);
/* What the host answers from now on. NULL: as an honest driver. */
void fake_script(struct fake_host *f, fake_script_fn *script);
void fake_block(struct fake_host *f, uint32_t nr);
/* Wait until the ioctl that was to be blocked is. */
void fake_wait_blocked(struct fake_host *f);
void fake_release(struct fake_host *f);

#endif
