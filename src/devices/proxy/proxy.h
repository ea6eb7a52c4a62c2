/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The proxy: a V4L2 device of the host in the guest, as it is. The structures that its files share.
 *
 * Theory of operation
 *
 *   rules.c	the table: which ioctl may reach the host, and what of the guest's payload
 *   clean.c	what of a payload has no meaning to V4L2
 *   answer.c	what the host answers is checked against what it was asked
 *   call.c	one ioctl of the guest, from the loop to the host and back
 *   ask.c	a call of the host
 *   ctrls.c	ioctls with memory of their own: extended controls, EDID
 *   queue.c	REQBUFS, CREATE_BUFS, REMOVE_BUFS, STREAMON, STREAMOFF
 *   memory.c	which memory the host's queue has for the guest's
 *   refused.c	what the host does not take of it
 *   buffer.c	QUERYBUF, QBUF, PREPARE_BUF, EXPBUF, and mappings
 *   copy.c	copies between the host's buffers and the guest's, where they are not the same
 *   halt.c	queues that write the guest's pages, while the guest is stopped
 *   event.c	finished buffers and V4L2 events
 *   session.c	sessions: one open file of the host each
 *   restore.c	controls as before, after the last session
 *   watch.c	their jobs, and what wakes them
 *   host.c	the calls on the host's node
 *   device.c	the device; module.c its options
 *
 *   The state of formats, controls, queues and buffers is the host's driver's. The proxy keeps of a
 *   buffer only what it needs to translate: its memory, and whether it is the host's.
 *
 *   A guest's MMAP buffer is the host's buffer itself, exported as a dma-buf, which is mapped into
 *   region 0; nothing is copied. If the driver cannot export it, it is a memory file, and its bytes
 *   are copied. SHARED_PAGES are USERPTR of the host and objects DMABUF, if the driver takes them.
 *   Else they are copied from and to MMAP buffers of the host (memory.c).
 *
 *   Each ioctl of the host may block: most drivers take a lock that another handle holds while it
 *   waits for its hardware. So calls run as jobs on the session's worker, in order. QBUF and the
 *   calls that dequeue are made on the loop while none of this device's jobs runs: then none of our
 *   own calls holds such a lock, and a frame costs no thread switch.
 *
 *   A job touches its struct proxy_call or struct proxy_dequeue and the host's file. It reads the
 *   queues, which the loop changes only while no job of that session runs. It changes a queue whose
 *   memory the host refuses (refused.c), and what it counts of one (event.c, halt.c).
 *
 * Security model: the guest is hostile. Of its payload only what rules.c lets through reaches the
 * host, as numbers in a private copy: never a pointer, a descriptor or a reserved field. The host's
 * driver is trusted not to write beyond what an ioctl's number says, and with nothing else: counts,
 * indexes, lengths and states that it answers are checked before they are used. An answer that does
 * not fit is -EIO to the guest and a line in the log. The memory of a buffer can change while it is
 * copied; it is not looked at.
 */
#ifndef VMEDIA_DEVICES_PROXY_PROXY_H
#define VMEDIA_DEVICES_PROXY_PROXY_H

#include <stdatomic.h>
#include <vmedia/device.h>
#include <vmedia/list.h>
#include <vmedia/loop.h>
#include <vmedia/worker.h>

#include "host.h"

/*
 * What the guest cannot have: the media controller decides the pipeline of V4L2_CAP_IO_MC devices,
 * and the protocol carries none; it has neither read() and write() nor overlays. The last two say
 * something about VIDIOC_QUERYCAP, which the guest does not call.
 */
#define PROXY_HIDDEN_CAPS                                                             \
	(V4L2_CAP_IO_MC | V4L2_CAP_READWRITE | V4L2_CAP_ASYNCIO | V4L2_CAP_VIDEO_OVERLAY | \
	 V4L2_CAP_VIDEO_OUTPUT_OVERLAY | V4L2_CAP_DEVICE_CAPS)

/* What a program may say of the contents of a buffer that it queues. */
#define PROXY_CONTENT_FLAGS                                                      \
	(V4L2_BUF_FLAG_KEYFRAME | V4L2_BUF_FLAG_PFRAME | V4L2_BUF_FLAG_BFRAME |  \
	 V4L2_BUF_FLAG_TIMECODE | V4L2_BUF_FLAG_TSTAMP_SRC_MASK)

