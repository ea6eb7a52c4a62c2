/* SPDX-License-Identifier: BSD-3-Clause */
/* Arguments of selections and crops. */
#include "make.h"
#include "walk.h"

static const uint32_t targets[] = {
	V4L2_SEL_TGT_CROP, V4L2_SEL_TGT_CROP_DEFAULT, V4L2_SEL_TGT_CROP_BOUNDS,
	V4L2_SEL_TGT_NATIVE_SIZE, V4L2_SEL_TGT_COMPOSE, V4L2_SEL_TGT_COMPOSE_DEFAULT,
	V4L2_SEL_TGT_COMPOSE_BOUNDS, V4L2_SEL_TGT_COMPOSE_PADDED,
};

static void make_rect(struct conform_walk *w, struct vmedia_rect *r)
{
	if (percent(w, 8)) {
		conform_garbage(&w->random, r, sizeof(*r));
		return;
	}
	r->left = percent(w, 60) ? 0 : (int32_t)below(w, 512) - 128;
	r->top = percent(w, 60) ? 0 : (int32_t)below(w, 512) - 128;
	r->width = percent(w, 95) ? below(w, 1024) : conform_odd_u32(&w->random);
	r->height = percent(w, 95) ? below(w, 768) : conform_odd_u32(&w->random);
}

void make_selection(struct conform_walk *w, struct conform_call *c)
{
	struct vmedia_selection *s = &c->arg.selection;

	s->type = walk_type(w);
	s->target = percent(w, 95) ? targets[below(w, sizeof(targets) / sizeof(targets[0]))] :
				     conform_odd_u32(&w->random);
	s->flags = percent(w, 95) ? below(w, 8) : conform_odd_u32(&w->random);
	make_rect(w, &s->r);
	conform_seldom_garbage(&w->random, s->reserved, sizeof(s->reserved));
}

void make_crop(struct conform_walk *w, struct conform_call *c)
{
	c->arg.crop.type = walk_type(w);
	make_rect(w, &c->arg.crop.c);
}

void make_cropcap(struct conform_walk *w, struct conform_call *c)
{
	conform_seldom_garbage(&w->random, &c->arg.cropcap, sizeof(c->arg.cropcap));
	c->arg.cropcap.type = walk_type(w);
}
