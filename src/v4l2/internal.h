/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside the framework: the structures its files share, and who does what.
 *
 *   video.c        creation, contexts, sessions, the pull of events, reset
 *   dispatch.c     one table: ioctl number -> handler
 *   pixfmt*.c      pixel formats: the table, layouts
 *   format.c       ENUM_FMT, G/S/TRY_FMT
 *   fit.c          fitting a wished format to what the device has
 *   frames.c       ENUM_FRAMESIZES, ENUM_FRAMEINTERVALS, G/S_PARM
 *   io.c           inputs, outputs, selections, crops, priority
 *   queue.c        a buffer queue's states; STREAMON, STREAMOFF; what devices ask of it
 *   bufs.c         REQBUFS, CREATE_BUFS, REMOVE_BUFS: buffers come and go
 *   qbuf.c         QUERYBUF, PREPARE_BUF, QBUF, EXPBUF and the dequeue
 *   copy.c         bytes between guest pages and private copies of them
 *   offsets.c      mem_offset <-> plane
 *   ctrl*.c        controls: the standard ones, values, ioctls
 *   event.c        subscriptions and their rings
 *   capture.c      frame sources: the loop's half; capture_worker.c: the thread's;
 *                  capture_quick.c: those that need no thread
 *   m2m.c          jobs and drains of codecs
 *
 * Security model: a request's structure is a private copy that core decoded and bounded; every
 * field of it is still the guest's choice. Handlers check each before use as an index, a size or a
 * type, and clear what V4L2 says is reserved.
 *
 * Context: the device's loop, unless said otherwise.
 */
#ifndef VMEDIA_V4L2_INTERNAL_H
#define VMEDIA_V4L2_INTERNAL_H

#include <vmedia/video.h>
#include <vmedia/m2m.h>

#include "base/list.h"
#include "base/log.h"
#include "base/loop.h"

#define VMEDIA_MAX_QUEUES	8
#define VMEDIA_MAX_RING		8	/* events that one subscription holds */

struct vmedia_file;
struct vmedia_offsets;

/* ---- Buffers ---- */

struct vmedia_vbuf {
	struct vmedia_buf b;		/* what the device sees; first */
	enum vmedia_buf_state state;
	bool prepared;			/* memory is resolved and ->buf_prepare() agreed */
	bool inited;			/* ->buf_init() was called */
	bool flushed;			/* what was written is in the guest's pages */
	bool requeued;			/* QBUF came for a PREPARED buffer */
	bool own_sequence;
	uint32_t min_length[VMEDIA_MAX_PLANES];
	uint32_t offset[VMEDIA_MAX_PLANES];	/* MMAP: mem_offset */
	uint64_t handle[VMEDIA_MAX_PLANES];	/* others: the driver's pointer or fd, echoed */
	uint64_t stamp;			/* order of completion, against events */
	struct vmedia_list node;	/* queue->queued or queue->done */
	struct vmedia_list ready;	/* m2m: ready list of the context */
	void *impl;			/* of the queue's implementation (capture: its job) */
	/* A copy that takes steps: how far it is, in which plane, and the QBUF that waits for it */
	struct vmedia_copy copy;
	uint32_t copy_plane;
	struct vmedia_request *copy_req;
	struct vmedia_list copying;	/* video->copies */
};

static inline struct vmedia_vbuf *vmedia_vbuf(struct vmedia_buf *b)
{
	return vmedia_container_of(b, struct vmedia_vbuf, b);
}

/* What stands behind a queue: the device's own vmedia_queue_ops, a capture source, or m2m. */
struct vmedia_queue_impl {
	void (*queue)(struct vmedia_vbuf *vb);
	int (*start)(struct vmedia_queue *q, uint32_t count);
	int (*stop)(struct vmedia_queue *q, bool final);
	void (*cleanup)(struct vmedia_vbuf *vb);
};

