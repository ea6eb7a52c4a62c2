/* SPDX-License-Identifier: BSD-3-Clause */
/* The figures: a table as they are added, and one flat JSON object at the end. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "bench.h"

struct bench_report {
	json_t *object;
	FILE *table;
	const char *path;	/* of the JSON object */
	FILE *json;		/* standard output or an own file; NULL: no JSON */
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
	/* Three decimals are precise enough for a ratio or a microsecond. */
	double rounded = round(value * 1000) / 1000;

	/* A ratio to a floor of zero: the run was too short. */
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

int bench_report_open(struct bench_report *r, const char *path)
{
	int fd;

	r->path = path;
	r->json = stdout;
	if (strcmp(path, "-") == 0)
		return 0;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	r->json = fd < 0 ? NULL : fdopen(fd, "w");
	if (r->json)
		return 0;
	fprintf(stderr, "vmedia-bench: --json=%s: %s; give a file that can be written\n", path,
		strerror(errno));
	if (fd >= 0)
		close(fd);
	return -EINVAL;
}

int bench_report_json(struct bench_report *r)
{
	FILE *f = r->json;
	int ret = 0;

	r->json = NULL;
	/* Only regular files have a length. */
	if (f != stdout && ftruncate(fileno(f), 0) < 0 && errno != EINVAL)
		ret = -errno;
	if (json_dumpf(r->object, f, JSON_INDENT(2) | JSON_PRESERVE_ORDER) < 0 ||
	    fputc('\n', f) == EOF)
		ret = -EIO;
	if ((f == stdout ? fflush(f) : fclose(f)) != 0 && ret == 0)
		ret = -errno;
	return ret < 0 ? bench_fail(r->path, ret) : 0;
}

void bench_report_free(struct bench_report *r)
{
	if (!r)
		return;
	if (r->json && r->json != stdout)
		fclose(r->json);
	json_decref(r->object);
	free(r);
}
