/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The parts of the user-space driver and their state. The interface is <vmedia/driver.h>.
 *
 *	arena.c		guest RAM: a memory file, and which of its pages are in use
 *	pages.c		SHARED_PAGES memory of the program: allocation, SG entries, pins
 *	lists.c		SG lists of buffers, kept in guest RAM
 *	region.c	shared memory region 0: maps of the device, mappings of the program
 *	object.c	virtio objects
 *	queue.c		both rings: publish, kick, sleep, take back
 *	command.c	commands: slot, question, answer, time-out, quarantine
 *	completion.c	done() of vmedia_submit(), and the time of its call
 *	event.c		the device's events: their buffers, checks, delivery
 *	session.c	open, close, poll
 *	stream.c	the mirror of every buffer queue, for checks of answers and events
 *	bufs.c		QUERYBUF, QBUF, PREPARE_BUF
 *	ioctl.c		V4L2's structures to questions, answers to V4L2's structures
 *	controls.c	the payloads of extended controls
 *	connect.c	vhost-user: connect, negotiate, start
 *
 * Ownership of memory that the device can write
 *
 *   A command slot or event buffer belongs to the device from vmedia_vqr_add() to
 *   vmedia_vqr_get_used(). A command without an answer in time loses its caller (state LOST,
 *   quarantine), but keeps its memory until the device returns it. Pages of a SHARED_PAGES buffer
 *   are pinned from the question of QBUF to the DQBUF event, or to the answer of STREAMOFF, REQBUFS
 *   or CLOSE. The SG lists of such pages stay until neither their buffer nor a command in the ring
 *   uses them. The driver never reads such memory twice: it copies answers and events first.
 *
 * Context: one thread at a time, the program's.
 */
#ifndef VMEDIA_DRIVER_INTERNAL_H
#define VMEDIA_DRIVER_INTERNAL_H

#include <vmedia/driver.h>

#include "base/checked.h"
#include "base/fd.h"
#include "base/list.h"
#include "base/log.h"
#include "base/spin.h"
#include "virtq/drv.h"

/* Address of guest RAM. Not 0, so that an address that was not set is noticed. */
#define VMEDIA_DRV_GPA		0x40000000ull
#define VMEDIA_DRV_PAGE		4096u	/* of guest RAM */
#define VMEDIA_DRV_MAX_FILES	4096
#define VMEDIA_DRV_FILE_HASH	256
#define VMEDIA_DRV_MAX_BUFS	1024	/* buffers in one queue; more are refused */
#define VMEDIA_DRV_MAX_EVENTS	256	/* V4L2 events not yet dequeued in one session */
#define VMEDIA_DRV_MAX_SUBS	512	/* event subscriptions of one session */
#define VMEDIA_DRV_MAX_MAPS	4096	/* pieces of region 0 */
#define VMEDIA_DRV_MAX_OBJECTS	256
#define VMEDIA_DRV_MAX_CTRL_BYTES (1u << 20)	/* payloads of one ext controls call */
#define VMEDIA_DRV_SLOTS	64	/* commands under way */
#define VMEDIA_DRV_SLOT_REQ	4096	/* longer questions get separate pages */
#define VMEDIA_DRV_SLOT_RESP	4096
#define VMEDIA_DRV_EVENT_STRIDE	640
#define VMEDIA_DRV_EVENTQ_BUFS	32
#define VMEDIA_DRV_MAX_TYPE	14	/* highest V4L2 buffer type */
#define VMEDIA_DRV_PUMPS	1000	/* with hooks: pump() calls before a wait times out */
#define VMEDIA_DRV_SPIN_NS	10000	/* time that a wait polls the rings before it sleeps */

/* Hooks for tests and the fuzz target, which run the other end in this thread. */
struct vmedia_drv_hooks {
	/* called instead of sleeping; negative: nothing more will come */
	int (*pump)(void *opaque);
	/* called instead of polling by time before a sleep; false: stop polling */
	bool (*spin)(void *opaque);
	void (*kick)(void *opaque, unsigned int q);	/* instead of the eventfd; or NULL */
	void *opaque;
};

/* ---- arena.c ---- */

struct vmedia_arena {
	int fd;
	uint8_t *base;
	uint64_t size, pages, free, hint;
	uint64_t *used;		/* one bit for each page */
};

