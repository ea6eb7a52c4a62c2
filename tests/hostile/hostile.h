/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside vmedia-hostile: an honest camera, and a layer between it and the guest that lies.
 *
 *   main.c      options, the loop, the counters at the end
 *   server.c    one guest after another, and where the layer is put between core and serve
 *   layer.c     what passes: questions are remembered, answers and events changed on their way
 *   answers.c   how an answer is changed, field by field
 *   fields.c    which fields there are
 *   events.c    how an event is changed, and events out of nothing
 *   rings.c     used rings with wrong entries; answers held back
 *   control.c   the guest's side door
 *
 * Theory of operation: core, the camera, serve and the rings are the daemon's own and know nothing
 * of this. Core sees a transport whose push() and pop() are the layer's; the layer calls the real
 * ones of src/serve. An answer is complete in guest memory when core pushes it, and invisible to
 * the driver until the real push, so what is changed in between is all that the driver sees.
 *
 * Context: everything runs on the loop's thread.
 */
#ifndef HOSTILE_H
#define HOSTILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"
#include "faults.h"
#include "serve/serve.h"

#define HOSTILE_MAX_SESSIONS 4096
#define HOSTILE_MAX_HELD     48	  /* answers held back; fewer than make the driver give up */
#define HOSTILE_ROOM	     1024 /* bytes of an answer that are looked at */
#define HOSTILE_MAX_QUESTION 512  /* bytes of a question that are remembered */
#define HOSTILE_PAGES		(1u << 18)	/* of region 0, at most: 1 GiB */
#define HOSTILE_MAPPINGS     64	  /* addresses that were given for MMAP, remembered */

/* What is known of a session that the guest believes to be open. */
struct hostile_session {
	uint32_t id;
	bool open, spared;
	bool has_dqbuf;
	uint64_t lent; /* bit mask of buffers */
	uint8_t dqbuf[VMEDIA_EVT_DQBUF_SIZE];
};

struct hostile_question {
	uint32_t cmd;  /* enum vmedia_cmd_type */
	uint32_t code; /* of an ioctl */
	uint32_t session_id;
	size_t len; /* of what is remembered */
	uint8_t bytes[HOSTILE_MAX_QUESTION];
};

/* An answer on its way, in private memory. */
struct hostile_answer {
	const struct hostile_question *q;
	size_t room;   /* of the driver's, at most HOSTILE_ROOM */
	size_t len;    /* bytes that core wrote, of these */
	uint32_t used; /* what the ring will say */
	bool must;     /* a driver must refuse it */
	uint8_t bytes[HOSTILE_ROOM];
};

struct hostile_armed {
	uint32_t which, every, left; /* left: ~0 for ever */
	uint64_t done, must;
};

struct hostile_held {
	struct vmedia_chain *chain;
	uint32_t used;
	uint64_t deadline_ns; /* ~0: never */
};

struct hostile {
	struct vmedia_loop *loop;
	struct vmedia_device *dev;
	struct vmedia_server_options opts;
	struct vmedia_listener listener;
	struct vmedia_source accept_src, signals;
	int signal_fd;
	struct vmedia_deferred next, reset;
	struct vmedia_timer late;  /* answers that are held back */
	struct vmedia_timer after; /* an event after its time */
	uint8_t after_event[VMEDIA_EVT_DQBUF_SIZE];
	struct vmedia_guest guest;
	struct vmedia_transport_ops ops; /* what core sees */
	struct vmedia_vub_ops vub_ops;	 /* what the back-end sees */
	const struct vmedia_vub_ops *real_vub_ops;
	uint8_t config[VMEDIA_CONFIG_SIZE];
	bool config_once; /* the true one after the next probe */

	uint64_t random, seed;
	uint32_t late_ms, late_min_ms;
	bool frozen; /* a ring was spoilt: nothing more until it starts again */
	bool blind;  /* mappings succeed without the VMM knowing of them */
	bool blind_pages[HOSTILE_PAGES]; /* a mapping begins there that the VMM does not know */
	unsigned int late_num, held_num;
	struct hostile_held held[HOSTILE_MAX_HELD];
	struct hostile_armed armed[HOSTILE_NUM_FAULTS];
	uint64_t answers, events; /* that passed */
	uint16_t returned;	  /* the last command that went back */
	unsigned int num_mappings;
	uint64_t mappings[HOSTILE_MAPPINGS];
	unsigned int num_sessions;
	struct hostile_session sessions[HOSTILE_MAX_SESSIONS];
	struct hostile_question *questions; /* by the chain's id */
};

