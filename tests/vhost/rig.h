/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Both ends of vhost-user in one thread: a back-end with a small device behind it, on a loop that
 * the front-end steps while it waits for answers.
 */
#ifndef VMEDIA_TESTS_VHOST_RIG_H
#define VMEDIA_TESTS_VHOST_RIG_H

/* clang-format off: cmocka.h needs these first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include "base/loop.h"
#include "vhost/backend.h"
#include "vhost/frontend.h"
#include "virtq/dev.h"
#include "virtq/drv.h"
#include "virtq/mem.h"

#define RIG_QUEUES   2
#define RIG_NUM	     16
#define RIG_CONFIG   40
#define RIG_MEM_SIZE (1u << 20)
#define RIG_GPA	     0x40000000ull
#define RIG_UVA	     0x7f0000000000ull
#define RIG_SHMEM    (16u << 20)
#define RIG_HELD     8

/* The driver's side of one ring. */
struct rig_ring {
	struct vmedia_vqr *vqr;
	int kick, call, err;
	uint64_t off; /* of the ring in guest memory */
	struct vmedia_vq_layout layout;
};

struct rig {
	struct vmedia_loop *loop;
	struct vmedia_vub *vub; /* NULL once closed */
	struct vmedia_vuf *vuf;
	int fds; /* open before the rig was */
	bool closing; /* another thread closes one */

	/*
	 * The device: answers each chain with the bytes it read plus one, unless it holds chains.
	 */
	unsigned int ready[RIG_QUEUES], stopped[RIG_QUEUES], kicks[RIG_QUEUES];
	bool running[RIG_QUEUES];
	unsigned int alone; /* kicks while another ring did not run */
	bool hold;
	unsigned int refill; /* the driver adds this many chains while the device works */
	bool destroy_on_stop, destroy_on_kick, destroy_on_reset;
	struct vmedia_chain *held[RIG_QUEUES][RIG_HELD];
	unsigned int num_held[RIG_QUEUES];
	unsigned int bad_chains, resets, mem_changes, closed, channels;
	int reason;
	uint64_t features;
	uint8_t config[RIG_CONFIG];
	bool config_writable;
	int object_fd; /* what GET_SHARED_OBJECT gives, duplicated; -1: unknown */

	/* The driver. */
	int mem_fd;
	uint8_t *mem;
	struct rig_ring ring[RIG_QUEUES];

	/* The front-end's owner. */
	unsigned int maps, unmaps, adds, removes, lookups, config_changes;
	int op_result;
	struct {
		uint8_t shmid;
		uint64_t fd_off, shm_off, len;
		bool rw;
		char first; /* byte of the file at fd_off */
	} map;
};

struct rig_options {
	uint64_t mask_features, mask_protocol; /* not offered */
	uint64_t want_features, want_protocol; /* by the front-end; 0: its defaults */
	unsigned int back_bit, front_bit;      /* of SHMEM */
	uint64_t max_memory;
	unsigned int max_slots;
	bool no_shared_object;
};

void rig_open(struct rig *r, const struct rig_options *opt);
/* Also checks that no descriptor leaked. */
void rig_close(struct rig *r);
/* Open, negotiated, with memory. */
void rig_start(struct rig *r, const struct rig_options *opt);
/* Rounds of the loop until nothing happens. */
void rig_settle(struct rig *r);
int rig_count_fds(void);

/* The whole guest memory as one region. */
struct vmedia_vuf_region rig_region(const struct rig *r);
/* Makes a driver ring in guest memory. v is what the back-end is to be told; base 0. */
void rig_make_ring(struct rig *r, unsigned int idx, uint64_t features, struct vmedia_vuf_vring *v);
/* The same, and tells the back-end. base: SET_VRING_BASE. */
void rig_setup_ring(struct rig *r, unsigned int idx, uint32_t base);
void rig_drop_ring(struct rig *r, unsigned int idx);
/* Makes a chain available that reads one byte and writes one. */
void rig_offer(struct rig *r, unsigned int idx, uint8_t byte);
/* The same, and kicks. */
void rig_send(struct rig *r, unsigned int idx, uint8_t byte);
/* How many bytes the device wrote in the next used chain, or -1 if there is none. */
int rig_recv(struct rig *r, unsigned int idx);
/* One echo through the ring, checked. */
void rig_echo(struct rig *r, unsigned int idx, uint8_t byte);

/*
 * Any message to the back-end. need_reply as the flag. Returns the u64 of the answer, -1 without
 * one, -2 if the connection was closed.
 */
int64_t rig_raw(struct rig *r, uint32_t request, bool need_reply, const void *payload,
		uint32_t size, const int *fds, unsigned int num_fds);

#endif
