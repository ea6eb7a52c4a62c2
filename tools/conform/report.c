/* SPDX-License-Identifier: BSD-3-Clause */
/* The report. */
#include <inttypes.h>
#include <string.h>

#include "report.h"

void conform_report_call(struct conform_report *r, const struct conform_call *c,
			 const uint64_t ns[CONFORM_SIDES])
{
	r->calls[c->row->nr]++;
	for (unsigned int s = 0; s < CONFORM_SIDES; s++)
		r->ns[c->row->nr][s] += ns[s];
	if (!c->err)
		r->succeeded[c->row->nr]++;
}

static struct conform_entry *find(struct conform_report *r, const struct conform_row *row,
				  const char *what)
{
	struct conform_entry *e;

	for (unsigned int i = 0; i < r->entries; i++)
		if (r->entry[i].row == row && strcmp(r->entry[i].what, what) == 0)
			return &r->entry[i];
	if (r->entries == CONFORM_ENTRIES)
		return NULL;
	e = &r->entry[r->entries++];
	*e = (struct conform_entry){ .row = row };
	snprintf(e->what, sizeof(e->what), "%s", what);
	e->rule = conform_rules_find(r->rules, conform_row_name(row), what);
	return e;
}

bool conform_report_difference(struct conform_report *r, const struct conform_row *row,
			       uint64_t number, const char *what, const char *mirror,
			       const char *device)
{
	struct conform_entry *e = find(r, row, what);

	if (!e) {
		r->dropped++;
		r->failed[row->nr] = true;
		return true;
	}
	if (e->times++ == 0) {
		e->first = number;
		snprintf(e->value[CONFORM_MIRROR], CONFORM_TEXT_SIZE, "%s", mirror);
		snprintf(e->value[CONFORM_DEVICE], CONFORM_TEXT_SIZE, "%s", device);
	}
	if (!e->rule)
		r->failed[row->nr] = true;
	return !e->rule;
}

/* "S_FMT sizeimage"; the values of an errno stand in columns of their own. */
static void what_text(const struct conform_entry *e, char *buf, size_t size)
{
	size_t length = strncmp(e->what, "errno:", 6) == 0 ? 5 : strlen(e->what);

	snprintf(buf, size, "%s %.*s", conform_row_name(e->row), (int)length, e->what);
}

static void print_entry(const struct conform_entry *e, FILE *out)
{
	char what[2 * CONFORM_TEXT_SIZE];

	what_text(e, what, sizeof(what));
	fprintf(out, "%-44s %-26s %-26s %8" PRIu64 "  ", what, e->value[CONFORM_MIRROR],
		e->value[CONFORM_DEVICE], e->times);
	if (e->rule)
		fprintf(out, "%s\n", e->rule->reason);
	else
		fprintf(out, "call %" PRIu64 "\n", e->first);
}

static void print_entries(const struct conform_report *r, bool explained, FILE *out)
{
	bool title = false;

	for (unsigned int i = 0; i < r->entries; i++) {
		if (!r->entry[i].rule == explained)
			continue;
		if (!title)
			fprintf(out, "%-44s %-26s %-26s %8s  %s\n",
				explained ? "explained" : "different", "on the node",
				"through the device", "times", explained ? "because" : "first");
		title = true;
		print_entry(&r->entry[i], out);
	}
	if (title)
		fputc('\n', out);
}

static double mean_us(const struct conform_report *r, uint8_t nr, unsigned int side)
{
	return (double)r->ns[nr][side] / (double)r->calls[nr] / 1000;
}

static void print_spent(const struct conform_report *r, FILE *out)
{
	uint64_t calls[CONFORM_SIDES] = { 0 };

	for (unsigned int nr = 0; nr < VMEDIA_NR_END; nr++)
		for (unsigned int s = 0; s < CONFORM_SIDES; s++)
			calls[s] += r->ns[nr][s];
	fprintf(out, "seconds: node %.1f, device %.1f, at rest %.1f, frames %.1f, late %.1f, "
		"opening %.1f\n\n", (double)calls[CONFORM_MIRROR] / 1e9,
		(double)calls[CONFORM_DEVICE] / 1e9, (double)r->spent[CONFORM_REST] / 1e9,
		(double)r->spent[CONFORM_FRAME] / 1e9, (double)r->spent[CONFORM_BEHIND] / 1e9,
		(double)r->spent[CONFORM_OPENING] / 1e9);
}

void conform_report_print_calls(const struct conform_report *r, FILE *out)
{
	fprintf(out, "%-20s %10s %10s %12s %12s\n", "ioctl", "calls", "succeeded", "node us",
		"device us");
	for (unsigned int i = 0; i < conform_num_rows; i++) {
		uint8_t nr = conform_rows[i].nr;

		if (r->calls[nr])
			fprintf(out, "%-20s %10" PRIu64 " %10" PRIu64 " %12.1f %12.1f\n",
				conform_row_name(&conform_rows[i]), r->calls[nr], r->succeeded[nr],
				mean_us(r, nr, CONFORM_MIRROR), mean_us(r, nr, CONFORM_DEVICE));
		else
			fprintf(out, "%-20s %10s %s\n",
				conform_row_name(&conform_rows[i]), "-",
				conform_rows[i].never ? conform_rows[i].never : "not drawn");
	}
	print_spent(r, out);
}

unsigned int conform_report_print(const struct conform_report *r, FILE *out)
{
	unsigned int passed = 0, failed = 0, skipped = 0;
	uint64_t calls = 0, explained = 0, others = r->dropped;

	print_entries(r, true, out);
	print_entries(r, false, out);
	if (r->dropped)
		fprintf(out, "%" PRIu64 " more differences, of more kinds than are kept\n\n",
			r->dropped);
	for (unsigned int i = 0; i < conform_num_rows; i++) {
		uint8_t nr = conform_rows[i].nr;

		calls += r->calls[nr];
		if (r->failed[nr])
			failed++;
		else if (r->calls[nr])
			passed++;
		else
			skipped++;
	}
	for (unsigned int i = 0; i < r->entries; i++)
		*(r->entry[i].rule ? &explained : &others) += r->entry[i].times;
	fprintf(out, "%" PRIu64 " calls; differences: %" PRIu64 " explained, %" PRIu64 " not\n",
		calls, explained, others);
	fprintf(out, "%u passed, %u failed, %u skipped\n", passed, failed, skipped);
	return failed;
}
