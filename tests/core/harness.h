/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A device and its driver in one thread: both ends of the virtqueues over one memory, the device's
 * loop stepped by the test. No sockets, no threads, no time: what happens is what the test makes
 * happen, in its order. (A turn of the device's loop lasts as long as there is something to do,
 * unless harness_turn() says otherwise.)
 *
 *	harness_init(&h, NULL);
 *	vmedia_device_create(h.loop, &cfg, &dev);	(or any other device made for h.loop)
 *	harness_attach(&h, dev);
 *	harness_post_events(&h, 16, 608);
 *	harness_open(&h, &session);
 *	...
 *	harness_finish(&h);	(destroys the device)
 *
 * The guest's memory is a memory file of HARNESS_RAM bytes at HARNESS_GPA: rings, then a heap that
 * harness_alloc() takes from and that is forgotten when the queues start anew; commands use the
 * upper half, round and round. The peer of region 0 and of virtio objects is here too, and can be
 * told to answer later, or not well.
 */
#ifndef VMEDIA_TESTS_CORE_HARNESS_H
#define VMEDIA_TESTS_CORE_HARNESS_H

#include "base/loop.h"
#include "core/transport.h"
#include "virtq/dev.h"
#include "virtq/drv.h"

#define HARNESS_GPA	    0x40000000ull
#define HARNESS_RAM	    (64u << 20)
#define HARNESS_MAX_MAPS    4096
#define HARNESS_MAX_OBJECTS 64
#define HARNESS_MAX_WAITING 64
#define HARNESS_MAX_TRACE   4096
#define HARNESS_PART	    ((size_t)-1)

struct harness_options {
	uint64_t features; /* ring features; 0: VERSION_1, INDIRECT, EVENT_IDX */
	uint32_t num;	   /* descriptors a queue; 0: 128 */
};

/* One command or event buffer on its way. */
struct harness_req {
	struct harness_req *next;
	unsigned int q;
	bool used;     /* came back */
	uint32_t len;  /* used.len */
	uint8_t *resp; /* the writable part, in guest memory, contiguous */
	size_t resp_cap;
};

/* A region-0 mapping as the peer sees it. */
struct harness_map {
	uint64_t offset, len, fd_offset;
	bool writable, unmapping;
	uint8_t *addr; /* really mapped, so that tests can look through it */
};

struct harness_waiting { /* a peer's answer that is still to be given */
	vmedia_transport_done_fn done;
	void *opaque;
	int err, fd;
	struct harness_map *unmap; /* goes when answered */
};

struct harness {
	struct vmedia_loop *loop;
	struct vmedia_device *dev;
	struct vmedia_transport transport;
	struct vmedia_transport_ops ops; /* a test may clear what the transport lacks */
	int ram_fd;
	uint8_t *ram;
	struct vmedia_mem *mem;
	uint64_t heap; /* offset of the first free byte */
	uint64_t heap_start;
	uint64_t command_heap;
	uint64_t features;
	uint32_t num;
	struct vmedia_vqd *vqd[VMEDIA_NUM_QUEUES];
	struct vmedia_vqr *vqr[VMEDIA_NUM_QUEUES];
	struct harness_req *free_reqs, *all_reqs;
	struct harness_req *events_first, *events_last; /* used event buffers not looked at yet */
	unsigned int events_posted;
	unsigned int notifies[VMEDIA_NUM_QUEUES];
	unsigned int pushes[VMEDIA_NUM_QUEUES];
	/*
	 * Which queue each push (lower case) and notification (upper case) was for: "cC", "ceCE".
	 */
	char trace[HARNESS_MAX_TRACE];
	unsigned int traced;
	/* region 0 */
	bool shm_async; /* answers wait for harness_answer() */
	int shm_map_err, shm_unmap_err;
	unsigned int shm_room; /* so many may wait, further ones are -EBUSY; 0: any */
	bool peer_resets;      /* unmapping what it does not have is -EIO, no bug */
	struct harness_map maps[HARNESS_MAX_MAPS];
	unsigned int num_maps;
	unsigned int map_calls, unmap_calls;
	bool overlap; /* the device mapped over a mapping: a bug */
	/* objects */
	bool object_async;
	uint8_t object_uuid[HARNESS_MAX_OBJECTS][VMEDIA_UUID_SIZE];
	int object_fd[HARNESS_MAX_OBJECTS];
	unsigned int num_objects; /* of others, for look-ups */
	unsigned int lookups, adds, removes;
	struct harness_waiting waiting[HARNESS_MAX_WAITING];
	unsigned int num_waiting;
};

