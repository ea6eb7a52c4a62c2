/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The walk.
 *
 * Half of the calls are aimed: at what the state of a queue wants next, so that the walk reaches
 * streams and stays there a while. The other half is drawn from the table by weight. After a
 * difference of a call that changes the state the two sides may differ for good, so both get new
 * sessions, and the same settings. Sessions are new now and then anyway.
 *
 * Late answers: a frame, or an event through a device, comes when it comes. If one side has it and
 * the other says EAGAIN, the other is waited for. If both say so, both are waited for now and then.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "compare.h"
#include "make.h"
#include "options.h"
#include "walk.h"

#define LATE_MS		3000	/* how long a side is waited for that is behind the other */
#define VAIN_MS		500	/* after some of these waits were in vain */
#define MAX_VAIN	5
#define FRAME_MS	60	/* how long both are waited for */

/* ---- Time ---- */

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int64_t now_ms(void)
{
	return now_ns() / 1000000;
}

/* The time since @begin was spent with @what. */
static void spend(struct conform_walk *w, enum conform_spent what, int64_t begin)
{
	w->report->spent[what] += (uint64_t)(now_ns() - begin);
}

/* ---- What the next call is about ---- */

uint32_t walk_type(struct conform_walk *w)
{
	if (w->aim)
		return w->aim;
	if (w->cat->num_types && percent(w, 85))
		return w->cat->types[below(w, w->cat->num_types)];
	return percent(w, 70) ? below(w, CONFORM_TYPES + 1) : conform_odd_u32(&w->random);
}

uint32_t walk_index(struct conform_walk *w, uint32_t count)
{
	if (percent(w, 4))
		return conform_odd_u32(&w->random);
	return below(w, count + (percent(w, 15) || count == 0));
}

static bool has_free(const struct model_queue *q)
{
	for (unsigned int i = 0; i < q->count; i++)
		if (q->state[i] != BUFFER_QUEUED)
			return true;
	return false;
}

static bool has_queued(const struct model_queue *q)
{
	for (unsigned int i = 0; i < q->count; i++)
		if (q->state[i] == BUFFER_QUEUED)
			return true;
	return false;
}

/* What the queue that is aimed at wants next. */
static uint32_t next_of_queue(struct conform_walk *w, const struct model_queue *q)
{
	if (!q->format.type)
		return VMEDIA_NR_G_FMT;
	if (q->count == 0)
		return percent(w, 40) ? VMEDIA_NR_S_FMT : percent(w, 20) ? VMEDIA_NR_CREATE_BUFS :
		       VMEDIA_NR_REQBUFS;
	if (percent(w, 3))
		return VMEDIA_NR_REQBUFS;
	if (has_free(q) && percent(w, 70))
		return VMEDIA_NR_QBUF;
	if (!q->streaming)
		return VMEDIA_NR_STREAMON;
	if (percent(w, 40))
		return VMEDIA_NR_DQBUF;
	/* Frames take their time: something else. */
	return percent(w, 95) ? VMEDIA_NR_END : VMEDIA_NR_STREAMOFF;
}

static bool may_draw(const struct conform_walk *w, const struct conform_row *row)
{
	return row && !row->never && (!w->options->only_some || w->options->only[row->nr]);
}

static const struct conform_row *draw(struct conform_walk *w)
{
	const struct conform_row *row = NULL;
	uint32_t all = 0, at;

	for (unsigned int i = 0; i < conform_num_rows; i++)
		if (may_draw(w, &conform_rows[i]))
			all += conform_rows[i].weight;
	at = below(w, all);
	for (unsigned int i = 0; i < conform_num_rows; i++) {
		row = &conform_rows[i];
		if (!may_draw(w, row))
			continue;
		if (at < row->weight)
			break;
		at -= row->weight;
	}
	return row;
}

