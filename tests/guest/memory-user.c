// SPDX-License-Identifier: BSD-3-Clause
/*
 * USERPTR: a program's pages, of all kinds, and what becomes of them while the device has them.
 */
#include "memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define HUGE (2u << 20)

static void *anonymous(size_t len, int flags)
{
	void *at =
		mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE | flags, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

/* Captures into @at, MAX_BUFFERS times @stride, and compares. */
static void same_as_model(const char *path, const struct pictures *model, unsigned char *at,
			  size_t stride, const char *what)
{
	struct node *n = node_open(path);
	struct pictures p;
	unsigned int i;

	node_buffers(n, V4L2_MEMORY_USERPTR, MAX_BUFFERS);
	for (i = 0; i < n->num; i++) {
		n->mem[i] = at + i * stride;
		n->len[i] = n->size;
	}
	capture(n, 16, &p);
	check_same(model, &p, what);
	node_close(n);
}

/* Pages that the device has a part of: the rest stays the program's. */
static void partial_pages(const char *path, const struct pictures *model, size_t size)
{
	size_t stride = (size + 3 * page()) & ~(page() - 1), offset = 124, i;
	unsigned char *at = anonymous(MAX_BUFFERS * stride, 0);
	bool good = true;

	need(at, "mmap");
	memset(at, 0x5a, MAX_BUFFERS * stride);
	same_as_model(path, model, at + offset, stride, "parts of pages");
	for (i = 0; i < MAX_BUFFERS; i++)
		good &= all_are(at + i * stride, offset, 0x5a) &&
			all_are(at + i * stride + offset + size, stride - offset - size, 0x5a);
	check(good, "the bytes beside the buffers are what they were");
	munmap(at, MAX_BUFFERS * stride);
}

static void kinds_of_pages(const char *path, const struct pictures *model, size_t size)
{
	size_t stride = (size + page() - 1) & ~(page() - 1), all = MAX_BUFFERS * stride;
	int fd = memfd_create("buffers", 0);
	unsigned char *at;

	at = anonymous(all, 0);
	need(at, "mmap");
	same_as_model(path, model, at, stride, "anonymous pages");
	munmap(at, all);

	need(fd >= 0 && !ftruncate(fd, all), "memfd");
	at = mmap(NULL, all, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	need(at != MAP_FAILED, "mmap of a file");
	same_as_model(path, model, at, stride, "pages of a file");
	munmap(at, all);
	close(fd);

	at = anonymous(MAX_BUFFERS * HUGE, MAP_HUGETLB);
	if (at)
		same_as_model(path, model, at, HUGE, "huge pages of hugetlb");
	else
		printf("skipped: huge pages of hugetlb: %s\n", strerror(errno));
	if (at)
		munmap(at, MAX_BUFFERS * HUGE);

	at = anonymous((MAX_BUFFERS + 1) * HUGE, 0);
	need(at, "mmap");
	madvise(at, (MAX_BUFFERS + 1) * HUGE, MADV_HUGEPAGE);
	same_as_model(path, model, at + page(), HUGE,
		      "transparent huge pages, where there are any");
	munmap(at, (MAX_BUFFERS + 1) * HUGE);
}

/* What is not the program's to be written to is not the device's. */
static void refused(const char *path)
{
	struct node *n = node_open(path);
	size_t len = (n->size + page() - 1) & ~(page() - 1);
	unsigned char *at = anonymous(len, 0);
	struct node *other = node_open(path);
	int fd = memfd_create("read-only", 0);

	need(at && fd >= 0 && !ftruncate(fd, len), "memory");
	memset(at, 0x5a, len);
	node_buffers(other, V4L2_MEMORY_MMAP, 1);
	node_no_buffers(other);
	node_buffers(n, V4L2_MEMORY_USERPTR, 1);
	n->len[0] = n->size;
	need(!mprotect(at, len, PROT_READ), "mprotect");
	n->mem[0] = at;
	check_err(give(n, 0), EFAULT, "memory that is read-only");
	check(all_are(at, len, 0x5a), "and stays as it is");
	n->mem[0] = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);
	check_err(give(n, 0), EFAULT, "a file's that is read-only");
	munmap(n->mem[0], len);
	need(!mprotect(at, len, PROT_READ | PROT_WRITE), "mprotect");
	need(!munmap(at + len - page(), page()), "munmap");
	n->mem[0] = at;
	check_err(give(n, 0), EFAULT, "memory that ends too early");
	n->mem[0] = (unsigned char *)-page();
	check_err(give(n, 0), EFAULT, "addresses beyond the last");
	n->mem[0] = NULL;
	check_err(give(n, 0), EFAULT, "no address");
	n->mem[0] = at;
	n->len[0] = n->size - 1;
	check_err(give(n, 0), EINVAL, "a byte too few");
	n->len[0] = n->size;
	n->mem[0] = other->mem[0];
	if (has_region(path))
		check_err(give(n, 0), EFAULT, "a mapping of region 0");
	node_close(other);
	munmap(at, len - page());
	node_close(n);
	close(fd);
}

/* Unmapped while the device has it, and something else is mapped there. */
static void unmapped(const char *path)
{
	struct node *n = node_open(path);
	size_t len = (n->size + page() - 1) & ~(page() - 1);
	struct v4l2_buffer b;
	unsigned int i;
	bool good = true;

	node_buffers(n, V4L2_MEMORY_USERPTR, MAX_BUFFERS);
	for (i = 0; i < n->num; i++) {
		n->len[i] = n->size;
		n->mem[i] = anonymous(len, 0);
		need(n->mem[i] && !give(n, i), "QBUF");
	}
	for (i = 0; i < n->num; i++) {
		need(!munmap(n->mem[i], len), "munmap");
		need(mmap(n->mem[i], len, PROT_READ | PROT_WRITE,
			  MAP_ANONYMOUS | MAP_PRIVATE | MAP_FIXED, -1, 0) == n->mem[i],
		     "mmap");
		memset(n->mem[i], 0x5a, len);
	}
	need(!stream(n, true), "STREAMON");
	for (i = 0; i < n->num; i++)
		need(take(n, &b) >= 0, "DQBUF");
	for (i = 0; i < n->num; i++)
		good &= all_are(n->mem[i], len, 0x5a);
	check(good, "memory that took the place of a buffer's is not written to");
	need(!stream(n, false), "STREAMOFF");
	for (i = 0; i < n->num; i++)
		munmap(n->mem[i], len);
	node_close(n);
}

/* A process forks while the device has its memory: it gets the pictures, its child does not. */
static void forked(const char *path, bool dont)
{
	struct node *n = node_open(path);
	size_t len = (n->size + page() - 1) & ~(page() - 1);
	unsigned char *at = anonymous(len, 0);
	unsigned char resident;
	int go[2], status;
	struct v4l2_buffer b;
	pid_t pid;
	char c;

	need(at && !pipe(go), "memory");
	memset(at, FILLING, len);
	node_buffers(n, V4L2_MEMORY_USERPTR, 1);
	n->num = 1;
	n->mem[0] = at;
	n->len[0] = n->size;
	if (dont)
		need(!madvise(at, len, MADV_DONTFORK), "MADV_DONTFORK");
	need(!give(n, 0), "QBUF");
	pid = fork();
	if (!pid) {
		close(go[1]);
		if (read(go[0], &c, 1))
			_exit(2);
		if (dont)
			_exit(!mincore(at, page(), &resident) || errno != ENOMEM);
		_exit(!all_are(at, len, FILLING));
	}
	/* Not to be copied on the way: written to by this process, too, while the device has it. */
	at[n->size - 1] = FILLING;
	need(!stream(n, true), "STREAMON");
	need(take(n, &b) >= 0, "DQBUF");
	check(!all_are(at, n->size, FILLING),
	      dont ? "MADV_DONTFORK: the picture is there" : "forked: the picture is the parent's");
	close(go[1]);
	need(waitpid(pid, &status, 0) == pid, "waitpid");
	check(WIFEXITED(status) && !WEXITSTATUS(status),
	      dont ? "the child has no such memory" : "the child has the memory as it was");
	close(go[0]);
	node_close(n);
	munmap(at, len);
}

void check_userptr(const char *path)
{
	struct node *n = node_open(path);
	size_t size = n->size;
	struct pictures model;

	node_close(n);
	capture_model(path, &model);
	kinds_of_pages(path, &model, size);
	partial_pages(path, &model, size);
	refused(path);
	unmapped(path);
	forked(path, false);
	forked(path, true);
}
