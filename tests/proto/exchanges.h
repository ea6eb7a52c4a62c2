/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The exchanges of tests/vectors, written in C: what the driver asks, what the device makes of it.
 */
#ifndef VMEDIA_TESTS_PROTO_EXCHANGES_H
#define VMEDIA_TESTS_PROTO_EXCHANGES_H

#include "support.h"

struct exchange {
	const char *name;		/* of the file, without .hex */
	void (*ask)(struct end *e);	/* make a zeroed end the question */
	void (*answer)(struct end *e);	/* what the device changes; NULL: nothing */
	int err;			/* the answer's, 0 or negative errno */
};

/* Each ends with a row of zeroes. */
extern const struct exchange exchanges_of_commands[];
extern const struct exchange exchanges_of_buffers[];
extern const struct exchange exchanges_of_controls[];

#endif /* VMEDIA_TESTS_PROTO_EXCHANGES_H */
