/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The structures that the files of core share, and the task of each file.
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
 *   region.c    allocation of addresses in shared memory region 0
 *   mapping.c   CMD_MMAP, CMD_MUNMAP: mappings, counted, and their way to the transport and back
 *   object.c    virtio objects: exports, look-ups before QBUF, the cache of imports
 *   backing.c   memory of buffers
 *   limits.c    counts of what a guest and each of its sessions hold
 *   policy*.c   what a guest may do (policy.h)
 *
 *   A turn begins with a kick or a completion. Each command runs at once, unless its session is
 *   busy or the turn's time is over. The same holds for the device's work on the loop for that
 *   session (->work(), for instance a frame): one piece of it runs after a command, and the driver
 *   is notified of its result at once. Chains are taken from the ring even when commands cannot
 *   run. They wait in their session and are not copied yet. Sessions whose commands or work wait
 *   for time are in dev->backlog and take turns. So a session with long commands or frames delays
 *   only itself, and the loop runs between turns: timers, sockets, and chains of sessions that do
 *   not wait.
 *
 *   An operation that ends later than the call that began it (the device's
 *   vmedia_request_complete(), the transport's done()) only moves the request to dev->done and
 *   defers the end of the turn. The end of the turn (end_turn() in device.c) answers, starts the
 *   next command of those sessions, sends events and notifies each queue once. So no callback of a
 *   device ever runs inside another one.
 *
 * A chain belongs to the request that was made of it, until answer.c pushes it. A request whose
 * chain was returned early (queue stopped) stays without a chain until the operation it waits for
 * has ended.
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
#define VMEDIA_CORE_TURN_CHAINS		256	/* taken from a ring before the loop goes on */
#define VMEDIA_CORE_TURN_EVENTS		256
#define VMEDIA_CORE_TURN_NS		1000000u  /* of commands before the loop goes on */
#define VMEDIA_CORE_STOP_NS		10000000u /* for waiting commands when the queue stops */
#define VMEDIA_CORE_AHEAD_SEGS		32768u /* pieces of chains that wait for their turn */
#define VMEDIA_CORE_POOL_REQUESTS	64	/* idle requests kept */
#define VMEDIA_CORE_POOL_BYTES		(64u << 10) /* larger scratch buffers are not kept */
#define VMEDIA_CORE_HELD_BYTES		(16u << 20) /* copies of commands being answered; -ENOMEM */
#define VMEDIA_CORE_CTRL_SG		4096u /* SG entries of all controls in one command */
/*
 * Descriptors left to the rest of the process: 509 regions of guest memory, and some for messages,
 * rings, the loop, the log and the source. A message whose descriptors do not fit ends the
 * connection, so buffers must not take these.
 */
#define VMEDIA_CORE_FILES_RESERVE	640
#define VMEDIA_CORE_MAX_FILES		32000	/* about half of the kernel's max_map_count */
#define VMEDIA_CORE_MAPS_RESERVE	4096	/* mappings of libraries, the heap, guest memory */
/* What one session may hold of a limit for which there is no option. */
#define VMEDIA_CORE_SHARE(limit)	((limit) - (limit) / 4)

/* ---- The account of a guest. Outlives the device while a worker has a backing. ---- */

struct vmedia_account {
	atomic_int refs;
	atomic_uint_fast64_t bytes;  /* buffer memory of ours */
	atomic_uint_fast64_t copied; /* bytes copied from or to guest pages */
	atomic_uint files;	     /* backings with a descriptor or a copy of guest pages */
	uint64_t max_bytes;
	unsigned int max_files;
	struct vmedia_pages pages; /* of backings */
	/* Make room when a limit is reached: vmedia_objects_reclaim(). */
	bool (*reclaim)(struct vmedia_session *s, int err, uint64_t bytes);
};

struct vmedia_account *vmedia_account_create(uint64_t max_bytes, unsigned int max_files);
struct vmedia_account *vmedia_account_get(struct vmedia_account *a);
void vmedia_account_put(struct vmedia_account *a);		     /* Context: any thread */
int vmedia_account_file(struct vmedia_account *a); /* count one more; 0 or -ENOMEM */
void vmedia_account_unfile(struct vmedia_account *a);
uint64_t vmedia_account_bytes(const struct vmedia_account *a);
/*
 * Return how many backings of one process may have a descriptor, from RLIMIT_NOFILE. Each has a
 * mapping too, so it is half of vm.max_map_count at most.
 */
unsigned int vmedia_account_default_files(void);

/*
 * The part of the account that one session holds. It outlives the session while something that the
 * session made still exists: a mapping, an export, a backing at a worker.
 */
struct vmedia_share {
	atomic_int refs;
	struct vmedia_account *account;
	atomic_uint_fast64_t bytes;
	atomic_uint files;
	uint64_t max_bytes;
	unsigned int max_files;
	/* Context of the rest: loop */
	bool closed;	 /* its session was closed */
	uint64_t region; /* bytes of region 0 */
	uint32_t mappings, objects;
};

/* Set the shares that @limits leaves at 0. @region_size: as in the device's configuration. */
void vmedia_limits_set_shares(struct vmedia_limits *limits, uint64_t region_size);
struct vmedia_share *vmedia_share_create(struct vmedia_account *a, uint64_t max_bytes);
struct vmedia_share *vmedia_share_get(struct vmedia_share *sh);
void vmedia_share_put(struct vmedia_share *sh); /* Context: any thread. NULL is allowed. */
/*
 * Count in the share and in the account. Returns 0; -EDQUOT beyond the share; -ENOMEM beyond the
 * account's limit.
 */
int vmedia_share_charge(struct vmedia_share *sh, uint64_t bytes);
void vmedia_share_uncharge(struct vmedia_share *sh, uint64_t bytes);
int vmedia_share_file(struct vmedia_share *sh);
void vmedia_share_unfile(struct vmedia_share *sh);

/* ---- Backings ---- */

struct vmedia_view;

struct vmedia_backing {
	atomic_int refs;
	struct vmedia_account *account;
	struct vmedia_share *share; /* of the session it is counted for, or NULL */
	uint64_t charged; /* bytes counted */
	bool filed;	  /* counted among the files */
	uint8_t *addr;
	uint64_t length;
	int fd; /* -1: guest pages */
	uint64_t fd_offset;
	bool writable;
	bool alone; /* a file of ours that was given to no other device */
	void *map;  /* to munmap, or NULL */
	size_t map_len;
	struct vmedia_pages_job pages;
	struct vmedia_mem *mem;	  /* a guarded mapping of a foreign file, or NULL */
	struct vmedia_view *view; /* guest pages, or NULL */
	unsigned int mappings;	  /* in region 0. Context: loop */
};

/*
 * vmedia_backing_is_of - true if @b is the backing of the first @length bytes of @sg in @mem. @b
 * may be NULL. @b holds a reference on its map, so another map cannot have the same address.
 */
bool vmedia_backing_is_of(const struct vmedia_backing *b, const struct vmedia_mem *mem,
			  const struct vmedia_sg *sg, uint64_t length, bool write);
/* vmedia_backing_from_guest - see vmedia_request_import(). @ranges cover exactly @length bytes. */
int vmedia_backing_from_guest(struct vmedia_session *s, struct vmedia_mem *mem,
			      const struct vmedia_gpa_range *ranges, unsigned int num,
			      uint64_t length, bool write, struct vmedia_backing **backing);
/*
 * vmedia_backing_from_object - make a backing of a whole virtio object. Takes over @fd, and closes
 * it on errors too. -EDQUOT, -ENOMEM: as vmedia_share_file().
 */
int vmedia_backing_from_object(struct vmedia_session *s, int fd, struct vmedia_backing **backing);

/* ---- Requests ---- */

enum vmedia_request_state {
	VMEDIA_REQ_FREE,      /* in the pool */
	VMEDIA_REQ_QUEUED,    /* waits in its session; only the header was read */
	VMEDIA_REQ_RUNNING,   /* inside a call made by core */
	VMEDIA_REQ_LOOKUP,    /* waits for a virtio object */
	VMEDIA_REQ_DEVICE,    /* ->ioctl() returned -EINPROGRESS */
	VMEDIA_REQ_MAPPING,   /* waits for the transport to map or unmap */
	VMEDIA_REQ_OPENING,   /* OPEN: ->open() returned -EINPROGRESS */
	VMEDIA_REQ_CLOSING,   /* CLOSE: ->closing() returned -EINPROGRESS */
	VMEDIA_REQ_DONE,      /* in dev->done with its result */
	VMEDIA_REQ_CANCELLED, /* answered; ->close() is about to run */
};

struct vmedia_ctrl_data {
	uint32_t offset, size; /* in vmedia_request.payload; size as in the command */
};

struct vmedia_op;
struct vmedia_asking;
struct vmedia_policy;

struct vmedia_request {
	struct vmedia_device *dev;
	struct vmedia_session *session; /* NULL: none (OPEN, MUNMAP) */
	struct vmedia_chain *chain;	/* NULL: returned already */
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
 * Make a request of @chain and read its header (type, session). Returns NULL if there is no memory;
 * then the caller answers with a header alone.
 */
struct vmedia_request *vmedia_request_new(struct vmedia_device *dev, struct vmedia_chain *chain);
/* Copy the rest of the readable part. Returns 0, -E2BIG or -ENOMEM. */
int vmedia_request_read(struct vmedia_request *req);
void vmedia_request_free(struct vmedia_request *req);
/* Record that @req ended with @err. It is finished at the end of the turn. */
void vmedia_request_done(struct vmedia_request *req, int err);
void vmedia_request_pool_drain(struct vmedia_device *dev);
/* Grow *buf to @need bytes; its contents are lost. Returns 0 or -ENOMEM. */
int vmedia_buf_grow(uint8_t **buf, size_t *cap, size_t need);

/* ---- Answers ---- */

/* Answer with @err and free the request. Writes nothing if the request has no chain any more. */
void vmedia_request_finish(struct vmedia_request *req, int err);
/* Write the answer and return the chain. The request stays. */
void vmedia_request_answer(struct vmedia_request *req, int err);
/*
 * Answer a chain that has no readable request with a header alone. If not even that fits, return
 * the chain with used length 0.
 */
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
	struct vmedia_asking *asking;	/* policy.h; NULL: there is none */
	int error;			/* negative errno once in error */
	bool error_event;		/* EVT_ERROR is still to be sent */
	bool staged;			/* evt was pulled and waits for a buffer */
	bool work;			/* ->work() must be called */
	struct vmedia_evt evt;
};

struct vmedia_session *vmedia_session_find(struct vmedia_device *dev, uint32_t id);
/*
 * Returns 0; -EINPROGRESS if the device opens @s later: the caller sets s->current; or the errno of
 * OPEN.
 */
int vmedia_session_create(struct vmedia_device *dev, struct vmedia_session **s);
/* True if vmedia_session_opened() got an error, and @s is still to be freed. */
bool vmedia_session_open_failed(const struct vmedia_session *s);
/* Finish an OPEN that was in progress. Returns false if @err ended the session: @s is freed. */
bool vmedia_session_finish_open(struct vmedia_session *s, int err);
/* Run a CLOSE: end @s now, or when the device calls vmedia_session_closed(). */
void vmedia_session_close(struct vmedia_session *s, struct vmedia_request *req);
/*
 * End a session: answer the current and the queued requests with @err, call ->close(), free all.
 * @closing: the CLOSE command that caused it, which is not answered here; or NULL.
 */
void vmedia_session_end(struct vmedia_session *s, int err, struct vmedia_request *closing);
void vmedia_sessions_end_all(struct vmedia_device *dev, int err);

/* ---- Dispatch ---- */

void vmedia_dispatch_chain(struct vmedia_device *dev, struct vmedia_chain *chain);
/*
 * Start waiting commands and work, as long as no command is in progress and the turn has time. @s
 * may be freed by this.
 */
void vmedia_session_run(struct vmedia_session *s);
/* Run the sessions of the backlog, one command at least, until the turn's time is over. */
void vmedia_dispatch_backlog(struct vmedia_device *dev);
/* Answer the waiting requests of sessions in error, and close the sessions that have a CLOSE. */
void vmedia_dispatch_errors(struct vmedia_device *dev);
/* Finish all requests in dev->done. */
void vmedia_dispatch_done(struct vmedia_device *dev);
/* Continue @req with ->ioctl() after its look-ups. */
int vmedia_dispatch_ioctl(struct vmedia_request *req);

/* ---- Controls ---- */

/*
 * Check the SG lists and copy the guest's payloads in. Returns 0, -EFAULT or -ENOMEM; -E2BIG if
 * there are more bytes than limits.max_ctrl_bytes, or more entries than VMEDIA_CORE_CTRL_SG.
 */
int vmedia_ctrl_begin(struct vmedia_request *req);
/* Copy the payloads out to the guest, after success. Returns 0 or -EFAULT. */
int vmedia_ctrl_end(struct vmedia_request *req);
/*
 * Store the SG entries of a command, cut to exactly @length bytes, in dev->ranges. Returns their
 * number; -EINVAL if they are too short; -ENOMEM.
 */
int vmedia_sg_ranges(struct vmedia_device *dev, const struct vmedia_sg *sg, uint64_t length);
/*
 * Restore the driver's own addresses and placeholders, which the specification forbids to change:
 * those of planes, of single-planar buffers and of controls. (proto's encoder restores those in the
 * structures themselves.)
 */
void vmedia_pointers_restore(struct vmedia_request *req);

/* ---- Events ---- */

/*
 * Send the events that are ready, session by session. Returns true if there are more but this
 * turn's share is used up.
 */
bool vmedia_events_flush(struct vmedia_device *dev);
/* Send the events of @s as far as there are buffers, before the answer of SUBSCRIBE_EVENT. */
void vmedia_events_flush_session(struct vmedia_session *s);
/*
 * Drop the pulled event that waits for a buffer, if the successful ioctl @io makes it invalid:
 * STREAMOFF, REQBUFS, REMOVE_BUFS, UNSUBSCRIBE_EVENT.
 */
void vmedia_events_drop(struct vmedia_session *s, const struct vmedia_ioctl *io);

/* ---- Operations of the transport that end later ---- */

/*
 * One asynchronous call. It outlives the request or mapping that it was made for. When that is
 * freed, dev is set to NULL, and the end of the call only frees the operation and closes its
 * descriptor.
 */
struct vmedia_op {
	struct vmedia_list node;			   /* dev->ops */
	struct vmedia_device *dev;			   /* NULL: abandoned */
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
	VMEDIA_MAP_MAPPING, /* in progress; requests wait in waiters */
	VMEDIA_MAP_MAPPED,
	VMEDIA_MAP_UNMAPPING, /* the range is free after the peer's answer */
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
 * Each returns 0 or negative errno, which is answered now; or -EINPROGRESS, and
 * vmedia_request_done() follows.
 */
int vmedia_mapping_mmap(struct vmedia_request *req);
int vmedia_mapping_munmap(struct vmedia_request *req);
/* Unmap all mappings at a reset, asynchronously. */
void vmedia_mappings_unmap_all(struct vmedia_device *dev);
/* Free all mappings at once, after the transport was lost. */
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
 * Resolve all OBJECT planes of @req. Returns 0 if all are resolved; negative errno; -EINPROGRESS,
 * and vmedia_dispatch_ioctl() follows.
 */
int vmedia_objects_resolve(struct vmedia_request *req);
void vmedia_objects_cancel(struct vmedia_request *req);
void vmedia_objects_forget_cache(struct vmedia_session *s);
/*
 * Make room for @bytes more of @s (0: a file, an object). @err is the reason: -EDQUOT for its
 * share, -ENOMEM for the device's limit. Withdraws the oldest export that has no other user.
 * Returns false if there is none, or if withdrawing all of them would not be enough.
 */
bool vmedia_objects_reclaim(struct vmedia_session *s, int err, uint64_t bytes);
/* Withdraw all exports. @tell: report it to the transport. */
void vmedia_objects_reset(struct vmedia_device *dev, bool tell);

/* ---- The device ---- */

struct vmedia_device {
	struct vmedia_loop *loop;
	const struct vmedia_device_ops *ops;
	void *priv;
	struct vmedia_config config;
	struct vmedia_limits limits;
	struct vmedia_policy *policy; /* NULL: all is allowed */
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
	uint64_t turn_ns;	    /* VMEDIA_CORE_TURN_NS; tests set other values */
	uint64_t turn_end;	    /* CLOCK_MONOTONIC ns: no command starts after it */
	struct vmedia_list backlog; /* sessions that wait for time, next one first */
	struct vmedia_session *running; /* the session whose commands run now, or NULL */
	struct vmedia_session none; /* holds only the queue of commands without a session */
	uint64_t ahead_segs;
	bool dirty[VMEDIA_NUM_QUEUES]; /* pushed since the last notification */
	bool more[VMEDIA_NUM_QUEUES];  /* the turn's share was used up; there is more */
	bool suspended;	  /* the command queue does not run: ->suspend() was called */
	bool event_first; /* SUBSCRIBE_EVENT: notify the event queue before the commands */

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

/* Schedule the end of the turn. */
static inline void vmedia_device_defer(struct vmedia_device *dev)
{
	vmedia_defer(&dev->turn);
}

/* Notify the driver if chains of queue @q were returned since the last notification. */
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