#define PROXY_TYPES (VMEDIA_BUF_TYPE_META_OUTPUT + 1) /* array of all buffer types */
/* Those whose files a slow driver still closes are more than the guest can open. */
#define PROXY_MOST_SESSIONS(limits) (2 * (limits)->max_sessions)

/*
 * How long the loop waits for the host's STREAMOFF before the guest's memory is anybody else's.
 * Drivers wait for their hardware in it: some seconds, if that does not answer (uvcvideo: 5).
 */
#define PROXY_HALT_MS 10000

#define PROXY_HELD 8 /* pieces of memory that the host may know of one plane */

struct proxy_session;
struct proxy_call;

/* ---- rules.c ---- */

struct proxy_span {
	uint16_t off, len;
};

struct proxy_rule {
	bool carried;
	bool quick; /* may run on the loop, see above */
	/* Where the payload has a buffer type, plus 1. One that is not served becomes 0. */
	uint16_t type_at;
	struct proxy_span zero[2]; /* what the host gets as zeros */
	/* Zero what has no meaning to V4L2, in the question and in the answer. */
	void (*clean)(union vmedia_payload *arg);
	/*
	 * Change the question in c->io, which is a copy of the guest's. An error is the answer, and
	 * the host is not asked. 1: c->io is the answer. Context: loop.
	 */
	int (*prepare)(struct proxy_call *c);
	/* Ask the host, by vmedia_proxy_ask() unless set. Context: the loop or a worker. */
	void (*run)(struct proxy_call *c);
	/*
	 * The host answered @err, and its answer in c->io fits the question; if it did not, @err is
	 * -EIO and c->io the question. Change c->io to what the guest gets, and return its errno.
	 * Called too if the guest is gone (!c->req). Context: loop.
	 */
	int (*done)(struct proxy_call *c, int err);
};

/* The rule of ioctl @nr, or NULL if it is not served. */
const struct proxy_rule *vmedia_proxy_rule(uint32_t nr);

/* ---- clean.c ---- */

void vmedia_proxy_clean_format(union vmedia_payload *arg);
void vmedia_proxy_clean_create_bufs(union vmedia_payload *arg);
void vmedia_proxy_clean_parm(union vmedia_payload *arg);
void vmedia_proxy_clean_tuner(union vmedia_payload *arg);
void vmedia_proxy_clean_modulator(union vmedia_payload *arg);
void vmedia_proxy_clean_timings(union vmedia_payload *arg);
void vmedia_proxy_clean_enum_timings(union vmedia_payload *arg);
/* Apply the rule to @arg. Returns false if its buffer type is not served. */
bool vmedia_proxy_clean(const struct proxy_rule *rule, const struct vmedia_ioctl_info *info,
			union vmedia_payload *arg);
bool vmedia_proxy_type_served(uint32_t type);
bool vmedia_proxy_type_is_output(uint32_t type);

/* ---- Buffers ---- */

struct proxy_plane {
	uint32_t length;	    /* bytes of the host's buffer */
	uint32_t host_offset;	    /* for mmap() of the node */
	uint32_t given;		    /* bytes of the guest's memory, not MMAP */
	uint64_t handle;	    /* the guest's userptr or fd of the last QBUF, not MMAP */
	struct vmedia_backing *mem; /* what the guest sees; not MMAP: from QBUF on */
	/* what the host may know, which stays mapped where it is */
	struct vmedia_backing *held[PROXY_HELD];
	bool copied;		    /* mem is not the host's buffer */
	void *map;		    /* the host's buffer, once it was copied from or to */
};

struct proxy_buf {
	uint32_t index, num_planes;
	bool queued; /* the host has it, or its DQBUF event is still to be sent */
	bool prepared;
	bool copies;	/* some plane is copied, or its pages cannot be seen as one piece */
	uint64_t order; /* of QBUF, in the session */
	uint32_t odd_flags; /* of QBUF, which the host does not get and the guest gets back */
	struct proxy_plane planes[VMEDIA_MAX_PLANES];
	int fd[VMEDIA_MAX_PLANES]; /* dma-bufs, until they are mapped; -1: none */
};

