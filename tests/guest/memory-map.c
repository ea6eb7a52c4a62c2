// SPDX-License-Identifier: BSD-3-Clause
/*
 * Mappings of the device's buffers (MMAP) and of exported ones: forked, split, moved, read-only,
 * and longer-lived than buffer, file and device.
 */
#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* 0 unless the child says otherwise. */
static void check_child(pid_t pid, const char *what)
{
	int status;

	need(waitpid(pid, &status, 0) == pid, "waitpid");
	check(WIFEXITED(status) && !WEXITSTATUS(status), what);
}

/* What was mapped for reading stays so: where the device maps it, it must. */
static void read_only(struct node *n, bool region)
{
	unsigned char *at = map_buffer(n, 0, PROT_READ, MAP_SHARED, 0);

	need(at, "mmap for reading");
	check(touch(at, false) >= 0, "a mapping for reading can be read");
	check(touch(at, true) < 0, "and not be written to");
	if (region)
		check_err(mprotect(at, n->len[0], PROT_READ | PROT_WRITE), EACCES,
			  "mprotect for writing of a mapping for reading");
	check(touch(at, region) < 0 || !region, "it still is not");
	munmap(at, n->len[0]);
}

static void refused(struct node *n)
{
	check_err(map_buffer(n, 0, PROT_READ, MAP_PRIVATE, 0) ? 0 : -1, EINVAL,
		  "a private mapping");
	check_err(map_buffer(n, 0, PROT_READ, MAP_SHARED, n->len[0] + page()) ? 0 : -1, EINVAL,
		  "a mapping longer than the buffer");
	check_err(mremap(n->mem[0], n->len[0], n->len[0] + page(), MREMAP_MAYMOVE) == MAP_FAILED
			  ? -1
			  : 0,
		  EFAULT, "a mapping that grows");
}

/* The child has the same memory, and may drop parts of it. */
static void forked(struct node *n)
{
	unsigned char *at = n->mem[0];
	size_t half = n->len[0] / page() / 2 * page();
	pid_t pid;

	memset(at, 1, n->len[0]);
	pid = fork();
	if (!pid) {
		bool good = all_are(at, n->len[0], 1);

		at[0] = 2;
		at[half] = 3;
		good &= !munmap(at, half) && touch(at, false) < 0 && at[half] == 3;
		good &= all_are(at + half + 1, n->len[0] - half - 1, 1);
		_exit(!good);
	}
	check_child(pid, "a child has what its parent has, and drops half of it");
	check(at[0] == 2 && at[half] == 3, "the parent sees what the child wrote");
}

