// SPDX-License-Identifier: BSD-3-Clause
/*
 * Who else could have written a module: owners, modes, and links that appear after the look-up.
 * That race is stepped: the path is looked at as it is after its folder was exchanged.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "module/trust.h"

struct place {
	char top[PATH_MAX];
	char why[512];
};

static const char *in(const struct place *p, const char *name)
{
	static char path[PATH_MAX + 64];

	snprintf(path, sizeof(path), "%s/%s", p->top, name);
	return path;
}

/* TOP/mods/a.so, which is fine. */
static int set_up(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	char name[] = "/tmp/vmedia-trust-XXXXXX";
	int fd;

	umask(022);
	if (!p || !mkdtemp(name) || !realpath(name, p->top) || mkdir(in(p, "mods"), 0755) < 0)
		return -1;
	fd = open(in(p, "mods/a.so"), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	*state = p;
	return fd < 0 ? -1 : close(fd);
}

static int tear_down(void **state)
{
	static const char *const files[] = { "mods/a.so", "was/a.so", "mods" };
	static const char *const folders[] = { "mods", "was", "." };
	struct place *p = *state;

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		unlink(in(p, files[i]));
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		rmdir(i < 2 ? in(p, folders[i]) : p->top);
	free(p);
	return 0;
}

static int path_of(struct place *p, const char *name)
{
	return vmedia_trust_path(in(p, name), p->why, sizeof(p->why));
}

static int parents_of(struct place *p, const char *name)
{
	return vmedia_trust_parents(in(p, name), p->why, sizeof(p->why));
}

static void test_own(void **state)
{
	struct place *p = *state;

	assert_int_equal(parents_of(p, "mods/a.so"), 0);
	assert_int_equal(path_of(p, "mods"), 0);
	assert_int_equal(path_of(p, "mods/a.so"), 0);
	assert_int_equal(vmedia_trust_parents("/", p->why, sizeof(p->why)), 0);
	assert_int_equal(path_of(p, "none"), -ENOENT);
	assert_non_null(strstr(p->why, "none: No such file"));
}

static void test_modes(void **state)
{
	struct place *p = *state;

	assert_int_equal(chmod(in(p, "mods"), 01777), 0);
	assert_int_equal(parents_of(p, "mods/a.so"), 0);
	assert_int_equal(path_of(p, "mods"), -EPERM);
	assert_int_equal(chmod(in(p, "mods"), 0775), 0);
	assert_int_equal(parents_of(p, "mods/a.so"), -EPERM);
	assert_int_equal(chmod(in(p, "mods/a.so"), 0646), 0);
	assert_int_equal(path_of(p, "mods/a.so"), -EPERM);
	assert_non_null(strstr(p->why, "may be written by others (mode 646)"));
}

static void test_link_that_came_later(void **state)
{
	struct place *p = *state;
	char was[PATH_MAX + 64];

	snprintf(was, sizeof(was), "%s", in(p, "was"));
	assert_int_equal(rename(in(p, "mods"), was), 0);
	assert_int_equal(symlink(was, in(p, "mods")), 0);
	assert_int_equal(path_of(p, "was"), 0);
	assert_int_equal(path_of(p, "mods"), -EPERM);
	assert_non_null(strstr(p->why, "mods became a link"));
	assert_int_equal(parents_of(p, "mods/a.so"), -EPERM);
	assert_non_null(strstr(p->why, "mods became a link"));
}

/* What is above is asked about first: the answer about a folder holds for what is in it. */
static void test_downwards(void **state)
{
	struct place *p = *state;

	assert_int_equal(chmod(p->top, 0757), 0);
	assert_int_equal(chmod(in(p, "mods"), 0775), 0);
	assert_int_equal(parents_of(p, "mods/a.so"), -EPERM);
	assert_non_null(strstr(p->why, "(mode 757)"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_own, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_modes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_link_that_came_later, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_downwards, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
