/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A second, slow and simple reading of virtio 1.2, 2.7 and 2.8, to compare the device end with.
 */
#ifndef TESTS_VIRTQ_MODEL_H
#define TESTS_VIRTQ_MODEL_H

#include "harness.h"

#define MODEL_PIECES 4096

struct model {
	bool bad;		/* the chain must be refused */
	bool endless;		/* packed: it has no end, so the ring is broken */
	uint16_t id;
	uint32_t slots;
	unsigned int n;
	struct {
		uint64_t gpa;
		uint32_t len;
		bool write;
	} piece[MODEL_PIECES];
};

/*
 * What the chain with this head (split) or at this position (packed) of the ring in @p's memory is.
 */
void model_split(struct model *m, struct pair *p, uint16_t head);
void model_packed(struct model *m, struct pair *p, uint16_t pos, uint32_t room);

/* Is there an available descriptor at the packed position? */
bool model_packed_avail(struct pair *p, uint32_t base);

/* Fails the test unless the device's chain is the model's. */
void model_compare(const struct model *m, struct pair *p, const struct vmedia_chain *c);

#endif
