/* SPDX-License-Identifier: BSD-3-Clause */
/* vmedia-conform: options, the two sides, the walk, the report. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "config.h"
#include "options.h"
#include "walk.h"

enum { EXIT_DIFFERENT = 1, EXIT_USAGE = 2 };

static void list_fields(const char *name, const char *prefix, const struct conform_field *f)
{
	for (; f && f->name; f++)
		printf("%-20s %s%-*s %s\n", name, prefix, prefix[0] ? 26 : 30, f->name,
		       conform_how_text(f->how));
}

/* Every ioctl, its fields, and how they are compared. Parts are those of the type 0's successor. */
static void list(void)
{
	struct conform_call *c = calloc(1, sizeof(*c));

	for (unsigned int i = 0; c && i < conform_num_rows; i++) {
		const struct conform_row *row = &conform_rows[i];
		const char *name = conform_row_name(row);

		if (row->never) {
			printf("%-20s never called: %s\n", name, row->never);
			continue;
		}
		list_fields(name, "", row->fields);
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
		if (!o.seed_given && getrandom(&o.seed, 4, 0) != 4)
			o.seed = 1;
		status = walk(&o);
	}
	conform_rules_finish(&o.rules);
	if (fflush(stdout) != 0 && status == 0)
		status = EXIT_DIFFERENT;
	return status;
}