/* The next row; sets what it is aimed at. */
static const struct conform_row *choose(struct conform_walk *w)
{
	const struct conform_row *row;

	w->at = percent(w, 75) ? 0 : 1;
	w->aim = 0;
	if (w->cat->num_types == 0 || percent(w, 50))
		return draw(w);
	w->aim = w->cat->types[below(w, w->cat->num_types)];
	/* Of a device, one session has the buffers; the other may only try. */
	if (!w->cat->m2m && w->session[!w->at].queue[w->aim].count && percent(w, 90))
		w->at = !w->at;
	row = conform_row(next_of_queue(w, &w->session[w->at].queue[w->aim]));
	if (may_draw(w, row))
		return row;
	w->aim = 0;
	return draw(w);
}

/* ---- Sessions ---- */

static void close_session(struct conform_walk *w, unsigned int session)
{
	for (unsigned int s = 0; s < CONFORM_SIDES; s++) {
		if (w->file[session][s])
			w->side[s]->ops->close(w->side[s], w->file[session][s]);
		w->file[session][s] = NULL;
	}
}

static int open_session(struct conform_walk *w, unsigned int session)
{
	for (unsigned int s = 0; s < CONFORM_SIDES; s++) {
		int ret = w->side[s]->ops->open(w->side[s], &w->file[session][s]);

		if (ret < 0) {
			fprintf(stderr, "vmedia-conform: the %s cannot be opened after call %llu: "
					"%s\n", s == CONFORM_MIRROR ? "mirror" : "device",
				(unsigned long long)w->number, strerror(-ret));
			return ret;
		}
	}
	/* A device's formats are in both sessions of the model, and stay. */
	for (unsigned int t = 0; t < CONFORM_TYPES; t++) {
		struct model_queue *q = &w->session[session].queue[t];
		struct vmedia_format format = q->format;

		memset(q, 0, sizeof(*q));
		if (!w->cat->m2m)
			q->format = format;
	}
	w->session[session].subscribed = 0;
	w->session[session].at_rest = false;
	w->session[session].num_passed = 0;
	return 0;
}

static int renew(struct conform_walk *w, unsigned int session)
{
	int64_t begin = now_ns();
	int ret;

	close_session(w, session);
	ret = open_session(w, session);
	spend(w, CONFORM_OPENING, begin);
	return ret;
}

static int renew_all(struct conform_walk *w)
{
	int64_t begin = now_ns();
	int ret = 0;

	for (unsigned int i = 0; i < CONFORM_SESSIONS; i++)
		close_session(w, i);
	for (unsigned int i = 0; i < CONFORM_SESSIONS && ret == 0; i++)
		ret = open_session(w, i);
	if (ret < 0)
		return ret;
	conform_level(w);
	memset(w->session, 0, sizeof(w->session));
	spend(w, CONFORM_OPENING, begin);
	return 0;
}

/* ---- Calls ---- */

static int call_side(struct conform_walk *w, unsigned int s)
{
	struct conform_call *c = w->answer[s];
	int64_t begin;

	conform_call_place(c, w->asked, w->side[s]);
	begin = now_ns();
	c->err = w->side[s]->ops->ioctl(w->side[s], w->file[c->session][s], c->info, &c->arg);
	w->ns[s] = (uint64_t)(now_ns() - begin);
	conform_call_lift(c, w->asked, w->side[s]);
	return c->err;
}

static short late_mask(const struct conform_call *c)
{
	if (c->info->nr == VMEDIA_NR_DQEVENT)
		return POLLPRI;
	return V4L2_TYPE_IS_OUTPUT(c->arg.buffer.type) ? POLLOUT : POLLIN;
}

/* Nothing is there yet. V4L2 says ENOENT of events. */
static bool is_early(const struct conform_call *c)
{
	return c->err == -EAGAIN || (c->err == -ENOENT && c->info->nr == VMEDIA_NR_DQEVENT);
}

