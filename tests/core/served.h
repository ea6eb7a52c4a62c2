/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A server with a fake device behind it, and guests that come to it over real sockets: the
 * project's own front-end in the same thread, which steps the server's loop while it waits for an
 * answer.
 */
#ifndef VMEDIA_TESTS_CORE_SERVED_H
#define VMEDIA_TESTS_CORE_SERVED_H

#include <vmedia/serve.h>

#include "test.h"
#include "vhost/frontend.h"

struct served {
	struct harness h; /* its loop and fake only; the device is attached by the server */
	struct fake f;
	struct vmedia_server *srv;
	char path[108];
};

struct guest {
	struct served *s;
	struct vmedia_vuf *vuf;
	int ram_fd, kick[2], call[2];
	uint8_t *ram;
	struct vmedia_mem *mem;
	struct vmedia_vqr *vqr[2];
	uint64_t heap;
	unsigned int maps, unmaps, adds, removes, lookups;
	int cookie;
	bool held; /* guest_offer() gives no kick */
	void (*serve)(struct guest *g); /* guest_take() calls it while it waits; or NULL */
};

#define GUEST_RAM (1u << 20)
#define GUEST_GPA 0x100000ull

/* A fake device without a server. */
struct served *served_new(const struct vmedia_limits *limits);
/* With one, that listens at s->path. */
struct served *served_listen(bool once);
/* The same with @region bytes of region 0, and with options; the path is filled in. */
struct served *served_listen_with(uint64_t region, const struct vmedia_server_options *opts);
/* Ends all; nothing may be left of the path and of sessions. */
void served_end(struct served *s);
/* Rounds of the loop until nothing more happens. */
void served_step(struct served *s);
struct vmedia_server_stats served_stats(struct served *s);

/* Connect and negotiate (@features 0: all); @no_channel: give the device no way to ask us. */
int guest_connect_with(struct guest *g, struct served *s, uint64_t features, bool no_channel);
int guest_connect(struct guest *g, struct served *s, uint64_t features);
/* Memory and both rings. */
void guest_start(struct guest *g);
/* Memory alone, without a word to the device. */
void guest_ram(struct guest *g);
/* Disconnect, free, and let the server notice. */
void guest_leave(struct guest *g);
/* Offer and kick if the device wants it; @resp receives where the answer will be. */
void guest_offer(struct guest *g, unsigned int q, const void *req, uint32_t req_len,
		 uint32_t resp_len, uint8_t **resp);
/* used.len of the next used chain after the loop had its turn; -EAGAIN. */
int guest_take(struct guest *g, unsigned int q);
/* Both: the status of the answer. */
int guest_command(struct guest *g, const uint8_t *req, uint32_t len, uint32_t room, uint8_t **resp);
uint32_t guest_open(struct guest *g);
void guest_qbuf(struct guest *g, uint32_t session);

/* For guests made by hand: what the front-end steps while it waits, and its callbacks. */
int guest_pump(void *opaque);
extern const struct vmedia_vuf_ops served_guest_ops;

#endif
