/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The listening socket: its path may be left over from a process that is gone, which only connect()
 * can tell.
 *
 * Who may connect is set in steps, of which none allows more than the last one: the file is made
 * with the owner's bits alone (Linux takes them from the unbound socket, less the umask), gets its
 * group, then its mode, and nobody can connect before listen(). The process's umask is not touched:
 * other threads may be making files.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "serve/serve.h"

#define BACKLOG 16

/* Is nobody behind the socket file at @addr? */
static bool is_dead(const struct sockaddr_un *addr)
{
	struct stat st;
	bool dead;
	int fd;

	if (lstat(addr->sun_path, &st) || !S_ISSOCK(st.st_mode))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	dead = connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) && errno == ECONNREFUSED;
	close(fd);
	return dead;
}

static int bind_path(int fd, const struct sockaddr_un *addr)
{
	if (!bind(fd, (const struct sockaddr *)addr, sizeof(*addr)))
		return 0;
	if (errno != EADDRINUSE)
		return -errno;
	if (!is_dead(addr))
		return -EADDRINUSE;
	vmedia_info("%s is left over from a process that is gone: replaced", addr->sun_path);
	if (unlink(addr->sun_path) && errno != ENOENT)
		return -errno;
	return bind(fd, (const struct sockaddr *)addr, sizeof(*addr)) ? -errno : 0;
}

/* The file of the bound socket: its inode into @l, its group and mode. */
static int give_access(const struct vmedia_server_options *opts, mode_t mode,
		       struct vmedia_listener *l)
{
	int fd = open(l->path, O_PATH | O_NOFOLLOW | O_CLOEXEC), err = 0;
	char self[64];
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || !S_ISSOCK(st.st_mode)) {
		close(fd);
		return -EADDRINUSE; /* somebody else's, put in the place of ours */
	}
	l->dev = st.st_dev;
	l->ino = st.st_ino;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	if (opts->socket_group && *opts->socket_group != st.st_gid &&
	    fchownat(fd, "", (uid_t)-1, *opts->socket_group, AT_EMPTY_PATH))
		err = -errno;
	else if ((st.st_mode & 0777) != mode && chmod(self, mode))
		err = -errno;
	close(fd);
	return err;
}

int vmedia_listen(const struct vmedia_server_options *opts, struct vmedia_listener *l)
{
	mode_t mode = opts->socket_mode ? opts->socket_mode : opts->socket_group ? 0660 : 0600;
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const char *path = opts->socket_path;
	int err;

	l->fd = -1;
	l->path = NULL;
	if (!path[0] || strlen(path) >= sizeof(addr.sun_path))
		return -EINVAL;
	memcpy(addr.sun_path, path, strlen(path) + 1);
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->fd < 0)
		return -errno;
	err = fchmod(l->fd, mode & 0700) ? -errno : bind_path(l->fd, &addr);
	if (err)
		goto fail;
	l->path = strdup(path);
	if (!l->path) {
		unlink(path);
		err = -ENOMEM;
		goto fail;
	}
	err = give_access(opts, mode, l);
	if (err)
		goto fail;
	if (listen(l->fd, BACKLOG)) {
		err = -errno;
		goto fail;
	}
	return 0;
fail:
	vmedia_listener_close(l);
	return err;
}

void vmedia_listener_close(struct vmedia_listener *l)
{
	struct stat st;

	if (l->path && !lstat(l->path, &st) && st.st_dev == l->dev && st.st_ino == l->ino)
		unlink(l->path);
	free(l->path);
	l->path = NULL;
	vmedia_fd_close(&l->fd);
}
