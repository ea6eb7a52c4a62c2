/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A decoder's sessions: decoder.c has the device, decoder_job.c the jobs on the loop,
 * decoder_format.c formats and selections, decoder_pool.c the CAPTURE buffers, decoder_work.c what
 * a job does on its thread.
 */
#ifndef VMEDIA_V4L2_DECODER_H
#define VMEDIA_V4L2_DECODER_H

#include <vmedia/codec.h>
#include <vmedia/m2m.h>

#include "base/list.h"
#include "v4l2/codec.h"

/* CAPTURE buffers of one job at most. */
#define VMEDIA_DECODER_TARGETS 32
/* CAPTURE buffers that the codec cannot take, so that others' pictures can be shown. */
#define VMEDIA_DECODER_RESERVE 2

/* A packet of a job. */
struct vmedia_decoder_packet {
	struct vmedia_buf *buf;		/* the loop's */
	struct vmedia_backing *mem;	/* a reference; NULL: empty */
	uint32_t offset, size;
	uint64_t tag;
	bool full;			/* no room was left in the buffer */
	bool damaged;			/* result */
};

/*
 * A CAPTURE buffer, or only its memory, as the codec sees it.
 *
 * A job is given all queued buffers, at its beginning and while it runs. The codec takes some of
 * those that it does not have. One that it releases without a picture is the job's next buffer. The
 * buffers of the job's pictures go to the driver, and at the job's end the others go back to the
 * queue. A buffer that the codec has is held there, and the next job gets it when it begins. When
 * its picture comes it is shown if the job has the buffer. Else the driver has it, since it was
 * shown before, or went back with STREAMOFF or LAST; the picture is then copied.
 *
 * A slot is freed with the buffer's memory, or later, when the codec releases it.
 */
struct vmedia_decoder_slot {
	struct vmedia_codec_raw raw;
	struct vmedia_buf *buf;		/* the loop's; NULL: the buffer is gone */
	uint32_t num_mem;
	struct vmedia_backing *mem[VMEDIA_COLOUR_PLANES];	/* references */
	bool given;			/* the loop's: to the running job, and not yet back */
	bool taken;			/* the thread's: given, and not shown yet */
	bool codec;			/* atomic, written by the thread: the codec has it */
	bool held;			/* the loop's: vmedia_m2m_hold() was called */
	bool aimed;			/* raw is of CAPTURE's format; of one that is given */
	struct vmedia_codec_pool *lender;	/* where the codec may take one more after it */
	struct vmedia_decoder_slot *spare;	/* the next one of pool->spare */
	struct vmedia_list node;	/* decoder->slots */
};

/*
 * Between the loop and a job that runs are three rings. Their numbers count from the job's begin,
 * and entry n is at n modulo the ring's size. One side counts the entries that it has filled, the
 * other one those that it is done with. Each reads the other's number by vmedia_decoder_number(),
 * and writes its own one by vmedia_decoder_count(), behind all that belongs to the entry.
 *
 *	ring			filled by		emptied by
 *	packets			loop: num_packets	thread: num_sent
 *	pool.slots		loop: num		thread: used
 *	shown			thread: num_shown	loop: num_given
 */
static inline uint32_t vmedia_decoder_number(const uint32_t *number)
{
	return __atomic_load_n(number, __ATOMIC_ACQUIRE);
}

static inline void vmedia_decoder_count(uint32_t *number)
{
	__atomic_store_n(number, *number + 1, __ATOMIC_RELEASE);
}

/* CAPTURE buffers of a job. */
struct vmedia_codec_pool {
	uint32_t num, used;
	/* The thread's: */
	uint32_t may_take;		/* the codec may take so many of them */
	struct vmedia_decoder_slot *spare;	/* given, and released without a picture */
	struct vmedia_decoder_slot *slots[VMEDIA_DECODER_TARGETS];
};

/* A picture of a job, in its buffer. */
struct vmedia_decoder_shown {
	struct vmedia_decoder_slot *slot;
	struct vmedia_codec_picture picture;
	bool copied;			/* by write() */
};

/*
 * A codec and what it is to do. While a job runs this is the thread's, but for the rings; else the
 * loop's.
 */
