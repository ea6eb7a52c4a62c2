/* SPDX-License-Identifier: BSD-3-Clause */
/* What the answers of both sides, which are the same, change in the model. */
#include <string.h>

#include "make.h"
#include "walk.h"

struct model_queue *walk_queue(struct conform_walk *w, unsigned int session, uint32_t type)
{
	return type && type < CONFORM_TYPES ? &w->session[session].queue[type] : NULL;
}

unsigned int walk_planes(const struct model_queue *q)
{
	if (!vmedia_buf_type_is_multiplanar(q->format.type))
		return 1;
	return q->format.fmt.pix_mp.num_planes <= VIDEO_MAX_PLANES ?
		       q->format.fmt.pix_mp.num_planes : VIDEO_MAX_PLANES;
}

uint32_t walk_sizeimage(const struct model_queue *q, unsigned int plane)
{
	const struct vmedia_format *f = &q->format;

	switch (f->type) {
	case V4L2_BUF_TYPE_VIDEO_CAPTURE:
	case V4L2_BUF_TYPE_VIDEO_OUTPUT:
		return f->fmt.pix.sizeimage;
	case V4L2_BUF_TYPE_VIDEO_CAPTURE_MPLANE:
	case V4L2_BUF_TYPE_VIDEO_OUTPUT_MPLANE:
		return plane < VIDEO_MAX_PLANES ? f->fmt.pix_mp.plane_fmt[plane].sizeimage : 0;
	case V4L2_BUF_TYPE_VBI_CAPTURE:
	case V4L2_BUF_TYPE_VBI_OUTPUT:
		return f->fmt.vbi.samples_per_line * (f->fmt.vbi.count[0] + f->fmt.vbi.count[1]);
	case V4L2_BUF_TYPE_SLICED_VBI_CAPTURE:
	case V4L2_BUF_TYPE_SLICED_VBI_OUTPUT:
		return f->fmt.sliced.io_size;
	case V4L2_BUF_TYPE_SDR_CAPTURE:
	case V4L2_BUF_TYPE_SDR_OUTPUT:
		return f->fmt.sdr.buffersize;
	case V4L2_BUF_TYPE_META_CAPTURE:
	case V4L2_BUF_TYPE_META_OUTPUT:
		return f->fmt.meta.buffersize;
	default:
		return 0;
	}
}

/* Of G_FMT and S_FMT. A device has one format, a codec one for each session. */
void learn_format(struct conform_walk *w, const struct conform_call *c)
{
	const struct vmedia_format *f = &c->arg.format;

	for (unsigned int s = 0; s < CONFORM_SESSIONS && f->type < CONFORM_TYPES; s++)
		if (s == c->session || !w->cat->m2m)
			w->session[s].queue[f->type].format = *f;
}

static void set_sizes(struct model_queue *q, unsigned int first, uint32_t size)
{
	for (unsigned int i = first; i < q->count; i++)
		q->size[i] = size;
}

static void free_all(struct model_queue *q)
{
	memset(q->state, BUFFER_FREE, sizeof(q->state));
}

void learn_reqbufs(struct conform_walk *w, const struct conform_call *c)
{
	const struct vmedia_requestbuffers *r = &c->arg.requestbuffers;
	struct model_queue *q = walk_queue(w, c->session, r->type);

	if (!q)
		return;
	q->count = r->count < CONFORM_BUFFERS ? r->count : CONFORM_BUFFERS;
	q->memory = r->count ? r->memory : 0;
	q->streaming = q->taken = q->created = q->restarted = false;
	free_all(q);
	set_sizes(q, 0, walk_sizeimage(q, 0));
}

void learn_create_bufs(struct conform_walk *w, const struct conform_call *c)
{
	const struct vmedia_create_buffers *b = &c->arg.create_buffers;
	struct model_queue *q = walk_queue(w, c->session, b->format.type);
	struct model_queue made = { 0 };

	if (!q || !b->count)
		return;
	q->created |= q->count == 0;
	q->memory = b->memory;
	q->count = b->index + b->count;
	if (q->count > CONFORM_BUFFERS)
		q->count = CONFORM_BUFFERS;
	made.format = b->format;
	set_sizes(q, b->index, walk_sizeimage(&made, 0));
}

/* A hole in the middle is found by the calls that follow. */
void learn_remove_bufs(struct conform_walk *w, const struct conform_call *c)
{
	const struct vmedia_remove_buffers *r = &c->arg.remove_buffers;
	struct model_queue *q = walk_queue(w, c->session, r->type);

	if (q && r->count && r->count <= q->count && r->index == q->count - r->count)
		q->count = r->index;
}