struct proxy_queue {
	uint32_t type;
	uint32_t memory; /* the guest's; 0: no buffers yet */
	atomic_uint host_memory; /* a job may change it while the loop looks (refused.c) */
	bool settled; /* the host has taken a buffer */
	bool streaming;
	uint32_t sequence;  /* that of the next buffer, if none is lost */
	uint32_t counted;   /* of these before the queue was halted, when the host began anew */
	bool copies;	    /* of some buffer */
	uint64_t bytes;	    /* of the host's buffers, counted in the device */
	uint32_t num_slots; /* of bufs */
	struct proxy_buf **bufs;
};

/* ---- One ioctl of the guest ---- */

struct proxy_call {
	struct vmedia_job job;
	struct proxy_session *ps;
	struct vmedia_request *req; /* NULL: the guest does not wait any more */
	const struct proxy_rule *rule;
	bool served;		   /* false: the host has no right answer but an errno */
	struct vmedia_ioctl asked; /* the question to the host; its ctrls are a copy too */
	struct vmedia_ioctl io;	   /* the question, then the answer */
	int err;
	uint8_t *memory; /* of controls or EDID, private */
	/* QBUF and its like */
	struct proxy_buf *buf;
	bool slow; /* it is a job, or, set by run() on the loop, must become one */
	uint32_t odd_flags; /* of the guest's, as in struct proxy_buf */
	bool told; /* it failed, and the host told which addresses it knows */
	uint64_t knows[VMEDIA_MAX_PLANES];
	/* REQBUFS, CREATE_BUFS: the new buffers */
	uint32_t guest_memory, host_memory;
	uint64_t bytes;
	bool freed; /* the host has freed the old ones, although it failed */
	uint32_t num_made;
	struct proxy_buf **made;
	/* Set by rule->done(): called after it, as run() is, and before the guest is answered. */
	void (*undo)(struct proxy_call *c);
};

/* ---- One buffer or event from the host ---- */

struct proxy_dequeue {
	struct vmedia_job job;
	uint32_t ready;	 /* EPOLLPRI, EPOLLIN, EPOLLOUT: what may have something */
	uint32_t latest; /* the type of the last buffer, so that types take turns */
	uint64_t copied;
	int err;	 /* of the host: the session is of no use any more */
	bool told_again; /* epoll reports once more what is left, so it need not be asked */
	bool vain;	 /* the host had nothing */
	bool full;	 /* evt has something for core */
	bool uncopied;	 /* its bytes are still to be copied to the guest */
	bool copying;	 /* the job may write the guest's own memory */
	struct vmedia_evt evt;
};

struct proxy_subscription {
	uint32_t type, id;
};

/* ---- Sessions ---- */

struct proxy_session {
	struct proxy *p;
	struct proxy_session *next;	/* p->sessions or p->idle */
	struct vmedia_session *session; /* NULL: core does not know it any more */
	struct vmedia_worker *worker;
	struct vmedia_job file_job; /* opens, and closes */
	int fd;			    /* of the host; -1: none */
	int open_err;
	bool open;	   /* it is watched, and jobs have it; fd is theirs before */
	bool closing;	   /* the close was submitted, and nothing else begins */
	bool closed;	   /* and it has ended */
	bool suspended;	   /* the guest's memory must not be written */
	bool halted;	   /* the host's queues that write it do not stream, unless stuck */
	bool stuck;	   /* the host has not returned from the job that halts or closes */
	bool halting;	   /* under p->halt_lock: that job has not run */
	unsigned int jobs; /* submitted and not done */
	struct vmedia_source source;
	uint32_t ready; /* as in struct proxy_dequeue */
	bool edge;	/* source tells of changes only */
	struct proxy_call call;
	struct proxy_dequeue dequeue;
	struct proxy_queue queues[PROXY_TYPES];
	uint64_t order; /* of the last QBUF */
	struct vmedia_job halt_job, restart_job;
	int halt_err, restart_err;
	uint32_t num_subs;
	struct proxy_subscription *subs;
};