int vmedia_arena_init(struct vmedia_arena *a, uint64_t size);
void vmedia_arena_fini(struct vmedia_arena *a);
/* Allocate @n contiguous pages, zeroed. Returns 0 and the number of the first, or -ENOMEM. */
int vmedia_arena_alloc(struct vmedia_arena *a, uint64_t n, uint64_t *first);
void vmedia_arena_free(struct vmedia_arena *a, uint64_t first, uint64_t n);

static inline void *vmedia_arena_ptr(const struct vmedia_arena *a, uint64_t page)
{
	return a->base + page * VMEDIA_DRV_PAGE;
}

static inline uint64_t vmedia_arena_gpa(const struct vmedia_arena *a, uint64_t page)
{
	return VMEDIA_DRV_GPA + page * VMEDIA_DRV_PAGE;
}

/* ---- pages.c ---- */

struct vmedia_pages {
	struct vmedia_list node;
	uint8_t *ptr;
	size_t npages;
	uint64_t first;		/* contiguous: first page */
	uint32_t *page;		/* scattered: number of each page; NULL if contiguous */
	unsigned int pins;	/* queued buffers in it */
	uint64_t serial;	/* unique among all allocations of this driver */
	bool freed;		/* by the program; released with the last pin */
};

/* Return the allocation that contains all of [ptr, ptr + len), or NULL. */
struct vmedia_pages *vmedia_pages_find(struct vmedia_driver *drv, uint64_t ptr, uint64_t len);
/*
 * Write the SG entries of [ptr, ptr + len) of @p, with neighbours merged, to @raw unless it is
 * NULL. Returns their number.
 */
uint32_t vmedia_pages_sg(const struct vmedia_pages *p, uint64_t ptr, uint64_t len, uint8_t *raw);
/* Return the guest-physical address of @ptr, which is in @p. */
uint64_t vmedia_pages_gpa(const struct vmedia_pages *p, uint64_t ptr);
void vmedia_pages_pin(struct vmedia_pages *p);
void vmedia_pages_unpin(struct vmedia_driver *drv, struct vmedia_pages *p);
void vmedia_pages_fini(struct vmedia_driver *drv);

/* ---- lists.c ---- */

/* The memory of a plane: [userptr, userptr + length) of @pages. */
struct vmedia_drv_memory {
	struct vmedia_pages *pages;
	uint64_t userptr;
	uint32_t length;
};

/* The SG lists of all planes of a buffer, one after the other, in the format for the device. */
struct vmedia_drv_list {
	unsigned int refs;	/* of its buffer and of commands */
	uint64_t page, pages;	/* of the arena */
	uint32_t bytes, num;
	struct {		/* the memory that it describes */
		uint64_t serial, userptr, gpa;
		uint32_t length;
	} plane[VMEDIA_MAX_PLANES];
};

/*
 * Get the list of @num planes, at least one, with a reference for the caller. Returns @kept, which
 * may be NULL, if it describes the same memory or can be rewritten. Returns 0; -E2BIG: more entries
 * than a command may have; -ENOMEM.
 */
int vmedia_drv_list_of(struct vmedia_driver *drv, const struct vmedia_drv_memory *mem,
		       uint32_t num, struct vmedia_drv_list *kept, struct vmedia_drv_list **out);
/* Drop the reference in *@kept, if any, and store @l there with a new reference. */
void vmedia_drv_list_keep(struct vmedia_driver *drv, struct vmedia_drv_list **kept,
			  struct vmedia_drv_list *l);
void vmedia_drv_list_put(struct vmedia_driver *drv, struct vmedia_drv_list *l);	/* or NULL */

/* ---- region.c ---- */

struct vmedia_region {
	uint8_t *base;			/* reservation; NULL: no region */
	uint64_t size;
	bool allow_unsealed;
	unsigned int num_maps;
	struct vmedia_list maps;	/* struct region_map: maps of the device */
	struct vmedia_list users;	/* struct region_user: mappings of vmedia_mmap() */
};

int vmedia_region_init(struct vmedia_region *r, uint64_t size, bool allow_unsealed);
void vmedia_region_fini(struct vmedia_region *r);
/* Handle requests of the device; callbacks of the front-end. */
int vmedia_region_map(struct vmedia_driver *drv, int fd, uint64_t fd_off, uint64_t off,
		      uint64_t len, bool rw);
int vmedia_region_unmap(struct vmedia_driver *drv, uint64_t off, uint64_t len);

/* ---- object.c ---- */

struct vmedia_drv_object {
	uint8_t uuid[VMEDIA_UUID_SIZE];
	int fd;
};

