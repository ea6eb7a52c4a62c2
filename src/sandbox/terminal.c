/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The terminal that the program was started at. The process that serves writes its log there. A
 * descriptor that a shell gave is open for reading, too, and a process of another session reads a
 * terminal without being stopped: it would get what the user types in the shell next.
 *
 * A terminal that is opened again for writing cannot be read. /dev/tty opens the terminal of the
 * session even where the terminal belongs to another user (after su). Where neither can be opened,
 * the descriptor stays as it is.
 */
#include <fcntl.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#include "sandbox/impl.h"

static int open_to_write(int fd)
{
	const int flags = O_WRONLY | O_NOCTTY | O_CLOEXEC;
	char path[32];
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, flags);
	if (again < 0 && tcgetsid(fd) == getsid(0))
		again = open("/dev/tty", flags);
	return again;
}

static void replace(int fd, int by)
{
	if (by < 0)
		return;
	dup2(by, fd);
	close(by);
}

void sandbox_terminal_leave(void)
{
	if (isatty(STDIN_FILENO))
		replace(STDIN_FILENO, open("/dev/null", O_RDONLY | O_CLOEXEC));
	for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
		if (isatty(fd))
			replace(fd, open_to_write(fd));
}
