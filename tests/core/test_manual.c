/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The manual page's table of limits has the figures of the code.
 *
 * usage: test_core_manual MANUAL-PAGE
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <vmedia/camera.h>
#include <vmedia/log.h>

#include "core/core.h"
#include "vhost/backend.h"
#include "vhost/msg.h"
#include "virtq/view.h"

static char page[64 << 10];

static int read_page(const char *name)
{
	FILE *f = fopen(name, "r");
	size_t n;

	if (!f)
		return -1;
	n = fread(page, 1, sizeof(page) - 1, f);
	fclose(f);
	return n && n < sizeof(page) - 1 ? 0 : -1;
}

/* The page has a line that begins with @row and @value, in the unit K, M, G or T (0: none). */
static void check_row(const char *row, uint64_t value, char unit)
{
	static const char units[] = "KMGT";
	const char *at = unit ? strchr(units, unit) : NULL;
	char line[128], suffix[2] = { unit };
	unsigned int shift = at ? 10 * (unsigned int)(at - units + 1) : 0;

	assert_int_equal(value >> shift << shift, value);
	snprintf(line, sizeof(line), "\n%s|%llu%s", row, (unsigned long long)(value >> shift),
		 suffix);
	at = strstr(page, line);
	if (!at || (at[strlen(line)] != '|' && at[strlen(line)] != ' '))
		fail_msg("the manual page has no row \"%s\"", line + 1);
}

static void test_options(void **state)
{
	struct vmedia_limits l;
	struct vmedia_needs n;

	vmedia_limits_default(&l);
	vmedia_limits_needs(&l, &n);
	check_row("\\-\\-max\\-sessions", l.max_sessions, 0);
	check_row("\\-\\-max\\-buffers", l.max_buffers, 0);
	check_row("\\-\\-max\\-bytes (a)", l.max_bytes, 'G');
	check_row("pieces of memory (b)", n.files - VMEDIA_CORE_FILES_RESERVE, 0);
	check_row("\\-\\-max\\-mappings", l.max_mappings, 0);
	check_row("\\-\\-max\\-objects", l.max_objects, 0);
	check_row("imported objects", l.max_objects, 0);
	check_row("\\-\\-max\\-subscriptions", l.max_subscriptions, 0);
	check_row("bytes of a command", l.max_request, 0);
	check_row("their payload", l.max_ctrl_bytes, 'M');
}

static void test_fixed(void **state)
{
	check_row("commands in work", VMEDIA_CORE_HELD_BYTES, 'M');
	check_row("planes", VMEDIA_MAX_PLANES, 0);
	check_row("guest pages", VMEDIA_VIEW_MAX_BYTES, 'G');
	check_row("their pieces", VMEDIA_MAX_SG_ENTRIES, 0);
	check_row("pieces mapped", VMEDIA_VIEW_MAX_MAPS, 0);
	check_row("pieces mapped in all", VMEDIA_VIEW_MAX_MAPS_TOTAL, 0);
	check_row("controls", VMEDIA_MAX_CTRLS, 0);
	check_row("its pieces", VMEDIA_CORE_CTRL_SG, 0);
	check_row("EDID blocks", VMEDIA_MAX_EDID_BLOCKS, 0);
	check_row("asked of the monitor", VMEDIA_VUB_MAX_PENDING, 0);
	check_row("pieces of a chain", VMEDIA_VQD_MAX_SEGS, 0);
	check_row("bytes of a chain", VMEDIA_VQD_MAX_BYTES, 'G');
	check_row("pieces of all chains", VMEDIA_VQD_MAX_HELD_SEGS, 0);
	check_row("memory regions", VMEDIA_MEM_MAX_REGIONS, 0);
	check_row("bytes of a message", VMEDIA_VU_MAX_PAYLOAD, 0);
	check_row("its descriptors", VMEDIA_VU_MAX_FDS, 0);
	check_row("side of a picture", VMEDIA_CAMERA_MAX_DIMENSION, 0);
	check_row("lines in the log (f)", VMEDIA_LOG_BURST, 0);
}

/* The page has the words @before, @figure and @after, wherever its lines end. */
static void check_words(const char *before, uint64_t figure, const char *after)
{
	static char flat[sizeof(page)];
	char words[128], *p;

	memcpy(flat, page, sizeof(page));
	for (p = flat; (p = strchr(p, '\n'));)
		*p = ' ';
	snprintf(words, sizeof(words), "%s %llu%s", before, (unsigned long long)figure, after);
	if (!strstr(flat, words))
		fail_msg("the manual page does not say \"%s\"", words);
}

/* What the host must allow, in the sentences below the table. */
static void test_host(void **state)
{
	struct vmedia_limits l;
	struct vmedia_needs n;

	vmedia_limits_default(&l);
	vmedia_limits_needs(&l, &n);
	check_words("but no more than", VMEDIA_CORE_MAX_FILES, ", nor");
	check_words("", VMEDIA_CORE_FILES_RESERVE, " are added");
	check_words("the program:", n.files, " by default.");
	check_words("what remains after", VMEDIA_CORE_FILES_RESERVE, ", or half of it");
	check_words("The pieces of memory,", VMEDIA_VIEW_MAX_MAPS_TOTAL, " of guest pages,");
	check_words("of guest pages,", VMEDIA_CORE_MAPS_RESERVE, ", and two for each thread:");
	check_words("two for each thread:", n.mappings, " by default,");
	check_words("\\-\\-max\\-sessions and", n.threads - l.max_sessions, ".");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_options),
		cmocka_unit_test(test_fixed),
		cmocka_unit_test(test_host),
	};

	if (argc != 2 || read_page(argv[1])) {
		fprintf(stderr, "usage: test_core_manual MANUAL-PAGE\n");
		return 2;
	}
	return cmocka_run_group_tests_name("the manual's limits", tests, NULL, NULL);
}
