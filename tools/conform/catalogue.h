/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a node has, asked of the mirror before the first call. Arguments are made of it, so that
 * many of them are legal. What depends on the state (formats on the input) is that of the begin.
 */
#ifndef VMEDIA_CONFORM_CATALOGUE_H
#define VMEDIA_CONFORM_CATALOGUE_H

#include "conform.h"

#define CATALOGUE_FORMATS	64
#define CATALOGUE_SIZES		32
#define CATALOGUE_CTRLS		256
#define CATALOGUE_STDS		32
#define CATALOGUE_TIMINGS	64

struct catalogue_formats {
	unsigned int count;
	uint32_t fourcc[CATALOGUE_FORMATS];
	uint32_t flags[CATALOGUE_FORMATS];	/* V4L2_FMT_FLAG_* */
};

struct catalogue_size { uint32_t width, height; };

struct catalogue_ctrl {
	struct vmedia_query_ext_ctrl q;
	/* It is never set: it would end the comparison, or make time visible. */
	bool left_alone;
	/* Its value is that of a moment: it is not compared. */
	bool moment;
};

struct conform_catalogue {
	struct vmedia_capability cap;
	uint32_t caps;			/* V4L2_CAP_* of the node */
	bool m2m;
	uint32_t types[CONFORM_TYPES];	/* of its queues */
	unsigned int num_types;
	struct catalogue_formats formats[CONFORM_TYPES];
	struct catalogue_size sizes[CATALOGUE_SIZES];
	unsigned int num_sizes;
	struct catalogue_ctrl ctrls[CATALOGUE_CTRLS];
	unsigned int num_ctrls;
	uint32_t num_inputs, num_outputs, num_audios, num_audouts;
	uint64_t stds[CATALOGUE_STDS];
	unsigned int num_stds;
	struct vmedia_dv_timings timings[CATALOGUE_TIMINGS];
	unsigned int num_timings;
	struct vmedia_tuner tuner;	/* of index 0; zero without */
	uint8_t edid[2 * 128];		/* of the input that has one */
};

struct conform_side;
void conform_catalogue_read(struct conform_catalogue *cat, struct conform_side *side, void *file);
/* The control @id, or NULL. */
struct catalogue_ctrl *conform_catalogue_ctrl(struct conform_catalogue *cat, uint32_t id);
/* True if @fourcc of the queue of @type is coded. */
bool conform_catalogue_is_coded(const struct conform_catalogue *cat, uint32_t type,
				uint32_t fourcc);

/*
 * pins.c: true for a call that crashes the driver's kernel. It is never made.
 */
bool conform_is_fatal(const struct conform_catalogue *cat, const struct conform_call *c);

/*
 * pins.c: controls of known drivers that are left alone. The value that they shall have, or -1 for
 * the one that they have.
 */
struct conform_pin {
	const char *driver;
	uint32_t id;
	int32_t value;
	bool moment;		/* its value is not compared either */
	const char *reason;
};
extern const struct conform_pin conform_pins[];
extern const unsigned int conform_num_pins;

#endif /* VMEDIA_CONFORM_CATALOGUE_H */