struct proxy_saved; /* a control */

struct proxy {
	struct vmedia_device *dev;
	struct proxy_host host;
	struct proxy_node node;
	struct vmedia_capability cap; /* of the node when the device was made */
	struct proxy_session *sessions, *idle;
	unsigned int num_sessions; /* of both */
	unsigned int jobs;	   /* of all sessions */
	void (*recycle)(struct proxy_session *ps); /* vmedia_proxy_recycle() */
	atomic_uint_fast64_t bytes; /* of the host's buffers */
	/* For halt.c */
	uint32_t halt_ms; /* PROXY_HALT_MS, but for a test */
	pthread_mutex_t halt_lock;
	pthread_cond_t halt_ended;
	/* For restore.c, under the lock */
	bool restore;
	pthread_mutex_t restore_lock;
	unsigned int open_files;
	struct proxy_saved *saved;
	/* For answer.c */
	struct vmedia_cmd question, answer;
	uint8_t *wire;
};

/* The buffer, or NULL if the session has none of that index. */
static inline struct proxy_buf *vmedia_proxy_buf(struct proxy_session *ps, uint32_t type,
						 uint32_t index)
{
	struct proxy_queue *q = &ps->queues[type];

	return index < q->num_slots ? q->bufs[index] : NULL;
}

/* Bytes that a buffer of the queue can have in this plane. */
static inline uint32_t vmedia_proxy_room(const struct proxy_queue *q,
					 const struct proxy_plane *plane)
{
	return q->host_memory == VMEDIA_MEMORY_MMAP || !plane->given ? plane->length : plane->given;
}

struct proxy_options {
	const char *device; /* path of the node */
	int opener;	    /* as in struct proxy_node; taken over, and closed on errors, too */
	const struct vmedia_limits *limits;
	uint64_t region_size;
	bool restore;		       /* controls as before, after the last session */
	const struct proxy_host *host; /* of a test, or NULL */
};

/*
 * Returns 0; -ENOTTY if @opts->device is no V4L2 node; -ENOTSUP if it is one that the protocol has
 * no type for; errno of open() or VIDIOC_QUERYCAP; -ENOMEM. Context: the loop's thread, before the
 * loop runs.
 */
int vmedia_proxy_create(struct vmedia_loop *loop, const struct proxy_options *opts,
			struct vmedia_device **dev);

/* ---- session.c ---- */

int vmedia_proxy_open(struct vmedia_session *s);
int vmedia_proxy_closing(struct vmedia_session *s);
void vmedia_proxy_close(struct vmedia_session *s);
void vmedia_proxy_suspend(struct vmedia_session *s, bool on);
void vmedia_proxy_free_idle(struct proxy *p);
/* Core and the host have forgotten @ps: its structure serves the next session. */
void vmedia_proxy_recycle(struct proxy_session *ps);

/* ---- restore.c ---- */

/* The file of @ps was opened, or is about to be closed. Context: as the jobs. */
void vmedia_proxy_controls_opened(struct proxy_session *ps);
void vmedia_proxy_controls_closing(struct proxy_session *ps);

/* ---- watch.c ---- */

/* Begin @job; if no thread can be had, run it here, without a worker. */
void vmedia_proxy_submit(struct proxy_session *ps, struct vmedia_job *job);
/* Count one job less, and look for events. Call it last in the job's done(). */
void vmedia_proxy_job_done(struct proxy_session *ps);
/* Watch the host's file for what its streaming queues and subscriptions can have. */
void vmedia_proxy_watch(struct proxy_session *ps);
/* Watch the host's file for changes only, or for all that it has (watch.c). Context: loop. */
void vmedia_proxy_watch_edge(struct proxy_session *ps, bool on);
/*
 * Have each session look for V4L2 events: if its device is gone, the host answers -ENODEV, which
 * ends the session. A session may have a device that was plugged in later, and a driver may say
 * -ENODEV of something else.
 */
void vmedia_proxy_look(struct proxy *p);
/* End the session, whose device is of no use any more. If it is gone, the others look. */
void vmedia_proxy_failed(struct proxy_session *ps, int err);

/* ---- ask.c ---- */

