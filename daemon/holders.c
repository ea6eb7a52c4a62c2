// SPDX-License-Identifier: BSD-3-Clause
/*
 * Who has a file open.
 *
 * The links of /proc/PID/fd are read and compared, not followed: what they lead to can be a file
 * system that does not answer.
 */
#include "holders.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_number(const char *name)
{
	return isdigit((unsigned char)name[0]);
}

/* True if process @pid has a descriptor of @real. */
static bool holds(const char *pid, const char *real)
{
	char folder[300], link[PATH_MAX];
	struct dirent *e;
	bool found = false;
	ssize_t n;
	DIR *d;

	snprintf(folder, sizeof(folder), "/proc/%s/fd", pid);
	d = opendir(folder);
	if (!d)
		return false;
	while (!found && (e = readdir(d))) {
		n = is_number(e->d_name) ? readlinkat(dirfd(d), e->d_name, link, sizeof(link) - 1)
					 : -1;
		if (n < 0)
			continue;
		link[n] = 0;
		found = !strcmp(link, real);
	}
	closedir(d);
	return found;
}

/* The name of process @pid, "?" if it has ended. A process can give itself any bytes. */
static void get_name(const char *pid, char name[17])
{
	char path[300];
	FILE *f;

	memcpy(name, "?", 2);
	snprintf(path, sizeof(path), "/proc/%s/comm", pid);
	f = fopen(path, "re");
	if (!f)
		return;
	if (fgets(name, 17, f))
		name[strcspn(name, "\n")] = 0;
	fclose(f);
	for (; *name; name++)
		if (!isgraph((unsigned char)*name))
			*name = '?';
}

int daemon_holders(const char *path, char *text, size_t size)
{
	char real[PATH_MAX], name[17];
	size_t used = 0;
	struct dirent *e;
	int n = 0;
	DIR *d;

	*text = 0;
	if (!realpath(path, real))
		return -errno;
	d = opendir("/proc");
	if (!d)
		return -errno;
	while ((e = readdir(d))) {
		if (!is_number(e->d_name) || atoi(e->d_name) == getpid() || !holds(e->d_name, real))
			continue;
		get_name(e->d_name, name);
		n++;
		if (used < size)
			used += (size_t)snprintf(text + used, size - used, "%s%s (%.10s)",
						 n > 1 ? ", " : "", name, e->d_name);
	}
	closedir(d);
	return n;
}