/* Side @s is behind the other. */
static void wait_for_late(struct conform_walk *w, unsigned int s)
{
	int64_t end = now_ms() + (w->vain < MAX_VAIN ? LATE_MS : VAIN_MS), now;

	while ((now = now_ms()) < end) {
		int ret = w->side[s]->ops->wait(w->side[s], w->file[w->asked->session][s],
						late_mask(w->asked), (int)(end - now));

		call_side(w, s);
		if (!is_early(w->answer[s]))
			return;
		if (ret <= 0 || ret & POLLERR)
			break;
	}
	w->vain++;
}

/* A frame may come on both sides, so that it is worth to wait for it. */
static bool frame_may_come(struct conform_walk *w)
{
	const struct conform_call *c = w->asked;
	const struct model_queue *q;

	if (c->info->nr != VMEDIA_NR_DQBUF)
		return false;
	q = walk_queue(w, c->session, c->arg.buffer.type);
	return q && q->streaming && has_queued(q) && percent(w, 5);
}

/*
 * V4L2 keeps one event of a control or a source, and merges a later one into it. A device has given
 * the earlier one already: it is passed over, and what it says of changes is the later one's, too.
 */
static void pass_merged(struct conform_walk *w)
{
	struct model_session *m = &w->session[w->asked->session];
	const struct vmedia_event *a = &w->answer[CONFORM_MIRROR]->arg.event;
	struct vmedia_event *b = &w->answer[CONFORM_DEVICE]->arg.event;

	while (!w->answer[CONFORM_MIRROR]->err && !w->answer[CONFORM_DEVICE]->err &&
	       (int32_t)(b->sequence - a->sequence) < 0) {
		model_pass_event(m, b);
		call_side(w, CONFORM_DEVICE);
		if (is_early(w->answer[CONFORM_DEVICE]))
			wait_for_late(w, CONFORM_DEVICE);
	}
	if (!w->answer[CONFORM_DEVICE]->err)
		model_merge_event(m, b);
}

static void call_late(struct conform_walk *w)
{
	int64_t begin = now_ns();

	if (is_early(w->answer[0]) && is_early(w->answer[1]) && frame_may_come(w)) {
		for (unsigned int s = 0; s < CONFORM_SIDES; s++)
			w->side[s]->ops->wait(w->side[s], w->file[w->asked->session][s],
					      late_mask(w->asked), FRAME_MS);
		for (unsigned int s = 0; s < CONFORM_SIDES; s++)
			call_side(w, s);
	}
	spend(w, CONFORM_FRAME, begin);
	begin = now_ns();
	for (unsigned int s = 0; s < CONFORM_SIDES; s++)
		if (is_early(w->answer[s]) && !is_early(w->answer[!s]))
			wait_for_late(w, s);
	if (w->asked->info->nr == VMEDIA_NR_DQEVENT)
		pass_merged(w);
	spend(w, CONFORM_BEHIND, begin);
}

static void note_difference(void *opaque, const char *what, const char *mirror, const char *device)
{
	struct conform_walk *w = opaque;

	if (conform_report_difference(w->report, w->asked->row, w->number, what, mirror, device))
		w->differs = true;
}

static bool is_coded(const struct conform_walk *w, const struct conform_call *c)
{
	uint32_t type = c->arg.buffer.type;
	const struct vmedia_format *f;

	if (c->info->follow != VMEDIA_FOLLOW_PLANES || type >= CONFORM_TYPES ||
	    V4L2_TYPE_IS_OUTPUT(type))
		return false;
	f = &w->session[c->session].queue[type].format;
	return conform_catalogue_is_coded(w->cat, type, vmedia_buf_type_is_multiplanar(type) ?
						f->fmt.pix_mp.pixelformat : f->fmt.pix.pixelformat);
}

/* Whichever session queued it: a device shows its buffers to others, too. */
static bool is_queued(struct conform_walk *w, const struct conform_call *c)
{
	const struct vmedia_buffer *b = &c->arg.buffer;
	const struct model_queue *q;

	if (c->info->follow != VMEDIA_FOLLOW_PLANES || b->index >= CONFORM_BUFFERS)
		return false;
	for (unsigned int i = 0; i < CONFORM_SESSIONS; i++) {
		q = walk_queue(w, i, b->type);
		if (q && q->state[b->index] == BUFFER_QUEUED)
			return true;
	}
	return false;
}