int vmedia_object_lookup(struct vmedia_driver *drv, const uint8_t uuid[VMEDIA_UUID_SIZE]);
void vmedia_object_fini(struct vmedia_driver *drv);

/* ---- completion.c ---- */

/* The completion of a command of vmedia_submit(). */
struct vmedia_drv_completion {
	struct vmedia_list node;	/* in drv->spare or completed, or in no list */
	vmedia_done_fn done;
	void *opaque;
	int err;
};

/* Get an unused completion. Returns 0 or -ENOMEM. */
int vmedia_drv_completion_get(struct vmedia_driver *drv, vmedia_done_fn done, void *opaque,
			      struct vmedia_drv_completion **out);
/* Release @n without a call of done(). NULL is allowed. */
void vmedia_drv_completion_put(struct vmedia_driver *drv, struct vmedia_drv_completion *n);
/* Mark @n as finished: vmedia_drv_complete() will call done(). */
void vmedia_drv_completion_over(struct vmedia_driver *drv, struct vmedia_drv_completion *n,
				int err);
/*
 * Call done() of all finished commands. done() may submit, so the caller must not hold state that
 * another command can change. Sessions are allowed, since done() must not close them.
 */
void vmedia_drv_complete(struct vmedia_driver *drv);
void vmedia_drv_completions_fini(struct vmedia_driver *drv);

/* ---- command.c ---- */

enum vmedia_drv_cmd_state {
	VMEDIA_DRV_IDLE,	/* in drv->idle */
	VMEDIA_DRV_SETUP,	/* being filled in by its caller; in no list */
	VMEDIA_DRV_FLIGHT,	/* in drv->flight and in the ring */
	VMEDIA_DRV_DONE,	/* answered or failed; its waiter takes it */
	VMEDIA_DRV_LOST,	/* timed out, in drv->lost and in the ring */
};

struct vmedia_drv_cmd {
	struct vmedia_list node;
	struct vmedia_driver *drv;
	struct vmedia_file *f;		/* NULL: none, or it was freed */
	enum vmedia_drv_cmd_state state;
	bool in_ring;			/* the device may still write to its memory */
	bool answered;			/* cmd has the answer, err is the device's */
	bool raw;
	bool lazy;			/* no caller waits for its answer */
	bool held;			/* no kick is needed for it yet */
	int err;
	uint32_t used;
	uint64_t start_ns;

	struct vmedia_cmd cmd;

	/* guest memory */
	uint64_t slot;			/* page */
	uint64_t big, big_pages;	/* a longer question or answer; 0 pages: none */
	uint64_t bounce, bounce_pages;	/* payloads of controls */
	struct vmedia_drv_list *list;	/* SG lists at the end of the question; or NULL */
	uint8_t *req, *resp;
	uint64_t req_gpa, resp_gpa;
	uint32_t req_len, resp_cap;

	/* of the caller: valid only while state is FLIGHT, never after a time-out */
	void *arg;
	uint8_t (*uuid)[VMEDIA_UUID_SIZE];
	struct vmedia_ext_control *ctrls;	/* copy of the question's, freed by the driver */
	struct vmedia_sg *ctrl_sg;
	uint8_t *sg_raw;
	bool subscribed;			/* SUBSCRIBE_EVENT: a new subscription */
	/* the buffer whose state this command changes, or NULL */
	struct vmedia_drv_buf *buf;

	/* apply the effects of the answer, or of its absence */
	void (*finish)(struct vmedia_drv_cmd *c);
	struct vmedia_drv_completion *completion;	/* NULL: a caller waits */
};

int vmedia_drv_cmd_init(struct vmedia_driver *drv);
void vmedia_drv_cmd_fini(struct vmedia_driver *drv);
/* Get a free slot; wait for one if @wait. Returns 0, -EAGAIN, -ETIMEDOUT or drv->err. */
int vmedia_drv_cmd_get(struct vmedia_driver *drv, struct vmedia_file *f, uint32_t type, bool wait,
		       struct vmedia_drv_cmd **c);
/*
 * Encode @c and add it to the ring. The next flush kicks. If the ring is full, wait for room if
 * @wait, else return -EAGAIN. On error @c is still SETUP.
 */
int vmedia_drv_cmd_post(struct vmedia_drv_cmd *c, bool wait);
/*
 * Wait for the answer to @c. Returns 0: @c is DONE, c->err is its result, and the caller puts @c;
 * negative errno: @c was abandoned.
 */