int vmedia_proxy_host_call(struct proxy_session *ps, uint32_t nr, void *arg);
void vmedia_proxy_ask(struct proxy_call *c);
/* Log that the host's driver answered nonsense. Context: any thread. */
void vmedia_proxy_nonsense(struct proxy *p, const char *ioctl, const char *what, uint64_t got,
			   uint64_t limit);

/* ---- call.c ---- */

int vmedia_proxy_ioctl(struct vmedia_session *s, struct vmedia_request *req);

/* ---- answer.c ---- */

/*
 * Copy what an ioctl of this kind has, as *@to = *@from does. The structure has room for all kinds,
 * and a frame copies it seven times. The rest of @to stays as it is.
 */
void vmedia_proxy_copy_ioctl(struct vmedia_ioctl *to, const struct vmedia_ioctl *from);

/*
 * Check c->io, which the host answered with c->err, against c->asked. Returns c->err, with names in
 * c->io terminated; or -EIO if it does not fit. Context: loop.
 */
int vmedia_proxy_check(struct proxy_call *c);

/* ---- ctrls.c ---- */

int vmedia_proxy_ctrls_prepare(struct proxy_call *c);
void vmedia_proxy_ctrls_run(struct proxy_call *c);
int vmedia_proxy_ctrls_done(struct proxy_call *c, int err);
int vmedia_proxy_edid_prepare(struct proxy_call *c);
int vmedia_proxy_edid_done(struct proxy_call *c, int err);

/* ---- queue.c ---- */

int vmedia_proxy_reqbufs_prepare(struct proxy_call *c);
void vmedia_proxy_reqbufs_run(struct proxy_call *c);
int vmedia_proxy_reqbufs_done(struct proxy_call *c, int err);
int vmedia_proxy_create_bufs_prepare(struct proxy_call *c);
void vmedia_proxy_create_bufs_run(struct proxy_call *c);
int vmedia_proxy_create_bufs_done(struct proxy_call *c, int err);
int vmedia_proxy_remove_bufs_done(struct proxy_call *c, int err);
int vmedia_proxy_streamon_done(struct proxy_call *c, int err);
int vmedia_proxy_streamoff_done(struct proxy_call *c, int err);
/* Free all buffers of @q. Context: loop, or the job that closes. */
void vmedia_proxy_queue_clear(struct proxy_session *ps, struct proxy_queue *q);
/* Unmap the host's buffers of all queues. Context: as above. */
void vmedia_proxy_unmap_all(struct proxy_session *ps);

/* ---- memory.c ---- */

bool vmedia_proxy_is_m2m(const struct proxy *p);
/* The memory that the host's queue has for the guest's, if the driver has it. */
uint32_t vmedia_proxy_host_memory(const struct proxy *p, uint32_t type, uint32_t guest_memory);
/*
 * Ask with c->host_memory in *@memory of the question, and in *@asked of its copy. If the driver
 * has no such memory, ask with MMAP.
 */
void vmedia_proxy_ask_with_memory(struct proxy_call *c, uint32_t *memory, uint32_t *asked);
/* Ask the host what its buffer @index is. Returns 0, its errno, or -EIO. Context: as the jobs. */
int vmedia_proxy_query(struct proxy_session *ps, uint32_t type, uint32_t index,
		       struct proxy_buf *buf);
/* Have the memory of @buf in @b and @planes, as the host's queue has it. */
void vmedia_proxy_set_memory(const struct proxy_queue *q, const struct proxy_buf *buf,
			     struct vmedia_buffer *b, struct vmedia_plane *planes);
/* Queue a CAPTURE buffer once more. Context: as the jobs. */
int vmedia_proxy_requeue(struct proxy_session *ps, const struct proxy_queue *q,
			 const struct proxy_buf *buf);
/*
 * The host was given the memory of @buf, and may know it from now on. @taken: it took it, and has
 * forgotten what it had before. Context: loop.
 */
