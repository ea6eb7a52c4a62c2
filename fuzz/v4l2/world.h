/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The stateful fuzzer: a guest's programs on one device, and a model of what V4L2 says they must
 * see.
 *
 *   world.c	the device with its driver in one thread: commands, events, the end of a sequence
 *   model.c	the rules: which errno each ioctl must have in which state, what an event may say
 *   ops*.c	operations: from the bytes of a sequence to ioctls and back into the model
 *   pages.c	guest memory that buffers are lent from, with marks around it
 *   devices.c	the devices that stand behind
 *   guard.c	pages around each mapping that nobody may touch
 *   run.c	a sequence from its bytes; main.c: many, and the least of one that fails
 *
 * The rules are those of videobuf2 (vb2_core_*(), vb2_ioctl_*(), v4l2-ioctl.c), not those of the
 * code under test. Where several rules forbid a call at once, the errno of each is right: the order
 * of checks is nobody's promise.
 */
#ifndef FUZZ_V4L2_WORLD_H
#define FUZZ_V4L2_WORLD_H

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <linux/videodev2.h>

#include "harness.h"

#define FZ_SESSIONS	3
#define FZ_QUEUES	2	/* of a context */
#define FZ_BUFS		12	/* max_buffers of each device here */
#define FZ_MAPS		32
#define FZ_SUBS		16
#define FZ_CTRLS	48
#define FZ_FORMATS	16
#define FZ_EVENT_ROOM	16
#define FZ_OBJECTS	4
#define FZ_RECORD	8	/* bytes of one operation */
#define FZ_WAIT_NS	10000000000ull	/* whatever takes longer never comes */

/* ---- Devices ---- */

struct fz_device {
	const char *name;
	uint32_t types[FZ_QUEUES];	/* OUTPUT first; 0: no second queue */
	bool per_session;
	bool moves;			/* a stream's content changes CAPTURE's format */
	bool eos;			/* V4L2_EVENT_EOS can be subscribed */
	bool codec;			/* answers one of DECODER_CMD, ENCODER_CMD */
	bool master;			/* CAPTURE's format decides which OUTPUT can have */
	bool fails;			/* its queue fails at some time: vmedia_queue_error() */
	int (*create)(struct vmedia_loop *loop, const struct fz_device *d,
		      struct vmedia_device **dev);
};

extern const struct fz_device fz_devices[];
extern const unsigned int fz_num_devices;

/* codec.c: an encoder of the framework, for small pictures. */
int fz_encoder(struct vmedia_loop *loop, const struct vmedia_limits *limits,
	       struct vmedia_device **dev);

/* ---- The model ---- */

enum fz_state { FZ_NONE, FZ_DEQUEUED, FZ_PREPARED, FZ_QUEUED };

struct fz_buf {
	enum fz_state state;
	uint32_t num_planes;
	uint32_t min[VMEDIA_MAX_PLANES];	/* by the format when it was made; 0: unknown */
	uint32_t length[VMEDIA_MAX_PLANES];	/* as last told; 0: not yet */
	uint32_t offset[VMEDIA_MAX_PLANES];	/* MMAP, as told */
	uint8_t *mapped[VMEDIA_MAX_PLANES];	/* seen through region 0 */
	bool has_offset, exported;
	bool lost;				/* an import failed: vb2 forgets the length */
	uint64_t order;				/* of QBUF */
	uint64_t handle[VMEDIA_MAX_PLANES];	/* the driver's pointer or fd */
	uint64_t gpa[VMEDIA_MAX_PLANES];	/* SHARED_PAGES: of the question */
	uint32_t given[VMEDIA_MAX_PLANES];	/* ... and its length */
	uint64_t slots;				/* pages.c: lent ones, a bit each */
};

struct fz_queue {
	uint32_t type;
	bool output, mplane;
	int owner;				/* a session, or -1 */
	bool busy, streaming;
	bool failed;				/* may be in error */
	uint32_t memory, num;
	uint32_t last_memory;			/* of the buffers that were removed */
	struct fz_buf buf[FZ_BUFS];
	struct vmedia_format fmt;
	bool fmt_known;
	bool counted;				/* a buffer came since STREAMON */
	uint32_t sequence;			/* its number */
};

