/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside core: the structures its files share, and who does what.
 *
 * Theory of operation
 *
 *   device.c    creation, transport, kicks, the end of a turn, reset
 *   request.c   requests: a chain copied into private memory; the pool they come from
 *   answer.c    the answer of a request, and the way back of its chain
 *   dispatch.c  one command to one handler, session by session in order
 *   session.c   sessions: ids, begin, end, error
 *   ctrl.c      payloads of controls between guest pages and private memory
 *   events.c    pull events from devices, put them into the driver's event buffers
 *   region.c    addresses in shared memory region 0 (arithmetic only)
 *   mapping.c   CMD_MMAP, CMD_MUNMAP: mappings, counted, and their way to the transport and back
 *   object.c    virtio objects: exports, look-ups before QBUF, the cache of imports
 *   backing.c   memory of buffers
 *   limits.c    what a guest may hold, and what one session of it: the counts
 *
 *   A turn: a kick (or a completion) brings work; each command runs at once unless its session is
 *   busy or the turn's time is over. So does what the device does on the loop for that session
 *   (->work(), a frame): a piece of it after a command, and the driver is told of it at once.
 *   Chains are taken from the ring all the same, and wait in their session, not copied yet;
 *   sessions with commands or work that wait for time are in dev->backlog and take turns. So one
 *   whose commands and frames take long delays its own, and the loop runs between turns: timers,
 *   sockets, and chains of sessions that wait for nothing.
 *
 *   What ends later than the call that began it (the device's vmedia_request_complete(), the
 *   transport's done()) only moves the request to dev->done and defers the end of the turn
 *   (end_turn() in device.c), which answers, starts the next command of those sessions, lets events
 *   out and notifies each queue once. So no callback of a device ever runs inside another one.
 *
 * Who owns a chain: the request that was made of it, until answer.c pushes it. A request whose
 * chain went back early (queue stopped) lives on without one until what it waits for has ended.
 */
#ifndef VMEDIA_CORE_CORE_H
#define VMEDIA_CORE_CORE_H

#include <stdatomic.h>

#include "base/list.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/pages.h"
#include "core/region.h"
#include "core/transport.h"
#include "virtq/dev.h"
#include "virtq/mem.h"

#define VMEDIA_CORE_SESSION_BUCKETS	64	/* power of two */
#define VMEDIA_CORE_TURN_CHAINS		256	/* taken from a ring before others get the loop */
#define VMEDIA_CORE_TURN_EVENTS		256
#define VMEDIA_CORE_TURN_NS		1000000u  /* of commands before others get the loop */
#define VMEDIA_CORE_STOP_NS		10000000u /* for commands that wait when the queue stops */
#define VMEDIA_CORE_AHEAD_SEGS		32768u /* pieces of chains that wait for their turn */
#define VMEDIA_CORE_POOL_REQUESTS	64	/* idle requests kept */
#define VMEDIA_CORE_POOL_BYTES		(64u << 10) /* larger scratch buffers are not kept */
#define VMEDIA_CORE_HELD_BYTES		(16u << 20) /* copies of commands being answered; -ENOMEM */
#define VMEDIA_CORE_CTRL_SG		4096u /* SG entries of all controls in one command */
#define VMEDIA_CORE_FILES_RESERVE	64	/* descriptors left to the rest of the process */
/* What one session may hold of a limit that no option divides. */
#define VMEDIA_CORE_SHARE(limit)	((limit) - (limit) / 4)

/* ---- What a guest holds, counted. Outlives the device while a worker still has a backing. ---- */

struct vmedia_account {
	atomic_int refs;
	atomic_uint_fast64_t bytes;  /* buffer memory of ours */
	atomic_uint_fast64_t copied; /* bytes of guest pages copied in or out */
	atomic_uint files;	     /* descriptors in backings */
	uint64_t max_bytes;
	unsigned int max_files;
	struct vmedia_pages pages; /* of backings */
	/* Who makes room when it is full: vmedia_objects_reclaim(). */
	bool (*reclaim)(struct vmedia_session *s, int err, uint64_t bytes);
};

struct vmedia_account *vmedia_account_create(uint64_t max_bytes, unsigned int max_files);
struct vmedia_account *vmedia_account_get(struct vmedia_account *a);
void vmedia_account_put(struct vmedia_account *a);		     /* Context: any thread */
int vmedia_account_file(struct vmedia_account *a); /* one descriptor more: -ENOMEM */
void vmedia_account_unfile(struct vmedia_account *a);
uint64_t vmedia_account_bytes(const struct vmedia_account *a);
/* Descriptors that backings of one process may use: what RLIMIT_NOFILE leaves. */
unsigned int vmedia_account_default_files(void);

/*
 * What one session holds of the account. It outlives the session while something that the session
 * made does: a mapping, an export, a backing at a worker.
 */
struct vmedia_share {
	atomic_int refs;
	struct vmedia_account *account;
	atomic_uint_fast64_t bytes;
	atomic_uint files;
	uint64_t max_bytes;
	unsigned int max_files;
	/* Context of the rest: loop */
	bool closed;	 /* its session is gone */
	uint64_t region; /* bytes of region 0 */
	uint32_t mappings, objects;
};

/* The shares that @limits leaves open; @region_size as in the device's configuration. */
void vmedia_limits_set_shares(struct vmedia_limits *limits, uint64_t region_size);
struct vmedia_share *vmedia_share_create(struct vmedia_account *a, uint64_t max_bytes);
struct vmedia_share *vmedia_share_get(struct vmedia_share *sh);
void vmedia_share_put(struct vmedia_share *sh); /* Context: any thread; NULL is taken */
/* Count for the share and for the account: 0; -EDQUOT at the share; -ENOMEM at the account. */
int vmedia_share_charge(struct vmedia_share *sh, uint64_t bytes);
void vmedia_share_uncharge(struct vmedia_share *sh, uint64_t bytes);
int vmedia_share_file(struct vmedia_share *sh);
void vmedia_share_unfile(struct vmedia_share *sh);

/* ---- Backings ---- */

struct vmedia_view;

struct vmedia_backing {
	atomic_int refs;
	struct vmedia_account *account;
	struct vmedia_share *share; /* of whose session it is counted, or NULL */
	uint64_t charged; /* bytes counted */
	bool filed;	  /* counted among the files */
	uint8_t *addr;
	uint64_t length;
	int fd; /* -1: guest pages */
	uint64_t fd_offset;
	bool writable;
	bool alone; /* a file of ours that no other device was given */
	void *map;  /* to munmap, or NULL */
	size_t map_len;
	struct vmedia_pages_job pages;
	struct vmedia_mem *mem;	  /* a guarded mapping of a foreign file, or NULL */
	struct vmedia_view *view; /* guest pages, or NULL */
	unsigned int mappings;	  /* in region 0. Context: loop */
};

/*
 * vmedia_backing_is_of - is @b (or NULL) what the first @length bytes of @sg give in @mem?
 * @b holds a reference on the map that its addresses came from: another map is another pointer.
 */
bool vmedia_backing_is_of(const struct vmedia_backing *b, const struct vmedia_mem *mem,
			  const struct vmedia_sg *sg, uint64_t length, bool write);
/* vmedia_backing_from_guest - see vmedia_request_import(); @ranges cover exactly @length. */
int vmedia_backing_from_guest(struct vmedia_session *s, struct vmedia_mem *mem,
			      const struct vmedia_gpa_range *ranges, unsigned int num,
			      uint64_t length, bool write, struct vmedia_backing **backing);
/*
 * vmedia_backing_from_object - the whole of a virtio object; @fd becomes the backing's, closed on
 * errors too. -EDQUOT, -ENOMEM: as vmedia_share_file().
 */
int vmedia_backing_from_object(struct vmedia_session *s, int fd, struct vmedia_backing **backing);

/* ---- Requests ---- */

enum vmedia_request_state {
	VMEDIA_REQ_FREE,      /* in the pool */
	VMEDIA_REQ_QUEUED,    /* waits in its session; of its chain the header alone was read */
	VMEDIA_REQ_RUNNING,   /* inside a call of core's own */
	VMEDIA_REQ_LOOKUP,    /* waits for a virtio object */
	VMEDIA_REQ_DEVICE,    /* ->ioctl() said -EINPROGRESS */
	VMEDIA_REQ_MAPPING,   /* waits for the transport to map or unmap */
	VMEDIA_REQ_CLOSING,   /* CLOSE: ->closing() said -EINPROGRESS */
	VMEDIA_REQ_DONE,      /* in dev->done with its result */
	VMEDIA_REQ_CANCELLED, /* answered; ->close() is about to run */
};

struct vmedia_ctrl_data {
	uint32_t offset, size; /* in vmedia_request.payload; size as the question had it */
};

struct vmedia_op;

struct vmedia_request {
	struct vmedia_device *dev;
	struct vmedia_session *session; /* NULL: none (OPEN, MUNMAP) */
	struct vmedia_chain *chain;	/* NULL: went back already */
	enum vmedia_request_state state;
	int err;		 /* result, in state DONE */
	uint8_t head[VMEDIA_CMD_IOCTL_SIZE]; /* the first bytes of the readable part */
	uint32_t segs;		 /* counted in dev->ahead_segs */
	struct vmedia_list all;	 /* dev->live */
	struct vmedia_list node; /* session->queue, dev->done, mapping->waiters or the pool */
	uint8_t *buf;		 /* copy of the readable part; SG lists point into it */
	size_t len, cap;
	uint8_t *aux; /* controls with their lists, or EDID blocks */
	size_t aux_cap;
	uint8_t *payload; /* of all controls */
	size_t payload_len, payload_cap;
	struct vmedia_ctrl_data *ctrl_data; /* in aux, one a control */
	uint64_t held;			    /* bytes counted in dev->held_bytes */
	unsigned int next_plane;	    /* look-ups done so far */
	struct vmedia_op *op;		    /* look-up in progress */
	struct vmedia_backing *object[VMEDIA_MAX_PLANES];
	struct vmedia_cmd cmd;
};

/*
 * A request of @chain, of which it reads the header: type, session. NULL: no memory, the caller
 * answers by a header.
 */
struct vmedia_request *vmedia_request_new(struct vmedia_device *dev, struct vmedia_chain *chain);
/* Copy the rest. 0, -E2BIG, -ENOMEM. */
int vmedia_request_read(struct vmedia_request *req);
void vmedia_request_free(struct vmedia_request *req);
/* It ended, with @err: finished at the end of the turn. */
void vmedia_request_done(struct vmedia_request *req, int err);
void vmedia_request_pool_drain(struct vmedia_device *dev);
/* Grow *buf to @need bytes, contents lost: 0 or -ENOMEM. */
int vmedia_buf_grow(uint8_t **buf, size_t *cap, size_t need);

/* ---- Answers ---- */

/* Answer with @err and free. The request may have no chain any more: then nothing is written. */
void vmedia_request_finish(struct vmedia_request *req, int err);
/* Write the answer and return the chain; the request stays. */
void vmedia_request_answer(struct vmedia_request *req, int err);
/* A header alone, for what never became a request; 0 written if even that does not fit. */
void vmedia_chain_refuse(struct vmedia_device *dev, struct vmedia_chain *chain, int err);

/* ---- Sessions ---- */

struct vmedia_session {
	struct vmedia_device *dev;
	uint32_t id;
	void *priv;
	struct vmedia_list hash;	/* dev->buckets[] */
	struct vmedia_list all;		/* dev->sessions */
	struct vmedia_list ready;	/* dev->ready: may have events */
	struct vmedia_list queue;	/* requests that wait, in order */
	struct vmedia_list backlog;	/* dev->backlog: queue or work wait for time */
	struct vmedia_request *current; /* in progress, or NULL */
	struct vmedia_share *share;
	struct vmedia_list cache;	/* imported objects, oldest first: session_node */
	uint32_t num_cached;
	int error;			/* negative errno once in error */
	bool error_event;		/* EVT_ERROR is still to be sent */
	bool staged;			/* evt was pulled and found no buffer yet */
	bool work;			/* ->work() is to be called */
	struct vmedia_evt evt;
};

struct vmedia_session *vmedia_session_find(struct vmedia_device *dev, uint32_t id);
int vmedia_session_create(struct vmedia_device *dev, struct vmedia_session **s);
/* CLOSE, whose turn it is: @s ends now, or when the device says so. */
void vmedia_session_close(struct vmedia_session *s, struct vmedia_request *req);
/*
 * End it: current and queued requests are answered with @err, ->close() runs, all is freed.
 * @closing: the CLOSE command that asks for it, left alone, or NULL.
 */
void vmedia_session_end(struct vmedia_session *s, int err, struct vmedia_request *closing);
void vmedia_sessions_end_all(struct vmedia_device *dev, int err);

/* ---- Dispatch ---- */

void vmedia_dispatch_chain(struct vmedia_device *dev, struct vmedia_chain *chain);
/*
 * Start what waits, as long as nothing is in progress and the turn has time. @s may be gone
 * afterwards.
 */
void vmedia_session_run(struct vmedia_session *s);
/* Let sessions of the backlog have the time that the turn has left, one command at least. */
void vmedia_dispatch_backlog(struct vmedia_device *dev);
/* Requests of sessions in error: answer what waits, close what is to be closed. */
void vmedia_dispatch_errors(struct vmedia_device *dev);
/* Finish all of dev->done. */
void vmedia_dispatch_done(struct vmedia_device *dev);
/* The look-ups of @req ended: go on with ->ioctl(). */
int vmedia_dispatch_ioctl(struct vmedia_request *req);

/* ---- Controls ---- */

/*
 * Check the SG lists and copy in what the guest gave: 0, -EFAULT, -ENOMEM; -E2BIG: more bytes than
 * limits.max_ctrl_bytes, or more than VMEDIA_CORE_CTRL_SG entries.
 */
int vmedia_ctrl_begin(struct vmedia_request *req);
/* Success: copy out to the guest. 0 or -EFAULT. */
int vmedia_ctrl_end(struct vmedia_request *req);
/*
 * The question's SG entries [ranges of exactly @length bytes] in dev->ranges: their number, -EINVAL
 * if too short, -ENOMEM.
 */
int vmedia_sg_ranges(struct vmedia_device *dev, const struct vmedia_sg *sg, uint64_t length);
/*
 * Put back the driver's own addresses and placeholders, which the specification forbids to change:
 * those of planes, of single-planar buffers and of controls. (proto's encoder does so for those in
 * the structures themselves.)
 */
void vmedia_pointers_restore(struct vmedia_request *req);

/* ---- Events ---- */

/*
 * Let out what is ready, session by session; returns true if there is more but this turn's share is
 * used up.
 */
bool vmedia_events_flush(struct vmedia_device *dev);
/* All events of @s as far as there are buffers, before the answer of SUBSCRIBE_EVENT. */
void vmedia_events_flush_session(struct vmedia_session *s);
/*
 * A successful @req may forbid a pulled event that still waits: STREAMOFF, REQBUFS(0),
 * UNSUBSCRIBE_EVENT.
 */
void vmedia_events_drop(struct vmedia_session *s, const struct vmedia_ioctl *io);
/* Give back the event buffer that core holds. */
void vmedia_events_release(struct vmedia_device *dev);

/* ---- Operations of the transport that end later ---- */

/*
 * One asynchronous call. It outlives whatever it was for: when that goes, dev is set to NULL and
 * the end only frees it (and the descriptor it may bring).
 */
struct vmedia_op {
	struct vmedia_list node;			   /* dev->ops */
	struct vmedia_device *dev;			   /* NULL: nobody waits any more */
	void (*fn)(struct vmedia_op *op, int err, int fd); /* fd is the callee's */
	union {
		struct vmedia_mapping *mapping;
		struct vmedia_request *req;
	};
};

struct vmedia_op *vmedia_op_create(struct vmedia_device *dev,
				   void (*fn)(struct vmedia_op *op, int err, int fd));
void vmedia_op_abandon(struct vmedia_op *op);
void vmedia_op_done(void *opaque, int err, int fd); /* a vmedia_transport_done_fn */

/* ---- Mappings into region 0 ---- */

enum vmedia_mapping_state {
	VMEDIA_MAP_MAPPING, /* asked for; requests wait in waiters */
	VMEDIA_MAP_MAPPED,
	VMEDIA_MAP_UNMAPPING, /* the range is not free before the answer */
	VMEDIA_MAP_STUCK,     /* the peer did not unmap: lost until a reset */
};

struct vmedia_mapping {
	struct vmedia_range range; /* in dev->region */
	struct vmedia_list node;   /* dev->mappings */
	struct vmedia_device *dev;
	struct vmedia_backing *backing;
	struct vmedia_share *share; /* of the session that mapped it first */
	uint64_t length;	    /* the plane's */
	bool writable;
	enum vmedia_mapping_state state;
	uint32_t count;		    /* MMAPs answered minus MUNMAPs */
	bool reset;		    /* from before a reset of the device */
	struct vmedia_list waiters; /* MMAP requests, or the MUNMAP request */
	struct vmedia_op *op;
};

/*
 * Each returns 0 or negative errno for an answer now, or -EINPROGRESS: vmedia_request_done()
 * follows.
 */
int vmedia_mapping_mmap(struct vmedia_request *req);
int vmedia_mapping_munmap(struct vmedia_request *req);
/* Reset: unmap all, asynchronously. */
void vmedia_mappings_unmap_all(struct vmedia_device *dev);
/* The transport is gone: forget all at once. */
void vmedia_mappings_forget(struct vmedia_device *dev);

/* ---- Virtio objects ---- */

struct vmedia_object {
	struct vmedia_list node; /* dev->objects, oldest first */
	uint8_t uuid[VMEDIA_UUID_SIZE];
	struct vmedia_backing *backing;
	struct vmedia_share *share; /* of the session that exported it */
};

struct vmedia_cached {
	struct vmedia_list lru; /* dev->cache, oldest first */
	struct vmedia_list session_node;
	struct vmedia_session *session;
	uint8_t uuid[VMEDIA_UUID_SIZE];
	struct vmedia_backing *backing;
};

/*
 * Resolve all OBJECT planes of @req: 0 all there, negative errno, -EINPROGRESS:
 * vmedia_dispatch_ioctl() follows.
 */
int vmedia_objects_resolve(struct vmedia_request *req);
void vmedia_objects_cancel(struct vmedia_request *req);
void vmedia_objects_forget_cache(struct vmedia_session *s);
/*
 * @s cannot have @bytes more (0: a file, an object), for @err: -EDQUOT its share, -ENOMEM the
 * device's limit. Withdraw one export that only keeps memory, the oldest; false: there is none, or
 * all of them would not be enough.
 */
bool vmedia_objects_reclaim(struct vmedia_session *s, int err, uint64_t bytes);
/* Withdraw all exports; @tell the transport too. */
void vmedia_objects_reset(struct vmedia_device *dev, bool tell);

/* ---- The device ---- */

struct vmedia_device {
	struct vmedia_loop *loop;
	const struct vmedia_device_ops *ops;
	void *priv;
	struct vmedia_config config;
	struct vmedia_limits limits;
	uint64_t region_size;
	struct vmedia_transport *transport; /* NULL: detached */
	struct vmedia_account *account;

	struct vmedia_list sessions;
	struct vmedia_list buckets[VMEDIA_CORE_SESSION_BUCKETS];
	uint32_t num_sessions;
	uint32_t next_id;
	struct vmedia_list ready; /* sessions that may have events */
	bool errors;		  /* a session went into error since the last turn */

	struct vmedia_list live; /* all requests out of the pool */
	struct vmedia_list done; /* ended, to be answered at the end of the turn */
	struct vmedia_list pool;
	unsigned int pooled;
	uint64_t held_bytes;

	struct vmedia_deferred turn;
	uint64_t turn_ns;	    /* VMEDIA_CORE_TURN_NS; tests set what they need */
	uint64_t turn_end;	    /* CLOCK_MONOTONIC ns: no command begins after it */
	struct vmedia_list backlog; /* sessions that wait for time, next one first */
	struct vmedia_session *running; /* whose commands run now, or NULL */
	struct vmedia_session none; /* has the queue of commands without a session, nothing else */
	uint64_t ahead_segs;
	bool dirty[VMEDIA_NUM_QUEUES]; /* pushed since the last notification */
	bool more[VMEDIA_NUM_QUEUES];  /* the turn's share was used up before all was done */
	bool suspended;	  /* the command queue does not run: ->suspend() was called */
	bool event_first; /* SUBSCRIBE_EVENT: notify the event queue before the commands */
	struct vmedia_chain *spare; /* an event buffer that waits for an event */

	struct vmedia_region region;
	struct vmedia_list mappings;
	uint32_t num_mappings;

	struct vmedia_list objects; /* exported */
	uint32_t num_objects;
	struct vmedia_list cache; /* imported, oldest first */
	uint32_t num_cached;
	struct vmedia_list ops_pending; /* struct vmedia_op */

	struct vmedia_gpa_range *ranges; /* scratch */
	unsigned int ranges_cap;
	uint8_t *resp; /* scratch of VMEDIA_MAX_RESP_SIZE */

	uint64_t commands, events, bad_chains, sessions_opened;
	struct vmedia_ratelimit rl;
};

/* Have the end of the turn run soon. */
static inline void vmedia_device_defer(struct vmedia_device *dev)
{
	vmedia_defer(&dev->turn);
}

/* Tell the driver, if chains of queue @q were returned since it was told last; of both queues. */
void vmedia_device_notify(struct vmedia_device *dev, unsigned int q);
void vmedia_device_notify_all(struct vmedia_device *dev);

/* Return a chain to queue @q. */
static inline void vmedia_device_push(struct vmedia_device *dev, unsigned int q,
				      struct vmedia_chain *chain, uint32_t used)
{
	dev->dirty[q] = true;
	dev->transport->ops->push(dev->transport, q, chain, used);
}

#endif /* VMEDIA_CORE_CORE_H */
