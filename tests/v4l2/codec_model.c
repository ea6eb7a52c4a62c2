/* SPDX-License-Identifier: BSD-3-Clause */
/* Sets of states: see codec_model.h. */
#include "codec_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define MOST  20000u
#define TABLE 65536u

const char *const cm_names[CM_NUM_WHATS] = {
	"packet", "picture", "LAST", "EMPTY", "CHANGE", "EOS",
};

/* Few pages of this are used. With MALLOC_PERTURB_ calloc() would fill them all. */
static void *reserve(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		abort();
	return p;
}

void cm_init(struct cm *m)
{
	m->set = reserve(MOST * sizeof(*m->set));
	m->next = reserve(MOST * sizeof(*m->next));
	m->table = reserve(TABLE * sizeof(*m->table));
}

void cm_finish(struct cm *m)
{
	munmap(m->set, MOST * sizeof(*m->set));
	munmap(m->next, MOST * sizeof(*m->next));
	munmap(m->table, TABLE * sizeof(*m->table));
}

void cm_open(struct cm *m, const struct cm_format *out, const struct cm_format *cap)
{
	struct cm_state *s = &m->set[0];
	uint8_t planes;

	memset(s, 0, sizeof(*s));
	s->fmt[CM_OUT] = *out;
	s->fmt[CM_CAP] = *cap;
	s->image = cm_length(cap, &planes);
	s->says = (struct cm_header){ .size = CM_NO_SIZE, .buffers = 1 };
	m->coded = out->pixelformat;
	m->num = 1;
}

/* ---- The set that is built ---- */

static void begin(struct cm *m)
{
	m->num_next = 0;
	m->round++;
}

static uint32_t hash(const struct cm_state *s)
{
	const uint8_t *p = (const uint8_t *)s;
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < sizeof(*s); i++)
		h = (h ^ p[i]) * 1099511628211u;
	return (uint32_t)(h ^ h >> 32);
}

static void add(struct cm *m, const struct cm_state *s)
{
	uint32_t at = hash(s) % TABLE;

	for (; m->table[at].round == m->round; at = (at + 1) % TABLE)
		if (!memcmp(&m->next[m->table[at].state], s, sizeof(*s)))
			return;
	if (m->num_next == MOST) {
		fprintf(stderr, "the model has too many states\n");
		abort();
	}
	m->table[at].round = m->round;
	m->table[at].state = m->num_next;
	m->next[m->num_next++] = *s;
}

/* If no state is left, the old ones stay, to be printed. */
static bool end(struct cm *m)
{
	struct cm_state *old = m->set;

	if (!m->num_next)
		return false;
	m->set = m->next;
	m->next = old;
	m->num = m->num_next;
	if (m->num > m->most)
		m->most = m->num;
	return true;
}

/* ---- Calls and what comes ---- */

/* The steps before QBUF make no difference to what comes after it. */
static bool commutes(const struct cm_call *c)
{
	return c->kind == CM_QBUF || c->kind == CM_G_FMT || c->kind == CM_QUERY;
}

bool cm_call(struct cm *m, const struct cm_call *c)
{
	begin(m);
	for (unsigned int i = 0; i < m->num; i++) {
		struct cm_state s = m->set[i];

		do {
			struct cm_state t = s, other;
			bool two = false;

			if (!cm_apply(m, &t, c, &other, &two))
				continue;
			add(m, &t);
			if (two)
				add(m, &other);
			if (commutes(c))
				break;
		} while (cm_step(m, &s));
	}
	if (c->kind == CM_S_FMT && c->queue == CM_OUT && !c->ret)
		m->coded = c->got.pixelformat;
	return end(m);
}

bool cm_saw(struct cm *m, enum cm_queue queue, const struct cm_seen *seen)
{
	begin(m);
	for (unsigned int i = 0; i < m->num; i++) {
		struct cm_state s = m->set[i];
		bool later = true;

		do {
			struct cm_state t = s;

			if (cm_match(m, &t, queue, seen, &later)) {
				add(m, &t);
				break;
			}
		} while (later && cm_step(m, &s));
	}
	return end(m);
}

bool cm_settled(struct cm *m)
{
	begin(m);
	for (unsigned int i = 0; i < m->num; i++) {
		struct cm_state s = m->set[i];

		do {
			if (!s.num_out && !s.num_cap && cm_may_rest(m, &s))
				add(m, &s);
		} while (cm_step(m, &s));
		if (!s.num_out && !s.num_cap)
			add(m, &s);
	}
	return end(m);
}

/* ---- In words ---- */

static void print_seen(const struct cm_seen *s)
{
	fprintf(stderr, " %s", cm_names[s->what]);
	if (s->what == CM_PICTURE)
		fprintf(stderr, " %c%c@%u", s->p.kind, s->p.shows, s->p.packet);
	if (s->what == CM_PACKET)
		fprintf(stderr, " %u%s", s->p.packet, s->error ? "!" : "");
}

static void print_state(const struct cm *m, const struct cm_state *s)
{
	unsigned int i;

	fprintf(stderr, "  OUTPUT %s%s, %u buffers, queued:", s->on[CM_OUT] ? "on" : "off",
		s->error[CM_OUT] ? ", in error" : "", s->num[CM_OUT]);
	for (i = 0; i < s->num_packets; i++)
		fprintf(stderr, " %u=%s", s->packets[i].packet, m->text[s->packets[i].packet]);
	fprintf(stderr, "\n  CAPTURE %s%s, %ux%u, %u buffers, queued:",
		s->on[CM_CAP] ? "on" : "off", s->error[CM_CAP] ? ", in error" : "",
		s->fmt[CM_CAP].width, s->fmt[CM_CAP].height, s->num[CM_CAP]);
	for (i = 0; i < s->num_targets; i++)
		fprintf(stderr, " %u", s->targets[i]);
	fprintf(stderr, "\n  header %u:%u:%u%s%s%s%s%s%s, held:", s->header.size, s->header.deep,
		s->header.buffers, s->told ? "" : " not told", s->draining ? ", draining" : "",
		s->changed ? ", changed" : "", s->ended ? ", ended" : "",
		s->due ? ", LAST is due" : "", s->fatal ? ", failed" : "");
	for (i = 0; i < s->num_held; i++)
		fprintf(stderr, " %c%c@%u", s->held[i].kind, s->held[i].shows, s->held[i].packet);
	fprintf(stderr, "\n  to come on OUTPUT:");
	for (i = 0; i < s->num_out; i++)
		print_seen(&s->out[i]);
	fprintf(stderr, "; on CAPTURE:");
	for (i = 0; i < s->num_cap; i++)
		print_seen(&s->cap[i]);
	fprintf(stderr, "\n");
}

void cm_print(const struct cm *m)
{
	fprintf(stderr, "the model had %u states; the first of them:\n", m->num);
	for (unsigned int i = 0; i < m->num && i < 3; i++)
		print_state(m, &m->set[i]);
}