struct fz_ctx {
	struct fz_queue q[FZ_QUEUES];
	unsigned int num;
	bool stalled;				/* an end was asked for, or came */
	bool last;				/* LAST came since CAPTURE's STREAMON */
};

struct fz_session {
	bool open;
	uint32_t id, prio;
	struct fz_ctx *ctx, own;
	struct {
		uint32_t type, id;
	} subs[FZ_SUBS];
	unsigned int num_subs;
	bool any_event;
	bool new_source;			/* SOURCE_CHANGE since CAPTURE's STREAMON */
	uint32_t sequence;			/* of events */
};

struct fz_map {
	uint64_t addr;
	int session;
	struct fz_buf *buf;			/* NULL: the buffer is gone */
	uint32_t plane;
};

struct fz {
	struct harness h;
	const struct fz_device *d;
	bool verbose, memory_only;
	struct fz_ctx shared;
	struct fz_session s[FZ_SESSIONS];
	struct fz_map maps[FZ_MAPS];
	unsigned int num_maps;
	uint64_t order;
	bool exported, withhold, in_event;
	uint8_t *room[FZ_EVENT_ROOM];		/* event buffers that are not posted */
	unsigned int num_room;
	/* What the device says of itself, asked once. */
	struct {
		uint32_t pixelformat[FZ_FORMATS];
		unsigned int num;
	} formats[FZ_QUEUES];
	struct vmedia_query_ext_ctrl ctrls[FZ_CTRLS];
	unsigned int num_ctrls, num_inputs, num_outputs;
	/* The sequence that runs, for reports. */
	unsigned int op;
	const char *doing;
	unsigned long events, frames;
};

