/* SPDX-License-Identifier: BSD-3-Clause */
/* What the tries reach for: a folder with files and listening sockets, and open descriptors. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sandbox/tries.h"

/* Neither a program nor a script: execve() gives ENOEXEC where nothing stops it. */
static const char content[] = "vmedia";

#define TOP "/vmedia-sandbox.XXXXXX"

static int make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	/* Permissions whatever the umask. */
	if (fchmod(fd, 0777) < 0 || write(fd, content, sizeof(content)) != (ssize_t)sizeof(content))
		goto fail;
	close(fd);
	return 0;
fail:
	close(fd);
	return -EIO;
}

static int make_top(struct sandbox_bait *bait)
{
	const char *tmp = getenv("TMPDIR");
	int err;

	if (!tmp || *tmp != '/' || strlen(tmp) + sizeof(TOP) > sizeof(bait->top))
		tmp = "/tmp";
	snprintf(bait->top, sizeof(bait->top), "%s" TOP, tmp);
	if (!mkdtemp(bait->top)) {
		err = errno;
		*bait->top = '\0';
		return -err;
	}
	return chmod(bait->top, 0711) < 0 ? -errno : 0;
}

static int make_files(struct sandbox_bait *bait)
{
	uint64_t number;
	int ret = make_top(bait);

	if (ret < 0)
		return ret;
	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		return -errno;
	snprintf(bait->folder, sizeof(bait->folder), "%s/%016llx", bait->top,
		 (unsigned long long)number);
	snprintf(bait->file, sizeof(bait->file), "%s/file", bait->folder);
	snprintf(bait->other, sizeof(bait->other), "%s/other", bait->folder);
	snprintf(bait->absent, sizeof(bait->absent), "%s/absent", bait->folder);
	if (mkdir(bait->folder, 0700) < 0 || chmod(bait->folder, 0777) < 0)
		return -errno;
	ret = make_file(bait->file);
	return ret < 0 ? ret : make_file(bait->other);
}

static int make_listener(struct sockaddr_un *addr, socklen_t size)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), err;

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)addr, size) == 0 &&
	    (!*addr->sun_path || chmod(addr->sun_path, 0777) == 0))
		return fd;
	err = errno;
	close(fd);
	return -err;
}

/* A path, and the same text as an abstract name. */
static int make_listeners(struct sandbox_bait *bait)
{
	struct sockaddr_un *path = &bait->path, *abstract = &bait->abstract;

	path->sun_family = AF_UNIX;
	snprintf(path->sun_path, sizeof(path->sun_path), "%s/socket", bait->top);
	bait->path_size = sizeof(*path);
	*abstract = *path;
	abstract->sun_path[0] = '\0';
	bait->abstract_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) +
					  strlen(path->sun_path));
	bait->listening[0] = make_listener(path, bait->path_size);
	if (bait->listening[0] < 0)
		return bait->listening[0];
	bait->listening[1] = make_listener(abstract, bait->abstract_size);
	return bait->listening[1] < 0 ? bait->listening[1] : 0;
}

static int open_descriptors(struct sandbox_bait *bait)
{
	bait->folder_fd = open(bait->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bait->memory_fd = memfd_create("vmedia-sandbox", MFD_CLOEXEC);
	bait->datagram_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bait->stream_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bait->uts_fd = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
	bait->null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (bait->folder_fd < 0 || bait->null_fd < 0 || bait->memory_fd < 0 ||
	    bait->datagram_fd < 0 || bait->stream_fd < 0 ||
	    gethostname(bait->host, sizeof(bait->host) - 1) < 0 ||
	    fchmod(bait->memory_fd, 0777) < 0 || ftruncate(bait->memory_fd, 4096) < 0 ||
	    write(bait->memory_fd, content, sizeof(content)) < 0)
		return -errno;
	return 0;
}

int sandbox_bait_make(struct sandbox_bait *bait, char *why, size_t size)
{
	int ret;

	*bait = (struct sandbox_bait)SANDBOX_BAIT_NONE;
	ret = make_files(bait);
	if (ret == 0)
		ret = make_listeners(bait);
	if (ret == 0)
		ret = open_descriptors(bait);
	if (ret < 0) {
		snprintf(why, size,
			 "cannot make files to try the sandbox with in %s: %s; set TMPDIR to a "
			 "folder that can be written to",
			 *bait->top ? bait->top : "the folder for temporary files",
			 strerror(-ret));
		sandbox_bait_remove(bait);
	}
	return ret;
}

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void sandbox_bait_leave(struct sandbox_bait *bait)
{
	close_one(&bait->listening[0]);
	close_one(&bait->listening[1]);
}

static void remove_folder(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *e;

	while (dir && (e = readdir(dir)) != NULL)
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..") &&
		    unlinkat(dirfd(dir), e->d_name, 0) < 0 && errno == EISDIR)
			unlinkat(dirfd(dir), e->d_name, AT_REMOVEDIR);
	if (dir)
		closedir(dir);
	rmdir(folder);
}

void sandbox_bait_remove(struct sandbox_bait *bait)
{
	sandbox_bait_leave(bait);
	close_one(&bait->folder_fd);
	close_one(&bait->memory_fd);
	close_one(&bait->datagram_fd);
	close_one(&bait->stream_fd);
	close_one(&bait->uts_fd);
	close_one(&bait->null_fd);
	for (unsigned int i = 0; i < SANDBOX_OPENERS; i++)
		close_one(&bait->openers[i]);
	if (*bait->folder)
		remove_folder(bait->folder);
	if (*bait->top)
		remove_folder(bait->top);
	*bait->folder = '\0';
	*bait->top = '\0';
}
