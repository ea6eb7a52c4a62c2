/* SPDX-License-Identifier: BSD-3-Clause */
/* Descriptors that the program's parent left open; see inherited.h. */
#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "inherited.h"

static void add(struct daemon_inherited *in, int fd)
{
	int *more = realloc(in->fds, (in->num + 1) * sizeof(*more));

	if (!more)
		return;
	more[in->num++] = fd;
	in->fds = more;
}

void daemon_inherited_find(struct daemon_inherited *in)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *e;

	while (dir && (e = readdir(dir))) {
		int fd = atoi(e->d_name);

		if (fd > STDERR_FILENO && fd != dirfd(dir))
			add(in, fd);
	}
	if (dir)
		closedir(dir);
}

void daemon_inherited_close(struct daemon_inherited *in, int kept)
{
	for (unsigned int i = 0; i < in->num; i++)
		if (in->fds[i] != kept)
			close(in->fds[i]);
	daemon_inherited_finish(in);
}

void daemon_inherited_finish(struct daemon_inherited *in)
{
	free(in->fds);
	*in = (struct daemon_inherited){ 0 };
}
