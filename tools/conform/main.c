/* SPDX-License-Identifier: BSD-3-Clause */
/* vmedia-conform: options, the two sides, the walk, the report. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "options.h"
#include "walk.h"

enum { EXIT_DIFFERENT = 1, EXIT_USAGE = 2 };

static void list_fields(const struct conform_row *row, const char *prefix,
			const struct conform_field *f)
{
	char name[64];

	for (; f && f->name; f++) {
		snprintf(name, sizeof(name), "%s%s", prefix, f->name);
		printf("%-20s %-30s %s\n", conform_row_name(row), name, conform_how_text(f->how));
	}
}

/* The type that a part depends on comes first in the payload, or is that of a format in it. */
static void list_parts(const struct conform_row *row, struct conform_call *c)
{
	const struct conform_field *last = NULL;
	struct conform_part part;

	for (uint32_t type = 0; row->part && type < CONFORM_TYPES; type++) {
		conform_call_begin(c, row, 0);
		if (row->nr == VMEDIA_NR_CREATE_BUFS)
			c->arg.create_buffers.format.type = type;
		else if (row->nr == VMEDIA_NR_ENUM_FRAMESIZES)
			c->arg.frmsizeenum.type = type;
		else if (row->nr == VMEDIA_NR_ENUM_FRAMEINTERVALS)
			c->arg.frmivalenum.type = type;
		else
			c->arg.u32 = type;
		part = row->part(c);
		if (!part.fields || part.fields == last)
			continue;
		printf("%-20s if type is %u:\n", conform_row_name(row), type);
		list_fields(row, part.prefix, part.fields);
		last = part.fields;
	}
}

/* Every ioctl, its fields, and how they are compared. */
static void list(void)
{
	struct conform_call *c = calloc(1, sizeof(*c));

	for (unsigned int i = 0; c && i < conform_num_rows; i++) {
		const struct conform_row *row = &conform_rows[i];

		if (row->never)
			printf("%-20s never called: %s\n", conform_row_name(row), row->never);
		else
			list_fields(row, "", row->fields);
		list_parts(row, c);
	}
	free(c);
}

static int open_sides(struct conform_walk *w, const struct conform_options *o)
{
	int ret = conform_side_open(o->mirror, &w->side[CONFORM_MIRROR]);

	return ret < 0 ? ret : conform_side_open(o->device, &w->side[CONFORM_DEVICE]);
}

static int walk(const struct conform_options *o)
{
	struct conform_walk w = { .options = o, .random.state = o->seed };
	int status = EXIT_USAGE;

	w.report = calloc(1, sizeof(*w.report));
	if (w.report && open_sides(&w, o) == 0) {
		w.report->rules = &o->rules;
		printf("vmedia-conform: --seed=%" PRIu64 " --calls=%" PRIu64 "\n", o->seed,
		       o->calls);
		fflush(stdout);
		status = conform_walk_run(&w) < 0 ? EXIT_DIFFERENT : 0;
		if (o->verbose)
			conform_report_print_calls(w.report, stdout);
		if (conform_report_print(w.report, stdout) > 0)
			status = EXIT_DIFFERENT;
	}
	for (unsigned int s = 0; s < CONFORM_SIDES; s++)
		conform_side_destroy(w.side[s]);
	free(w.report);
	return status;
}

/* getrandom() waits for minutes in a virtual machine that has no entropy. */
static uint64_t other_seed(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint32_t)((uint64_t)t.tv_sec * 1000003 + (uint64_t)t.tv_nsec * 31 +
			  (uint64_t)getpid());
}

int main(int argc, char **argv)
{
	struct conform_options o;
	int status = 0;

	if (conform_options_parse(&o, argc, argv) < 0) {
		status = EXIT_USAGE;
	} else if (o.help) {
		conform_help();
	} else if (o.version) {
		puts("vmedia-conform " VMEDIA_VERSION);
	} else if (o.list) {
		list();
	} else {
		if (!o.seed_given)
			o.seed = other_seed();
		status = walk(&o);
	}
	conform_rules_finish(&o.rules);
	if (fflush(stdout) != 0 && status == 0)
		status = EXIT_DIFFERENT;
	return status;
}