static bool has_buffers(const struct model_session *s)
{
	for (unsigned int type = 0; type < CONFORM_TYPES; type++)
		if (s->queue[type].count)
			return true;
	return false;
}

/* A node that is no codec has one queue, of a type at a time, which one session owns. */
static bool is_foreign(const struct conform_walk *w, const struct conform_call *c)
{
	return conform_call_type(c) && !w->cat->m2m && !has_buffers(&w->session[c->session]) &&
	       has_buffers(&w->session[!c->session]);
}

/* Memory of the program is given to this queue, or NULL. */
static const struct model_queue *given(struct conform_walk *w, const struct conform_call *c)
{
	if ((c->info->nr != VMEDIA_NR_QBUF && c->info->nr != VMEDIA_NR_PREPARE_BUF) ||
	    c->arg.buffer.memory == VMEDIA_MEMORY_MMAP)
		return NULL;
	return walk_queue(w, c->session, c->arg.buffer.type);
}

static bool is_first(struct conform_walk *w, const struct conform_call *c)
{
	const struct model_queue *q = given(w, c);

	return q && q->created && !q->taken;
}

static bool is_longer(struct conform_walk *w, const struct conform_call *c)
{
	const struct vmedia_buffer *b = &c->arg.buffer;
	const struct model_queue *q = given(w, c);

	return q && b->index < q->count && q->size[b->index] &&
	       q->size[b->index] < (conform_call_is_mplane(c) ? c->planes[0].length : b->length);
}

static bool is_restarted(struct conform_walk *w, const struct conform_call *c)
{
	const struct model_queue *q = walk_queue(w, c->session, conform_call_type(c));

	return c->info->nr == VMEDIA_NR_DQBUF && q && q->restarted;
}

static bool is_request(const struct conform_call *c)
{
	if (c->info->follow == VMEDIA_FOLLOW_CTRLS)
		return c->arg.ext_controls.which == V4L2_CTRL_WHICH_REQUEST_VAL;
	return (c->info->nr == VMEDIA_NR_QBUF || c->info->nr == VMEDIA_NR_PREPARE_BUF) &&
	       c->arg.buffer.flags & V4L2_BUF_FLAG_REQUEST_FD;
}

/* The node has set controls before it came to memory that is wrong, and the device has not. */
static bool is_partial(const struct conform_walk *w)
{
	return w->asked->info->nr == VMEDIA_NR_S_EXT_CTRLS &&
	       (w->answer[CONFORM_MIRROR]->err == -EFAULT ||
		w->answer[CONFORM_DEVICE]->err == -EFAULT);
}

/*
 * A proxy whose host refuses the first memory of a queue that streams stops that, has buffers of
 * the host and starts it. Where drivers lock controls while they stream, their events tell of it.
 */
static bool may_have_restarted(struct conform_walk *w)
{
	const struct model_queue *q = given(w, w->asked);

	return q && q->streaming && !q->taken && w->answer[CONFORM_MIRROR]->err &&
	       (w->session[0].subscribed || w->session[1].subscribed);
}

/*
 * Returns true if the state of both sides is the same afterwards: they gave the same, or what they
 * gave is explained, and both succeeded or both failed.
 */
static bool compare(struct conform_walk *w)
{
	struct conform_context context = {
		.cat = w->cat, .m2m = w->cat->m2m, .coded = is_coded(w, w->asked),
		.queued = is_queued(w, w->asked), .request = is_request(w->asked),
		.foreign = is_foreign(w, w->asked), .first = is_first(w, w->asked),
		.longer = is_longer(w, w->asked), .restarted = is_restarted(w, w->asked),
	};

	w->differs = false;
	conform_report_call(w->report, w->answer[CONFORM_MIRROR], w->ns);
	conform_compare(&context, w->answer[CONFORM_MIRROR], w->answer[CONFORM_DEVICE],
			note_difference, w);
	return !w->differs && !is_partial(w) && !may_have_restarted(w) &&
	       !w->answer[CONFORM_MIRROR]->err == !w->answer[CONFORM_DEVICE]->err;
}