int vmedia_drv_cmd_wait(struct vmedia_drv_cmd *c);
/* Post @c and wait for it. On any error the caller must not use @c. */
int vmedia_drv_cmd_run(struct vmedia_drv_cmd *c);
void vmedia_drv_cmd_put(struct vmedia_drv_cmd *c);
/* Note that @c was added to the ring. */
void vmedia_drv_cmd_sent(struct vmedia_drv_cmd *c);
/*
 * Note that a caller waits for commands in flight, also lazy ones: for the one that changes @buf,
 * or for all (NULL). The next sleep enables interrupts.
 */
void vmedia_drv_cmd_hurry(struct vmedia_driver *drv, const struct vmedia_drv_buf *buf);
/* Process @c, which the ring returned. */
void vmedia_drv_cmd_returned(struct vmedia_drv_cmd *c, uint32_t used);
/* End @c with @err for its caller, which does not wait any more. */
void vmedia_drv_cmd_abandon(struct vmedia_drv_cmd *c, int err);
void vmedia_drv_cmd_expire(struct vmedia_driver *drv);
void vmedia_drv_cmd_fail_all(struct vmedia_driver *drv, int err);

/* ---- queue.c ---- */

struct vmedia_drv_vq {
	struct vmedia_vqr *vqr;
	struct vmedia_vq_layout layout;
	uint64_t page, pages;		/* of the arena */
	int kick_fd, call_fd;
	bool dirty;			/* a chain was added since the last flush */
	bool held;			/* held chains wait for the next flush */
	uint64_t calls_read;		/* interrupts counted so far */
};

/* Functions of higher files that queue.c calls. */
struct vmedia_drv_ring_ops {
	/* The device returned a command, or an event buffer, with @used bytes in it. */
	void (*command)(struct vmedia_drv_cmd *c, uint32_t used);
	void (*event)(struct vmedia_driver *drv, void *cookie, uint32_t used);
	/* The timer expired: give up commands that take too long. */
	void (*expire)(struct vmedia_driver *drv);
	/* The device cannot be used any more: end all commands with @err. */
	void (*fail)(struct vmedia_driver *drv, int err);
};

/* The state of one wait, besides its condition. */
struct vmedia_drv_wait {
	bool idle;			/* the rings were empty at least once */
	bool looking;			/* it polls until @end, without interrupts and sleep */
	uint64_t end;
};

int vmedia_drv_queues_init(struct vmedia_driver *drv);
void vmedia_drv_queues_fini(struct vmedia_driver *drv);
void vmedia_drv_flush(struct vmedia_driver *drv);
/* Make the next flush kick for held commands. */
void vmedia_drv_release(struct vmedia_driver *drv);
/* Process all used chains of the event ring; of both rings. */
void vmedia_drv_events(struct vmedia_driver *drv);
void vmedia_drv_drain(struct vmedia_driver *drv);
/*
 * Process the rings until @cond(@arg) is true. Returns 0; drv->err; or -ETIMEDOUT at @deadline_ns
 * (UINT64_MAX: never). Does not call any done().
 */
int vmedia_drv_wait(struct vmedia_driver *drv, bool (*cond)(void *arg), void *arg,
		    uint64_t deadline_ns);
/* The same for a condition that an answer changes, also the answer to a lazy command. */
int vmedia_drv_wait_answer(struct vmedia_driver *drv, bool (*cond)(void *arg), void *arg,
			   uint64_t deadline_ns);
/*
 * The same for a condition that an event changes, or also an answer if @answer. Calls done(), so
 * the caller must hold nothing but sessions.
 */
int vmedia_drv_wait_event(struct vmedia_driver *drv, bool (*cond)(void *arg), void *arg,
			  uint64_t deadline_ns, bool answer);
uint64_t vmedia_drv_deadline(const struct vmedia_driver *drv, int timeout_ms);
/* Mark the device as unusable and end all commands with @err. */
void vmedia_drv_die(struct vmedia_driver *drv, int err);
void vmedia_drv_arm_timer(struct vmedia_driver *drv);

/* ---- event.c ---- */

int vmedia_drv_events_init(struct vmedia_driver *drv);
void vmedia_drv_events_fini(struct vmedia_driver *drv);
/* Take the event from the buffer of @cookie, which the ring returned, and deliver it. */
void vmedia_drv_event_returned(struct vmedia_driver *drv, void *cookie, uint32_t used);