struct vmedia_queue {
	struct vmedia_ctx *ctx;
	const struct vmedia_queue_config *cfg;
	const struct vmedia_queue_impl *impl;
	uint32_t type, memories, ts_flags;
	bool output, mplane;

	struct vmedia_format fmt;
	const struct vmedia_format_config *fcfg;	/* NULL for VBI */
	const struct vmedia_pixfmt *pf;			/* NULL for data */
	const struct vmedia_frame_size *fsize;		/* NULL: none */
	struct vmedia_fract interval;			/* 0/0: none */

	/*
	 * The queue is busy while it has an owner: from the first REQBUFS or CREATE_BUFS to
	 * REQBUFS(0) or the session's end, whether or not REMOVE_BUFS left a buffer. Both are set
	 * by vmedia_queue_take() and cleared by vmedia_queue_clear() alone.
	 */
	struct vmedia_session *owner;
	uint32_t memory;		/* V4L2_MEMORY_*; 0: no owner */
	uint32_t max_bufs, num_bufs;
	struct vmedia_vbuf **bufs;	/* max_bufs entries, holes are NULL */
	struct vmedia_list queued;	/* QUEUED and ACTIVE, in the order of QBUF */
	struct vmedia_list done;	/* DONE and ERROR, in the order of completion */
	uint32_t num_queued, num_active;

	bool streaming;			/* STREAMON succeeded */
	bool started;			/* ->start() succeeded or is in progress */
	bool starting;			/* ->start() said -EINPROGRESS */
	bool stopping;			/* ->stop() said -EINPROGRESS */
	bool hold;			/* stopping waits for more than buffers (m2m: its job) */
	/* ->start() is about to be called: queued buffers are being handed over */
	bool handing;
	bool error;
	struct vmedia_request *req;	/* STREAMON or STREAMOFF that waits for the device */
	uint32_t sequence;
	/* buffers ever returned to the driver, for balance checks */
	struct vmedia_capture *cap;	/* capture implementation */
};

/* Is this queue any kind of picture queue? */
bool vmedia_queue_is_video(const struct vmedia_queue *q);
int vmedia_queue_init(struct vmedia_queue *q, struct vmedia_ctx *ctx,
		      const struct vmedia_queue_config *cfg);
void vmedia_queue_finish(struct vmedia_queue *q);
/* @s allocates buffers of @memory: the queue is busy, and its. */
void vmedia_queue_take(struct vmedia_queue *q, struct vmedia_session *s, uint32_t memory);
/* Stop it, free all buffers: the queue is nobody's. */
void vmedia_queue_clear(struct vmedia_queue *q);
/* @s ends: all that it owns goes. */
void vmedia_queue_release(struct vmedia_queue *q, struct vmedia_session *s);
/* May @s change the queue? 0 or -EBUSY. */
int vmedia_queue_check_owner(const struct vmedia_queue *q, const struct vmedia_session *s);
/* Give a QUEUED buffer to the device. */
void vmedia_queue_activate(struct vmedia_queue *q, struct vmedia_vbuf *vb);
/* The queue streams: tell the device, unless min_queued buffers are not there yet. */
int vmedia_queue_start(struct vmedia_queue *q);
/* STREAMOFF's way: 0, or -EINPROGRESS (not if @final). */
int vmedia_queue_cancel(struct vmedia_queue *q, bool final);
/* End a stop that waited, if nothing is left to wait for. */
void vmedia_queue_check_stopped(struct vmedia_queue *q);
/* One that @s may wait for at its end has stopped: is it the last? */
void vmedia_file_check_closing(struct vmedia_session *s);
/* Planes and their sizes by the present format; returns the number of planes. */
uint32_t vmedia_queue_plane_sizes(const struct vmedia_queue *q, uint32_t sizes[VMEDIA_MAX_PLANES]);
uint32_t vmedia_format_plane_sizes(const struct vmedia_format *fmt,
				   uint32_t sizes[VMEDIA_MAX_PLANES]);
