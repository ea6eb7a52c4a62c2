/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The smallest FUSE server, see fuse.h. It and the process that opens its file are two, and the
 * mount is theirs alone: a process that ends with both ends of a connection in its hands waits for
 * itself.
 */
#include "fuse.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FILE_NODE 2
#define FILE_SIZE (1u << 20)

static void fill_attr(struct fuse_attr *a, uint64_t node)
{
	*a = (struct fuse_attr){
		.ino = node,
		.size = node == FILE_NODE ? FILE_SIZE : 0,
		.mode = node == FILE_NODE ? S_IFREG | 0666 : S_IFDIR | 0777,
		.nlink = 1,
		.blksize = 4096,
	};
}

static bool answer(int dev, uint64_t unique, int error, const void *data, uint32_t size)
{
	uint8_t buf[512];
	struct fuse_out_header h = { .len = sizeof(h) + size, .error = error, .unique = unique };

	memcpy(buf, &h, sizeof(h));
	if (size)
		memcpy(buf + sizeof(h), data, size);
	return write(dev, buf, h.len) == (ssize_t)h.len;
}

/* Answers one request. False: the file is open, or something went wrong. */
static bool serve_one(int dev)
{
	static uint8_t buf[1 << 17];
	struct fuse_init_out init = { .major = FUSE_KERNEL_VERSION, .minor = 31,
				      .max_write = 4096 };
	struct fuse_entry_out entry = { .nodeid = FILE_NODE };
	struct fuse_attr_out attr = { .attr_valid = 0 };
	struct fuse_open_out open = { .fh = 1 };
	struct fuse_in_header *h = (void *)buf;

	if (read(dev, buf, sizeof(buf)) < (ssize_t)sizeof(*h))
		return errno == EINTR;
	switch (h->opcode) {
	case FUSE_INIT:
		return answer(dev, h->unique, 0, &init, sizeof(init));
	case FUSE_LOOKUP:
		fill_attr(&entry.attr, FILE_NODE);
		return answer(dev, h->unique, 0, &entry, sizeof(entry));
	case FUSE_GETATTR:
		fill_attr(&attr.attr, h->nodeid);
		return answer(dev, h->unique, 0, &attr, sizeof(attr));
	case FUSE_OPEN:
		answer(dev, h->unique, 0, &open, sizeof(open));
		return false;
	default:
		return answer(dev, h->unique, -ENOSYS, NULL, 0);
	}
}

/* In a namespace that goes with its processes. Returns the descriptor of FUSE, or -1. */
static int mount_it(const char *folder)
{
	char options[128];
	int dev;

	if (unshare(CLONE_NEWNS) && unshare(CLONE_NEWUSER | CLONE_NEWNS))
		return -1;
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return -1;
	dev = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	if (dev < 0)
		return -1;
	snprintf(options, sizeof(options), "fd=%d,rootmode=40000,user_id=%u,group_id=%u", dev,
		 (unsigned int)getuid(), (unsigned int)getgid());
	return mount("vmedia-test", folder, "fuse", MS_NOSUID | MS_NODEV, options) ? -1 : dev;
}

static void send_fd(int sock, int fd, pid_t pid)
{
	union { char buf[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control = { 0 };
	struct iovec iov = { .iov_base = &pid, .iov_len = sizeof(pid) };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.buf,
			     .msg_controllen = sizeof(control.buf) };

	control.align.cmsg_level = SOL_SOCKET;
	control.align.cmsg_type = SCM_RIGHTS;
	control.align.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&control.align), &fd, sizeof(int));
	sendmsg(sock, &mh, MSG_NOSIGNAL);
}

static bool recv_fd(int sock, struct silent_file *f)
{
	union { char buf[CMSG_SPACE(sizeof(int))]; struct cmsghdr align; } control;
	struct iovec iov = { .iov_base = &f->opener, .iov_len = sizeof(f->opener) };
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.buf,
			     .msg_controllen = sizeof(control.buf) };

	if (recvmsg(sock, &mh, MSG_CMSG_CLOEXEC) != sizeof(f->opener) || !CMSG_FIRSTHDR(&mh))
		return false;
	memcpy(&f->fd, CMSG_DATA(CMSG_FIRSTHDR(&mh)), sizeof(int));
	return true;
}

static void run_opener(int sock, const char *folder)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s/file", folder);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		send_fd(sock, fd, getpid());
	close(sock);
	for (;;)
		pause();
}

static void run_server(int sock, const char *folder)
{
	int dev;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dev = mount_it(folder);
	if (dev < 0)
		_exit(1);
	if (!fork()) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(dev);
		run_opener(sock, folder);
	}
	close(sock);
	while (serve_one(dev))
		;
	for (;;)
		pause();
}

bool silent_file_open(struct silent_file *f)
{
	char folder[] = "/tmp/vmedia-fuse-XXXXXX";
	bool ok;
	int sv[2];

	f->fd = -1;
	if (!mkdtemp(folder) || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv))
		return false;
	f->server = fork();
	if (!f->server) {
		close(sv[0]);
		run_server(sv[1], folder);
	}
	close(sv[1]);
	ok = f->server > 0 && recv_fd(sv[0], f);
	close(sv[0]);
	rmdir(folder);
	if (!ok && f->server > 0) {
		kill(f->server, SIGKILL);
		waitpid(f->server, NULL, 0);
	}
	return ok;
}

void silent_file_end(struct silent_file *f)
{
	kill(f->server, SIGKILL);
	waitpid(f->server, NULL, 0);
	close(f->fd);
}