void vmedia_proxy_hold(struct proxy_buf *buf, bool taken);
/* Have c->told and c->knows, if the host tells. Context: as the jobs. */
void vmedia_proxy_ask_known(struct proxy_call *c);
/* The host knows these addresses of the planes of @buf, 0: none. Context: loop. */
void vmedia_proxy_hold_only(struct proxy_buf *buf, const uint64_t *addr);
/* True if it may know no more, since it has refused so much. */
bool vmedia_proxy_holds_all(const struct proxy_plane *plane);
void vmedia_proxy_drop_held(struct proxy_plane *plane);

/* ---- refused.c ---- */

/* True if the host has refused the memory in QBUF, and the queue can have buffers of the host. */
bool vmedia_proxy_is_refused(const struct proxy_call *c, const struct proxy_queue *q);
/*
 * Have MMAP in the host, and the question of @c anew. Returns 0; negative errno if the queue is as
 * it was; -EIO if it is of no use until STREAMOFF. Context: as the jobs.
 */
int vmedia_proxy_fall_back(struct proxy_call *c);

/* ---- halt.c ---- */

/*
 * Have the host write no page of the guest when this returns. If the host takes longer than
 * p->halt_ms for it, the session fails, and the host may go on writing.
 */
void vmedia_proxy_halt(struct proxy_session *ps);
/* Go on. */
void vmedia_proxy_restart(struct proxy_session *ps);
/* The buffer that the host has and that was queued first of those after @after, or NULL. */
struct proxy_buf *vmedia_proxy_next_queued(struct proxy_session *ps, const struct proxy_queue *q,
					   uint64_t after);
/* The job that halts or closes has run: the host writes no page any more. Context: that job. */
void vmedia_proxy_halt_ended(struct proxy_session *ps);
void vmedia_proxy_halt_init(struct proxy *p);
void vmedia_proxy_halt_finish(struct proxy *p);

/* ---- buffer.c ---- */

int vmedia_proxy_querybuf_prepare(struct proxy_call *c);
int vmedia_proxy_qbuf_prepare(struct proxy_call *c);
void vmedia_proxy_qbuf_run(struct proxy_call *c);
int vmedia_proxy_buffer_done(struct proxy_call *c, int err);
int vmedia_proxy_expbuf_prepare(struct proxy_call *c);
void vmedia_proxy_expbuf_run(struct proxy_call *c);
int vmedia_proxy_mmap(struct vmedia_session *s, uint32_t offset, struct vmedia_plane_map *map);
/*
 * Change the host's buffer @b with @planes to what the guest is told. Returns 0, or -EIO if it is
 * not what @buf can be.
 */
int vmedia_proxy_tell(struct proxy_session *ps, const struct proxy_queue *q,
		      const struct proxy_buf *buf, struct vmedia_buffer *b,
		      struct vmedia_plane *planes);

/* ---- copy.c ---- */

/*
 * Copy the contents of @buf to the host's buffer, or from it to the guest's memory. @used has the
 * bytes of each plane. Adds to *@copied. Returns 0 or -EIO. Context: as the jobs.
 */
int vmedia_proxy_copy(struct proxy_session *ps, struct proxy_buf *buf, bool to_host,
		      const uint32_t used[VMEDIA_MAX_PLANES], uint64_t *copied);
/* The same of an OUTPUT buffer, of which @b with @planes tells how much is used; counted. */
int vmedia_proxy_copy_to_host(struct proxy_session *ps, struct proxy_buf *buf,
			      const struct vmedia_buffer *b, const struct vmedia_plane *planes);

/* ---- event.c ---- */

bool vmedia_proxy_next_event(struct vmedia_session *s, struct vmedia_evt *evt);
int vmedia_proxy_subscribe_prepare(struct proxy_call *c);
int vmedia_proxy_subscribe_done(struct proxy_call *c, int err);
int vmedia_proxy_unsubscribe_done(struct proxy_call *c, int err);
/* Drop the event that waits for core, if it is a buffer of @type with an index in the range. */
void vmedia_proxy_drop_buffer(struct proxy_session *ps, uint32_t type, uint32_t first,
			      uint32_t count);
/* Have nobody write the guest's memory when this returns. */
void vmedia_proxy_stop_copies(struct proxy_session *ps);
void vmedia_proxy_dequeue_init(struct proxy_session *ps);

#endif /* VMEDIA_DEVICES_PROXY_PROXY_H */
