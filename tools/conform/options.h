/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line of vmedia-conform. */
#ifndef VMEDIA_CONFORM_OPTIONS_H
#define VMEDIA_CONFORM_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "rules.h"

struct conform_options {
	const char *mirror, *device;	/* paths */
	uint64_t seed, calls;
	bool seed_given, help, version, list, verbose;
	bool only_some;			/* --only: only[nr] */
	bool only[256];
	struct conform_rules rules;
};

/* Returns 0, or -EINVAL after one line. conform_rules_finish() frees the rules in either case. */
int conform_options_parse(struct conform_options *o, int argc, char **argv);
void conform_help(void);

#endif /* VMEDIA_CONFORM_OPTIONS_H */
