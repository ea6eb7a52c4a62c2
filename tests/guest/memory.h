/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * guest-memory: what may and may not be done with the memory of a V4L2 device's buffers. Each check
 * says a line "right: ..." or "WRONG: ...".
 */
#ifndef GUEST_MEMORY_H
#define GUEST_MEMORY_H

#include <linux/videodev2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAX_BUFFERS 4
#define FRAMES	    64 /* of which a capture remembers what they looked like */
#define FILLING	    0xa5

/**
 * struct node - an open file of the device
 * @fd: the file
 * @size: bytes of a picture
 * @memory: V4L2_MEMORY_* of its buffers
 * @num: buffers
 * @mem: of buffers: what the program has of them, or NULL
 * @len: bytes of each
 * @dmabuf: of buffers: what is queued with DMABUF
 */
struct node {
	int fd;
	size_t size;
	enum v4l2_memory memory;
	unsigned int num;
	unsigned char *mem[MAX_BUFFERS];
	size_t len[MAX_BUFFERS];
	int dmabuf[MAX_BUFFERS];
};

/**
 * struct pictures - what a capture saw
 * @count: pictures
 * @sequence: the number of each
 * @sum: of its bytes
 */
struct pictures {
	unsigned int count;
	uint32_t sequence[FRAMES];
	uint64_t sum[FRAMES];
};

/* Ends the program with a sentence unless @good: what is checked cannot be. */
void need(bool good, const char *what);
/* Counts, and says; @got is errno if @good is false. */
void check(bool good, const char *what);
/* @ret is as of a system call: it must be as @want, 0 or an errno. */
void check_err(long ret, int want, const char *what);
unsigned int failures(void);
/* Bytes of a page. */
size_t page(void);

/* The node, with a picture that is the same each time with the same number. */
struct node *node_open(const char *path);
/* @num buffers of @memory, mapped if they are V4L2_MEMORY_MMAP. */
void node_buffers(struct node *n, enum v4l2_memory memory, unsigned int num);
/* No buffers; mappings and exported ones stay. */
void node_no_buffers(struct node *n);
void node_close(struct node *n);
/* QBUF, DQBUF, STREAMON, STREAMOFF: -1 and errno on failure. DQBUF: the index. */
int give(struct node *n, unsigned int index);
int take(struct node *n, struct v4l2_buffer *b);
int stream(struct node *n, bool on);
/* A descriptor, or -1. */
int export_buffer(struct node *n, unsigned int index, int flags);
void *map_buffer(struct node *n, unsigned int index, int prot, int flags, size_t len);
/* A counter of the driver, for instance "commands". */
long counter(const char *path, const char *name);
/* A device's region 0 holds its buffers. */
bool has_region(const char *path);
/* Reads or writes a byte: -1 if that is SIGBUS or SIGSEGV. */
int touch(volatile unsigned char *at, bool write);
bool all_are(const unsigned char *at, size_t len, unsigned char value);
/* Streams @frames pictures with the buffers that there are, each filled with FILLING before. */
void capture(struct node *n, unsigned int frames, struct pictures *to);
/* @p has pictures of the same numbers as @model, and they are the same. */
void check_same(const struct pictures *model, const struct pictures *p, const char *what);
/* MMAP, which all others are compared with. */
void capture_model(const char *path, struct pictures *to);

void check_mappings(const char *path);
void check_gone(const char *path);
void check_userptr(const char *path);
void check_dmabuf(const char *path, const char *other);
/* The virtio device @device is unbound meanwhile; debugfs is mounted. */
void check_pin(const char *path, const char *device);
void check_import(const char *path, const char *device);
/* A dma-buf of @len bytes of a memory file; -1 where the kernel has no such exporter. */
int new_udmabuf(size_t len);

#endif