int harness_init(struct harness *h, const struct harness_options *opts);
/* Detaches and destroys the device, frees all. */
void harness_finish(struct harness *h);
void harness_attach(struct harness *h, struct vmedia_device *dev);
/* How long a turn of the device is, in ns. 0: one command, then the loop. */
void harness_turn(struct harness *h, uint64_t ns);
/* What a driver does that starts over: queues stopped, set up anew, the device reset in between. */
void harness_restart(struct harness *h);
/* The connection is lost and another guest comes. */
void harness_reconnect(struct harness *h);
/* Rounds of the loop until nothing more happens. */
void harness_step(struct harness *h);

/* Guest memory: @len bytes aligned to @align; never fails (asserts). */
void *harness_alloc(struct harness *h, size_t len, size_t align);
uint64_t harness_gpa(const struct harness *h, const void *p);

/* ---- Commands ---- */

/*
 * Offer a command of @req_len bytes and @resp_cap bytes for its answer, both cut into pieces of at
 * most @piece bytes (HARNESS_PART: one each). Nothing runs before harness_kick().
 */
struct harness_req *harness_offer(struct harness *h, const void *req, size_t req_len,
				  size_t resp_cap, size_t piece);
/* Offer any chain: its pieces are guest addresses, which need not exist. */
struct harness_req *harness_offer_sg(struct harness *h, unsigned int q,
				     const struct vmedia_gpa_range *out, unsigned int out_num,
				     const struct vmedia_gpa_range *in, unsigned int in_num);
void harness_kick(struct harness *h, unsigned int q);
/* Take back what the device returned. */
void harness_collect(struct harness *h);
void harness_put(struct harness *h, struct harness_req *req);
/*
 * Right after harness_restart() or harness_reconnect(): the test has no pointers to requests any
 * more.
 */
void harness_forget(struct harness *h);

/*
 * Offer, kick, step: used.len, or -EAGAIN if it did not come back. The answer is copied to @resp.
 */
int harness_raw(struct harness *h, const void *req, size_t req_len, void *resp, size_t resp_cap);
/* Offer by proto's encoder with room for the whole answer. */
struct harness_req *harness_offer_cmd(struct harness *h, const struct vmedia_cmd *cmd);
/* The answer of a used command by proto's decoder: as vmedia_resp_decode(). Puts @req. */
int harness_answered(struct harness *h, struct harness_req *req, struct vmedia_cmd *cmd);
/* All of it; -EAGAIN if the command did not come back (it is then forgotten). */
int harness_cmd(struct harness *h, struct vmedia_cmd *cmd);

int harness_open(struct harness *h, uint32_t *session);
int harness_close(struct harness *h, uint32_t session); /* used.len: 0 */
void harness_cmd_ioctl(struct vmedia_cmd *cmd, uint32_t session,
		       uint32_t nr); /* fill in, payload zero */
int harness_ioctl(struct harness *h, uint32_t session, uint32_t nr, union vmedia_payload *arg);
int harness_mmap(struct harness *h, uint32_t session, uint32_t offset, uint32_t flags,
		 uint64_t *addr, uint64_t *len);
int harness_munmap(struct harness *h, uint64_t addr);

/* ---- Events ---- */

/* Post @n event buffers of @size bytes and kick. */
void harness_post_events(struct harness *h, unsigned int n, size_t size);
/*
 * The next used event buffer: 1 and its bytes (@evt NULL: dropped), 0 none, negative: not
 * decodable; *@used its length.
 */
int harness_event(struct harness *h, struct vmedia_evt *evt, uint32_t *used);

/* ---- The peer ---- */

/* Give the oldest waiting answer (all: @n == -1), with @err if not 0. Steps. */
void harness_answer(struct harness *h, int n, int err);
struct harness_map *harness_map_at(struct harness *h, uint64_t offset);
/* An object of somebody else: a memory file of @size bytes. */
void harness_add_object(struct harness *h, const uint8_t uuid[VMEDIA_UUID_SIZE], uint64_t size);

/* Open descriptors of this process, and bytes on its heap: to compare before and after. */
unsigned int harness_count_fds(void);
size_t harness_heap_bytes(void);

#endif
