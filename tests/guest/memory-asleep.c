// SPDX-License-Identifier: BSD-3-Clause
/*
 * The virtio device is unbound from the driver while memory of a program is on its way to it: in
 * the middle of QBUF, which sleeps for a page of a file whose file system is this program (FUSE),
 * or with a dma-buf queued. Then nothing is mapped for the DMA of the device any more, and nothing
 * is attached to it: debugging of the DMA API and of dma-bufs, in the kernel, counts.
 */
#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FILE_OF_FUSE "/tmp/slow-page"
#define DMA_DEBUG    "/sys/kernel/debug/dma-api/min_free_entries"
#define DMABUF_DEBUG "/sys/kernel/debug/dma_buf/bufinfo"

static void unbind(const char *device)
{
	int fd = open("/sys/bus/virtio/drivers/virtio_media/unbind", O_WRONLY);

	need(fd >= 0 && write(fd, device, strlen(device)) == (ssize_t)strlen(device), "unbind");
	close(fd);
}

/* ---- A page that comes late ---- */

static char page_of_file[4096];

static void reply(int fuse, uint64_t unique, int error, const void *data, size_t len)
{
	struct fuse_out_header h = { .len = (uint32_t)(sizeof(h) + len),
				     .error = error,
				     .unique = unique };
	char out[sizeof(h) + sizeof(page_of_file)];

	memcpy(out, &h, sizeof(h));
	if (len)
		memcpy(out + sizeof(h), data, len);
	/* One that was interrupted is not there any more. */
	need(write(fuse, out, h.len) == (ssize_t)h.len || errno == ENOENT, "reply of FUSE");
}

/* Requests, until one for the page comes: its number; 0 when the file is closed. */
static uint64_t serve(int fuse)
{
	static char request[FUSE_MIN_READ_BUFFER + (1 << 16)];
	const struct fuse_in_header *in = (const void *)request;
	struct fuse_attr_out attr = { .attr_valid = 60 };
	struct fuse_open_out opened = { .fh = 1 };
	struct fuse_init_out init = { .major = FUSE_KERNEL_VERSION, .max_write = 4096 };

	attr.attr = (struct fuse_attr){ .ino = 1,
					.size = sizeof(page_of_file),
					.mode = S_IFREG | 0644,
					.nlink = 1,
					.blksize = sizeof(page_of_file) };
	while (read(fuse, request, sizeof(request)) > 0) {
		switch (in->opcode) {
		case FUSE_INIT:
			init.minor = ((const struct fuse_init_in *)(in + 1))->minor;
			reply(fuse, in->unique, 0, &init, sizeof(init));
			break;
		case FUSE_GETATTR:
			reply(fuse, in->unique, 0, &attr, sizeof(attr));
			break;
		case FUSE_OPEN:
			reply(fuse, in->unique, 0, &opened, sizeof(opened));
			break;
		case FUSE_READ:
			return in->unique;
		case FUSE_RELEASE:
			reply(fuse, in->unique, 0, NULL, 0);
			return 0;
		case FUSE_FORGET:
		case FUSE_BATCH_FORGET:
		case FUSE_INTERRUPT:
			break;
		default:
			reply(fuse, in->unique, -ENOSYS, NULL, 0);
		}
	}
	return 0;
}

static int mount_fuse(void)
{
	char options[80];
	int fd = open(FILE_OF_FUSE, O_CREAT | O_WRONLY, 0644);

	close(fd);
	fd = open("/dev/fuse", O_RDWR);
	need(fd >= 0, "/dev/fuse");
	snprintf(options, sizeof(options), "fd=%d,rootmode=100644,user_id=0,group_id=0", fd);
	need(!mount("guest-asleep", FILE_OF_FUSE, "fuse", MS_NOSUID | MS_NODEV, options), "FUSE");
	return fd;
}