struct vmedia_drv_event {
	struct vmedia_list node;
	struct vmedia_event event;
};

struct vmedia_drv_sub {
	uint32_t type, id;
};

int vmedia_drv_subscribe(struct vmedia_file *f, uint32_t type, uint32_t id);
void vmedia_drv_unsubscribe(struct vmedia_file *f, uint32_t type, uint32_t id);
int vmedia_drv_dqevent(struct vmedia_file *f, struct vmedia_event *ev);
void vmedia_drv_events_drop(struct vmedia_file *f);

/* ---- stream.c, bufs.c ---- */

enum vmedia_drv_buf_state {
	VMEDIA_DRV_BUF_IDLE,	/* the program's */
	VMEDIA_DRV_BUF_PREPARING,	/* PREPARE_BUF is under way */
	VMEDIA_DRV_BUF_QUEUING,	/* QBUF is under way */
	VMEDIA_DRV_BUF_QUEUED,	/* the device's */
	VMEDIA_DRV_BUF_DONE,	/* returned, to be dequeued */
};

struct vmedia_drv_buf {
	struct vmedia_list node;	/* in the queue's done list */
	uint32_t index;
	enum vmedia_drv_buf_state state;
	/* PREPARE_BUF was done: the device may use its memory, even while it is IDLE */
	bool prepared;
	bool known;			/* num_planes, length and offset are the device's */
	/* QUEUING, and its event is already in evt, not yet checked */
	bool early;
	uint32_t num_planes;		/* 1 for single-planar ones */
	uint32_t length[VMEDIA_MAX_PLANES];
	uint32_t offset[VMEDIA_MAX_PLANES];	/* MMAP */
	uint64_t userptr[VMEDIA_MAX_PLANES];	/* the program's values, never the device's */
	int32_t fd[VMEDIA_MAX_PLANES];
	struct vmedia_pages *pin[VMEDIA_MAX_PLANES];
	struct vmedia_drv_list *list;		/* of the last QBUF or PREPARE_BUF, or NULL */
	struct vmedia_buffer evt;
	struct vmedia_plane evt_planes[VMEDIA_MAX_PLANES];
};

struct vmedia_drv_queue {
	uint32_t type, memory;
	uint32_t num;			/* entries of bufs */
	struct vmedia_drv_buf **bufs;	/* NULL: no such buffer */
	struct vmedia_list done;
	unsigned int queued;		/* QUEUING, QUEUED, DONE */
	bool streaming, last;		/* last: the one with FLAG_LAST was dequeued */
};

bool vmedia_drv_type_multi(uint32_t type);
bool vmedia_drv_type_output(uint32_t type);
struct vmedia_drv_queue *vmedia_drv_queue(struct vmedia_file *f, uint32_t type);
/*
 * Make the question of QUERYBUF, QBUF or PREPARE_BUF from the program's structure. Returns 0 or
 * negative errno. On error it holds no references.
 */
int vmedia_drv_buf_question(struct vmedia_drv_cmd *c);
/* Process its answer, or the lack of one (!c->answered); fill in the program's structure. */
void vmedia_drv_buf_answer(struct vmedia_drv_cmd *c);
/* Undo vmedia_drv_buf_question() for a question that was not sent. */
void vmedia_drv_buf_unasked(struct vmedia_drv_cmd *c);
/* Process a successful answer to another ioctl that changes queues; c->err may become -EIO. */
void vmedia_drv_stream_answer(struct vmedia_drv_cmd *c);
/* Count and log a refused event. */
void vmedia_drv_refuse_event(struct vmedia_driver *drv, const struct vmedia_evt *evt,
			     const char *what, uint64_t got, uint64_t limit);
/* Count and log a refused answer, and set c->err to -EIO. */
void vmedia_drv_refuse_answer(struct vmedia_drv_cmd *c, const char *what, uint64_t got,
			      uint64_t limit);
/* Check the question of REMOVE_BUFS. Returns 0 or -EBUSY. */
int vmedia_drv_remove_question(struct vmedia_drv_cmd *c);
/* Return @buf to IDLE / check its event, which is in evt, and apply it. */
void vmedia_drv_buf_idle(struct vmedia_driver *drv, struct vmedia_drv_queue *q,
			 struct vmedia_drv_buf *buf);
void vmedia_drv_buf_done(struct vmedia_file *f, struct vmedia_drv_queue *q,
			 struct vmedia_drv_buf *buf);
