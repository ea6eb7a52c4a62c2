/* SPDX-License-Identifier: BSD-3-Clause */
/* The figures: a table for people as they come, one flat JSON object for machines at the end. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "bench.h"

struct bench_report {
	json_t *object;
	FILE *table;
};

struct bench_report *bench_report_new(FILE *table)
{
	struct bench_report *r = calloc(1, sizeof(*r));

	if (r) {
		r->table = table;
		r->object = json_object();
	}
	if (r && r->object)
		return r;
	free(r);
	return NULL;
}

int bench_report_add(struct bench_report *r, const char *key, double value, const char *unit,
		     const char *label)
{
	/* Three decimals are what a ratio or a microsecond is worth here. */
	double rounded = round(value * 1000) / 1000;

	/* A ratio to a floor of nothing: the run was too short to say anything. */
	if (!isfinite(value))
		return bench_fail(key, -ERANGE);
	if (label)
		fprintf(r->table, "  %-52s %12.3f %s\n", label, rounded, unit);
	fflush(r->table);
	return json_object_set_new(r->object, key, json_real(rounded)) < 0 ? -ENOMEM : 0;
}

void bench_report_section(struct bench_report *r, const char *title)
{
	fprintf(r->table, "\n%s\n", title);
}

int bench_report_json(const struct bench_report *r, const char *path)
{
	FILE *f = strcmp(path, "-") == 0 ? stdout : fopen(path, "w");
	int ret = 0;

	if (!f)
		return bench_fail(path, -errno);
	if (json_dumpf(r->object, f, JSON_INDENT(2) | JSON_PRESERVE_ORDER) < 0 ||
	    fputc('\n', f) == EOF)
		ret = -EIO;
	if ((f == stdout ? fflush(f) : fclose(f)) != 0 && ret == 0)
		ret = -errno;
	return ret < 0 ? bench_fail(path, ret) : 0;
}

void bench_report_free(struct bench_report *r)
{
	if (!r)
		return;
	json_decref(r->object);
	free(r);
}