/* A picture format's layout by its size and strides, sizes exact. 0, or -EINVAL and all zero. */
int vmedia_format_layout(const struct vmedia_format *fmt, const struct vmedia_pixfmt *pf,
			 struct vmedia_picture_layout *l);
/* What a buffer must have of each for the device to work in the present format. */
uint32_t vmedia_queue_plane_needs(const struct vmedia_queue *q, uint32_t sizes[VMEDIA_MAX_PLANES]);
/*
 * @vb, QUEUED or ACTIVE, is about to reach the device: true, or false if it is too small for the
 * present format and was given back with V4L2_BUF_FLAG_ERROR. Whoever hands a buffer to a source, a
 * codec or ->buf_queue() asks this just before, whatever was checked earlier.
 */
bool vmedia_vbuf_admit(struct vmedia_vbuf *vb);
uint32_t vmedia_queue_caps(const struct vmedia_queue *q);
/* Free buffers [@first, @first + @count) that are there. The queue stays busy. */
void vmedia_queue_free(struct vmedia_queue *q, uint32_t first, uint32_t count);
void vmedia_vbuf_drop_memory(struct vmedia_vbuf *vb);
/* The oldest DONE buffer leaves: state DEQUEUED, and told in @evt. */
void vmedia_queue_dequeue(struct vmedia_queue *q, struct vmedia_evt *evt);
/* Undo the preparation of a buffer that goes back to the driver without an event. */
void vmedia_vbuf_return(struct vmedia_vbuf *vb);

/* ---- Copies ---- */

void vmedia_copy_init(struct vmedia_video *v);
void vmedia_copy_finish(struct vmedia_video *v);
/* The buffer is about to be written: nothing of that is copied yet. */
void vmedia_copy_reset(struct vmedia_vbuf *vb);
/* Content for the device: 0, or -EINPROGRESS: vmedia_qbuf_copied() follows. */
int vmedia_copy_in(struct vmedia_vbuf *vb, struct vmedia_request *req);
/* Is all out that the device wrote? If not, the owner is woken when it is. */
bool vmedia_copy_out(struct vmedia_vbuf *vb);
/* The buffer goes elsewhere; a QBUF that waits is forgotten. */
void vmedia_copy_cancel(struct vmedia_vbuf *vb);
/* No copy of @ctx goes on; QBUFs that wait are broken off. */
void vmedia_copy_suspend(struct vmedia_ctx *ctx);
/* The rest of a QBUF whose content is there, or why it is not. Completes @req. */
void vmedia_qbuf_copied(struct vmedia_vbuf *vb, struct vmedia_request *req, int err);

/* ---- Offsets ---- */

int vmedia_offsets_create(struct vmedia_offsets **out);
void vmedia_offsets_destroy(struct vmedia_offsets *o);
/*
 * 0 with an offset that no plane of the device has, a multiple of 64 KiB; -ENOMEM when all 65535
 * are taken.
 */
int vmedia_offsets_add(struct vmedia_offsets *o, struct vmedia_vbuf *vb, uint32_t plane,
		       uint32_t *offset);
void vmedia_offsets_del(struct vmedia_offsets *o, uint32_t offset);
struct vmedia_vbuf *vmedia_offsets_find(const struct vmedia_offsets *o, uint32_t offset,
					uint32_t *plane);

/* ---- Controls ---- */

struct vmedia_ctrl {
	struct vmedia_ctx *ctx;
	struct vmedia_ctrl_config cfg;	/* name, type, flags, range filled in */
	uint32_t flags;			/* V4L2_CTRL_FLAG_* as QUERYCTRL reports them */
	uint32_t elem_size, elems, num_dims;
	bool is_ptr;			/* payload: string, array, compound */
	_Atomic int64_t cur;
	uint8_t *data;			/* is_ptr: elems * elem_size bytes */
	/* One call's working values. */
	int64_t new_val;
	uint8_t *new_data;
	bool is_new;			/* given by the caller */
	uint32_t what;			/* V4L2_EVENT_CTRL_CH_* that became of it */
	/* The cluster: a chain that begins with the master, which decides; see ctrl_cluster.c. */
	struct vmedia_ctrl *master, *next_member;
	bool is_auto, has_volatiles;	/* master */
	bool taken;			/* master: an entry of the call brought its cluster */
	int64_t manual;			/* master: the value that is not automatic */
};

