/* SPDX-License-Identifier: BSD-3-Clause */
/* Arguments of digital timings, EDID, priorities, codecs' commands and events. */
#include <string.h>

#include "make.h"
#include "walk.h"

void make_dv_timings(struct conform_walk *w, struct conform_call *c)
{
	struct vmedia_dv_timings *t = &c->arg.dv_timings;

	if (w->cat->num_timings && percent(w, 80))
		*t = w->cat->timings[below(w, w->cat->num_timings)];
	else
		conform_garbage(&w->random, t, sizeof(*t));
	if (percent(w, 5))
		t->type = conform_odd_u32(&w->random);
	if (percent(w, 10))
		t->bt.pixelclock += below(w, 1000);
}

void make_enum_dv_timings(struct conform_walk *w, struct conform_call *c)
{
	struct vmedia_enum_dv_timings *t = &c->arg.enum_dv_timings;

	conform_seldom_garbage(&w->random, t, sizeof(*t));
	t->index = walk_index(w, w->cat->num_timings);
	t->pad = percent(w, 95) ? 0 : 1;
}

void make_dv_timings_cap(struct conform_walk *w, struct conform_call *c)
{
	struct vmedia_dv_timings_cap *t = &c->arg.dv_timings_cap;

	conform_seldom_garbage(&w->random, t, sizeof(*t));
	t->pad = percent(w, 95) ? 0 : 1;
}

/* Of G_EDID and S_EDID. */
void make_edid(struct conform_walk *w, struct conform_call *c)
{
	struct vmedia_edid *e = &c->arg.edid;
	uint32_t max = sizeof(c->data) / 128;

	e->pad = walk_index(w, w->cat->num_inputs > w->cat->num_outputs ? w->cat->num_inputs :
									  w->cat->num_outputs);
	e->start_block = percent(w, 80) ? 0 : walk_index(w, 4);
	e->blocks = percent(w, 90) ? below(w, 4) : below(w, max + 1);
	if (percent(w, 1))
		e->blocks = 257; /* more than V4L2 takes: nobody looks for them */
	c->data_size = e->blocks <= max ? e->blocks * 128 : sizeof(c->data);
	memset(c->data, 0, c->data_size);
	if (percent(w, 20))
		conform_garbage(&w->random, c->data, c->data_size);
	else if (percent(w, 80) && e->blocks <= 2)
		memcpy(c->data, w->cat->edid, c->data_size);
	c->null = percent(w, 1);
	conform_seldom_garbage(&w->random, e->reserved, sizeof(e->reserved));
}

void make_priority(struct conform_walk *w, struct conform_call *c)
{
	c->arg.u32 = percent(w, 80) ? V4L2_PRIORITY_DEFAULT :
		     percent(w, 80) ? below(w, 5) : conform_odd_u32(&w->random);
	/*
	 * Of a codec, both sides may be one node, which has one priority for all files. One side
	 * that has less or more than the default would change what the other one may do.
	 */
	if (w->cat->m2m &&
	    (c->arg.u32 == V4L2_PRIORITY_BACKGROUND || c->arg.u32 == V4L2_PRIORITY_RECORD))
		c->arg.u32 = V4L2_PRIORITY_DEFAULT;
}

/* Of ENCODER_CMD and TRY_ENCODER_CMD. */
void make_encoder_cmd(struct conform_walk *w, struct conform_call *c)
{
	c->arg.encoder_cmd.cmd = percent(w, 90) ? below(w, 5) : conform_odd_u32(&w->random);
	c->arg.encoder_cmd.flags = percent(w, 80) ? 0 : conform_odd_u32(&w->random);
	conform_seldom_garbage(&w->random, &c->arg.encoder_cmd.raw, sizeof(c->arg.encoder_cmd.raw));
}

/* Of DECODER_CMD and TRY_DECODER_CMD. */
void make_decoder_cmd(struct conform_walk *w, struct conform_call *c)
{
	c->arg.decoder_cmd.cmd = percent(w, 90) ? below(w, 6) : conform_odd_u32(&w->random);
	c->arg.decoder_cmd.flags = percent(w, 80) ? 0 : conform_odd_u32(&w->random);
	conform_seldom_garbage(&w->random, &c->arg.decoder_cmd.raw, sizeof(c->arg.decoder_cmd.raw));
}

/* Not those that come with frames, as frames pass unseen. */
void make_subscription(struct conform_walk *w, struct conform_call *c)
{
	static const uint32_t types[] = { V4L2_EVENT_CTRL, V4L2_EVENT_CTRL, V4L2_EVENT_CTRL,
					  V4L2_EVENT_SOURCE_CHANGE, V4L2_EVENT_EOS, V4L2_EVENT_ALL,
					  0x7fffffff, 0xffffffff };
	struct vmedia_event_subscription *s = &c->arg.event_subscription;
	const struct catalogue_ctrl *ctrl;

	s->type = types[below(w, sizeof(types) / sizeof(types[0]))];
	if (s->type == V4L2_EVENT_CTRL && w->cat->num_ctrls && percent(w, 95)) {
		ctrl = &w->cat->ctrls[below(w, w->cat->num_ctrls)];
		s->id = ctrl->left_alone && ctrl->moment ? 0 : ctrl->q.id;
	} else {
		s->id = percent(w, 80) ? 0 : conform_odd_u32(&w->random);
	}
	s->flags = percent(w, 95) ? below(w, 4) : conform_odd_u32(&w->random);
	conform_seldom_garbage(&w->random, s->reserved, sizeof(s->reserved));
}