struct vmedia_decoder_work {
	const struct vmedia_decoder_ops *ops;
	void *priv;
	/* The codec, and what is known of it. */
	void *dec;			/* NULL: not open */
	bool more;			/* receive() may give a picture without another packet */
	bool have;			/* receive() gave a picture that was not written */
	bool ending;			/* drain() was called, and receive() has not ended */
	struct vmedia_codec_picture picture;
	uint8_t *copy;			/* of a packet */
	size_t copy_room;
	/* A job's task. */
	uint32_t coded;
	bool reset;			/* before all else */
	bool drain;			/* after all packets */
	bool have_header;
	struct vmedia_codec_header header;	/* what CAPTURE is set up for */
	/* The rings, and the number of packets whose buffers are finished, which is the loop's. */
	uint32_t num_packets, num_sent, num_finished;
	struct vmedia_decoder_packet packets[VMEDIA_CODEC_BATCH];
	struct vmedia_codec_pool pool;
	uint32_t num_shown, num_given;
	struct vmedia_decoder_shown shown[2 * VMEDIA_DECODER_TARGETS];
	/* Why the job ended. */
	bool found;			/* a header that differs, in found_header */
	bool drained;			/* all pictures of the drain are out */
	struct vmedia_codec_header found_header;
	int err;			/* fatal */
};

/* Do the task. Context: a worker. */
void vmedia_decoder_work_run(struct vmedia_decoder_work *w, struct vmedia_worker *worker);
/* Close the codec; and free what the work allocated, too. Context: the loop, no job runs. */
void vmedia_decoder_work_close(struct vmedia_decoder_work *w);
void vmedia_decoder_work_finish(struct vmedia_decoder_work *w);
/* True if the two headers do not differ, in the sense of <vmedia/codec.h>. */
bool vmedia_decoder_same(const struct vmedia_codec_header *a, const struct vmedia_codec_header *b);

/* A decoder device. */
struct vmedia_decoder_device {
	struct vmedia_decoder_config cfg;
	struct vmedia_queue_config queues[2];
	struct vmedia_codec_sessions sessions;
	/* Not changed while there are sessions: */
	uint64_t soon_ns;		/* what is finished waits for its driver so long at most */
	uint64_t turn_ns;		/* a job runs so long before it ends for others that wait */
};

/* A session's decoder. */
struct vmedia_decoder {
	struct vmedia_codec_session s;
	struct vmedia_decoder_device *dev;
	struct vmedia_decoder_work work;
	struct vmedia_list slots;
	bool have_header;
	struct vmedia_codec_header header;	/* as the driver was told */
	bool reset;			/* for the next job */
	bool chosen;			/* the driver set CAPTURE's format before the header */
	struct vmedia_ctrl *min_buffers;
};

static inline struct vmedia_decoder *vmedia_decoder_of(const struct vmedia_ctx *ctx)
{
	return vmedia_container_of(vmedia_codec_session_of(ctx), struct vmedia_decoder, s);
}

/* ---- decoder_format.c ---- */

/* Hooks of struct vmedia_video_ops and struct vmedia_queue_ops. */
bool vmedia_decoder_has_format(struct vmedia_queue *q, const struct vmedia_format_config *f);
int vmedia_decoder_try_fmt(struct vmedia_queue *q, struct vmedia_format *fmt);
void vmedia_decoder_set_fmt(struct vmedia_queue *q, const struct vmedia_format *fmt);
int vmedia_decoder_g_selection(struct vmedia_queue *q, struct vmedia_selection *sel);
int vmedia_decoder_queue_setup(struct vmedia_queue *q, uint32_t *num_buffers, uint32_t num_planes,
			       uint32_t *sizes);
/*
 * Set up formats, selections and controls for @h. Returns 1 if CAPTURE's format has changed, 0 if
 * it fits as it is, or -EINVAL if the device cannot show such pictures (with a line in the log).
 */
int vmedia_decoder_apply_header(struct vmedia_decoder *d, const struct vmedia_codec_header *h);

/* ---- decoder_pool.c ---- */

/* Hooks of struct vmedia_queue_ops. */
int vmedia_decoder_buf_init(struct vmedia_buf *b);
void vmedia_decoder_buf_cleanup(struct vmedia_buf *b);
/* True if a job can do something with the picture that the codec has: announce or show it. */
bool vmedia_decoder_can_show(const struct vmedia_decoder *d);
/* Give the ready CAPTURE buffers to a job that begins. */
void vmedia_decoder_fill_pool(struct vmedia_decoder *d);
/* The job runs: give the buffers of its pictures to the driver, and those that are ready to it. */
void vmedia_decoder_refill_pool(struct vmedia_decoder *d);
/* After a job: give back the buffers of its pictures, and those that are not used. */
void vmedia_decoder_settle_pool(struct vmedia_decoder *d);
/*
 * Another stream follows: forget the header, close the codec, and count its pixels no more. No job
 * runs.
 */
void vmedia_decoder_end_stream(struct vmedia_decoder *d);
/* The codec is closed and no job runs: free all slots. */
void vmedia_decoder_free_pool(struct vmedia_decoder *d);

/* ---- decoder_job.c ---- */

extern const struct vmedia_m2m_ops vmedia_decoder_m2m;
extern const struct vmedia_codec_session_ops vmedia_decoder_session;

#endif /* VMEDIA_V4L2_DECODER_H */