struct vmedia_ctrls {
	struct vmedia_ctrl **v;		/* by ascending ID */
	unsigned int num, cap;
	int error;
};

/* What the kernel says of a standard control; NULL if it has none of that ID. */
struct vmedia_std_ctrl {
	uint32_t id;
	const char *name;
	uint16_t type, flags;
	const char *const *menu;
	uint8_t menu_len;
};
const struct vmedia_std_ctrl *vmedia_std_ctrl_find(uint32_t id);
const struct vmedia_std_ctrl *vmedia_std_ctrl_part(unsigned int part, unsigned int *count);
#define VMEDIA_STD_CTRL_PARTS 4
/* Bytes of a structure type, 0 for those that V4L2 does not know. */
uint32_t vmedia_ctrl_type_size(uint32_t type);

int vmedia_ctrls_init(struct vmedia_ctx *ctx);
/*
 * After the last vmedia_ctrl_add(): classes added, ->set() called with defaults. 0 or the sticky
 * error.
 */
int vmedia_ctrls_ready(struct vmedia_ctx *ctx);
void vmedia_ctrls_finish(struct vmedia_ctx *ctx);
/* All defaults again, by the way of ->set(). */
void vmedia_ctrls_reset(struct vmedia_ctx *ctx);
/*
 * The first control with an ID above @id for NEXT_CTRL (scalars) and NEXT_COMPOUND, as V4L2 walks
 * them.
 */
struct vmedia_ctrl *vmedia_ctrls_next(struct vmedia_ctx *ctx, uint32_t id, uint32_t flags);
uint32_t vmedia_ctrl_user_flags(const struct vmedia_ctrl *c);
uint32_t vmedia_ctrl_bytes(const struct vmedia_ctrl *c);
/* Round and check @v: 0, -ERANGE, -EINVAL. */
int vmedia_ctrl_check(const struct vmedia_ctrl *c, struct vmedia_ctrl_value *v);
bool vmedia_ctrl_range_ok(const struct vmedia_ctrl_config *c);
void vmedia_ctrl_fill_default(const struct vmedia_ctrl *c, uint8_t *data);
/* Read the present value, volatile ones from the device: into new_val / new_data. */
int vmedia_ctrl_fetch(struct vmedia_ctrl *c);

/*
 * A change of a cluster: begin; vmedia_cluster_value() if the master is to get @value (the members
 * may then be what the hardware had chosen); new_val or new_data and is_new of what is given; try,
 * which rounds, checks and asks ->try_value(); commit, which calls ->set() unless nothing changed,
 * makes it current, and sends events to all but @from, who knows.
 */
void vmedia_cluster_begin(struct vmedia_ctrl *master);
void vmedia_cluster_value(struct vmedia_ctrl *master, int64_t value);
int vmedia_cluster_try(struct vmedia_ctrl *master);
int vmedia_cluster_commit(struct vmedia_ctrl *master, struct vmedia_file *from);
/* ->set() of what is current. */
void vmedia_cluster_announce(struct vmedia_ctrl *master);
void vmedia_ctrl_event(const struct vmedia_ctrl *c, uint32_t changes, struct vmedia_event *ev);

/* ---- Contexts, sessions, events ---- */

struct vmedia_waiting {
	struct vmedia_event ev;
	uint64_t stamp;
	struct vmedia_list node;	/* file->events */
};

struct vmedia_subscription {
	struct vmedia_list node;	/* file->subs */
	uint32_t type, id, flags;
	unsigned int elems, first, used;
	struct vmedia_waiting ring[];
};

