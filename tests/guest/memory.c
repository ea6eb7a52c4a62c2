// SPDX-License-Identifier: BSD-3-Clause
/* guest-memory MODE NODE [OTHER-NODE]: the program, and what its parts use (memory.h). */
#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

/* A hang is a failure; this is longer than any frame takes on the slowest guest. */
#define PATIENCE_MS 60000

static unsigned int num_failures;
static sigjmp_buf fault;

void need(bool good, const char *what)
{
	if (good)
		return;
	printf("WRONG: cannot go on: %s: %s\n", what, strerror(errno));
	exit(1);
}

void check(bool good, const char *what)
{
	printf("%s: %s\n", good ? "right" : "WRONG", what);
	fflush(stdout);
	num_failures += !good;
}

void check_err(long ret, int want, const char *what)
{
	int err = ret < 0 ? errno : 0;

	printf("%s: %s (%s)\n", err == want ? "right" : "WRONG", what,
	       err ? strerror(err) : "success");
	fflush(stdout);
	num_failures += err != want;
}

unsigned int failures(void)
{
	return num_failures;
}

size_t page(void)
{
	return sysconf(_SC_PAGESIZE);
}

/* ---- A file of the device ---- */

struct node *node_open(const char *path)
{
	struct v4l2_format f = { .type = V4L2_BUF_TYPE_VIDEO_CAPTURE };
	struct node *n = calloc(1, sizeof(*n));
	unsigned int i;

	need(n, "calloc");
	n->fd = open(path, O_RDWR);
	need(n->fd >= 0, path);
	need(!ioctl(n->fd, VIDIOC_G_FMT, &f), "G_FMT");
	f.fmt.pix.width = 320;
	f.fmt.pix.height = 240;
	f.fmt.pix.pixelformat = V4L2_PIX_FMT_YUYV;
	need(!ioctl(n->fd, VIDIOC_S_FMT, &f), "S_FMT");
	n->size = f.fmt.pix.sizeimage;
	for (i = 0; i < MAX_BUFFERS; i++)
		n->dmabuf[i] = -1;
	return n;
}

void *map_buffer(struct node *n, unsigned int index, int prot, int flags, size_t len)
{
	struct v4l2_buffer b = {
		.index = index,
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = V4L2_MEMORY_MMAP,
	};
	void *at;

	need(!ioctl(n->fd, VIDIOC_QUERYBUF, &b), "QUERYBUF");
	at = mmap(NULL, len ? len : b.length, prot, flags, n->fd, b.m.offset);
	return at == MAP_FAILED ? NULL : at;
}

void node_buffers(struct node *n, enum v4l2_memory memory, unsigned int num)
{
	struct v4l2_requestbuffers r = {
		.count = num,
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = memory,
	};
	unsigned int i;

	need(!ioctl(n->fd, VIDIOC_REQBUFS, &r), "REQBUFS");
	n->memory = memory;
	n->num = r.count < MAX_BUFFERS ? r.count : MAX_BUFFERS;
	for (i = 0; i < n->num && memory == V4L2_MEMORY_MMAP; i++) {
		n->len[i] = (n->size + page() - 1) & ~(page() - 1);
		n->mem[i] = map_buffer(n, i, PROT_READ | PROT_WRITE, MAP_SHARED, n->len[i]);
		need(n->mem[i], "mmap");
	}
}

void node_no_buffers(struct node *n)
{
	struct v4l2_requestbuffers r = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = n->memory,
	};

	need(!ioctl(n->fd, VIDIOC_REQBUFS, &r), "REQBUFS of none");
}

void node_close(struct node *n)
{
	unsigned int i;

	for (i = 0; i < n->num && n->memory == V4L2_MEMORY_MMAP; i++)
		munmap(n->mem[i], n->len[i]);
	close(n->fd);
	free(n);
}

int give(struct node *n, unsigned int index)
{
	struct v4l2_buffer b = {
		.index = index,
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.memory = n->memory,
		.length = n->len[index],
	};

	if (n->memory == V4L2_MEMORY_USERPTR)
		b.m.userptr = (unsigned long)n->mem[index];
	else if (n->memory == V4L2_MEMORY_DMABUF)
		b.m.fd = n->dmabuf[index];
	return ioctl(n->fd, VIDIOC_QBUF, &b);
}

int take(struct node *n, struct v4l2_buffer *b)
{
	struct pollfd p = { .fd = n->fd, .events = POLLIN };

	memset(b, 0, sizeof(*b));
	b->type = V4L2_BUF_TYPE_VIDEO_CAPTURE;
	b->memory = n->memory;
	if (poll(&p, 1, PATIENCE_MS) != 1) {
		errno = ETIMEDOUT;
		return -1;
	}
	return ioctl(n->fd, VIDIOC_DQBUF, b) ? -1 : (int)b->index;
}

int stream(struct node *n, bool on)
{
	int type = V4L2_BUF_TYPE_VIDEO_CAPTURE;

	return ioctl(n->fd, on ? VIDIOC_STREAMON : VIDIOC_STREAMOFF, &type);
}

