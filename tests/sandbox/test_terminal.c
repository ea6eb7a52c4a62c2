/* SPDX-License-Identifier: BSD-3-Clause */
/* A process that was started at a terminal: it writes there, and neither reads nor signals. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "confined.h"

#define TYPED "a password\n"

static const struct sandbox options = SANDBOX_INIT;
static int master = -1;

/* The terminal is that of the process's session, and the standard descriptors. */
static int at_terminal(void)
{
	int fd;

	if (setsid() < 0)
		return -1;
	fd = open(ptsname(master), O_RDWR);
	if (fd < 0 || ioctl(fd, TIOCSCTTY, 0) < 0)
		return -1;
	for (int i = 0; i <= STDERR_FILENO; i++)
		if (dup2(fd, i) < 0)
			return -1;
	return close(fd) + close(master);
}

/* As login does. */
static int owns_terminal(void)
{
	return geteuid() ? 0 : fchown(STDERR_FILENO, 65534, (gid_t)-1);
}

static void read_line(char *line, size_t size)
{
	size_t len = 0;

	while (len < size - 1 && read(master, line + len, 1) == 1 && line[len++] != '\n')
		;
	line[len] = 0;
}

static void try_to_read(confined_place_fn *const places[])
{
	char line[64];
	struct confined c;

	master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(master >= 0);
	assert_int_equal(grantpt(master), 0);
	assert_int_equal(unlockpt(master), 0);
	confined_start(&c, &options, places);
	assert_int_equal(write(master, TYPED, strlen(TYPED)), strlen(TYPED));
	read_line(line, sizeof(line)); /* the echo: it can be read now */
	assert_non_null(strstr(line, "a password"));
	confined_tell(&c, 'r');
	read_line(line, sizeof(line));
	assert_non_null(strstr(line, "nothing read"));
	confined_tell(&c, 'x');
	assert_int_equal(WEXITSTATUS(confined_end(&c)), 7);
	close(master);
}

static void test_reads_nothing(void **state)
{
	confined_place_fn *const owner[] = { at_terminal, owns_terminal, confined_as_user, NULL };
	confined_place_fn *const without_ns[] = { at_terminal, owns_terminal, confined_as_user,
						  confined_without_ns, NULL };
	/* after su: the terminal is still the other user's */
	confined_place_fn *const switched[] = { at_terminal, confined_as_user, NULL };
	confined_place_fn *const root[] = { at_terminal, confined_as_root, NULL };

	try_to_read(owner);
	try_to_read(without_ns);
	try_to_read(switched);
	if (geteuid() == 0)
		try_to_read(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads_nothing),
	};

	return cmocka_run_group_tests_name("sandbox terminal", tests, NULL, NULL);
}