/* main.c */
extern const char *const hostile_fault_names[HOSTILE_NUM_FAULTS];
uint64_t hostile_random(struct hostile *h);
/* A number below @n, which is not 0. */
uint32_t hostile_below(struct hostile *h, uint32_t n);
/* Is @fault to happen now, to a command @which (HOSTILE_ANY: there is none)? */
bool hostile_roll(struct hostile *h, enum hostile_fault fault, uint32_t which);
/* It happened. */
void hostile_done(struct hostile *h, enum hostile_fault fault, bool must);

/* server.c */
int hostile_listen(struct hostile *h);
void hostile_close(struct hostile *h);

/* layer.c */
void hostile_layer_init(struct hostile *h);
/* The rings stopped, or the guest left: what was held is gone. */
void hostile_layer_forget(struct hostile *h, unsigned int queue);
struct hostile_session *hostile_session_of(struct hostile *h, uint32_t id);
/* Some open session that is not spared, or NULL. */
struct hostile_session *hostile_any_session(struct hostile *h);
void hostile_push(struct hostile *h, unsigned int queue, struct vmedia_chain *chain, uint32_t used);

/* answers.c: change @a; false if @fault does not apply to it. */
bool hostile_change_answer(struct hostile *h, enum hostile_fault fault, struct hostile_answer *a);
/* Spoil some of @len bytes by BITS, ZERO, ONES, NOISE; false if that changed nothing. */
bool hostile_spoil(struct hostile *h, enum hostile_fault fault, uint8_t *bytes, size_t len);

/* fields.c */
enum hostile_field_kind {
	HOSTILE_FIELD_ECHO,    /* comes back as it was asked */
	HOSTILE_FIELD_POINTER, /* the driver's own; 64 bits */
	HOSTILE_FIELD_COUNT,   /* a number of things */
	HOSTILE_FIELD_LENGTH,  /* bytes of a memory */
	HOSTILE_FIELD_SIZE,    /* sizeimage of a format */
	HOSTILE_FIELD_OTHER,
};

struct hostile_field {
	uint8_t nr;   /* VMEDIA_NR_* */
	uint16_t off; /* in the structure */
	enum hostile_field_kind kind;
};

extern const struct hostile_field hostile_fields[];
extern const unsigned int hostile_num_fields;

/* events.c */
/*
 * Change the event of @len bytes in @bytes; *used is what the ring will say. False if @fault does
 * not apply.
 */
bool hostile_change_event(struct hostile *h, enum hostile_fault fault, uint8_t *bytes, size_t len,
			  uint32_t *used, bool *must);
/* Change the DQBUF event at @shared again and again for a while; @bytes: what it was. */
void hostile_flicker(uint8_t *shared, const uint8_t *bytes);
/* Events out of nothing, after a command @which of @s (HOSTILE_ANY: after an event). */
void hostile_add_events(struct hostile *h, struct hostile_session *s, uint32_t which);

void hostile_on_after(struct vmedia_timer *t);

/* rings.c */
bool hostile_hold(struct hostile *h, enum hostile_fault fault, struct vmedia_chain *chain,
		  uint32_t used);
void hostile_on_late(struct vmedia_timer *t);
/* Push @chain, with a lie. */
void hostile_spoil_ring(struct hostile *h, enum hostile_fault fault, struct vmedia_chain *chain,
			uint32_t used);

/* control.c: true if @chain was a question for us; it is answered and gone. */
bool hostile_control(struct hostile *h, struct vmedia_chain *chain);

/* bytes on the wire */
static inline uint32_t hostile_get32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline void hostile_put32(uint8_t *p, uint32_t v)
{
	p[0] = v & 0xff;
	p[1] = v >> 8 & 0xff;
	p[2] = v >> 16 & 0xff;
	p[3] = v >> 24;
}

static inline uint64_t hostile_get64(const uint8_t *p)
{
	return hostile_get32(p) | (uint64_t)hostile_get32(p + 4) << 32;
}

static inline void hostile_put64(uint8_t *p, uint64_t v)
{
	hostile_put32(p, (uint32_t)v);
	hostile_put32(p + 4, v >> 32);
}

#endif
