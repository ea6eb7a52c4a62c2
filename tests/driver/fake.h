/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A device for tests of the driver: real rings, in this thread, honest unless told to lie.
 *
 * The driver's waits pump it: each turn takes what is on the commandq and answers it. A test may
 * look at each command before it is answered (seen), change each answer (lie), hold answers back
 * (hold), and send any event.
 */
#ifndef TESTS_DRIVER_FAKE_H
#define TESTS_DRIVER_FAKE_H

#include "driver/internal.h"
#include "virtq/dev.h"

#define FAKE_BUF_LEN	8192u
#define FAKE_MAX_HELD	16
#define FAKE_RINGS	4

/* The kinds of rings: their feature bits, for fake_create(), and a name. */
extern const struct fake_ring {
	uint64_t features;
	const char *name;
} fake_rings[FAKE_RINGS];

struct fake;

/* One answer before it goes out: bytes, how many, and what the device was asked. */
struct fake_answer {
	const struct vmedia_cmd *cmd;
	uint8_t *bytes;
	uint32_t used;		/* bytes to report */
	uint32_t cap;		/* room in the chain */
};

struct fake {
	struct vmedia_driver *drv;
	struct vmedia_mem *mem;
	struct vmedia_vqd *vq[2];
	struct vmedia_cmd cmd;			/* the last one, decoded */
	struct vmedia_ext_control ctrls[64];
	struct vmedia_sg ctrl_sg[64];
	uint8_t edid[VMEDIA_MAX_EDID_BLOCKS * 128];
	uint8_t req[1 << 16], resp[1 << 16];
	size_t req_len;
	unsigned int commands, kicks;
	unsigned int calls[2];			/* interrupts that the driver wanted, each queue */
	uint32_t next_id;
	uint64_t map_addr, map_len;		/* what MMAP answers */
	unsigned int munmaps, closes;
	uint64_t last_munmap;
	uint32_t last_close;
	bool multi;				/* QUERYBUF says two planes */
	bool hold;				/* keep chains instead of answering */
	struct vmedia_chain *held[FAKE_MAX_HELD];
	unsigned int num_held;
	bool deaf;				/* take nothing, for good */
	/* answer ioctls with this (negative) instead of 0 */
	int err;
	void (*seen)(struct fake *d);
	void (*lie)(struct fake *d, struct fake_answer *a);
	void (*after)(struct fake *d);		/* when the answer is out */
	void *test;
};

/* Features: bits of VMEDIA_VQ_FEATURES; @flags as in the options. */
struct fake *fake_create(uint64_t features, uint32_t flags, uint64_t region_size);
/* The same with real descriptors: vmedia_driver_fd() can be polled, timers run. */
struct fake *fake_create_polled(uint64_t features, uint32_t flags);
void fake_destroy(struct fake *d);
/*
 * For hooks.pump: a driver that sleeps until it is interrupted. The device takes its turns, then
 * @scene its own, until there was an interrupt; @scene says false when nothing will come any more.
 */
int fake_sleep(struct fake *d, bool (*scene)(struct fake *d));
/* Take and answer everything that is there. */
void fake_turn(struct fake *d);
/* Answer the oldest chain that was held back. */
void fake_release(struct fake *d);
/* Send an event; false if the driver has no buffer out. */
bool fake_event(struct fake *d, const struct vmedia_evt *evt);
bool fake_event_raw(struct fake *d, const void *bytes, uint32_t len);
/* A DQBUF event of buffer @index of a single-planar capture queue with memory @memory, honest. */
struct vmedia_evt fake_dqbuf(uint32_t session, uint32_t index, uint32_t memory);

/* A session with @num buffers, queried. */
struct vmedia_file *fake_session(struct fake *d, uint32_t num, uint32_t memory);
/* QBUF; for USERPTR with @ptr. */
int fake_qbuf(struct vmedia_file *f, uint32_t index, uint32_t memory, void *ptr);
int fake_dq(struct vmedia_file *f, uint32_t memory, struct vmedia_buffer *b);
int fake_stream(struct vmedia_file *f, bool on);

struct vmedia_driver_stats fake_stats(struct fake *d);

#endif