/* Of a picture, from the last page to the first, so that each is a piece of its own for DMA. */
static unsigned char *late_memory(size_t len)
{
	int fd = open(FILE_OF_FUSE, O_RDONLY);
	unsigned char *at = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, -1,
				 0);
	struct stat st;
	size_t i;

	/* Unless it is asked, the kernel takes the file for an empty one. */
	need(fd >= 0 && at != MAP_FAILED && !fstat(fd, &st) && st.st_size, "memory");
	for (i = len / page(); i > 0; i--)
		at[(i - 1) * page()] = 1;
	need(mmap(at + len - page(), page(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, fd,
		  0) != MAP_FAILED, "mmap of the file");
	return at;
}

/* While it streams, since buffers that wait for STREAMON are not lent. Large, so that it counts. */
static int queue_late(const char *path)
{
	struct v4l2_format f = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };
	struct node *n = node_open(path);
	size_t len;

	need(!ioctl(n->fd, VIDIOC_G_FMT, &f), "G_FMT");
	f.fmt.pix.width = 1920;
	f.fmt.pix.height = 1080;
	need(!ioctl(n->fd, VIDIOC_S_FMT, &f), "S_FMT");
	n->size = f.fmt.pix.sizeimage;
	len = (n->size + page() - 1) & ~(page() - 1);
	need(len > 200 * page(), "a large picture");
	node_buffers(n, V4L2_MEMORY_USERPTR, 1);
	n->mem[0] = late_memory(len);
	n->len[0] = n->size;
	need(!stream(n, true), "STREAMON");
	return give(n, 0) ? errno : 0;
}

static long entries(void)
{
	FILE *f = fopen(DMA_DEBUG, "r");
	long n = -1;

	need(f && fscanf(f, "%ld", &n) == 1, DMA_DEBUG);
	fclose(f);
	return n;
}

void check_pin(const char *path, const char *device)
{
	uint64_t request;
	int fuse, status;
	long before;
	pid_t pid;

	fuse = mount_fuse();
	pid = fork();
	if (!pid)
		_exit(queue_late(path));
	request = serve(fuse);
	need(request, "QBUF that sleeps");
	unbind(device);
	before = entries();
	reply(fuse, request, 0, page_of_file, sizeof(page_of_file));
	need(!serve(fuse), "one page, once");
	umount2(FILE_OF_FUSE, MNT_DETACH);
	need(waitpid(pid, &status, 0) == pid, "waitpid");
	/* videobuf2 gives the buffer back with an error, or QBUF says it. */
	check(WIFEXITED(status) && (!WEXITSTATUS(status) || WEXITSTATUS(status) == ENODEV),
	      "QBUF ends");
	check(entries() == before, "nothing was mapped for its DMA since");
	if (entries() != before)
		printf("%ld mappings\n", before - entries());
}

/* ---- An imported dma-buf ---- */

/* All devices that are attached to dma-bufs. */
static long attached(void)
{
	FILE *f = fopen(DMABUF_DEBUG, "r");
	char line[256];
	long n, sum = 0;

	need(f, DMABUF_DEBUG);
	while (fgets(line, sizeof(line), f))
		if (strstr(line, "devices attached") && sscanf(line, "Total %ld", &n) == 1)
			sum += n;
	fclose(f);
	return sum;
}

void check_import(const char *path, const char *device)
{
	struct node *n;

	n = node_open(path);
	node_buffers(n, V4L2_MEMORY_DMABUF, 1);
	n->dmabuf[0] = new_udmabuf((n->size + page() - 1) & ~(page() - 1));
	need(n->dmabuf[0] >= 0, "udmabuf");
	n->len[0] = n->size;
	need(!give(n, 0), "QBUF");
	check(attached() == 1, "the device is attached to the dma-buf");
	unbind(device);
	check(attached() == 0, "and no more, when it is gone");
	check_err(give(n, 0), ENODEV, "QBUF says that it is gone");
	close(n->dmabuf[0]);
	close(n->fd);
}