void vmedia_drv_dqbuf_event(struct vmedia_file *f, const struct vmedia_evt *evt);
int vmedia_drv_dqbuf(struct vmedia_file *f, struct vmedia_buffer *b);
void vmedia_drv_stream_fini(struct vmedia_file *f);

/* ---- ioctl.c, controls.c ---- */

int vmedia_drv_ctrls_question(struct vmedia_drv_cmd *c);
void vmedia_drv_ctrls_answer(struct vmedia_drv_cmd *c);

/* ---- session.c ---- */

struct vmedia_file {
	struct vmedia_list node;		/* hash bucket */
	struct vmedia_driver *drv;
	uint32_t id;
	bool nonblock;
	bool zombie;				/* CLOSE got no answer; the program cannot use it */
	int err;				/* 0, or the errno of every call but close */
	/* commands in flight; those of them that create or remove buffers, or STREAMOFF */
	unsigned int inflight, restructuring;
	struct vmedia_drv_queue *queue[VMEDIA_DRV_MAX_TYPE + 1];
	struct vmedia_list events;		/* struct vmedia_drv_event */
	unsigned int num_events;
	struct vmedia_drv_sub *subs;
	unsigned int num_subs, max_subs;
};

void vmedia_drv_files_close(struct vmedia_driver *drv);
void vmedia_drv_files_fini(struct vmedia_driver *drv);
short vmedia_drv_mask(const struct vmedia_file *f, short wanted);

struct vmedia_vuf;

struct vmedia_driver {
	struct vmedia_driver_options opts;	/* defaults filled in */
	struct vmedia_drv_hooks hooks;
	struct vmedia_vuf *vuf;			/* NULL in tests without vhost-user */
	struct vmedia_config config;
	uint64_t features;
	int err;				/* 0, or why the device is unusable */
	bool closing;
	int epfd, timer_fd;
	bool timer_armed;
	struct vmedia_arena arena;
	struct vmedia_region region;
	struct vmedia_list pages;
	uint64_t next_serial;			/* of an allocation */
	struct vmedia_drv_object *objects;
	unsigned int num_objects, objects_exported;
	struct vmedia_drv_vq vq[VMEDIA_NUM_QUEUES];
	const struct vmedia_drv_ring_ops *ring_ops;
	struct vmedia_spin spin;	/* of all waits */
	bool asked;			/* interrupts were enabled and not disabled since */
	/* commands */
	struct vmedia_drv_cmd *cmds;
	unsigned int num_cmds;
	struct vmedia_list idle, flight, lost;
	struct vmedia_list completed, spare;	/* struct vmedia_drv_completion */
	/* commands in flight that are not lazy, and waits for any: interrupts are needed */
	unsigned int urgent;
	/* VMEDIA_MAX_RESP_SIZE bytes: each answer is copied here, once */
	uint8_t *scratch;
	/* events */
	uint64_t ev_page, ev_pages;
	unsigned int ev_num, ev_free_num;
	uint16_t *ev_free;			/* slots that the driver owns */
	uint8_t *ev_cookie;			/* one address for each slot */
	/* sessions */
	struct vmedia_list files[VMEDIA_DRV_FILE_HASH];
	unsigned int num_files;
	struct vmedia_ratelimit limit;
	struct vmedia_driver_stats stats;
};

static inline struct vmedia_list *vmedia_drv_bucket(struct vmedia_driver *drv, uint32_t session_id)
{
	return &drv->files[session_id % VMEDIA_DRV_FILE_HASH];
}

static inline struct vmedia_file *vmedia_drv_file(struct vmedia_driver *drv, uint32_t session_id)
{
	struct vmedia_file *f;

	vmedia_list_for_each(f, vmedia_drv_bucket(drv, session_id), node) {
		if (f->id == session_id)
			return f;
	}
	return NULL;
}

/* ---- connect.c ---- */

/* Do vmedia_driver_connect() with the other end in this thread. */
int vmedia_drv_connect(const struct vmedia_driver_options *opts,
		       const struct vmedia_drv_hooks *hooks, struct vmedia_driver **drv);
/*
 * Make a driver with rings in memory and no vhost-user. The test is the device end. @features are
 * the negotiated ones.
 */
int vmedia_drv_create_bare(const struct vmedia_driver_options *opts,
			   const struct vmedia_drv_hooks *hooks, uint64_t features,
			   const struct vmedia_config *config, uint64_t region_size,
			   struct vmedia_driver **drv);

#endif /* VMEDIA_DRIVER_INTERNAL_H */
