/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A memory-to-memory device whose memory is taken away while a job runs. Jobs run on a worker and
 * wait there for the test's word, `go`: nothing is decided by how long anything takes.
 */
#ifndef VMEDIA_TESTS_V4L2_JOBS_H
#define VMEDIA_TESTS_V4L2_JOBS_H

#include "base/fd.h"
#include "rig.h"

#include <semaphore.h>
#include <stdatomic.h>
#include <vmedia/worker.h>

#define OUT V4L2_BUF_TYPE_VIDEO_OUTPUT
#define CAP V4L2_BUF_TYPE_VIDEO_CAPTURE
#define MMAP V4L2_MEMORY_MMAP
#define PAGES V4L2_MEMORY_USERPTR
#define SIZE 256
#define MARK 0x5a			/* what the guest uses its pages for meanwhile */

/*
 * What job_wait() does with a job that has begun: let it write; that, and end it; nothing, as if it
 * took too long. One that has not begun it takes back.
 */
enum jobs_wait { WRITTEN, ENDED, GIVEN_UP };

struct jobs_task {
	struct vmedia_job job;
	struct vmedia_ctx *ctx;		/* NULL: orphaned */
	struct vmedia_backing *mem;	/* what the worker writes, with its reference */
};

struct jobs {
	struct vmedia_worker *worker;
	struct jobs_task *running;
	sem_t in_job, go;
	enum jobs_wait wait;
	unsigned int begun, waits, taken_back, orphans, ends, stops;
	uint64_t until;
	atomic_uint writes, errors;
};

extern struct jobs jobs;
extern const struct vmedia_video_config jobs_device;

/* At rig_new()'s level: what the framework or core takes for a bug of the device. */
void jobs_on_log(void *opaque, int level, const char *msg);
void jobs_wait_for(sem_t *sem);
struct rig *jobs_rig_of(const struct vmedia_video_config *cfg, enum jobs_wait how);
struct rig *jobs_rig(enum jobs_wait how);
void jobs_end(struct rig *r);
/*
 * Both queues stream and have @n buffers each: the first job waits for `go`. @cut: guest pages are
 * in two pieces that are not one.
 */
void jobs_begin(struct rig *r, uint32_t s, uint32_t memory, bool cut, uint32_t n);
/* The command queue stops. */
void jobs_stop(struct rig *r);
/* The guest uses its pages for something else; are they as it left them? */
void jobs_mark(struct rig *r);
bool jobs_marked(const struct rig *r);
/* The worker's word about @ends jobs reaches the loop. */
void jobs_await(struct rig *r, unsigned int ends);
/* The events of OUTPUT and CAPTURE buffer @index, in any order. */
void jobs_expect(struct rig *r, uint32_t index);

#endif