/* A side is unplugged, or its connection is lost: there is nothing more to compare. */
static bool is_gone(struct conform_walk *w)
{
	bool mirror = w->answer[CONFORM_MIRROR]->err == -ENODEV;
	bool device = w->answer[CONFORM_DEVICE]->err == -ENODEV;

	if (mirror || device)
		fprintf(stderr, "vmedia-conform: the %s gone since call %llu, %s: %s\n",
			mirror && device ? "mirror and the device are" :
			mirror ? "mirror is" : "device is", (unsigned long long)w->number,
			conform_row_name(w->asked->row), strerror(ENODEV));
	return mirror || device;
}

/* The device's session may be in error, and then it answers nothing any more. */
static bool is_broken(const struct conform_walk *w)
{
	int err = w->answer[CONFORM_DEVICE]->err;

	return err == -EIO || err == -ETIMEDOUT;
}

static int step(struct conform_walk *w)
{
	struct conform_call *c = w->asked;
	const struct conform_row *row;
	int64_t begin;

	do {
		row = choose(w);
		conform_call_begin(c, row, w->at);
		row->make(w, c);
	} while (conform_is_fatal(w->cat, c));
	begin = now_ns();
	if (row->flags & CONFORM_AT_REST)
		conform_settle(w, c->session);
	spend(w, CONFORM_REST, begin);
	for (unsigned int s = 0; s < CONFORM_SIDES; s++)
		call_side(w, s);
	if (row->flags & CONFORM_LATE)
		call_late(w);
	if (row->flags & CONFORM_CHANGES && !(w->answer[0]->err && w->answer[1]->err))
		w->session[c->session].at_rest = false;
	if (is_gone(w))
		return -ENODEV;
	if (!compare(w))
		return row->flags & CONFORM_CHANGES || is_broken(w) ? renew_all(w) : 0;
	if (!w->answer[CONFORM_MIRROR]->err && row->learn)
		row->learn(w, w->answer[CONFORM_MIRROR]);
	return below(w, 250) == 0 ? renew(w, below(w, CONFORM_SESSIONS)) : 0;
}

/* ---- All of it ---- */

static int begin(struct conform_walk *w)
{
	int ret = 0;

	w->cat = calloc(1, sizeof(*w->cat));
	w->asked = calloc(1, sizeof(*w->asked));
	w->answer[0] = calloc(1, sizeof(*w->answer[0]));
	w->answer[1] = calloc(1, sizeof(*w->answer[1]));
	if (!w->cat || !w->asked || !w->answer[0] || !w->answer[1]) {
		fprintf(stderr, "vmedia-conform: %s\n", strerror(ENOMEM));
		return -ENOMEM;
	}
	for (unsigned int i = 0; i < CONFORM_SESSIONS && ret == 0; i++)
		ret = open_session(w, i);
	if (ret < 0)
		return ret;
	/* Reading changes the input, so the device is read too. */
	conform_catalogue_read(w->cat, w->side[CONFORM_DEVICE], w->file[0][CONFORM_DEVICE]);
	conform_catalogue_read(w->cat, w->side[CONFORM_MIRROR], w->file[0][CONFORM_MIRROR]);
	conform_level(w);
	return 0;
}

int conform_walk_run(struct conform_walk *w)
{
	int ret = begin(w);

	while (ret == 0 && w->number < w->options->calls) {
		w->number++;
		ret = step(w);
	}
	for (unsigned int i = 0; i < CONFORM_SESSIONS; i++)
		close_session(w, i);
	free(w->cat);
	free(w->asked);
	for (unsigned int s = 0; s < CONFORM_SIDES; s++)
		free(w->answer[s]);
	return ret;
}
