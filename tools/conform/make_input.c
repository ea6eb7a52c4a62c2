/* SPDX-License-Identifier: BSD-3-Clause */
/* Arguments of inputs, outputs, standards, tuners and radio. */
#include "make.h"
#include "walk.h"

void make_std(struct conform_walk *w, struct conform_call *c)
{
	if (w->cat->num_stds && percent(w, 85))
		c->arg.std = w->cat->stds[below(w, w->cat->num_stds)];
	else
		c->arg.std = percent(w, 50) ? 0 : conform_random_u64(&w->random);
}

void make_enumstd(struct conform_walk *w, struct conform_call *c)
{
	conform_seldom_garbage(&w->random, &c->arg.standard, sizeof(c->arg.standard));
	c->arg.standard.index = walk_index(w, w->cat->num_stds);
}

void make_enuminput(struct conform_walk *w, struct conform_call *c)
{
	conform_seldom_garbage(&w->random, &c->arg.input, sizeof(c->arg.input));
	c->arg.input.index = walk_index(w, w->cat->num_inputs);
}

void make_enumoutput(struct conform_walk *w, struct conform_call *c)
{
	conform_seldom_garbage(&w->random, &c->arg.output, sizeof(c->arg.output));
	c->arg.output.index = walk_index(w, w->cat->num_outputs);
}

void make_set_input(struct conform_walk *w, struct conform_call *c)
{
	c->arg.u32 = walk_index(w, w->cat->num_inputs);
}

void make_set_output(struct conform_walk *w, struct conform_call *c)
{
	c->arg.u32 = walk_index(w, w->cat->num_outputs);
}

/* Of ENUMAUDIO and ENUMAUDOUT. */
void make_enumaudio(struct conform_walk *w, struct conform_call *c)
{
	uint32_t count = w->cat->num_audios ? w->cat->num_audios : w->cat->num_audouts;

	conform_seldom_garbage(&w->random, &c->arg.audio, sizeof(c->arg.audio));
	c->arg.audio.index = walk_index(w, count);
}

/* Of S_AUDIO and S_AUDOUT. */
void make_set_audio(struct conform_walk *w, struct conform_call *c)
{
	make_enumaudio(w, c);
	c->arg.audio.mode = percent(w, 80) ? 0 : conform_odd_u32(&w->random);
}

static uint32_t tuner_type(struct conform_walk *w)
{
	return percent(w, 90) && w->cat->tuner.type ? w->cat->tuner.type :
	       percent(w, 80) ? below(w, 6) : conform_odd_u32(&w->random);
}

void make_tuner(struct conform_walk *w, struct conform_call *c)
{
	conform_seldom_garbage(&w->random, &c->arg.tuner, sizeof(c->arg.tuner));
	c->arg.tuner.index = walk_index(w, 1);
	c->arg.tuner.type = tuner_type(w);
	c->arg.tuner.audmode = percent(w, 90) ? below(w, 6) : conform_odd_u32(&w->random);
}

void make_modulator(struct conform_walk *w, struct conform_call *c)
{
	conform_seldom_garbage(&w->random, &c->arg.modulator, sizeof(c->arg.modulator));
	c->arg.modulator.index = walk_index(w, 1);
	c->arg.modulator.txsubchans = percent(w, 80) ? below(w, 64) : conform_odd_u32(&w->random);
}

void make_frequency(struct conform_walk *w, struct conform_call *c)
{
	struct vmedia_frequency *f = &c->arg.frequency;
	uint32_t low = w->cat->tuner.rangelow, high = w->cat->tuner.rangehigh;

	f->tuner = walk_index(w, 1);
	f->type = tuner_type(w);
	f->frequency = high > low && percent(w, 85) ? low + below(w, high - low) :
						      conform_odd_u32(&w->random);
	conform_seldom_garbage(&w->random, f->reserved, sizeof(f->reserved));
}

void make_band(struct conform_walk *w, struct conform_call *c)
{
	struct vmedia_frequency_band *b = &c->arg.frequency_band;

	conform_seldom_garbage(&w->random, b, sizeof(*b));
	b->tuner = walk_index(w, 1);
	b->type = tuner_type(w);
	b->index = walk_index(w, 3);
}

void make_seek(struct conform_walk *w, struct conform_call *c)
{
	struct vmedia_hw_freq_seek *s = &c->arg.hw_freq_seek;

	s->tuner = walk_index(w, 1);
	s->type = tuner_type(w);
	s->seek_upward = below(w, 2);
	s->wrap_around = below(w, 2);
	s->spacing = percent(w, 80) ? 0 : conform_odd_u32(&w->random);
	if (percent(w, 30)) {
		s->rangelow = w->cat->tuner.rangelow;
		s->rangehigh = w->cat->tuner.rangehigh;
	}
	conform_seldom_garbage(&w->random, s->reserved, sizeof(s->reserved));
}