int export_buffer(struct node *n, unsigned int index, int flags)
{
	struct v4l2_exportbuffer e = {
		.type = V4L2_BUF_TYPE_VIDEO_CAPTURE,
		.index = index,
		.flags = flags | O_CLOEXEC,
	};

	return ioctl(n->fd, VIDIOC_EXPBUF, &e) ? -1 : e.fd;
}

/* ---- The driver's own words ---- */

long counter(const char *path, const char *name)
{
	char file[256];
	long value = -1;
	FILE *f;

	snprintf(file, sizeof(file), "/sys/class/video4linux/%s/device/%s", path + strlen("/dev/"),
		 name);
	f = fopen(file, "r");
	need(f && fscanf(f, "%ld", &value) == 1, file);
	fclose(f);
	return value;
}

bool has_region(const char *path)
{
	FILE *f = fopen("/proc/iomem", "r");
	char line[256];
	bool found = false;

	(void)path;
	while (f && fgets(line, sizeof(line), f))
		found |= !!strstr(line, "virtio_media");
	if (f)
		fclose(f);
	return found;
}

/* ---- Memory ---- */

static void on_fault(int sig)
{
	siglongjmp(fault, sig);
}

int touch(volatile unsigned char *at, bool write)
{
	struct sigaction action = { .sa_handler = on_fault };

	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
	if (sigsetjmp(fault, 1))
		return -1;
	if (write)
		*at = *at;
	return *at;
}

bool all_are(const unsigned char *at, size_t len, unsigned char value)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (at[i] != value)
			return false;
	return true;
}

static uint64_t sum_of(const unsigned char *at, size_t len)
{
	uint64_t sum = 0xcbf29ce484222325ull; /* FNV-1a */
	size_t i;

	for (i = 0; i < len; i++)
		sum = (sum ^ at[i]) * 0x100000001b3ull;
	return sum;
}

/* ---- Pictures ---- */

/* A dma-buf wants to be told when its memory is read or written by CPU. */
static void cpu(struct node *n, unsigned int index, bool begin)
{
	struct dma_buf_sync sync = {
		.flags = DMA_BUF_SYNC_RW | (begin ? DMA_BUF_SYNC_START : DMA_BUF_SYNC_END),
	};

	if (n->memory == V4L2_MEMORY_DMABUF)
		need(!ioctl(n->dmabuf[index], DMA_BUF_IOCTL_SYNC, &sync), "DMA_BUF_IOCTL_SYNC");
}

static void fill(struct node *n, unsigned int index)
{
	cpu(n, index, true);
	memset(n->mem[index], FILLING, n->size);
	cpu(n, index, false);
}

void capture(struct node *n, unsigned int frames, struct pictures *to)
{
	struct v4l2_buffer b;
	unsigned int i;
	int index;

	memset(to, 0, sizeof(*to));
	for (i = 0; i < n->num; i++) {
		fill(n, i);
		need(!give(n, i), "QBUF");
	}
	need(!stream(n, true), "STREAMON");
	while (to->count < frames) {
		index = take(n, &b);
		need(index >= 0, "DQBUF");
		need(!(b.flags & V4L2_BUF_FLAG_ERROR) && b.bytesused == n->size, "a picture");
		to->sequence[to->count] = b.sequence;
		cpu(n, index, true);
		to->sum[to->count++] = sum_of(n->mem[index], n->size);
		cpu(n, index, false);
		fill(n, index);
		need(!give(n, index), "QBUF");
	}
	need(!stream(n, false), "STREAMOFF");
}

void check_same(const struct pictures *model, const struct pictures *p, const char *what)
{
	unsigned int i, k, same = 0, other = 0;
	char text[160];

	for (i = 0; i < p->count; i++)
		for (k = 0; k < model->count; k++)
			if (p->sequence[i] == model->sequence[k]) {
				same += p->sum[i] == model->sum[k];
				other += p->sum[i] != model->sum[k];
			}
	snprintf(text, sizeof(text), "%s: %u pictures the same, %u not", what, same, other);
	check(same >= 3 && !other, text);
}

void capture_model(const char *path, struct pictures *to)
{
	struct node *n = node_open(path);

	node_buffers(n, V4L2_MEMORY_MMAP, MAX_BUFFERS);
	capture(n, FRAMES, to);
	node_close(n);
}

int main(int argc, char **argv)
{
	const char *mode = argc > 2 ? argv[1] : "";

	if (!strcmp(mode, "mappings") && argc == 3)
		check_mappings(argv[2]);
	else if (!strcmp(mode, "gone") && argc == 3)
		check_gone(argv[2]);
	else if (!strcmp(mode, "userptr") && argc == 3)
		check_userptr(argv[2]);
	else if (!strcmp(mode, "dmabuf") && argc <= 4)
		check_dmabuf(argv[2], argc == 4 ? argv[3] : NULL);
	else if (!strcmp(mode, "pin") && argc == 4)
		check_pin(argv[2], argv[3]);
	else if (!strcmp(mode, "import") && argc == 4)
		check_import(argv[2], argv[3]);
	else {
		fprintf(stderr, "usage: guest-memory mappings|gone|userptr NODE\n"
				"       guest-memory dmabuf NODE [OTHER-NODE]\n"
				"       guest-memory pin|import NODE VIRTIO-DEVICE\n");
		return 2;
	}
	return failures() != 0;
}