/* A page out of the middle, then a move: the rest stays where it is in the buffer. */
static void split(struct node *n)
{
	size_t len = n->len[1], i;
	unsigned char *at = n->mem[1], *to;

	for (i = 0; i < len; i += page())
		memset(at + i, i / page(), page());
	need(!munmap(at + page(), page()), "munmap of a page");
	check(touch(at + page(), false) < 0, "a page is unmapped");
	check(all_are(at, page(), 0) && all_are(at + 2 * page(), page(), 2),
	      "its neighbours are what they were");
	to = mmap(NULL, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	need(to != MAP_FAILED, "mmap");
	need(mremap(at + 2 * page(), len - 2 * page(), len - 2 * page(),
		    MREMAP_MAYMOVE | MREMAP_FIXED, to) == to,
	     "mremap");
	check(all_are(to, page(), 2) && all_are(to + len - 3 * page(), page(), len / page() - 1),
	      "a moved mapping shows what it did");
	munmap(to, len);
	need(!munmap(at, page()), "munmap");
	n->mem[1] = map_buffer(n, 1, PROT_READ | PROT_WRITE, MAP_SHARED, len);
	need(n->mem[1], "mmap");
	check(all_are(n->mem[1], page(), 0) && all_are(n->mem[1] + page(), page(), 1),
	      "mapped again it is all there");
}

/* The device is told when the last mapping is gone, and no sooner. */
static void counted(const char *path)
{
	struct node *n = node_open(path);
	unsigned char *at;
	long before;

	node_buffers(n, V4L2_MEMORY_MMAP, 1);
	need(n->num == 1, "one buffer");
	at = n->mem[0];
	memset(at, 7, n->len[0]);
	node_no_buffers(n);
	check(all_are(at, n->len[0], 7), "a mapping outlives its buffer");
	before = counter(path, "commands");
	need(!munmap(at, page()), "munmap");
	check(counter(path, "commands") == before, "part of it goes: no command");
	need(!munmap(at + page(), n->len[0] - page()), "munmap");
	check(counter(path, "commands") == before + 1, "the rest goes: one command, MUNMAP");
	n->num = 0;
	node_close(n);
}

/* Buffers that come later are others. */
static void outlives(const char *path)
{
	struct node *n = node_open(path);
	unsigned char *old, *held;
	size_t len;
	int fd, ro;

	node_buffers(n, V4L2_MEMORY_MMAP, 2);
	old = n->mem[0];
	len = n->len[0];
	memset(old, 9, len);
	memset(n->mem[1], 8, len);
	fd = export_buffer(n, 1, O_RDWR);
	ro = export_buffer(n, 1, O_RDONLY);
	need(fd >= 0 && ro >= 0, "EXPBUF");
	munmap(n->mem[1], len);
	node_no_buffers(n);
	node_buffers(n, V4L2_MEMORY_MMAP, 2);
	memset(n->mem[0], 1, len);
	memset(n->mem[1], 2, len);
	check(all_are(old, len, 9), "new buffers are not where an old one is mapped");
	node_close(n);
	check(all_are(old, len, 9), "a mapping outlives its file");
	munmap(old, len);
	held = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	need(held != MAP_FAILED, "mmap of an exported buffer whose file is gone");
	check(all_are(held, len, 8), "an exported buffer outlives its file");
	munmap(held, len);
	held = mmap(NULL, page(), PROT_READ, MAP_SHARED, fd, 2 * page());
	check(held != MAP_FAILED && all_are(held, page(), 8), "part of it can be mapped");
	munmap(held, page());
	check_err(mmap(NULL, page(), PROT_READ, MAP_SHARED, fd, len) == MAP_FAILED ? -1 : 0, EINVAL,
		  "a part beyond its end cannot");
	check_err(mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, ro, 0) == MAP_FAILED ? -1 : 0,
		  EACCES, "one that was exported for reading, mapped for writing");
	close(fd);
	close(ro);
}

void check_mappings(const char *path)
{
	bool region = has_region(path);
	struct node *n = node_open(path);

	printf("the buffers are %s\n", region ? "in region 0" : "guest pages");
	node_buffers(n, V4L2_MEMORY_MMAP, 2);
	read_only(n, region);
	refused(n);
	forked(n);
	split(n);
	node_close(n);
	if (region)
		counted(path);
	outlives(path);
}

/* The device goes while it is mapped: says "streaming" when it may. */
void check_gone(const char *path)
{
	bool region = has_region(path);
	struct node *n = node_open(path);
	struct pollfd p = { .fd = n->fd, .events = POLLPRI };
	unsigned char *exported;
	pid_t pid;
	int fd;

	node_buffers(n, V4L2_MEMORY_MMAP, 2);
	memset(n->mem[0], 5, n->len[0]);
	fd = export_buffer(n, 0, O_RDWR);
	need(fd >= 0, "EXPBUF");
	exported = mmap(NULL, n->len[0], PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	need(exported != MAP_FAILED && exported[0] == 5, "mmap of the exported buffer");
	pid = fork();
	printf("streaming\n");
	fflush(stdout);
	while (!(p.revents & POLLHUP))
		need(poll(&p, 1, -1) == 1, "poll");
	/* POLLHUP comes with the node's end, and that before the region's. */
	while (region && *(volatile unsigned char *)n->mem[0] == 5)
		usleep(1000);
	if (!pid)
		_exit(!all_are(n->mem[0], n->len[0], region ? 0 : 5));
	check_child(pid, region ? "a child sees zeros" : "a child sees its own pages");
	if (region) {
		check(all_are(n->mem[0], n->len[0], 0), "a mapping of region 0 is zeros");
		check(all_are(exported, n->len[0], 0), "so is an exported one");
		check(touch(n->mem[1], true) == 0, "so is one that was never touched");
	} else {
		check(all_are(n->mem[0], n->len[0], 5), "guest pages are what they were");
	}
	munmap(exported, n->len[0]);
	check_err(mmap(NULL, n->len[0], PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED ? -1 : 0, 0,
		  "mmap of the exported buffer");
	close(fd);
	node_close(n);
}