struct vmedia_file {
	struct vmedia_session *s;
	struct vmedia_ctx *ctx;
	struct vmedia_list node;	/* ctx->files */
	struct vmedia_list subs, events;
	unsigned int num_subs, num_events;
	uint32_t sequence;
	uint32_t prio;			/* V4L2_PRIORITY_* */
	bool closing;			/* CLOSE waits for queues to stop */
};

struct vmedia_m2m {
	const struct vmedia_m2m_ops *ops;
	struct vmedia_queue *src, *dst;
	struct vmedia_list src_ready, dst_ready;
	bool running, waiting;		/* a job runs; in the device's list of ready contexts */
	bool suspended;			/* the guest's memory is not to be written */
	/* Ends of streams: m2m_drain.c */
	bool draining, drained, changed, ended, last_pending;
	struct vmedia_vbuf *last_src;	/* the newest that CMD_STOP saw, until it is done with */
	struct vmedia_list node;	/* video->jobs */
	struct vmedia_ctx *ctx;
};

struct vmedia_ctx {
	struct vmedia_video *v;
	struct vmedia_session *s;	/* per session */
	void *priv;
	bool inited;
	struct vmedia_queue *queues[VMEDIA_MAX_QUEUES];
	unsigned int num_queues;
	struct vmedia_ctrls ctrls;
	struct vmedia_list files;
	uint32_t input, output;
	struct vmedia_m2m *m2m;
	bool suspended;			/* the guest's memory is not to be written */
};

struct vmedia_video {
	struct vmedia_device *dev;
	struct vmedia_loop *loop;
	struct vmedia_video_config cfg;
	const struct vmedia_video_ops *ops;	/* never NULL */
	struct vmedia_ctx *shared;	/* NULL if per_session */
	struct vmedia_offsets *offsets;
	uint64_t stamp;
	uint32_t num_prio[4];
	const struct vmedia_video_io *inputs, *outputs;
	unsigned int num_inputs, num_outputs;
	struct vmedia_list jobs;	/* m2m contexts that are ready, oldest first */
	unsigned int num_jobs;
	bool scheduling;		/* jobs are being started, or none may be */
	struct vmedia_list copies;	/* buffers whose copy goes on, each a step in its turn */
	struct vmedia_deferred copier;
	struct vmedia_deferred turn;	/* m2m: due, no job begins before the end of the round */
};

struct vmedia_file *vmedia_file_of(const struct vmedia_session *s);
void vmedia_file_release_events(struct vmedia_file *f);
void vmedia_file_event(struct vmedia_file *f, const struct vmedia_event *ev);
void vmedia_file_pull(struct vmedia_file *f, struct vmedia_evt *evt);
uint64_t vmedia_file_event_stamp(const struct vmedia_file *f);
void vmedia_ctx_event_but(struct vmedia_ctx *ctx, const struct vmedia_event *ev,
			  const struct vmedia_file *but);
/* 0, or -EBUSY if another session's priority forbids @f to change things. */
int vmedia_prio_check(const struct vmedia_file *f);

/* ---- Formats ---- */

const struct vmedia_format_config *vmedia_queue_find_format(struct vmedia_queue *q,
							    uint32_t pixelformat, bool all);
int vmedia_format_fit(struct vmedia_queue *q, struct vmedia_format *fmt,
		      const struct vmedia_format_config **f, const struct vmedia_frame_size **size);
int vmedia_queue_default_format(struct vmedia_queue *q);
void vmedia_format_apply(struct vmedia_queue *q, const struct vmedia_format *fmt,
			 const struct vmedia_format_config *f,
			 const struct vmedia_frame_size *size);
struct vmedia_fract vmedia_interval_fit(const struct vmedia_frame_size *size,
					struct vmedia_fract want);
/* Size @w x @h of @f: the entry that has it, or NULL. */
const struct vmedia_frame_size *vmedia_frame_size_exact(const struct vmedia_format_config *f,
							uint32_t w, uint32_t h);
uint32_t vmedia_format_pixelformat(const struct vmedia_queue *q, const struct vmedia_format *fmt);

/* ---- Implementations of queues ---- */