static void set_state(struct conform_walk *w, const struct conform_call *c, enum buffer_state state)
{
	const struct vmedia_buffer *b = &c->arg.buffer;
	struct model_queue *q = walk_queue(w, c->session, b->type);

	if (q && b->index < CONFORM_BUFFERS) {
		q->state[b->index] = (uint8_t)state;
		q->taken = true;
	}
}

void learn_qbuf(struct conform_walk *w, const struct conform_call *c)
{
	set_state(w, c, BUFFER_QUEUED);
}

void learn_prepare(struct conform_walk *w, const struct conform_call *c)
{
	set_state(w, c, BUFFER_PREPARED);
}

void learn_dqbuf(struct conform_walk *w, const struct conform_call *c)
{
	set_state(w, c, BUFFER_FREE);
}

void learn_streamon(struct conform_walk *w, const struct conform_call *c)
{
	struct model_queue *q = walk_queue(w, c->session, c->arg.u32);

	if (q)
		q->streaming = true;
}

void learn_streamoff(struct conform_walk *w, const struct conform_call *c)
{
	struct model_queue *q = walk_queue(w, c->session, c->arg.u32);

	if (!q)
		return;
	q->streaming = q->restarted = false;
	free_all(q);
}

/* The numbers of commands are those of decoders and encoders. */
void learn_codec_cmd(struct conform_walk *w, const struct conform_call *c)
{
	struct model_queue *q = w->session[c->session].queue;

	if (c->arg.encoder_cmd.cmd != V4L2_ENC_CMD_START)
		return;
	for (uint32_t type = 0; type < CONFORM_TYPES; type++)
		q[type].restarted = !V4L2_TYPE_IS_OUTPUT(type) && q[type].streaming;
}

/* A control that was volatile once had a value of a moment, and keeps it. */
static void learn_flags(struct conform_walk *w, uint32_t id, uint32_t flags)
{
	struct catalogue_ctrl *c = conform_catalogue_ctrl(w->cat, id);

	if (c && flags & V4L2_CTRL_FLAG_VOLATILE)
		c->moment = true;
}

void learn_queryctrl(struct conform_walk *w, const struct conform_call *c)
{
	learn_flags(w, c->arg.queryctrl.id, c->arg.queryctrl.flags);
}

void learn_query_ext_ctrl(struct conform_walk *w, const struct conform_call *c)
{
	learn_flags(w, c->arg.query_ext_ctrl.id, c->arg.query_ext_ctrl.flags);
}

void learn_subscribe(struct conform_walk *w, const struct conform_call *c)
{
	w->session[c->session].subscribed++;
}

/* ---- Events ---- */

/* An event of a control, and one of a source, begins with what has changed. */
static uint32_t *changes_of(struct vmedia_event *e)
{
	return e->type == V4L2_EVENT_CTRL	   ? &e->u.ctrl.changes :
	       e->type == V4L2_EVENT_SOURCE_CHANGE ? &e->u.src_change.changes : NULL;
}

/* Forget what was passed over of @type and @id. Returns its changes. */
static uint32_t take_passed(struct model_session *m, uint32_t type, uint32_t id)
{
	uint32_t changes = 0;

	for (unsigned int i = 0; i < m->num_passed;) {
		if (m->passed[i].type != type || m->passed[i].id != id) {
			i++;
			continue;
		}
		changes |= m->passed[i].changes;
		m->passed[i] = m->passed[--m->num_passed];
	}
	return changes;
}

void model_pass_event(struct model_session *m, struct vmedia_event *e)
{
	uint32_t changes = take_passed(m, e->type, e->id);

	if (changes_of(e) && m->num_passed < MODEL_PASSED)
		m->passed[m->num_passed++] = (struct model_passed){ e->type, e->id,
								    changes | *changes_of(e) };
}

void model_merge_event(struct model_session *m, struct vmedia_event *e)
{
	uint32_t changes = take_passed(m, e->type, e->id);

	if (changes_of(e))
		*changes_of(e) |= changes;
}

void learn_unsubscribe(struct conform_walk *w, const struct conform_call *c)
{
	const struct vmedia_event_subscription *s = &c->arg.event_subscription;
	struct model_session *m = &w->session[c->session];

	if (s->type == V4L2_EVENT_ALL)
		m->num_passed = 0;
	else
		take_passed(m, s->type, s->id);
}