/* Some call is wrong: says so, with the operation, and ends the process; not with memory_only. */
void fz_fail(struct fz *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* One operation, for those who read along. */
void fz_note(struct fz *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
#define FZ_REQUIRE(w, cond, ...)                     \
	do {                                         \
		if (!(cond))                         \
			fz_fail((w), __VA_ARGS__);   \
	} while (0)

/* ---- world.c ---- */

int fz_start(struct fz *w, const struct fz_device *d);
void fz_finish(struct fz *w);
/* One command to its answer; events that came before the answer are in the model on return. */
int fz_cmd(struct fz *w, struct vmedia_cmd *cmd);
int fz_ioctl(struct fz *w, unsigned int s, uint32_t nr, union vmedia_payload *arg);
/* Rounds of the loop, a few; then all events that are there go through the model. */
void fz_settle(struct fz *w);
/* Until there is one more event; it must come. */
void fz_wait_event(struct fz *w);
void fz_post_events(struct fz *w);
/*
 * There is no room for events: the oldest buffer of a queue may have left it, and its event waits
 * in core for room. The device then takes it for dequeued, which the driver cannot know.
 */
bool fz_blind(const struct fz *w);
/* The device's reset: as new, for the model too. */
void fz_reset(struct fz *w);
/* Everybody leaves; nothing may be left. */
void fz_end(struct fz *w);

/* ---- model.c ---- */

/* The errnos that the rules allow; none: the call must succeed. */
struct fz_verdict {
	int err[8];
	unsigned int num;
	bool may_lack_memory;			/* -ENOMEM is fine too */
};

void fz_forbid(struct fz_verdict *v, bool condition, int err);
void fz_judge(struct fz *w, const struct fz_verdict *v, int ret);
struct fz_queue *fz_queue(struct fz *w, unsigned int s, uint32_t type);
void fz_ctx_init(struct fz *w, struct fz_ctx *c);
/* Rules that many calls share. */
bool fz_low_prio(const struct fz *w, unsigned int s);
bool fz_not_owner(const struct fz_queue *q, unsigned int s);
bool fz_memory_ok(uint32_t memory);
uint32_t fz_plane_sizes(const struct vmedia_format *fmt, uint32_t sizes[VMEDIA_MAX_PLANES]);
unsigned int fz_count(const struct fz_queue *q, enum fz_state state);
/* The queue's present format, asked if it is not known. */
const struct vmedia_format *fz_format(struct fz *w, unsigned int s, struct fz_queue *q);
void fz_free_bufs(struct fz *w, struct fz_queue *q, uint32_t first, uint32_t count);
void fz_cancel(struct fz *w, struct fz_queue *q);
void fz_closed(struct fz *w, unsigned int s);
/* A buffer as the device told it: by QUERYBUF, QBUF, PREPARE_BUF or an event. */
void fz_check_buffer(struct fz *w, struct fz_queue *q, const struct vmedia_buffer *b,
		     const struct vmedia_plane *planes);
void fz_event(struct fz *w, const struct vmedia_evt *evt);

/* ---- pages.c ---- */

/*
 * A guest may write its memory while the device reads it: a buffer that is queued, or pages of a
 * session that has ended. What the device gets then is the guest's affair, and the device must live
 * with it. So the sequences do it, and ThreadSanitizer is not to count it. What the device writes
 * is counted.
 */
#define FZ_GUEST_WRITES __attribute__((noinline, no_sanitize("thread")))

void fz_pages_init(struct fz *w);
/* @len bytes of guest memory for @b, at an odd place; 0 if there is no such room. */
uint64_t fz_pages_lend(struct fz *w, struct fz_buf *b, uint32_t len, uint8_t how);
/* All that @b was lent: what is around it must be as it was. */
void fz_pages_return(struct fz *w, struct fz_buf *b);
uint8_t *fz_pages_at(struct fz *w, uint64_t gpa);
/* A sum over what is lent, to see whether somebody writes it. */
uint64_t fz_pages_sum(const struct fz *w);

/* ---- ops.c, ops_buf.c, ops_ctrl.c, ops_drain.c ---- */

struct fz_op {
	unsigned int s;				/* session */
	const uint8_t *p;			/* six bytes */
};

void fz_op(struct fz *w, const uint8_t record[FZ_RECORD]);
/* The session's queue that @pick names, or a type that it has not. */
uint32_t fz_pick_type(struct fz *w, const struct fz_op *o, uint8_t pick, struct fz_queue **q);
void fz_do_reqbufs(struct fz *w, const struct fz_op *o);
void fz_do_streamon(struct fz *w, const struct fz_op *o);
void fz_do_streamoff(struct fz *w, const struct fz_op *o);
void fz_do_drain(struct fz *w, const struct fz_op *o);
void fz_do_querybuf(struct fz *w, const struct fz_op *o);
void fz_do_prepare_buf(struct fz *w, const struct fz_op *o);
void fz_do_qbuf(struct fz *w, const struct fz_op *o);
void fz_do_qbuf_all(struct fz *w, const struct fz_op *o);
void fz_do_expbuf(struct fz *w, const struct fz_op *o);
void fz_do_mmap(struct fz *w, const struct fz_op *o);
void fz_do_munmap(struct fz *w, const struct fz_op *o);
void fz_do_ctrl(struct fz *w, const struct fz_op *o);
void fz_do_ext_ctrls(struct fz *w, const struct fz_op *o);
void fz_do_subscribe(struct fz *w, const struct fz_op *o);
void fz_do_codec_cmd(struct fz *w, const struct fz_op *o);
void fz_do_priority(struct fz *w, const struct fz_op *o);
void fz_do_parm(struct fz *w, const struct fz_op *o);
void fz_do_io(struct fz *w, const struct fz_op *o);
void fz_do_selection(struct fz *w, const struct fz_op *o);

/* ---- run.c ---- */

/* Byte 0: the device; then operations. */
void fz_run(const uint8_t *data, size_t size, bool verbose, bool memory_only);
void fz_run_end(void);

#endif