extern const struct vmedia_queue_impl vmedia_impl_plain, vmedia_impl_capture, vmedia_impl_m2m;
int vmedia_capture_create(struct vmedia_queue *q);
void vmedia_capture_destroy(struct vmedia_queue *q);
/* @on: no fill() begins, and none is under way on return. Ends with !@on or the next start. */
void vmedia_capture_suspend(struct vmedia_queue *q, bool on);
int vmedia_m2m_create(struct vmedia_ctx *ctx);
/* Its queues are there: find the two. -EINVAL. */
int vmedia_m2m_bind(struct vmedia_ctx *ctx);
/* @vb is done with, one way or the other. */
void vmedia_m2m_left(struct vmedia_vbuf *vb);
/*
 * @on: no job begins, the one under way writes no more on return, and what it finishes waits here;
 * !@on: it goes out, and jobs begin again.
 */
void vmedia_m2m_suspend(struct vmedia_ctx *ctx, bool on);
/* The turns of @v's sessions, from its creation to its end. */
void vmedia_m2m_init_turns(struct vmedia_video *v);
void vmedia_m2m_finish_turns(struct vmedia_video *v);
/* The session ends, before its queues stop. */
void vmedia_m2m_release(struct vmedia_ctx *ctx);
void vmedia_m2m_destroy(struct vmedia_ctx *ctx);

/* ---- Handlers of ioctls: (file, request) -> errno ---- */

#define VMEDIA_HANDLER(name) int vmedia_do_##name(struct vmedia_file *f, struct vmedia_request *req)
VMEDIA_HANDLER(enum_fmt);
VMEDIA_HANDLER(g_fmt);
VMEDIA_HANDLER(s_fmt);
VMEDIA_HANDLER(try_fmt);
VMEDIA_HANDLER(enum_framesizes);
VMEDIA_HANDLER(enum_frameintervals);
VMEDIA_HANDLER(g_parm);
VMEDIA_HANDLER(s_parm);
VMEDIA_HANDLER(enuminput);
VMEDIA_HANDLER(g_input);
VMEDIA_HANDLER(s_input);
VMEDIA_HANDLER(enumoutput);
VMEDIA_HANDLER(g_output);
VMEDIA_HANDLER(s_output);
VMEDIA_HANDLER(g_selection);
VMEDIA_HANDLER(s_selection);
VMEDIA_HANDLER(cropcap);
VMEDIA_HANDLER(g_crop);
VMEDIA_HANDLER(s_crop);
VMEDIA_HANDLER(g_priority);
VMEDIA_HANDLER(s_priority);
VMEDIA_HANDLER(reqbufs);
VMEDIA_HANDLER(create_bufs);
VMEDIA_HANDLER(remove_bufs);
VMEDIA_HANDLER(querybuf);
VMEDIA_HANDLER(prepare_buf);
VMEDIA_HANDLER(qbuf);
VMEDIA_HANDLER(expbuf);
VMEDIA_HANDLER(streamon);
VMEDIA_HANDLER(streamoff);
VMEDIA_HANDLER(queryctrl);
VMEDIA_HANDLER(query_ext_ctrl);
VMEDIA_HANDLER(querymenu);
VMEDIA_HANDLER(g_ctrl);
VMEDIA_HANDLER(s_ctrl);
VMEDIA_HANDLER(g_ext_ctrls);
VMEDIA_HANDLER(s_ext_ctrls);
VMEDIA_HANDLER(try_ext_ctrls);
VMEDIA_HANDLER(subscribe);
VMEDIA_HANDLER(unsubscribe);
VMEDIA_HANDLER(codec_cmd);

/* The table of handlers, with the hooks around it. */
int vmedia_video_ioctl(struct vmedia_file *f, struct vmedia_request *req);
/* The device's ->ioctl(), or -ENOTTY. */
int vmedia_do_fallback(struct vmedia_file *f, struct vmedia_request *req);

#endif /* VMEDIA_V4L2_INTERNAL_H */
