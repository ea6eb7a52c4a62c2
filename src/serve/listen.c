/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The listening socket. Its path may be left over from a process that ended, which only connect()
 * can find out.
 *
 * A client may wait for the file and connect at once. bind() makes the file, but connect() is
 * refused until listen(). So the file is made under another name beside the path, and linked to the
 * path when the socket listens. A socket at the path thus listens, or is dead. getsockname()
 * returns the first name, which begins with the path. If the first name would be too long for an
 * address, the path itself is bound, and a client may connect too early.
 *
 * Access is set in steps, and no step allows more than the last one: the file is made with the
 * owner's bits alone (Linux takes them from the unbound socket, less the umask), gets its group,
 * then its mode. The process's umask is not changed, since other threads may be making files.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "serve/serve.h"

#define BACKLOG	    16
#define ASIDE_TRIES 8

/* True if no process listens on the socket file at @addr. */
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

/* Remove a dead socket at @addr. -EADDRINUSE: another file is there, or a live socket. */
static int make_room(const struct sockaddr_un *addr)
{
	if (!is_dead(addr))
		return -EADDRINUSE;
	vmedia_info("%s is left over from a process that is gone: replaced", addr->sun_path);
	return unlink(addr->sun_path) && errno != ENOENT ? -errno : 0;
}

static int bind_path(int fd, const struct sockaddr_un *addr)
{
	int err;

	if (!bind(fd, (const struct sockaddr *)addr, sizeof(*addr)))
		return 0;
	if (errno != EADDRINUSE)
		return -errno;
	err = make_room(addr);
	if (err)
		return err;
	return bind(fd, (const struct sockaddr *)addr, sizeof(*addr)) ? -errno : 0;
}

/*
 * Bind beside @addr and return that address in *aside. -ENAMETOOLONG: it is too long for an
 * address.
 */
static int bind_aside(int fd, const struct sockaddr_un *addr, struct sockaddr_un *aside)
{
	const size_t room = sizeof(aside->sun_path);
	uint32_t id;

	aside->sun_family = AF_UNIX;
	for (int i = 0; i < ASIDE_TRIES; i++) {
		if (getrandom(&id, sizeof(id), 0) != sizeof(id))
			return -EIO;
		if ((size_t)snprintf(aside->sun_path, room, "%.*s.%08x", (int)room, addr->sun_path,
				     id) >= room)
			return -ENAMETOOLONG;
		if (!bind(fd, (const struct sockaddr *)aside, sizeof(*aside)))
			return 0;
		if (errno != EADDRINUSE)
			return -errno;
	}
	return -EADDRINUSE;
}

/* Link the file at @aside to @addr, and replace nothing there but a dead socket. */
static int publish(const struct sockaddr_un *aside, const struct sockaddr_un *addr)
{
	int err;

	if (!link(aside->sun_path, addr->sun_path))
		return 0;
	if (errno != EEXIST)
		return -errno;
	err = make_room(addr);
	if (err)
		return err;
	if (!link(aside->sun_path, addr->sun_path))
		return 0;
	return errno == EEXIST ? -EADDRINUSE : -errno;
}

/* Set group and mode of the file of the bound socket, and keep its inode in @l. */
static int give_access(const char *path, const struct vmedia_server_options *opts, mode_t mode,
		       struct vmedia_listener *l)
{
	int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC), err = 0;
	char self[64];
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || !S_ISSOCK(st.st_mode)) {
		close(fd);
		return -EADDRINUSE; /* another process has replaced the file */
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

/* Set group and mode of the bound socket's file at @at, then listen. */
static int begin(const char *at, const struct vmedia_server_options *opts, mode_t mode,
		 struct vmedia_listener *l)
{
	int err = give_access(at, opts, mode, l);

	return err ? err : listen(l->fd, BACKLOG) ? -errno : 0;
}

int vmedia_listen(const struct vmedia_server_options *opts, struct vmedia_listener *l)
{
	mode_t mode = opts->socket_mode ? opts->socket_mode : opts->socket_group ? 0660 : 0600;
	struct sockaddr_un addr = { .sun_family = AF_UNIX }, aside = { 0 };
	const char *path = opts->socket_path;
	int err;

	*l = (struct vmedia_listener){ .fd = -1 };
	if (!path[0] || strlen(path) >= sizeof(addr.sun_path))
		return -EINVAL;
	memcpy(addr.sun_path, path, strlen(path) + 1);
	l->path = strdup(path);
	if (!l->path)
		return -ENOMEM;
	l->fd = socket(AF_UNIX, (opts->seqpacket ? SOCK_SEQPACKET : SOCK_STREAM) | SOCK_CLOEXEC |
		       SOCK_NONBLOCK, 0);
	if (l->fd < 0 || fchmod(l->fd, mode & 0700))
		err = -errno;
	else
		err = bind_aside(l->fd, &addr, &aside);
	if (!err) {
		err = begin(aside.sun_path, opts, mode, l);
		if (!err)
			err = publish(&aside, &addr);
		unlink(aside.sun_path);
	} else if (err == -ENAMETOOLONG) {
		err = bind_path(l->fd, &addr);
		if (!err)
			err = begin(path, opts, mode, l);
	}
	if (err)
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
