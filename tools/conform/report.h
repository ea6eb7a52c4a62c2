/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls and differences: counting them, and the tables at the end. */
#ifndef VMEDIA_CONFORM_REPORT_H
#define VMEDIA_CONFORM_REPORT_H

#include <stdio.h>

#include "compare.h"
#include "conform.h"
#include "rules.h"

#define CONFORM_ENTRIES 512 /* different differences that are kept */

struct conform_entry {
	const struct conform_row *row;
	char what[CONFORM_TEXT_SIZE];
	char value[CONFORM_SIDES][CONFORM_TEXT_SIZE];	/* of the first time */
	uint64_t times, first;				/* the number of the first call */
	const struct conform_rule *rule;		/* NULL: not explained */
};

/* What a walk does beside its calls, and spends time with. */
enum conform_spent {
	CONFORM_REST,		/* codecs come to rest (settle.c) */
	CONFORM_FRAME,		/* both sides have no frame yet */
	CONFORM_BEHIND,		/* one side is behind the other */
	CONFORM_OPENING,	/* new sessions, and the same settings for both sides */
	CONFORM_SPENT
};

struct conform_report {
	const struct conform_rules *rules;
	struct conform_entry entry[CONFORM_ENTRIES];
	unsigned int entries;
	uint64_t dropped;	/* differences without an entry; they are failures */
	uint64_t calls[VMEDIA_NR_END], succeeded[VMEDIA_NR_END];
	uint64_t ns[VMEDIA_NR_END][CONFORM_SIDES];	/* that the calls took */
	uint64_t spent[CONFORM_SPENT];			/* ns */
	bool failed[VMEDIA_NR_END];
};

/* @ns: that it took on each side. */
void conform_report_call(struct conform_report *r, const struct conform_call *c,
			 const uint64_t ns[CONFORM_SIDES]);
/* Returns true if the difference is not explained. */
bool conform_report_difference(struct conform_report *r, const struct conform_row *row,
			       uint64_t number, const char *what, const char *mirror,
			       const char *device);
/*
 * Print what differed, what was explained, how many calls and differences there were, and "N
 * passed, N failed, N skipped", which counts ioctls. Returns the number that failed.
 */
unsigned int conform_report_print(const struct conform_report *r, FILE *out);
/*
 * How often each ioctl was called and succeeded, how long a call took, microseconds, and what else
 * took time, seconds.
 */
void conform_report_print_calls(const struct conform_report *r, FILE *out);

#endif /* VMEDIA_CONFORM_REPORT_H */
